"""How many processor threads the fast layers use.

At first, as many as OpenMP says: the environment's OMP_NUM_THREADS, or one for each processor that
the process may run on. ``threadpoolctl`` and ``set_num_threads`` change the same setting. NumPy's
own matrix product keeps its own count, which threadpoolctl sets too.
"""

from __future__ import annotations

from operator import index


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


def _compiled():
    """The compiled module, loaded when it is first asked for; None where it was not built."""
    try:
        from cs231n.kernels import threads
    except ImportError:
        return None
    return threads
