"""nbgrader's stock commands with the course's configuration, as an instructor types them."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from grading import build
from grading.notebooks import to_bytes
from grading.sample_class import fill_in, reference_answers
from grading.settings import GRADING, REFERENCE
from grading.solutions import read_solutions

pytest.importorskip("nbgrader")
pytestmark = pytest.mark.slow

NOTEBOOKS = ("1_fully_connected", "2_convolution", "3_pooling", "4_normalization")


class Course:
    """A course folder, and nbgrader's commands run on it."""

    def __init__(self, root: Path):
        self.root = root

    def run(self, *arguments, ok=True):
        environment = os.environ | {"CS231N_COURSE": str(self.root), "CS231N_CHECK_SECONDS": "5"}
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", *arguments],
            cwd=GRADING,
            env=environment,
            capture_output=True,
            text=True,
        )
        said = done.stdout + done.stderr
        assert (done.returncode == 0) == ok, said
        return said

    def hand_in(self, student, **files):
        folder = self.root / "submitted" / student / "assignment1"
        folder.mkdir(parents=True)
        for name, content in files.items():
            (folder / f"{name}.ipynb").write_text(content, encoding="utf-8")

    def report(self, student):
        path = self.root / "reports" / "assignment1" / f"{student}.json"
        return json.loads(path.read_text(encoding="utf-8"))["notebooks"]

    def grades(self, student):
        """(notebook, cell) -> grade, as the formgrader sees them."""
        from nbgrader.api import Gradebook

        with Gradebook(f"sqlite:///{self.root}/gradebook.db") as gradebook:
            submission = gradebook.find_submission("assignment1", student)
            return {
                (grade.notebook.name, grade.name): (grade.auto_score, grade.needs_manual_grade)
                for notebook in submission.notebooks
                for grade in notebook.grades
            }


