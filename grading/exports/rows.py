"""The gradebook's grades of assignments, a row a student."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from nbgrader.api import (
    Grade,
    Gradebook,
    MissingEntry,
    SubmittedAssignment,
    SubmittedNotebook,
)
from sqlalchemy import case, func, select
from sqlalchemy.exc import SQLAlchemyError

from grading.errors import GradingError
from grading.gradebook import say_if_locked


@dataclass(frozen=True)
class Row:
    """One student's grade of one assignment; timestamp None and score 0: nothing was handed in.

    needs_review: whether a person still has to look at it, so that the score is not final
    """

    assignment: str
    duedate: datetime | None
    timestamp: datetime | None
    student_id: str
    last_name: str
    first_name: str
    email: str
    lms_user_id: str
    raw_score: float
    late_submission_penalty: float
    score: float
    max_score: float
    submitted: bool
    needs_review: bool


# nbgrader's own table of grades, and one column more.
COLUMNS = (
    "assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email",
    "raw_score", "late_submission_penalty", "score", "max_score", "needs_review",
)  # fmt: skip


def rows_of(gradebook: Gradebook, assignment, students: Collection[str] = ()) -> list[Row]:
    """The rows of one of the gradebook's assignments; of these students only, if any are named."""
    submissions = {s.student_id: s for s in assignment.submissions}
    points, penalties = _points(gradebook.db, assignment), _penalties(gradebook.db, assignment)
    rows = []
    for student in gradebook.students:
        if students and student.id not in students:
            continue
        submission = submissions.get(student.id)
        id = submission and submission.id
        raw, waits = points.get(id, (0.0, False))
        rows.append(_row(assignment, student, submission, raw, penalties.get(id, 0.0), waits))
    return rows


def _points(db, assignment) -> dict[str, tuple[float, bool]]:
    """Submission's id -> its points, whether a person must look at it.

    As nbgrader's `score` and `needs_manual_grade` have them, for all in one statement: nbgrader
    would look through the grades of the whole class for each student.
    """
    waits = func.max(case((Grade.needs_manual_grade, 1), else_=0))
    found = (
        select(SubmittedNotebook.assignment_id, func.sum(Grade.score), waits)
        .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
        .join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
        .where(SubmittedAssignment.assignment_id == assignment.id)
        .group_by(SubmittedNotebook.assignment_id)
    )
    return {id: (float(score or 0.0), bool(waiting)) for id, score, waiting in db.execute(found)}


def _penalties(db, assignment) -> dict[str, float]:
    """Submission's id -> the points that lateness costs."""
    penalty = func.sum(SubmittedNotebook.late_submission_penalty)
    found = (
        select(SubmittedNotebook.assignment_id, penalty)
        .join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
        .where(SubmittedAssignment.assignment_id == assignment.id)
        .group_by(SubmittedNotebook.assignment_id)
    )
    return {id: float(points or 0.0) for id, points in db.execute(found)}


def _row(assignment, student, submission, raw: float, penalty: float, waits: bool) -> Row:
    return Row(
        assignment=assignment.name,
        duedate=assignment.duedate,
        timestamp=submission and submission.timestamp,
        student_id=student.id,
        last_name=student.last_name or "",
        first_name=student.first_name or "",
        email=student.email or "",
        lms_user_id=student.lms_user_id or "",
        raw_score=raw,
        late_submission_penalty=penalty,
        score=max(0.0, raw - penalty),
        max_score=float(assignment.max_score),
        submitted=submission is not None,
        needs_review=waits,
    )


def read_rows(course: Path | None, name: str) -> list[Row]:
    """The grades of an assignment of the course in a folder."""
    from grading.coordinator.course_folder import open_course

    place = open_course(course, "export.log").directory
    _must_exist(place.db_url)
    say_if_locked(place.db_url)
    try:
        with Gradebook(place.db_url, place.course_id) as gradebook:
            try:
                assignment = gradebook.find_assignment(name)
            except MissingEntry:
                known = ", ".join(a.name for a in gradebook.assignments) or "none"
                raise GradingError(
                    f"The gradebook has no assignment {name}. It has: {known}."
                ) from None
            return rows_of(gradebook, assignment)
    except SQLAlchemyError as problem:
        said = str(problem).splitlines()[0]
        raise GradingError(f"The gradebook {place.db_url} cannot be read: {said}") from None


def _must_exist(db_url: str) -> None:
    path = Path(db_url.removeprefix("sqlite:///").partition("?")[0])
    if db_url.startswith("sqlite:///") and not path.is_file():
        raise GradingError(
            f"There is no gradebook {path}. Build the course and grade it first: "
            "python -m grading build, python -m grading autograde ASSIGNMENT."
        )
