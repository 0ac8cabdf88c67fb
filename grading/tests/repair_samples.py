"""Released notebooks to break and repair: a small made-up one, and the course's own."""

import copy
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.nbgraderformat import MetadataValidator
from nbgrader.utils import compute_checksum

from grading.matching import NO_ANSWER
from grading.repair import repair

ASSIGNMENTS = Path(__file__).parents[2] / "assignments"
# One notebook an assignment: they are made alike.
BUILT = [sorted(folder.glob("*.ipynb"))[0] for folder in sorted(ASSIGNMENTS.glob("assignment*/"))]
STUB = '''def {name}(x, size=2):
    """The {what} of an array.

    Inputs:
    - x: array (N, D)
    - size: how many of {what} to take

    Returns: array (N, D // size)
    """
    # YOUR CODE HERE
    raise NotImplementedError("not implemented yet")'''


def _mark(cell, points=None, solution=False):
    cell.metadata["nbgrader"] = {
        "cell_type": cell.cell_type,
        "checksum": "",
        "grade": points is not None,
        "grade_id": cell.id,
        "locked": not solution,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
    if points is not None:
        cell.metadata["nbgrader"]["points"] = points
    cell.metadata["nbgrader"]["checksum"] = compute_checksum(cell)
    cell.metadata["deletable"] = False
    if not solution:
        cell.metadata["editable"] = False
    return cell


def made_up(question=False):
    """A released notebook as nbgrader writes it: set-up, provided code, four exercises, and where
    asked for a question."""
    setup = "# Set-up. Run this first.\nimport numpy as np\n\nfrom cs231n import check, data, vis"
    cells = [
        new_markdown_cell("# Sums of things\nWhat you will build.", id="title"),
        _mark(new_code_cell(setup, id="setup", metadata={"tags": ["setup"]})),
    ]
    for points, (name, what) in enumerate(
        [
            ("sums", "totals"),
            ("maxima", "largest values"),
            ("means", "averages"),
            ("Pool", "everything"),
        ],
        start=2,
    ):
        stub = STUB.format(name=name, what=what)
        if name == "Pool":
            stub = stub.replace("def Pool(x, size=2)", "class Pool")
        cells += [
            new_markdown_cell(f"## Taking {what}\nWrite `{name}`.", id=f"{name.lower()}-text"),
            _mark(new_code_cell(stub, id=f"{name.lower()}-cell"), solution=True),
            _mark(new_code_cell(f"check.{name}({name})", id=f"{name.lower()}-check"), points),
            new_code_cell(
                f"with check.demo():\n    vis.show_images({name}(x))",
                id=f"{name.lower()}-picture",
                metadata={"tags": ["demo"]},
            ),
        ]
    provided = _mark(
        new_code_cell(
            "def pool_loss(params, x):\n    pool = Pool()\n    return pool.loss(params, x)",
            id="pool-loss",
            metadata={"tags": ["provided"]},
        )
    )
    cells.insert(-2, provided)
    if question:
        text = "**Question.** Why is the largest of ten numbers seldom their mean? When is it?"
        cell = new_markdown_cell(f"{text}\n\n{NO_ANSWER}", id="question")
        cells.append(_mark(cell, 2, solution=True))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = new_notebook(
        cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}}
    )
    notebook.nbformat_minor = 5
    return notebook


def release_of(name):
    """The released notebook of a name that `RELEASES` lists."""
    return made_up() if name == "made up" else nbformat.read(ASSIGNMENTS / name, as_version=4)


RELEASES = ["made up", *(str(path.relative_to(ASSIGNMENTS)) for path in BUILT)]


def solved(release, kept=()):
    """A submission: each exercise answered in its own way, outputs and execution counts there."""
    nb = copy.deepcopy(release)
    for number, cell in enumerate(nb.cells):
        if cell.cell_type == "code":
            cell.execution_count = number + 1
        if is_solution(cell) and cell.id not in kept:
            cell.source = answer_to(cell)
    return nb


def answer_to(cell, text="my own answer"):
    """An exercise cell's text with its body written, or a question's with an answer in words."""
    if cell.cell_type == "markdown":
        return cell.source.replace(NO_ANSWER, f"It is {text} in {cell.id}.")
    does = "answer =" if cell.source.startswith("class Pool") else "return"
    return cell.source.replace(
        'raise NotImplementedError("not implemented yet")', f"{does} '{text} in {cell.id}'"
    )


def answer_to_again(cell):
    """Another answer than the one that `solved` gave."""
    return cell.source.replace("my own answer", "another answer")


def answers(nb):
    """The texts of the exercise cells."""
    return [cell[1] for cell in marked(nb) if cell[3]["nbgrader"]["solution"]]


def cells_where(nb, what):
    return [cell for cell in nb.cells if what(cell)]


def is_solution(cell):
    return cell.metadata.get("nbgrader", {}).get("solution", False)


def is_check(cell):
    return cell.metadata.get("nbgrader", {}).get("grade", False) and not is_solution(cell)


def marked(nb):
    """The cells nbgrader knows, as (grade_id, text, kind, guarded metadata)."""
    keys = ("nbgrader", "deletable", "editable", "tags")
    return [
        (c.id, c.source, c.cell_type, {k: c.metadata[k] for k in keys if k in c.metadata})
        for c in nb.cells
        if "nbgrader" in c.metadata
    ]


def text(nb):
    return nbformat.writes(nb)


def index(nb, cell_id):
    return next(i for i, cell in enumerate(nb.cells) if cell.id == cell_id)


def functions(cell):
    """Names an exercise cell is to define."""
    lines = cell.source.split("\n")
    words = [line.split()[1] for line in lines if line.startswith(("def ", "class "))]
    return [word.split("(")[0].rstrip(":") for word in words]


def run(nb):
    """Run a made-up notebook's answers and helpers, one after another. Returns the namespace."""
    names = {}
    for cell in nb.cells:
        if cell.cell_type == "code" and not cell.source.startswith(("check.", "with ", "# Set-up")):
            exec(cell.source, names)
    return names


def strip(nb, ids=True):
    """What Google Colab leaves of a notebook: a copy without marks (and without ids)."""
    nb = copy.deepcopy(nb)
    for number, cell in enumerate(nb.cells):
        cell.metadata = nbformat.from_dict({"id": f"xY{number}z_", "colab": {"base_uri": "x"}})
        if ids:
            del cell["id"]
    nb.nbformat_minor = 0 if ids else 5
    nb.metadata = nbformat.from_dict(
        {
            "colab": {"provenance": [], "toc_visible": True},
            "kernelspec": {"name": "python3", "display_name": "Python 3"},
            "language_info": {"name": "python"},
        }
    )
    return nb


def assert_whole(result, release):
    """Every cell nbgrader knows is there once, in order, with its marks; once is enough."""
    assert result.needs_review is None
    nb = result.notebook
    wanted, found = marked(release), marked(nb)
    assert [cell[0] for cell in found] == [cell[0] for cell in wanted]
    for had, was in zip(found, wanted, strict=True):
        assert had[2:] == was[2:]
        if not was[3]["nbgrader"]["solution"]:
            assert had[1] == was[1]
    ids = [cell.id for cell in nb.cells]
    assert len(set(ids)) == len(ids)
    nbformat.validate(nb)
    MetadataValidator().validate_nb(nb)
    again = repair(nbformat.reads(text(nb), as_version=4), release)
    assert again.notes == []
    assert text(again.notebook) == text(nb)


def said(result, *words):
    """Whether a note holds all these words."""
    return any(all(word in note for word in words) for note in result.notes)
