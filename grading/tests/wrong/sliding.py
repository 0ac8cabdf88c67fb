"""Wrong classifiers over larger pictures, for the bank of notebook 6_fc_to_conv."""

import numpy as np

from cs231n.fast_layers import conv_forward_fast as conv_forward
from cs231n.fast_layers import max_pool_forward_fast as max_pool_forward
from cs231n.spotting import classify, relu, trim
from grading.tests.wrong.fc_to_conv import WRONG, wrong

ONCE = {"stride": 1, "pad": 0}

# ---- slide_classifier ----------------------------------------------------------------------


def slide(x, params, conv_param, pool_param, first=relu, second=relu, last=None):
    maps, _ = conv_forward(x, params["W1"], params["b1"], conv_param)
    maps, _ = max_pool_forward(first(maps), pool_param)
    hidden, _ = conv_forward(maps, params["W2"], params["b2"], ONCE)
    scores, _ = conv_forward(second(hidden), params["W3"], params["b3"], ONCE)
    return last(scores) if last else scores


def as_it_is(maps):
    return maps


@wrong("slide_classifier")
def relu_behind_the_last_layer(x, params, conv_param, pool_param):
    return slide(x, params, conv_param, pool_param, last=relu)


@wrong("slide_classifier")
def no_relu_behind_the_convolution(x, params, conv_param, pool_param):
    return slide(x, params, conv_param, pool_param, first=as_it_is)


@wrong("slide_classifier")
def no_relu_between_the_last_layers(x, params, conv_param, pool_param):
    return slide(x, params, conv_param, pool_param, second=as_it_is)


def without_bias(name):
    @wrong("slide_classifier")
    def bias_forgotten(x, params, conv_param, pool_param):
        params = {**params, name: np.zeros_like(params[name])}
        return slide(x, params, conv_param, pool_param)

    WRONG[-1]["name"] += f"_{name}"


for _bias in ("b1", "b2", "b3"):
    without_bias(_bias)


@wrong("slide_classifier")
def flattened_before_the_1x1_layer(x, params, conv_param, pool_param):
    maps, _ = conv_forward(x, params["W1"], params["b1"], conv_param)
    maps, _ = max_pool_forward(relu(maps), pool_param)
    hidden, _ = conv_forward(maps, params["W2"], params["b2"], ONCE)
    hidden = relu(hidden).reshape(len(x), -1)
    return hidden @ params["W3"][:, :, 0, 0].T + params["b3"]


@wrong("slide_classifier")
def only_the_first_place(x, params, conv_param, pool_param):
    return slide(x, params, conv_param, pool_param)[:, :, :1, :1]


@wrong("slide_classifier")
def scores_averaged_over_the_places(x, params, conv_param, pool_param):
    return slide(x, params, conv_param, pool_param).mean(axis=(2, 3))


@wrong("slide_classifier")
def conv_param_for_every_layer(x, params, conv_param, pool_param):
    maps, _ = conv_forward(x, params["W1"], params["b1"], conv_param)
    maps, _ = max_pool_forward(relu(maps), pool_param)
    step = {**conv_param, "rounding": "floor"}
    hidden, _ = conv_forward(maps, params["W2"], params["b2"], step)
    return conv_forward(relu(hidden), params["W3"], params["b3"], step)[0]


@wrong("slide_classifier")
def conv_param_for_no_layer(x, params, conv_param, pool_param):
    return slide(x, params, ONCE, {**pool_param, "rounding": "floor"})


@wrong("slide_classifier")
def pool_forgotten(x, params, conv_param, pool_param):
    one = {"pool_height": 1, "pool_width": 1, "stride": 1}
    return slide(x, params, conv_param, one)


@wrong("slide_classifier")
def two_by_two_pool_whatever_it_should_be(x, params, conv_param, pool_param):
    pool = {"pool_height": 2, "pool_width": 2, "stride": 2, "rounding": "floor"}
    return slide(x, params, conv_param, pool)


@wrong("slide_classifier")
def map_transposed(x, params, conv_param, pool_param):
    return slide(x, params, conv_param, pool_param).swapaxes(2, 3)


@wrong("slide_classifier")
def classes_last(x, params, conv_param, pool_param):
    return np.moveaxis(slide(x, params, conv_param, pool_param), 1, -1)


@wrong("slide_classifier")
def softmax_instead_of_scores(x, params, conv_param, pool_param):
    e = np.exp(slide(x, params, conv_param, pool_param))
    return e / e.sum(axis=1, keepdims=True)


@wrong("slide_classifier")
def writes_into_the_pictures(x, params, conv_param, pool_param):
    scores = slide(x, params, conv_param, pool_param)
    x -= x.mean()
    return scores


