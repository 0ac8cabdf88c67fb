"""Right solutions of notebook 6_fc_to_conv, written in ways that have little in common.

Each entry of RIGHT names the functions that it brings along; all must score full.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from cs231n.fast_layers import conv_forward_fast as conv_forward
from cs231n.fast_layers import max_pool_forward_fast as max_pool_forward
from cs231n.spotting import classify, relu, trim

RIGHT: list[dict] = []


def right(exercise):
    def add(function):
        RIGHT.append(
            dict(name=function.__name__, exercise=exercise, functions={exercise: function})
        )
        return function

    return add


# ---- fc_weights_to_conv --------------------------------------------------------------------


@right("fc_weights_to_conv")
def one_weight_at_a_time(w, b, x_shape):
    C, H, W = x_shape
    D, M = w.shape
    filters = np.empty((M, C, H, W))
    for m in range(M):
        d = 0
        for c in range(C):
            for i in range(H):
                for j in range(W):
                    filters[m, c, i, j] = w[d, m]
                    d += 1
    return filters, b.copy()


@right("fc_weights_to_conv")
def axes_moved_behind_the_reshape(w, b, x_shape):
    return np.moveaxis(w.reshape(*x_shape, -1), -1, 0), b


@right("fc_weights_to_conv")
def a_list_of_neurons_in_float32(w, b, x_shape):
    filters = [np.float32(neuron).reshape(x_shape) for neuron in w.T]
    return np.stack(filters), np.asarray(b, dtype=np.float32)


@right("fc_weights_to_conv")
def einsum_and_answers_as_a_list(w, b, x_shape):
    return [np.einsum("chwm->mchw", w.reshape(x_shape + (w.shape[1],))), 1.0 * b]


# ---- conv_weights_to_fc --------------------------------------------------------------------


@right("conv_weights_to_fc")
def every_pixel_sent_through_the_convolution(w, b, x_shape, conv_param):
    D = int(np.prod(x_shape))
    pixels = np.eye(D).reshape(D, *x_shape)
    out, _ = conv_forward(pixels, w, np.zeros(len(w)), conv_param)
    places = out.shape[2] * out.shape[3]
    return out.reshape(D, -1), np.tile(b[:, None], (1, places)).ravel()


@right("conv_weights_to_fc")
def padded_rows_cut_off_at_the_end(w, b, x_shape, conv_param):
    s, p = conv_param["stride"], conv_param["pad"]
    (F, C, HH, WW), (_, H, W) = w.shape, x_shape
    rows, columns = 1 + (H + 2 * p - HH) // s, 1 + (W + 2 * p - WW) // s
    large = np.zeros((F, rows, columns, C, H + 2 * p, W + 2 * p))
    for i, j in np.ndindex(rows, columns):
        large[:, i, j, :, i * s : i * s + HH, j * s : j * s + WW] = w
    inside = large[..., p : p + H, p : p + W]
    return inside.reshape(F * rows * columns, C * H * W).T, np.repeat(b, rows * columns)


@right("conv_weights_to_fc")
def plain_numbers_in_flat_places(w, b, x_shape, conv_param):
    s, p = int(conv_param["stride"]), int(conv_param["pad"])
    (F, C, HH, WW), (_, H, W) = w.shape, x_shape
    rows, columns = (H + 2 * p - HH) // s + 1, (W + 2 * p - WW) // s + 1
    w_fc = np.zeros((C * H * W, F * rows * columns), dtype=np.float32)
    b_fc = np.zeros(F * rows * columns)
    for neuron in range(F * rows * columns):
        f, place = divmod(neuron, rows * columns)
        i, j = divmod(place, columns)
        b_fc[neuron] = b[f]
        for value in range(C * H * W):
            c, pixel = divmod(value, H * W)
            a, q = pixel // W - i * s + p, pixel % W - j * s + p
            if a in range(HH) and q in range(WW):
                w_fc[value, neuron] = w[f, c, a, q]
    return w_fc, b_fc


# ---- slide_classifier ----------------------------------------------------------------------


@right("slide_classifier")
def with_the_layers(x, params, conv_param, pool_param):
    out, _ = conv_forward(x, params["W1"], params["b1"], conv_param)
    out = relu(out)
    out, _ = max_pool_forward(out, pool_param)
    for n in (2, 3):
        out, _ = conv_forward(out, params[f"W{n}"], params[f"b{n}"], {"stride": 1, "pad": 0})
        if n == 2:
            out = relu(out)
    return out


@right("slide_classifier")
def pool_before_the_relu_and_products_for_1x1_filters(x, params, conv_param, pool_param):
    maps = max_pool_forward(conv_forward(x, params["W1"], params["b1"], conv_param)[0], pool_param)
    maps = maps[0] * (maps[0] > 0)
    hidden = conv_forward(maps, params["W2"], params["b2"], dict(stride=1, pad=0))[0]
    W3 = params["W3"][:, :, 0, 0]
    scores = np.tensordot(np.maximum(hidden, 0), W3, axes=([1], [1]))
    return (scores + params["b3"]).transpose(0, 3, 1, 2)


@right("slide_classifier")
def windows_and_einsum_in_float32(x, params, conv_param, pool_param):
    P = {name: np.float32(value) for name, value in params.items()}
    s, p = conv_param["stride"], conv_param["pad"]

    def convolve(v, w, b, step=1):
        v = sliding_window_view(v, w.shape[2:], axis=(2, 3))[:, :, ::step, ::step]
        return np.einsum("ncijab,fcab->nfij", v, w) + b.reshape(-1, 1, 1)

    x = np.pad(np.float32(x), [(0, 0), (0, 0), (p, p), (p, p)])
    maps = convolve(x, P["W1"], P["b1"], s)
    size, step = (pool_param["pool_height"], pool_param["pool_width"]), pool_param["stride"]
    maps = sliding_window_view(maps, size, axis=(2, 3))[:, :, ::step, ::step].max(axis=(4, 5))
    maps[maps < 0] = 0
    return convolve(relu(convolve(maps, P["W2"], P["b2"])), P["W3"], P["b3"])


@right("slide_classifier")
def layer_behind_layer_on_each_place(x, params, conv_param, pool_param):
    maps, _ = conv_forward(x, params["W1"], params["b1"], conv_param)
    maps, _ = max_pool_forward(relu(maps), pool_param)
    M, _, h, w = params["W2"].shape
    rows, columns = maps.shape[2] - h + 1, maps.shape[3] - w + 1
    scores = np.empty((len(x), len(params["b3"]), rows, columns))
    for i, j in np.ndindex(rows, columns):
        seen = maps[:, :, i : i + h, j : j + w].reshape(len(x), -1)
        hidden = relu(seen @ params["W2"].reshape(M, -1).T + params["b2"])
        scores[:, :, i, j] = hidden @ params["W3"][:, :, 0, 0].T + params["b3"]
    return scores


# ---- crop_scores ---------------------------------------------------------------------------


@right("crop_scores")
def one_picture_at_a_time(x, params, size, conv_param, pool_param):
    S = conv_param["stride"] * pool_param["stride"]
    tops = range(0, x.shape[2] - size[0] + 1, S)
    lefts = range(0, x.shape[3] - size[1] + 1, S)
    rows = [
        [
            [
                classify(
                    x[n : n + 1, :, t : t + size[0], q : q + size[1]],
                    params,
                    conv_param,
                    pool_param,
                )[0]
                for q in lefts
            ]
            for t in tops
        ]
        for n in range(len(x))
    ]
    return np.array(rows).transpose(0, 3, 1, 2)


@right("crop_scores")
def all_crops_as_one_batch(x, params, size, conv_param, pool_param):
    S = conv_param["stride"] * pool_param["stride"]
    crops = sliding_window_view(x, size, axis=(2, 3))[:, :, ::S, ::S]
    N, C, rows, columns = crops.shape[:4]
    batch = crops.transpose(0, 2, 3, 1, 4, 5).reshape(-1, C, *size)
    scores = classify(batch, params, conv_param, pool_param)
    return scores.reshape(N, rows, columns, -1).transpose(0, 3, 1, 2)


@right("crop_scores")
def layers_by_hand_in_float32(x, params, size, conv_param, pool_param):
    S = conv_param["stride"] * pool_param["stride"]
    x = x.astype(np.float32)
    params = {name: value.astype(np.float32) for name, value in params.items()}
    columns = []
    for left in range(0, x.shape[3] - size[1] + 1, S):
        column = []
        for top in range(0, x.shape[2] - size[0] + 1, S):
            crop = x[:, :, top : top + size[0], left : left + size[1]]
            maps, _ = conv_forward(crop, params["W1"], params["b1"], conv_param)
            maps, _ = max_pool_forward(relu(maps), pool_param)
            hidden = relu(maps.reshape(len(x), -1).dot(params["W2"]) + params["b2"])
            column.append(hidden.dot(params["W3"]) + params["b3"])
        columns.append(np.stack(column, axis=-1))
    return np.stack(columns, axis=-1)


# ---- shift_and_stitch ----------------------------------------------------------------------


@right("shift_and_stitch")
def zeros_at_the_end_and_too_much_cut_off(x, params, size, conv_param, pool_param):
    S = conv_param["stride"] * pool_param["stride"]
    half = S // 2
    rows, columns = (n - least + half for n, least in zip(x.shape[2:], size))
    rows, columns = rows // half, columns // half
    most = [least + S * (n // 2) for least, n in zip(size, (rows + 1, columns + 1))]
    large = np.zeros((*x.shape[:2], most[0] + half, most[1] + half))
    large[:, :, : x.shape[2], : x.shape[3]] = x
    passes = [
        with_the_layers(
            large[:, :, a : a + most[0], b : b + most[1]], params, conv_param, pool_param
        )
        for a in (0, half)
        for b in (0, half)
    ]
    N, K, h, w = passes[0].shape
    stacked = np.array(passes).reshape(2, 2, N, K, h, w).transpose(2, 3, 4, 0, 5, 1)
    return stacked.reshape(N, K, 2 * h, 2 * w)[:, :, :rows, :columns]


@right("shift_and_stitch")
def place_by_place_out_of_a_dict_of_passes(x, params, size, conv_param, pool_param):
    S = conv_param["stride"] * pool_param["stride"]
    passes = {}
    for a in (0, 1):
        for b in (0, 1):
            moved = x[:, :, a * S // 2 :, b * S // 2 :]
            if moved.shape[2] >= size[0] and moved.shape[3] >= size[1]:
                moved = trim(moved, size, S)
                passes[a, b] = with_the_layers(moved, params, conv_param, pool_param)
    rows = sum(passes[a, 0].shape[2] for a in (0, 1) if (a, 0) in passes)
    columns = sum(passes[0, b].shape[3] for b in (0, 1) if (0, b) in passes)
    out = np.zeros((len(x), len(params["b3"]), rows, columns))
    for i, j in np.ndindex(rows, columns):
        out[:, :, i, j] = passes[i % 2, j % 2][:, :, i // 2, j // 2]
    return out


@right("shift_and_stitch")
def every_place_by_itself(x, params, size, conv_param, pool_param):
    half = conv_param["stride"] * pool_param["stride"] // 2
    h, w = size
    rows, columns = (x.shape[2] - h) // half + 1, (x.shape[3] - w) // half + 1
    out = np.zeros((len(x), len(params["b3"]), rows, columns), dtype=np.float32)
    for i, j in np.ndindex(rows, columns):
        crop = x[:, :, i * half : i * half + h, j * half : j * half + w]
        out[:, :, i, j] = with_the_layers(crop, params, conv_param, pool_param)[:, :, 0, 0]
    return out


for _entry in RIGHT:
    if _entry["exercise"] == "shift_and_stitch":
        _entry["functions"]["slide_classifier"] = with_the_layers
