"""Bringing a submission made from an older release up to today's notebook.

It has been repaired by the release it came from, so its cells are known. Cells that are still the
course's get today's text, or go where the course has dropped them; what the student wrote stays.
"""

from __future__ import annotations

from nbformat import NotebookNode, from_dict

from grading.matching import Released
from grading.python_names import same_text
from grading.repair import Repaired, repair


def bring_forward(nb: NotebookNode, old: NotebookNode, today: NotebookNode) -> Repaired:
    """The submission on today's notebook.

    nb: the submission, repaired by `old`
    old: the notebook that it was made from; today: the one to grade it by
    """
    cells = []
    for cell in nb.cells:
        was = _released(cell, old)
        now = next((c for c in today.cells if was is not None and c.id == was.id), None)
        if was is None or not _is_the_courses(cell, was):
            cells.append(cell)
        elif now is not None:
            cells.append(_replaced(cell, now))
    nb = NotebookNode(nb | {"cells": cells})
    repaired = repair(nb, today)  # order, what is new, today's marks and points
    if repaired.needs_review:
        return repaired
    _add_ordinary(repaired.notebook, {c.id for c in old.cells}, today)
    return repaired


def _released(cell: NotebookNode, old: NotebookNode) -> NotebookNode | None:
    """The released cell that a cell of a repaired notebook is, if any."""
    mark = cell.metadata.get("nbgrader", {}).get("grade_id")
    for was in old.cells:
        if mark and was.metadata.get("nbgrader", {}).get("grade_id") == mark:
            return was
    ordinary = [was for was in old.cells if "nbgrader" not in was.metadata and not mark]
    same = [was for was in ordinary if same_text(was.source, cell.source)]
    return next((was for was in same if was.id == cell.id), same[0] if same else None)


def _is_the_courses(cell: NotebookNode, was: NotebookNode) -> bool:
    return Released(0, was).is_fixed or same_text(cell.source, was.source)


def _replaced(cell: NotebookNode, now: NotebookNode) -> NotebookNode:
    """Today's cell, with the output that the student's had: its own, or none, where it is run."""
    new = from_dict(now)
    if cell.cell_type == new.cell_type == "code":
        new.outputs, new.execution_count = cell.outputs, cell.execution_count
    return new


def _add_ordinary(nb: NotebookNode, known: set[str], today: NotebookNode) -> None:
    """Add the cells without marks that today's notebook has and the older one had not."""
    for i, new in enumerate(today.cells):
        there = {cell.id for cell in nb.cells}
        if "nbgrader" in new.metadata or new.id in known or new.id in there:
            continue
        before = {cell.id for cell in today.cells[:i]}
        places = [at for at, cell in enumerate(nb.cells, 1) if cell.id in before]
        nb.cells.insert(max(places, default=0), from_dict(new))
