"""What networks cost and see: published counts as constants, and fields proven by moving pixels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs231n.architectures import build, parse
from cs231n.architectures.accounting import activations_in_place, cost, total
from cs231n.architectures.description import ArchitectureError
from cs231n.architectures.receptive import receptive_fields
from cs231n.architectures.running import Network


def test_counts_of_vgg16():
    costs = cost(build("vgg16"))
    assert total(costs, "parameters") == 138_357_544
    assert total(costs, "weights") == 138_344_128
    assert total(costs, "multiply_adds") == 15_470_264_320
    assert total(costs, "activations") == 28_793_320
    assert activations_in_place(costs) == 15_237_608


def test_the_first_layer_of_vgg16():
    row = cost(build("vgg16"))[1]
    assert (row.activations, row.parameters) == (3_211_264, 1_792)
    assert row.columns == 27 * 224 * 224


@pytest.mark.parametrize(
    ("text", "columns", "multiply_adds"),
    [
        ("INPUT227x227x3 -> CONV11-96/4p0", 363 * 3025, 363 * 3025 * 96),
        ("INPUT8x8x4 -> CONV3-6g2", 36 * 64, 18 * 64 * 6),
        ("INPUT8x8x4 -> LOCAL3-6", 0, 36 * 64 * 6),
        ("INPUT8x8x4 -> FC-6", 0, 256 * 6),
        ("INPUT8x8x4 -> AVGPOOL2", 0, 0),
        ("INPUT8x8x4 -> BN", 0, 0),
    ],
)
def test_columns_and_multiply_adds(text, columns, multiply_adds):
    row = cost(parse(text))[-1]
    assert (row.columns, row.multiply_adds) == (columns, multiply_adds)


def test_scales_count_as_weights_and_shifts_as_biases():
    row = cost(parse("INPUT8x8x4 -> GN2"))[-1]
    assert (row.weights, row.biases) == (4, 4)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("vgg16", {"conv5_3": 196, "pool5": 212, "fc6": 404, "fc8": 404}),
        (
            "alexnet",
            {"conv1": 11, "pool1": 19, "conv2": 51, "pool2": 67, "conv3": 99, "conv4": 131}
            | {"conv5": 163, "pool5": 195},
        ),
        ("resnet18", {"layer4.1": 435}),
        ("resnet34", {"layer4.2": 899}),
        ("resnet50", {"layer4.2": 427}),
        ("resnet50_stride_on_1x1", {"layer4.2": 483}),
    ],
)
def test_receptive_fields_of_famous_networks(name, wanted):
    fields = receptive_fields(build(name))
    assert {layer: fields[layer].size for layer in wanted} == {
        layer: (size, size) for layer, size in wanted.items()
    }


@pytest.mark.parametrize(
    "text",
    [
        "INPUT15x17x1 -> CONV3-2 -> RELU -> POOL2/2floor -> CONV3-2p0",
        "INPUT31x31x1 -> CONV3x5-2/2floor -> AVGPOOL3/2p1floor -> CONV3-1d2",
        "INPUT17x17x1 -> (CONV1-2 | CONV5-2 | CONV3-1 -> CONV3-2) -> AVGPOOL3/2floor -> CONV3-1",
        "INPUT16x16x1 -> CONV3-2/2floor -> (CONV3-2 -> CONV3-2 + ) -> CONV2-1p0",
    ],
)
def test_exactly_the_pixels_of_the_field_reach_an_output(text):
    net = Network(parse(text), dtype=np.float64)
    net.params.update({name: np.abs(value) for name, value in net.params.items()})
    name = net.architecture.outputs[-1]
    field = receptive_fields(net.architecture)[name]
    shape, out = net.architecture.input_shape, net.architecture.shapes[name]
    rng = np.random.default_rng(0)
    middle = (out[1] // 2, out[2] // 2)
    for place in ((0, 0), middle, (out[1] - 1, out[2] - 1)):
        reached = np.zeros(shape[1:], bool)
        for _ in range(8):  # a maximum has one pixel at a time
            net.forward(1 + rng.random((1, *shape)), "train")
            dout = np.zeros((1, *out))
            dout[:, :, place[0], place[1]] = 1
            dx, _ = net.backward(dout)
            reached |= (dx[0] != 0).any(axis=0)
        rows, columns = np.nonzero(reached.any(axis=1))[0], np.nonzero(reached.any(axis=0))[0]
        for (start, end), seen, size in zip(field.seen_from(place), (rows, columns), shape[1:]):
            assert seen[0] >= max(0, start)
            assert seen[-1] < min(size, end)
            if place == middle:  # at a border, some of the way lies in a layer's padding
                assert (seen[0], seen[-1] + 1) == (max(0, start), min(size, end))


@st.composite
def chains(draw):
    """Windows without padding, one after another: nothing hides a pixel at a border."""
    sizes, layers = st.integers(1, 3), []
    for _ in range(draw(st.integers(1, 4))):
        size = f"{draw(sizes)}x{draw(sizes)}"
        if draw(st.booleans()):
            layers.append(f"CONV{size}-2/{draw(st.integers(1, 2))}p0d{draw(sizes)}floor")
        else:
            layers.append(f"AVGPOOL{size}/{draw(st.integers(1, 2))}floor")
    return f"INPUT61x67x1 -> {' -> '.join(layers)}"


@settings(max_examples=20, deadline=None, derandomize=True)
@given(text=chains(), fractions=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_any_chain_of_windows_sees_what_its_field_says(text, fractions):
    net = Network(parse(text), dtype=np.float64)
    net.params.update({name: np.abs(value) for name, value in net.params.items()})
    name = net.architecture.outputs[-1]
    out = net.architecture.shapes[name]
    place = tuple(int(part * (size - 1)) for part, size in zip(fractions, out[1:]))
    dout = np.zeros((1, *out))
    dout[:, :, place[0], place[1]] = 1
    net.forward(np.ones((1, *net.architecture.input_shape)), "train")
    reached = net.backward(dout)[0][0, 0] != 0
    seen = tuple((n[0], n[-1] + 1) for n in (np.nonzero(reached.any(axis=a))[0] for a in (1, 0)))
    assert receptive_fields(net.architecture)[name].seen_from(place) == seen


def test_branches_that_end_in_one_place_can_be_joined():
    fields = receptive_fields(
        parse("INPUT32x32x3 -> (GLOBALAVGPOOL | CONV5-2 -> POOL2 -> GLOBALAVGPOOL) -> FC-10")
    )
    assert fields["fc1"] == ((36, 36), (2, 2), (-2, -2))
    assert receptive_fields(parse("INPUT8x8x1 -> (FC-4 | POOL2 -> FC-4) -> FC-3"))["fc3"].size == (
        8,
        8,
    )


def test_the_middle_of_the_first_field():
    fields = receptive_fields(parse("INPUT9x9x1 -> CONV3-1 -> CONV4-1p0 -> POOL2"))
    assert fields["input"].centre == (0, 0)
    assert fields["conv1"].centre == (0, 0)
    assert fields["conv2"].centre == (1.5, 1.5)
    assert fields["pool1"].centre == (2, 2)


def test_branches_whose_places_lie_apart_and_vectors_have_no_field():
    with pytest.raises(ArchitectureError, match="joins layers whose outputs are"):
        receptive_fields(parse("INPUT7x7x1 -> (CONV4-1/2p0floor | CONV6-1p0)"))
    with pytest.raises(ArchitectureError, match="reads vectors"):
        receptive_fields(parse("INPUT7 -> FC-3"))
