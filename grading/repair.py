"""Putting right what editors and mishaps do to a submitted notebook, before it is graded.

    repair(read(path), released) -> Repaired(notebook, notes, needs_review)

The cells that the released notebook marks for nbgrader are brought back: each once, in order, with
their marks; locked ones with their text, exercise cells with the student's. Everything else a
student added stays. What was done is said in `notes`, a sentence each. An intact notebook comes
back as it was, and a repaired one is not repaired again.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from nbformat import NotebookNode, from_dict
from nbformat.v4 import new_code_cell, new_markdown_cell

from grading import order
from grading.matching import Matches, Released, grade_id_of, match
from grading.python_names import names_in, same_text
from grading.reading import REMARKS, Unreadable, new_id, normalise, read, remarks_in
from grading.words import Notes, list_of

ENOUGH = 0.3  # share of exercise and check cells that must be found to call it this notebook
MAX_OUTPUT = 5_000_000  # characters of one cell's outputs
GUARDED = ("nbgrader", "deletable", "editable", "tags")  # metadata that belongs to the course
PLACEHOLDER = "# {functions}: defined in an earlier cell, together with {others}."

__all__ = ["Repaired", "Unreadable", "read", "repair"]


class Repaired(NamedTuple):
    """A submission made ready for grading.

    notebook: the repaired notebook, or the one given where it needs review
    notes: what was put right, a sentence each
    needs_review: why a person must look at it (it is no version of this notebook), or None
    """

    notebook: NotebookNode
    notes: list[str]
    needs_review: str | None


@dataclass
class Item:
    """A cell of the notebook in the making."""

    cell: NotebookNode
    origin: Released | None = None  # the released cell it is
    before: Released | None = None  # an older copy: must run before this exercise's cell


def repair(nb: NotebookNode, release: NotebookNode) -> Repaired:
    """Bring back what a released notebook had and a submission lost.

    nb: the submission, any notebook that `read` (or nbformat) returns
    release: the student notebook as it was handed out
    """
    released = [Released(i, cell) for i, cell in enumerate(release.cells)]
    try:
        new = normalise(nb)
    except Unreadable as problem:
        return Repaired(nb, [], str(problem))
    matches = match(new.cells, released)
    reason = _wrong_notebook(new, released, matches)
    if reason:
        return Repaired(nb, [], reason)
    notes = Notes([*remarks_in(nb), *remarks_in(new)])
    new.metadata.pop(REMARKS, None)
    items = _items(new, released, matches, notes)
    _restore(items, released, notes)
    items = _in_order(items, notes)
    items = _with_missing(items, released, new.cells, matches, notes)
    new.cells = [item.cell for item in order.older_copies_first(items, notes)]
    _unique_ids(items, new.cells)
    _restore_kernel(new, release, notes)
    _clear_huge_outputs(new, notes)
    return Repaired(new, notes.sentences(), None)


def _wrong_notebook(nb: NotebookNode, released: list[Released], matches: Matches) -> str | None:
    """Why this is not a version of the released notebook, or None if it is."""
    wanted = [r for r in released if r.is_solution or r.is_graded]
    found = [r for r in wanted if r.index in matches.found or r.index in matches.elsewhere]
    if not wanted or len(found) >= ENOUGH * len(wanted):
        return None
    if not any(cell.source.strip() for cell in nb.cells):
        return "the notebook is empty"
    reason = (
        f"it does not look like this notebook: {len(found)} of its {len(wanted)} "
        "exercise and check cells were found"
    )
    known = {r.grade_id for r in released}
    foreign = [name for cell in nb.cells if (name := grade_id_of(cell)) and name not in known]
    if foreign:
        reason += f", while others are there, such as {list_of(foreign[:3])}"
    return reason


def _items(
    nb: NotebookNode, released: list[Released], matches: Matches, notes: Notes
) -> list[Item]:
    """The submitted cells that stay, each with what it was recognised as."""
    origins = {i: released[index] for index, i in matches.found.items()}
    older = {i: released[index] for index, places in matches.older.items() for i in places}
    items = []
    for i, cell in enumerate(nb.cells):
        if i not in matches.dropped:
            items.append(Item(cell, origins.get(i), None if i in origins else older.get(i)))
    for index in sorted(matches.several):
        notes.older_copies(released[index])
    for index, count in Counter(matches.dropped.values()).items():
        if index in matches.found:
            notes.dropped(released[index], count, untouched=released[index].is_solution)
    return items


def _restore(items: list[Item], released: list[Released], notes: Notes) -> None:
    """Give recognised cells their text, kind and marks; take marks from all others."""
    course_texts = {r.cell.source for r in released}
    for item in list(items):
        if item.origin is None or not item.origin.mark:
            forged = item.cell.metadata.pop("nbgrader", None) is not None
            if forged:
                item.cell.metadata.pop("deletable", None)
                item.cell.metadata.pop("editable", None)
                notes.forged(item.cell, copy=item.before is not None)
            continue
        if item.origin.is_fixed and not same_text(item.cell.source, item.origin.cell.source):
            kept = _student_part(item.cell, item.origin)
            if kept is not None and item.cell.source not in course_texts:
                items.insert(items.index(item), Item(kept))
            notes.edited(item.origin, kept is not None)
        if item.origin.is_fixed:
            item.cell.source = item.origin.cell.source
        _restore_kind(item, notes)
        _restore_marks(item, notes)


def _student_part(cell: NotebookNode, r: Released) -> NotebookNode | None:
    """An edited locked cell as an ordinary one, if the student's own work stands in it."""
    if cell.cell_type != "code":
        return new_markdown_cell(cell.source, id="kept") if cell.source.strip() else None
    own = names_in(cell.source).all - names_in(r.cell.source).all
    return new_code_cell(cell.source, id="kept") if own else None


