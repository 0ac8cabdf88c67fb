"""Write an assignment's grades to a file: a table, or what Canvas or Moodle import.

csv: nbgrader's table of grades, with needs_review. canvas, moodle: the grades filled into the list
that the platform gives (--roster): in Canvas the exported gradebook, in Moodle the assignment's
grading worksheet. Scores that are not final, and students who handed nothing in, are left as they
are there. Exit code 1: written, but somebody is in one list and not in the other, is there twice,
or has no final score yet; each is named.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from grading import files
from grading.errors import GradingError
from grading.needs import need_nbgrader
from grading.options import add_assignment, add_course

SUMMARY = "Write grades to a file: CSV, or for Canvas' or Moodle's import."
FORMATS = ("csv", "canvas", "moodle")
INCOMPLETE = 1
SHOWN = 20  # names a line


def configure(parser: argparse.ArgumentParser) -> None:
    add_assignment(parser)
    parser.add_argument("--format", choices=FORMATS, default="csv", help="default: csv")
    parser.add_argument(
        "--roster", type=Path, metavar="FILE", help="the list that Canvas or Moodle gave"
    )
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="default: ASSIGNMENT-FORMAT.csv"
    )
    parser.add_argument(
        "--column", metavar="TITLE", help="the assignment's title in Canvas, where it differs"
    )
    parser.add_argument(
        "--match", metavar="COLUMN", help="the roster's column that says who is who"
    )
    parser.add_argument(
        "--domain", metavar="NAME", help="students' addresses are their ids and @NAME"
    )
    parser.add_argument(
        "--zeros", action="store_true", help="write 0 for those who handed nothing in"
    )
    parser.add_argument(
        "--provisional", action="store_true", help="also write scores that are not final"
    )
    parser.add_argument(
        "--scale", action="store_true", help="turn points into the platform's, if it has others"
    )
    add_course(parser)


def run(args: argparse.Namespace) -> int:
    need_nbgrader()
    from grading.exports import platforms, rows, sheet

    output = args.output or Path(f"{args.assignment}-{args.format}.csv")
    _must_fit(args, output)
    grades = rows.read_rows(args.course, args.assignment)
    if args.format == "csv":
        files.write_all({output: table(grades)})
        print(f"{output}: {len(grades)} students")
        return 0
    wishes = platforms.Wishes(
        args.column, args.match, args.domain, args.zeros, args.provisional, args.scale
    )
    if not grades:
        raise GradingError("The gradebook has no students yet: grade somebody first.")
    fill = {"canvas": platforms.fill_canvas, "moodle": platforms.fill_moodle}[args.format]
    filled = fill(sheet.read_sheet(args.roster), args.roster, grades, wishes)
    files.write_all({output: sheet.to_csv(filled.sheet)})
    print(f"{output}: {filled.count} grades; students were found by {filled.matched_by!r}.")
    tell(filled)
    return 0 if filled.complete else INCOMPLETE


def table(grades: Sequence, bom: bool = True) -> bytes:
    """The grades as CSV. bom: whether Excel is to know by a byte order mark that it is UTF-8."""
    from grading.exports.rows import COLUMNS
    from grading.exports.sheet import Sheet, to_csv

    lines = [[_shown(getattr(row, name)) for name in COLUMNS] for row in grades]
    return to_csv(Sheet([list(COLUMNS), *lines], bom=bom))


def _shown(value) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return "" if value is None else str(value)


def _must_fit(args: argparse.Namespace, output: Path) -> None:
    if not output.parent.is_dir():
        raise GradingError(f"--output {output}: the folder {output.parent} does not exist.")
    if args.format == "csv" and args.roster:
        raise GradingError("--roster is for --format canvas or moodle: a plain CSV needs no list.")
    if args.format != "csv" and not args.roster:
        where = {
            "canvas": "Canvas: Grades, Export, Export Entire Gradebook",
            "moodle": "Moodle: the assignment, Grading, Download grading worksheet",
        }
        raise GradingError(
            f"--format {args.format} needs the list of your class: --roster FILE, downloaded from "
            f"{where[args.format]}."
        )
    if args.roster and output.exists() and output.samefile(args.roster):
        raise GradingError(f"--output {output} is the roster itself: name another file.")


def tell(filled) -> None:
    """Name those whose grades are not in the file."""
    for what, names in (
        ("In the list, not in the gradebook", filled.only_in_roster),
        ("In the gradebook, not in the list", filled.only_in_gradebook),
        ("More than one could be meant, so nothing was written", filled.twice),
        ("A person must look at it first (--provisional writes it anyway)", filled.waiting),
        ("Excused or locked there, left as it is", filled.locked),
        ("Handed nothing in, left as it is (--zeros writes 0)", filled.nothing),
    ):
        if names:
            names = sorted(dict.fromkeys(names))
            shown = [_printable(name) for name in names[:SHOWN]]
            more = [f"and {len(names) - SHOWN} more"] * (len(names) > SHOWN)
            print(f"{what} ({len(names)}): {', '.join([*shown, *more])}", file=sys.stderr)


def _printable(name: str) -> str:
    name = name if name.isprintable() else ascii(name)[1:-1]
    return name if len(name) <= 60 else f"{name[:59]}…"
