"""A submission that an editor or a mishap has damaged loses no points by it."""

import copy

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from grading.repair import repair
from grading.tests.repair_samples import (
    RELEASES,
    answer_to_again,
    answers,
    assert_whole,
    cells_where,
    index,
    is_check,
    is_solution,
    made_up,
    marked,
    release_of,
    said,
    solved,
    strip,
    text,
)


@pytest.fixture(params=RELEASES)
def release(request):
    return release_of(request.param)


@pytest.fixture
def nb(release):
    return solved(release)


# -- what needs no repair


def test_an_intact_submission_stays_byte_for_byte(nb, release):
    nb.cells[0].source += "\nMy notes."
    nb.cells.insert(3, new_code_cell("helper = 1", id="mine", outputs=[], execution_count=3))
    nb.cells[4].metadata["collapsed"] = True
    nb.metadata["kernelspec"]["display_name"] = "Python 3.13 (ipykernel)"
    nb.metadata["language_info"]["version"] = "3.13.1"
    before = text(nb)
    result = repair(nb, release)
    assert (result.notes, result.needs_review) == ([], None)
    assert text(result.notebook) == before


def test_an_untouched_notebook_stays_as_it_was(release):
    result = repair(copy.deepcopy(release), release)
    assert (result.notes, text(result.notebook)) == ([], text(release))


def test_the_notebook_given_is_not_changed(nb, release):
    nb = strip(nb)
    before = copy.deepcopy(nb)
    repair(nb, release)
    assert nb == before


def test_a_second_version_tried_out_at_the_end_does_not_count(nb, release):
    cell = cells_where(nb, is_solution)[0]
    nb.cells.append(new_code_cell(answer_to_again(cell), id="trial"))
    before = text(nb)
    assert text(repair(nb, release).notebook) == before
    wanted = answers(nb)
    result = repair(strip(nb), release)
    assert_whole(result, release)
    assert answers(result.notebook) == wanted


def test_a_check_called_again_in_an_own_cell_stays_there(nb, release):
    check = cells_where(nb, is_check)[0]
    nb.cells.append(new_code_cell(check.source, id="mine"))
    before = text(nb)
    assert text(repair(nb, release).notebook) == before


# -- marks lost


def test_a_notebook_saved_by_colab_keeps_its_answers(nb, release):
    wanted = answers(nb)
    result = repair(strip(nb), release)
    assert_whole(result, release)
    assert answers(result.notebook) == wanted
    assert said(result, "format (4.0)")
    assert said(result, "grading marks", f"{len(marked(release))} cells")


def test_an_unsolved_notebook_saved_by_colab_is_whole(release):
    result = repair(strip(copy.deepcopy(release)), release)
    assert_whole(result, release)
    assert answers(result.notebook) == answers(release)


def test_a_notebook_saved_by_vscode_keeps_its_answers(nb, release):
    wanted = answers(nb)
    for number, cell in enumerate(nb.cells):
        cell.id = f"W{number}sZmlsZQ"
        if number % 2:
            cell.metadata = nbformat.from_dict({"vscode": {"languageId": "python"}})
    result = repair(nb, release)
    assert_whole(result, release)
    assert answers(result.notebook) == wanted


def test_changed_points_do_not_buy_a_better_grade(nb, release):
    cell = cells_where(nb, is_check)[0]
    cell.metadata["nbgrader"]["points"] = 1000
    result = repair(nb, release)
    assert_whole(result, release)
    assert said(result, "points of the check cell", "1000")


@pytest.mark.parametrize("same_ids", [True, False])
def test_changed_grade_ids_do_not_lose_an_exercise(nb, release, same_ids):
    wanted = answers(nb)
    for number, cell in enumerate(c for c in nb.cells if "nbgrader" in c.metadata):
        cell.metadata["nbgrader"]["grade_id"] = f"renamed-{number}"
        cell.id = cell.id if same_ids else f"other-{number}"
    result = repair(nb, release)
    assert_whole(result, release)
    assert answers(result.notebook) == wanted
    assert said(result, "grading name", "renamed-1")


