"""Would this build fit into a gradebook that has submissions? Asked before it is touched."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from nbformat import NotebookNode

from grading import settings
from grading.errors import GradingError
from grading.needs import put_environment_on_path


def database_url(course: Path) -> str:
    """The address of a course's gradebook: the configured one, or gradebook.db in its folder."""
    from traitlets.config import PyFileConfigLoader

    place = settings.nbgrader_config(course)
    if place.is_file():
        with settings.at_work(course):
            config = PyFileConfigLoader(place.name, path=str(place.parent)).load_config()
        configured = config.CourseDirectory.get("db_url")
        if isinstance(configured, str) and configured and not configured.startswith("sqlite:"):
            return configured
    return settings.patient(f"sqlite:///{(course / 'gradebook.db').resolve()}")


@contextmanager
def opened(db_url: str, course_id: str) -> Iterator:
    """nbgrader's gradebook, closed at the end; a GradingError where the database refuses."""
    from nbgrader.api import Gradebook, InvalidEntry
    from sqlalchemy.exc import SQLAlchemyError

    put_environment_on_path()
    try:
        make(db_url, course_id)
        say_if_locked(db_url)
        with Gradebook(db_url, course_id) as book:
            yield book
    except (SQLAlchemyError, InvalidEntry, ImportError) as problem:
        raise GradingError(
            f"The gradebook could not be used: {str(problem).splitlines()[0]}\n"
            "`python -m grading doctor` looks for the reason."
        ) from None


def make(db_url: str, course_id: str) -> None:
    """Make the gradebook, where it is a file that is not there: whole, or not at all.

    nbgrader makes one table after another, and does not go on with what it left half-made.
    """
    if not is_missing_file(db_url):
        return
    from nbgrader.api import Gradebook

    path = _file_of(db_url)
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)  # of a process that was killed
    with Gradebook(f"sqlite:///{new}", course_id):
        pass
    with suppress(FileExistsError):  # somebody else was faster
        os.link(new, path)
    new.unlink()


def say_if_locked(db_url: str) -> None:
    """Say so where another program is writing into an SQLite gradebook, and we shall wait."""
    if not db_url.startswith("sqlite:///") or is_missing_file(db_url):
        return
    db = sqlite3.connect(_file_of(db_url), timeout=0, isolation_level=None)
    try:
        db.execute("BEGIN IMMEDIATE")
        db.execute("ROLLBACK")
    except sqlite3.OperationalError as problem:
        if "locked" in str(problem):
            print("Another program is writing into the gradebook: waiting …", file=sys.stderr)
    except sqlite3.DatabaseError:
        pass  # told when it is opened
    finally:
        db.close()


def refuse_conflicts(
    db_url: str, course_id: str, assignment: str, notebooks: Mapping[str, NotebookNode]
) -> None:
    """An error when submissions exist and the build adds or removes notebooks or graded cells.

    nbgrader keeps a score for each cell of each submission and does not change that set later.
    """
    if is_missing_file(db_url):
        return
    from nbgrader.api import Gradebook, MissingEntry
    from sqlalchemy.exc import SQLAlchemyError

    differences = []
    try:
        with Gradebook(db_url, course_id) as gradebook:
            recorded = gradebook.find_assignment(assignment)
            if recorded.submissions:
                names = {notebook.name for notebook in recorded.notebooks}
                differences += _changes("notebook", names, set(notebooks))
            for notebook in recorded.notebooks:
                if notebook.submissions and notebook.name in notebooks:
                    old, new = _recorded_cells(notebook), _cells(notebooks[notebook.name])
                    differences += _changes(f"{notebook.name}: cell", old, new)
    except MissingEntry:
        return
    except SQLAlchemyError as problem:
        raise GradingError(
            f"The gradebook {db_url} cannot be read: {str(problem).splitlines()[0]}"
        ) from None
    if differences:
        raise GradingError(
            f"The gradebook {db_url} already has submissions of {assignment}, and this build "
            "would change what they are graded on:\n  " + "\n  ".join(differences) + "\n"
            "nbgrader cannot add or remove graded cells then, so nothing was written. Either\n"
            "- give those cells their old ids and roles back in grading/source, or\n"
            "- build for a new course folder: python -m grading build --course DIR, or\n"
            "- drop the assignment with all its scores from this gradebook (in the course's "
            f"folder: nbgrader db assignment remove {assignment} --force), then build and grade "
            "again."
        )


def is_missing_file(db_url: str) -> bool:
    """Whether the gradebook is a file that does not exist yet."""
    return db_url.startswith("sqlite:///") and not _file_of(db_url).exists()


def _file_of(db_url: str) -> Path:
    return Path(db_url.removeprefix("sqlite:///").partition("?")[0])


def _recorded_cells(notebook) -> set[str]:
    groups = {
        "graded": notebook.grade_cells,
        "solution": notebook.solution_cells,
        "source": notebook.source_cells,
    }
    return {f"{cell.name} ({role})" for role, cells in groups.items() for cell in cells}


def _cells(notebook: NotebookNode) -> set[str]:
    found = set()
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader", {})
        roles = [
            role
            for role, on in (
                ("graded", about.get("grade")),
                ("solution", about.get("solution")),
                ("source", about),
            )
            if on
        ]
        found |= {f"{about['grade_id']} ({role})" for role in roles}
    return found


def _changes(what: str, old: set[str], new: set[str]) -> list[str]:
    added = [f"{what} added: {name}" for name in sorted(new - old)]
    return added + [f"{what} removed: {name}" for name in sorted(old - new)]
