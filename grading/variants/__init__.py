"""Right solutions, written in as many ways as people write them. All of them must score full.

Each module has its own way to write them down, fit for its functions; `variants()` lists them all.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from grading.checks import EXERCISES


@dataclass(frozen=True)
class Variant:
    """One way to write an exercise's functions."""

    name: str
    exercise: str
    functions: dict[str, Callable]


@cache
def variants() -> tuple[Variant, ...]:
    """Every right solution, once for each exercise that it solves."""
    banks = {}  # a module's bank may be added to by another module
    for path in sorted(Path(__file__).parent.glob("[a-z]*.py")):
        module = importlib.import_module(f"{__name__}.{path.stem}")
        banks[id(module.RIGHT)] = module.RIGHT
    return tuple(
        Variant(entry["name"], exercise, entry["functions"])
        for bank in banks.values()
        for entry in bank
        for exercise in _solved(entry)
    )


def _solved(entry: dict) -> list[str]:
    """The exercises that an entry solves: the one it names, or all whose functions it has."""
    if "exercise" in entry:
        return [entry["exercise"]]
    return [
        name
        for name, exercise in EXERCISES.items()
        if set(exercise.functions) <= set(entry["functions"])
        and (name != "conv_dilation" or entry["dilation"])
    ]
