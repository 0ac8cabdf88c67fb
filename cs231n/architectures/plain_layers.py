"""The layers that the fast modules do not have, in NumPy, so that every kind can run.

Signatures are those of the notebooks. float32 stays float32. Each forward returns (out, cache),
each backward takes (dout, cache).
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike


def affine_forward(x: ArrayLike, w: ArrayLike, b: ArrayLike) -> tuple[np.ndarray, tuple]:
    """Fully connected layer: x (N, ...) with D values each, w (D, M), b (M,); out (N, M)."""
    rows = np.reshape(x, (np.shape(x)[0], -1))
    out = rows @ w
    out += b
    return out, (np.shape(x), rows, w)


def affine_backward(dout: np.ndarray, cache: tuple) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns dx, of the shape of x; dw (D, M); db (M,)."""
    shape, rows, w = cache
    return np.reshape(dout @ w.T, shape), rows.T @ dout, dout.sum(axis=0)


def scale_forward(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray) -> tuple[np.ndarray, tuple]:
    """gamma * x + beta; x (N, C, ...), gamma and beta (C,)."""
    out = x * _channels(gamma, x)
    out += _channels(beta, x)
    return out, (x, gamma)


def scale_backward(dout: np.ndarray, cache: tuple) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns dx, of the shape of x; dgamma (C,); dbeta (C,)."""
    x, gamma = cache
    others = (0, *range(2, x.ndim))
    return dout * _channels(gamma, x), (dout * x).sum(axis=others), dout.sum(axis=others)


def tanh_forward(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The hyperbolic tangent of each value."""
    out = np.tanh(x)
    return out, out


def tanh_backward(dout: np.ndarray, cache: np.ndarray) -> np.ndarray:
    """Returns dx, of the shape of x."""
    return dout * (1 - cache * cache)


