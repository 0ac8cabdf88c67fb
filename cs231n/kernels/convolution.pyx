# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The bridge from Python to the convolution kernels: memory, threads, and one function for each of
the three products of a convolution.

The kernels are in C (convolution.h says what they offer) because vectors have no place in Cython.
Each cuts its work into tasks; here the tasks are handed to threads with prange. Arrays must be
C-contiguous, of one type, and fit each other: cs231n.fast_layers sees to that, and this module
checks it again before any C runs.
"""

import numpy as np

from cython.parallel cimport parallel, prange, threadid
from libc.stdint cimport uintptr_t
from libc.stdlib cimport free

from cs231n.kernels.memory cimport Block

cdef extern from "processor.h":
    int cs231n_threads() nogil

cdef extern from "convolution.h":
    ctypedef struct conv_sizes:
        Py_ssize_t N, C, H, W, F, HH, WW, groups, H_out, W_out
        Py_ssize_t stride[2]
        Py_ssize_t pad[2]
        Py_ssize_t dilation[2]
    ctypedef struct conv_needs:
        Py_ssize_t packed, pack_tasks, shared, work, tasks, last_tasks
    ctypedef struct conv_arrays:
        const void *x "in"
        const void *w
        const void *bias
        const void *dout
        void *out
        void *db
        void *packed
        void *shared
    ctypedef void (*conv_task)(const void *, const conv_arrays *, Py_ssize_t, void *) noexcept nogil
    ctypedef struct conv_method:
        void *(*prepare)(const conv_sizes *, conv_needs *) noexcept nogil
        conv_task pack
        conv_task run
        conv_task last
    ctypedef struct conv_kernels:
        conv_method method[2][2][3]
    const conv_kernels *cs231n_conv_kernels() nogil
    int CONV_FORWARD, CONV_DX, CONV_DW

ALGORITHMS = ("direct", "winograd")  # as CONV_DIRECT and CONV_WINOGRAD number them


cdef enum:
    SMALL = 1000 * 1000  # products


def forward(x, w, bias, out, stride, pad, dilation, groups, algorithm):
    """out (N, F, H_out, W_out) = x (N, C, H, W) convolved with w (F, C / groups, HH, WW), plus
    bias (F,)."""
    cdef conv_sizes sizes = fitting(x, w, out, stride, pad, dilation, groups)
    cdef conv_arrays arrays
    check(bias, (w.shape[0],), x.dtype)
    point(&arrays, x, w, out)
    arrays.bias = address(bias)
    run(CONV_FORWARD, x.dtype, algorithm, &sizes, &arrays)


def gradient_x(dout, w, dx, stride, pad, dilation, groups, algorithm):
    """dx (N, C, H, W), all of it written, from dout (N, F, H_out, W_out) and w."""
    cdef conv_sizes sizes = fitting(dx, w, dout, stride, pad, dilation, groups)
    cdef conv_arrays arrays
    point(&arrays, dout, w, dx)
    run(CONV_DX, dx.dtype, algorithm, &sizes, &arrays)


def gradient_w(x, dout, dw, db, stride, pad, dilation, groups, algorithm):
    """dw (F, C / groups, HH, WW) and db (F,), all of them written, from x and dout."""
    cdef conv_sizes sizes = fitting(x, dw, dout, stride, pad, dilation, groups)
    cdef conv_arrays arrays
    check(db, (dw.shape[0],), x.dtype)
    point(&arrays, x, dw, dw)
    arrays.dout = address(dout)
    arrays.db = address(db)
    run(CONV_DW, x.dtype, algorithm, &sizes, &arrays)


cdef conv_sizes fitting(x, w, out, stride, pad, dilation, groups) except *:
    """The sizes, after a check that no task can leave the arrays."""
    cdef conv_sizes sizes
    N, C, H, W = x.shape
    F, Cg, HH, WW = w.shape
    check(x, (N, C, H, W), x.dtype)
    check(w, (F, Cg, HH, WW), x.dtype)
    if x.dtype not in (np.float32, np.float64) or groups < 1 or F % groups or C != Cg * groups:
        raise ValueError(f"x {x.shape} {x.dtype}, w {w.shape} and groups {groups} do not fit.")
    if min(x.shape) < 1 or min(w.shape) < 1 or min(*stride, *dilation) < 1 or min(pad) < 0:
        raise ValueError("Sizes, strides and dilations should be at least 1, and pads 0.")
    check(out, (N, F, out.shape[2], out.shape[3]), x.dtype)
    for places, size, taps, s, p, d in zip(out.shape[2:], (H, W), (HH, WW), stride, pad, dilation):
        # Every window starts inside the padded picture (it may end beyond it).
        if places < 1 or (places - 1) * s >= size + 2 * p or size + 2 * p + taps * d >= 2**31:
            raise ValueError(f"{places} windows do not fit {size} pixels: stride {s}, pad {p}.")
    sizes.N, sizes.C, sizes.H, sizes.W = N, C, H, W
    sizes.F, sizes.HH, sizes.WW, sizes.groups = F, HH, WW, groups
    sizes.H_out, sizes.W_out = out.shape[2], out.shape[3]
    for i in range(2):
        # The stride means nothing where there is one window, and may be huge.
        sizes.stride[i] = stride[i] if out.shape[2 + i] > 1 else 1
        sizes.pad[i], sizes.dilation[i] = pad[i], dilation[i]
    return sizes


def check(array, shape, dtype):
    if array.shape != shape or array.dtype != dtype or not array.flags.c_contiguous:
        raise ValueError(
            f"A C-contiguous array {shape} of {dtype} is needed: this is {array.shape}, "
            f"{array.dtype}."
        )


cdef void *address(array) except NULL:
    return <void *> <uintptr_t> array.ctypes.data


cdef int point(conv_arrays *arrays, x, w, out) except -1:
    arrays.x, arrays.w, arrays.out = address(x), address(w), address(out)
    arrays.bias = arrays.dout = arrays.db = arrays.packed = arrays.shared = NULL
    return 0


cdef int run(int product, dtype, algorithm, conv_sizes *sizes, conv_arrays *arrays) except -1:
    cdef const conv_method *method = &cs231n_conv_kernels().method[
        dtype == np.float64][ALGORITHMS.index(algorithm)][product]
    cdef conv_needs needs
    cdef void *plan = method.prepare(sizes, &needs)
    cdef double products = 1. * sizes.N * sizes.F * sizes.H_out * sizes.W_out * sizes.C
    # Waking threads takes longer than the few products of a small layer.
    cdef int threads = 1 if products * sizes.HH * sizes.WW < SMALL else cs231n_threads()
    cdef char *work
    if plan == NULL:
        raise ValueError(f"These sizes are beyond the {algorithm} algorithm.")
    try:
        threads = min(threads, max(needs.tasks, 1))
        memory = Block(needs.packed + needs.shared + needs.work * threads)
        work = (<Block> memory).start
        arrays.packed = work
        arrays.shared = work + needs.packed
        work += needs.packed + needs.shared
        with nogil:
            hand_out(method.pack, needs.pack_tasks, plan, arrays, work, needs.work, threads)
            hand_out(method.run, needs.tasks, plan, arrays, work, needs.work, threads)
            hand_out(method.last, needs.last_tasks, plan, arrays, work, needs.work, threads)
    finally:
        free(plan)
    return 0


cdef void hand_out(conv_task task, Py_ssize_t count, const void *plan, const conv_arrays *arrays,
                   char *work, Py_ssize_t work_size, int threads) noexcept nogil:
    """Run `count` tasks; a thread takes the next few when it is done with its last."""
    cdef Py_ssize_t i, few = max(1, count // (64 * threads))
    if count == 0:
        return
    with parallel(num_threads=threads):
        for i in prange(count, schedule="dynamic", chunksize=few):
            task(plan, arrays, i, work + work_size * threadid())
