"""Networks that run: gradients, any layer functions, memory, and errors that name the layer."""

import gc
import weakref

import numpy as np
import pytest

from cs231n import fast_layers, gradient_check
from cs231n.architectures import build, kinds, parse
from cs231n.architectures.running import LayerError, Network
from cs231n.tests import plain_student_layers
from cs231n.tests.small_networks import NETS


def network(text, **options):
    options.setdefault("initialise", "xavier")
    return Network(parse(text), dtype=np.float64, **options)


def values(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def loss_of(net, x, slopes):
    """A number that depends on all outputs; dropout's masks are those of the first step."""
    net.step = 0
    outs = net.forward(x, "train", outputs=net.architecture.outputs)
    return sum(float(np.vdot(outs[name], slope)) for name, slope in slopes.items())


def check_gradients(net, tolerance=1e-6):
    x = values((3, *net.architecture.input_shape), 1)
    slopes = {
        name: values((3, *net.architecture.shapes[name]), 2) for name in net.architecture.outputs
    }
    loss_of(net, x, slopes)
    dx, grads = net.backward(slopes)
    numeric = gradient_check.numeric_gradient(lambda x: loss_of(net, x, slopes), x)
    assert gradient_check.relative_error(dx, numeric, 1e-5) < tolerance
    assert list(grads) == list(net.params)
    for name, value in net.params.items():

        def at(new, name=name):
            kept, net.params[name] = net.params[name], new
            result = loss_of(net, x, slopes)
            net.params[name] = kept
            return result

        for direction in (values(value.shape, 3), values(value.shape, 4)):
            slope = gradient_check.directional_derivative(at, value, direction)
            error = abs(slope - np.vdot(grads[name], direction)) / (abs(slope) + 1e-3)
            assert error < tolerance, name


@pytest.mark.parametrize("text", NETS.values(), ids=NETS)
def test_gradients_are_those_of_the_forward_pass(text):
    check_gradients(network(text))


def test_gradients_through_partial_connections():
    net = parse("INPUT6x6x3 -> c:CONV3-4p0 -> TANH -> FC-2")
    connections = ((0,), (1, 2), (0, 2), (0, 1, 2))
    layer = kinds.Conv(4, 3, pad=0, connections=connections)
    check_gradients(Network(net.replace("c", layer), dtype=np.float64))


def test_gradients_through_a_scaled_tanh():
    net = parse("INPUT4x4x2 -> t:TANH -> FC-2").replace("t", kinds.Tanh(1.7159, 2 / 3))
    check_gradients(Network(net, dtype=np.float64))


def not_written(*arguments):
    raise NotImplementedError


def broken(**functions):
    return network("INPUT4x4x2 -> CONV3-2 -> RELU -> FC-2", layers=functions)


@pytest.mark.parametrize(
    ("forward", "problem"),
    [
        (lambda x: x, "should return (out, cache), but returned an array of float64"),
        (lambda x: (x, 1, 2), "but returned a tuple of 3"),
        (lambda x: ([1], None), "out should be an array of numbers, but is list"),
        (lambda x: (x[:, :1], None), "out should have shape (3, 2, 4, 4), but has (3, 1, 4, 4)"),
        (lambda x: (x * np.nan, None), "out holds NaN"),
        (lambda x: 1 / 0, "ZeroDivisionError: division by zero"),
        (not_written, "NotImplementedError (this function is still to be written)"),
    ],
    ids=["no cache", "three", "a list", "shape", "nan", "raises", "not written"],
)
def test_a_function_that_fails_is_named_with_its_layer(forward, problem):
    net = broken(relu_forward=forward)
    with pytest.raises(LayerError) as error:
        net.forward(values((3, 2, 4, 4)))
    assert str(error.value).startswith("relu1 (RELU on 3x2x4x4, relu_forward): ")
    assert problem in str(error.value)
    assert error.value.__cause__ is not None


@pytest.mark.parametrize(
    ("functions", "problem"),
    [
        ({}, "relu_forward is there, but relu_backward is not"),
        ({"relu_backward": lambda dout, cache: dout[:1]}, "dx should have shape (3, 2, 4, 4)"),
        (
            {"relu_backward": lambda dout, cache: None},
            "dx should be an array of numbers, but is None",
        ),
        ({"relu_backward": lambda dout, cache: dout * np.nan}, "dx holds NaN"),
    ],
    ids=["missing", "shape", "none", "nan"],
)
def test_a_backward_function_that_fails_is_named_too(functions, problem):
    net = broken(relu_forward=lambda x: (x, None), **functions)
    net.forward(values((3, 2, 4, 4)), "train")
    with pytest.raises(LayerError) as error:
        net.backward(values((3, 2)))
    assert str(error.value).startswith("relu1 (RELU on 3x2x4x4, relu_backward): ")
    assert problem in str(error.value)


def test_volumes_are_freed_as_soon_as_nobody_needs_them():
    alive, seen = [], []

    def relu_forward(x):
        out = x * (x > 0)
        alive.append(weakref.ref(out))
        gc.collect()
        seen.append(sum(ref() is not None for ref in alive))
        return out, None

    net = network(
        "INPUT4x4x2 -> [CONV3-2 -> RELU]*8 -> FC-2", layers={"relu_forward": relu_forward}
    )
    net.forward(values((1, 2, 4, 4)))
    assert max(seen) == 1


def test_backward_frees_each_cache_once_it_is_used():
    class Cache(np.ndarray):
        pass

    caches, alive = [], []

    def relu_forward(x):
        cache = x.copy().view(Cache)
        caches.append(weakref.ref(cache))
        return np.maximum(x, 0), cache

    def relu_backward(dout, cache):
        alive.append(sum(ref() is not None for ref in caches))
        return dout * (np.asarray(cache) > 0)

    functions = {"relu_forward": relu_forward, "relu_backward": relu_backward}
    net = network("INPUT4x4x2 -> [CONV3-2 -> RELU]*5 -> FC-2", layers=functions)
    net.forward(values((1, 2, 4, 4)), "train")
    net.backward(values((1, 2)))
    assert alive == [5, 4, 3, 2, 1]


def test_only_what_is_trainable_is_computed():
    calls = []

    def relu_backward(dout, cache):
        calls.append(1)
        return dout

    functions = {"relu_forward": lambda x: (x, None), "relu_backward": relu_backward}
    net = network("INPUT4x4x2 -> CONV3-2 -> RELU -> last:FC-2", layers=functions)
    net.forward(values((1, 2, 4, 4)), "train")
    dx, grads = net.backward(values((1, 2)), trainable=["last.w", "last.b"], input_gradient=False)
    assert dx is None
    assert set(grads) == {"last.w", "last.b"}
    assert not calls


def test_nothing_is_computed_where_nothing_is_wanted():
    functions = {"affine_forward": lambda x, w, b: (x.reshape(len(x), -1) @ w + b, None)}
    net = network("INPUT4x4x2 -> FC-2", layers=functions)  # whose backward is not there
    net.forward(values((1, 2, 4, 4)), "train")
    assert net.backward(values((1, 2)), trainable=[], input_gradient=False) == (None, {})


def test_a_gradient_that_does_not_arrive_is_zero():
    net = network(NETS["side branch"])
    net.forward(values((1, 3, 4, 4)), "train")
    _, grads = net.backward(values((1, 2)))
    assert not grads["fc1.w"].any()
    assert grads["fc2.w"].any()


def test_values_of_any_layers_can_be_asked_for():
    net = network("INPUT4x4x2 -> CONV3-2 -> RELU -> FC-2")
    x = values((1, 2, 4, 4))
    found = net.forward(x, outputs=["conv1", "relu1", "input"])
    np.testing.assert_array_equal(found["relu1"], np.maximum(found["conv1"], 0))
    np.testing.assert_array_equal(found["input"], x)


def test_side_outputs_rest_unless_they_are_needed():
    calls = []

    def affine_forward(x, w, b):
        calls.append(w.shape)
        return x.reshape(len(x), -1) @ w + b, None

    net = network(NETS["side branch"], layers={"affine_forward": affine_forward})
    net.forward(values((1, 3, 4, 4)))
    assert calls == [(64, 2)]


def test_running_averages_follow_training_and_not_testing():
    net = network("INPUT4x4x2 -> BN -> FC-2")
    x = 3 + values((5, 2, 4, 4))
    net.forward(x, "train")
    mean = net.buffers["batchnorm1.running_mean"].copy()
    np.testing.assert_allclose(mean, 0.1 * x.mean(axis=(0, 2, 3)), rtol=1e-12)
    net.forward(x)
    np.testing.assert_array_equal(net.buffers["batchnorm1.running_mean"], mean)


def test_a_function_cannot_change_running_averages_in_testing():
    def forward(x, gamma, beta, bn_param):
        bn_param["running_mean"] = np.ones(2)
        return x, None

    net = network("INPUT4x4x2 -> BN", layers={"spatial_batchnorm_forward": forward})
    net.forward(values((1, 2, 4, 4)))
    assert not net.buffers["batchnorm1.running_mean"].any()


def test_dropout_draws_anew_each_step_and_alike_for_a_seed():
    text = "INPUT4x4x2 -> DROPOUT0.5 -> FC-2"
    x = np.ones((2, 2, 4, 4))
    one, two, other = network(text), network(text), network(text, seed=1)
    first, second = one.forward(x, "train"), one.forward(x, "train")
    assert np.abs(first - second).max() > 0
    np.testing.assert_array_equal(two.forward(x, "train"), first)
    other.params.update(one.params)
    assert np.abs(other.forward(x, "train") - first).max() > 0
    np.testing.assert_array_equal(one.forward(x), two.forward(x))


def test_loss_of_many_classes_begins_at_their_logarithm():
    net = network("INPUT4x4x2 -> CONV3-2 -> RELU -> FC-10", initialise="gaussian")
    loss, grads = net.loss(values((6, 2, 4, 4)), np.arange(6))
    assert abs(loss - np.log(10)) < 0.01
    assert set(grads) == set(net.params)


@pytest.mark.parametrize("text", [NETS["side branch"], "INPUT4x4x3 -> CONV3-2 -> RELU -> FC-3"])
def test_gradients_of_the_loss_with_regularisation_and_side_outputs(text):
    net = network(text)
    x, y = values((4, 3, 4, 4)), np.array([0, 1, 1, 0])
    _, grads = net.loss(x, y, reg=0.1)
    for name, value in net.params.items():

        def at(new, name=name):
            kept, net.params[name] = net.params[name], new
            result = net.loss(x, y, reg=0.1)[0]
            net.params[name] = kept
            return result

        direction = values(value.shape, 5)
        slope = gradient_check.directional_derivative(at, value, direction)
        assert abs(slope - np.vdot(grads[name], direction)) < 1e-6 * (abs(slope) + 1)


def test_loss_without_labels_gives_scores():
    net = network("INPUT4x4x2 -> FC-3")
    x = values((2, 2, 4, 4))
    np.testing.assert_array_equal(net.loss(x), net.forward(x))


@pytest.mark.parametrize(
    ("use", "problem"),
    [
        (lambda net: net.forward(np.zeros((2, 4, 4))), r"one: `x\[None\]`"),
        (lambda net: net.forward(np.zeros((0, 2, 4, 4))), "a batch of shape"),
        (lambda net: net.forward(np.zeros((1, 4, 4, 2))), "Channels come before"),
        (lambda net: Network("vgg16"), "made of an Architecture, not 'vgg16'"),
        (lambda net: net.forward(np.zeros((1, 2, 4, 4), complex)), "real numbers"),
        (lambda net: net.forward(np.zeros((1, 2, 4, 4)), "training"), '"test", or "train"|"train"'),
        (lambda net: net.backward(np.zeros((1, 3))), "needs forward"),
        (lambda net: net.forward(np.zeros((1, 2, 4, 4)), outputs="fc1"), "several names"),
        (lambda net: net.loss(np.zeros((1, 2, 4, 4)), [3]), "from 0 to 2"),
        (lambda net: net.loss(np.zeros((1, 2, 4, 4)), [0.5]), "whole numbers"),
        (lambda net: net.loss(np.zeros((1, 2, 4, 4)), [0, 1]), r"shape \(1,\)"),
    ],
    ids=[
        "picture",
        "empty",
        "channels",
        "string",
        "complex",
        "mode",
        "forward",
        "name",
        "label",
        "fraction",
        "labels",
    ],
)
def test_what_a_network_cannot_use_is_refused(use, problem):
    with pytest.raises(ValueError, match=problem):
        use(network("INPUT4x4x2 -> FC-3"))


def test_a_gradient_for_the_wrong_batch_is_refused_and_the_right_one_still_works():
    net = network("INPUT4x4x2 -> FC-3")
    net.forward(values((2, 2, 4, 4)), "train")
    with pytest.raises(ValueError, match="shape"):
        net.backward(np.zeros((3, 3)))
    with pytest.raises(ValueError, match="no parameters fc9"):
        net.backward(np.zeros((2, 3)), trainable=["fc9.w"])
    assert net.backward(np.zeros((2, 3)))[0].shape == (2, 2, 4, 4)
    with pytest.raises(ValueError, match="once each time"):
        net.backward(np.zeros((2, 3)))


def test_labels_that_do_not_fit_leave_the_network_as_it_was():
    net = network("INPUT4x4x2 -> BN -> FC-3")
    with pytest.raises(ValueError, match="from 0 to 2"):
        net.loss(values((2, 2, 4, 4)), [0, 3])
    assert not net.buffers["batchnorm1.running_mean"].any()


def test_loss_refuses_a_network_that_ends_in_a_softmax():
    with pytest.raises(ValueError, match="softmax1 gives SOFTMAX"):
        network("INPUT4x4x2 -> FC-3 -> SOFTMAX").loss(np.zeros((1, 2, 4, 4)), [0])


def test_scores_may_be_changed_before_the_backward_pass():
    net = network("INPUT4x4x2 -> FC-3 -> SOFTMAX")
    x, dout = values((2, 2, 4, 4)), values((2, 3), 1)
    net.forward(x, "train")
    wanted, _ = net.backward(dout)
    probabilities = net.forward(x, "train")
    probabilities -= 1
    np.testing.assert_array_equal(net.backward(dout)[0], wanted)


def test_an_output_that_nobody_asks_for_leaves_the_input_without_gradient():
    net = network("INPUT4x4x3 -> CONV3-2 -> FC-2")
    net.forward(values((2, 3, 4, 4)), "train")
    dx, grads = net.backward({})
    assert dx.shape == (2, 3, 4, 4)
    assert not dx.any()
    assert not any(grad.any() for grad in grads.values())


def test_parameters_that_do_not_fit_are_all_named():
    net = network("INPUT4x4x2 -> FC-3")
    params = {"fc1.w": np.zeros((3, 32)), "fc2.w": np.zeros(3)}
    with pytest.raises(ValueError) as error:  # noqa: PT011
        Network(net.architecture, params)
    for part in ("fc1.b is missing", "fc2.w is left over", "should have shape (32, 3)"):
        assert part in str(error.value)


@pytest.mark.parametrize("dtype", [np.int64, np.float16, complex])
def test_parameters_of_another_dtype_are_named(dtype):
    net = network("INPUT4x4x2 -> FC-3")
    net.params["fc1.b"] = net.params["fc1.b"].astype(dtype)
    with pytest.raises(ValueError, match=f"fc1.b is an array of {np.dtype(dtype)}"):
        Network(net.architecture, net.params)


def test_float32_stays_float32_whatever_the_functions_give():
    text = "INPUT5x5x2 -> CONV3-2 -> POOL3/2 -> LRN3 -> FC-2"
    net = Network(parse(text), layers=plain_student_layers)
    out = net.forward(values((1, 2, 5, 5)), "train")
    dx, grads = net.backward(np.ones_like(out))
    assert {out.dtype, dx.dtype, *(grad.dtype for grad in grads.values())} == {np.dtype(np.float32)}


def test_progress_is_shown_when_asked_for(capsys):
    net = network("INPUT4x4x2 -> CONV3-2 -> FC-3")
    net.forward(values((1, 2, 4, 4)), progress=True)
    assert "MAC" in capsys.readouterr().err
    net.forward(values((1, 2, 4, 4)))
    assert capsys.readouterr().err == ""


def test_1998s_lenet_runs_and_its_scores_are_distances():
    net = Network(build("lenet5_1998"))
    out = net.forward(values((2, 1, 32, 32)))
    assert out.shape == (2, 10)
    assert (out >= 0).all()


def test_default_functions_are_the_fast_ones():
    net = Network(build("lenet5"))
    assert net.functions["conv1"] in vars(fast_layers)
    assert net.functions["pool1"] in vars(fast_layers)
