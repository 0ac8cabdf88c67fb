"""Hints ship to students: they lead to sections that are there, and give nothing away."""

from __future__ import annotations

import ast

import pytest

from cs231n.check import EXERCISES
from cs231n.check.core import Exercise
from cs231n.check.hints import FOLDER, all_hints
from grading import build, leaks
from grading.checks.core import grade, score_table
from grading.leak_scan import Contents
from grading.mistakes.sections import sections_of
from grading.settings import SOURCE


@pytest.fixture(scope="module")
def detector():
    return leaks.Detector()


@pytest.mark.parametrize("exercise", sorted(EXERCISES))
def test_the_last_hint_leads_to_a_section_of_the_exercises_notebook(exercise):
    hints = all_hints()[exercise]
    assert hints.see in sections_of(hints.notebook).values()
    source = next(SOURCE.glob(f"*/{hints.notebook}.py")).read_text(encoding="utf-8")
    assert f'exercise="{exercise}"' in source


def test_hints_hold_no_line_of_a_solution_however_they_are_wrapped(detector):
    for name, hints in all_hints().items():
        texts = [(f"step {n}", step) for n, step in enumerate(hints.steps, start=1)]
        assert not list(detector.findings(Contents(f"{name}.toml", texts)))


def test_a_line_of_a_solution_in_a_file_of_hints_is_found(detector, tmp_path):
    text = (FOLDER / "1_fully_connected.toml").read_text(encoding="utf-8")
    slip = text.replace("Draw one", "Write `dx = (dout @ w.T).reshape(x.shape)`. Draw one")
    assert slip != text
    for name, content, found in (("a.toml", text, 0), ("b.toml", slip, 1)):
        (tmp_path / name).write_text(content, encoding="utf-8")
        assert len(leaks.scan([tmp_path / name], detector)) == found


def test_grading_offers_no_hints():
    exercise = Exercise("adam", functions=("adam",))
    exercise.check("steps")(lambda f, rng: f.adam(1)["out"])
    graded = grade(exercise, {"adam": lambda w: w}, 2, secret="")
    assert graded["score"] == 0
    assert "hint" not in repr(score_table(graded))


def test_every_notebook_ends_with_a_card_of_all_its_points():
    for assignment, names in build.assignments().items():
        for name in names:
            notebook = build.student_notebook(assignment, name)
            last = notebook.cells[-1]
            (call,) = ast.parse(last.source).body
            points = {given.arg: ast.literal_eval(given.value) for given in call.value.keywords}
            graded = [
                cell.metadata.nbgrader.points
                for cell in notebook.cells
                if cell.metadata.get("nbgrader", {}).get("grade")
            ]
            assert sum(points.values()) == sum(graded)
            assert len(points) == len(graded)
            assert last.metadata.tags == ["demo"]  # not run when grading
