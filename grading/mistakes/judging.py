"""What the hidden checks say of the bank, of right solutions and of mutants."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cs231n.check import EXERCISES as VISIBLE
from cs231n.check.core import Exercise
from cs231n.check.guard import Functions
from grading.checks import EXERCISES
from grading.errors import GradingError
from grading.mistakes.mutants import Mutant, judges, mutants

EQUIVALENT = Path(__file__).parent / "equivalent"


def verdicts(exercise: str, functions: Mapping[str, Callable], secret: str = "") -> list[bool]:
    """Which hidden checks of an exercise pass."""
    wanted = {name: functions.get(name) for name in EXERCISES[exercise].functions}
    return [result.passed for result in EXERCISES[exercise].run(wanted, secret)[0]]


def is_noticed(mutant: Mutant, secret: str = "", visible: bool = False) -> bool:
    """Whether a check of an exercise that calls the function fails; hidden checks, or visible."""
    exercises = VISIBLE if visible else EXERCISES
    names = judges(mutant.function)
    return any(fails_a_check(exercises[name], mutant.namespace, secret) for name in names)


def fails_a_check(exercise: Exercise, functions: Mapping[str, object], secret: str = "") -> bool:
    """Whether one of the exercise's checks fails; they are run in order until one does."""
    f = Functions({name: functions.get(name) for name in exercise.functions})
    return any(not exercise.run_one(k, f, secret).passed for k in range(len(exercise.checks)))


@dataclass(frozen=True)
class Judged:
    """What came of a function's mutants. unnoticed: those for which there is no excuse;
    stale: excuses, as (was, now), for mutants that are noticed or not made."""

    function: str
    made: int
    equivalent: int
    visible: int  # noticed by the visible checks
    unnoticed: tuple[tuple[int, str, str], ...]  # line in the reference, was, now
    stale: tuple[tuple[str, str], ...]


def judge(function: str, secrets: int = 1, visible: bool = False) -> Judged:
    """Run the checks on every mutant of a function; it must be noticed whatever the secret.

    visible: run the visible checks too
    """
    excuses = dict.fromkeys(equivalent().get(function, {}), False)
    made = excused = seen = 0
    unnoticed = []
    for mutant in mutants(function):
        made += 1
        seen += visible and is_noticed(mutant, visible=True)
        if all(is_noticed(mutant, str(secret)) for secret in range(secrets)):
            continue
        key = mutant.was, mutant.now
        if key in excuses:
            excuses[key] = True
            excused += 1
        else:
            unnoticed.append((mutant.line, *key))
    stale = tuple(key for key, used in excuses.items() if not used)
    return Judged(function, made, excused, seen, tuple(unnoticed), stale)


@cache
def equivalent() -> dict[str, dict[tuple[str, str], str]]:
    """Function -> (was, now) -> why no check can notice."""
    found: dict[str, dict[tuple[str, str], str]] = {}
    for path in sorted(EQUIVALENT.glob("*.toml")):
        for entry in tomllib.loads(path.read_text(encoding="utf-8")).get("equivalent", []):
            if entry.keys() != {"in", "why", "places"}:
                raise GradingError(f"{path}: an entry needs in, why and places: {entry}.")
            places = found.setdefault(entry["in"], {})
            places |= {tuple(place): entry["why"] for place in entry["places"]}
    return found
