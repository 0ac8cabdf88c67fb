"""Grade one notebook by itself, without a gradebook, and print its score card.

Which notebook it is, is told by its file name or, failing that, by what its cells say. Exit code
0: graded, whatever the score; 3: a person must look at it; 2: wrong usage or unreadable path.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from nbformat import NotebookNode

from cs231n import language as package
from cs231n.language import ENGLISH, padded, translate, wrapped
from grading import build, files
from grading.checks.core import course_secret
from grading.engine.limits import limits_of_environment
from grading.errors import GradingError
from grading.identify import ENOUGH, likeness
from grading.needs import need_nbgrader
from grading.notebooks import to_bytes
from grading.reading import MAX_BYTES, read
from grading.releases import store
from grading.reports import failed_together, to_json
from grading.settings import course_folder
from grading.translation import GRADER

SUMMARY = "Grade one notebook by itself and print its score card."
NEEDS_A_PERSON = 3

package.add(GRADER)


def grade_notebook(
    path: Path | str, assignment: str | None = None, notebook: str | None = None
) -> dict:
    """Grade the notebook in a file; nothing is written.

    Inputs:
    - path: the notebook file
    - assignment, notebook: which notebook it is; found out when not given

    Returns {"assignment", "notebook", "exercises": {name: {"score", "max_score", "checks":
    [{"name", "passed", "weight", "message"}], "mistakes": [{"name", "says"}]}}, "score",
    "max_score", "needs_review", "release"}; release: None for today's, else what to call it.
    Raises GradingError where there is no such file or notebook.
    """
    return grade_file(Path(path), assignment, notebook)[0]


def grade_file(
    path: Path,
    assignment: str | None = None,
    notebook: str | None = None,
    sandbox: str = "auto",
    **options,
) -> tuple[dict, list[str]]:
    """The score card, and what was put right before grading; options: of grade_submission."""
    need_nbgrader()
    from grading.engine.tasks import Assignment, Submission
    from grading.grade import grade_submission

    _must_be_readable(path)
    assignment, notebook = which_notebook(path, assignment, notebook)
    released = {notebook: to_bytes(build.student_notebook(assignment, notebook))}
    task = Assignment(
        assignment,
        released,
        {notebook: to_bytes(build.instructor_notebook(assignment, notebook))},
        secret=course_secret(),
        limits=limits_of_environment(),
        sandbox=sandbox,
        earlier=store.earlier(course_folder(), assignment, released),
    )
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    submission = Submission("", {f"{notebook}.ipynb": content})
    graded = grade_submission(task, submission, **options)
    card = dict(graded.cards[notebook])
    return card, card.pop("repairs")


def which_notebook(
    path: Path, assignment: str | None = None, notebook: str | None = None
) -> tuple[str, str]:
    """Which notebook of the course a file is: as told, by file name, or by its content.

    Returns a tuple of: the assignment's name, the notebook's name.
    """
    known = [
        (a, n)
        for a, names in build.assignments().items()
        for n in names
        if assignment in (None, a) and notebook in (None, n)
    ]
    if not known:
        every = ", ".join(f"{a}/{n}" for a, ns in build.assignments().items() for n in ns)
        asked = "/".join(filter(None, [assignment, notebook])) or "any assignment"
        raise GradingError(f"The course has no {asked}. It has: {every or 'none'}.")
    if len(known) == 1:
        return known[0]
    for a, n in known:
        if n in path.stem:
            return a, n
    return _by_content(path, known)


def _by_content(path: Path, known: list[tuple[str, str]]) -> tuple[str, str]:
    submitted = read(path)  # GradingError: cannot be read and its name says nothing
    scores = {key: likeness(submitted, build.student_notebook(*key)) for key in known}
    best = max(scores, key=scores.get)
    if scores[best] < ENOUGH:
        raise GradingError(
            f"{path} does not look like a notebook of this course. If it is one, say which: "
            "--assignment A --notebook N."
        )
    return best


def _must_be_readable(path: Path) -> None:
    if not path.exists():
        raise GradingError(f"{path}: there is no such file.")
    if not path.is_file():
        raise GradingError(f"{path} is a folder: name one notebook in it.")
    if not os.access(path, os.R_OK):
        raise GradingError(f"{path}: you may not read this file.")


def as_text(card: dict, repaired: list[str] = (), in_words: float = 0) -> str:
    """The score card for a person to read, in the notebook's language. in_words: points that only
    a person can give."""
    say = in_language_of(card)
    lines = [f"{card['notebook']} ({card['assignment']})", ""]
    width = max(map(len, card["exercises"]), default=5)
    for name, exercise in card["exercises"].items():
        checks = exercise["checks"]
        number, number2 = sum(c["passed"] for c in checks), len(checks)
        passed = say(f"{number} of {number2} checks") if checks else ""
        waits = card["needs_review"] and not checks
        number = "?" if waits else f"{exercise['score']:.2f}"
        number2 = exercise["max_score"]
        points = say(f"{number:>6} of {number2:2g}")
        lines.append(f"  {name:<{width}}  {points}   {passed}".rstrip())
        for mistake in exercise.get("mistakes", ()):
            lines += _indented(say(mistake["says"]), 6)
        lines += failures(checks, say)
    number, number2 = card["score"], card["max_score"]
    total = padded(say("total"), width)
    lines += ["", f"  {total}  {say(f'{number:6.2f} of {number2:2g}')}"]
    if in_words:
        more = say(f"An answer in words brings up to {in_words:g} more: a person reads it.")
        lines += ["", *_indented(more, 0)]
    if card.get("release"):
        release = card["release"]
        brought = say(f"Made from {release}; the course's cells were brought up to date.")
        lines += ["", *_indented(brought, 0)]
    if repaired:
        lines += ["", say("Put right before grading:"), *(f"  - {say(what)}" for what in repaired)]
    if card["needs_review"]:
        reason = say(f"A person must look at this notebook: {card['needs_review']}.")
        lines += ["", *_indented(reason, 0)]
    return "\n".join(lines)


def in_language_of(card: Mapping) -> Callable[[str], str]:
    """What puts a sentence into the language that a card's student reads."""
    return partial(translate, language=card.get("language", ENGLISH))


