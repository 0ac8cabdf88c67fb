"""`autograde --changed` grades what a change touches, and writes nothing that nobody agreed to."""

import argparse
import json
import sys

import pytest

pytest.importorskip("nbgrader")

from nbgrader.api import Gradebook

from grading import autograde
from grading.__main__ import main
from grading.coordinator import desk
from grading.regrade.changed import regrade
from grading.regrade.history import History
from grading.tests import fake_grading
from grading.tests import graded_course as kit
from grading.tests.regraded_class import STUDENTS, everything, grade_here, graded


@pytest.fixture
def course(tmp_path_factory, tmp_path, monkeypatch):
    monkeypatch.delenv("CS231N_DATABASE_URL", raising=False)
    return graded(tmp_path_factory.getbasetemp()).copy(tmp_path / "course")


@pytest.fixture
def workers(monkeypatch):
    """(student, notebooks graded) for each submission that is graded."""
    seen = []
    grade_here(monkeypatch, seen)
    return seen


def changed(course, answer=True, said=None, **options):
    """Returns the exit code."""
    defaults = {"jobs": 1, "scheduler": None, "student": None, "sandbox": "auto", "dry_run": False}
    told = argparse.Namespace(**defaults | options)
    said = [] if said is None else said
    return regrade(kit.ASSIGNMENT, course.root, told, kit.FAKE, lambda name: answer, said.append)


def mend(course, notebook="1_small", points=None):
    """Change a check of one notebook; with points, what an exercise brings."""
    path = course.root / "source" / kit.ASSIGNMENT / f"{notebook}.ipynb"
    content = json.loads(path.read_text())
    for cell in content["cells"]:
        about = cell["metadata"]["nbgrader"]
        if points and about["grade_id"] == "double-check":
            about["points"] = points
    path.write_text(json.dumps(content))


def test_only_the_notebook_that_a_change_touches_is_graded(course, workers):
    assert changed(course) == 0
    assert workers == []
    mend(course, "2_essay")
    assert changed(course) == 0
    assert sorted(workers) == [(student, ["2_essay"]) for student in STUDENTS]
    workers.clear()
    assert changed(course) == 0
    assert workers == []
    assert course.grade(resume=True).before == 3


def test_a_new_submission_and_a_lost_report_are_graded_whole(course, workers):
    course.hand_in("ann", write=("halve",))
    course.report_path("böb").unlink()
    assert changed(course) == 0
    assert workers == [("ann", ["1_small", "2_essay"]), ("böb", ["1_small", "2_essay"])]
    assert course.grade(resume=True).before == 3


def test_a_report_that_does_not_say_what_it_was_made_from_is_not_trusted(course, workers):
    report = course.report("cal")
    del report["made_from"], report["checks_hash"]
    course.report_path("cal").write_text(json.dumps(report))
    assert changed(course) == 0
    assert workers == [("cal", ["1_small", "2_essay"])]


def test_nothing_is_written_before_a_yes_and_nothing_is_graded_twice(course, workers):
    mend(course, points=200)
    before, said = everything(course), []
    assert changed(course, dry_run=True) == 1
    assert len(workers) == 3
    assert changed(course, answer=False, said=said) == 1
    assert everything(course) == before
    assert "Nothing was written" in said[-1]
    assert changed(course, answer=True) == 0
    assert len(workers) == 3
    assert everything(course) != before
    assert not list((course.root / ".regrade" / kit.ASSIGNMENT).iterdir())


def test_a_result_that_waits_counts_only_for_what_it_was_made_from(course, workers):
    mend(course, points=200)
    assert changed(course, answer=False) == 1
    workers.clear()
    course.hand_in("ann", write=("halve",))
    assert changed(course, answer=False) == 1
    assert workers == [("ann", ["1_small", "2_essay"])]
    mend(course, points=300)
    assert changed(course) == 0
    assert len(workers) == 4
    scores = {row[1]: row[3] for row in course.grades("cal")}
    card = course.report("cal")["notebooks"]["1_small"]["exercises"]["double"]
    assert card["max_score"] == 300
    assert scores["double-check"] == card["score"]


