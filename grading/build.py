"""Build the notebooks: sources and reference solutions -> instructor's and students' notebooks.

Writes the instructor's notebooks (with solutions and hidden tests) to COURSE/source, what nbgrader
makes of them to COURSE/release, records the graded cells in the course's gradebook, and writes the
students' notebooks to the output folder. Nothing is written unless everything could be built.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from cs231n.check import diagnosis
from grading import due, files, gradebook, markers, points, settings
from grading.engine.tasks import hash_of
from grading.errors import GradingError
from grading.mistakes import shipped
from grading.notebooks import Material, build_notebook, read_cells, to_bytes
from grading.release import release
from grading.settings import ASSIGNMENTS, COURSE, REFERENCE, SOURCE, Settings, by_number
from grading.solutions import read_solutions
from grading.translation import catalogue
from grading.translation.edition import translated

SUMMARY = "Build the assignments from their sources (--check: only compare)."

BUILT_FROM = ".built_from"  # in the course's folder
Built = dict[str, dict[str, NotebookNode]]  # assignment -> notebook's name -> notebook


@dataclass(frozen=True)
class Sources:
    """Where the build reads. exercises None: those of grading.checks."""

    folder: Path = SOURCE
    reference: Path = REFERENCE
    exercises: Mapping[str, object] | None = None


def assignments(sources: Sources = Sources()) -> dict[str, list[str]]:
    """Assignment -> the names of its notebooks, in order."""
    found = {
        folder.name: sorted((path.stem for path in folder.glob("*.py")), key=by_number)
        for folder in sorted(sources.folder.glob("*/"))
        if folder.is_dir() and not folder.name.startswith(("_", "."))
    }
    return {assignment: names for assignment, names in found.items() if names}


def instructor_notebook(
    assignment: str,
    notebook: str,
    sources: Sources = Sources(),
    course: Settings | None = None,
) -> NotebookNode:
    """One notebook with its solutions and hidden tests, built from the sources."""
    path = sources.folder / assignment / f"{notebook}.py"
    if not path.is_file():
        known = ", ".join(f"{a}/{n}" for a, names in assignments(sources).items() for n in names)
        raise GradingError(
            f"There is no notebook {assignment}/{notebook}. There are: {known or 'none'}."
        )
    return build_notebook(path, _material(sources, course or settings.load()))


def student_notebook(assignment: str, notebook: str, folder: Path = ASSIGNMENTS) -> NotebookNode:
    """One notebook as students get it, read from the committed assignments/."""
    path = folder / assignment / f"{notebook}.ipynb"
    if not path.is_file():
        raise GradingError(f"{path} is missing. Build it: python -m grading build")
    return nbformat.read(path, as_version=nbformat.NO_CONVERT)


def _material(sources: Sources, course: Settings) -> Material:
    exercises = sources.exercises
    if exercises is None:
        from grading.checks import EXERCISES as exercises
    path = sources.folder / "setup_cell.py"
    if not path.is_file():
        raise GradingError(f"{path}: the source of the common set-up cell is missing.")
    setup = read_cells(path)[0].source.replace("@REPOSITORY@", course.repository)
    setup = setup.replace("@WHEELS@", course.wheels_page)
    return Material(read_solutions(sources.reference), exercises, setup, course)


def instructor_notebooks(sources: Sources, course: Settings) -> Built:
    """Every notebook of every assignment, with solutions and hidden tests."""
    found = assignments(sources)
    if not found:
        raise GradingError(f"{sources.folder}: no notebooks (ASSIGNMENT/NAME.py) to build.")
    material = _material(sources, course)
    if course.points or course.leave_out:
        cells = {
            name: read_cells(sources.folder / assignment / f"{name}.py")
            for assignment, names in found.items()
            for name in names
        }
        points.check_names(course, {name: points.graded(some) for name, some in cells.items()})
    return {
        assignment: {
            name: build_notebook(sources.folder / assignment / f"{name}.py", material)
            for name in names
        }
        for assignment, names in found.items()
    }


def release_all(built: Built, course_id: str, db_url: str = "") -> Built:
    """The students' versions. With db_url the graded cells are recorded in that gradebook."""
    released = {
        assignment: release(assignment, notebooks, course_id, db_url)
        for assignment, notebooks in built.items()
    }
    for assignment, notebooks in released.items():
        for name, notebook in notebooks.items():
            for cell in notebook.cells:
                where = Path(assignment, f"{name}.ipynb, cell {cell.id}")
                why = "nbgrader left it in the students' notebook."
                markers.forbid(cell.source.splitlines(), where, 1, why)
    return released


