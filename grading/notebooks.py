"""From percent-format source to an instructor's notebook: solutions and hidden tests included.

A cell's options stand in its first line: ``# %% id="conv-forward" solution="conv_forward_naive"``.
`id` is required, unique in the notebook and stable for ever: gradebooks know cells by it.
A text cell with ``question=POINTS`` is answered in words and graded by hand: the question, a line
``<!-- answer -->``, and what an answer should say, which students do not get. An empty cell with
``tags=["score"]`` becomes the learner's own score card.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from grading import markers
from grading.errors import GradingError
from grading.points import PRACTICE, take_course_points
from grading.settings import Settings
from grading.solutions import Solution

OPTIONS = {"id", "solution", "exercise", "points", "question", "tags"}
TAGS = {"setup", "demo", "provided", "score"}
BADGE_ID = "open-in-colab"
ANSWER = "<!-- answer -->"
NO_MARKERS = "Solutions live in grading/reference and hidden tests in grading/checks."


@dataclass(frozen=True)
class Material:
    """What notebooks are made of, beside their own text.

    solutions: name -> reference Solution
    exercises: name -> hidden Exercise (only the names are looked at)
    setup: source of the common set-up cell
    """

    solutions: Mapping[str, Solution]
    exercises: Mapping[str, object]
    setup: str
    settings: Settings


@dataclass(frozen=True)
class _Cell:
    """A source cell with its place in the file, for messages."""

    kind: str
    source: str
    options: dict
    path: Path
    line: int

    def error(self, message: str) -> GradingError:
        name = f"cell {self.options['id']!r}: " if "id" in self.options else ""
        return GradingError(f"{self.path}:{self.line}: {name}{message}")


def build_notebook(path: Path, material: Material) -> NotebookNode:
    """The instructor's notebook of one percent-format source file."""
    cells = read_cells(path)
    if not cells:
        raise GradingError(f"{path}: this notebook's source is empty.")
    _check_notebook(cells)
    remark = take_course_points(cells, path.stem, material.settings)
    built = [_build_cell(cell, material) for cell in cells]
    for place, cell in enumerate(cells):
        if "score" in cell.options.get("tags", ()):
            built[place].source = _score_source(cell, path.stem, cells)
    if remark:
        built[0].source += f"\n\n{remark}"
    badge = _badge(path, material.settings)
    if badge:
        built.insert(1, badge)
    notebook = nbformat.v4.new_notebook(
        cells=built,
        metadata={
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
    )
    notebook.nbformat_minor = 5
    return notebook


def read_cells(path: Path) -> list[_Cell]:
    """The cells of a percent-format file, each with the number of its first line."""
    import jupytext

    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as problem:
        raise GradingError(f"{path}: not UTF-8 text ({problem}).") from None
    lines = text.splitlines()
    cells, line = [], 0
    for raw in jupytext.reads(text, fmt="py:percent").cells:
        options = {k: v for k, v in raw.metadata.items() if k != "lines_to_next_cell"}
        line = _line_of(lines, line, options.get("id"))
        cells.append(_Cell(raw.cell_type, raw.source, options, path, line))
    return cells


def _line_of(lines: list[str], after: int, cell_id: str | None) -> int:
    """The number of the next line that begins a cell, after line number `after`."""
    starts = [n for n in range(after + 1, len(lines) + 1) if re.match(r"# ?%%", lines[n - 1])]
    named = [
        n for n in starts if cell_id and re.search(rf"\b{re.escape(str(cell_id))}\b", lines[n - 1])
    ]
    return next(iter(named or starts), after + 1)


def _check_notebook(cells: list[_Cell]) -> None:
    """What concerns the notebook as a whole: a title, one set-up cell, nothing twice."""
    title = cells[0]
    if title.kind != "markdown" or not re.match(r"# \S", title.source):
        raise title.error("the first cell should be text and begin with a title, `# …`.")
    for cell in cells:
        _check_options(cell)
    for option in ("id", "solution", "exercise"):
        seen: dict[str, int] = {BADGE_ID: 0} if option == "id" else {}
        for cell in cells:
            value = cell.options.get(option)
            if value in seen:
                place = f"in line {seen[value]}" if seen[value] else "by the Colab badge"
                raise cell.error(f"the {option} {value!r} is already used {place}.")
            if value is not None:
                seen[value] = cell.line
    if sum("setup" in cell.options.get("tags", ()) for cell in cells) != 1:
        raise title.error('the notebook needs one set-up cell: `# %% id="setup" tags=["setup"]`.')


def _check_options(cell: _Cell) -> None:
    options = cell.options
    if "incorrectly_encoded_metadata" in options:
        raise cell.error(
            "its first line cannot be read. Write for example "
            '`# %% id="relu-check" exercise="relu_forward" points=2`.'
        )
    if cell.kind not in ("markdown", "code"):
        raise cell.error(f"a {cell.kind} cell is not used here: write [markdown] or nothing.")
    for key in options:
        if key not in OPTIONS:
            raise cell.error(f"unknown option {key!r}. Known are {', '.join(sorted(OPTIONS))}.")
    if "id" not in options:
        raise cell.error('every cell needs an id="…" that never changes.')
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", str(options["id"])):
        raise cell.error("an id is made of small letters, digits and hyphens (64 at most).")
    tags = options.get("tags", [])
    if not isinstance(tags, list) or not set(map(str, tags)) <= TAGS or len(tags) > 1:
        raise cell.error(f"tags should be a list with one of {', '.join(sorted(TAGS))}.")
    roles = [role for role in ("solution", "exercise", "question") if role in options] + tags
    if len(roles) > 1:
        raise cell.error(f"it cannot be {' and '.join(roles)} at once: use one cell for each.")
    if "question" in roles and cell.kind != "markdown":
        raise cell.error("a cell with question should be a [markdown] cell.")
    if roles and roles[0] not in ("provided", "question") and cell.kind != "code":
        raise cell.error(f"a cell with {roles[0]} should be a code cell.")
    if "points" in options and "exercise" not in options:
        raise cell.error("points belong to a cell with exercise=.")
    markers.forbid(cell.source.splitlines(), cell.path, cell.line + 1, NO_MARKERS)


def _build_cell(cell: _Cell, material: Material) -> NotebookNode:
    options, source = cell.options, cell.source
    tags = options.get("tags", [])
    metadata: dict = {"tags": tags} if tags else {}
    if tags == ["score"]:
        tags = metadata["tags"] = ["demo"]  # like a demonstration, not run when grading
    if "solution" in options:
        source = _solution_source(cell, material.solutions)
        metadata["nbgrader"] = _nbgrader(options["id"], solution=True)
    elif "exercise" in options:
        source = _graded_source(cell, material.exercises)
        metadata["nbgrader"] = _nbgrader(
            options["id"], grade=True, locked=True, points=options["points"]
        )
    elif "question" in options:
        source = _question_source(cell)
        metadata["nbgrader"] = _nbgrader(
            options["id"], grade=True, solution=True, points=options["question"]
        )
    elif "practice" in options:  # left out of the grading: a question, or a visible check
        source = source.partition(f"\n{ANSWER}\n")[0].strip()
        if cell.kind == "code":
            source, metadata = f"{PRACTICE}\n{source}", {"tags": ["demo"]}
    elif tags and tags[0] != "demo":
        source = _setup_source(cell, material.setup) if "setup" in tags else source
        metadata["nbgrader"] = _nbgrader(options["id"], locked=True)
    make = nbformat.v4.new_code_cell if cell.kind == "code" else nbformat.v4.new_markdown_cell
    return make(source=source, metadata=metadata, id=options["id"])


def _nbgrader(grade_id: str, **roles) -> dict:
    """nbgrader's metadata (schema version 3); roles not named are off."""
    return {
        "grade": False,
        "grade_id": grade_id,
        "locked": False,
        "schema_version": 3,
        "solution": False,
        "task": False,
        **roles,
    }


def _solution_source(cell: _Cell, solutions: Mapping[str, Solution]) -> str:
    name = cell.options["solution"]
    if name not in solutions:
        known = ", ".join(sorted(solutions)) or "none"
        raise cell.error(f"grading/reference has no function {name!r}. It has: {known}.")
    if cell.source.strip():
        raise cell.error("a solution cell is left empty: the build writes the function into it.")
    return solutions[name].source


def _question_source(cell: _Cell) -> str:
    if not _is_points(cell.options["question"]):
        raise cell.error("question= takes the points, a number above zero.")
    question, mark, answer = cell.source.partition(f"\n{ANSWER}\n")
    if not mark or not question.strip() or not answer.strip():
        raise cell.error(
            f"a question is its text, a line `{ANSWER}`, and what an answer should say."
        )
    region = [markers.begin(markers.SOLUTION), answer.strip(), markers.end(markers.SOLUTION)]
    return "\n".join([question.strip(), "", *region])


def _is_points(value) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and value > 0


def _graded_source(cell: _Cell, exercises: Mapping[str, object]) -> str:
    name, points = cell.options["exercise"], cell.options.get("points")
    if not _is_points(points):
        raise cell.error(f"exercise {name!r} needs points=, a number above zero.")
    if name not in exercises:
        known = ", ".join(sorted(exercises)) or "none"
        raise cell.error(f"grading.checks has no exercise {name!r}. It has: {known}.")
    if not getattr(exercises[name], "checks", True):
        raise cell.error(f"exercise {name!r} has no hidden checks yet: its grade would be nothing.")
    hidden = [
        markers.begin(markers.HIDDEN_TESTS),
        "import grading.checks",
        "",
        f'grading.checks.grade_cell("{name}", globals(), points={points})',
        markers.end(markers.HIDDEN_TESTS),
    ]
    return "\n".join([*cell.source.rstrip().splitlines(), *hidden])


def _setup_source(cell: _Cell, setup: str) -> str:
    if cell.source.strip():
        raise cell.error("the set-up cell is left empty: the build writes it, the same everywhere.")
    return setup


def _score_source(cell: _Cell, notebook: str, cells: list[_Cell]) -> str:
    """The call that shows the score card, with the points of this notebook."""
    if cell.source.strip():
        raise cell.error("the score card's cell is left empty: the build writes it.")
    points = {c.options["exercise"]: c.options["points"] for c in cells if "exercise" in c.options}
    in_words = sum(c.options.get("question", 0) for c in cells)
    given = [f'"{notebook}"', *(f"{name}={most}" for name, most in points.items())]
    given += [f"by_a_person={in_words}"] if in_words else []
    return "\n".join(["check.score_card(", *(f"    {part}," for part in given), ")"])


def _badge(path: Path, settings: Settings) -> NotebookNode | None:
    """The cell with the *Open in Colab* badge; Colab opens notebooks from GitHub only."""
    if not settings.github:
        return None
    place = (
        f"{settings.github}/blob/{settings.branch}/assignments/{path.parent.name}/{path.stem}.ipynb"
    )
    picture = "https://colab.research.google.com/assets/colab-badge.svg"
    link = f"https://colab.research.google.com/github/{place}"
    return nbformat.v4.new_markdown_cell(
        source=f"[![Open in Colab]({picture})]({link})", id=BADGE_ID
    )


def to_bytes(notebook: NotebookNode) -> bytes:
    """The one way a notebook is written: keys sorted, indented by one, UTF-8, ends in a newline."""
    return (nbformat.writes(notebook, version=nbformat.NO_CONVERT).rstrip("\n") + "\n").encode()
