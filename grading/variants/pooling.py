"""Right pooling layers, written in ways that have little in common. All must score full.

Each entry of RIGHT names an exercise's functions: the pair of forward and backward, or one alone.
"""

from collections import namedtuple

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view

RIGHT: list[dict] = []


def pair(kind):
    """Class decorator: forward and backward of one way to write "max", "avg" or "l2" pooling."""
    names = {
        "max": ("max_pool_forward_naive", "max_pool_backward_naive"),
        "avg": ("avg_pool_forward", "avg_pool_backward"),
        "l2": ("l2_pool_forward", "l2_pool_backward"),
    }[kind]

    def add(cls):
        RIGHT.append(
            dict(
                name=cls.__name__,
                kind=kind,
                functions=dict(zip(names, (cls.forward, cls.backward))),
            )
        )
        return cls

    return add


def sizes(x, p):
    HH, WW, s = p["pool_height"], p["pool_width"], p["stride"]
    return HH, WW, s, 1 + (x.shape[2] - HH) // s, 1 + (x.shape[3] - WW) // s


def view(x, p):
    """(N, C, H_out, W_out, HH, WW), no copy."""
    HH, WW, s, *_ = sizes(x, p)
    return sliding_window_view(x, (HH, WW), axis=(2, 3))[:, :, ::s, ::s]


def offsets(x, p):
    """For every place in a window: the slices that pick this pixel out of all windows."""
    HH, WW, s, H_out, W_out = sizes(x, p)
    for a in range(HH):
        for b in range(WW):
            yield slice(a, a + s * (H_out - 1) + 1, s), slice(b, b + s * (W_out - 1) + 1, s)


# ---- max -----------------------------------------------------------------------------------


@pair("max")
class LoopsOverPositionsOnlyTiesToAll:
    def forward(x, pool_param):
        HH, WW, s, H_out, W_out = sizes(x, pool_param)
        out = np.empty((*x.shape[:2], H_out, W_out))
        for j in range(W_out):
            for i in range(H_out):
                out[:, :, i, j] = np.max(
                    x[:, :, i * s : i * s + HH, j * s : j * s + WW], axis=(2, 3)
                )
        return out, (x, pool_param)

    def backward(dout, cache):
        x, p = cache
        HH, WW, s, H_out, W_out = sizes(x, p)
        dx = np.zeros_like(x)
        for i in range(H_out):
            for j in range(W_out):
                window = x[:, :, i * s : i * s + HH, j * s : j * s + WW]
                mask = window == window.max(axis=(2, 3), keepdims=True)
                dx[:, :, i * s : i * s + HH, j * s : j * s + WW] += (
                    mask * dout[:, :, i, j][:, :, None, None]
                )
        return dx


