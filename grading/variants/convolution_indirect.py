"""Right convolutions that take a detour: flipped filters, matrices, one picture after another;
right output sizes and locally connected layers."""

import numpy as np

from grading.variants.convolution import (
    RIGHT,
    geometry,
    padded,
    pair,
    positions_backward,
    positions_forward,
    taps_backward,
    taps_forward,
)

windows_of = np.lib.stride_tricks.sliding_window_view


# ---- both gradients as convolutions --------------------------------------------------------


def set_apart(dout, s):
    """dout with s - 1 zeros between its values."""
    N, F, H_out, W_out = dout.shape
    apart = np.zeros((N, F, s * (H_out - 1) + 1, s * (W_out - 1) + 1), dout.dtype)
    apart[:, :, ::s, ::s] = dout
    return apart


def flipped_backward(dout, cache):
    x, w, _, conv_param = cache
    apart, (HH, WW) = set_apart(dout, conv_param["stride"]), w.shape[2:]
    turned = np.rot90(w, 2, axes=(2, 3)).swapaxes(0, 1)  # (C, F, HH, WW)
    border = ((0, 0), (0, 0), (HH - 1, HH - 1), (WW - 1, WW - 1))
    windows = windows_of(np.pad(apart, border), (HH, WW), axis=(2, 3))
    p, (H, W) = conv_param["pad"], x.shape[2:]
    dx = np.tensordot(windows, turned, ((1, 4, 5), (1, 2, 3))).transpose(0, 3, 1, 2)
    windows = windows_of(padded(x, p), apart.shape[2:], axis=(2, 3))  # dout as the filter
    dw = np.einsum("ncrsij,nfij->fcrs", windows, apart)
    return dx[:, :, p : H + p, p : W + p], dw, dout.sum(axis=3).sum(axis=2).sum(axis=0)


pair("dx by the flipped filter, dw with dout as filter", positions_forward, flipped_backward)


# ---- filters spread with zeros -------------------------------------------------------------


def spread(w, d):
    F, C, HH, WW = w.shape
    wide = np.zeros((F, C, d * (HH - 1) + 1, d * (WW - 1) + 1))
    wide[:, :, ::d, ::d] = w
    return wide


def spread_forward(x, w, b, conv_param):
    d = conv_param.get("dilation", 1)
    out, cache = positions_forward(x, spread(w, d), b, {**conv_param, "dilation": 1})
    return out, (d, cache)


def spread_backward(dout, cache):
    d, cache = cache
    dx, dw, db = positions_backward(dout, cache)
    return dx, dw[:, :, ::d, ::d], db


pair("dilation by filters spread with zeros", spread_forward, spread_backward, dilation=True)


# ---- the layer as one large matrix ---------------------------------------------------------


def matrix_forward(x, w, b, conv_param):
    units = np.eye(x[0].size).reshape(-1, *x.shape[1:])
    matrix = taps_forward(units, w, np.zeros(len(w)), conv_param)[0].reshape(len(units), -1)
    *_, H_out, W_out = geometry(x, w, conv_param)
    out = (x.reshape(len(x), -1) @ matrix).reshape(len(x), len(w), H_out, W_out)
    return out + b.reshape(1, -1, 1, 1), (x, w, b, conv_param, matrix)


def matrix_backward(dout, cache):
    x, w, b, conv_param, matrix = cache
    dx = (dout.reshape(len(dout), -1) @ matrix.T).reshape(x.shape)
    dw = taps_backward(dout, (padded(x, conv_param["pad"]), w, conv_param))[1]
    return dx, dw, np.array([dout[:, f].sum() for f in range(len(b))])


pair("one matrix for the whole layer", matrix_forward, matrix_backward, dilation=True)


# ---- rows by np.correlate ------------------------------------------------------------------


def correlate_forward(x, w, b, conv_param):
    s, p, _, H_out, W_out = geometry(x, w, conv_param)
    N, C, H, W = x.shape
    x_pad = np.zeros((N, C, H + 2 * p, W + 2 * p))
    x_pad[:, :, p : H + p, p : W + p] = x
    out = np.zeros((N, len(w), H_out, W_out))
    for n, f, i in np.ndindex(out.shape[:3]):
        for c, r in np.ndindex(w.shape[1:3]):
            row = np.correlate(x_pad[n, c, i * s + r], w[f, c, r].astype(float), mode="valid")
            out[n, f, i] += row[::s]
        out[n, f, i] += b[f]
    return out, (x, w, b, conv_param)


def convolve_backward(dout, cache):
    x, w, b, conv_param = cache
    s, p, apart = conv_param["stride"], conv_param["pad"], set_apart(dout, conv_param["stride"])
    x_pad, dw = padded(x, p), np.zeros(w.shape)
    dx = np.zeros(x_pad.shape)
    for n, f, i in np.ndindex(dout.shape[:3]):
        row = apart[n, f, i * s].astype(float)
        for c, r in np.ndindex(w.shape[1:3]):
            dx[n, c, i * s + r] += np.convolve(row, w[f, c, r])
            dw[f, c, r] += np.correlate(x_pad[n, c, i * s + r].astype(float), row, mode="valid")
    return dx[:, :, p : dx.shape[2] - p, p : dx.shape[3] - p], dw, apart.sum(axis=(0, 2, 3))


pair("np.correlate forward, np.convolve backward", correlate_forward, convolve_backward)


