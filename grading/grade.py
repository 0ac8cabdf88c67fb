"""Grade one submission: a function from files to a result, wherever it runs.

    grade_submission(assignment, submission) -> Graded

Nothing is written but a folder of temporary files, and nothing is read but the arguments: the same
arguments give the same scores on every machine.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.preprocessors import IgnorePattern, LimitOutput

from cs231n.language import ENGLISH
from grading import diagnosis, marks
from grading.engine.run import Job, run_notebook
from grading.engine.tasks import Assignment, Graded, Submission
from grading.notebooks import to_bytes
from grading.reports import score_card
from grading.submissions import prepare, stand_in

_TIDY = (IgnorePattern(), LimitOutput())


def grade_submission(
    assignment: Assignment, submission: Submission, explain: Callable = diagnosis.explain
) -> Graded:
    """Repair, run and grade every notebook of a submission.

    explain: finds the known mistakes behind an exercise's results (grading/diagnosis.py)
    """
    job = Job(
        submission.files,
        assignment.secret,
        assignment.limits,
        assignment.sandbox,
        explain=explain,
    )
    notebooks, cards = {}, {}
    with tempfile.TemporaryDirectory(prefix="grading-submission-") as folder:
        place = _lay_out(Path(folder), assignment, submission)
        for name in filter(submission.asks_for, sorted(assignment.released)):
            released, instructor = (
                nbformat.reads(source[name].decode(), as_version=nbformat.NO_CONVERT)
                for source in (assignment.released, assignment.instructor)
            )
            earlier = {
                label: nbformat.reads(data.decode(), as_version=nbformat.NO_CONVERT)
                for label, data in assignment.earlier.get(name, {}).items()
            }
            lost = _why_left_out(f"{name}.ipynb ", submission)
            if lost:
                notebook = stand_in(released, lost)
            else:
                notebook = prepare(place / f"{name}.ipynb", released, earlier)
            put_hidden_tests(notebook, instructor)
            results, reason = run_notebook(notebook, job)
            for step in _TIDY:
                notebook, _ = step.preprocess(notebook, {})
            marks.put_notice(notebook)
            notebooks[name] = to_bytes(notebook)
            card = score_card(assignment.name, name, results, reason)
            repairs = [*marks.repairs(notebook), *submission.left_out]
            cards[name] = card | {"repairs": repairs, "release": marks.earlier_release(notebook)}
            if marks.language(notebook) != ENGLISH:
                cards[name]["language"] = marks.language(notebook)
    return Graded(
        submission.student,
        assignment.name,
        notebooks,
        cards,
        submission.hash,
        assignment.checks_hash,
    )


def _why_left_out(file: str, submission: Submission) -> str | None:
    """Why a notebook that was handed in is not among the submission's files, or None."""
    found = (note for note in submission.left_out if note.startswith(file))
    return next((f"its file {note.removeprefix(file)}" for note in found), None)


def _lay_out(root: Path, assignment: Assignment, submission: Submission) -> Path:
    """The folders that `prepare` knows: submitted/STUDENT/ASSIGNMENT beside release/ASSIGNMENT."""
    release = root / "release" / "assignment"
    place = root / "submitted" / "student" / "assignment"
    for folder in (release, place):
        folder.mkdir(parents=True)
    for name, content in assignment.released.items():
        (release / f"{name}.ipynb").write_bytes(content)
    for name, content in submission.files.items():
        path = place / name
        if "/" not in name and path.suffix == ".ipynb":  # the others go to the sandbox only
            path.write_bytes(content)
    return place


def put_hidden_tests(notebook: NotebookNode, instructor: NotebookNode) -> None:
    """Give a notebook's locked cells the text they should have, hidden tests included."""
    locked = {
        cell.metadata.nbgrader.grade_id: cell
        for cell in instructor.cells
        if cell.metadata.get("nbgrader", {}).get("locked")
    }
    for cell in notebook.cells:
        own = locked.get(cell.metadata.get("nbgrader", {}).get("grade_id"))
        if own is not None:
            cell.source = own.source
            cell.metadata.nbgrader = own.metadata.nbgrader
