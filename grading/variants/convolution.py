"""Right convolutions, written as differently as people write them. All must score full marks,
except that those without `dilation=True` know nothing of dilation.

More entries are added by convolution_indirect.
"""

import numpy as np

RIGHT: list[dict] = []


def pair(name, forward, backward, dilation=False):
    functions = dict(conv_forward_naive=forward, conv_backward_naive=backward)
    RIGHT.append(dict(name=name, functions=functions, dilation=dilation))


def geometry(x, w, conv_param):
    """stride, pad, dilation, H_out, W_out."""
    s, p, d = conv_param["stride"], conv_param["pad"], conv_param.get("dilation", 1)
    H_out, W_out = ((x.shape[k] + 2 * p - d * (w.shape[k] - 1) - 1) // s + 1 for k in (2, 3))
    return s, p, d, H_out, W_out


def padded(x, p):
    return np.pad(x, [(0, 0)] * 2 + [(p, p)] * 2)


# ---- seven loops over single numbers, no padding at all ------------------------------------


def loops_forward(x, w, b, conv_param):
    s, p, d, H_out, W_out = geometry(x, w, conv_param)
    (N, C, H, W), (F, _, HH, WW) = x.shape, w.shape
    out = np.empty((N, F, H_out, W_out))
    for f in range(F):
        for j in range(W_out):
            for i in range(H_out):
                for n in range(N):
                    total = float(b[f])
                    for r in range(HH):
                        for q in range(WW):
                            row, column = i * s - p + r * d, j * s - p + q * d
                            if 0 <= row < H and 0 <= column < W:
                                for c in range(C):
                                    total += float(x[n, c, row, column]) * float(w[f, c, r, q])
                    out[n, f, i, j] = total
    return out, [conv_param, b, w, x]


def loops_backward(dout, cache):
    conv_param, b, w, x = cache
    s, p, d = conv_param["stride"], conv_param["pad"], conv_param.get("dilation", 1)
    (N, C, H, W), (F, _, HH, WW) = x.shape, w.shape
    dx, dw, db = np.zeros((N, C, H, W)), np.zeros((F, C, HH, WW)), np.zeros(F)
    for (n, f, i, j), g in np.ndenumerate(dout):
        db[f] += g
        for r in range(HH):
            for q in range(WW):
                row, column = i * s - p + r * d, j * s - p + q * d
                if 0 <= row < H and 0 <= column < W:
                    for c in range(C):
                        dx[n, c, row, column] += g * w[f, c, r, q]
                        dw[f, c, r, q] += g * x[n, c, row, column]
    return dx, dw, db


pair("seven loops over numbers", loops_forward, loops_backward, dilation=True)


# ---- one position at a time, all pictures and filters at once ------------------------------


def positions_forward(x, w, b, conv_param):
    s, p, _, H_out, W_out = geometry(x, w, conv_param)
    (F, _, HH, WW), x_pad = w.shape, padded(x, p)
    out = np.zeros((len(x), F, H_out, W_out))
    for i in range(H_out):
        for j in range(W_out):
            window = x_pad[:, :, i * s : i * s + HH, j * s : j * s + WW]
            out[:, :, i, j] = np.tensordot(window, w, axes=((1, 2, 3), (1, 2, 3))) + b
    return out, (x, w, b, conv_param)


def positions_backward(dout, cache):
    x, w, b, conv_param = cache
    s, p = conv_param["stride"], conv_param["pad"]
    (_, _, HH, WW), x_pad = w.shape, padded(x, p)
    dx, dw = np.zeros_like(x_pad), np.zeros_like(w)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            place = np.s_[:, :, i * s : i * s + HH, j * s : j * s + WW]
            dw += np.tensordot(dout[:, :, i, j], x_pad[place], axes=(0, 0))
            dx[place] += np.tensordot(dout[:, :, i, j], w, axes=(1, 0))
    return dx[:, :, p : -p or None, p : -p or None], dw, np.sum(dout, axis=(0, 2, 3))


pair("tensordot at each position, pad:-pad or None", positions_forward, positions_backward)


# ---- einsum over sliding windows -----------------------------------------------------------


def einsum_forward(x, w, b, conv_param):
    s, p, d, *_ = geometry(x, w, conv_param)
    reach = tuple(d * (k - 1) + 1 for k in w.shape[2:])
    views = np.lib.stride_tricks.sliding_window_view(padded(x, p), reach, axis=(2, 3))
    views = views[:, :, ::s, ::s, ::d, ::d]
    out = np.einsum("ncijrs,fcrs->nfij", views, w) + b[:, None, None]
    return out, {"views": views, "w": w, "shape": x.shape, "param": (s, p, d)}


def einsum_backward(dout, cache):
    w, (s, p, d), (N, C, H, W) = cache["w"], cache["param"], cache["shape"]
    dw = np.einsum("nfij,ncijrs->fcrs", dout, cache["views"])
    dx = np.zeros((N, C, H + 2 * p, W + 2 * p))
    H_out, W_out = dout.shape[2:]
    for r in range(w.shape[2]):
        for q in range(w.shape[3]):
            rows = slice(r * d, r * d + s * H_out, s)
            columns = slice(q * d, q * d + s * W_out, s)
            share = np.einsum("nfij,fc->ncij", dout, w[:, :, r, q])
            target = dx[:, :, rows, columns]
            target += share[:, :, : target.shape[2], : target.shape[3]]
    return dx[:, :, p : p + H, p : p + W], dw, np.einsum("nfij->f", dout)


pair("einsum over sliding_window_view, cache is a dict", einsum_forward, einsum_backward, True)


# ---- as_strided ----------------------------------------------------------------------------


def strided_windows(x_pad, HH, WW, s, H_out, W_out):
    N, C = x_pad.shape[:2]
    n, c, h, v = x_pad.strides
    shape, steps = (N, H_out, W_out, C, HH, WW), (n, h * s, v * s, c, h, v)
    return np.lib.stride_tricks.as_strided(x_pad, shape, steps)


def strided_forward(x, w, b, conv_param):
    s, p, _, H_out, W_out = geometry(x, w, conv_param)
    F, C, HH, WW = w.shape
    windows = strided_windows(padded(x, p), HH, WW, s, H_out, W_out)
    rows = windows.reshape(len(x) * H_out * W_out, -1)
    out = (rows @ w.reshape(F, -1).T + b).reshape(len(x), H_out, W_out, F)
    return out.transpose(0, 3, 1, 2), (x, w, conv_param, rows)


def strided_backward(dout, cache):
    x, w, conv_param, rows = cache
    s, p = conv_param["stride"], conv_param["pad"]
    (N, F, H_out, W_out), (_, C, HH, WW) = dout.shape, w.shape
    flat = dout.transpose(0, 2, 3, 1).reshape(-1, F)
    dx = np.zeros((N, C, x.shape[2] + 2 * p, x.shape[3] + 2 * p))
    drows = (flat @ w.reshape(F, -1)).reshape(N, H_out, W_out, C, HH, WW)
    for i, j in np.ndindex(H_out, W_out):  # writing through overlapping strides would not add up
        dx[:, :, i * s : i * s + HH, j * s : j * s + WW] += drows[:, i, j]
    inside = np.s_[:, :, p : dx.shape[2] - p, p : dx.shape[3] - p]
    return dx[inside], (flat.T @ rows).reshape(w.shape), flat.sum(0)


pair("as_strided and one matrix product", strided_forward, strided_backward)


# ---- im2col with index arrays --------------------------------------------------------------


def indices(x, w, conv_param):
    s, _, d, H_out, W_out = geometry(x, w, conv_param)
    _, C, HH, WW = w.shape
    r, q = d * np.arange(HH)[:, None, None, None], d * np.arange(WW)[:, None, None]
    i, j = s * np.arange(H_out)[:, None], s * np.arange(W_out)
    return np.broadcast_arrays(np.arange(C).reshape(C, 1, 1, 1, 1), r + i, q + j)


def im2col_forward(x, w, b, conv_param):
    *_, H_out, W_out = geometry(x, w, conv_param)
    c, rows, columns = indices(x, w, conv_param)
    cols = padded(x, conv_param["pad"])[:, c, rows, columns]
    cols = cols.reshape(len(x), w[0].size, H_out * W_out)
    out = np.matmul(w.reshape(len(w), -1), cols) + b.reshape(-1, 1)
    return out.reshape(len(x), len(w), H_out, W_out), (x, w, b, conv_param, cols)


def im2col_backward(dout, cache):
    x, w, b, conv_param, cols = cache
    p, index = conv_param["pad"], indices(x, w, conv_param)
    flat = dout.reshape(*dout.shape[:2], -1)
    dcols = np.matmul(w.reshape(len(w), -1).T, flat)
    dx = padded(np.zeros(x.shape), p)
    np.add.at(dx, (slice(None), *index), dcols.reshape(len(x), *index[0].shape))
    dw = np.matmul(flat, cols.transpose(0, 2, 1)).sum(axis=0).reshape(w.shape)
    keep = np.arange(p, p + x.shape[2])[:, None], np.arange(p, p + x.shape[3])
    return dx[:, :, *keep], dw, flat.sum(axis=(0, 2))


pair("im2col by fancy indexing, np.add.at", im2col_forward, im2col_backward, dilation=True)


# ---- loops over taps only ------------------------------------------------------------------


def taps(w, conv_param, H_out, W_out):
    s, d = conv_param["stride"], conv_param.get("dilation", 1)
    for r, q in np.ndindex(w.shape[2:]):
        rows = slice(r * d, r * d + (H_out - 1) * s + 1, s)
        yield r, q, np.s_[:, :, rows, q * d : q * d + (W_out - 1) * s + 1 : s]


def taps_forward(x, w, b, conv_param):
    *_, H_out, W_out = geometry(x, w, conv_param)
    x_pad = padded(x, conv_param["pad"])
    out = np.tile(b.reshape(1, -1, 1, 1).astype(float), (len(x), 1, H_out, W_out))
    for r, q, place in taps(w, conv_param, H_out, W_out):
        out += np.einsum("ncij,fc->nfij", x_pad[place], w[:, :, r, q], optimize=True)
    return out, (x_pad, w, conv_param)


def taps_backward(dout, cache):
    x_pad, w, conv_param = cache
    p, dx, dw = conv_param["pad"], np.zeros(x_pad.shape), np.zeros(w.shape)
    for r, q, place in taps(w, conv_param, *dout.shape[2:]):
        dw[:, :, r, q] = np.tensordot(dout, x_pad[place], ((0, 2, 3), (0, 2, 3)))
        dx[place] += np.tensordot(dout, w[:, :, r, q], (1, 0)).transpose(0, 3, 1, 2)
    border = list(range(p)), list(range(dx.shape[2] - p, dx.shape[2]))
    dx = np.delete(dx, border[0] + border[1], axis=2)
    border = list(range(p)) + list(range(dx.shape[3] - p, dx.shape[3]))
    return np.delete(dx, border, axis=3), dw, dout.sum((0, 2, 3))


pair("shift and add, one tap at a time", taps_forward, taps_backward, dilation=True)


# ---- numbers and memory --------------------------------------------------------------------


def same_dtype_forward(x, w, b, conv_param):
    out, _ = positions_forward(x, w, b, conv_param)
    return out.astype(np.result_type(x, w, b)), (x, w, b, conv_param)


def same_dtype_backward(dout, cache):
    dx, dw, db = positions_backward(dout, cache)
    return dx.astype(cache[0].dtype), dw.astype(cache[1].dtype), db.astype(cache[2].dtype)


pair("results in the dtype of the input", same_dtype_forward, same_dtype_backward)


def longdouble_forward(x, w, b, conv_param):
    x, w, b = (a.astype(np.longdouble) for a in (x, w, b))
    out, cache = positions_forward(x, w, b, conv_param)
    return np.asarray(out, dtype=np.float64, order="F"), cache


pair("computed in long double, out in Fortran order", longdouble_forward, positions_backward)


def restored_forward(x, w, b, conv_param):
    w *= -1  # turned for a while, then put back
    out, _ = positions_forward(x, w, -b, conv_param)
    w *= -1
    return -out, (x, w, b, conv_param)


def scratch_backward(dout, cache):
    dout = dout.copy()
    dout *= 2
    answer = positions_backward(dout, cache)
    return [gradient / 2 for gradient in answer]


pair("in-place tricks that leave the inputs unharmed", restored_forward, scratch_backward)
