"""The commands that test_disturbed.py disturbs: how each begins, is run, and what it leaves."""

from __future__ import annotations

import json
import os
import pickle
import re
import shutil
import sqlite3
import zipfile
from functools import cache, cached_property
from types import SimpleNamespace

import pytest
from nbgrader import api
from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.coursedir import CourseDirectory

from grading import __main__, autograde, build, demo, needs, settings
from grading.class_list import ClassList, Person
from grading.coordinator import pool, worker
from grading.errors import GradingError
from grading.export import ExportWithReview
from grading.gradescope import command as gradescope
from grading.publish import publish
from grading.start.init import init
from grading.tests import collected_class, killing, made_up_class, small_course
from grading.tests import graded_course as kit
from grading.tests.test_collect_platforms import exchange
from grading.tests.test_record import FakeRun

ROSTER = "id,first_name,last_name\nann,Ann,O'Hara\nbob,Bo\u0308b,李\ncal,Cal,Q\n"
EMPTY = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
SILENT = (".log", ".lock")
STUDENTS = ("ann", "bob", "cal")
CELLS = """SELECT a.name, a.duedate, n.name, c.name, c.type, s.source, s.locked
    FROM assignment a LEFT JOIN notebook n ON n.assignment_id = a.id
    LEFT JOIN base_cell c ON c.notebook_id = n.id LEFT JOIN source_cell s ON s.id = c.id"""


class Case:
    """A command in a folder. folder: where it is; watched: what it changes"""

    def __init__(self, root, courses):
        self.root, self.courses = root, courses
        self.course = root / "course"
        self.prepare()

    def prepare(self):
        """Lay out what is there before."""
        self.root.mkdir(parents=True)

    def run(self):
        raise NotImplementedError

    def again(self):
        """What a person does after it was killed: the same again."""
        self.run()

    def check(self):
        """Whether there is old or new, where that must hold before it is run again."""

    def command(self, *words):
        """A command of the kit."""
        with open(os.devnull, "w") as nothing:
            os.dup2(nothing.fileno(), 1)
            os.dup2(nothing.fileno(), 2)
        pool.Workers, autograde.GRADE = InThisProcess, kit.FAKE
        code = __main__.main([*map(str, words), "--course", str(self.course)])
        if code == 2:
            raise GradingError("It said why.")
        assert code in (0, 1), code

    def state(self):
        """All that is there: name -> content, and the gradebook's rows. Litter counts too."""
        found = {"gradebook": self.gradebook()}
        for path in sorted(self.root.rglob("*")):
            name = path.relative_to(self.root).as_posix()
            if path.parent.name == "history":  # tells of every run, and when: whole is enough
                with sqlite3.connect(path) as db:
                    found[name] = db.execute("PRAGMA integrity_check").fetchall()
            elif path.name not in ("gradebook.db", "secret") and path.suffix not in SILENT:
                found[name] = self.content(path) if path.is_file() else "folder"
        return found

    def content(self, path):
        return path.read_bytes()

    def gradebook(self):
        path = self.course / "gradebook.db"
        if not path.exists():
            return None
        with sqlite3.connect(path) as db:  # takes back what was not committed
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert db.execute("PRAGMA foreign_key_check").fetchall() == []
            tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
            if "comment" not in tables:
                return None
            cells = sorted(db.execute(CELLS).fetchall(), key=str)
            if "alembic_version" in tables:
                cells += db.execute("SELECT * FROM alembic_version").fetchall()
        return cells, kit.rows(f"sqlite:///{path}")


class Init(Case):
    def run(self):
        sources = small_course.Sources(
            self.courses.sources / "source",
            self.courses.sources / "reference",
            {"double": SimpleNamespace(checks=[1])},
        )
        due = settings.tables.due({"week1": settings.datetime(2027, 2, 3)}, "UTC")
        people = ClassList({"ann": Person("ann", "Ann")})
        asked = settings.Settings(due=due)
        init(self.course, asked, people, False, lambda line: None, sources)

    def again(self):
        """A course that is there is whole, and is not made a second time."""
        if not (self.course / "course.toml").exists():
            self.run()
            return
        with pytest.raises(GradingError, match="is not empty"):
            self.run()


class InitInFolder(Init):
    def prepare(self):
        self.course.mkdir(parents=True)


