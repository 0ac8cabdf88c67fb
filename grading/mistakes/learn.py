"""Failures of a class that are alike and have no name yet: the next entries of the bank.

Every notebook in a folder is graded in a sandbox, as ever. Failing exercises are put together where
the students' functions did the same in the same failed checks.
"""

from __future__ import annotations

import ast
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from cs231n.check.fingerprint import alike
from grading.errors import GradingError

SHOWN = 10  # clusters
LINES = 40  # of an example's code
TO_NAME = """
To name one, add to the notebook's file in grading/mistakes (README.md there says how):
    [[mistake]]
    name = ""
    in = "the function"
    change = ["words of the reference", "what they have instead"]
    says = "the sentence that helps"
    see = "id of the text cell to read again"
"""


@dataclass(frozen=True)
class Behaviour:
    """What one notebook's functions did in an exercise's failed checks.

    failed: number of a failed check -> its name, its message, its fingerprint
    names: the mistakes of the bank that explain it
    """

    path: Path
    exercise: str
    failed: dict[int, tuple[str, str, tuple | None]]
    names: tuple[str, ...]

    def like(self, other: Behaviour) -> bool:
        """Whether the same checks failed in the same way."""
        return (
            self.exercise == other.exercise
            and self.failed.keys() == other.failed.keys()
            and all(alike(self.failed[k][2], other.failed[k][2]) for k in self.failed)
        )


@dataclass
class Cluster:
    """Submissions that behave alike."""

    members: list[Behaviour] = field(default_factory=list)


def learn(folder: Path, exercises: list[str], sandbox: str = "auto") -> int:
    """Grade all notebooks in a folder and print what failed alike. Returns the exit code."""
    paths = sorted(p for p in folder.rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)
    if not paths:
        raise GradingError(f"{folder}: there are no notebooks (*.ipynb) in this folder.")
    found, unread = behaviours(paths, sandbox)
    chosen = [one for one in found if not exercises or one.exercise in exercises]
    report(clusters(chosen), len(paths), unread)
    return 0


def behaviours(paths: list[Path], sandbox: str) -> tuple[list[Behaviour], list[str]]:
    """What fails in these notebooks, several graded at a time; interrupted, what is known so far.

    Returns a tuple of: the behaviours in the order of the paths, one line for each notebook that
    could not be graded.
    """
    from tqdm import tqdm

    found: dict[Path, list[Behaviour]] = {}
    unread = []
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        runs = {pool.submit(partial(_behaviours_in, path, sandbox)): path for path in paths}
        try:
            for run in tqdm(as_completed(runs), total=len(runs), unit="notebook", leave=False):
                try:
                    found[runs[run]] = run.result()
                except GradingError as problem:
                    unread.append(str(problem))
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            print("Interrupted: this is what was found so far.", file=sys.stderr)
    return [one for path in paths for one in found.get(path, ())], sorted(unread)


def _behaviours_in(path: Path, sandbox: str) -> list[Behaviour]:
    from grading.diagnosis import explain
    from grading.scorecard import grade_file

    found = []

    def note(exercise, results, secret):
        names = explain(exercise, results, secret)
        failed = {
            k: (r.name, r.message, r.fingerprint) for k, r in enumerate(results) if not r.passed
        }
        if failed and all(result.ready for result in results):
            told = tuple(mistake["name"] for mistake in names)
            found.append(Behaviour(path, exercise.name, failed, told))
        return names

    grade_file(path, sandbox=sandbox, explain=note)
    return found


def clusters(found: Iterable[Behaviour]) -> list[Cluster]:
    """Behaviours that are alike put together, the largest cluster first."""
    groups: list[Cluster] = []
    for one in found:
        group = next((g for g in groups if g.members[0].like(one)), None)
        if group is None:
            groups.append(group := Cluster())
        group.members.append(one)
    return sorted(groups, key=lambda group: -len(group.members))


def report(groups: list[Cluster], notebooks: int, unread: list[str]) -> None:
    """Print the known mistakes with their counts, then the clusters that want a name."""
    known = Counter(
        (one.exercise, name) for group in groups for one in group.members for name in one.names
    )
    unnamed = [group for group in groups if not group.members[0].names]
    print(f"{notebooks} notebooks, {sum(len(g.members) for g in groups)} failing exercises.")
    for line in unread:
        print(f"Not graded: {line}")
    if known:
        print("\nKnown mistakes:")
    for (exercise, name), count in known.most_common():
        print(f"  {count:>4}  {exercise}: {name}")
    kinds = "one kind" if len(unnamed) == 1 else f"{len(unnamed)} kinds"
    print(f"\n{kinds} of failure without a name.")
    for group in unnamed[:SHOWN]:
        print("\n".join(_described(group)))
    if unnamed:
        print(TO_NAME)


def _described(group: Cluster) -> Iterator[str]:
    one = group.members[0]
    yield f"\n{one.exercise}: {_submissions(group.members)}"
    name, message, _ = next(iter(one.failed.values()))
    others = len(one.failed) - 1
    yield f"  fails: {name}" + (f" (and {others} more checks)" if others else "")
    yield f"  {message}"
    yield "  for example: " + ", ".join(str(member.path) for member in group.members[:3])
    code = _code(one)
    for line in code[:LINES] + (["..."] if len(code) > LINES else []):
        yield f"      {line}"


def _submissions(members: list) -> str:
    return f"{len(members)} submissions do the same." if len(members) > 1 else "one submission."


def _code(one: Behaviour) -> list[str]:
    """The text of the exercise's function in the notebook, without its docstring."""
    from grading.reading import read

    for cell in read(one.path).cells:
        if cell.cell_type != "code" or f"def {one.exercise}(" not in cell.source:
            continue
        try:
            tree = ast.parse(cell.source)
        except SyntaxError:
            continue
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name == one.exercise:
                if ast.get_docstring(node):
                    node.body = node.body[1:]
                return ast.unparse(node).splitlines()
    return []
