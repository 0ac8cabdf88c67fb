"""A graded class that nobody taught: a course with a gradebook and reports, made from a seed.

    python -m grading.tests.made_up_class DIR 3000      # to look at the report of a large class

The exercises, checks and mistakes are the course's own; nothing is run.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from nbgrader.api import (
    Assignment,
    Base,
    Course,
    Grade,
    GradeCell,
    Notebook,
    SourceCell,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from grading import checks, settings
from grading.class_report.book import read_book
from grading.class_report.cards import read_cards
from grading.class_report.numbers import Numbers, numbers
from grading.mistakes import bank

COURSE, ASSIGNMENT = settings.load().course_id, "week1"
DUE = datetime(2026, 3, 2, 23, 59)
NOTEBOOKS = {
    "1_dense": ("affine_forward", "affine_backward", "relu_forward", "svm_loss", "softmax_loss"),
    "2_convolution": ("conv_output_size", "conv_forward_naive", "conv_backward_naive"),
    "3_pooling": ("max_pool_forward_naive", "max_pool_backward_naive", "avg_pool_forward"),
}
QUESTION = 2.0  # points of the one question in words of each notebook
NAMES = (
    ("Ada", "Lovelace"),
    ("محمد", "الخوارزمي"),
    ("Zoë “Z” <b>", "O'Neil & Sons"),
    ("=cmd|'/C calc'!A0", "</script><script>alert(1)</script>"),
    ("two\nlines", "left\u202eto right"),
    ("N" * 128, "L" * 128),
    ("", ""),
)


def make_class(root: Path, size: int, seed: int = 0, due: datetime | None = DUE) -> Path:
    """Make the course in a new folder. Of each 50 on the list one hands nothing in.

    The first hands everything in and in time, with all points; the second cannot be read in part;
    the third is late.
    """
    rng = np.random.default_rng(seed)
    root.mkdir(parents=True)
    (root / "reports" / ASSIGNMENT).mkdir(parents=True)
    engine = create_engine(url(root))
    Base.metadata.create_all(engine)
    with Session(engine) as db:
        cells = _make_assignment(db, root, due)
        rows = {table: [] for table in (Student, SubmittedAssignment, SubmittedNotebook, Grade)}
        for number in range(size):
            _add_student(rows, cells, number, rng, root)
        for table, some in rows.items():
            db.execute(table.__table__.insert(), some)
        db.commit()
    engine.dispose()
    return root


def _make_assignment(db: Session, root: Path, due: datetime | None) -> dict:
    """Returns notebook's name -> (its id, [(cell's id, its name, exercise or None, points)]), and
    "" -> the assignment's id."""
    db.add(Course(id=COURSE))
    assignment = Assignment(name=ASSIGNMENT, duedate=due, course_id=COURSE)
    db.add(assignment)
    db.flush()
    found = {"": assignment.id}
    release = root / "release" / ASSIGNMENT
    release.mkdir(parents=True)
    for name, exercises in NOTEBOOKS.items():
        notebook = Notebook(name=name, assignment_id=assignment.id)
        db.add(notebook)
        db.flush()
        cells, order = [], []
        for exercise in [*exercises, None]:
            cell = f"{exercise}-check" if exercise else f"why-{name}"
            points, kind = (4.0, "code") if exercise else (QUESTION, "markdown")
            source = f'grading.checks.grade_cell("{exercise}", globals(), 4)' if exercise else "?"
            about = {"name": cell, "notebook_id": notebook.id, "cell_type": kind}
            graded = GradeCell(max_score=points, **about)
            db.add_all([graded, SourceCell(source=source, **about)])
            db.flush()
            cells.append((graded.id, cell, exercise, points))
            order.append({"metadata": {"nbgrader": {"grade_id": cell}}, "source": source})
        (release / f"{name}.ipynb").write_text(json.dumps({"cells": order}))
        found[name] = notebook.id, cells
    return found


