"""Functions taken out of the student's own notebooks."""

import importlib
import os

import numpy as np
import pytest
from nbformat import v4, write

from cs231n import notebooks
from cs231n.fast_pointwise import relu_backward_fast, relu_forward_fast

HELPERS = """import numpy as np
%matplotlib inline
FLOOR = 0
"""
FORWARD = """def relu_forward(x):
    return larger(x, FLOOR), x
def larger(x, floor):
    return np.maximum(x, floor)
"""
BACKWARD = """def relu_backward(dout, cache):
    return np.where(cache > 0, dout, 0)
"""
STUB = """def relu_backward(dout, cache):
    # YOUR CODE HERE
    raise NotImplementedError("not implemented yet")
"""


def put(folder, *cells, name="1_fully_connected"):
    folder.mkdir(exist_ok=True)
    write(v4.new_notebook(cells=[v4.new_code_cell(c) for c in cells]), folder / f"{name}.ipynb")


def load_pair(folder):
    return notebooks.load("1_fully_connected", "relu_forward", "relu_backward", folder=folder)


def test_own_functions_come_with_what_they_use_and_nothing_else_runs(tmp_path, capsys):
    trouble = "raise SystemExit('a demonstration')\nprint('it ran')"
    put(tmp_path, HELPERS, trouble, FORWARD, "check.relu_forward(relu_forward)", BACKWARD)
    forward, backward = load_pair(tmp_path)
    out, cache = forward(np.array([-1.0, 2.0]))
    assert np.array_equal(out, [0, 2])
    assert np.array_equal(backward(np.ones(2), cache), [0, 1])
    assert capsys.readouterr().out == (
        "relu_forward and relu_backward: yours, from 1_fully_connected.ipynb.\n"
    )


def test_a_line_that_goes_on_with_a_per_cent_sign_is_no_magic(tmp_path, capsys):
    odd = "def relu_forward(x):\n    floor = (4\n        % 2)\n    return np.maximum(x, floor), x\n"
    put(tmp_path, "import numpy as np", odd)
    own = notebooks.load("1_fully_connected", "relu_forward", folder=tmp_path)
    assert "yours" in capsys.readouterr().out
    assert np.array_equal(own(np.array([-1.0, 2.0]))[0], [0, 2])


def test_the_last_version_of_a_function_counts(tmp_path):
    put(tmp_path, HELPERS, "def relu_forward(x):\n    return None", FORWARD)
    assert notebooks.load("1_fully_connected", "relu_forward", folder=tmp_path).__module__ == (
        "notebook 1_fully_connected"
    )


def test_a_pair_comes_whole_from_the_course_when_half_of_it_is_missing(tmp_path, capsys):
    put(tmp_path, HELPERS, FORWARD, STUB)
    assert load_pair(tmp_path) == (relu_forward_fast, relu_backward_fast)
    assert "because relu_backward in 1_fully_connected.ipynb is not written yet" in (
        capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ([HELPERS, FORWARD.replace("0), x", "1), x").replace("FLOOR", "1")], "fails"),
        ([HELPERS], "has no function relu_forward"),
        ([FORWARD], "fails"),  # np is not there
        (["FLOOR = 1 / 0", FORWARD], "`FLOOR = 1 / 0` in 1_fully_connected.ipynb raised ZeroDiv"),
        (["def relu_forward(x:", HELPERS], "has no function relu_forward"),
    ],
    ids=["wrong", "missing", "without its import", "broken constant", "not Python"],
)
def test_what_will_not_do_is_replaced_and_the_reason_is_said(tmp_path, capsys, cells, reason):
    put(tmp_path, *cells)
    assert notebooks.load("1_fully_connected", "relu_forward", folder=tmp_path) is relu_forward_fast
    printed = capsys.readouterr().out
    assert printed.startswith("relu_forward: the course's own relu_forward_fast, because ")
    assert reason in printed


def test_notebooks_are_found_in_the_other_assignments_folders(tmp_path, monkeypatch):
    put(tmp_path / "assignment1", HELPERS, FORWARD)
    (tmp_path / "assignment3").mkdir()
    for place in (tmp_path / "assignment1", tmp_path / "assignment3", tmp_path):
        monkeypatch.chdir(place)
        assert notebooks.find("1_fully_connected").resolve() == (
            tmp_path / "assignment1" / "1_fully_connected.ipynb"
        )
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setenv("CS231N_NOTEBOOKS", str(tmp_path / "assignment1"))
    assert notebooks.find("1_fully_connected.ipynb").is_file()


def test_a_damaged_notebook_is_a_reason_and_no_error(tmp_path, capsys):
    (tmp_path / "1_fully_connected.ipynb").write_text('{"cells": [')
    load_pair(tmp_path)
    assert "because 1_fully_connected.ipynb cannot be read (JSONDecodeError)" in (
        capsys.readouterr().out
    )


def test_where_the_course_has_none_either_the_call_says_so(tmp_path, capsys):
    missing = notebooks.load("5_im2col", "no_such_thing", folder=tmp_path)
    assert "no_such_thing: nothing, because there is no 5_im2col.ipynb" in capsys.readouterr().out
    with pytest.raises(NotImplementedError, match="no_such_thing is needed here, and there is no"):
        missing(1)


def test_every_function_that_the_course_provides_exists():
    for name, (module, provided) in notebooks.PROVIDED.items():
        assert callable(getattr(importlib.import_module(f"cs231n.{module}"), provided)), name


def test_load_says_what_it_takes():
    with pytest.raises(TypeError, match="the name of a notebook and of at least one function"):
        notebooks.load("2_convolution")


def test_a_copy_as_colab_names_it_is_found_and_the_newest_counts(tmp_path):
    for age, name in enumerate(["Copy of 1_fully_connected", "1_fully_connected (1)"]):
        put(tmp_path, HELPERS, name=name)
        os.utime(tmp_path / f"{name}.ipynb", (1000 - age, 1000 - age))
    put(tmp_path, HELPERS, name="11_fully_connected")
    assert notebooks.find("1_fully_connected", tmp_path).name == "Copy of 1_fully_connected.ipynb"
    put(tmp_path, HELPERS)  # the notebook itself comes first, however old
    os.utime(tmp_path / "1_fully_connected.ipynb", (1, 1))
    assert notebooks.find("1_fully_connected", tmp_path).name == "1_fully_connected.ipynb"
