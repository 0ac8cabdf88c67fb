"""Cells that were deleted, copied or typed anew lose nobody an answer."""

import copy

import pytest
from nbformat.v4 import new_code_cell

from grading.repair import repair
from grading.tests.repair_samples import (
    RELEASES,
    answer_to,
    answer_to_again,
    answers,
    assert_whole,
    cells_where,
    functions,
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


# -- cells deleted


@pytest.mark.parametrize("stripped", [False, True])
def test_deleted_check_cells_are_put_back(nb, release, stripped):
    wanted = answers(nb)
    gone = cells_where(nb, is_check)
    nb.cells = [cell for cell in nb.cells if not is_check(cell)]
    result = repair(strip(nb) if stripped else nb, release)
    assert_whole(result, release)
    assert answers(result.notebook) == wanted
    assert len([n for n in result.notes if "had been deleted; it was put back" in n]) == len(gone)


def test_a_check_put_back_stands_behind_the_helpers_of_its_answer(nb, release):
    solution = next(c for c in nb.cells if is_solution(c))
    at = index(nb, solution.id)
    nb.cells.insert(at + 1, new_code_cell("helper = 2", id="mine"))
    check = next(c for c in nb.cells[at:] if is_check(c))
    nb.cells.remove(check)
    result = repair(nb, release)
    assert index(result.notebook, solution.id) + 1 == index(result.notebook, "mine")
    assert index(result.notebook, "mine") < index(result.notebook, check.id)


def test_a_deleted_set_up_cell_comes_before_what_needs_it(nb, release):
    setup = next(c for c in nb.cells if "setup" in c.metadata.get("tags", []))
    at = index(nb, setup.id)
    nb.cells[at] = new_code_cell("x = np.zeros(3)", id="mine")
    result = repair(nb, release)
    assert_whole(result, release)
    assert index(result.notebook, setup.id) < index(result.notebook, "mine")
    assert said(result, "The set-up cell had been deleted")


def test_a_deleted_exercise_cell_comes_back_as_handed_out(nb, release):
    gone = cells_where(nb, is_solution)[1]
    nb.cells.remove(gone)
    result = repair(nb, release)
    assert_whole(result, release)
    stub = release.cells[index(release, gone.id)].source
    assert result.notebook.cells[index(result.notebook, gone.id)].source == stub
    assert said(result, functions(gone)[0], "without an answer")


@pytest.mark.parametrize("stub_left", [True, False])
@pytest.mark.parametrize("place", ["front", "before", "end"])
def test_an_answer_written_in_a_new_cell_counts(release, stub_left, place):
    stub = cells_where(release, is_solution)[1]
    nb = solved(release, kept=[stub.id])
    at = index(nb, stub.id)
    mine = new_code_cell("import math\n\n" + answer_to(stub), id="mine")
    if not stub_left:
        del nb.cells[at]
    nb.cells.insert({"front": 1, "before": at, "end": len(nb.cells)}[place], mine)
    result = repair(nb, release)
    assert_whole(result, release)
    assert result.notebook.cells[index(result.notebook, stub.id)].source == mine.source
    assert stub.source not in [cell.source for cell in result.notebook.cells]


def test_an_answer_with_a_syntax_error_is_still_the_answer(nb, release):
    cell = cells_where(nb, is_solution)[0]
    cell.source += "\n    if True print(1)"
    result = repair(strip(nb), release)
    assert_whole(result, release)
    assert cell.source in answers(result.notebook)


@pytest.mark.parametrize("magic", ["%%time\n", "%timeit -n1 1\n", "!pip list\n"])
def test_an_answer_with_magics_is_still_the_answer(nb, release, magic):
    cell = cells_where(nb, is_solution)[0]
    cell.source = magic + cell.source
    result = repair(strip(nb), release)
    assert_whole(result, release)
    assert cell.source in answers(result.notebook)


@pytest.mark.parametrize("head", ["if True:", "try:\n    import numba\nexcept ImportError:"])
def test_an_answer_inside_a_block_is_still_the_answer(nb, release, head):
    cell = cells_where(nb, is_solution)[0]
    cell.source = head + "\n" + "\n".join("    " + line for line in cell.source.split("\n"))
    result = repair(strip(nb), release)
    assert_whole(result, release)
    assert cell.source in answers(result.notebook)


def test_an_answer_under_another_name_stays_in_its_cell():
    release = made_up()
    nb = solved(release)
    cell = nb.cells[index(nb, "sums-cell")]
    cell.source = cell.source.replace("def sums", "def my_sums")
    result = repair(strip(nb), release)
    assert_whole(result, release)
    assert cell.source in answers(result.notebook)


def test_an_answer_by_assignment_is_not_covered_by_the_stub():
    release = made_up()
    nb = solved(release)
    nb.cells[index(nb, "sums-cell")].source = "sums = lambda x, size=2: x.sum()"
    result = repair(strip(nb), release)
    assert_whole(result, release)
    assert "sums = lambda x, size=2: x.sum()" in answers(result.notebook)


# -- cells copied


@pytest.mark.parametrize("marks_kept", [True, False])
def test_of_copied_check_cells_one_is_kept(nb, release, marks_kept):
    for cell in cells_where(nb, is_check):
        twin = copy.deepcopy(cell)
        twin.id = f"{cell.id}-twin"
        nb.cells.insert(index(nb, cell.id) + 1, twin)
    result = repair(nb if marks_kept else strip(nb), release)
    assert_whole(result, release)
    assert len(result.notebook.cells) == len(release.cells)
    assert said(result, "copy of the check cell")


@pytest.mark.parametrize("marks_kept", [True, False])
def test_of_a_copied_exercise_cell_the_last_one_worked_on_counts(nb, release, marks_kept):
    first = cells_where(nb, is_solution)[0]
    stub = release.cells[index(release, first.id)].source
    at = index(nb, first.id)
    for number, source in enumerate([answer_to_again(first), stub]):
        twin = copy.deepcopy(first)
        twin.id, twin.source = f"twin-{number}", source
        nb.cells.insert(at + 1 + number, twin)
    old = first.source
    result = repair(nb if marks_kept else strip(nb), release)
    assert_whole(result, release)
    done = result.notebook
    at = index(done, first.id)
    assert done.cells[at].source == answer_to_again(first)
    assert done.cells[at - 1].source == old
    assert "nbgrader" not in done.cells[at - 1].metadata
    assert stub not in [cell.source for cell in done.cells]
    assert said(result, functions(first)[0], "more than once")
    assert said(result, "untouched copy")


def test_exercise_and_check_copied_to_the_end_count_there(nb, release):
    at = next(i for i, cell in enumerate(nb.cells) if is_solution(cell))
    end = next(i for i in range(at, len(nb.cells)) if is_check(nb.cells[i])) + 1
    for cell in copy.deepcopy(nb.cells[at:end]):
        cell.id += "-twin"
        if is_solution(cell):
            cell.source = answer_to_again(cell)
        nb.cells.append(cell)
    result = repair(nb, release)
    assert_whole(result, release)
    assert answers(result.notebook)[0] == answer_to_again(nb.cells[at])
    names = [c.source for c in result.notebook.cells]
    assert names.index(nb.cells[at].source) < names.index(answer_to_again(nb.cells[at]))


def test_a_commented_copy_of_the_stub_does_not_override_the_answer():
    release = made_up()
    nb = solved(release)
    at = index(nb, "sums-cell")
    twin = copy.deepcopy(release.cells[at])
    twin.id, twin.source = "twin", "# a fresh start\n" + twin.source
    nb.cells.insert(at + 1, twin)
    result = repair(nb, release)
    assert_whole(result, release)
    assert run(result.notebook)["sums"](0) == "my own answer in sums-cell"
    assert any("a fresh start" in cell.source for cell in result.notebook.cells)


# -- answers in words


@pytest.mark.parametrize("stripped", [False, True])
def test_an_answer_in_words_is_kept_and_found_without_marks(stripped):
    release = made_up(question=True)
    nb = solved(release)
    result = repair(strip(nb) if stripped else nb, release)
    assert_whole(result, release)
    answer = next(c for c in result.notebook.cells if grade_id(c) == "question")
    assert answer.source.startswith("**Question.** Why is the largest")
    assert answer.source.endswith("It is my own answer in question.")


def test_of_two_answers_in_words_the_written_one_counts():
    release = made_up(question=True)
    nb = strip(solved(release))
    untouched = copy.deepcopy(next(c for c in release.cells if c.id == "question"))
    untouched.metadata, untouched.id = {}, "twin"
    nb.cells.append(untouched)
    result = repair(nb, release)
    (answer,) = (c for c in result.notebook.cells if grade_id(c) == "question")
    assert answer.source.endswith("It is my own answer in question.")


def grade_id(cell):
    return cell.metadata.get("nbgrader", {}).get("grade_id")
