"""A network slid over larger pictures: score maps, finer ones, heat maps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs231n.architectures import build, parse
from cs231n.architectures.conversion import fc_to_conv
from cs231n.architectures.receptive import Field
from cs231n.architectures.running import Network
from cs231n.architectures.sliding import (
    crop_scores,
    heat_map,
    probabilities,
    resized,
    score_field,
    score_map,
    shift_and_stitch,
    stride_of,
)

# Without padding, with a stride of 4; and the same with padding.
BARE = (
    "INPUT14x14x2 -> CONV3-4p0 -> RELU -> POOL2 -> CONV3-5p0 -> RELU -> POOL2 "
    "-> FC-6 -> RELU -> FC-3"
)
PADDED = "INPUT16x16x2 -> [CONV3-4 -> RELU -> POOL2]*2 -> FC-6 -> RELU -> FC-3"
fewer = settings(max_examples=25, deadline=None, derandomize=True)


def network(text, **options):
    return Network(parse(text), dtype=np.float64, **options)


def slid(net):
    return Network(*fc_to_conv(net.architecture, net.params), buffers=net.buffers)


def pictures(net, down=0, right=0, N=2):
    C, H, W = net.architecture.input_shape
    return np.random.default_rng(0).standard_normal((N, C, H + down, W + right))


def assert_equal(first, second):
    np.testing.assert_allclose(first, second, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize(
    ("name", "last_map"), [("vgg16", "pool5"), ("resnet50", "layer4.2"), ("googlenet", None)]
)
def test_a_224_network_gives_6x6_places_on_384(name, last_map):
    net, _ = fc_to_conv(build(name))
    larger = net.with_input(384)
    assert larger.shapes[larger.outputs[-1]] == (1000, 6, 6)
    if name == "vgg16":
        assert larger.shapes[last_map] == (512, 12, 12)


# --- without padding -----------------------------------------------------------------------------


@given(st.integers(0, 9), st.integers(0, 9))
@fewer
def test_without_padding_a_score_map_equals_the_scores_of_the_cut_outs(down, right):
    net = network(BARE)
    x = pictures(net, down, right)
    scores = score_map(slid(net), x)
    assert scores.shape == (2, 3, down // 4 + 1, right // 4 + 1)
    assert_equal(scores, crop_scores(net, x))


@given(st.integers(0, 9), st.integers(0, 9), st.sampled_from([1, 2, 4]))
@fewer
def test_shifted_passes_stitched_equal_the_cut_outs_at_the_finer_stride(down, right, finer):
    net = network(BARE)
    x = pictures(net, down, right)
    assert_equal(shift_and_stitch(slid(net), x, finer), crop_scores(net, x, 4 // finer))


UNEVEN = {
    "pictures that are not square": "INPUT10x7x1 -> CONV3-3p0 -> RELU -> POOL2x1 -> FC-4",
    "rounding down": "INPUT10x10x1 -> CONV3-3/2p0floor -> RELU -> POOL2 -> FC-4",
    "rounding up": "INPUT12x12x1 -> CONV3-3p0 -> RELU -> POOL3/2ceil -> FC-4",
    "a global pool": "INPUT9x9x1 -> CONV3-3/2p0 -> BN -> RELU -> GLOBALAVGPOOL -> FC-4",
    "branches": "INPUT8x8x1 -> POOL2 -> (CONV3-2p0 | POOL3/1) -> (CONV1-3 + ) -> FC-4",
}


@pytest.mark.parametrize("text", UNEVEN.values(), ids=UNEVEN)
def test_networks_of_other_forms_slide_as_well(text):
    net = network(text)
    converted = slid(net)
    x = pictures(net, 7, 6)
    down, right = score_field(converted).jump
    scores = score_map(converted, x)
    every = crop_scores(net, x, 1)[:, :, ::down, ::right]
    reach = [7 // down + 1, 6 // right + 1]
    assert list(scores.shape[2:]) == reach
    if "ceil" not in text:  # a cut-out's last window reaches beyond it, where the picture goes on
        assert_equal(scores, every)
    else:
        assert np.abs(scores - every).max() > 0.01


def test_half_the_stride_takes_four_passes():
    passes = []

    def relu_forward(x):
        passes.append(x.shape)
        return np.maximum(x, 0), None

    net = network(BARE)
    architecture, params = fc_to_conv(net.architecture, net.params)
    converted = Network(architecture, params, layers={"relu_forward": relu_forward})
    shift_and_stitch(converted, pictures(net, 8, 8), 2)
    assert len(passes) == 4 * 3


def test_sliding_leaves_the_network_and_the_pictures_as_they_are():
    net = slid(network(BARE))
    x = pictures(net, 8, 8)
    before = x.copy(), {name: value.copy() for name, value in net.params.items()}
    shift_and_stitch(net, x)
    assert net.architecture.input_shape == (2, 14, 14)
    np.testing.assert_array_equal(x, before[0])
    for name, value in before[1].items():
        np.testing.assert_array_equal(net.params[name], value)
    assert resized(net, (22, 22)).params is net.params


# --- with padding: the caveat --------------------------------------------------------------------


def test_with_padding_a_score_map_differs_from_the_cut_outs():
    net = network(PADDED)
    x = pictures(net, 8, 8)
    scores, cut_outs = score_map(slid(net), x), crop_scores(net, x)
    assert scores.shape == cut_outs.shape == (2, 3, 3, 3)
    differences = np.abs(scores - cut_outs).mean(axis=(0, 1)) / np.abs(cut_outs).mean()
    assert (differences > 0.02).all()  # at every place
    assert differences.mean() > 0.15


def test_the_difference_comes_in_along_the_edges_of_a_cut_out():
    net = network(PADDED)
    x = pictures(net, 8, 8)
    last = net.architecture["fc1"].inputs[0]
    whole = resized(slid(net), x.shape[2:]).forward(x, outputs=[last])[last]
    cut_out = net.forward(x[:, :, 4:20, 4:20], outputs=[last])[last]
    differences = np.abs(whole[:, :, 1:5, 1:5] - cut_out).max(axis=(0, 1))
    assert differences[1:3, 1:3].max() < 1e-10
    differences[1:3, 1:3] = np.inf
    assert differences.min() > 0.1


def test_the_difference_is_largest_where_no_edge_is_an_edge_of_the_picture_too():
    # Weights and pixels above 0: each edge of zeros takes something away.
    net = network(PADDED.replace("POOL", "AVGPOOL"))
    for value in net.params.values():
        np.abs(value, out=value)
    x = np.ones((1, 2, 24, 24))
    lost = (score_map(slid(net), x) - crop_scores(net, x)).mean(axis=(0, 1))
    corners, sides = lost[::2, ::2], np.stack([lost[1, ::2], lost[::2, 1]])
    assert 0 < corners.max() < sides.min()
    assert sides.max() < lost[1, 1]


# --- what does not fit ---------------------------------------------------------------------------


@pytest.mark.parametrize("finer", [0, 3, 8, 2.0])
def test_a_stride_that_cannot_be_refined_so_is_refused(finer):
    net = slid(network(BARE))
    with pytest.raises(ValueError, match=r"finer (should divide the network's stride of 4|is a)"):
        shift_and_stitch(net, pictures(net), finer)


@pytest.mark.parametrize(
    "shape", [(2, 14, 14), (1, 3, 14, 14), (1, 2, 13, 20), (1, 2, 20, 13)], ids=str
)
def test_pictures_that_do_not_fit_are_refused(shape):
    net = slid(network(BARE))
    for slide in (score_map, crop_scores, shift_and_stitch):
        with pytest.raises(ValueError, match=r"\(N, 2, H, W\) of 14x14 or more"):
            slide(net, np.zeros(shape))


def test_a_network_that_gives_no_map_says_how_it_would():
    net = network(BARE)
    for slide in (score_map, shift_and_stitch):
        with pytest.raises(ValueError, match="fc_to_conv"):
            slide(net, pictures(net))


def test_several_places_are_not_taken_for_classes():
    net = network("INPUT8x8x1 -> CONV3-2p0 -> RELU -> CONV3-3p0")
    assert score_map(net, pictures(net, 1, 0)).shape == (2, 3, 5, 4)
    for slide in (crop_scores, shift_and_stitch):
        with pytest.raises(ValueError, match=r"one place .* gives 4x4"):
            slide(net, pictures(net))
    with pytest.raises(ValueError, match="step is a whole number"):
        crop_scores(network(BARE), pictures(network(BARE)), 0)


def test_a_stride_that_differs_between_the_directions_has_no_one_number():
    with pytest.raises(ValueError, match=r"\(2, 1\)"):
        stride_of(network("INPUT10x7x1 -> POOL2x1 -> FC-4"))


# --- heat maps -----------------------------------------------------------------------------------


def test_each_score_of_a_heat_map_lies_in_the_middle_of_what_it_sees():
    field = Field((5, 5), (4, 4), (0, 0))
    scores = np.arange(6).reshape(2, 3)
    heat = heat_map(scores, (9, 13), field)
    assert heat.shape == (9, 13)
    np.testing.assert_allclose(heat[2::4, 2::4], [[0, 1, 2], [3, 4, 5]])
    assert heat[2, 4] == 0.5
    assert heat[4, 2] == 1.5
    assert (heat[:3, 0] == 0).all()
    assert heat[-1, -1] == 5


@given(
    st.integers(1, 5), st.integers(1, 5), st.integers(1, 4), st.integers(1, 6), st.integers(-4, 4)
)
@fewer
def test_a_heat_map_of_a_slope_is_that_slope(rows, columns, jump, size, first):
    # Straight lines between scores: scores that rise evenly give pixels that rise evenly.
    field = Field((size, size), (jump, 2 * jump), (first, -first))
    (top, left), (down, right) = field.centre, field.jump
    y = top + down * np.arange(rows)
    x = left + right * np.arange(columns)
    heat = heat_map(3 * y[:, None] - 2 * x, (20, 23), field)
    wanted_y, wanted_x = np.clip(np.arange(20), y[0], y[-1]), np.clip(np.arange(23), x[0], x[-1])
    np.testing.assert_allclose(heat, 3 * wanted_y[:, None] - 2 * wanted_x, atol=1e-12)


def test_a_heat_map_of_a_finer_map_and_of_many_classes():
    field = Field((5, 5), (4, 4), (-2, -2))
    scores = np.random.default_rng(0).standard_normal((2, 3, 4, 4)).astype(np.float32)
    heat = heat_map(scores, (7, 8), field, finer=2)
    assert heat.dtype == np.float32
    np.testing.assert_allclose(heat[:, :, 0:7:2, 0:8:2], scores)


def test_a_bright_spot_is_hot_where_it_is():
    net = network("INPUT8x8x1 -> CONV3-1p0 -> RELU -> POOL2 -> FC-1")
    net.params.update({name: np.ones_like(value) for name, value in net.params.items()})
    converted = slid(net)
    x = np.zeros((1, 1, 40, 40))
    x[0, 0, 26:30, 10:14] = 1
    heat = heat_map(shift_and_stitch(converted, x)[0, 0], (40, 40), score_field(net), finer=2)
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    assert abs(row - 27.5) <= 2
    assert abs(column - 11.5) <= 2


def test_scores_become_probabilities_at_each_place():
    scores = np.array([[[[1000.0, 0]], [[1000.0, np.log(3)]]]])
    np.testing.assert_allclose(probabilities(scores), [[[[0.5, 0.25]], [[0.5, 0.75]]]])


@pytest.mark.parametrize(
    ("shape", "picture"), [((3,), (9, 9)), ((2, 2), (1, 3, 9, 9))], ids=["scores", "picture"]
)
def test_a_heat_map_of_something_else_is_refused(shape, picture):
    with pytest.raises(ValueError, match="over a picture"):
        heat_map(np.zeros(shape), picture, Field((5, 5), (4, 4), (0, 0)))