@wrong("slide_classifier")
def writes_into_params(x, params, conv_param, pool_param):
    scores = slide(x, params, conv_param, pool_param)
    params["b2"] += 1
    return scores


# ---- crop_scores ---------------------------------------------------------------------------


def crops(x, params, size, conv_param, pool_param, step=None, corner=None):
    step = step or conv_param["stride"] * pool_param["stride"]
    (h, w), (H, W) = size, x.shape[2:]
    rows, columns = (H - h) // step + 1, (W - w) // step + 1
    out = np.zeros((len(x), len(params["b3"]), rows, columns))
    for i, j in np.ndindex(rows, columns):
        t, q = (i * step, j * step) if corner is None else corner(i, j, step)
        out[:, :, i, j] = classify(x[:, :, t : t + h, q : q + w], params, conv_param, pool_param)
    return out


@wrong("crop_scores")
def stride_of_one(x, params, size, conv_param, pool_param):
    return crops(x, params, size, conv_param, pool_param, 1)


@wrong("crop_scores")
def stride_of_the_pool_alone(x, params, size, conv_param, pool_param):
    return crops(x, params, size, conv_param, pool_param, pool_param["stride"])


@wrong("crop_scores")
def stride_of_the_convolution_alone(x, params, size, conv_param, pool_param):
    return crops(x, params, size, conv_param, pool_param, conv_param["stride"])


@wrong("crop_scores")
def strides_added(x, params, size, conv_param, pool_param):
    step = conv_param["stride"] + pool_param["stride"]
    return crops(x, params, size, conv_param, pool_param, step)


