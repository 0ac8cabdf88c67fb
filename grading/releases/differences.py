"""What is different between two releases: files, and the cells of notebooks, in words.

The cells of the course's notebooks have ids that stay, so nothing must be guessed.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from nbformat import NotebookNode

from cs231n.cell_code import parse
from grading.reading import Unreadable, from_bytes

if TYPE_CHECKING:
    from grading.publishing.tree import Tree

HIDDEN = ".release.json"  # it follows from the others


def of_trees(old: Tree, new: Tree) -> list[str]:
    """Which files are added, removed or changed, and how, a line each."""
    lines = []
    for name in sorted(old.keys() | new.keys()):
        if name == HIDDEN or old.get(name) == new.get(name):
            continue
        if name not in old or name not in new:
            lines.append(f"{'added' if name in new else 'removed'} {name}")
            continue
        before, after = old[name].content, new[name].content
        cells = _of_files(before, after) if name.endswith(".ipynb") else None
        lines.append(f"changed {name}: {_lines(before, after) if cells is None else ''}".rstrip())
        lines += [f"  {line}" for line in cells or ()]
    return lines


def _of_files(old: bytes, new: bytes) -> list[str] | None:
    try:
        return of_notebooks(from_bytes(old), from_bytes(new))
    except Unreadable:
        return None


def of_notebooks(old: NotebookNode, new: NotebookNode, text: bool = False) -> list[str]:
    """Which cells are different, a line each; text: with the lines that are."""
    before, after = ({cell.id: cell for cell in nb.cells} for nb in (old, new))
    lines = []
    for name, cell in (before | after).items():
        if name not in after:
            lines.append(f"cell {name} ({role(cell)}): removed")
        elif name not in before:
            lines.append(f"cell {name} ({role(cell)}): added")
        elif changes := _of_cells(before[name], cell):
            lines.append(f"cell {name} ({role(cell)}): {', '.join(changes)}")
        else:
            continue
        if text:
            sources = (some[name].source if name in some else "" for some in (before, after))
            lines += [f"    {line}" for line in _diff(*sources)]
    both = [[name for name in some if name in before and name in after] for some in (before, after)]
    if both[0] != both[1]:
        lines.append("the order of the cells")
    return lines


def _of_cells(old: NotebookNode, new: NotebookNode) -> list[str]:
    changes = []
    if old.source != new.source:
        changes.append(_lines(old.source, new.source))
    if (role(old), old.cell_type) != (role(new), new.cell_type):
        changes.append(f"was {role(old)}, {old.cell_type}; is {role(new)}, {new.cell_type}")
    if _points(old) != _points(new):
        changes.append(f"{_points(old) or 0:g} points, now {_points(new) or 0:g}")
    return changes or (["other settings"] if _settings(old) != _settings(new) else [])


def harm(old: Mapping[str, NotebookNode], new: Mapping[str, NotebookNode]) -> list[str]:
    """What people who work on the old release would suffer by the new one, a sentence each."""
    found = [
        f"{name} is no longer there: work in it counts for nothing."
        for name in old
        if name not in new
    ]
    for name, after in new.items():
        before = {cell.id: cell for cell in old[name].cells} if name in old else {}
        there = {cell.id: cell for cell in after.cells}
        for i, cell in before.items():
            now = there.get(i)
            if (_marked(cell, "grade") or _marked(cell, "solution")) and now is None:
                found.append(f"{name}: cell {i} is gone, and work in it counts for nothing.")
            elif now is not None and _marked(cell, "grade") and _points(cell) != _points(now):
                points = f"{_points(now) or 0:g} points instead of {_points(cell) or 0:g}"
                found.append(f"{name}: {i} has {points}.")
            elif now is not None and _signatures(cell) != _signatures(now):
                found.append(
                    f"{name}: {i} has other arguments. Answers written for the older ones may fail."
                )
        for i, cell in there.items():
            if before and i not in before and _marked(cell, "grade"):
                found.append(f"{name}: {i} is graded and new. Older copies have nothing for it.")
    return found


def role(cell: NotebookNode) -> str:
    """What a cell is to a student."""
    if _marked(cell, "solution"):
        return "exercise"
    if _marked(cell, "grade"):
        return "check"
    return (
        "locked"
        if "nbgrader" in cell.metadata
        else "text"
        if cell.cell_type == "markdown"
        else "code"
    )


def _marked(cell: NotebookNode, what: str) -> bool:
    return bool(cell.metadata.get("nbgrader", {}).get(what))


def _points(cell: NotebookNode) -> float | None:
    return cell.metadata.get("nbgrader", {}).get("points")


def _settings(cell: NotebookNode) -> dict:
    marks = {k: v for k, v in cell.metadata.get("nbgrader", {}).items() if k != "checksum"}
    return {**cell.metadata, "nbgrader": marks}


def _signatures(cell: NotebookNode) -> dict[str, str]:
    """The arguments of each function that an exercise's cell defines."""
    tree = parse(cell.source) if _marked(cell, "solution") and cell.cell_type == "code" else None
    functions = (
        (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)) if tree else ()
    )
    return {function.name: ast.unparse(function.args) for function in functions}


def _lines(old: str | bytes, new: str | bytes) -> str:
    """How many lines are different, in words."""
    if isinstance(old, bytes):
        try:
            old, new = old.decode("utf-8"), new.decode("utf-8")
        except UnicodeDecodeError:
            return f"{len(new) - len(old):+d} bytes"
    signs = [line[0] for line in _diff(old, new)]
    return f"lines +{signs.count('+')} -{signs.count('-')}"


def _diff(old: str, new: str) -> list[str]:
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), n=0, lineterm="")
    return [line for line in list(lines)[2:] if not line.startswith("@@")]
