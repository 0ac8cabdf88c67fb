"""The course as a whole: points, questions, stubs that earn nothing, solutions that earn all."""

from __future__ import annotations

import symtable
from copy import deepcopy
from functools import cache

import pytest

from grading import build, marks, settings
from grading.engine.run import Job, run_notebook
from grading.release import release
from grading.scores import exercise_of

pytest.importorskip("nbgrader")

ASSIGNMENTS = build.assignments()
NOTEBOOKS = [(a, name) for a, names in ASSIGNMENTS.items() for name in names]
QUESTION_POINTS = 2


@cache
def instructors():
    return build.instructor_notebooks(build.Sources(), settings.load())


def graded_cells(notebook):
    return [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade")]


def points(cell):
    return cell.metadata.nbgrader["points"]


def test_the_course_has_nine_notebooks_in_three_assignments():
    assert {a: len(names) for a, names in ASSIGNMENTS.items()} == {
        "assignment1": 4,
        "assignment2": 2,
        "assignment3": 3,
    }


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_points_of_an_assignment_add_to_100(assignment):
    cells = [c for nb in instructors()[assignment].values() for c in graded_cells(nb)]
    assert sum(map(points, cells)) == 100


@pytest.mark.parametrize(("assignment", "name"), NOTEBOOKS)
def test_a_notebook_asks_one_question_that_people_grade(assignment, name):
    cells = graded_cells(instructors()[assignment][name])
    by_hand = [c for c in cells if exercise_of(c) is None]
    assert [(c.cell_type, points(c)) for c in by_hand] == [("markdown", QUESTION_POINTS)]


@pytest.mark.parametrize(("assignment", "name"), NOTEBOOKS)
def test_the_opening_tells_what_is_written_for_how_many_points(assignment, name):
    notebook = instructors()[assignment][name]
    opening = notebook.cells[0].source
    for cell in graded_cells(notebook):
        exercise = exercise_of(cell)
        if exercise and not any(exercise.startswith(word) for word in _told_in_words(opening)):
            named = exercise.replace("_", "")  # a class goes by its own name: ThreeLayerConvNet
            assert f"`{named}`" in opening.replace("_", "").lower(), f"{exercise} is not there"


def _told_in_words(opening: str) -> set[str]:
    """First words of exercises that the table describes without their names."""
    return {"conv_dilation"} if "dilation" in opening else set()


@pytest.mark.parametrize(("assignment", "name"), NOTEBOOKS)
def test_no_demonstration_changes_what_is_graded(assignment, name):
    """They are run by students and not when grading, so they must leave the answers as they are."""
    cells = [c for c in instructors()[assignment][name].cells if c.cell_type == "code"]
    demos = [c for c in cells if "demo" in c.metadata.get("tags", [])]
    answers = {n for c in cells if c not in demos for n in _bound(c.source)}
    assert demos
    for cell in demos:
        assert not _bound(cell.source) & answers, cell.id


def _bound(source: str) -> set[str]:
    """Names that a cell binds at its top level, in loops and blocks too, or as globals."""
    plain = "\n".join("" if line.startswith(("%", "!")) else line for line in source.splitlines())
    table = symtable.symtable(plain, "cell", "exec")
    return {
        symbol.get_name()
        for scope in _scopes(table)
        for symbol in scope.get_symbols()
        if symbol.is_assigned() or symbol.is_imported()
        if scope is table or symbol.is_declared_global()
    }


def _scopes(table):
    yield table
    for inner in table.get_children():
        yield from _scopes(inner)


@pytest.mark.slow
@pytest.mark.parametrize(("assignment", "name"), NOTEBOOKS)
def test_solutions_earn_everything_and_stubs_nothing(assignment, name):
    solved = instructors()[assignment][name]
    stubs = release(assignment, {name: solved}, "course")[name]
    released = deepcopy(stubs)
    for cell, own in zip(stubs.cells, solved.cells, strict=True):
        if exercise_of(own):
            cell.source = own.source
    earned = {}
    for kind, notebook in (("solved", solved), ("stubs", stubs)):
        handed_in = deepcopy(notebook)
        marks.mark_as_released(handed_in, released)  # so demonstrations are not run
        results, reason = run_notebook(handed_in, Job())
        assert reason is None, reason
        earned[kind] = {exercise: result["score"] for exercise, result in results.items()}
    wanted = {exercise_of(c): points(c) for c in graded_cells(solved) if exercise_of(c)}
    assert earned == {"solved": wanted, "stubs": dict.fromkeys(wanted, 0.0)}
