"""The solutions of 5_im2col against definitions, other solutions and published sizes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs231n.gradient_check import numeric_gradient
from grading.reference import columns, convolution, pooling

# The worked example: AlexNet's first layer. Notes write X_col transposed, 3025 x 363.
PICTURE, FILTERS, STRIDE = (1, 3, 227, 227), (96, 3, 11, 11), 4
X_COL, W_ROW, PRODUCT, OUT = (363, 3025), (96, 363), (96, 3025), (1, 96, 55, 55)
COPIES = {(3, 1): 9, (5, 1): 25, (3, 3): 1, (2, 1): 4, (1, 1): 1}  # (field, stride) -> inside


@st.composite
def layouts(draw, largest_out=3):
    """(shape of x, HH, WW, stride, pad), sizes that fit."""
    N, C, HH, WW, stride = (draw(st.integers(1, 3)) for _ in range(5))
    pad = draw(st.integers(0, 2))
    H, W = (size + stride * draw(st.integers(0, largest_out - 1)) - 2 * pad for size in (HH, WW))
    while H < 1:
        H += stride
    while W < 1:
        W += stride
    return (N, C, H, W), HH, WW, stride, pad


def random(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def windows_one_by_one(x, HH, WW, stride, pad):
    """X_col by its definition, an entry at a time."""
    N, C, H, W = x.shape
    H_out, W_out = (H + 2 * pad - HH) // stride + 1, (W + 2 * pad - WW) // stride + 1
    cols = np.zeros((C * HH * WW, N * H_out * W_out))
    for n, c, a, b, i, j in np.ndindex(N, C, HH, WW, H_out, W_out):
        p, q = i * stride + a - pad, j * stride + b - pad
        if 0 <= p < H and 0 <= q < W:
            row, column = (c * HH + a) * WW + b, (n * H_out + i) * W_out + j
            cols[row, column] = x[n, c, p, q]
    return cols


@given(layout=layouts())
@settings(max_examples=40, deadline=None)
def test_every_entry_of_x_col_is_where_its_definition_says(layout):
    shape, *window = layout
    x = random(shape)
    before = x.copy()
    np.testing.assert_array_equal(columns.im2col(x, *window), windows_one_by_one(x, *window))
    np.testing.assert_array_equal(x, before)


@given(layout=layouts())
@settings(max_examples=40, deadline=None)
def test_col2im_is_the_transpose_of_im2col(layout):
    shape, *window = layout
    x = random(shape)
    ahead = columns.im2col(x, *window)
    c = random(ahead.shape, 1)
    back = columns.col2im(c, shape, *window)
    assert back.shape == shape
    assert np.sum(ahead * c) == pytest.approx(np.sum(x * back), abs=1e-9)


@pytest.mark.parametrize(("field", "stride"), COPIES)
def test_pixels_inside_are_copied_as_often_as_the_text_says(field, stride):
    ones = np.ones((1, 1, 15, 15))
    cols = columns.im2col(ones, field, field, stride, 0)
    counts = columns.col2im(cols, ones.shape, field, field, stride, 0)
    assert counts[0, 0, 7, 7] == COPIES[field, stride] == field**2 / stride**2


def test_worked_example_has_the_published_sizes():
    x, w = np.zeros(PICTURE, np.float32), np.zeros(FILTERS, np.float32)
    X_col = columns.im2col(x, 11, 11, STRIDE, 0)
    assert X_col.shape == X_COL
    assert w.reshape(96, -1).shape == W_ROW
    assert (w.reshape(96, -1) @ X_col).shape == PRODUCT
    out, _ = columns.conv_forward_im2col(x, w, np.zeros(96), {"stride": STRIDE, "pad": 0})
    assert out.shape == OUT
    assert X_col.size / x.size == pytest.approx(7.10, abs=0.005)


def test_memory_of_the_vgg_layer_is_what_the_text_says():
    rows, positions = 64 * 3 * 3, 224 * 224
    assert (rows, positions) == (576, 50_176)
    assert rows * positions == 28_901_376
    assert 4 * rows * positions / 2**20 == pytest.approx(110.25)
    assert 32 * 4 * rows * positions / 2**30 == pytest.approx(3.4, abs=0.05)


def test_examples_worked_by_hand():
    x = np.arange(1.0, 13).reshape(1, 1, 3, 4)
    cols = columns.im2col(x, 2, 2, 1, 0)
    assert cols[0].tolist() == [1, 2, 3, 5, 6, 7]
    assert cols[:, -1].tolist() == [7, 8, 11, 12]
    sums = columns.col2im(cols, x.shape, 2, 2, 1, 0)
    assert sums[0, 0].tolist() == [[1, 4, 6, 4], [10, 24, 28, 16], [9, 20, 22, 12]]
    w, b = np.array([[[[1.0, 0], [0, 1]]], [[[0, 1], [2, 0]]]]), np.array([0, 0.5])
    out, cache = columns.conv_forward_im2col(x, w, b, {"stride": 1, "pad": 0})
    assert out[0, 0].tolist() == [[7, 9, 11], [15, 17, 19]]
    assert out[0, 1, 0, 0] == 12.5
    dout = np.zeros(out.shape)
    dout[0, 0, 0, 0], dout[0, 0, 1, 1] = 1, 2
    dx, dw, db = columns.conv_backward_im2col(dout, cache)
    assert (db[0], dx[0, 0, 1, 1]) == (3, 3)
    assert dw[0, 0].tolist() == [[13, 16], [25, 28]]
    pooled, _ = columns.max_pool_forward_im2col(x, {"pool_height": 2, "pool_width": 2, "stride": 1})
    assert pooled.ravel().tolist() == [6, 7, 8, 10, 11, 12]


@given(layout=layouts(), F=st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_convolution_is_the_naive_one_forward_and_backward(layout, F):
    shape, HH, WW, stride, pad = layout
    x, w, b = random(shape), random((F, shape[1], HH, WW), 1), random(F, 2)
    param = {"stride": stride, "pad": pad}
    out, cache = columns.conv_forward_im2col(x, w, b, param)
    naive, naive_cache = convolution.conv_forward_naive(x, w, b, param)
    np.testing.assert_allclose(out, naive, atol=1e-11)
    dout = random(out.shape, 3)
    for came, right in zip(
        columns.conv_backward_im2col(dout, cache),
        convolution.conv_backward_naive(dout, naive_cache),
        strict=True,
    ):
        np.testing.assert_allclose(came, right, atol=1e-11)


@pytest.mark.parametrize("position", [0, 1, 2])
def test_gradients_of_the_convolution_are_measured_slopes(position):
    arrays, param = [random((2, 2, 4, 5)), random((3, 2, 3, 2), 1), random(3, 2)], {}
    param = {"stride": 1, "pad": 1}
    out, cache = columns.conv_forward_im2col(*arrays, param)
    dout = random(out.shape, 3)

    def forward(moved):
        at = [*arrays[:position], moved, *arrays[position + 1 :]]
        return columns.conv_forward_im2col(*at, param)[0]

    measured = numeric_gradient(forward, arrays[position], dout, h=0.5)
    came = columns.conv_backward_im2col(dout, cache)[position]
    np.testing.assert_allclose(came, measured, atol=1e-9)


def shuffled(shape):
    size = int(np.prod(shape))
    return 0.1 * np.random.default_rng(0).permutation(size).reshape(shape)


@given(layout=layouts())
@settings(max_examples=25, deadline=None)
def test_pool_through_columns_is_the_naive_one(layout):
    (N, C, H, W), HH, WW, stride, _ = layout
    x = shuffled((N, C, HH + stride * (H % 3), WW + stride * (W % 3)))
    param = {"pool_height": HH, "pool_width": WW, "stride": stride}
    out, cache = columns.max_pool_forward_im2col(x, param)
    naive, naive_cache = pooling.max_pool_forward_naive(x, param)
    np.testing.assert_array_equal(out, naive)
    dout = random(out.shape)
    np.testing.assert_allclose(
        columns.max_pool_backward_im2col(dout, cache),
        pooling.max_pool_backward_naive(dout, naive_cache),
        atol=1e-12,
    )


@pytest.mark.parametrize("size", [1, 2, 3])
def test_reshape_trick_is_the_naive_pool_of_tiles(size):
    x = shuffled((2, 3, 2 * size, 3 * size))
    param = {"pool_height": size, "pool_width": size, "stride": size}
    out, cache = columns.max_pool_forward_reshape(x, param)
    naive, naive_cache = pooling.max_pool_forward_naive(x, param)
    np.testing.assert_array_equal(out, naive)
    dout = random(out.shape)
    np.testing.assert_allclose(
        columns.max_pool_backward_reshape(dout, cache),
        pooling.max_pool_backward_naive(dout, naive_cache),
        atol=1e-12,
    )


@pytest.mark.parametrize(
    ("shape", "window", "stride"),
    [((4, 4), (2, 2), 1), ((7, 7), (3, 3), 2), ((4, 4), (2, 1), 2), ((5, 4), (2, 2), 2)],
)
def test_reshape_trick_refuses_windows_that_are_no_tiles(shape, window, stride):
    param = {"pool_height": window[0], "pool_width": window[1], "stride": stride}
    with pytest.raises(ValueError, match="do not tile"):
        columns.max_pool_forward_reshape(np.zeros((1, 1, *shape)), param)


def test_ties_share_the_gradient_as_the_table_says():
    x = np.array([[[[3.0, 3], [1, 2]]]])
    param = {"pool_height": 2, "pool_width": 2, "stride": 2}
    six = np.array([[[[6.0]]]])
    _, cache = columns.max_pool_forward_reshape(x, param)
    assert columns.max_pool_backward_reshape(six, cache).ravel().tolist() == [3, 3, 0, 0]
    _, cache = columns.max_pool_forward_im2col(x, param)
    assert columns.max_pool_backward_im2col(six, cache).ravel().tolist() == [6, 0, 0, 0]
