"""`python -m grading autograde`: everybody gets what is theirs, whatever happens on the way."""

import os
import shutil

import pytest

pytest.importorskip("nbgrader")

from nbgrader.api import Gradebook

from grading.__main__ import main
from grading.coordinator.tally import summary
from grading.errors import GradingError
from grading.tests import graded_course as kit

pytestmark = pytest.mark.slow


@pytest.fixture
def course(built, tmp_path, monkeypatch):
    monkeypatch.setenv("CS231N_COURSE", "/nowhere")  # --course counts
    monkeypatch.delenv("CS231N_DATABASE_URL", raising=False)
    return built.copy(tmp_path / "course")


def test_every_result_is_in_its_three_places(course):
    for student in ("ann", "bob", "cal"):
        course.hand_in(student, write=("double", f"{student}"))
    (course.submitted("bob") / "data").mkdir()
    (course.submitted("bob") / "data" / "mine.txt").write_text("7")
    (course.submitted("bob") / "extra.ipynb").write_text("{}")
    tally = course.grade()
    assert sorted(tally.graded) == ["ann", "bob", "cal"]
    assert not tally.review
    for student in ("ann", "bob", "cal"):
        report = course.report(student)
        scores = {e: x["score"] for c in report["notebooks"].values()
                  for e, x in c["exercises"].items()}  # fmt: skip
        in_book = {row[1].removesuffix("-check"): row[3] for row in course.grades(student)}
        assert {e: in_book[e] for e in scores} == scores
    files = sorted(p.relative_to(course.autograded("bob")).as_posix()
                   for p in course.autograded("bob").rglob("*") if p.is_file())  # fmt: skip
    assert files == ["1_small.ipynb", "2_essay.ipynb", "data/mine.txt"]
    for path in course.autograded("bob").rglob("*.*"):
        assert path.stat().st_mode & 0o777 == 0o444, path


def test_what_is_left_of_an_earlier_grading_is_replaced_and_not_followed(course, tmp_path):
    course.hand_in("ann")
    outside = tmp_path / "grades-of-others"
    outside.mkdir()
    (outside / "keep.txt").write_text("precious")
    course.autograded("ann").parent.mkdir(parents=True)
    course.autograded("ann").symlink_to(outside)
    course.grade()
    assert not course.autograded("ann").is_symlink()
    assert (outside / "keep.txt").read_text() == "precious"
    assert len(list(outside.iterdir())) == 1


def test_files_of_the_course_take_the_place_of_a_students_copies(course):
    course.hand_in("ann")
    (course.submitted("ann") / "helpers.py").write_text("cheat = True")
    (course.root / "release" / kit.ASSIGNMENT / "helpers.py").write_text("honest = True")
    course.grade()
    assert (course.autograded("ann") / "helpers.py").read_text() == "honest = True"
    assert (course.submitted("ann") / "helpers.py").read_text() == "cheat = True"


def test_resume_grades_only_what_is_new_or_changed(course):
    for student in ("ann", "bob", "cal", "dan"):
        course.hand_in(student)
    assert course.grade().before == 0
    again = course.grade(resume=True)
    assert (again.graded, again.before) == ([], 4)

    course.hand_in("ann", write=("double", "halve"))  # handed in anew
    course.report_path("bob").unlink()  # somebody wants it graded again
    shutil.rmtree(course.autograded("cal"))
    with Gradebook(course.db_url, kit.COURSE) as gradebook:
        gradebook.remove_submission(kit.ASSIGNMENT, "dan")
    assert sorted(course.grade(resume=True).graded) == ["ann", "bob", "cal", "dan"]
    assert len(course.grade().graded) == 4  # without --resume, all

    path = course.root / "source" / kit.ASSIGNMENT / "1_small.ipynb"
    path.write_bytes(path.read_bytes() + b"\n")
    assert len(course.grade(resume=True).graded) == 4  # graded by other checks than these


def test_resume_still_names_who_waits_for_a_person(course):
    course.hand_in("ann", names=["1_small"])
    course.grade()
    tally = course.grade(resume=True)
    assert tally.review == {("ann", "2_essay"): "it was not handed in"}


def test_only_students_who_are_named_are_graded(course):
    for student in ("ann", "anton", "bob"):
        course.hand_in(student)
    assert sorted(course.grade(students=["an*"]).graded) == ["ann", "anton"]
    with pytest.raises(GradingError, match=r"by the name of zoe, yan\*"):
        course.grade(students=["bob", "zoe", "yan*"])


def test_links_and_pipes_in_a_submission_are_told_and_not_touched(course):
    course.hand_in("ann")
    (course.submitted("ann") / "passwords").symlink_to("/etc/passwd")
    os.mkfifo(course.submitted("ann") / "pipe")
    tally = course.grade()
    assert tally.left_out["ann"] == [
        "passwords is a link: links are not followed",
        "pipe is neither a file nor a folder",
    ]
    assert not (course.autograded("ann") / "passwords").exists()
    assert course.report("ann")["left_out"] == tally.left_out["ann"]


def test_the_time_of_handing_in_is_read_from_the_submission(course):
    course.hand_in("ann")
    course.hand_in("bob")
    (course.submitted("ann") / "timestamp.txt").write_text("2026-02-03 04:05:06 UTC\n")
    (course.submitted("bob") / "timestamp.txt").write_text("yesterday, I swear")
    tally = course.grade()
    times = {row[1]: row[2] for row in kit.rows(course.db_url) if row[0] == "submission"}
    assert times["ann"].startswith("2026-02-03 04:05:06")
    assert times["bob"] is None
    assert "not a date" in tally.left_out["bob"][0]


def test_a_course_that_was_never_built_says_what_to_run(tmp_path, capsys):
    (tmp_path / "submitted" / "ann" / "week1").mkdir(parents=True)
    assert main(["autograde", "week1", "--course", str(tmp_path)]) == 2
    assert "grading build" in capsys.readouterr().err


def test_a_folder_that_does_not_exist_is_named(tmp_path, capsys):
    assert main(["autograde", "week1", "--course", str(tmp_path / "corse")]) == 2
    assert str(tmp_path / "corse") in capsys.readouterr().err


def test_an_assignment_without_submissions_is_told(course):
    with pytest.raises(GradingError, match="no submissions"):
        course.grade()


def test_jobs_and_scheduler_exclude_each_other(capsys):
    with pytest.raises(SystemExit):
        main(["autograde", "week1", "--jobs", "2", "--scheduler", "tcp://127.0.0.1:1"])
    assert "not allowed with" in capsys.readouterr().err


def test_the_summary_names_everything_that_needs_a_person(course):
    course.hand_in("ann", names=["1_small"])
    course.hand_in("bob", "raise")
    course.hand_in("cal")
    text = summary(course.grade(), 3.0)
    assert text.splitlines()[0] == "Graded 2 submissions in 3 s."
    assert "ann 2_essay: it was not handed in" in text
    assert "bob: ValueError" in text
    assert "cal" not in text


def test_words_that_no_file_can_hold_are_written_as_far_as_they_can(course):
    course.hand_in("ann", "say")
    tally = course.grade()
    assert tally.ungraded == {}
    reason = course.report("ann")["notebooks"]["1_small"]["needs_review"]
    assert reason == "half a ? and nothing \x1b[2J"
    comments = [row for row in kit.rows(course.db_url) if row[0] == "comment"]
    assert any("half a ?" in (row[5] or "") for row in comments)
    assert summary(tally, 0).isprintable() or "\x1b" not in summary(tally, 0)
