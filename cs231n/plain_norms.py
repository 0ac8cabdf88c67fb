"""Normalisation that the fast modules do not have, in NumPy.

Each forward returns (out, cache), each backward takes (dout, cache). float32 stays float32.
"""

from __future__ import annotations

import numpy as np

from cs231n.plain_layers import scale_backward, scale_forward


def layernorm_forward(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, ln_param: dict
) -> tuple[np.ndarray, tuple]:
    """Layer normalisation, forward: each picture or vector gets mean 0 and variance 1, and is then
    scaled and shifted (Ba, Kiros and Hinton, "Layer Normalization", 2016).

    Inputs:
    - x: (N, D), or pictures (N, C, H, W)
    - gamma, beta: scale and shift, (D,), or (C,) for pictures
    - ln_param: dict with, optionally, "eps", which is added to the variance; 1e-5 where absent

    Returns a tuple of:
    - out: of the shape of x
    - cache: for layernorm_backward
    """
    return _normalised(x, x.reshape(len(x), -1), gamma, beta, ln_param)


def layernorm_backward(dout: np.ndarray, cache: tuple) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Layer normalisation, backward.

    Inputs:
    - dout: gradient on out
    - cache: from layernorm_forward

    Returns a tuple of:
    - dx: of the shape of dout
    - dgamma, dbeta: of the shape of gamma
    """
    scaled, inverse, shape = cache
    dnormal, dgamma, dbeta = scale_backward(dout, scaled)
    normal = scaled[0].reshape(len(inverse), -1)
    d = dnormal.reshape(normal.shape)
    # A value also moves its group's mean and variance.
    along = np.mean(d * normal, axis=1, keepdims=True)
    dx = inverse * (d - d.mean(axis=1, keepdims=True) - normal * along)
    return dx.reshape(dout.shape), dgamma.reshape(shape), dbeta.reshape(shape)


def spatial_groupnorm_forward(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, G: int, gn_param: dict
) -> tuple[np.ndarray, tuple]:
    """Group normalisation, forward: as layer normalisation, of each group of channels for itself
    (Wu and He, "Group Normalization", 2018).

    Inputs:
    - x: pictures (N, C, H, W)
    - gamma, beta: scale and shift, (1, C, 1, 1)
    - G: the number of groups, which divides C
    - gn_param: dict with, optionally, "eps", which is added to the variance; 1e-5 where absent

    Returns a tuple of:
    - out: (N, C, H, W)
    - cache: for spatial_groupnorm_backward
    """
    return _normalised(x, x.reshape(len(x) * G, -1), gamma, beta, gn_param)


def spatial_groupnorm_backward(
    dout: np.ndarray, cache: tuple
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Group normalisation, backward.

    Inputs:
    - dout: gradient on out (N, C, H, W)
    - cache: from spatial_groupnorm_forward

    Returns a tuple of:
    - dx: (N, C, H, W)
    - dgamma, dbeta: of the shape of gamma
    """
    return layernorm_backward(dout, cache)


def lrn_forward(x: np.ndarray, lrn_param: dict) -> tuple[np.ndarray, tuple]:
    """Local response normalisation, forward: out = x / (k + alpha * S) ** beta, where S is the sum
    of squares at the same place in the channels around, not divided by their number (Krizhevsky,
    Sutskever and Hinton, 2012, section 3.3).

    Inputs:
    - x: pictures (N, C, H, W)
    - lrn_param: dict with "size", how many channels S sums over, the channel itself in the middle
      (of an even size, one more before it than after it), "alpha", "beta" and "k"

    Returns a tuple of:
    - out: (N, C, H, W)
    - cache: for lrn_backward
    """
    size, alpha, beta, k = (lrn_param[name] for name in ("size", "alpha", "beta", "k"))
    bases = _over_neighbours(x * x, size // 2, (size - 1) // 2)
    bases *= alpha
    bases += k
    return x * bases**-beta, (x, bases, lrn_param)


def lrn_backward(dout: np.ndarray, cache: tuple) -> np.ndarray:
    """Local response normalisation, backward.

    Inputs:
    - dout: gradient on out (N, C, H, W)
    - cache: from lrn_forward

    Returns dx (N, C, H, W).
    """
    x, bases, lrn_param = cache
    size, alpha, beta = (lrn_param[name] for name in ("size", "alpha", "beta"))
    powers = bases**-beta
    # A channel's square is in the sums of the channels that it is a neighbour of: the mirror image.
    shares = _over_neighbours(dout * x * powers / bases, (size - 1) // 2, size // 2)
    return dout * powers - (2 * alpha * beta) * x * shares


def _normalised(
    x: np.ndarray, groups: np.ndarray, gamma: np.ndarray, beta: np.ndarray, param: dict
) -> tuple[np.ndarray, tuple]:
    """groups: the values of x as rows of those that are normalised together."""
    centred = groups - groups.mean(axis=1, keepdims=True)
    variance = np.square(centred).mean(axis=1, keepdims=True)
    inverse = 1 / np.sqrt(variance + param.get("eps", 1e-5))
    normal = (centred * inverse).reshape(x.shape)
    out, cache = scale_forward(normal, np.ravel(gamma), np.ravel(beta))
    return out, (cache, inverse, np.shape(gamma))


def _over_neighbours(values: np.ndarray, before: int, after: int) -> np.ndarray:
    """Sums over each channel, so many before it and so many after it."""
    C = values.shape[1]
    frame = np.pad(values, ((0, 0), (before, after), (0, 0), (0, 0)))
    out = frame[:, :C].copy()
    for shift in range(1, before + after + 1):
        out += frame[:, shift : shift + C]
    return out
