"""The files of a new course's folder: course.toml, nbgrader_config.py, secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from grading.settings import ROOT, Settings

CONFIG = '''\
"""nbgrader's configuration of this course: the kit's own; yours goes below, and counts more.

nbgrader's commands work in this folder: nbgrader zip_collect assignment1, jupyter lab, ...
"""

import os
from pathlib import Path

KIT = Path({kit})  # where the course kit is; if you move it, say so here

if not (KIT / "grading").is_dir():
    raise FileNotFoundError(f"{{KIT}} does not hold the course kit: change KIT in {{__file__}}")
os.environ["CS231N_COURSE"] = str(Path(__file__).resolve().parent)
load_subconfig("nbgrader_config.py", path=str(KIT / "grading"))  # noqa: F821 (given by traitlets)

c = get_config()  # noqa: F821 (given by traitlets)
'''

SETTINGS = """\
# The settings of this course, in the folder that CS231N_COURSE or --course names. After a change:
# python -m grading build (after dates alone: python -m grading due). `doctor` checks them.

# The name under which nbgrader keeps this course.
course_id = {course_id}

# Where students find the notebooks (the Colab badge, and Colab's installation), and the branch.
repository = {repository}
branch = {branch}

# A page with the package's wheels, for Colab; empty for the GitHub release of this version.
wheels = {wheels}

# Where grades are kept: empty for gradebook.db in this folder, else SQLAlchemy's address of a
# database. An address with a password belongs in the variable CS231N_DATABASE_URL instead.
database = {database}

# The language of the course: "en", or "zh" for Chinese. Notebooks are handed out in all languages;
# this one is used for students who have handed in nothing that says theirs.
language = {language}

# The time zone of the dates below.
time_zone = {time_zone}

# Exercises that are not graded. They stay in the notebooks, to practise.
leave_out = {leave_out}

# When assignments are due. A date alone is the last second of that day.
[due]
{due}

# What lateness costs, a notebook at a time.
[late]
# Percent of the score, taken off for each day that has begun, and the most of it.
percent_per_day = {percent_per_day}
at_most = {at_most}
# What comes later than so many days counts nothing.
{zero_after_days}

# Points in place of those of the kit, which are shown.
[points]
{points}
"""


def configuration() -> str:
    """The text of nbgrader_config.py."""
    return CONFIG.format(kit=repr(str(ROOT)))


def settings_text(course: Settings, points: Mapping[str, Mapping], dates) -> str:
    """The text of course.toml.

    points: notebook -> {exercise or question: the kit's points}
    dates: assignment -> due date (None: not known yet)
    """
    texts = ("course_id", "repository", "branch", "wheels", "database", "language", "time_zone")
    zero = course.late.zero_after_days
    return SETTINGS.format(
        leave_out=f"[{', '.join(_text(name) for name in course.leave_out)}]",
        due="\n".join(_due(name, when) for name, when in dates.items()),
        percent_per_day=f"{course.late.percent_per_day:g}",
        at_most=f"{course.late.at_most:g}",
        zero_after_days="# zero_after_days = 7" if zero is None else f"zero_after_days = {zero:g}",
        points="\n".join(_points(points, course.points)),
        **{name: _text(getattr(course, name)) for name in texts},
    )


def _text(value: str) -> str:
    """A text as TOML writes it: JSON's rules are among TOML's, but for one character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _due(name: str, when: datetime | None) -> str:
    return f"# {name} = 2026-02-03T23:59:00" if when is None else f"{name} = {when.isoformat()}"


def _points(kits: Mapping[str, Mapping[str, float]], own: Mapping[str, float]) -> list[str]:
    """A line for each exercise: the course's points, or the kit's behind a comment sign."""
    names = [name for graded in kits.values() for name in graded]
    lines = []
    for notebook, graded in kits.items():
        lines.append(f"# {notebook}")
        for name, kit in graded.items():
            key = name if names.count(name) == 1 else f"{notebook}/{name}"
            written = key if key.replace("_", "").replace("-", "").isalnum() else _text(key)
            mine = own.get(key, own.get(f"{notebook}/{name}"))
            lines.append(f"# {written} = {kit:g}" if mine is None else f"{written} = {mine:g}")
    return lines
