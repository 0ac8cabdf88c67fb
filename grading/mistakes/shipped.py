"""What students get of the bank: sentences, and fingerprints of the mistakes in the visible checks.

    shipped() -> {exercise: [{"says", "see", "fingerprints": {"check's number": [a, b]}}]}

Written to cs231n/check/mistakes.json by ``python -m grading build``. Numbers only: neither a right
nor a wrong implementation can be read from it. Working it all out takes a minute; what each
exercise's entries were made from is remembered in made_from.txt, so that a build works out only
those whose mistakes, checks or solutions have changed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from tqdm import tqdm

from cs231n.check import EXERCISES, diagnosis
from cs231n.check.fingerprint import alike
from grading.files import write_all
from grading.mistakes import Mistake, bank
from grading.mistakes.imports import files_of
from grading.mistakes.sections import section
from grading.mistakes.worlds import home_of
from grading.settings import ROOT

DIGITS = 7
FEW = 2  # exercises for which it does not pay to start processes
MADE_FROM = Path(__file__).with_name("made_from.txt")
# Of all that a visible check imports, what decides its outcome on a changed solution.
_DECIDE = (
    *("cs231n/check/*.py", "cs231n/architectures/*.py", "cs231n/plain_*.py"),
    *("cs231n/gradient_check.py", "cs231n/training.py", "cs231n/im2col.py"),
    "grading/reference/*.py",
)


def shipped(exercises: Iterable[str] | None = None, jobs: int | None = None) -> dict[str, list]:
    """Exercise -> its entries, of some or all, worked out by so many processes."""
    exercises = sorted(bank() if exercises is None else exercises)
    if len(exercises) <= FEW:
        return {exercise: entries_of(exercise) for exercise in exercises}
    with ProcessPoolExecutor(jobs or os.cpu_count(), get_context("spawn")) as pool:
        runs = [pool.submit(entries_of, exercise) for exercise in exercises]
        by_exercise = [run.result() for run in tqdm(runs, "mistakes", unit="exercise", leave=False)]
    return dict(zip(exercises, by_exercise, strict=True))


def made_from() -> dict[str, str]:
    """Exercise -> a hash of all that its entries are made from, and of the entries themselves."""
    ours = [path.read_bytes() for path in sorted(MADE_FROM.parent.glob("*.py"))]
    common, entries, found = hashlib.sha256(b"".join(ours)), stored(), {}
    for exercise, mistakes in bank().items():
        digest = common.copy()
        for path in sorted(_deciding(exercise)):
            digest.update(path.read_bytes())
        for mistake in mistakes:  # the headings stand in the notebooks
            digest.update(repr((mistake, section(mistake))).encode())
        digest.update(json.dumps(entries.get(exercise), sort_keys=True).encode())
        found[exercise] = digest.hexdigest()
    return dict(sorted(found.items()))


def _deciding(exercise: str) -> set[Path]:
    checks = {check.body.__module__ for check in EXERCISES[exercise].checks}
    reference = f"grading.reference.{home_of(EXERCISES[exercise].functions)}"
    modules = ["cs231n.check.core", reference, *checks]
    files = frozenset().union(*map(files_of, modules))
    return files & {path for pattern in _DECIDE for path in ROOT.glob(pattern)}


def _stale() -> list[str]:
    """Exercises whose entries are not what a build would write."""
    try:
        lines = MADE_FROM.read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        lines = []
    then = dict(line.split() for line in lines if line.count(" ") == 1)
    now = made_from()
    known = sorted({*then, *now, *stored()})
    return [name for name in known if name not in now or then.get(name) != now[name]]


def is_fresh() -> bool:
    """Whether the file is what a build would write, told by what it was made from."""
    return not _stale()


def refresh() -> list[Path]:
    """Bring the file up to date; returns the paths that changed."""
    stale = _stale()
    if not stale:
        return []
    before = {e: entries for e, entries in stored().items() if e in bank()}
    told, changed = shipped(e for e in stale if e in bank()), []
    for exercise, entries in told.items():  # numbers that differ by rounding only stay
        if not same_entries(before.get(exercise, []), entries):
            before[exercise] = entries
    kept = {exercise: entries for exercise, entries in sorted(before.items()) if entries}
    if kept != stored():
        changed += write_all({diagnosis.FILE: to_bytes(kept)})
    lines = "".join(f"{exercise} {digest}\n" for exercise, digest in made_from().items())
    return changed + write_all({MADE_FROM: lines.encode()})


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


def same_entries(some: list[dict], others: list[dict]) -> bool:
    """Whether the same is told of an exercise's mistakes."""
    return len(some) == len(others) and all(
        (one["says"], one["see"]) == (other["says"], other["see"]) and _do_the_same(one, other)
        for one, other in zip(some, others, strict=True)
    )


def _do_the_same(one: dict, other: dict) -> bool:
    first, second = one["fingerprints"], other["fingerprints"]
    return first.keys() == second.keys() and all(alike(first[k], second[k]) for k in first)