@wrong("crop_scores")
def crops_beside_each_other(x, params, size, conv_param, pool_param):
    (h, w), (H, W) = size, x.shape[2:]
    out = np.zeros((len(x), len(params["b3"]), H // h, W // w))
    for i, j in np.ndindex(out.shape[2:]):
        crop = x[:, :, i * h : i * h + h, j * w : j * w + w]
        out[:, :, i, j] = classify(crop, params, conv_param, pool_param)
    return out


@wrong("crop_scores")
def rows_and_columns_of_the_corner_exchanged(x, params, size, conv_param, pool_param):
    out = crops(x, params, size, conv_param, pool_param)
    return np.ascontiguousarray(out.swapaxes(2, 3)).reshape(out.shape)


@wrong("crop_scores")
def last_crops_left_out(x, params, size, conv_param, pool_param):
    return crops(x[:, :, :-1, :-1], params, size, conv_param, pool_param)


@wrong("crop_scores")
def map_taken_for_the_crops(x, params, size, conv_param, pool_param):
    F = len(params["b1"])
    W2 = params["W2"].T.reshape(len(params["b2"]), F, -1)
    maps, _ = conv_forward(x[:, :, : size[0], : size[1]], params["W1"], params["b1"], conv_param)
    shape = max_pool_forward(maps, pool_param)[0].shape[2:]
    slid = {
        **params,
        "W2": W2.reshape(*W2.shape[:2], *shape),
        "W3": params["W3"].T[:, :, None, None],
    }
    return slide(x, slid, conv_param, pool_param)


@wrong("crop_scores")
def whole_picture_padded_before_cropping(x, params, size, conv_param, pool_param):
    p = conv_param["pad"]
    x = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    size = size[0] + 2 * p, size[1] + 2 * p
    return crops(x, params, size, {**conv_param, "pad": 0}, pool_param)


@wrong("crop_scores")
def first_picture_only(x, params, size, conv_param, pool_param):
    out = crops(x, params, size, conv_param, pool_param)
    return np.repeat(out[:1], len(x), axis=0)


@wrong("crop_scores")
def writes_into_the_crops(x, params, size, conv_param, pool_param):
    out = crops(x, params, size, conv_param, pool_param)
    x[:, :, : size[0], : size[1]] -= 0.5
    return out


@wrong("crop_scores")
def labels_in_place_of_scores(x, params, size, conv_param, pool_param):
    return crops(x, params, size, conv_param, pool_param).argmax(axis=1)


# ---- shift_and_stitch ----------------------------------------------------------------------


def stitch(x, params, size, conv_param, pool_param, shifts=None, to=None, move=None, half=None):
    """Shift and stitch with a slip or two: which shifts, where a pass goes, how x is moved."""
    S = conv_param["stride"] * pool_param["stride"]
    half = half or S // 2
    rows, columns = ((n - least) // (S // 2) + 1 for n, least in zip(x.shape[2:], size))
    out = np.zeros((len(x), len(params["b3"]), rows, columns))
    for a, b in shifts or [(0, 0), (0, 1), (1, 0), (1, 1)]:
        if a >= rows or b >= columns:
            continue
        moved = move(x, a * half, b * half) if move else x[:, :, a * half :, b * half :]
        passed = slide(trim(moved, size, S), params, conv_param, pool_param)
        i, j = to(a, b) if to else (a, b)
        target = out[:, :, i::2, j::2]
        h, w = min(target.shape[2], passed.shape[2]), min(target.shape[3], passed.shape[3])
        target[:, :, :h, :w] = passed[:, :, :h, :w]
    return out


@wrong("shift_and_stitch")
def two_passes_along_the_diagonal(x, params, size, conv_param, pool_param):
    return stitch(x, params, size, conv_param, pool_param, [(0, 0), (1, 1)])


@wrong("shift_and_stitch")
def two_passes_along_the_rows(x, params, size, conv_param, pool_param):
    out = stitch(x, params, size, conv_param, pool_param, [(0, 0), (0, 1)])
    return out[:, :, ::2]


@wrong("shift_and_stitch")
def two_passes_and_rows_repeated(x, params, size, conv_param, pool_param):
    out = stitch(x, params, size, conv_param, pool_param, [(0, 0), (0, 1)])
    out[:, :, 1::2] = out[:, :, : out.shape[2] // 2 * 2 : 2]
    return out


@wrong("shift_and_stitch")
def three_passes(x, params, size, conv_param, pool_param):
    return stitch(x, params, size, conv_param, pool_param, [(0, 0), (0, 1), (1, 0)])


@wrong("shift_and_stitch")
def down_and_right_exchanged(x, params, size, conv_param, pool_param):
    return stitch(x, params, size, conv_param, pool_param, to=lambda a, b: (b, a))


@wrong("shift_and_stitch")
def shifted_the_other_way(x, params, size, conv_param, pool_param):
    def move(x, down, right):
        H, W = x.shape[2:]
        return np.pad(x, ((0, 0), (0, 0), (down, 0), (right, 0)))[:, :, :H, :W]

    return stitch(x, params, size, conv_param, pool_param, move=move)


@wrong("shift_and_stitch")
def rolled_the_wrong_way(x, params, size, conv_param, pool_param):
    def move(x, down, right):
        return np.roll(x, (down, right), axis=(2, 3))

    return stitch(x, params, size, conv_param, pool_param, move=move)


@wrong("shift_and_stitch")
def stitched_back_to_front(x, params, size, conv_param, pool_param):
    return stitch(x, params, size, conv_param, pool_param, to=lambda a, b: (1 - a, 1 - b))


@wrong("shift_and_stitch")
def shifts_of_the_whole_stride(x, params, size, conv_param, pool_param):
    S = conv_param["stride"] * pool_param["stride"]
    x = np.pad(x, ((0, 0), (0, 0), (0, S), (0, S)))
    out = stitch(x, params, size, conv_param, pool_param, half=S)
    rows, columns = out.shape[2] - 2, out.shape[3] - 2
    return out[:, :, :rows, :columns]


@wrong("shift_and_stitch")
def shifts_of_one_pixel(x, params, size, conv_param, pool_param):
    return stitch(x, params, size, conv_param, pool_param, half=1)


@wrong("shift_and_stitch")
def quarters_put_side_by_side(x, params, size, conv_param, pool_param):
    out = stitch(x, params, size, conv_param, pool_param)
    top = np.concatenate([out[:, :, ::2, ::2], out[:, :, ::2, 1::2]], axis=3)
    low = np.concatenate([out[:, :, 1::2, ::2], out[:, :, 1::2, 1::2]], axis=3)
    return np.concatenate([top, low], axis=2)


@wrong("shift_and_stitch")
def map_enlarged_without_more_passes(x, params, size, conv_param, pool_param):
    S = conv_param["stride"] * pool_param["stride"]
    once = slide(trim(x, size, S), params, conv_param, pool_param)
    rows, columns = (2 * (n - least) // S + 1 for n, least in zip(x.shape[2:], size))
    return once.repeat(2, axis=2).repeat(2, axis=3)[:, :, :rows, :columns]


@wrong("shift_and_stitch")
def an_even_number_of_rows_only(x, params, size, conv_param, pool_param):
    S = conv_param["stride"] * pool_param["stride"]
    rows, columns = ((n - least) // S + 1 for n, least in zip(x.shape[2:], size))
    out = np.zeros((len(x), len(params["b3"]), 2 * rows, 2 * columns))
    for a, b in np.ndindex(2, 2):
        moved = trim(x[:, :, a * S // 2 :, b * S // 2 :], size, S)
        out[:, :, a::2, b::2] = slide(moved, params, conv_param, pool_param)
    return out


@wrong("shift_and_stitch")
def writes_into_the_picture(x, params, size, conv_param, pool_param):
    out = stitch(x, params, size, conv_param, pool_param)
    x[...] = np.roll(x, 1, axis=2)
    return out
