"""Fully connected layers as convolutions, and back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs231n.architectures import build, parse
from cs231n.architectures.conversion import (
    conv_to_fc,
    fc_to_conv,
    filters_from_weights,
    weights_from_filters,
)
from cs231n.architectures.description import ArchitectureError
from cs231n.architectures.running import Network


def network(text):
    """With weights, and running averages, that are all unlike 0 and 1."""
    net = Network(parse(text), dtype=np.float64)
    for seed, values in enumerate((net.params, net.buffers)):
        rng = np.random.default_rng(seed)
        for name in values:
            values[name] = values[name] + rng.uniform(0.1, 0.3, values[name].shape)
    return net


def converted(net):
    architecture, params = fc_to_conv(net.architecture, net.params)
    return Network(architecture, params, buffers=net.buffers)


def pictures(net):
    return np.random.default_rng(0).standard_normal((2, *net.architecture.input_shape))


TAILS = {
    "two layers": "INPUT10x8x2 -> CONV3-4p0 -> RELU -> POOL2 -> FC-6 -> RELU -> FC-3",
    "dropout": "INPUT6x4x3 -> CONV3-4 -> FC-5 -> RELU -> DROPOUT0.5 -> FC-3nobias -> SOFTMAX",
    "batch norm": "INPUT4x4x3 -> CONV3-4 -> FLATTEN -> RELU -> FC-5 -> BN -> RELU -> FC-3 -> BN",
    "global pool": "INPUT6x6x3 -> CONV3-4 -> GLOBALAVGPOOL -> FC-3",
    "average over all": "INPUT6x6x3 -> CONV3-4 -> AVGPOOL6 -> FLATTEN -> TANH -> FC-3",
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


@given(
    st.tuples(*[st.integers(1, 4)] * 4), st.booleans(), st.sampled_from([np.float32, np.float64])
)
@settings(max_examples=25, deadline=None, derandomize=True)
def test_only_the_layout_of_weights_changes(sizes, bias, dtype):
    C, H, W, M = sizes
    net = parse(f"INPUT{H}x{W}x{C} -> FC-{M}{'' if bias else 'nobias'} -> RELU -> FC-2")
    params = Network(net, dtype=dtype).params
    before = {name: value.copy() for name, value in params.items()}
    converted, filters = fc_to_conv(net, params)
    assert {name: value.shape for name, value in filters.items()} == converted.parameters
    assert all(value.dtype == dtype and value.flags.c_contiguous for value in filters.values())
    again, weights = conv_to_fc(converted, filters)
    assert again.nodes == net.nodes
    assert list(weights) == list(params)
    for name, value in before.items():
        np.testing.assert_array_equal(params[name], value)
        np.testing.assert_array_equal(weights[name], value)
        assert weights[name].flags.c_contiguous


def test_training_the_converted_network_leaves_the_fully_connected_weights_alone():
    net = network(TAILS["two layers"])
    before = net.params["fc1.w"].copy()
    slid = converted(net)
    slid.params["fc1.w"] += 1
    np.testing.assert_array_equal(net.params["fc1.w"], before)
    assert slid.params["conv1.w"] is net.params["conv1.w"]  # not copied where nothing changes


def test_vggs_first_fully_connected_layer_is_filters_of_7x7():
    net, params = fc_to_conv(build("vgg16"))
    assert net.name == "vgg16_convolutional"
    assert net["fc6"].layer.label == "CONV7-4096p0"
    assert net["fc7"].layer.label == "CONV1-4096"
    assert net.parameter_count == build("vgg16").parameter_count
    assert params == {}
    assert fc_to_conv(net)[0] == net
    assert conv_to_fc(net)[0] == build("vgg16")


@pytest.mark.parametrize("name", ["alexnet", "googlenet", "resnet50", "vgg11"])
def test_famous_networks_slide(name):
    net, _ = fc_to_conv(build(name))
    assert net.shapes[net.outputs[-1]] == (1000, 1, 1)
    side = net.input_shape[1]
    assert net.with_input(side + 96).shapes[net.outputs[-1]] == (1000, 4, 4)


@pytest.mark.parametrize("pool", ["GLOBALAVGPOOL", "GLOBALPOOL", "AVGPOOL6"])
def test_a_pool_over_the_whole_map_slides_pixel_by_pixel(pool):
    net, _ = fc_to_conv(parse(f"INPUT6x6x3 -> CONV3-4 -> {pool} -> FC-3"))
    assert net.with_input(9).shapes["fc1"] == (3, 4, 4)


def test_filters_hold_the_weights_in_the_order_of_the_map():
    w = np.arange(24.0).reshape(12, 2)
    filters = filters_from_weights(w, (3, 2, 2))
    assert filters.shape == (2, 3, 2, 2)
    assert filters[1, 2, 1, 0] == w[2 * 4 + 1 * 2 + 0, 1]
    np.testing.assert_array_equal(weights_from_filters(filters), w)
    many = np.random.default_rng(0).standard_normal((130, 3, 5, 1))
    np.testing.assert_array_equal(weights_from_filters(many), many.reshape(130, -1).T)
    with pytest.raises(ValueError, match=r"needs weights \(12, M\)"):
        filters_from_weights(w.T, (3, 2, 2))
    with pytest.raises(ValueError, match="M, C, H, W"):
        weights_from_filters(w)


REFUSED = {
    "INPUT4x4x3 -> FC-5 -> LN -> FC-3": "layernorm1 .* all places of a larger map",
    "INPUT4x4x3 -> FC-5 -> RBF-3": "rbf1 .* distances",
    "INPUT4x4x3 -> LOCAL3-2 -> FC-3": "local1 .* pictures of one size",
    "INPUT4x4x3 -> CONV3-2 -> FLATTEN -> BN -> FC-3": "batchnorm1 .* flattened map",
    "INPUT4x4x3 -> CONV3-2 -> FLATTEN -> RELU -> SOFTMAX -> FC-3": "softmax1 .* flattened map",
    "INPUT4x4x1 -> FLATTEN -> (FC-16 + ) -> FC-3": "add1 .* flattened map",
    "INPUT48 -> FC-3": "reads vectors",
}


@pytest.mark.parametrize(("text", "problem"), REFUSED.items(), ids=REFUSED)
def test_layers_that_mean_something_else_on_a_map_are_refused(text, problem):
    with pytest.raises(ArchitectureError, match=problem):
        fc_to_conv(parse(text))


@pytest.mark.parametrize(
    "text",
    [
        "INPUT3x3x3 -> CONV3-4 -> RELU",
        "INPUT4x4x3 -> CONV4-5p1 -> CONV3-4p0 -> POOL1",
        "INPUT4x4x4 -> CONV4-4p0 -> GN2",
        "INPUT4x4x4 -> CONV4-4p0g2 -> RELU",
        "INPUT5x5x3 -> CONV3-4p0d2",
    ],
    ids=["padding", "a pool after it", "group norm after it", "groups", "dilation"],
)
def test_convolutions_that_see_less_or_whose_map_is_needed_stay(text):
    with pytest.raises(ArchitectureError, match=r"no convolution at its end .* `with_input`"):
        conv_to_fc(parse(text))


def test_convolutions_in_the_middle_stay_when_the_map_there_is_1x1():
    net = parse("INPUT4x4x3 -> POOL4 -> CONV1-5 -> RELU -> CONV3-6 -> RELU -> CONV1-4 -> BN")
    converted, _ = conv_to_fc(net)
    assert [node.layer.label for node in converted][2:] == [
        "CONV1-5", "RELU", "CONV3-6", "RELU", "FC-4", "BN",
    ]  # fmt: skip


def test_a_convolution_before_a_fully_connected_layer_becomes_one_too():
    converted, _ = conv_to_fc(parse("INPUT4x4x3 -> CONV4-6p0 -> RELU -> FC-4"))
    assert [node.layer.label for node in converted][1:] == ["FC-6", "RELU", "FC-4"]


def test_params_of_another_network_are_named():
    net = parse("INPUT4x4x3 -> FC-5 -> RELU -> FC-3")
    for convert, architecture in ((fc_to_conv, net), (conv_to_fc, fc_to_conv(net)[0])):
        with pytest.raises(ValueError, match=r"params do not fit .* fc1\.w is missing"):
            convert(architecture, {})
