"""The Python in a notebook's cell, without IPython's own syntax."""

from __future__ import annotations

import ast
import re
import warnings

# Cell magics whose body is ordinary Python of the notebook itself.
PYTHON_MAGICS = {"time", "timeit", "capture", "prun", "python", "python3"}


def parse(code: str) -> ast.Module | None:
    """The syntax tree, or None where there is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a student's "\d" is not our warning
            return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def without_magics(source: str) -> str:
    """A cell's Python, with IPython's magics and shell lines blanked."""
    lines = source.split("\n")
    first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    cell_magic = re.match(r"\s*%%(\w+)", lines[first])
    if cell_magic:
        if cell_magic[1] not in PYTHON_MAGICS:
            return ""
        lines[first] = ""
    looks_like_one = any(
        line.lstrip().startswith(("%", "!", "?")) or line.rstrip().endswith("?") for line in lines
    )
    if looks_like_one and parse("\n".join(lines)) is None:
        lines = [re.sub(r"^(\s*)([%!?].*|[\w.]+\?{1,2}\s*)$", r"\1pass", line) for line in lines]
    return "\n".join(lines)
