"""Copies of a reference module in which the body of a function is another.

A world is the module's namespace, made anew from its text: functions that call each other find
the changed ones. What only a notebook defines (a class's wrapper for its check) is there too.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import CodeType

from grading.checks import EXERCISES
from grading.errors import GradingError
from grading.settings import REFERENCE as FOLDER
from grading.settings import SOURCE


@dataclass(frozen=True)
class Part:
    """What students write of a function or class of the reference.

    body: its text without signature and docstring; first, last: the lines of the body in the
    module's text, counted from 1
    """

    name: str
    module: str
    body: str
    first: int
    last: int


def _parts() -> dict[str, Part]:
    found = {}
    for path in sorted(FOLDER.glob("*.py")):
        lines = path.read_text(encoding="utf-8").splitlines()
        for node in ast.parse("\n".join(lines)).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and len(node.body) > 1:
                first = node.body[0].end_lineno + 1 if ast.get_docstring(node) else node.lineno + 1
                body = "\n".join(lines[first - 1 : node.end_lineno])
                found[node.name] = Part(node.name, path.stem, body, first, node.end_lineno)
    return found


REFERENCE: dict[str, Part] = _parts()


def home_of(functions: tuple[str, ...]) -> str:
    """The reference module that defines these functions, or the class that they wrap."""
    homes = {_home(name) for name in functions}
    if len(homes) != 1:
        raise GradingError(f"{', '.join(functions)} come from {len(homes)} reference modules.")
    return homes.pop()


def _home(function: str) -> str:
    if function in REFERENCE:
        return REFERENCE[function].module
    if function in _wrappers():
        return _wrappers()[function][0]
    raise GradingError(f"Neither grading/reference nor a notebook's source defines {function}.")


@cache
def _wrappers() -> dict[str, tuple[str, str]]:
    """Functions that a notebook's provided cell defines around its solutions, for a check to call:
    name -> (the reference module of what they call, the cell's text)."""
    from grading.notebooks import read_cells

    called = {name for exercise in EXERCISES.values() for name in exercise.functions}
    found = {}
    for path in sorted(SOURCE.glob("*/*.py")):
        for cell in read_cells(path):
            if "provided" not in (cell.options.get("tags") or []):
                continue
            tree = ast.parse(cell.source)
            defined = {n.name for n in tree.body if isinstance(n, ast.FunctionDef)} & called
            used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            for module in {REFERENCE[name].module for name in used & REFERENCE.keys()}:
                found |= {name: (module, cell.source) for name in defined}
    return found


def world(module: str, bodies: Mapping[str, str]) -> dict[str, object]:
    """The namespace of a reference module with other bodies: name of a function -> text.

    Raises GradingError where the changed text is no Python.
    """
    text = (FOLDER / f"{module}.py").read_text(encoding="utf-8")
    lines = text.splitlines()
    parts = [REFERENCE[name] for name in bodies]
    for part in sorted(parts, key=lambda part: part.first, reverse=True):
        if part.module != module:
            raise GradingError(f"{part.name} stands in {part.module}.py, not in {module}.py.")
        lines[part.first - 1 : part.last] = bodies[part.name].splitlines()
    text = "\n".join(lines) + "\n"
    try:
        code = compile(text, f"<{module}, changed>", "exec", dont_inherit=True)
    except SyntaxError as problem:
        changed = ", ".join(bodies)
        raise GradingError(f"{changed}: with the change this is no Python: {problem}.") from None
    return _run(module, code)


def world_with(module: str, changed: ast.stmt) -> dict[str, object]:
    """The namespace of a reference module in which one function or class is another."""
    tree = ast.Module([changed], [])
    code = compile(tree, f"<{module}, changed>", "exec", dont_inherit=True)
    return _run(module, _as_it_is(module), code)


@cache
def _as_it_is(module: str) -> CodeType:
    path = FOLDER / f"{module}.py"
    return compile(path.read_text(encoding="utf-8"), str(path), "exec", dont_inherit=True)


@cache
def _wrapper(source: str) -> CodeType:
    return compile(source, "<wrapper>", "exec", dont_inherit=True)


def _run(module: str, *codes: CodeType) -> dict[str, object]:
    namespace: dict[str, object] = {"__name__": f"grading.reference.{module}"}
    for code in codes:
        exec(code, namespace)
    for name, (home, source) in _wrappers().items():
        if home == module and name not in namespace:
            exec(_wrapper(source), namespace)
    return namespace
