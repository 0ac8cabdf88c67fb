"""Wrong convolutions as a matrix product, as people really write them. Importing this module adds
them to the bank of columns."""

import numpy as np

from grading.reference import columns as right
from grading.tests.wrong.columns import sizes, wrong

FORWARD, BACKWARD = "conv_forward_im2col", "conv_backward_im2col"


def steps(conv_param):
    return conv_param["stride"], conv_param["pad"]


def product(x, w, b, p):
    cols = right.im2col(x, *w.shape[2:], *steps(p))
    return w.reshape(len(w), -1) @ cols + b[:, None], sizes(x.shape, *w.shape[2:], *steps(p))


def cache_of(x, w, b, p):
    return right.conv_forward_im2col(x, w, b, p)[1]


# ---- convolution, forward ------------------------------------------------------------------


@wrong(FORWARD)
def axes_renamed_instead_of_turned(x, w, b, p):
    out, size = product(x, w, b, p)
    return out.reshape(len(x), len(w), *size), cache_of(x, w, b, p)


@wrong(FORWARD)
def reshape_of_published_order(x, w, b, p):
    out, size = product(x, w, b, p)
    return out.reshape(len(w), *size, len(x)).transpose(3, 0, 1, 2), cache_of(x, w, b, p)


@wrong(FORWARD)
def filters_come_first(x, w, b, p):
    out, size = product(x, w, b, p)
    return out.reshape(len(w), len(x), *size), cache_of(x, w, b, p)


@wrong(FORWARD)
def output_height_and_width_mixed(x, w, b, p):
    out, (H_out, W_out) = product(x, w, b, p)
    return out.reshape(len(w), len(x), W_out, H_out).swapaxes(0, 1), cache_of(x, w, b, p)


@wrong(FORWARD)
def bias_forgotten(x, w, b, p):
    return right.conv_forward_im2col(x, w, 0 * b, p)


@wrong(FORWARD)
def bias_twice(x, w, b, p):
    return right.conv_forward_im2col(x, w, 2 * b, p)


@wrong(FORWARD)
def first_bias_for_all_filters(x, w, b, p):
    return right.conv_forward_im2col(x, w, np.full(len(b), b[0]), p)


@wrong(FORWARD)
def bias_added_along_the_wrong_axis(x, w, b, p):
    out, _ = right.conv_forward_im2col(x, w, 0 * b, p)
    return out + b, cache_of(x, w, b, p)


@wrong(FORWARD)
def filters_flipped(x, w, b, p):
    return right.conv_forward_im2col(x, w[:, :, ::-1, ::-1], b, p)


@wrong(FORWARD)
def weights_in_another_order(x, w, b, p):
    turned = w.transpose(0, 2, 3, 1).reshape(w.shape)
    return right.conv_forward_im2col(x, turned, b, p)


@wrong(FORWARD)
def weights_transposed_by_reshape(x, w, b, p):
    turned = w.reshape(-1, len(w)).T.reshape(w.shape)
    return right.conv_forward_im2col(x, turned, b, p)


@wrong(FORWARD)
def pad_and_stride_exchanged(x, w, b, p):
    return right.conv_forward_im2col(x, w, b, {"stride": p["pad"] or 1, "pad": p["stride"]})


@wrong(FORWARD)
def pad_ignored(x, w, b, p):
    return right.conv_forward_im2col(x, w, b, {**p, "pad": 0})


@wrong(FORWARD)
def stride_of_one(x, w, b, p):
    return right.conv_forward_im2col(x, w, b, {**p, "stride": 1})


@wrong(FORWARD)
def square_filters_only(x, w, b, p):
    cols = right.im2col(x, w.shape[2], w.shape[2], *steps(p))
    size = sizes(x.shape, *w.shape[2:], *steps(p))
    out = w.reshape(len(w), -1) @ cols + b[:, None]
    return out.reshape(len(w), len(x), *size).swapaxes(0, 1), cache_of(x, w, b, p)


@wrong(FORWARD)
def out_has_the_dtype_of_x(x, w, b, p):
    out, cache = right.conv_forward_im2col(x, w, b, p)
    return out.astype(x.dtype), cache


@wrong(FORWARD)
def bias_added_in_place_to_the_weights(x, w, b, p):
    answer = right.conv_forward_im2col(x, w, b, p)
    w += b[:, None, None, None]
    return answer


@wrong(FORWARD)
def no_cache(x, w, b, p):
    return right.conv_forward_im2col(x, w, b, p)[0]


@wrong(FORWARD)
def one_product_for_each_picture(x, w, b, p):
    outs = [right.conv_forward_im2col(picture[None], w, b, p)[0] for picture in x]
    return np.concatenate(outs), cache_of(x, w, b, p)


@wrong(FORWARD)
def one_position_at_a_time(x, w, b, p):
    cols = right.im2col(x, *w.shape[2:], *steps(p))
    out = np.array([w.reshape(len(w), -1) @ col + b for col in cols.T]).T
    size = sizes(x.shape, *w.shape[2:], *steps(p))
    return out.reshape(len(w), len(x), *size).swapaxes(0, 1), cache_of(x, w, b, p)


# ---- convolution, backward -----------------------------------------------------------------


