"""List the runs that changed an assignment's scores: when, who, by which checks, for how many.

--show N is a table of one run: old and new scores, cell by cell. `python -m grading undo` puts back
what was before a run. Exit code 0: listed; 1: a run had been interrupted while it wrote, and what
it had written by half was put back first.
"""

from __future__ import annotations

import argparse

from grading.errors import GradingError
from grading.needs import need_nbgrader
from grading.options import add_assignment, add_course

SUMMARY = "List the runs that changed scores; show one of them."
PUT_BACK = 1
SHORT = 8  # characters of a hash


def listed(history) -> list[str]:
    """A line for each run, oldest first."""
    lines = [f"{'run':>4}  {'when (UTC)':<19}  {'who':<10}  {'what':<10}  students  checks    kit"]
    for run in history.runs():
        version = run.version
        kit = version["kit"] + (f", commit {version['commit']}" if version.get("commit") else "")
        number = len(history.changes(run.id))
        lines.append(
            f"{run.id:>4}  {run.at:<19}  {run.who:<10}  {run.what:<10}  {number:>8}  "
            f"{version['checks'][:SHORT]}  {kit}"
        )
    return lines


def table(history, number: int) -> list[str]:
    """A student's cells whose score a run changed: student, notebook/cell, old, new."""
    from grading.coordinator.tally import shown
    from grading.regrade.state import scores

    if number not in {run.id for run in history.runs()}:
        raise GradingError(f"There is no run {number} that changed scores. Leave out --show: list.")
    rows = [("student", "notebook/cell", "old", "new")]
    for change in history.changes(number):
        old, new = scores(change.before), scores(change.after)
        cells = [c for c in sorted(old | new) if old.get(c) != new.get(c)]
        for cell in cells or ["(comments only)"]:
            rows.append((shown(change.student), cell, _said(old, cell), _said(new, cell)))
    widths = [max(len(row[k]) for row in rows) for k in range(2)]
    return [f"{s:<{widths[0]}}  {c:<{widths[1]}}  {o:>6}  {n:>6}" for s, c, o, n in rows]


def _said(scores: dict, cell: str) -> str:
    score = scores.get(cell)
    return "-" if score is None else f"{score:g}"


def configure(parser: argparse.ArgumentParser) -> None:
    add_assignment(parser)
    parser.add_argument("--show", metavar="N", type=int, help="the scores that run N changed")
    add_course(parser)


def run(args: argparse.Namespace) -> int:
    need_nbgrader()
    from grading.regrade.opened import opened, tell_taken_back

    with opened(args.course, args.assignment, "history") as work:
        if work.taken_back:
            print(tell_taken_back(work.taken_back, args.assignment))
        if args.show is not None:
            lines = table(work.history, args.show)
        elif work.history.runs():
            lines = listed(work.history)
        else:
            lines = [f"No run has changed scores of {args.assignment} yet."]
    print("\n".join(lines))
    return PUT_BACK if work.taken_back else 0
