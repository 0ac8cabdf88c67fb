"""Convolution and max pooling, fast enough to train with.

The signatures are those of the naive layers that the notebooks ask for. Convolution is a matrix
product over the columns of im2col, a few pictures at a time, so that the columns (HH*WW times as
many values as the pictures) stay near the processor and never fill the memory.

im2col comes from the compiled module where there is one, and from NumPy otherwise, with the same
results: ``BACKEND`` says which, "cython" or "numpy". CS231N_BACKEND=numpy asks for NumPy.
"""

from __future__ import annotations

import os
import warnings

import numpy as np
from numpy.typing import ArrayLike

from cs231n.im2col import as_floating, as_pictures, window_grid

BACKEND = "cython"
if os.environ.get("CS231N_BACKEND", "").lower() == "numpy":
    from cs231n.im2col import col2im, im2col

    BACKEND = "numpy"
else:
    try:
        from cs231n.im2col_cython import col2im, im2col
    except ImportError as problem:
        from cs231n.im2col import col2im, im2col

        BACKEND = "numpy"
        warnings.warn(
            "The compiled module cs231n.im2col_cython is missing, so convolution uses NumPy: the "
            "same results, only slower. To build it, install a C compiler and run "
            f"`pip install --force-reinstall --no-deps .` in the kit's folder. ({problem})",
            RuntimeWarning,
            stacklevel=2,
        )

COLUMN_BYTES = 4 * 2**20  # columns in memory at one time; 64 MiB measured a third slower


def conv_forward_fast(
    x: ArrayLike, w: ArrayLike, b: ArrayLike, conv_param: dict
) -> tuple[np.ndarray, tuple]:
    """Convolutional layer, forward.

    Inputs:
    - x: pictures (N, C, H, W), any memory order
    - w: filters (F, C, HH, WW)
    - b: biases (F,)
    - conv_param: dict with "stride" and "pad", each a number or a pair (vertical, horizontal), and
      optionally "dilation" (1 where absent)

    All are left unchanged. float32 throughout gives float32, anything else float64.

    Returns a tuple of:
    - out: (N, F, H_out, W_out)
    - cache: for conv_backward_fast

    Raises ValueError when shapes do not fit each other or the stride does not divide.
    """
    x, w, b = _same_type(x, w, b)
    stride, pad, dilation = _conv_param(conv_param)
    N, C, H, W = x.shape
    if w.ndim != 4 or 0 in w.shape or w.shape[1] != C:
        raise ValueError(
            f"w should be filters (F, C, HH, WW) with C = {C}, as x is {x.shape}: w is {w.shape}."
        )
    F, _, HH, WW = w.shape
    if b.shape != (F,):
        raise ValueError(f"b should have shape ({F},), a bias a filter: it has {b.shape}.")
    H_out, W_out = window_grid((H, W), (HH, WW), stride, pad, dilation).out

    filters = w.reshape(F, C * HH * WW)
    out = np.empty((N, F, H_out * W_out), x.dtype)
    for some in _batches(N, C * HH * WW * H_out * W_out * x.itemsize):
        cols = im2col(x[some], HH, WW, stride, pad, dilation)
        np.matmul(filters, cols, out=out[some])
    out += b[:, None]
    return out.reshape(N, F, H_out, W_out), (x, w, b, conv_param)


