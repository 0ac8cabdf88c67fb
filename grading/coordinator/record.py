"""Writing graded submissions into nbgrader's gradebook, many at a time.

What stands in the gradebook afterwards is what ``nbgrader autograde`` and grading/save_scores.py
leave there; tests compare the two row by row. nbgrader asks the database several times for each
cell of each student. Here the assignment's cells are read once, and a whole batch of submissions is
read and written in about ten statements and one transaction: it is recorded whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from nbgrader.api import (
    Comment,
    Grade,
    Gradebook,
    MissingEntry,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
    new_uuid,
)
from sqlalchemy import Boolean, Connection, Engine, Float, Table, and_, bindparam, case, select
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from grading.coordinator.gradebook_rows import Penalty, cells_of, comments, grades, read_cells
from grading.engine.tasks import Graded
from grading.errors import GradingError
from grading.gradebook import say_if_locked

ATTEMPTS = 3

STUDENTS, SUBMISSIONS = Student.__table__, SubmittedAssignment.__table__
NOTEBOOKS, GRADES, COMMENTS = SubmittedNotebook.__table__, Grade.__table__, Comment.__table__


@dataclass(frozen=True)
class Entry:
    """A graded submission, and when it was handed in (UTC; None where that is not known).

    unchanged: names of the notebooks that were graded before, from the same submission
    only: the notebooks whose rows are written (None: all)
    """

    graded: Graded
    timestamp: datetime | None = None
    unchanged: frozenset[str] = frozenset()
    only: Collection[str] | None = None


class Recorder:
    """The gradebook, open for the submissions of one assignment. A context manager."""

    def __init__(
        self, db_url: str, course_id: str, assignment: str, penalty: Penalty | None = None
    ):
        say_if_locked(db_url)
        try:
            self._gradebook = Gradebook(db_url, course_id)
        except (SQLAlchemyError, ImportError) as problem:
            raise GradingError(_cannot("opened", problem)) from None
        try:
            found = self._gradebook.find_assignment(assignment)
            self._assignment, self._duedate = found.id, found.duedate
            self._notebooks = {notebook.name: cells_of(notebook) for notebook in found.notebooks}
        except MissingEntry:
            self.close()
            raise GradingError(
                f"The gradebook does not know {assignment}: run `python -m grading build` first."
            ) from None
        self._gradebook.db.remove()
        self._penalty = penalty

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()

    def close(self) -> None:
        self._gradebook.close()

    def students(self) -> set[str]:
        """Who has a submission of the assignment in the gradebook."""
        wanted = select(SUBMISSIONS.c.student_id).where(self._ours())
        with self._gradebook.engine.connect() as db:
            return set(db.scalars(wanted))

    @property
    def engine(self) -> Engine:
        return self._gradebook.engine

    @property
    def assignment_id(self) -> str:
        return self._assignment

    def rehearse(self, entries: Sequence[Entry]) -> tuple[dict, dict]:
        """What recording would do; nothing is recorded.

        Returns a tuple of: marks before, marks after. Each is student -> {notebook: (points, those
        of people included; late penalty; {cell: a person's points})}.
        """
        students = [entry.graded.student for entry in entries]
        try:
            with self.engine.connect() as db, db.begin() as all_of_it:
                before = self._marks(db, students)
                self._write(db, entries)
                after = self._marks(db, students)
                all_of_it.rollback()
            return before, after
        except DataError:
            raise
        except SQLAlchemyError as problem:
            raise GradingError(_cannot("read", problem)) from None

    def _marks(self, db: Connection, students: Sequence[str]) -> dict:
        joined = NOTEBOOKS.join(SUBMISSIONS, NOTEBOOKS.c.assignment_id == SUBMISSIONS.c.id)
        late = NOTEBOOKS.c.late_submission_penalty
        columns = SUBMISSIONS.c.student_id, NOTEBOOKS.c.id, NOTEBOOKS.c.notebook_id, late
        mine = self._ours(), SUBMISSIONS.c.student_id.in_(students)
        rows = db.execute(select(*columns).select_from(joined).where(*mine)).all()
        names = {cells.id: name for name, cells in self._notebooks.items()}
        cells = {id: c for book in self._notebooks.values()
                 for c, id in {**book.graded, **book.tasks}.items()}  # fmt: skip
        points = _scores(db, [row[1] for row in rows], list(cells))
        given: dict[str, dict] = {row[1]: {} for row in rows}
        keys = [(id, cell) for id in given for cell in cells]
        wanted = select(GRADES.c.notebook_id, GRADES.c.cell_id, GRADES.c.manual_score)
        by_hand = GRADES.c.manual_score.is_not(None)
        for owner, cell, score in (
            db.execute(wanted.where(_among(GRADES, keys), by_hand)) if keys else ()
        ):
            given[owner][cells[cell]] = score
        marks: dict[str, dict] = {}
        for student, id, notebook, penalty in rows:
            marks.setdefault(student, {})[names[notebook]] = points[id], penalty or 0.0, given[id]
        return marks

    def renew_penalties(self, students: Sequence[str]) -> None:
        """Work out anew what lateness costs, from the scores as they are now."""
        with self.engine.begin() as db:
            theirs = select(SUBMISSIONS).where(self._ours(), SUBMISSIONS.c.student_id.in_(students))
            rows = db.execute(theirs).all()
            late = {
                row.id: (row.student_id, seconds)
                for row in rows
                if (seconds := self._seconds_late(row.timestamp, row.extension)) > 0
            }
            self._put_penalties(db, self._put_notebooks(db, [row.id for row in rows]), late)

    def record(self, entries: Sequence[Entry]) -> None:
        """Write a batch of submissions, one a student, in one transaction.

        Raises GradingError where the gradebook cannot be written, and other errors where one of
        the entries cannot; nothing of the batch is recorded then.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self._gradebook.engine.begin() as db:
                    self._write(db, entries)
                return
            except IntegrityError as problem:  # somebody else added the same student just now
                if attempt == ATTEMPTS:
                    raise GradingError(_cannot("written", problem)) from None
            except DataError:  # something in one of the entries does not fit: not the gradebook's
                raise
            except SQLAlchemyError as problem:
                raise GradingError(_cannot("written", problem)) from None

    def _write(self, db: Connection, entries: Sequence[Entry]) -> None:
        submissions, late = self._put_submissions(db, entries)
        notebooks = self._put_notebooks(db, list(submissions.values()))
        graded, commented, unchanged = {}, {}, set()
        for entry in entries:
            for name, cells in self._notebooks.items():
                if entry.only is not None and name not in entry.only:
                    continue
                there = notebooks[submissions[entry.graded.student], cells.id]
                card = entry.graded.cards.get(name)
                found = read_cells(entry.graded.notebooks.get(name))
                unchanged |= {there} if name in entry.unchanged else set()
                graded |= {(there, id): v for id, v in grades(cells, card, found).items()}
                commented |= {(there, id): v for id, v in comments(cells, card, found).items()}
        _put(db, GRADES, graded, _changed_grade(), lambda key: {"unchanged": key[0] in unchanged})
        _put(db, COMMENTS, commented, {"auto_comment": bindparam("new_auto_comment")})
        self._put_penalties(db, notebooks, {submissions[s]: (s, late[s]) for s in late})

    def _ours(self):
        return SUBMISSIONS.c.assignment_id == self._assignment

    def _put_submissions(self, db: Connection, entries: Sequence[Entry]):
        """Returns a tuple of: student -> the submission's id, student -> seconds late (if late)."""
        names = [entry.graded.student for entry in entries]
        known = set(db.scalars(select(STUDENTS.c.id).where(STUDENTS.c.id.in_(names))))
        _insert(db, STUDENTS, [{"id": name} for name in names if name not in known])
        theirs = select(SUBMISSIONS).where(self._ours(), SUBMISSIONS.c.student_id.in_(names))
        rows = {row.student_id: row for row in db.execute(theirs)}
        ids, late, new, moved = {}, {}, [], []
        for name, entry in zip(names, entries, strict=True):
            row = rows.get(name)
            when = entry.timestamp or (row.timestamp if row else None)
            ids[name] = row.id if row else new_uuid()
            if row is None:
                about = {"assignment_id": self._assignment, "student_id": name}
                new.append({"id": ids[name], "timestamp": when} | about)
            elif entry.timestamp:
                moved.append({"key": row.id, "when": when})
            seconds = self._seconds_late(when, row.extension if row else None)
            if seconds > 0:
                late[name] = seconds
        _insert(db, SUBMISSIONS, new)
        _update(db, SUBMISSIONS, moved, {"timestamp": bindparam("when")})
        return ids, late

    def _seconds_late(self, when: datetime | None, extension: timedelta | None) -> float:
        if when is None or self._duedate is None:
            return 0
        return (when - self._duedate - (extension or timedelta())).total_seconds()

    def _put_notebooks(self, db: Connection, submissions: list[str]) -> dict:
        """Returns (submission's id, notebook's id) -> the submitted notebook's id."""
        table = NOTEBOOKS.c
        mine = [cells.id for cells in self._notebooks.values()]
        there = select(table.assignment_id, table.notebook_id, table.id).where(
            table.notebook_id.in_(mine), table.assignment_id.in_(submissions)
        )
        ids = {(row[0], row[1]): row[2] for row in db.execute(there)}
        wanted = [(submission, id) for submission in submissions for id in mine]
        missing = {key: new_uuid() for key in wanted if key not in ids}
        _insert(db, NOTEBOOKS, [{"id": id, "assignment_id": s, "notebook_id": n}
                                for (s, n), id in missing.items()])  # fmt: skip
        return ids | missing

    def _put_penalties(self, db: Connection, notebooks: Mapping, late: Mapping) -> None:
        """late: submission's id -> (student, seconds)."""
        points = dict.fromkeys(notebooks.values())
        graded = [id for cells in self._notebooks.values() for id in cells.all_graded]
        behind = {id: late[s] for (s, _), id in notebooks.items() if s in late and self._penalty}
        for id, score in _scores(db, list(behind), graded).items():
            student, seconds = behind[id]
            points[id] = self._penalty(student, score, seconds)
        rows = [{"key": id, "points": value} for id, value in points.items()]
        _update(db, NOTEBOOKS, rows, {"late_submission_penalty": bindparam("points")})


def _changed_grade() -> dict:
    """How a new score enters an old row: see _put.

    A person's score holds, and nobody need look at it again, as long as what it was given for is
    the same: the submission and the machine's score.
    """
    score = bindparam("new_auto_score", type_=Float)
    same = GRADES.c.auto_score.is_not_distinct_from(score)
    holds = and_(bindparam("unchanged", type_=Boolean), same)
    waits = case(
        (GRADES.c.manual_score.is_(None), bindparam("new_needs_manual_grade", type_=Boolean)),
        (holds, GRADES.c.needs_manual_grade),
        else_=True,
    )
    return {"auto_score": score, "needs_manual_grade": waits}


def _put(
    db: Connection,
    table: Table,
    wanted: Mapping,
    change: Mapping,
    more: Callable[[tuple[str, str]], dict] = lambda key: {},
) -> None:
    """Insert or update rows of grades or comments.

    wanted: (submitted notebook's id, cell's id) -> values (None: an old row stays as it is)
    change: how new values, named new_..., enter an old row; more: what else it asks for
    """
    if not wanted:
        return
    columns = table.c.notebook_id, table.c.cell_id, table.c.id
    rows = db.execute(select(*columns).where(_among(table, wanted)))
    old = {(row[0], row[1]): row[2] for row in rows}
    new = [(key, values) for key, values in wanted.items() if key not in old]
    # Rows of one statement have the same columns: those that are only created come apart.
    for some in ([n for n in new if n[1]], [n for n in new if n[1] is None]):
        keys = [{"notebook_id": key[0], "cell_id": key[1]} | (values or {}) for key, values in some]
        _insert(db, table, keys)
    changes = [
        {"key": old[key]} | {f"new_{column}": v for column, v in values.items()} | more(key)
        for key, values in wanted.items()
        if key in old and values is not None
    ]
    _update(db, table, changes, change)


def _among(table: Table, keys: Iterable[tuple[str, str]]):
    """Rows of some cells of some notebooks. By both columns: that is how nbgrader's tables are
    indexed, and a search by the notebook alone would read the whole class."""
    notebooks, cells = map(set, zip(*keys, strict=True))
    return and_(table.c.cell_id.in_(cells), table.c.notebook_id.in_(notebooks))


def _insert(db: Connection, table: Table, rows: list[dict]) -> None:
    if rows:
        db.execute(table.insert(), rows)


def _update(db: Connection, table: Table, rows: list[dict], change: Mapping) -> None:
    """Rows have "key", the id of a row of the table, and what `change` names."""
    if rows:
        db.execute(table.update().where(table.c.id == bindparam("key")).values(change), rows)


def _scores(db: Connection, notebooks: list[str], cells: list[str]) -> dict[str, float]:
    """Submitted notebook's id -> its score, a person's points before the machine's."""
    scores = dict.fromkeys(notebooks, 0.0)
    grade = GRADES.c
    columns = grade.notebook_id, grade.manual_score, grade.auto_score, grade.extra_credit
    keys = [(notebook, cell) for notebook in notebooks for cell in cells]
    rows = db.execute(select(*columns).where(_among(GRADES, keys))) if keys else []
    for owner, manual, auto, extra in rows:
        score = auto if manual is None else manual
        scores[owner] += 0.0 if score is None else score + (extra or 0.0)
    return scores


def _cannot(what: str, problem: Exception) -> str:
    return (
        f"The gradebook could not be {what}: {str(problem).splitlines()[0]}\n"
        "Scores that were recorded before are safe. When this is mended, --resume goes on."
    )
