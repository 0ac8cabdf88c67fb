"""Checks of a course: its settings, secret, gradebook, due dates, and the build."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from grading import settings
from grading.doctor.finding import Finding, fine, missing, note
from grading.errors import GradingError

CONNECT_SECONDS = 5
INSTALL = 'python -m pip install -e ".[grading]"'


def command(name: str, course: Path) -> str:
    """What to type to run a command of the grader on this course."""
    at = "" if course.absolute() == settings.COURSE else f" --course {shlex.quote(str(course))}"
    return f"python -m grading {name}{at}"


def folder(course: Path) -> Finding:
    """The course's settings can be read."""
    path = settings.file_of(course)
    own = settings.load(path)
    where = f"{course.absolute()}, settings in {path}"
    if not course.is_dir():
        return note(f"there is no {course} yet", "python -m grading init DIR")
    if own.repository.endswith("/OWNER/REPOSITORY"):
        return note(f"{where}: repository is still the example", f"Put your address into {path}.")
    return fine(f"{own.course_id} in {where}")


def secret(course: Path) -> Finding:
    """The course has random numbers of its own, and nobody else can read what they come from."""
    path = course / "secret"
    if "CS231N_COURSE_SECRET" in os.environ:
        if os.environ["CS231N_COURSE_SECRET"]:
            return fine("in CS231N_COURSE_SECRET")
        return note("CS231N_COURSE_SECRET is set and empty", "unset CS231N_COURSE_SECRET")
    if not settings.secret(course):
        return note("none: hidden checks use the same numbers as every other course",
                    "export CS231N_COURSE_SECRET=TEXT, or begin with `python -m grading init`"
                    )  # fmt: skip
    if path.stat().st_mode & 0o077 and os.name == "posix":
        return missing(f"{path} can be read by others", f"chmod 600 {shlex.quote(str(path))}")
    return fine(str(path))


def gradebook(course: Path) -> Finding:
    """The gradebook opens, is whole, and has the form that this nbgrader wants."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import SQLAlchemyError

    from grading import gradebook as book

    url = make_url(book.database_url(course))
    shown = url.render_as_string(hide_password=True).partition("?")[0]
    if url.get_backend_name() == "sqlite" and not Path(url.database).exists():
        return note(f"{shown} is not there yet", command("build", course))
    if url.get_backend_name() == "sqlite" and not os.access(url.database, os.W_OK):
        return missing(f"{shown} cannot be written", f"See who owns it: ls -l {url.database}")
    try:
        here, students, trouble = _look_into(url)
    except (SQLAlchemyError, ImportError) as problem:
        if "database is locked" in str(problem):
            return note(f"{shown} is in use by another program", "Look again when that is done.")
        return missing(
            f"{shown} cannot be opened: {str(problem).splitlines()[0]}",
            "Is the database running, its name right, and the extra `postgres` installed?",
        )
    if trouble:
        return missing(f"{shown} is damaged: {trouble}", "Put your last copy in its place.")
    if here is None:
        return note(f"{shown} is empty", command("build", course))
    if here != _wanted_revision():
        return missing(
            f"{shown} is of another version of nbgrader ({', '.join(here) or 'unknown'})",
            f"Make a copy of it, then: cd {shlex.quote(str(course))} && nbgrader db upgrade",
        )
    return fine(f"{shown}, {students} students")


def _look_into(url) -> tuple[set[str] | None, int, str]:
    """Returns a tuple of: the revision (None: no tables), number of students, what is damaged."""
    from sqlalchemy import create_engine, inspect, text

    sqlite = url.get_backend_name() == "sqlite"
    waits = {"timeout" if sqlite else "connect_timeout": CONNECT_SECONDS}
    engine = create_engine(url.difference_update_query(["timeout"]), connect_args=waits)
    try:
        with engine.connect() as db:
            whole = db.scalar(text("PRAGMA quick_check(1)")) if sqlite else "ok"
            if whole != "ok":
                return None, 0, whole
            if not inspect(db).has_table("alembic_version"):
                return None, 0, ""
            here = set(db.scalars(text("SELECT version_num FROM alembic_version")))
            return here, db.scalar(text("SELECT count(*) FROM student")), ""
    finally:
        engine.dispose()


def _wanted_revision() -> set[str]:
    from alembic.script import ScriptDirectory
    from nbgrader.dbutil import ALEMBIC_DIR

    return set(ScriptDirectory(ALEMBIC_DIR).get_heads())


def due_dates(course: Path) -> Finding:
    """The gradebook has the dates of course.toml."""
    from grading import due
    from grading import gradebook as book

    own = settings.load(settings.file_of(course))
    if not own.due:
        return note("none in course.toml: nothing is late", f"{settings.file_of(course)}, [due]")
    url = book.database_url(course)
    dates = {}
    if not book.is_missing_file(url):
        with book.opened(url, own.course_id) as opened:
            dates = due.recorded(opened)
    other = [name for name, when in own.due.items() if dates.get(name) != due.in_utc(when)]
    if other:
        return missing(
            f"{', '.join(other)}: the gradebook's date is not that of course.toml",
            command("due", course),
        )
    return fine(f"{len(own.due)} in {own.time_zone}; lateness: {own.late}")


def assignments(course: Path) -> Finding:
    """The course was built from the sources as they are, and assignments/ is what it released."""
    from grading import build

    again = command("build", course)
    fresh = build.is_fresh(course)
    if fresh is None:
        return note(f"{course} was not built yet", again)
    if not fresh:
        return note("sources, points or settings have changed since the last build", again)
    other = [
        f"{path.parent.name}/{path.name}"
        for path in sorted((course / "release").glob("*/*.ipynb"))
        if not _same(path, settings.ASSIGNMENTS / path.parent.name / path.name)
    ]
    if other:
        more = f" and {len(other) - 1} more" if len(other) > 1 else ""
        return note(f"assignments/ differs from what was released: {other[0]}{more}", again)
    return fine("the course and assignments/ are as the sources say")


def _same(one: Path, other: Path) -> bool:
    try:
        return one.read_bytes() == other.read_bytes()
    except FileNotFoundError:
        return False


def readable(check, course: Path) -> Finding:
    """A check's finding; what it could not do itself is a finding as well."""
    try:
        return check(course)
    except GradingError as problem:
        return missing(str(problem), "Mend what the sentence names, and look again.")
    except ImportError as problem:
        return missing(
            f"could not be looked at: {problem}", 'python -m pip install -e ".[grading]"'
        )
    except Exception as problem:  # a doctor that falls ill still names the others
        said = f"{type(problem).__name__}: {problem}"
        return missing(f"could not be looked at: {said}", "Please report this with the line above.")
