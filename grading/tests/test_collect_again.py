"""Collecting again: nothing is lost, nothing is done twice, nothing is half done."""

import csv
import json
import os

import pytest

pytest.importorskip("nbgrader")

from nbgrader.api import Gradebook

from grading import __main__, settings
from grading.autograde import only_one
from grading.collect import place
from grading.collect.report import Row, to_csv, to_text
from grading.tests.collected_class import NAMES, WEEK, Class, both, files_in, notebook
from grading.tests.test_collect_platforms import exchange


@pytest.fixture
def kit(tmp_path):
    return Class(tmp_path)


def state(folder):
    """Every file with its content and when it was written."""
    return {path: (path.stat().st_mtime_ns, path.read_bytes())
            for path in folder.rglob("*") if path.is_file()}  # fmt: skip


def canvas(kit, number, answer, name="s.zip"):
    return kit.archive(
        {f"lovelaceada_101_{number}_1_layers.ipynb": notebook(NAMES[0], answer)}, name
    )


def test_the_same_source_again_changes_nothing(kit):
    source = kit.folder(exchange("ada week1 03", "kim week1 04"))
    kit.collect(source)
    before = state(kit.course)
    assert kit.collect(source) == 0
    assert state(kit.course) == before
    assert [kit.status(s) for s in ("ada", "kim", "mac")] == ["unchanged", "unchanged", "missing"]


def test_a_later_attempt_replaces_and_the_earlier_one_is_kept(kit):
    kit.collect(kit.folder(exchange("ada week1 03"), "one"))
    assert kit.collect(kit.folder(exchange("ada week1 05"), "two")) == 0
    assert (kit.answer("ada"), kit.status("ada")) == ("day05", "replaced")
    kept = kit.course / "replaced" / WEEK / "ada" / "2026-10-03-100000"
    assert str(kept) in kit.rows["ada"]["notes"]
    assert notebook(NAMES[0], "day03") == (kept / "1_layers.ipynb").read_bytes()
    assert kit.collect(kit.root / "one") == 0  # the old download, once more
    assert (kit.answer("ada"), kit.status("ada")) == ("day05", "unchanged")


def test_every_attempt_is_counted_once_however_often_it_is_downloaded(kit):
    noted = kit.course / "collected" / WEEK / "ada.json"
    kit.collect(kit.folder(exchange("ada week1 03", "ada week1 05"), "one"))
    assert len(json.loads(noted.read_bytes())["attempts"]) == 2
    kit.collect(kit.folder(exchange("ada week1 05", "ada week1 04"), "two"))
    assert (kit.answer("ada"), kit.status("ada")) == ("day05", "unchanged")
    assert len(json.loads(noted.read_bytes())["attempts"]) == 3
    kit.collect(kit.root / "one")
    assert len(json.loads(noted.read_bytes())["attempts"]) == 3


def test_the_first_attempt_stays_where_the_first_counts(kit):
    kit.collect(kit.folder(exchange("ada week1 05"), "two"), "--attempt", "first")
    kit.collect(kit.folder(exchange("ada week1 09"), "three"), "--attempt", "first")
    assert kit.answer("ada") == "day05"
    kit.collect(kit.folder(exchange("ada week1 03"), "one"), "--attempt", "first")
    assert kit.answer("ada") == "day03"


def test_canvas_s_numbers_tell_the_later_upload(kit):
    kit.collect(canvas(kit, 9005, "second"))
    kit.collect(canvas(kit, 9001, "first"))
    assert (kit.answer("ada"), kit.status("ada")) == ("second", "unchanged")
    kit.collect(canvas(kit, 9009, "third"))
    assert (kit.answer("ada"), kit.status("ada")) == ("third", "replaced")


def test_where_nothing_tells_the_later_one_a_person_must(kit):
    kit.collect(kit.folder({"ada/1_layers.ipynb": notebook(NAMES[0], "one")}, "one"))
    later = kit.folder({"ada/1_layers.ipynb": notebook(NAMES[0], "two")}, "two")
    assert kit.collect(later) == 1
    assert (kit.answer("ada"), kit.status("ada")) == ("one", "undecided")
    assert kit.collect(later, "--replace") == 0
    assert (kit.answer("ada"), kit.status("ada")) == ("two", "replaced")
    assert len(files_in(kit.course / "replaced")) == 1


def test_two_archives_of_one_student_are_told_apart_by_the_order_of_sources_or_by_date(kit):
    one = kit.folder({"ada/1_layers.ipynb": notebook(NAMES[0], "one")}, "one")
    two = kit.folder({"ada/1_layers.ipynb": notebook(NAMES[0], "two")}, "two")
    assert kit.collect(two, one, "--dry-run") == 0
    os.utime(one / "ada" / "1_layers.ipynb", (1_000_000_000,) * 2)
    assert kit.collect(two, one, "--file-times") == 0
    assert (kit.answer("ada"), kit.rows["ada"]["attempts"]) == ("two", "2")


def test_a_time_that_was_not_known_is_added(kit):
    source = kit.folder({"ada/1_layers.ipynb": notebook(NAMES[0])})
    os.utime(source / "ada" / "1_layers.ipynb", (1_000_000_000,) * 2)
    kit.collect(source)
    assert "timestamp.txt" not in kit.files("ada")
    assert kit.collect(source, "--file-times", "--due", "2001-01-01T00:00Z") == 0
    assert kit.files("ada")["timestamp.txt"] == b"2001-09-09 01:46:40.000000 UTC"
    assert (kit.status("ada"), kit.rows["ada"]["late"]) == ("unchanged", "yes")


