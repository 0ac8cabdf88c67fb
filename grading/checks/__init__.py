"""The hidden checks. A graded cell calls :func:`grade_cell`; nothing here ever ships."""

from __future__ import annotations

from collections.abc import Mapping

from cs231n.check.core import Exercise
from grading.checks import convolution, fully_connected, pooling
from grading.checks.core import grade, show_score

EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise
    for module in (fully_connected, convolution, pooling)
    for exercise in vars(module).values()
    if isinstance(exercise, Exercise)
}


def grade_cell(name: str, namespace: Mapping[str, object], points: float) -> float:
    """Grade one exercise with the functions found in ``namespace`` (a notebook's globals).

    Shows the table and returns the points earned, which nbgrader takes as partial credit when
    this call is the last expression of a graded cell.
    """
    exercise = EXERCISES[name]
    graded = grade(exercise, {f: namespace.get(f) for f in exercise.functions}, points)
    show_score(graded)
    return graded["score"]
