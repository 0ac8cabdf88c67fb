"""Learning from a class: failures that are alike are put together, and the unnamed ones shown."""

from pathlib import Path

import nbformat
import pytest

from grading import build
from grading.__main__ import main
from grading.mistakes.learn import Behaviour, clusters
from grading.sample_class import fill_in, reference_answers
from grading.settings import REFERENCE
from grading.solutions import read_solutions


def behaviour(name, failed, exercise="svm_loss"):
    told = {k: (f"check {k}", "wrong", numbers) for k, numbers in failed.items()}
    return Behaviour(Path(name), exercise, told, ())


def test_alike_is_who_fails_the_same_checks_in_the_same_way():
    one = {0: (0.5, 1.0), 3: (2.0, 2.0)}
    found = [
        behaviour("ann", one),
        behaviour("ben", {0: (0.5, 1.0)}),
        behaviour("cem", {0: (0.5, 1.1), 3: (2.0, 2.0)}),
        behaviour("dan", {0: (0.5 + 1e-9, 1.0), 3: (2.0, 2.0)}),
        behaviour("eva", one, "softmax_loss"),
        behaviour("fay", {0: None}),
        behaviour("gus", {0: None}),
    ]
    groups = [[str(one.path) for one in group.members] for group in clusters(found)]
    assert groups == [["ann", "dan"], ["fay", "gus"], ["ben"], ["cem"], ["eva"]]


def test_a_folder_without_notebooks_is_named(tmp_path, capsys):
    assert main(["mistakes", "--learn", str(tmp_path)]) == 2
    assert "there are no notebooks" in capsys.readouterr().err


@pytest.mark.slow
def test_a_class_shows_what_is_known_and_what_wants_a_name(tmp_path, capsys):
    pytest.importorskip("nbgrader")
    released = build.student_notebook("assignment1", "1_fully_connected")
    reference = reference_answers(read_solutions(REFERENCE))
    right = reference["relu_forward"]
    written = {
        "ann": right.replace("np.maximum(x, 0)", "np.maximum(x, 0) + x**2"),
        "ben": right.replace("np.maximum(x, 0)", "x * x + np.where(x > 0, x, 0)"),
        "cem": right.replace("np.maximum(x, 0)", "np.abs(x)"),
        "dan": right,
    }
    for name, answer in written.items():
        path = tmp_path / name / "1_fully_connected.ipynb"
        path.parent.mkdir()
        nbformat.write(fill_in(released, {"relu_forward": answer}), path)
    (tmp_path / "eva").mkdir()
    (tmp_path / "eva" / "1_fully_connected.ipynb").write_text("no notebook")
    assert main(["mistakes", "--learn", str(tmp_path), "relu_forward"]) == 0
    said = capsys.readouterr().out
    assert "relu_forward: 2 submissions do the same." in said
    assert "x * x + np.where(x > 0, x, 0)" in said or "np.maximum(x, 0) + x ** 2" in said
    assert "1  relu_forward: absolute_value" in said
    assert "one kind of failure without a name." in said
