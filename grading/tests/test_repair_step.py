"""A repaired notebook goes through nbgrader's own steps, and tells its reader what was repaired."""

import copy
import os
import sys
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde, GenerateAssignment, GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from grading.repair_step import RepairNotebook
from grading.tests.repair_samples import index, is_check, made_up, marked, solved, strip

pytestmark = pytest.mark.slow


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course with one released notebook; calling it runs a converter."""
    scripts = str(Path(sys.executable).parent)  # nbgrader calls `alembic` by name
    monkeypatch.setenv("PATH", scripts + os.pathsep + os.environ["PATH"])
    config = Config()
    config.CourseDirectory.root = str(tmp_path)
    config.CourseDirectory.assignment_id = "a1"
    config.CourseDirectory.db_url = f"sqlite:///{tmp_path}/gradebook.db"
    config.ClearSolutions.enforce_metadata = False

    def run(converter):
        coursedir = CourseDirectory(config=config)
        step = converter(coursedir=coursedir, config=config)
        if isinstance(step, Autograde):
            step.sanitize_preprocessors = [RepairNotebook, *step.sanitize_preprocessors]
        step.start()

    run.root = tmp_path
    source = made_up()
    for cell in source.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            stub = 'raise NotImplementedError("not implemented yet")'
            cell.source = cell.source.replace("    # YOUR CODE HERE\n", "").replace(
                stub, f"### BEGIN SOLUTION\n    {stub}\n    ### END SOLUTION"
            )
        elif cell.cell_type == "code":
            cell.source = "passed = 1"
    _write(source, tmp_path / "source" / "a1" / "sums.ipynb")
    run(GenerateAssignment)
    run.released = nbformat.read(tmp_path / "release" / "a1" / "sums.ipynb", as_version=4)
    return run


def _write(nb, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nb, path)


def _grade(course, nb):
    _write(nb, course.root / "submitted" / "ada" / "a1" / "sums.ipynb")
    course(Autograde)
    path = course.root / "autograded" / "ada" / "a1" / "sums.ipynb"
    with Gradebook(f"sqlite:///{course.root}/gradebook.db") as gradebook:
        score = gradebook.find_submission("a1", "ada").score
    return nbformat.read(path, as_version=4), score


def test_a_damaged_notebook_is_graded_and_says_what_was_repaired(course):
    nb = solved(course.released)
    nb.cells = [cell for cell in nb.cells if cell.id != "sums-check"]
    twin = copy.deepcopy(nb.cells[index(nb, "maxima-check")])
    twin.id = "twin"
    nb.cells.append(twin)
    nb.cells[index(nb, "means-check")].metadata["nbgrader"]["points"] = 500
    graded, score = _grade(course, nb)
    assert [cell[0] for cell in marked(graded)] == [cell[0] for cell in marked(course.released)]
    assert score == sum(
        cell.metadata["nbgrader"]["points"] for cell in course.released.cells if is_check(cell)
    )
    assert len(graded.metadata["cs231n"]["repairs"]) == 3
    assert "had been deleted" in graded.cells[0].source
    course(GenerateFeedback)
    page = (course.root / "feedback" / "ada" / "a1" / "sums.html").read_text()
    assert "had been deleted" in page


def test_a_notebook_without_any_marks_is_graded(course):
    graded, score = _grade(course, strip(solved(course.released)))
    assert score == 14
    assert "Google" not in graded.cells[0].source
    assert len(marked(graded)) == len(marked(course.released))


def test_a_notebook_that_is_another_one_is_left_for_a_person(course):
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print('poems')")])
    graded, _ = _grade(course, nb)
    assert "does not look like this notebook" in graded.metadata["cs231n"]["needs_review"]
    assert "A person will look at this notebook" in graded.cells[0].source


def test_an_intact_notebook_gets_no_remark(course):
    graded, _ = _grade(course, solved(course.released))
    assert graded.cells[0].id == "title"
    assert "cs231n" not in graded.metadata