def _restore_kind(item: Item, notes: Notes) -> None:
    cell, kind = item.cell, item.origin.cell.cell_type
    if cell.cell_type == kind:
        return
    notes.kind(item.origin, cell.cell_type)
    cell.cell_type = kind
    if kind == "code":
        cell.pop("attachments", None)
        cell.outputs, cell.execution_count = [], None
    else:
        cell.pop("outputs", None)
        cell.pop("execution_count", None)


def _restore_marks(item: Item, notes: Notes) -> None:
    cell, source = item.cell, item.origin.cell
    wanted = {key: source.metadata[key] for key in GUARDED if key in source.metadata}
    had = {key: cell.metadata[key] for key in GUARDED if key in cell.metadata}
    if _plain(had) != _plain(wanted) or cell.id != source.id:
        notes.marks(item.origin, had.get("nbgrader"))
        for key in had.keys() - wanted.keys():
            del cell.metadata[key]
        cell.metadata.update(_copy(wanted))
        cell.id = source.id


def _in_order(items: list[Item], notes: Notes) -> list[Item]:
    """The same cells, marked ones in the order of the released notebook."""
    moved = sorted(order.out_of_order(items), key=lambda item: item.origin.index)
    blocks = []
    for item in moved:
        block = order.block(items, item)
        blocks.append(block)
        items = [other for other in items if all(other is not inner for inner in block)]
    for item, block in zip(moved, blocks):
        at = order.place(items, item.origin)
        items[at:at] = block
        notes.moved(item.origin)
    return items


def _with_missing(
    items: list[Item],
    released: list[Released],
    cells: list[NotebookNode],
    matches: Matches,
    notes: Notes,
) -> list[Item]:
    """The cells and those that were deleted."""
    for r in released:
        if not r.mark or r.index in matches.found:
            continue
        cell = NotebookNode(_copy(r.cell))
        if r.index in matches.elsewhere:
            host = next(i for i in items if i.cell is cells[matches.elsewhere[r.index]])
            others = host.origin.functions - r.functions if host.origin else ()
            cell.source = PLACEHOLDER.format(
                functions=list_of(sorted(r.functions)), others=list_of(sorted(others)) or "others"
            )
            notes.elsewhere(r)
        else:
            notes.put_back(r)
        at = order.place(items, r)
        items.insert(at, Item(cell, r))
    return items


def _unique_ids(items: list[Item], cells: list[NotebookNode]) -> None:
    """Released cells have their ids; any other cell with the same id gets a new one."""
    course = {id(item.cell): item.cell.id for item in items if item.origin and item.origin.mark}
    taken = set(course.values())
    clashing = []
    for cell in cells:
        if id(cell) in course:
            continue
        if not cell.id or cell.id in taken:
            clashing.append(cell)
        taken.add(cell.id)
    for cell in clashing:
        cell.id = new_id(taken)


def _restore_kernel(nb: NotebookNode, release: NotebookNode, notes: Notes) -> None:
    for key, what in (("kernelspec", "kernel"), ("language_info", "language")):
        wanted = release.metadata.get(key)
        had = nb.metadata.get(key)
        had_name = had.get("name") if isinstance(had, dict) else None
        if not wanted or had_name == wanted.get("name"):
            continue
        if had_name is None and key == "language_info":
            continue  # editors write it when they like
        notes.kernel(what, had_name, wanted.get("name"))
        nb.metadata[key] = NotebookNode(_copy(wanted))


def _clear_huge_outputs(nb: NotebookNode, notes: Notes) -> None:
    for number, cell in enumerate(nb.cells, 1):
        size = len(json.dumps(cell.get("outputs", [])))
        if size > MAX_OUTPUT:
            cell.outputs = []
            notes.cleared(number, size)


def _plain(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def _copy(value: dict) -> dict:
    return from_dict(json.loads(json.dumps(value)))
