"""Which mistake of the bank explains a failing submission.

The hidden checks are run on the reference with the mistake in it, and what it did there is
compared with what the student's functions did. A mistake explains a submission when both fail the
same checks, and did the same in each of those. Two mistakes made together are tried when none
explains it alone. What is said is the mistake's own sentence: nothing of what the reference gives.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import combinations

from cs231n.check.core import Exercise, Result
from cs231n.check.diagnosis import sentence
from cs231n.check.fingerprint import alike
from cs231n.check.guard import Functions
from grading.checks import EXERCISES
from grading.errors import GradingError
from grading.mistakes import Mistake, bank, functions_of
from grading.mistakes.sections import section


def diagnose(exercise: Exercise, results: Sequence[Result], secret: str) -> list[Mistake]:
    """The mistakes of the bank that explain the results: one, two, or none that is known."""
    failed = [k for k, result in enumerate(results) if not result.passed]
    if not failed or EXERCISES.get(exercise.name) is not exercise:
        return []
    if not all(result.ready for result in results):
        return []
    for mistakes in _candidates(exercise):
        if _explains(mistakes, exercise, results, failed, secret):
            return list(mistakes)
    return []


def explain(exercise: Exercise, results: Sequence[Result], secret: str) -> list[dict]:
    """The mistakes that explain the results, as a score card keeps them: {"name", "says"}."""
    return [
        {"name": mistake.name, "says": sentence(mistake.says, section(mistake))}
        for mistake in diagnose(exercise, results, secret)
    ]


def _candidates(exercise: Exercise) -> Iterator[tuple[Mistake, ...]]:
    """Each mistake of the exercise or of a function that its checks call; then two of them."""
    own = bank().get(exercise.name, ())
    others = [
        mistake
        for name in exercise.functions
        if name != exercise.name
        for mistake in bank().get(name, ())
    ]
    yield from ((mistake,) for mistake in (*own, *others))
    yield from combinations((*own, *others), 2)


def _explains(mistakes, exercise: Exercise, results, failed: list[int], secret: str) -> bool:
    """Failed checks are looked at first: the first of them settles most candidates."""
    try:
        functions = _functions(exercise.name, mistakes)
    except GradingError:  # the two change the same words
        return False
    for k in failed:
        known = _result(exercise.name, functions, k, secret)
        if known.passed or not alike(known.fingerprint, results[k].fingerprint):
            return False
    return all(
        _result(exercise.name, functions, k, secret).passed
        for k, result in enumerate(results)
        if result.passed
    )


@cache
def _functions(exercise: str, mistakes: tuple[Mistake, ...]) -> Functions:
    return Functions(functions_of(exercise, mistakes))


@cache
def _result(exercise: str, functions: Functions, check: int, secret: str) -> Result:
    """What a mistake comes to in a check: worked out once in a process."""
    return EXERCISES[exercise].run_one(check, functions, secret)
