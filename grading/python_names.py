"""What a cell's code defines, however broken the code may be."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from cs231n.cell_code import parse, without_magics

MAX_CHARACTERS = 200_000  # of a cell that is looked into


class Names(NamedTuple):
    """Names at the top level of a cell: functions and classes, and other ones it sets."""

    functions: frozenset[str]
    others: frozenset[str]

    @property
    def all(self) -> frozenset[str]:
        return self.functions | self.others


@lru_cache(maxsize=4096)
def names_in(source: str) -> Names:
    """The names a cell defines at its top level; by appearance where it has a syntax error."""
    code = without_magics(source[:MAX_CHARACTERS])
    tree = parse(code)
    if tree is None:
        return _by_appearance(code)
    functions, others = set(), set()
    for node in _top_level(tree.body):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            functions.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            others |= {(a.asname or a.name).split(".")[0] for a in node.names}
        else:
            others |= set(_assigned(node))
    return Names(frozenset(functions), frozenset(others - functions))


@lru_cache(maxsize=4096)
def same_code(one: str, other: str) -> bool:
    """Whether two cells differ in comments and layout at most."""
    if same_text(one, other):
        return True
    trees = [parse(without_magics(text[:MAX_CHARACTERS])) for text in (one, other)]
    if None in trees or not all(tree.body for tree in trees):
        return False
    try:
        return ast.dump(trees[0]) == ast.dump(trees[1])
    except RecursionError:
        return False


def same_text(one: str, other: str) -> bool:
    """Whether two texts differ in blank lines and trailing spaces at most."""
    return _lines(one) == _lines(other)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.split("\n") if line.strip()]


def _top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that run when the cell runs: into if, for, with, try, but not functions."""
    for node in body:
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        for part in ("body", "orelse", "finalbody"):
            yield from _top_level(getattr(node, part, []))
        for handler in getattr(node, "handlers", []):
            yield from _top_level(handler.body)


def _assigned(node: ast.stmt) -> Iterator[str]:
    """The names a statement sets itself, not those its inner statements set."""
    for part in ("targets", "target", "items"):
        value = getattr(node, part, [])
        for place in value if isinstance(value, list) else [value]:
            for n in ast.walk(place):
                if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store):
                    yield n.id


def _by_appearance(code: str) -> Names:
    functions = re.findall(r"^(?:async\s+)?(?:def|class)\s+(\w+)", code, re.MULTILINE)
    imported = re.findall(r"^(?:from\s+\S+\s+)?import\s+(.+)$", code, re.MULTILINE)
    others = re.findall(r"^(\w+)\s*=(?!=)", code, re.MULTILINE)
    for part in ",".join(imported).split(","):
        others += re.findall(r"(\w+)\W*$", part[-200:])[:1]  # its time grows with the square
    return Names(frozenset(functions), frozenset(others) - frozenset(functions))
