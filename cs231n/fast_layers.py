"""Convolution, fast enough to train with; the other fast layers are importable from here too.

The signatures are those of the layers that the notebooks ask for. Three algorithms give the same
result (docs/fast-layers.md explains them):

- "im2col": windows become columns, a few pictures at a time so that the columns never fill the
  memory, and convolution a matrix product. Any sizes, and without the compiled modules too.
- "direct": the same sums without columns.
- "winograd": for 3x3 filters with stride 1, a quarter of the multiplications; rounding errors are
  about ten times as large.

"auto" takes the fastest that fits. Without the compiled modules that is "im2col" in NumPy:
``BACKEND`` says which, "cython" or "numpy". CS231N_BACKEND=numpy asks for NumPy.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from cs231n.fast_common import as_gradient, compiled, empty, known_keys
from cs231n.fast_pooling import (
    avg_pool_backward_fast,
    avg_pool_forward_fast,
    l2_pool_backward_fast,
    l2_pool_forward_fast,
    max_pool_backward_fast,
    max_pool_forward_fast,
)
from cs231n.im2col import as_floating, as_pictures, column_tiles, window_grid
from cs231n.threads import one_thread_for_blas

__all__ = [
    "avg_pool_backward_fast",
    "avg_pool_forward_fast",
    "conv_backward_fast",
    "conv_forward_fast",
    "l2_pool_backward_fast",
    "l2_pool_forward_fast",
    "max_pool_backward_fast",
    "max_pool_forward_fast",
]

kernels = compiled("cs231n.im2col_cython") and compiled("cs231n.kernels.convolution")
BACKEND = "cython" if kernels else "numpy"
if kernels:
    from cs231n.im2col_cython import col2im, im2col

    one_thread_for_blas()
else:
    from cs231n.im2col import col2im, im2col

ALGORITHMS = ("auto", "direct", "im2col", "winograd")
COLUMN_BYTES = 4 * 2**20  # columns in memory at one time; 64 MiB measured a third slower


def conv_forward_fast(
    x: ArrayLike, w: ArrayLike, b: ArrayLike, conv_param: dict, algorithm: str = "auto"
) -> tuple[np.ndarray, tuple]:
    """Convolutional layer, forward.

    Inputs:
    - x: pictures (N, C, H, W), any memory order
    - w: filters (F, C / groups, HH, WW)
    - b: biases (F,)
    - conv_param: dict with "stride" and "pad", each a number or a pair (vertical, horizontal), and
      optionally "dilation" (1 where absent), "groups" (1) and "rounding" ("exact", "floor" or
      "ceil", see window_grid)
    - algorithm: "auto", "direct", "im2col" or "winograd"

    All are left unchanged. float32 throughout gives float32, anything else float64. A result does
    not depend on the number of threads, and is the same every time on the same kind of processor.

    Returns a tuple of:
    - out: (N, F, H_out, W_out)
    - cache: for conv_backward_fast

    Raises ValueError when shapes do not fit each other, the stride does not divide (unless
    rounding says what to do then), or the algorithm cannot do these sizes.
    """
    x, w, b = _same_type(x, w, b)
    sizes = _sizes(x.shape, w.shape, conv_param)
    F = w.shape[0]
    if b.shape != (F,):
        raise ValueError(f"b should have shape ({F},), a bias a filter: it has {b.shape}.")
    out = empty((x.shape[0], F, *sizes.out), x.dtype)
    method = _choose(algorithm, x.shape, w.shape, sizes)
    if method == "im2col":
        _forward_im2col(x, w, out, sizes)
        out += b[:, None, None]
    else:
        kernels.forward(x, w, b, out, *sizes.layout, method)
    return out, (x, w, b, conv_param)


def conv_backward_fast(
    dout: ArrayLike, cache: tuple, algorithm: str = "auto"
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Convolutional layer, backward.

    Inputs:
    - dout: gradient on out (N, F, H_out, W_out)
    - cache: from conv_forward_fast
    - algorithm: as for conv_forward_fast; it need not be the same

    Returns a tuple of:
    - dx: (N, C, H, W)
    - dw: (F, C / groups, HH, WW)
    - db: (F,)

    Raises ValueError when dout does not have the shape of out, or the algorithm cannot do these
    sizes.
    """
    x, w, _, conv_param = cache
    sizes = _sizes(x.shape, w.shape, conv_param)
    dout = as_gradient(dout, (x.shape[0], w.shape[0], *sizes.out), x.dtype)
    dx, dw = empty(x.shape, x.dtype), empty(w.shape, w.dtype)
    method = _choose(algorithm, x.shape, w.shape, sizes)
    if method == "im2col":
        _backward_im2col(dout, x, w, dx, dw, sizes)
        return dx, dw, dout.sum(axis=(0, 2, 3))
    db = np.empty(w.shape[0], w.dtype)
    kernels.gradient_x(dout, w, dx, *sizes.layout, method)
    kernels.gradient_w(x, dout, dw, db, *sizes.layout, method)
    return dx, dw, db


