"""Run a submitted notebook: one kernel, limits of time, and a reason where it could not be run.

:class:`RunNotebook` takes the place of nbgrader's Execute step. Whatever the notebook does, the
step ends in time and gives the notebook back; cells that were not run say so and are marked, so
that nobody takes a cell without output for a cell without mistakes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Any

from jupyter_core.utils import run_sync
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.preprocessors import Execute
from traitlets import Integer

from grading.marks import TIMED_OUT, is_stand_in, mark_for_review, mark_not_run, not_needed
from grading.scores import exercise_of, has_result, hidden_part

# The environment of a grading kernel; what is already set in the grader's own is kept.
LIMITS = {
    "CS231N_CHECK_SECONDS": "5",  # one call of a student's function
    # Several notebooks run side by side: one thread each is faster and rounds alike everywhere.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}


class RunNotebook(Execute):
    """Execute a notebook's code cells, except demonstrations that are still as released.

    Settings (``c.RunNotebook`` in a configuration): ``timeout``, the seconds one cell may take;
    ``total_timeout``, the seconds the whole notebook may take; ``max_printed``, the characters of
    text output kept of one cell.
    """

    timeout = Integer(120, help="seconds one cell may take").tag(config=True)
    total_timeout = Integer(300, help="seconds the whole notebook may take").tag(config=True)
    max_printed = Integer(200_000, help="characters of text output kept a cell").tag(config=True)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.shutdown_kernel = "immediate"  # nothing in a kernel is worth waiting for
        self.extra_arguments = [*self.extra_arguments, "--IPKernelApp.log_level=40"]
        self.error_on_timeout = {
            "ename": TIMED_OUT,
            "evalue": "the cell did not finish in the time allowed",
            "traceback": [f"{TIMED_OUT}: the cell did not finish in the time allowed"],
        }

    def preprocess(
        self, nb: NotebookNode, resources: Any = None, km: Any = None
    ) -> tuple[NotebookNode, Any]:
        """Run the notebook in place. Returns a tuple of: the notebook, the resources."""
        if is_stand_in(nb):
            return nb, resources
        self._deadline = monotonic() + self.total_timeout
        self._stopped: str | None = None
        try:
            nb, resources = super().preprocess(nb, resources, km=km)
        except (RuntimeError, OSError, LookupError) as problem:
            # The kernel never came up. What ran before a kernel died is handled cell by cell.
            self._give_up(f"the notebook's kernel could not be used ({problem})")
            for cell in nb.cells:
                if cell.cell_type == "code" and not cell.get("outputs"):
                    mark_not_run(cell, self._stopped)
        if self._stopped:
            mark_for_review(nb, self._stopped)
        return nb, resources

    def preprocess_cell(self, cell: NotebookNode, resources: Any, index: int):
        """Run one cell, or say in its output why it was not run."""
        if cell.cell_type != "code" or not cell.source.strip():
            return cell, resources
        if not_needed(cell):
            cell.outputs = [_note("Not run when grading: this cell only demonstrates.")]
            return cell, resources
        if not self._stopped and monotonic() > self._deadline:
            self._give_up(f"the notebook took more than {self.total_timeout} s in all")
        if self._stopped:
            mark_not_run(cell, self._stopped)
            return cell, resources
        self._printed = 0
        try:
            cell, resources = super().preprocess_cell(cell, resources, index)
            if exercise_of(cell) and not has_result(cell) and not _timed_out(cell):
                self._run_hidden_part(cell, resources, index)
            return cell, resources
        except DeadKernelError:
            self._give_up(
                f"the notebook's process died in cell {index + 1} "
                "(out of memory, or the code ended the process)"
            )
        except CellTimeoutError:
            self._give_up(f"cell {index + 1} ran too long and could not be interrupted")
        mark_not_run(cell, self._stopped)
        return cell, resources

    def _run_hidden_part(self, cell: NotebookNode, resources: Any, index: int) -> None:
        """Run the hidden tests of a cell that stopped before them (a name is not defined, say):
        what else the exercise asks for may be right, and earns its points."""
        source, outputs = cell.source, cell.outputs
        cell.source = hidden_part(source)
        try:
            super().preprocess_cell(cell, resources, index)
        finally:
            cell.source, cell.outputs = source, [*outputs, *cell.outputs]

    def output(self, outs: list, msg: Mapping, display_id: str | None, cell_index: int):
        """Keep an output of the running cell, unless it has printed too much already."""
        if msg["msg_type"] == "stream":
            room = self.max_printed - self._printed
            text = msg["content"]["text"]
            self._printed += len(text)
            if room < 0:
                return None
            if room < len(text):
                ending = "\n… the rest of what this cell printed was left out\n"
                msg["content"]["text"] = text[:room] + ending
        return super().output(outs, msg, display_id, cell_index)

    async def async_start_new_kernel(self, **kwargs: Any) -> None:
        """Start the kernel, with the limits of a grading run in its environment."""
        kwargs["env"] = LIMITS | os.environ
        await super().async_start_new_kernel(**kwargs)

    start_new_kernel = run_sync(async_start_new_kernel)

    def _get_timeout(self, cell: NotebookNode | None) -> int | None:
        left = max(1, round(self._deadline - monotonic()))
        return min(self.timeout or left, left)

    def _give_up(self, reason: str) -> None:
        self.log.warning("Not run to its end: %s", reason)
        self._stopped = reason


def find_packages(root: Path) -> None:
    """Let this process and the kernels it starts find ``cs231n``, ``grading`` and ``alembic``.

    root: the folder that holds the packages. nbgrader calls the command ``alembic`` by name.
    """
    _put_first("PYTHONPATH", str(root))
    _put_first("PATH", str(Path(sys.executable).parent))


def _put_first(variable: str, folder: str) -> None:
    folders = [f for f in os.environ.get(variable, "").split(os.pathsep) if f and f != folder]
    os.environ[variable] = os.pathsep.join([folder, *folders])


def _timed_out(cell: NotebookNode) -> bool:
    return any(output.get("ename") == TIMED_OUT for output in cell.outputs)


def _note(text: str) -> NotebookNode:
    return new_output("stream", name="stdout", text=text + "\n")