@wrong(BACKWARD)
def dout_renamed_instead_of_turned(dout, cache):
    F = dout.shape[1]
    return right.conv_backward_im2col(
        dout.reshape(F, len(dout), *dout.shape[2:]).swapaxes(0, 1), cache
    )


@wrong(BACKWARD)
def dout_in_published_order(dout, cache):
    d = dout.transpose(1, 2, 3, 0).reshape(dout.shape[1], -1)
    turned = d.reshape(dout.shape[1], len(dout), *dout.shape[2:]).swapaxes(0, 1)
    return right.conv_backward_im2col(turned, cache)


@wrong(BACKWARD)
def weights_not_transposed(dout, cache):
    x, w, b, p, cols = cache
    dx, dw, db = right.conv_backward_im2col(dout, cache)
    d = dout.swapaxes(0, 1).reshape(len(w), -1)
    dcols = w.reshape(-1, len(w)) @ d
    return right.col2im(dcols, x.shape, *w.shape[2:], *steps(p)), dw, db


@wrong(BACKWARD)
def weights_flipped(dout, cache):
    x, w, b, p, cols = cache
    _, dw, db = right.conv_backward_im2col(dout, cache)
    dx, _, _ = right.conv_backward_im2col(dout, (x, w[:, :, ::-1, ::-1], b, p, cols))
    return dx, dw, db


@wrong(BACKWARD)
def bias_gradient_is_a_mean(dout, cache):
    dx, dw, _ = right.conv_backward_im2col(dout, cache)
    return dx, dw, dout.mean(axis=(0, 2, 3))


@wrong(BACKWARD)
def bias_gradient_keeps_its_rows(dout, cache):
    dx, dw, _ = right.conv_backward_im2col(dout, cache)
    return dx, dw, dout.sum(axis=(0, 3))


@wrong(BACKWARD)
def gradients_divided_by_the_batch(dout, cache):
    return tuple(g / len(dout) for g in right.conv_backward_im2col(dout, cache))


@wrong(BACKWARD)
def dw_left_flat(dout, cache):
    dx, dw, db = right.conv_backward_im2col(dout, cache)
    return dx, dw.reshape(len(dw), -1), db


@wrong(BACKWARD)
def dw_read_in_another_order(dout, cache):
    dx, dw, db = right.conv_backward_im2col(dout, cache)
    return dx, dw.reshape(len(dw), *dw.shape[2:], dw.shape[1]).transpose(0, 3, 1, 2), db


@wrong(BACKWARD)
def copies_replace_one_another(dout, cache):
    x, w, _, p, _ = cache
    _, dw, db = right.conv_backward_im2col(dout, cache)
    dcols = w.reshape(len(w), -1).T @ dout.swapaxes(0, 1).reshape(len(w), -1)
    at = right.im2col(np.arange(1.0, x.size + 1).reshape(x.shape), *w.shape[2:], *steps(p)).astype(
        int
    )
    sums = np.zeros(x.size + 1)
    sums[at] = dcols
    return sums[1:].reshape(x.shape), dw, db


@wrong(BACKWARD)
def stride_one_on_the_way_back(dout, cache):
    x, w, b, p, cols = cache
    return right.conv_backward_im2col(dout, (x, w, b, {**p, "stride": 1}, cols))


@wrong(BACKWARD)
def padding_forgotten_on_the_way_back(dout, cache):
    x, w, b, p, cols = cache
    return right.conv_backward_im2col(dout, (x, w, b, {**p, "pad": 0}, cols))


@wrong(BACKWARD)
def filter_sides_mixed_on_the_way_back(dout, cache):
    x, w, _, p, _ = cache
    _, dw, db = right.conv_backward_im2col(dout, cache)
    dcols = w.reshape(len(w), -1).T @ dout.swapaxes(0, 1).reshape(len(w), -1)
    return right.col2im(dcols, x.shape, w.shape[3], w.shape[2], *steps(p)), dw, db


@wrong(BACKWARD)
def gradients_in_another_order(dout, cache):
    dx, dw, db = right.conv_backward_im2col(dout, cache)
    return dw, dx, db


@wrong(BACKWARD)
def dx_has_the_dtype_of_x(dout, cache):
    dx, dw, db = right.conv_backward_im2col(dout, cache)
    return dx.astype(cache[0].dtype), dw.astype(cache[0].dtype), db


@wrong(BACKWARD)
def cache_used_up(dout, cache):
    answer = right.conv_backward_im2col(dout, cache)
    cache[-1][...] = 0
    return answer


@wrong(BACKWARD)
def writes_into_dout(dout, cache):
    answer = right.conv_backward_im2col(dout, cache)
    dout[...] = 0
    return answer


@wrong(BACKWARD)
def loops_over_filters_and_pictures(dout, cache):
    x, w, b, p, cols = cache
    dw = np.zeros(w.shape)
    dx = np.zeros(x.shape)
    for n in range(len(x)):
        one = cache_of(x[n : n + 1], w, b, p)
        dx[n : n + 1], part, _ = right.conv_backward_im2col(dout[n : n + 1], one)
        dw += part
    return dx, dw, dout.sum(axis=(0, 2, 3))