class _Sizes(NamedTuple):
    """Where the windows lie, and how channels are grouped. Pairs are (vertical, horizontal)."""

    out: tuple[int, int]
    stride: tuple[int, int]
    pad: tuple[int, int]
    dilation: tuple[int, int]
    groups: int
    rounding: str

    @property
    def layout(self) -> tuple:
        return self.stride, self.pad, self.dilation, self.groups


def _sizes(x_shape: tuple, w_shape: tuple, conv_param: dict) -> _Sizes:
    """Read conv_param, and refuse filters that do not fit the pictures."""
    known_keys(conv_param, "conv_param", ("stride", "pad"), ("dilation", "groups", "rounding"))
    C, groups = x_shape[1], conv_param.get("groups", 1)
    if not isinstance(groups, int | np.integer) or groups < 1 or C % groups:
        raise ValueError(f"groups should be a whole number that divides C = {C}: it is {groups!r}.")
    if len(w_shape) != 4 or 0 in w_shape or w_shape[1] * groups != C:
        each = f"C = {C}" if groups == 1 else f"C / groups = {C // groups} in the place of C"
        raise ValueError(
            f"w should be filters (F, C, HH, WW) with {each}, as x is {x_shape}: w is {w_shape}."
        )
    if w_shape[0] % groups:
        raise ValueError(f"groups should divide F = {w_shape[0]}: it is {groups}.")
    rounding = conv_param.get("rounding", "exact")
    grid = window_grid(
        x_shape[2:],
        w_shape[2:],
        conv_param["stride"],
        conv_param["pad"],
        conv_param.get("dilation", 1),
        rounding,
    )
    return _Sizes(*grid[:4], int(groups), rounding)


