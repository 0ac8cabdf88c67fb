"""`python -m grading init`: a course in one command, whole or not at all."""

from __future__ import annotations

import os
from datetime import datetime

import pytest

pytest.importorskip("nbgrader")

from nbgrader.api import Gradebook
from traitlets.config import PyFileConfigLoader

from grading import due, settings
from grading.__main__ import main
from grading.class_list import ClassList, Person
from grading.errors import GradingError
from grading.late import Late
from grading.settings import ROOT, Settings
from grading.start.init import init
from grading.tests import small_course


@pytest.fixture
def sources(tmp_path, monkeypatch):
    monkeypatch.delenv("CS231N_DATABASE_URL", raising=False)
    monkeypatch.delenv("CS231N_COURSE_SECRET", raising=False)
    (tmp_path / "sources").mkdir()
    return small_course.make(tmp_path / "sources").sources


def make(folder, sources, students=None, dry_run=False, **asked):
    said = []
    init(folder, Settings(**asked), students, dry_run, said.append, sources)
    return "\n".join(said)


def test_everything_that_was_asked_for_is_in_the_course(tmp_path, sources):
    asked = {
        "course_id": "cs-231n.2026",
        "repository": "https://github.com/me/it",
        "time_zone": "Europe/Berlin",
        "due": settings.tables.due({"week1": datetime(2026, 2, 3, 18)}, "Europe/Berlin"),
        "late": Late(10, 50, 7),
        "points": {"double": 2.5},
    }
    folder = tmp_path / "a 'new' \"course\" ☃"
    make(folder, sources, ClassList({"ann": Person("ann", "Ann")}), **asked)
    assert settings.load(folder / "course.toml") == Settings(**asked)
    assert sorted(p.name for p in folder.iterdir()) == [
        "course.toml", "gradebook.db", "nbgrader_config.py", "secret"
    ]  # fmt: skip
    with Gradebook(f"sqlite:///{folder}/gradebook.db", "cs-231n.2026") as book:
        assert book.find_student("ann").first_name == "Ann"
        assert book.find_assignment("week1").duedate == datetime(2026, 2, 3, 17)


def test_the_secret_is_long_new_each_time_and_nobody_elses_to_read(tmp_path, sources):
    for name in ("one", "two"):
        make(tmp_path / name, sources)
    one, two = (tmp_path / name / "secret" for name in ("one", "two"))
    assert len(settings.secret(tmp_path / "one")) >= 40
    assert one.read_text() != two.read_text()
    assert one.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o700


def test_the_kits_points_are_shown_to_be_changed(tmp_path, sources):
    make(tmp_path / "new", sources)
    path = tmp_path / "new" / "course.toml"
    assert "# double = 2\n" in path.read_text()
    path.write_text(path.read_text().replace("# double = 2", "double = 4"))
    assert settings.load(path).points == {"double": 4}


def test_nbgrader_finds_the_course_from_its_own_folder(tmp_path, sources, monkeypatch):
    for name in ("CS231N_COURSE", "PATH", "PYTHONPATH"):  # which the configuration sets
        monkeypatch.setenv(name, os.environ.get(name, "/nowhere"))
    folder = tmp_path / "new"
    make(folder, sources, late=Late(10))
    config = PyFileConfigLoader("nbgrader_config.py", path=str(folder)).load_config()
    assert config.CourseDirectory.root == str(folder)
    assert config.CourseDirectory.db_url.startswith(f"sqlite:///{folder}/gradebook.db")
    assert config.CourseLatePolicy.percent_per_day == 10
    moved = (folder / "nbgrader_config.py").read_text().replace(str(ROOT), "/gone")
    (folder / "nbgrader_config.py").write_text(moved)
    with pytest.raises(FileNotFoundError, match="change KIT"):
        PyFileConfigLoader("nbgrader_config.py", path=str(folder)).load_config()


