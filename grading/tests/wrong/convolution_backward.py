"""Wrong backward passes of the convolution. The forward pass beside them is a right one, with
(x, w, b, conv_param) as its cache, except where the slip is in both."""

import numpy as np

from grading.tests.wrong.convolution import (
    padded,
    padding_hard_coded_to_1,
    pads_by_1_but_sizes_by_pad,
    sizes,
    slide,
    windows_ignore_the_stride,
    wrong,
)


def right_forward(x, w, b, conv_param):
    s, p, H_out, W_out = sizes(x, w, conv_param)
    return slide(padded(x, p), w, b, s, H_out, W_out), (x, w, b, conv_param)


backward = wrong("conv_backward_naive", conv_forward_naive=right_forward)


def shares(dout, cache, *, s=None, p=None, dtype=float, give=None, gather=None, filt=None):
    """dx of the padded picture, dw and db, with a slip or two.

    give(dx_window, share) and gather(dw_f, share) write the sums; filt is used in place of w.
    """
    x, w, b, conv_param = cache
    s, p = s or conv_param["stride"], conv_param["pad"] if p is None else p
    give = give or (lambda target, share: np.add(target, share, out=target, casting="unsafe"))
    gather = gather or give
    filt = w if filt is None else filt
    x_pad, HH, WW = padded(x, p), *w.shape[2:]
    dx, dw, db = np.zeros(x_pad.shape, dtype), np.zeros(w.shape, dtype), np.zeros(b.shape, dtype)
    for n, f, i, j in np.ndindex(dout.shape):
        place = np.s_[n, :, i * s : i * s + HH, j * s : j * s + WW]
        give(dx[place], filt[f] * dout[n, f, i, j])
        gather(dw[f], x_pad[place] * dout[n, f, i, j])
    db += dout.sum(axis=(0, 2, 3)).astype(dtype)
    return dx, dw, db


def crop(dx, cache):
    """The right way to cut off the padding."""
    (_, _, H, W), p = cache[0].shape, cache[3]["pad"]
    return dx[:, :, p : p + H, p : p + W]


def assign(target, share):
    target[...] = share


# ---- padding -------------------------------------------------------------------------------


@backward
def cuts_pad_to_minus_pad(dout, cache):
    dx, dw, db = shares(dout, cache)
    p = cache[3]["pad"]
    return dx[:, :, p:-p, p:-p], dw, db


@backward
def cuts_1_to_minus_1(dout, cache):
    dx, dw, db = shares(dout, cache)
    return dx[:, :, 1:-1, 1:-1], dw, db


@backward
def padding_hard_coded_to_1_in_backward(dout, cache):
    dx, dw, db = shares(dout, cache, p=1)
    return dx[:, :, 1:-1, 1:-1], dw, db


@backward
def padding_only_in_forward(dout, cache):
    return shares(dout, cache, p=0)


@backward
def padding_not_cut_off(dout, cache):
    return shares(dout, cache)


@backward
def padding_cut_off_above_and_below_only(dout, cache):
    dx, dw, db = shares(dout, cache)
    p, H = cache[3]["pad"], cache[0].shape[2]
    return dx[:, :, p : p + H], dw, db


@backward
def padding_cut_off_at_the_end_only(dout, cache):
    dx, dw, db = shares(dout, cache)
    H, W = cache[0].shape[2:]
    return dx[:, :, :H, :W], dw, db


@backward
def cuts_by_the_height_both_ways(dout, cache):
    dx, dw, db = shares(dout, cache)
    p, H = cache[3]["pad"], cache[0].shape[2]
    return dx[:, :, p : p + H, p : p + H], dw, db


@backward
def cuts_by_one_too_many(dout, cache):
    dx, dw, db = shares(dout, cache)
    p = cache[3]["pad"]
    return dx[:, :, p : -p - 1, p : -p - 1] if p else dx, dw, db


@backward
def insists_that_the_filter_fits_the_bare_picture(dout, cache):
    x, w, *_ = cache
    assert x.shape[2] >= w.shape[2]
    assert x.shape[3] >= w.shape[3]
    dx, dw, db = shares(dout, cache)
    return crop(dx, cache), dw, db


# ---- sums ----------------------------------------------------------------------------------


def slip(name, db=lambda dout, db: db, **options):
    """Registers a backward pass that is right but for the options."""

    def slipped(dout, cache):
        chosen = {key: value(*cache) if key == "filt" else value for key, value in options.items()}
        dx, dw, right_db = shares(dout, cache, **chosen)
        return crop(dx, cache), dw, db(dout, right_db)

    slipped.__name__ = name
    backward(slipped)


slip("dx_assigned_where_shares_add_up", give=assign)
slip("dw_assigned_where_shares_add_up", gather=assign)
slip("dx_taken_away", give=lambda target, share: np.subtract(target, share, out=target))
slip("db_over_pictures_and_rows_only", lambda dout, db: dout.sum(axis=(0, 2)))
slip("db_over_the_wrong_axes", lambda dout, db: dout.sum(axis=(0, 1, 2)))
slip("db_by_channel_axis", lambda dout, db: dout.sum(axis=(1, 2, 3)))
slip("db_of_the_last_picture", lambda dout, db: dout[-1].sum(axis=(1, 2)))
slip("db_of_the_last_position", lambda dout, db: dout[-1, :, -1, -1])
slip("db_with_kept_dimensions", lambda dout, db: dout.sum(axis=(0, 2, 3), keepdims=True))
slip("db_as_a_mean", lambda dout, db: dout.mean(axis=(0, 2, 3)))
slip("db_forgotten", lambda dout, db: None)
slip("windows_ignore_the_stride_in_backward", s=1)
slip("integer_buffers", dtype=int)
slip("float32_buffers", dtype=np.float32)
slip("dx_with_the_filter_flipped", filt=lambda x, w, b, p: w[:, :, ::-1, ::-1])
slip("dx_with_filter_0", filt=lambda x, w, b, p: np.repeat(w[:1], len(w), axis=0))
slip("dx_with_filter_magnitudes", filt=lambda x, w, b, p: np.abs(w))


