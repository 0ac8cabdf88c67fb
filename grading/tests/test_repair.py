"""A submission that an editor or a mishap has damaged loses no points by it."""

import copy

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from grading.repair import repair
from grading.tests.repair_samples import (
    RELEASES,
    answer_to,
    assert_whole,
    functions,
    index,
    is_check,
    is_solution,
    made_up,
    marked,
    release_of,
    run,
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


def answers(nb):
    return [cell[1] for cell in marked(nb) if cell[3]["nbgrader"]["solution"]]


def cells_where(nb, what):
    return [cell for cell in nb.cells if what(cell)]


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


def answer_to_again(cell):
    return cell.source.replace("my own answer", "another answer")


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
    assert said(result, "not graded bore grading marks")


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
