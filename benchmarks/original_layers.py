"""Load the CS231n course's own fast_layers.py beside ours, under a private package name.

That file says `from cs231n.im2col import *` or `from .im2col import *`, by its year. Both must find
the modules of its own folder, while our package `cs231n` stays as it is.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.machinery
import importlib.util
import io
import sys
from pathlib import Path
from types import ModuleType

import numpy as np

PACKAGE = "_original_cs231n"
NEEDED = "conv_forward_fast", "conv_backward_fast", "max_pool_forward_fast"


class OriginalError(Exception):
    """The folder holds no fast_layers.py that can be used; the message says why."""


class _ToPrivate(ast.NodeTransformer):
    """`from cs231n.im2col import …` becomes `from _original_cs231n.im2col import …`."""

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom:
        first, dot, rest = (node.module or "").partition(".")
        if node.level == 0 and first == "cs231n":
            node.module = PACKAGE + dot + rest
        return node


def load_original(folder: Path) -> ModuleType:
    """The module fast_layers.py of a folder, ready to be called.

    Inputs:
    - folder: holds fast_layers.py, im2col.py and the built im2col_cython

    Raises OriginalError when a file is missing or a small layer does not run.
    """
    if not (folder / "fast_layers.py").is_file():
        inner = folder / "cs231n" / "fast_layers.py"
        hint = f" Did you mean original={inner.parent}?" if inner.is_file() else ""
        raise OriginalError(f"{folder} holds no fast_layers.py.{hint}")
    _forget()
    package = ModuleType(PACKAGE)
    package.__path__ = [str(folder)]
    sys.modules[PACKAGE] = package
    try:
        _load_compiled(folder)
        if (folder / "im2col.py").is_file():
            _load_source(folder / "im2col.py")
        module = _load_source(folder / "fast_layers.py")
        _try_it(module)
    except OriginalError:
        _forget()
        raise
    except Exception as problem:  # whatever a foreign file raises
        _forget()
        raise OriginalError(
            f"{folder / 'fast_layers.py'} does not run here: {type(problem).__name__}: {problem}. "
            "Files of before 2019 are for Python 2: replace / by // where sizes are divided."
        ) from problem
    return module


def _forget() -> None:
    for name in [n for n in sys.modules if n.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


def _load_compiled(folder: Path) -> None:
    for suffix in importlib.machinery.EXTENSION_SUFFIXES:
        file = folder / f"im2col_cython{suffix}"
        if file.is_file():
            name = f"{PACKAGE}.im2col_cython"
            spec = importlib.util.spec_from_file_location(name, file)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            _register(name, module)
            return
    if (folder / "im2col_cython.py").is_file():
        _load_source(folder / "im2col_cython.py")
        return
    raise OriginalError(
        f"{folder} holds no im2col_cython that was built for this Python. Build it there: "
        "`python setup.py build_ext --inplace`."
    )


def _load_source(file: Path) -> ModuleType:
    name = f"{PACKAGE}.{file.stem}"
    tree = ast.fix_missing_locations(_ToPrivate().visit(ast.parse(file.read_bytes(), str(file))))
    module = ModuleType(name)
    module.__file__, module.__package__ = str(file), PACKAGE
    _register(name, module)
    with contextlib.redirect_stdout(io.StringIO()):  # it prints advice when an import fails
        exec(compile(tree, str(file), "exec", dont_inherit=True), module.__dict__)
    return module


def _register(name: str, module: ModuleType) -> None:
    sys.modules[name] = module
    setattr(sys.modules[PACKAGE], name.rpartition(".")[2], module)


def _try_it(module: ModuleType) -> None:
    missing = [name for name in NEEDED if not hasattr(module, name)]
    if missing:
        raise OriginalError(f"{module.__file__} has no {', '.join(missing)}.")
    x, w, b = np.ones((1, 1, 4, 4)), np.ones((1, 1, 3, 3)), np.zeros(1)
    out, cache = module.conv_forward_fast(x, w, b, {"stride": 1, "pad": 1})
    dx = module.conv_backward_fast(np.ones_like(out), cache)[0]
    if out.shape != x.shape or dx.shape != x.shape or out[0, 0, 1, 1] != 9:
        raise OriginalError(f"{module.__file__}: nine ones do not add up to 9.")
