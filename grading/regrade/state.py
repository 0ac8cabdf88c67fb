"""What grading wrote for a student, as plain data: to be kept, compared and put back.

    {"timestamp", "grades": {"notebook/cell": [score, waits for a person]}, "comments":
     {"notebook/cell": [text]}, "report": hash, "files": {path: hash}}

What people gave (scores, comments, extra credit, extensions) is no part of it. None: never graded.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from nbgrader.api import BaseCell, Notebook
from sqlalchemy import Connection, and_, bindparam, or_, select

from grading import files
from grading.coordinator.course_folder import CourseFolder
from grading.coordinator.record import COMMENTS, GRADES, NOTEBOOKS, SUBMISSIONS, Recorder
from grading.reports import report_path

CELLS, SHEETS = BaseCell.__table__, Notebook.__table__
KINDS = {"grades": GRADES, "comments": COMMENTS}
VALUES = {"grades": ("auto_score", "needs_manual_grade"), "comments": ("auto_comment",)}
NOTHING = {"grades": [None, False], "comments": [None]}


@dataclass(frozen=True)
class Place:
    """Where an assignment's results are."""

    course: CourseFolder
    book: Recorder
    assignment: str

    def folder(self, student: str) -> Path:
        return self.course.path("autograded", student, self.assignment)

    def report(self, student: str) -> Path:
        return report_path(self.course.root, self.assignment, student)


def read(place: Place, students: Sequence[str], contents: dict[str, bytes] | None = None) -> dict:
    """student -> state (None where there is nothing). contents takes hash -> the files' bytes."""
    with place.book.engine.connect() as db:
        rows, _ = _rows(db, place.book.assignment_id, students)
    contents = {} if contents is None else contents
    return {s: _with_files(place, s, rows.get(s), contents) for s in students}


def _rows(db: Connection, assignment: str, students: Sequence[str]) -> tuple[dict, dict]:
    """Returns a tuple of: student -> state without files, (student, kind, cell) -> row's id."""
    mine = SUBMISSIONS.c.assignment_id == assignment, SUBMISSIONS.c.student_id.in_(students)
    columns = SUBMISSIONS.c.id, SUBMISSIONS.c.student_id, SUBMISSIONS.c.timestamp
    found, ids, owners, submissions = {}, {}, {}, {}
    for id, student, when in db.execute(select(*columns).where(*mine)):
        found[student] = {"timestamp": when and when.isoformat(), "grades": {}, "comments": {}}
        submissions[id] = student
    for id, submission, name in db.execute(_sheets(list(submissions))):
        owners[id] = submissions[submission], name
    cells = {id: name for id, name in db.execute(_cells_of(assignment))}
    for kind, table in KINDS.items():
        auto = [table.c[name] for name in VALUES[kind]]
        # By both columns: that is how nbgrader's tables are indexed.
        among = and_(table.c.cell_id.in_(list(cells)), table.c.notebook_id.in_(list(owners)))
        wanted = select(table.c.id, table.c.notebook_id, table.c.cell_id, *auto).where(among)
        for id, owner, cell, *values in db.execute(wanted):
            student, notebook = owners[owner]
            name = f"{notebook}/{cells[cell]}"
            found[student][kind][name] = values
            ids[student, kind, name] = id
    return found, ids


def _sheets(submissions: Sequence[str]):
    joined = NOTEBOOKS.join(SHEETS, NOTEBOOKS.c.notebook_id == SHEETS.c.id)
    columns = NOTEBOOKS.c.id, NOTEBOOKS.c.assignment_id, SHEETS.c.name
    return select(*columns).select_from(joined).where(NOTEBOOKS.c.assignment_id.in_(submissions))


def _cells_of(assignment: str):
    ours = select(SHEETS.c.id).where(SHEETS.c.assignment_id == assignment)
    return select(CELLS.c.id, CELLS.c.name).where(CELLS.c.notebook_id.in_(ours))


def _with_files(place: Place, student: str, state: dict | None, contents: dict) -> dict | None:
    """Files of a submission are the course's own here: links are not followed."""
    kept, folder, report = {}, place.folder(student), place.report(student)
    paths = {} if folder.is_symlink() else {
        p.relative_to(folder).as_posix(): p
        for p in folder.rglob("*") if p.is_file() and not p.is_symlink()
    }  # fmt: skip
    for name, path in sorted(paths.items()):
        kept[name] = _keep(path.read_bytes(), contents)
    about = _keep(report.read_bytes(), contents) if report.is_file() else None
    if state is None and not kept and about is None:
        return None
    empty = {"timestamp": None, "grades": {}, "comments": {}, "new": True}
    return (state or empty) | {"report": about, "files": kept}


def _keep(data: bytes, contents: dict[str, bytes]) -> str:
    name = hashlib.sha256(data).hexdigest()
    contents[name] = data
    return name


