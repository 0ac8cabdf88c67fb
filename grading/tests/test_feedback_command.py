"""`python -m grading feedback`: everybody who is graded gets their pages, whatever happens."""

import os
import signal
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

pytest.importorskip("nbgrader")

from grading.__main__ import main
from grading.coordinator.course_folder import open_course
from grading.feedback import pages
from grading.feedback.command import has_pages
from grading.tests import graded_course as kit

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def course(built, tmp_path_factory):
    made = built.copy(tmp_path_factory.mktemp("graded") / "course")
    made.hand_in("ann")
    made.hand_in("O'Neil, Bö")
    made.grade()
    return made


def feedback(course, *words):
    return main(["feedback", kit.ASSIGNMENT, "--course", str(course.root), *words])


def page(course, student, name="1_small"):
    return course.root / "feedback" / student / kit.ASSIGNMENT / f"{name}.html"


@pytest.fixture
def written(course, tmp_path, capsys):
    copy = course.copy(tmp_path / "course")
    assert feedback(copy, "--jobs", "1") == 0
    assert "2 students have feedback" in capsys.readouterr().out
    return copy


def test_pages_say_what_the_gradebook_says_and_resume_mends_what_is_not_whole(written, capsys):
    for student in ("ann", "O'Neil, Bö"):
        text = page(written, student).read_text(encoding="utf-8")
        points = sum(row[3] or 0 for row in written.grades(student) if row[0] == "1_small")
        assert f"{points:g} of 5 points" in text
    course = open_course(written.root, "x.log")
    assert has_pages(course, "ann", kit.ASSIGNMENT)
    whole = page(written, "ann").read_bytes()
    page(written, "ann").write_bytes(whole[:5000])  # as a killed run leaves it
    os.utime(page(written, "O'Neil, Bö"), (1, 1))  # graded again since
    assert feedback(written, "--resume") == 0
    assert "2 students have feedback" in capsys.readouterr().out
    assert page(written, "ann").read_bytes() == whole
    assert feedback(written, "--resume") == 0
    assert "0 students have feedback" in capsys.readouterr().out


def test_one_notebook_that_cannot_be_shown_costs_nobody_else_the_pages(course, tmp_path, capsys):
    copy = course.copy(tmp_path / "course")
    broken = copy.autograded("ann") / "1_small.ipynb"
    broken.chmod(0o644)
    broken.write_text("{")
    assert feedback(copy, "--jobs", "1") == 1
    said = capsys.readouterr()
    assert "1 student has feedback" in said.out
    assert "No feedback for ann:" in said.err
    assert page(copy, "O'Neil, Bö").exists()


def test_before_grading_it_says_what_to_do_first(course, tmp_path, capsys):
    copy = course.copy(tmp_path / "course")
    (copy.root / "autograded").rename(tmp_path / "elsewhere")
    assert feedback(copy) == 2
    assert "python -m grading autograde week1" in capsys.readouterr().err


def test_a_killed_command_leaves_no_process_that_goes_on_writing(tmp_path):
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        spawn = get_context("spawn")
        pool = ProcessPoolExecutor(1, spawn, pages._start_worker, (tmp_path / "x.log",))
        os.write(writer, str(pool.submit(os.getpid).result()).encode())
        os.kill(os.getpid(), signal.SIGKILL)
    os.close(writer)
    worker = os.read(reader, 20).decode()
    os.waitpid(child, 0)
    kit.until(lambda: not kit.is_running(worker))
