"""A course of one small notebook, to build in a temporary folder."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import nbformat

from grading import build as building
from grading.build import Sources

NOTEBOOK = """\
# %% [markdown] id="title"
# # A small notebook
# Text above code.

# %% id="setup" tags=["setup"]

# %% id="double" solution="double"

# %% id="double-check" exercise="double" points=2
check.double(double)

# %% id="picture" tags=["demo"]
with check.demo():
    print(double(1))

# %% id="given" tags=["provided"]
FACTOR = 2

# %% id="play"
double(3)
"""

REFERENCE = '''\
"""Solutions."""


def double(x):
    """Twice x.

    Inputs:
    - x: a number
    """
    # addition will do
    answer_so_far = x + x
    return answer_so_far
    # a last remark


class Doubler:
    """Doubles."""

    def __init__(self):
        self.count = 0

    def twice(self, x):
        ### BEGIN SOLUTION
        self.count += 1
        return 2 * x
        ### END SOLUTION
'''

SETUP = '# %% id="setup" tags=["setup"]\nREPOSITORY = "@REPOSITORY@"\n# %matplotlib inline\n'


def make(tmp_path: Path) -> SimpleNamespace:
    """The course's sources, one exercise, and the folders to build into."""
    folder = tmp_path / "source"
    (folder / "week1").mkdir(parents=True)
    (folder / "setup_cell.py").write_text(SETUP)
    (folder / "week1" / "1_small.py").write_text(NOTEBOOK)
    reference = tmp_path / "reference"
    reference.mkdir()
    (reference / "small.py").write_text(REFERENCE)
    exercises = {"double": SimpleNamespace(checks=[1])}
    return SimpleNamespace(
        sources=Sources(folder, reference, exercises),
        notebook=folder / "week1" / "1_small.py",
        reference=reference / "small.py",
        course=tmp_path / "course",
        output=tmp_path / "assignments",
        released=tmp_path / "assignments" / "week1" / "1_small.ipynb",
    )


def build(kit, **options):
    return building.build(kit.course, kit.output, kit.sources, **options)


def cells(path: Path) -> dict:
    return {cell.id: cell for cell in nbformat.read(path, as_version=4).cells}