class Build(Case):
    def prepare(self):
        shutil.copytree(self.courses.small, self.root)
        notebook = self.root / "source" / "week1" / "1_small.py"
        text = notebook.read_text().replace("Text above code.", "Another text.")
        notebook.write_text(text.replace("points=2", "points=3"))
        (self.course / "course.toml").write_text("[due]\nweek1 = 2027-02-03\n")

    def run(self):
        sources = self.root / "source", self.root / "reference"
        exercises = {"double": SimpleNamespace(checks=[1])}
        output = self.root / "assignments"
        build.build(self.course, output, small_course.Sources(*sources, exercises))


class BuildFirst(Build):
    """Of a course that was never built."""

    def prepare(self):
        super().prepare()
        for part in ("source", "release", "gradebook.db"):
            path = self.course / part
            shutil.rmtree(path) if path.is_dir() else path.unlink()


class Due(Build):
    def run(self):
        build.assignments = lambda: {"week1": ["1_small"]}
        self.command("due")


class Publish(Case):
    def prepare(self):
        for name in ("README.md", "cs231n/a.py", "assignments/week1/1.ipynb", "docs/x.md"):
            (self.root / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / "tree" / name).write_text(EMPTY if name.endswith("ipynb") else name)

    def run(self):
        publish(self.root / "published", self.root / "tree", self.root / "course")

    def content(self, path):
        return re.sub(rb'"when": "[^"]*"', b"", path.read_bytes())


class InCourse(Case):
    """A command in a course with submissions of three students."""

    def prepare(self):
        shutil.copytree(self.courses.graded if self.is_graded else self.courses.built, self.course)

    is_graded = False

    @property
    def kit(self):
        return kit.Course(self.course)

    def nbgrader(self, converter):
        """One of nbgrader's own converters with the course's configuration."""
        config = kit.configuration(self.course, self.kit.db_url)
        config.CourseDirectory.assignment_id = kit.ASSIGNMENT
        config.Autograde.exporter_class = "grading.submissions.ReadSubmission"
        config.Autograde.autograde_preprocessors = [FakeRun, "grading.save_scores.SaveScores"]
        config.GenerateFeedback.exporter_class = "grading.feedback.page.FeedbackPage"
        config.GenerateFeedback.preprocessors = [
            "nbgrader.preprocessors.GetGrades",
            "grading.feedback.card.AddScoreCard",
            "grading.feedback.page.TidyFeedback",
        ]
        converter(coursedir=CourseDirectory(config=config), config=config).start()


class Roster(InCourse):
    def run(self):
        (self.root / "class.csv").write_text(ROSTER, encoding="utf-8")
        self.command("roster", self.root / "class.csv")

    def check(self):
        """All or nobody."""
        there = [row[1] for row in self.gradebook()[1] if row[0] == "student"]
        assert there in ([], list(STUDENTS))


class Grade(InCourse):
    def run(self):
        self.command("autograde", kit.ASSIGNMENT, "--jobs", 1, "--resume")

    def check(self):
        """In the gradebook a student is wholly or not; a report is there when all else is."""
        rows = self.gradebook()[1]
        for student in STUDENTS:
            grades = [row for row in rows if row[:2] == ("grade", student)]
            assert len(grades) in (0, 5)
            path = self.kit.report_path(student)
            if path.exists() and not self.is_graded:
                assert json.loads(path.read_bytes())["student"] == student
                assert len(grades) == 5
                assert len(list(self.kit.autograded(student).glob("*.ipynb"))) == 2


class GradeAgain(Grade):
    """Everybody again, without --resume; then --resume, which has to see what is not whole."""

    is_graded = True

    def run(self):
        self.command("autograde", kit.ASSIGNMENT, "--jobs", 1)

    def again(self):
        Grade.run(self)


class NbgraderAutograde(InCourse):
    """Of one student, since it takes long."""

    def prepare(self):
        super().prepare()
        for student in STUDENTS[1:]:
            shutil.rmtree(self.kit.submitted(student).parent)

    def run(self):
        self.nbgrader(Autograde)

    def content(self, path):
        text = path.read_text(encoding="utf-8")
        return text if path.suffix != ".ipynb" else json.loads(text)["cells"]


class Feedback(InCourse):
    is_graded = True

    def run(self):
        self.nbgrader(GenerateFeedback)


class NbgraderExport(InCourse):
    is_graded = True

    def run(self):
        with api.Gradebook(self.kit.db_url, kit.COURSE) as gradebook:
            plugin = ExportWithReview()
            plugin.to = str(self.root / "grades.csv")
            plugin.export(gradebook)


