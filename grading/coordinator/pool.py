"""Grading many submissions at a time: worker processes here, or a Dask cluster elsewhere.

Grading one submission is a function from data to data, mapped over a concurrent.futures.Executor.
A worker's death never becomes a score: the submission it had is graded once more, alone, so that
none of its neighbours can be to blame; when that kills the worker too, it is left to a person.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    CancelledError,
    Executor,
    Future,
    ThreadPoolExecutor,
    wait,
)
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from grading.coordinator.code_hash import code_hash
from grading.coordinator.worker import DIED, PROBLEM, STOP, Workers
from grading.engine.tasks import Assignment, Submission
from grading.errors import GradingError
from grading.settings import ROOT

TICK = 1.0  # seconds after which the coordinator gets a turn though nothing has happened


@dataclass(frozen=True)
class Job:
    """What workers do: call a function ("module:name") for submissions of an assignment."""

    assignment: Assignment
    function: str

    def packed(self) -> bytes:
        return pickle.dumps(vars(self) | {"code_hash": code_hash()})

    @property
    def seconds(self) -> float:
        """Time after which a worker cannot be at work any more: something is stuck."""
        return 120 + len(self.assignment.released) * (self.assignment.limits.notebook_seconds + 60)


@dataclass(frozen=True)
class Pool:
    """An executor and what to submit to it.

    call: takes a pickled submission, gives a pickled answer (see grading/coordinator/worker.py)
    size: how many submissions are graded at a time, just now
    deaths: exceptions by which the executor says that a worker died
    """

    executor: Executor
    call: Callable[[bytes], bytes]
    size: Callable[[], int]
    deaths: tuple[type[BaseException], ...] = ()
    lost: str = "The workers are gone."

    def submit(self, submission: Submission) -> Future:
        return self.executor.submit(self.call, pickle.dumps(submission))


@contextmanager
def open_pool(
    job: Job, jobs: int | None = None, scheduler: str | None = None, log: Path | None = None
) -> Iterator[Pool]:
    """Workers for a while: `jobs` processes (default: one a core), or those of a Dask scheduler.

    Leaving the context, in whatever way, ends the workers and what they have started.
    """
    if scheduler is not None:
        from grading.coordinator.cluster import open_cluster

        with open_cluster(job, scheduler) as pool:
            yield pool
        return
    jobs = jobs or os.cpu_count() or 1
    workers = Workers(job.packed(), str(ROOT), job.seconds, log and str(log))
    threads = ThreadPoolExecutor(jobs, "grading")
    try:
        yield Pool(threads, workers.grade, lambda: jobs)
    finally:
        workers.stop()
        threads.shutdown(cancel_futures=True)


def answers(
    submissions: Iterable[Submission], pool: Pool
) -> Iterator[tuple[Submission, str, object] | None]:
    """Grade submissions; those that are ready first come first.

    At most twice as many as are graded at a time are taken from `submissions`, so that memory does
    not grow with the class. None is yielded when there was nothing for a while.

    Yields tuples of: the submission, what came of it ("graded", "problem" or "died"), and the
    Graded or the reason.
    """
    waiting, suspects = iter(submissions), []
    running: dict[Future, Submission] = {}
    everything_is_out = False
    while running or not everything_is_out:
        while not everything_is_out and len(running) < 2 * max(1, pool.size()):
            submission = next(waiting, None)
            if submission is None:
                everything_is_out = True
            else:
                running[pool.submit(submission)] = submission
        done = wait(running, TICK, FIRST_COMPLETED).done
        for future in done:
            kind, value = _outcome(future, pool)
            if kind == DIED:
                suspects.append((running.pop(future), value))
            else:
                yield running.pop(future), kind, value
        if not done:
            yield None
    for submission, reason in suspects:
        yield from _alone(submission, reason, pool)


def _alone(submission: Submission, reason: str, pool: Pool):
    """Grade a submission over which a worker died, when nothing else is being graded."""
    future = pool.submit(submission)
    while not wait([future], TICK).done:
        yield None
    kind, value = _outcome(future, pool)
    if kind == DIED:
        value = f"the process that graded it died twice: first {reason}, then {value}"
    yield submission, kind, value


def _outcome(future: Future, pool: Pool) -> tuple[str, object]:
    """What came of one call. Raises GradingError where nothing can be graded any more."""
    try:
        kind, value = pickle.loads(future.result())
    except pool.deaths as problem:
        return DIED, str(problem) or type(problem).__name__
    except CancelledError:
        raise GradingError(f"{pool.lost} --resume goes on from here.") from None
    except Exception as problem:
        return PROBLEM, f"{type(problem).__name__}: {problem}"
    if kind == STOP:
        raise GradingError(value)
    return kind, value
