"""Windows of a picture as columns of a matrix, and back: im2col and col2im in NumPy.

``im2col`` copies each window that a filter looks at into a column, so that a convolution becomes a
matrix product. ``col2im`` adds the columns back to where they came from: it is the transpose (the
adjoint) of ``im2col``, which is what a backward pass needs.

The columns of one picture form a matrix of C*HH*WW rows and H_out*W_out columns. Pictures stay
apart, along the first axis, so that ``filters @ columns`` is the output in its usual order, with
no transposition, and a batch can be worked off a few pictures at a time.

The columns hold each pixel up to HH*WW times: those of a large layer take gigabytes. Both functions
can therefore work on some rows of windows only, and ``column_tiles`` says which, so that a batch's
columns never take more than a given number of bytes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from math import prod
from operator import index
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

Pair = int | tuple[int, int]  # one number for both directions, or (vertical, horizontal)
Rows = tuple[int, int]  # (first, last): rows first, first + 1, ..., last - 1 of the windows
LARGEST = 2**31 - 1  # sizes beyond this are slips, and could overflow in compiled code


class Grid(NamedTuple):
    """Where the windows of a picture lie. Every pair is (vertical, horizontal)."""

    out: tuple[int, int]  # number of windows
    stride: tuple[int, int]
    pad: tuple[int, int]  # the first window starts this far outside the picture (below 0: inside)
    dilation: tuple[int, int]
    window: tuple[int, int]  # (HH, WW)


def window_grid(
    picture: Pair,
    window: Pair,
    stride: Pair = 1,
    pad: Pair = 0,
    dilation: Pair = 1,
    rounding: str = "exact",
) -> Grid:
    """Work out where windows lie, and refuse sizes that do not fit.

    Inputs:
    - picture: (H, W)
    - window: (HH, WW), the filter's or the pool's height and width
    - stride, pad, dilation: a number, or a pair (vertical, horizontal)
    - rounding: what happens when the stride does not divide what is left: "exact" refuses it,
      "floor" leaves the last pixels out, "ceil" adds a window that reaches beyond the picture
      (but none that would start beyond it)

    Raises ValueError, with the numbers, when a size is not positive, the window does not fit into
    the padded picture, or the stride does not divide and rounding is "exact".
    """
    if rounding not in ("exact", "floor", "ceil"):
        raise ValueError(f'rounding should be "exact", "floor" or "ceil", but is {rounding!r}.')
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
        if left_over and rounding == "exact":
            count = "1 pixel is" if left_over == 1 else f"{left_over} pixels are"
            raise ValueError(
                f"The stride does not fit: {count} left over ({sizes}). "
                "Choose another stride or pad."
            )
        if left_over and rounding == "ceil":
            steps += (steps + 1) * stride[axis] < picture[axis] + pad[axis]
        out.append(steps + 1)
    return Grid(tuple(out), stride, pad, dilation, window)


def im2col(
    x: ArrayLike,
    HH: int,
    WW: int,
    stride: Pair = 1,
    pad: Pair = 0,
    dilation: Pair = 1,
    *,
    rounding: str = "exact",
    rows: Rows | None = None,
) -> np.ndarray:
    """Copy every window of every picture into a column.

    Inputs:
    - x: pictures (N, C, H, W), any real dtype, any memory order; unchanged
    - HH, WW: height and width of the window
    - stride, pad, dilation: a number, or a pair (vertical, horizontal)
    - rounding: "exact", "floor" or "ceil", see window_grid; beyond the picture lie zeros
    - rows: (first, last) for the windows of these output rows only, 0 <= first < last <= H_out

    Returns cols (N, C*HH*WW, H_out*W_out): row c*HH*WW + i*WW + j holds tap (i, j) of channel c,
    column i_out*W_out + j_out the window at that place. With rows, cols has the columns
    first*W_out to last*W_out of these. float32 stays float32, float64 float64; other dtypes become
    float64.

    Raises ValueError when x is not 4-dimensional, the sizes or rows do not fit (see window_grid),
    or the columns are larger than any array can be.
    """
    x = as_pictures(x)
    N, C, H, W = x.shape
    grid = window_grid((H, W), (HH, WW), stride, pad, dilation, rounding)
    grid = grid_of_rows(grid, rows)
    shape = columns_shape(N, C, grid, x.itemsize)
    taps = np.zeros((N, C, *grid.window, *grid.out), x.dtype)
    for i, j in np.ndindex(grid.window):
        windows, pixels = _tap(i, j, (H, W), grid)
        taps[:, :, i, j, *windows] = x[:, :, *pixels]
    return taps.reshape(shape)


def col2im(
    cols: ArrayLike,
    x_shape: tuple[int, int, int, int],
    HH: int,
    WW: int,
    stride: Pair = 1,
    pad: Pair = 0,
    dilation: Pair = 1,
    *,
    rounding: str = "exact",
    rows: Rows | None = None,
    out: np.ndarray | None = None,
) -> np.ndarray:
    """Add every column back to the pixels it was copied from: the adjoint of im2col.

    Inputs:
    - cols: (N, C*HH*WW, H_out*W_out), as im2col lays them out; unchanged
    - x_shape: (N, C, H, W), the shape of the pictures
    - HH, WW, stride, pad, dilation, rounding, rows: as for im2col
    - out: an array (N, C, H, W) to add to, of the dtype of cols, C-contiguous; zeros where absent

    Returns out: to each pixel the sum of its copies is added; what fell on padding is dropped.
    A pixel's copies are added one by one, tap (0, 0) first, which is the copy of the lowest window.
    So parts of cols, added to one out with lower rows first, give what all of cols gives at once,
    to the last bit.

    Raises ValueError when cols or out are not what x_shape asks for, or the sizes do not fit.
    """
    N, C, H, W = as_shape(x_shape)
    grid = window_grid((H, W), (HH, WW), stride, pad, dilation, rounding)
    grid = grid_of_rows(grid, rows)
    cols = as_columns(cols, (N, C, H, W), grid)
    out = as_sum(out, (N, C, H, W), cols)
    taps = cols.reshape(N, C, *grid.window, *grid.out)
    for i, j in np.ndindex(grid.window):
        windows, pixels = _tap(i, j, (H, W), grid)
        out[:, :, *pixels] += taps[:, :, i, j, *windows]
    return out


def column_tiles(
    x_shape: tuple[int, int, int, int],
    HH: int,
    WW: int,
    stride: Pair = 1,
    pad: Pair = 0,
    dilation: Pair = 1,
    *,
    rounding: str = "exact",
    itemsize: int,
    budget: int,
) -> Iterator[tuple[slice, Rows]]:
    """Divide a batch into tiles whose columns fit into a number of bytes.

    Inputs:
    - x_shape: (N, C, H, W), the shape of the pictures
    - HH, WW, stride, pad, dilation, rounding: as for im2col
    - itemsize: bytes of one number, 4 for float32 and 8 for float64
    - budget: the most bytes that the columns of a tile should take

    Yields tuples of:
    - pictures: a slice of 0..N
    - rows: (first, last), the rows of windows; all of them, unless one picture exceeds the budget

    to be used as ``im2col(x[pictures], ..., rows=rows)``. Each window is in one tile, tiles are of
    nearly equal size, and lower rows come first, as col2im wants it. The least that a tile holds is
    one row of windows of one picture, even when that alone exceeds the budget.

    Raises ValueError, before the first tile, when sizes do not fit.
    """
    N, C, H, W = as_shape(x_shape)
    grid = window_grid((H, W), (HH, WW), stride, pad, dilation, rounding)
    for name, value in (("itemsize", itemsize), ("budget", budget)):
        if not hasattr(value, "__index__") or index(value) < 1:
            raise ValueError(f"{name} should be a whole number of bytes, but is {value!r}.")
    H_out, W_out = grid.out
    row_bytes = prod((C, *grid.window, W_out, index(itemsize)))
    rows_that_fit = index(budget) // row_bytes
    return (
        (slice(*pictures), rows)
        for pictures in _even_ranges(N, rows_that_fit // H_out)
        for rows in reversed(_even_ranges(H_out, rows_that_fit))
    )


def grid_of_rows(grid: Grid, rows: Rows | None) -> Grid:
    """The grid of some rows of windows only: fewer windows, the first starting further down."""
    H_out, W_out = grid.out
    try:
        first, last = (0, H_out) if rows is None else map(index, rows)
    except (TypeError, ValueError):
        raise ValueError(
            f"rows should be two whole numbers (first, last), but it is {rows!r}."
        ) from None
    if not 0 <= first < last <= H_out:
        raise ValueError(
            f"rows should be (first, last) with 0 <= first < last <= {H_out}, as there are {H_out} "
            f"rows of windows, but it is {rows!r}."
        )
    top, left = grid.pad
    return grid._replace(out=(last - first, W_out), pad=(top - first * grid.stride[0], left))


def columns_shape(N: int, C: int, grid: Grid, itemsize: int) -> tuple[int, int, int]:
    """(N, C*HH*WW, H_out*W_out), refused when no array can be that large."""
    shape = N, C * prod(grid.window), prod(grid.out)
    _refuse_impossible("cols", shape, itemsize, "Take a few rows of windows at a time (rows=).")
    return shape


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


def as_columns(cols: ArrayLike, x_shape: tuple, grid: Grid) -> np.ndarray:
    """cols as a floating array, refused when it is not what im2col gives for these sizes."""
    cols = as_floating(cols, "cols")
    expected = columns_shape(*x_shape[:2], grid, cols.itemsize)
    if cols.shape != expected:
        raise ValueError(
            f"cols should have shape {expected} for pictures {x_shape}, window {grid.window}, "
            f"stride {grid.stride}, dilation {grid.dilation} and {grid.out[0]} rows of "
            f"{grid.out[1]} windows, but it has {cols.shape}."
        )
    return cols


def as_sum(out: np.ndarray | None, x_shape: tuple, cols: np.ndarray) -> np.ndarray:
    """The array that col2im adds cols to: new zeros, or out where it is fit for that."""
    _refuse_impossible("x", x_shape, cols.itemsize, "Is x_shape right?")
    if out is None:
        return np.zeros(x_shape, cols.dtype)
    if not isinstance(out, np.ndarray):
        raise ValueError(f"out should be a NumPy array, but is a {type(out).__name__}.")
    if out.dtype != cols.dtype or out.shape != x_shape:
        raise ValueError(
            f"out should have shape {x_shape} and, like cols, dtype {cols.dtype}: it has "
            f"{out.shape} and {out.dtype}."
        )
    for needed in ("writeable", "c_contiguous", "aligned"):
        if not out.flags[needed.upper()]:
            raise ValueError(
                f"out should be {needed.replace('_', '-')}, but is not. "
                "np.zeros(x_shape, cols.dtype) makes one that fits."
            )
    if np.may_share_memory(out, cols):
        raise ValueError("out and cols should not share memory: adding to out would change cols.")
    return out


def as_floating(array: ArrayLike, name: str) -> np.ndarray:
    """An array of float32 or float64: these two as they are, other real numbers as float64."""
    array = np.asarray(array)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} should hold real numbers, but its dtype is {array.dtype}.")
    single = array.dtype.kind == "f" and array.dtype.itemsize == 4
    return np.require(array, np.float32 if single else np.float64, "A")  # A: aligned in memory


def _tap(i: int, j: int, picture: tuple, grid: Grid) -> tuple[tuple, tuple]:
    """The windows whose tap (i, j) falls on a pixel, and these pixels: two pairs of slices."""
    windows, pixels = [], []
    for axis, t in enumerate((i, j)):
        step, count = grid.stride[axis], grid.out[axis]
        start = t * grid.dilation[axis] - grid.pad[axis]  # window k's tap is at start + k * step
        first = min(max(0, -(start // step)), count)
        last = max(first, min((picture[axis] - 1 - start) // step + 1, count))
        windows.append(slice(first, last))
        pixels.append(slice(start + first * step, start + last * step, step))
    return tuple(windows), tuple(pixels)


def _even_ranges(count: int, most: int) -> list[tuple[int, int]]:
    """0..count in as few ranges as hold at most max(1, most), all of nearly equal length."""
    parts = -(-count // max(1, most))
    return [(count * k // parts, count * (k + 1) // parts) for k in range(parts)]


def _refuse_impossible(name: str, shape: tuple, itemsize: int, hint: str) -> None:
    size = prod(shape) * itemsize
    if size > sys.maxsize:
        raise ValueError(
            f"{name} of shape {shape} would take {size:,} bytes, more than an array can have. "
            f"{hint}"
        )


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
