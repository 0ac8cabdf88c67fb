"""What a graded submission's rows in nbgrader's gradebook say: scores, reviews, comments.

The rules are those of nbgrader's SaveAutoGrades and of grading/save_scores.py, without a database.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace

import nbformat
from nbgrader import utils
from nbgrader.preprocessors import AssignLatePenalties

from grading.errors import GradingError
from grading.marks import WAITS
from grading.scores import exercise_of

# (student, score of the notebook, seconds late) -> points to take off, or None
Penalty = Callable[[str, float, float], float | None]


@dataclass(frozen=True)
class Cells:
    """The cells of one notebook that have rows in the gradebook: name -> the cell's id.

    exercises: name of a graded cell -> the exercise that it grades with hidden checks
    """

    id: str
    graded: Mapping[str, str]
    tasks: Mapping[str, str]
    commented: Mapping[str, str]
    exercises: Mapping[str, str]

    @property
    def all_graded(self) -> list[str]:
        """Ids of the cells that have a grade."""
        return [*self.graded.values(), *self.tasks.values()]


def cells_of(notebook) -> Cells:
    """What the gradebook holds of a notebook's cells. Graded ones know their exercise by text."""
    exercises = {}
    for cell in notebook.source_cells:
        about = {"grade": True, "grade_id": cell.name}
        name = exercise_of(_cell(cell.cell_type, cell.source or "", about))
        if name is not None:
            exercises[cell.name] = name
    tasks = {cell.name: cell.id for cell in notebook.task_cells}
    return Cells(
        notebook.id,
        graded={cell.name: cell.id for cell in notebook.grade_cells},
        tasks=tasks,
        commented={cell.name: cell.id for cell in notebook.solution_cells} | tasks,
        exercises=exercises,
    )


def _cell(kind: str, source: str, about: Mapping):
    return nbformat.from_dict(
        {"cell_type": kind, "source": source, "metadata": {"nbgrader": dict(about)}, "outputs": []}
    )


def read_cells(notebook: bytes | None) -> dict:
    """grade_id -> cell, of an autograded notebook. Outputs are the student's and not looked at."""
    found = {}
    for cell in json.loads(notebook)["cells"] if notebook else []:
        about = cell["metadata"].get("nbgrader", {})
        if about.get("grade_id"):
            source = "".join(cell["source"])
            found[about["grade_id"]] = _cell(cell["cell_type"], source, about)
    return found


def grades(cells: Cells, card: dict | None, found: Mapping) -> dict:
    """Graded cell's id -> its values. None: a row that stays as it is."""
    values = {id: None for id in cells.tasks.values()}  # a person's, from beginning to end
    reason = card is None or card["needs_review"] is not None
    for name, id in cells.graded.items():
        score = None
        if name in cells.exercises:
            result = card["exercises"].get(cells.exercises[name], {}) if card else {}
            if result.get("graded", True):
                score = result.get("score")
            waits = reason or score is None
        else:
            score = None if reason else _untouched_is_zero(found.get(name))
            waits = score is None
        values[id] = {"auto_score": score, "needs_manual_grade": waits}
    return values


def _untouched_is_zero(cell) -> float | None:
    """nbgrader's rule for answers that people grade: 0 if nothing was written, else no score.

    A test without a trusted result is a person's as well: what it printed is the student's word.
    """
    untouched = cell is not None and utils.is_solution(cell) and _unchanged(cell)
    return 0.0 if untouched else None


def _unchanged(cell) -> bool:
    return cell.metadata.nbgrader.get("checksum") == utils.compute_checksum(cell)


def comments(cells: Cells, card: dict | None, found: Mapping) -> dict:
    """Commented cell's id -> its values."""
    values = {}
    for name, id in cells.commented.items():
        text = None
        if card is not None and card["needs_review"] is not None:
            text = f"{WAITS}: {card['needs_review']}."
        elif name in found and _unchanged(found[name]) and not utils.is_task(found[name]):
            text = "No response."
        values[id] = {"auto_comment": text}
    return values


def late_penalty(config, log) -> Penalty:
    """The penalty that the course's configuration asks for, as nbgrader's own step gives it."""
    step = AssignLatePenalties(config=config, log=log)
    step.init_plugin()

    def penalty(student: str, score: float, seconds: float) -> float | None:
        try:
            wanted = step.plugin_inst.late_submission_penalty(student, score, seconds)
        except Exception as problem:
            name = type(step.plugin_inst).__name__
            raise GradingError(
                f"The course's own rule for late submissions, {name}, failed for {student}: "
                f"{type(problem).__name__}: {problem}"
            ) from problem
        if wanted is None:
            return None
        return step._check_late_penalty(SimpleNamespace(score=score), wanted)

    return penalty
