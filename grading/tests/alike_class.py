"""A made-up class with code: released notebooks with stubs, and autograded ones with solutions.

    python -m grading.tests.alike_class DIR 3000 20     # students, exercises: to measure with

Each student takes a right solution (the reference, a variant), calls everything differently, moves
statements and adds some; three copy from one another. Nothing is run.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import json
import random
import sys
import textwrap
from collections import defaultdict
from pathlib import Path

from grading.sample_class import reference_answers
from grading.settings import REFERENCE
from grading.solutions import read_solutions
from grading.tests.made_up_class import ASSIGNMENT, make_class

ADDED = ("print({n})", "assert {n} >= 0", "size{n} = x.shape[{n}]", "count = {n} + len(x.shape)")
DISGUISES = 20  # of each exercise, which students write more into
COPIERS = ("s00003", "s00007", "s00011")  # the first wrote it


def notebook(cells: list[dict]) -> str:
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def cell(id: str, source: str, **about) -> dict:
    data = {"grade_id": id, "schema_version": 3, "grade": False, "solution": False, **about}
    return {
        "cell_type": "code",
        "id": id,
        "metadata": {"nbgrader": {"locked": False, "task": False, **data}},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }


def release(course: Path, stubs: dict[str, dict[str, str]]) -> None:
    """Write the released notebooks. stubs: notebook's name -> exercise -> its cell's text."""
    for name, some in stubs.items():
        cells = [cell(exercise, text, solution=True) for exercise, text in some.items()]
        (course / "release" / ASSIGNMENT / f"{name}.ipynb").write_text(notebook(cells))


def hand_in(course: Path, student: str, stubs: dict, answers: dict[str, str]) -> None:
    """Write a student's autograded notebooks. answers: exercise -> its cell's text."""
    folder = course / "autograded" / student / ASSIGNMENT
    folder.mkdir(parents=True, exist_ok=True)
    for name, some in stubs.items():
        cells = [cell(e, answers.get(e, text), solution=True) for e, text in some.items()]
        (folder / f"{name}.ipynb").write_text(notebook(cells), encoding="utf-8")


def right_solutions() -> dict[str, list[str]]:
    """Exercise -> its right solutions, the reference first."""
    from grading.variants import variants

    found = defaultdict(list)
    for name, text in reference_answers(read_solutions(REFERENCE)).items():
        found[name].append(text)
    for variant in variants():
        for name, function in variant.functions.items():
            try:
                text = textwrap.dedent(inspect.getsource(inspect.unwrap(function)))
            except (OSError, TypeError):
                continue
            if name in found and text not in found[name]:
                found[name].append(text)
    return found


def stub(solution: str) -> str:
    """The signature and the docstring."""
    node = ast.parse(solution).body[0]
    last = node.body[0].end_lineno
    return "\n".join([*solution.splitlines()[:last], "    raise NotImplementedError"])


def disguise(source: str, rng: random.Random, moved: float = 0.3) -> str:
    """The same code with other names and comments, and statements moved."""
    tree = _Renamed(rng.choice(["my_", "v_", "the_", "tmp_"])).visit(ast.parse(source))
    tree = _Moved(rng, moved).visit(tree)
    lines = ast.unparse(ast.fix_missing_locations(tree)).splitlines()
    return "\n".join(f"{line}  # step {n}" if n % 4 == 0 else line for n, line in enumerate(lines))


def write_more(source: str, rng: random.Random) -> str:
    """The same code with a few statements more, which are this student's own."""
    lines = source.splitlines()
    for at in sorted(rng.choices(range(1, len(lines)), k=5), reverse=True):
        space = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
        if space and not lines[at].lstrip().startswith(("else", "elif", "except", "finally")):
            lines.insert(at, space + rng.choice(ADDED).format(n=rng.randrange(1000)))
    return "\n".join(lines)


class _Renamed(ast.NodeTransformer):
    def __init__(self, beginning: str):
        self.beginning = beginning

    def visit_Name(self, node):
        if not hasattr(builtins, node.id) and node.id != "np":
            node.id = self.beginning + node.id
        return node

    def visit_arg(self, node):
        node.arg = self.beginning + node.arg
        return node


class _Moved(ast.NodeTransformer):
    """Neighbours change places."""

    def __init__(self, rng, moved):
        self.rng, self.moved = rng, moved

    def generic_visit(self, node):
        super().generic_visit(node)
        body = getattr(node, "body", None)
        if isinstance(body, list) and not isinstance(node, ast.Module):
            at = 0
            while at + 1 < len(body):
                if not isinstance(body[at + 1], ast.Return) and self.rng.random() < self.moved:
                    body[at : at + 2] = body[at + 1], body[at]
                    at += 1
                at += 1
        return node


def make(root: Path, size: int, exercises: int) -> Path:
    rng, solutions = random.Random(0), right_solutions()
    chosen = [name for name, some in solutions.items() if some[0].startswith("def")][:exercises]
    names = [f"{1 + number // 7}_part" for number in range(len(chosen))]
    stubs = defaultdict(dict)
    for name, exercise in zip(names, chosen, strict=True):
        stubs[name][exercise] = stub(solutions[exercise][0])
    course = make_class(root, size)
    for path in (course / "release" / ASSIGNMENT).glob("*.ipynb"):
        path.unlink()
    release(course, stubs)
    disguises = {
        e: [disguise(rng.choice(solutions[e]), rng) for _ in range(DISGUISES)] for e in chosen
    }
    first = {}
    for number in range(size):
        student = f"s{number:05}"
        answers = {e: write_more(rng.choice(disguises[e]), rng) for e in chosen}
        if student == COPIERS[0]:
            first = answers
        elif student in COPIERS:
            answers = {e: disguise(text, rng) for e, text in first.items()}
        hand_in(course, student, stubs, answers)
    return course


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
