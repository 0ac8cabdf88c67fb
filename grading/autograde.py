"""Grade an assignment's submissions, many at a time, each in a sandbox.

Takes the place of `nbgrader autograde`, with the same gradebook and folders: the formgrader,
feedback and export work on as usual. Grades on all cores of this machine, or on a Dask cluster.
May be interrupted at any moment; --resume then goes on, and grades nobody twice. Exit code 0: every
submission was graded (those that need a person are named); 1: some could not be; 2: did not start.
"""

from __future__ import annotations

import argparse
import fcntl
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from grading.coordinator.tally import Tally, summary
from grading.errors import GradingError
from grading.needs import need_nbgrader
from grading.options import add_assignment, add_course, add_students, positive

SUMMARY = "Grade submissions, many at a time, each in a sandbox."
SOME_FAILED = 1
GRADE = "grading.grade:grade_submission"


def autograde(
    name: str,
    course: Path | None = None,
    students: list[str] | None = None,
    jobs: int | None = None,
    scheduler: str | None = None,
    resume: bool = False,
    sandbox: str = "auto",
    say: Callable[[str], None] = print,
    function: str = GRADE,
) -> Tally:
    """Grade the submissions of the assignment `name`.

    Inputs:
    - course: the course's folder (None: the one that nbgrader_config.py names)
    - students: ids or patterns (None: everybody who handed something in)
    - jobs: how many at a time on this machine (None: one a core); scheduler: address of a Dask
      scheduler to grade on instead
    - resume: leave those alone whose submission and checks are as they were when they were graded
    - function: "module:name" of what grades a submission

    Raises GradingError where nothing can be graded; what was complete before stays so.
    """
    need_nbgrader()
    from grading.coordinator.course_folder import chosen, load_assignment, open_course
    from grading.coordinator.desk import Desk
    from grading.coordinator.gradebook_rows import late_penalty
    from grading.coordinator.pool import Job, open_pool
    from grading.coordinator.record import Recorder
    from grading.regrade.history import History
    from grading.regrade.state import Place
    from grading.regrade.writing import Writer, mend

    folder = open_course(course, f"autograde-{name}.log")
    assignment = load_assignment(folder, name, sandbox)
    who = chosen(folder.students(name), students)
    if not who:
        raise GradingError(f"There are no submissions: {folder.path('submitted', '*', name)}.")
    place, penalty = folder.directory, late_penalty(folder.config, folder.log)
    with (
        only_one(folder.root, name),
        Recorder(place.db_url, place.course_id, name, penalty) as book,
        History(folder.root, name) as history,
        open_pool(Job(assignment, function), jobs, scheduler, folder.log_file) as pool,
        tqdm(total=len(who), unit="student", desc="Graded", disable=None) as progress,
    ):
        where = Place(folder, book, name)
        mend(where, history)
        put = Writer(where, history, "autograde", assignment.checks_hash)
        desk = Desk(folder, assignment, book, progress, say, put)
        desk.grade(who, pool, resume)
    return desk.tally


@contextmanager
def only_one(course: Path, name: str) -> Iterator[None]:
    """Hold the course's lock on an assignment; the system lets it go when this process ends."""
    path = course / f".autograde-{name}.lock"
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise GradingError(
                f"{name} is being graded or collected by another process in {course}. Wait until "
                "that is done, or end it."
            ) from None
        yield


def configure(parser: argparse.ArgumentParser) -> None:
    add_assignment(parser)
    add_students(parser)
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--jobs", type=positive, metavar="N", help="submissions at a time (default: the cores)"
    )
    where.add_argument(
        "--scheduler", metavar="ADDRESS", help="grade on a Dask cluster (tcp://HOST:PORT)"
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--resume", action="store_true", help="skip submissions graded before by the same checks"
    )
    which.add_argument(
        "--changed",
        action="store_true",
        help="grade again only what changed checks or submissions touch; show whose score changes "
        "and why, then ask (exit code 1: something would change and was not written)",
    )
    answer = parser.add_mutually_exclusive_group()
    answer.add_argument("--yes", action="store_true", help="with --changed: write without asking")
    answer.add_argument("--dry-run", action="store_true", help="with --changed: only show")
    parser.add_argument(
        "--sandbox", metavar="NAME", default="auto", help="how to shut code in (default: auto)"
    )
    add_course(parser)


def run(args: argparse.Namespace) -> int:
    if args.changed:
        from grading.regrade.changed import run_changed

        return run_changed(args, GRADE)
    if args.yes or args.dry_run:
        raise GradingError("--yes and --dry-run belong to --changed: add it, or leave them out.")
    start = time.monotonic()
    try:
        tally = autograde(
            args.assignment,
            args.course,
            args.student,
            args.jobs,
            args.scheduler,
            args.resume,
            args.sandbox,
            function=GRADE,
        )
    except KeyboardInterrupt:
        print("\nWhat was graded is kept; --resume goes on from here.", file=sys.stderr)
        raise
    print(summary(tally, time.monotonic() - start))
    return SOME_FAILED if tally.ungraded else 0
