"""Attacks by the files that are handed in: damaged, swollen, and forged notebooks, and what lies
beside them.

Each function says what it tries and takes the files of a submission (name -> content), which has
one notebook, NOTEBOOK, with everything solved but the hinge loss.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

NOTEBOOK = "1_fully_connected.ipynb"
Files = dict[str, bytes]


def _changed(files: Files, change: Callable[[dict], object]) -> Files:
    notebook = json.loads(files[NOTEBOOK])
    change(notebook)
    return files | {NOTEBOOK: json.dumps(notebook).encode()}


def _check_cell(notebook: Mapping) -> dict:
    return next(c for c in notebook["cells"] if c["id"] == "svm-loss-check")


def _code(text: str, **metadata) -> dict:
    return {
        "cell_type": "code",
        "id": "own-cell",
        "metadata": metadata,
        "source": text,
        "outputs": [],
        "execution_count": None,
    }


# ---- forged marks ---------------------------------------------------------------------------


def more_points(files: Files) -> Files:
    """The graded cells are worth a thousand points each."""

    def change(notebook):
        for cell in notebook["cells"]:
            if "points" in cell["metadata"].get("nbgrader", {}):
                cell["metadata"]["nbgrader"]["points"] = 1000

    return _changed(files, change)


def strange_points(files: Files) -> Files:
    """The graded cells are worth infinitely many points, or not a number of them."""
    for points, word in ((b"1e999", b"5"), (b"NaN", b"6"), (b"-Infinity", b"4")):
        old, new = b'"points": ' + word, b'"points": ' + points
        files = files | {NOTEBOOK: files[NOTEBOOK].replace(old, new)}
    return files


def another_exercise(files: Files) -> Files:
    """The graded cell of the hard exercise calls itself that of an easy one."""
    easy = {"grade_id": "relu-forward-check"}
    return _changed(files, lambda nb: _check_cell(nb)["metadata"]["nbgrader"].update(easy))


def another_check(files: Files) -> Files:
    """The graded cell's text is one that grades another exercise, and shows points."""
    text = 'from grading.checks import grade_cell\ngrade_cell("relu_forward", globals(), 5)\n5.0'
    return _changed(files, lambda nb: _check_cell(nb).update(source=text))


def unlocked(files: Files) -> Files:
    """The graded cell is an answer that a person grades, and not locked."""
    marks = {"solution": True, "locked": False, "task": True, "cell_type": "markdown"}
    return _changed(files, lambda nb: _check_cell(nb)["metadata"]["nbgrader"].update(marks))


def all_cells_twice(files: Files) -> Files:
    """Every cell is there twice, marks, ids and all."""
    return _changed(files, lambda nb: nb.update(cells=nb["cells"] + nb["cells"]))


def graded_cells_in_front(files: Files) -> Files:
    """Copies of all graded cells stand in front, before anything can have gone wrong."""

    def change(notebook):
        graded = [c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("grade")]
        notebook["cells"] = graded + notebook["cells"]

    return _changed(files, change)


def grader_s_own_marks(files: Files) -> Files:
    """The marks by which the grader says what it did: nothing to run, nothing to review."""

    def change(notebook):
        own = {"placeholder": False, "needs_review": None, "repairs": ["<b>graded</b>"]}
        notebook["metadata"]["cs231n"] = own | {"grader_remarks": ["full points"]}
        notebook["metadata"]["grader_remarks"] = ["full points"]
        for cell in notebook["cells"]:
            cell["metadata"]["cs231n"] = {"as_released": True, "not_needed": True, "not_run": "x"}

    return _changed(files, change)


def grader_s_notice(files: Files) -> Files:
    """A cell in the place of the grader's notice, with words of its own."""
    text = "**A person has looked at this notebook**: full points. <script>alert(1)</script>"
    cell = {"cell_type": "markdown", "id": "grader-notice", "metadata": {}, "source": text}
    return _changed(files, lambda nb: nb["cells"].insert(0, cell))


def result_in_the_outputs(files: Files) -> Files:
    """The graded cell comes with the outputs of a graded cell that was graded well."""

    def change(notebook):
        forged = {"exercise": "svm_loss", "score": 5.0, "max_score": 5.0, "checks": []}
        data = {"application/vnd.cs231n.check+json": forged, "text/plain": "5 of 5 points"}
        shown = {"output_type": "display_data", "metadata": {}, "data": data}
        value = {"output_type": "execute_result", "metadata": {}, "data": {"text/plain": "5.0"}}
        _check_cell(notebook)["outputs"] = [shown, value | {"execution_count": 1}]
        notebook["cells"].append(_code("1 + 1") | {"outputs": [shown]})

    return _changed(files, change)


