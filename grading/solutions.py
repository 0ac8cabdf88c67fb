"""Reference solutions as text: a function's signature, docstring and marked body, by its name."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from grading import markers
from grading.errors import GradingError


@dataclass(frozen=True)
class Solution:
    """A function or class of grading/reference, as it stands in an instructor's notebook."""

    name: str
    source: str  # with ### BEGIN SOLUTION / ### END SOLUTION around what students write
    path: Path
    line: int
    body: tuple[tuple[int, str], ...]  # what students write: line number in path, text


def read_solutions(folder: Path) -> dict[str, Solution]:
    """Name -> Solution for every public function and class in the folder's modules."""
    if not folder.is_dir():
        raise GradingError(f"{folder}: the folder with the reference solutions is missing.")
    found: dict[str, Solution] = {}
    for path in sorted(folder.glob("*.py")):
        if path.name == "__init__.py":
            continue
        for solution in _read_module(path):
            earlier = found.get(solution.name)
            if earlier:
                raise GradingError(
                    f"{path}:{solution.line}: {solution.name} is also defined in "
                    f"{earlier.path}:{earlier.line}. Solution cells name a function by its name "
                    "alone, so it must be the only one."
                )
            found[solution.name] = solution
    return found


def _read_module(path: Path) -> list[Solution]:
    try:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text, filename=str(path))
    except SyntaxError as problem:
        raise GradingError(f"{path}:{problem.lineno}: {problem.msg}.") from None
    except UnicodeDecodeError as problem:
        raise GradingError(f"{path}: not UTF-8 text ({problem}).") from None
    lines = text.splitlines()
    regions = markers.regions(lines, path)
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    nodes = [n for n in tree.body if isinstance(n, kinds) and not n.name.startswith("_")]
    for begin, end in regions:
        if not any(_first(n) < begin + 1 and end + 1 <= _last(n, lines) for n in tree.body):
            raise GradingError(
                f"{path}:{begin + 1}: this solution region is not inside one function or class."
            )
    return [_solution(node, lines, regions, path) for node in nodes]


def _solution(node, lines: list[str], regions: list[tuple[int, int]], path: Path) -> Solution:
    first, last = _first(node), _last(node, lines)
    own = lines[first - 1 : last]
    inside = [(b + 2, e + 1) for b, e in regions if first <= b + 1 <= last]
    if not inside:
        inside = [(_body_start(node, lines, path), last + 1)]
        start = inside[0][0] - first
        indent = own[start][: len(own[start]) - len(own[start].lstrip())]
        own = [
            *own[:start],
            indent + markers.begin(markers.SOLUTION),
            *own[start:],
            indent + markers.end(markers.SOLUTION),
        ]
    body = tuple((n, lines[n - 1]) for start, stop in inside for n in range(start, stop))
    source = "\n".join(line.rstrip() for line in own)
    return Solution(node.name, source, path, node.lineno, body)


def _body_start(node, lines: list[str], path: Path) -> int:
    """The line number (from 1) at which the part begins that students write."""
    where = f"{path}:{node.lineno}: {node.name}"
    if isinstance(node, ast.ClassDef):
        raise GradingError(
            f"{where} is a class: mark what students write with ### BEGIN SOLUTION and "
            "### END SOLUTION, the rest is given to them."
        )
    if ast.get_docstring(node) is None:
        raise GradingError(f"{where} has no docstring. It is the exercise's text: write one.")
    if len(node.body) < 2:
        raise GradingError(f"{where} has a docstring only, and no body to take out.")
    line = node.body[0].end_lineno + 1
    while not lines[line - 1].strip():
        line += 1
    if line > node.body[1].lineno:
        raise GradingError(f"{where}: begin the body in a line below the docstring.")
    return line


def _first(node) -> int:
    """The node's first line, decorators included."""
    return min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])


def _last(node, lines: list[str]) -> int:
    """The node's last line, with the indented comments that follow its last statement."""
    last = node.end_lineno
    for number in range(last + 1, len(lines) + 1):
        line = lines[number - 1]
        if line.strip() and not (line[0].isspace() and line.lstrip().startswith("#")):
            break
        if line.strip():
            last = number
    return last
