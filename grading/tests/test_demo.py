"""The sample class, from sources to feedback pages: every student gets exactly what is theirs."""

import csv
import html
import json
import os
import shutil
import subprocess
import sys

import pytest

from grading import demo as demo_module
from grading.__main__ import main
from grading.class_table import class_table, differences
from grading.demo import ASSIGNMENT, demo
from grading.errors import GradingError
from grading.sample_class import STUDENTS, expected
from grading.settings import ROOT

pytest.importorskip("nbgrader")

NOTEBOOKS = ("1_fully_connected", "2_convolution", "3_pooling", "4_normalization")


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The whole class, graded once. Returns a tuple of: the course folder, the reports.

    CS231N_DEMO: the folder of a demo that was just run. A copy of it is looked at then, and only
    who was graded by other checks is graded again.
    """
    course = tmp_path_factory.mktemp("demo") / "course"
    just_run = os.environ.get("CS231N_DEMO")
    if just_run:
        shutil.copytree(just_run, course)
    reports = demo(course, keep=bool(just_run), say=lambda line: None)
    return course, reports


@pytest.mark.slow
@pytest.mark.parametrize("student", [s.id for s in STUDENTS])
def test_student_gets_exactly_the_score_in_the_hand_written_table(graded, student):
    _, reports = graded
    assert differences({student: reports[student]}, expected()) == []


@pytest.mark.slow
def test_every_student_has_feedback_on_every_notebook(graded):
    course, _ = graded
    for student in STUDENTS:
        pages = {p.stem for p in (course / "feedback" / student.id / ASSIGNMENT).glob("*.html")}
        assert pages == set(NOTEBOOKS), student.id


@pytest.mark.slow
def test_gradebook_and_reports_agree(graded):
    course, reports = graded
    with (course / "grades.csv").open(newline="") as file:
        table = [row for row in csv.DictReader(file) if row["assignment"] == ASSIGNMENT]
    rows = {row["student_id"]: row for row in table}
    assert set(rows) == {s.id for s in STUDENTS}
    for student, report in reports.items():
        cards = report["notebooks"].values()
        assert float(rows[student]["score"]) == pytest.approx(sum(c["score"] for c in cards))
        assert int(rows[student]["needs_review"]) == any(c["needs_review"] for c in cards)


@pytest.mark.slow
def test_the_class_report_shows_the_class_as_it_was_graded(graded, tmp_path):
    course, reports = graded
    place = tmp_path / "class.html"
    options = ["--course", str(course), "--examples", "--output", str(place)]
    assert main(["report", ASSIGNMENT, *options]) == 0
    page = html.unescape(place.read_text(encoding="utf-8"))
    assert f"{len(STUDENTS)}<small> of {len(STUDENTS)}</small>" in page
    mistakes = 0
    for report in reports.values():
        for card in report["notebooks"].values():
            assert not card["needs_review"] or card["needs_review"] in page
            for exercise in card["exercises"].values():
                assert all(mistake["says"] in page for mistake in exercise["mistakes"])
                mistakes += len(exercise["mistakes"])
    assert mistakes > 5
    assert "<pre><code>def svm_loss(" in page


@pytest.mark.slow
def test_autograded_notebooks_have_the_cells_that_the_formgrader_looks_for(graded):
    course, _ = graded
    for name in NOTEBOOKS:
        wanted = grade_ids(course / "source" / ASSIGNMENT / f"{name}.ipynb")
        for student in STUDENTS:
            path = course / "autograded" / student.id / ASSIGNMENT / f"{name}.ipynb"
            assert wanted <= grade_ids(path), (student.id, name)


def grade_ids(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    about = [cell["metadata"].get("nbgrader", {}) for cell in cells]
    return {x["grade_id"] for x in about if x.get("grade") or x.get("solution")}


@pytest.mark.slow
def test_what_was_repaired_is_told_to_the_student(graded):
    course, reports = graded
    for student in ("student13", "student14", "student15", "student16"):
        repaired = [n for n, c in reports[student]["notebooks"].items() if c["repairs"]]
        assert repaired, student
        page = course / "feedback" / student / ASSIGNMENT / f"{repaired[0]}.html"
        assert "the following was put right" in page.read_text(encoding="utf-8")


@pytest.mark.slow
def test_table_names_every_student_and_flags_those_for_a_person(graded):
    _, reports = graded
    table = class_table(reports)
    flagged = {line.split()[0] for line in table.splitlines() if line.endswith("review")}
    assert flagged == {s for s, row in expected().items() if row["review"]}
    assert all(student.id in table for student in STUDENTS)


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a git checkout")
def test_what_the_demo_writes_is_ignored_by_git():
    command = ["git", "check-ignore", str(demo_module.COURSE / "gradebook.db")]
    assert subprocess.run(command, cwd=ROOT, capture_output=True).returncode == 0


@pytest.mark.slow
def test_going_on_with_an_earlier_run_grades_nobody_twice(graded):
    course, reports = graded
    database = course / "gradebook.db"
    pages = sorted((p, p.stat().st_mtime_ns) for p in (course / "feedback").rglob("*.html"))
    assert demo(course, keep=True, say=lambda line: None) == reports
    assert pages == sorted((p, p.stat().st_mtime_ns) for p in (course / "feedback").rglob("*.html"))
    assert database.exists()


def test_every_student_of_the_class_has_a_row_in_the_hand_written_table():
    assert set(expected()) == {s.id for s in STUDENTS}
    assert len(STUDENTS) >= 12


def test_a_folder_that_is_not_ours_is_not_cleared(tmp_path):
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(GradingError, match="not removed"):
        demo(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "precious"


def test_a_place_that_cannot_be_written_is_named(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    assert main(["demo", "--course", str(tmp_path / "file" / "demo")]) == 2
    assert str(tmp_path / "file") in capsys.readouterr().err


def test_a_full_disk_gives_a_sentence_and_not_a_traceback(monkeypatch, capsys, tmp_path):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device", str(tmp_path / "x"))

    monkeypatch.setattr(demo_module.build, "build", full)
    assert main(["demo", "--course", str(tmp_path / "demo")]) == 2
    assert "No space left on device" in capsys.readouterr().err


def test_after_an_interrupt_the_next_run_starts_afresh(monkeypatch, capsys, tmp_path):
    def interrupt(course, *args, **kwargs):
        (course / "half-written").write_text("")
        raise KeyboardInterrupt

    monkeypatch.setattr(demo_module.build, "build", interrupt)
    for _ in range(2):
        assert main(["demo", "--course", str(tmp_path / "demo")]) == 130
    assert "Interrupted" in capsys.readouterr().err


def test_a_failure_of_nbgrader_is_passed_on_with_the_place_of_the_log(monkeypatch, tmp_path):
    monkeypatch.setenv("CS231N_COURSE", str(tmp_path))
    (tmp_path / "log").touch()
    with pytest.raises(GradingError, match="generate_feedback failed") as problem:
        demo_module.nbgrader(["generate_feedback", "nothing"], tmp_path / "log")
    assert str(tmp_path / "log") in str(problem.value)


@pytest.mark.parametrize("jobs", ["0", "-2", "many"])
def test_a_senseless_number_of_jobs_is_refused(jobs, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["demo", "--jobs", jobs])
    assert stopped.value.code == 2
    assert "jobs" in capsys.readouterr().err


def test_demo_can_be_started_as_the_readme_says():
    done = subprocess.run(
        [sys.executable, "-m", "grading", "demo", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0
    assert "--jobs" in done.stdout
