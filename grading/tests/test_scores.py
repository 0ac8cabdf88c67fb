"""Reading results out of a notebook that was run: no result is never a zero, nor full points."""

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from grading import marks
from grading.class_table import class_table, differences
from grading.scores import MIME_TYPE, read_cell, read_notebook

SOURCE = 'grading.checks.grade_cell("relu_forward", globals(), points=2)'
CHECKS = [
    {"name": "shape", "passed": True, "weight": 1.0, "message": ""},
    {"name": "values", "passed": False, "weight": 1.0, "message": "out is wrong"},
]


def graded_cell(*outputs, source=SOURCE):
    about = {"grade": True, "grade_id": "relu-check", "points": 2, "locked": True}
    return new_code_cell(source, outputs=list(outputs), metadata={"nbgrader": about})


def record(score, exercise="relu_forward"):
    data = {"exercise": exercise, "score": score, "max_score": 2.0, "checks": CHECKS}
    return new_output("display_data", data={MIME_TYPE: data})


def error(name, message=""):
    return new_output("error", ename=name, evalue=message, traceback=[])


def test_partial_credit_is_read_as_it_was_given():
    result = read_cell(graded_cell(record(1.0)))
    assert (result["score"], result["max_score"], result["checks"]) == (1.0, 2.0, CHECKS)


def test_a_warning_on_stderr_costs_no_points():
    warning = new_output("stream", name="stderr", text="RuntimeWarning: overflow\n")
    assert read_cell(graded_cell(warning, record(2.0)))["score"] == 2.0


def test_a_cell_without_output_is_neither_right_nor_wrong():
    result = read_cell(graded_cell())
    assert result["score"] is None
    assert "no result" in result["problem"]


def test_a_result_of_another_exercise_does_not_count():
    assert read_cell(graded_cell(record(2.0, exercise="relu_backward")))["score"] is None


def test_no_more_points_than_the_exercise_has():
    assert read_cell(graded_cell(record(50.0)))["score"] == 2.0


def test_a_name_that_was_never_defined_is_a_zero_with_its_reason():
    result = read_cell(graded_cell(error("NameError", "name 'relu_forward' is not defined")))
    assert result["score"] == 0.0
    assert "relu_forward" in result["checks"][0]["message"]


def test_a_graded_cell_that_ran_out_of_time_goes_to_a_person():
    late = graded_cell(error("KeyboardInterrupt"), error("CellTimeoutError"))
    assert read_cell(late)["score"] is None


def test_a_cell_that_was_not_run_goes_to_a_person_with_the_reason():
    cell = graded_cell()
    marks.mark_not_run(cell, "the kernel died")
    results, reason = read_notebook(new_notebook(cells=[cell]))
    assert results["relu_forward"]["score"] is None
    assert "the kernel died" in reason


def test_notice_tells_what_was_changed_and_is_there_once():
    nb = new_notebook(cells=[new_code_cell("1")])
    nb.metadata.cs231n = {"repairs": ["the check cell of <b> was put back"]}
    marks.mark_for_review(nb, "one file is missing")
    marks.put_notice(nb)
    marks.put_notice(nb)
    assert len(nb.cells) == 2
    assert "one file is missing" in nb.cells[0].source
    assert "&lt;b&gt; was put back" in nb.cells[0].source


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
