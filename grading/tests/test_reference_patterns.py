"""The tables of 7_architectures against published numbers, and against the student package's own
description of networks, which shares no code with them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cs231n.architectures import build, parse
from cs231n.architectures.accounting import cost
from cs231n.architectures.memory import largest_batch, training_memory
from cs231n.architectures.receptive import receptive_fields
from cs231n.check.pattern_cases import RELU, alexnet, conv, fc, pool, vgg16
from grading.reference import patterns

GENERAL = "INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> [FC -> RELU]*K -> FC"


def tables(layers, start):
    shapes = patterns.layer_shapes(layers, start)
    return shapes, patterns.count_parameters(layers, shapes)


# ---- published numbers ---------------------------------------------------------------------


def test_vgg16_has_its_published_parameters():
    _, parameters = tables(*vgg16())
    assert sum(parameters) == 138_357_544


def test_vgg16_volumes_hold_15_million_values():
    layers, start = vgg16()
    shapes, parameters = tables(layers, start)
    memory = patterns.count_memory(layers, shapes, parameters)
    assert memory["activations"] == 4 * 15_237_608
    assert round(memory["activations"] / 1e6, 2) == 60.95
    assert round(memory["activations"] / 2**20, 2) == 58.13


def test_first_layer_of_vgg16():
    layers, start = [conv(64, 3, 1, 1)], (3, 224, 224)
    shapes, parameters = tables(layers, start)
    assert parameters == [1_792]
    assert np.prod(shapes[1]) == 3_211_264
    assert np.prod(shapes[1]) * 4 / 2**20 == 12.25


def test_alexnet_in_one_tower():
    layers, start = alexnet()
    shapes, parameters = tables(layers, start)
    assert sum(parameters) == 62_378_344
    assert shapes[-6] == (256, 6, 6)
    fields = patterns.receptive_field(layers, shapes)
    assert sorted(set(fields))[1:9] == [11, 19, 51, 67, 99, 131, 163, 195]


def test_vgg16_sees_404_pixels():
    layers, start = vgg16()
    fields = patterns.receptive_field(layers, patterns.layer_shapes(layers, start))
    assert (fields[-8], fields[-6], fields[-5]) == (196, 212, 404)


def test_lenet5_in_its_modern_form():
    layers = [
        conv(6, 5),
        RELU,
        pool(),
        conv(16, 5),
        RELU,
        pool(),
        fc(120),
        RELU,
        fc(84),
        RELU,
        fc(10),
    ]
    shapes, parameters = tables(layers, (1, 32, 32))
    assert sum(parameters) == 61_706
    assert [shape[1] for shape in shapes if len(shape) == 3] == [32, 28, 28, 14, 10, 10, 5]


def test_three_small_filters_cost_27_where_a_large_one_costs_49():
    C = 64
    shape = (C, 32, 32)
    small = tables([conv(C, 3, 1, 1)] * 3, shape)[1]
    large = tables([conv(C, 7, 1, 3)], shape)[1]
    assert sum(small) == 27 * C * C + 3 * C
    assert sum(large) == 49 * C * C + C


# ---- against the package -------------------------------------------------------------------


def as_package(layers, start):
    """The same network in the package's text form."""
    words = [f"INPUT{start[1]}x{start[2]}x{start[0]}"]
    for layer in layers:
        if layer["kind"] == "conv":
            dilation = layer.get("dilation", 1)
            text = f"CONV{layer['size']}-{layer['filters']}/{layer['stride']}p{layer['pad']}"
            words.append(text + (f"d{dilation}" if dilation > 1 else ""))
        elif layer["kind"] == "pool":
            words.append(f"POOL{layer['size']}/{layer['stride']}")
        else:
            words.append({"relu": "RELU", "fc": f"FC-{layer.get('neurons')}"}[layer["kind"]])
    return parse(" -> ".join(words))


