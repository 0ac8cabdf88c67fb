"""Worker processes that grade, and the handle to them.

A worker is told once what it grades, then gets one submission after another and answers each. What
goes in and out are bytes (pickled grading.engine.tasks, never a student's objects). It is a session
of its own, so that Ctrl-C in a terminal does not reach it or its children, and it ends with the
process that started it. A worker that dies takes down nothing but the submission it had.

This file needs nothing but Python, so that a machine of a cluster can load it before the rest.
"""

from __future__ import annotations

import atexit
import importlib
import os
import pickle
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection

MEMORY = 6 * 2**30  # bytes of address space: no answer of a student's code exhausts the machine
IDLE = 600.0  # seconds without work after which a worker ends by itself
SCRATCH = "grading-worker-"
GRACE = 5.0  # seconds between being asked to end and being made to

# Several workers run side by side: one thread each is faster and rounds alike everywhere.
THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
# Not for workers: the secret comes with the assignment, and no worker talks to the gradebook.
KEPT_BACK = {"CS231N_COURSE_SECRET", "CS231N_DATABASE_URL"}

GRADED, PROBLEM, STOP, DIED = "graded", "problem", "stop", "died"

_START = (
    "import sys; sys.path.insert(0, sys.argv[1]); from grading.coordinator.worker import serve; "
    "serve(int(sys.argv[2]), int(sys.argv[3]))"
)


class Died(Exception):
    """The worker ended before it answered."""


class Worker:
    """A worker process. To be used by one thread."""

    def __init__(self, job: bytes, root: str, log: str | None = None):
        """job: see :func:`serve`; root: the folder that holds the package ``grading``; log: a file
        for what the worker prints."""
        self._connection, theirs = Pipe()
        end, self._lifeline = os.pipe()
        self._hanging_up = threading.Lock()
        # Its temporary files, so that nothing stays behind when it is killed.
        self._scratch = tempfile.mkdtemp(prefix=SCRATCH)
        os.chmod(self._scratch, 0o711)  # a sandbox's user passes through
        command = [sys.executable, "-P", "-c", _START, root, str(theirs.fileno()), str(end)]
        ours = {k: v for k, v in os.environ.items() if k not in KEPT_BACK}
        try:
            output = open(log, "ab") if log else None  # noqa: SIM115
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=THREADS | ours | {"TMPDIR": self._scratch},
                pass_fds=(theirs.fileno(), end),
                start_new_session=True,
            )
            if output:
                output.close()
        except BaseException:
            self.hang_up()
            shutil.rmtree(self._scratch, ignore_errors=True)
            raise
        finally:
            theirs.close()
            os.close(end)
        with suppress(OSError):  # it is dead already: the first submission will find out
            self._connection.send_bytes(job)

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def grade(self, submission: bytes, seconds: float) -> bytes:
        """The worker's answer. Raises Died, with the reason, when none comes in time."""
        deadline = time.monotonic() + seconds
        try:
            self._connection.send_bytes(submission)
            while not self._connection.poll(0.5):
                if not self.is_alive() and not self._connection.poll(0):
                    raise EOFError
                if time.monotonic() > deadline:
                    raise Died(f"it gave no answer within {seconds:.0f} s")
            return self._connection.recv_bytes()
        except (EOFError, OSError):
            raise Died(self._end_reason()) from None

    def _end_reason(self) -> str:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE)
        code = self._process.returncode
        if code is None:
            return "it hung up"
        if code >= 0:
            return f"it ended with exit code {code}"
        return f"it was ended by signal {-code}, {signal.strsignal(-code)}"

    def hang_up(self) -> None:
        """Ask the worker to end, without waiting. May be called from any thread, more than once."""
        with self._hanging_up:
            if self._lifeline is not None:
                os.close(self._lifeline)
            self._lifeline = None

    def end(self) -> None:
        """Wait until the worker has ended; after a while by force, with all its children."""
        self.hang_up()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        shutil.rmtree(self._scratch, ignore_errors=True)