@backward
def dw_flipped(dout, cache):
    dx, dw, db = shares(dout, cache)
    return crop(dx, cache), dw[:, :, ::-1, ::-1], db


@backward
def dw_averaged_over_pictures(dout, cache):
    dx, dw, db = shares(dout, cache)
    return crop(dx, cache), dw / len(dout), db


@backward
def dw_from_the_first_picture_only(dout, cache):
    dx, _, db = shares(dout, cache)
    _, dw, _ = shares(dout[:1], cache)
    return crop(dx, cache), dw, db


@backward
def rows_and_columns_of_dout_exchanged(dout, cache):
    dx, dw, db = shares(dout.transpose(0, 1, 3, 2), cache)
    return crop(dx, cache), dw, db


@backward
def filter_height_and_width_exchanged(dout, cache):
    x, w, b, conv_param = cache
    dx, dw, db = shares(dout, (x, w.transpose(0, 1, 3, 2), b, conv_param))
    return crop(dx, cache), dw.transpose(0, 1, 3, 2), db


@backward
def filter_taken_to_be_square(dout, cache):
    x, w, b, conv_param = cache
    dx, dw, db = shares(dout, (x, w[:, :, :, : w.shape[2]], b, conv_param))
    return crop(dx, cache), dw, db


@backward
def three_channels_written_as_a_number(dout, cache):
    dx, dw, db = shares(dout, cache)
    N, _, H, W = cache[0].shape
    return crop(dx, cache).reshape(N, 3, H, W), dw.reshape(-1, 3, *dw.shape[2:]), db


# ---- dx as a convolution -------------------------------------------------------------------


def full(dout, w, border):
    """dout, padded by a border, convolved with w: filters and channels exchanged."""
    dout = np.pad(dout, ((0, 0), (0, 0), (border[0],) * 2, (border[1],) * 2))
    windows = np.lib.stride_tricks.sliding_window_view(dout, w.shape[2:], axis=(2, 3))
    return np.einsum("nfijrs,fcrs->ncij", windows, w)


@backward
def dx_as_a_convolution_at_stride_1_only(dout, cache):
    _, dw, db = shares(dout, cache)
    w, p = cache[1], cache[3]["pad"]
    return full(dout, w[:, :, ::-1, ::-1], (w.shape[2] - 1 - p, w.shape[3] - 1 - p)), dw, db


@backward
def dx_as_a_convolution_without_turning_the_filter(dout, cache):
    _, dw, db = shares(dout, cache)
    w, p = cache[1], cache[3]["pad"]
    return full(dout, w, (w.shape[2] - 1 - p, w.shape[3] - 1 - p)), dw, db


@backward
def dx_as_a_convolution_padded_as_the_picture_was(dout, cache):
    _, dw, db = shares(dout, cache)
    w, p = cache[1], cache[3]["pad"]
    return full(dout, w[:, :, ::-1, ::-1], (p, p)), dw, db


# ---- memory and form -----------------------------------------------------------------------


@backward
def writes_into_dout(dout, cache):
    dx, dw, db = shares(dout, cache)
    dout *= 0
    return crop(dx, cache), dw, db


@backward
def clears_what_the_cache_holds(dout, cache):
    dx, dw, db = shares(dout, cache)
    cache[0][...] = 0
    return crop(dx, cache), dw, db


_last: dict = {}


def forward_that_remembers(x, w, b, conv_param):
    _last["cache"] = (x, w, b, conv_param)
    return right_forward(x, w, b, conv_param)


@wrong("conv_backward_naive", conv_forward_naive=forward_that_remembers)
def reads_the_last_forward_pass(dout, cache):
    dx, dw, db = shares(dout, _last["cache"])
    return crop(dx, _last["cache"]), dw, db


_sums: dict = {}


@backward
def buffer_kept_between_calls(dout, cache):
    dx, dw, db = shares(dout, cache)
    _sums[dw.shape] = dw + _sums.get(dw.shape, 0)
    return crop(dx, cache), _sums[dw.shape], db


@backward
def gradients_in_another_order(dout, cache):
    dx, dw, db = shares(dout, cache)
    return dw, crop(dx, cache), db


@backward
def dx_forgotten(dout, cache):
    return None, *shares(dout, cache)[1:]


@backward
def zeros_everywhere(dout, cache):
    return tuple(np.zeros(array.shape) for array in cache[:3])


# ---- the same slip in both passes ----------------------------------------------------------


@wrong("conv_backward_naive", conv_forward_naive=padding_hard_coded_to_1)
def padding_hard_coded_to_1_in_both(dout, cache):
    dx, dw, db = shares(dout, cache, p=1)
    return dx[:, :, 1:-1, 1:-1], dw, db


@wrong("conv_backward_naive", conv_forward_naive=pads_by_1_but_sizes_by_pad)
def pads_by_1_but_sizes_by_pad_in_both(dout, cache):
    dx, dw, db = shares(dout, cache, p=1)
    return dx[:, :, 1:-1, 1:-1], dw, db


def ignores_stride(x, w, b, conv_param):
    return windows_ignore_the_stride(x, w, b, conv_param)[0], (x, w, b, conv_param)


@wrong("conv_backward_naive", conv_forward_naive=ignores_stride)
def windows_ignore_the_stride_in_both(dout, cache):
    dx, dw, db = shares(dout, cache, s=1)
    return crop(dx, cache), dw, db
