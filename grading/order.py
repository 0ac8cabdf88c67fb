"""The order of a notebook's cells: the released one for marked cells, undisturbed for the rest.

An item has `cell`, `origin` (the released cell it is, or None: the student added it) and `before`
(the exercise of which it is an older copy).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from grading.matching import Released
from grading.python_names import names_in

if TYPE_CHECKING:
    from grading.repair import Item
    from grading.words import Notes


def out_of_order(items: list[Item]) -> list[Item]:
    """The fewest marked items to move so that all are in order, locked ones sooner than answers."""
    marked = [item for item in items if _marked(item)]
    best: list[tuple[int, list[int]]] = []  # for each: weight and places of the best run up to it
    for i, item in enumerate(marked):
        runs = [best[j] for j in range(i) if marked[j].origin.index < item.origin.index]
        weight, run = max(runs, key=lambda r: r[0], default=(0, []))
        best.append((weight + (2 if item.origin.is_solution else 1), [*run, i]))
    _, keep = max(best, key=lambda r: r[0], default=(0, []))
    return [item for i, item in enumerate(marked) if i not in set(keep)]


def block(items: list[Item], item: Item) -> list[Item]:
    """An item to move, an answer together with the student's helper cells around it."""
    start = _at(items, item)
    end = start + 1
    if item.origin.is_solution:
        while start > 0 and _helps(items[start - 1], item):
            start -= 1
        while end < len(items) and items[end].origin is None:
            end += 1
    return items[start:end]


def place(items: list[Item], r: Released) -> int:
    """Where a released cell belongs: behind those that come before it, and what follows them.

    What gives names to other cells (set-up, provided code) comes before the student's additions.
    """
    start, end, at = 0, len(items), 0
    for i, item in enumerate(items):
        if _marked(item) and item.origin.index < r.index:
            start = at = i + 1
    for i in range(len(items) - 1, start - 1, -1):
        if _marked(items[i]) and items[i].origin.index > r.index:
            end = i
    for i in range(start, end):
        if items[i].origin and items[i].origin.index < r.index:
            at = i + 1
    if r.is_solution or r.is_graded:
        while at < end and items[at].origin is None:
            at += 1
    return at


def older_copies_first(items: list[Item], notes: Notes) -> list[Item]:
    """The items, with no older copy of an answer behind the one that counts."""
    for item in [item for item in items if item.before]:
        counts = next((i for i in items if i.origin is item.before), None)
        if counts and _at(items, item) > _at(items, counts):
            items = [other for other in items if other is not item]
            items.insert(_at(items, counts), item)
            notes.copy_moved(item.before)
    return items


def _at(items: list[Item], wanted: Item) -> int:
    return next(i for i, item in enumerate(items) if item is wanted)


def _marked(item: Item) -> bool:
    return bool(item.origin and item.origin.mark)


def _helps(helper: Item, item: Item) -> bool:
    """Whether an added cell defines something that an answer uses."""
    if helper.origin is not None or helper.cell.cell_type != "code":
        return False
    words = set(re.findall(r"\w+", item.cell.source))
    return bool(names_in(helper.cell.source).all & words)