# ---- caches of every kind ------------------------------------------------------------------


def closure_forward(x, w, b, conv_param):
    x, w, conv_param = x.copy(), w.copy(), dict(conv_param)
    out, cache = positions_forward(x, w, b, conv_param)
    return out, lambda dout: positions_backward(dout, cache)


pair("the cache is a function", closure_forward, lambda dout, cache: cache(dout))


class Layer:
    def __init__(self, x, w, b, conv_param):
        self.parts = x, w, b, conv_param
        self.stride, self.pad = conv_param["stride"], conv_param["pad"]


def object_forward(x, w, b, conv_param):
    layer = Layer(x, w, b, conv_param)
    return positions_forward(*layer.parts)[0], layer


pair(
    "the cache is an object",
    object_forward,
    lambda dout, layer: positions_backward(np.ascontiguousarray(dout), layer.parts),
)


def one_by_one_forward(x, w, b, conv_param):
    answers = [positions_forward(picture[None], w, b, conv_param) for picture in x]
    return np.concatenate([out for out, _ in answers]), [cache for _, cache in answers]


def one_by_one_backward(dout, caches):
    answers = [positions_backward(dout[n : n + 1], cache) for n, cache in enumerate(caches)]
    dx, dw, db = zip(*answers)
    return np.concatenate(dx), sum(dw), sum(db)


pair("one picture after another", one_by_one_forward, one_by_one_backward)


def bias_as_a_channel_forward(x, w, b, conv_param):
    s, p, _, H_out, W_out = geometry(x, w, conv_param)
    F, _, HH, WW = w.shape
    x_pad = np.concatenate([padded(x, p), np.ones((len(x), 1, *padded(x, p).shape[2:]))], axis=1)
    extra = np.zeros((F, 1, HH, WW))
    extra[:, 0, 0, 0] = b
    w_more = np.concatenate([w, extra], axis=1)
    out, _ = positions_forward(x_pad, w_more, 0 * b, {"stride": s, "pad": 0})
    return out, (x_pad, w_more, b, s, p)


def bias_as_a_channel_backward(dout, cache):
    x_pad, w_more, b, s, p = cache
    dx, dw, _ = positions_backward(dout, (x_pad, w_more, b, {"stride": s, "pad": 0}))
    inside = np.s_[:, :-1, p : dx.shape[2] - p, p : dx.shape[3] - p]
    return dx[inside], dw[:, :-1], dw[:, -1, 0, 0]


pair("the bias as one more channel", bias_as_a_channel_forward, bias_as_a_channel_backward)


# ---- conv_output_size ----------------------------------------------------------------------


def right_size(function):
    RIGHT.append(dict(name=function.__name__, functions={"conv_output_size": function}))


@right_size
def counted_with_range(size, filter_size, stride=1, pad=0, dilation=1):
    last = size + 2 * pad - (filter_size - 1) * dilation - 1
    starts = range(0, last + 1, stride)
    if not starts or starts[-1] != last:
        raise ValueError(f"{filter_size} taps, stride {stride} do not fit {size}")
    return len(starts)


@right_size
def divmod_and_one_error_for_both(size, filter_size, stride=1, pad=0, dilation=1):
    steps, rest = divmod(size + 2 * pad - dilation * (filter_size - 1) - 1, stride)
    if rest or steps < 0:
        raise ValueError("does not fit")
    return np.int64(steps + 1)


@right_size
def divided_then_made_an_int(size, filter_size, stride=1, pad=0, dilation=1):
    positions = (size + 2 * pad - (filter_size + (filter_size - 1) * (dilation - 1))) / stride + 1
    if positions < 1 or not positions.is_integer():
        raise ValueError("does not fit")
    return int(positions)


# ---- locally_connected_forward -------------------------------------------------------------


def right_local(function):
    RIGHT.append(dict(name=function.__name__, functions={"locally_connected_forward": function}))


@right_local
def local_by_einsum(x, w, b, conv_param):
    s, p, (HH, WW) = conv_param["stride"], conv_param["pad"], w.shape[-2:]
    windows = windows_of(padded(x, p), (HH, WW), axis=(2, 3))[:, :, ::s, ::s]
    return np.einsum("ncijrs,ijfcrs->nfij", windows, w) + b, (x, w, b, conv_param)


@right_local
def local_by_tensordot(x, w, b, conv_param):
    s, p = conv_param["stride"], conv_param["pad"]
    H_out, W_out, F, _, HH, WW = w.shape
    out = np.repeat(b[None].astype(float), len(x), axis=0)
    for j in range(W_out):
        for i in range(H_out):
            window = padded(x, p)[:, :, i * s : i * s + HH, j * s : j * s + WW]
            out[..., i, j] += np.tensordot(window, w[i, j], ((1, 2, 3), (1, 2, 3)))
    return out, None


@right_local
def local_by_a_convolution_at_each_position(x, w, b, conv_param):
    s, p = conv_param["stride"], conv_param["pad"]
    H_out, W_out, F, _, HH, WW = w.shape
    out = np.zeros((len(x), F, H_out, W_out))
    for i, j in np.ndindex(H_out, W_out):
        window = padded(x, p)[:, :, i * s : i * s + HH, j * s : j * s + WW]
        value, _ = positions_forward(window, w[i, j], b[:, i, j], {"stride": 1, "pad": 0})
        out[:, :, i, j] = value[:, :, 0, 0]
    return out, (x, w, b, conv_param)
