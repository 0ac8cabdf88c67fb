"""How many processor threads the fast layers use.

At first, as many as OpenMP says: the environment's OMP_NUM_THREADS, or one for each processor that
the process may run on. ``threadpoolctl`` and ``set_num_threads`` change the same setting.

NumPy's matrix product (BLAS) has threads of its own, which go on spinning for work when a product
is done and then keep a processor from the layer that comes next: two threads each made a training
step slower than one. So where the fast layers have several threads, they let BLAS have one, unless
the environment says how many it should have.
"""

from __future__ import annotations

import os
from operator import index

BLAS_SETTINGS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS")


def get_num_threads() -> int:
    """The number of threads that the fast layers use: 1 where they were built without OpenMP."""
    compiled = _compiled()
    return compiled.get_num_threads() if compiled else 1


def set_num_threads(count: int) -> None:
    """Let the fast layers use ``count`` threads.

    As in OpenMP, the setting holds for the Python thread that calls this. Without OpenMP, or
    without the compiled modules, one thread is used whatever is asked.

    Raises ValueError when count is not a whole number from 1 to 1024.
    """
    try:
        number = index(count)
    except TypeError:
        number = 0
    if isinstance(count, bool) or not 1 <= number <= 1024:
        raise ValueError(f"count should be a whole number from 1 to 1024, but it is {count!r}.")
    compiled = _compiled()
    if compiled:
        compiled.set_num_threads(number)


def one_thread_for_blas() -> None:
    """Let NumPy's matrix product use one thread; cs231n.fast_layers calls this when imported.

    Does nothing where one of BLAS_SETTINGS is in the environment, or the layers have one thread.
    ``threadpoolctl.threadpool_limits(2, user_api="blas")`` gives BLAS two threads again.
    """
    if get_num_threads() > 1 and not any(os.environ.get(name) for name in BLAS_SETTINGS):
        from threadpoolctl import threadpool_limits

        threadpool_limits(1, user_api="blas")


def _compiled():
    """The compiled module, loaded when it is first asked for; None where it was not built."""
    try:
        from cs231n.kernels import threads
    except ImportError:
        return None
    return threads
