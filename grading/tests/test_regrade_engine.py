"""A check is made wrong, found out, and mended: the real grader, one notebook, the whole way."""

import json
import os
import shutil
import subprocess
import sys

import pytest

pytest.importorskip("nbgrader")

import nbformat

from grading.engine.drivers import choose
from grading.errors import GradingError
from grading.settings import ROOT
from grading.tests import graded_course as kit

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("CS231N_THOROUGH" not in os.environ, reason="minutes of processor time"),
]

NAME = "conv_output_size"
ANSWER = f"""\
def {NAME}(size, filter_size, stride=1, pad=0, dilation=1):
    room = size + 2 * pad - dilation * (filter_size - 1) - 1
    if room < 0 or room % stride:
        raise ValueError(f"{{size}}, {{filter_size}}, {{stride}}, {{pad}}, {{dilation}}")
    return room // stride + 1
"""


@pytest.fixture
def course(tmp_path, monkeypatch):
    try:
        choose("auto")
    except GradingError:
        pytest.skip("there is no sandbox here")
    monkeypatch.delenv("CS231N_DATABASE_URL", raising=False)
    cells = [kit.answer(NAME), kit.check(NAME, 8)]
    about = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    made = {"1_small": nbformat.v4.new_notebook(cells=cells, metadata=about)}
    monkeypatch.setattr(kit, "notebooks", lambda: made)
    course = kit.build_course(tmp_path / "course")
    course.hand_in("ann", names=["1_small"])
    path = course.submitted("ann") / "1_small.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].source = ANSWER
    nbformat.write(notebook, path)
    return course


def test_a_wrong_check_costs_points_until_it_is_mended(course, tmp_path):
    tree = tmp_path / "kit"
    for package in ("grading", "cs231n"):
        unwanted = shutil.ignore_patterns("course", "work", "tests", "__pycache__", "sample_class")
        shutil.copytree(ROOT / package, tree / package, ignore=unwanted)
    shutil.copy(ROOT / "pyproject.toml", tree)

    def run(*options, code=0):
        command = [sys.executable, "-m", "grading", "autograde", kit.ASSIGNMENT, "--jobs", "1"]
        command += ["--course", str(course.root), *options]
        done = subprocess.run(
            command, cwd=tree, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        assert done.returncode == code, done.stderr
        return done.stdout

    def score():
        return course.report("ann")["notebooks"]["1_small"]["exercises"][NAME]["score"]

    run()
    assert score() == 8
    path = tree / "grading" / "checks" / "convolution_variants.py"
    text = path.read_text()
    call = "reference.conv_output_size(*arguments), what"
    assert call in text
    path.write_text(text.replace(call, f"1 + {call}"))  # wrong by one
    assert "Nothing was written" in run("--changed", code=1)
    assert score() == 8
    told = run("--changed", "--yes")
    assert f"1_small {NAME}  8 -> {score():g}" in told
    assert "padding fails now: " in told
    assert score() < 8
    path.write_text(text)  # mended
    told = run("--changed", "--yes")
    assert "padding passes now" in told
    assert "Scores: 1 up, 0 down, 0 same." in told
    assert score() == 8
    assert json.loads(course.report_path("ann").read_text())["made_from"]
