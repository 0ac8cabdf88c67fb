"""Wrong col2im as people really write it. Importing this module adds them to the bank of columns."""

import numpy as np

from grading.reference import columns as right
from grading.tests.wrong.columns import sizes, wrong


def scatter(cols, x_shape, HH, WW, stride, pad, add=True, dtype=float, step=None):
    """(N, C, H + 2 pad, W + 2 pad), with a slip or two."""
    N, C, H, W = x_shape
    H_out, W_out = sizes(x_shape, HH, WW, stride, pad)
    t = cols.reshape(C, HH, WW, N, H_out, W_out)
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad), dtype)
    stride = step or stride
    for a in range(HH):
        for b in range(WW):
            down = slice(a, a + stride * H_out, stride)
            across = slice(b, b + stride * W_out, stride)
            part = t[:, a, b].swapaxes(0, 1)
            before = padded[:, :, down, across] if add else 0
            padded[:, :, down, across] = before + part
    return padded


def cut(padded, pad):
    return padded[:, :, pad : padded.shape[2] - pad, pad : padded.shape[3] - pad]


@wrong("col2im")
def assigns_where_it_should_add(cols, x_shape, HH, WW, stride, pad):
    return cut(scatter(cols, x_shape, HH, WW, stride, pad, add=False), pad)


@wrong("col2im")
def padding_cut_off_with_minus_pad(cols, x_shape, HH, WW, stride, pad):
    return scatter(cols, x_shape, HH, WW, stride, pad)[:, :, pad:-pad, pad:-pad]


@wrong("col2im")
def padding_left_on(cols, x_shape, HH, WW, stride, pad):
    return scatter(cols, x_shape, HH, WW, stride, pad)


@wrong("col2im")
def padding_cut_off_at_one_end(cols, x_shape, HH, WW, stride, pad):
    return scatter(cols, x_shape, HH, WW, stride, pad)[:, :, : x_shape[2], : x_shape[3]]


@wrong("col2im")
def plus_equals_on_repeated_indices(cols, x_shape, HH, WW, stride, pad):
    x = np.arange(1.0, np.prod(x_shape) + 1).reshape(x_shape)
    at = right.im2col(x, HH, WW, stride, pad).astype(int)
    sums = np.zeros(x.size + 1)
    sums[at] += cols
    return sums[1:].reshape(x_shape)


@wrong("col2im")
def means_of_copies_instead_of_sums(cols, x_shape, HH, WW, stride, pad):
    counts = right.col2im(np.ones(cols.shape), x_shape, HH, WW, stride, pad)
    return right.col2im(cols, x_shape, HH, WW, stride, pad) / np.maximum(counts, 1)


@wrong("col2im")
def reads_columns_position_by_position(cols, x_shape, HH, WW, stride, pad):
    N, C = x_shape[:2]
    H_out, W_out = sizes(x_shape, HH, WW, stride, pad)
    t = cols.reshape(C * HH * WW, H_out, W_out, N).transpose(0, 3, 1, 2)
    return right.col2im(t.reshape(cols.shape), x_shape, HH, WW, stride, pad)


@wrong("col2im")
def takes_cols_for_the_transpose(cols, x_shape, HH, WW, stride, pad):
    return right.col2im(cols.T.reshape(cols.shape), x_shape, HH, WW, stride, pad)


@wrong("col2im")
def window_height_and_width_mixed_in_rows(cols, x_shape, HH, WW, stride, pad):
    t = cols.reshape(x_shape[1], WW, HH, -1).swapaxes(1, 2)
    return right.col2im(t.reshape(cols.shape), x_shape, HH, WW, stride, pad)


@wrong("col2im")
def channels_taken_as_fastest(cols, x_shape, HH, WW, stride, pad):
    t = cols.reshape(HH * WW, x_shape[1], -1).swapaxes(0, 1)
    return right.col2im(t.reshape(cols.shape), x_shape, HH, WW, stride, pad)


@wrong("col2im")
def pictures_and_channels_mixed(cols, x_shape, HH, WW, stride, pad):
    N, C, H, W = x_shape
    dx = right.col2im(cols, x_shape, HH, WW, stride, pad)
    return dx.swapaxes(0, 1).reshape(x_shape)


@wrong("col2im")
def windows_move_by_one(cols, x_shape, HH, WW, stride, pad):
    N, C, H, W = x_shape
    return cut(scatter(cols, x_shape, HH, WW, stride, pad, step=1), pad)


@wrong("col2im")
def flips_the_windows(cols, x_shape, HH, WW, stride, pad):
    t = cols.reshape(x_shape[1], HH, WW, -1)[:, ::-1, ::-1]
    return right.col2im(t.reshape(cols.shape), x_shape, HH, WW, stride, pad)


@wrong("col2im")
def dtype_of_the_columns(cols, x_shape, HH, WW, stride, pad):
    return cut(scatter(cols, x_shape, HH, WW, stride, pad, dtype=cols.dtype), pad)


@wrong("col2im")
def buffer_of_integers(cols, x_shape, HH, WW, stride, pad):
    return right.col2im(cols, x_shape, HH, WW, stride, pad).astype(int)


@wrong("col2im")
def writes_into_cols(cols, x_shape, HH, WW, stride, pad):
    dx = right.col2im(cols, x_shape, HH, WW, stride, pad)
    cols *= 2
    return dx


@wrong("col2im")
def height_and_width_swapped_at_the_end(cols, x_shape, HH, WW, stride, pad):
    return right.col2im(cols, x_shape, HH, WW, stride, pad).swapaxes(2, 3)


@wrong("col2im")
def returns_zeros(cols, x_shape, HH, WW, stride, pad):
    return np.zeros(x_shape)


@wrong("col2im")
def loops_over_pictures_back(cols, x_shape, HH, WW, stride, pad):
    parts = np.split(cols, x_shape[0], axis=1)
    one = (1, *x_shape[1:])
    return np.concatenate([right.col2im(p, one, HH, WW, stride, pad) for p in parts])


@wrong("col2im")
def loops_over_positions_back(cols, x_shape, HH, WW, stride, pad):
    N, C, H, W = x_shape
    H_out, W_out = sizes(x_shape, HH, WW, stride, pad)
    dx = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    for k, (n, i, j) in enumerate(np.ndindex(N, H_out, W_out)):
        window = cols[:, k].reshape(C, HH, WW)
        dx[n, :, i * stride : i * stride + HH, j * stride : j * stride + WW] += window
    return cut(dx, pad)
