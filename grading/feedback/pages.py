"""Writing feedback pages for several students at a time, each in a process of its own.

nbgrader writes one page after another; this calls its API side by side.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from pathlib import Path
from threading import Thread

from tqdm import tqdm

from grading import settings
from grading.coordinator.tally import shown


def write_pages(
    assignment: str,
    students: list[str],
    jobs: int,
    log: Path,
    say: Callable[[str], None],
    course: Path | None = None,
) -> dict[str, str]:
    """Write the feedback pages of submissions that are graded, several students at a time.

    course: its folder (None: the course at work). Progress is one moving line in a terminal, a line
    a student elsewhere. Returns student -> why nbgrader could not write the pages.
    """
    failed = {}
    if not students:
        return failed
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), _start_worker, (log,))
    with tqdm(total=len(students), unit="student", desc="Feedback", disable=None) as progress:
        try:
            tasks = {pool.submit(write_page, assignment, s, log, course): s for s in students}
            for task in as_completed(tasks):
                student = tasks[task]
                problem = _problem_of(task)
                if problem:
                    failed[student] = problem
                progress.set_postfix_str(shown(student), refresh=False)
                progress.update()
                if progress.disable:
                    say(f"  {shown(student)} has {'no ' * bool(problem)}feedback")
        except BaseException:  # interrupted: do not finish the others
            _stop(list((pool._processes or {}).values()))
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    return failed


def _stop(workers: list) -> None:
    """End the workers: kindly, and after 10 s by force."""
    for worker in workers:
        worker.terminate()
    for worker in workers:
        if not wait([worker.sentinel], timeout=10):
            with suppress(OSError):
                worker.kill()


def _start_worker(log: Path) -> None:
    """Talk to the log, leave Ctrl-C to the main process, and end when that is killed."""
    Thread(target=_end_with_parent, daemon=True).start()
    with log.open("a", encoding="utf-8") as file:
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _end_with_parent() -> None:
    wait([parent_process().sentinel])
    os._exit(1)


def _problem_of(task: Future) -> str | None:
    problem = task.exception()
    return task.result() if problem is None else f"{type(problem).__name__}: {problem}"


def write_page(assignment: str, student: str, log: Path, course: Path | None = None) -> str | None:
    """Write one submission's feedback pages through nbgrader's API. Runs in its own process.

    Returns what went wrong, or None.
    """
    with settings.at_work(course):
        api = _api(log)
        result = api.generate_feedback(assignment, student, force=True)
    if result["success"]:
        _date_pages(api.coursedir, student, assignment)
        return None
    with log.open("a", encoding="utf-8") as file:
        file.write((result.get("log", "") + result["error"]).rstrip() + "\n")
    lines = (result.get("log") or result["error"]).strip().splitlines()
    errors = [line for line in lines if "Error" in line]
    return (errors or lines)[-1].strip()


def _date_pages(course, student: str, assignment: str) -> None:
    """Give each page the time of its notebook: by that it is known to be of this very one.

    Which of two is the younger would be a question to the clock, and clocks are set back.
    """
    graded = Path(course.format_path(course.autograded_directory, student, assignment))
    pages = Path(course.format_path(course.feedback_directory, student, assignment))
    for notebook in graded.glob("*.ipynb"):
        time = notebook.stat().st_mtime_ns
        os.utime(pages / f"{notebook.stem}.html", ns=(time, time))


def _api(log: Path):
    """nbgrader's API with this course's configuration, talking to the log file."""
    from nbgrader.apps.api import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import PyFileConfigLoader

    place = settings.nbgrader_config()
    config = PyFileConfigLoader(place.name, path=str(place.parent)).load_config()
    logger = logging.getLogger("grading.feedback.pages")
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
