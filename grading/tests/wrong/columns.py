"""Wrong im2col as people really write it. Each must lose marks in its exercise.

`@wrong("col2im")` names the exercise that must notice; the other functions are right ones.
columns_back adds col2im, columns_conv and columns_pools the layers.
"""

import numpy as np

from grading.reference import columns as right

WRONG: list[dict] = []


def wrong(exercise, **functions):
    """functions: what else stands in the notebook, the reference's where not given."""

    def add(function):
        names = [k for k, v in vars(right).items() if callable(v)]
        others = {k: getattr(right, k) for k in names} | functions
        entry = dict(name=function.__name__, exercise=exercise)
        WRONG.append(entry | {"functions": others | {exercise: function}})
        return function

    return add


def sizes(shape, HH, WW, stride, pad):
    return (shape[2] + 2 * pad - HH) // stride + 1, (shape[3] + 2 * pad - WW) // stride + 1


def taps(x, HH, WW, stride, pad):
    """(C, HH, WW, N, H_out, W_out), right."""
    H_out, W_out = sizes(x.shape, HH, WW, stride, pad)
    cols = right.im2col(x, HH, WW, stride, pad)
    return cols.reshape(x.shape[1], HH, WW, x.shape[0], H_out, W_out)


# ---- im2col --------------------------------------------------------------------------------


@wrong("im2col")
def position_by_position_as_published(x, HH, WW, stride, pad):
    t = taps(x, HH, WW, stride, pad)
    return t.transpose(0, 1, 2, 4, 5, 3).reshape(t.shape[0] * HH * WW, -1)


@wrong("im2col")
def transposed_as_in_the_notes(x, HH, WW, stride, pad):
    return right.im2col(x, HH, WW, stride, pad).T


@wrong("im2col")
def channels_run_fastest(x, HH, WW, stride, pad):
    t = taps(x, HH, WW, stride, pad)
    return t.transpose(1, 2, 0, 3, 4, 5).reshape(t.shape[0] * HH * WW, -1)


@wrong("im2col")
def windows_read_down_first(x, HH, WW, stride, pad):
    t = taps(x, HH, WW, stride, pad)
    return t.swapaxes(1, 2).reshape(t.shape[0] * HH * WW, -1)


@wrong("im2col")
def positions_run_down_first(x, HH, WW, stride, pad):
    t = taps(x, HH, WW, stride, pad)
    return t.swapaxes(4, 5).reshape(t.shape[0] * HH * WW, -1)


@wrong("im2col")
def renamed_instead_of_turned(x, HH, WW, stride, pad):
    t = taps(x, HH, WW, stride, pad).transpose(3, 0, 1, 2, 4, 5)  # pictures first
    return t.reshape(x.shape[1] * HH * WW, -1)


@wrong("im2col")
def stride_ignored(x, HH, WW, stride, pad):
    return right.im2col(x, HH, WW, 1, pad)


@wrong("im2col")
def stride_counts_but_windows_move_by_one(x, HH, WW, stride, pad):
    H_out, W_out = sizes(x.shape, HH, WW, stride, pad)
    t = taps(x, HH, WW, 1, pad)[..., :H_out, :W_out]
    return t.reshape(x.shape[1] * HH * WW, -1)


@wrong("im2col")
def windows_side_by_side_always(x, HH, WW, stride, pad):
    H_out, W_out = sizes(x.shape, HH, WW, stride, pad)
    t = taps(np.pad(x, ((0, 0), (0, 0), (0, 20), (0, 20))), HH, WW, HH, pad)
    return t[..., :H_out, :W_out].reshape(x.shape[1] * HH * WW, -1)


@wrong("im2col")
def padding_ignored(x, HH, WW, stride, pad):
    return right.im2col(x, HH, WW, stride, 0)


@wrong("im2col")
def padding_always_one(x, HH, WW, stride, pad):
    return right.im2col(x, HH, WW, stride, 1)


@wrong("im2col")
def padding_of_one_side_only(x, HH, WW, stride, pad):
    x = np.pad(x, ((0, 0), (0, 0), (0, 2 * pad), (0, 2 * pad)))
    return right.im2col(x, HH, WW, stride, 0)