@pair("max")
class ReshapeWhereItFitsLoopsElsewhere:
    def forward(x, pool_param):
        HH, WW, s, H_out, W_out = sizes(x, pool_param)
        N, C, H, W = x.shape
        if HH == WW == s and H % s == 0 and W % s == 0:
            blocks = x.reshape(N, C, H // HH, HH, W // WW, WW)
            return blocks.max(axis=3).max(axis=4), ("reshape", x, pool_param)
        return view(x, pool_param).max(axis=(-1, -2)), ("loop", x, pool_param)

    def backward(dout, cache):
        method, x, p = cache
        HH, WW, s, H_out, W_out = sizes(x, p)
        if method == "reshape":
            big = dout.repeat(HH, axis=2).repeat(WW, axis=3)
            top = view(x, p).max(axis=(-1, -2)).repeat(HH, axis=2).repeat(WW, axis=3)
            return np.where(x == top, big, 0.0)
        dx = np.zeros(x.shape)
        for n, c, i, j in np.ndindex(dout.shape):
            window = x[n, c, i * s : i * s + HH, j * s : j * s + WW]
            r, q = divmod(int(window.argmax()), WW)
            dx[n, c, i * s + r, j * s + q] += dout[n, c, i, j]
        return dx


@pair("max")
class ArgmaxOfAViewScatteredWithAddAt:
    def forward(x, pool_param):
        HH, WW, s, H_out, W_out = sizes(x, pool_param)
        flat = view(x, pool_param).reshape(*x.shape[:2], H_out, W_out, HH * WW)
        where = flat.argmax(-1)
        out = np.take_along_axis(flat, where[..., None], -1)[..., 0]
        return out, {"where": where, "shape": x.shape, "param": dict(pool_param)}

    def backward(dout, cache):
        WW, s = cache["param"]["pool_width"], cache["param"]["stride"]
        n, c, i, j = np.indices(dout.shape)
        dx = np.zeros(cache["shape"])
        np.add.at(dx, (n, c, i * s + cache["where"] // WW, j * s + cache["where"] % WW), dout)
        return dx


@pair("max")
class MaximumOverOffsetsOneAfterAnother:
    def forward(x, pool_param):
        picks = [x[:, :, r, q] for r, q in offsets(x, pool_param)]
        out = picks[0].copy()
        for pick in picks[1:]:
            np.maximum(out, pick, out=out)
        return out, (x.copy(), out, pool_param)

    def backward(dout, cache):
        x, out, p = cache
        dx, taken = np.zeros(x.shape), np.zeros(out.shape, dtype=bool)
        for r, q in offsets(x, p):
            wins = (x[:, :, r, q] == out) & ~taken
            taken |= wins
            dx[:, :, r, q] += wins * dout
        return dx


@pair("max")
class Im2colWithBincount:
    def forward(x, pool_param):
        HH, WW, s, H_out, W_out = sizes(x, pool_param)
        N, C, H, W = x.shape
        index = np.arange(N * C * H * W).reshape(x.shape)
        columns = view(index, pool_param).reshape(-1, HH * WW)
        values = np.ascontiguousarray(x).ravel()[columns]
        best = np.argmax(values, axis=1)
        rows = np.arange(len(best))
        out = values[rows, best].reshape(N, C, H_out, W_out)
        return out, (columns[rows, best], x.shape)

    def backward(dout, cache):
        where, shape = cache
        return np.bincount(where, dout.ravel(), minlength=int(np.prod(shape))).reshape(shape)


@pair("max")
class StridesByHandWorkingOnAPrivateCopy:
    def forward(x, pool_param):
        HH, WW, s, H_out, W_out = sizes(x, pool_param)
        x = np.array(x, dtype=np.float64, order="C")
        a, b, c, d = x.strides
        windows = as_strided(x, (*x.shape[:2], H_out, W_out, HH, WW), (a, b, c * s, d * s, c, d))
        out = windows.max(axis=5).max(axis=4)
        return out, (x, out, pool_param)

    def backward(dout, cache):
        x, out, p = cache
        work = x.copy()
        HH, WW, s, H_out, W_out = sizes(x, p)
        dx = x * 0
        for i in reversed(range(H_out)):
            for j in reversed(range(W_out)):
                block = work[:, :, i * s : i * s + HH, j * s : j * s + WW].copy()
                block -= out[:, :, i : i + 1, j : j + 1]
                block[block == 0] = 1
                block[block < 0] = 0
                dx[:, :, i * s : i * s + HH, j * s : j * s + WW] += (
                    block * dout[:, :, i : i + 1, j : j + 1]
                )
        return dx


@pair("max")
class PlainPythonNumbers:
    def forward(x, pool_param):
        HH, WW, s, H_out, W_out = sizes(x, pool_param)
        numbers = x.tolist()
        out = np.zeros((*x.shape[:2], H_out, W_out))
        for n, c, i, j in np.ndindex(out.shape):
            best = -float("inf")
            for row in numbers[n][c][i * s : i * s + HH]:
                for value in row[j * s : j * s + WW]:
                    if value > best:
                        best = value
            out[n, c, i, j] = best
        return out, (x, pool_param)

    def backward(dout, cache):
        x, p = cache
        HH, WW, s, *_ = sizes(x, p)
        dx = np.zeros(x.shape, dtype=np.float64)
        for n, c, i, j in np.ndindex(dout.shape):
            best = None
            for r in range(i * s, i * s + HH):
                for q in range(j * s, j * s + WW):
                    if best is None or x[n, c, r, q] > x[n, c, best[0], best[1]]:
                        best = r, q
            dx[n, c, best[0], best[1]] += dout[n, c, i, j]
        return dx


Kept = namedtuple("Kept", "mask shape param")


@pair("max")
class OneHotMasksInTheCache:
    def forward(x, pool_param):
        windows = view(x, pool_param)
        out = windows.max(axis=(4, 5), keepdims=True)
        return out[..., 0, 0].copy(), Kept(windows == out, x.shape, pool_param)

    def backward(dout, cache):
        dx = np.zeros(cache.shape)
        s = cache.param["stride"]
        share = np.einsum("ncij,ncijab->ncijab", dout, cache.mask)
        H_out, W_out, HH, WW = share.shape[2:]
        for i in range(H_out):
            for j in range(W_out):
                dx[:, :, i * s : i * s + HH, j * s : j * s + WW] += share[:, :, i, j]
        return dx
