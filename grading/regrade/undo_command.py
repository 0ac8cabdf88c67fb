"""Put back what was before a run: scores, comments, reports and autograded notebooks.

Only for students whose scores and comments are still those that the run wrote; the others are
named. What people gave stays. Undoing is a run of its own, and can be undone.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from tqdm import tqdm

from grading.errors import GradingError
from grading.needs import need_nbgrader
from grading.options import add_assignment, add_course

SUMMARY = "Put back the scores that were before a run of autograde."
SOME_STAYED = 1


@dataclass
class Undone:
    """back: who has the results of before; stayed: whose results are no longer the run's"""

    run: int
    what: str
    back: list[str] = field(default_factory=list)
    stayed: list[str] = field(default_factory=list)


def undo(place, history, number: int | None) -> Undone:
    """Undo a run (None: the last one) of an assignment whose results are open."""
    from grading.regrade import state
    from grading.regrade.writing import BATCH

    runs = {run.id: run for run in history.runs()}
    if not runs:
        raise GradingError(f"There is nothing to undo: no run has changed {place.assignment}.")
    number = max(runs) if number is None else number
    if number not in runs:
        known = ", ".join(map(str, list(runs)[-10:]))
        raise GradingError(f"No run {number} changed {place.assignment}. There are: {known}.")
    done = Undone(number, runs[number].what)
    changes = history.changes(number)
    checks = runs[number].version["checks"]
    this = None
    with tqdm(total=len(changes), unit="student", desc="Put back", disable=None) as progress:
        for some in batches(changes, BATCH):
            students, contents = [change.student for change in some], {}
            now = state.read(place, students, contents)
            ours = {c.student: c for c in some if state.is_still(now[c.student], c.after)}
            done.stayed += [s for s in students if s not in ours]
            if ours:
                this = this or history.begin(f"undo {number}", checks, number)
                history.found(this, {s: now[s] for s in ours}, contents)
                state.put_back(
                    place,
                    {s: c.before for s, c in ours.items()},
                    {s: c.after for s, c in ours.items()},
                    history.content,
                )
                history.left(this, state.read(place, list(ours)))
                done.back += ours
            progress.update(len(some))
    return done


def batches(items: Sequence, size: int) -> Iterator[list]:
    """The items, some at a time."""
    left = iter(items)
    while some := list(islice(left, size)):
        yield some


def configure(parser: argparse.ArgumentParser) -> None:
    add_assignment(parser)
    parser.add_argument(
        "run",
        metavar="N",
        nargs="?",
        type=int,
        help="the run's number in `python -m grading history` (default: the last one)",
    )
    add_course(parser)


def run(args: argparse.Namespace) -> int:
    need_nbgrader()
    from grading.coordinator.tally import shown
    from grading.regrade.opened import opened, tell_taken_back

    name = args.assignment
    with opened(args.course, name, "undo") as work:
        if work.taken_back:
            print(tell_taken_back(work.taken_back, name))
        done = undo(work.place, work.history, args.run)
    number = len(done.back)
    print(f"Run {done.run} ({done.what}) is undone for {number} student{'s' * (number != 1)}.")
    if done.stayed:
        print("Graded again since, so left as they are:")
        print("\n".join(f"  {shown(student)}" for student in done.stayed))
    if done.back:
        print(f"`python -m grading feedback {name}` writes pages that say so.")
    return SOME_STAYED if done.stayed else 0