def build(
    course: Path = COURSE,
    output: Path = ASSIGNMENTS,
    sources: Sources = Sources(),
    repository: str | None = None,
    overwrite: bool = False,
) -> list[Path]:
    """Build everything and put it in place at the end; returns the paths that changed.

    overwrite: also replace students' notebooks in which somebody has worked.
    """
    configuration = settings.load(settings.file_of(course), repository=repository)
    due.check_names(configuration.due, assignments(sources))
    built = instructor_notebooks(sources, configuration)
    stale = _stale_editions(output, built)
    if not overwrite:
        _refuse_to_lose_work([*_places(output, built), *stale])
    db_url = gradebook.database_url(course)
    for assignment, notebooks in built.items():
        gradebook.refuse_conflicts(db_url, configuration.course_id, assignment, notebooks)
    course.mkdir(parents=True, exist_ok=True)
    with gradebook.opened(db_url, configuration.course_id):
        pass  # made whole, where there was none
    with settings.at_work(course):
        released = release_all(built, configuration.course_id, db_url)
    removed = stale + [p for part in ("source", "release") for p in _stale(course / part, built)]
    changed = files.write_all(
        _paths(course / "source", built)
        | _paths(course / "release", released)
        | _handed_out(output, released),
        remove=removed,
    )
    due.put(db_url, configuration)
    remember(course, sources, configuration)
    return changed


def differences(
    output: Path = ASSIGNMENTS,
    sources: Sources = Sources(),
    repository: str | None = None,
    course: Path = COURSE,
) -> list[str]:
    """How the students' notebooks in `output` differ from a fresh build; writes nothing there."""
    configuration = settings.load(settings.file_of(course), repository=repository)
    built = instructor_notebooks(sources, configuration)
    fresh = _handed_out(output, release_all(built, configuration.course_id))
    found = []
    for path, data in fresh.items():
        if not path.is_file():
            found.append(f"{path}: missing")
        elif path.read_bytes() != data:
            found.append(f"{path}: differs from a fresh build")
    return found + [f"{path}: has no source" for path in _stale_editions(output, built)]


def made_from(sources: Sources, course: Settings) -> str:
    """A hash of all that the notebooks are made from, but for the code that makes them."""
    paths = [*sources.folder.rglob("*.py"), *sources.reference.rglob("*.py")]
    paths += catalogue.FOLDER.glob("*/*.po")
    parts = [part for path in sorted(paths) for part in (path.name, path.read_bytes())]
    shown = (course.repository, course.branch, course.wheels_page, course.language)
    own = (sorted(course.points.items()), sorted(course.leave_out))
    return hash_of([*parts, course.course_id, repr((shown, own))]) + "\n"


def remember(course: Path, sources: Sources, configuration: Settings) -> None:
    """Note what a course was built from, so that it can be told without building."""
    files.write_all({course / BUILT_FROM: made_from(sources, configuration).encode()})


def is_fresh(course: Path, sources: Sources = Sources()) -> bool | None:
    """Whether a course was built from the sources as they are now; None: never built."""
    configuration = settings.load(settings.file_of(course))
    try:
        return (course / BUILT_FROM).read_text() == made_from(sources, configuration)
    except FileNotFoundError:
        return None


