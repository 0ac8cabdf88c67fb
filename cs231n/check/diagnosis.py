"""Recognising a mistake by what it does.

What common mistakes do in the visible checks is stored as fingerprints (mistakes.json): numbers
from which nobody can read an answer, right or wrong. A function that leaves the same ones in all
the checks that it fails has the same mistake, however it is written.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cs231n.check.fingerprint import alike
from cs231n.check.results import Result

FILE = Path(__file__).with_name("mistakes.json")


@dataclass(frozen=True)
class Known:
    """A common mistake: the sentence that helps, the section to read again, and its fingerprints
    in the checks that it fails (by their numbers, from 0)."""

    says: str
    see: str
    fingerprints: dict[int, tuple[float, float]]


@cache
def known_mistakes() -> dict[str, tuple[Known, ...]]:
    """Exercise -> the mistakes that its visible checks can tell."""
    stored = json.loads(FILE.read_text(encoding="utf-8"))
    return {
        exercise: tuple(
            Known(
                entry["says"],
                entry["see"],
                {int(number): tuple(pair) for number, pair in entry["fingerprints"].items()},
            )
            for entry in entries
        )
        for exercise, entries in stored.items()
    }


def recognise(results: Sequence[Result], known: Iterable[Known]) -> Known | None:
    """The mistake that explains every failed check and no more than those, if there is one."""
    failed = {k: r.fingerprint for k, r in enumerate(results) if not r.passed}
    if not failed or not all(r.ready for r in results):
        return None
    for mistake in known:
        prints = mistake.fingerprints
        if prints.keys() == failed.keys() and all(alike(prints[k], failed[k]) for k in failed):
            return mistake
    return None


def explain(exercise: str, results: Sequence[Result]) -> str:
    """What to say first of an exercise's visible results, or "" where no mistake is recognised."""
    if all(result.passed for result in results):
        return ""
    found = recognise(results, known_mistakes().get(exercise, ()))
    return sentence(found.says, found.see) if found else ""


def sentence(says: str, see: str) -> str:
    """What the student reads."""
    return f"{says} Read again: {see}."
