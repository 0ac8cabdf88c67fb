"""Grading several students at a time, each in a process of its own, with nbgrader's API.

The processes share the gradebook: SQLite lets one write at a time and the others wait for it.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import wait
from pathlib import Path

from tqdm import tqdm

from grading.errors import GradingError
from grading.settings import GRADING

_STOPPING = "CS231N_GRADING_IS_STOPPING"


def grade_students(
    assignment: str, students: list[str], jobs: int, log: Path, say: Callable[[str], None]
) -> None:
    """Autograde submissions and write their feedback, several students at a time.

    The course is the one that nbgrader_config.py names. Progress is one moving line in a terminal,
    a line a student elsewhere. The first failure of nbgrader itself ends it: a GradingError.
    """
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), _start_worker, (log,))
    with tqdm(total=len(students), unit="student", desc="Graded", disable=None) as progress:
        try:
            tasks = {pool.submit(grade_student, assignment, s, log): s for s in students}
            for task in as_completed(tasks):
                _must_have_worked(task, tasks[task], log)
                progress.set_postfix_str(tasks[task], refresh=False)
                progress.update()
                if progress.disable:
                    say(f"  {tasks[task]} graded")
        except BaseException:  # interrupted, or a submission failed: do not finish the others
            _stop(list((pool._processes or {}).values()))
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _stop(workers: list) -> None:
    """End the workers: kindly, so that they end their kernels, and after 10 s by force."""
    for worker in workers:
        worker.terminate()
    for worker in workers:
        if not wait([worker.sentinel], timeout=10):
            with suppress(OSError):
                worker.kill()


def _start_worker(log: Path) -> None:
    """Talk to the log; leave Ctrl-C to the main process; when told to stop, stop the kernel too."""
    with log.open("a", encoding="utf-8") as file:
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())

    def stop(number, frame):
        os.environ[_STOPPING] = "1"
        sys.exit(1)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, stop)


def _must_have_worked(task: Future, student: str, log: Path) -> None:
    problem = task.exception()
    if problem is not None:
        problem = f"{type(problem).__name__}: {problem}"
    else:
        problem = task.result()
    if problem:
        raise GradingError(f"{student} could not be graded: {problem}\nDetails are in {log}")


def grade_student(assignment: str, student: str, log: Path) -> str | None:
    """Autograde one submission and write its feedback pages, through nbgrader's API.

    Returns what went wrong, or None. Runs in a process of its own.
    """
    try:
        api = _api(log)
        for result in (
            api.autograde(assignment, student, force=True),
            api.generate_feedback(assignment, student, force=True),
        ):
            if not result["success"]:
                _append(log, result.get("log", "") + result["error"])
                lines = (result.get("log") or result["error"]).strip().splitlines()
                errors = [line for line in lines if "Error" in line]
                return (errors or lines)[-1].strip()
        return None
    finally:
        if _STOPPING in os.environ:  # others catch SystemExit on its way; now the kernel is gone
            os._exit(1)


def _api(log: Path):
    """nbgrader's API with this course's configuration, talking to the log file."""
    import logging

    from nbgrader.apps.api import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import PyFileConfigLoader

    config = PyFileConfigLoader("nbgrader_config.py", path=str(GRADING)).load_config()
    logger = logging.getLogger("grading.parallel")
    logger.propagate = False
    if not logger.handlers:
        handler = logging.FileHandler(log, encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        logger.addHandler(handler)
        logging.getLogger("traitlets").handlers = [handler]
        logging.captureWarnings(True)
        logging.getLogger("py.warnings").handlers = [handler]
        logging.getLogger("py.warnings").propagate = False
    course = CourseDirectory(config=config, log=logger)
    return NbGraderAPI(coursedir=course, config=config, log=logger)


def _append(log: Path, text: str) -> None:
    with log.open("a", encoding="utf-8") as file:
        file.write(text.rstrip() + "\n")
