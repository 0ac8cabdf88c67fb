"""Functions out of the student's own notebooks, for use in later ones.

    conv_forward, conv_backward = notebooks.load(
        "2_convolution", "conv_forward_naive", "conv_backward_naive"
    )

The last version of each function in the notebook is taken, with the imports, helpers and constants
that it uses; nothing else of the notebook is run. What is not there, or does not pass the visible
checks, is replaced by the course's own layers, and a line says so.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import importlib
import json
import linecache
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from cs231n.cell_code import parse, without_magics
from cs231n.language import say

# Names in notebooks -> the course's own function of the same signature: module, name. {} stands for
# forward and backward.
_PAIRS = {
    "conv_{}_naive conv_{}_im2col": ("fast_layers", "conv_{}_fast"),
    "max_pool_{}_naive max_pool_{}_im2col max_pool_{}_reshape": (
        "fast_pooling",
        "max_pool_{}_fast",
    ),
    "avg_pool_{}": ("fast_pooling", "avg_pool_{}_fast"),
    "l2_pool_{}": ("fast_pooling", "l2_pool_{}_fast"),
    "relu_{}": ("fast_pointwise", "relu_{}_fast"),
    "batchnorm_{}": ("fast_pointwise", "batchnorm_{}_fast"),
    "spatial_batchnorm_{}": ("fast_pointwise", "spatial_batchnorm_{}_fast"),
    "affine_{}": ("plain_layers", "affine_{}"),
    "dropout_{}": ("plain_layers", "dropout_{}"),
    "layernorm_{}": ("plain_norms", "layernorm_{}"),
    "spatial_groupnorm_{}": ("plain_norms", "spatial_groupnorm_{}"),
}
PROVIDED = {
    name.format(way): (module, function.format(way))
    for names, (module, function) in _PAIRS.items()
    for name in names.split()
    for way in ("forward", "backward")
} | {
    "softmax_loss": ("plain_layers", "softmax_loss"),
    "sgd_momentum": ("fast_optim", "sgd_momentum_fast"),
    "adam": ("fast_optim", "adam_fast"),
}


class NotThere(Exception):
    """Why a function cannot be taken out of a notebook, to follow "because"."""


def load(notebook: str, *names: str, folder: str | Path | None = None) -> Callable | tuple:
    """Functions from the student's own notebook; the course's where one of them will not do.

    Functions that share a cache (a forward and a backward pass) are asked for together: they come
    either all from the notebook or all from the course.

    Inputs:
    - notebook: its name, "2_convolution"
    - names: of the functions in it
    - folder: where to look; by default this folder, the assignments' folders beside and below it,
      and the folders in the environment variable CS231N_NOTEBOOKS

    Prints one line that says which functions are in use, and why. Returns the function, or a tuple
    of them where more than one name is given. Where the course has none either, a function that
    says so when it is called.
    """
    if not names:
        raise TypeError("load takes the name of a notebook and of at least one function in it.")
    wanted = " and ".join(names)
    try:
        found = own_functions(notebook, names, folder)
    except NotThere as reason:
        found = [_provided(name, str(reason)) for name in names]
        whose = " and ".join(dict.fromkeys(_origin(function) for function in found))
        say(f"{wanted}: {whose}, because {reason}.")
    else:
        say(f"{wanted}: yours, from {notebook}.ipynb.")
    return found[0] if len(found) == 1 else tuple(found)


def own_functions(notebook: str, names: tuple, folder: str | Path | None = None) -> list[Callable]:
    """The functions out of the notebook, once they have passed their visible checks.

    Raises NotThere where one of them will not do.
    """
    namespace = _definitions(find(notebook, folder), set(names) | set(_checked_with(names)))
    for name in names:
        if not callable(namespace.get(name)):
            raise NotThere(f"{notebook}.ipynb has no function {name}")
        _check(name, namespace, notebook)
    return [namespace[name] for name in names]


def find(notebook: str, folder: str | Path | None = None) -> Path:
    """The path of a notebook. Raises NotThere where it is not found."""
    name = notebook.removesuffix(".ipynb")
    for place in _places() if folder is None else [Path(folder)]:
        path = in_folder(place, name)
        if path is not None:
            return path
    where = "here, nor in the other assignments' folders" if folder is None else f"in {folder}"
    raise NotThere(f"there is no {name}.ipynb {where}")


def in_folder(folder: Path, name: str) -> Path | None:
    """A notebook's file in a folder, or None. Where it is missing, the newest of its copies, by the
    names that Colab, browsers and JupyterLab give them.

    Inputs:
    - name: of the notebook, "2_convolution"
    """
    path = folder / f"{name}.ipynb"
    if path.is_file():
        return path
    copy = re.compile(rf"(Copy[ _]of[ _])*{re.escape(name)}([ _]?\(\d+\)|-Copy\d+)?\.ipynb")
    try:
        copies = [p for p in folder.iterdir() if copy.fullmatch(p.name) and p.is_file()]
    except OSError:
        return None
    return max(copies, key=lambda p: (p.stat().st_mtime, p.name), default=None)


def _places() -> Iterator[Path]:
    here = Path.cwd()
    yield here
    yield from map(Path, filter(None, os.environ.get("CS231N_NOTEBOOKS", "").split(os.pathsep)))
    for parent in (here, here.parent, here / "assignments"):
        yield from sorted(parent.glob("assignment*/"))


def _checked_with(names: tuple) -> list[str]:
    """The functions that the checks of these call too."""
    return [function for name in names for function in getattr(_exercise(name), "functions", ())]


def _exercise(name: str):
    from cs231n.check import EXERCISES

    return EXERCISES.get(name)


def _check(name: str, namespace: dict, notebook: str) -> None:
    exercise = _exercise(name)
    if exercise is None:
        return
    results, _ = exercise.run({f: namespace.get(f) for f in exercise.functions})
    failed = [r for r in results if not r.passed]
    if failed and all(not r.ready for r in failed):
        raise NotThere(f"{name} in {notebook}.ipynb is not written yet")
    if failed:
        count = f"{len(failed)} of {len(results)} checks"
        raise NotThere(f"{name} in {notebook}.ipynb fails {count}, such as “{failed[0].name}”")


# ---- what a function needs of its notebook ---------------------------------------------------


def _definitions(path: Path, names: set[str]) -> dict:
    """A namespace with the functions of these names, and all that they use."""
    statements = _statements(path)
    latest = {name: n for n, (statement, _) in enumerate(statements) for name in _binds(statement)}
    needed, left = set(), list(names)
    while left:
        number = latest.get(left.pop())
        if number is not None and number not in needed:
            needed.add(number)
            left += _uses(statements[number][0])
    namespace: dict = {"__name__": f"notebook {path.stem}"}
    for number in sorted(needed):
        statement, file = statements[number]
        try:
            exec(compile(ast.Module([statement], []), file, "exec"), namespace)
        except Exception as problem:
            line = linecache.getline(file, statement.lineno).strip()
            raise NotThere(
                f"`{line}` in {path.name} raised {type(problem).__name__}: {problem}"
            ) from None
    return namespace


def _statements(path: Path) -> list[tuple[ast.stmt, str]]:
    """The statements of a notebook's cells, in order, each with the name of its cell.

    A cell that is no Python has none.
    """
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        sources = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise NotThere(f"{path.name} cannot be read ({type(problem).__name__})") from None
    found = []
    for number, source in enumerate(sources):
        tree = parse(without_magics(source))
        if tree is None:
            continue
        file = f"{path.stem}, code cell {number + 1}"
        # Messages quote the student's line.
        linecache.cache[file] = (len(source), None, source.splitlines(True), file)
        found += [(statement, file) for statement in tree.body]
    return found


def _binds(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement at the top of a cell gives a meaning."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Import | ast.ImportFrom):
        for alias in statement.names:
            yield alias.asname or alias.name.partition(".")[0]
    elif isinstance(statement, ast.Assign | ast.AnnAssign):
        for target in getattr(statement, "targets", [getattr(statement, "target", None)]):
            yield from (node.id for node in ast.walk(target) if isinstance(node, ast.Name))


def _uses(statement: ast.stmt) -> list[str]:
    names = (node.id for node in ast.walk(statement) if isinstance(node, ast.Name))
    return [name for name in names if not hasattr(builtins, name)]


# ---- what the course has ---------------------------------------------------------------------


def _provided(name: str, reason: str) -> Callable:
    """The course's function in place of a student's."""
    if name in PROVIDED:
        module, provided = PROVIDED[name]
        # It is hidden while a notebook is graded that asks for it.
        with contextlib.suppress(ModuleNotFoundError):
            return getattr(importlib.import_module(f"cs231n.{module}"), provided)

    def missing(*args, **kwargs):
        from cs231n.check.results import Missing

        raise Missing(name, reason)

    missing.__name__ = name
    return missing


def _origin(function: Callable) -> str:
    if function.__module__.startswith("cs231n.") and function.__module__ != __name__:
        return f"the course's own {function.__name__}"
    return "nothing"
