"""How long do the hidden checks of a right submission take? Every notebook, over the real wire.

The reference solutions stand in for the student's. Trusted is the processor time of the grader's
own process while checks run: drawing numbers, looking up the reference's answers, packing and
comparing. What the functions take, in the sandbox, is in the total alone.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, field, fields
from statistics import median

from nbformat import NotebookNode

from benchmarks.layer_report import table
from grading import build, marks
from grading.checks import EXERCISES
from grading.engine.run import Job, run_notebook
from grading.errors import GradingError
from grading.release import release


@dataclass
class Spent:
    """What the checks of a notebook, or of an exercise, took. Seconds.

    trusted: processor time of this process; total: time by the clock, both sides
    calls: of the student's functions
    notebook: processor time of this process for the whole notebook, cells included
    """

    trusted: float = 0.0
    total: float = 0.0
    calls: int = 0
    notebook: float = 0.0


@dataclass
class Timed:
    """An exercise whose checks are timed when they are run."""

    exercise: object
    spent: Spent = field(default_factory=Spent)

    @property
    def name(self) -> str:
        return self.exercise.name

    @property
    def functions(self) -> tuple[str, ...]:
        return self.exercise.functions

    def run(self, functions, secret: str) -> tuple:
        far = functions._far

        def counted(*args):
            self.spent.calls += 1
            return far(*args)

        functions._far = counted
        total, trusted = time.perf_counter(), time.process_time()
        results = self.exercise.run(functions, secret)
        self.spent.trusted += time.process_time() - trusted
        self.spent.total += time.perf_counter() - total
        return results


def solved_notebooks(names: list[str]) -> dict[str, NotebookNode]:
    """Notebook's name -> the notebook with the reference's solutions, as it is graded."""
    solved = {}
    for assignment, found in build.assignments().items():
        for name in set(names) & set(found):
            solved[name] = notebook = build.instructor_notebook(assignment, name)
            released = release(assignment, {name: notebook}, "course")
            marks.mark_as_released(notebook, released[name])  # demonstrations are not run
    return solved


def run_once(notebook: NotebookNode, sandbox: str) -> dict[str, Spent]:
    """Grade a right notebook; returns exercise -> what its checks took, "" -> all of them."""
    timed = {name: Timed(exercise) for name, exercise in EXERCISES.items()}
    start = time.process_time()
    results, reason = run_notebook(notebook, Job(sandbox=sandbox, exercises=timed))
    whole = time.process_time() - start
    lost = [name for name, result in results.items() if result["score"] != result["max_score"]]
    if reason or lost:
        raise GradingError(f"A right notebook did not get all its points: {reason or lost}")
    parts = {name: timed[name].spent for name in results}
    sums = [sum(getattr(spent, f.name) for spent in parts.values()) for f in fields(Spent)[:3]]
    return {"": Spent(*sums, whole), **parts}


def measure(
    names: list[str], repeats: int, sandbox: str, notebooks: dict[str, NotebookNode]
) -> dict[str, dict[str, Spent]]:
    """Notebook -> exercise -> medians of so many runs, after a first one that fills the memory."""
    runs: dict[str, list[dict[str, Spent]]] = {name: [] for name in names}
    for turn in range(repeats + 1):
        for name in names:  # in turns: a busy moment of the machine hits them all alike
            found = run_once(notebooks[name], sandbox)
            runs[name] += [found] if turn else []
    return {
        name: {
            part: Spent(*(median(getattr(r[part], f.name) for r in all_) for f in fields(Spent)))
            for part in all_[0]
        }
        for name, all_ in runs.items()
    }


def rows_of(measured: dict[str, dict[str, Spent]], exercises: bool) -> list[list[str]]:
    rows = []
    for name, parts in measured.items():
        for part, spent in parts.items():
            if part and not exercises:
                continue
            ms = [1000 * s for s in (spent.trusted, spent.total)]
            whole = "" if part else f"{1000 * spent.notebook:.0f}"
            shown = f"– {part}" if part else name
            rows.append([shown, f"{spent.calls:.0f}", *(f"{value:.0f}" for value in ms), whole])
    return rows


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.check_time", description=__doc__)
    parser.add_argument("notebooks", nargs="*", metavar="NOTEBOOK", help="2_convolution (all nine)")
    parser.add_argument("--repeats", type=int, default=9, help="runs of each (default: 9)")
    parser.add_argument("--exercises", action="store_true", help="a row for each exercise, too")
    parser.add_argument("--sandbox", default="auto", metavar="NAME", help="default: auto")
    args = parser.parse_args(argv)
    if args.repeats < 1:
        parser.error("--repeats should be 1 or more")
    known = [name for names in build.assignments().values() for name in names]
    unknown = [name for name in args.notebooks if name not in known]
    if unknown:
        parser.error(f"there is no notebook {unknown[0]}; there are {', '.join(known)}")
    names = args.notebooks or known
    measured = measure(names, args.repeats, args.sandbox, solved_notebooks(names))
    heads = ["notebook", "calls", "trusted ms", "total ms", "whole notebook, trusted ms"]
    print(table(heads, rows_of(measured, args.exercises)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
