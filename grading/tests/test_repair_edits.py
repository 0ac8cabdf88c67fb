"""Cells that were moved, split, merged or edited lose nobody an answer."""

import copy

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from grading.repair import repair
from grading.tests.repair_samples import (
    RELEASES,
    answer_to,
    answers,
    assert_whole,
    cells_where,
    index,
    is_check,
    is_solution,
    made_up,
    release_of,
    run,
    said,
    solved,
    strip,
)


@pytest.fixture(params=RELEASES)
def release(request):
    return release_of(request.param)


@pytest.fixture
def nb(release):
    return solved(release)


# -- cells moved, split, merged


def test_cells_in_reverse_come_back_in_order(nb, release):
    wanted = answers(nb)
    nb.cells.reverse()
    result = repair(nb, release)
    assert_whole(result, release)
    assert answers(result.notebook) == wanted
    assert said(result, "moved back")


def test_a_check_moved_above_its_answer_moves_and_not_the_answer(nb, release):
    at = next(i for i, cell in enumerate(nb.cells) if is_solution(cell))
    check = next(c for c in nb.cells[at:] if is_check(c))
    nb.cells.remove(check)
    nb.cells.insert(at, check)
    result = repair(nb, release)
    assert_whole(result, release)
    assert len(result.notes) == 1
    assert said(result, "moved back: the check cell of")


def test_an_added_cell_stays_behind_the_answer_it_followed(nb, release):
    solutions = cells_where(nb, is_solution)
    cell = solutions[0]
    nb.cells.remove(cell)
    nb.cells += [cell, new_code_cell("helper = 3", id="mine")]
    result = repair(nb, release)
    assert_whole(result, release)
    assert index(result.notebook, "mine") == index(result.notebook, cell.id) + 1


def test_helpers_move_with_the_answer_that_calls_them():
    release = made_up()
    nb = solved(release)
    cell = nb.cells.pop(index(nb, "sums-cell"))
    cell.source = cell.source.replace("return '", "return double('")
    nb.cells += [new_code_cell("def double(x):\n    return 2 * x", id="mine"), cell]
    result = repair(nb, release)
    assert_whole(result, release)
    assert index(result.notebook, "mine") == index(result.notebook, "sums-cell") - 1


@pytest.mark.parametrize("stripped", [True, False])
@pytest.mark.parametrize("before", [True, False])
def test_an_answer_split_over_two_cells_stays_together(nb, release, before, stripped):
    cell = cells_where(nb, is_solution)[0]
    at = index(nb, cell.id) + (0 if before else 1)
    helper = new_code_cell("def my_helper(x):\n    return x", id="mine")
    nb.cells.insert(at, helper)
    result = repair(strip(nb) if stripped else nb, release)
    assert_whole(result, release)
    assert [c.source for c in result.notebook.cells].index(helper.source) == at


@pytest.mark.parametrize("stripped", [True, False])
def test_all_answers_merged_into_one_cell_all_count(stripped):
    release = made_up()
    nb = solved(release)
    solutions = cells_where(nb, is_solution)
    solutions[0].source = "\n\n".join(cell.source for cell in solutions[:3])
    nb.cells = [c for c in nb.cells if not is_solution(c) or c in (solutions[0], solutions[3])]
    result = repair(strip(nb) if stripped else nb, release)
    assert_whole(result, release)
    names = run(result.notebook)
    for name in ("sums", "maxima", "means"):
        assert names[name](0).startswith("my own answer")
    assert said(result, "maxima", "cell of another exercise")


def test_answers_merged_into_the_first_cell_are_not_covered_by_stubs_left_behind():
    release = made_up()
    nb = solved(release)
    first, second = cells_where(nb, is_solution)[:2]
    first.source += "\n\n" + second.source
    second.source = release.cells[index(release, second.id)].source
    result = repair(nb, release)
    assert_whole(result, release)
    assert run(result.notebook)["maxima"](0) == "my own answer in maxima-cell"


def test_answer_and_check_merged_into_one_cell_are_both_there(nb, release):
    cell = cells_where(nb, is_solution)[0]
    at = index(nb, cell.id)
    check = next(c for c in nb.cells[at:] if is_check(c))
    cell.source += "\n\n" + check.source
    nb.cells.remove(check)
    result = repair(nb, release)
    assert_whole(result, release)
    assert cell.source in answers(result.notebook)


