"""ReLU and batch normalisation, fast enough to train with.

A compiled module does the work where there is one, and NumPy otherwise, with the same results but
for the last digits: ``BACKEND`` says which, "cython" or "numpy". CS231N_BACKEND=numpy asks for
NumPy. Results do not depend on the number of threads.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from cs231n.fast_common import as_gradient, compiled, empty, known_keys, number
from cs231n.im2col import as_floating, as_pictures

_compiled = compiled("cs231n.kernels.pointwise")
BACKEND = "cython" if _compiled else "numpy"


def relu_forward_fast(x: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Rectified linear units, forward: max(x, 0).

    Inputs:
    - x: any shape but an empty one, any memory order; unchanged

    Returns a tuple of:
    - out: shape of x, float32 for float32 input and float64 for anything else; a NaN stays one
    - cache: for relu_backward_fast: where x is positive, a byte a value

    Raises ValueError when x is empty or holds something other than real numbers.
    """
    x = np.asarray(as_floating(x, "x"), order="C")
    if x.size == 0:
        raise ValueError(f"x should hold at least one value, but its shape is {x.shape}.")
    if not _compiled:
        return np.asarray(np.maximum(x, 0)), np.asarray(x > 0)
    out, positive = empty(x.shape, x.dtype), empty(x.shape, bool)
    _compiled.relu_forward(x.reshape(-1), out.reshape(-1), positive.reshape(-1).view(np.uint8))
    return out, positive


def relu_backward_fast(dout: ArrayLike, cache: np.ndarray) -> np.ndarray:
    """Rectified linear units, backward: the gradient passes where x was positive.

    Inputs:
    - dout: gradient on out, of its shape; unchanged
    - cache: from relu_forward_fast

    Returns dx: shape of dout, 0 where x was 0, negative or NaN; float32 for a float32 dout and
    float64 for anything else.

    Raises ValueError when dout does not have the shape of out.
    """
    dout = as_floating(dout, "dout")
    dout = as_gradient(dout, cache.shape, dout.dtype)
    if not _compiled:
        return np.where(cache, dout, dout.dtype.type(0))
    dx = empty(dout.shape, dout.dtype)
    _compiled.relu_backward(dout.reshape(-1), cache.reshape(-1).view(np.uint8), dx.reshape(-1))
    return dx


def batchnorm_forward_fast(
    x: ArrayLike, gamma: ArrayLike, beta: ArrayLike, bn_param: dict
) -> tuple[np.ndarray, tuple]:
    """Batch normalisation, forward (Ioffe and Szegedy, 2015, algorithm 1).

    In training, each feature is normalised by its mean and variance (the sum of squares over N,
    not N - 1) in the batch, and the running averages follow:

        running = momentum * running + (1 - momentum) * batch

    In testing, the running averages take the place of the batch's.

    Inputs:
    - x: (N, D), any memory order; unchanged
    - gamma: scale (D,)
    - beta: shift (D,)
    - bn_param: dict with "mode", "train" or "test", and optionally
      - "eps": added to the variance; 1e-5 where absent
      - "momentum": 0.9 where absent
      - "running_mean", "running_var": (D,); zeros where absent in training, required in testing

    float32 throughout gives float32, anything else float64. Sums are always in float64, and the
    variance takes a second pass over x, so that a large mean does not spoil it.

    Training updates bn_param: its running averages in place where they are writeable arrays of
    float32 or float64, and with new arrays otherwise.

    Returns a tuple of:
    - out: (N, D)
    - cache: for batchnorm_backward_fast. It holds x itself: do not change x before.

    Raises ValueError when shapes do not fit each other or bn_param is not as described.
    """
    x = as_floating(x, "x")
    if x.ndim != 2 or 0 in x.shape:
        raise ValueError(
            f"x should have shape (N, D), neither of them 0, but its shape is {x.shape}. For "
            "pictures (N, C, H, W) there is spatial_batchnorm_forward_fast."
        )
    return _forward(x, gamma, beta, bn_param, "D")


