"""A small class that was graded by the fake grader, in this process: cheap to grade again."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from grading.coordinator import desk, pool
from grading.regrade import changed
from grading.tests import fake_grading
from grading.tests import graded_course as kit

STUDENTS = ("ann", "böb", "cal")


@cache
def graded(folder: Path) -> kit.Course:
    """The class: built and graded once a process. To be copied."""
    course = kit.build_course(folder / "regraded-class")
    for student in STUDENTS:
        course.hand_in(student, write=("double", student))
    with pytest.MonkeyPatch.context() as patch:
        grade_here(patch, [])
        course.grade()
    return course


def grade_here(patch, seen: list) -> None:
    """Grade without workers. seen: takes (student, notebooks graded) of each submission."""

    def answers(submissions, assignment):
        for submission in submissions:
            result = fake_grading.grade(assignment, submission)
            seen.append((submission.student, sorted(result.notebooks)))
            yield submission, "graded", result

    @contextmanager
    def no_pool(job, *options):
        yield job.assignment

    patch.setattr(desk, "answers", answers)
    patch.setattr(pool, "open_pool", no_pool)
    patch.setattr(changed, "open_pool", no_pool)


def everything(course) -> tuple[list, dict]:
    """All that grading writes: rows of the gradebook, reports, autograded files."""
    folders = [course.root / "reports", course.root / "autograded"]
    files = {p: p.read_bytes() for f in folders for p in f.rglob("*") if p.is_file()}
    return kit.rows(course.db_url), files
