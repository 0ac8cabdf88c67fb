"""What students get of the bank: sentences, and fingerprints of the mistakes in the visible checks.

    shipped() -> {exercise: [{"says", "see", "fingerprints": {"check's number": [a, b]}}]}

Written to cs231n/check/mistakes.json by ``python -m grading build``. Numbers only: neither a right
nor a wrong implementation can be read from it.
"""

from __future__ import annotations

import json

from cs231n.check import EXERCISES, diagnosis
from cs231n.check.fingerprint import alike
from grading.mistakes import Mistake, bank
from grading.mistakes.sections import section

DIGITS = 7


def shipped() -> dict[str, list[dict]]:
    """The file's content.

    A mistake that passes the visible checks is not in it, nor are mistakes that do the same there:
    better nothing said than the wrong thing.
    """
    found = {}
    for exercise, mistakes in bank().items():
        entries = [entry for mistake in mistakes if (entry := _entry(mistake))]
        kept = [e for e in entries if not any(_do_the_same(e, o) for o in entries if o is not e)]
        if kept:
            found[exercise] = kept
    return found


def visible_results(mistake: Mistake) -> list:
    """What the visible checks of its exercise say of a mistake."""
    exercise = EXERCISES[mistake.exercise]
    functions = mistake.functions()
    return exercise.run({name: functions.get(name) for name in exercise.functions})[0]


def _entry(mistake: Mistake) -> dict | None:
    prints = {
        str(number): [round(part, DIGITS) for part in result.fingerprint]
        for number, result in enumerate(visible_results(mistake))
        if not result.passed and result.fingerprint
    }
    if not prints:
        return None
    return {"says": mistake.says, "see": section(mistake), "fingerprints": prints}


def to_bytes(content: dict) -> bytes:
    """The file: one mistake a line."""
    blocks = []
    for exercise, entries in content.items():
        lines = [json.dumps(entry, ensure_ascii=False, sort_keys=True) for entry in entries]
        blocks.append(f"{json.dumps(exercise)}: [\n" + ",\n".join(lines) + "\n]")
    return ("{\n" + ",\n".join(blocks) + "\n}\n").encode()


def is_current() -> bool:
    """Whether the file that is there says what a fresh one would, up to rounding."""
    try:
        there = json.loads(diagnosis.FILE.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):
        return False
    fresh = shipped()
    return there.keys() == fresh.keys() and all(
        len(there[exercise]) == len(entries)
        and all(_same(one, other) for one, other in zip(there[exercise], entries, strict=True))
        for exercise, entries in fresh.items()
    )


def _same(one: dict, other: dict) -> bool:
    texts = [(entry["says"], entry["see"]) for entry in (one, other)]
    return texts[0] == texts[1] and _do_the_same(one, other)


def _do_the_same(one: dict, other: dict) -> bool:
    first, second = one["fingerprints"], other["fingerprints"]
    return first.keys() == second.keys() and all(alike(first[k], second[k]) for k in first)
