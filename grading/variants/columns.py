"""Right solutions of 5_im2col, written in ways that have little in common. All must score full.

Each entry of RIGHT is a family: a name, and functions by the names of the exercises. A family's
layers use its own im2col and col2im, or none.
"""

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view

RIGHT: list[dict] = []
SHORT = {
    "conv_forward": "conv_forward_im2col",
    "conv_backward": "conv_backward_im2col",
    "forward_reshape": "max_pool_forward_reshape",
    "backward_reshape": "max_pool_backward_reshape",
    "forward_pool": "max_pool_forward_im2col",
    "backward_pool": "max_pool_backward_im2col",
}


def family(cls):
    """Class decorator: add a family. Functions of the class are plain functions."""
    functions = {k: v for k, v in vars(cls).items() if callable(v) and not k.startswith("_")}
    named = {SHORT.get(k, k): v for k, v in functions.items()}
    RIGHT.append(dict(name=cls.__name__, functions=named))
    return cls


def sizes(shape, HH, WW, stride, pad):
    return (shape[2] + 2 * pad - HH) // stride + 1, (shape[3] + 2 * pad - WW) // stride + 1


def pool_sizes(p):
    return p["pool_height"], p["pool_width"], p["stride"]


def refuse_unless_tiling(x, p):
    HH, WW, s = pool_sizes(p)
    if HH != WW or HH != s or x.shape[2] % s != 0 or x.shape[3] % s != 0:
        raise ValueError("not tiles")
    return s


