"""Windows of a picture as columns of a matrix, and back: im2col and col2im in NumPy.

``im2col`` copies each window that a filter looks at into a column, so that a convolution becomes a
matrix product. ``col2im`` adds the columns back to where they came from: it is the transpose (the
adjoint) of ``im2col``, which is what a backward pass needs.

The columns of one picture form a matrix of C*HH*WW rows and H_out*W_out columns. Pictures stay
apart, along the first axis, so that ``filters @ columns`` is the output in its usual order, with
no transposition, and a batch can be worked off a few pictures at a time.
"""

from __future__ import annotations

from operator import index
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

Pair = int | tuple[int, int]  # one number for both directions, or (vertical, horizontal)
LARGEST = 2**31 - 1  # sizes beyond this are slips, and could overflow in compiled code


class Grid(NamedTuple):
    """Where the windows of a picture lie. Every pair is (vertical, horizontal)."""

    out: tuple[int, int]  # number of windows
    stride: tuple[int, int]
    pad: tuple[int, int]
    dilation: tuple[int, int]


def window_grid(
    picture: Pair, window: Pair, stride: Pair = 1, pad: Pair = 0, dilation: Pair = 1
) -> Grid:
    """Work out where windows lie, and refuse sizes that do not fit.

    Inputs:
    - picture: (H, W)
    - window: (HH, WW), the filter's or the pool's height and width
    - stride, pad, dilation: a number, or a pair (vertical, horizontal)

    Raises ValueError, with the numbers, when a size is not positive, the window does not fit into
    the padded picture, or the stride does not divide what is left.
    """
    picture = _pair(picture, "picture", 1)
    window = _pair(window, "window", 1)
    stride = _pair(stride, "stride", 1)
    pad = _pair(pad, "pad", 0)
    dilation = _pair(dilation, "dilation", 1)
    out = []
    for axis, name in enumerate(("height", "width")):
        span = (window[axis] - 1) * dilation[axis] + 1
        padded = picture[axis] + 2 * pad[axis]
        sizes = (
            f"{name}: picture {picture[axis]}, pad {pad[axis]}, window {window[axis]}, "
            f"dilation {dilation[axis]}, stride {stride[axis]}"
        )
        if span > padded:
            raise ValueError(
                f"The window spans {span} pixels, but the padded picture has {padded} ({sizes})."
            )
        steps, left_over = divmod(padded - span, stride[axis])
        if left_over:
            count = "1 pixel is" if left_over == 1 else f"{left_over} pixels are"
            raise ValueError(
                f"The stride does not fit: {count} left over ({sizes}). "
                "Choose another stride or pad."
            )
        out.append(steps + 1)
    return Grid(tuple(out), stride, pad, dilation)


def im2col(
    x: ArrayLike, HH: int, WW: int, stride: Pair = 1, pad: Pair = 0, dilation: Pair = 1
) -> np.ndarray:
    """Copy every window of every picture into a column.

    Inputs:
    - x: pictures (N, C, H, W), any real dtype, any memory order; unchanged
    - HH, WW: height and width of the window
    - stride, pad, dilation: a number, or a pair (vertical, horizontal)

    Returns cols (N, C*HH*WW, H_out*W_out): row c*HH*WW + i*WW + j holds tap (i, j) of channel c,
    column i_out*W_out + j_out the window at that place. float32 stays float32, float64 float64;
    other dtypes become float64.

    Raises ValueError when x is not 4-dimensional or the sizes do not fit (see window_grid).
    """
    x = as_pictures(x)
    N, C, H, W = x.shape
    grid = window_grid((H, W), (HH, WW), stride, pad, dilation)
    (ph, pw), (H_out, W_out) = grid.pad, grid.out
    padded = np.zeros((N, C, H + 2 * ph, W + 2 * pw), x.dtype)
    padded[:, :, ph : ph + H, pw : pw + W] = x
    cols = np.empty((N, C, HH, WW, H_out, W_out), x.dtype)
    for i in range(HH):
        for j in range(WW):
            cols[:, :, i, j] = padded[:, :, *_tap(i, j, grid)]
    return cols.reshape(N, C * HH * WW, H_out * W_out)


