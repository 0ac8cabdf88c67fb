"""A sample class: submissions as people really hand them in, made fresh from short recipes.

A student's answers are the reference solutions, or those in answers/NAME.py where that file has
the function, or none (the stubs stay). Then something may happen to the files: see damage.py.
expected.toml says, by hand, what each of them must score.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from grading import markers
from grading.notebooks import to_bytes
from grading.sample_class import damage

HERE = Path(__file__).parent
ASSIGNMENT = "assignment1"

Files = dict[str, bytes]  # file name -> content


@dataclass(frozen=True)
class Student:
    """about: what is particular; answers: a module in answers/ that goes before the reference
    solutions; rest: whether what is not in there is solved; happened: what became of the files."""

    id: str
    about: str
    answers: str = ""
    rest: bool = True
    happened: Callable[[Files], Files] = damage.nothing


STUDENTS = [
    Student("student01", "everything right: the reference solutions"),
    Student("student02", "everything right, written with strides and einsum", "vectorised"),
    Student("student03", "partly done: some functions still stubs", "beginner", rest=False),
    Student("student04", "handed in untouched", rest=False),
    Student("student05", "slices [pad:-pad], which is empty at pad 0", "pad_zero"),
    Student("student06", "padding hard-coded to 1", "pad_one"),
    Student("student07", "height and width mixed up", "swapped_axes"),
    Student("student08", "= for += where pooling windows overlap", "overwrites"),
    Student("student09", "losses without the mean over the batch", "no_mean"),
    Student("student10", "takes the stride for the window's size", "stride_as_size"),
    Student("student11", "a cell that fails when it is run", "fails_on_import"),
    Student("student12", "a loop that never ends", "endless_loop"),
    Student("student13", "deleted a check cell", happened=damage.check_cell_deleted),
    Student("student14", "copied cells twice", happened=damage.cells_copied),
    Student("student15", "worked in Colab: metadata gone", happened=damage.colab),
    Student("student16", "worked in VS Code: metadata gone", happened=damage.vscode),
    Student("student17", "one file cut off in the middle", happened=damage.cut_off),
    Student("student18", "one notebook not handed in", happened=damage.one_missing),
    Student("student19", "momentum and p taken for their opposites", "other_meaning"),
]


def expected() -> dict[str, dict]:
    """Student -> {"scores": {exercise: points}, "review": [notebooks that need a person]}."""
    table = tomllib.loads((HERE / "expected.toml").read_text(encoding="utf-8"))
    full = table.pop("full")
    return {
        student: {
            "scores": full | row.get("scores", {}),
            "review": row.get("review", []),
        }
        for student, row in table.items()
    }


def handed_in(
    student: Student, released: Mapping[str, NotebookNode], reference: Mapping[str, str]
) -> Files:
    """The files a student hands in.

    Inputs:
    - released: notebook's name -> the notebook as students get it
    - reference: function's name -> its solution, complete
    """
    own = read_answers(HERE / "answers" / f"{student.answers}.py") if student.answers else {}
    answers = (dict(reference) if student.rest else {}) | own
    notebooks = {name: fill_in(notebook, answers) for name, notebook in released.items()}
    return student.happened({f"{name}.ipynb": to_bytes(nb) for name, nb in notebooks.items()})


def fill_in(released: NotebookNode, answers: Mapping[str, str]) -> NotebookNode:
    """A released notebook with its stubs replaced by answers, where there are any.

    Questions stay as they are.
    """
    notebook = nbformat.from_dict(released)
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = answers.get(_defines(cell.source), cell.source)
    return notebook


def read_answers(path: Path) -> dict[str, str]:
    """Function or class name -> the text of its cell.

    What stands before it since the previous one (imports, helpers that begin with `_`) goes along.
    """
    text = path.read_text(encoding="utf-8")
    lines, answers = text.splitlines(), {}
    body = ast.parse(text).body
    start = body[0].end_lineno if isinstance(body[0], ast.Expr) else 0  # the module's docstring
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            answers[node.name] = "\n".join(lines[start : node.end_lineno]).strip()
            start = node.end_lineno
    return answers


def reference_answers(solutions: Mapping[str, object]) -> dict[str, str]:
    """Function's name -> the reference solution as a student would have typed it."""
    return {name: _without_markers(solution.source) for name, solution in solutions.items()}


def _without_markers(source: str) -> str:
    lines = source.splitlines()
    marked = {index for index, _, _ in markers.find(lines, HERE)}
    return "\n".join(line for index, line in enumerate(lines) if index not in marked)


def _defines(source: str) -> str | None:
    names = [n.name for n in ast.parse(source).body if hasattr(n, "name")]
    return names[0] if names else None
