"""The fast layers against the naive ones that a teacher reads: every size, both backends.

This lives here, and not in cs231n/tests, because the naive layers are what students write.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs231n import fast_layers
from cs231n import im2col as plain
from grading.reference.convolution import conv_backward_naive, conv_forward_naive
from grading.reference.pooling import max_pool_backward_naive, max_pool_forward_naive

try:
    from cs231n import im2col_cython as compiled
except ImportError:
    compiled = None

SMALL = st.integers(1, 3)
DTYPES = st.sampled_from([np.float32, np.float64])
ORDERS = st.sampled_from("CF")


@pytest.fixture(
    params=[
        pytest.param(plain, id="numpy"),
        pytest.param(
            compiled,
            id="cython",
            marks=pytest.mark.skipif(compiled is None, reason="the compiled module is not built"),
        ),
    ],
    scope="module",
)
def backend(request):
    """The fast layers on one backend or the other."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fast_layers, "im2col", request.param.im2col)
        patch.setattr(fast_layers, "col2im", request.param.col2im)
        yield request.param


def numbers(seed, *shapes):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape) for shape in shapes]


def assert_agree(fast, naive, dtype):
    for got, expected in zip(fast, naive, strict=True):
        assert got.dtype == dtype
        scale = np.abs(expected).max() + 1
        tolerance = 1e-5 if dtype == np.float32 else 1e-12
        np.testing.assert_allclose(got / scale, expected / scale, rtol=0, atol=tolerance)


@st.composite
def convolutions(draw):
    """The shapes of x and w, and a conv_param, that fit."""
    stride, dilation, pad = draw(SMALL), draw(SMALL), draw(st.integers(0, 2))
    window = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    picture = []
    for size in window:
        span = (size - 1) * dilation + 1
        fewest = max(0, -((span - 2 * pad - 1) // stride))  # steps that leave the picture a pixel
        picture.append(span + stride * (fewest + draw(st.integers(0, 3))) - 2 * pad)
    N, C, F = draw(SMALL), draw(SMALL), draw(SMALL)
    return (N, C, *picture), (F, C, *window), {"stride": stride, "pad": pad, "dilation": dilation}


@settings(max_examples=60, deadline=None)
@given(case=convolutions(), dtype=DTYPES, order=ORDERS, seed=st.integers(0, 99))
def test_convolution_equals_the_naive_one(backend, case, dtype, order, seed):
    x_shape, w_shape, conv_param = case
    x, w, b = numbers(seed, x_shape, w_shape, w_shape[:1])
    out, cache = conv_forward_naive(x, w, b, conv_param)
    (dout,) = numbers(seed + 1, out.shape)
    gradients = conv_backward_naive(dout, cache)

    single = [a.astype(dtype, order=order) for a in (x, w, b)]
    fast, fast_cache = fast_layers.conv_forward_fast(*single, conv_param)
    fast_gradients = fast_layers.conv_backward_fast(dout.astype(dtype, order=order), fast_cache)
    assert_agree((fast, *fast_gradients), (out, *gradients), dtype)


@settings(max_examples=60, deadline=None)
@given(
    window=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=SMALL,
    places=st.tuples(SMALL, SMALL),
    dtype=DTYPES,
    order=ORDERS,
    seed=st.integers(0, 99),
)
def test_max_pooling_equals_the_naive_one(window, stride, places, dtype, order, seed):
    picture = [size + stride * (n - 1) for size, n in zip(window, places)]
    shape = (2, 3, *picture)
    # Whole numbers, each once: float32 holds them exactly, and there are no ties.
    x = np.random.default_rng(seed).permutation(int(np.prod(shape))).reshape(shape).astype(float)
    pool_param = {"pool_height": window[0], "pool_width": window[1], "stride": stride}
    out, cache = max_pool_forward_naive(x, pool_param)
    (dout,) = numbers(seed, out.shape)
    dx = max_pool_backward_naive(dout, cache)

    fast, fast_cache = fast_layers.max_pool_forward_fast(x.astype(dtype, order=order), pool_param)
    fast_dx = fast_layers.max_pool_backward_fast(dout.astype(dtype, order=order), fast_cache)
    assert_agree((fast, fast_dx), (out, dx), dtype)
