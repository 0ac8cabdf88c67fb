"""Timing in turns, peak memory, and what the machine itself can do."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import numpy as np

import cs231n
from benchmarks.layer_cases import Convolution
from benchmarks.layer_implementations import prepare
from cs231n import fast_layers

SHORTEST = 0.002  # seconds; a shorter call is timed as the mean of several


def set_threads(count: int) -> str:
    """Let everything use ``count`` threads; returns how NumPy's matrix product was told."""
    cs231n.set_num_threads(count)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(count)
    np.matmul(np.ones((2, 2)), np.ones((2, 2)))  # BLAS is there from here on
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        told = os.environ.get("OPENBLAS_NUM_THREADS") or os.environ.get("OMP_NUM_THREADS")
        return f"environment: {told}" if told else "not set: install threadpoolctl"
    threadpool_limits(limits=count)
    return f"threadpoolctl: {count}"


def as_the_kit_sets_it() -> None:
    """BLAS's threads as they are after importing the fast layers (see cs231n.threads)."""
    cs231n.threads.one_thread_for_blas()


def interleaved(
    calls: dict[str, list[Callable]], repeats: int, pause: float
) -> Iterator[dict[str, list[float]]]:
    """Time implementations in turns, so that a busy moment of the machine hits them all alike.

    In each turn an implementation first waits ``pause`` seconds, in which the threads of the one
    before stop spinning for more work (OpenBLAS's do for about a tenth of a second). Then each of
    its calls is made twice: once untimed, which wakes its own threads and fills the caches, and
    once timed.

    Yields, ``repeats`` times, the seconds of each implementation's calls.
    """
    for number in range(repeats):
        names = list(calls)
        turn = number % len(names)  # nobody always goes first
        row = {}
        for name in names[turn:] + names[:turn]:
            time.sleep(pause)
            row[name] = [_time(call) for call in calls[name]]
        yield row


def _time(call: Callable) -> float:
    start = time.perf_counter()
    call()
    warm = time.perf_counter() - start
    count = 1 if warm >= SHORTEST else int(SHORTEST / max(warm, 1e-6)) + 1
    start = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - start) / count


def matmul(size: int, dtype: str) -> Callable:
    """A call of np.matmul on square matrices: 2 size³ operations."""
    rng = np.random.default_rng(231)
    left, right = (rng.standard_normal((size, size), dtype=np.float32) for _ in range(2))
    left, right, out = left.astype(dtype), right.astype(dtype), np.empty((size, size), dtype)
    return lambda: np.matmul(left, right, out=out)


def bandwidth(size: int, threads: int, repeats: int = 5) -> float:
    """GB/s of memory, from a = b + c on arrays of ``size`` values that fit into no cache."""
    a, b, c = (np.ones(size, np.float32) for _ in range(3))
    parts = [slice(i * size // threads, (i + 1) * size // threads) for i in range(threads)]

    def add(part: slice) -> None:
        np.add(b[part], c[part], out=a[part])  # NumPy lets other threads run meanwhile

    with ThreadPoolExecutor(threads) as pool:
        times = []
        for _ in range(repeats + 1):
            start = time.perf_counter()
            list(pool.map(add, parts))
            times.append(time.perf_counter() - start)
    return 3 * a.nbytes / median(times[1:]) / 1e9


def import_seconds(module: str, repeats: int = 9) -> float:
    """Seconds that ``import module`` takes in a new Python whose files are already cached."""
    code = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
    times = []
    for _ in range(repeats + 1):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True
        )
        times.append(float(done.stdout))
    return median(times[1:])


def peak_memory(
    name: str, case: Convolution, dtype: str, threads: int, original: Path | None = None
) -> float:
    """MiB that forward and backward take at their peak, beyond the inputs and the outputs.

    Read from the system (VmHWM) in a process of its own, and not from tracemalloc, which sees
    neither the compiled kernels' buffers nor PyTorch's. Linux only: NaN elsewhere.
    """
    if not Path("/proc/self/clear_refs").exists():
        return float("nan")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_peak_here, name, case, dtype, threads, original).result()


def _peak_here(name, case, dtype, threads, original) -> float:
    if name == "torch":
        import torch  # noqa: F401
    set_threads(threads)
    tiny = replace(case, N=1, C=4, F=4, H=8, W=8, HH=3, WW=3, stride=1, pad=1)
    prepare(name, tiny, tiny.arrays(dtype), original).results()  # libraries load, threads start
    arrays = case.arrays(dtype)
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)  # or freed memory would count as there already
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # VmHWM starts again from here
    prepared = prepare(name, case, arrays, original)
    kept = prepared.backward()
    peak = _status("VmHWM")
    del kept
    outputs = sum(array.nbytes for array in arrays)  # each has an input's size: dx is like x, …
    return (peak - before) / 1024 - outputs / 2**20


def _status(key: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key))


def machine(threads: int, blas_threads: str) -> dict:
    """What the figures depend on."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    about = {
        "processor": _processor(),
        "processors": os.cpu_count(),
        "threads": threads,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": f"{blas['name']} {blas['version']}",
        "blas threads": blas_threads,
        "cs231n": cs231n.__version__,
        "cs231n threads": cs231n.get_num_threads(),
        "cs231n layers": fast_layers.BACKEND,
        "CS231N_CPU": os.environ.get("CS231N_CPU", "not set"),
        "system": f"{platform.system()} {platform.machine()}",
    }
    if hasattr(os, "getloadavg"):
        about["load before"] = round(os.getloadavg()[0], 2)
    if "torch" in sys.modules:
        torch = sys.modules["torch"]
        about |= {"torch": torch.__version__, "torch threads": torch.get_num_threads()}
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return about
    about["thread pools"] = [
        {key: pool.get(key) for key in ("internal_api", "version", "architecture", "num_threads")}
        for pool in threadpool_info()
    ]
    return about


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(x.partition(":")[2].strip() for x in lines if x.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
