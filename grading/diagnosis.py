"""Which mistake of the bank explains a failing submission.

The hidden checks are run on the reference with the mistake in it, and what it did there is
compared with what the student's functions did. A mistake explains a submission when both fail the
same checks, and did the same in each of those. Two mistakes made together are tried when none
explains it alone. What is said is the mistake's own sentence: nothing of what the reference gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
    if EXERCISES.get(exercise.name) is not exercise or not all(r.ready for r in results):
        return []
    if all(result.passed for result in results):
        return []
    asked = _Asked(exercise, results, secret)
    singles = _mistakes_of(exercise)
    for mistake in singles:
        if asked.explained_by(mistake):
            return [mistake]
    for pair in combinations(singles, 2):
        if asked.may_be_explained_by(*pair) and asked.explained_by(*pair):
            return list(pair)
    return []


def explain(exercise: Exercise, results: Sequence[Result], secret: str) -> list[dict]:
    """The mistakes that explain the results, as a score card keeps them: {"name", "says"}."""
    return [
        {"name": mistake.name, "says": sentence(mistake.says, section(mistake))}
        for mistake in diagnose(exercise, results, secret)
    ]


def _mistakes_of(exercise: Exercise) -> list[Mistake]:
    """The mistakes of an exercise, and those of other functions that its checks call."""
    others = [name for name in exercise.functions if name != exercise.name]
    return [mistake for name in (exercise.name, *others) for mistake in bank().get(name, ())]


@dataclass(frozen=True)
class _Asked:
    """The results to explain."""

    exercise: Exercise
    results: Sequence[Result]
    secret: str

    def explained_by(self, *mistakes: Mistake) -> bool:
        """Whether these mistakes together fail the same checks, and in the same way.

        Failed checks are looked at first: one of them settles most questions.
        """
        try:
            _functions(self.exercise.name, mistakes)
        except GradingError:  # they change the same words
            return False
        order = sorted(range(len(self.results)), key=lambda k: self.results[k].passed)
        return all(self._agrees(self._known(k, *mistakes), k) for k in order)

    def may_be_explained_by(self, one: Mistake, other: Mistake) -> bool:
        """Whether two mistakes are worth trying together: where one of them does as the reference
        does, the two do what the other does alone."""
        for k, result in enumerate(self.results):
            right, *alone = (self._known(k, *some).fingerprint for some in ((), (one,), (other,)))
            harmless = [alike(fingerprint, right) for fingerprint in alone]
            if any(harmless):
                expected = alone[harmless.index(False)] if not all(harmless) else right
                if not alike(result.fingerprint, expected):
                    return False
        return True

    def _agrees(self, known: Result, k: int) -> bool:
        result = self.results[k]
        if known.passed or result.passed:
            return known.passed and result.passed
        return alike(known.fingerprint, result.fingerprint)

    def _known(self, k: int, *mistakes: Mistake) -> Result:
        return _result(self.exercise.name, mistakes, k, self.secret)


@cache
def _functions(exercise: str, mistakes: tuple[Mistake, ...]) -> Functions:
    return Functions(functions_of(exercise, mistakes))


@cache
def _result(exercise: str, mistakes: tuple[Mistake, ...], check: int, secret: str) -> Result:
    """What mistakes come to in a check: worked out once in a process."""
    return EXERCISES[exercise].run_one(check, _functions(exercise, mistakes), secret)