def _add_student(rows: dict, cells: dict, number: int, rng, root: Path) -> None:
    id = f"s{number:05}"
    first, last = NAMES[number % len(NAMES)] if number < 50 else (f"First{number}", f"Last{number}")
    rows[Student].append({"id": id, "first_name": first or None, "last_name": last or None})
    if number % 50 == 49:
        return
    hours = rng.gamma(1.5, 20) if number != 2 else -5.0
    hours = hours - 6 if number > 2 and rng.random() < 0.2 else hours
    when = DUE - timedelta(hours=round(float(hours), 2))
    rows[SubmittedAssignment].append(
        {"id": id, "student_id": id, "assignment_id": cells[""], "timestamp": when}
    )
    ability = 1.0 if number == 0 else float(rng.beta(5, 1.6))
    report = {"assignment": ASSIGNMENT, "student": id, "notebooks": {}, "checks_hash": "1"}
    for name in NOTEBOOKS:
        notebook, graded = cells[name]
        reason = None
        if (number == 1 and name == "2_convolution") or (number > 2 and rng.random() < 0.004):
            reason = "the file is cut off before its end"
        key = f"{id}-{name}"
        late = 1.0 if number == 2 else 0.0
        rows[SubmittedNotebook].append(
            {"id": key, "assignment_id": id, "notebook_id": notebook, "flagged": False,
             "late_submission_penalty": late}
        )  # fmt: skip
        exercises = {}
        for cell, called, exercise, points in graded:
            if exercise is None:
                given = None if reason or (number and rng.random() < 0.3) else points
                rows[Grade].append(_grade(key, cell, called, None, given, given is None))
                continue
            result = _result(exercise, points, ability, rng, reason)
            exercises[exercise] = result
            score = result["score"] if result["graded"] else None
            rows[Grade].append(_grade(key, cell, called, score, None, bool(reason)))
        report["notebooks"][name] = {"exercises": exercises, "needs_review": reason}
    data = json.dumps(report, indent=2, ensure_ascii=False)
    (root / "reports" / ASSIGNMENT / f"{id}.json").write_text(data, encoding="utf-8")


def _grade(notebook: str, cell: str, name: str, auto, manual, waits: bool) -> dict:
    return {
        "id": f"{notebook}-{name}",
        "notebook_id": notebook,
        "cell_id": cell,
        "auto_score": auto,
        "manual_score": manual,
        "needs_manual_grade": waits,
    }


def _result(exercise: str, points: float, ability: float, rng, reason: str | None) -> dict:
    """A score card's exercise: right, not written, a known mistake, or something else."""
    result = {"score": 0.0, "max_score": points, "graded": reason is None, "checks": []}
    if reason:
        return result | {"mistakes": []}
    wrong, kind = rng.random() > ability, rng.random()
    mistakes = []
    for number, check in enumerate(checks.EXERCISES[exercise].checks):
        fails = wrong and (kind < 0.3 or rng.random() < 0.4 or number == 1)
        message = ""
        if fails and kind < 0.3:
            message = f"{exercise} is not implemented yet: put your code in place of its line."
        elif fails:
            message = f"out[0, {int(rng.integers(3))}] has another value than it should have."
        line = {"name": check.name, "passed": not fails, "weight": check.weight}
        result["checks"].append(line | {"message": message})
    if wrong and kind > 0.5:
        known = bank().get(exercise, ())
        # Few mistakes are made often: the first ones of the bank.
        chosen = known[min(int(rng.exponential(1.5)), len(known) - 1)] if known else None
        mistakes = [{"name": chosen.name, "says": chosen.says}] if chosen else []
    weight = sum(check["weight"] for check in result["checks"])
    passed = sum(check["weight"] for check in result["checks"] if check["passed"])
    return result | {"score": round(points * passed / weight, 2), "mistakes": mistakes}


def url(course: Path) -> str:
    return f"sqlite:///{course}/gradebook.db"


def read(course: Path) -> Numbers:
    """The class's numbers."""
    found = read_book(url(course), ASSIGNMENT, course / "release" / ASSIGNMENT)
    students = [person.id for person in found.people if person.handed_in]
    return numbers(found, read_cards(course / "reports" / ASSIGNMENT, students))


def change(course: Path, statement: str, **values) -> None:
    """Change the gradebook by a statement that must find something to change."""
    engine = create_engine(url(course))
    with engine.begin() as db:
        assert db.execute(text(statement), values).rowcount
    engine.dispose()


def edit_report(course: Path, student: str, edit) -> None:
    """Change a student's report. edit: changes its data in place."""
    path = course / "reports" / ASSIGNMENT / f"{student}.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    edit(data)
    path.write_text(json.dumps(data), encoding="utf-8")


if __name__ == "__main__":
    make_class(Path(sys.argv[1]), int(sys.argv[2]))
