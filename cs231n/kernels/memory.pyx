"""Memory that is kept: for the outputs of layers, and for the work space of a run.

The system clears each page of fresh memory when it is first touched, which for the output of a
layer takes about as long as filling it. A training loop asks for arrays of the same sizes again and
again, so blocks that are no longer used are kept for the next one, up to KEPT bytes in all.
"""

import numpy as np

cimport cython
from cpython.buffer cimport PyBuffer_FillInfo
from libc.stdint cimport uintptr_t
from libc.stdlib cimport free, malloc
from libc.string cimport memmove

cdef extern from "processor.h":
    void cs231n_huge_pages(void *memory, size_t size) nogil
cdef extern from "Python.h":
    size_t PY_SSIZE_T_MAX

cdef enum:
    PAGE = 4096
    BLOCKS = 32  # the most that are kept
    WORTH_KEEPING = 256 * 1024  # bytes; the C library itself keeps smaller ones

cdef size_t KEPT = 256 * 1024 * 1024

cdef struct Kept:
    void *memory
    size_t size

cdef Kept kept[BLOCKS]  # the one that was given back last comes last
cdef int number = 0
cdef size_t total = 0


@cython.final
cdef class Block:
    """At least `size` bytes that start on a whole page. Goes back when nobody refers to it."""

    def __cinit__(self, size_t size):
        self.size = size if size else 1
        self.start = <char *> take(&self.size)
        if self.start == NULL:
            raise MemoryError(f"There are no {size:,} bytes of memory left.")

    def __dealloc__(self):
        if self.start != NULL:
            give_back(self.start, self.size)

    def __getbuffer__(self, Py_buffer *view, int flags):
        PyBuffer_FillInfo(view, self, self.start, self.size, 0, flags)


def empty(shape, dtype):
    """An array like numpy.empty's, in kept memory where it is large."""
    dtype, count = np.dtype(dtype), 1
    for size in shape:
        count *= int(size)
    if count * dtype.itemsize < WORTH_KEEPING:
        return np.empty(shape, dtype)
    return np.frombuffer(Block(count * dtype.itemsize), dtype, count).reshape(shape)


def bytes_kept():
    """How much is kept, and not in use."""
    return total


cdef void *take(size_t *size) noexcept:
    """Memory of *size bytes or a little more, and *size says how many; NULL where there is none."""
    global number, total
    cdef int i
    cdef void *found
    for i in range(number - 1, -1, -1):
        if size[0] <= kept[i].size <= size[0] + size[0] // 4:
            found = kept[i].memory
            size[0] = kept[i].size
            total -= kept[i].size
            number -= 1
            memmove(&kept[i], &kept[i + 1], (number - i) * sizeof(Kept))
            return found
    found = aligned(size[0])
    if found == NULL and number:  # what is kept may be in the way
        drop(number)
        found = aligned(size[0])
    return found


cdef void give_back(void *memory, size_t size) noexcept:
    global number, total
    if size < WORTH_KEEPING or size > KEPT:
        release(memory)
        return
    while number and (number == BLOCKS or total + size > KEPT):
        drop(1)
    kept[number].memory, kept[number].size = memory, size
    number += 1
    total += size


cdef void drop(int count) noexcept:
    """Give the oldest ones to the system."""
    global number, total
    cdef int i
    for i in range(count):
        total -= kept[i].size
        release(kept[i].memory)
    number -= count
    memmove(&kept[0], &kept[count], number * sizeof(Kept))


# malloc's address stands just before the page that is handed out.
cdef void *aligned(size_t size) noexcept:
    if size > PY_SSIZE_T_MAX - 2 * PAGE:
        return NULL
    cdef char *memory = <char *> malloc(size + 2 * PAGE)
    if memory == NULL:
        return NULL
    cdef char *start = <char *> ((<uintptr_t> memory // PAGE + 2) * PAGE)
    (<void **> start)[-1] = memory
    if size >= WORTH_KEEPING:
        cs231n_huge_pages(start, size)
    return start


cdef void release(void *start) noexcept:
    free((<void **> start)[-1])
