"""What grading needs beside the student's package, asked for with a sentence."""

from __future__ import annotations

from importlib.util import find_spec

from grading.errors import GradingError


def need_nbgrader() -> None:
    """An error that says how to install nbgrader, where it is missing."""
    if find_spec("nbgrader") is None:
        raise GradingError(
            "nbgrader is not installed in this environment. In the repository's folder, type\n"
            '  python -m pip install -e ".[grading]"'
        )
