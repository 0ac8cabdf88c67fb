"""Running notebooks as students do: what is to be mended is named, and nothing else."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from grading import __main__ as command
from grading.rehearse import remarks

PNG = {"image/png": "aGVsbG8="}


def found(kind, **output):
    cell = new_code_cell("", id="here", outputs=[new_output(**output)])
    return list(remarks(new_notebook(cells=[cell]), kind))


def shown(**data):
    return dict(output_type="display_data", data=data)


def test_an_error_is_reported_in_both_forms():
    error = dict(output_type="error", ename="NameError", evalue="no x", traceback=[])
    for kind in ("solved", "unsolved"):
        assert found(kind, **error) == ["here: NameError: no x"]


@pytest.mark.parametrize(
    "text",
    [
        "relu_forward: 1 of 2 checks passed\n  values   ✗ failed",
        "relu_forward is not implemented yet.",
        "This cell comes to life once relu_forward is written.",
        "This demonstration could not run. Stopped with ValueError: no",
        "Stopped after 60 s: this demonstration should be quicker.",
        "cell.py:3: RuntimeWarning: overflow",
        "  ○ relu_forward  – of 1   run its check cell",
        "  ○ relu_forward  – of 1   changed since its check: run the check again",
    ],
)
def test_a_solved_notebook_has_no_failed_check_and_no_silent_demonstration(text):
    assert found("solved", output_type="stream", name="stdout", text=text)
    assert found("solved", **shown(**{"text/plain": text}))
    assert not found("unsolved", output_type="stream", name="stdout", text=text)


def test_what_is_right_is_not_remarked_on():
    text = "relu_forward: 2 of 2 checks passed\n  values   ✓ passed"
    assert not found("solved", output_type="stream", name="stdout", text=text)


def test_pictures_need_words():
    assert found("unsolved", **shown(**PNG)) == ["here: a picture without words (vis.describe)"]
    silent = {"text/html": '<img alt="A picture">'}
    assert "nothing is said of" in found("solved", **shown(**PNG, **silent))[0]
    assert not found("solved", **shown(**PNG, **{"text/html": '<img alt="A red box.">'}))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["no_such"], "There is no notebook no_such. There are: 1_"), (["--jobs", "0"], "1 or more")],
)
def test_what_cannot_be_rehearsed_is_said(arguments, message, capsys):
    assert command.main(["rehearse", *arguments]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.slow
def test_a_notebook_runs_clean_and_its_pictures_are_kept(tmp_path, capsys):
    arguments = ["rehearse", "3_pooling", "--only", "solved", "--output", str(tmp_path)]
    assert command.main(arguments) == 0, capsys.readouterr().out
    assert "3_pooling              solved" in capsys.readouterr().out
    assert (tmp_path / "3_pooling-solved.html").stat().st_size > 100_000
    pictures = sorted(tmp_path.glob("3_pooling-solved-*.png"))
    assert len(pictures) >= 8
    assert pictures[0].name == "3_pooling-solved-01-result-picture.png"
