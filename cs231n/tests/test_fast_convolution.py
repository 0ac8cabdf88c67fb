"""The convolution kernels: each algorithm against float64 columns, any sizes, and errors."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cs231n import fast_layers
from cs231n.fast_layers import conv_backward_fast, conv_forward_fast
from cs231n.gradient_check import numeric_gradient, relative_error
from cs231n.tests.convolution_cases import (
    ORDINARY,
    assert_as_promised,
    compiled,
    exact,
    results,
    values,
)


@st.composite
def layers(draw):
    """(x shape, w shape, out shape, conv_param) of a layer of any kind, small."""
    groups = draw(st.sampled_from([1, 1, 1, 2, 3]))
    Cg, Fg = draw(st.integers(1, 9)), draw(st.integers(1, 14))
    pair = lambda least, most: draw(st.tuples(*[st.integers(least, most)] * 2))  # noqa: E731
    taps, stride, pad, dilation, places = (
        pair(1, 5),
        pair(1, 4),
        pair(0, 3),
        pair(1, 3),
        pair(1, 19),
    )
    size = [
        (n - 1) * s + (k - 1) * d + 1 - 2 * p
        for n, s, k, d, p in zip(places, stride, taps, dilation, pad)
    ]
    assume(min(size) >= 1)
    N = draw(st.integers(1, 3))
    param = {"stride": stride, "pad": pad, "dilation": dilation, "groups": groups}
    return (N, groups * Cg, *size), (groups * Fg, Cg, *taps), (N, groups * Fg, *places), param


@compiled
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("algorithm", ["direct", "im2col"])
@given(layer=layers(), seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_any_layer_comes_out_as_exact_as_promised(algorithm, dtype, layer, seed):
    *shapes, param = layer
    arrays = values(*shapes, dtype, seed)
    assert_as_promised(algorithm, dtype, results(*arrays, param, algorithm), exact(*arrays, param))


@compiled
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("algorithm", ["direct", "im2col"])
@pytest.mark.parametrize("size", [6, 7, 10, 12, 19])
@pytest.mark.parametrize("taps", [1, 3])
def test_sums_over_many_channels_count_each_once_at_any_size(algorithm, dtype, size, taps):
    # So many that the filters are worked off in stretches, in rows that do not fill vectors.
    C, F = (700, 530) if taps == 1 else (80, 70)
    arrays = values((2, C, size, size), (F, C, taps, taps), (2, F, size, size), dtype)
    param = {"stride": 1, "pad": taps // 2}
    assert_as_promised(algorithm, dtype, results(*arrays, param, algorithm), exact(*arrays, param))


@compiled
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(
    sizes=st.tuples(*[st.integers(1, n) for n in (3, 35, 50, 33, 33)]),
    pad=st.tuples(st.integers(0, 2), st.integers(0, 2)),
)
@settings(max_examples=60, deadline=None)
def test_winograd_is_as_exact_as_promised(dtype, sizes, pad):
    N, C, F, H, W = sizes
    out = [n + 2 * p - 2 for n, p in zip((H, W), pad)]
    assume(min(out) >= 1)
    arrays = values((N, C, H, W), (F, C, 3, 3), (N, F, *out), dtype)
    param = {"stride": 1, "pad": pad}
    assert_as_promised(
        "winograd", dtype, results(*arrays, param, "winograd"), exact(*arrays, param)
    )


@compiled
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("algorithm", ["direct", "im2col", "winograd"])
def test_long_sums_are_as_exact_as_promised(algorithm, dtype):
    # 2,304 products for an output, 8,192 for a filter's gradient: rounding errors add up
    arrays = values((8, 256, 32, 32), (32, 256, 3, 3), (8, 32, 32, 32), dtype)
    assert_as_promised(
        algorithm, dtype, results(*arrays, ORDINARY, algorithm), exact(*arrays, ORDINARY)
    )


@pytest.mark.parametrize("rounding", ["floor", "ceil"])
@pytest.mark.parametrize("algorithm", ["auto", "direct", "im2col"])
def test_a_stride_that_does_not_divide_can_be_rounded(algorithm, rounding):
    if fast_layers.kernels is None and algorithm == "direct":
        pytest.skip("the compiled kernels are not built")
    places = {"floor": (3, 4), "ceil": (4, 4)}[rounding]  # of (8 - 3) / 2 + 1 and (9 - 3) / 2 + 1
    arrays = values((2, 3, 8, 9), (4, 3, 3, 3), (2, 4, *places), np.float64)
    param = {"stride": 2, "pad": 0, "rounding": rounding}
    assert_as_promised(
        "im2col", np.float64, results(*arrays, param, algorithm), exact(*arrays, param)
    )


@pytest.mark.parametrize(
    ("x_shape", "w_shape", "param"),
    [
        ((2, 8, 7, 6), (9, 8, 3, 3), ORDINARY),  # Winograd
        ((2, 4, 7, 6), (3, 4, 3, 2), {"stride": (2, 1), "pad": (1, 1)}),
        ((2, 4, 5, 5), (6, 2, 3, 3), {"stride": 1, "pad": 2, "dilation": 2, "groups": 2}),
        ((2, 3, 4, 4), (5, 3, 1, 1), {"stride": 1, "pad": 0}),
        ((3, 2, 4, 3), (5, 2, 4, 3), {"stride": 1, "pad": 0}),  # fully connected
    ],
)
def test_gradients_of_what_auto_picks_pass_a_strict_check(x_shape, w_shape, param):
    rng = np.random.default_rng(5)
    x, w, b = (rng.standard_normal(s) for s in (x_shape, w_shape, w_shape[:1]))
    out, cache = conv_forward_fast(x, w, b, param)
    dout = rng.standard_normal(out.shape)
    for gradient, array, forward in zip(
        conv_backward_fast(dout, cache),
        (x, w, b),
        (
            lambda x: conv_forward_fast(x, w, b, param)[0],
            lambda w: conv_forward_fast(x, w, b, param)[0],
            lambda b: conv_forward_fast(x, w, b, param)[0],
        ),
    ):
        # The layer is linear in each: a large step costs nothing and rounds less.
        assert relative_error(gradient, numeric_gradient(forward, array, dout, h=1e-2)) < 1e-8


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(algorithm="fft"), "algorithm should be one of"),
        (dict(param={"stride": 2, "pad": 0}, algorithm="winograd"), "3x3 filters with stride 1"),
        (dict(param={"stride": 1, "pad": 1, "groups": 3}), "divides C = 4"),
        (dict(param={"stride": 1, "pad": 1, "groups": 2}), "C / groups = 2"),
        (dict(param={"stride": 1, "pad": 1, "groups": 1.0}), "whole number"),
        (dict(param={"stride": 1, "pad": 1, "group": 1}), "conv_param should have"),
        (dict(w_shape=(5, 2, 3, 3), param={"stride": 1, "pad": 1, "groups": 2}), "divide F = 5"),
        (dict(param={"stride": 1, "pad": 1, "rounding": "up"}), "rounding should be"),
        (dict(param={"stride": 1, "pad": 2**40}), "pad should be less than"),
        (dict(param={"stride": 0, "pad": 1}), "stride should be at least 1"),
    ],
)
def test_what_an_algorithm_cannot_do_is_refused_with_the_reason(change, message):
    wanted = dict(w_shape=(6, 4, 3, 3), param=ORDINARY, algorithm="auto") | change
    x, w = np.zeros((2, 4, 5, 5)), np.zeros(wanted["w_shape"])
    with pytest.raises(ValueError, match=message):
        conv_forward_fast(x, w, np.zeros(len(w)), wanted["param"], wanted["algorithm"])


@compiled
@pytest.mark.parametrize("stride", [1, 2**31 - 1])
@pytest.mark.parametrize("algorithm", ["auto", "direct", "im2col"])
def test_a_huge_stride_past_the_only_window_does_no_harm(algorithm, stride):
    arrays = values((2, 3, 3, 4), (5, 3, 3, 4), (2, 5, 1, 1), np.float64)
    param = {"stride": stride, "pad": 0}
    expected = exact(*arrays, {"stride": 1, "pad": 0})
    assert_as_promised("im2col", np.float64, results(*arrays, param, algorithm), expected)


@compiled
def test_absurd_padding_and_dilation_do_not_overflow():
    far = 2**28  # three rows of taps, of which only the middle ones ever see the picture
    param = {"stride": 1, "pad": far, "dilation": far}
    x, w, b = np.arange(6.0).reshape(1, 1, 2, 3), np.ones((1, 1, 3, 3)), np.zeros(1)
    with pytest.raises(ValueError, match="beyond the direct algorithm"):
        conv_forward_fast(x, w, b, param, "direct")
    out, cache = conv_forward_fast(x, w, b, param)
    np.testing.assert_array_equal(out, x)
    dx, dw, db = conv_backward_fast(np.ones_like(out), cache)
    np.testing.assert_array_equal(dx, np.ones_like(x))
    assert (dw[0, 0, 1, 1], dw.sum(), db[0]) == (15, 15, 6)


@compiled
def test_kernels_refuse_arrays_that_do_not_fit_before_they_run():
    kernels = fast_layers.kernels
    x, w, b = np.zeros((1, 2, 6, 6)), np.zeros((3, 2, 3, 3)), np.zeros(3)
    out, layout = np.zeros((1, 3, 4, 4)), ((1, 1), (0, 0), (1, 1), 1)
    kernels.forward(x, w, b, out, *layout, "direct")
    for wrong in (
        (x, w, b, np.zeros((1, 3, 9, 4)), *layout),  # windows that begin outside
        (x, w, b, np.zeros((1, 4, 4, 4)), *layout),
        (x, w, np.zeros(2), out, *layout),
        (x, w.astype(np.float32), b, out, *layout),
        (x[:, :, :, ::-1], w, b, out, *layout),
        (np.zeros((1, 3, 6, 6)), w, b, out, *layout),
        (x, w, b, out, (0, 1), (0, 0), (1, 1), 1),
        (x, w, b, out, (1, 1), (-1, 0), (1, 1), 1),
        (x, w, b, out, (1, 1), (0, 0), (1, 1), 2),
        (x.astype(np.int64), w, b, out, *layout),
    ):
        with pytest.raises(ValueError, match=r"fit|needed|should"):
            kernels.forward(*wrong, "direct")
    with pytest.raises(ValueError, match="beyond the winograd algorithm"):
        kernels.forward(x, w, b, out, (1, 1), (0, 0), (2, 1), 1, "winograd")


@compiled
def test_columns_stay_within_their_budget(monkeypatch):
    sizes = []
    plain = fast_layers.im2col
    monkeypatch.setattr(
        fast_layers, "im2col", lambda *a, **k: sizes.append(plain(*a, **k).nbytes) or plain(*a, **k)
    )
    monkeypatch.setattr(fast_layers, "COLUMN_BYTES", 50_000)
    arrays = values((3, 4, 30, 30), (5, 4, 3, 3), (3, 5, 30, 30), np.float32)
    whole = 4 * 9 * 900 * 4  # bytes of one picture's columns: more than the budget
    assert_as_promised(
        "im2col", np.float32, results(*arrays, ORDINARY, "im2col"), exact(*arrays, ORDINARY)
    )
    assert whole > 50_000 >= max(sizes)