def conv_backward_fast(dout: ArrayLike, cache: tuple) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Convolutional layer, backward.

    Inputs:
    - dout: gradient on out (N, F, H_out, W_out)
    - cache: from conv_forward_fast

    Returns a tuple of:
    - dx: (N, C, H, W)
    - dw: (F, C, HH, WW)
    - db: (F,)

    Raises ValueError when dout does not have the shape of out.
    """
    x, w, _, conv_param = cache
    stride, pad, dilation = _conv_param(conv_param)
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    places = window_grid((H, W), (HH, WW), stride, pad, dilation).out
    dout = _gradient(dout, (N, F, *places), x.dtype).reshape(N, F, -1)

    filters = w.reshape(F, C * HH * WW)
    dfilters = np.zeros_like(filters)
    dx = np.empty(x.shape, x.dtype)
    for some in _batches(N, C * HH * WW * dout.shape[2] * x.itemsize):
        cols = im2col(x[some], HH, WW, stride, pad, dilation)
        for picture, columns in zip(dout[some], cols):
            dfilters += picture @ columns.T
        np.matmul(filters.T, dout[some], out=cols)  # the columns' gradient, in their place
        dx[some] = col2im(cols, x[some].shape, HH, WW, stride, pad, dilation)
    return dx, dfilters.reshape(w.shape), dout.sum(axis=(0, 2))


def max_pool_forward_fast(x: ArrayLike, pool_param: dict) -> tuple[np.ndarray, tuple]:
    """Max pooling, forward: windows of any shape that may overlap or leave gaps.

    Inputs:
    - x: (N, C, H, W), any memory order; unchanged
    - pool_param: dict with "pool_height", "pool_width" and "stride"

    Returns a tuple of:
    - out: (N, C, H_out, W_out), float32 for float32 input and float64 for anything else
    - cache: for max_pool_backward_fast

    Raises ValueError when the windows do not fit or the stride does not divide.
    """
    x = as_pictures(x)
    taps = _pool_taps(x.shape, pool_param)
    out = x[:, :, *taps[0]].copy()
    # The number of the tap that gave the maximum, the first on a tie; one byte, if that is enough.
    winner = np.zeros(out.shape, np.min_scalar_type(len(taps) - 1))
    for number, tap in enumerate(taps[1:], start=1):
        value = x[:, :, *tap]
        np.copyto(winner, number, where=value > out)
        np.maximum(out, value, out=out)  # keeps a NaN, which `value > out` overlooks
    return out, (x.shape, x.dtype, winner, pool_param)


def max_pool_backward_fast(dout: ArrayLike, cache: tuple) -> np.ndarray:
    """Max pooling, backward: each output's gradient goes to the input that was the maximum.

    Inputs:
    - dout: (N, C, H_out, W_out)
    - cache: from max_pool_forward_fast

    Returns dx (N, C, H, W). On a tie the first of the equal inputs, row by row, gets it all.

    Raises ValueError when dout does not have the shape of out.
    """
    shape, dtype, winner, pool_param = cache
    dout = _gradient(dout, winner.shape, dtype)
    dx = np.zeros(shape, dtype)
    for number, tap in enumerate(_pool_taps(shape, pool_param)):
        dx[:, :, *tap] += np.where(winner == number, dout, 0)
    return dx


def _same_type(*arrays: ArrayLike) -> list[np.ndarray]:
    """The arrays in one dtype: float32 if all of them are, float64 otherwise. The first is x."""
    x = as_pictures(arrays[0])
    others = [as_floating(array, name) for array, name in zip(arrays[1:], "wb")]
    dtype = np.result_type(x, *others)
    return [array.astype(dtype, copy=False) for array in (x, *others)]


def _conv_param(conv_param: dict) -> tuple:
    unknown = set(conv_param) - {"stride", "pad", "dilation"}
    if unknown or "stride" not in conv_param or "pad" not in conv_param:
        raise ValueError(
            'conv_param should be {"stride": …, "pad": …}, and "dilation" if it is not 1, but its '
            f"keys are {sorted(map(str, conv_param))}."
        )
    return conv_param["stride"], conv_param["pad"], conv_param.get("dilation", 1)


def _pool_taps(shape: tuple, pool_param: dict) -> list[tuple[slice, slice]]:
    """The pixels that each of the window's positions falls on, for all windows at once."""
    if set(pool_param) != {"pool_height", "pool_width", "stride"}:
        raise ValueError(
            'pool_param should be {"pool_height": …, "pool_width": …, "stride": …}, but its keys '
            f"are {sorted(map(str, pool_param))}."
        )
    size = pool_param["pool_height"], pool_param["pool_width"]
    grid = window_grid(shape[2:], size, pool_param["stride"])
    rows, columns = (
        [slice(t, t + (n - 1) * s + 1, s) for t in range(w)]
        for w, n, s in zip(size, grid.out, grid.stride)
    )
    return [(row, column) for row in rows for column in columns]


def _gradient(dout: ArrayLike, shape: tuple, dtype: np.dtype) -> np.ndarray:
    """dout in the layer's dtype, refused when it has not the shape of the layer's output."""
    dout = np.ascontiguousarray(as_floating(dout, "dout"), dtype)
    if dout.shape != shape:
        raise ValueError(f"dout should have the shape of out, {shape}: it has {dout.shape}.")
    return dout


def _batches(N: int, bytes_each: int) -> list[slice]:
    """Slices of 0..N whose columns together stay within COLUMN_BYTES (or are one picture's)."""
    step = max(1, COLUMN_BYTES // bytes_each)
    return [slice(start, min(start + step, N)) for start in range(0, N, step)]