def test_people_s_points_are_kept_and_told(course, workers):
    with Gradebook(course.db_url, kit.COURSE) as book:
        grade = book.find_grade("halve-check", "1_small", kit.ASSIGNMENT, "ann")
        grade.manual_score, grade.needs_manual_grade = 2.5, False
        other = book.find_grade("square-check", "2_essay", kit.ASSIGNMENT, "böb")
        other.manual_score, other.needs_manual_grade = 1.5, False
        book.db.commit()
    mend(course, points=200)
    said = []
    assert changed(course, said=said) == 0
    assert "1_small halve keeps 2.5, given by hand" in "\n".join(said)
    rows = {row[1]: row for row in course.grades("ann")}
    assert rows["halve-check"][4] == 2.5
    untouched = {row[1]: row for row in course.grades("böb")}["square-check"]
    assert untouched[4] == 1.5
    assert not untouched[6], "a notebook that no change touches asked to be looked at again"


def test_the_table_says_from_what_to_what_and_what_lateness_costs(course, workers):
    with Gradebook(course.db_url, kit.COURSE) as book:
        book.update_or_create_assignment(kit.ASSIGNMENT, duedate="2026-03-01 12:00:00 UTC")
    (course.submitted("ann") / "timestamp.txt").write_text("2026-03-01 13:00:00 UTC")
    changed(course)
    old = course.report("ann")["notebooks"]["1_small"]["exercises"]["double"]["score"]
    mend(course, points=200)
    said = []
    changed(course, said=said)
    new = course.report("ann")["notebooks"]["1_small"]["exercises"]["double"]["score"]
    text = "\n".join(said)
    assert f"1_small double  {old:g} -> {new:g}" in text
    assert "it brings 200 points instead of 2" in text
    assert "up, 0 down" in text
    with Gradebook(course.db_url, kit.COURSE) as book:
        mine = book.find_submission(kit.ASSIGNMENT, "ann")
        total = sum(max(0, n.score - (n.late_submission_penalty or 0)) for n in mine.notebooks)
    assert f"-> {total:g}" in text


def test_a_regrade_is_one_run_of_the_history(course, workers):
    mend(course, points=200)
    changed(course)
    with History(course.root, kit.ASSIGNMENT) as history:
        assert [run.what for run in history.runs()] == ["autograde", "--changed"]


def test_who_cannot_be_graded_keeps_the_score_there_is(course, workers, monkeypatch):
    before = course.report("ann"), course.grades("ann")
    mend(course, points=200)

    def answers(submissions, pool):
        for submission in submissions:
            if submission.student == "ann":
                yield submission, "died", "its process was ended"
            else:
                yield submission, "graded", fake_grading.grade(pool, submission)

    monkeypatch.setattr(desk, "answers", answers)
    said = []
    assert changed(course, said=said) == 1
    assert any("keeps what there is: ann: its process" in line for line in said)
    assert (course.report("ann"), course.grades("ann")) == before
    assert course.report("cal")["notebooks"]["1_small"]["exercises"]["double"]["max_score"] == 200


@pytest.fixture
def command(course, workers, monkeypatch, capsys):
    """The command as it is typed. answer: what a person types; None: there is no terminal."""
    monkeypatch.setattr(autograde, "GRADE", kit.FAKE)

    def run(*words, answer=None):
        def typed(question):
            assert question == "Write these scores? [y/N] "
            if answer == "the end":
                raise EOFError
            return answer

        monkeypatch.setattr("builtins.input", typed)
        monkeypatch.setattr(sys.stdin, "isatty", lambda: answer is not None, raising=False)
        code = main(
            ["autograde", kit.ASSIGNMENT, "--changed", *words, "--course", str(course.root)]
        )
        return code, capsys.readouterr().out

    return run


@pytest.mark.parametrize("answer", ["", "n", "yes please", "the end", None])
def test_all_but_a_clear_yes_of_a_person_writes_nothing(course, command, answer):
    mend(course, points=200)
    before = everything(course)
    code, said = command(answer=answer)
    assert code == 1
    assert "Scores: " in said
    assert ("--changed --yes" in said) == (answer is None)
    assert everything(course) == before


def test_a_yes_that_is_typed_or_said_before_writes(course, command):
    mend(course, points=200)
    assert command(answer=" Y ")[0] == 0
    written = everything(course)
    mend(course, points=300)
    assert command("--yes")[0] == 0
    assert everything(course) != written
