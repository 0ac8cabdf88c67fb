"""What grading changed can be looked at and undone; nothing that people gave is lost."""

import sqlite3

import pytest

pytest.importorskip("nbgrader")

from nbgrader.api import Gradebook

from grading.__main__ import main
from grading.errors import GradingError
from grading.regrade import state, writing
from grading.regrade.history import History
from grading.regrade.opened import opened
from grading.regrade.undo_command import undo
from grading.tests import graded_course as kit
from grading.tests.regraded_class import everything, grade_here, graded


@pytest.fixture
def course(tmp_path_factory, tmp_path, monkeypatch):
    monkeypatch.delenv("CS231N_DATABASE_URL", raising=False)
    grade_here(monkeypatch, [])
    return graded(tmp_path_factory.getbasetemp()).copy(tmp_path / "course")


def again(course, student):
    """Hand in something that scores otherwise, and grade it."""
    before = kit.rows(course.db_url)
    course.hand_in(student, write=("halve", "square"))
    course.grade(students=[student])
    assert kit.rows(course.db_url) != before


def undone(course, number=None):
    with opened(course.root, kit.ASSIGNMENT, "undo") as work:
        return undo(work.place, work.history, number)


def by_hand(course, student, cell="double-check", notebook="1_small", **values):
    with Gradebook(course.db_url, kit.COURSE) as book:
        grade = book.find_grade(cell, notebook, kit.ASSIGNMENT, student)
        for name, value in values.items():
            setattr(grade, name, value)
        book.db.commit()


def test_undoing_gives_back_scores_comments_reports_and_notebooks(course):
    before = everything(course)
    again(course, "ann")
    after = everything(course)
    done = undone(course)
    assert (done.back, done.stayed) == (["ann"], [])
    assert everything(course) == before
    undone(course)  # the undoing
    assert everything(course) == after


def test_undoing_the_first_grading_leaves_no_score_behind(course):
    assert sorted(undone(course, 1).back) == ["ann", "böb", "cal"]
    assert [row for row in kit.rows(course.db_url) if row[0] != "student"] == []
    assert not course.report_path("ann").exists()
    assert not course.autograded("ann").exists()


def test_what_people_gave_survives_undoing(course):
    by_hand(course, "böb", manual_score=1.5, extra_credit=0.5, needs_manual_grade=False)
    again(course, "ann")
    by_hand(course, "ann", manual_score=2.5, extra_credit=0.25, needs_manual_grade=False)
    undone(course)
    undone(course, 1)
    for student, manual, extra in (("ann", 2.5, 0.25), ("böb", 1.5, 0.5)):
        mine = {row[1]: row for row in course.grades(student)}["double-check"]
        assert mine[3:6] == (None, manual, extra)


def test_who_was_graded_again_since_is_named_and_left(course, capsys):
    again(course, "ann")
    after = everything(course)
    assert main(["undo", kit.ASSIGNMENT, "1", "--course", str(course.root)]) == 1
    assert "Graded again since, so left as they are:\n  ann" in capsys.readouterr().out
    now = everything(course)
    assert [r for r in now[0] if "ann" in r] == [r for r in after[0] if "ann" in r]
    assert not course.report_path("böb").exists()


def test_a_penalty_for_lateness_follows_the_scores_back(course):
    with Gradebook(course.db_url, kit.COURSE) as book:
        book.update_or_create_assignment(kit.ASSIGNMENT, duedate="2026-03-01 12:00:00 UTC")
    (course.submitted("ann") / "timestamp.txt").write_text("2026-03-01 13:00:00 UTC")
    course.grade(students=["ann"])
    before = kit.rows(course.db_url)
    again(course, "ann")
    undone(course)
    assert kit.rows(course.db_url) == before


def test_the_history_says_who_changed_what(course, capsys):
    again(course, "ann")
    there = ["history", kit.ASSIGNMENT, "--course", str(course.root)]
    assert main(there) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["run", "1", "2"]
    assert main([*there, "--show", "2"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert {row[0] for row in rows[1:]} == {"ann"}
    new = {f"{r[0]}/{r[1]}": r[3] for r in course.grades("ann")}
    assert {row[1]: float(row[3]) for row in rows[1:]}.items() <= new.items()
    assert main([*there, "--show", "9"]) == 2


def test_grading_that_changes_no_score_takes_no_place_in_the_history(course):
    course.grade()
    with History(course.root, kit.ASSIGNMENT) as history:
        assert [run.id for run in history.runs()] == [1]
    with sqlite3.connect(course.root / "history" / "week1.db") as db:
        assert db.execute("SELECT count(*) FROM content").fetchone() == (0,)


@pytest.mark.parametrize("moment", ["write_autograded", "record"])
def test_a_run_that_broke_off_while_writing_is_taken_back(course, monkeypatch, moment, capsys):
    """moment: the last thing that it did"""
    from grading.coordinator import results

    class Killed(BaseException):
        pass

    def then_dies(function):
        def dying(*args):
            function(*args)
            raise Killed

        return dying

    before = everything(course)
    place = results if moment == "write_autograded" else results.Recorder
    with monkeypatch.context() as patch:
        patch.setattr(place, moment, then_dies(getattr(place, moment)))
        course.hand_in("ann", write=("halve", "square"))
        (course.submitted("ann") / "new.txt").write_text("7")
        with pytest.raises(Killed):
            course.grade(students=["ann"])
    assert everything(course) != before
    assert main(["history", kit.ASSIGNMENT, "--course", str(course.root)]) == 1
    assert "by half; they are now as they were before it: ann" in capsys.readouterr().out
    assert everything(course) == before


def test_a_run_that_broke_off_after_its_last_write_is_kept(course, monkeypatch):
    class Killed(BaseException):
        pass

    def dies(*args):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(writing.History, "left", dies)
        course.hand_in("ann", write=("halve", "square"))
        with pytest.raises(Killed):
            course.grade(students=["ann"])
    after = everything(course)
    with opened(course.root, kit.ASSIGNMENT, "history") as work:
        assert work.taken_back == []
        assert [change.student for change in work.history.changes(2)] == ["ann"]
    assert everything(course) == after


def test_nothing_is_undone_where_nothing_was_done(course):
    with opened(course.root, kit.ASSIGNMENT, "undo") as work:
        with pytest.raises(GradingError, match="No run 7"):
            undo(work.place, work.history, 7)
        assert state.read(work.place, ["nobody"]) == {"nobody": None}
