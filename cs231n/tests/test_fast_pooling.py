"""Fast pooling: gradients, edges, ties, types, errors, and the same bits whoever computes them."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs231n import fast_pooling
from cs231n.gradient_check import numeric_gradient, relative_error
from cs231n.threads import set_num_threads

LAYERS = {
    name: (
        getattr(fast_pooling, f"{name}_pool_forward_fast"),
        getattr(fast_pooling, f"{name}_pool_backward_fast"),
    )
    for name in ("max", "avg", "l2")
}
max_forward, max_backward = LAYERS["max"]
avg_forward, avg_backward = LAYERS["avg"]
l2_forward, l2_backward = LAYERS["l2"]
needs_compiled = pytest.mark.skipif(
    fast_pooling.BACKEND != "cython", reason="the compiled module is not here"
)
every_layer = pytest.mark.parametrize("layer", LAYERS)
pytestmark = pytest.mark.usefixtures("backend")


def pool(HH, WW, stride, **more):
    return {"pool_height": HH, "pool_width": WW, "stride": stride, **more}


def both_ways(layer, x, pool_param):
    """out, the gradient of a fixed dout, and for max pooling the winners."""
    forward, backward = LAYERS[layer]
    out, cache = forward(x, pool_param)
    dout = np.random.default_rng(9).standard_normal(out.shape).astype(out.dtype)
    winner = (cache[2],) if layer == "max" else ()
    return out, backward(dout, cache), *winner


@every_layer
@pytest.mark.parametrize(
    "pool_param",
    [
        pool(2, 2, 2),
        pool(3, 3, 2),
        pool(1, 3, 2),
        pool(2, 1, 3),
        pool(5, 4, 1),
        pool(3, 1, 4),
        pool(3, 2, (1, 3), pad=(2, 1), rounding="floor"),
        pool(3, 3, 2, pad=1, rounding="ceil"),
        pool(4, 5, 3, pad=(3, 4), rounding="ceil"),
    ],
    ids=str,
)
def test_gradients_agree_with_centred_differences(layer, pool_param):
    stride = np.broadcast_to(pool_param["stride"], 2)
    H, W = pool_param["pool_height"] + 2 * stride[0], pool_param["pool_width"] + stride[1]
    rng = np.random.default_rng(2)
    size = 2 * 3 * H * W
    x = 1 + rng.permutation(size).reshape(2, 3, H, W) / size  # no ties
    x *= rng.choice([-1, 1], x.shape)
    forward, backward = LAYERS[layer]
    out, cache = forward(x, pool_param)
    dout = rng.uniform(0.5, 1.5, out.shape)  # of one sign, so that no digits cancel
    numeric = numeric_gradient(lambda x: forward(x, pool_param)[0], x, dout)
    assert relative_error(backward(dout, cache), numeric) < 1e-7


@every_layer
@pytest.mark.parametrize("rounding", ["exact", "floor", "ceil"])
def test_every_window_holds_the_pixels_that_a_plain_loop_finds(layer, rounding):
    H, W = (7, 9) if rounding == "exact" else (8, 12)
    x = np.random.default_rng(3).standard_normal((1, 2, H, W))
    out, _ = LAYERS[layer][0](x, pool(3, 5, 2, pad=(1, 2), rounding=rounding))
    H_out, W_out = {"exact": (4, 5), "floor": (4, 6), "ceil": (5, 7)}[rounding]
    assert out.shape == (1, 2, H_out, W_out)
    of_window = {"max": np.max, "avg": np.mean, "l2": np.linalg.norm}[layer]
    for c, i, j in np.ndindex(2, H_out, W_out):
        rows = slice(max(2 * i - 1, 0), 2 * i + 2)
        window = x[0, c, rows, max(2 * j - 2, 0) : 2 * j + 3]
        assert out[0, c, i, j] == pytest.approx(of_window(window), rel=1e-14)


def test_overlapping_pool_gradient_adds_up():
    x = np.zeros((1, 1, 3, 5))
    x[0, 0, 1, 2] = 1.0  # the maximum of both windows
    out, cache = max_forward(x, pool(3, 3, 2))
    dx = max_backward(np.array([[[[2.0, 3.0]]]]), cache)
    np.testing.assert_array_equal(out, [[[[1.0, 1.0]]]])
    assert dx[0, 0, 1, 2] == 5.0
    assert dx.sum() == 5.0
    _, cache = avg_forward(x, pool(3, 3, 2))
    dx = avg_backward(np.array([[[[9.0, 18.0]]]]), cache)
    np.testing.assert_allclose(dx[0, 0], [[1, 1, 3, 2, 2]] * 3, rtol=1e-15)


@pytest.mark.parametrize("width", [2, 64])  # by itself, and many in a vector
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_pool_of_negative_numbers_is_not_zero_and_nan_is_not_lost(width, dtype):
    x = np.tile(-np.arange(1.0, 5.0, dtype=dtype).reshape(2, 2), width // 2)[None, None]
    assert (max_forward(x, pool(2, 2, 2))[0] == -1.0).all()
    for place in np.ndindex(2, 2):
        broken = x.copy()
        broken[0, 0, place[0], place[1] :: 2] = np.nan
        out, cache = max_forward(broken, pool(2, 2, 2))
        assert np.isnan(out).all()
        dx = max_backward(np.ones_like(out), cache)  # and it is the NaN that gets the gradient
        np.testing.assert_array_equal(dx, np.isnan(broken))


@pytest.mark.parametrize("tie", [0, 1, -np.inf, np.nan])
@pytest.mark.parametrize("pad", [0, 1])
def test_on_a_tie_the_first_pixel_inside_gets_the_whole_gradient(tie, pad):
    _, cache = max_forward(np.full((1, 1, 2, 40), tie), pool(2, 2, 2, pad=pad))
    dx = max_backward(np.ones((1, 1, 1 + pad, 20 + pad)), cache)
    expected = np.zeros((2, 40))
    if pad:  # windows begin a row and a column before the picture
        expected[:, 0] = expected[:, 1::2] = 1
    else:
        expected[0, ::2] = 1
    np.testing.assert_array_equal(dx[0, 0], expected)


def test_an_infinite_gradient_reaches_its_pixel_only():
    _, cache = max_forward(np.arange(4.0).reshape(1, 1, 2, 2), pool(2, 2, 2))
    dx = max_backward(np.full((1, 1, 1, 1), np.inf), cache)
    np.testing.assert_array_equal(dx.ravel(), [0, 0, 0, np.inf])


@pytest.mark.parametrize(("size", "bytes_each"), [(16, 1), (20, 2), (257, 4)])
def test_windows_of_more_than_256_pixels_remember_which_one_won(size, bytes_each):
    x = np.arange(1.0 * size * size).reshape(1, 1, size, size)
    _, cache = max_forward(x, pool(size, size, 1))
    assert cache[2].itemsize == bytes_each
    assert max_backward(np.ones((1, 1, 1, 1)), cache)[0, 0, -1, -1] == 1


def test_padding_does_not_count_in_an_average():
    out, cache = avg_forward(np.full((1, 1, 4, 4), 6.0), pool(2, 2, 2, pad=1))
    assert (out == 6).all()
    dx = avg_backward(np.full(out.shape, 4.0), cache)
    np.testing.assert_array_equal(dx[0, 0, :2], [[4, 2, 2, 4], [2, 1, 1, 2]])


def test_l2_pool_of_zeros_is_zero_and_so_is_its_gradient():
    x = np.zeros((1, 1, 2, 4))
    x[0, 0, :, 0] = 3, 4
    out, cache = l2_forward(x, pool(2, 2, 2))
    np.testing.assert_array_equal(out, [[[[5, 0]]]])
    dx = l2_backward(np.full((1, 1, 1, 2), 5.0), cache)
    np.testing.assert_allclose(dx[0, 0], [[3, 0, 0, 0], [4, 0, 0, 0]], rtol=1e-15)


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_l2_pool_of_float32_neither_vanishes_nor_overflows(size):
    x = np.full((1, 1, 2, 2), size, np.float32)
    out, cache = l2_forward(x, pool(2, 2, 2))
    np.testing.assert_allclose(out, 2 * x[..., :1, :1], rtol=1e-6)
    np.testing.assert_allclose(l2_backward(np.ones_like(out), cache), 0.5, rtol=1e-6)


@needs_compiled
@given(data=st.data(), layer=st.sampled_from(sorted(LAYERS)))
@settings(max_examples=120, deadline=None, derandomize=True)
def test_numpy_and_compiled_pooling_agree_to_the_last_bit(data, layer):
    draw = data.draw
    HH, WW, sh, sw, N, C = (draw(st.integers(1, top)) for top in (5, 5, 4, 4, 3, 2))
    pad = draw(st.integers(0, HH - 1)), draw(st.integers(0, WW - 1))
    H = draw(st.integers(max(1, HH - 2 * pad[0]), 12))
    W = draw(st.integers(max(1, WW - 2 * pad[1]), 40))
    x = np.random.default_rng(draw(st.integers(0, 99))).integers(-3, 3, (N, C, H, W))  # many ties
    x = x.astype(draw(st.sampled_from([np.float32, np.float64, np.int16])))
    if x.dtype.kind == "f":
        for value in (np.nan, np.inf, -np.inf):
            x[np.random.default_rng(int(H + W)).random(x.shape) < 0.05] = value
    if draw(st.booleans()):
        x = np.asfortranarray(x)
    param = pool(HH, WW, (sh, sw), pad=pad, rounding=draw(st.sampled_from(["floor", "ceil"])))
    with np.errstate(all="ignore"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(fast_pooling, "_compiled", fast_pooling.compiled("cs231n.kernels.pointwise"))
        compiled = both_ways(layer, x, param)
        patch.setattr(fast_pooling, "_compiled", None)
        for got, expected in zip(compiled, both_ways(layer, x, param), strict=True):
            np.testing.assert_array_equal(got, expected)
            assert got.dtype == expected.dtype


@every_layer
@pytest.mark.parametrize("target", ["portable", "avx2", "avx512"])
def test_every_processor_gives_the_same_bits(layer, target, monkeypatch):
    threads = pytest.importorskip("cs231n.kernels.threads")
    for dtype in (np.float32, np.float64):
        x = np.random.default_rng(4).standard_normal((2, 3, 21, 45)).astype(dtype)
        for param in (pool(2, 2, 2, rounding="floor"), pool(3, 3, 2), pool(3, 5, 1), pool(3, 3, 3)):
            monkeypatch.delenv("CS231N_CPU", raising=False)
            expected = both_ways(layer, x, param)
            monkeypatch.setenv("CS231N_CPU", target)
            if threads.processor() != target:
                pytest.skip(f"this processor has no {target}")
            for got, wanted in zip(both_ways(layer, x, param), expected):
                np.testing.assert_array_equal(got, wanted)


@pytest.mark.usefixtures("threads_as_before")
@every_layer
def test_the_number_of_threads_changes_no_bit(layer):
    x = np.random.default_rng(5).standard_normal((4, 5, 48, 51)).astype(np.float32)
    results = []
    for count in (1, 2, 3):
        set_num_threads(count)
        results.append(both_ways(layer, x, pool(3, 3, 2, rounding="floor")))
    for other in results[1:]:
        for got, expected in zip(other, results[0]):
            np.testing.assert_array_equal(got, expected)


@every_layer
def test_inputs_are_left_as_they_are_and_their_order_does_not_matter(layer):
    x = np.random.default_rng(6).standard_normal((2, 3, 6, 20))
    x.flags.writeable = False
    forward, backward = LAYERS[layer]
    out, cache = forward(x, pool(2, 3, (2, 1)))
    out.flags.writeable = False
    dx = backward(out, cache)
    for other in (np.asfortranarray(x), x.swapaxes(2, 3).copy().swapaxes(2, 3)):
        again, cache = forward(other, pool(2, 3, (2, 1)))
        np.testing.assert_array_equal(again, out)
        np.testing.assert_array_equal(backward(np.asfortranarray(out), cache), dx)


@every_layer
def test_float32_stays_float32_and_whole_numbers_become_float64(layer):
    for given_type, expected in ((np.float32, np.float32), (np.uint8, np.float64), (">f4", "f4")):
        out, dx = both_ways(layer, np.full((1, 1, 4, 4), 200, given_type), pool(2, 2, 2))[:2]
        assert out.dtype == dx.dtype == expected
        assert (out == (400 if layer == "l2" else 200)).all()


@every_layer
@pytest.mark.parametrize(
    ("pool_param", "message"),
    [
        ({"pool_height": 1, "pool_width": 1}, "pool_param should have"),
        (pool(1, 1, 1, padding=1), "pool_param should have"),  # and not silently unpadded
        ([2, 2, 2], "pool_param should be a dict"),
        (pool(2, 2, 2), "1 pixel is left over"),
        (pool(8, 2, 1), "spans 8 pixels"),
        (pool(2, 2, 0), "stride should be at least 1"),
        (pool(2, 2, 1, pad=2), "pad should be smaller than the window"),
        (pool(2, 3, 1, pad=(0, 3)), "pad should be smaller than the window"),
        (pool(2, 2, 1, rounding="up"), "rounding should be"),
    ],
    ids=str,
)
def test_windows_that_do_not_fit_are_refused_by_name(layer, pool_param, message):
    with pytest.raises(ValueError, match=message):
        LAYERS[layer][0](np.zeros((1, 2, 7, 6)), pool_param)


@every_layer
def test_arrays_of_the_wrong_shape_are_refused(layer):
    forward, backward = LAYERS[layer]
    for shape in ((3, 4, 4), (0, 1, 4, 4), (1, 1, 4, 0)):
        with pytest.raises(ValueError, match=r"\(N, C, H, W\)"):
            forward(np.zeros(shape), pool(2, 2, 2))
    out, cache = forward(np.ones((1, 2, 4, 4)), pool(2, 2, 2))
    for wrong in (out[:, :1], out[0], out[..., :1]):
        with pytest.raises(ValueError, match="dout should have the shape of out"):
            backward(wrong, cache)


@pytest.mark.parametrize("param", [pool(2, 2, 2), pool(3, 3, 1, pad=1), pool(17, 17, 1, pad=1)])
def test_a_damaged_cache_cannot_write_outside_the_picture(param):
    x = np.random.default_rng(7).standard_normal((2, 2, 20, 20))
    out, cache = max_forward(x, param)
    cache[2][:] = np.iinfo(cache[2].dtype).max
    assert max_backward(out, cache).shape == x.shape  # the sanitizers see the rest


@needs_compiled
def test_the_compiled_module_checks_sizes_itself():
    module = fast_pooling.compiled("cs231n.kernels.pointwise")
    x, out, winner = np.zeros((1, 4, 4)), np.zeros((1, 2, 2)), np.zeros(4, np.uint8)
    module.max_pool_forward(x, out, winner, (2, 2, 2, 2, 0, 0))
    for slip in (
        (x, out, winner[:3], (2, 2, 2, 2, 0, 0)),
        (x, np.zeros((2, 2, 2)), winner, (2, 2, 2, 2, 0, 0)),
        (x, out, winner, (2, 2, 5, 2, 0, 0)),
        (x, out, winner, (2, 2, 2, 2, 2, 0)),
        (x, out, winner, (2, 2, 2, 0, 0, 0)),
        (x[:0], out[:0], winner[:0], (2, 2, 2, 2, 0, 0)),
    ):
        with pytest.raises(ValueError, match="does not fit"):
            module.max_pool_forward(*slip)


WITHOUT_COMPILED = """
import sys, warnings
sys.modules["cs231n.kernels.pointwise"] = None      # as if it had never been built
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    from cs231n import fast_optim, fast_pointwise, fast_pooling
messages = [str(w.message) for w in caught if "pointwise" in str(w.message)]
assert len(messages) == 1, messages
assert "slower" in messages[0] and "pip install" in messages[0], messages
assert {m.BACKEND for m in (fast_optim, fast_pointwise, fast_pooling)} == {"numpy"}
"""


def test_without_a_compiler_one_warning_says_what_is_slower():
    environment = {k: v for k, v in os.environ.items() if k != "CS231N_BACKEND"}
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_COMPILED], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr


def test_the_environment_can_ask_for_numpy():
    script = "from cs231n import fast_pooling as f; assert f.BACKEND == 'numpy' and not f._compiled"
    environment = os.environ | {"CS231N_BACKEND": "numpy"}
    assert subprocess.run([sys.executable, "-c", script], env=environment).returncode == 0
