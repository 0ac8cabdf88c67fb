"""The gradebook's grades of assignments, a row a student."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
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
    return [
        _row(assignment, student, submissions.get(student.id))
        for student in gradebook.students
        if not students or student.id in students
    ]


def _row(assignment, student, submission) -> Row:
    raw = penalty = 0.0
    if submission is not None:
        raw, penalty = float(submission.score), float(submission.late_submission_penalty)
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
        needs_review=submission is not None and bool(submission.needs_manual_grade),
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