def test_an_answer_turned_into_text_is_code_again(nb, release):
    cell = cells_where(nb, is_solution)[0]
    cell.cell_type = "markdown"
    cell.pop("outputs"), cell.pop("execution_count")
    cell["attachments"] = {"a.png": {"image/png": "aGVsbG8="}}
    result = repair(nb, release)
    assert_whole(result, release)
    assert cell.source in answers(result.notebook)
    assert said(result, "a text cell", "a code cell again")


# -- cells edited and added


def test_an_edited_check_is_the_released_one_again(nb, release):
    cell = cells_where(nb, is_check)[0]
    cell.source = "print('passed')\n" + cell.source
    result = repair(nb, release)
    assert_whole(result, release)
    assert said(result, "The check cell of", "had been edited")


def test_an_edited_set_up_cell_is_known_without_its_marks(nb, release):
    setup = next(c for c in nb.cells if "setup" in c.metadata.get("tags", []))
    setup.source += "\nnp.set_printoptions(precision=3)"
    result = repair(strip(nb), release)
    assert_whole(result, release)
    assert len(result.notebook.cells) == len(nb.cells)
    assert said(result, "The set-up cell had been edited")


def test_imports_added_to_the_set_up_cell_are_not_lost(nb, release):
    setup = next(c for c in nb.cells if "setup" in c.metadata.get("tags", []))
    setup.source += "\nimport math"
    result = repair(nb, release)
    assert_whole(result, release)
    at = index(result.notebook, setup.id)
    assert result.notebook.cells[at - 1].source == setup.source
    assert said(result, "The set-up cell had been edited", "stays in a cell before it")


def test_an_answer_written_into_the_check_cell_counts(release):
    stub = cells_where(release, is_solution)[0]
    nb = solved(release, kept=[stub.id])
    at = index(nb, stub.id)
    check = next(c for c in nb.cells[at:] if is_check(c))
    check.source = answer_to(stub) + "\n\n" + check.source
    result = repair(nb, release)
    assert_whole(result, release)
    assert answers(result.notebook)[0] == check.source


def test_an_added_cell_with_forged_marks_is_not_graded(nb, release):
    forged = copy.deepcopy(cells_where(nb, is_check)[0])
    forged.id, forged.source = "forged", "100"
    forged.metadata["nbgrader"].update(grade_id="bonus", points=100)
    nb.cells.append(forged)
    result = repair(nb, release)
    assert_whole(result, release)
    assert result.notebook.cells[-1].source == "100"
    assert said(result, "without a grade bore grading marks")


def test_a_forged_cell_does_not_take_the_place_of_a_deleted_check(nb, release):
    check = cells_where(nb, is_check)[0]
    check.source = "mine = 3\nwhile mine < 300:\n    mine += 1\nmine"
    result = repair(nb, release)
    assert_whole(result, release)
    assert any(cell.source == check.source for cell in result.notebook.cells)


def test_own_work_in_a_check_cell_that_is_gone_is_not_thrown_away(nb, release):
    check = cells_where(nb, is_check)[0]
    check.source = "print('my', 'notes', 'on', 'this', 'exercise', 'are', 'here', 'now')"
    result = repair(nb, release)
    assert_whole(result, release)
    assert any(cell.source == check.source for cell in result.notebook.cells)


def test_added_text_and_pictures_stay(nb, release):
    cell = new_markdown_cell("![me](attachment:a.png)", id="mine")
    cell["attachments"] = {"a.png": {"image/png": "aGVsbG8="}}
    nb.cells.insert(2, cell)
    result = repair(strip(nb), release)
    assert_whole(result, release)
    assert any(c.get("attachments") == cell["attachments"] for c in result.notebook.cells)


def test_a_foreign_kernel_does_not_stop_the_grading(nb, release):
    nb.metadata["kernelspec"] = {"name": "julia-1.9", "display_name": "Julia"}
    nb.metadata["language_info"] = {"name": "julia"}
    result = repair(nb, release)
    assert_whole(result, release)
    assert result.notebook.metadata["kernelspec"] == release.metadata["kernelspec"]
    assert said(result, "kernel was 'julia-1.9'")


def test_enormous_outputs_are_cleared(nb, release):
    cell = cells_where(nb, is_check)[0]
    cell.outputs = [new_output("stream", text="x" * 6_000_000)]
    result = repair(nb, release)
    assert_whole(result, release)
    assert said(result, "6 MB; they were cleared")
