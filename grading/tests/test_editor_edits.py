"""What people and editors do to cells: the points that are left, and what the student is told.

Each edit is graded from file to score card, on a notebook with two exercises. How the repair finds
cells is tested in test_repair*.py; what JupyterLab itself allows, in browser/test_cells.py.
"""

import copy
import json
import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from grading import build
from grading.engine.tasks import Assignment, Submission
from grading.grade import grade_submission
from grading.notebooks import to_bytes
from grading.sample_class import damage, fill_in, reference_answers
from grading.settings import REFERENCE, ROOT
from grading.solutions import read_solutions

pytest.importorskip("nbgrader")

NAME = "1_fully_connected"
KEPT = ("setup", "imports", "affine-forward", "affine-forward-check")
KEPT += ("relu-forward", "relu-forward-check")
HELPER = "def flat(x):\n    return x.reshape(len(x), -1)"
FULL = {"affine_forward": 2, "relu_forward": 1}
NO_AFFINE, NO_RELU = {"affine_forward": 0}, {"relu_forward": 0}
TWICE = "more than once; the last one that was worked on counts"


@pytest.fixture(scope="module")
def course():
    """The assignment, and a right solution of it."""
    released = nbformat.read(ROOT / "assignments/assignment1" / f"{NAME}.ipynb", as_version=4)
    both = [released, build.instructor_notebook("assignment1", NAME)]
    for notebook in both:
        notebook.cells = [cell for cell in notebook.cells if cell.id in KEPT]
    assignment = Assignment("assignment1", *({NAME: to_bytes(nb)} for nb in both))
    return assignment, fill_in(released, reference_answers(read_solutions(REFERENCE)))


class Book:
    """A submission, and what is done to it, in an editor's words."""

    def __init__(self, notebook, stubs):
        self.notebook, self.stubs = notebook, stubs

    @property
    def cells(self):
        return self.notebook.cells

    def __getitem__(self, cell):
        return next(c for c in self.cells if c.id == cell)

    def at(self, cell):
        return self.cells.index(self[cell])

    def delete(self, *cells):
        self.notebook.cells = [c for c in self.cells if c.id not in cells]

    def copy(self, cell, source=None):
        """Copied and pasted below; an editor gives the new cell an id of its own."""
        twin = copy.deepcopy(self[cell])
        twin.id, twin.source = f"{cell}-2", source or twin.source
        self.cells.insert(self.at(cell) + 1, twin)

    def split(self, cell, before):
        """In two at a line; JupyterLab gives both halves all metadata, the second keeps the id."""
        head, tail = self[cell].source.split(before, 1)
        self.copy(cell, before + tail)
        first, second = self[cell], self[f"{cell}-2"]
        first.source, first.id, second.id = head.rstrip(), f"{cell}-1", cell

    def merge(self, cell, other):
        """The second one into the first, which gets another id."""
        self[cell].source += "\n\n" + self[other].source
        self.delete(other)
        self[cell].id = "merged"

    def move(self, cell, place):
        moved = self[cell]
        self.cells.remove(moved)
        self.cells.insert(place, moved)

    def begin(self, cell, text):
        self[cell].source = text + self[cell].source

    def end(self, cell, text):
        self[cell].source += text

    def saved_by(self, editor):
        files = editor({f"{NAME}.ipynb": to_bytes(self.notebook)})
        (content,) = files.values()
        self.notebook = nbformat.from_dict(json.loads(content))

    def stub(self, cell):
        return self.stubs[cell]


AFFINE, CHECK, RELU = "affine-forward", "affine-forward-check", "relu-forward"
WRONG = "def relu_forward(x):\n    pass"


def uses_helper(b):
    source = b[AFFINE].source.replace("x.reshape(x.shape[0], -1)", "flat(x)")
    assert "flat(x)" in source
    b[AFFINE].source = source


def split_at_helper(b):
    uses_helper(b)
    b.begin(AFFINE, HELPER + "\n\n\n")
    b.split(AFFINE, "def affine_forward")


def helper_below_the_check(b):
    uses_helper(b)
    b.cells.insert(b.at(CHECK) + 1, new_code_cell(HELPER, id="mine"))
    for number, cell in enumerate(["setup", "imports", "mine", AFFINE, CHECK], 1):
        b[cell].execution_count = number


def own_metadata(b):
    """As VS Code keeps what it finds, and adds its own."""
    b.notebook.metadata["vscode"] = {"interpreter": {"hash": "3ad933181bd8a04b432d3370b9dc3b06"}}
    for cell in b.cells:
        cell.metadata["vscode"] = {"languageId": "python"}


