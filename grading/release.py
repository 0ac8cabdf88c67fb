"""From instructors' notebooks to students': nbgrader's own GenerateAssignment, run on a copy."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Mapping
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from grading.errors import GradingError
from grading.notebooks import to_bytes
from grading.settings import nbgrader_config

STUB = '# YOUR CODE HERE\nraise NotImplementedError("not implemented yet")'


def release(
    assignment: str, notebooks: Mapping[str, NotebookNode], course_id: str, db_url: str = ""
) -> dict[str, NotebookNode]:
    """The students' version of an assignment's notebooks, as nbgrader makes it.

    Works in a temporary folder. With db_url the cells are also recorded in that gradebook.
    """
    with tempfile.TemporaryDirectory(prefix="grading-build-") as folder:
        root = Path(folder).resolve()
        source = root / "source" / assignment
        source.mkdir(parents=True)
        for name, notebook in notebooks.items():
            (source / f"{name}.ipynb").write_bytes(to_bytes(notebook))
        _convert(_config(root, assignment, course_id, db_url))
        released = root / "release" / assignment
        return {
            name: nbformat.read(released / f"{name}.ipynb", as_version=nbformat.NO_CONVERT)
            for name in notebooks
        }


def _config(root: Path, assignment: str, course_id: str, db_url: str):
    """The course's nbgrader configuration, with this build's folders and database."""
    from traitlets.config import Config, PyFileConfigLoader

    config = Config()
    place = nbgrader_config()
    if place.is_file():
        config.merge(PyFileConfigLoader(place.name, path=str(place.parent)).load_config())
    own = Config()
    own.CourseDirectory.root = str(root)
    own.CourseDirectory.course_id = course_id
    own.CourseDirectory.assignment_id = assignment
    own.CourseDirectory.notebook_id = "*"
    own.CourseDirectory.source_directory = "source"
    own.CourseDirectory.release_directory = "release"
    own.CourseDirectory.directory_structure = "{nbgrader_step}/{student_id}/{assignment_id}"
    own.ClearSolutions.code_stub = {"python": STUB}
    own.GenerateAssignment.force = True
    if db_url:
        own.CourseDirectory.db_url = db_url
    else:
        own.SaveCells.enabled = False
        own.GenerateAssignment.no_database = True
    config.merge(own)
    return config


class _Kept(logging.Handler):
    """Keeps what nbgrader says went wrong, for the error message."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage().strip())


def _convert(config) -> None:
    from nbgrader.converters import GenerateAssignment
    from nbgrader.converters.base import NbGraderException
    from nbgrader.coursedir import CourseDirectory

    log = logging.Logger("grading.release")
    kept = _Kept()
    log.addHandler(kept)
    course = CourseDirectory(config=config, log=log)
    try:
        GenerateAssignment(coursedir=course, config=config, log=log).start()
    except NbGraderException as problem:
        said = "\n".join(kept.lines).strip()
        raise GradingError(
            f"nbgrader could not generate the assignment.\n{said or problem}"
        ) from None
