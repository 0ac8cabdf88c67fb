"""The hidden checks. A graded cell calls :func:`grade_cell`; nothing here ever ships."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cs231n.check.core import Exercise
from grading.checks import (
    case_studies,
    columns,
    convolution,
    fc_to_conv,
    fully_connected,
    normalization,
    patterns,
    pooling,
    training,
)
from grading.checks.core import grade, show_score


def _exercises_in(module) -> list[Exercise]:
    return [value for value in vars(module).values() if isinstance(value, Exercise)]


_MODULES = (
    *(fully_connected, convolution, pooling, normalization),
    *(columns, fc_to_conv),
    *(patterns, case_studies, training),
)  # one a notebook

EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise for module in _MODULES for exercise in _exercises_in(module)
}


def hidden_from(exercises: Iterable[str]) -> tuple[str, ...]:
    """The modules that a notebook with these exercises may not see while it is graded."""
    named = {EXERCISES[name] for name in exercises}
    hides = [module.HIDE for module in _MODULES if named & set(_exercises_in(module))]
    return tuple(sorted(set().union(*hides)))


def grade_cell(name: str, namespace: Mapping[str, object], points: float) -> float:
    """Grade one exercise with the functions found in ``namespace`` (a notebook's globals).

    Shows the table and returns the points earned, which nbgrader takes as partial credit when
    this call is the last expression of a graded cell.
    """
    exercise = EXERCISES[name]
    graded = grade(exercise, {f: namespace.get(f) for f in exercise.functions}, points)
    show_score(graded)
    return graded["score"]
