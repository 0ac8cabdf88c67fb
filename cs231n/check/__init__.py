"""Visible checks: ``check.conv_forward_naive(conv_forward_naive)`` shows a table at once.

Each exercise of the notebooks has its checks here. They need no solution to compare with: they use
numeric gradients of the student's own functions, properties that any right answer has, and a few
stored numbers. Grading uses other, hidden checks in the same form.

``check.hint("conv_forward_naive")`` helps in steps, ``check.score_card`` adds up what has passed.
"""

from cs231n.check import (
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
from cs231n.check.core import Exercise
from cs231n.check.demonstration import attempt, demo
from cs231n.check.hints import hint
from cs231n.check.refusals import NoSuchCheck
from cs231n.check.score_card import score_card

_MODULES = (
    *(fully_connected, convolution, pooling, normalization),
    *(columns, fc_to_conv),
    *(patterns, case_studies, training),
)  # one a notebook

EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise
    for module in _MODULES
    for exercise in vars(module).values()
    if isinstance(exercise, Exercise)
}
globals().update(EXERCISES)


def __getattr__(name: str):
    if name.startswith("_"):  # Python itself looks for such names
        raise AttributeError(name)
    raise NoSuchCheck(name, __all__)


__all__ = ["EXERCISES", "Exercise", "attempt", "demo", "hint", "score_card", *EXERCISES]
