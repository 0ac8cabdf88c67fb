"""Where things are in this repository, and the course's own settings (course.toml)."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cs231n.language import known
from grading import settings_tables as tables
from grading.errors import GradingError
from grading.late import Late

ROOT = Path(__file__).resolve().parent.parent
GRADING = ROOT / "grading"
SOURCE = GRADING / "source"
REFERENCE = GRADING / "reference"
ASSIGNMENTS = ROOT / "assignments"
SETTINGS = GRADING / "course.toml"
NBGRADER_CONFIG = "nbgrader_config.py"
ADDRESS = r"https?://[^\s\"'\\<>]+[^\s\"'\\<>/]"
LANGUAGES = known()  # those of the notebooks
PATIENCE = 60  # seconds for a gradebook that another program writes into


def by_number(name: str) -> tuple[int, str]:
    """A notebook's place among the others, told by its name: 9_… stands before 10_…."""
    number = re.match(r"[0-9]*", name)[0]
    return int(number or 0), name


def course_folder() -> Path:
    """The folder of the course at work (submissions, gradebook, feedback)."""
    return Path(os.environ.get("CS231N_COURSE") or GRADING / "course").absolute()


COURSE = course_folder()


@dataclass(frozen=True)
class Settings:
    """course_id: nbgrader's name of the course; repository: its address; branch: what is shown.

    wheels: a page that links to the package's wheels, for Colab; empty for the GitHub release of
    this version
    database: SQLAlchemy's URL of the gradebook; empty for gradebook.db in the course's folder
    language: of the notebooks; time_zone: of dates that name none
    leave_out: exercises that are not graded; points: exercise -> points, in place of the source's
    due: assignment -> when it is due; late: what lateness costs
    """

    course_id: str = "cs231n"
    repository: str = "https://github.com/OWNER/REPOSITORY"
    branch: str = "main"
    wheels: str = ""
    database: str = ""
    language: str = "en"
    time_zone: str = "UTC"
    leave_out: tuple[str, ...] = ()
    points: Mapping[str, float] = field(default_factory=dict)
    due: Mapping[str, datetime] = field(default_factory=dict)
    late: Late = field(default_factory=Late)

    def __post_init__(self):
        if not re.fullmatch(r"[\w.-]+", self.course_id):
            raise GradingError(
                f"course_id {self.course_id!r}: use letters, digits, `-`, `_` and `.` only."
            )
        for name in ("repository", "wheels"):
            address = getattr(self, name)
            if (address or name == "repository") and not re.fullmatch(ADDRESS, address):
                raise GradingError(
                    f"{name} {address!r}: expected an address such as "
                    "https://github.com/OWNER/REPOSITORY, without a slash at its end."
                )
        if not re.fullmatch(r"[\w./-]+", self.branch):
            raise GradingError(f"branch {self.branch!r} is not the name of a branch.")
        if self.database and not re.match(r"[\w+]+://", self.database):
            raise GradingError(
                f"database {self.database!r}: expected an address such as "
                "postgresql+psycopg://USER@HOST/NAME."
            )
        if self.language not in LANGUAGES:
            raise GradingError(
                f"language {self.language!r}: the notebooks are not written in it. Set language to "
                f"one of: {', '.join(LANGUAGES)}."
            )
        tables.zone(self.time_zone)

    @property
    def github(self) -> str | None:
        """OWNER/REPOSITORY, or None where the course is elsewhere."""
        found = re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+?)(\.git)?", self.repository)
        return found and found[1]

    @property
    def wheels_page(self) -> str:
        """Where the set-up cell looks for wheels in Colab; empty where there is no such page."""
        if self.wheels or not self.github:
            return self.wheels
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        # The part of a release's page that lists its files, without the script that shows it.
        release = f"releases/expanded_assets/v{project['version']}"
        return f"https://github.com/{self.github}/{release}"


def file_of(course: Path | None = None) -> Path:
    """The settings of the course in a folder: its own course.toml, else the kit's."""
    own = (course or course_folder()) / SETTINGS.name
    return own if own.exists() else SETTINGS


def nbgrader_config(course: Path | None = None) -> Path:
    """nbgrader's configuration of the course in a folder: its own, else the kit's."""
    own = (course or course_folder()) / NBGRADER_CONFIG
    return own if own.exists() else GRADING / NBGRADER_CONFIG


def load(path: Path | None = None, **changes: object) -> Settings:
    """The settings in a file; a change that is not None takes the place of what is there.

    path: None is the course.toml of the course at work, see file_of
    """
    path = path or file_of()
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        values = {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise GradingError(f"{path}: not a TOML file ({problem}).") from None
    values |= {key: value for key, value in changes.items() if value is not None}
    known = Settings.__dataclass_fields__
    for key, value in values.items():
        if key not in known:
            raise GradingError(f"{path}: unknown setting {key!r}. Known are {', '.join(known)}.")
        if known[key].type == "str" and not isinstance(value, str):
            raise GradingError(f"{path}: {key} should be a text in quotation marks, not {value!r}.")
    try:
        return Settings(**values | _tables(values))
    except GradingError as problem:
        where = "" if any(value is not None for value in changes.values()) else f"{path}: "
        raise GradingError(f"{where}{str(problem).rstrip('.')}.") from None


def _tables(values: Mapping) -> dict:
    read = {"leave_out": tables.names, "points": tables.points, "late": tables.late}
    found = {key: convert(values[key]) for key, convert in read.items() if key in values}
    if "due" in values:
        found["due"] = tables.due(values["due"], values.get("time_zone", "UTC"))
    return found


def database_url(course: Path) -> str:
    """The address of the gradebook of the course in a folder.

    The environment variable CS231N_DATABASE_URL (an address may hold a password), else the setting
    `database`, else SQLite in the folder.
    """
    given = os.environ.get("CS231N_DATABASE_URL") or load(file_of(course)).database
    return patient(given or f"sqlite:///{course.resolve() / 'gradebook.db'}")


def patient(url: str) -> str:
    """SQLite's address with the time for which programs wait for each other.

    Without, the second one fails after 5 s with "database is locked".
    """
    if not url.startswith("sqlite:") or "timeout=" in url:
        return url
    return f"{url}{'&' if '?' in url else '?'}timeout={PATIENCE}"


def secret(course: Path | None = None) -> str:
    """The course's own secret: CS231N_COURSE_SECRET where it is set, else the course's file."""
    given = os.environ.get("CS231N_COURSE_SECRET")
    if given is not None:
        return given
    path = (course or course_folder()) / "secret"
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise GradingError(f"{path}: expected a line of text, and it is none.") from None


@contextmanager
def at_work(course: Path | None) -> Iterator[None]:
    """For a while, the course at work is the one in this folder (None: as it was)."""
    before = os.environ.get("CS231N_COURSE")
    try:
        if course is not None:
            os.environ["CS231N_COURSE"] = str(course.resolve())
        yield
    finally:
        os.environ.pop("CS231N_COURSE", None)
        if before is not None:
            os.environ["CS231N_COURSE"] = before
