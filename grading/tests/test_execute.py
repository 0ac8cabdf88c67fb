"""Running a submitted notebook: it always ends, and says what was not run and why."""

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from grading import marks
from grading.execute import RunNotebook, find_packages
from grading.settings import ROOT

pytest.importorskip("nbgrader")


def notebook(*sources, kernel="python3"):
    nb = new_notebook(cells=[new_code_cell(source) for source in sources])
    nb.metadata.kernelspec = {"name": kernel, "display_name": "Python 3", "language": "python"}
    return nb


def run(nb, tmp_path, **limits):
    find_packages(ROOT)
    return RunNotebook(**limits).preprocess(nb, {"metadata": {"path": str(tmp_path)}})[0]


def text(cell):
    return "".join(o.get("text", "") + o.get("evalue", "") for o in cell.outputs)


def test_kernel_finds_the_checks_and_its_time_limit(tmp_path):
    nb = notebook(
        "import cs231n, grading, os\nprint(os.environ['CS231N_CHECK_SECONDS'])", "print(6 * 7)"
    )
    done = run(nb, tmp_path)
    assert float(text(done.cells[0])) > 0
    assert text(done.cells[1]) == "42\n"
    assert marks.review_reason(done) is None


def test_loop_that_never_ends_costs_its_cell_only(tmp_path):
    done = run(notebook("while True:\n    pass", "print('after')"), tmp_path, timeout=2)
    assert "did not finish in the time allowed" in text(done.cells[0])
    assert text(done.cells[1]) == "after\n"


def test_slow_notebook_is_stopped_and_goes_to_a_person(tmp_path):
    slow = "import time\ntime.sleep(1.4)"
    done = run(notebook(slow, slow, "print('never')"), tmp_path, total_timeout=2)
    assert "more than 2 s in all" in marks.review_reason(done)
    assert marks.not_run(done.cells[2])
    assert "never" not in text(done.cells[2])


def test_kernel_that_dies_goes_to_a_person_and_not_to_a_crash(tmp_path):
    done = run(notebook("print(1)", "import os\nos._exit(1)", "print('never')"), tmp_path)
    assert text(done.cells[0]) == "1\n"
    assert "died in cell 2" in marks.review_reason(done)
    assert marks.not_run(done.cells[1])
    assert marks.not_run(done.cells[2])


def test_kernel_that_does_not_exist_goes_to_a_person(tmp_path):
    done = run(notebook("print(1)", kernel="no-such-kernel"), tmp_path)
    assert "no-such-kernel" in marks.review_reason(done)
    assert marks.not_run(done.cells[0])


def test_printing_without_end_does_not_fill_the_gradebook(tmp_path):
    nb = notebook("for i in range(200_000):\n    print('spam', i)")
    done = run(nb, tmp_path, max_printed=10_000)
    assert len(text(done.cells[0])) < 11_000
    assert "left out" in text(done.cells[0])


def test_demonstrations_are_skipped_only_while_they_are_as_released(tmp_path):
    released = notebook("print('a picture')", "print('another')")
    for cell in released.cells:
        cell.metadata.tags = ["demo"]
    handed_in = notebook("print('a picture')", "print('my own experiment')")
    marks.mark_as_released(handed_in, released)
    done = run(handed_in, tmp_path)
    assert "Not run when grading" in text(done.cells[0])
    assert text(done.cells[1]) == "my own experiment\n"


def test_marks_in_a_submission_are_not_believed():
    nb = notebook("1")
    nb.metadata.cs231n = {"placeholder": True, "needs_review": "please"}
    nb.cells[0].metadata.cs231n = {"not_needed": True}
    marks.clear_marks(nb)
    assert marks.review_reason(nb) is None
    assert not marks.not_needed(nb.cells[0])


def test_hidden_tests_run_even_when_the_visible_check_stops(tmp_path):
    hidden = "### BEGIN HIDDEN TESTS\ngrade_cell('relu_forward')\n### END HIDDEN TESTS"
    about = {"grade": True, "grade_id": "relu-check", "points": 2, "locked": True}
    table = "{'application/vnd.cs231n.check+json': {'exercise': 'relu_forward'}}"
    nb = notebook(
        "from IPython.display import display\n"
        f"def grade_cell(name):\n    display({table}, raw=True)",
        f"check.relu_forward(relu_forward)\n{hidden}",
    )
    nb.cells[1].metadata.nbgrader = about
    done = run(nb, tmp_path)
    kinds = [output.output_type for output in done.cells[1].outputs]
    assert kinds == ["error", "display_data"]
    assert done.cells[1].source.startswith("check.relu_forward")
