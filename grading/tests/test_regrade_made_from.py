"""A changed check makes just those notebooks count as changed that it can touch, all of them."""

import json
import shutil

import pytest

pytest.importorskip("nbgrader")

from grading.checks import EXERCISES
from grading.engine.limits import Limits
from grading.engine.tasks import Assignment
from grading.regrade import made_from as made
from grading.settings import ROOT

POOL, CONV = ["max_pool_forward_naive"], ["conv_forward_naive"]


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The kit's code, to be changed and put back."""
    root = tmp_path_factory.mktemp("kit")
    for package in ("grading", "cs231n"):
        for path in (ROOT / package).rglob("*"):
            name = path.relative_to(ROOT)
            if path.suffix in made.CODE and "work" not in name.parts:
                place = root / name
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, place)
    made._whole.cache_clear()
    yield root
    made._whole.cache_clear()


def code(root, exercises):
    return list(made.code_of(exercises, root))


@pytest.mark.parametrize(
    ("file", "pooling", "convolution"),
    [
        ("grading/checks/pooling_cases.py", True, False),
        ("grading/reference/pooling.py", True, False),
        ("grading/reference/convolution.py", True, True),  # pooling as a convolution asks it
        ("cs231n/check/pooling_cases.py", True, False),
        ("cs231n/check/compare.py", True, True),
        ("grading/checks/__init__.py", True, True),
        ("grading/checks/core.py", True, True),
        ("grading/engine/inside/shell.py", True, True),
        ("grading/repair.py", True, True),
        ("cs231n/im2col.py", True, True),
        ("grading/checks/normalization_forward.py", False, False),
        ("grading/tests/conftest.py", False, False),
    ],
)
def test_a_file_counts_for_the_notebooks_that_it_can_touch(copy, file, pooling, convolution):
    before = code(copy, POOL), code(copy, CONV)
    path = copy / file
    text = path.read_text()
    path.write_text(text + "\n# changed\n")
    after = code(copy, POOL), code(copy, CONV)
    path.write_text(text)
    assert (before[0] != after[0], before[1] != after[1]) == (pooling, convolution)


def test_an_import_inside_a_function_or_by_name_counts(tmp_path):
    folder = tmp_path / "grading"
    folder.mkdir()
    (folder / "a.py").write_text(
        "def f():\n    from . import b\n    import_module('grading.c')\n    import_module(name)\n"
    )
    made._whole.cache_clear()
    for name in "bcd":
        (folder / f"{name}.py").write_text("")
    found = made.closure(tmp_path, ["grading.a"])
    made._whole.cache_clear()
    assert found == {f"grading/{name}.py" for name in "abcd"}


def test_exercises_of_another_kit_count_every_check():
    assert made.code_hash() in list(made.code_of(["double"]))
    assert made.code_hash() not in list(made.code_of(["conv_forward_naive"]))


@pytest.mark.parametrize("changed", ["released", "instructor", "secret", "limits"])
def test_notebooks_secret_and_limits_count(changed):
    cell = {"source": 'grading.checks.grade_cell("conv_forward_naive", globals(), 2)'}
    notebook = json.dumps({"cells": [cell]}).encode()
    values = {"released": {"n": notebook}, "instructor": {"n": notebook}, "secret": "s"}
    values["limits"] = Limits()
    before = made.made_from(Assignment("a", **values))
    new = {"secret": "t", "limits": Limits(notebook_seconds=7)}
    new |= {kind: {"n": notebook + b" "} for kind in ("released", "instructor")}
    after = made.made_from(Assignment("a", **values | {changed: new[changed]}))
    assert before["n"] != after["n"]


def test_every_exercise_of_the_kit_has_a_module_of_its_own():
    for name in EXERCISES:
        assert made._home(name).startswith("grading.checks.")
