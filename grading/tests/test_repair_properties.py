"""Whatever happens to a notebook: nothing is lost that counts, and nothing stops the grader."""

import copy
import json

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grading.repair import Unreadable, read, repair
from grading.tests.repair_samples import (
    RELEASES,
    answers,
    assert_whole,
    is_solution,
    release_of,
    solved,
    strip,
    text,
)

SOME = settings(
    max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
NAMES = ("nbgrader", "id", "tags", "grade_id", "points", "grade", "solution", "locked", "deletable")
FIELDS = ("cell_type", "source", "metadata", "outputs", "id", "execution_count", "attachments")
EDITS = st.lists(
    st.one_of(
        st.tuples(st.just("delete"), st.integers(0, 99)),
        st.tuples(st.just("copy"), st.integers(0, 99), st.integers(0, 99)),
        st.tuples(st.just("move"), st.integers(0, 99), st.integers(0, 99)),
        st.tuples(st.just("metadata"), st.integers(0, 99), st.sampled_from(NAMES), JSON),
        st.tuples(st.just("mark"), st.integers(0, 99), st.sampled_from(NAMES), JSON),
        st.tuples(st.just("forge"), st.integers(0, 99), st.integers(0, 99)),
        st.tuples(st.just("add"), st.integers(0, 99), st.text(max_size=20)),
    ),
    max_size=12,
)


@pytest.fixture(scope="module", params=RELEASES)
def release(request):
    return release_of(request.param)


def edit(nb, what, place, *more):
    """Do one thing to a notebook that an editor or a person may do."""
    cells = nb.cells
    if not cells:
        return
    cell = cells[place % len(cells)]
    if what == "delete":
        cells.remove(cell)
    elif what == "copy":
        twin = copy.deepcopy(cell)
        twin.id = f"twin-{len(cells)}"
        cells.insert(more[0] % len(cells), twin)
    elif what == "move":
        cells.remove(cell)
        cells.insert(more[0] % (len(cells) + 1), cell)
    elif what == "metadata":
        cell.metadata[more[0]] = more[1]
    elif what == "mark" and isinstance(cell.metadata.get("nbgrader"), dict):
        cell.metadata["nbgrader"][more[0]] = more[1]
    elif what == "forge":
        other = cells[more[0] % len(cells)].metadata.get("nbgrader")
        cell.metadata["nbgrader"] = copy.deepcopy(other)
    elif what == "add":
        cells.insert(place % len(cells), nbformat.v4.new_code_cell(more[0], id=f"new-{len(cells)}"))


@SOME
@given(edits=EDITS, stripped=st.booleans())
def test_any_edits_leave_every_graded_cell_once_and_every_answer(release, edits, stripped):
    nb = solved(release)
    for one in edits:
        edit(nb, *one)
    nb = nbformat.from_dict(strip(nb) if stripped else nb)
    result = repair(nb, release)
    if result.needs_review:
        assert result.notebook is nb
        return
    assert_whole(result, release)
    solved_texts = [c.source for c in solved(release).cells if is_solution(c)]
    handed_in = {c.source for c in nb.cells if c.cell_type == "code"}
    for wanted, cell in zip(solved_texts, answers(result.notebook), strict=True):
        if wanted in handed_in:
            assert cell == wanted


@SOME
@given(order=st.randoms(use_true_random=False), stripped=st.booleans())
def test_any_order_comes_back_with_the_right_answers(release, order, stripped):
    nb = solved(release)
    wanted = answers(nb)
    order.shuffle(nb.cells)
    result = repair(strip(nb) if stripped else nb, release)
    assert_whole(result, release)
    assert answers(result.notebook) == wanted


@SOME
@given(
    changes=st.lists(
        st.tuples(st.integers(0, 99), st.sampled_from(FIELDS), st.none() | JSON), max_size=6
    ),
    whole=st.dictionaries(st.sampled_from(("nbformat", "nbformat_minor", "metadata")), JSON),
)
def test_any_damage_that_is_still_json_is_graded_or_explained(release, changes, whole, tmp_path):
    data = json.loads(text(solved(release)))
    for place, key, value in changes:
        data["cells"][place % len(data["cells"])][key] = value
    data.update(whole)
    in_memory = repair(nbformat.from_dict(copy.deepcopy(data)), release)
    path = tmp_path / "nb.ipynb"
    path.write_text(json.dumps(data))
    try:
        result = repair(read(path), release)
    except Unreadable:
        assert in_memory.needs_review
        return
    if not result.needs_review:
        assert_whole(result, release)


@SOME
@given(cells=st.lists(JSON | st.dictionaries(st.sampled_from(FIELDS), JSON)), more=JSON)
def test_any_json_with_cells_is_read_and_explained(release, cells, more, tmp_path):
    path = tmp_path / "nb.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": more}))
    assert repair(read(path), release).needs_review


@settings(SOME, max_examples=100)
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_give_a_notebook_or_a_reason(content, tmp_path):
    path = tmp_path / "nb.ipynb"
    path.write_bytes(content)
    with pytest.raises(Unreadable, match=r"^\S.*\S$"):
        read(path)


@settings(SOME, max_examples=100)
@given(
    source=st.text(max_size=80)
    | st.lists(
        st.sampled_from(
            [
                "def sums(x):",
                "class Pool:",
                "  return 1",
                "%%time",
                "!ls",
                "sums = 3",
                "(",
                '"""',
                "\\",
            ]
        )
    ).map("\n".join)
)
def test_any_text_may_stand_in_an_answer(source):
    release = release_of("made up")
    nb = solved(release)
    cell = next(c for c in nb.cells if is_solution(c))
    cell.source = source
    result = repair(nb, release)
    assert_whole(result, release)
    if not any(word in source for word in ("\r", "Pool", "sums")):
        assert source in [c.source for c in result.notebook.cells]