def softmax_forward(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores (N, C, ...) into probabilities over C."""
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    powers /= powers.sum(axis=1, keepdims=True)
    return powers, powers


def softmax_backward(dout: np.ndarray, cache: np.ndarray) -> np.ndarray:
    """Returns dx, of the shape of x."""
    return cache * (dout - np.sum(dout * cache, axis=1, keepdims=True))


def rbf_forward(x: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, tuple]:
    """Squared distances of x (N, ...), D values each, to the columns of w (D, M); out (N, M)."""
    rows = np.reshape(x, (len(x), -1))
    out = (rows**2).sum(axis=1, keepdims=True) - 2 * rows @ w + (w**2).sum(axis=0)
    return out, (x.shape, rows, w)


def rbf_backward(dout: np.ndarray, cache: tuple) -> np.ndarray:
    """Returns dx, of the shape of x."""
    shape, rows, w = cache
    return np.reshape(2 * (rows * dout.sum(axis=1, keepdims=True) - dout @ w.T), shape)


def dropout_forward(x: np.ndarray, dropout_param: dict) -> tuple[np.ndarray, np.ndarray | None]:
    """Inverted dropout. dropout_param has "mode" ("train" or "test"), "p", the probability that a
    value stays, and optionally "seed" for the mask."""
    if dropout_param["mode"] == "test":
        return x, None
    p = dropout_param["p"]
    draws = np.random.default_rng(dropout_param.get("seed")).random(x.shape, dtype=np.float32)
    factors = np.where(draws < p, 1 / p, 0).astype(x.dtype)
    return x * factors, factors


def dropout_backward(dout: np.ndarray, cache: np.ndarray | None) -> np.ndarray:
    """Returns dx, of the shape of x."""
    return dout if cache is None else cache * dout


def layernorm_forward(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, ln_param: dict
) -> tuple[np.ndarray, tuple]:
    """Layer normalisation of each row of x (N, D), or of each picture of x (N, C, H, W), where
    gamma and beta have a value a channel. ln_param may have "eps", 1e-5 where absent."""
    return _normalise(x, gamma, beta, 1, ln_param.get("eps", 1e-5))


def spatial_groupnorm_forward(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, G: int, gn_param: dict
) -> tuple[np.ndarray, tuple]:
    """Normalisation over G groups of channels of x (N, C, H, W); gamma, beta (1, C, 1, 1)."""
    return _normalise(x, gamma, beta, G, gn_param.get("eps", 1e-5))


def _normalise(x, gamma, beta, G: int, eps: float) -> tuple[np.ndarray, tuple]:
    """x with the values of each group brought to mean 0 and variance 1, then scaled and shifted."""
    if x.ndim == 2:  # (N, D): one group, a gamma a feature
        return _scaled(x, x, gamma, beta, eps)
    return _scaled(x, x.reshape(len(x) * G, -1), gamma, beta, eps)


def _scaled(x, groups, gamma, beta, eps: float) -> tuple[np.ndarray, tuple]:
    centred = groups - groups.mean(axis=1, keepdims=True)
    inverse = 1 / np.sqrt(np.mean(centred**2, axis=1, keepdims=True) + eps)
    normal = (centred * inverse).reshape(x.shape)
    out, cache = scale_forward(normal, np.ravel(gamma), np.ravel(beta))
    return out, (cache, inverse, np.shape(gamma))


def layernorm_backward(dout: np.ndarray, cache: tuple) -> tuple:
    """Returns dx, of the shape of x; dgamma and dbeta, of the shape of gamma."""
    scaled, inverse, shape = cache
    dnormal, dgamma, dbeta = scale_backward(dout, scaled)
    normal = scaled[0].reshape(len(inverse), -1)
    d = dnormal.reshape(normal.shape)
    along = np.mean(d * normal, axis=1, keepdims=True)
    dx = inverse * (d - d.mean(axis=1, keepdims=True) - normal * along)
    return dx.reshape(dout.shape), dgamma.reshape(shape), dbeta.reshape(shape)


spatial_groupnorm_backward = layernorm_backward


def lrn_forward(x: np.ndarray, lrn_param: dict) -> tuple[np.ndarray, tuple]:
    """Local response normalisation of x (N, C, H, W). lrn_param has "size", "alpha", "beta", "k":
    x / (k + alpha * sum of squares over `size` channels) ** beta."""
    size, alpha, beta, k = (lrn_param[name] for name in ("size", "alpha", "beta", "k"))
    scale = _over_neighbours(x * x, size)
    scale *= alpha
    scale += k
    return x * scale**-beta, (x, scale, lrn_param)


def lrn_backward(dout: np.ndarray, cache: tuple) -> np.ndarray:
    """Returns dx, of the shape of x."""
    x, scale, lrn_param = cache
    size, alpha, beta, _ = (lrn_param[name] for name in ("size", "alpha", "beta", "k"))
    power = scale**-beta
    # A channel's square stands in the scale of each channel whose neighbour it is.
    shares = _over_neighbours(dout * x * power / scale, size, towards_front=True)
    return dout * power - (2 * alpha * beta) * x * shares


def _over_neighbours(values: np.ndarray, size: int, towards_front: bool = False) -> np.ndarray:
    """Sums over the `size` channels around each; for an even size one more of those before it."""
    before, after = size // 2, (size - 1) // 2
    if towards_front:
        before, after = after, before
    frame = np.pad(values, ((0, 0), (before, after), (0, 0), (0, 0)))
    out = frame[:, : values.shape[1]].copy()
    for shift in range(1, size):
        out += frame[:, shift : shift + values.shape[1]]
    return out


def locally_connected_forward(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: dict
) -> tuple[np.ndarray, tuple]:
    """Locally connected layer: x (N, C, H, W), w (H_out, W_out, F, C, HH, WW), b (F, H_out, W_out).
    conv_param has "stride" and "pad", each a number or (vertical, horizontal)."""
    windows = _windows(x, w.shape, conv_param)
    out = np.einsum("ncijhw,ijfchw->nfij", windows, w, optimize=True)
    out += b
    return out, (x.shape, windows, w, conv_param)


def locally_connected_backward(dout: np.ndarray, cache: tuple) -> tuple:
    """Returns dx (N, C, H, W), dw and db, of the shapes of w and b."""
    (N, C, H, W), windows, w, conv_param = cache
    dw = np.einsum("nfij,ncijhw->ijfchw", dout, windows, optimize=True)
    shares = np.einsum("nfij,ijfchw->nchwij", dout, w, optimize=True)
    (top, left), (down, right) = _pair(conv_param["pad"]), _pair(conv_param["stride"])
    frame = np.zeros((N, C, H + 2 * top, W + 2 * left), dout.dtype)
    for i, j in np.ndindex(w.shape[4:]):
        rows = slice(i, i + (w.shape[0] - 1) * down + 1, down)
        columns = slice(j, j + (w.shape[1] - 1) * right + 1, right)
        frame[:, :, rows, columns] += shares[:, :, i, j]
    return frame[:, :, top : top + H, left : left + W], dw, dout.sum(axis=0)


def _windows(x: np.ndarray, w_shape: tuple, conv_param: dict) -> np.ndarray:
    """(N, C, H_out, W_out, HH, WW): the windows of the padded pictures, without copying them."""
    (top, left), (down, right) = _pair(conv_param["pad"]), _pair(conv_param["stride"])
    frame = np.pad(x, ((0, 0), (0, 0), (top, top), (left, left)))
    windows = sliding_window_view(frame, w_shape[4:], axis=(2, 3))[:, :, ::down, ::right]
    return windows[:, :, : w_shape[0], : w_shape[1]]


def _pair(value) -> tuple[int, int]:
    return tuple(value) if isinstance(value, tuple | list) else (value, value)


def _channels(values: np.ndarray, x: np.ndarray) -> np.ndarray:
    """(C,) so that it goes with x (N, C, ...)."""
    return np.reshape(values, (-1,) + (1,) * (x.ndim - 2))
