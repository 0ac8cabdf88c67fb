"""Make a course: a folder with its settings, its secret, nbgrader's configuration, its students.

The folder must be new or empty. Everything is written or nothing; nothing is asked. What is not
said here can be written into DIR/course.toml afterwards.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import secrets
import shlex
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

from grading import build, due, files, points, settings
from grading.errors import GradingError
from grading.needs import need_nbgrader
from grading.notebooks import read_cells
from grading.settings import GRADING, NBGRADER_CONFIG, ROOT, SETTINGS, Settings
from grading.start import course_files, roster

SUMMARY = "Make a course: its folder, settings, secret, due dates, students."
STAGE = ".course.new"  # the folder in which a course is made


def init(
    folder: Path,
    course: Settings,
    students: roster.ClassList | None = None,
    dry_run: bool = False,
    say: Callable[[str], None] = print,
    sources: build.Sources | None = None,
) -> None:
    """Make the course's folder, with the gradebook where there are students or due dates."""
    folder = folder.resolve()
    _clear_away(folder)
    _refuse(folder)
    sources = sources or build.Sources()
    assignments = build.assignments(sources)
    due.check_names(course.due, assignments)
    graded = {
        name: points.graded(read_cells(sources.folder / assignment / f"{name}.py"))
        for assignment, names in assignments.items()
        for name in names
    }
    points.check_names(course, graded)
    dates = {name: course.due.get(name) for name in assignments}
    texts = {
        SETTINGS.name: course_files.settings_text(course, graded, dates),
        NBGRADER_CONFIG: course_files.configuration(),
    }
    has_gradebook = bool(students or course.due)
    names = [*texts, "secret", *(["gradebook"] if has_gradebook else [])]
    if dry_run:
        for name in names:
            where = "the gradebook" if name == "gradebook" else folder / name
            say(f"would write {where}")
        if students:
            say(roster.told(roster.compare(students.students.values(), {}, 0), False))
        return
    with _staged(folder) as stage:
        for name, text in texts.items():
            (stage / name).write_text(text, encoding="utf-8")
        settings.load(stage / SETTINGS.name)  # as every command will read it
        _write_secret(stage / "secret")
        if has_gradebook:
            url = os.environ.get("CS231N_DATABASE_URL") or course.database
            url = url or f"sqlite:///{stage / 'gradebook.db'}"
            due.put(url, course)
            if students:
                changes = roster.take_in(students.students.values(), url, course.course_id)
                say(roster.told(changes, False))
    say(f"The course is in {folder}: {', '.join(names)}.")


def _refuse(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise GradingError(f"{folder} is a file: name a new or empty folder.")
    if folder.is_dir() and any(folder.iterdir()):
        raise GradingError(f"{folder} is not empty, and nothing in it was changed. Name a new one.")
    ignored_by_git = (GRADING / "course", GRADING / "work")
    if folder.is_relative_to(ROOT) and not any(map(folder.is_relative_to, ignored_by_git)):
        raise GradingError(
            f"{folder} is in the repository, and a course's secret and grades must not be there. "
            "Name a folder elsewhere, or grading/course, which git ignores."
        )
    if set("?#%") & set(str(folder)):
        raise GradingError(f"{folder}: a database's address cannot hold `?`, `#` or `%`.")
    if not folder.parent.is_dir():
        raise GradingError(f"{folder.parent} does not exist: make it first.")


def _stage(folder: Path) -> Path:
    """Where the course is made: in a folder that is there, else beside it."""
    if folder.is_dir():
        return folder / STAGE
    number = hashlib.sha256(os.fsencode(folder.name)).hexdigest()[:16]  # a name may be long
    return folder.parent / f".{number}{STAGE}"


def _clear_away(folder: Path) -> None:
    """Remove what an `init` left that was killed: its stage, and links to files in that."""
    stage = _stage(folder)
    if not stage.is_dir() or stage.is_symlink():
        return
    with files.held(stage, alone=True) as dead:
        if not dead:
            raise GradingError(f"Another `init` is at work in {folder}. Wait until it is done.")
        if not (folder / SETTINGS.name).exists():  # the last one to get there
            for path in stage.iterdir():
                if (folder / path.name).exists() and path.samefile(folder / path.name):
                    (folder / path.name).unlink()
        shutil.rmtree(stage)


@contextmanager
def _staged(folder: Path) -> Iterator[Path]:
    """A folder whose content becomes the course's when all went well, and vanishes if not.

    A folder that is there keeps its rights (and may be where somebody's shell is); a new one is
    its owner's alone, as grades are private.
    """
    is_there = folder.is_dir()
    stage = _stage(folder)
    stage.mkdir(mode=0o700)
    moved: list[Path] = []
    try:
        with files.held(stage):
            yield stage
            if not is_there:
                stage.rename(folder)
                return
            if [path for path in folder.iterdir() if path != stage]:
                raise GradingError(f"{folder} was filled meanwhile, and nothing in it was changed.")
            for path in sorted(stage.iterdir(), key=lambda path: path.name == SETTINGS.name):
                os.link(path, folder / path.name)
                moved.append(folder / path.name)
            shutil.rmtree(stage)
    except BaseException:
        for path in moved:
            path.unlink(missing_ok=True)
        shutil.rmtree(stage, ignore_errors=True)
        raise


def _write_secret(path: Path) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(32) + "\n")


