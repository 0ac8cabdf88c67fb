"""The releases of a course: each is kept once, found again, compared, and nothing is made up."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from grading.__main__ import main
from grading.errors import GradingError
from grading.notebooks import to_bytes
from grading.releases import differences, store
from grading.tests import two_releases as two
from grading.tests.two_releases import NAME, released

ONE, TWO = ({NAME: to_bytes(released(number))} for number in (1, 2))
WHEN = datetime(2026, 9, 1, tzinfo=UTC)


@pytest.fixture
def course(tmp_path):
    """A course that released both, and was built to the second."""
    store.record(tmp_path, "week1", ONE, WHEN)
    store.record(tmp_path, "week1", TWO)
    place = tmp_path / "release" / "week1" / f"{NAME}.ipynb"
    place.parent.mkdir(parents=True)
    place.write_bytes(TWO[NAME])
    return tmp_path


def test_each_release_is_kept_once_and_a_version_of_a_notebook_too(course):
    same = store.record(course, "week1", {NAME: store.stamped(TWO[NAME])})
    assert same.number == 2
    back = store.record(course, "week1", ONE)
    assert [r.number for r in store.releases(course, "week1")] == [1, 2, 3]
    assert back.id == store.releases(course, "week1")[0].id
    assert len(list((course / "releases" / "notebooks").iterdir())) == 2


def test_grading_gets_what_differs_from_today_each_version_once(course):
    store.record(course, "week1", ONE)
    assert store.earlier(course, "week1", ONE)[NAME].keys() == {
        store.releases(course, "week1")[1].label
    }
    found = store.earlier(course, "week1", TWO)
    assert list(found) == [NAME]
    assert list(map(store.notebook_id, found[NAME].values())) == [store.notebook_id(ONE[NAME])]
    assert store.earlier(course, "week2", TWO) == {}


def test_autograde_takes_the_releases_along_and_grades_anew_when_they_matter(course):
    pytest.importorskip("nbgrader")
    from grading.coordinator.course_folder import load_assignment, open_course

    source = course / "source" / "week1" / f"{NAME}.ipynb"
    source.parent.mkdir(parents=True)
    source.write_bytes(to_bytes(two.instructor(2)))
    with_both = load_assignment(open_course(course, "x.log"), "week1")
    assert list(with_both.earlier[NAME]) == ["release 1 (2026-09-01)"]
    (course / "releases" / "week1.json").unlink()
    without = load_assignment(open_course(course, "x.log"), "week1")
    assert (without.earlier, without.checks_hash == with_both.checks_hash) == ({}, False)
    store.record(course, "week1", TWO)  # today's: no grade would change
    again = load_assignment(open_course(course, "x.log"), "week1")
    assert again.checks_hash == without.checks_hash


def test_published_notebook_bears_the_id_of_its_content():
    notebook = store.read(store.stamped(ONE[NAME]))
    assert store.claimed_id(notebook) == store.notebook_id(notebook) == store.notebook_id(ONE[NAME])
    assert store.notebook_id(ONE[NAME]) != store.notebook_id(TWO[NAME])
    assert store.stamped(store.stamped(ONE[NAME])) == store.stamped(ONE[NAME])


def test_damaged_store_is_named_and_never_graded_by(course):
    kept = sorted((course / "releases" / "notebooks").iterdir())
    first, second = kept[0].read_bytes(), kept[1].read_bytes()
    for content in (b"", first[:50], second, b"text"):
        kept[0].write_bytes(content)
        with pytest.raises(GradingError, match=kept[0].name):
            store.notebook(course, kept[0].name.partition(".")[0])
    for text in ("", "[{}]", '{"a": 1}', "[3]"):
        (course / "releases" / "week1.json").write_text(text)
        with pytest.raises(GradingError, match=r"week1\.json is damaged"):
            store.releases(course, "week1")


# -- what is different


def test_difference_is_told_cell_by_cell():
    assert differences.of_notebooks(released(1), released(2)) == [
        "cell scale (locked): lines +2 -2",
        "cell text (text): lines +1 -1",
        "cell relu (exercise): lines +1 -1",
        "cell relu-check (check): lines +1 -1, 2 points, now 5",
        "cell picture (code): lines +1 -1",
        "cell aside (text): removed",
        "cell unscale (locked): added",
        "cell unscaled (code): added",
        "cell end (text): added",
    ]
    assert differences.of_notebooks(released(1), released(1)) == []
    moved = released(1)
    moved.cells.insert(0, moved.cells.pop())
    assert differences.of_notebooks(released(1), moved) == ["the order of the cells"]
    tagged = released(1)
    tagged.cells[0].metadata.tags = ["x"]
    assert differences.of_notebooks(released(1), tagged) == ["cell title (text): other settings"]


def test_harm_to_those_who_have_begun_is_told():
    old, new = released(1), released(2)
    assert differences.harm({NAME: old}, {NAME: new}) == [
        f"{NAME}: relu-check has 5 points instead of 2."
    ]
    arguments = two.changed(old, relu="def relu_forward(x, out):\n    pass")
    assert "other arguments" in differences.harm({NAME: old}, {NAME: arguments})[0]
    fewer = released(1)
    fewer.cells = [cell for cell in fewer.cells if not cell.id.startswith("relu")]
    gone, added = (differences.harm({NAME: a}, {NAME: b}) for a, b in ((old, fewer), (fewer, old)))
    assert ["is gone" in line for line in gone] == [True, True]
    assert [("graded and new" in line) for line in added] == [True]
    assert "no longer there" in differences.harm({NAME: old}, {})[0]


def test_command_lists_and_compares(course, capsys):
    words = ["releases", "--course", str(course)]
    assert main(words) == 0
    listed = capsys.readouterr().out
    assert "2026-09-01" in listed
    assert f"changed: {NAME}" in listed
    assert main([*words, "week1", "--diff", "1", "2"]) == 1
    told = capsys.readouterr().out
    assert "    +    return by * x" in told
    assert "Mind: 1_small: relu-check has 5 points" in told
    last = store.releases(course, "week1")[-1].id
    assert main([*words, "week1", "--diff", last[:6], "now"]) == 0
    assert main([*words, "week1", "--diff", "1", "7"]) == 2
    assert "has no release 7" in capsys.readouterr().err
    assert main([*words, "week9"]) == 2
    assert main([*words, "--diff", "1", "2"]) == 2


def test_release_by_other_means_can_be_noted(course, capsys):
    place = course / "release" / "week1" / f"{NAME}.ipynb"
    place.write_bytes(ONE[NAME])
    assert main(["releases", "week1", "--add", "--course", str(course)]) == 0
    catalog = json.loads((course / "releases" / "week1.json").read_text())
    assert [entry["number"] for entry in catalog] == [1, 2, 3]
    assert main(["releases", "week2", "--add", "--course", str(course)]) == 2
    assert "no notebooks" in capsys.readouterr().err
