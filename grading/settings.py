"""Where things are in this repository, and the course's own settings (course.toml)."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from grading.errors import GradingError

ROOT = Path(__file__).resolve().parent.parent
GRADING = ROOT / "grading"
SOURCE = GRADING / "source"
REFERENCE = GRADING / "reference"
ASSIGNMENTS = ROOT / "assignments"
# A course at work (submissions, gradebook, feedback): ignored by git.
COURSE = Path(os.environ.get("CS231N_COURSE") or GRADING / "course").absolute()
SETTINGS = GRADING / "course.toml"
ADDRESS = r"https?://[^\s\"'\\<>]+[^\s\"'\\<>/]"


@dataclass(frozen=True)
class Settings:
    """course_id: nbgrader's name of the course; repository: its address; branch: what is shown.

    wheels: a page that links to the package's wheels, for Colab; empty for the GitHub release of
    this version
    database: SQLAlchemy's URL of the gradebook; empty for gradebook.db in the course's folder
    """

    course_id: str = "cs231n"
    repository: str = "https://github.com/OWNER/REPOSITORY"
    branch: str = "main"
    wheels: str = ""
    database: str = ""

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


def load(path: Path = SETTINGS, **changes: str | None) -> Settings:
    """The settings of course.toml; a change that is not None takes the place of what is there."""
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
        if not isinstance(value, str):
            raise GradingError(f"{path}: {key} should be a text in quotation marks, not {value!r}.")
    return Settings(**values)


def database_url(course: Path) -> str:
    """The address of the gradebook of the course in a folder.

    The environment variable CS231N_DATABASE_URL (an address may hold a password), else the setting
    `database`, else SQLite in the folder.
    """
    given = os.environ.get("CS231N_DATABASE_URL") or load().database
    # Two graders at work wait for each other instead of failing with "database is locked".
    return given or f"sqlite:///{course.resolve() / 'gradebook.db'}?timeout=60"
