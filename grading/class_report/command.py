"""Write a page about how a class did in an assignment: one file, to open in a browser.

It shows how scores are spread, how each exercise came out, which checks fail most, which mistakes
are made, when people handed in, what needs a person, and a table of everybody. Scores are those of
the gradebook, a person's included; checks and mistakes are those of the last autograde. The page
holds names, scores and names of hidden checks: it is for the course's staff. Exit code 0: written;
1: written, but some submissions are missing in it, wholly or where checks are counted; 2: not
written.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from grading import files
from grading.errors import GradingError
from grading.needs import need_nbgrader, need_scipy
from grading.options import add_assignment, add_course

SUMMARY = "Write a page about how a class did in an assignment."
INCOMPLETE = 1
SHOWN = 5  # submissions missing in the page that are named on the terminal
BEGINNING = 1000  # bytes of a file in which a page of ours says that it is one


def configure(parser: argparse.ArgumentParser) -> None:
    add_assignment(parser)
    parser.add_argument(
        "--output",
        metavar="FILE",
        type=Path,
        help="where to write the page (default: COURSE/reports/ASSIGNMENT.html)",
    )
    parser.add_argument(
        "--anonymous",
        action="store_true",
        help="ids in place of names, and no message that fewer than 3 submissions have",
    )
    parser.add_argument(
        "--examples",
        action="store_true",
        help="show a student's code for each known mistake, without name, texts and comments",
    )
    parser.add_argument(
        "--similarity",
        action="store_true",
        help="also show pairs whose code is suspiciously alike, side by side",
    )
    parser.add_argument(
        "--compare-with",
        metavar="DIR",
        type=Path,
        help="with --similarity: also look for code of this folder's notebooks and Python files, "
        "such as last year's submissions or public solutions; each entry of it is one author",
    )
    parser.add_argument(
        "--force", action="store_true", help="write over a file that is no earlier class report"
    )
    add_course(parser)


def run(args: argparse.Namespace) -> int:
    need_nbgrader()
    if args.similarity:
        need_scipy()
    elif args.compare_with:
        raise GradingError("--compare-with goes with --similarity: name both.")
    from tqdm import tqdm

    from grading.class_report.book import read_book
    from grading.class_report.cards import read_cards
    from grading.class_report.examples import Examples, course_texts
    from grading.class_report.numbers import numbers
    from grading.class_report.page import make_page
    from grading.collect.place import place_of
    from grading.coordinator.course_folder import open_course
    from grading.coordinator.tally import shown

    name = args.assignment
    course = open_course(args.course, f"report-{name}.log")
    output = args.output or course.root / "reports" / f"{name}.html"
    _must_be_free(output, args.force)
    release = course.path("release", ".", name)
    book = read_book(course.directory.db_url, name, release)
    for person in book.people:
        person.attempts = len(place_of(course, person.id, name).attempts())
    students = [person.id for person in book.people if person.handed_in]
    with tqdm(students, unit="report", desc="Read", disable=None) as progress:
        cards = read_cards(course.root / "reports" / name, progress)

    def place(student: str, notebook: str) -> Path:
        return course.path("autograded", student, name) / f"{notebook}.ipynb"

    examples = similarity = None
    if args.examples:
        texts = course_texts(course.path("source", ".", name))
        examples = Examples(place, texts, book.people)
    if args.similarity:
        from grading.similarity.section import make_section

        people = {person.id: person for person in book.people}
        similarity = make_section(
            release, place, people, students, args.compare_with, args.anonymous
        )
    found = numbers(book, cards)
    now = datetime.now(UTC)
    ungraded = sorted(set(course.students(name)).difference(students))
    id = course.directory.course_id
    page = make_page(found, id, now, ungraded, args.anonymous, examples, similarity).encode()
    files.write_all({output: page})
    mean = found.totals[found.there].mean()
    print(
        f"{output}: {len(page) / 1e6:.1f} MB; {len(students)} of {len(book.people)} students "
        f"handed in, mean {mean:.1f} of {found.most:g} points."
    )
    if similarity:
        print(similarity.summary())
    missing = [f"Not graded yet: {student}" for student in ungraded]
    missing += [f"Not in the counts of checks and mistakes: {line}" for line in cards.unreadable]
    for line in missing[:SHOWN]:
        print(shown(line), file=sys.stderr)
    if len(missing) > SHOWN:
        print(f"... and {len(missing) - SHOWN} more; the page names all.", file=sys.stderr)
    if missing:
        print(f"`python -m grading autograde {name} --resume` grades them.", file=sys.stderr)
    return INCOMPLETE if missing else 0


def _must_be_free(path: Path, force: bool) -> None:
    """An error where something is in the page's place that is not an earlier page."""
    from grading.class_report.page import GENERATOR

    if path.is_dir():
        raise GradingError(f"{path} is a folder: name the file to write, such as {path}/class.html")
    if not path.exists():
        return
    if not path.is_file():  # a device, say, would be replaced
        raise GradingError(f"{path} is no ordinary file. Name another one with --output.")
    if force:
        return
    with path.open("rb") as file:
        beginning = file.read(BEGINNING)
    if f'<meta name="generator" content="{GENERATOR}">'.encode() not in beginning:
        raise GradingError(
            f"{path} is there already and is not an earlier class report. Name another file with "
            "--output, or write over it with --force."
        )
