"""The bank of mistakes that people really make, each as a change of the reference solution.

    from grading.mistakes import bank
    bank()["conv_backward_naive"][0].functions()     # name -> callable, one of them wrong

One TOML file a notebook; grading/mistakes/README.md says how to add a mistake.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from grading.checks import EXERCISES
from grading.errors import GradingError
from grading.mistakes.worlds import REFERENCE, home_of, world
from grading.settings import by_number

FOLDER = Path(__file__).parent
_KEYS = {"name", "in", "exercise", "change", "says", "see"}


@dataclass(frozen=True)
class Mistake:
    """A slip: what is changed in the reference, and the sentence for whoever made it.

    exercise: the exercise whose checks must notice
    changed: the functions or classes of the reference that are changed
    changes: (old, new) pieces of text; every place in the changed functions' bodies counts
    says: the sentence that helps; see: id of the text cell to read again, in `notebook`
    """

    name: str
    exercise: str
    changed: tuple[str, ...]
    changes: tuple[tuple[str, str], ...]
    says: str
    see: str
    notebook: str

    def functions(self) -> dict[str, Callable]:
        """The functions that the exercise's checks call, with the mistake in them."""
        return functions_of(self.exercise, [self])


def functions_of(exercise: str, mistakes: Iterable[Mistake] = ()) -> dict[str, Callable]:
    """The reference's functions that an exercise's checks call, with mistakes made in them.

    Raises GradingError where the text that a mistake changes is not there (any more).
    """
    changes = tuple((m.changed, m.changes, m.name) for m in mistakes)
    names = EXERCISES[exercise].functions
    here = _changed_world(home_of(names), changes)
    return {name: here[name] for name in names}


@cache
def _changed_world(module: str, changes: tuple) -> dict[str, object]:
    bodies = {}
    for names, pairs, mistake in changes:
        for old, new in pairs:
            found = False
            for name in names:
                body = bodies.get(name) or REFERENCE[name].body
                found |= old in body
                bodies[name] = body.replace(old, new)
            if not found:
                raise GradingError(
                    f"The mistake {mistake!r} changes text that {' and '.join(names)} does not "
                    f"have (any more): {old!r}."
                )
    return world(module, bodies)


@cache
def bank() -> dict[str, tuple[Mistake, ...]]:
    """Exercise -> its mistakes, in the order of the files."""
    found: dict[str, list[Mistake]] = {}
    for path in sorted(FOLDER.glob("*.toml"), key=lambda path: by_number(path.stem)):
        for mistake in read(path):
            found.setdefault(mistake.exercise, []).append(mistake)
    return {exercise: tuple(mistakes) for exercise, mistakes in found.items()}


def read(path: Path) -> list[Mistake]:
    """The mistakes of one file. Raises GradingError that names the entry and what is wrong."""
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("mistake", [])
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise GradingError(f"{path}: {problem}.") from None
    mistakes = [_mistake(entry, path) for entry in entries]
    seen = set()
    for mistake in mistakes:
        key = mistake.exercise, mistake.name
        if key in seen:
            raise GradingError(f"{path}: {mistake.exercise} has two mistakes {mistake.name!r}.")
        seen.add(key)
    return mistakes


def _mistake(entry: dict, path: Path) -> Mistake:
    where = f"{path}: mistake {entry.get('name', '(without a name)')!r}"
    missing = _KEYS - {"exercise"} - entry.keys()
    unknown = entry.keys() - _KEYS
    if missing or unknown:
        what = ", ".join(sorted(missing or unknown))
        raise GradingError(f"{where}: {'missing' if missing else 'unknown'}: {what}.")
    changed = entry["in"] if isinstance(entry["in"], list) else [entry["in"]]
    for name in changed:
        if name not in REFERENCE:
            raise GradingError(f"{where}: grading/reference has no {name!r}.")
    pairs = entry["change"]
    pairs = [pairs] if all(isinstance(part, str) for part in pairs) else pairs
    if not pairs or not all(len(p) == 2 and p[0] and p[0] != p[1] for p in pairs):
        raise GradingError(f"{where}: change should be [old, new] or a list of such pairs.")
    exercise = entry.get("exercise") or changed[-1]
    if exercise not in EXERCISES:
        raise GradingError(f"{where}: there is no exercise {exercise!r}. Give it as `exercise`.")
    says = " ".join(entry["says"].split())
    return Mistake(
        entry["name"],
        exercise,
        tuple(changed),
        tuple(tuple(pair) for pair in pairs),
        says,
        entry["see"],
        path.stem,
    )
