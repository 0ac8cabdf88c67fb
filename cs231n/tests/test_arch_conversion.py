"""Fully connected layers as convolutions and back, and the network slid over larger pictures."""

import numpy as np
import pytest

from cs231n.architectures import build, parse
from cs231n.architectures.conversion import (
    conv_to_fc,
    fc_to_conv,
    filters_from_weights,
    weights_from_filters,
)
from cs231n.architectures.description import ArchitectureError
from cs231n.architectures.receptive import Field, receptive_fields
from cs231n.architectures.running import Network
from cs231n.architectures.sliding import (
    crop_scores,
    heat_map,
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


def network(text, **options):
    return Network(parse(text), dtype=np.float64, **options)


def converted(net):
    architecture, params = fc_to_conv(net.architecture, net.params)
    return Network(architecture, params, buffers=net.buffers)


def pictures(net, larger=0, N=2):
    C, H, W = net.architecture.input_shape
    return np.random.default_rng(0).standard_normal((N, C, H + larger, W + larger))


TAILS = {
    "two layers": BARE,
    "dropout": "INPUT6x4x3 -> CONV3-4 -> FC-5 -> RELU -> DROPOUT0.5 -> FC-3nobias -> SOFTMAX",
    "batch norm": "INPUT4x4x3 -> CONV3-4 -> FLATTEN -> RELU -> FC-5 -> BN -> RELU -> FC-3 -> BN",
    "global pool": "INPUT6x6x3 -> CONV3-4 -> GLOBALAVGPOOL -> FC-3",
    "branches": "INPUT4x4x3 -> CONV3-4 -> FC-6 -> (FC-4 | FC-2) -> (FC-6 -> RELU + ) -> FC-3",
    "side branch": "INPUT4x4x3 -> CONV3-4 -> {GLOBALAVGPOOL -> FC-2} -> FC-3",
}


@pytest.mark.parametrize("text", TAILS.values(), ids=TAILS)
def test_any_tail_gives_the_same_scores_as_convolutions(text):
    net = network(text)
    x = pictures(net)
    slid = converted(net)
    scores = slid.forward(x)
    assert scores.shape[2:] == (1, 1)
    np.testing.assert_allclose(scores[:, :, 0, 0], net.forward(x), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("text", TAILS.values(), ids=TAILS)
def test_there_and_back_gives_the_same_numbers_exactly(text):
    net = network(text)
    architecture, params = fc_to_conv(net.architecture, net.params)
    again, weights = conv_to_fc(architecture, params)
    assert again.parameters == net.architecture.parameters
    for name, value in net.params.items():
        np.testing.assert_array_equal(weights[name], value)
    x = pictures(net)
    back = Network(again, weights, buffers=net.buffers)
    np.testing.assert_allclose(back.forward(x), net.forward(x), rtol=1e-10, atol=1e-12)


def test_vggs_first_fully_connected_layer_is_filters_of_7x7():
    net, _ = fc_to_conv(build("vgg16"))
    assert net["fc6"].layer.label == "CONV7-4096p0"
    assert net["fc7"].layer.label == "CONV1-4096"
    assert net.parameter_count == build("vgg16").parameter_count
    larger = net.with_input(384)
    assert larger.shapes["pool5"] == (512, 12, 12)
    assert larger.shapes["fc8"] == (1000, 6, 6)


@pytest.mark.parametrize("name", ["alexnet", "googlenet", "resnet50", "vgg11"])
def test_famous_networks_slide(name):
    net, _ = fc_to_conv(build(name))
    assert net.shapes[net.outputs[-1]] == (1000, 1, 1)
    side = net.input_shape[1]
    assert net.with_input(side + 96).shapes[net.outputs[-1]] == (1000, 4, 4)


def test_filters_and_weights_are_views_of_one_another():
    w = np.arange(24.0).reshape(12, 2)
    filters = filters_from_weights(w, (3, 2, 2))
    assert filters.shape == (2, 3, 2, 2)
    assert filters[1, 2, 1, 0] == w[2 * 4 + 1 * 2 + 0, 1]
    assert np.shares_memory(filters, w)
    np.testing.assert_array_equal(weights_from_filters(filters), w)
    with pytest.raises(ValueError, match=r"needs weights \(12, M\)"):
        filters_from_weights(w.T, (3, 2, 2))
    with pytest.raises(ValueError, match="M, C, H, W"):
        weights_from_filters(w)


@pytest.mark.parametrize(
    "text",
    [
        "INPUT4x4x3 -> FC-5 -> LN -> FC-3",
        "INPUT4x4x3 -> FC-5 -> RBF-3",
        "INPUT4x4x3 -> LOCAL3-2 -> FC-3",
        "INPUT4x4x3 -> CONV3-2 -> FLATTEN -> BN -> FC-3",
        "INPUT4x4x3 -> CONV3-2 -> FLATTEN -> RELU -> SOFTMAX -> FC-3",
    ],
    ids=["layer norm", "distances", "locally connected", "batch norm", "softmax"],
)
def test_layers_that_mean_something_else_on_a_map_are_refused(text):
    with pytest.raises(ArchitectureError, match="cannot slide"):
        fc_to_conv(parse(text))


def test_a_network_without_such_a_layer_is_not_converted_back():
    with pytest.raises(ArchitectureError, match="no convolution that sees a whole map"):
        conv_to_fc(parse("INPUT8x8x3 -> CONV3-4 -> RELU"))


def test_without_padding_a_score_map_equals_the_scores_of_the_cut_outs():
    net = network(BARE)
    x = pictures(net, larger=8)
    slid = converted(net)
    assert stride_of(slid) == 4
    scores = score_map(slid, x)
    assert scores.shape == (2, 3, 3, 3)
    np.testing.assert_allclose(scores, crop_scores(net, x, 4), rtol=1e-9, atol=1e-11)


def test_with_padding_it_does_not():
    net = network(PADDED)
    x = pictures(net, larger=8)
    slid = converted(net)
    scores, cut_outs = score_map(slid, x), crop_scores(net, x, 4)
    assert scores.shape == cut_outs.shape
    difference = np.abs(scores - cut_outs).max() / np.abs(cut_outs).max()
    assert difference > 0.1
    # What is far from any border of a cut-out is the same: the first layer, away from the edge.
    inner = net.architecture.nodes[1].name
    whole = slid_values(slid, x, inner)[:, :, 1:15, 1:15]
    cut = net.forward(x[:, :, :16, :16], outputs=[inner])[inner][:, :, 1:15, 1:15]
    np.testing.assert_allclose(whole, cut, rtol=1e-10, atol=1e-12)


def slid_values(net, x, name):
    from cs231n.architectures.sliding import resized

    return resized(net, x.shape[1:]).forward(x, outputs=[name])[name]


@pytest.mark.parametrize("finer", [1, 2, 4])
@pytest.mark.parametrize("larger", [0, 3, 8, 9])
def test_shifted_passes_stitched_equal_cut_outs_at_the_finer_stride(finer, larger):
    net = network(BARE)
    x = pictures(net, larger=larger)
    stitched = shift_and_stitch(converted(net), x, finer)
    np.testing.assert_allclose(stitched, crop_scores(net, x, 4 // finer), rtol=1e-9, atol=1e-11)


def test_half_the_stride_takes_four_passes():
    passes = []

    def affine(*arguments):
        raise AssertionError("a converted network has no fully connected layer")

    def relu_forward(x):
        passes.append(x.shape)
        return np.maximum(x, 0), None

    net = network(BARE)
    architecture, params = fc_to_conv(net.architecture, net.params)
    functions = {"relu_forward": relu_forward, "affine_forward": affine}
    slid = Network(architecture, params, layers=functions)
    shift_and_stitch(slid, pictures(net, larger=8), 2)
    assert len(passes) == 4 * 3


def test_a_stride_that_cannot_be_refined_so_is_refused():
    slid = converted(network(BARE))
    for finer in (0, 3, 8):
        with pytest.raises(ValueError, match="divide the network's stride of 4"):
            shift_and_stitch(slid, pictures(slid), finer)


def test_a_network_that_gives_no_map_says_how_it_would():
    net = network(BARE)
    with pytest.raises(ValueError, match="fc_to_conv"):
        score_map(net, pictures(net))


def test_each_score_of_a_heat_map_lies_in_the_middle_of_what_it_sees():
    field = Field((5, 5), (4, 4), (0, 0))
    scores = np.arange(6.0).reshape(2, 3)
    heat = heat_map(scores, (9, 13), field)
    assert heat.shape == (9, 13)
    np.testing.assert_allclose(heat[2::4, 2::4], [[0, 1, 2], [3, 4, 5]])
    assert heat[2, 4] == 0.5
    assert heat[4, 2] == 1.5
    assert (heat[:3, 0] == 0).all()
    assert heat[-1, -1] == 5


def test_a_heat_map_of_a_finer_map_and_of_many_classes():
    field = Field((5, 5), (4, 4), (-2, -2))
    scores = np.random.default_rng(0).standard_normal((2, 3, 4, 4))
    heat = heat_map(scores, (7, 8), field, finer=2)
    np.testing.assert_allclose(heat[:, :, 0:7:2, 0:8:2], scores)


def test_a_bright_spot_is_hot_where_it_is():
    net = network("INPUT8x8x1 -> CONV3-1p0 -> RELU -> POOL2 -> FC-1")
    net.params.update({name: np.ones_like(value) for name, value in net.params.items()})
    slid = converted(net)
    x = np.zeros((1, 1, 40, 40))
    x[0, 0, 26:30, 10:14] = 1
    field = receptive_fields(slid.architecture)[slid.architecture.outputs[-1]]
    heat = heat_map(score_map(slid, x)[0, 0], (40, 40), field)
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    assert abs(row - 27.5) <= 4
    assert abs(column - 11.5) <= 4
