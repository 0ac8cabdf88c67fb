"""What the fast layers share: the compiled modules, and checks of what a layer is given."""

from __future__ import annotations

import math
import os
import warnings
from functools import cache
from importlib import import_module
from types import ModuleType

import numpy as np
from numpy.typing import ArrayLike

from cs231n.im2col import as_floating


@cache
def compiled(name: str) -> ModuleType | None:
    """A compiled module by its full name, or None where NumPy is to do its work.

    CS231N_BACKEND=numpy asks for NumPy. Where a module was not built, one warning says so, for all.
    """
    if os.environ.get("CS231N_BACKEND", "").lower() == "numpy":
        return None
    try:
        return import_module(name)
    except ImportError as problem:
        _warn(str(problem))
        return None


_missing: list[str] = []  # what the warning was given for


def _warn(problem: str) -> None:
    if not _missing:
        warnings.warn(
            "The compiled modules of cs231n are missing, so the fast layers use NumPy: the same "
            "results, only slower. To build them, install a C compiler and run "
            f"`pip install --force-reinstall --no-deps .` in the kit's folder. ({problem})",
            RuntimeWarning,
            stacklevel=4,
        )
    _missing.append(problem)


def empty(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """numpy.empty, but for large arrays in memory that is kept from one call to the next: fresh
    memory has to be cleared by the system, which takes about as long as a fast layer does."""
    memory = compiled("cs231n.kernels.memory")
    return memory.empty(shape, dtype) if memory else np.empty(shape, dtype)


def as_gradient(dout: ArrayLike, shape: tuple, dtype: np.dtype) -> np.ndarray:
    """dout in the layer's dtype, refused when it has not the shape of the layer's output."""
    dout = np.asarray(as_floating(dout, "dout"), dtype, order="C")
    if dout.shape != shape:
        raise ValueError(f"dout should have the shape of out, {shape}: it has {dout.shape}.")
    return dout


def known_keys(given: dict, name: str, required: tuple, optional: tuple) -> None:
    """Refuse a dict that lacks a required key, or has one that nobody reads."""
    if not isinstance(given, dict):
        raise ValueError(f"{name} should be a dict, but it is {type(given).__name__}.")
    if not set(required) <= set(given) <= {*required, *optional}:
        must, may = (", ".join(f'"{key}"' for key in keys) for keys in (required, optional))
        came = sorted(map(str, given))
        if not required:
            raise ValueError(f"{name} may have the keys {may}, but its keys are {came}.")
        raise ValueError(
            f"{name} should have the keys {must}, and may have {may}, but its keys are {came}."
        )


def number(given: dict, name: str, key: str, least: float, below: float = math.inf) -> float:
    """given[key], refused when it is not a number from `least` to less than `below`."""
    value = given[key]
    try:
        result = float(value)
    except (TypeError, ValueError):
        result = math.nan
    if not least <= result < below:
        limit = "" if below == math.inf else f" and less than {below:g}"
        raise ValueError(
            f'{name}["{key}"] should be a number, at least {least:g}{limit}, but it is {value!r}.'
        )
    return result
