"""Collect submissions from wherever they are, as nbgrader wants them.

SOURCE is what a platform gives you, as it is: Canvas's or Moodle's archive of an assignment,
Gradescope's export, nbgrader's inbound folder, or a folder (or archive) with a folder, an archive
or files for each student, such as those of `python -m cs231n.submit`. Archives are looked into,
never unpacked blindly. Each student's submission is put into COURSE/submitted whole or not at all.
One that was collected before gives way only to one that counts more, and is kept in
COURSE/replaced. The same source again changes nothing; after an interruption, start again.

Exit code 0: all that is there was collected (who is missing, late or there twice is named); 1: of
something it is not certain whose it is or which is the later one, or it could not be read; 2:
could not be done.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from grading import files, gradebook
from grading.collect.choose import SETTINGS
from grading.collect.collecting import Collection, collect
from grading.collect.platforms import GROUPED_BY
from grading.collect.report import to_csv, to_text
from grading.collect.roster import Roster, Student, check_student, read_roster
from grading.errors import GradingError
from grading.options import add_assignment, add_course

SUMMARY = "Collect submissions from Canvas, Moodle, Gradescope, an exchange or a folder."
WANTS_PERSON = 1


def prepare(assignment: str, course: Path | None, roster: Path | None, **options) -> Collection:
    """What to collect into: the course, its notebooks, who takes part and until when."""
    from grading.coordinator.course_folder import open_course

    folder = open_course(course, f"collect-{assignment}.log")
    release = folder.path("release", ".", assignment)
    released = {path.stem: path for path in sorted(release.glob("*.ipynb"))}
    if not released:
        raise GradingError(
            f"{release}: there are no notebooks of {assignment}. Run `python -m grading build "
            f"--course {folder.root}` first, or check the assignment's name."
        )
    students, due = _gradebook(folder.directory, assignment)
    if roster:
        taking_part, word = read_roster(roster)
        print(word, end="\n" * bool(word), file=sys.stderr)
    elif students:
        taking_part = Roster(students)
    else:
        raise GradingError(
            "Nobody is known to take part, so no submission can be anybody's. Name a CSV file with "
            "the columns id,first_name,last_name,email,lms_user_id (or Canvas's export) with "
            "--roster FILE, or put the students into the gradebook (nbgrader db student import)."
        )
    options["due"] = options.get("due") or due
    return Collection(assignment, folder, released, taking_part, **options)


def _gradebook(directory, assignment: str) -> tuple[dict[str, Student], datetime | None]:
    """Returns a tuple of: the students in the gradebook, when the assignment is due (UTC)."""
    from nbgrader.api import MissingEntry

    if gradebook.is_missing_file(directory.db_url):
        return {}, None  # it would be made
    students: dict[str, Student] = {}
    with gradebook.opened(directory.db_url, directory.course_id) as book:
        for row in book.students:
            values = (row.first_name or "", row.last_name or "", row.email or "")
            student = Student(row.id, *values, frozenset(filter(None, [row.lms_user_id])))
            check_student(student, students, "The gradebook")
            students[row.id] = student
        try:
            due = book.find_assignment(assignment).duedate
        except MissingEntry:
            due = None
    return students, due and due.replace(tzinfo=UTC)


def a_time(text: str) -> datetime:
    """A time with its time zone; this machine's, where none is said."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a time: expected one such as 2026-10-01T23:59 or 2026-10-01T23:59Z"
        ) from None


def configure(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    texts = {
        "source": "archives or folders; where nothing else tells, what a later SOURCE has is later",
        "from": "who named the files (default: recognised)",
        "attempt": "which attempt counts; on-time: the last one in time, else the last",
        "due": "when it is due (default: as in the gradebook)",
        "roster": "who takes part: id,first_name,last_name,email,lms_user_id, or Canvas's export "
        "(default: the gradebook's students)",
        "times": "where no platform says when, take the date of the newest file",
        "replace": "where nothing says which is later, replace what was collected (it is kept)",
    }
    add_assignment(parser)
    add("sources", metavar="SOURCE", type=Path, nargs="+", help=texts["source"])
    platforms = ["auto", *GROUPED_BY]
    add("--from", dest="platform", choices=platforms, default="auto", help=texts["from"])
    add("--attempt", choices=SETTINGS, default="last", help=texts["attempt"])
    add("--due", type=a_time, metavar="TIME", help=texts["due"])
    add("--roster", type=Path, metavar="CSV", help=texts["roster"])
    add_course(parser)
    add("--file-times", action="store_true", help=texts["times"])
    add("--replace", action="store_true", help=texts["replace"])
    add("--dry-run", action="store_true", help="look, tell, and write nothing")
    add("--report", type=Path, metavar="FILE", help="write a line a student as CSV")


def run(args: argparse.Namespace) -> int:
    work = prepare(
        args.assignment, args.course, args.roster, due=args.due, setting=args.attempt,
        replace=args.replace, dry_run=args.dry_run,
    )  # fmt: skip
    try:
        rows = collect(work, args.sources, args.platform, args.file_times)
    except KeyboardInterrupt:
        print("\nWhat was collected is kept; the same command goes on.", file=sys.stderr)
        raise
    if args.report:
        files.write_all({args.report: to_csv(rows)})
    if args.dry_run:
        print("Nothing was written. With the same sources would be:")
    print(to_text(rows))
    return WANTS_PERSON if any(row.is_bad for row in rows) else 0
