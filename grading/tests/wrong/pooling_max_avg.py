"""Slips that only max or only average pooling invites. Each must lose marks in its exercise."""

import numpy as np

from grading.tests.wrong.pooling import largest_gets, mean_gets, pool, sizes, spread, wrong

# ---- max, forward --------------------------------------------------------------------------


@wrong("max_pool_forward_naive")
def search_begins_at_zero(x, p):
    return pool(x, p, lambda v: max(0, v.max()))


@wrong("max_pool_forward_naive")
def search_begins_at_minus_999(x, p):
    return pool(x, p, lambda v: max(-999, v.max()))


@wrong("max_pool_forward_naive")
def largest_in_size(x, p):
    return pool(x, p, lambda v: np.abs(v).max())


@wrong("max_pool_forward_naive")
def smallest_instead_of_largest(x, p):
    return pool(x, p, np.min)


@wrong("max_pool_forward_naive")
def largest_of_the_first_row_of_a_window(x, p):
    return pool(x, p, lambda v: v[0].max())


@wrong("max_pool_forward_naive")
def upper_left_pixel(x, p):
    return pool(x, p, lambda v: v[0, 0])


@wrong("max_pool_forward_naive")
def place_of_the_largest_instead_of_its_value(x, p):
    return pool(x, p, np.argmax)


@wrong("max_pool_forward_naive")
def rounded_to_float32(x, p):
    return pool(x, p, np.max, dtype=np.float32)


# ---- max, backward -------------------------------------------------------------------------


@wrong("max_pool_backward_naive")
def largest_of_every_column_of_a_window(dout, cache):
    return spread(dout, cache, lambda v, g: (v == v.max(axis=0)) * g)


@wrong("max_pool_backward_naive")
def flat_place_unravelled_in_a_turned_window(dout, cache):
    def share(v, g):
        got = np.zeros(v.shape)
        r, q = np.unravel_index(v.argmax(), v.shape[::-1])
        got[r % v.shape[0], q % v.shape[1]] = g
        return got

    return spread(dout, cache, share)


@wrong("max_pool_backward_naive")
def largest_over_all_channels(dout, cache):
    x, p = cache
    HH, WW, s, *_ = sizes(x, p)
    dx = np.zeros(x.shape)
    for n, c, i, j in np.ndindex(dout.shape):
        place = np.s_[i * s : i * s + HH, j * s : j * s + WW]
        window = x[n][:, place[0], place[1]]
        dx[n, c][place] += (window[c] == window.max()) * dout[n, c, i, j]
    return dx


@wrong("max_pool_backward_naive")
def near_ties_by_isclose(dout, cache):
    return spread(dout, cache, lambda v, g: np.isclose(v, v.max()) * g)


@wrong("max_pool_backward_naive")
def ties_after_rounding(dout, cache):
    return spread(dout, cache, lambda v, g: (v.round(1) == v.max().round(1)) * g)


@wrong("max_pool_backward_naive")
def near_ties_in_float32(dout, cache):
    return spread(dout, cache, lambda v, g: (np.float32(v) == np.float32(v.max())) * g)


@wrong("max_pool_backward_naive")
def times_the_value(dout, cache):
    return spread(dout, cache, lambda v, g: largest_gets(v, g) * v)


@wrong("max_pool_backward_naive")
def shared_by_all(dout, cache):
    return spread(dout, cache, mean_gets)


@wrong("max_pool_backward_naive")
def everyone_gets_all(dout, cache):
    return spread(dout, cache, lambda v, g: np.full(v.shape, g))


@wrong("max_pool_backward_naive")
def everything_positive_gets_all(dout, cache):
    return spread(dout, cache, lambda v, g: (v > 0) * g)


@wrong("max_pool_backward_naive")
def place_in_window_taken_for_place_in_picture(dout, cache):
    x, p = cache
    HH, WW, s, *_ = sizes(x, p)
    dx = np.zeros(x.shape)
    for n, c, i, j in np.ndindex(dout.shape):
        r, q = divmod(x[n, c, i * s : i * s + HH, j * s : j * s + WW].argmax(), WW)
        dx[n, c, r, q] += dout[n, c, i, j]
    return dx