# what was done -> (the edit, points other than FULL, what the student is told)
EDITS = {
    "nothing": (lambda b: None, {}, ()),
    "check edited": (
        lambda b: b.begin(CHECK, "# does it work?\nprint(affine_forward)\n"),
        {},
        ["The check cell of affine_forward had been edited; its text was restored"],
    ),
    "check replaced": (
        lambda b: b[CHECK].update(source="print('2 of 2 checks passed')"),
        {},
        ["The check cell of affine_forward had been"],
    ),
    "check deleted": (lambda b: b.delete(CHECK), {}, ["had been deleted; it was put back"]),
    "set-up deleted": (lambda b: b.delete("setup"), {}, ["The set-up cell had been deleted"]),
    "solution deleted": (
        lambda b: b.delete(AFFINE),
        NO_AFFINE,
        ["it was put back as handed out, without an answer", "affine_forward is not implemented"],
    ),
    "split before a function": (split_at_helper, {}, [TWICE]),
    "split inside a function": (
        lambda b: b.split(AFFINE, "    Inputs:"),
        NO_AFFINE,
        [TWICE, "affine_forward is not defined"],
    ),
    "check merged into its solution": (
        lambda b: b.merge(AFFINE, CHECK),
        {},
        ["The check cell of affine_forward had been deleted; it was put back"],
    ),
    "two solutions merged": (
        lambda b: b.merge(AFFINE, RELU),
        {},
        ["relu_forward was found in the cell of another exercise and stays there"],
    ),
    "copied": (lambda b: b.copy(AFFINE), {}, [TWICE]),
    "solved in a copy, the stub above": (
        lambda b: (b.copy(RELU), b[RELU].update(source=b.stub(RELU))),
        {},
        ["An untouched copy of the exercise cell of relu_forward was removed"],
    ),
    "solved above, the stub copied below": (
        lambda b: b.copy(RELU, b.stub(RELU)),
        {},
        ["An untouched copy of the exercise cell of relu_forward was removed"],
    ),
    "mended in the copy below": (
        lambda b: (b.copy(RELU), b[RELU].update(source=WRONG)),
        {},
        [TWICE],
    ),
    "mended above a wrong copy": (lambda b: b.copy(RELU, WRONG), NO_RELU, [TWICE]),
    "check copied": (lambda b: b.copy(CHECK), {}, ["copy of the check cell of affine_forward"]),
    "solution moved to the end": (lambda b: b.move(AFFINE, 5), {}, ["moved back"]),
    "check moved to the front": (lambda b: b.move(CHECK, 0), {}, ["moved back"]),
    "run out of order, needs a later cell": (
        helper_below_the_check,
        NO_AFFINE,
        ["affine_forward stopped with NameError: name 'flat' is not defined"],
    ),
    "%%time": (lambda b: b.begin(AFFINE, "%%time\n"), {}, ()),
    "%time and ! lines": (lambda b: b.end(AFFINE, "\n%time 1\n!echo hello\n%pwd"), {}, ()),
    "%run of a file that is not there": (
        lambda b: b.begin(AFFINE, "%run my_helpers.py\n"),
        NO_AFFINE,
        ["affine_forward is not defined"],
    ),
    "%%writefile": (
        lambda b: b.begin(AFFINE, "%%writefile mine.py\n"),
        NO_AFFINE,
        ["affine_forward is not defined"],
    ),
    "saved by VS Code": (own_metadata, {}, ()),
    "saved by an editor without marks and ids": (
        lambda b: b.saved_by(damage.vscode),
        {},
        ["The grading marks of 6 cells had been lost or changed", "kernel was 'cs231n'"],
    ),
    "saved by Colab": (
        lambda b: b.saved_by(damage.colab),
        {},
        ["The grading marks of 6 cells had been lost or changed"],
    ),
}


@pytest.mark.parametrize("done", EDITS)
def test_an_edit_costs_no_more_points_than_it_must_and_is_told(course, done):
    assignment, solved = course
    edit, lost, told = EDITS[done]
    stubs = nbformat.reads(assignment.released[NAME].decode(), as_version=4)
    book = Book(copy.deepcopy(solved), {cell.id: cell.source for cell in stubs.cells})
    edit(book)
    files = {f"{NAME}.ipynb": to_bytes(book.notebook)}
    card = grade_submission(assignment, Submission("student", files)).cards[NAME]
    assert card["needs_review"] is None
    assert {n: e["score"] for n, e in card["exercises"].items()} == FULL | lost
    messages = [c["message"] for e in card["exercises"].values() for c in e["checks"]]
    said = "\n".join([*card["repairs"], *messages])
    for words in told:
        assert re.search(re.escape(words), said), said
    if not told:
        assert said.strip() == ""
