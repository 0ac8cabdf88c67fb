cdef class Block:
    cdef char *start
    cdef size_t size
