"""Reading the scores out of a notebook that has been run."""

from __future__ import annotations

import re

from nbformat import NotebookNode
from nbgrader import utils

from grading.marks import TIMED_OUT, not_run, review_reason

MIME_TYPE = "application/vnd.cs231n.check+json"
_CALL = re.compile(r"""grade_cell\(\s*["'](\w+)["']""")
_HIDDEN = re.compile(r"\n?### BEGIN HIDDEN TESTS\n(.*?)### END HIDDEN TESTS", re.DOTALL)
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def exercise_of(cell: NotebookNode) -> str | None:
    """The exercise that a graded cell grades with hidden checks, or None for any other cell."""
    if cell.cell_type != "code" or not utils.is_grade(cell):
        return None
    found = _CALL.search(cell.source)
    return found.group(1) if found else None


def hidden_part(source: str) -> str:
    """The hidden tests in a graded cell's text; empty where there are none."""
    return "\n".join(_HIDDEN.findall(source)).strip()


def without_hidden_part(source: str) -> str:
    """A graded cell's text as students have it."""
    return _HIDDEN.sub("", source).strip("\n")


def read_cell(cell: NotebookNode) -> dict:
    """The result of a graded cell that has been run.

    Returns {"exercise", "score", "max_score", "checks", "problem"}. Where the cell gave no result,
    ``score`` is 0 when the student's own code is the cause (the cell stopped with an error), and
    None when a person must look; ``problem`` is then the reason.
    """
    result = {
        "exercise": exercise_of(cell),
        "score": None,
        "max_score": float(cell.metadata.nbgrader["points"]),
        "checks": [],
        "problem": None,
    }
    if not_run(cell):
        return result | {"problem": not_run(cell)}
    record = _record(cell, result["exercise"])
    if record is not None:
        score = min(max(float(record["score"]), 0.0), result["max_score"])
        return result | {"score": score, "checks": list(record["checks"])}
    error = next((o for o in cell.get("outputs", []) if o.output_type == "error"), None)
    if error is None:
        return result | {"problem": "the graded cell left no result"}
    if error.ename == TIMED_OUT or any(
        o.get("ename") == TIMED_OUT for o in cell.get("outputs", [])
    ):
        return result | {"problem": "the graded cell did not finish in the time allowed"}
    message = _error_message(error)
    check = {"name": "the cell runs", "passed": False, "weight": 1.0, "message": message}
    return result | {"score": 0.0, "checks": [check], "problem": message}


def read_notebook(nb: NotebookNode) -> tuple[dict[str, dict], str | None]:
    """The results of all graded exercises of a notebook that has been run.

    Returns a tuple of:
    - results: exercise -> what :func:`read_cell` returns, in the order of the notebook
    - reason: why a person must look at the notebook, or None
    """
    results = {}
    reasons = [review_reason(nb)] if review_reason(nb) else []
    for cell in nb.cells:
        name = exercise_of(cell)
        if name is None:
            continue
        results[name] = read_cell(cell)
        if results[name]["score"] is None and not any(
            results[name]["problem"] in reason for reason in reasons
        ):
            reasons.append(f"{name}: {results[name]['problem']}")
    return results, "; ".join(reasons) or None


def has_result(cell: NotebookNode) -> bool:
    """Whether a graded cell left the result of its exercise."""
    return _record(cell, exercise_of(cell)) is not None


def _record(cell: NotebookNode, exercise: str | None) -> dict | None:
    """The last result of this exercise among a cell's outputs."""
    found = None
    for output in cell.get("outputs", []):
        data = output.get("data", {}).get(MIME_TYPE)
        if isinstance(data, dict) and data.get("exercise") == exercise:
            found = data
    return found


def _error_message(error: NotebookNode) -> str:
    text = f"{error.get('ename', '')}: {error.get('evalue', '')}".strip(": ")
    return f"The cell stopped with {_ANSI.sub('', text)}"
