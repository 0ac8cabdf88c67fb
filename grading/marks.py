"""What the grader writes into a notebook about itself, under the metadata key ``cs231n``.

On the notebook: ``needs_review`` (why a person must look), ``repairs`` (what was put right),
``placeholder`` (stands for a file that could not be read), ``made_from`` (an earlier release),
``language`` (the student's, where it is not English).
On a cell: ``not_run`` (why), ``as_released`` (the course's own text), ``not_needed`` (a
demonstration, not run when grading).
"""

from __future__ import annotations

from html import escape

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_output

from cs231n.language import ENGLISH, of_metadata

KEY = "cs231n"
NOTICE_ID = "grader-notice"
WAITS = "A person will look at this notebook"
TIMED_OUT = "CellTimeoutError"  # the error that a cell shows when its time was over


def clear_marks(nb: NotebookNode) -> None:
    """Take away marks that came with a submission: they are the grader's to write."""
    nb.metadata.pop(KEY, None)
    for cell in nb.cells:
        cell.metadata.pop(KEY, None)


def mark_for_review(nb: NotebookNode, reason: str) -> None:
    """Say that a person must look at the notebook, and why. The first reason is kept first."""
    marks = nb.metadata.setdefault(KEY, {})
    before = marks.get("needs_review")
    if before and reason in before:
        return
    marks["needs_review"] = f"{before}; {reason}" if before else reason


def review_reason(nb: NotebookNode) -> str | None:
    """Why a person must look at the notebook, or None."""
    return nb.metadata.get(KEY, {}).get("needs_review")


def is_stand_in(nb: NotebookNode) -> bool:
    """True for a released notebook in the place of one that could not be graded."""
    return bool(nb.metadata.get(KEY, {}).get("placeholder"))


def repairs(nb: NotebookNode) -> list[str]:
    """What was put right in the notebook before it was run."""
    return list(nb.metadata.get(KEY, {}).get("repairs", []))


def mark_language(nb: NotebookNode, language: str) -> None:
    """Say in which language the student reads, where it is not English."""
    if language != ENGLISH:
        nb.metadata.setdefault(KEY, {})["language"] = language


def language(nb: NotebookNode) -> str:
    """The language in which the student reads."""
    return of_metadata(nb) or ENGLISH


def mark_earlier_release(nb: NotebookNode, label: str) -> None:
    """Say that a submission was made from an earlier release."""
    nb.metadata.setdefault(KEY, {})["made_from"] = label


def earlier_release(nb: NotebookNode) -> str | None:
    """The earlier release that a submission was made from; None: today's."""
    return nb.metadata.get(KEY, {}).get("made_from")


def mark_not_run(cell: NotebookNode, reason: str) -> None:
    """Say in a cell's output, and in its metadata, why it was not run."""
    cell.metadata.setdefault(KEY, {})["not_run"] = reason
    text = f"Not run: {reason}. {WAITS}.\n"
    cell.outputs = [
        *cell.get("outputs", []),
        new_output("stream", name="stdout", text=text),
    ]


def not_run(cell: NotebookNode) -> str | None:
    """Why a cell was not run, or None."""
    return cell.metadata.get(KEY, {}).get("not_run")


def mark_as_released(nb: NotebookNode, released: NotebookNode) -> None:
    """Mark the cells that are still as the course wrote them and are not answers or checks.

    Those of them that only demonstrate are not needed when grading.
    """
    texts = {
        cell.source.strip(): "demo" in cell.metadata.get("tags", [])
        for cell in released.cells
        if not _is_answer_or_check(cell)
    }
    for cell in nb.cells:
        text = cell.source.strip()
        if text in texts and not _is_answer_or_check(cell):
            cell_marks = cell.metadata.setdefault(KEY, {})
            cell_marks["as_released"] = True
            cell_marks["not_needed"] = texts[text] and bool(text)


def _is_answer_or_check(cell: NotebookNode) -> bool:
    about = cell.metadata.get("nbgrader", {})
    return bool(about.get("solution") or about.get("grade"))


def is_as_released(cell: NotebookNode) -> bool:
    """True for a cell that is still as the course wrote it (answers and checks apart)."""
    return bool(cell.metadata.get(KEY, {}).get("as_released"))


def not_needed(cell: NotebookNode) -> bool:
    """True for a demonstration that is still as released."""
    return bool(cell.metadata.get(KEY, {}).get("not_needed"))


def put_notice(nb: NotebookNode) -> None:
    """Write what the grader found and changed into a first cell, where a reader sees it."""
    reason, changes, release = review_reason(nb), repairs(nb), earlier_release(nb)
    nb.cells = [cell for cell in nb.cells if cell.get("id") != NOTICE_ID]
    if not reason and not changes and not release:
        return
    lines = []
    if release:
        lines += [f"Made from {release}; the course's own cells are shown as they are now.", ""]
    if reason:
        lines += [f"**{WAITS}**, because {escape(reason)}.", ""]
        lines += ["Until then, points shown for it are not final.", ""]
    if changes:
        lines += ["Before grading, the following was put right:", ""]
        lines += [f"- {escape(change)}" for change in changes]
    nb.cells.insert(0, new_markdown_cell("\n".join(lines).strip(), id=NOTICE_ID))
