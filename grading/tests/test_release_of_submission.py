"""Who works on a release that was replaced loses nothing, and gains nothing by saying so."""

import re
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

pytest.importorskip("nbgrader")

from grading import marks
from grading.notebooks import to_bytes
from grading.releases import store
from grading.releases.origin import origin
from grading.releases.store import notebook_id
from grading.submissions import ReadSubmission
from grading.tests import two_releases as two
from grading.tests.two_releases import LABEL, graded, handed_in, prepared, released, texts

BOTH = pytest.mark.parametrize("stripped", [False, True], ids=["whole", "stripped"])


@pytest.fixture(scope="module")
def from_newest():
    return graded(handed_in(2))


@BOTH
def test_submission_from_an_older_release_scores_like_one_from_the_newest(stripped, from_newest):
    notebook, card = graded(handed_in(1, stripped=stripped))
    assert (card["release"], from_newest[1]["release"]) == (LABEL, None)
    for key in ("exercises", "score", "max_score", "needs_review"):
        assert card[key] == from_newest[1][key]
    assert card["score"] == card["max_score"] == 5  # today's points
    sources = [
        [c["source"] for c in nb["cells"] if c["id"] != marks.NOTICE_ID]
        for nb in (notebook, from_newest[0])
    ]
    assert sum(a != b for a, b in zip(*sources, strict=True)) == 1  # the answers' docstring


def test_stripped_one_is_told_what_a_stripped_one_of_today_is_told(tmp_path):
    old, new = (prepared(handed_in(n, stripped=True), tmp_path) for n in (1, 2))
    said = [[re.sub(r"\d+", "some", note) for note in marks.repairs(nb)] for nb in (old, new)]
    assert said[0] == said[1]
    assert said[0]


def test_nobody_is_told_of_repairs_that_the_course_made_necessary(tmp_path):
    notebook = prepared(handed_in(1), tmp_path)
    assert marks.repairs(notebook) == []
    assert marks.earlier_release(notebook) == LABEL
    marks.put_notice(notebook)
    assert LABEL in notebook.cells[0].source
    assert "put right" not in notebook.cells[0].source


@BOTH
def test_course_cells_are_todays_and_the_students_are_kept(tmp_path, stripped):
    notebook = prepared(handed_in(1, stripped=stripped), tmp_path)
    found, wanted = dict(texts(notebook)), dict(texts(released(2)))
    assert "x * (x > 0)" in found.pop("relu")
    wanted.pop("relu")
    own = {source for name, source in found.items() if name not in wanted}
    if stripped:  # ordinary cells have lost their ids
        assert set(wanted.values()) == set(found.values()) - {"mine = 1"}
    else:
        assert (own, {n: found[n] for n in wanted}) == ({"mine = 1"}, wanted)
    assert [c.source for c in notebook.cells].count("def scale(x):\n    return 2 * x") == 0
    assert all(marks.is_as_released(c) for c in notebook.cells if c.id in ("scale", "unscaled"))


def test_new_cells_stand_where_the_course_put_them(tmp_path):
    order = [name for name, _ in texts(prepared(handed_in(1), tmp_path)) if name != "mine"]
    assert order == [name for name, _ in texts(released(2))]


def test_exercise_that_was_not_begun_has_todays_stub(tmp_path):
    notebook = prepared(handed_in(1, answer=None), tmp_path)
    assert dict(texts(notebook))["relu"] == dict(texts(released(2)))["relu"]


def test_what_a_student_changed_is_still_said_and_mended(tmp_path):
    nb = two.changed(handed_in(1), scale="def scale(x):\n    return 7 * x")
    notebook = prepared(nb, tmp_path)
    assert len(marks.repairs(notebook)) == 1
    assert dict(texts(notebook))["scale"] == dict(texts(released(2)))["scale"]


def test_deleted_check_of_the_older_release_comes_back_as_todays(tmp_path):
    nb = handed_in(1)
    nb.cells = [cell for cell in nb.cells if cell.id != "relu-check"]
    notebook = prepared(nb, tmp_path)
    assert dict(texts(notebook))["relu-check"] == dict(texts(released(2)))["relu-check"]
    assert len(marks.repairs(notebook)) == 1


