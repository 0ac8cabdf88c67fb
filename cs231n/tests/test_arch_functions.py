"""Layer functions: which is taken, what it is told, and those that only the networks have."""

import types

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cs231n import plain_layers, plain_norms
from cs231n.architectures import kinds, parse
from cs231n.architectures.description import Architecture, ArchitectureError, Node
from cs231n.architectures.running import LayerError, Network
from cs231n.gradient_check import numeric_gradient, relative_error
from cs231n.tests import plain_student_layers

FEW = settings(derandomize=True, deadline=None, max_examples=25)
PAIRS = st.tuples(st.integers(1, 3), st.integers(1, 3))
PADS = st.tuples(st.integers(0, 2), st.integers(0, 2))
ROUNDINGS = st.sampled_from(["exact", "floor", "ceil"])


def values(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def one_layer(layer, shape):
    """A network of one layer, or no example where the layer does not fit the pictures."""
    try:
        return Architecture(
            "one", [Node("input", kinds.Input(shape)), Node("it", layer, ["input"])]
        )
    except ArchitectureError:
        assume(False)


def assert_students_agree(architecture):
    """A network gives the same on a student's functions as on the kit's, forward and backward."""
    mine = Network(architecture, layers=plain_student_layers, dtype=np.float64)
    kits = Network(architecture, dtype=np.float64)
    assert mine.functions["it"] in vars(plain_student_layers)
    x = values((2, *architecture.input_shape), 1)
    out, wanted = mine.forward(x, "train"), kits.forward(x, "train")
    np.testing.assert_allclose(out, wanted, rtol=1e-10, atol=1e-12)
    (dx, grads), (wanted_dx, wanted_grads) = (
        net.backward(values(out.shape, 2)) for net in (mine, kits)
    )
    np.testing.assert_allclose(dx, wanted_dx, rtol=1e-10, atol=1e-12)
    for name, grad in grads.items():
        np.testing.assert_allclose(grad, wanted_grads[name], rtol=1e-10, atol=1e-12)


@FEW
@given(
    st.tuples(st.integers(3, 9), st.integers(3, 9)),
    PAIRS,
    PAIRS,
    PADS,
    PAIRS,
    st.sampled_from([1, 2]),
    st.booleans(),
    ROUNDINGS,
)
def test_a_convolution_that_knows_one_stride_and_pad_does_every_convolution(
    plane, size, stride, pad, dilation, groups, bias, rounding
):
    layer = kinds.Conv(4, size, stride, pad, dilation, groups, bias, rounding)
    assert_students_agree(one_layer(layer, (2, *plane)))


@FEW
@given(
    st.sampled_from(["max", "avg", "l2"]),
    st.tuples(st.integers(3, 9), st.integers(3, 9)),
    PAIRS,
    PAIRS,
    PADS,
    ROUNDINGS,
)
def test_a_pool_that_knows_one_stride_and_no_pad_does_every_pool(
    op, plane, size, stride, pad, rounding
):
    pad = min(pad[0], size[0] - 1), min(pad[1], size[1] - 1)
    assert_students_agree(one_layer(kinds.Pool(op, size, stride, pad, rounding), (2, *plane)))


def test_a_convolution_that_knows_no_connections_has_them_all_the_same():
    connections = ((0,), (1, 2), (0, 2), (0, 1, 2))
    assert_students_agree(one_layer(kinds.Conv(4, 3, connections=connections), (3, 5, 5)))


def test_a_fast_function_from_elsewhere_is_not_told_what_it_may_not_know():
    told = []

    def conv_forward_fast(x, w, b, conv_param):
        told.append(conv_param)
        return plain_student_layers.conv_forward_naive(x, w, b, conv_param)

    layers = {"conv_forward_fast": conv_forward_fast}
    net = Network(parse("INPUT8x8x2 -> CONV3-4/2p1g2floor"), layers=layers)
    wanted = Network(net.architecture, net.params).forward(values((1, 2, 8, 8)))
    np.testing.assert_allclose(net.forward(values((1, 2, 8, 8))), wanted, rtol=1e-4, atol=1e-6)
    assert told == [{"stride": 2, "pad": 0}] * 2


def relu_forward(x):
    return np.where(x > 0, x, 0), x


def relu_backward(dout, cache):
    return dout * (cache > 0)


@pytest.mark.parametrize("form", ["module", "dict", "object", "list"])
def test_layer_functions_come_in_any_namespace(form):
    functions = {"relu_forward": relu_forward, "relu_backward": relu_backward}
    module = types.ModuleType("mine")
    vars(module).update(functions)
    namespace = {
        "module": module,
        "dict": functions,
        "object": types.SimpleNamespace(**functions),
        "list": [{}, functions],
    }[form]
    net = Network(parse("INPUT4x4x2 -> CONV3-2 -> RELU -> FC-2"), layers=namespace)
    assert net.functions == {
        "conv1": "conv_forward_fast",
        "relu1": "relu_forward",
        "fc1": "affine_forward",
    }
    assert net.forward(values((1, 2, 4, 4)), "train").shape == (1, 2)
    assert net.backward(values((1, 2)))[0].shape == (1, 2, 4, 4)


def test_of_several_namespaces_the_first_with_a_function_counts():
    first = {"conv_forward": plain_student_layers.conv_forward_naive}
    net = Network(parse("INPUT4x4x2 -> CONV3-2 -> POOL2"), layers=[first, plain_student_layers])
    assert net.functions == {"conv1": "conv_forward", "pool1": "max_pool_forward_naive"}


def test_a_namespace_with_nothing_for_the_network_is_refused():
    with pytest.raises(ValueError, match=r"no function for .*, such as conv_forward_fast"):
        Network(parse("INPUT4x4x2 -> CONV3-2 -> FC-2"), layers={"relu_foward": relu_forward})


def test_a_function_that_writes_into_its_input_harms_nobody_else():
    def forward(x):
        positive = x > 0
        x[~positive] = 0
        return x, positive

    def backward(dout, cache):
        dout[~cache] = 0
        return dout

    text = "INPUT4x4x2 -> (RELU -> CONV3-2 -> RELU + ) -> RELU"
    x, dout = values((2, 2, 4, 4)), values((2, 2, 4, 4), 1)
    mine, kits = (
        Network(parse(text), layers=layers, dtype=np.float64)
        for layers in ({"relu_forward": forward, "relu_backward": backward}, None)
    )
    np.testing.assert_array_equal(mine.forward(x, "train"), kits.forward(x, "train"))
    (dx, grads), (wanted_dx, wanted_grads) = mine.backward(dout), kits.backward(dout)
    np.testing.assert_array_equal(dx, wanted_dx)
    for name, grad in grads.items():
        np.testing.assert_array_equal(grad, wanted_grads[name])
    np.testing.assert_array_equal(x, values((2, 2, 4, 4)))
    np.testing.assert_array_equal(dout, values((2, 2, 4, 4), 1))


def test_a_gradient_that_is_not_returned_is_missed():
    def backward(dout, cache):
        return plain_layers.scale_backward(dout, cache)[:2]

    layers = {"scale_forward": plain_layers.scale_forward, "scale_backward": backward}
    net = Network(parse("INPUT4x4x2 -> SCALE -> FC-2"), layers=layers)
    net.forward(values((1, 2, 4, 4)), "train")
    with pytest.raises(LayerError, match=r"scale1.*dx and 2 other gradients.*a tuple of 2"):
        net.backward(values((1, 2)))


def test_running_averages_of_another_shape_are_refused():
    def forward(x, gamma, beta, bn_param):
        bn_param["running_mean"] = x.mean()
        return x, None

    net = Network(parse("INPUT4x4x2 -> BN -> FC-2"), layers={"spatial_batchnorm_forward": forward})
    with pytest.raises(LayerError, match=r'"running_mean"\] should have shape \(2,\)'):
        net.forward(values((3, 2, 4, 4)), "train")


def test_group_normalisation_gets_gamma_as_the_notebooks_shape_it():
    shapes = []

    def forward(x, gamma, beta, G, gn_param):
        shapes.append((gamma.shape, beta.shape, G, gn_param))
        return plain_norms.spatial_groupnorm_forward(x, gamma, beta, G, gn_param)

    layers = {"spatial_groupnorm_forward": forward}
    Network(parse("INPUT4x4x4 -> GN2 -> LN"), layers=layers).forward(values((1, 4, 4, 4)))
    eps = {"eps": 1e-5}
    assert shapes == [((1, 4, 1, 1), (1, 4, 1, 1), 2, eps), ((1, 4, 1, 1), (1, 4, 1, 1), 1, eps)]


def test_dropout_is_told_what_stays_and_nothing_is_dropped_in_testing():
    told = []

    def forward(x, dropout_param):
        told.append(dropout_param)
        return x, None

    net = Network(parse("INPUT4x4x2 -> DROPOUT0.25"), layers={"dropout_forward": forward})
    net.forward(values((1, 2, 4, 4)), "train")
    net.forward(values((1, 2, 4, 4)))
    assert [(param["mode"], param["p"]) for param in told] == [("train", 0.75), ("test", 0.75)]


# The layers that only networks have, against their definitions.


def test_dropout_keeps_its_share_and_the_mean():
    x = np.ones((100, 100), np.float32)
    out, _ = plain_layers.dropout_forward(x, {"mode": "train", "p": 0.8, "seed": 0})
    assert set(np.unique(out)) == {np.float32(0), np.float32(1.25)}
    assert abs((out > 0).mean() - 0.8) < 0.02


def test_softmax_does_not_overflow():
    x = np.array([[1000.0, 1000.0, -1000.0]])
    out, _ = plain_layers.softmax_forward(x)
    np.testing.assert_allclose(out, [[0.5, 0.5, 0]])
    loss, dx = plain_layers.softmax_loss(x, np.array([2]))
    assert loss == pytest.approx(2000 + np.log(2))
    np.testing.assert_allclose(dx, [[0.5, 0.5, -1]])


def test_distance_to_a_point_itself_is_zero_even_far_from_the_origin():
    points = 1000 + values((5, 3)).astype(np.float32)
    out, _ = plain_layers.rbf_forward(points.T.copy(), points)
    np.testing.assert_array_equal(np.diag(out), 0)
    wanted = [[sum((a - b) ** 2) for b in points.T.astype(float)] for a in points.T.astype(float)]
    np.testing.assert_allclose(out, wanted, rtol=1e-3)


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_local_response_normalisation_divides_by_its_neighbours(size):
    x, param = values((2, 4, 2, 3)), {"size": size, "alpha": 0.3, "beta": 0.75, "k": 2.0}
    out, _ = plain_norms.lrn_forward(x, param)
    for c in range(4):
        near = [n for n in range(c - size // 2, c - size // 2 + size) if 0 <= n < 4]
        total = sum(x[:, n] ** 2 for n in near)
        np.testing.assert_allclose(out[:, c], x[:, c] / (2 + 0.3 * total) ** 0.75)


@pytest.mark.parametrize("G", [1, 2, 4])
def test_each_group_of_channels_gets_mean_0_and_variance_1(G):
    x = 5 + 3 * values((2, 4, 5, 6))
    gamma, beta = values((1, 4, 1, 1), 1), values((1, 4, 1, 1), 2)
    out, _ = plain_norms.spatial_groupnorm_forward(x, gamma, beta, G, {"eps": 0})
    groups = ((out - beta) / gamma).reshape(2 * G, -1)
    np.testing.assert_allclose(groups.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(groups.var(axis=1), 1, rtol=1e-12)
    if G == 1:
        same, _ = plain_norms.layernorm_forward(x, gamma.ravel(), beta.ravel(), {"eps": 0})
        np.testing.assert_allclose(same, out)


def test_locally_connected_with_equal_filters_everywhere_is_a_convolution():
    x, w, b = values((2, 3, 6, 7)), values((4, 3, 3, 2), 1), values(4, 2)
    conv_param = {"stride": 2, "pad": 1}
    wanted, _ = plain_student_layers.conv_forward_naive(x[:, :, :5, :6], w, b, conv_param)
    H_out, W_out = wanted.shape[2:]
    everywhere = np.broadcast_to(w, (H_out, W_out, *w.shape))
    biases = np.broadcast_to(b[:, None, None], (4, H_out, W_out))
    out, _ = plain_layers.locally_connected_forward(x[:, :, :5, :6], everywhere, biases, conv_param)
    np.testing.assert_allclose(out, wanted)


GRADIENTS = {
    "affine": (plain_layers, [(3, 2, 2), (4, 5), (5,)], ()),
    "scale": (plain_layers, [(3, 2, 2, 2), (2,), (2,)], ()),
    "layernorm": (plain_norms, [(3, 4), (4,), (4,)], ({},)),
    "spatial_groupnorm": (plain_norms, [(2, 4, 2, 3), (1, 4, 1, 1), (1, 4, 1, 1)], (2, {})),
    "locally_connected": (
        plain_layers,
        [(2, 2, 3, 4), (2, 3, 2, 2, 2, 2), (2, 2, 3)],
        ({"stride": 1, "pad": 0},),
    ),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_every_gradient_of_a_layer_has_the_shape_and_slope_of_its_input(name):
    module, shapes, param = GRADIENTS[name]
    arrays = [values(shape, seed) for seed, shape in enumerate(shapes)]
    forward, backward = getattr(module, f"{name}_forward"), getattr(module, f"{name}_backward")
    out, cache = forward(*arrays, *param)
    dout = values(out.shape, 9)
    for place, grad in enumerate(backward(dout, cache)):

        def f(array, place=place):
            changed = [*arrays[:place], array, *arrays[place + 1 :]]
            return forward(*changed, *param)[0]

        assert relative_error(grad, numeric_gradient(f, arrays[place], dout), 1e-4) < 1e-6
