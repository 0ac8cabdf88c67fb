"""What grading needs beside the student's package, asked for with a sentence."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

from grading.errors import GradingError


def need_nbgrader() -> None:
    """An error that says how to install nbgrader, where it is missing."""
    if find_spec("nbgrader") is None:
        raise GradingError(
            "nbgrader is not installed in this environment. In the repository's folder, type\n"
            '  python -m pip install -e ".[grading]"'
        )


def need_scipy() -> None:
    """An error that says how to install what comparing code needs, where it is missing."""
    if find_spec("scipy") is None:
        raise GradingError(
            "--similarity needs SciPy, which is not installed in this environment. In the "
            'repository\'s folder, type\n  python -m pip install -e ".[similarity]"'
        )


def put_environment_on_path() -> None:
    """nbgrader calls ``alembic`` by name: let it find the one of this environment."""
    scripts = str(Path(sys.prefix) / ("Scripts" if os.name == "nt" else "bin"))
    path = os.environ.get("PATH", "")
    if scripts not in path.split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join(filter(None, [scripts, path]))
