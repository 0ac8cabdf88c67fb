"""What decides a notebook's results, as one hash for each notebook.

A notebook is graded by the modules of hidden checks that hold its exercises, and by what these
import, directly or not, from grading and cs231n. The engine and the library count for every
notebook. Too much may count, never too little: what cannot be told counts for all.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from grading.checks import EXERCISES
from grading.coordinator.code_hash import code_hash
from grading.engine.tasks import Assignment, hash_of
from grading.mistakes import bank
from grading.scores import CALL
from grading.settings import ROOT

# Lists of everything, imported with every module beneath them. Their text counts, and not what
# they list: else each module would count for each notebook.
REGISTRIES = {"grading.checks", "cs231n.check"}
CORE = ("grading.grade", "grading.checks.core", "cs231n.check.core")
# Read by path or by a student's code rather than imported: every file counts.
WHOLE = ("grading/engine", "cs231n")
APART = ("cs231n/check", "cs231n/tests")
CODE = {".py", ".pyx", ".pxd"}
DYNAMIC = {"import_module", "__import__"}


def made_from(assignment: Assignment) -> dict[str, str]:
    """Notebook's name -> the hash of all that decides what its results are."""
    limits = repr(assignment.limits)
    return {
        name: hash_of(
            [
                assignment.secret,
                limits,
                name,
                assignment.released[name],
                assignment.instructor[name],
                *(
                    part
                    for item in sorted(assignment.earlier.get(name, {}).items())
                    for part in item
                ),
                *code_of(exercises_of(assignment.instructor[name])),
            ]
        )
        for name in assignment.released
    }


def exercises_of(notebook: bytes) -> list[str]:
    """The exercises that hidden checks grade in an instructor's notebook."""
    sources = ("".join(cell["source"]) for cell in json.loads(notebook)["cells"])
    return sorted({name for source in sources for name in CALL.findall(source)})


def code_of(exercises: Iterable[str], root: Path = ROOT) -> Iterator[str | bytes]:
    """Texts that decide on the results of exercises: names of files, and what is in them."""
    exercises = list(exercises)
    known = all(name in EXERCISES for name in exercises)
    modules = {_home(name) for name in exercises} if known else set()
    if not known:  # not this kit's exercises
        yield code_hash()
    for path in sorted(closure(root, (*CORE, *modules)) | _whole(root)):
        yield path
        yield (root / path).read_bytes()
    for function in sorted({f for name in exercises if known for f in EXERCISES[name].functions}):
        yield repr(bank().get(function, ()))  # what a card says of known mistakes


@cache
def _homes() -> Mapping[str, str]:
    from grading.checks import _MODULES, _exercises_in

    return {e.name: module.__name__ for module in _MODULES for e in _exercises_in(module)}


def _home(exercise: str) -> str:
    return _homes()[exercise]


def closure(root: Path, modules: Iterable[str]) -> set[str]:
    """The files of modules and of all that they import, as paths relative to the root."""
    found: set[str] = set()
    waiting, seen = list(modules), set()
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        path = _file(root, module)
        if path is None:
            continue
        found.add(path.relative_to(root).as_posix())
        parents = module.split(".")[:-1]
        waiting += [".".join(parents[: k + 1]) for k in range(len(parents))]
        if module not in REGISTRIES:
            names, everything = _imports(path, module)
            waiting += names
            if everything and path.relative_to(root).as_posix() not in _whole(root):
                found |= _files(root, path.parent)
    return found


def _file(root: Path, module: str) -> Path | None:
    """The file of one of our modules; None for a name that is no module, or not ours."""
    place = root.joinpath(*module.split("."))
    if module.partition(".")[0] not in ("grading", "cs231n"):
        return None
    return next((p for p in (place.with_suffix(".py"), place / "__init__.py") if p.is_file()), None)


def _imports(path: Path, module: str) -> tuple[list[str], bool]:
    """Names that a module may import, and whether it imports by names that only running tells."""
    return _imports_of(path.read_bytes(), module, path.name == "__init__.py")


@cache
def _imports_of(source: bytes, module: str, is_package: bool) -> tuple[list[str], bool]:
    names, everything = [], False
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parts = module.split(".")
            base = parts[: len(parts) - node.level + is_package] if node.level else []
            origin = ".".join([*base, *filter(None, [node.module])])
            names += [origin, *(f"{origin}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Call):
            function = getattr(node.func, "attr", getattr(node.func, "id", None))
            if function in DYNAMIC:
                first = node.args[0] if node.args else None
                plain = isinstance(first, ast.Constant) and not str(first.value).startswith(".")
                names += [str(first.value)] if plain else []
                everything |= not plain
    return names, everything


@cache
def _whole(root: Path) -> frozenset[str]:
    files = set().union(*(_files(root, root / place) for place in WHOLE))
    return frozenset(f for f in files if not f.startswith(tuple(f"{a}/" for a in APART)))


def _files(root: Path, folder: Path) -> set[str]:
    paths = (p for p in folder.rglob("*") if p.suffix in CODE and p.is_file())
    return {p.relative_to(root).as_posix() for p in paths}
