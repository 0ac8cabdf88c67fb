"""How many threads the compiled kernels use, in OpenMP's own setting."""

cdef extern from "processor.h":
    int cs231n_threads() nogil
    void cs231n_set_threads(int count) nogil
    bint cs231n_has_openmp() nogil
    int cs231n_processor() nogil

HAS_OPENMP = cs231n_has_openmp()


def get_num_threads():
    """The number of threads that the next kernel will use."""
    return cs231n_threads()


def set_num_threads(int count):
    """Use `count` threads (at least 1) from now on, in the thread that calls this."""
    cs231n_set_threads(count)


def processor():
    """The instructions in use: "portable", "avx2" or "avx512"."""
    return ("portable", "avx2", "avx512")[cs231n_processor()]