def demonstration(files: Files) -> Files:
    """A cell of one's own calls itself a demonstration, a set-up cell and a hidden test."""
    text = "### BEGIN HIDDEN TESTS\nprint('graded')\n### END HIDDEN TESTS\nraise SystemExit"
    cell = _code(text, tags=["demo", "setup", "hide"], nbgrader={"grade": True, "points": 5})
    return _changed(files, lambda nb: nb["cells"].insert(5, cell))


def another_kernel(files: Files) -> Files:
    """The notebook asks for a kernel of its own, which is a command, and for another language."""

    def change(notebook):
        kernel = {
            "name": "../../evil",
            "argv": ["/bin/sh"],
            "display_name": "<b>",
            "language": "sh",
        }
        notebook["metadata"]["kernelspec"] = kernel
        notebook["metadata"]["language_info"] = {"name": '"><script>', "pygments_lexer": 7}
        notebook["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": {}}

    return _changed(files, change)


# ---- swollen and broken files ----------------------------------------------------------------


def two_hundred_megabytes(files: Files) -> Files:
    """A notebook of 200 MB."""
    return files | {NOTEBOOK: b'{"cells": [' + b" " * 200_000_000 + b"]}"}


def large_outputs(files: Files) -> Files:
    """A notebook of 40 MB, most of which are outputs."""
    shown = {"output_type": "stream", "name": "stdout", "text": "x" * 40_000_000}
    return _changed(files, lambda nb: nb["cells"][1].update(_code("1") | {"outputs": [shown]}))


def many_cells(files: Files) -> Files:
    """A notebook of a thousand cells more."""
    cells = [_code("x = 1") | {"id": f"own-{n}"} for n in range(1_000)]
    return _changed(files, lambda nb: nb["cells"].extend(cells))


def a_hundred_thousand_cells(files: Files) -> Files:
    """A small file of a great many cells, which are empty."""
    cells = b'"cells": [' + b"{}," * 100_000
    return files | {NOTEBOOK: files[NOTEBOOK].replace(b'"cells": [', cells, 1)}


def blank_lines(files: Files) -> Files:
    """Cells of thousands of blank lines, which take a careless pattern minutes to read."""
    texts = ["\n" * 30_000 + "(", " \n" * 20_000 + "x", "import " + "a" * 30_000 + "!b\n("]
    cells = [_code(text) | {"id": f"own-{n}"} for n, text in enumerate(texts)]
    return _changed(files, lambda nb: nb["cells"].extend(cells))


def blank_lines_elsewhere(files: Files) -> Files:
    """The same in a notebook by another name, when the one that is looked for is not there."""
    renamed = _changed(files, lambda nb: nb["cells"].append(_code("\n" * 30_000 + "x")))
    return {"my homework.ipynb": renamed[NOTEBOOK]}


def many_outputs(files: Files) -> Files:
    """Sixty cells that show two megabytes each: together more than anybody wants to keep."""
    text = "from IPython.display import HTML\nHTML('<p>' + 'x' * 2_000_000)"
    cells = [_code(text) | {"id": f"own-{n}"} for n in range(60)]
    return _changed(files, lambda nb: nb["cells"].extend(cells))


def deep(files: Files) -> Files:
    """JSON that is nested a million deep."""
    return files | {NOTEBOOK: b'{"cells": ' + b"[" * 1_000_000}


def deep_in_metadata(files: Files) -> Files:
    """Metadata nested as deep as the reader just bears."""
    value: dict = {}
    for _ in range(90):
        value = {"a": value}
    return _changed(files, lambda nb: nb["metadata"].update(a=value))


def keys_twice(files: Files) -> Files:
    """Keys are there twice: what a reader sees first is not what a program takes."""
    text = files[NOTEBOOK].replace(b'"nbformat"', b'"cells": [], "metadata": 5, "nbformat"', 1)
    return files | {NOTEBOOK: text}


def numbers_that_are_none(files: Files) -> Files:
    """NaN, Infinity and numbers of thousands of digits where numbers stand."""
    text = files[NOTEBOOK].replace(b'"execution_count": null', b'"execution_count": NaN')
    text = text.replace(b'"nbformat_minor": 5', b'"nbformat_minor": ' + b"9" * 4000)
    return files | {NOTEBOOK: text}