@family
class IndicesByArithmetic:
    """Row and column indices of every entry, fancy indexing ahead, np.add.at back."""

    def _indices(x_shape, HH, WW, stride, pad):
        N, C, H, W = x_shape
        H_out, W_out = sizes(x_shape, HH, WW, stride, pad)
        i0 = np.tile(np.repeat(np.arange(HH), WW), C)
        i1 = stride * np.repeat(np.arange(H_out), W_out)
        j0 = np.tile(np.arange(WW), HH * C)
        j1 = stride * np.tile(np.arange(W_out), H_out)
        k = np.repeat(np.arange(C), HH * WW).reshape(-1, 1)
        return k, i0[:, None] + i1[None], j0[:, None] + j1[None]

    def im2col(x, field_height, field_width, stride, pad):
        k, i, j = IndicesByArithmetic._indices(x.shape, field_height, field_width, stride, pad)
        x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode="constant")
        cols = x[:, k, i, j]  # (N, CHW, places)
        return cols.transpose(1, 0, 2).reshape(cols.shape[1], -1)

    def col2im(cols, x_shape, field_height, field_width, stride, pad):
        N, C, H, W = x_shape
        k, i, j = IndicesByArithmetic._indices(x_shape, field_height, field_width, stride, pad)
        padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
        parts = cols.reshape(len(k), N, -1).transpose(1, 0, 2)
        np.add.at(padded, (slice(None), k, i, j), parts)
        return padded if pad == 0 else padded[:, :, pad:-pad, pad:-pad]

    def conv_forward(x, w, b, conv_param):
        stride, pad = conv_param["stride"], conv_param["pad"]
        N, F = x.shape[0], w.shape[0]
        cols = IndicesByArithmetic.im2col(x, w.shape[2], w.shape[3], stride, pad)
        out = w.reshape(F, -1).dot(cols) + b.reshape(-1, 1)
        out = out.reshape(F, N, *sizes(x.shape, *w.shape[2:], stride, pad)).transpose(1, 0, 2, 3)
        return out, (x, w, b, conv_param, cols)

    def conv_backward(dout, cache):
        x, w, _, conv_param, cols = cache
        F, _, HH, WW = w.shape
        db = np.sum(dout, axis=(0, 2, 3))
        d = dout.transpose(1, 0, 2, 3).reshape(F, -1)
        dw = d.dot(cols.T).reshape(w.shape)
        dcols = w.reshape(F, -1).T.dot(d)
        stride, pad = conv_param["stride"], conv_param["pad"]
        return IndicesByArithmetic.col2im(dcols, x.shape, HH, WW, stride, pad), dw, db

    def forward_reshape(x, pool_param):
        s = refuse_unless_tiling(x, pool_param)
        N, C, H, W = x.shape
        split = x.reshape(N, C, H // s, s, W // s, s)
        out = split.max(axis=3).max(axis=4)
        return out, (x, split, out)

    def backward_reshape(dout, cache):
        x, split, out = cache
        dx = np.zeros(split.shape)
        mask = split == out[:, :, :, np.newaxis, :, np.newaxis]
        spread, _ = np.broadcast_arrays(dout[:, :, :, np.newaxis, :, np.newaxis], dx)
        dx[mask] = spread[mask]
        dx /= np.sum(mask, axis=(3, 5), keepdims=True)
        return dx.reshape(x.shape)

    def forward_pool(x, pool_param):
        N, C, H, W = x.shape
        HH, WW, s = pool_sizes(pool_param)
        cols = IndicesByArithmetic.im2col(x.reshape(N * C, 1, H, W), HH, WW, s, 0)
        best = np.argmax(cols, axis=0)
        out = cols[best, np.arange(cols.shape[1])]
        return out.reshape(N, C, *sizes(x.shape, HH, WW, s, 0)), (x, cols, best, pool_param)

    def backward_pool(dout, cache):
        x, cols, best, p = cache
        N, C, H, W = x.shape
        dcols = np.zeros(cols.shape)
        dcols[best, np.arange(dcols.shape[1])] = dout.flatten()
        dx = IndicesByArithmetic.col2im(dcols, (N * C, 1, H, W), *pool_sizes(p), 0)
        return dx.reshape(x.shape)


@family
class WindowsAsAView:
    """sliding_window_view ahead, loops over places back; layers by einsum, without columns."""

    def _view(x, HH, WW, stride, pad):
        x = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
        return sliding_window_view(x, (HH, WW), axis=(2, 3))[:, :, ::stride, ::stride]

    def im2col(x, field_height, field_width, stride, pad):
        view = WindowsAsAView._view(x, field_height, field_width, stride, pad)
        N, C, H_out, W_out, HH, WW = view.shape
        return view.transpose(1, 4, 5, 0, 2, 3).reshape(C * HH * WW, N * H_out * W_out)

    def col2im(cols, x_shape, field_height, field_width, stride, pad):
        N, C, H, W = x_shape
        H_out, W_out = sizes(x_shape, field_height, field_width, stride, pad)
        parts = cols.reshape(C, field_height, field_width, N, H_out, W_out)
        parts = parts.transpose(3, 0, 1, 2, 4, 5).astype(np.float64)
        dx = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
        for place in range(field_height * field_width):
            a, b = divmod(place, field_width)
            dx[:, :, a : a + stride * H_out : stride, b : b + stride * W_out : stride] += parts[
                :, :, a, b
            ]
        return dx[:, :, pad : pad + H, pad : pad + W].copy()

    def conv_forward(x, w, b, conv_param):
        s, pad = conv_param["stride"], conv_param["pad"]
        view = WindowsAsAView._view(x, w.shape[2], w.shape[3], s, pad)
        out = np.einsum("ncijab,fcab->nfij", view, w) + b.reshape(1, -1, 1, 1)
        return out, {"x": x, "w": w, "steps": (s, pad)}

    def conv_backward(dout, cache):
        x, w, (s, pad) = cache["x"], cache["w"], cache["steps"]
        (N, C, H, W), (HH, WW) = x.shape, w.shape[2:]
        view = WindowsAsAView._view(x, HH, WW, s, pad)
        dw = np.tensordot(dout, view, axes=([0, 2, 3], [0, 2, 3]))
        dx = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
        H_out, W_out = dout.shape[2:]
        for a in range(HH):
            for b in range(WW):
                part = np.tensordot(dout, w[:, :, a, b], axes=(1, 0)).transpose(0, 3, 1, 2)
                dx[:, :, a : a + s * H_out : s, b : b + s * W_out : s] += part
        return dx[:, :, pad : pad + H, pad : pad + W], dw, dout.sum((0, 2, 3))

    def forward_reshape(x, pool_param):
        s = refuse_unless_tiling(x, pool_param)
        N, C, H, W = x.shape
        blocks = x.reshape(N, C, H // s, s, W // s, s).swapaxes(3, 4)
        flat = blocks.reshape(N, C, H // s, W // s, s * s)
        return flat.max(-1), (flat.argmax(-1), x.shape, s)

    def backward_reshape(dout, cache):
        best, (N, C, H, W), s = cache
        flat = np.zeros((*dout.shape, s * s))
        np.put_along_axis(flat, best[..., None], dout[..., None], axis=-1)
        blocks = flat.reshape(N, C, H // s, W // s, s, s).swapaxes(3, 4)
        return blocks.reshape(N, C, H, W)

    def forward_pool(x, pool_param):
        HH, WW, s = pool_sizes(pool_param)
        view = WindowsAsAView._view(x, HH, WW, s, 0)
        out = view.max(axis=(4, 5))
        return out, (x, out, pool_param)

    def backward_pool(dout, cache):
        x, out, p = cache
        HH, WW, s = pool_sizes(p)
        view = WindowsAsAView._view(x, HH, WW, s, 0)
        mask = (view == out[..., None, None]).astype(float)
        mask /= mask.sum(axis=(4, 5), keepdims=True)  # shared among ties
        dx = np.zeros(x.shape)
        H_out, W_out = out.shape[2:]
        for a in range(HH):
            for b in range(WW):
                part = mask[..., a, b] * dout
                dx[:, :, a : a + s * H_out : s, b : b + s * W_out : s] += part
        return dx


@family
class NumberedPixels:
    """An index for every entry into a flat picture that ends in one zero; bincount back."""

    def _sources(x_shape, HH, WW, stride, pad):
        N, C, H, W = x_shape
        H_out, W_out = sizes(x_shape, HH, WW, stride, pad)
        c, a, b, n, i, j = np.ogrid[:C, :HH, :WW, :N, :H_out, :W_out]
        p, q = i * stride + a - pad, j * stride + b - pad
        inside = (0 <= p) & (p < H) & (0 <= q) & (q < W)
        at = ((n * C + c) * H + p) * W + q
        return np.where(inside, at, N * C * H * W).reshape(C * HH * WW, -1)

    def im2col(x, field_height, field_width, stride, pad):
        at = NumberedPixels._sources(x.shape, field_height, field_width, stride, pad)
        return np.concatenate([x.ravel(), np.zeros(1, x.dtype)]).take(at)

    def col2im(cols, x_shape, field_height, field_width, stride, pad):
        at = NumberedPixels._sources(x_shape, field_height, field_width, stride, pad)
        size = int(np.prod(x_shape))
        return np.bincount(at.ravel(), cols.ravel(), size + 1)[:size].reshape(x_shape)

    def conv_forward(x, w, b, conv_param):
        x, w, b = (np.asarray(v, np.float32) for v in (x, w, b))
        args = w.shape[2], w.shape[3], conv_param["stride"], conv_param["pad"]
        cols = NumberedPixels.im2col(x, *args)
        out = (cols.T @ w.reshape(len(w), -1).T + b).T
        return np.moveaxis(out.reshape(len(w), len(x), *sizes(x.shape, *args)), 0, 1), (
            x.shape,
            args,
            w,
            cols,
        )

    def conv_backward(dout, cache):
        x_shape, args, w, cols = cache
        d = np.moveaxis(dout, 1, 0).reshape(len(w), -1).astype(np.float32)
        dw = np.einsum("fp,kp->fk", d, cols).reshape(w.shape)
        dx = NumberedPixels.col2im((d.T @ w.reshape(len(w), -1)).T, x_shape, *args)
        return dx, dw, d @ np.ones(d.shape[1], np.float32)

    def forward_reshape(x, pool_param):
        s = refuse_unless_tiling(x, pool_param)
        x = np.array(x, dtype=np.float64)
        out = x[:, :, ::s, ::s].copy()
        for a in range(s):
            for b in range(s):
                np.maximum(out, x[:, :, a::s, b::s], out=out)
        return out, (x, out, s)

    def backward_reshape(dout, cache):
        x, out, s = cache
        dx, left = np.zeros_like(x), np.ones(out.shape, dtype=bool)
        for a in range(s):
            for b in range(s):
                here = (x[:, :, a::s, b::s] == out) & left
                dx[:, :, a::s, b::s] = here * dout
                left &= ~here
        return dx

    def forward_pool(x, pool_param):
        N, C, H, W = x.shape
        at = NumberedPixels._sources((N * C, 1, H, W), *pool_sizes(pool_param), 0)
        values = np.ravel(x)[at]
        best = np.take_along_axis(at, values.argmax(axis=0)[None], axis=0)[0]
        out = values.max(axis=0).reshape(N, C, *sizes(x.shape, *pool_sizes(pool_param), 0))
        return out, (x.shape, best)

    def backward_pool(dout, cache):
        shape, best = cache
        return np.bincount(best, dout.ravel(), int(np.prod(shape))).reshape(shape)


@family
class StridesByHand:
    """as_strided on a padded private copy; back by scattering through a strided view of numbers."""

    def im2col(x, field_height, field_width, stride, pad):
        N, C, H, W = x.shape
        padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad), dtype=np.float64)
        padded[:, :, pad : H + pad, pad : W + pad] = x
        n, c, h, w = padded.strides
        out = sizes(x.shape, field_height, field_width, stride, pad)
        view = as_strided(
            padded,
            (C, field_height, field_width, N, *out),
            (c, h, w, n, h * stride, w * stride),
            writeable=False,
        )
        return np.ascontiguousarray(view).reshape(C * field_height * field_width, -1)

    def col2im(cols, x_shape, field_height, field_width, stride, pad):
        N, C, H, W = x_shape
        numbers = np.arange(1.0, N * C * H * W + 1).reshape(x_shape)
        at = StridesByHand.im2col(numbers, field_height, field_width, stride, pad).astype(int)
        order = np.argsort(at, axis=None, kind="stable")
        totals = np.concatenate([[0.0], np.cumsum(cols.ravel()[order], dtype=np.float64)])
        ends = np.searchsorted(at.ravel()[order], np.arange(N * C * H * W + 1), side="right")
        sums = np.diff(totals[ends])
        return sums.reshape(x_shape)