def col2im(
    cols: ArrayLike,
    x_shape: tuple[int, int, int, int],
    HH: int,
    WW: int,
    stride: Pair = 1,
    pad: Pair = 0,
    dilation: Pair = 1,
) -> np.ndarray:
    """Add every column back to the pixels it was copied from: the adjoint of im2col.

    Inputs:
    - cols: (N, C*HH*WW, H_out*W_out), as im2col lays them out
    - x_shape: (N, C, H, W), the shape of the pictures
    - HH, WW, stride, pad, dilation: as for im2col

    Returns x (N, C, H, W): each pixel the sum of all its copies; what fell on padding is dropped.

    Raises ValueError when cols does not have the shape that x_shape asks for.
    """
    N, C, H, W = as_shape(x_shape)
    grid = window_grid((H, W), (HH, WW), stride, pad, dilation)
    cols = as_columns(cols, (N, C, H, W), HH, WW, grid)
    (ph, pw), (H_out, W_out) = grid.pad, grid.out
    taps = cols.reshape(N, C, HH, WW, H_out, W_out)
    padded = np.zeros((N, C, H + 2 * ph, W + 2 * pw), cols.dtype)
    for i in range(HH):
        for j in range(WW):
            padded[:, :, *_tap(i, j, grid)] += taps[:, :, i, j]
    return np.ascontiguousarray(padded[:, :, ph : ph + H, pw : pw + W])


def as_pictures(x: ArrayLike) -> np.ndarray:
    """x as an array (N, C, H, W) of float32 or float64, in this machine's byte order."""
    x = as_floating(x, "x")
    if x.ndim != 4 or 0 in x.shape:
        raise ValueError(
            "x should be pictures of shape (N, C, H, W), none of the four 0, but its shape is "
            f"{x.shape}. One picture alone still needs its first axis: x[None]."
        )
    return x


def as_shape(x_shape: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """x_shape as four positive whole numbers."""
    try:
        N, C, H, W = (index(size) for size in x_shape)
    except (TypeError, ValueError):
        raise ValueError(f"x_shape should be (N, C, H, W), but it is {x_shape!r}.") from None
    if min(N, C, H, W) < 1:
        raise ValueError(f"The sizes in x_shape should be at least 1, but it is {x_shape!r}.")
    return N, C, H, W


def as_columns(cols: ArrayLike, x_shape: tuple, HH: int, WW: int, grid: Grid) -> np.ndarray:
    """cols as a floating array, refused when it is not what im2col gives for these sizes."""
    cols = as_floating(cols, "cols")
    N, C = x_shape[:2]
    expected = (N, C * HH * WW, grid.out[0] * grid.out[1])
    if cols.shape != expected:
        raise ValueError(
            f"cols should have shape {expected} for pictures {x_shape}, window ({HH}, {WW}), "
            f"stride {grid.stride}, pad {grid.pad}, dilation {grid.dilation}, but it has "
            f"{cols.shape}."
        )
    return cols


def as_floating(array: ArrayLike, name: str) -> np.ndarray:
    """An array of float32 or float64: these two as they are, other real numbers as float64."""
    array = np.asarray(array)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} should hold real numbers, but its dtype is {array.dtype}.")
    single = array.dtype.kind == "f" and array.dtype.itemsize == 4
    return np.require(array, np.float32 if single else np.float64, "A")  # A: aligned in memory


def _tap(i: int, j: int, grid: Grid) -> tuple[slice, slice]:
    """The pixels of the padded picture that tap (i, j) of the windows falls on."""
    places = zip((i, j), grid.out, grid.stride, grid.dilation)
    return tuple(slice(t * d, t * d + (n - 1) * s + 1, s) for t, n, s, d in places)


def _pair(value: Pair, name: str, least: int) -> tuple[int, int]:
    pair = value if isinstance(value, tuple | list) else (value, value)
    try:
        vertical, horizontal = (index(v) for v in pair)
    except (TypeError, ValueError):
        raise ValueError(
            f"{name} should be a whole number or a pair of them, but is {value!r}."
        ) from None
    if min(vertical, horizontal) < least:
        raise ValueError(f"{name} should be at least {least}, but is {value!r}.")
    if max(vertical, horizontal) > LARGEST:
        raise ValueError(f"{name} should be less than 2**31, but is {value!r}.")
    return vertical, horizontal