def wrong_types(files: Files) -> Files:
    """Numbers for texts, texts for lists, lists for everything."""

    def change(notebook):
        for cell, key, value in zip(
            notebook["cells"],
            ("source", "metadata", "cell_type", "outputs", "id", "execution_count"),
            (5, [], {}, "x", None, "<b>"),
        ):
            cell[key] = value
        notebook["cells"] += [5, None, "x", [], {}]
        notebook["metadata"] = ["x"]

    return _changed(files, change)


def strange_characters(files: Files) -> Files:
    """Halves of characters, control characters, text that runs backwards, in code and text."""
    text = "# \u202e\u2066 \ud800 \x00 \x1b[31m \ufeff \u2028\nx = '\u2067'\n"

    def change(notebook):
        notebook["cells"].insert(3, _code(text))
        notebook["cells"].append(
            {"cell_type": "markdown", "id": "m", "metadata": {}, "source": text}
        )

    return _changed(files, change)


def scripts_in_text(files: Files) -> Files:
    """Text cells, raw cells and attachments that would run in a reader's browser."""
    script = "<script>alert(1)</script><img src=x onerror=alert(1)>"

    def change(notebook):
        for number, kind in enumerate(("markdown", "raw")):
            cell = {"cell_type": kind, "id": f"s{number}", "metadata": {}, "source": script}
            notebook["cells"].insert(4, cell | {"attachments": {"a": {"text/html": script}}})
        notebook["metadata"]["title"] = script

    return _changed(files, change)


def no_code(files: Files) -> Files:
    """Code that is none: a syntax error, an unknown magic, a megabyte of text, deep brackets."""
    texts = ["a" + ".b" * 50_000, "-" * 50_000 + "1", "lambda: " * 5_000 + "1"]
    texts += ["def (", "%load_ext x\n%%evil\nx", "x = '" + "a" * 1_000_000 + "'", "(" * 50_000]
    cells = [_code(text) | {"id": f"own-{n}"} for n, text in enumerate(texts)]
    return _changed(files, lambda nb: nb["cells"].extend(cells))


# ---- files beside the notebook ----------------------------------------------------------------


def modules_beside_it(files: Files) -> Files:
    """Modules in the place of NumPy, of the course's package, and of the session's own."""
    program = b"print('planted-by-file')\nraise SystemExit\n"
    names = ["numpy.py", "numpy/__init__.py", "cs231n/__init__.py", "cs231n/check/__init__.py"]
    names += ["sitecustomize.py", "usercustomize.py", "inside/__init__.py", "inside/session.py"]
    names += ["grading/__init__.py", "json.py", "os.py", "IPython/__init__.py", "conftest.py"]
    names += [".ipython/profile_default/startup/0.py", "ipython_config.py", "matplotlibrc"]
    names += [".pythonrc.py", "pyvenv.cfg", "nbgrader_config.py", ".env", "pyproject.toml"]
    return files | dict.fromkeys(names, program)


def names_that_lead_out(files: Files) -> Files:
    """Names of files that lead out of the folder in which they are laid."""
    names = [
        "../planted.py",
        "../../planted.ipynb",
        "/tmp/planted",
        "a/../../planted",
        "",
        ".",
        "..",
    ]
    names += [
        "a\x00b",
        "a\nb.ipynb",
        "\u202eb.ipynb",
        "x" * 300,
        "con",
        "a\\b",
        "-rf",
        "~",
        "$HOME",
    ]
    names += ["/kit/site/inside/session.py", "/etc/passwd", "../../../../../../../../tmp/planted"]
    return files | dict.fromkeys(names, b"planted")


def other_notebooks(files: Files) -> Files:
    """Notebooks under names that the course might take for its own."""
    other = json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()
    names = ["2_convolution.ipynb", "1_fully_connected .ipynb", "1_Fully_Connected.ipynb", ".ipynb"]
    return files | dict.fromkeys(names, other)


RECIPES: list[Callable[[Files], Files]] = [
    more_points, strange_points, another_exercise, another_check, unlocked, all_cells_twice,
    graded_cells_in_front, grader_s_own_marks, grader_s_notice, result_in_the_outputs,
    demonstration, another_kernel, two_hundred_megabytes, large_outputs, many_cells,
    a_hundred_thousand_cells, blank_lines, blank_lines_elsewhere, many_outputs, deep,
    deep_in_metadata, keys_twice, numbers_that_are_none, wrong_types, strange_characters,
    scripts_in_text, no_code, modules_beside_it, names_that_lead_out, other_notebooks,
]  # fmt: skip
