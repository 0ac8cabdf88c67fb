"""Which cells are graded, and by which exercise."""

from __future__ import annotations

import re

from nbformat import NotebookNode
from nbgrader import utils

CALL = re.compile(r"""grade_cell\(\s*["'](\w+)["']""")
_HIDDEN = re.compile(r"\n?### BEGIN HIDDEN TESTS\n(.*?)### END HIDDEN TESTS", re.DOTALL)


def exercise_of(cell: NotebookNode) -> str | None:
    """The exercise that a graded cell grades with hidden checks, or None for any other cell."""
    if cell.cell_type != "code" or not utils.is_grade(cell):
        return None
    found = CALL.search(cell.source)
    return found.group(1) if found else None


def without_hidden_part(source: str) -> str:
    """A graded cell's text as students have it."""
    return _HIDDEN.sub("", source).strip("\n")