def recorded(course: Path) -> Built:
    """The instructor's notebooks that the last build left in a course's folder."""
    return {
        folder.name: {
            path.stem: nbformat.read(path, as_version=nbformat.NO_CONVERT)
            for path in sorted(folder.glob("*.ipynb"), key=lambda path: by_number(path.stem))
        }
        for folder in sorted((course / "source").glob("*/"))
    }


def _paths(folder: Path, notebooks: Built) -> dict[Path, bytes]:
    return {
        folder / assignment / f"{name}.ipynb": to_bytes(notebook)
        for assignment, named in notebooks.items()
        for name, notebook in named.items()
    }


def _places(output: Path, built: Built) -> list[Path]:
    """Where the students' notebooks go, in all languages."""
    return [
        (output / language if language else output) / assignment / f"{name}.ipynb"
        for language in ("", *catalogue.languages())
        for assignment, notebooks in built.items()
        for name in notebooks
        if not language or catalogue.has(language, name)
    ]


def _handed_out(output: Path, released: Built) -> dict[Path, bytes]:
    """The students' notebooks: the English ones, and beside them a folder for each language, with
    those that have been put into it."""
    found = _paths(output, released)
    for language in catalogue.languages():
        edition = {
            assignment: {
                name: translated(name, notebook, language)
                for name, notebook in notebooks.items()
                if catalogue.has(language, name)
            }
            for assignment, notebooks in released.items()
        }
        found |= _paths(output / language, edition)
    return found


def _stale_editions(output: Path, built: Built) -> list[Path]:
    folders = [output, *(output / language for language in catalogue.languages())]
    return [path for folder in folders for path in _stale(folder, built)]


def _stale(folder: Path, built: Built) -> list[Path]:
    """Notebooks in the assignments' folders that no source stands behind any more."""
    return [
        path
        for assignment, notebooks in built.items()
        for path in sorted((folder / assignment).glob("*.ipynb"))
        if path.stem not in notebooks
    ]


def _refuse_to_lose_work(paths: list[Path]) -> None:
    """An error when a notebook about to be replaced was run: it may hold answers."""
    for path in paths:
        try:
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            worked_in = any(cell.get("outputs") or cell.get("execution_count") for cell in cells)
        except FileNotFoundError:
            continue
        except (ValueError, KeyError, TypeError, AttributeError):
            worked_in = True  # not as we wrote it
        if worked_in:
            raise GradingError(
                f"{path} has been worked in, and the build would replace it. Move it elsewhere "
                "to keep it, or build with --overwrite."
            )


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--course",
        type=Path,
        default=COURSE,
        metavar="DIR",
        help="the course's folder for nbgrader (default: grading/course)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=ASSIGNMENTS,
        metavar="DIR",
        help="where the students' notebooks go (default: assignments)",
    )
    parser.add_argument(
        "--repository",
        metavar="URL",
        help="the course's address, for Colab (default: the one in course.toml)",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; exit 1 and name the files when --output is not up to date",
    )
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="also replace students' notebooks in which somebody has worked",
    )


def run(args: argparse.Namespace) -> int:
    if args.check:
        found = differences(args.output, repository=args.repository, course=args.course)
        if not shipped.is_fresh():
            found.append(f"{diagnosis.FILE}: made from other checks, solutions or mistakes")
        if found:
            print("\n".join([*found, "Bring them up to date: python -m grading build"]))
        else:
            print(f"{args.output} and {diagnosis.FILE.name} are up to date.")
        return 1 if found else 0
    changed = build(args.course, args.output, repository=args.repository, overwrite=args.overwrite)
    changed += shipped.refresh()
    for path in changed:
        print(("wrote " if path.exists() else "removed ") + str(path))
    print(points.totals(recorded(args.course)))
    print(f"Students' notebooks are in {args.output}, the course in {args.course}.")
    return 0
