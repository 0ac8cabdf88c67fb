"""The code that is compared: solution cells of a class, of other folders, and the course's own."""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cs231n.cell_code import parse, without_magics
from grading.errors import GradingError
from grading.reading import MAX_BYTES, Unreadable, read
from grading.sample_class import reference_answers
from grading.settings import GRADING, REFERENCE
from grading.solutions import read_solutions

CHARACTERS = 20_000  # of a solution that are compared: the course's longest has 4,200

Solutions = dict["Cell", dict[str, str]]  # cell -> author -> source


@dataclass(frozen=True)
class Cell:
    """A released cell that students fill in. name: of the first function or class in it."""

    notebook: str
    id: str
    name: str

    @cached_property
    def definition(self) -> re.Pattern:
        """Finds the definition, to its last line."""
        name = re.escape(self.name)
        return re.compile(rf"^(?:def|class) {name}\b.*?(?=^[^\s)#]|\Z)", re.MULTILINE | re.DOTALL)

    def defined_in(self, source: str) -> bool:
        return re.search(rf"^(?:def|class) {re.escape(self.name)}\b", source, re.M) is not None


@dataclass(frozen=True)
class Course:
    """cells: what students fill in, in order; stubs: their text as released;
    given: all code of the released notebooks; own: the course's solutions, right ones in many ways;
    reference: cell -> the reference solution."""

    cells: tuple[Cell, ...]
    stubs: dict[Cell, str]
    given: tuple[str, ...]
    own: tuple[str, ...]
    reference: dict[Cell, str]


def read_course(release: Path) -> Course:
    """The released notebooks in a folder, with the solutions of `grading/`."""
    stubs, given = {}, []
    paths = sorted(release.glob("*.ipynb"))
    for path in paths:
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell.get("cell_type") != "code":
                continue
            source, about = "".join(cell["source"]), cell["metadata"].get("nbgrader", {})
            given.append(source)
            if about.get("solution"):
                names = _definitions(source)
                if names:
                    stubs[Cell(path.stem, about["grade_id"], names[0])] = source
    if not stubs:
        raise GradingError(
            f"{release}: the released notebooks are missing or have no solution cells, so there is "
            "no code to compare. `python -m grading build` releases them."
        )
    texts = [*REFERENCE.glob("*.py"), *(GRADING / "variants").glob("*.py")]
    answers = reference_answers(read_solutions(REFERENCE))
    reference = {cell: answers[cell.name] for cell in stubs if cell.name in answers}
    own = tuple(path.read_text(encoding="utf-8") for path in sorted(texts))
    return Course(tuple(stubs), stubs, tuple(given), own, reference)


def _definitions(source: str) -> list[str]:
    tree = parse(without_magics(source))
    return [node.name for node in tree.body if hasattr(node, "name")] if tree else []


def read_class(
    course: Course, students: Iterable[str], place: Callable[[str, str], Path]
) -> tuple[Solutions, list[tuple[str, str, str]]]:
    """What a class wrote.

    Inputs:
    - place: (student, notebook's name) -> the autograded notebook's path

    Returns a tuple of:
    - solutions: cells as they are released are left out
    - unread: (student, notebook, reason) of what could not be read
    """
    solutions, unread = defaultdict(dict), []
    notebooks = dict.fromkeys(cell.notebook for cell in course.cells)
    for student in students:
        for notebook in notebooks:
            try:
                cells = read(place(student, notebook)).cells
            except (Unreadable, OSError) as problem:
                reason = getattr(problem, "strerror", None) or str(problem)
                unread.append((student, notebook, reason))
                continue
            for cell in course.cells:
                if cell.notebook == notebook:
                    source = _solution(cells, cell)
                    if source and source != course.stubs[cell]:
                        solutions[cell][student] = source[:CHARACTERS]
    return solutions, unread


def _solution(cells, cell: Cell) -> str:
    """The text of the cell in which a function is defined last, as the grader has it."""
    found = own = ""
    for candidate in cells:
        if candidate.cell_type == "code":
            if cell.defined_in(candidate.source):
                found = candidate.source
            if candidate.metadata.get("nbgrader", {}).get("grade_id") == cell.id:
                own = candidate.source
    return found or own


def read_others(folder: Path, cells: Iterable[Cell], progress=iter) -> Solutions:
    """Solutions in a folder's notebooks and Python files; each of its entries is an author."""
    if not folder.is_dir():
        raise GradingError(f"{folder} is no folder. Name one that holds notebooks or Python files.")
    solutions, cells = defaultdict(dict), list(cells)
    for path in progress(list(_files(folder))):
        author = f"{folder.name}/{path.relative_to(folder).parts[0]}"
        for text in _texts(path):
            for cell in cells:
                match = cell.definition.search(text) if cell.name in text else None
                if match:
                    solutions[cell][author] = match[0][:CHARACTERS]
    return solutions


def _files(folder: Path) -> Iterator[Path]:
    """Notebooks and Python files below a folder; links are not followed."""
    for here, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(here, name)
            if path.suffix in (".ipynb", ".py") and path.is_file() and not path.is_symlink():
                yield path


def _texts(path: Path) -> list[str]:
    if path.suffix == ".py":
        too_large = path.stat().st_size > MAX_BYTES
        return [] if too_large else [path.read_text(encoding="utf-8", errors="replace")]
    try:
        return [cell.source for cell in read(path).cells if cell.cell_type == "code"]
    except Unreadable:
        return []