class Collect(Case):
    def prepare(self):
        super().prepare()
        here = collected_class.Class(self.root)
        here.collect(here.folder(exchange("ada week1 03", "kim week1 04"), "one"))
        here.folder(exchange("ada week1 05", "jose week1 05"), "two")
        here.folder(exchange("kim week1 04"), "three")

    def run(self, source="two"):
        roster = self.root / "roster.csv"
        self.command("collect", collected_class.WEEK, self.root / source, "--roster", roster)

    def check(self):
        """Also where the next source has nothing of hers, ada has what she had."""
        killing.run(lambda: self.run("three"), self.root)
        assert any((self.course / "submitted" / "ada" / collected_class.WEEK).glob("*.ipynb"))
        for student, days in {"ada": ("day03", "day05"), "jose": (None, "day05")}.items():
            place = self.course / "submitted" / student / collected_class.WEEK
            for path in place.glob("*.ipynb") if place.exists() else ():
                assert any(day and day in path.read_text() for day in days), (student, path)


class Report(Case):
    def prepare(self):
        shutil.copytree(self.courses.made_up, self.course)

    def run(self):
        self.command("report", made_up_class.ASSIGNMENT)

    def content(self, path):
        return path.suffix if path.suffix == ".html" else path.read_bytes()  # says when it was made

    def check(self):
        for path in (self.course / "reports").glob("*.html"):
            assert path.read_text(encoding="utf-8").rstrip().endswith("</html>")


class Export(Report):
    def run(self):
        output = self.root / "grades.csv"
        self.command("export", made_up_class.ASSIGNMENT, "--output", output)


class Gradescope(Case):
    def run(self):
        options = gradescope.Options("week1", secret="x")
        data = gradescope.archive(options, {}, {}, self.courses.small)
        gradescope.files.write_all({self.root / "week1-autograder.zip": data})

    def check(self):
        for path in self.root.glob("*.zip"):
            with zipfile.ZipFile(path) as archive:
                assert archive.testzip() is None


class DemoAgain(Case):
    """The demonstration's first step: what an earlier one left is removed."""

    def prepare(self):
        names = [f"{number}.html" for number in range(8)]
        for name in ("demo.log", *names, "source/1.ipynb", "zips/a.zip"):
            (self.course / name).parent.mkdir(parents=True, exist_ok=True)
            (self.course / name).touch()

    def run(self):
        demo._make_empty(self.course)


CASES = {
    "init": Init,
    "init in an empty folder": InitInFolder,
    "roster": Roster,
    "due": Due,
    "build": Build,
    "first build": BuildFirst,
    "publish": Publish,
    "collect": Collect,
    "autograde": Grade,
    "autograde again": GradeAgain,
    "nbgrader autograde": NbgraderAutograde,
    "nbgrader generate_feedback": Feedback,
    "nbgrader export": NbgraderExport,
    "report": Report,
    "export": Export,
    "gradescope": Gradescope,
    "demo": DemoAgain,
}


class Courses:
    """What the cases begin with: each is made once, where it is wanted, and copied."""

    def __init__(self, folder):
        self.folder = folder
        if not hasattr(api.get_alembic_version, "cache_info"):  # a process of Python each time
            api.get_alembic_version = cache(api.get_alembic_version)
        needs.put_environment_on_path()
        api.get_alembic_version()

    @cached_property
    def sources(self):
        small_course.make(self.folder / "sources")
        return self.folder / "sources"

    @cached_property
    def small(self):
        small_course.build(small_course.make(self.folder / "small"))
        return self.folder / "small"

    @cached_property
    def built(self):
        built = kit.build_course(self.folder / "built")
        for student in STUDENTS:
            built.hand_in(student, write=("double", student))
        return built.root

    @cached_property
    def graded(self):
        graded = kit.Course(self.built).copy(self.folder / "graded")
        killing.run(lambda: grade_here(graded.root), graded.root)
        return graded.root

    @cached_property
    def made_up(self):
        return made_up_class.make_class(self.folder / "class", 3)


class InThisProcess:
    """In place of coordinator.worker.Workers: no processes, which take long to start."""

    def __init__(self, job, *rest):
        self.job = pickle.loads(job)

    def grade(self, submission):
        return pickle.dumps(worker._answer(self.job, submission))

    def stop(self):
        pass


def grade_here(course):
    """`autograde` with a grader that gives made-up points. In a process of its own."""
    pool.Workers = InThisProcess
    kit.Course(course).grade(jobs=1)
