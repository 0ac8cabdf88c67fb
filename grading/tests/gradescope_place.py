"""A folder laid out like Gradescope's /autograder, in which an archive is run as there."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from nbformat.v4 import new_notebook

from grading.engine.unprivileged import reachable
from grading.gradescope.command import Options, archive
from grading.notebooks import to_bytes
from grading.tests.graded_course import CHECK, _cell, essay, new_code_cell

EXERCISE = {"1_small": "relu_forward", "2_other": "affine_forward", "3_more": "conv_output_size"}
POINTS = {"1_small": 4.0, "2_other": 6.0, "3_more": 5.0}
STUB = '# YOUR CODE HERE\nraise NotImplementedError("not implemented yet")'


def notebook(name: str, code: str, hidden: bool = False):
    """One exercise and a question, as instructors (hidden) or students have them."""
    exercise = EXERCISE[name]
    answer = _cell(new_code_cell, exercise, code, solution=True)
    source = CHECK.format(exercise, POINTS[name])
    if not hidden:
        source = source.partition("\n### BEGIN HIDDEN")[0]
    about = {"grade": True, "locked": True, "points": POINTS[name]}
    check = _cell(new_code_cell, f"{exercise}-check", source, **about)
    start = _cell(new_code_cell, "start", "import numpy as np", locked=True)
    made = new_notebook(cells=[start, answer, check, essay("why", 2)])
    made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return made


def packed(**options) -> bytes:
    released = {name: notebook(name, STUB) for name in EXERCISE}
    instructor = {name: notebook(name, STUB, hidden=True) for name in EXERCISE}
    return archive(Options("week1", **options), released, instructor)


class Autograder:
    """root, with source/, submission/, results/ and submission_metadata.json."""

    def __init__(self, data: bytes):
        self.root = Path(tempfile.mkdtemp(prefix="grading-autograder-"))  # others may walk in here
        self.root.chmod(0o755)
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            file.extractall(self.root / "source")
        shutil.copy(self.root / "source" / "run_autograder", self.root / "run_autograder")
        (self.root / "run_autograder").chmod(0o755)
        for name in ("submission", "results"):
            (self.root / name).mkdir()
        self.metadata = self.root / "submission_metadata.json"
        self.metadata.write_text(json.dumps({"users": [{"email": "ada@school.edu"}]}))
        for path in self.root.rglob("*"):  # as open as an image could have them
            path.chmod(0o777 if path.is_dir() or path.name == "run_autograder" else 0o666)

    def hand_in(self, **files: str | bytes) -> None:
        shutil.rmtree(self.root / "submission")
        for name, content in files.items():
            path = self.root / "submission" / (name if "." in name else f"{name}.ipynb")
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, str):
                content = to_bytes(notebook(path.stem, content))
            path.write_bytes(content)

    def run(self, *arguments: str, **environment: str) -> SimpleNamespace:
        """run_autograder as Gradescope starts it. Returns its exit code, output, and results."""
        python, packages = python_for_everybody()
        variables = {
            "PATH": os.environ["PATH"],
            "AUTOGRADER_ROOT": str(self.root),
            "CS231N_PYTHON": python,
            "CS231N_PACKAGES": packages,
            "CS231N_SANDBOX": "user",
            "OMP_NUM_THREADS": "1",
        }
        results = self.root / "results" / "results.json"
        results.unlink(missing_ok=True)
        done = subprocess.run(
            [self.root / "run_autograder", *arguments],
            env=variables | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        found = json.loads(results.read_text()) if results.exists() else None
        return SimpleNamespace(code=done.returncode, output=done.stdout, results=found)

    def remove(self) -> None:
        shutil.rmtree(self.root)


def python_for_everybody() -> tuple[str, str]:
    """A Python that other users may run, and the packages of this one for it."""
    packages = sysconfig.get_path("purelib")
    if not reachable([packages]):
        pytest.skip(f"other users may not read {packages}, as on Gradescope they may")
    own = Path(sys.base_prefix).resolve() / "bin" / f"python3.{sys.version_info.minor}"
    for python in (own, Path("/usr/bin", own.name), Path("/usr/local/bin", own.name)):
        if python.exists() and reachable([python]):
            return str(python), packages
    pytest.skip(f"no {own.name} that other users may run")
