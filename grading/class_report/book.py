"""What nbgrader's gradebook says of an assignment. It is only read, and in a few statements."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
from nbgrader.api import (
    Assignment,
    Grade,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from sqlalchemy import create_engine, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from grading.coordinator.gradebook_rows import cells_of
from grading.errors import GradingError
from grading.gradebook import is_missing_file, say_if_locked

GRADES, NOTEBOOKS = Grade.__table__, SubmittedNotebook.__table__
SUBMISSIONS, STUDENTS = SubmittedAssignment.__table__, Student.__table__


@dataclass(frozen=True)
class Part:
    """A graded cell. exercise: what hidden checks grade in it; None where a person grades."""

    notebook: str
    cell: str
    exercise: str | None
    points: float

    @property
    def name(self) -> str:
        return self.exercise or self.cell


@dataclass
class Person:
    """Somebody on the class list. when: of the hand-in, UTC; late: seconds after it was due.

    attempts: how often somebody handed in, as far as `collect` found it (0: not known)
    penalty: points taken off for that; flagged: notebooks that a person marked in the formgrader
    """

    id: str
    name: str = ""
    handed_in: bool = False
    when: datetime | None = None
    late: float = 0.0
    penalty: float = 0.0
    attempts: int = 0
    flagged: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Book:
    """A class's scores.

    people: N of them, by id, those who handed nothing in included
    parts: P graded cells, in the notebooks' order
    scores: (N, P) points, NaN where there is no score yet
    waits: (N, P) bool, True where the gradebook waits for a person
    by_hand: (N, P) bool, True where a person has given the score
    """

    assignment: str
    due: datetime | None
    parts: list[Part]
    people: list[Person]
    scores: np.ndarray
    waits: np.ndarray
    by_hand: np.ndarray


def read_book(db_url: str, assignment: str, release: Path) -> Book:
    """Read a class from the gradebook. release: folder of the notebooks as students got them."""
    if is_missing_file(db_url):
        path = db_url.removeprefix("sqlite:///").partition("?")[0]
        raise GradingError(f"There is no gradebook {path}. {_FIRST}")
    say_if_locked(db_url)
    try:
        engine = create_engine(db_url)
        try:
            with Session(engine) as db:
                return _read(db, assignment, release)
        finally:
            engine.dispose()
    except (SQLAlchemyError, ImportError) as problem:
        raise GradingError(
            f"The gradebook could not be read: {str(problem).splitlines()[0]}"
        ) from None


_FIRST = (
    "Run `python -m grading build` and `python -m grading autograde ASSIGNMENT` first, or name the "
    "course's folder with --course."
)


def _read(db: Session, name: str, release: Path) -> Book:
    assignment = db.scalars(select(Assignment).where(Assignment.name == name)).one_or_none()
    if assignment is None:
        known = ", ".join(sorted(db.scalars(select(Assignment.name)))) or "none"
        raise GradingError(f"The gradebook knows no {name!r}; it knows: {known}. {_FIRST}")
    parts = _parts(assignment.notebooks, release)
    people = _people(db, assignment)
    if not any(person.handed_in for person in people.values()):
        raise GradingError(f"Nothing of {name} is graded yet. {_FIRST}")
    columns = {cell: number for number, cell in enumerate(parts)}
    rows = {id: number for number, id in enumerate(people)}
    owners = _notebooks(db, assignment, people, rows)
    shape = len(people), len(parts)
    scores, waits = np.full(shape, np.nan), np.zeros(shape, bool)
    by_hand = np.zeros(shape, bool)
    grade = GRADES.c
    wanted = select(
        grade.notebook_id,
        grade.cell_id,
        grade.auto_score,
        grade.manual_score,
        grade.extra_credit,
        grade.needs_manual_grade,
    ).where(grade.cell_id.in_(columns))
    for notebook, cell, auto, manual, extra, waiting in db.execute(wanted):
        if notebook not in owners:
            continue
        place = owners[notebook], columns[cell]
        score = auto if manual is None else manual
        if score is not None:
            scores[place] = score + (extra or 0.0)
        waits[place], by_hand[place] = waiting, manual is not None
    found = list(parts.values())
    return Book(name, assignment.duedate, found, list(people.values()), scores, waits, by_hand)


def _parts(notebooks, release: Path) -> dict[str, Part]:
    """Cell's id in the gradebook -> the part, in the order of the released notebooks."""
    found = []
    for notebook in notebooks:
        cells, order = cells_of(notebook), _order(release / f"{notebook.name}.ipynb")
        for cell in [*notebook.grade_cells, *notebook.task_cells]:
            part = Part(
                notebook.name, cell.name, cells.exercises.get(cell.name), cell.max_score or 0.0
            )
            found.append(
                (notebook.name, order.get(cell.name, len(order)), cell.name, cell.id, part)
            )
    return {id: part for *_, id, part in sorted(found, key=lambda item: item[:3])}


def _order(path: Path) -> dict[str, int]:
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except FileNotFoundError:
        return {}
    about = (cell["metadata"].get("nbgrader", {}) for cell in cells)
    return {a["grade_id"]: number for number, a in enumerate(about) if a.get("grade_id")}


def _people(db: Session, assignment) -> dict[str, Person]:
    student, given = STUDENTS.c, SUBMISSIONS.c
    people = {}
    for id, first, last in db.execute(select(student.id, student.first_name, student.last_name)):
        people[id] = Person(id, ", ".join(filter(None, [last, first])))
    mine = select(given.student_id, given.timestamp, given.extension)
    for id, when, extension in db.execute(mine.where(given.assignment_id == assignment.id)):
        person = people.setdefault(id, Person(id))
        person.handed_in, person.when = True, when
        if when is not None and assignment.duedate is not None:
            late = (when - assignment.duedate).total_seconds()
            person.late = max(0.0, late - (extension.total_seconds() if extension else 0.0))
    return dict(sorted(people.items()))


def _notebooks(db: Session, assignment, people: dict, rows: dict) -> dict[str, int]:
    """Submitted notebook's id -> its student's row; penalties and flags go to the people."""
    names = {notebook.id: notebook.name for notebook in assignment.notebooks}
    there, given = NOTEBOOKS.c, SUBMISSIONS.c
    wanted = (
        select(
            there.id,
            there.notebook_id,
            there.flagged,
            there.late_submission_penalty,
            given.student_id,
        )
        .join(SUBMISSIONS, there.assignment_id == given.id)
        .where(given.assignment_id == assignment.id)
    )
    owners = {}
    for id, notebook, flagged, penalty, student in db.execute(wanted):
        owners[id] = rows[student]
        people[student].penalty += penalty or 0.0
        if flagged:
            people[student].flagged.add(names[notebook])
    return owners