class Workers:
    """Workers for the threads of an executor: each thread that asks gets one of its own."""

    def __init__(self, job: bytes, root: str, seconds: float, log: str | None = None):
        """seconds: after which a worker that has not answered counts as dead."""
        self._job, self._root, self._seconds, self._log = job, root, seconds, log
        self._mine = threading.local()
        self._lock = threading.Lock()
        self._all: set[Worker] = set()
        self._stopped = False

    def grade(self, submission: bytes) -> bytes:
        """A worker's answer, pickled (kind, value); ("died", why) when it died over this one."""
        try:
            worker = self._worker()
            try:
                return worker.grade(submission, self._seconds)
            except Died:
                self._drop(worker)
                raise
        except (Died, OSError) as problem:
            return pickle.dumps((DIED, str(problem)))

    def _worker(self) -> Worker:
        worker = getattr(self._mine, "worker", None)
        if worker is not None and worker.is_alive():
            return worker
        if worker is not None:  # it ended between two submissions, and nobody's work with it
            self._drop(worker)
        with self._lock:
            if self._stopped:
                raise Died("the grader was stopped")
            self._mine.worker = worker = Worker(self._job, self._root, self._log)
            self._all.add(worker)
        return worker

    def _drop(self, worker: Worker) -> None:
        self._mine.worker = None
        worker.end()
        with self._lock:
            self._all.discard(worker)

    def stop(self) -> None:
        """End all workers, busy ones too, and start no more."""
        with self._lock:
            self._stopped = True
            workers = list(self._all)
        for worker in workers:
            worker.hang_up()
        for worker in workers:
            worker.end()


def serve(channel: int, lifeline: int) -> None:
    """What a worker process does: answer submissions until it is no longer needed.

    Inputs:
    - channel: file descriptor of a connection. First comes the job, pickled {"function":
      "module:name", "assignment", "code_hash"}; then pickled submissions, each answered by a
      pickled (kind, value): ("graded", Graded), ("problem", why this one could not be graded) or
      ("stop", why none can be graded here)
    - lifeline: a pipe that is never written to and ends when the worker shall end
    """
    for descriptor in (channel, lifeline):
        os.set_inheritable(descriptor, False)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    signal.signal(signal.SIGINT, lambda *_: None)  # not SIG_IGN, which programs it starts inherit
    if os.path.basename(scratch := os.environ.get("TMPDIR", "")).startswith(SCRATCH):
        atexit.register(shutil.rmtree, scratch, ignore_errors=True)  # its owner may be gone
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()
    _limit_memory()
    with Connection(channel) as connection:
        job = pickle.loads(connection.recv_bytes())
        while connection.poll(IDLE):
            try:
                submission = connection.recv_bytes()
            except EOFError:
                return
            connection.send_bytes(pickle.dumps(_answer(job, submission)))


def _answer(job: dict, submission: bytes) -> tuple[str, object]:
    from grading.errors import GradingError

    try:
        grade = _function(job)
        return GRADED, grade(job["assignment"], pickle.loads(submission))
    except GradingError as problem:
        return STOP, str(problem)
    except Exception as problem:
        traceback.print_exc()
        return PROBLEM, f"{type(problem).__name__}: {problem}"


def _function(job: dict):
    """The function that grades, in an environment with the checks that the job is about."""
    from grading.coordinator.code_hash import code_hash
    from grading.errors import GradingError

    if job["code_hash"] != code_hash():
        raise GradingError(
            "A worker has other checks than this course: its cs231n package is another version, "
            "or checks were changed while grading. Install the course's package there."
        )
    module, name = job["function"].split(":")
    try:
        return getattr(importlib.import_module(module), name)
    except ImportError as problem:
        raise GradingError(f"A worker lacks what grading needs: {problem}") from None


def _end_with(lifeline: int) -> None:
    """End this process, and all it started, when the lifeline ends."""
    os.read(lifeline, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)  # for the sandboxes to be cleaned up
    os.killpg(0, signal.SIGKILL)


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:
        return
    most = resource.getrlimit(resource.RLIMIT_AS)[1]
    soft = MEMORY if most == resource.RLIM_INFINITY else min(MEMORY, most)
    with suppress(ValueError, OSError):  # some systems do not limit address space
        resource.setrlimit(resource.RLIMIT_AS, (soft, most))
