"""The reference convolution against oracles that share nothing with it: sums over single pixels
written in pure Python, centred differences, and, where it is installed, PyTorch."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cs231n.gradient_check import numeric_gradient, relative_error
from grading.reference.convolution import (
    conv_backward_naive,
    conv_forward_naive,
    conv_output_size,
    locally_connected_forward,
)

SMALL = st.integers(1, 3)


@st.composite
def layers(draw, dilated=True):
    """A small random layer whose sizes fit: x, w, b, conv_param."""
    stride, pad = draw(SMALL), draw(st.integers(0, 2))
    dilation = draw(SMALL) if dilated else 1
    HH, WW, H_out, W_out = (draw(SMALL) for _ in range(4))
    H = dilation * (HH - 1) + 1 + stride * (H_out - 1) - 2 * pad
    W = dilation * (WW - 1) + 1 + stride * (W_out - 1) - 2 * pad
    assume(H >= 1 and W >= 1)
    N, C, F = draw(st.integers(1, 2)), draw(SMALL), draw(SMALL)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x = rng.standard_normal((N, C, H, W))
    w = rng.standard_normal((F, C, HH, WW))
    b = rng.standard_normal(F)
    return x, w, b, {"stride": stride, "pad": pad, "dilation": dilation}


def pixel_by_pixel(x, weight_at, bias_at, out_shape, filter_shape, conv_param):
    """The layer as a sum over single pixels, with no padding and no slices at all."""
    stride, pad = conv_param["stride"], conv_param["pad"]
    dilation = conv_param.get("dilation", 1)
    _, C, H, W = x.shape
    HH, WW = filter_shape
    out = np.zeros(out_shape)
    for n, f, i, j in np.ndindex(*out_shape):
        total = bias_at(f, i, j)
        for c, r, s in np.ndindex(C, HH, WW):
            row, column = i * stride + r * dilation - pad, j * stride + s * dilation - pad
            if 0 <= row < H and 0 <= column < W:
                total += x[n, c, row, column] * weight_at(f, i, j, c, r, s)
        out[n, f, i, j] = total
    return out


def count_positions(size, filter_size, stride, pad, dilation):
    """Positions counted by walking, and the number of pixels left over at the end."""
    start, last = 0, dilation * (filter_size - 1)
    positions = 0
    while start + last <= size + 2 * pad - 1:
        positions += 1
        start += stride
    left_over = size + 2 * pad - 1 - (start - stride + last)
    return positions, left_over


@given(size=st.integers(1, 30), taps=st.integers(1, 7), stride=st.integers(1, 4),
       pad=st.integers(0, 3), dilation=SMALL)  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_output_size_counts_the_positions_or_refuses(size, taps, stride, pad, dilation):
    positions, left_over = count_positions(size, taps, stride, pad, dilation)
    if positions == 0:
        with pytest.raises(ValueError, match="does not fit"):
            conv_output_size(size, taps, stride, pad, dilation)
    elif left_over:
        with pytest.raises(ValueError, match="illegal stride"):
            conv_output_size(size, taps, stride, pad, dilation)
    else:
        answer = conv_output_size(size, taps, stride, pad, dilation)
        assert answer == positions
        assert isinstance(answer, int)


def test_output_sizes_of_well_known_layers():
    assert conv_output_size(227, 11, stride=4) == 55  # AlexNet's first layer
    assert conv_output_size(224, 3, pad=1) == 224  # every layer of VGG
    assert conv_output_size(7, 3, stride=2) == 3
    with pytest.raises(ValueError, match="illegal stride"):
        conv_output_size(224, 11, stride=4)


@given(layers())
@settings(max_examples=60, deadline=None)
def test_forward_is_the_sum_over_single_pixels(layer):
    x, w, b, conv_param = layer
    out, _ = conv_forward_naive(x, w, b, conv_param)
    expected = pixel_by_pixel(
        x,
        lambda f, i, j, c, r, s: w[f, c, r, s],
        lambda f, i, j: b[f],
        out.shape,
        w.shape[2:],
        conv_param,
    )
    np.testing.assert_allclose(out, expected, rtol=0, atol=1e-12)


@given(layers())
@settings(max_examples=25, deadline=None)
def test_backward_agrees_with_centred_differences(layer):
    x, w, b, conv_param = layer
    out, cache = conv_forward_naive(x, w, b, conv_param)
    dout = np.random.default_rng(0).standard_normal(out.shape)
    dx, dw, db = conv_backward_naive(dout, cache)
    # The layer is linear in each argument, so differences are exact up to rounding at any h.
    by_x = numeric_gradient(lambda x: conv_forward_naive(x, w, b, conv_param)[0], x, dout, h=0.1)
    by_w = numeric_gradient(lambda w: conv_forward_naive(x, w, b, conv_param)[0], w, dout, h=0.1)
    by_b = numeric_gradient(lambda b: conv_forward_naive(x, w, b, conv_param)[0], b, dout, h=0.1)
    for analytic, numeric in ((dx, by_x), (dw, by_w), (db, by_b)):
        assert relative_error(analytic, numeric, tiny=1.0) < 1e-11


def test_missing_dilation_means_one():
    rng = np.random.default_rng(0)
    x, w, b = rng.standard_normal((1, 2, 5, 5)), rng.standard_normal((2, 2, 3, 3)), np.zeros(2)
    plain, cache = conv_forward_naive(x, w, b, {"stride": 1, "pad": 1})
    stated, _ = conv_forward_naive(x, w, b, {"stride": 1, "pad": 1, "dilation": 1})
    np.testing.assert_array_equal(plain, stated)
    conv_backward_naive(plain, cache)


def test_integer_pictures_give_floating_point_values():
    x = np.arange(16, dtype=np.uint8).reshape(1, 1, 4, 4)
    out, _ = conv_forward_naive(
        x, np.full((1, 1, 2, 2), 0.25), np.zeros(1), {"stride": 2, "pad": 0}
    )
    np.testing.assert_array_equal(out[0, 0], [[2.5, 4.5], [10.5, 12.5]])


def test_inputs_are_left_alone():
    rng = np.random.default_rng(0)
    x, w, b = rng.standard_normal((2, 2, 4, 4)), rng.standard_normal((3, 2, 3, 3)), np.ones(3)
    dout = rng.standard_normal((2, 3, 4, 4))
    copies = [a.copy() for a in (x, w, b, dout)]
    _, cache = conv_forward_naive(x, w, b, {"stride": 1, "pad": 1})
    conv_backward_naive(dout, cache)
    for array, copy in zip((x, w, b, dout), copies):
        np.testing.assert_array_equal(array, copy)


@given(layers(dilated=False), st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_locally_connected_is_the_sum_over_single_pixels(layer, seed):
    x, w, _, conv_param = layer
    (F, C, HH, WW), (_, _, H, W) = w.shape, x.shape
    size = (conv_param["stride"], conv_param["pad"])
    H_out, W_out = conv_output_size(H, HH, *size), conv_output_size(W, WW, *size)
    rng = np.random.default_rng(seed)
    w = rng.standard_normal((H_out, W_out, F, C, HH, WW))
    b = rng.standard_normal((F, H_out, W_out))
    out, _ = locally_connected_forward(x, w, b, conv_param)
    expected = pixel_by_pixel(
        x,
        lambda f, i, j, c, r, s: w[i, j, f, c, r, s],
        lambda f, i, j: b[f, i, j],
        (x.shape[0], F, H_out, W_out),
        (HH, WW),
        conv_param,
    )
    np.testing.assert_allclose(out, expected, rtol=0, atol=1e-12)


def test_locally_connected_with_equal_filters_is_a_convolution():
    rng = np.random.default_rng(0)
    x, w, b = rng.standard_normal((2, 3, 5, 7)), rng.standard_normal((4, 3, 3, 3)), np.arange(4.0)
    conv_param = {"stride": 2, "pad": 1}
    out, _ = conv_forward_naive(x, w, b, conv_param)
    everywhere = np.broadcast_to(w, (3, 4, *w.shape))
    b_everywhere = np.broadcast_to(b[:, None, None], (4, 3, 4))
    same, _ = locally_connected_forward(x, everywhere, b_everywhere, conv_param)
    np.testing.assert_allclose(same, out, rtol=0, atol=1e-12)


@given(layers())
@settings(max_examples=25, deadline=None)
def test_pytorch_gives_the_same_layer(layer):
    torch = pytest.importorskip("torch")
    x, w, b, conv_param = layer
    tx, tw, tb = (torch.tensor(a, requires_grad=True) for a in (x, w, b))
    options = {
        "stride": conv_param["stride"],
        "padding": conv_param["pad"],
        "dilation": conv_param["dilation"],
    }
    theirs = torch.nn.functional.conv2d(tx, tw, tb, **options)
    out, cache = conv_forward_naive(x, w, b, conv_param)
    np.testing.assert_allclose(out, theirs.detach().numpy(), rtol=0, atol=1e-10)
    dout = np.random.default_rng(0).standard_normal(out.shape)
    theirs.backward(torch.tensor(dout))
    for ours, other in zip(conv_backward_naive(dout, cache), (tx, tw, tb)):
        np.testing.assert_allclose(ours, other.grad.numpy(), rtol=0, atol=1e-10)