@wrong("max_pool_backward_naive")
def loser_overwrites_winner(dout, cache):
    """Only the slice is written, not added: zeros of a later window wipe out an earlier winner."""
    return spread(dout, cache, largest_gets, add=False)


@wrong("max_pool_backward_naive")
def upsampled_and_masked_over_the_picture(dout, cache):
    x, p = cache
    HH, WW, *_ = sizes(x, p)
    big = dout.repeat(HH, axis=2).repeat(WW, axis=3)[:, :, : x.shape[2], : x.shape[3]]
    out, _ = pool(x, p, np.max)
    top = out.repeat(HH, axis=2).repeat(WW, axis=3)[:, :, : x.shape[2], : x.shape[3]]
    dx = np.zeros(x.shape)
    dx[:, :, : big.shape[2], : big.shape[3]] = big
    mask = np.zeros(x.shape, dtype=bool)
    mask[:, :, : top.shape[2], : top.shape[3]] = x[:, :, : top.shape[2], : top.shape[3]] == top
    return dx * mask


@wrong("max_pool_backward_naive")
def one_winner_a_picture_row(dout, cache):
    x, p = cache
    dx = spread(dout, cache, largest_gets)
    return dx * (x == x.max(axis=3, keepdims=True))


# ---- average -------------------------------------------------------------------------------


@wrong("avg_pool_forward")
def sum_never_divided(x, p):
    return pool(x, p, np.sum)


@wrong("avg_pool_forward")
def divided_by_height_squared(x, p):
    return pool(x, p, lambda v: v.sum() / p["pool_height"] ** 2)


@wrong("avg_pool_forward")
def divided_by_stride_squared(x, p):
    return pool(x, p, lambda v: v.sum() / p["stride"] ** 2)


@wrong("avg_pool_forward")
def divided_by_pixels_of_the_picture(x, p):
    return pool(x, p, lambda v: v.sum() / x[0, 0].size)


@wrong("avg_pool_forward")
def divided_by_four(x, p):
    return pool(x, p, lambda v: v.sum() / 4)


@wrong("avg_pool_forward")
def divided_down_to_whole_numbers(x, p):
    return pool(x, p, lambda v: v.sum() // v.size)


@wrong("avg_pool_forward")
def middle_value(x, p):
    return pool(x, p, np.median)


@wrong("avg_pool_forward")
def buffer_of_the_type_of_x(x, p):
    return pool(x, p, np.mean, dtype=x.dtype)


@wrong("avg_pool_forward")
def sum_of_bytes_overflows(x, p):
    return pool(x, p, lambda v: v.sum(dtype=x.dtype) / v.size)


@wrong("avg_pool_backward")
def gradient_never_divided(dout, cache):
    return spread(dout, cache, lambda v, g: np.full(v.shape, g))


@wrong("avg_pool_backward")
def gradient_divided_by_height_squared(dout, cache):
    return spread(dout, cache, lambda v, g: np.full(v.shape, g / cache[1]["pool_height"] ** 2))


@wrong("avg_pool_backward")
def gradient_divided_by_stride_squared(dout, cache):
    return spread(dout, cache, lambda v, g: np.full(v.shape, g / cache[1]["stride"] ** 2))


@wrong("avg_pool_backward")
def gradient_divided_by_number_of_windows(dout, cache):
    return spread(dout, cache, lambda v, g: np.full(v.shape, g / dout[0, 0].size))


@wrong("avg_pool_backward")
def gradient_divided_twice(dout, cache):
    return spread(dout, cache, lambda v, g: mean_gets(v, g) / v.size)


@wrong("avg_pool_backward")
def overlap_averaged_away(dout, cache):
    covered = spread(np.ones_like(dout), cache, lambda v, g: np.ones(v.shape))
    return spread(dout, cache, mean_gets) / np.maximum(covered, 1)


@wrong("avg_pool_backward")
def dout_divided_in_place(dout, cache):
    dout /= cache[1]["pool_height"] * cache[1]["pool_width"]
    return spread(dout, cache, lambda v, g: np.full(v.shape, g))


@wrong("avg_pool_backward")
def times_the_values(dout, cache):
    return spread(dout, cache, lambda v, g: v * g / v.size)
