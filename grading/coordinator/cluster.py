"""Grading on a Dask cluster: https://distributed.dask.org

A machine of the cluster needs the kit's dependencies, the cs231n package and a sandbox. The grader
itself travels there: every worker that joins unpacks it into a private folder and grades in
processes of its own (worker.py), one for each thread that Dask gave it, so that nothing a
submission does can end the Dask worker. Submissions and results go as plain bytes.
"""

from __future__ import annotations

import hashlib
import io
import logging
import socket
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from grading.errors import GradingError
from grading.settings import GRADING

CONNECT = 5.0  # seconds for a scheduler to answer
FIRST_WORKER = 30.0  # seconds for a worker to be there
LOOK_AGAIN = 5.0  # seconds between two looks at who is there

# Parts of grading/ that no worker needs.
STAYS_HERE = {"course", "work", "tests", "sample_class", "source", "__pycache__"}


@contextmanager
def open_cluster(job, address: str) -> Iterator:
    """A Pool (see pool.py) that grades on the workers of the Dask scheduler at `address`."""
    distributed = _need_distributed()
    from distributed.scheduler import KilledWorker

    from grading.coordinator.pool import Pool

    client = _connect(distributed, address)
    name = _name(job)
    executor = client.get_executor(pure=False)
    try:
        _register(client, _plugin(job, name), address)
        lost = f"The scheduler at {address} is gone, or dropped the work."
        yield Pool(executor, _caller(name), _size(client, address), (KilledWorker,), lost)
    finally:
        with suppress(Exception):  # the scheduler may be gone
            executor.shutdown(wait=False)  # forgets what has not begun
        with suppress(Exception):
            client.unregister_worker_plugin(name)  # ends the processes that grade
        client.close(timeout=CONNECT)


def _need_distributed():
    try:
        import distributed
    except ImportError:
        raise GradingError(
            "--scheduler needs Dask, which is not installed here. In the repository's folder, "
            'type\n  python -m pip install -e ".[grading,cluster]"'
        ) from None
    # Its background threads complain at length when a scheduler goes away; one sentence is enough.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    return distributed


def _connect(distributed, address: str):
    try:
        client = distributed.Client(address, timeout=CONNECT, set_as_default=False, name="grading")
    except (OSError, ValueError, RuntimeError) as problem:
        reason = (str(problem) or type(problem).__name__).splitlines()[0]
        raise GradingError(
            f"No Dask scheduler answers at {address} ({reason}). Start one with `dask scheduler`; "
            "it prints its address, such as tcp://10.0.0.5:8786."
        ) from None
    try:
        client.wait_for_workers(1, timeout=FIRST_WORKER)
    except TimeoutError:
        client.close(timeout=CONNECT)
        raise GradingError(
            f"The scheduler at {address} has no workers. Start some: dask worker {address}"
        ) from None
    except BaseException:
        client.close(timeout=CONNECT)
        raise
    return client


def _register(client, plugin, address: str) -> None:
    try:
        client.register_plugin(plugin, name=plugin.name)
    except Exception as problem:
        raise GradingError(
            f"A worker of {address} could not take over the grader: {type(problem).__name__}: "
            f"{problem}. Its versions of Python and Dask should be the same as here."
        ) from None


def _size(client, address: str) -> Callable[[], int]:
    """How many submissions the cluster grades at a time; looked up every few seconds."""
    seen = {"at": -LOOK_AGAIN, "threads": 1}

    def size() -> int:
        if time.monotonic() > seen["at"] + LOOK_AGAIN:
            with suppress(Exception):  # what comes of a lost scheduler is seen by the results
                seen["threads"] = sum(client.nthreads().values())
            seen["at"] = time.monotonic()
        return seen["threads"]

    return size


def _name(job) -> str:
    """The same for a coordinator that goes on where another one was killed."""
    about = f"{socket.gethostname()} {GRADING} {job.assignment.name}"
    return f"grading-{hashlib.sha256(about.encode()).hexdigest()[:16]}"


def _archive() -> bytes:
    """The package ``grading``, with the hidden checks and without courses, as a zip."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
        for path in sorted(GRADING.rglob("*")):
            parts = path.relative_to(GRADING).parts
            hidden = any(part.startswith(".") for part in parts)
            if path.is_file() and not hidden and not STAYS_HERE.intersection(parts):
                archive.write(path, Path("grading", *parts))
    return packed.getvalue()


def _plugin(job, name: str):
    """A plugin that prepares each worker, those that join later too.

    The class is made in here so that it travels whole: the workers do not have this module.
    """
    from distributed.diagnostics.plugin import WorkerPlugin

    class Grader(WorkerPlugin):
        def __init__(self, name: str, archive: bytes, job: bytes, seconds: float):
            self.name, self.archive, self.job, self.seconds = name, archive, job, seconds

        def setup(self, worker) -> None:
            import importlib.util
            import io
            import tempfile
            import zipfile

            # Readable for this user only: it holds the hidden checks.
            self.folder = tempfile.mkdtemp(prefix="grading-", dir=worker.local_directory)
            zipfile.ZipFile(io.BytesIO(self.archive)).extractall(self.folder)
            path = f"{self.folder}/grading/coordinator/worker.py"
            spec = importlib.util.spec_from_file_location(self.name.replace("-", "_"), path)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            self.workers = module.Workers(self.job, self.folder, self.seconds)

        async def teardown(self, worker) -> None:
            import asyncio
            import shutil

            await asyncio.to_thread(self.workers.stop)
            shutil.rmtree(self.folder, ignore_errors=True)

    return Grader(name, _archive(), job.packed(), job.seconds)


def _caller(name: str) -> Callable[[bytes], bytes]:
    """The call that a Dask worker makes. A local function, so that it travels whole too."""

    def grade(submission: bytes) -> bytes:
        from distributed import get_worker

        return get_worker().plugins[name].workers.grade(submission)

    return grade
