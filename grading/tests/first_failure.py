"""Whether a solution fails some check at all, without running those after the first failure."""

from cs231n.check.core import Exercise
from cs231n.check.guard import Functions


def fails_a_check(exercise: Exercise, functions: dict) -> bool:
    """Whether one of the exercise's checks fails; they are run in order until one does."""
    f = Functions({name: functions.get(name) for name in exercise.functions})
    return not all(exercise.run_one(number, f).passed for number in range(len(exercise.checks)))
