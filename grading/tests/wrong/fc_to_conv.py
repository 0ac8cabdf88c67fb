"""Wrong solutions of notebook 6_fc_to_conv as people really write them: each must lose marks.

`@wrong("crop_scores")` names the exercise that must notice.
"""

import numpy as np

from grading.reference import fc_to_conv as reference

WRONG: list[dict] = []


def wrong(exercise):
    def add(function):
        functions = {exercise: function}
        if exercise == "shift_and_stitch":
            functions["slide_classifier"] = reference.slide_classifier
        WRONG.append(dict(name=function.__name__, exercise=exercise, functions=functions))
        return function

    return add


# ---- fc_weights_to_conv --------------------------------------------------------------------


@wrong("fc_weights_to_conv")
def transpose_forgotten(w, b, x_shape):
    return w.reshape(w.shape[1], *x_shape), b


@wrong("fc_weights_to_conv")
def channels_taken_for_the_fastest(w, b, x_shape):
    C, H, W = x_shape
    return w.T.reshape(-1, H, W, C).transpose(0, 3, 1, 2), b


@wrong("fc_weights_to_conv")
def height_and_width_exchanged(w, b, x_shape):
    C, H, W = x_shape
    return w.T.reshape(-1, C, W, H), b


@wrong("fc_weights_to_conv")
def height_and_width_exchanged_and_back(w, b, x_shape):
    C, H, W = x_shape
    return w.T.reshape(-1, C, W, H).transpose(0, 1, 3, 2), b


@wrong("fc_weights_to_conv")
def filters_flipped(w, b, x_shape):
    return w.T.reshape(-1, *x_shape)[:, :, ::-1, ::-1], b


@wrong("fc_weights_to_conv")
def filters_last(w, b, x_shape):
    return w.reshape(*x_shape, -1), b


@wrong("fc_weights_to_conv")
def biases_of_zero(w, b, x_shape):
    return w.T.reshape(-1, *x_shape), np.zeros_like(b)


@wrong("fc_weights_to_conv")
def no_biases(w, b, x_shape):
    return w.T.reshape(-1, *x_shape)


@wrong("fc_weights_to_conv")
def left_flat(w, b, x_shape):
    return w.T[:, :, None, None], b


@wrong("fc_weights_to_conv")
def reshaped_in_memory_order(w, b, x_shape):
    return w.T.reshape(-1, *x_shape, order="A"), b


@wrong("fc_weights_to_conv")
def columns_first(w, b, x_shape):
    return w.T.reshape(-1, *x_shape, order="F"), b


@wrong("fc_weights_to_conv")
def writes_into_w(w, b, x_shape):
    filters = w.T.reshape(-1, *x_shape).copy()
    w *= 0
    return filters, b


# ---- conv_weights_to_fc --------------------------------------------------------------------


def matrix(w, b, x_shape, conv_param, place=None, order=None, add=False):
    """The matrix with a slip or two: place(i, j, p, q, s, pad) says where a weight comes to stand."""
    s, pad = conv_param["stride"], conv_param["pad"]
    (F, C, HH, WW), (_, H, W) = w.shape, x_shape
    rows, columns = (H + 2 * pad - HH) // s + 1, (W + 2 * pad - WW) // s + 1
    large = np.zeros((C, H, W, F, rows, columns))
    place = place or (lambda i, j, p, q, s, pad: (i * s + p - pad, j * s + q - pad))
    for i, j, p, q in np.ndindex(rows, columns, HH, WW):
        row, column = place(i, j, p, q, s, pad)
        if 0 <= row < H and 0 <= column < W:
            large[:, row, column, :, i, j] = w[:, :, p, q].T
    if order:
        large = large.transpose(order)
    return large.reshape(C * H * W, F * rows * columns), np.repeat(b, rows * columns)


@wrong("conv_weights_to_fc")
def padding_not_taken_off(w, b, x_shape, conv_param):
    return matrix(w, b, x_shape, conv_param, lambda i, j, p, q, s, pad: (i * s + p, j * s + q))


@wrong("conv_weights_to_fc")
def padding_ignored(w, b, x_shape, conv_param):
    return matrix(w, b, x_shape, {**conv_param, "pad": 0})


@wrong("conv_weights_to_fc")
def stride_ignored(w, b, x_shape, conv_param):
    return matrix(w, b, x_shape, conv_param, lambda i, j, p, q, s, pad: (i + p - pad, j + q - pad))


@wrong("conv_weights_to_fc")
def negative_rows_wrap_round(w, b, x_shape, conv_param):
    _, H, W = x_shape

    def place(i, j, p, q, s, pad):
        return (i * s + p - pad) % H, (j * s + q - pad) % W

    return matrix(w, b, x_shape, conv_param, place)


@wrong("conv_weights_to_fc")
def filters_flipped_as_in_mathematics(w, b, x_shape, conv_param):
    return matrix(w[:, :, ::-1, ::-1], b, x_shape, conv_param)


@wrong("conv_weights_to_fc")
def places_before_filters(w, b, x_shape, conv_param):
    return matrix(w, b, x_shape, conv_param, order=(0, 1, 2, 4, 5, 3))


@wrong("conv_weights_to_fc")
def channels_last_in_the_rows(w, b, x_shape, conv_param):
    return matrix(w, b, x_shape, conv_param, order=(1, 2, 0, 3, 4, 5))


@wrong("conv_weights_to_fc")
def height_and_width_exchanged_in_the_rows(w, b, x_shape, conv_param):
    return matrix(w, b, x_shape, conv_param, order=(0, 2, 1, 3, 4, 5))


@wrong("conv_weights_to_fc")
def height_and_width_exchanged_in_the_columns(w, b, x_shape, conv_param):
    return matrix(w, b, x_shape, conv_param, order=(0, 1, 2, 3, 5, 4))


@wrong("conv_weights_to_fc")
def transposed(w, b, x_shape, conv_param):
    w_fc, b_fc = matrix(w, b, x_shape, conv_param)
    return w_fc.T, b_fc


@wrong("conv_weights_to_fc")
def one_bias_a_filter(w, b, x_shape, conv_param):
    return matrix(w, b, x_shape, conv_param)[0], b


@wrong("conv_weights_to_fc")
def biases_tiled_the_wrong_way(w, b, x_shape, conv_param):
    w_fc, b_fc = matrix(w, b, x_shape, conv_param)
    return w_fc, np.tile(b, len(b_fc) // len(b))


@wrong("conv_weights_to_fc")
def biases_forgotten(w, b, x_shape, conv_param):
    w_fc, b_fc = matrix(w, b, x_shape, conv_param)
    return w_fc, np.zeros_like(b_fc)


@wrong("conv_weights_to_fc")
def square_pictures_only(w, b, x_shape, conv_param):
    C, H, _ = x_shape
    return matrix(w, b, (C, H, H), conv_param)
