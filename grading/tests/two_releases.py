"""A notebook as it was released first, and as it was released again with everything changed."""

from __future__ import annotations

import copy
import json

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from grading.engine.limits import Limits
from grading.engine.tasks import Assignment, Submission
from grading.grade import grade_submission
from grading.notebooks import to_bytes
from grading.release import STUB
from grading.releases import store
from grading.submissions import prepare

NAME, LABEL = "1_small", "release 1 (2026-09-01)"
ANSWER = "out, cache = x * (x > 0), x\n    return out, cache"
HIDDEN = """check.relu_forward(relu_forward){0}
### BEGIN HIDDEN TESTS
grading.checks.grade_cell("relu_forward", globals(), {1})
### END HIDDEN TESTS"""


def _cell(name, source, make=new_code_cell, tags=(), **about):
    cell = make(source, id=name, metadata={"tags": list(tags)} if tags else {})
    if about:
        roles = {"grade": False, "solution": False, "locked": True, "task": False}
        cell.metadata.nbgrader = roles | about | {"grade_id": name, "schema_version": 3}
        cell.metadata.nbgrader.cell_type = cell.cell_type
    return cell


def _stub(docstring):
    indented = "\n    ".join(STUB.split("\n"))
    return f'def relu_forward(x):\n    """{docstring}"""\n    {indented}'


def _notebook(cells) -> NotebookNode:
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = new_notebook(cells=cells, metadata={"kernelspec": kernel})
    notebook.nbformat_minor = 5
    return notebook


def _first(note="", points=2):
    return [
        _cell("title", "# A layer\nWhat you will build.", new_markdown_cell),
        _cell("setup", "import numpy as np\n\nfrom cs231n import check", locked=True),
        _cell("scale", "def scale(x):\n    return 2 * x", tags=["provided"], locked=True),
        _cell("text", "Write the forward pass. It is *shrot*.", new_markdown_cell),
        _cell("relu", _stub("The positive part."), solution=True, locked=False),
        _cell("relu-check", HIDDEN.format(note, points), grade=True, points=points),
        _cell("picture", "print(scale(1))", tags=["demo"]),
        _cell("aside", "Rectifiers were used in 1969.", new_markdown_cell),
        _cell("play", "scale(3)"),
    ]


def _second():
    cells = {cell.id: cell for cell in _first("  # twelve checks", 5)}
    cells["scale"].source = "def scale(x, by=2):\n    return by * x"
    cells["text"].source = "Write the forward pass. It is *short*, and used in every network."
    cells["relu"].source = _stub("The positive part of each number, and x for the way back.")
    cells["picture"].source = "print(scale(1, by=3))"
    del cells["aside"]
    new = [
        _cell("unscale", "def unscale(x):\n    return x / 2", tags=["provided"], locked=True),
        _cell("unscaled", "unscale(2)", tags=["demo"]),
        _cell("end", "That was all.", new_markdown_cell),
    ]
    made = list(cells.values())
    return [*made[:3], *new[:2], *made[3:], new[2]]


def instructor(number: int) -> NotebookNode:
    """The instructor's notebook of release 1 or 2."""
    return _notebook(_first() if number == 1 else _second())


def released(number: int) -> NotebookNode:
    """The students' notebook of release 1 or 2."""
    notebook = instructor(number)
    for cell in notebook.cells:
        cell.source = cell.source.partition("\n### BEGIN")[0]
    return notebook


def handed_in(number: int, answer: str | None = ANSWER, stripped: bool = False) -> NotebookNode:
    """What a student made of a release. stripped: without metadata and ids, as Colab leaves it."""
    nb = nbformat.reads(store.stamped(to_bytes(released(number))).decode(), as_version=4)
    for cell in nb.cells:
        if cell.id == "relu" and answer:
            cell.source = cell.source.replace(STUB.replace("\n", "\n    "), answer)
    at = next(i for i, cell in enumerate(nb.cells) if cell.id == "relu")
    nb.cells.insert(at, new_code_cell("mine = 1", id="mine"))
    if stripped:
        nb.metadata = NotebookNode()
        for i, cell in enumerate(nb.cells):
            cell.metadata, cell.id = NotebookNode(), f"colab-{i}"
    return nb


def prepared(nb: NotebookNode, folder) -> NotebookNode:
    """A submission made ready for grading when release 2 is out."""
    path = folder / "submitted" / "ann" / "week1" / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(to_bytes(nb))
    return prepare(path, released(2), {LABEL: released(1)})


def graded(nb: NotebookNode, **options):
    """A submission graded when release 2 is out."""
    assignment = Assignment(
        "week1",
        {NAME: to_bytes(released(2))},
        {NAME: to_bytes(instructor(2))},
        limits=Limits(call_seconds=5, cell_seconds=30, notebook_seconds=60),
        earlier={NAME: {LABEL: to_bytes(released(1))}},
    )
    done = grade_submission(assignment, Submission("ann", {f"{NAME}.ipynb": to_bytes(nb)}))
    return json.loads(done.notebooks[NAME]), done.cards[NAME]


def texts(nb: NotebookNode) -> list[tuple[str, str]]:
    """(id, text) of each cell."""
    return [(cell.id, cell.source) for cell in nb.cells]


def changed(nb: NotebookNode, **sources: str) -> NotebookNode:
    """A copy with other texts in some cells; `_` in a name stands for `-`."""
    nb = copy.deepcopy(nb)
    for name, source in sources.items():
        next(c for c in nb.cells if c.id == name.replace("_", "-")).source = source
    return nb
