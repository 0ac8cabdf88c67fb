"""Wrong convolutions, forward, as people really write them. Each must lose marks.

`@wrong("conv_forward_naive")` names the exercise that must notice. More entries are added by
convolution_backward and convolution_variants.
"""

import numpy as np

WRONG: list[dict] = []


def wrong(exercise, **others):
    """Adds an entry; `others` are the further functions that the exercise's checks call."""

    def add(function):
        functions = {exercise: function, **others}
        WRONG.append(dict(name=function.__name__, exercise=exercise, functions=functions))
        return function

    return add


def padded(x, p):
    return np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))


def sizes(x, w, conv_param):
    """stride, pad, and the output's height and width."""
    s, p = conv_param["stride"], conv_param["pad"]
    return s, p, *(1 + (x.shape[k] + 2 * p - w.shape[k]) // s for k in (2, 3))


def slide(x, w, b, s, H_out, W_out, value=None, dtype=float):
    """Windows of a padded picture through `value`, by default the right one."""
    value = value or (lambda window, filt, bias: np.sum(window * filt) + bias)
    out = np.zeros((x.shape[0], w.shape[0], H_out, W_out), dtype)
    HH, WW = w.shape[2:]
    for n, f, i, j in np.ndindex(out.shape):
        out[n, f, i, j] = value(x[n, :, i * s : i * s + HH, j * s : j * s + WW], w[f], b[f])
    return out


forward = wrong("conv_forward_naive")


# ---- padding and sizes ---------------------------------------------------------------------


@forward
def padding_hard_coded_to_1(x, w, b, conv_param):
    s = conv_param["stride"]
    H_out, W_out = (1 + (x.shape[k] + 2 - w.shape[k]) // s for k in (2, 3))
    return slide(padded(x, 1), w, b, s, H_out, W_out), (x, w, b, conv_param)


@forward
def pads_by_1_but_sizes_by_pad(x, w, b, conv_param):
    s, p, H_out, W_out = sizes(x, w, conv_param)
    return slide(padded(x, 1), w, b, s, H_out, W_out), (x, w, b, conv_param)


@forward
def padding_forgotten(x, w, b, conv_param):
    s, p, H_out, W_out = sizes(x, w, {**conv_param, "pad": 0})
    return slide(x, w, b, s, H_out, W_out), (x, w, b, conv_param)


@forward
def padding_only_in_the_size(x, w, b, conv_param):
    s, p, H_out, W_out = sizes(x, w, conv_param)
    return slide(x, w, b, s, H_out, W_out), (x, w, b, conv_param)


@forward
def padding_on_every_axis(x, w, b, conv_param):
    s, p, H_out, W_out = sizes(x, w, conv_param)
    return slide(np.pad(x, p), w, b, s, H_out, W_out), (x, w, b, conv_param)


@forward
def padding_only_above_and_below(x, w, b, conv_param):
    s, p, H_out, _ = sizes(x, w, conv_param)
    x_pad = np.pad(x, ((0, 0), (0, 0), (p, p), (0, 0)))
    return slide(x_pad, w, b, s, H_out, 1 + (x.shape[3] - w.shape[3]) // s), None


@forward
def padding_on_one_side(x, w, b, conv_param):
    s, p, H_out, W_out = sizes(x, w, conv_param)
    return slide(np.pad(x, ((0, 0), (0, 0), (0, 2 * p), (0, 2 * p))), w, b, s, H_out, W_out), None


@forward
def padding_repeats_the_border(x, w, b, conv_param):
    s, p, H_out, W_out = sizes(x, w, conv_param)
    x_pad = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), mode="edge")
    return slide(x_pad, w, b, s, H_out, W_out), None


@forward
def fills_the_middle_with_pad_to_minus_pad(x, w, b, conv_param):
    s, p, H_out, W_out = sizes(x, w, conv_param)
    N, C, H, W = x.shape
    x_pad = np.zeros((N, C, H + 2 * p, W + 2 * p))
    x_pad[:, :, p:-p, p:-p] = x
    return slide(x_pad, w, b, s, H_out, W_out), None


@forward
def padding_counted_once_in_the_size(x, w, b, conv_param):
    s, p, *_ = sizes(x, w, conv_param)
    H_out, W_out = (1 + (x.shape[k] + p - w.shape[k]) // s for k in (2, 3))
    return slide(padded(x, p), w, b, s, H_out, W_out), None


@forward
def one_position_too_few(x, w, b, conv_param):
    s, p, H_out, W_out = sizes(x, w, conv_param)
    return slide(padded(x, p), w, b, s, H_out - 1, W_out - 1), None


@forward
def last_row_and_column_never_computed(x, w, b, conv_param):
    s, p, H_out, W_out = sizes(x, w, conv_param)
    out = slide(padded(x, p), w, b, s, H_out, W_out)
    out[:, :, -1], out[:, :, :, -1] = 0, 0
    return out, None


@forward
def one_added_before_dividing(x, w, b, conv_param):
    s, p, *_ = sizes(x, w, conv_param)
    H_out, W_out = ((x.shape[k] + 2 * p - w.shape[k] + 1) // s for k in (2, 3))
    return slide(padded(x, p), w, b, s, H_out, W_out), None


@forward
def insists_that_the_filter_fits_the_bare_picture(x, w, b, conv_param):
    s, p, H_out, W_out = sizes(x, w, conv_param)
    assert x.shape[2] >= w.shape[2], "filter too large"
    assert x.shape[3] >= w.shape[3], "filter too large"
    return slide(padded(x, p), w, b, s, H_out, W_out), None


@forward
def insists_that_the_stride_fits_the_bare_picture(x, w, b, conv_param):
    s, p, H_out, W_out = sizes(x, w, conv_param)
    assert (x.shape[2] - w.shape[2]) % s == 0, "stride does not fit"
    assert x.shape[2] % s == 0, "stride does not fit"
    return slide(padded(x, p), w, b, s, H_out, W_out), None


# ---- stride, height and width --------------------------------------------------------------


@forward
def windows_ignore_the_stride(x, w, b, conv_param):
    s, p, H_out, W_out = sizes(x, w, conv_param)
    return slide(padded(x, p), w, b, 1, H_out, W_out), None


@forward
def stride_only_down(x, w, b, conv_param):
    s, p, H_out, W_out = sizes(x, w, conv_param)
    every_row = slide(padded(x, p), w, b, 1, (H_out - 1) * s + 1, W_out)
    return every_row[:, :, ::s], None


@forward
def step_is_the_filter_size(x, w, b, conv_param):
    s, p, H_out, W_out = sizes(x, w, conv_param)
    HH, WW = w.shape[2:]
    x_pad = np.pad(padded(x, p), ((0, 0), (0, 0), (0, 99), (0, 99)))
    out = np.zeros((len(x), len(w), H_out, W_out))
    for n, f, i, j in np.ndindex(out.shape):
        window = x_pad[n, :, i * HH : i * HH + HH, j * WW : j * WW + WW]
        out[n, f, i, j] = np.sum(window * w[f]) + b[f]
    return out, None


@forward
def output_height_and_width_exchanged(x, w, b, conv_param):
    s, p, H_out, W_out = sizes(x, w, conv_param)
    return slide(padded(x, p), w, b, s, H_out, W_out).transpose(0, 1, 3, 2), None


@forward
def output_taken_to_be_square(x, w, b, conv_param):
    s, p, H_out, _ = sizes(x, w, conv_param)
    return slide(padded(x, p), w, b, s, H_out, H_out), None


@forward
def picture_width_measured_by_height(x, w, b, conv_param):
    s, p, H_out, _ = sizes(x, w, conv_param)
    W_out = 1 + (x.shape[2] + 2 * p - w.shape[3]) // s
    return slide(padded(x, p), w, b, s, H_out, W_out), None


@forward
def filter_height_and_width_exchanged(x, w, b, conv_param):
    s, p, H_out, W_out = sizes(x, w, conv_param)
    F, C, WW, HH = w.shape
    out = np.zeros((len(x), F, H_out, W_out))
    for n, f, i, j in np.ndindex(out.shape):
        window = padded(x, p)[n, :, i * s : i * s + HH, j * s : j * s + WW]
        out[n, f, i, j] = np.sum(window * w[f]) + b[f]
    return out, None


@forward
def filter_taken_to_be_square(x, w, b, conv_param):
    s, p, *_ = sizes(x, w, conv_param)
    F, C, HH, _ = w.shape
    square = w[:, :, :, :HH]
    H_out, W_out = (1 + (x.shape[k] + 2 * p - HH) // s for k in (2, 3))
    return slide(padded(x, p), square, b, s, H_out, W_out), None


@forward
def filter_transposed(x, w, b, conv_param):
    s, p, H_out, W_out = sizes(x, w, conv_param)
    return slide(padded(x, p), w.transpose(0, 1, 3, 2), b, s, H_out, W_out), None


# ---- what is summed ------------------------------------------------------------------------


@forward
def filter_flipped(x, w, b, conv_param):
    s, p, H_out, W_out = sizes(x, w, conv_param)
    return slide(padded(x, p), w[:, :, ::-1, ::-1], b, s, H_out, W_out), None


def value_slip(name, value):
    def slipped(x, w, b, conv_param):
        s, p, H_out, W_out = sizes(x, w, conv_param)
        return slide(padded(x, p), w, b, s, H_out, W_out, value), (x, w, b, conv_param)

    slipped.__name__ = name
    forward(slipped)


value_slip("bias_forgotten", lambda window, filt, bias: np.sum(window * filt))
value_slip("bias_added_for_each_tap", lambda window, filt, bias: np.sum(window * filt + bias))
value_slip(
    "bias_added_for_each_channel",
    lambda window, filt, bias: sum(np.sum(a * v) + bias for a, v in zip(window, filt)),
)
value_slip("bias_subtracted", lambda window, filt, bias: np.sum(window * filt) - bias)
value_slip("bias_multiplied", lambda window, filt, bias: np.sum(window * filt) * bias)
value_slip("first_channel_only", lambda window, filt, bias: np.sum(window[0] * filt[0]) + bias)
value_slip("last_channel_wins", lambda window, filt, bias: np.sum(window[-1] * filt[-1]) + bias)
value_slip("mean_for_sum", lambda window, filt, bias: np.mean(window * filt) + bias)
value_slip("relu_put_in", lambda window, filt, bias: max(0.0, np.sum(window * filt) + bias))
value_slip(
    "window_flattened_in_another_order",
    lambda window, filt, bias: window.transpose(1, 2, 0).ravel() @ filt.ravel() + bias,
)
value_slip(
    "three_channels_of_three_by_three_written_as_numbers",
    lambda window, filt, bias: window.reshape(27) @ filt.reshape(27) + bias,
)


@forward
def filter_0_for_every_map(x, w, b, conv_param):
    s, p, H_out, W_out = sizes(x, w, conv_param)
    return slide(padded(x, p), np.repeat(w[:1], len(w), axis=0), b, s, H_out, W_out), None


@forward
def picture_0_for_every_picture(x, w, b, conv_param):
    s, p, H_out, W_out = sizes(x, w, conv_param)
    return slide(padded(np.repeat(x[:1], len(x), axis=0), p), w, b, s, H_out, W_out), None


# ---- numbers, memory, form -----------------------------------------------------------------


@forward
def result_kept_in_the_dtype_of_x(x, w, b, conv_param):
    s, p, H_out, W_out = sizes(x, w, conv_param)
    return slide(padded(x, p), w, b, s, H_out, W_out, dtype=x.dtype), None


@forward
def result_kept_in_float32(x, w, b, conv_param):
    s, p, H_out, W_out = sizes(x, w, conv_param)
    return slide(padded(x, p), w, b, s, H_out, W_out, dtype=np.float32), None


@forward
def result_kept_as_integers(x, w, b, conv_param):
    s, p, H_out, W_out = sizes(x, w, conv_param)
    return slide(padded(x, p), w, b, s, H_out, W_out, dtype=int), None


@forward
def strides_of_c_order_assumed(x, w, b, conv_param):
    s, p, H_out, W_out = sizes(x, w, conv_param)
    x_pad = padded(x, p)
    (N, C, H, W), size, (F, _, HH, WW) = x_pad.shape, x_pad.itemsize, w.shape
    steps = tuple(size * k for k in (C * H * W, s * W, s, H * W, W, 1))
    flat = x_pad.ravel(order="K")  # fine for C order, scrambled for Fortran order
    windows = np.lib.stride_tricks.as_strided(flat, (N, H_out, W_out, C, HH, WW), steps)
    return np.einsum("nijcrs,fcrs->nfij", windows, w) + b.reshape(1, F, 1, 1), None


@forward
def clears_its_input(x, w, b, conv_param):
    s, p, H_out, W_out = sizes(x, w, conv_param)
    out = slide(padded(x, p), w, b, s, H_out, W_out)
    x[...] = 0
    return out, None


@forward
def turns_the_filters_in_place(x, w, b, conv_param):
    s, p, H_out, W_out = sizes(x, w, conv_param)
    w[...] = w[:, :, ::-1, ::-1].copy()
    return slide(padded(x, p), w[:, :, ::-1, ::-1], b, s, H_out, W_out), None


_kept: dict = {}


@forward
def sums_kept_between_calls(x, w, b, conv_param):
    s, p, H_out, W_out = sizes(x, w, conv_param)
    out = slide(padded(x, p), w, b, s, H_out, W_out)
    _kept[out.shape] = out + _kept.get(out.shape, 0)
    return _kept[out.shape], None


@forward
def channels_last(x, w, b, conv_param):
    s, p, H_out, W_out = sizes(x, w, conv_param)
    return slide(padded(x, p), w, b, s, H_out, W_out).transpose(0, 2, 3, 1), None


@forward
def cache_forgotten(x, w, b, conv_param):
    s, p, H_out, W_out = sizes(x, w, conv_param)
    return slide(padded(x, p), w, b, s, H_out, W_out)


@forward
def return_forgotten(x, w, b, conv_param):
    slide(padded(x, conv_param["pad"]), w, b, *sizes(x, w, conv_param)[::2][:1], 1, 1)
