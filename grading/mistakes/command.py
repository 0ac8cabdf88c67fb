"""The bank of mistakes: show it, test it, learn new ones from a class.

Without options: runs the checks on every mistake of the bank (or of the exercises named) and says
how many notice it, and whether it is told apart from the others. Exit code 0: all is well; 1: a
mistake that no hidden check notices, or that looks like another; 2: could not be done.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from cs231n.check import diagnosis
from grading import checks
from grading.diagnosis import diagnose
from grading.errors import GradingError
from grading.mistakes import Mistake, bank
from grading.mistakes.sections import section
from grading.mistakes.shipped import visible_results

README = "grading/mistakes/README.md"
SUMMARY = "Show, test and extend the bank of known mistakes."


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("exercises", metavar="EXERCISE", nargs="*", help="default: all of them")
    parser.add_argument("--list", action="store_true", help="only print sentences, run nothing")
    parser.add_argument(
        "--learn",
        metavar="SUBMITTED_DIR",
        type=Path,
        help="grade the notebooks in this folder, and show which failures are alike and unnamed",
    )
    parser.add_argument("--sandbox", default="auto", help="for --learn: as in `grading check`")


def run(args: argparse.Namespace) -> int:
    if args.learn:
        from grading.mistakes.learn import learn

        return learn(args.learn, args.exercises, args.sandbox)
    chosen = list(_chosen(args.exercises))
    if args.list:
        for mistake in chosen:
            print(f"{mistake.exercise}: {mistake.name}")
            print(f"    {diagnosis.sentence(mistake.says, section(mistake))}")
        return 0
    for exercise in args.exercises:
        if exercise not in bank():
            print(f"{exercise}: the bank has no mistake of it. {README} says how to write one.")
    problems = sum(_try(mistake) for mistake in chosen)
    print(f"{len(chosen)} mistakes, {problems} with a problem.")
    return 1 if problems else 0


def _chosen(exercises: list[str]) -> Iterable[Mistake]:
    unknown = [name for name in exercises if name not in checks.EXERCISES]
    if unknown:
        known = ", ".join(checks.EXERCISES)
        raise GradingError(f"There is no exercise {unknown[0]!r}. There are: {known}.")
    for exercise, mistakes in bank().items():
        if not exercises or exercise in exercises:
            yield from mistakes


def _try(mistake: Mistake) -> bool:
    """One line on a mistake; whether it has a problem."""
    section(mistake)
    exercise = checks.EXERCISES[mistake.exercise]
    hidden, _ = exercise.run(mistake.functions())
    visible = visible_results(mistake)
    told = [found.name for found in diagnose(exercise, hidden, "")]
    counts = (
        f"hidden {sum(not r.passed for r in hidden)} of {len(hidden)}",
        f"visible {sum(not r.passed for r in visible)} of {len(visible)}",
    )
    problem = ""
    if all(result.passed for result in hidden):
        problem = "NO HIDDEN CHECK NOTICES"
    elif told != [mistake.name]:
        problem = f"TAKEN FOR {' and '.join(told) or 'NOTHING KNOWN'}"
    elif diagnosis.recognise(visible, diagnosis.known_mistakes().get(exercise.name, ())) is None:
        counts += ("not told by the visible checks",)
    print(f"{exercise.name}: {mistake.name}: {', '.join(counts)}{problem and '  ← ' + problem}")
    return bool(problem)
