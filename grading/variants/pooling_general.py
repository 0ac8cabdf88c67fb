"""Right average and L2 pools, and convolutions in place of a pool. All must score full."""

import numpy as np

from grading.variants.pooling import RIGHT, offsets, pair, sizes, view

# ---- average -------------------------------------------------------------------------------


@pair("avg")
class MeanOfAView:
    def forward(x, pool_param):
        return view(x, pool_param).mean(axis=(4, 5)), (x.shape, pool_param)

    def backward(dout, cache):
        shape, p = cache
        dx = np.zeros(shape)
        for r, q in offsets(dx, p):
            dx[:, :, r, q] += dout / (p["pool_height"] * p["pool_width"])
        return dx


@pair("avg")
class IntegralImage:
    def forward(x, pool_param):
        HH, WW, s, *_ = sizes(x, pool_param)
        total = np.pad(x.astype(float), ((0, 0), (0, 0), (1, 0), (1, 0))).cumsum(2).cumsum(3)
        sums = (
            total[:, :, HH:, WW:]
            - total[:, :, :-HH, WW:]
            - total[:, :, HH:, :-WW]
            + total[:, :, :-HH, :-WW]
        )
        return sums[:, :, ::s, ::s] / HH / WW, (x, pool_param)

    def backward(dout, cache):
        x, p = cache
        dx = np.zeros_like(x)
        HH, WW, s, *_ = sizes(x, p)
        for n, c, i, j in np.ndindex(*dout.shape):
            dx[n, c][i * s : i * s + HH, j * s : j * s + WW] += np.full(
                (HH, WW), dout[n, c, i, j]
            ) / (HH * WW)
        return dx


@pair("avg")
class MatricesThatAverageRowsAndColumns:
    def matrix(size, window, s):
        count = 1 + (size - window) // s
        A = np.zeros((count, size))
        for i in range(count):
            A[i, i * s : i * s + window] = 1 / window
        return A

    def forward(x, pool_param):
        HH, WW, s, *_ = sizes(x, pool_param)
        A = MatricesThatAverageRowsAndColumns.matrix(x.shape[2], HH, s)
        B = MatricesThatAverageRowsAndColumns.matrix(x.shape[3], WW, s)
        return np.einsum("ih,nchw,jw->ncij", A, x, B), (A, B)

    def backward(dout, cache):
        A, B = cache
        return A.T @ dout @ B


@pair("avg")
class AddAtEveryPixel:
    def forward(x, pool_param):
        HH, WW, *_ = sizes(x, pool_param)
        return sum(x[:, :, r, q].astype(np.float64) for r, q in offsets(x, pool_param)) / (
            HH * WW
        ), (pool_param, x)

    def backward(dout, cache):
        p, x = cache
        HH, WW, s, *_ = sizes(x, p)
        n, c, i, j, a, b = np.indices((*dout.shape, HH, WW))
        dx = np.zeros(x.shape)
        np.add.at(dx, (n, c, i * s + a, j * s + b), (dout / (HH * WW))[..., None, None])
        return dx


# ---- L2 ------------------------------------------------------------------------------------


@pair("l2")
class NormOfAView:
    def forward(x, pool_param):
        windows = view(x.astype(np.float64), pool_param)
        return np.sqrt(np.einsum("ncijab,ncijab->ncij", windows, windows)), (x, pool_param)

    def backward(dout, cache):
        x, p = cache
        out, _ = NormOfAView.forward(x, p)
        factor = np.divide(dout, out, out=np.zeros_like(out), where=out > 0)
        dx = np.zeros(x.shape)
        for r, q in offsets(x, p):
            dx[:, :, r, q] += x[:, :, r, q] * factor
        return dx


@pair("l2")
class LinalgNormAndNanToNum:
    def forward(x, pool_param):
        HH, WW, s, H_out, W_out = sizes(x, pool_param)
        out = np.zeros((*x.shape[:2], H_out, W_out))
        for n, c, i, j in np.ndindex(out.shape):
            out[n, c, i, j] = np.linalg.norm(
                x[n, c, i * s : i * s + HH, j * s : j * s + WW].astype(float)
            )
        return out, (x, out, pool_param)

    def backward(dout, cache):
        x, out, p = cache
        HH, WW, s, H_out, W_out = sizes(x, p)
        dx = np.zeros_like(x)
        with np.errstate(invalid="ignore"):
            for i in range(H_out):
                for j in range(W_out):
                    place = np.s_[:, :, i * s : i * s + HH, j * s : j * s + WW]
                    slope = np.nan_to_num(x[place] / out[:, :, i, j, None, None])
                    dx[place] += slope * dout[:, :, i, j, None, None]
        return dx


@pair("l2")
class TinyNumberInTheDenominator:
    def forward(x, pool_param):
        x = np.asarray(x, dtype=np.float64)
        squares = view(x**2, pool_param)
        return squares.sum(axis=(4, 5)) ** 0.5, (x, pool_param)

    def backward(dout, cache):
        x, p = cache
        out = view(x**2, p).sum(axis=(4, 5)) ** 0.5
        g = dout / (out + 1e-12)
        HH, WW, s, *_ = sizes(x, p)
        dx = np.zeros(x.shape)
        for n, c, i, j in np.ndindex(dout.shape):
            dx[n, c, i * s : i * s + HH, j * s : j * s + WW] += (
                g[n, c, i, j] * x[n, c, i * s : i * s + HH, j * s : j * s + WW]
            )
        return dx


@pair("l2")
class HypotOneAfterAnother:
    def forward(x, pool_param):
        x = x.astype(np.float64)
        out = 0.0
        for r, q in offsets(x, pool_param):
            out = np.hypot(out, x[:, :, r, q])
        return out, dict(x=x, out=out, p=pool_param)

    def backward(dout, cache):
        x, out = cache["x"], cache["out"]
        safe = np.where(out == 0, 1, out)
        dx = np.zeros(x.shape)
        for r, q in offsets(x, cache["p"]):
            dx[:, :, r, q] += x[:, :, r, q] / safe * dout
        return dx


# ---- average pooling as a convolution ------------------------------------------------------


def conv(function):
    RIGHT.append(
        dict(name=function.__name__, kind="conv", functions={"avg_pool_as_conv": function})
    )
    return function


@conv
def identity_of_channels(C, pool_param):
    HH, WW = pool_param["pool_height"], pool_param["pool_width"]
    w = np.einsum("cd,ab->cdab", np.eye(C), np.ones((HH, WW))) / (HH * WW)
    return w, np.zeros(C), {"stride": pool_param["stride"], "pad": 0, "dilation": 1}


@conv
def diagonal_by_index(C, pool_param):
    w = np.zeros((C, C, pool_param["pool_height"], pool_param["pool_width"]), dtype=np.float32)
    w[range(C), range(C)] = 1
    w /= w[0].sum()
    return (
        w,
        np.zeros((C,), dtype=int),
        dict(pad=np.int64(0), stride=np.int64(pool_param["stride"])),
    )