def test_what_an_instructor_mended_by_hand_stays(kit):
    source = canvas(kit, 9005, "broken")
    kit.collect(source)
    (kit.submitted("ada") / "1_layers.ipynb").write_bytes(notebook(NAMES[0], "mended"))
    assert kit.collect(source) == 0
    assert (kit.answer("ada"), kit.status("ada")) == ("mended", "unchanged")


def test_an_interrupted_collection_goes_on_where_it_was(kit, monkeypatch):
    source = kit.folder({f"{s}/{n}": d for s in ("ada", "jose", "kim") for n, d in both(s).items()})
    real, placed = os.rename, []

    def rename(old, new):
        if len(placed) == 1:
            raise KeyboardInterrupt
        placed.append(new)
        real(old, new)

    monkeypatch.setattr(place.os, "rename", rename)
    assert kit.collect(source) == 130
    assert set(kit.files("ada")) == set(both("ada"))
    assert not kit.submitted("jose").exists()
    assert not (kit.course / f".collecting-{WEEK}").exists()
    monkeypatch.undo()
    before = state(kit.submitted("ada"))
    assert kit.collect(source) == 0
    assert state(kit.submitted("ada")) == before
    assert [kit.status(s) for s in ("ada", "jose", "kim")] == [
        "unchanged",
        "collected",
        "collected",
    ]


def test_a_disk_that_fills_up_leaves_the_earlier_submission_in_place(kit, monkeypatch):
    kit.collect(kit.folder(exchange("ada week1 03"), "one"))
    real = os.rename

    def rename(old, new):
        if ".collecting-" in str(old):
            raise OSError(28, "No space left on device", str(new))
        real(old, new)

    monkeypatch.setattr(place.os, "rename", rename)
    assert kit.collect(kit.folder(exchange("ada week1 05"), "two")) == 2
    assert kit.answer("ada") == "day03"


def test_after_a_kill_between_two_steps_the_next_run_mends_the_note(kit):
    source = canvas(kit, 9005, "second")
    kit.collect(source)
    note = kit.course / "collected" / WEEK / "ada.json"
    whole = note.read_bytes()
    note.unlink()
    assert kit.collect(source) == 0
    assert note.read_bytes() == whole


def test_looking_only_writes_nothing(kit, capsys):
    source = kit.folder(exchange("ada week1 03"))
    before = state(kit.course)
    assert kit.collect(source, "--dry-run") == 0
    assert state(kit.course) == before
    assert "Nothing was written" in capsys.readouterr().out
    assert kit.status("ada") == "collected"


def test_an_assignment_that_is_being_graded_is_not_collected(kit, capsys):
    with only_one(kit.course, WEEK):
        assert kit.collect(kit.folder(exchange("ada week1 03"))) == 2
    assert "by another process" in capsys.readouterr().err
    assert not kit.submitted("ada").exists()


def test_a_submission_that_is_a_link_is_not_written_through(kit):
    elsewhere = kit.root / "elsewhere"
    elsewhere.mkdir()
    kit.submitted("ada").parent.mkdir(parents=True)
    kit.submitted("ada").symlink_to(elsewhere)
    assert kit.collect(kit.folder(exchange("ada week1 03", "kim week1 03")), "--replace") == 1
    assert list(elsewhere.iterdir()) == []
    assert kit.status("kim") == "collected"


def test_the_gradebook_s_students_and_due_date_are_used(kit, monkeypatch):
    url = f"sqlite:///{kit.course}/gradebook.db"
    # To ask for the newest version of the tables, nbgrader starts a Python of its own.
    monkeypatch.setattr("nbgrader.api.get_alembic_version", lambda: "newest")
    monkeypatch.setenv("CS231N_DATABASE_URL", url)
    with Gradebook(url, settings.load().course_id) as book:
        book.add_student("ada", first_name="Ada", last_name="Lovelace")
        book.add_assignment(WEEK, duedate="2026-10-04 00:00:00 UTC")
    source = kit.folder(exchange("ada week1 05", "kim week1 05"))
    words = ["collect", WEEK, str(source), "--course", str(kit.course)]
    assert __main__.main(words) == 1  # kim is not in the gradebook
    assert kit.answer("ada") == "day05"
    kit.collect(source)
    assert kit.rows["ada"]["late"] == "yes"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda kit: kit.root / "nowhere.zip", "is not there. Name a folder or an archive"),
        (lambda kit: kit.roster, "neither a folder nor a whole zip archive"),
    ],
)
def test_a_source_that_will_not_do_says_what_to_do(kit, capsys, change, says):
    assert kit.collect(change(kit)) == 2
    assert says in capsys.readouterr().err


def test_without_a_roster_nothing_is_guessed(kit, capsys):
    source = kit.folder(exchange("ada week1 05"))
    assert __main__.main(["collect", WEEK, str(source), "--course", str(kit.course)]) == 2
    assert "--roster" in capsys.readouterr().err


def test_no_name_becomes_a_formula_or_a_second_line_of_the_table():
    evil = ['=cmd|"/C calc"!A0', "+1", "-1", "@SUM(A1)", "\t=1", "a\nb", "x\u202ey", "ä" * 255]
    rows = [Row(name, "collected", name=name, notes=[name]) for name in evil]
    table = list(csv.reader(to_csv(rows).decode("utf-8-sig").splitlines()))
    assert len(table) == 1 + len(evil)
    for row in table[1:]:
        assert not any(cell.startswith(("=", "+", "-", "@", "\t")) for cell in row)
    text = to_text(rows)
    assert "\u202e" not in text
    assert "a\nb" not in text
