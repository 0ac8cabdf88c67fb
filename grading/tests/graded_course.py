"""A course with every kind of cell that nbgrader grades, and a look at all rows of a gradebook."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.api import Gradebook
from sqlalchemy import text
from traitlets.config import Config

from grading import settings
from grading.autograde import autograde
from grading.notebooks import to_bytes
from grading.release import release
from grading.settings import ROOT

COURSE, ASSIGNMENT = settings.load().course_id, "week1"
CHECK = 'check.{0}({0})\n### BEGIN HIDDEN TESTS\ngrading.checks.grade_cell("{0}", globals(), {1})\n### END HIDDEN TESTS'  # noqa: E501


def _cell(make, name: str, source: str, **about):
    roles = {"grade": False, "solution": False, "locked": False, "task": False}
    data = roles | about | {"grade_id": name, "schema_version": 3}
    return make(source, id=name, metadata={"nbgrader": data})


def answer(name: str):
    source = f"def {name}(x):\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION"
    return _cell(new_code_cell, name, source, solution=True)


def check(name: str, points: float):
    source = CHECK.format(name, points)
    return _cell(new_code_cell, f"{name}-check", source, grade=True, locked=True, points=points)


def essay(name: str, points: float):
    source = "### BEGIN SOLUTION\nBecause.\n### END SOLUTION"
    both = {"grade": True, "solution": True, "points": points}
    return _cell(new_markdown_cell, name, source, **both)


def task(name: str, points: float):
    return _cell(new_markdown_cell, name, "Draw it.", task=True, locked=True, points=points)


def notebooks() -> dict:
    """Instructor's notebooks: name -> notebook."""
    one = [answer("double"), check("double", 2), answer("halve"), check("halve", 3)]
    two = [answer("square"), check("square", 4), essay("why", 2), task("draw", 1)]
    made = {"1_small": new_notebook(cells=one), "2_essay": new_notebook(cells=two)}
    for notebook in made.values():
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook.metadata.kernelspec = kernel
    return made


def build(root: Path, db_url: str) -> None:
    """Build the course in a folder and a gradebook."""
    made = notebooks()
    for folder, some in {
        "source": made,
        "release": release(ASSIGNMENT, made, COURSE, db_url),
    }.items():
        place = root / folder / ASSIGNMENT
        place.mkdir(parents=True)
        for name, notebook in some.items():
            (place / f"{name}.ipynb").write_bytes(to_bytes(notebook))


def configuration(root: Path, db_url: str) -> Config:
    """nbgrader's configuration of the course."""
    config = Config()
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.course_id = COURSE
    config.CourseDirectory.db_url = db_url
    return config


def hand_in(root: Path, student: str, names, write=(), timestamp: str | None = None) -> None:
    """Submit the released notebooks `names`, something written into the cells `write`."""
    folder = root / "submitted" / student / ASSIGNMENT
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        path = root / "release" / ASSIGNMENT / f"{name}.ipynb"
        notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
        for cell in notebook.cells:
            if cell.id in write:
                cell.source += "\n# an answer"
        (folder / path.name).write_text(nbformat.writes(notebook), encoding="utf-8")
    if timestamp:
        (folder / "timestamp.txt").write_text(timestamp)


ROWS = {
    "student": "SELECT id, first_name, last_name, email, lms_user_id FROM student",
    "submission": """SELECT s.student_id, s.timestamp, s.extension, a.name
        FROM submitted_assignment s JOIN assignment a ON a.id = s.assignment_id""",
    "notebook": """SELECT s.student_id, n.name, t.flagged, t.late_submission_penalty
        FROM submitted_notebook t JOIN submitted_assignment s ON s.id = t.assignment_id
        JOIN notebook n ON n.id = t.notebook_id""",
    "grade": """SELECT s.student_id, n.name, c.name, c.type, g.auto_score, g.manual_score,
        g.extra_credit, g.needs_manual_grade FROM grade g JOIN base_cell c ON c.id = g.cell_id
        JOIN submitted_notebook t ON t.id = g.notebook_id JOIN notebook n ON n.id = t.notebook_id
        JOIN submitted_assignment s ON s.id = t.assignment_id""",
    "comment": """SELECT s.student_id, n.name, c.name, c.type, m.auto_comment, m.manual_comment
        FROM comment m JOIN base_cell c ON c.id = m.cell_id
        JOIN submitted_notebook t ON t.id = m.notebook_id JOIN notebook n ON n.id = t.notebook_id
        JOIN submitted_assignment s ON s.id = t.assignment_id""",
}


def rows(db_url: str) -> list[tuple]:
    """Every row that grading writes, with names in place of random ids."""
    with Gradebook(db_url, COURSE) as gradebook:
        found = [
            (table, *row)
            for table, query in ROWS.items()
            for row in gradebook.db.execute(text(query))
        ]
    return sorted(found, key=str)


FAKE = "grading.tests.fake_grading:grade"
BOTH = ("1_small", "2_essay")
SECONDS = 120  # after which something that never comes is given up


def build_course(root: Path) -> Course:
    root.mkdir()
    course = Course(root)
    build(root, course.db_url)
    return course


class Course:
    """A course folder with submissions, and what grading left there."""

    def __init__(self, root):
        self.root = root
        self.db_url = f"sqlite:///{root}/gradebook.db"

    def copy(self, root):
        shutil.copytree(self.root, root)
        return Course(root)

    def hand_in(self, student, *what, names=BOTH, write=("double",)):
        hand_in(self.root, student, names, write)
        if what:
            (self.submitted(student) / "do.txt").write_text(" ".join(map(str, what)))

    def submitted(self, student):
        return self.root / "submitted" / student / ASSIGNMENT

    def autograded(self, student):
        return self.root / "autograded" / student / ASSIGNMENT

    def grade(self, **options):
        options = {"jobs": 2, "say": lambda line: None, "function": FAKE} | options
        return autograde(ASSIGNMENT, self.root, **options)

    def report_path(self, student):
        return self.root / "reports" / ASSIGNMENT / f"{student}.json"

    def report(self, student):
        return json.loads(self.report_path(student).read_text())

    def grades(self, student):
        return [row[2:] for row in rows(self.db_url) if row[:2] == ("grade", student)]

    def scores(self):
        """(student, notebook, cell) -> score in the gradebook."""
        return {row[1:4]: row[5] for row in rows(self.db_url) if row[0] == "grade"}

    def start(self, *options, first="pass"):
        """The command in a process of its own, as an instructor starts it, with the fake grader.

        first: a statement that is run before
        """
        code = (
            "import sys; from grading import __main__, autograde; "
            f"from grading.coordinator import cluster; {first}; "
            f"autograde.GRADE = {FAKE!r}; sys.exit(__main__.main())"
        )
        words = ["autograde", ASSIGNMENT, "--course", str(self.root), *options]
        return subprocess.Popen(
            [sys.executable, "-c", code, *words],
            cwd=ROOT,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )


def until(condition):
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "this never came about"
        time.sleep(0.05)


def is_running(pid):
    with contextlib.suppress(OSError):
        status = open(f"/proc/{pid}/stat").read()  # noqa: SIM115
        return status.rpartition(")")[2].split()[0] != "Z"
    return False
