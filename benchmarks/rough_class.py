"""A class in which everything happens: is everybody graded, and twice the same?

Grades a class of which 10 % are hostile and 10 % damaged, twice, while one worker process is
killed at a random moment of each run. Prints what came of it; exit code 1 when a submission was
lost or a score differs between the two runs.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import nbformat
from tqdm import tqdm

from benchmarks.grading import ASSIGNMENT, NOTEBOOK, ROOT, make_course, scores_of


def make_rough(root: Path, students: int) -> dict[str, str]:
    """A course of which every tenth submission is an attack, and every tenth is damaged.

    Returns student -> what is particular.
    """
    from grading import build, sample_class
    from grading.notebooks import to_bytes
    from grading.sample_class import damage
    from grading.settings import REFERENCE
    from grading.solutions import read_solutions
    from grading.tests.hostile import FAMILIES

    make_course(root, students)
    released = build.student_notebook(ASSIGNMENT, NOTEBOOK, root / "assignments")
    solutions = sample_class.reference_answers(read_solutions(REFERENCE))
    # Attacks on exercises of other notebooks are handed in as one more cell of this one.
    attacks = [
        attack if attack.attacks.startswith("conv_") else replace(attack, place="after")
        for family in FAMILIES.values()
        for attack in family
    ]
    damages = [checks_deleted, cells_doubled, damage.colab, damage.vscode]
    about = {}
    for number in range(0, students, 10):
        hostile = root / "submitted" / f"student{number:05}" / ASSIGNMENT / f"{NOTEBOOK}.ipynb"
        attack = attacks[(number // 10) % len(attacks)]
        notebook = attack.notebook(released, solutions, {"MARK": "rough", "PORT": "9"})
        hostile.write_bytes(to_bytes(notebook))
        about[hostile.parent.parent.name] = f"attack: {attack.family}, {attack.id}"
        hurt = root / "submitted" / f"student{number + 5:05}" / ASSIGNMENT / f"{NOTEBOOK}.ipynb"
        happened = damages[(number // 10) % len(damages)]
        (content,) = happened({hurt.name: hurt.read_bytes()}).values()
        hurt.write_bytes(content if number % 40 else content[: len(content) // 2])
        about[hurt.parent.parent.name] = "damaged" if number % 40 else "cut off in the middle"
    return about


def checks_deleted(files: dict) -> dict:
    """Every check cell is gone."""
    return _changed(files, lambda cells: [c for c in cells if "check." not in c["source"]])


def cells_doubled(files: dict) -> dict:
    """Every cell is there twice."""
    return _changed(files, lambda cells: [cell for cell in cells for _ in (0, 1)])


def _changed(files: dict, change) -> dict:
    ((name, content),) = files.items()
    notebook = nbformat.reads(content.decode(), as_version=4)
    return {name: json.dumps(notebook | {"cells": change(notebook.cells)}).encode()}


def grade(root: Path, seed: int) -> tuple[float, str]:
    """Grade everybody, killing a worker on the way. Returns a tuple of: seconds, what was said."""
    command = [sys.executable, "-m", "grading", "autograde", ASSIGNMENT, "--course", str(root)]
    environment = os.environ | {"CS231N_CHECK_SECONDS": "2", "CS231N_CELL_SECONDS": "10"}
    start, moment = time.monotonic(), random.Random(seed).uniform(10, 40)
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=said, stderr=said)
        killed = False
        while process.poll() is None:
            time.sleep(0.5)
            if not killed and time.monotonic() - start > moment:
                killed = kill_worker(process.pid, seed)
        said.seek(0)
        if process.returncode:
            print(said.read()[-3000:], file=sys.stderr)
        said.seek(0)
        return time.monotonic() - start, said.read()


def kill_worker(coordinator: int, seed: int) -> bool:
    """Kill one of the coordinator's worker processes."""
    listed = subprocess.run(["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True).stdout
    workers = [
        int(line.split()[0])
        for line in listed.splitlines()[1:]
        if int(line.split()[1]) == coordinator and "grading.coordinator.worker" in line
    ]
    if not workers:
        return False
    os.kill(random.Random(seed).choice(workers), signal.SIGKILL)
    print(f"  killed one of {len(workers)} workers", file=sys.stderr)
    return True


def outcome(root: Path) -> tuple[dict, dict]:
    """Returns a tuple of: (student, cell) -> score, student -> why a person must look."""
    reviews = {}
    for path in sorted((root / "reports" / ASSIGNMENT).glob("*.json")):
        card = json.loads(path.read_text())["notebooks"][NOTEBOOK]
        reviews[path.stem] = card["needs_review"]
    return scores_of(root), reviews


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rough_class", description=__doc__)
    parser.add_argument("--students", type=int, default=200, help="how many (default: 200)")
    parser.add_argument("--seed", type=int, default=231, help="decides when which worker is killed")
    args = parser.parse_args()
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="benchmark-rough-") as name:
        root = Path(name) / "course"
        about = make_rough(root, args.students)
        for run in tqdm((0, 1), desc="Runs", disable=None):
            seconds, _ = grade(root, args.seed + run)
            outcomes.append(outcome(root))
            print(f"run {run + 1}: {len(outcomes[-1][1])} of {args.students} in {seconds:.0f} s")
            shutil.rmtree(root / "reports")
    (scores, reviews), (again, _) = outcomes
    different = {key for key in scores.keys() | again.keys() if scores.get(key) != again.get(key)}
    lost = args.students - len(reviews)
    print(f"for a person: {sum(map(bool, reviews.values()))}")
    for student, reason in reviews.items():
        if reason:
            print(f"  {student} ({about.get(student, 'ordinary')}): {reason}")
    print(f"submissions lost: {lost}; scores that differ between the runs: {different or 'none'}")
    return 1 if different or lost else 0


if __name__ == "__main__":
    sys.exit(main())
