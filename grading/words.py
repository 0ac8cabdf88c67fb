"""The sentences that tell a student and a teacher what was put right in a notebook."""

from __future__ import annotations

import re
from collections.abc import Iterable

from nbformat import NotebookNode

from grading.matching import Released

FALSE_NAMES = {"code": "a code cell", "markdown": "a text cell", "raw": "a raw cell"}


class Notes:
    """Collects what was done, a sentence each; what happened to many cells makes one sentence."""

    def __init__(self, first: list[str]):
        self._said = list(first)
        self._marks = 0
        self._forged = 0
        self._moved: list[str] = []

    def sentences(self) -> list[str]:
        """All of them."""
        some = []
        if self._marks:
            cells = "one cell" if self._marks == 1 else f"{self._marks} cells"
            some.append(
                f"The grading marks of {cells} had been lost or changed (as some editors do); "
                "they were put back."
            )
        if self._moved:
            some.append(f"Out of their order, and moved back: {list_of(self._moved)}.")
        if self._forged:
            cells = "A cell" if self._forged == 1 else f"{self._forged} cells"
            some.append(f"{cells} without a grade bore grading marks; they were taken away.")
        return self._said + some

    def _say(self, sentence: str) -> None:
        if sentence not in self._said:
            self._said.append(sentence)

    def put_back(self, r: Released) -> None:
        if r.is_solution:
            self._say(
                f"{_capital(name_of(r))} was not found, nor another cell with its function; "
                "it was put back as handed out, without an answer."
                if r.functions
                else f"{_capital(name_of(r))} was not found; it was put back as handed out."
            )
        else:
            self._say(f"{_capital(name_of(r))} had been deleted; it was put back.")

    def elsewhere(self, r: Released) -> None:
        self._say(
            f"{list_of(sorted(r.functions))} was found in the cell of another exercise and "
            "stays there; its own cell was put back with a remark."
        )

    def edited(self, r: Released, kept: bool) -> None:
        more = "; your own text stays in a cell before it" if kept else ""
        self._say(f"{_capital(name_of(r))} had been edited; its text was restored{more}.")

    def kind(self, r: Released, was: str) -> None:
        kind = FALSE_NAMES[r.cell.cell_type]
        self._say(f"{_capital(name_of(r))} had become {FALSE_NAMES[was]}; it is {kind} again.")

    def marks(self, r: Released, had: object) -> None:
        had = had if isinstance(had, dict) else {}
        points, name = had.get("points"), had.get("grade_id")
        if r.is_graded and points is not None and points != r.mark.get("points"):
            self._say(
                f"The points of {name_of(r)} had been changed to {str(points)[:20]}; "
                f"they are {r.mark.get('points')} again."
            )
        elif name is not None and name != r.grade_id:
            self._say(
                f"The grading name of {name_of(r)} had been changed to {str(name)[:40]!r}; "
                f"it is {r.grade_id!r} again."
            )
        else:
            self._marks += 1

    def forged(self, cell: NotebookNode, copy: bool) -> None:
        self._forged += not copy

    def older_copies(self, r: Released) -> None:
        self._say(
            f"{_capital(name_of(r))} was there more than once; the last one that was worked on "
            "counts, the others stay as ordinary cells."
        )

    def dropped(self, r: Released, count: int, untouched: bool) -> None:
        if count == 1:
            copy = "An untouched copy" if untouched else "A copy"
            self._say(f"{copy} of {name_of(r)} was removed.")
        else:
            copies = f"{count} untouched copies" if untouched else f"{count} copies"
            self._say(f"{copies} of {name_of(r)} were removed.")

    def moved(self, r: Released) -> None:
        self._moved.append(name_of(r))

    def copy_moved(self, r: Released) -> None:
        self._say(f"An older copy of {name_of(r)} stood behind it; it was moved before it.")

    def kernel(self, what: str, had: object, wanted: object) -> None:
        if had:
            self._say(f"The notebook's {what} was {str(had)[:40]!r}; it is {str(wanted)!r} again.")
        else:
            self._say(f"The notebook's {what} was missing; it is {str(wanted)!r} again.")

    def cleared(self, number: int, size: int) -> None:
        self._say(f"The outputs of cell {number} took {size / 1e6:.0f} MB; they were cleared.")


def name_of(r: Released) -> str:
    """What to call a released cell in a sentence: "the check cell of conv_forward_naive"."""
    tags = r.cell.metadata.get("tags", [])
    if r.is_solution:
        return f"the exercise cell of {list_of(sorted(r.functions)) or repr(r.grade_id)}"
    if r.is_graded:
        check = re.search(r"\bcheck\.(\w+)\s*\(", r.cell.source)
        return f"the check cell of {check[1] if check else repr(r.grade_id)}"
    if "setup" in tags:
        return "the set-up cell"
    return f"the locked cell {r.grade_id!r}"


def list_of(words: Iterable[str]) -> str:
    """ "a, b and c"."""
    words = list(words)
    return ", ".join(words[:-1]) + " and " + words[-1] if len(words) > 1 else "".join(words)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
