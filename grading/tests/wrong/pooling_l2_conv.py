"""Slips that only L2 pooling, or a convolution in place of a pool, invites. Each must lose marks."""

import numpy as np

from grading.tests.wrong.pooling import largest_gets, length, length_gets, pool, spread, wrong

# ---- L2 ------------------------------------------------------------------------------------


@wrong("l2_pool_forward")
def root_forgotten(x, p):
    return pool(x, p, lambda v: np.sum(v**2))


@wrong("l2_pool_forward")
def mean_under_the_root(x, p):
    return pool(x, p, lambda v: np.sqrt(np.mean(v**2)))


@wrong("l2_pool_forward")
def sum_of_sizes(x, p):
    return pool(x, p, lambda v: np.abs(v).sum())


@wrong("l2_pool_forward")
def root_of_the_sum_squared(x, p):
    return pool(x, p, lambda v: np.sqrt(v.sum() ** 2))


@wrong("l2_pool_forward")
def something_added_under_the_root(x, p):
    return pool(x, p, lambda v: np.sqrt(np.sum(v**2) + 1e-8))


@wrong("l2_pool_forward")
def squares_of_bytes_overflow(x, p):
    return pool(x, p, lambda v: np.sqrt(np.sum(v**2)))


@wrong("l2_pool_forward")
def squares_written_into_x(x, p):
    x **= 2
    return pool(x, p, lambda v: np.sqrt(v.sum(dtype=float)))


@wrong("l2_pool_forward")
def length_by_rows(x, p):
    return pool(x, p, lambda v: np.sqrt((v**2).sum(axis=0)).sum())


@wrong("l2_pool_forward")
def spectral_norm(x, p):
    return pool(x, p, lambda v: np.linalg.norm(v.astype(float), 2))


@wrong("l2_pool_backward")
def division_by_length_forgotten(dout, cache):
    return spread(dout, cache, lambda v, g: v * g)


@wrong("l2_pool_backward")
def twice_too_much(dout, cache):
    return spread(dout, cache, lambda v, g: 2 * length_gets(v, g))


@wrong("l2_pool_backward")
def half_kept_from_the_root(dout, cache):
    return spread(dout, cache, lambda v, g: length_gets(v, g) / 2)


@wrong("l2_pool_backward")
def divided_by_length_squared(dout, cache):
    return spread(dout, cache, lambda v, g: v * g / (np.sum(v**2) or 1))


@wrong("l2_pool_backward")
def sign_lost(dout, cache):
    return spread(dout, cache, lambda v, g: np.abs(length_gets(v, 1)) * g)


@wrong("l2_pool_backward")
def length_of_the_whole_picture(dout, cache):
    return spread(dout, cache, lambda v, g: v * g / (length(cache[0]) or 1))


@wrong("l2_pool_backward")
def nan_at_windows_of_zeros(dout, cache):
    return spread(dout, cache, lambda v, g: v * g / length(v))


@wrong("l2_pool_backward")
def all_of_the_gradient_at_windows_of_zeros(dout, cache):
    return spread(dout, cache, lambda v, g: length_gets(v, g) if v.any() else np.full(v.shape, g))


@wrong("l2_pool_backward")
def gradient_lost_wherever_a_pixel_is_zero(dout, cache):
    return spread(dout, cache, lambda v, g: length_gets(v, g) * bool(v.all()))


@wrong("l2_pool_backward")
def much_added_to_the_length(dout, cache):
    return spread(dout, cache, lambda v, g: v * g / (length(v) + 1e-3))


@wrong("l2_pool_backward")
def length_times_gradient(dout, cache):
    return spread(dout, cache, lambda v, g: np.full(v.shape, length(v) * g))


@wrong("l2_pool_backward")
def only_the_largest_gets_it(dout, cache):
    return spread(dout, cache, largest_gets)


# ---- average pooling as a convolution ------------------------------------------------------


def conv_of(p, w, b=None, stride=None, pad=0):
    return w, np.zeros(len(w)) if b is None else b, {"stride": stride or p["stride"], "pad": pad}


def filters(C, p, mixed=False):
    channels = np.ones((C, C)) if mixed else np.eye(C)
    window = np.ones((p["pool_height"], p["pool_width"]))
    return channels[:, :, None, None] * window / window.size


@wrong("avg_pool_as_conv")
def every_filter_sees_every_channel(C, p):
    return conv_of(p, filters(C, p, mixed=True))


@wrong("avg_pool_as_conv")
def mean_over_all_channels(C, p):
    return conv_of(p, filters(C, p, mixed=True) / C)


@wrong("avg_pool_as_conv")
def weights_of_one(C, p):
    return conv_of(p, filters(C, p) * p["pool_height"] * p["pool_width"])


@wrong("avg_pool_as_conv")
def weights_by_height_squared(C, p):
    return conv_of(p, filters(C, p) * p["pool_width"] / p["pool_height"])


@wrong("avg_pool_as_conv")
def weights_divided_by_channels(C, p):
    return conv_of(p, filters(C, p) / C)


@wrong("avg_pool_as_conv")
def biases_of_one(C, p):
    return conv_of(p, filters(C, p), b=np.ones(C))


@wrong("avg_pool_as_conv")
def always_stride_one(C, p):
    return conv_of(p, filters(C, p), stride=1)


@wrong("avg_pool_as_conv")
def stride_of_window_height(C, p):
    return conv_of(p, filters(C, p), stride=p["pool_height"])


@wrong("avg_pool_as_conv")
def padded_by_one(C, p):
    return conv_of(p, filters(C, p), pad=1)


@wrong("avg_pool_as_conv")
def one_filter_for_all(C, p):
    return conv_of(p, filters(C, p)[:1])


@wrong("avg_pool_as_conv")
def one_channel_a_filter(C, p):
    return conv_of(p, filters(C, p).sum(axis=1, keepdims=True))


@wrong("avg_pool_as_conv")
def window_turned(C, p):
    return conv_of(p, filters(C, p).swapaxes(2, 3))


@wrong("avg_pool_as_conv")
def channels_in_reverse(C, p):
    return conv_of(p, filters(C, p)[::-1])


@wrong("avg_pool_as_conv")
def weight_in_one_corner_only(C, p):
    w = np.zeros_like(filters(C, p))
    w[range(C), range(C), 0, 0] = 1
    return conv_of(p, w)


@wrong("avg_pool_as_conv")
def no_pad_named(C, p):
    return filters(C, p), np.zeros(C), {"stride": p["stride"]}


@wrong("avg_pool_as_conv")
def always_three_channels(C, p):
    return conv_of(p, filters(3, p))