def batchnorm_backward_fast(
    dout: ArrayLike, cache: tuple
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Batch normalisation, backward.

    Inputs:
    - dout: gradient on out (N, D); unchanged
    - cache: from batchnorm_forward_fast, of training or of testing (where the running averages are
      constants)

    Returns a tuple of:
    - dx: (N, D)
    - dgamma: (D,)
    - dbeta: (D,)

    Raises ValueError when dout does not have the shape of out.
    """
    return _backward(dout, cache)


def spatial_batchnorm_forward_fast(
    x: ArrayLike, gamma: ArrayLike, beta: ArrayLike, bn_param: dict
) -> tuple[np.ndarray, tuple]:
    """Batch normalisation of pictures, forward: one mean and variance a channel.

    Inputs:
    - x: (N, C, H, W), any memory order; unchanged
    - gamma: scale (C,)
    - beta: shift (C,)
    - bn_param: as for batchnorm_forward_fast, with running averages (C,)

    Returns a tuple of:
    - out: (N, C, H, W)
    - cache: for spatial_batchnorm_backward_fast. It holds x itself: do not change x before.

    Precision, updates of bn_param and errors are those of batchnorm_forward_fast.
    """
    return _forward(as_pictures(x), gamma, beta, bn_param, "C")


def spatial_batchnorm_backward_fast(
    dout: ArrayLike, cache: tuple
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Batch normalisation of pictures, backward.

    Inputs:
    - dout: gradient on out (N, C, H, W); unchanged
    - cache: from spatial_batchnorm_forward_fast

    Returns a tuple of:
    - dx: (N, C, H, W)
    - dgamma: (C,)
    - dbeta: (C,)

    Raises ValueError when dout does not have the shape of out.
    """
    return _backward(dout, cache)


def _forward(
    x: np.ndarray, gamma: ArrayLike, beta: ArrayLike, bn_param: dict, axis: str
) -> tuple[np.ndarray, tuple]:
    """Normalise x (N, C, ...) along its second axis."""
    C = x.shape[1]
    gamma = _a_number_each(gamma, "gamma", C, axis)
    beta = _a_number_each(beta, "beta", C, axis)
    dtype = np.result_type(x, gamma, beta)
    known_keys(bn_param, "bn_param", ("mode",), ("eps", "momentum", "running_mean", "running_var"))
    mode = bn_param["mode"]
    if mode not in ("train", "test"):
        raise ValueError(f'bn_param["mode"] should be "train" or "test", but it is {mode!r}.')
    settings = {"eps": 1e-5, "momentum": 0.9} | bn_param
    eps = number(settings, "bn_param", "eps", np.finfo(np.float64).tiny)
    momentum = number(settings, "bn_param", "momentum", 0, 1 + 2**-52)
    running = _running_averages(bn_param, mode, C, axis, dtype)

    x = np.asarray(x, dtype, order="C")
    gamma, beta = gamma.astype(np.float64), beta.astype(np.float64)  # C numbers: cheap
    if mode == "test":
        mean, var = (average.astype(np.float64) for average in running)
        if not (var + eps > 0).all():
            raise ValueError('bn_param["running_var"] should hold no negative numbers and no NaN.')
    else:
        mean, var = np.empty(C), np.empty(C)
    out = empty(x.shape, x.dtype)
    flat, to = (array.reshape(*x.shape[:2], -1) for array in (x, out))  # (N, C, pixels)
    forward = _compiled.batchnorm_forward if _compiled else _numpy_forward
    forward(flat, to, gamma, beta, mean, var, eps, mode == "test")
    if mode == "train":
        for name, average, batch in zip(("running_mean", "running_var"), running, (mean, var)):
            average *= momentum
            average += (1 - momentum) * batch
            bn_param[name] = average
    return out, (x, gamma, mean, var, eps, mode == "test")


def _backward(dout: ArrayLike, cache: tuple) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x, gamma, mean, var, eps, constant = cache
    dout = as_gradient(dout, x.shape, x.dtype)
    dx, dgamma, dbeta = empty(x.shape, x.dtype), np.empty_like(gamma), np.empty_like(gamma)
    x, dout, to = (array.reshape(*x.shape[:2], -1) for array in (x, dout, dx))
    backward = _compiled.batchnorm_backward if _compiled else _numpy_backward
    backward(x, dout, to, gamma, mean, var, dgamma, dbeta, eps, constant)
    return dx, dgamma.astype(x.dtype), dbeta.astype(x.dtype)


def _numpy_forward(x, out, gamma, beta, mean, var, eps, constant) -> None:
    """Fill out from x (N, C, S), and mean and var (C,) unless they are given as constants."""
    if not constant:
        mean[:] = x.mean(axis=(0, 2), dtype=np.float64)
        var[:] = np.square(x - mean[:, None]).mean(axis=(0, 2))
    out[:] = (x - mean[:, None]) * (gamma / np.sqrt(var + eps))[:, None] + beta[:, None]


def _numpy_backward(x, dout, dx, gamma, mean, var, dgamma, dbeta, eps, constant) -> None:
    """Fill dx (N, C, S), dgamma and dbeta (C,)."""
    count = x.shape[0] * x.shape[2]
    inverse = 1 / np.sqrt(var + eps)
    normal = (x - mean[:, None]) * inverse[:, None]
    dbeta[:] = dout.sum(axis=(0, 2), dtype=np.float64)
    dgamma[:] = (dout * normal).sum(axis=(0, 2))
    through = dout
    if not constant:  # a pixel also moves the mean and the variance
        through = dout - (dbeta / count)[:, None] - normal * (dgamma / count)[:, None]
    dx[:] = through * (gamma * inverse)[:, None]


def _a_number_each(array: ArrayLike, name: str, C: int, axis: str) -> np.ndarray:
    array = as_floating(array, name)
    if array.shape != (C,):
        raise ValueError(
            f"{name} should have shape ({axis},) = ({C},), as x has {C} along its second axis: it "
            f"has {array.shape}."
        )
    return array


def _running_averages(
    bn_param: dict, mode: str, C: int, axis: str, dtype: np.dtype
) -> list[np.ndarray]:
    """The running mean and variance: bn_param's own arrays where they can be written to."""
    running = []
    for name in ("running_mean", "running_var"):
        if name not in bn_param and mode == "test":
            raise ValueError(
                f'mode "test" needs bn_param["{name}"], which training leaves there: pass the '
                'dict that was used in mode "train".'
            )
        given = bn_param.get(name)
        if name not in bn_param:
            given = np.zeros(C, dtype)
        average = _a_number_each(given, f'bn_param["{name}"]', C, axis)
        own = average is given and average.flags.writeable
        running.append(average if own or mode == "test" else average.copy())
    if mode == "train" and np.may_share_memory(*running):
        raise ValueError("running_mean and running_var are the same array: each needs its own.")
    return running