def test_a_folder_with_something_in_it_is_refused_and_left_alone(tmp_path, sources):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "secret").write_text("mine")
    with pytest.raises(GradingError, match="not empty"):
        make(tmp_path / "full", sources)
    assert (tmp_path / "full" / "secret").read_text() == "mine"
    (tmp_path / "file").touch()
    with pytest.raises(GradingError, match="is a file"):
        make(tmp_path / "file", sources)
    with pytest.raises(GradingError, match="does not exist"):
        make(tmp_path / "a" / "b", sources)


@pytest.mark.parametrize("place", ["docs-of-mine", "grading/mine", "grading/course-2"])
def test_a_course_is_not_made_where_it_could_be_published(place, sources):
    with pytest.raises(GradingError, match="is in the repository"):
        make(ROOT / place, sources)
    assert not (ROOT / place).exists()


def test_an_empty_folder_keeps_its_rights(tmp_path, sources):
    (tmp_path / "shared").mkdir(mode=0o755)
    (tmp_path / "shared").chmod(0o2750)
    before = (tmp_path / "shared").stat()
    (tmp_path / "link").symlink_to("shared")
    make(tmp_path / "link", sources)
    after = (tmp_path / "shared").stat()
    assert (after.st_mode, after.st_ino) == (before.st_mode, before.st_ino)
    assert sorted(p.name for p in (tmp_path / "shared").iterdir()) == [
        "course.toml", "nbgrader_config.py", "secret"
    ]  # fmt: skip


def test_a_folder_that_somebody_fills_meanwhile_is_left_alone(tmp_path, sources, monkeypatch):
    folder = tmp_path / "new"
    folder.mkdir()
    monkeypatch.setattr(due, "put", lambda url, course: (folder / "secret").write_text("theirs"))
    with pytest.raises(GradingError, match="filled meanwhile"):
        make(folder, sources, ClassList({"ann": Person("ann")}))
    assert [p.name for p in folder.iterdir()] == ["secret"]
    assert (folder / "secret").read_text() == "theirs"


def test_a_dry_run_lists_and_writes_nothing(tmp_path, sources):
    said = make(tmp_path / "new", sources, ClassList({"ann": Person("ann")}), dry_run=True)
    for name in ("course.toml", "secret", "nbgrader_config.py", "the gradebook", "+ ann"):
        assert name in said
    assert [p.name for p in tmp_path.iterdir()] == ["sources"]


def test_what_fails_on_the_way_leaves_nothing_behind(tmp_path, sources, monkeypatch):
    def broken(url, course):
        raise KeyboardInterrupt

    monkeypatch.setattr(due, "put", broken)
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path / "new", sources, ClassList({"ann": Person("ann")}))
    with pytest.raises(GradingError, match="Was double"):
        make(tmp_path / "new", sources, points={"dubble": 1})
    assert [p.name for p in tmp_path.iterdir()] == ["sources"]


def test_the_command_takes_everything_from_its_words(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("CS231N_DATABASE_URL", raising=False)
    folder = tmp_path / "new"
    words = "--course-id x --due assignment1=2026-02-03 --due assignment2=2026-03-01T18:00"
    words += " --time-zone Asia/Tokyo --late-percent 20 --late-zero-after 3"
    words += " --points conv_backward_naive=14 --leave-out svm_loss 5_im2col/question"
    assert main(["init", str(folder), *words.split()]) == 0
    assert f"export CS231N_COURSE={folder}" in capsys.readouterr().out
    made = settings.load(folder / "course.toml")
    assert made.due["assignment1"].isoformat() == "2026-02-03T23:59:59+09:00"
    assert made.due["assignment2"].isoformat() == "2026-03-01T18:00:00+09:00"
    assert (made.late, made.points) == (Late(20, 100, 3), {"conv_backward_naive": 14})
    assert made.leave_out == ("svm_loss", "5_im2col/question")
    assert main(["init", str(tmp_path / "other"), "--time-zone", "Mars"]) == 2
    assert capsys.readouterr().err.startswith("time_zone 'Mars'")
