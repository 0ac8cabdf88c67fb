"""The part of the class report on similarity: tables, and code side by side."""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from cs231n.cell_code import parse, without_magics
from grading.class_report.book import Person
from grading.class_report.examples import without_author
from grading.likeness import likeness
from grading.similarity.alike import (
    COMMON,
    FEW,
    LEAST_IN_EXERCISE,
    LEAST_PASSAGES,
    LEAST_SHARE,
    LENGTH,
    marked,
    passages,
)
from grading.similarity.find import REFERENCE, Found, Match, Pair, find
from grading.similarity.read import Cell, Course, Solutions, read_class, read_course, read_others
from grading.similarity.words import plain, words

ROWS = 100  # pairs in a table
SIDES, EXERCISES = 30, 4  # pairs side by side, and exercises of each


@dataclass(frozen=True)
class Section:
    """What the template shows. sources: (author, cell) -> the code as handed in.

    anonymous: source -> the code without a trace of anybody listed; None: as it is
    """

    found: Found
    unread: list[tuple[str, str, str]]
    sources: Callable[[str, Cell], str]
    names: Mapping[str, str]
    anonymous: Callable[[str], str] | None = None

    rows, common, few, length = ROWS, COMMON, FEW, LENGTH
    least_passages, least_share = LEAST_PASSAGES, LEAST_SHARE
    least_in_exercise = LEAST_IN_EXERCISE

    def summary(self) -> str:
        """For the terminal."""
        return (
            f"Similar code: of {self.possible} pairs {len(self.found.pairs)} are listed (groups of "
            f"three and more: {len(self.found.groups)}), with others {len(self.found.outside)}. "
            "This proves nothing: the page says what it shows."
        )

    @property
    def lists(self) -> list[tuple[str, list[Pair], str]]:
        """(id, pairs, heading) of each table."""
        return [
            ("pairs", self.found.pairs, "Pairs in the class"),
            ("outside", self.found.outside, "With others, and with the reference solution"),
        ]

    @property
    def possible(self) -> int:
        return self.found.authors * (self.found.authors - 1) // 2

    def sides(self, pairs: list[Pair]) -> list[tuple[Pair, list[dict]]]:
        return [(pair, self._exercises(pair)) for pair in pairs[:SIDES]]

    def _exercises(self, pair: Pair) -> list[dict]:
        best = sorted(pair.matches, key=lambda match: -match.passages)[:EXERCISES]
        return [self._exercise(pair, match) for match in best]

    def _exercise(self, pair: Pair, match: Match) -> dict:
        both = pair.one, pair.other
        as_typed = [self.sources(author, match.cell) for author in both]
        code = [(self.anonymous or plain)(source) for source in as_typed]
        unusual = self.found.unusual[match.cell, pair.other == REFERENCE]
        for text in code:
            unusual = np.intersect1d(unusual, passages(words(text)))
        return {
            "match": match,
            "code": [marked(text, unusual) for text in code],
            "as_typed": None if self.anonymous else as_typed,
            "likeness": likeness(*as_typed),
            "same": as_typed[0].split() == as_typed[1].split(),
        }


def make_section(
    release: Path,
    place: Callable[[str, str], Path],
    people: Mapping[str, Person],
    students: Iterable[str],
    compare_with: Path | None = None,
    anonymous: bool = False,
) -> Section:
    """Read and compare, with bars on the terminal.

    place: (student, notebook's name) -> the autograded notebook's path
    students: who handed in
    """
    from tqdm import tqdm

    course = read_course(release)
    bar = partial(tqdm, disable=None)
    others: Solutions = {}
    if compare_with is not None:
        others = read_others(compare_with, course.cells, partial(bar, unit="file", desc="Read"))
    reading = bar(students, unit="student", desc="Read code")
    solutions, unread = read_class(course, reading, place)
    found = find(course, solutions, others, partial(bar, unit="exercise", desc="Compare"))

    def source(author: str, cell: Cell) -> str:
        if author == REFERENCE:
            return course.reference[cell]
        return solutions.get(cell, {}).get(author) or others[cell][author]

    names, without = {}, None
    if anonymous:
        outside = sorted({pair.other for pair in found.outside} - {REFERENCE})
        names = {name: f"other {number}" for number, name in enumerate(outside, 1)}
        without = _nameless(course, found, people)
    return Section(found, unread, source, names, without)


def _nameless(course: Course, found: Found, people: Mapping[str, Person]) -> Callable[[str], str]:
    """Source -> code without comments, texts, and names of anybody listed; "" if it is no Python.

    A copy may bear the name of whoever wrote it first, so everybody's are taken out of all.
    """
    listed = {id for pair in [*found.pairs, *found.outside] for id in (pair.one, pair.other)}
    traces = [*listed, *(people[id].name for id in listed if id in people)]
    words = re.findall(r"\w+", " ".join(course.given))
    known = frozenset(words) | frozenset(dir(builtins))

    def nameless(source: str) -> str:
        tree = parse(without_magics(source))
        return without_author(tree, traces, known) if tree else ""

    return nameless
