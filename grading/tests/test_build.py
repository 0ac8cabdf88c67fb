"""The build: what students get, what the build refuses, what it never loses."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest

from grading import __main__ as command
from grading import build as building
from grading.build import Sources
from grading.errors import GradingError
from grading.notebooks import to_bytes
from grading.settings import ASSIGNMENTS, SOURCE

NOTEBOOK = """\
# %% [markdown] id="title"
# # A small notebook
# Text above code.

# %% id="setup" tags=["setup"]

# %% id="double" solution="double"

# %% id="double-check" exercise="double" points=2
check.double(double)

# %% id="picture" tags=["demo"]
with check.demo():
    print(double(1))

# %% id="given" tags=["provided"]
FACTOR = 2

# %% id="play"
double(3)
"""

REFERENCE = '''\
"""Solutions."""


def double(x):
    """Twice x.

    Inputs:
    - x: a number
    """
    # addition will do
    answer_so_far = x + x
    return answer_so_far
    # a last remark


class Doubler:
    """Doubles."""

    def __init__(self):
        self.count = 0

    def twice(self, x):
        ### BEGIN SOLUTION
        self.count += 1
        return 2 * x
        ### END SOLUTION
'''

SETUP = '# %% id="setup" tags=["setup"]\nREPOSITORY = "@REPOSITORY@"\n# %matplotlib inline\n'


@pytest.fixture
def kit(tmp_path):
    """A course of one small notebook: sources, one exercise, folders to build into."""
    folder = tmp_path / "source"
    (folder / "week1").mkdir(parents=True)
    (folder / "setup_cell.py").write_text(SETUP)
    (folder / "week1" / "1_small.py").write_text(NOTEBOOK)
    reference = tmp_path / "reference"
    reference.mkdir()
    (reference / "small.py").write_text(REFERENCE)
    exercises = {"double": SimpleNamespace(checks=[1])}
    return SimpleNamespace(
        sources=Sources(folder, reference, exercises),
        notebook=folder / "week1" / "1_small.py",
        reference=reference / "small.py",
        course=tmp_path / "course",
        output=tmp_path / "assignments",
        released=tmp_path / "assignments" / "week1" / "1_small.ipynb",
    )


def build(kit, **options):
    return building.build(kit.course, kit.output, kit.sources, **options)


def cells(path: Path) -> dict:
    return {cell.id: cell for cell in nbformat.read(path, as_version=4).cells}


def test_students_get_stubs_visible_checks_and_no_answers(kit):
    build(kit)
    text = kit.released.read_text()
    assert "answer_so_far" not in text
    assert "HIDDEN" not in text
    assert "grade_cell" not in text
    released = cells(kit.released)
    assert released["double"].source == (
        'def double(x):\n    """Twice x.\n\n    Inputs:\n    - x: a number\n    """\n'
        '    # YOUR CODE HERE\n    raise NotImplementedError("not implemented yet")'
    )
    assert released["double-check"].source == "check.double(double)"


def test_instructors_get_solution_with_comments_and_hidden_tests(kit):
    build(kit)
    built = cells(kit.course / "source" / "week1" / "1_small.ipynb")
    assert built["double"].source.splitlines()[-5:] == [
        "    # addition will do",
        "    answer_so_far = x + x",
        "    return answer_so_far",
        "    # a last remark",
        "    ### END SOLUTION",
    ]
    assert built["double-check"].source.splitlines() == [
        "check.double(double)",
        "### BEGIN HIDDEN TESTS",
        "import grading.checks",
        "",
        'grading.checks.grade_cell("double", globals(), points=2)',
        "### END HIDDEN TESTS",
    ]


def test_graded_and_provided_cells_are_locked_and_answers_are_not(kit):
    build(kit)
    released = cells(kit.released)
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
    }
    assert released["double-check"].metadata.nbgrader["points"] == 2
    for name in ("setup", "double-check", "given"):
        assert released[name].metadata.editable is False
    assert "editable" not in released["double"].metadata
    assert released["picture"].metadata.tags == ["demo"]


def test_class_keeps_what_is_given_and_loses_only_the_marked_part(kit):
    text = kit.notebook.read_text()
    kit.notebook.write_text(text + '\n# %% id="doubler" solution="Doubler"\n')
    build(kit)
    source = cells(kit.released)["doubler"].source
    assert "self.count = 0" in source
    assert "2 * x" not in source
    assert source.count("NotImplementedError") == 1


def test_building_twice_gives_the_same_bytes_and_touches_nothing(kit):
    assert build(kit)
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in kit.output.rglob("*.ipynb")}
    assert build(kit) == []
    after = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in kit.output.rglob("*.ipynb")}
    assert before == after


def test_built_notebook_is_valid_and_holds_no_times_outputs_or_versions(kit):
    build(kit)
    nbformat.validate(json.loads(kit.released.read_text()) and nbformat.read(kit.released, 4))
    notebook = json.loads(kit.released.read_text())
    assert notebook["nbformat_minor"] == 5
    assert notebook["metadata"] == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)


def test_badge_and_setup_cell_point_at_the_given_repository(kit):
    build(kit, repository="https://github.com/school/course")
    released = cells(kit.released)
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


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ('id="play"', "", 19, "every cell needs an id"),
        ('id="play"', 'id="given"', 19, "already used in line 16"),
        ('id="play"', 'id="open-in-colab"', 19, "already used by the Colab badge"),
        ('id="play"', 'id="Play!"', 19, "small letters, digits"),
        ('id="play"', 'id="play', 19, "first line cannot be read"),
        ('id="play"', 'id="play" colour="red"', 19, "unknown option 'colour'"),
        ('id="play"', 'id="play" tags=["hidden"]', 19, "tags should be a list"),
        ('id="play"', 'id="play" points=3', 19, "points belong to"),
        ('id="play"', 'id="play" exercise="triple" points=1', 19, "no exercise 'triple'"),
        ('id="play"', 'id="play" exercise="double" points=1', 19, "'double' is already used"),
        ('id="play"', 'id="play" solution="double"', 19, "'double' is already used"),
        ('solution="double"', 'solution="dubble"', 7, "no function 'dubble'"),
        (" points=2", "", 9, "needs points="),
        ("points=2", "points=0", 9, "needs points="),
        ("double(3)", "### BEGIN SOLUTION", 20, "leftover"),
        ("double(3)", "#begin solution", 20, "looks like a marker"),
        ("# # A small notebook", "# A small notebook", 1, "begin with a title"),
        ('# %% id="setup" tags=["setup"]\n', "", 1, "needs one set-up cell"),
        (' tags=["demo"]', ' tags=["demo", "provided"]', 12, "tags should be a list"),
        ('[markdown] id="title"', '[raw] id="title"', 1, "begin with a title"),
    ],
)
def test_slip_in_a_source_names_file_and_line(kit, old, new, line, message):
    text = kit.notebook.read_text()
    assert old in text
    kit.notebook.write_text(text.replace(old, new, 1))
    with pytest.raises(GradingError) as problem:
        build(kit)
    assert str(problem.value).startswith(f"{kit.notebook}:{line}: ")
    assert message in str(problem.value)
    assert not kit.output.exists()


@pytest.mark.parametrize(
    ("body", "line", "message"),
    [
        ("    ### BEGIN SOLUTION\n    return 1\n", 3, "without an `### END SOLUTION`"),
        ("    return 1\n    ### END SOLUTION\n", 4, "without a `### BEGIN SOLUTION`"),
        ("    ### BEGIN SOLUTION\n    ### BEGIN SOLUTION\n    return 1\n", 4, "nested"),
        ("    ### BEGIN HIDDEN TESTS\n    return 1\n", 3, "does not belong here"),
        ("    ### begin Solution\n    return 1\n", 3, "looks like a marker"),
        ("", 1, "a docstring only"),
    ],
)
def test_slip_in_a_reference_names_file_and_line(kit, body, line, message):
    kit.reference.write_text('def double(x):\n    """Twice x."""\n' + body)
    with pytest.raises(GradingError) as problem:
        build(kit)
    assert str(problem.value).startswith(f"{kit.reference}:{line}: ")
    assert message in str(problem.value)


def test_reference_without_docstring_defined_twice_or_marked_outside_is_refused(kit):
    kit.reference.write_text("def double(x):\n    return 2 * x\n")
    with pytest.raises(GradingError, match="has no docstring"):
        build(kit)
    kit.reference.write_text(REFERENCE)
    (kit.reference.parent / "zz.py").write_text(REFERENCE)
    with pytest.raises(GradingError, match="is also defined in"):
        build(kit)
    (kit.reference.parent / "zz.py").write_text("### BEGIN SOLUTION\nX = 1\n### END SOLUTION\n")
    with pytest.raises(GradingError, match="not inside one function"):
        build(kit)


def test_exercise_without_hidden_checks_is_refused(kit):
    kit.sources.exercises["double"].checks.clear()
    with pytest.raises(GradingError, match="has no hidden checks yet"):
        build(kit)


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
