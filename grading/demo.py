"""Grade a sample class with nbgrader, from the sources of the notebooks to feedback pages.

Builds the assignments, lays out the submissions of a made-up class as downloads, and takes them
through all steps: collect, autograde, feedback, export. Everything is written to one folder,
grading/work/demo, which git ignores; each run begins afresh.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

from grading import build, sample_class, settings
from grading.autograde import autograde
from grading.class_table import class_table, differences
from grading.errors import GradingError
from grading.feedback.pages import write_pages
from grading.needs import need_nbgrader
from grading.options import positive
from grading.reports import read_report
from grading.sample_class import ASSIGNMENT, STUDENTS, Student
from grading.settings import GRADING
from grading.solutions import read_solutions

SUMMARY = "Build everything and grade a sample class, to see it work."
COURSE = GRADING / "work" / "demo"
FAILED = 1

# A sample class should not keep a newcomer waiting; a real one gets more generous limits.
LIMITS = {
    "CS231N_CHECK_SECONDS": "2",
    "CS231N_CELL_SECONDS": "30",
    "CS231N_NOTEBOOK_SECONDS": "90",
}


def demo(
    course: Path = COURSE,
    students: list[Student] = STUDENTS,
    jobs: int | None = None,
    keep: bool = False,
    sandbox: str = "auto",
    say: Callable[[str], None] = print,
) -> dict[str, dict]:
    """Grade the sample class in the folder ``course``.

    Inputs:
    - course: made afresh, unless `keep`
    - jobs: students graded at the same time (default: one a core, at most 4)
    - keep: go on with what an earlier run left, grading only who is missing
    - sandbox: how the students' code is shut in
    - say: where to announce the steps

    Returns student -> report: {"notebooks": {name: score card with "repairs"}}.
    """
    need_nbgrader()
    jobs = jobs or min(4, os.cpu_count() or 1)
    if not keep:
        _make_empty(course)
    course.mkdir(parents=True, exist_ok=True)
    log = course / "demo.log"
    log.touch()  # from now on the folder can be told to be ours
    # Without the course's secret, the sample class gets the same numbers everywhere; and it has a
    # gradebook of its own, whatever database the course uses.
    own = {
        "CS231N_COURSE": str(course),
        "CS231N_COURSE_SECRET": "",
        "CS231N_DATABASE_URL": f"sqlite:///{course.resolve()}/gradebook.db?timeout=60",
    }
    with _environment(own | LIMITS):
        say("Building the assignments …")
        build.build(course, course / "assignments")
        if not keep or not (course / "submitted").is_dir():
            say(f"Collecting {len(students)} submissions …")
            lay_out(course, students)
            nbgrader(["zip_collect", ASSIGNMENT, "--force"], log)
        say(f"Grading with {jobs} process{'es' * (jobs > 1)} …")
        tally = autograde(ASSIGNMENT, course, jobs=jobs, resume=True, sandbox=sandbox, say=say)
        waiting = [s.id for s in students if s.id in tally.graded or not _has_pages(course, s)]
        say("Writing feedback …")
        for student, problem in write_pages(ASSIGNMENT, waiting, jobs, log, say).items():
            raise GradingError(
                f"The feedback of {student} could not be written: {problem}\nDetails are in {log}"
            )
        nbgrader(["export", "--to", str(course / "grades.csv")], log)
    return _reports(course, students)


def lay_out(course: Path, students: list[Student]) -> None:
    """Put the class's submissions where a learning platform's downloads go: a zip a student."""
    folder = course / "downloaded" / ASSIGNMENT / "archive"
    folder.mkdir(parents=True, exist_ok=True)
    released = {
        name: build.student_notebook(ASSIGNMENT, name, course / "assignments")
        for name in build.assignments()[ASSIGNMENT]
    }
    reference = sample_class.reference_answers(read_solutions(settings.REFERENCE))
    for student in students:
        files = sample_class.handed_in(student, released, reference)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        (folder / f"{student.id}.zip").write_bytes(packed.getvalue())


def nbgrader(arguments: list[str], log: Path) -> None:
    """Run one of nbgrader's commands in grading/, where its configuration is."""
    with log.open("a", encoding="utf-8") as file:
        file.write(f"\n== nbgrader {' '.join(arguments)}\n")
        file.flush()
        command = [sys.executable, "-m", "nbgrader", *arguments]
        done = subprocess.run(
            command, cwd=GRADING, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT
        )
    if done.returncode:
        last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1]
        raise GradingError(f"nbgrader {arguments[0]} failed: {last}\nAll it said is in {log}")


def _has_pages(course: Path, student: Student) -> bool:
    pages = (course / "feedback" / student.id / ASSIGNMENT).glob("*.html")
    return {page.stem for page in pages} >= set(build.assignments()[ASSIGNMENT])


def _reports(course: Path, students: list[Student]) -> dict[str, dict]:
    return {s.id: read_report(course, ASSIGNMENT, s.id) for s in students}


def _make_empty(course: Path) -> None:
    """Remove an earlier run; anything else in that place is somebody's and stays."""
    if not course.exists():
        return
    if not course.is_dir() or (any(course.iterdir()) and not (course / "demo.log").exists()):
        raise GradingError(
            f"{course} is not what an earlier demonstration left, so it is not removed. "
            "Move it away and run the command again."
        )
    for path in course.iterdir():
        if path.name == "demo.log":  # last: by it the rest is known to be ours
            continue
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    shutil.rmtree(course)


@contextmanager
def _environment(values: dict[str, str]):
    """Environment variables set for a while; those of the limits that are set already win."""
    wanted = {k: os.environ.get(k, v) if k in LIMITS else v for k, v in values.items()}
    before = {k: os.environ.get(k) for k in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--course",
        metavar="DIR",
        type=Path,
        default=COURSE,
        help="where everything is written (default: grading/work/demo)",
    )
    parser.add_argument(
        "--keep", action="store_true", help="go on with an earlier run, grading who is missing"
    )
    parser.add_argument(
        "--jobs", type=positive, metavar="N", help="students graded at once (default: the cores)"
    )
    parser.add_argument(
        "--sandbox", metavar="NAME", default="auto", help="how to shut code in (default: auto)"
    )


def run(args: argparse.Namespace) -> int:
    start, course = time.monotonic(), args.course.resolve()
    try:
        reports = demo(course, jobs=args.jobs, keep=args.keep, sandbox=args.sandbox)
    except KeyboardInterrupt:
        place = os.path.relpath(course)
        print(f"\nOnly {place} was written to; the next run clears it.", file=sys.stderr)
        raise
    about = {student.id: student.about for student in STUDENTS}
    print()
    print(class_table(reports, about))
    print(f"\nGraded {len(reports)} students in {time.monotonic() - start:.0f} s.")
    wrong = differences(reports, sample_class.expected())
    print("\n".join(wrong) or "Every score is what the hand-written table says it should be.")
    print(_where(course))
    return FAILED if wrong else 0


def _where(course: Path) -> str:
    here = Path(os.path.relpath(course))
    rows = [
        ("gradebook", here / "gradebook.db"),
        ("grades", here / "grades.csv"),
        ("feedback pages", here / "feedback" / STUDENTS[4].id / ASSIGNMENT / "2_convolution.html"),
        ("reports", here / "reports" / ASSIGNMENT),
        ("nbgrader's log", here / "demo.log"),
        ("formgrader", f"CS231N_COURSE={os.path.abspath(course)} jupyter lab  (in grading/)"),
    ]
    return "\n".join(f"  {name:<15} {place}" for name, place in rows)
