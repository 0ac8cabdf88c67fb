"""A course's folder as nbgrader knows it, by the settings in grading/nbgrader_config.py."""

from __future__ import annotations

import fnmatch
import glob
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from grading import settings
from grading.checks.core import course_secret
from grading.coordinator.code_hash import code_hash
from grading.engine.limits import limits_of_environment
from grading.engine.tasks import Assignment, Submission, hash_of
from grading.errors import GradingError
from grading.intake import given_files, read_submission
from grading.needs import need_nbgrader
from grading.regrade.made_from import made_from
from grading.releases import store


@dataclass(frozen=True)
class CourseFolder:
    """config: traitlets' configuration; directory: nbgrader's CourseDirectory

    log: takes what nbgrader has to say to log_file
    """

    config: object
    directory: object
    log: logging.Logger
    log_file: Path

    @property
    def root(self) -> Path:
        return Path(self.directory.root)

    def path(self, step: str, student: str, assignment: str) -> Path:
        """Where a step ("submitted", "autograded", ...) keeps a student's assignment."""
        name = getattr(self.directory, f"{step}_directory")
        return Path(self.directory.format_path(name, student, assignment))

    def students(self, assignment: str) -> list[str]:
        """Who handed something in, in order."""
        course = self.directory
        places = course.format_path(course.submitted_directory, "*", assignment)
        known = re.compile(
            course.format_path(
                course.submitted_directory, "(?P<student>.*)", re.escape(assignment), escape=True
            ),
            re.DOTALL,
        )
        excluded = course.student_id_exclude.split(",")
        found = {m["student"] for m in map(known.fullmatch, glob.glob(places)) if m}
        return sorted(found.difference(excluded))

    def submission(self, student: str, assignment: str) -> Submission:
        """What a student handed in, with the files that the course gives."""
        folder = self.path("submitted", student, assignment)
        return read_submission(student, folder, self.directory.ignore, self._given(assignment))

    def _given(self, assignment: str) -> Mapping[str, bytes]:
        if assignment not in self._given_files:
            folder = self.path("release", ".", assignment)
            students_own = self.converter.exclude_overwriting.get(assignment, [])
            given = given_files(folder, self.directory.ignore, students_own)
            self._given_files[assignment] = given
        return self._given_files[assignment]

    @cached_property
    def _given_files(self) -> dict[str, Mapping[str, bytes]]:
        return {}

    @cached_property
    def converter(self):
        """nbgrader's own autograder: not to run, but for its settings and its permissions."""
        from nbgrader.converters import Autograde

        return Autograde(coursedir=self.directory, config=self.config, log=self.log)


def open_course(root: Path | None, log: str) -> CourseFolder:
    """The course in the folder `root` (None: where the configuration says).

    log: name of the file in that folder that takes what nbgrader and the workers have to say
    """
    need_nbgrader()
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import PyFileConfigLoader

    place = settings.nbgrader_config(root)
    with settings.at_work(root):
        config = PyFileConfigLoader(place.name, path=str(place.parent)).load_config()
    directory = CourseDirectory(config=config, log=logging.Logger("grading", logging.WARNING))
    if not Path(directory.root).is_dir():
        raise GradingError(f"There is no course in {directory.root}: that folder does not exist.")
    log_file = Path(directory.root, log)
    handler = logging.FileHandler(log_file, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    directory.log.addHandler(handler)
    return CourseFolder(config, directory, directory.log, log_file)


def load_assignment(course: CourseFolder, name: str, sandbox: str = "auto") -> Assignment:
    """All that a worker must know to grade submissions of the assignment."""
    released = _notebooks(course.path("release", ".", name))
    instructor = _notebooks(course.path("source", ".", name))
    if not released or released.keys() - instructor.keys():
        where = course.path("release", ".", name)
        raise GradingError(
            f"{where}: no notebooks of {name}, or their sources are missing. Run `python -m "
            f"grading build --course {course.root}` first, or check the assignment's name."
        )
    instructor = {notebook: instructor[notebook] for notebook in released}
    secret = course_secret(course.root)
    earlier = store.earlier(course.root, name, released)
    kinds = (released, instructor, *earlier.values())
    notebooks = [part for kind in kinds for item in kind.items() for part in item]
    assignment = Assignment(
        name=name,
        released=released,
        instructor=instructor,
        secret=secret,
        limits=limits_of_environment(),
        sandbox=sandbox,
        checks_hash=hash_of([code_hash(), secret, *notebooks]),
        earlier=earlier,
    )
    return replace(assignment, made_from=made_from(assignment))


def _notebooks(folder: Path) -> dict[str, bytes]:
    return {path.stem: path.read_bytes() for path in sorted(folder.glob("*.ipynb"))}


def chosen(students: list[str], patterns: list[str] | None) -> list[str]:
    """The students whom one of the patterns names (`*` stands for anything); all without any."""
    if not patterns:
        return students
    found = {}
    for pattern in patterns:
        found[pattern] = [s for s in students if s == pattern or fnmatch.fnmatchcase(s, pattern)]
    unknown = [pattern for pattern, names in found.items() if not names]
    if unknown:
        raise GradingError(f"Nobody handed in anything by the name of {', '.join(unknown)}.")
    named = {name for names in found.values() for name in names}
    return [student for student in students if student in named]
