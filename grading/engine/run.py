"""Run a submitted notebook and grade it: its cells inside the sandbox, the checks out here.

    results, reason = run_notebook(notebook, job)

The checks of an exercise are made when its graded cell is reached, on the functions as they are
then. The visible check in that cell is not run: the hidden ones say all that it would say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from time import monotonic

from nbformat import NotebookNode
from nbformat.v4 import new_output

from cs231n.check.results import CheckFailed
from grading import diagnosis
from grading.checks import EXERCISES, hidden_from
from grading.checks.core import grade, score_table
from grading.engine.drivers import Driver, choose
from grading.engine.inside.wire import Held
from grading.engine.limits import Limits
from grading.engine.meddling import speaks_of_tracing
from grading.engine.outputs import cleaned
from grading.engine.remote import Ended, RemoteFunctions, Session
from grading.marks import is_stand_in, mark_for_review, mark_not_run, not_needed, review_reason
from grading.scores import exercise_of

MAX_RESTARTS = 3


@dataclass(frozen=True)
class Job:
    """What there is to know for grading a notebook, beside the notebook.

    files: what was handed in with it; exercises: those of grading.checks unless others are given;
    explain: finds the known mistakes behind an exercise's results
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    secret: str = ""
    limits: Limits = field(default_factory=Limits)
    sandbox: str = "auto"
    exercises: Mapping[str, object] = field(default_factory=lambda: EXERCISES)
    hide: Callable = hidden_from
    explain: Callable = diagnosis.explain


def run_notebook(nb: NotebookNode, job: Job) -> tuple[dict[str, dict], str | None]:
    """Run a notebook in place and grade its exercises.

    Returns a tuple of:
    - results: exercise -> {"exercise", "score", "max_score", "checks", "problem"}; the score is
      None where it is not known, and problem then says why
    - reason: why a person must look at the notebook, or None
    """
    if is_stand_in(nb):
        reason = review_reason(nb)
        return {name: _unknown(name, cell, reason) for name, cell in _graded(nb)}, reason
    with _Run(nb, job, choose(job.sandbox)) as run:
        run.all_cells()
    return run.results, review_reason(nb)


def _graded(nb: NotebookNode) -> list[tuple[str, NotebookNode]]:
    return [(name, cell) for cell in nb.cells if (name := exercise_of(cell))]


def _unknown(name: str, cell: NotebookNode, problem: str | None) -> dict:
    points = float(cell.metadata.nbgrader["points"])
    return {
        "exercise": name,
        "score": None,
        "max_score": points,
        "checks": [],
        "mistakes": [],
        "problem": problem,
    }


class _Run:
    """A notebook on its way through a session, which is begun anew if a function ends it."""

    def __init__(self, nb: NotebookNode, job: Job, driver: Driver):
        self.nb, self.job, self.driver = nb, job, driver
        names = [name for name, _ in _graded(nb)]
        self.hide = job.hide(names)
        self.results: dict[str, dict] = {}
        self.ran: list[str] = []  # sources of the cells that were run, to begin anew
        self.deadly: dict[str, str] = {}  # functions that ended a session -> how
        self.restarts = 0
        self.room = job.limits.outputs
        self.session: Session | None = None
        self.stopped: str | None = None
        self.deadline = monotonic() + job.limits.notebook_seconds

    def __enter__(self) -> _Run:
        return self

    def __exit__(self, *problem) -> None:
        self._close()

    @cached_property
    def _word_of_tracing(self) -> str | None:
        return speaks_of_tracing(self.nb)

    def all_cells(self) -> None:
        for number, cell in enumerate(self.nb.cells, start=1):
            if cell.cell_type != "code":
                continue
            cell.execution_count, cell.outputs = None, []  # what came with it is not ours
            if not cell.source.strip():
                continue
            if not self.stopped and monotonic() > self.deadline:
                most = self.job.limits.notebook_seconds
                self._stop(f"the notebook took more than {most:g} s in all")
            name = exercise_of(cell)
            if not_needed(cell):
                cell.outputs = [_note("Not run when grading: this cell only demonstrates.")]
            elif self.stopped:
                self._leave_out(cell, name)
            elif name:
                self._grade(cell, name)
            else:
                self._run(cell, number)

    def _run(self, cell: NotebookNode, number: int) -> None:
        try:
            outputs = self._alive().run_cell(cell.source)
            cell.outputs, size = cleaned(outputs, min(self.job.limits.output, self.room))
            self.room -= size
        except Ended as end:
            self._stop(f"the notebook's process ended in cell {number} ({end})")
            mark_not_run(cell, self.stopped)
            return
        self.ran.append(cell.source)
        cell.execution_count = len(self.ran)
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = cell.execution_count

    def _grade(self, cell: NotebookNode, name: str) -> None:
        exercise = self.job.exercises[name]
        points = float(cell.metadata.nbgrader["points"])
        proven = frozenset(n for n, r in self.results.items() if r["score"] == r["max_score"])
        functions = RemoteFunctions(exercise.functions, self._call, proven)
        graded = grade(exercise, functions, points, self.job.secret, self.job.explain)
        if not self.stopped and self.session is not None:
            try:
                self.session.forget()
            except Ended:
                self._close()
        if self.stopped:
            self._leave_out(cell, name)
            return
        table = score_table(graded)
        shown = {"text/plain": repr(table), "text/html": table._repr_html_()}
        cell.outputs = [new_output("display_data", data=shown)]
        self.results[name] = graded | {"problem": None}

    def _call(self, name: str, args: list, keep: tuple[int, ...], count: bool):
        """One call of a student's function by a check. Raises CheckFailed or NotReady."""
        if self.stopped:
            raise CheckFailed("Not run.")
        if name in self.deadly:
            raise CheckFailed(f"Not run: in an earlier check, {name} {self.deadly[name]}.")
        if monotonic() > self.deadline:
            most = self.job.limits.notebook_seconds
            self._stop(f"the notebook took more than {most:g} s in all")
            raise CheckFailed("Not run.")
        try:
            session = self._alive()
        except Ended as end:
            self._stop(f"the notebook's process ended when it was begun anew ({end})")
            raise CheckFailed("Not run.") from None
        if any(isinstance(a, Held) and a.session != session.number for a in args):
            raise CheckFailed(f"{name} was not run: the cache was lost when the process ended.")
        if count and (word := self._word_of_tracing):
            mark_for_review(self.nb, f"its steps were counted, and it speaks of {word!r}")
        try:
            return session.call(name, args, keep, count)
        except Ended as end:
            self._close()
            self.deadly[name] = f"ended its process ({end})"
            raise CheckFailed(f"{name} ended its process: {end}.") from None

    def _alive(self) -> Session:
        """The session; if an earlier one ended, a new one in which the same cells were run."""
        if self.session is None:
            if self.deadly:
                self.restarts += 1
                if self.restarts > MAX_RESTARTS:
                    raise Ended("its functions ended it again and again")
            job = self.job
            self.session = Session(self.driver, self.hide, job.limits, self.deadline, job.files)
            for source in self.ran:
                self.session.run_cell(source)
        return self.session

    def _leave_out(self, cell: NotebookNode, name: str | None) -> None:
        mark_not_run(cell, self.stopped)
        if name:
            self.results[name] = _unknown(name, cell, self.stopped)

    def _stop(self, reason: str) -> None:
        self.stopped = reason
        mark_for_review(self.nb, reason)
        self._close()

    def _close(self) -> None:
        session, self.session = self.session, None
        if session is not None:
            session.close()


def _note(text: str) -> NotebookNode:
    return new_output("stream", name="stdout", text=text + "\n")
