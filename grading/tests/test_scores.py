"""Which cells are graded, and how a class's scores are shown."""

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from grading import marks
from grading.class_table import class_table, differences
from grading.reports import score_card
from grading.scores import exercise_of, without_hidden_part

SOURCE = 'grading.checks.grade_cell("relu_forward", globals(), points=2)'
CHECKS = [
    {"name": "shape", "passed": True, "weight": 1.0, "message": ""},
    {"name": "values", "passed": False, "weight": 1.0, "message": "out is wrong"},
]


def graded_cell(source=SOURCE, **about):
    marked = {"grade": True, "grade_id": "relu-check", "points": 2, "locked": True} | about
    return new_code_cell(source, metadata={"nbgrader": marked})


def test_a_graded_cell_names_its_exercise():
    assert exercise_of(graded_cell()) == "relu_forward"
    assert exercise_of(graded_cell(grade=False)) is None
    assert exercise_of(graded_cell("check.relu_forward(relu_forward)")) is None


def test_hidden_tests_can_be_taken_out_again():
    hidden = f"check.x(x)\n### BEGIN HIDDEN TESTS\n{SOURCE}\n### END HIDDEN TESTS"
    assert without_hidden_part(hidden) == "check.x(x)"


def test_a_score_that_is_not_known_is_told_from_zero():
    known = {"score": 0.0, "max_score": 2.0, "checks": CHECKS}
    card = score_card("a", "n", {"x": known, "y": known | {"score": None}}, "it died")
    assert [card["exercises"][name]["graded"] for name in "xy"] == [True, False]
    assert (card["score"], card["needs_review"]) == (0.0, "it died")


def test_notice_tells_what_was_changed_and_is_there_once():
    nb = new_notebook(cells=[new_code_cell("1")])
    nb.metadata.cs231n = {"repairs": ["the check cell of <b> was put back"]}
    marks.mark_for_review(nb, "one file is missing")
    marks.put_notice(nb)
    marks.put_notice(nb)
    assert len(nb.cells) == 2
    assert "one file is missing" in nb.cells[0].source
    assert "&lt;b&gt; was put back" in nb.cells[0].source


def test_marks_in_a_submission_are_not_believed():
    nb = new_notebook(cells=[new_code_cell("1")])
    nb.metadata.cs231n = {"placeholder": True, "needs_review": "please"}
    nb.cells[0].metadata.cs231n = {"not_needed": True}
    marks.clear_marks(nb)
    assert marks.review_reason(nb) is None
    assert not marks.not_needed(nb.cells[0])


@pytest.fixture
def reports():
    exercises = {
        "relu_forward": {"score": 1.5, "max_score": 2.0, "checks": CHECKS},
        "relu_backward": {"score": 0.0, "max_score": 3.0, "checks": []},
    }
    card = {"exercises": exercises, "score": 1.5, "needs_review": "the kernel died"}
    return {"student01": {"notebooks": {"1_fully_connected": card}}}


def test_table_shows_a_question_mark_where_nothing_was_graded(reports):
    row = next(line for line in class_table(reports).splitlines() if line.startswith("student01"))
    assert row.split() == ["student01", "1.5", "?", "1.50", "review"]


def test_table_says_why_a_person_must_look(reports):
    assert "student01 1_fully_connected: the kernel died" in class_table(reports)


def test_scores_that_differ_from_the_expected_are_named(reports):
    expected = {"student01": {"scores": {"relu_forward": 2.0, "relu_backward": 0.0}, "review": []}}
    first, second = differences(reports, expected)
    assert first == "student01: relu_forward scored 1.5, expected 2.0"
    assert "for review" in second