def test_answer_to_an_exercise_that_is_gone_is_kept_as_an_ordinary_cell(tmp_path):
    without = released(2)
    without.cells = [cell for cell in without.cells if not cell.id.startswith("relu")]
    from grading.releases.forward import bring_forward
    from grading.repair import repair

    old = released(1)
    without.cells += [
        two._cell("other", two._stub("x").replace("relu_forward", "other"), solution=True),
        two._cell("other-check", "check.other(other)", grade=True, points=1),
    ]
    nb = repair(handed_in(1), old).notebook
    nb.cells.append(without.cells[-2])  # the student has written it already
    found = bring_forward(nb, old, without)
    assert found.needs_review is None
    kept = [c for c in found.notebook.cells if "x * (x > 0)" in c.source]
    assert len(kept) == 1
    assert "nbgrader" not in kept[0].metadata
    assert "relu-check" not in dict(texts(found.notebook))


def test_nbgraders_own_autograder_knows_the_releases(tmp_path):
    when = datetime(2026, 9, 1, tzinfo=UTC)
    store.record(tmp_path, "week1", {two.NAME: to_bytes(released(1))}, when)
    reader = SimpleNamespace(parent=SimpleNamespace(coursedir=SimpleNamespace(root=str(tmp_path))))
    names = {"metadata": {"name": two.NAME}, "nbgrader": {"assignment": "week1"}}
    assert list(ReadSubmission._earlier(reader, released(2), names)) == [LABEL]
    assert ReadSubmission._earlier(reader, released(1), names) == {}


# -- which release


@BOTH
@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("answer", [None, two.ANSWER], ids=["not begun", "solved"])
def test_release_is_told_by_the_cells(number, answer, stripped):
    nb = handed_in(number, answer, stripped)
    assert origin(nb, released(2), {LABEL: released(1)}) == (LABEL if number == 1 else None)


def test_claim_decides_where_the_cells_do_not():
    nb = handed_in(1)
    for cell in nb.cells:
        cell.source += "\n# formatted"
    assert origin(nb, released(2), {LABEL: released(1)}) == LABEL
    nb.metadata[marks.KEY] = {"release": notebook_id(released(2))}
    assert origin(nb, released(2), {LABEL: released(1)}) is None


def test_claim_is_not_believed_against_the_cells():
    for number, other in ((1, 2), (2, 1)):
        nb = handed_in(number)
        nb.metadata[marks.KEY] = {"release": notebook_id(released(other))}
        found = origin(nb, released(2), {LABEL: released(1)})
        assert found == (LABEL if number == 1 else None)


@pytest.mark.parametrize("claim", ["../../x", 7, None, ["a"], "0" * 10**5])
def test_nonsense_in_the_place_of_a_claim_is_passed_over(claim, tmp_path):
    nb = handed_in(2)
    nb.metadata[marks.KEY] = {"release": claim} if claim != 7 else 7
    notebook = prepared(nb, tmp_path)
    assert notebook.metadata[marks.KEY].get("made_from") is None


def test_forged_release_gains_nothing(tmp_path):
    """Easier checks, other points, another helper of the older release: all are today's."""
    honest = handed_in(2, answer="return None, None")
    wanted = [(c.id, c.source, c.metadata.get("nbgrader")) for c in prepared(honest, tmp_path).cells
              if "nbgrader" in c.metadata and c.id != "relu"]  # fmt: skip
    old = dict(texts(released(1)))
    easy = {"relu_check": "pass", "scale": "def scale(x):\n    return 0"}
    for sources in ({}, easy, {"relu_check": old["relu-check"], "scale": old["scale"]}):
        for forged in (two.changed(honest, **sources), two.changed(handed_in(1), **sources)):
            forged.metadata[marks.KEY] = {
                "release": notebook_id(released(1)),
                "made_from": "a better one",
                "placeholder": True,
            }
            forged.cells[0].metadata[marks.KEY] = {"as_released": True, "not_needed": True}
            notebook = prepared(forged, tmp_path)
            locked = [(c.id, c.source, c.metadata.get("nbgrader")) for c in notebook.cells
                      if "nbgrader" in c.metadata and c.id != "relu"]  # fmt: skip
            assert locked == wanted
            assert notebook.metadata[marks.KEY].get("made_from") in (None, LABEL)
            assert not marks.is_stand_in(notebook)
    forged = two.changed(honest, relu_check=old["relu-check"], scale=old["scale"])
    forged.metadata[marks.KEY] = {"release": notebook_id(released(1))}
    assert graded(forged)[1]["score"] == 0
