"""What a mistake looks like: the code of a submission that made it, without a trace of its author.

Nothing is run. The code is parsed and written anew: comments, docstrings and texts of the student's
own fall away, and names that hold a piece of theirs are replaced.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable
from pathlib import Path

from cs231n.cell_code import parse, without_magics
from grading.class_report.book import Person
from grading.class_report.cards import MistakeCount
from grading.reading import Unreadable, read

TRIED = 10  # submissions that are looked at for the shortest example
LINES = 60  # of an example
CHARACTERS = 20_000  # of a cell that is looked into


class Examples:
    """Examples from a course's autograded notebooks.

    place: (student, notebook's name) -> the autograded notebook's path
    course: notebook's name -> the course's own text of it, whose words are no student's
    """

    def __init__(self, place, course: dict[str, str], people: Iterable[Person]):
        self._place, self._people = place, {person.id: person for person in people}
        self._known = {
            name: frozenset(re.findall(r"\w+", text)) | frozenset(dir(builtins))
            for name, text in course.items()
        }

    def of(self, mistake: MistakeCount) -> str:
        """The shortest code of those who made a mistake, or "" where none can be shown."""
        found = []
        for student in sorted(mistake.made)[:TRIED]:
            notebook, exercise = mistake.made[student]
            code = self._code(student, notebook, exercise)
            if code and code.count("\n") < LINES:
                found.append(code)
        return min(found, key=lambda code: (len(code), code), default="")

    def _code(self, student: str, notebook: str, exercise: str) -> str:
        try:
            cells = read(self._place(student, notebook)).cells
        except (Unreadable, OSError):
            return ""
        person = self._people[student]
        code = ""
        for cell in cells:  # the last definition counts
            if cell.cell_type == "code" and f"def {exercise}(" in cell.source:
                known = self._known.get(notebook, frozenset())
                code = anonymous(cell.source, exercise, [person.id, person.name], known) or code
        return code


def anonymous(source: str, function: str, author: Iterable[str], known: frozenset[str]) -> str:
    """A function of a cell, written anew without comments, its own texts and its author's name.

    known: words that may stay wherever they are
    Returns "" where there is no such function or the cell is no Python.
    """
    tree = parse(without_magics(source[:CHARACTERS]))
    for node in tree.body if tree else ():
        if isinstance(node, ast.FunctionDef) and node.name == function:
            return without_author(node, author, known)
    return ""


def without_author(node: ast.AST, author: Iterable[str], known: frozenset[str]) -> str:
    """Code written anew without comments, its own texts and its author's name; "" if impossible."""
    try:
        return ast.unparse(_Forget(author, known).visit(node))
    except (RecursionError, ValueError):
        return ""


class _Forget(ast.NodeTransformer):
    def __init__(self, author: Iterable[str], known: frozenset[str]):
        words = (word.casefold() for text in author for word in re.findall(r"[^\W\d_]{3,}", text))
        self._author, self._known = set(words), known
        self._names: dict[str, str] = {}

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        for key, value in ast.iter_fields(node):
            if isinstance(value, str) and key in ("id", "arg", "attr", "name", "asname", "module"):
                setattr(node, key, self._name(value))
            elif key == "names" and isinstance(node, ast.Global | ast.Nonlocal):
                node.names = [self._name(name) for name in value]
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            node.body = [part for part in node.body if not _is_text(part)] or [ast.Pass()]
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        if isinstance(node.value, str) and node.value not in self._known:
            return ast.Constant("…")
        if isinstance(node.value, bytes):
            return ast.Constant(b"")
        return node

    def _name(self, name: str) -> str:
        own = name not in self._known and any(word in name.casefold() for word in self._author)
        return self._names.setdefault(name, f"name{len(self._names) + 1}") if own else name


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def course_texts(folder: Path) -> dict[str, str]:
    """Notebook's name -> its text, of the notebooks in a folder."""
    return {path.stem: path.read_text(encoding="utf-8") for path in folder.glob("*.ipynb")}