@st.composite
def networks(draw):
    """Layers that fit, built from the last map back to the picture."""
    sizes, layers = [draw(st.integers(1, 5)), draw(st.integers(1, 5))], []
    for _ in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from(["conv", "pool", "relu"]))
        size, stride = draw(st.integers(1, 4)), draw(st.integers(1, 3))
        dilation = draw(st.integers(1, 3)) if kind == "conv" else 1
        pad = draw(st.integers(0, (size - 1) // 2)) if kind == "conv" else 0
        if kind == "relu":
            layers.append(dict(RELU))
            continue
        stride = min(stride, size) if kind == "pool" else stride
        given_ = {"dilation": dilation} if dilation > 1 else {}
        filters = draw(st.integers(1, 6))
        layers.append(
            conv(filters, size, stride, pad, **given_) if kind == "conv" else pool(size, stride)
        )
        span = (size - 1) * dilation + 1
        sizes = [(n - 1) * stride + span - 2 * pad for n in sizes]
    tail = [fc(5), dict(RELU), fc(3)] if draw(st.booleans()) else []
    return layers[::-1] + tail, (draw(st.integers(1, 4)), *sizes)


@given(networks())
def test_tables_agree_with_the_package(network):
    layers, start = network
    if min(start) < 1:
        return
    ours, theirs = tables(layers, start), as_package(layers, start)
    assert ours[0] == [tuple(row.shape) for row in cost(theirs)]
    assert ours[1] == [row.parameters for row in cost(theirs)][1:]
    fields = patterns.receptive_field(layers, ours[0])
    assert fields == [field.size[0] for field in receptive_fields(theirs).values()]


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
@pytest.mark.parametrize("batch", [1, 32])
def test_memory_of_vgg16_agrees_with_the_package(optimizer, batch):
    layers, start = vgg16()
    shapes, parameters = tables(layers, start)
    ours = patterns.count_memory(layers, shapes, parameters, batch, optimizer)
    layers_without_dropout = as_package(layers, start)
    theirs = training_memory(
        layers_without_dropout, batch, optimizer=optimizer, in_place_relu=True, workspace="picture"
    )
    assert tuple(ours.values()) == (
        *(theirs.activations, theirs.activation_gradients, theirs.parameters),
        *(theirs.parameter_gradients, theirs.optimizer, theirs.workspace),
    )


@pytest.mark.parametrize("gib", [0.5, 2, 8, 24])
def test_batch_of_vgg16_agrees_with_the_package(gib):
    layers, start = vgg16()
    shapes, parameters = tables(layers, start)
    memory = patterns.count_memory(layers, shapes, parameters)
    options = {"optimizer": "momentum", "in_place_relu": True, "workspace": "picture"}
    theirs = largest_batch(as_package(layers, start), int(gib * 2**30), **options)
    assert patterns.fit_batch_size(memory, gib) == theirs


@pytest.mark.parametrize("counts", [(1, 1, 1), (2, 3, 1), (3, 2, 0), (2, 2, 2)])
def test_general_pattern_agrees_with_the_package(counts):
    numbers = dict(zip("NMK", counts))
    text = GENERAL.replace("INPUT", "INPUT32x32x3").replace("CONV", "CONV3-8")
    for optional in (True, False):
        theirs = parse(text.replace("POOL", "POOL2"), optional=optional, **numbers)
        names = [node.layer.kind.upper() for node in theirs]
        assert patterns.parse_pattern(GENERAL, numbers, optional) == names


def test_famous_networks_of_the_package_are_ours():
    assert build("vgg16").parameter_count == sum(tables(*vgg16())[1])


# ---- what is refused -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["", "A B", "[A", "A]", "A ->", "-> A", "[]", "A*", "A**2", "A*N", "A*-1", "3", "A -> -> B"],
)
def test_unreadable_pattern_is_refused_with_its_place(text):
    with pytest.raises(ValueError, match=r"character \d+"):
        patterns.parse_pattern(text, {})


@given(st.text(alphabet="AB[]*?->2N ", max_size=12))
def test_any_text_is_read_or_refused(text):
    try:
        names = patterns.parse_pattern(text, {"N": 2})
    except ValueError:
        return
    assert set(names) <= {n for n in names if n.isalnum()}


@pytest.mark.parametrize(
    ("layers", "start"),
    [
        ([conv(1, 3, 2)], (3, 8, 9)),
        ([conv(1, 3, 2)], (3, 9, 8)),
        ([pool(2, 2)], (3, 7, 8)),
        ([conv(1, 5)], (3, 4, 9)),
        ([fc(2), conv(1, 1)], (3, 4, 4)),
        ([{"kind": "blur"}], (3, 4, 4)),
    ],
)
def test_layer_that_does_not_fit_is_refused(layers, start):
    with pytest.raises(ValueError, match="layer"):
        patterns.layer_shapes(layers, start)


def test_unknown_optimizer_is_refused():
    with pytest.raises(ValueError, match="optimizer"):
        patterns.count_memory([fc(2)], [(3,), (2,)], [8], 1, "lion")
