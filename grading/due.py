"""Put the due dates of course.toml into the gradebook, and show them.

Lateness is counted from the gradebook's dates. `build` puts them there as well; this is for a date
that has changed since. A date that course.toml does not name stays as it is in the gradebook.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

from grading import gradebook, settings
from grading.errors import GradingError
from grading.needs import need_nbgrader
from grading.settings import COURSE, Settings

SUMMARY = "Put the due dates of course.toml into the gradebook, and show them."


def check_names(due: Mapping[str, datetime], assignments: Iterable[str]) -> None:
    """An error where a date is given for an assignment that does not exist."""
    known = list(assignments)
    for name in due:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            meant = f" Was {close[0]} meant?" if close else ""
            raise GradingError(
                f"course.toml has a due date for {name!r}.{meant} There are: {', '.join(known)}."
            )


def in_utc(when: datetime) -> datetime:
    """A date as the gradebook keeps it: UTC, without saying so."""
    return when.astimezone(UTC).replace(tzinfo=None)


def put(db_url: str, course: Settings) -> dict[str, tuple[datetime | None, datetime]]:
    """Write the course's dates. Returns what changed: assignment -> (before, now), in UTC."""
    if not course.due:
        return {}
    with gradebook.opened(db_url, course.course_id) as book:
        changed = {}
        for name, when in course.due.items():
            before, now = recorded(book).get(name), in_utc(when)
            if before != now:
                book.update_or_create_assignment(name, duedate=now)
                changed[name] = (before, now)
        return changed


def recorded(book) -> dict[str, datetime | None]:
    """Assignment -> its date in an open gradebook, in UTC."""
    return {assignment.name: assignment.duedate for assignment in book.assignments}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--course", metavar="DIR", type=Path, default=COURSE, help="default: grading/course"
    )


def run(args: argparse.Namespace) -> int:
    from grading.build import assignments

    need_nbgrader()
    course = settings.load(settings.file_of(args.course))
    check_names(course.due, assignments())
    if not args.course.is_dir():
        raise GradingError(f"There is no course in {args.course}: that folder does not exist.")
    db_url = gradebook.database_url(args.course)
    changed = put(db_url, course)
    with gradebook.opened(db_url, course.course_id) as book:
        dates = recorded(book)
    for name in sorted(dates):
        if dates[name] is None:
            print(f"{name}: no due date")
            continue
        here = dates[name].replace(tzinfo=UTC).astimezone(settings.tables.zone(course.time_zone))
        print(f"{name}: {here:%a %Y-%m-%d %H:%M:%S %Z}{' (changed)' * (name in changed)}")
    print(f"Late work: {course.late}.")
    if changed:
        print("Grade those who were graded before again: their penalties are of the old date.")
    return 0
