"""The build: what students get, what the build refuses, what it never loses."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import nbformat
import pytest

from grading import __main__ as command
from grading import build as building
from grading import leak_lines
from grading.errors import GradingError
from grading.notebooks import to_bytes
from grading.settings import ASSIGNMENTS, GRADING, SOURCE
from grading.tests import small_course
from grading.tests.small_course import NOTEBOOK, build, cells

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # nbgrader's own


@pytest.fixture
def kit(tmp_path):
    return small_course.make(tmp_path)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A course that has been built and is only looked at."""
    course = small_course.make(tmp_path_factory.mktemp("built"))
    text = course.notebook.read_text()
    course.notebook.write_text(text + '\n# %% id="doubler" solution="Doubler"\n')
    build(course, repository="https://github.com/school/course")
    return course


def test_students_get_stubs_visible_checks_and_no_answers(built):
    text = built.released.read_text()
    assert "answer_so_far" not in text
    assert "HIDDEN" not in text
    assert "grade_cell" not in text
    released = cells(built.released)
    assert released["double"].source == (
        'def double(x):\n    """Twice x.\n\n    Inputs:\n    - x: a number\n    """\n'
        '    # YOUR CODE HERE\n    raise NotImplementedError("not implemented yet")'
    )
    assert released["double-check"].source == "check.double(double)"


def test_questions_reach_students_without_the_model_answer(kit):
    question = (
        '# %% [markdown] id="why" question=2\n# Why twice?\n#\n# <!-- answer -->\n# Once is less.'
    )
    kit.notebook.write_text(f"{kit.notebook.read_text()}\n{question}\n")
    build(kit)
    released = cells(kit.released)["why"]
    assert released.source == "Why twice?\n\nYOUR ANSWER HERE"
    mark = released.metadata.nbgrader
    assert (mark["grade"], mark["solution"], mark["locked"], mark["points"]) == (1, 1, 0, 2)
    own = cells(kit.course / "source" / "week1" / "1_small.ipynb")["why"].source
    assert "Once is less." in own
    secrets = leak_lines.read_secrets(sources=kit.notebook.parent.parent)
    assert "Onceisless." not in [s.needle for s in secrets], "too short to tell a leak"
    kit.notebook.write_text(kit.notebook.read_text() + "# Twice is more than once, as we all know.")
    secrets = leak_lines.read_secrets(sources=kit.notebook.parent.parent)
    assert "Twiceismorethanonce,asweallknow." in [s.needle for s in secrets]


def test_instructors_get_solution_with_comments_and_hidden_tests(built):
    cell = cells(built.course / "source" / "week1" / "1_small.ipynb")
    assert cell["double"].source.splitlines()[-5:] == [
        "    # addition will do",
        "    answer_so_far = x + x",
        "    return answer_so_far",
        "    # a last remark",
        "    ### END SOLUTION",
    ]
    assert cell["double-check"].source.splitlines() == [
        "check.double(double)",
        "### BEGIN HIDDEN TESTS",
        "import grading.checks",
        "",
        'grading.checks.grade_cell("double", globals(), points=2)',
        "### END HIDDEN TESTS",
    ]


def test_graded_and_provided_cells_are_locked_and_answers_are_not(built):
    released = cells(built.released)
    roles = {
        name: (cell.metadata.nbgrader["grade"], cell.metadata.nbgrader["solution"])
        for name, cell in released.items()
        if "nbgrader" in cell.metadata
    }
    assert roles == {
        "setup": (False, False),
        "double": (False, True),
        "double-check": (True, False),
        "given": (False, False),
        "doubler": (False, True),
    }
    assert released["double-check"].metadata.nbgrader["points"] == 2
    for name in ("setup", "double-check", "given"):
        assert released[name].metadata.editable is False
    assert "editable" not in released["double"].metadata
    assert released["picture"].metadata.tags == ["demo"]


def test_class_keeps_what_is_given_and_loses_only_the_marked_part(built):
    source = cells(built.released)["doubler"].source
    assert "self.count = 0" in source
    assert "2 * x" not in source
    assert source.count("NotImplementedError") == 1


def test_stock_nbgrader_makes_the_same_notebooks_from_the_built_course(built):
    release = built.course / "release" / "week1" / "1_small.ipynb"
    ours = release.read_bytes()
    release.unlink()
    command_line = [sys.executable, "-m", "nbgrader", "generate_assignment", "week1", "--force"]
    environment = os.environ | {"CS231N_COURSE": str(built.course)}
    subprocess.run(command_line, cwd=GRADING, env=environment, capture_output=True, check=True)
    assert release.read_bytes() == ours == built.released.read_bytes()


def test_building_twice_gives_the_same_bytes_and_touches_nothing(kit):
    assert build(kit)
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in kit.output.rglob("*.ipynb")}
    assert build(kit) == []
    after = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in kit.output.rglob("*.ipynb")}
    assert before == after


def test_built_notebook_is_valid_and_holds_no_times_outputs_or_versions(built):
    nbformat.validate(json.loads(built.released.read_text()) and nbformat.read(built.released, 4))
    notebook = json.loads(built.released.read_text())
    assert notebook["nbformat_minor"] == 5
    assert notebook["metadata"] == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)


def test_badge_and_setup_cell_point_at_the_given_repository(built):
    released = cells(built.released)
    link = "https://colab.research.google.com/github/school/course/blob/main/assignments/week1/"
    assert link + "1_small.ipynb" in released["open-in-colab"].source
    assert released["setup"].source.splitlines() == [
        'REPOSITORY = "https://github.com/school/course"',
        "%matplotlib inline",
    ]
    assert list(released)[:2] == ["title", "open-in-colab"]


