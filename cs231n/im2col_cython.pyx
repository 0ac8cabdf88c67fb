# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""im2col and col2im, compiled. The same signatures and results as cs231n.im2col, only faster.

Read cs231n/im2col.py first. Each function here has two parts: a Python part that checks the sizes
(by the same code as the NumPy version), and a typed part, without Python objects, that copies the
numbers. No index is checked in the typed part, so nothing may reach it that does not fit.

The typed part is written once for `floating`, a type that stands for float and for double: Cython
compiles it twice, and the square brackets in `copy_windows[float]` choose.
"""

import numpy as np

from cython cimport floating

from cs231n.im2col import as_columns, as_pictures, as_shape, window_grid


def im2col(x, HH, WW, stride=1, pad=0, dilation=1):
    """Copy every window of every picture into a column; see cs231n.im2col.im2col."""
    x = np.ascontiguousarray(as_pictures(x))
    N, C, H, W = x.shape
    grid = window_grid((H, W), (HH, WW), stride, pad, dilation)
    H_out, W_out = grid.out
    cols = np.empty((N, C * HH * WW, H_out * W_out), x.dtype)
    if x.dtype == np.float32:
        copy_windows[float](x, cols, HH, WW, H_out, W_out, *grid[1:])
    else:
        copy_windows[double](x, cols, HH, WW, H_out, W_out, *grid[1:])
    return cols


def col2im(cols, x_shape, HH, WW, stride=1, pad=0, dilation=1):
    """Add every column back to its pixels; see cs231n.im2col.col2im."""
    N, C, H, W = as_shape(x_shape)
    grid = window_grid((H, W), (HH, WW), stride, pad, dilation)
    cols = np.ascontiguousarray(as_columns(cols, (N, C, H, W), HH, WW, grid))
    H_out, W_out = grid.out
    x = np.zeros((N, C, H, W), cols.dtype)
    if cols.dtype == np.float32:
        add_windows[float](cols, x, HH, WW, H_out, W_out, *grid[1:])
    else:
        add_windows[double](cols, x, HH, WW, H_out, W_out, *grid[1:])
    return x


# A typed memoryview is an array as C sees it: an address, a shape, strides. The ::1 promises that
# neighbours in a row are neighbours in memory, which lets the compiler copy several at once; the
# functions above keep that promise by copying arrays in any other order first. `const` admits
# read-only arrays.
cdef copy_windows(const floating[:, :, :, ::1] x, floating[:, :, ::1] cols,
                  Py_ssize_t HH, Py_ssize_t WW, Py_ssize_t H_out, Py_ssize_t W_out,
                  stride, pad, dilation):
    cdef Py_ssize_t N = x.shape[0], C = x.shape[1], H = x.shape[2], W = x.shape[3]
    cdef Py_ssize_t down = stride[0], across = stride[1], top = pad[0], left = pad[1]
    cdef Py_ssize_t tall = dilation[0], wide = dilation[1]
    cdef Py_ssize_t n, c, i, j, i_out, j_out, row, column, y, z, first, last
    with nogil:
        for n in range(N):
            for c in range(C):
                for i in range(HH):
                    for j in range(WW):
                        row = (c * HH + i) * WW + j
                        # Windows first..last-1 of a line see a pixel at this tap, the others
                        # see padding.
                        z = j * wide - left
                        first = first_inside(z, across, W_out)
                        last = last_inside(z, across, W, first, W_out)
                        for i_out in range(H_out):
                            y = i_out * down + i * tall - top
                            column = i_out * W_out
                            if y < 0 or y >= H:
                                for j_out in range(W_out):
                                    cols[n, row, column + j_out] = 0
                                continue
                            for j_out in range(first):
                                cols[n, row, column + j_out] = 0
                            for j_out in range(first, last):
                                cols[n, row, column + j_out] = x[n, c, y, z + j_out * across]
                            for j_out in range(last, W_out):
                                cols[n, row, column + j_out] = 0


cdef add_windows(const floating[:, :, ::1] cols, floating[:, :, :, ::1] x,
                 Py_ssize_t HH, Py_ssize_t WW, Py_ssize_t H_out, Py_ssize_t W_out,
                 stride, pad, dilation):
    cdef Py_ssize_t N = x.shape[0], C = x.shape[1], H = x.shape[2], W = x.shape[3]
    cdef Py_ssize_t down = stride[0], across = stride[1], top = pad[0], left = pad[1]
    cdef Py_ssize_t tall = dilation[0], wide = dilation[1]
    cdef Py_ssize_t n, c, i, j, i_out, j_out, row, column, y, z, first, last
    with nogil:
        for n in range(N):
            for c in range(C):
                for i in range(HH):
                    for j in range(WW):
                        row = (c * HH + i) * WW + j
                        z = j * wide - left
                        first = first_inside(z, across, W_out)
                        last = last_inside(z, across, W, first, W_out)
                        for i_out in range(H_out):
                            y = i_out * down + i * tall - top
                            if y < 0 or y >= H:
                                continue
                            column = i_out * W_out
                            for j_out in range(first, last):
                                x[n, c, y, z + j_out * across] += cols[n, row, column + j_out]


cdef inline Py_ssize_t first_inside(Py_ssize_t z, Py_ssize_t step, Py_ssize_t count) noexcept nogil:
    """The first k in 0..count for which z + k * step is not negative."""
    if z >= 0:
        return 0
    return min((-z - 1) // step + 1, count)


cdef inline Py_ssize_t last_inside(Py_ssize_t z, Py_ssize_t step, Py_ssize_t size,
                                   Py_ssize_t first, Py_ssize_t count) noexcept nogil:
    """One past the last k in first..count for which z + k * step is less than size."""
    if z >= size:
        return first
    return max(first, min((size - 1 - z) // step + 1, count))
