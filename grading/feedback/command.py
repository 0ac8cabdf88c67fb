"""Write the feedback pages of an assignment, several students at a time.

Takes the place of `nbgrader generate_feedback`: the same pages, in COURSE/feedback. They say what
the gradebook says now, so write them again when people have given points. May be interrupted;
--resume leaves whole pages of the last grading alone. Exit code 0: who was graded has
pages; 1: some could not be written, and are named; 2: did not start.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from grading.autograde import only_one
from grading.errors import GradingError
from grading.needs import need_nbgrader
from grading.options import add_assignment, add_course, add_students, positive

SUMMARY = "Write the pages that students get back, several at a time."
SOME_FAILED = 1
SHOWN = 10  # failures that are printed


def configure(parser: argparse.ArgumentParser) -> None:
    add_assignment(parser)
    add_students(parser)
    parser.add_argument(
        "--jobs", type=positive, metavar="N", help="students at a time (default: the cores)"
    )
    parser.add_argument(
        "--resume", action="store_true", help="leave whole pages of the last grading alone"
    )
    add_course(parser)


def run(args: argparse.Namespace) -> int:
    need_nbgrader()
    from grading.coordinator.course_folder import chosen, open_course
    from grading.coordinator.tally import shown
    from grading.feedback.pages import write_pages

    name = args.assignment
    course = open_course(args.course, f"feedback-{name}.log")
    graded = [s for s in course.students(name) if course.path("autograded", s, name).is_dir()]
    if not graded:
        raise GradingError(
            f"Nothing of {name} is graded yet: run `python -m grading autograde {name}` first."
        )
    who = chosen(graded, args.student)
    if args.resume:
        who = [student for student in who if not has_pages(course, student, name)]
    jobs = args.jobs or os.cpu_count() or 1
    with only_one(course.root, name):
        failed = write_pages(name, who, jobs, course.log_file, print, course.root)
    pages = course.path("feedback", "STUDENT", name)
    done = len(who) - len(failed)
    print(f"{done} student{' has' if done == 1 else 's have'} feedback: {pages}")
    for student, problem in list(failed.items())[:SHOWN]:
        print(f"No feedback for {shown(student)}: {shown(problem)}", file=sys.stderr)
    if failed:
        print(f"{len(failed)} have none; details are in {course.log_file}", file=sys.stderr)
    return SOME_FAILED if failed else 0


def has_pages(course, student: str, assignment: str) -> bool:
    """Whether each autograded notebook has a whole page that was made of it."""
    graded = course.path("autograded", student, assignment)
    pages = course.path("feedback", student, assignment)
    return all(_is_whole(pages / f"{path.stem}.html", path) for path in graded.glob("*.ipynb"))


def _is_whole(page: Path, notebook: Path) -> bool:
    try:
        if page.stat().st_mtime_ns != notebook.stat().st_mtime_ns:
            return False
        with page.open("rb") as file:
            file.seek(max(0, page.stat().st_size - 100))
            return file.read().rstrip().endswith(b"</html>")
    except FileNotFoundError:
        return False
