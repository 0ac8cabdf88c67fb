"""Small changes of the reference, made by rule: what a good set of checks must notice.

A mutant differs from the reference in one place: an operator, a constant, an index, an axis, a
slice, two names that are easily mixed up, a statement left out. The rules stand in mutations.py.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from grading.checks import EXERCISES
from grading.mistakes.mutations import replacements
from grading.mistakes.worlds import REFERENCE, home_of, world_with
from grading.settings import REFERENCE as FOLDER
from grading.solutions import read_solutions


@dataclass(frozen=True)
class Mutant:
    """One changed place. was, now: the statement before and after, in one line each."""

    function: str
    line: int
    was: str
    now: str
    namespace: dict[str, object]


def judges(function: str) -> list[str]:
    """The exercises whose checks call a function of the reference, its own first."""
    module = REFERENCE[function].module
    found = [
        name
        for name, exercise in EXERCISES.items()
        if home_of(exercise.functions) == module
        and (function in exercise.functions or not REFERENCE.keys() >= set(exercise.functions))
    ]
    return sorted(found, key=lambda name: name != function)


@cache
def _written() -> dict[str, frozenset[int]]:
    """Function or class of the reference -> the lines in its file that students write."""
    solutions = read_solutions(FOLDER)
    return {name: frozenset(line for line, _ in s.body) for name, s in solutions.items()}


@cache
def mutable() -> tuple[str, ...]:
    """The functions and classes of the reference that students write."""
    return tuple(name for name in _written() if judges(name))


def mutants(function: str) -> Iterator[Mutant]:
    """All mutants of a function or class, one at a time, in the order of its lines."""
    part = REFERENCE[function]
    written = _written()[function]
    tree = ast.parse((FOLDER / f"{part.module}.py").read_text(encoding="utf-8"))
    (top,) = (n for n in tree.body if getattr(n, "name", None) == function)
    names = {n.id for n in ast.walk(top) if isinstance(n, ast.Name)}
    seen = set()
    for statement in _statements(top, written):
        was = _one_line(statement.node)
        for node, place in statement.places:
            for new in replacements(node, names):
                place.put(new)
                now = "(left out)" if isinstance(new, ast.Pass) else _one_line(statement.node)
                if (statement.node.lineno, now) not in seen and now != was:
                    seen.add((statement.node.lineno, now))
                    ast.fix_missing_locations(top)
                    try:
                        namespace = world_with(part.module, top)
                    except SyntaxError:
                        namespace = None
                    if namespace is not None:
                        yield Mutant(function, statement.node.lineno, was, now, namespace)
                place.put(node)


@dataclass(frozen=True)
class _Place:
    """Where a node hangs in its tree."""

    parent: ast.AST
    field: str
    index: int | None = None

    def put(self, node: ast.AST) -> None:
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


@dataclass(frozen=True)
class _Statement:
    node: ast.stmt
    places: list[tuple[ast.AST, _Place]]


def _statements(top: ast.AST, written: frozenset[int]) -> Iterator[_Statement]:
    """The statements that students write, each with the nodes that are its own."""
    for parent, field, index, node in _children(top):
        if isinstance(node, ast.stmt) and node.lineno in written:
            own = [(node, _Place(parent, field, index))]
            if not isinstance(node, ast.Raise):  # the words of an error are nobody's mark
                own += _own_places(node)
            yield _Statement(node, own)
        if isinstance(node, ast.stmt):
            yield from _statements(node, written)


def _own_places(node: ast.AST) -> Iterator[tuple[ast.AST, _Place]]:
    for parent, field, index, child in _children(node):
        if isinstance(child, ast.stmt):
            continue
        yield child, _Place(parent, field, index)
        yield from _own_places(child)


def _children(node: ast.AST) -> Iterator[tuple[ast.AST, str, int | None, ast.AST]]:
    for field, value in ast.iter_fields(node):
        if isinstance(value, ast.AST):
            yield node, field, None, value
        elif isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, ast.AST):
                    yield node, field, index, item


def _one_line(statement: ast.stmt) -> str:
    """A statement as one line; of one that holds others, its head."""
    return ast.unparse(statement).splitlines()[0]
