"""Odd and very long names, clocks that are set back, what Windows makes: nobody is left out."""

import os
import time
import unicodedata
import zipfile
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest

pytest.importorskip("nbgrader")

from nbgrader.api import Gradebook

from grading.__main__ import main
from grading.collect.choose import Attempt
from grading.collect.roster import Hints
from grading.coordinator import cluster, pool
from grading.feedback import command as feedback
from grading.feedback.pages import _date_pages
from grading.tests import graded_course as kit
from grading.tests.collected_class import NAMES, Class, both, notebook
from grading.tests.kill_cases import InThisProcess

pytestmark = pytest.mark.slow
ODD = (
    "n" * 255, "ü" * 127, "李" * 85, "s" * 250, "s" * 251, "s" * 250 + "t",
    unicodedata.normalize("NFC", "Zoë"), unicodedata.normalize("NFD", "Zoë"),
    "O'Hara, \"x\"", "two\nlines", "=1+1", "[x]*?", "{y}", "%s", "C:\\Users\\ada", "-x", "~",
)  # fmt: skip
DAY = 24 * 60 * 60


@pytest.fixture
def course(built, tmp_path, monkeypatch):
    for variable in ("CS231N_DATABASE_URL", "CS231N_COURSE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(pool, "Workers", InThisProcess)
    return built.copy(tmp_path / "course")


def test_whatever_a_student_is_called_the_class_is_graded_to_the_last_one(course, capsys):
    for student in ODD:
        course.hand_in(student)
    tally = course.grade()
    assert sorted(tally.graded) == sorted(ODD)
    assert tally.ungraded == {}
    with Gradebook(course.db_url, kit.COURSE) as book:
        for student in book.students:
            student.first_name, student.last_name = "名" * 255, '<b>"Ё' * 50
        book.db.commit()
    assert {row[0] for row in course.scores()} == set(ODD)
    assert course.grade(resume=True).before == len(ODD)
    words = ["--course", str(course.root)]
    assert main(["report", kit.ASSIGNMENT, *words]) == 0  # everybody's checks are counted
    output = course.root / ("g" * 251 + ".csv")
    assert main(["export", kit.ASSIGNMENT, *words, "--output", str(output)]) == 0
    assert output.read_text(encoding="utf-8-sig").count("名" * 255) == len(ODD)


def test_a_clock_that_is_set_back_loses_no_grade(course, monkeypatch):
    """By a day, while a class is graded; afterwards, files are from tomorrow."""
    course.hand_in("ann")
    course.hand_in("bob")
    real, calls = time.time, []

    def set_back():
        calls.append(1)
        return real() - DAY * (len(calls) > 3)

    monkeypatch.setattr(time, "time", set_back)
    assert sorted(course.grade().graded) == ["ann", "bob"]
    monkeypatch.setattr(time, "time", lambda: real() - DAY)
    assert course.grade(resume=True).before == 2
    course.hand_in("bob", write=("halve",))  # with another answer, from yesterday
    for path in course.submitted("bob").iterdir():
        os.utime(path, (real() - DAY, real() - DAY))
    assert course.grade(resume=True).graded == ["bob"]


def test_pages_of_an_earlier_grading_are_written_again_whatever_the_clock_said(course):
    class Folder:
        path = staticmethod(lambda step, student, name: course.root / step / student / name)

    class Directory:
        autograded_directory, feedback_directory = "autograded", "feedback"
        format_path = staticmethod(lambda step, student, name: course.root / step / student / name)

    graded = Folder.path("autograded", "ann", "week1")
    page = Folder.path("feedback", "ann", "week1") / "1_small.html"
    for folder in (graded, page.parent):
        folder.mkdir(parents=True)
    (graded / "1_small.ipynb").write_text("{}")
    page.write_text("<html></html>")
    _date_pages(Directory, "ann", "week1")
    assert feedback.has_pages(Folder, "ann", "week1")
    yesterday = time.time() - DAY
    os.utime(graded / "1_small.ipynb", (yesterday, yesterday))  # graded again since
    assert not feedback.has_pages(Folder, "ann", "week1")


def test_files_from_1970_travel_to_a_cluster(tmp_path, monkeypatch):
    """As on a machine whose clock was not set: zip archives begin with 1980."""
    (tmp_path / "a.py").write_text("")
    os.utime(tmp_path / "a.py", (0, 0))
    monkeypatch.setattr(cluster, "GRADING", tmp_path)
    with zipfile.ZipFile(BytesIO(cluster._archive())) as archive:
        assert archive.namelist() == ["grading/a.py"]


def test_a_submission_from_the_future_is_collected_and_late(tmp_path):
    """Later than now, and than the due date."""
    due = datetime(2026, 1, 1, tzinfo=UTC)
    ahead = Attempt(Hints("ada"), when=datetime.now(UTC) + timedelta(days=3650))
    assert ahead.is_late(due)
    here = Class(tmp_path)
    source = here.folder({"ada/week1/" + name: data for name, data in both("x = 1").items()})
    soon = time.time() + 3650 * DAY
    for path in source.rglob("*.ipynb"):
        os.utime(path, (soon, soon))
    assert here.collect(source, "--file-times", "--due", "2026-01-01T00:00Z") == 0
    assert here.status("ada") == "collected"
    assert here.rows["ada"]["late"]


@pytest.mark.parametrize("encode", [
    lambda data: data.replace(b"\n", b"\r\n"),
    lambda data: b"\xef\xbb\xbf" + data,
    lambda data: data.decode().encode("utf-16"),
    lambda data: data.decode().encode("utf-16-le"),
], ids=["CRLF", "BOM", "UTF-16", "UTF-16 without its mark"])  # fmt: skip
def test_a_notebook_that_windows_saved_is_read(tmp_path, encode):
    from grading.repair import read

    path = tmp_path / f"{NAMES[0]}.ipynb"
    path.write_bytes(encode(notebook(NAMES[0], "return x  # Größe, 大きさ")))
    assert "Größe, 大きさ" in read(path).cells[0].source


def test_archives_of_windows_are_collected(tmp_path):
    """With backslashes, and what Windows leaves in every folder; a path of a drive is named."""
    here = Class(tmp_path)
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in both("x = 1").items():
            info = zipfile.ZipInfo("hw")
            info.filename = f"hw\\my work\\{name}"
            archive.writestr(info, data)
        for junk in ("Desktop.ini", "THUMBS.DB", "hw\\desktop.ini", "$RECYCLE.BIN\\x"):
            info = zipfile.ZipInfo("x")
            info.filename = junk
            archive.writestr(info, b"x")
        info = zipfile.ZipInfo("x")
        info.filename = "C:\\Users\\ada\\notes.txt"
        archive.writestr(info, b"x")
    source = here.folder({"ada.zip": packed.getvalue()})
    assert here.collect(source) == 0
    assert sorted(here.files("ada")) == sorted(both(""))
    assert "notes.txt" in here.rows["ada"]["notes"]