@pytest.fixture(scope="module")
def course(tmp_path_factory, built_course):
    """Four submissions: one notebook solved and two missing, one corrupt, none at all, renamed."""
    root = tmp_path_factory.mktemp("course")
    shutil.copytree(built_course, root, dirs_exist_ok=True)
    course = Course(root)
    released = {
        name: build.student_notebook("assignment1", name, root / "assignments")
        for name in NOTEBOOKS
    }
    answers = reference_answers(read_solutions(REFERENCE))
    import nbformat

    solved = nbformat.writes(fill_in(released["3_pooling"], answers))
    course.hand_in("alpha", **{"3_pooling": solved})
    course.hand_in("beta", **{"3_pooling": solved[: len(solved) // 3]})
    course.hand_in("gamma")
    course.hand_in("delta", **{"my pooling": solved})
    place = root / "submitted" / "delta" / "assignment1"
    (place / "notes.txt").symlink_to(root / "gradebook.db")
    (place / "endless").symlink_to("/dev/zero")
    os.mkfifo(place / "pipe")
    (root / "submitted" / "alpha" / "assignment1" / "notes.txt").write_text("my own notes")
    course.said = course.run("autograde", "assignment1")
    return course


def points(course, student, notebook):
    return [g for (name, _), g in course.grades(student).items() if name == notebook]


def test_generate_assignment_makes_the_same_notebooks_as_the_build(tmp_path, built_course):
    shutil.copytree(built_course, tmp_path, dirs_exist_ok=True)
    shutil.rmtree(tmp_path / "release")
    course = Course(tmp_path)
    course.run("generate_assignment", "assignment1", "--force")
    for name in NOTEBOOKS:
        released = json.loads((tmp_path / f"release/assignment1/{name}.ipynb").read_text())
        ours = json.loads((tmp_path / f"assignments/assignment1/{name}.ipynb").read_text())
        assert released["cells"] == ours["cells"]
        assert "raise NotImplementedError" in json.dumps(released)


def test_validate_does_not_call_an_unsolved_notebook_right(course, tmp_path, monkeypatch):
    """Without the demonstrations, which take long and might fail of themselves."""
    monkeypatch.setenv("CS231N_LANGUAGE", "en")
    notebook = build.student_notebook("assignment1", "3_pooling", course.root / "assignments")
    notebook.cells = [c for c in notebook.cells if "demo" not in c.metadata.get("tags", [])]
    path = tmp_path / "3_pooling.ipynb"
    path.write_bytes(to_bytes(notebook))
    said = course.run("validate", str(path))
    assert "Success" not in said
    assert "max_pool_forward_naive is not right yet" in said


def test_a_notebook_that_was_handed_in_gets_its_points(course):
    assert course.report("alpha")["3_pooling"]["score"] == 23.0
    assert all(not review for _, review in points(course, "alpha", "3_pooling"))
    assert sum(score for score, _ in points(course, "alpha", "3_pooling")) == 23.0


def test_a_missing_notebook_is_never_a_silent_zero(course):
    assert "not handed in" in course.report("alpha")["1_fully_connected"]["needs_review"]
    grades = points(course, "alpha", "1_fully_connected")
    assert grades
    assert all(grade == (None, True) for grade in grades)


def test_a_corrupt_notebook_is_never_a_silent_zero(course):
    assert course.report("beta")["3_pooling"]["needs_review"]
    assert all(grade == (None, True) for grade in points(course, "beta", "3_pooling"))


def test_an_empty_submission_is_seen_by_a_person(course):
    assert all(card["needs_review"] for card in course.report("gamma").values())
    assert len(course.report("gamma")) == len(NOTEBOOKS)


def test_a_renamed_notebook_is_found_by_what_it_says(course):
    card = course.report("delta")["3_pooling"]
    assert card["score"] == 23.0
    assert any("my pooling.ipynb" in change for change in card["repairs"])


def test_submissions_are_left_as_they_were_handed_in(course):
    folder = course.root / "submitted"
    files = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*.ipynb"))
    assert files == [
        "alpha/assignment1/3_pooling.ipynb",
        "beta/assignment1/3_pooling.ipynb",
        "delta/assignment1/my pooling.ipynb",
    ]


def test_links_and_pipes_in_a_submission_lead_nowhere(course):
    assert "notes.txt' is a link" in course.said
    places = {s: course.root / "autograded" / s / "assignment1" for s in ("alpha", "delta")}
    assert {p.name for p in places["delta"].iterdir()} == {f"{n}.ipynb" for n in NOTEBOOKS}
    assert (places["alpha"] / "notes.txt").read_text() == "my own notes"


def test_feedback_says_why_a_notebook_waits_for_a_person(course):
    course.run("generate_feedback", "assignment1", "--force")
    page = course.root / "feedback/beta/assignment1/3_pooling.html"
    assert "A person will look at this notebook" in page.read_text(encoding="utf-8")


def test_export_tells_final_scores_from_those_that_wait(course, tmp_path):
    table = tmp_path / "grades.csv"
    course.run("export", "--to", str(table))
    with table.open(newline="") as file:
        graded = [row for row in csv.DictReader(file) if row["assignment"] == "assignment1"]
    rows = {row["student_id"]: row for row in graded}
    assert rows["alpha"]["score"] == "23.0"
    assert {row["needs_review"] for row in rows.values()} == {"1"}
    assert set(rows) == {"alpha", "beta", "gamma", "delta"}


def test_grading_again_gives_the_same_scores(course):
    before = course.grades("delta"), course.report("delta")
    course.run("autograde", "assignment1", "--student", "delta", "--force")
    assert (course.grades("delta"), course.report("delta")) == before


def test_an_unknown_assignment_is_named(course):
    assert "assignment7" in course.run("autograde", "assignment7", ok=False)


def test_a_course_that_was_never_built_says_what_to_run(tmp_path):
    course = Course(tmp_path)
    course.hand_in("alpha", **{"3_pooling": "{}"})
    assert "grading build" in course.run("autograde", "assignment1", ok=False)