@wrong("im2col")
def pads_with_the_edge(x, HH, WW, stride, pad):
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode="edge")
    return right.im2col(x, HH, WW, stride, 0)


@wrong("im2col")
def height_and_width_of_windows_mixed(x, HH, WW, stride, pad):
    return right.im2col(x, WW, HH, stride, pad)


@wrong("im2col")
def square_windows_only(x, HH, WW, stride, pad):
    return right.im2col(x, HH, HH, stride, pad)


@wrong("im2col")
def height_of_output_used_for_both(x, HH, WW, stride, pad):
    H_out, _ = sizes(x.shape, HH, WW, stride, pad)
    t = taps(np.pad(x, ((0, 0), (0, 0), (0, 0), (0, 99))), HH, WW, stride, pad)
    return t[..., :H_out].reshape(x.shape[1] * HH * WW, -1)


@wrong("im2col")
def height_and_width_of_picture_mixed(x, HH, WW, stride, pad):
    return right.im2col(x.swapaxes(2, 3), HH, WW, stride, pad)


@wrong("im2col")
def reads_bytes_in_memory_order(x, HH, WW, stride, pad):
    x = x.ravel(order="K").reshape(x.shape)
    return right.im2col(x, HH, WW, stride, pad)


@wrong("im2col")
def integers_on_the_way(x, HH, WW, stride, pad):
    return right.im2col(x, HH, WW, stride, pad).astype(int)


@wrong("im2col")
def zeroes_the_border_of_x(x, HH, WW, stride, pad):
    out = right.im2col(x, HH, WW, stride, pad)
    x[:, :, :1] = 0
    return out


@wrong("im2col")
def forgets_to_return(x, HH, WW, stride, pad):
    right.im2col(x, HH, WW, stride, pad)


# Right values, and a loop over what should be worked on at once.


@wrong("im2col")
def loops_over_pictures(x, HH, WW, stride, pad):
    parts = []
    for picture in x:
        parts.append(right.im2col(picture[None], HH, WW, stride, pad))
    return np.concatenate(parts, axis=1)


@wrong("im2col")
def comprehension_over_channels(x, HH, WW, stride, pad):
    t = np.stack([taps(x[:, c : c + 1], HH, WW, stride, pad)[0] for c in range(x.shape[1])])
    return t.reshape(x.shape[1] * HH * WW, -1)


@wrong("im2col")
def loops_over_positions(x, HH, WW, stride, pad):
    (N, C), (H_out, W_out) = x.shape[:2], sizes(x.shape, HH, WW, stride, pad)
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    cols = np.zeros((C * HH * WW, N * H_out * W_out))
    for n in range(N):
        for i in range(H_out):
            for j in range(W_out):
                window = x[n, :, i * stride : i * stride + HH, j * stride : j * stride + WW]
                cols[:, (n * H_out + i) * W_out + j] = window.ravel()
    return cols


@wrong("im2col")
def ndindex_over_positions_in_one_line(x, HH, WW, stride, pad):
    out = sizes(x.shape, HH, WW, stride, pad)
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = [
        x[n, :, i * stride : i * stride + HH, j * stride : j * stride + WW].ravel()
        for n, i, j in np.ndindex(len(x), *out)
    ]
    return np.array(windows).T


@wrong("im2col")
def map_over_rows_of_positions(x, HH, WW, stride, pad):
    H_out, _ = sizes(x.shape, HH, WW, stride, pad)
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    row = lambda i: taps(padded[:, :, i * stride : i * stride + HH], HH, WW, stride, 0)  # noqa: E731
    t = np.concatenate(list(map(row, range(H_out))), axis=4)
    return t.reshape(x.shape[1] * HH * WW, -1)


@wrong("im2col")
def np_vectorize_over_pictures(x, HH, WW, stride, pad):
    one = np.vectorize(
        lambda picture: right.im2col(picture[None], HH, WW, stride, pad),
        signature="(c,h,w)->(k,p)",
    )
    return np.moveaxis(one(x), 0, 1).reshape(x.shape[1] * HH * WW, -1)
