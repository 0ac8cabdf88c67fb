"""A small class whose notebooks the sandbox has graded, for an instructor to look at."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from grading import build as building
from grading import settings
from grading.autograde import autograde
from grading.mistakes import bank
from grading.notebooks import to_bytes
from grading.sample_class import damage, fill_in, reference_answers
from grading.settings import REFERENCE, SOURCE
from grading.solutions import read_solutions
from grading.start import course_files

ASSIGNMENT, NOTEBOOK, QUESTION = "assignment1", "2_convolution", "question-shift"
EVIL = "window.top.evil = 1; window.evil = 1"
HTML = (
    f"<script>{EVIL}</script><img src=x onerror='{EVIL}'><svg onload='{EVIL}'></svg>"
    f"<iframe srcdoc='<script>parent.evil = 1</script>'></iframe><a href='javascript:{EVIL}'>a</a>"
    "<form action='/formgrader/api/assignments'><button>Full credit</button></form>"
    "<style>body { display: none }</style><b id='question-shift'>fine</b>"
)
TEXT = f"The maps. {HTML} ![p](javascript:{EVIL}) [l](javascript:{EVIL}) $x<y$ `</script>`"
MISTAKE = bank()["conv_forward_naive"][0]  # which bob makes
NAMES = {
    "ann": ("Ada", "Lovelace"),
    "bob": ("محمد", "الخوارزمي"),
    "cut": ("Zoë “Z” <b>", "O'Neil & Sons"),
    "evil": (f"</title></script><script>{EVIL}</script>", f'"><img src=x onerror="{EVIL}">'),
    "long": ("N" * 128, "L" * 127),
    "Jörg O'Neil + 1%": (None, None),
}


def make_class(root: Path) -> Path:
    """Make a course with one notebook in a folder of its own, hand in, and grade in the sandbox."""
    _build(root)
    released = nbformat.read(root / "release" / ASSIGNMENT / f"{NOTEBOOK}.ipynb", as_version=4)
    right = reference_answers(read_solutions(REFERENCE))
    wrong = right | {MISTAKE.exercise: _changed(right[MISTAKE.exercise])}
    submissions = {
        "ann": fill_in(released, right),
        "bob": fill_in(released, wrong),
        "cut": fill_in(released, right),
        "evil": hostile(fill_in(released, {})),
        "Jörg O'Neil + 1%": released,
    }
    for student, notebook in submissions.items():
        if student in ("ann", "bob"):
            _answer(notebook, "The maps move along: at stride 1 by 4, at stride 4 by 1.")
        files = {f"{NOTEBOOK}.ipynb": to_bytes(notebook)}
        files = {"bob": damage.colab, "cut": damage.cut_off}.get(student, damage.nothing)(files)
        folder = root / "submitted" / student / ASSIGNMENT
        folder.mkdir(parents=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
    _name(root)
    autograde(ASSIGNMENT, root, jobs=2, say=lambda line: None)
    return root


def hostile(notebook):
    """A submission that tries to act in the browser of whoever looks at it."""
    show = "from IPython.display import HTML, Javascript, Markdown, SVG, display\n" + "".join(
        f"display({kind}({HTML!r}))\n" for kind in ("HTML", "Markdown")
    )
    show += f"display(Javascript({EVIL!r}))\nprint({HTML!r})\n{HTML!r}"
    notebook = nbformat.from_dict(notebook)
    _answer(notebook, TEXT)
    own = new_markdown_cell(HTML), new_code_cell(show), new_code_cell(f"raise ValueError({HTML!r})")
    own[0].metadata["nbgrader"] = {"grade_id": f"x<script>{EVIL}</script>", "grade": True}
    own[1].outputs = [new_output("display_data", {"text/html": HTML})]
    notebook.cells[2:2] = own
    return notebook


def _changed(answer: str) -> str:
    for old, new in MISTAKE.changes:
        assert old in answer
        answer = answer.replace(old, new)
    return answer


def _answer(notebook, text: str) -> None:
    (question,) = (cell for cell in notebook.cells if cell.id == QUESTION)
    question.source += f"\n\n{text}"


def _build(root: Path) -> None:
    root.mkdir(parents=True)
    (root / settings.NBGRADER_CONFIG).write_text(course_files.configuration(), encoding="utf-8")
    sources = root / "own-sources"
    (sources / ASSIGNMENT).mkdir(parents=True)
    shutil.copy(SOURCE / "setup_cell.py", sources)
    shutil.copy(SOURCE / ASSIGNMENT / f"{NOTEBOOK}.py", sources / ASSIGNMENT)
    building.build(root, root / "assignments", building.Sources(sources))


def _name(root: Path) -> None:
    from nbgrader.api import Gradebook

    with Gradebook(settings.database_url(root), settings.load().course_id) as gradebook:
        for student, (first, last) in NAMES.items():
            gradebook.add_student(student, first_name=first, last_name=last)
