"""The pooling solutions of the reference against oracles that share nothing with them."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs231n.gradient_check import numeric_gradient
from grading.reference import pooling
from grading.reference.convolution import conv_forward_naive

KINDS = {
    "max": (pooling.max_pool_forward_naive, pooling.max_pool_backward_naive),
    "avg": (pooling.avg_pool_forward, pooling.avg_pool_backward),
    "l2": (pooling.l2_pool_forward, pooling.l2_pool_backward),
}
REDUCTIONS = {
    "max": max,
    "avg": lambda values: math.fsum(values) / len(values),
    "l2": lambda values: math.sqrt(math.fsum(v * v for v in values)),
}


def param(height, width, stride):
    return {"pool_height": height, "pool_width": width, "stride": stride}


def shuffled(shape, seed=0):
    """All values differ by at least 0.1 in size, so that nothing ties and no window is zero."""
    rng = np.random.default_rng(seed)
    size = math.prod(shape)
    x = 0.1 * (rng.permutation(size) + 1) * rng.choice([-1, 1], size)
    return x.reshape(shape)


def pool_by_python(x, pool_param, reduce):
    """Pooling in plain Python: gathers each window's numbers pixel by pixel."""
    HH, WW, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    tops = range(0, x.shape[2] - HH + 1, stride)
    lefts = range(0, x.shape[3] - WW + 1, stride)
    picture = x.tolist()
    return np.array(
        [
            [
                [
                    [reduce([m[t + a][s + b] for a in range(HH) for b in range(WW)]) for s in lefts]
                    for t in tops
                ]
                for m in maps
            ]
            for maps in picture
        ]
    )


@st.composite
def layers(draw, largest_out=3):
    """A picture volume and a pool_param that fits it."""
    HH, WW, stride = (draw(st.integers(1, 3)) for _ in range(3))
    H = HH + stride * draw(st.integers(0, largest_out - 1))
    W = WW + stride * draw(st.integers(0, largest_out - 1))
    N, C = draw(st.integers(1, 2)), draw(st.integers(1, 3))
    x = shuffled((N, C, H, W), draw(st.integers(0, 99)))
    return x, param(HH, WW, stride)


@pytest.mark.parametrize("kind", KINDS)
@given(layer=layers())
@settings(max_examples=25, deadline=None)
def test_forward_is_what_plain_python_gathers(kind, layer):
    x, pool_param = layer
    before = x.copy()
    out, _ = KINDS[kind][0](x, pool_param)
    np.testing.assert_allclose(out, pool_by_python(x, pool_param, REDUCTIONS[kind]), atol=1e-11)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("kind", KINDS)
@given(layer=layers())
@settings(max_examples=15, deadline=None)
def test_backward_is_the_measured_slope_of_forward(kind, layer):
    x, pool_param = layer
    forward, backward = KINDS[kind]
    out, cache = forward(x, pool_param)
    dout = np.random.default_rng(1).standard_normal(out.shape)
    before = dout.copy()
    dx = backward(dout, cache)
    measured = numeric_gradient(lambda v: forward(v, pool_param)[0], x, dout)
    np.testing.assert_allclose(dx, measured, atol=1e-7)
    np.testing.assert_array_equal(dout, before)


@pytest.mark.parametrize("kind", ["max", "avg"])
def test_no_gradient_is_lost_or_invented_where_windows_overlap(kind):
    forward, backward = KINDS[kind]
    _, cache = forward(shuffled((2, 3, 7, 9)), param(3, 3, 2))
    dout = np.random.default_rng(2).standard_normal((2, 3, 3, 4))
    assert backward(dout, cache).sum() == pytest.approx(dout.sum(), rel=1e-12)


def test_tie_sends_the_gradient_to_the_first_pixel():
    _, cache = pooling.max_pool_forward_naive(np.full((1, 1, 2, 2), 7.0), param(2, 2, 2))
    dx = pooling.max_pool_backward_naive(np.array([[[[5.0]]]]), cache)
    np.testing.assert_array_equal(dx[0, 0], [[5, 0], [0, 0]])


def test_window_of_zeros_has_length_zero_and_passes_no_gradient():
    x = np.zeros((1, 1, 2, 4))
    x[0, 0, 0, 3] = -3.0
    out, cache = pooling.l2_pool_forward(x, param(2, 2, 2))
    np.testing.assert_array_equal(out, [[[[0, 3]]]])
    with np.errstate(all="raise"):
        dx = pooling.l2_pool_backward(np.ones((1, 1, 1, 2)), cache)
    np.testing.assert_array_equal(dx[0, 0], [[0, 0, 0, -1], [0, 0, 0, 0]])


@pytest.mark.parametrize(("kind", "expected"), [("avg", 150.5), ("l2", math.hypot(200, 101))])
def test_bytes_of_a_picture_neither_overflow_nor_lose_their_fraction(kind, expected):
    x = np.array([[[[200, 101]]]], dtype=np.uint8)
    out, _ = KINDS[kind][0](x, param(1, 2, 1))
    assert out.item() == pytest.approx(expected)


@given(layer=layers())
@settings(max_examples=15, deadline=None)
def test_strided_convolution_gives_the_average_pool(layer):
    x, pool_param = layer
    w, b, conv_param = pooling.avg_pool_as_conv(x.shape[1], pool_param)
    out, _ = conv_forward_naive(x, w, b, conv_param)
    np.testing.assert_allclose(out, pooling.avg_pool_forward(x, pool_param)[0], atol=1e-12)


@pytest.mark.parametrize("shape", [(2, 2, 2), (3, 3, 2), (3, 2, 1), (2, 3, 3)])
def test_agrees_with_pytorch(shape):
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    HH, WW, stride = shape
    x = shuffled((2, 3, HH + 2 * stride, WW + 3 * stride))
    leaf = torch.tensor(x, requires_grad=True)
    theirs = {
        "max": functional.max_pool2d(leaf, (HH, WW), stride),
        "avg": functional.avg_pool2d(leaf, (HH, WW), stride),
        "l2": functional.lp_pool2d(leaf.abs(), 2, (HH, WW), stride),
    }
    for kind, (forward, backward) in KINDS.items():
        out, cache = forward(x, param(HH, WW, stride))
        np.testing.assert_allclose(out, theirs[kind].detach().numpy(), rtol=1e-10)
        dout = np.random.default_rng(3).standard_normal(out.shape)
        (slope,) = torch.autograd.grad(theirs[kind], leaf, torch.tensor(dout), retain_graph=True)
        np.testing.assert_allclose(backward(dout, cache), slope.numpy(), atol=1e-10)
