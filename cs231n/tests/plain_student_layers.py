"""Layers as a student may write them for the notebooks: loops, stride and pad, nothing else.

Written down from the definitions, they share no code with the kit: a second opinion.
"""

import numpy as np


def conv_forward_naive(x, w, b, conv_param):
    assert set(conv_param) <= {"stride", "pad", "dilation"}
    s, p, d = conv_param["stride"], conv_param["pad"], conv_param.get("dilation", 1)
    assert isinstance(s, int)
    assert isinstance(p, int)
    N, C, H, W = x.shape
    F, depth, HH, WW = w.shape
    assert depth == C
    down, right = H + 2 * p - d * (HH - 1) - 1, W + 2 * p - d * (WW - 1) - 1
    if down % s or right % s:
        raise ValueError("illegal stride")
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    out = np.zeros((N, F, down // s + 1, right // s + 1))
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            window = xp[
                :, :, i * s : i * s + d * (HH - 1) + 1 : d, j * s : j * s + d * (WW - 1) + 1 : d
            ]
            out[:, :, i, j] = np.tensordot(window, w, ((1, 2, 3), (1, 2, 3))) + b
    return out, (x, w, b, conv_param)


def conv_backward_naive(dout, cache):
    x, w, _, conv_param = cache
    s, p, d = conv_param["stride"], conv_param["pad"], conv_param.get("dilation", 1)
    HH, WW = w.shape[2:]
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    dxp, dw = np.zeros_like(xp), np.zeros_like(w)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            rows = slice(i * s, i * s + d * (HH - 1) + 1, d)
            cols = slice(j * s, j * s + d * (WW - 1) + 1, d)
            dw += np.tensordot(dout[:, :, i, j], xp[:, :, rows, cols], (0, 0))
            dxp[:, :, rows, cols] += np.tensordot(dout[:, :, i, j], w, (1, 0))
    H, W = x.shape[2:]
    return dxp[:, :, p : p + H, p : p + W], dw, dout.sum(axis=(0, 2, 3))


def _places(x, pool_param):
    HH, WW, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    assert set(pool_param) == {"pool_height", "pool_width", "stride"}
    if (x.shape[2] - HH) % s or (x.shape[3] - WW) % s:
        raise ValueError("illegal stride")
    for i in range((x.shape[2] - HH) // s + 1):
        for j in range((x.shape[3] - WW) // s + 1):
            yield i, j, slice(i * s, i * s + HH), slice(j * s, j * s + WW)


def _pool(x, pool_param, value):
    places = list(_places(x, pool_param))
    out = np.zeros((*x.shape[:2], places[-1][0] + 1, places[-1][1] + 1))
    for i, j, rows, cols in places:
        out[:, :, i, j] = value(x[:, :, rows, cols])
    return out, (x, pool_param)


def max_pool_forward_naive(x, pool_param):
    return _pool(x, pool_param, lambda window: window.max(axis=(2, 3)))


def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    dx = np.zeros_like(x)
    for i, j, rows, cols in _places(x, pool_param):
        window = x[:, :, rows, cols]
        best = window == window.max(axis=(2, 3), keepdims=True)
        dx[:, :, rows, cols] += best * dout[:, :, i, j][:, :, None, None]
    return dx


def avg_pool_forward(x, pool_param):
    return _pool(x, pool_param, lambda window: window.mean(axis=(2, 3)))


def avg_pool_backward(dout, cache):
    x, pool_param = cache
    dx = np.zeros_like(x)
    share = pool_param["pool_height"] * pool_param["pool_width"]
    for i, j, rows, cols in _places(x, pool_param):
        dx[:, :, rows, cols] += dout[:, :, i, j][:, :, None, None] / share
    return dx


def l2_pool_forward(x, pool_param):
    return _pool(x, pool_param, lambda window: np.sqrt((window**2).sum(axis=(2, 3))))


def l2_pool_backward(dout, cache):
    x, pool_param = cache
    dx = np.zeros_like(x)
    for i, j, rows, cols in _places(x, pool_param):
        window = x[:, :, rows, cols]
        length = np.sqrt((window**2).sum(axis=(2, 3), keepdims=True))
        dx[:, :, rows, cols] += window / length * dout[:, :, i, j][:, :, None, None]
    return dx