def _choose(algorithm: str, x_shape: tuple, w_shape: tuple, sizes: _Sizes) -> str:
    """The algorithm to use; ValueError where the one asked for cannot do these sizes."""
    if algorithm not in ALGORITHMS:
        raise ValueError(f"algorithm should be one of {ALGORITHMS}, but is {algorithm!r}.")
    suits_winograd = (
        w_shape[2:] == (3, 3)
        and sizes.stride == sizes.dilation == (1, 1)
        and sizes.groups == 1
        and max(sizes.pad) <= 2
    )
    if algorithm == "winograd" and not suits_winograd:
        raise ValueError(
            "Winograd's algorithm is for 3x3 filters with stride 1, dilation 1, one group and a "
            f"pad of at most 2: here filters are {w_shape[2]}x{w_shape[3]}, stride {sizes.stride}, "
            f"dilation {sizes.dilation}, groups {sizes.groups}, pad {sizes.pad}."
        )
    if algorithm in ("direct", "winograd") and kernels is None:
        raise ValueError(
            f'algorithm="{algorithm}" needs the compiled modules, which are not in use here '
            '(BACKEND is "numpy"). "auto" and "im2col" work without them.'
        )
    if algorithm != "auto":
        return algorithm
    # One window a picture is a fully connected layer: one matrix product for all pictures.
    if kernels is None or sizes.out == (1, 1) or _row_of_windows(x_shape, w_shape, sizes) > 10**9:
        return "im2col"
    # Winograd's 36 multiplications a tile of 4x4 should be fewer than 9 a place, and win back what
    # transforming a filter costs, measured as about 1200; and transforms want a few channels.
    tiles = x_shape[0] * np.prod([-(-n // 4) for n in sizes.out])
    pays = 9 * x_shape[0] * np.prod(sizes.out) > 36 * tiles + 1200
    enough = min(x_shape[1], w_shape[0]) >= 8
    return "winograd" if suits_winograd and enough and pays else "direct"


def _row_of_windows(x_shape: tuple, w_shape: tuple, sizes: _Sizes) -> int:
    """How many numbers the direct algorithm would have to hold for one row of windows: absurdly
    many where dilation and padding are huge."""
    tall, wide = ((k - 1) * d + 1 for k, d in zip(w_shape[2:], sizes.dilation))
    return max(x_shape[1], w_shape[0]) * tall * (x_shape[3] + sizes.out[1] + wide)


def _forward_im2col(x: np.ndarray, w: np.ndarray, out: np.ndarray, sizes: _Sizes) -> None:
    """Fill out (N, F, H_out, W_out), without the biases."""
    for group, channels, filters in _groups(x, w, sizes):
        if sizes.out == (1, 1):
            cols = _as_places(_columns(x[:, channels], w, sizes)[:, :, 0])
            product = _product(group, cols, ROW)
            out[:, filters, 0, 0] = product.reshape(len(group), -1)[:, : len(x)].T
            continue
        for some, rows in _tiles(x[:, channels].shape, w, sizes):
            cols = _columns(x[some, channels], w, sizes, rows)
            target = out[some, filters, slice(*rows)]
            if target.flags.c_contiguous:
                _product(group, cols, sizes.out[1], target)
            else:
                target[...] = _product(group, cols, sizes.out[1])


def _backward_im2col(
    dout: np.ndarray, x: np.ndarray, w: np.ndarray, dx: np.ndarray, dw: np.ndarray, sizes: _Sizes
) -> None:
    """Fill dx and dw."""
    for group, channels, filters in _groups(x, w, sizes):
        shape, transposed = x[:, channels].shape, np.ascontiguousarray(group.T)
        if sizes.out == (1, 1):
            cols = _as_places(_columns(x[:, channels], w, sizes)[:, :, 0])
            d = _as_places(dout[:, filters, 0, 0])
            dw[filters] = _product_over_places(d, cols, ROW).reshape(dw[filters].shape)
            dcols = _product(transposed, d, ROW)
            dcols = dcols.reshape(-1, d.shape[2])[:, : len(x)].T[:, :, None]
            dx[:, channels] = col2im(
                dcols, shape, *w.shape[2:], *sizes[1:4], rounding=sizes.rounding
            )
            continue
        dgroup = np.zeros(group.shape, group.dtype)
        part = np.zeros(shape, x.dtype)
        for some, rows in _tiles(shape, w, sizes):
            cols = _columns(x[some, channels], w, sizes, rows)
            d = np.ascontiguousarray(dout[some, filters, slice(*rows)])
            d = d.reshape(*d.shape[:2], -1)
            dgroup += _product_over_places(d, cols, sizes.out[1])
            col2im(
                _product(transposed, d, sizes.out[1]).reshape(cols.shape),
                part[some].shape,
                *w.shape[2:],
                *sizes[1:4],
                rounding=sizes.rounding,
                rows=rows,
                out=part[some],
            )
        dx[:, channels] = part
        dw[filters] = dgroup.reshape(dw[filters].shape)


def _groups(x: np.ndarray, w: np.ndarray, sizes: _Sizes):
    """For each group: its filters as a matrix (F / groups, C / groups * HH * WW), the slice of
    channels it reads and the slice of filters it is."""
    F, Cg = w.shape[0] // sizes.groups, w.shape[1]
    matrix = w.reshape(w.shape[0], -1)
    for g in range(sizes.groups):
        filters = slice(g * F, (g + 1) * F)
        yield matrix[filters], slice(g * Cg, (g + 1) * Cg), filters


def _tiles(x_shape: tuple, w: np.ndarray, sizes: _Sizes):
    return column_tiles(
        x_shape,
        *w.shape[2:],
        *sizes[1:4],
        rounding=sizes.rounding,
        itemsize=w.itemsize,
        budget=COLUMN_BYTES,
    )


def _columns(x: np.ndarray, w: np.ndarray, sizes: _Sizes, rows=None) -> np.ndarray:
    return im2col(x, *w.shape[2:], *sizes[1:4], rounding=sizes.rounding, rows=rows)


ROW = 16


def _as_places(values: np.ndarray) -> np.ndarray:
    """(1, K, M): N pictures' values (N, K) as the places of one picture, whose M places are N
    filled up to whole rows of ROW places. So one matrix product serves all pictures."""
    N, K = values.shape
    places = np.zeros((1, K, -(-N // ROW) * ROW), values.dtype)
    places[0, :, :N] = values.T
    return places


# A matrix product is a 1x1 convolution, and columns are pictures with a channel for each tap.
_1x1 = (1, 1), (0, 0), (1, 1), 1, "direct"


def _product(
    matrix: np.ndarray, cols: np.ndarray, width: int, out: np.ndarray | None = None
) -> np.ndarray:
    """out (N, F, rows, width): the matrix (F, K) times the columns (N, K, rows * width)."""
    (N, K, _), F = cols.shape, len(matrix)
    pictures = cols.reshape(N, K, -1, width)
    if out is None:
        out = empty((N, F, *pictures.shape[2:]), matrix.dtype)
    if kernels is None:
        np.matmul(matrix, cols, out=out.reshape(N, F, -1))
        return out
    no_bias = np.zeros(F, matrix.dtype)
    kernels.forward(pictures, matrix.reshape(F, K, 1, 1), no_bias, out, *_1x1)
    return out


def _product_over_places(d: np.ndarray, cols: np.ndarray, width: int) -> np.ndarray:
    """(F, K): the sum over pictures of d (N, F, places) times the columns (N, K, places)."""
    if kernels is None:
        return sum(picture @ columns.T for picture, columns in zip(d, cols))
    (N, K, _), F = cols.shape, d.shape[1]
    out, db = np.empty((F, K, 1, 1), d.dtype), np.empty(F, d.dtype)
    shape = (-1, width)
    kernels.gradient_w(cols.reshape(N, K, *shape), d.reshape(N, F, *shape), out, db, *_1x1)
    return out[:, :, 0, 0]


def _same_type(*arrays: ArrayLike) -> list[np.ndarray]:
    """The arrays in C order and in one dtype: float32 if all of them are, float64 otherwise. The
    first is x."""
    x = as_pictures(arrays[0])
    others = [as_floating(array, name) for array, name in zip(arrays[1:], "wb")]
    dtype = np.result_type(x, *others)
    return [np.asarray(array, dtype, order="C") for array in (x, *others)]
