"""ReLU and batch normalisation: gradients, precision, running averages, types, errors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs231n import fast_pointwise
from cs231n.fast_pointwise import (
    batchnorm_backward_fast,
    batchnorm_forward_fast,
    relu_backward_fast,
    relu_forward_fast,
    spatial_batchnorm_backward_fast,
    spatial_batchnorm_forward_fast,
)
from cs231n.gradient_check import numeric_gradient, relative_error
from cs231n.threads import set_num_threads

needs_compiled = pytest.mark.skipif(
    fast_pointwise.BACKEND != "cython", reason="the compiled module is not here"
)
LAYERS = {
    "flat": (batchnorm_forward_fast, batchnorm_backward_fast, (6, 5)),
    "spatial": (spatial_batchnorm_forward_fast, spatial_batchnorm_backward_fast, (3, 5, 2, 4)),
}
every_batchnorm = pytest.mark.parametrize("kind", LAYERS)
pytestmark = pytest.mark.usefixtures("backend")


def case(shape, seed=0, dtype=np.float64):
    """x, gamma, beta and a gradient on out."""
    rng = np.random.default_rng(seed)
    arrays = (
        3 * rng.standard_normal(shape) + 2,
        rng.uniform(0.5, 2, shape[1]),
        rng.standard_normal(shape[1]),
        rng.standard_normal(shape),
    )
    return [array.astype(dtype) for array in arrays]


def everything(kind, x, gamma, beta, dout, bn_param):
    forward, backward, _ = LAYERS[kind]
    out, cache = forward(x, gamma, beta, bn_param)
    running = [bn_param[f"running_{name}"] for name in ("mean", "var")]
    return [out, *backward(dout, cache), *running]


def test_relu_worked_by_hand():
    out, cache = relu_forward_fast([[-1.0, 0.0, 2.0], [3.0, -np.inf, np.inf]])
    np.testing.assert_array_equal(out, [[0, 0, 2], [3, 0, np.inf]])
    dx = relu_backward_fast([[1.0, 2.0, 3.0], [np.inf, np.nan, 6.0]], cache)
    np.testing.assert_array_equal(dx, [[0, 0, 3], [np.inf, 0, 6]])


def test_relu_does_not_lose_a_nan():
    x = np.ones(70)
    x[::7] = np.nan
    out, cache = relu_forward_fast(x)
    np.testing.assert_array_equal(out, x)
    np.testing.assert_array_equal(relu_backward_fast(np.ones(70), cache), ~np.isnan(x))


def test_relu_gradient_does_not_follow_a_later_change_of_x_or_out():
    x = np.array([1.0, -1.0])
    out, cache = relu_forward_fast(x)
    x *= -1
    out[:] = 0
    np.testing.assert_array_equal(relu_backward_fast([5.0, 5.0], cache), [5, 0])


@needs_compiled
@pytest.mark.parametrize("shape", [(), (1,), (3, 5), (2, 3, 4, 5), (40_001,), (2, 33_000)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int8])
def test_numpy_and_compiled_relu_agree(shape, dtype, monkeypatch):
    x = np.asfortranarray((np.random.default_rng(1).standard_normal(shape) * 9).astype(dtype))
    results = []
    for module in (fast_pointwise.compiled("cs231n.kernels.pointwise"), None):
        monkeypatch.setattr(fast_pointwise, "_compiled", module)
        out, cache = relu_forward_fast(x)
        results.append((out, relu_backward_fast(out + 1, cache)))
    for got, expected in zip(*results):
        np.testing.assert_array_equal(got, expected)
        assert got.dtype == expected.dtype == (np.float32 if dtype == np.float32 else np.float64)


def test_batchnorm_worked_by_hand():
    bn_param = {"mode": "train", "eps": 1e-300}
    out, _ = batchnorm_forward_fast([[1.0, 10.0], [3.0, 50.0]], [1.0, 2.0], [0.0, 5.0], bn_param)
    np.testing.assert_allclose(out, [[-1, 3], [1, 7]], rtol=1e-15)
    np.testing.assert_allclose(bn_param["running_mean"], [0.2, 3.0], rtol=1e-14)
    np.testing.assert_allclose(bn_param["running_var"], [0.1, 40.0], rtol=1e-14)


@every_batchnorm
@pytest.mark.parametrize("mode", ["train", "test"])
def test_batchnorm_gradients_agree_with_centred_differences(kind, mode):
    forward, backward, shape = LAYERS[kind]
    x, gamma, beta, dout = case(shape)

    def param():
        return {"mode": mode, "running_mean": np.full(5, 1.5), "running_var": np.full(5, 7.0)}

    _, cache = forward(x, gamma, beta, param())
    for gradient, values, function in zip(
        backward(dout, cache),
        (x, gamma, beta),
        (
            lambda x: forward(x, gamma, beta, param())[0],
            lambda gamma: forward(x, gamma, beta, param())[0],
            lambda beta: forward(x, gamma, beta, param())[0],
        ),
    ):
        assert relative_error(gradient, numeric_gradient(function, values, dout)) < 1e-7


def test_spatial_batchnorm_is_batchnorm_over_all_pixels():
    x, gamma, beta, dout = case((3, 5, 2, 4))
    got = everything("spatial", x, gamma, beta, dout, {"mode": "train"})
    flat = [array.transpose(0, 2, 3, 1).reshape(-1, 5) for array in (x, dout)]
    expected = everything("flat", flat[0], gamma, beta, flat[1], {"mode": "train"})
    for k in (0, 1):
        expected[k] = expected[k].reshape(3, 2, 4, 5).transpose(0, 3, 1, 2)
    for a, b in zip(got, expected):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


@every_batchnorm
def test_a_large_mean_does_not_spoil_the_variance(kind):
    forward, _, shape = LAYERS[kind]
    x = case(shape, dtype=np.float32)[0]
    x = (x + np.float32(1e5)).astype(np.float32)
    out, _ = forward(x, np.ones(5, np.float32), np.zeros(5, np.float32), {"mode": "train"})
    axes = (0,) if kind == "flat" else (0, 2, 3)
    exact = x.astype(np.float64)
    exact -= exact.mean(axis=axes, keepdims=True)
    exact /= np.sqrt((exact**2).mean(axis=axes, keepdims=True) + 1e-5)
    np.testing.assert_allclose(out, exact, rtol=1e-6, atol=1e-7)


@every_batchnorm
def test_testing_uses_the_running_averages_and_leaves_them_alone(kind):
    forward, _, shape = LAYERS[kind]
    x, gamma, beta, _ = case(shape)
    bn_param = {"mode": "test", "running_mean": np.full(5, 2.0), "running_var": np.full(5, 3.0)}
    for array in bn_param.values():
        if not isinstance(array, str):
            array.flags.writeable = False
    out, _ = forward(x, gamma, beta, bn_param)
    along = (5,) if kind == "flat" else (5, 1, 1)
    expected = (x - 2) / np.sqrt(3 + 1e-5) * gamma.reshape(along) + beta.reshape(along)
    np.testing.assert_allclose(out, expected, rtol=1e-13, atol=1e-14)
    assert (bn_param["running_mean"] == 2).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_running_averages_are_updated_in_the_arrays_that_were_given(dtype):
    x, gamma, beta, _ = case((6, 5))
    mean, var = np.ones(5, dtype), np.ones(5, dtype)
    bn_param = {"mode": "train", "momentum": 0.75, "running_mean": mean, "running_var": var}
    batchnorm_forward_fast(x, gamma, beta, bn_param)
    assert bn_param["running_mean"] is mean
    assert bn_param["running_var"] is var
    np.testing.assert_allclose(mean, 0.75 + 0.25 * x.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(var, 0.75 + 0.25 * x.var(axis=0), rtol=1e-6)


def test_running_averages_that_cannot_be_written_to_are_replaced():
    x, gamma, beta, _ = case((6, 5))
    mean = np.ones(5)
    mean.flags.writeable = False
    bn_param = {"mode": "train", "running_mean": mean, "running_var": [1, 1, 1, 1, 1]}
    batchnorm_forward_fast(x, gamma, beta, bn_param)
    assert (mean == 1).all()
    np.testing.assert_allclose(bn_param["running_mean"], 0.9 + 0.1 * x.mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(bn_param["running_var"], 0.9 + 0.1 * x.var(axis=0), rtol=1e-13)


@needs_compiled
@given(data=st.data(), kind=st.sampled_from(sorted(LAYERS)))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_numpy_and_compiled_batchnorm_agree(data, kind):
    N, C = data.draw(st.integers(2, 9)), data.draw(st.sampled_from([1, 3, 64, 65, 1030]))
    pixels = (data.draw(st.integers(1, 9)), data.draw(st.integers(1, 40)))
    shape = (N, C) if kind == "flat" else (N, min(C, 65), *pixels)
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    x, gamma, beta, dout = case(shape, data.draw(st.integers(0, 99)), dtype)
    if data.draw(st.booleans()):
        x = np.asfortranarray(x)
    param = {"mode": data.draw(st.sampled_from(["train", "test"]))}
    results = []
    for module in (fast_pointwise.compiled("cs231n.kernels.pointwise"), None):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(fast_pointwise, "_compiled", module)
            averages = {"running_mean": np.zeros(shape[1]), "running_var": np.ones(shape[1])}
            results.append(everything(kind, x, gamma, beta, dout, param | averages))
    near = 1e-11 if dtype == np.float64 else 1e-5
    for got, expected in zip(*results, strict=True):
        np.testing.assert_allclose(got, expected, rtol=near, atol=10 * near)
        assert got.dtype == expected.dtype


@pytest.mark.usefixtures("threads_as_before")
@every_batchnorm
def test_the_number_of_threads_and_the_processor_change_no_bit(kind, monkeypatch):
    shape = (70, 700) if kind == "flat" else (4, 9, 40, 30)
    arrays = case(shape, dtype=np.float32)
    results = []
    for count, target in ((1, "avx512"), (2, "avx2"), (3, "portable"), (1, "portable")):
        set_num_threads(count)
        monkeypatch.setenv("CS231N_CPU", target)
        relu = relu_forward_fast(arrays[0])
        results.append([*everything(kind, *arrays, {"mode": "train"}), *relu])
    for other in results[1:]:
        for got, expected in zip(other, results[0]):
            np.testing.assert_array_equal(got, expected)


@every_batchnorm
def test_inputs_are_left_as_they_are(kind):
    arrays = case(LAYERS[kind][2])
    for array in arrays:
        array.flags.writeable = False
    everything(kind, *arrays, {"mode": "train"})


@every_batchnorm
def test_float32_stays_float32_and_anything_else_becomes_float64(kind):
    arrays = case(LAYERS[kind][2], dtype=np.float32)
    results = everything(kind, *arrays, {"mode": "train"})
    assert {r.dtype for r in results} == {np.dtype(np.float32)}
    arrays[1] = np.ones(5)
    results = everything(kind, *arrays, {"mode": "train"})
    assert {r.dtype for r in results} == {np.dtype(np.float64)}
    arrays[0] = arrays[0].astype(np.uint8)
    assert everything(kind, *arrays, {"mode": "train"})[0].dtype == np.float64


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(x=np.zeros((3, 5, 2, 2))), "spatial_batchnorm_forward_fast"),
        (dict(x=np.zeros((0, 5))), r"\(N, D\)"),
        (dict(x=np.zeros((3, 5), complex)), "real numbers"),
        (dict(gamma=np.zeros(4)), r"gamma should have shape \(D,\) = \(5,\)"),
        (dict(beta=np.zeros((5, 1))), "beta should have shape"),
        (dict(bn_param={}), "bn_param should have"),
        (dict(bn_param={"mode": "train", "epsilon": 1}), "bn_param should have"),
        (dict(bn_param={"mode": "eval"}), '"train" or "test"'),
        (dict(bn_param={"mode": "test"}), "which training leaves there"),
        (dict(bn_param={"mode": "train", "eps": 0}), "eps"),
        (dict(bn_param={"mode": "train", "momentum": 1.5}), "momentum"),
        (dict(bn_param={"mode": "train", "running_mean": np.zeros(4)}), "running_mean"),
        (
            dict(bn_param={"mode": "test", "running_mean": [0] * 5, "running_var": [-1] * 5}),
            "no negative",
        ),
    ],
)
def test_arguments_that_do_not_fit_are_refused_by_name(change, message):
    x, gamma, beta, _ = case((6, 5))
    arguments = dict(x=x, gamma=gamma, beta=beta, bn_param={"mode": "train"}) | change
    with pytest.raises(ValueError, match=message):
        batchnorm_forward_fast(**arguments)


def test_one_array_for_both_running_averages_is_refused():
    zeros = np.zeros(5)
    bn_param = {"mode": "train", "running_mean": zeros, "running_var": zeros}
    with pytest.raises(ValueError, match="each needs its own"):
        batchnorm_forward_fast(*case((6, 5))[:3], bn_param)


def test_gradients_of_the_wrong_shape_and_empty_arrays_are_refused():
    with pytest.raises(ValueError, match="at least one value"):
        relu_forward_fast(np.zeros((3, 0)))
    _, cache = relu_forward_fast(np.ones((2, 3)))
    with pytest.raises(ValueError, match="shape of out"):
        relu_backward_fast(np.ones((3, 2)), cache)
    for forward, backward, shape in LAYERS.values():
        x, gamma, beta, dout = case(shape)
        _, cache = forward(x, gamma, beta, {"mode": "train"})
        with pytest.raises(ValueError, match="shape of out"):
            backward(dout[1:], cache)
    with pytest.raises(ValueError, match=r"\(N, C, H, W\)"):
        spatial_batchnorm_forward_fast(np.ones((2, 5)), gamma, beta, {"mode": "train"})
