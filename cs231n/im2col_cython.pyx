# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""im2col and col2im, compiled. The same signatures and results as cs231n.im2col, only faster.

Read cs231n/im2col.py first. Each function here has three parts: Python that checks the sizes (by
the same code as the NumPy version), a loop that deals out the work to several threads, and a typed
function without Python objects that copies or adds the numbers of one channel of one picture. No
index is checked in the typed part, so nothing may reach it that does not fit.
"""

import numpy as np

from cython cimport floating
from cython.parallel cimport prange

# Imported for what it does: it keeps a forked process from waiting for threads it does not have.
import cs231n.kernels  # no-cython-lint
from cs231n.im2col import (
    as_columns, as_pictures, as_shape, as_sum, columns_shape, grid_of_rows, window_grid
)

cdef extern from "processor.h":
    int cs231n_threads() noexcept nogil  # 1 where the compiler has no OpenMP

# For fewer bytes of columns a second thread saves less than 10 microseconds (measured), and it can
# cost milliseconds where other programs keep the processors busy.
cdef Py_ssize_t BYTES_WORTH_THREADS = 256 * 1024


def im2col(x, HH, WW, stride=1, pad=0, dilation=1, *, rounding="exact", rows=None):
    """Copy every window of every picture into a column; see cs231n.im2col.im2col."""
    x = as_pictures(x)
    N, C, H, W = x.shape
    grid = window_grid((H, W), (HH, WW), stride, pad, dilation, rounding)
    grid = grid_of_rows(grid, rows)
    cols = np.empty(columns_shape(N, C, grid, x.itemsize), x.dtype)
    # The same numbers, with an axis for each index that the loops below count.
    channels = np.ascontiguousarray(x).reshape(N * C, H, W)
    taps = cols.reshape(N * C, *grid.window, *grid.out)
    where = grid.stride, grid.pad, grid.dilation
    threads = threads_for(cols.nbytes)
    if x.dtype == np.float32:
        copy_windows[float](channels, taps, *where, threads)
    else:
        copy_windows[double](channels, taps, *where, threads)
    return cols


def col2im(cols, x_shape, HH, WW, stride=1, pad=0, dilation=1, *,
           rounding="exact", rows=None, out=None):
    """Add every column back to its pixels; see cs231n.im2col.col2im."""
    N, C, H, W = as_shape(x_shape)
    grid = window_grid((H, W), (HH, WW), stride, pad, dilation, rounding)
    grid = grid_of_rows(grid, rows)
    cols = np.ascontiguousarray(as_columns(cols, (N, C, H, W), grid))
    out = as_sum(out, (N, C, H, W), cols)
    taps = cols.reshape(N * C, *grid.window, *grid.out)
    channels = out.reshape(N * C, H, W)
    where = grid.stride, grid.pad, grid.dilation
    threads = threads_for(cols.nbytes)
    if cols.dtype == np.float32:
        add_windows[float](taps, channels, *where, threads)
    else:
        add_windows[double](taps, channels, *where, threads)
    return out


# `floating` stands for float and for double: Cython compiles each function below twice, and the
# square brackets in copy_windows[float] choose.
#
# A typed memoryview, floating[:, :, ::1], is an array as C sees it: an address, a shape, strides.
# The ::1 promises that neighbours in a line are neighbours in memory, which lets the compiler copy
# several at once; the functions above keep that promise by copying arrays in any other order
# first. `const` admits read-only arrays.
#
# prange is a range whose turns run at the same time, on `threads` threads, without Python's lock.
# Each turn writes to one channel of one picture that no other turn touches. So nothing depends on
# which thread comes first: the result is the same, to the last bit, for any number of threads.

cdef copy_windows(const floating[:, :, ::1] x, floating[:, :, :, :, ::1] cols,
                  stride, pad, dilation, int threads):
    cdef Py_ssize_t down = stride[0], across = stride[1], top = pad[0], left = pad[1]
    cdef Py_ssize_t tall = dilation[0], wide = dilation[1]
    cdef Py_ssize_t nc
    for nc in prange(x.shape[0], nogil=True, schedule="static", num_threads=threads):
        copy_channel(x, cols, nc, down, across, top, left, tall, wide)


cdef add_windows(const floating[:, :, :, :, ::1] cols, floating[:, :, ::1] x,
                 stride, pad, dilation, int threads):
    cdef Py_ssize_t down = stride[0], across = stride[1], top = pad[0], left = pad[1]
    cdef Py_ssize_t tall = dilation[0], wide = dilation[1]
    cdef Py_ssize_t nc
    for nc in prange(x.shape[0], nogil=True, schedule="static", num_threads=threads):
        add_channel(cols, x, nc, down, across, top, left, tall, wide)


cdef int threads_for(Py_ssize_t bytes_of_columns):
    """How many threads to use: one, where the work is too little to share."""
    return cs231n_threads() if bytes_of_columns >= BYTES_WORTH_THREADS else 1


cdef void copy_channel(const floating[:, :, ::1] x, floating[:, :, :, :, ::1] cols,
                       Py_ssize_t nc, Py_ssize_t down, Py_ssize_t across, Py_ssize_t top,
                       Py_ssize_t left, Py_ssize_t tall, Py_ssize_t wide) noexcept nogil:
    """Copy all windows of channel nc, counted over all pictures: x (N*C, H, W) to
    cols (N*C, HH, WW, H_out, W_out)."""
    cdef Py_ssize_t H = x.shape[1], W = x.shape[2]
    cdef Py_ssize_t H_out = cols.shape[3], W_out = cols.shape[4]
    cdef Py_ssize_t i, j, i_out, j_out, y, z, first, last
    for i in range(cols.shape[1]):
        for j in range(cols.shape[2]):
            # Windows first..last-1 of a line see a pixel at this tap, the others see padding.
            z = j * wide - left
            first = first_inside(z, across, W_out)
            last = last_inside(z, across, W, first, W_out)
            for i_out in range(H_out):
                y = i_out * down + i * tall - top
                if y < 0 or y >= H:
                    for j_out in range(W_out):
                        cols[nc, i, j, i_out, j_out] = 0
                    continue
                for j_out in range(first):
                    cols[nc, i, j, i_out, j_out] = 0
                if across == 1:  # pixels side by side: the compiler copies several at once
                    for j_out in range(first, last):
                        cols[nc, i, j, i_out, j_out] = x[nc, y, z + j_out]
                else:
                    for j_out in range(first, last):
                        cols[nc, i, j, i_out, j_out] = x[nc, y, z + j_out * across]
                for j_out in range(last, W_out):
                    cols[nc, i, j, i_out, j_out] = 0


cdef void add_channel(const floating[:, :, :, :, ::1] cols, floating[:, :, ::1] x,
                      Py_ssize_t nc, Py_ssize_t down, Py_ssize_t across, Py_ssize_t top,
                      Py_ssize_t left, Py_ssize_t tall, Py_ssize_t wide) noexcept nogil:
    """Add all windows of channel nc to their pixels, the way back of copy_channel."""
    cdef Py_ssize_t H = x.shape[1], W = x.shape[2]
    cdef Py_ssize_t H_out = cols.shape[3], W_out = cols.shape[4]
    cdef Py_ssize_t i, j, i_out, j_out, y, z, first, last
    for i in range(cols.shape[1]):
        for j in range(cols.shape[2]):
            z = j * wide - left
            first = first_inside(z, across, W_out)
            last = last_inside(z, across, W, first, W_out)
            for i_out in range(H_out):
                y = i_out * down + i * tall - top
                if y < 0 or y >= H:
                    continue
                if across == 1:
                    for j_out in range(first, last):
                        x[nc, y, z + j_out] += cols[nc, i, j, i_out, j_out]
                else:
                    for j_out in range(first, last):
                        x[nc, y, z + j_out * across] += cols[nc, i, j, i_out, j_out]


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
