"""A run of the grader that is disturbed: nothing complete is lost, and nothing becomes a score."""

import contextlib
import os
import signal

import pytest

pytest.importorskip("nbgrader")

from grading import autograde as command
from grading.__main__ import main
from grading.autograde import only_one
from grading.coordinator import desk
from grading.errors import GradingError
from grading.regrade import writing
from grading.tests import graded_course as kit
from grading.tests.graded_course import FAKE, SECONDS, is_running, until

pytestmark = pytest.mark.slow


@pytest.fixture
def course(built, tmp_path, monkeypatch):
    monkeypatch.delenv("CS231N_DATABASE_URL", raising=False)
    return built.copy(tmp_path / "course")


def test_a_broken_submission_stops_nobody_and_scores_nothing(course, capsys, monkeypatch):
    for student, what in (("ann", []), ("bob", ["raise"]), ("cal", ["die"]), ("dan", [])):
        course.hand_in(student, *what)
    monkeypatch.setattr(command, "GRADE", FAKE)
    words = ["autograde", kit.ASSIGNMENT, "--course", str(course.root), "--jobs", "2"]
    assert main(words) == 1
    said = capsys.readouterr().out
    assert "Graded 2 submissions" in said
    assert "bob: ValueError: this submission is too strange" in said
    assert "cal: the process that graded it died twice" in said
    for student in ("bob", "cal"):
        # an answer that a person grades waits too, and so does the drawing
        assert [row[3:] for row in course.grades(student)] == [(None, None, None, True)] * 5
        assert all(card["needs_review"] for card in course.report(student)["notebooks"].values())
        assert len(list(course.autograded(student).glob("*.ipynb"))) == 2
    assert all(row[3] is not None for row in course.grades("ann") if row[1].endswith("-check"))
    again = course.grade(resume=True)
    assert sorted(again.ungraded) == ["bob", "cal"]  # tried again
    assert again.before == 2


def test_a_worker_killed_at_random_changes_no_score(course, tmp_path):
    for n in range(8):
        course.hand_in(f"s{n}", "die-once", tmp_path / f"died-{n}", write=("double",) * (n % 3))
    (tmp_path / "died-3").touch()
    for n in range(8):
        if n not in (2, 5):
            (tmp_path / f"died-{n}").touch()  # only two die
    tally = course.grade()
    assert (len(tally.graded), tally.ungraded) == (8, {})
    first = course.scores()
    assert (tmp_path / "died-2").exists()
    assert (tmp_path / "died-5").exists()
    course.grade()
    assert course.scores() == first


def test_no_sandbox_is_one_sentence_and_keeps_what_is_complete(course):
    course.hand_in("ann")
    course.hand_in("bob", "stop")
    with pytest.raises(GradingError, match="no sandbox on this machine"):
        course.grade(jobs=1)
    assert not course.report_path("bob").exists()
    assert course.grades("bob") == []


def test_a_result_about_somebody_else_is_no_result(course):
    course.hand_in("ann")
    tally = course.grade(function="grading.tests.fake_grading:wrong_student")
    assert "another submission" in tally.ungraded["ann"]
    assert {row[0] for row in course.scores()} == {"ann"}


def test_after_ctrl_c_everything_complete_is_kept_and_nothing_runs_on(course, tmp_path):
    place = tmp_path / "gate"
    place.mkdir()
    for student in ("a1", "a2", "a3"):
        course.hand_in(student)
    for student in ("b1", "b2", "b3"):
        course.hand_in(student, "wait", place)
    process = course.start("--jobs", "2")
    until(lambda: len(list(place.iterdir())) == 2)
    until(lambda: all(course.report_path(s).exists() for s in ("a1", "a2", "a3")))
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=SECONDS)
    assert process.returncode == 130, said
    assert "--resume" in said
    assert "Traceback" not in said
    until(lambda: not any(is_running(p.name) for p in place.iterdir()))
    assert not course.report_path("b1").exists()
    before = {s: course.report_path(s).stat().st_mtime_ns for s in ("a1", "a2", "a3")}
    (place / "go").touch()
    tally = course.grade(resume=True)
    assert sorted(tally.graded) == ["b1", "b2", "b3"]
    assert before == {s: course.report_path(s).stat().st_mtime_ns for s in before}


