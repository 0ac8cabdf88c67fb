"""Which cell of a submission is which cell of the released notebook.

Editors lose cell ids and grading marks, students copy, cut, merge and move cells. The evidence,
strongest first: the function an exercise cell defines, the released text of a locked cell, the
marks and ids still there, likeness. Never are two cells taken for one, or one for two.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from nbformat import NotebookNode

from grading.likeness import first, first_known, last, likeness, share_kept
from grading.python_names import names_in, same_code, same_text

ALIKE = 0.75  # likeness of words from which an edited locked cell is recognised without marks
AKIN = 0.3  # likeness below which a cell has nothing of the locked cell whose mark it bears
MENTIONED = 0.6  # share of a stub's lines by which a renamed function is recognised
ASKED = 0.8  # share of a question's words by which its cell is recognised without marks
NO_ANSWER = "YOUR ANSWER HERE"  # what nbgrader puts in the place of an answer in words


@dataclass(frozen=True, eq=False)
class Released:
    """A cell as it was handed out."""

    index: int
    cell: NotebookNode

    @cached_property
    def mark(self) -> dict:
        return self.cell.metadata.get("nbgrader", {})

    @property
    def grade_id(self) -> str | None:
        return self.mark.get("grade_id")

    @property
    def is_solution(self) -> bool:
        return bool(self.mark.get("solution"))

    @property
    def is_graded(self) -> bool:
        return bool(self.mark.get("grade"))

    @property
    def is_fixed(self) -> bool:
        """Its text is the course's, not the student's."""
        return bool(self.mark) and not self.is_solution

    @cached_property
    def functions(self) -> frozenset[str]:
        """What the student is to write in it."""
        code = self.is_solution and self.cell.cell_type == "code"
        return names_in(self.cell.source).functions if code else frozenset()


@dataclass
class Matches:
    """Places are indices into the released cells and into the submitted ones."""

    found: dict[int, int] = field(default_factory=dict)  # released -> submitted
    elsewhere: dict[int, int] = field(default_factory=dict)  # defined in another exercise's cell
    older: dict[int, list[int]] = field(default_factory=dict)  # further copies that are kept
    several: set[int] = field(default_factory=set)  # released cells with such copies, to be told
    dropped: dict[int, int] = field(default_factory=dict)  # submitted copy -> released


class Matcher:
    """One comparison of a submission with the released notebook. See :func:`match`."""

    def __init__(self, cells: list[NotebookNode], released: list[Released]):
        self.cells, self.released = cells, released
        self.result = Matches()
        self.owner: dict[int, Released] = {}  # submitted -> what it was matched to
        grade_ids = {r.grade_id: r for r in released if r.grade_id}
        ids = {r.cell.get("id"): r for r in released}
        self.claims: dict[int, Released] = {}
        for i, cell in enumerate(cells):
            claimed = grade_ids.get(grade_id_of(cell)) or ids.get(cell.id)
            claimed = claimed or ids.get(str(cell.metadata.get("id")))  # where Colab keeps it
            if claimed:
                self.claims[i] = claimed
        self.claimants: dict[int, list[int]] = {}
        for i, r in self.claims.items():
            self.claimants.setdefault(r.index, []).append(i)

    def take(self, r: Released, i: int | None) -> bool:
        """Match a submitted cell to a released one, unless there is none."""
        if i is None:
            return False
        self.result.found[r.index] = i
        self.owner[i] = r
        return True

    def free(self, indices: Iterable[int]) -> list[int]:
        return [i for i in indices if i not in self.owner]

    def open(self, fixed: bool) -> list[Released]:
        """Locked cells (fixed) or exercise cells that have not been found yet."""
        return [
            r
            for r in self.released
            if r.mark and r.is_fixed == fixed and r.index not in self.result.found
        ]

    # -- exercise cells

    def find_solution(self, r: Released) -> None:
        """Choose the cell that counts as the answer to an exercise."""
        copies = self.free(self.claimants.get(r.index, ()))
        code = [i for i in copies if self.cells[i].cell_type == r.cell.cell_type]
        worked_on = [i for i in copies if not self.is_stub(i, r)]
        own = [i for i in worked_on if not self.is_another(i, r)]
        definers = self.definers(r)
        strangers = [i for i in self.free(definers) if not self.defines_own(i)]
        others = [i for i in self.free(definers) if i not in strangers]
        chosen = last(i for i in code if i in definers)
        chosen = first_known(chosen, self.before_check(r, strangers), last(others))
        if chosen is None and definers and not own:
            self.result.elsewhere[r.index] = definers[-1]
        elif chosen is None:
            stubs = [i for i in copies if i not in worked_on] or self.free(self.stubs(r))
            by_assignment = None if own or stubs else last(self.free(self.assigners(r)))
            chosen = first_known(last(own), by_assignment, first(stubs))
        if chosen in strangers:
            copies += [i for i in strangers if i < chosen]
        self.take(r, chosen)
        if chosen is not None or definers:
            self.sort_copies(r, chosen, copies)

    def sort_copies(self, r: Released, chosen: int | None, copies: list[int]) -> None:
        """Untouched copies of an exercise cell go; others stay, as ordinary cells."""
        for i in sorted({*copies, *self.free(self.stubs(r))} - {chosen}):
            if self.is_another(i, r):
                continue
            if same_text(self.cells[i].source, r.cell.source):
                self.result.dropped[i] = r.index
                self.owner[i] = r
            else:
                self.result.older.setdefault(r.index, []).append(i)
                if i in copies:
                    self.result.several.add(r.index)

    def definers(self, r: Released) -> list[int]:
        """Code cells that define the exercise's functions, and more than the stub does."""
        return [
            i
            for i, cell in enumerate(self.cells)
            if cell.cell_type == "code"
            and r.functions & names_in(cell.source).functions
            and not self.is_stub(i, r)
            and i not in self.result.dropped
        ]

    def stubs(self, r: Released) -> list[int]:
        if not r.functions:
            return []
        return [
            i
            for i, cell in enumerate(self.cells)
            if cell.cell_type == r.cell.cell_type
            and names_in(cell.source).functions == r.functions
            and self.is_stub(i, r)
        ]

    def assigners(self, r: Released) -> list[int]:
        """Cells that make the function without a `def`: a lambda, an import."""
        return [
            i
            for i, cell in enumerate(self.cells)
            if cell.cell_type == "code" and r.functions & names_in(cell.source).others
        ]

    def before_check(self, r: Released, indices: list[int]) -> int | None:
        """The last of the cells in front of the exercise's check cell, or else the last."""
        following = self.released[r.index + 1 :]
        check = next((f for f in following if f.is_graded and f.is_fixed), None)
        places = self.claimants.get(check.index, []) if check else []
        if check and not places:
            places = [i for i, c in enumerate(self.cells) if same_text(c.source, check.cell.source)]
        in_front = [i for i in indices if i < max(places, default=-1)]
        return last(in_front) if in_front else last(indices)

    def is_stub(self, i: int, r: Released) -> bool:
        return same_code(self.cells[i].source, r.cell.source)

    def is_another(self, i: int, r: Released) -> bool:
        """Whether a cell answers another exercise and not this one."""
        functions = names_in(self.cells[i].source).functions
        if functions & r.functions or self.cells[i].cell_type != "code":
            return False
        return any(functions & other.functions for other in self.released if other is not r)

    def defines_own(self, i: int) -> bool:
        """Whether a cell defines a function of the exercise whose mark it bears."""
        claimed = self.claims.get(i)
        return bool(claimed and claimed.functions & names_in(self.cells[i].source).functions)

    def find_renamed(self, r: Released) -> None:
        """An exercise cell without marks whose function got another name, by the docstring."""
        lines = {s for line in r.cell.source.split("\n") if len(s := line.strip()) > 3}
        answers = {name for other in self.released for name in other.functions}
        if len(lines) < 4 or not r.functions:
            return
        best, score = None, MENTIONED
        for i in self.free(range(len(self.cells))):
            cell = self.cells[i]
            if cell.cell_type != "code" or answers & names_in(cell.source).functions:
                continue
            share = len(lines & {s.strip() for s in cell.source.split("\n")}) / len(lines)
            if share >= score:
                best, score = i, share
        self.take(r, best)

    def find_question(self, r: Released) -> None:
        """The cell of an answer in words without marks: by the question, which stands in it too."""
        question = r.cell.source.replace(NO_ANSWER, "")
        cells = [
            i
            for i in self.free(range(len(self.cells)))
            if self.cells[i].cell_type == "markdown"
            and share_kept(self.cells[i].source, question) >= ASKED
        ]
        answered = [i for i in cells if NO_ANSWER not in self.cells[i].source]
        self.take(r, first_known(last(answered), last(cells)))

    # -- locked cells

    def find_by_text(self, r: Released, claimed: bool) -> None:
        """A locked cell by its exact text, among cells that bear its mark or among all."""
        places = self.claimants.get(r.index, []) if claimed else range(len(self.cells))
        same = [
            i
            for i in self.free(places)
            if same_text(self.cells[i].source, r.cell.source) and not self.is_as_released(i, r)
        ]
        if self.take(r, first(same)):
            for i in same[1:]:
                self.result.dropped[i] = r.index
                self.owner[i] = r

    def is_as_released(self, i: int, r: Released) -> bool:
        """Whether a cell bears the mark, and the text, of another released cell than r."""
        claimed = self.claims.get(i, r)
        return claimed is not r and same_text(self.cells[i].source, claimed.cell.source)

    def find_by_mark(self, r: Released) -> None:
        """A locked cell that was edited, by its mark, if something of it is still there."""
        for i in self.free(self.claimants.get(r.index, ())):
            text = self.cells[i].source
            if not text.strip() or likeness(text, r.cell.source) >= AKIN:
                self.take(r, i)
                return

    def find_alike(self) -> None:
        """Edited locked cells without marks: the likest pairs first."""
        pairs = []
        for r in self.open(fixed=True):
            for i in self.free(range(len(self.cells))):
                if self.cells[i].cell_type == r.cell.cell_type and i not in self.claims:
                    score = likeness(self.cells[i].source, r.cell.source, ALIKE)
                    if score >= ALIKE:
                        pairs.append((-score, r.index, i))
        for _, index, i in sorted(pairs):
            if index not in self.result.found and i not in self.owner:
                self.take(self.released[index], i)

    def find_ordinary(self) -> None:
        """Cells the student may change: known by id or text, as landmarks for the others."""
        for r in self.released:
            if r.mark:
                continue
            places = self.free(self.claimants.get(r.index, ()))
            if not places and r.cell.source.strip():
                cells = self.free(range(len(self.cells)))
                places = [i for i in cells if same_text(self.cells[i].source, r.cell.source)]
            self.take(r, first(places))


def match(cells: list[NotebookNode], released: list[Released]) -> Matches:
    """Find the released notebook's cells among those of a submission."""
    matcher = Matcher(cells, released)
    for r in matcher.open(fixed=False):
        matcher.find_solution(r)
    for claimed in (True, False):
        for r in matcher.open(fixed=True):
            matcher.find_by_text(r, claimed)
    for r in matcher.open(fixed=True):
        matcher.find_by_mark(r)
    for r in matcher.open(fixed=False):
        if r.cell.cell_type == "markdown":
            matcher.find_question(r)
        elif r.index not in matcher.result.elsewhere:
            matcher.find_renamed(r)
    matcher.find_alike()
    matcher.find_ordinary()
    return matcher.result


def grade_id_of(cell: NotebookNode) -> str | None:
    """The name in a cell's nbgrader mark, if it bears one."""
    mark = cell.metadata.get("nbgrader")
    name = mark.get("grade_id") if isinstance(mark, dict) else None
    return name if isinstance(name, str) else None