def scores(state: dict | None) -> dict[str, float]:
    """notebook/cell -> the machine's score."""
    return {cell: v[0] for cell, v in (state or {"grades": {}})["grades"].items()}


def is_still(now: dict | None, then: dict | None) -> bool:
    """Whether the machine's scores and comments are as a run left them.

    A person may have ended a wait since; files may have been made again with the same scores.
    """
    return _words(now) == _words(then)


def _words(state: dict | None):
    """Rows without a word say as much as no rows."""
    state = state or {"grades": {}, "comments": {}}
    comments = {cell: text for cell, (text,) in state["comments"].items() if text is not None}
    return {cell: s for cell, s in scores(state).items() if s is not None}, comments


def put_back(
    place: Place,
    wanted: Mapping[str, dict | None],
    wrote: Mapping[str, dict | None],
    content: Callable[[str], bytes],
) -> None:
    """Make the machine's part of students' results what it was.

    wanted: student -> the state to have; wrote: as the run left it
    content: a hash's bytes. Files go first, then the gradebook, the report last, as in grading.
    """
    for student, state in wanted.items():
        _put_files(place, student, state, content)
    with place.book.engine.begin() as db:
        _put_rows(db, place.book.assignment_id, wanted, wrote)
    place.book.renew_penalties([s for s in wanted if wanted[s] is not None])
    for student, state in wanted.items():
        if state is not None and state["report"] is not None:
            files.write_all({place.report(student): content(state["report"])})
        else:
            place.report(student).unlink(missing_ok=True)


def _put_files(place: Place, student: str, state: dict | None, content: Callable) -> None:
    folder = place.folder(student)
    new, old = (folder.with_name(f".{folder.name}.{word}.tmp") for word in ("new", "old"))
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)
    for name, hash in (state["files"] if state else {}).items():
        (new / name).parent.mkdir(parents=True, exist_ok=True)
        (new / name).write_bytes(content(hash))
    if os.path.lexists(folder):
        folder.rename(old)
    if new.is_dir():
        new.rename(folder)
        place.course.converter.set_permissions(place.assignment, student)
    if old.is_symlink():
        old.unlink()
    shutil.rmtree(old, ignore_errors=True)


def _put_rows(db: Connection, assignment: str, wanted: Mapping, wrote: Mapping) -> None:
    there, ids = _rows(db, assignment, list(wanted))
    changes = {"grades": [], "comments": []}
    for student, current in there.items():
        state = wanted[student]
        mine = SUBMISSIONS.c.assignment_id == assignment, SUBMISSIONS.c.student_id == student
        if state is None or state.get("new"):
            if _removed(db, db.scalar(select(SUBMISSIONS.c.id).where(*mine))):
                continue
        else:
            when = state["timestamp"] and datetime.fromisoformat(state["timestamp"])
            db.execute(SUBMISSIONS.update().where(*mine).values(timestamp=when))
        for kind, rows in changes.items():
            for cell, values in current[kind].items():
                new = list((state or {}).get(kind, {}).get(cell, NOTHING[kind]))
                left = ((wrote.get(student) or {}).get(kind) or {}).get(cell)
                if kind == "grades" and left is not None and left[1] != values[1]:
                    new[1] = values[1]  # a person has dealt with it since
                named = {f"new_{n}": v for n, v in zip(VALUES[kind], new, strict=True)}
                rows.append({"key": ids[student, kind, cell]} | named)
    for kind, table in KINDS.items():
        if changes[kind]:
            values = {name: bindparam(f"new_{name}") for name in VALUES[kind]}
            change = table.update().where(table.c.id == bindparam("key")).values(values)
            db.execute(change, changes[kind])


def _removed(db: Connection, submission: str) -> bool:
    """Remove a submission's rows, if nobody gave anything to it by hand."""
    sheets = [row[0] for row in db.execute(_sheets([submission]))]
    if _by_people(db, submission, sheets):
        return False
    for table in KINDS.values():
        db.execute(table.delete().where(table.c.notebook_id.in_(sheets)))
    db.execute(NOTEBOOKS.delete().where(NOTEBOOKS.c.assignment_id == submission))
    db.execute(SUBMISSIONS.delete().where(SUBMISSIONS.c.id == submission))
    return True


def _by_people(db: Connection, submission: str, sheets: Sequence[str]) -> bool:
    """Whether somebody gave something to a submission by hand."""
    given = GRADES.c.manual_score.is_not(None), GRADES.c.extra_credit.is_not(None)
    questions = (
        select(GRADES.c.id).where(GRADES.c.notebook_id.in_(sheets), or_(*given)),
        select(COMMENTS.c.id).where(
            COMMENTS.c.notebook_id.in_(sheets), COMMENTS.c.manual_comment.is_not(None)
        ),
        select(SUBMISSIONS.c.id).where(
            SUBMISSIONS.c.id == submission, SUBMISSIONS.c.extension.is_not(None)
        ),
    )
    return any(db.execute(question.limit(1)).first() for question in questions)
