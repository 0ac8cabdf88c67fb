"""How a check is written and run.

A check is a small function that takes the student's functions and a random generator, and either
returns (passed), returns a :class:`Measurement` (passed, with a figure to show), or raises
:class:`CheckFailed` with a sentence a student can use. An :class:`Exercise` collects the checks of
one exercise and runs them against whatever callables it is given.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from cs231n.check.guard import Functions
from cs231n.check.refusals import NotRightYet, WrongCall
from cs231n.check.results import CheckFailed, Measurement, NotReady, Result

__all__ = ["CheckFailed", "Exercise", "Measurement", "Result", "seed_of"]


@dataclass(frozen=True)
class _Check:
    name: str
    weight: float
    body: Callable
    numbers: str
    secret: bool = True


class Exercise:
    """The checks of one exercise.

    name: the exercise's name, also the key of its grade.
    functions: the names of the student's functions that the checks call, in the order in which a
        notebook passes them: ``check.relu_backward(relu_forward, relu_backward)``.
    """

    def __init__(self, name: str, functions: tuple[str, ...]):
        self.name = name
        self.functions = functions
        self.checks: list[_Check] = []
        # What the exercise is about; the others only lead up to it.
        self.own = (name,) if name in functions else functions

    def check(self, name: str, weight: float = 1.0, numbers: str = "") -> Callable:
        """Decorator: add a check ``body(f, rng)`` with a name that says what it looks at.

        numbers: checks for which the same is given here draw the same numbers; without it, a check
            draws its own
        """
        if any(check.name == name for check in self.checks):
            raise ValueError(f"exercise {self.name!r} has two checks named {name!r}")
        if weight <= 0:
            raise ValueError(f"check {name!r} of {self.name!r}: weight must be positive")

        def add(body: Callable) -> Callable:
            self.checks.append(_Check(name, weight, body, numbers or name))
            return body

        return add

    def same_in_all_courses(self, *names: str) -> None:
        """Let these checks draw the same numbers whatever the secret.

        For checks in which chance would decide: with two pixels, whether the larger one comes
        first; with one hidden value, whether a ReLU shuts it off.
        """
        unknown = set(names) - {check.name for check in self.checks}
        if unknown:
            raise ValueError(f"exercise {self.name!r} has no check named {unknown.pop()!r}")
        self.checks = [
            replace(check, secret=check.secret and check.name not in names) for check in self.checks
        ]

    def run(
        self, functions: Mapping[str, Callable | None] | Functions, secret: str = ""
    ) -> tuple[list[Result], str]:
        """Run every check against the given callables.

        functions: name -> callable; a missing or None entry makes the checks that call it fail
            with a message that says so. Functions (see guard.py) are called as they are.
        secret: mixed into every check's random seed; the same secret gives the same numbers,
            whatever order the checks run in.

        Returns a tuple of:
        - results: a Result a check, in the order in which they were written
        - printed: what the student's functions printed meanwhile (the beginning of it)
        """
        f = functions
        if not isinstance(f, Functions):
            f = Functions({name: functions.get(name) for name in self.functions})
        results = [self.run_one(number, f, secret) for number in range(len(self.checks))]
        return results, f.printed()

    def run_one(self, number: int, f: Functions, secret: str = "") -> Result:
        """Run one of the checks by itself. What came before makes no difference."""
        fingerprint = f.note(self.own)
        result = self._outcome(self.checks[number], f, secret)
        return replace(result, fingerprint=fingerprint.numbers())

    def _outcome(self, check: _Check, f: Functions, secret: str) -> Result:
        rng = np.random.default_rng(
            seed_of(secret if check.secret else "", self.name, check.numbers)
        )
        outcome = dict(name=check.name, weight=check.weight)
        try:
            # A check's own arithmetic may meet a student's nan or inf: that is a failed
            # comparison, not a warning on the page.
            with np.errstate(all="ignore"):
                measured = check.body(f, rng)
        except NotReady as problem:
            return Result(passed=False, message=_short(problem), ready=False, **outcome)
        except CheckFailed as failure:
            return Result(
                passed=False,
                message=_short(failure),
                error=failure.error,
                tolerance=failure.tolerance,
                **outcome,
            )
        except (Exception, SystemExit, GeneratorExit) as problem:
            # The check could not digest what came back (a missing item in a tuple, a string
            # where an array should be): the student's answer has the wrong form.
            text = f"{type(problem).__name__}: {_short(problem, 200)}".rstrip(": ")
            text = (
                f"{f.last or 'The function'} returned something of an unexpected form ({text}). "
                "Print it, and compare it with “Returns” in the docstring."
            )
            return Result(passed=False, message=text, **outcome)
        if isinstance(measured, Measurement):
            outcome |= dict(error=measured.error, tolerance=measured.tolerance)
        return Result(passed=True, **outcome)

    def __call__(self, *functions: Callable) -> None:
        """Check the given functions (in the exercise's order) and show a table."""
        from cs231n.check import diagnosis, hints, report
        from cs231n.check.score_card import note as note_score

        self._refuse_other_functions(functions)
        given = dict(zip(self.functions, functions, strict=True))
        results, printed = self.run(given)
        note_score(self.name, given, results)
        note = diagnosis.explain(self.name, results)
        table = report.check_table(self.name, results, printed, note)
        # Who is told the mistake needs no hint.
        table.footer = "" if note else hints.invitation(self.name, results)
        report.show(table)
        # nbgrader's Validate button takes a cell that raises nothing for a cell that is right.
        if os.environ.get("NBGRADER_EXECUTION") == "validate" and not all(
            r.passed for r in results
        ):
            raise NotRightYet(self.name, table)

    def _refuse_other_functions(self, functions: tuple) -> None:
        names = [getattr(function, "__name__", "") for function in functions]
        right = f"Write {self!r}."
        if len(functions) != len(self.functions):
            raise WrongCall(
                f"check.{self.name} takes {len(self.functions)} function(s), not "
                f"{len(functions)}. {right}"
            )
        if sorted(names) == sorted(self.functions) and names != list(self.functions):
            raise WrongCall(f"check.{self.name} got its functions in another order. {right}")

    def __repr__(self) -> str:
        return f"check.{self.name}({', '.join(self.functions)})"


def _short(problem: BaseException, most: int = 2000) -> str:
    """What an exception says, the beginning of it: it may quote a whole answer."""
    try:
        text = str(problem)
    except Exception:  # the exception itself, or what it quotes, cannot be shown
        return ""
    return text if len(text) <= most else text[:most] + " […]"


def seed_of(*parts: str) -> list[int]:
    """A seed that depends on the given strings alone (the same on every machine and run)."""
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return list(np.frombuffer(digest, dtype=np.uint32).tolist())
