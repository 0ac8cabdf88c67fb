"""The releases of the assignments, as `publish` keeps them; what changed from one to another.

A release is named by its number or the beginning of its id; `now` is what the course was built to.
--add keeps what is built now as a release: for notebooks that are handed out without `publish`, by
nbgrader's own exchange, say. Exit codes: 0 done; 1 --diff found differences; 2 could not do it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from nbformat import NotebookNode

from grading.errors import GradingError
from grading.options import add_course
from grading.releases import differences, store

SUMMARY = "List the releases of the assignments; show what changed between two."
NOW = "now"


def listing(course: Path, assignment: str) -> list[str]:
    """A line for each release, with what is different from the one before it."""
    lines, before = [f"{assignment}:"], None
    for release in store.releases(course, assignment):
        line = f"  {release.number}  {release.id}  {release.when}  version {release.version}"
        if before is not None:
            old, new = before.notebooks, release.notebooks
            changed = sorted(n for n in old.keys() | new.keys() if old.get(n) != new.get(n))
            line += f"  changed: {', '.join(changed)}"
        lines.append(line)
        before = release
    return lines


def find(course: Path, assignment: str, name: str) -> dict[str, NotebookNode]:
    """The notebooks of a release: its number, the beginning of its id, or `now`."""
    if name == NOW:
        return {n: store.read(data) for n, data in built(course, assignment).items()}
    known = store.releases(course, assignment)
    found = [r for r in known if name == str(r.number)]
    found = found or [r for r in known if len(name) >= 4 and r.id.startswith(name)]
    if len({r.id for r in found}) != 1:
        there = ", ".join(f"{r.number} ({r.id})" for r in known)
        raise GradingError(
            f"{assignment} has no release {name}, or several. It has: {there or 'none'}; and {NOW}."
        )
    return store.notebooks(course, found[-1])


def built(course: Path, assignment: str) -> dict[str, bytes]:
    """The students' notebooks of the last build."""
    folder = course / "release" / assignment
    found = {path.stem: path.read_bytes() for path in sorted(folder.glob("*.ipynb"))}
    if not found:
        raise GradingError(f"{folder}: no notebooks. Run `python -m grading build` first.")
    return found


def difference(course: Path, assignment: str, one: str, other: str) -> list[str]:
    """What changed from one release to another, a line each."""
    old, new = find(course, assignment, one), find(course, assignment, other)
    lines = []
    for name in sorted(old.keys() | new.keys()):
        if name not in old or name not in new:
            lines.append(f"{'added' if name in new else 'removed'} {name}")
            continue
        changes = differences.of_notebooks(old[name], new[name], text=True)
        lines += [f"{name}:", *(f"  {line}" for line in changes)] if changes else []
    return lines + [f"Mind: {line}" for line in differences.harm(old, new)]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("assignment", nargs="?", metavar="ASSIGNMENT", help="default: all")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--diff", nargs=2, metavar=("A", "B"), help="what changed from release A to release B"
    )
    what.add_argument(
        "--add", action="store_true", help="keep what is built now as a release of ASSIGNMENT"
    )
    add_course(parser)


def run(args: argparse.Namespace) -> int:
    if args.assignment is None and (args.diff or args.add):
        raise GradingError("Name the assignment, too: python -m grading releases ASSIGNMENT ...")
    if args.add:
        release = store.record(args.course, args.assignment, built(args.course, args.assignment))
        print(f"{args.assignment}: {release.label}, {release.id}")
        return 0
    if args.diff:
        lines = difference(args.course, args.assignment, *args.diff)
        print("\n".join(lines) or "Nothing is different.")
        return 1 if lines else 0
    known = store.released_assignments(args.course)
    if args.assignment and args.assignment not in known:
        raise GradingError(
            f"{args.course} keeps no release of {args.assignment}. It keeps releases of: "
            f"{', '.join(known) or 'nothing'}. `python -m grading publish` adds one."
        )
    for assignment in [args.assignment] if args.assignment else known:
        print("\n".join(listing(args.course, assignment)))
    if not known:
        print("Nothing was released yet: python -m grading publish TARGET")
    return 0