def test_exchanged_grade_ids_do_not_exchange_answers(nb, release):
    wanted = answers(nb)
    one, other = cells_where(nb, is_solution)[:2]
    one.metadata, other.metadata = other.metadata, one.metadata
    one.id, other.id = other.id, one.id
    result = repair(nb, release)
    assert_whole(result, release)
    assert answers(result.notebook) == wanted
    assert not said(result, "more than once")


def test_an_answer_with_the_mark_of_another_exercise_is_no_answer_to_that(nb, release):
    one, other = cells_where(nb, is_solution)[:2]
    nb.cells.remove(one)
    other.metadata, other.id = one.metadata, one.id
    result = repair(nb, release)
    assert_whole(result, release)
    assert answers(result.notebook)[0] == cells_where(release, is_solution)[0].source
    assert answers(result.notebook)[1] == other.source


def test_ids_that_colab_keeps_in_the_metadata_are_known(nb, release):
    check = cells_where(nb, is_check)[0]
    check.source += "\nprint('one more line', 'and a long one', 1, 2, 3)"
    stripped = strip(nb)
    stripped.cells[index(nb, check.id)].metadata["id"] = check.id
    result = repair(stripped, release)
    assert_whole(result, release)
    assert said(result, "The check cell of", "had been edited")


@pytest.mark.parametrize("broken", [None, 3, "text", [], {}, {"grade": 1}, {"grade_id": ["x"]}])
def test_broken_marks_are_put_right(nb, release, broken):
    wanted = answers(nb)
    for cell in nb.cells:
        cell.metadata["nbgrader"] = copy.deepcopy(broken)
    result = repair(nb, release)
    assert_whole(result, release)
    assert answers(result.notebook) == wanted


def test_cells_hidden_from_the_run_by_tags_are_run(nb, release):
    cells_where(nb, is_check)[0].metadata["tags"] = ["skip-execution", "raises-exception"]
    assert_whole(repair(nb, release), release)


# -- not this notebook


@pytest.mark.skipif(len(RELEASES) < 3, reason="the assignments are not built yet")
def test_another_notebook_of_the_course_is_shown_to_a_person():
    for name in RELEASES[1:]:
        for other in RELEASES:
            if other != name:
                nb = solved(release_of(other))
                result = repair(nb, release_of(name))
                assert "does not look like this notebook" in result.needs_review
                assert result.notebook is nb
                assert repair(strip(nb), release_of(name)).needs_review


def test_another_notebook_is_shown_to_a_person_and_left_alone():
    other = solved(made_up())
    names = {"sums": "rows", "maxima": "columns", "means": "diagonals", "Pool": "Table"}
    names |= {"Inputs": "Takes", "- x: array": "- y: list", "- size": "- width", "Returns": "Gives"}
    for cell in other.cells:
        for name, instead in names.items():
            cell.source = cell.source.replace(name, instead)
        if "nbgrader" in cell.metadata and cell.id != "setup":
            cell.id = cell.metadata["nbgrader"]["grade_id"] = f"other-{cell.id}"
    before = text(other)
    result = repair(other, made_up())
    assert "0 of its 8 exercise and check cells" in result.needs_review
    assert "other-sums-cell" in result.needs_review
    assert result.notes == []
    assert text(result.notebook) == before


@pytest.mark.parametrize("cells", [[], [new_code_cell("", id="a")], "nothing", None, [1, "x"]])
def test_an_empty_notebook_is_shown_to_a_person(release, cells):
    nb = nbformat.from_dict({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})
    assert repair(nb, release).needs_review == "the notebook is empty"


def test_a_notebook_of_a_format_yet_unknown_is_shown_to_a_person(release):
    nb = nbformat.from_dict({"nbformat": 5, "metadata": {}, "cells": []})
    assert "format 5" in repair(nb, release).needs_review