def configure(parser: argparse.ArgumentParser) -> None:
    kit = settings.Settings()
    parser.add_argument("folder", type=Path, metavar="DIR", help="a new or empty folder")
    parser.add_argument("--course-id", metavar="NAME", help="nbgrader's name of the course")
    parser.add_argument("--repository", metavar="URL", help="where students find the notebooks")
    parser.add_argument("--branch", help="its branch that students see")
    parser.add_argument("--wheels", metavar="URL", help="a page with wheels, for Colab")
    parser.add_argument("--database", metavar="URL", help="the gradebook (default: a file in DIR)")
    parser.add_argument("--language", help=f"of the notebooks (default: {kit.language})")
    parser.add_argument(
        "--due",
        type=_due,
        action="append",
        default=[],
        metavar="ASSIGNMENT=DATE",
        help="such as assignment1=2026-02-03 (the end of that day) or …=2026-02-03T18:00",
    )
    parser.add_argument("--time-zone", metavar="ZONE", help="of the dates (default: UTC)")
    parser.add_argument("--late-percent", type=float, metavar="P", help="taken off a late day")
    parser.add_argument("--late-at-most", type=float, metavar="P", help="percent, however late")
    parser.add_argument("--late-zero-after", type=float, metavar="DAYS", help="then nothing counts")
    parser.add_argument(
        "--points", type=_points, action="append", default=[], metavar="EXERCISE=POINTS"
    )
    parser.add_argument(
        "--leave-out", nargs="+", action="extend", metavar="EXERCISE", help="are not graded"
    )
    parser.add_argument("--roster", type=Path, metavar="CSV", help="the class list, as in `roster`")
    roster.add_options(parser)
    parser.add_argument("--dry-run", action="store_true", help="only list what would be written")


def _due(text: str) -> tuple[str, datetime | date]:
    name, _, when = text.partition("=")
    try:
        return name, datetime.fromisoformat(when) if len(when) > 10 else date.fromisoformat(when)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r}: expected ASSIGNMENT=DATE, such as assignment1=2026-02-03T23:59"
        ) from None


def _points(text: str) -> tuple[str, float]:
    name, _, value = text.rpartition("=")
    try:
        return name, int(value) if value.isdigit() else float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: expected EXERCISE=POINTS") from None


def run(args: argparse.Namespace) -> int:
    need_nbgrader()
    late = {
        "percent_per_day": args.late_percent,
        "at_most": args.late_at_most,
        "zero_after_days": args.late_zero_after,
    }
    names = ("course_id", "repository", "branch", "wheels", "database", "language", "time_zone")
    given = {name: getattr(args, name) for name in names} | {
        "due": dict(args.due) or None,
        "points": dict(args.points) or None,
        "leave_out": args.leave_out,
        "late": {key: value for key, value in late.items() if value is not None} or None,
    }
    course = settings.load(SETTINGS, **given)  # what is not given is as in the kit's course.toml
    students = roster.checked(args.roster, args.canvas_id, args.skip) if args.roster else None
    for word in students.words if students else ():
        print(f"! {word}")
    init(args.folder, course, students, args.dry_run)
    for problem in students.problems if students else ():
        print(f"left out: {problem}")
    if not args.dry_run:
        print(
            f"Next: export CS231N_COURSE={shlex.quote(str(args.folder.resolve()))}\n"
            "      python -m grading doctor, then python -m grading build"
        )
    return roster.INCOMPLETE if students and students.problems else 0