def test_repository_outside_github_gets_no_dead_badge(kit):
    build(kit, repository="https://git.example.org/course")
    assert "open-in-colab" not in cells(kit.released)


def submit_once(kit):
    """Put one submission into the course's gradebook, as collecting and grading would."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{kit.course / 'gradebook.db'}", "cs231n") as gradebook:
        gradebook.add_student("ada")
        gradebook.add_submission("week1", "ada")


def test_build_works_beside_submissions_and_new_points_reach_the_gradebook(kit):
    from nbgrader.api import Gradebook

    build(kit)
    submit_once(kit)
    kit.notebook.write_text(kit.notebook.read_text().replace("points=2", "points=5"))
    build(kit)
    with Gradebook(f"sqlite:///{kit.course / 'gradebook.db'}", "cs231n") as gradebook:
        assert gradebook.find_grade_cell("double-check", "1_small", "week1").max_score == 5
        assert len(gradebook.assignment_submissions("week1")) == 1


def test_cells_that_submissions_depend_on_cannot_vanish_and_nothing_is_half_written(kit):
    build(kit)
    submit_once(kit)
    before = {p: p.read_bytes() for p in kit.course.parent.rglob("*.ipynb")}
    gradebook = (kit.course / "gradebook.db").read_bytes()
    kit.notebook.write_text(kit.notebook.read_text().replace("double-check", "other-check"))
    with pytest.raises(GradingError, match="cell removed: double-check") as problem:
        build(kit)
    assert "nbgrader db assignment remove week1" in str(problem.value)
    assert before == {p: p.read_bytes() for p in kit.course.parent.rglob("*.ipynb")}
    assert (kit.course / "gradebook.db").read_bytes() == gradebook


def test_removed_source_removes_its_built_notebooks(kit):
    second = kit.notebook.with_name("2_more.py")
    second.write_text(NOTEBOOK)
    build(kit)
    assert kit.released.with_name("2_more.ipynb").exists()
    second.unlink()
    build(kit)
    assert not kit.released.with_name("2_more.ipynb").exists()
    assert not (kit.course / "source" / "week1" / "2_more.ipynb").exists()


def test_notebook_somebody_worked_in_is_not_replaced_unless_asked(kit):
    build(kit)
    notebook = nbformat.read(kit.released, as_version=4)
    notebook.cells[-1].execution_count = 1
    notebook.cells[-1].source = "my own work"
    kit.released.write_bytes(to_bytes(notebook))
    with pytest.raises(GradingError, match="has been worked in"):
        build(kit)
    assert "my own work" in kit.released.read_text()
    build(kit, overwrite=True)
    assert "my own work" not in kit.released.read_text()


def test_full_disk_leaves_the_old_notebooks_and_no_litter(kit, monkeypatch):
    build(kit)
    before = {p: p.read_bytes() for p in kit.output.parent.rglob("*.ipynb")}
    kit.notebook.write_text(NOTEBOOK.replace("Text above", "Other text above"))
    calls = iter(range(100))

    def full(_):
        if next(calls) == 1:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        build(kit)
    assert before == {p: p.read_bytes() for p in kit.output.parent.rglob("*.ipynb")}
    assert not list(kit.output.parent.rglob("*.new"))


def test_check_names_the_files_that_differ_and_writes_nothing(kit):
    build(kit)
    assert building.differences(kit.output, kit.sources) == []
    kit.released.write_text(kit.released.read_text().replace("Text above", "Text below"))
    stale = kit.released.with_name("9_old.ipynb")
    stale.write_text("{}")
    found = building.differences(kit.output, kit.sources)
    assert found == [f"{kit.released}: differs from a fresh build", f"{stale}: has no source"]
    assert "Text below" in kit.released.read_text()
    kit.released.unlink()
    assert f"{kit.released}: missing" in building.differences(kit.output, kit.sources)


def test_command_reports_a_problem_without_traceback(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(
        building, "build", lambda *a, **k: (_ for _ in ()).throw(GradingError("No."))
    )
    assert command.main(["build", "--course", str(tmp_path)]) == 2
    assert capsys.readouterr().err == "No.\n"
    monkeypatch.setattr(building, "build", lambda *a, **k: (_ for _ in ()).throw(KeyboardInterrupt))
    assert command.main(["build"]) == 130
    assert "Interrupted" in capsys.readouterr().err


def test_output_that_cannot_be_written_is_explained(kit, capsys, monkeypatch):
    kit.output.write_text("a file where the folder should be")
    with pytest.raises(OSError) as problem:  # noqa: PT011
        build(kit)
    monkeypatch.setattr(building, "build", lambda *a, **k: (_ for _ in ()).throw(problem.value))
    assert command.main(["build"]) == 2
    assert str(kit.output) in capsys.readouterr().err


@pytest.mark.skipif(not list(SOURCE.glob("*/*.py")), reason="no notebooks have been written yet")
def test_committed_assignments_are_what_the_sources_say():
    assert building.differences() == []


@pytest.mark.skipif(not list(ASSIGNMENTS.glob("*/*.ipynb")), reason="nothing has been built yet")
def test_every_committed_notebook_can_be_read_by_name():
    for assignment, names in building.assignments().items():
        for name in names:
            assert building.student_notebook(assignment, name).cells
    with pytest.raises(GradingError, match="python -m grading build"):
        building.student_notebook("assignment1", "0_none")
