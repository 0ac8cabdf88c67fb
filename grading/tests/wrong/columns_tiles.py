"""Wrong max pools by a reshape, as people really write them. Importing this
module adds them to the bank of columns."""

import numpy as np

from grading.reference import columns as right
from grading.tests.wrong.columns import wrong

SPLIT = ("max_pool_forward_reshape", "max_pool_backward_reshape")


def window(p):
    return p["pool_height"], p["pool_width"], p["stride"]


def tiled(x, p):
    HH, WW, s = window(p)
    if not HH == WW == s or x.shape[2] % s or x.shape[3] % s:
        raise ValueError("no tiles")
    return s


@wrong(SPLIT[0])
def split_axes_the_wrong_way_round(x, p):
    s, (N, C, H, W) = tiled(x, p), x.shape
    out = x.reshape(N, C, s, H // s, s, W // s).max(axis=(2, 4))
    return out, (x, out, p)


@wrong(SPLIT[0])
def maximum_over_the_wrong_axes(x, p):
    s, (N, C, H, W) = tiled(x, p), x.shape
    out = x.reshape(N, C, H // s, s, W // s, s).max(axis=(2, 4))
    return out, (x, out, p)


@wrong(SPLIT[0])
def height_and_width_mixed(x, p):
    s, (N, C, H, W) = tiled(x, p), x.shape
    out = x.reshape(N, C, W // s, s, H // s, s).max(axis=(3, 5))
    return out, (x, out, p)


@wrong(SPLIT[0])
def used_where_windows_overlap(x, p):
    HH, WW, _ = window(p)
    N, C, H, W = x.shape
    out = x.reshape(N, C, H // HH, HH, W // WW, WW).max(axis=(3, 5))
    return out, (x, out, p)


@wrong(SPLIT[0])
def stride_not_looked_at(x, p):
    HH, WW, _ = window(p)
    if HH != WW or x.shape[2] % HH or x.shape[3] % WW:
        raise ValueError("no tiles")
    return right.max_pool_forward_reshape(x, {**p, "stride": HH})


@wrong(SPLIT[0])
def leftover_pixels_cut_off(x, p):
    HH, WW, s = window(p)
    if not HH == WW == s:
        raise ValueError("no tiles")
    return right.max_pool_forward_reshape(x[:, :, : x.shape[2] // s * s, : x.shape[3] // s * s], p)


@wrong(SPLIT[0])
def refuses_with_an_assert(x, p):
    HH, WW, s = window(p)
    assert HH == WW == s
    assert not x.shape[2] % s + x.shape[3] % s
    return right.max_pool_forward_reshape(x, p)


@wrong(SPLIT[0])
def refuses_everything(x, p):
    raise ValueError("no tiles")


@wrong(SPLIT[0])
def mean_instead_of_maximum(x, p):
    s, (N, C, H, W) = tiled(x, p), x.shape
    out = x.reshape(N, C, H // s, s, W // s, s).mean(axis=(3, 5))
    return out, (x, out, p)


@wrong(SPLIT[0])
def negative_values_cut_off(x, p):
    out, cache = right.max_pool_forward_reshape(x, p)
    return np.maximum(out, 0), cache


@wrong(SPLIT[0])
def writes_into_x(x, p):
    out, cache = right.max_pool_forward_reshape(x.copy(), p)
    x[...] = 0
    return out, cache


@wrong(SPLIT[0])
def windows_in_a_loop(x, p):
    s = tiled(x, p)
    out = np.zeros((*x.shape[:2], x.shape[2] // s, x.shape[3] // s))
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            out[:, :, i, j] = x[:, :, i * s : i * s + s, j * s : j * s + s].max(axis=(2, 3))
    return out, (x, out, p)


@wrong(SPLIT[0])
def apply_along_axis_over_windows(x, p):
    s, (N, C, H, W) = tiled(x, p), x.shape
    blocks = x.reshape(N, C, H // s, s, W // s, s).swapaxes(3, 4).reshape(N, C, H // s, W // s, -1)
    out = np.apply_along_axis(max, -1, blocks)
    return out, (x, out, p)


@wrong(SPLIT[1])
def every_tied_pixel_gets_all(dout, cache):
    x, out, p = cache
    s = p["stride"]
    mask = x == out.repeat(s, axis=2).repeat(s, axis=3)
    return mask * dout.repeat(s, axis=2).repeat(s, axis=3)


@wrong(SPLIT[1])
def every_gradient_divided_by_the_window(dout, cache):
    return right.max_pool_backward_reshape(dout, cache) / cache[2]["stride"] ** 2


@wrong(SPLIT[1])
def every_pixel_gets_it(dout, cache):
    s = cache[2]["stride"]
    return dout.repeat(s, axis=2).repeat(s, axis=3)


@wrong(SPLIT[1])
def compares_with_isclose(dout, cache):
    x, out, p = cache
    s = p["stride"]
    mask = np.isclose(x, out.repeat(s, axis=2).repeat(s, axis=3))
    N, C, H, W = x.shape
    split = mask.reshape(N, C, H // s, s, W // s, s)
    share = dout[:, :, :, None, :, None] / split.sum(axis=(3, 5), keepdims=True)
    return (split * share).reshape(x.shape)


@wrong(SPLIT[1])
def gradients_tiled_not_repeated(dout, cache):
    x, out, p = cache
    s = p["stride"]
    mask = x == out.repeat(s, axis=2).repeat(s, axis=3)
    return mask * np.tile(dout, (1, 1, s, s))


@wrong(SPLIT[1])
def has_the_dtype_of_x(dout, cache):
    return right.max_pool_backward_reshape(dout, cache).astype(cache[0].dtype)


@wrong(SPLIT[1])
def swaps_height_and_width(dout, cache):
    dx = right.max_pool_backward_reshape(dout, cache)
    return dx.swapaxes(2, 3).reshape(dx.shape)


@wrong(SPLIT[1])
def dout_used_up(dout, cache):
    dx = right.max_pool_backward_reshape(dout, cache)
    dout[...] = 0
    return dx


@wrong(SPLIT[1])
def shares_in_a_loop(dout, cache):
    x, out, p = cache
    s, dx = p["stride"], np.zeros(x.shape)
    for n, c, i, j in np.ndindex(dout.shape):
        block = np.s_[n, c, i * s : i * s + s, j * s : j * s + s]
        best = np.unravel_index(x[block].argmax(), (s, s))
        dx[block][best] = dout[n, c, i, j]
    return dx
