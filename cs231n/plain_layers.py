"""The layers that the fast modules do not have, in NumPy, so that every kind can run.

Signatures are those of the notebooks: each forward returns (out, cache), each backward takes
(dout, cache). float32 stays float32. Normalisation is in cs231n.plain_norms.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def affine_forward(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, tuple]:
    """Fully connected layer, forward.

    Inputs:
    - x: (N, ...), D values each
    - w: weights (D, M)
    - b: biases (M,)

    Returns a tuple of:
    - out: (N, M)
    - cache: for affine_backward
    """
    rows = np.reshape(x, (len(x), -1))
    return rows @ w + b, (x.shape, rows, w)


def affine_backward(dout: np.ndarray, cache: tuple) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fully connected layer, backward: of dout (N, M) returns dx, of the shape of x; dw (D, M); and
    db (M,)."""
    shape, rows, w = cache
    return np.reshape(dout @ w.T, shape), rows.T @ dout, dout.sum(axis=0)


def scale_forward(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray) -> tuple[np.ndarray, tuple]:
    """A scale and a shift for each channel, forward: out = gamma * x + beta.

    Inputs:
    - x: (N, C, ...)
    - gamma, beta: (C,)

    Returns a tuple of:
    - out: of the shape of x
    - cache: for scale_backward
    """
    out = x * _for_channels(gamma, x)
    out += _for_channels(beta, x)
    return out, (x, gamma)


def scale_backward(dout: np.ndarray, cache: tuple) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A scale and a shift, backward: of dout, of the shape of x, returns dx, of this shape; dgamma
    (C,); and dbeta (C,)."""
    x, gamma = cache
    others = (0, *range(2, x.ndim))
    return dout * _for_channels(gamma, x), (dout * x).sum(axis=others), dout.sum(axis=others)


def tanh_forward(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The hyperbolic tangent of each value, forward. Returns (out, cache)."""
    out = np.tanh(x)
    return out, out


def tanh_backward(dout: np.ndarray, cache: np.ndarray) -> np.ndarray:
    """The hyperbolic tangent, backward. Returns dx."""
    return dout * (1 - cache * cache)


def softmax_forward(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores (N, C, ...) into probabilities over C, forward. Returns (out, cache).

    The largest score is taken off all of them first, so that no power overflows.
    """
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    powers /= powers.sum(axis=1, keepdims=True)
    return powers, powers


def softmax_backward(dout: np.ndarray, cache: np.ndarray) -> np.ndarray:
    """Scores into probabilities, backward. Returns dx."""
    return cache * (dout - np.sum(dout * cache, axis=1, keepdims=True))


def softmax_loss(x: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Softmax loss: the mean of -log(probability of the right class).

    Inputs:
    - x: scores (N, classes)
    - y: labels (N,), whole numbers from 0 to classes - 1

    Returns a tuple of:
    - loss: a number
    - dx: its gradient on x (N, classes)
    """
    right = np.arange(len(x)), y
    logs = x - x.max(axis=1, keepdims=True)
    logs -= np.log(np.exp(logs).sum(axis=1, keepdims=True))
    slope = np.exp(logs)
    slope[right] -= 1
    slope /= len(x)
    return -float(logs[right].mean()), slope


def rbf_forward(x: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, tuple]:
    """Squared distances to fixed points, forward (LeCun et al., 1998, equation 7).

    Inputs:
    - x: (N, ...), D values each
    - w: M points as columns (D, M)

    Returns a tuple of:
    - out: (N, M)
    - cache: for rbf_backward
    """
    rows = np.reshape(x, (len(x), -1))
    # Differences first: |x|² - 2 x·w + |w|² would lose its digits near a point.
    out = np.stack([np.square(rows - point).sum(axis=1) for point in w.T], axis=1)
    return out, (x.shape, rows, w)


def rbf_backward(dout: np.ndarray, cache: tuple) -> np.ndarray:
    """Squared distances, backward: of dout (N, M) returns dx, of the shape of x."""
    shape, rows, w = cache
    return np.reshape(2 * (rows * dout.sum(axis=1, keepdims=True) - dout @ w.T), shape)


def dropout_forward(x: np.ndarray, dropout_param: dict) -> tuple[np.ndarray, np.ndarray | None]:
    """Inverted dropout, forward: in training each value is put to 0 or divided by p, so that its
    expectation stays (Srivastava et al., 2014, section 10).

    Inputs:
    - x: any shape
    - dropout_param: dict with "mode", "train" or "test" (which changes nothing); "p", the
      probability that a value stays; and optionally "seed" for the choice

    Returns a tuple of:
    - out: of the shape of x
    - cache: for dropout_backward
    """
    if dropout_param["mode"] == "test":
        return x, None
    p = dropout_param["p"]
    draws = np.random.default_rng(dropout_param.get("seed")).random(x.shape, np.float32)
    factors = (draws < p).astype(x.dtype)
    factors /= p
    return x * factors, factors


def dropout_backward(dout: np.ndarray, cache: np.ndarray | None) -> np.ndarray:
    """Inverted dropout, backward. Returns dx."""
    return dout if cache is None else cache * dout


def locally_connected_forward(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: dict
) -> tuple[np.ndarray, tuple]:
    """Locally connected layer, forward: a convolution whose places do not share weights.

    Inputs:
    - x: pictures (N, C, H, W)
    - w: filters, some for each place (H_out, W_out, F, C, HH, WW)
    - b: biases (F, H_out, W_out)
    - conv_param: dict with "stride" and "pad", each a number or (vertical, horizontal)

    Returns a tuple of:
    - out: (N, F, H_out, W_out)
    - cache: for locally_connected_backward
    """
    (top, left), (down, right) = _pair(conv_param["pad"]), _pair(conv_param["stride"])
    frame = np.pad(x, ((0, 0), (0, 0), (top, top), (left, left)))
    windows = sliding_window_view(frame, w.shape[4:], axis=(2, 3))[:, :, ::down, ::right]
    windows = windows[:, :, : w.shape[0], : w.shape[1]]  # (N, C, H_out, W_out, HH, WW), no copy
    out = np.einsum("ncijhw,ijfchw->nfij", windows, w, optimize=True)
    out += b
    return out, (x.shape, windows, w, conv_param)


def locally_connected_backward(
    dout: np.ndarray, cache: tuple
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Locally connected layer, backward: of dout (N, F, H_out, W_out) returns dx (N, C, H, W), and
    dw and db, of the shapes of w and b."""
    (N, C, H, W), windows, w, conv_param = cache
    (top, left), (down, right) = _pair(conv_param["pad"]), _pair(conv_param["stride"])
    dw = np.einsum("nfij,ncijhw->ijfchw", dout, windows, optimize=True)
    shares = np.einsum("nfij,ijfchw->nchwij", dout, w, optimize=True)
    frame = np.zeros((N, C, H + 2 * top, W + 2 * left), dout.dtype)
    for i, j in np.ndindex(w.shape[4:]):
        rows = slice(i, i + (w.shape[0] - 1) * down + 1, down)
        columns = slice(j, j + (w.shape[1] - 1) * right + 1, right)
        frame[:, :, rows, columns] += shares[:, :, i, j]
    return frame[:, :, top : top + H, left : left + W], dw, dout.sum(axis=0)


def _pair(value: int | tuple[int, int]) -> tuple[int, int]:
    return tuple(value) if isinstance(value, tuple | list) else (value, value)


def _for_channels(values: np.ndarray, x: np.ndarray) -> np.ndarray:
    """(C,) so that it goes with x (N, C, ...)."""
    return np.reshape(values, (-1,) + (1,) * (x.ndim - 2))