def test_ctrl_c_in_the_midst_of_writing_waits_until_it_is_written(course, monkeypatch):
    for student in ("ann", "bob"):
        course.hand_in(student)
    written = []

    def put_away(results, *rest):
        signal.raise_signal(signal.SIGINT)
        writing_put_away(results, *rest)
        written.append([result.submission.student for result in results])

    writing_put_away = writing.put_away
    monkeypatch.setattr(writing, "put_away", put_away)
    monkeypatch.setattr(desk, "BATCH", 1)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            course.grade(jobs=1)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    monkeypatch.undo()
    assert len(written[0]) == 1
    assert all(course.report_path(s).exists() for batch in written for s in batch)
    tally = course.grade(resume=True)
    assert tally.before == len(written)


def test_a_second_ctrl_c_does_not_wait():
    said = []

    def press_twice():
        with desk._ctrl_c_waits():
            for press in ("first", "second"):
                signal.raise_signal(signal.SIGINT)
                said.append(press)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            press_twice()
        assert said == ["first"]
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_ctrl_c_does_not_hide_why_nothing_could_be_written():
    def press_and_fail():
        with desk._ctrl_c_waits():
            signal.raise_signal(signal.SIGINT)
            raise GradingError("the disk is full")

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(GradingError, match="the disk is full"):
            press_and_fail()
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_killed_coordinator_leaves_no_worker_and_loses_nothing_complete(course, tmp_path):
    place = tmp_path / "gate"
    place.mkdir()
    course.hand_in("a1")
    for student in ("b1", "b2"):
        course.hand_in(student, "wait", place)
    process = course.start("--jobs", "2")
    until(lambda: len(list(place.iterdir())) == 2 and course.report_path("a1").exists())
    process.kill()
    process.communicate(timeout=SECONDS)
    until(lambda: not any(is_running(p.name) for p in place.iterdir()))
    (place / "go").touch()
    tally = course.grade(resume=True)  # the lock is free again
    assert sorted(tally.graded) == ["b1", "b2"]
    assert tally.before == 1


@pytest.mark.parametrize("step", ["write_autograded", "record", "write_all"])
def test_a_coordinator_killed_while_writing_is_made_good_by_resume(course, step, monkeypatch):
    from grading import files
    from grading.coordinator import record, results

    course.hand_in("ann")
    owner = {"write_autograded": results, "record": record.Recorder, "write_all": files}[step]
    real = getattr(owner, step)

    def killed(*args, **kwargs):
        real(*args, **kwargs)
        os._exit(9)

    child = os.fork()
    if not child:
        setattr(owner, step, killed)
        with contextlib.suppress(BaseException):
            course.grade(jobs=1)
        os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 9
    tally = course.grade(resume=True)
    assert tally.graded == ([] if step == "write_all" else ["ann"])  # the report comes last
    assert course.report("ann")["submission_hash"]
    assert len(course.grades("ann")) == 5
    assert [p.name for p in course.autograded("ann").parent.iterdir()] == [kit.ASSIGNMENT]


def test_two_coordinators_on_one_assignment_are_one_too_many(course):
    course.hand_in("ann")
    with (
        only_one(course.root, kit.ASSIGNMENT),
        pytest.raises(GradingError, match="by another process"),
    ):
        course.grade()
    assert course.grade().graded == ["ann"]


def test_a_result_that_cannot_be_written_stops_nobody(course, monkeypatch):
    from grading.coordinator.record import Recorder

    for student in ("ann", "bob", "cal"):
        course.hand_in(student)
    real = Recorder.record

    def record(self, entries):
        if any(e.graded.student == "bob" and e.graded.cards["1_small"]["needs_review"] is None
               for e in entries):  # fmt: skip
            raise ValueError("a name that does not fit")
        real(self, entries)

    monkeypatch.setattr(Recorder, "record", record)
    tally = course.grade()
    assert sorted(tally.graded) == ["ann", "bob", "cal"]
    assert "could not be written (ValueError: a name" in tally.ungraded["bob"]
    assert all(row[3:] == (None, None, None, True) for row in course.grades("bob"))
    assert "a name" in course.report("bob")["problem"]
    assert "problem" in course.report("ann")