def failures(checks: list[dict], say: Callable[[str], str] = str) -> list[str]:
    """The checks that failed, those with one and the same reason together."""
    lines = []
    for reason, failed in failed_together(checks).items():
        if len(failed) == len(checks) > 1:  # a stub, a name that is not there: one line says it
            lines.append(f"      ✗ {say('all checks')}")
        else:
            weights = (say(f"(weight {c['weight']:g})") for c in failed)
            lines += [f"      ✗ {say(c['name'])} {w}" for c, w in zip(failed, weights)]
        lines += _indented(say(reason), 8)
    return lines


def _points_in_words(assignment: str, notebook: str) -> float:
    return points_in_words(build.student_notebook(assignment, notebook))


def points_in_words(released: NotebookNode) -> float:
    """What answers in words can bring in a notebook: no check reads them."""
    graded = [c for c in released.cells if c.metadata.get("nbgrader", {}).get("grade")]
    return sum(c.metadata.nbgrader["points"] for c in graded if c.cell_type == "markdown")


def _indented(text: str, by: int) -> list[str]:
    space = " " * by
    return [space + line for line in wrapped(text, 96 - by)]


def _write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; a device or a pipe (/dev/stdout, say) is written into."""
    if path.exists() and not path.is_file():
        with path.open("wb") as stream:
            stream.write(data)
    else:
        files.write_all({path: data})


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="NOTEBOOK", type=Path, help="the .ipynb file to grade")
    parser.add_argument("--assignment", metavar="A", help="the assignment it belongs to")
    parser.add_argument("--notebook", metavar="N", help="which notebook of the assignment it is")
    parser.add_argument(
        "--sandbox",
        default="auto",
        metavar="NAME",
        help="auto (default), bwrap, podman, docker; none: the notebook runs with all your rights",
    )
    parser.add_argument("--json", metavar="FILE", type=Path, help="also write the score card here")


def run(args: argparse.Namespace) -> int:
    if args.json and not args.json.parent.is_dir():
        raise GradingError(f"--json {args.json}: the folder {args.json.parent} does not exist.")
    if sys.stderr.isatty():
        print("Running the notebook, then its hidden checks ...", file=sys.stderr)
    card, repaired = grade_file(args.path, args.assignment, args.notebook, args.sandbox)
    print(as_text(card, repaired, _points_in_words(card["assignment"], card["notebook"])))
    if args.json:
        _write(args.json, to_json(card))
    return NEEDS_A_PERSON if card["needs_review"] else 0
