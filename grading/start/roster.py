"""Bring the students of a class list into the gradebook: nbgrader's CSV, or Canvas's export.

Adds who is new and updates what has changed; an empty cell changes nothing, and nobody is removed
without --remove. All lines are taken or none; --skip goes on without those that cannot be.
Exit code 0: done; 1: done, but for what was named; 2: nothing was changed.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from grading import gradebook, settings
from grading.class_list import (
    CANVAS_IDS,
    COLUMNS,
    ClassList,
    Person,
    read_class_list,
    shown,
)
from grading.errors import GradingError
from grading.needs import need_nbgrader
from grading.options import add_course

SUMMARY = "Bring a class list (CSV of nbgrader or Canvas) into the gradebook."
INCOMPLETE = 1
MOST_LINES = 20


@dataclass
class Changes:
    """What taking a class list in changes.

    added: rows; updated: id -> {column: (before, now)}; missing: ids that are not in the list
    removed, kept: of the missing, who goes, and who has submissions and therefore stays
    """

    added: list[dict] = field(default_factory=list)
    updated: dict[str, dict[str, tuple]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    shortened: list[str] = field(default_factory=list)


def take_in(
    students: Iterable[Person],
    db_url: str,
    course_id: str,
    remove: bool = False,
    dry_run: bool = False,
) -> Changes:
    """Write students into the gradebook in one transaction; returns what changed, or would."""
    from nbgrader.api import Student, SubmittedAssignment
    from sqlalchemy import bindparam, delete, select
    from sqlalchemy.exc import SQLAlchemyError

    table = Student.__table__
    if dry_run and gradebook.is_missing_file(db_url):
        return compare(students, {}, 0)
    with gradebook.opened(db_url, course_id) as book, book.engine.begin() as db:
        there = {row.id: row for row in db.execute(select(table))}
        handed_in = set(db.scalars(select(SubmittedAssignment.student_id).distinct()))
        most = 0 if db.dialect.name == "sqlite" else table.c.last_name.type.length
        changes = compare(students, there, most)
        if remove:
            changes.kept = [id for id in changes.missing if id in handed_in]
            changes.removed = [id for id in changes.missing if id not in handed_in]
        if dry_run:
            return changes
        try:
            if changes.added:
                db.execute(table.insert(), changes.added)
            for id, values in changes.updated.items():
                new = {column: now for column, (_, now) in values.items()}
                db.execute(table.update().where(table.c.id == id).values(new))
            if changes.removed:
                one = delete(table).where(table.c.id == bindparam("gone"))
                db.execute(one, [{"gone": id} for id in changes.removed])
        except SQLAlchemyError as problem:
            said = str(problem).splitlines()[0]
            raise GradingError(f"The students could not be written, none was: {said}") from None
    return changes


def compare(students: Iterable[Person], there: dict, most: int) -> Changes:
    """What taking students in would change.

    there: id -> row of the gradebook; most: characters that a name may have there; 0: any number
    """
    changes, listed = Changes(), set()
    for person in students:
        values = {column: getattr(person, column) for column in COLUMNS}
        for column in ("first_name", "last_name"):
            if most and len(values[column] or "") > most:
                values[column] = values[column][:most]
                changes.shortened.append(f"{column} of {person.id}")
        listed.add(person.id)
        before = there.get(person.id)
        if before is None:
            changes.added.append({"id": person.id} | values)
            continue
        new = {
            column: (getattr(before, column), now)
            for column, now in values.items()
            if now is not None and now != getattr(before, column)
        }
        if new:
            changes.updated[person.id] = new
    changes.missing = sorted(set(there) - listed)
    return changes


def told(changes: Changes, remove: bool) -> str:
    """What changed, for a person: a line a student, and the numbers."""
    lines = _some(
        f"+ {row['id']}  {shown(' '.join(filter(None, (row['first_name'], row['last_name']))))}"
        for row in changes.added
    )
    lines += _some(
        f"~ {id}  "
        + "; ".join(f"{c}: {shown(old or '(none)')} → {shown(new)}" for c, (old, new) in v.items())
        for id, v in changes.updated.items()
    )
    lines += _some(f"- {shown(id)}" for id in changes.removed)
    if changes.missing and not remove:
        lines.append("In the gradebook and not in the list (--remove takes them out):")
        lines += _some(f"  {shown(id)}" for id in changes.missing)
    if changes.kept:
        lines.append(
            "Not in the list, and kept because they have submissions (to remove them with their "
            "grades, in the course's folder: nbgrader db student remove ID --force):"
        )
        lines += _some(f"  {shown(id)}" for id in changes.kept)
    lines += _some(f"! {what} was shortened: the database has 128 places" for what in
                   changes.shortened)  # fmt: skip
    counts = f"{len(changes.added)} added, {len(changes.updated)} updated"
    lines.append(f"{counts}, {len(changes.removed)} removed.")
    return "\n".join(lines)


def _some(lines: Iterable[str]) -> list[str]:
    lines = list(lines)
    more = len(lines) - MOST_LINES
    return lines if more <= 1 else [*lines[:MOST_LINES], f"  … and {more} more"]


def checked(path: Path, canvas_id: str | None, skip: bool) -> ClassList:
    """The class list in a file; an error where lines cannot be taken and should not be skipped."""
    roster = read_class_list(path, canvas_id)
    if roster.problems and not skip:
        raise GradingError(
            "\n".join([f"{path}:", *_some(f"  {problem}" for problem in roster.problems)])
            + "\nNothing was changed. Mend these lines, or go on without them: --skip."
        )
    return roster


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options on reading a class list, for `roster` and `init`."""
    parser.add_argument(
        "--canvas-id",
        choices=CANVAS_IDS,
        help="which column of Canvas is the student's id: SIS Login ID, SIS User ID, or Canvas's "
        "own ID (default: the first of them that a student has)",
    )
    parser.add_argument("--skip", action="store_true", help="leave out lines that have no use")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="the class list, CSV")
    add_course(parser)
    add_options(parser)
    parser.add_argument(
        "--remove", action="store_true", help="remove who is not in the list and has no submission"
    )
    parser.add_argument("--dry-run", action="store_true", help="only show what would change")


def run(args: argparse.Namespace) -> int:
    need_nbgrader()
    if not args.course.is_dir():
        raise GradingError(
            f"There is no course in {args.course}: that folder does not exist. "
            "Make one: python -m grading init DIR"
        )
    roster = checked(args.file, args.canvas_id, args.skip)
    course = settings.load(settings.file_of(args.course))
    changes = take_in(
        roster.students.values(),
        gradebook.database_url(args.course),
        course.course_id,
        args.remove,
        args.dry_run,
    )
    print("\n".join([*_some(f"! {word}" for word in roster.words), told(changes, args.remove)]))
    for problem in _some(roster.problems):
        print(f"left out: {problem}")
    if args.dry_run:
        print("(--dry-run: nothing was written)")
    return INCOMPLETE if roster.problems or changes.kept else 0
