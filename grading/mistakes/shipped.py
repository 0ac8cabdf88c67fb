"""What students get of the bank: sentences, and fingerprints of the mistakes in the visible checks.

    shipped() -> {exercise: [{"says", "see", "fingerprints": {"check's number": [a, b]}}]}

Written to cs231n/check/mistakes.json by ``python -m grading build``. Numbers only: neither a right
nor a wrong implementation can be read from it. Working it out takes a minute; what it was made from
is remembered in made_from.txt, so that a build with the same bank, checks and solutions is quick.
"""

from __future__ import annotations

import hashlib
import json
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from tqdm import tqdm

from cs231n.check import EXERCISES, diagnosis
from cs231n.check.fingerprint import alike
from grading.files import write_all
from grading.mistakes import Mistake, bank
from grading.mistakes.sections import section
from grading.settings import ROOT

DIGITS = 7
MADE_FROM = Path(__file__).with_name("made_from.txt")
# What decides the outcome of a visible check on a changed solution.
_SOURCES = (
    *("grading/mistakes/*.py", "grading/mistakes/*.toml", "grading/reference/*.py"),
    *("cs231n/check/*.py", "cs231n/architectures/*.py", "cs231n/plain_*.py"),
    *("cs231n/gradient_check.py", "cs231n/training.py", "cs231n/im2col.py"),
)


def shipped(jobs: int | None = None) -> dict[str, list[dict]]:
    """The file's content, worked out by so many processes (one a processor where not given)."""
    exercises = sorted(bank())
    with ProcessPoolExecutor(jobs or os.cpu_count(), get_context("spawn")) as pool:
        runs = [pool.submit(entries_of, exercise) for exercise in exercises]
        by_exercise = [run.result() for run in tqdm(runs, "mistakes", unit="exercise", leave=False)]
    return {exercise: kept for exercise, kept in zip(exercises, by_exercise, strict=True) if kept}


def made_from() -> str:
    """A hash of all that the file is made from, and of the file itself."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in _SOURCES for path in ROOT.glob(pattern)):
        digest.update(path.read_bytes())
    for mistakes in bank().values():  # the headings stand in the notebooks
        digest.update("\n".join(map(section, mistakes)).encode())
    if diagnosis.FILE.exists():
        digest.update(diagnosis.FILE.read_bytes())
    return digest.hexdigest() + "\n"


def is_fresh() -> bool:
    """Whether the file is what a build would write, told by what it was made from."""
    return MADE_FROM.exists() and MADE_FROM.read_text(encoding="ascii") == made_from()


def refresh() -> list[Path]:
    """Bring the file up to date; returns the paths that changed."""
    if is_fresh():
        return []
    told, changed = shipped(), []
    if not same(stored(), told):
        changed += write_all({diagnosis.FILE: to_bytes(told)})
    return changed + write_all({MADE_FROM: made_from().encode()})


def entries_of(exercise: str) -> list[dict]:
    """What is told of the mistakes of an exercise.

    A mistake that passes the visible checks is not in it, nor are mistakes that do the same there:
    better nothing said than the wrong thing.
    """
    entries = [entry for mistake in bank()[exercise] if (entry := _entry(mistake))]
    return [e for e in entries if not any(_do_the_same(e, o) for o in entries if o is not e)]


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


def stored() -> dict[str, list[dict]]:
    """The content of the file that is there; empty where there is none that can be read."""
    try:
        return json.loads(diagnosis.FILE.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):
        return {}


def same(one: dict[str, list[dict]], other: dict[str, list[dict]]) -> bool:
    """Whether two contents say the same, up to rounding."""
    return one.keys() == other.keys() and all(
        same_entries(entries, other[exercise]) for exercise, entries in one.items()
    )


def same_entries(some: list[dict], others: list[dict]) -> bool:
    """Whether the same is told of an exercise's mistakes."""
    return len(some) == len(others) and all(
        (one["says"], one["see"]) == (other["says"], other["see"]) and _do_the_same(one, other)
        for one, other in zip(some, others, strict=True)
    )


def _do_the_same(one: dict, other: dict) -> bool:
    first, second = one["fingerprints"], other["fingerprints"]
    return first.keys() == second.keys() and all(alike(first[k], second[k]) for k in first)
