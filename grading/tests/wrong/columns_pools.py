"""Wrong max pools through columns, as people really write them. Importing this module adds them to
the bank of columns."""

import numpy as np

from grading.reference import columns as right
from grading.tests.wrong.columns import sizes, wrong
from grading.tests.wrong.columns_tiles import window

POOL = ("max_pool_forward_im2col", "max_pool_backward_im2col")


def general(x, p, reduce=np.max):
    HH, WW, s = window(p)
    N, C, H, W = x.shape
    cols = right.im2col(x.reshape(N * C, 1, H, W), HH, WW, s, 0)
    return reduce(cols, axis=0).reshape(N, C, *sizes(x.shape, HH, WW, s, 0))


def pool_cache(x, p):
    return right.max_pool_forward_im2col(x, p)[1]


@wrong(POOL[0])
def channels_pooled_together(x, p):
    HH, WW, s = window(p)
    cols = right.im2col(x, HH, WW, s, 0)
    out = cols.max(axis=0).reshape(len(x), 1, *sizes(x.shape, HH, WW, s, 0))
    return np.repeat(out, x.shape[1], axis=1), pool_cache(x, p)


@wrong(POOL[0])
def published_order_of_columns(x, p):
    HH, WW, s = window(p)
    (N, C), size = x.shape[:2], sizes(x.shape, HH, WW, s, 0)
    return general(x, p).reshape(*size, N, C).transpose(2, 3, 0, 1), pool_cache(x, p)


@wrong(POOL[0])
def out_height_and_width_mixed(x, p):
    out = general(x, p)
    return out.reshape(*out.shape[:2], out.shape[3], out.shape[2]), pool_cache(x, p)


@wrong(POOL[0])
def window_sides_mixed(x, p):
    mixed = {**p, "pool_height": p["pool_width"], "pool_width": p["pool_height"]}
    return general(x, mixed), pool_cache(x, p)


@wrong(POOL[0])
def stride_taken_from_the_window(x, p):
    return general(x, {**p, "stride": p["pool_height"]}), pool_cache(x, p)


@wrong(POOL[0])
def mean_of_the_columns(x, p):
    return general(x, p, np.mean), pool_cache(x, p)


@wrong(POOL[0])
def padded_by_one(x, p):
    HH, WW, s = window(p)
    N, C, H, W = x.shape
    cols = right.im2col(x.reshape(N * C, 1, H, W), HH, WW, s, 1)
    out = cols.max(axis=0).reshape(N, C, *sizes(x.shape, HH, WW, s, 1))
    return out, pool_cache(x, p)


@wrong(POOL[0])
def pictures_and_channels_exchanged(x, p):
    HH, WW, s = window(p)
    N, C, H, W = x.shape
    turned = x.swapaxes(0, 1).reshape(N * C, 1, H, W)
    cols = right.im2col(turned, HH, WW, s, 0)
    return cols.max(axis=0).reshape(N, C, *sizes(x.shape, HH, WW, s, 0)), pool_cache(x, p)


@wrong(POOL[0])
def maximum_begins_at_zero(x, p):
    return general(x, p, lambda cols, axis: np.maximum(cols.max(axis), 0)), pool_cache(x, p)


@wrong(POOL[0])
def one_channel_at_a_time(x, p):
    outs = [general(x[:, c : c + 1], p) for c in range(x.shape[1])]
    return np.concatenate(outs, axis=1), pool_cache(x, p)


def keeps_x(x, p):
    return right.max_pool_forward_im2col(x, p)[0], (x.shape, x, p)


@wrong(POOL[1], max_pool_forward_im2col=keeps_x)
def ties_get_all_each(dout, cache):
    (N, C, H, W), x, p = cache
    HH, WW, s = window(p)
    cols = right.im2col(x.reshape(N * C, 1, H, W), HH, WW, s, 0)
    dcols = (cols == cols.max(axis=0)) * dout.reshape(-1)
    return right.col2im(dcols, (N * C, 1, H, W), HH, WW, s, 0).reshape(N, C, H, W)


@wrong(POOL[1])
def last_window_wins(dout, cache):
    (N, C, H, W), switches, p = cache
    HH, WW, s = window(p)
    numbers = np.arange(N * C * H * W).reshape(N * C, 1, H, W)
    at = right.im2col(numbers, HH, WW, s, 0)[switches, np.arange(switches.size)]
    dx = np.zeros(N * C * H * W)
    dx[at] = dout.reshape(-1)
    return dx.reshape(N, C, H, W)


@wrong(POOL[1])
def dout_read_position_by_position(dout, cache):
    turned = dout.transpose(2, 3, 0, 1).reshape(dout.shape)
    return right.max_pool_backward_im2col(turned, cache)


@wrong(POOL[1])
def whole_rows_instead_of_pairs(dout, cache):
    (N, C, H, W), switches, p = cache
    dcols = np.zeros((p["pool_height"] * p["pool_width"], switches.size))
    dcols[switches] = dout.reshape(-1)
    return right.col2im(dcols, (N * C, 1, H, W), *window(p), 0).reshape(N, C, H, W)


@wrong(POOL[1])
def everything_goes_to_the_first_row(dout, cache):
    shape, switches, p = cache
    return right.max_pool_backward_im2col(dout, (shape, 0 * switches, p))


@wrong(POOL[1])
def window_sides_mixed_back(dout, cache):
    shape, switches, p = cache
    mixed = {**p, "pool_height": p["pool_width"], "pool_width": p["pool_height"]}
    return right.max_pool_backward_im2col(dout, (shape, switches, mixed))


@wrong(POOL[1])
def channels_left_in_the_batch(dout, cache):
    dx = right.max_pool_backward_im2col(dout, cache)
    return dx.reshape(-1, 1, *dx.shape[2:])


@wrong(POOL[1])
def spread_over_the_window(dout, cache):
    (N, C, H, W), switches, p = cache
    K = p["pool_height"] * p["pool_width"]
    dcols = np.tile(dout.reshape(-1) / K, (K, 1))
    return right.col2im(dcols, (N * C, 1, H, W), *window(p), 0).reshape(N, C, H, W)


@wrong(POOL[1])
def dx_of_integers(dout, cache):
    return right.max_pool_backward_im2col(dout, cache).astype(int)


@wrong(POOL[1])
def dout_zeroed(dout, cache):
    dx = right.max_pool_backward_im2col(dout, cache)
    dout *= 0
    return dx


@wrong(POOL[1])
def one_window_at_a_time(dout, cache):
    (N, C, H, W), switches, p = cache
    HH, WW, s = window(p)
    dx = np.zeros((N, C, H, W))
    for k, (n, c, i, j) in enumerate(np.ndindex(dout.shape)):
        a, b = divmod(int(switches[k]), WW)
        dx[n, c, i * s + a, j * s + b] += dout[n, c, i, j]
    return dx
