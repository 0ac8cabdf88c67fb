"""A gradebook into which another program writes: everybody waits for it, and says so."""

import sqlite3
import threading

import pytest

pytest.importorskip("nbgrader")

from traitlets.config import PyFileConfigLoader

from grading import settings
from grading.__main__ import main
from grading.doctor import course as doctor
from grading.tests import graded_course as kit
from grading.tests.collected_class import zipped

pytestmark = pytest.mark.slow


@pytest.fixture
def course(built, tmp_path, monkeypatch):
    for variable in ("CS231N_DATABASE_URL", "CS231N_COURSE"):
        monkeypatch.delenv(variable, raising=False)
    course = built.copy(tmp_path / "course")
    course.hand_in("ann")
    (tmp_path / "class.csv").write_text("id\nann\n")
    (tmp_path / "ann.zip").write_bytes(zipped({"1_small.ipynb": b"{}"}))
    return course


@pytest.fixture
def other(course):
    """Another program that writes into the gradebook."""
    db = sqlite3.connect(
        course.root / "gradebook.db", isolation_level=None, check_same_thread=False
    )
    db.execute("BEGIN EXCLUSIVE")
    yield db
    db.close()


def words(name, course):
    place = course.root.parent
    return {
        "roster": ["roster", place / "class.csv"],
        "collect": ["collect", kit.ASSIGNMENT, place / "ann.zip"],
        "autograde": ["autograde", kit.ASSIGNMENT],
        "report": ["report", kit.ASSIGNMENT],
        "export": ["export", kit.ASSIGNMENT, "--output", place / "grades.csv"],
    }[name]


@pytest.mark.parametrize("name", ["roster", "collect", "autograde", "report", "export"])
def test_a_command_that_waited_long_enough_says_why_it_ends(
    course, other, name, monkeypatch, capsys
):
    monkeypatch.setattr(settings, "PATIENCE", 0.1)
    assert main([*map(str, words(name, course)), "--course", str(course.root)]) == 2
    said = capsys.readouterr().err
    assert "Another program is writing into the gradebook: waiting" in said
    assert "database is locked" in said


@pytest.mark.parametrize("name", ["roster", "export"])
def test_a_command_goes_on_when_the_other_program_is_done(course, other, name, capsys):
    threading.Timer(0.3, other.rollback).start()
    assert main([*map(str, words(name, course)), "--course", str(course.root)]) == 0
    assert "waiting" in capsys.readouterr().err


def test_doctor_does_not_call_a_gradebook_in_use_broken(course, other, monkeypatch):
    monkeypatch.setattr(doctor, "CONNECT_SECONDS", 0.1)
    assert "in use by another program" in str(doctor.gradebook(course.root))


@pytest.mark.parametrize("url", ["", "sqlite:////somewhere/grades.db", "sqlite:////a.db?mode=rw"])
def test_nbgrader_s_own_commands_wait_a_minute_too(course, monkeypatch, url):
    """Their own five seconds are too short while a class is being graded."""
    monkeypatch.setenv("CS231N_DATABASE_URL", url)
    place = settings.nbgrader_config(course.root)
    with settings.at_work(course.root):
        config = PyFileConfigLoader(place.name, path=str(place.parent)).load_config()
    assert config.CourseDirectory.db_url.endswith("timeout=60")
    assert config.CourseDirectory.db_url.count("?") == 1
