"""All pairs of a class, over all exercises; who else is like them; groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from grading.similarity.alike import LEAST_PASSAGES, Comparison, passages
from grading.similarity.read import Cell, Course, Solutions
from grading.similarity.words import plain, words

REFERENCE = "the course's reference solution"


@dataclass(frozen=True)
class Match:
    """One exercise of a pair. passages: the weight of what the two share; share: its part of all
    unusual passages of the one that has fewer, 0 to 1."""

    cell: Cell
    passages: float
    share: float


@dataclass
class Pair:
    """Two who share something. other: a student, or a name among those compared with."""

    one: str
    other: str
    matches: list[Match] = field(default_factory=list)

    @property
    def passages(self) -> float:
        return sum(match.passages for match in self.matches)


@dataclass(frozen=True)
class Found:
    """pairs: of the class, the most alike first; outside: students with others or the reference;
    groups: three and more who hang together by pairs; unusual: (cell, whether the reference is
    compared) -> numbers of the passages that count; compared: solutions of the class;
    authors: who wrote one."""

    pairs: list[Pair]
    outside: list[Pair]
    groups: list[list[str]]
    unusual: dict[tuple[Cell, bool], np.ndarray]
    compared: int
    authors: int


def find(course: Course, solutions: Solutions, others: Solutions, progress=iter) -> Found:
    """Compare the class's solutions with one another, with others' and with the reference."""
    given = _numbers(course.given)
    known = np.union1d(given, _numbers(course.own))
    pairs: dict[tuple[str, str], Pair] = {}
    outside: dict[tuple[str, str], Pair] = {}
    unusual = {}
    for cell in progress(course.cells):
        ours = {author: plain(source) for author, source in solutions.get(cell, {}).items()}
        if not ours:
            continue
        theirs = {author: plain(source) for author, source in others.get(cell, {}).items()}
        comparison = Comparison(ours | theirs, known)
        _add(pairs, outside, cell, comparison, ours)
        unusual[cell, False] = comparison.unusual
        if cell in course.reference:  # of the course's own code, what is given counts for nothing
            whole = Comparison(ours | {REFERENCE: plain(course.reference[cell])}, given)
            _add({}, outside, cell, whole, ours)
            unusual[cell, True] = whole.unusual
    ranked = _ranked(pairs)
    return Found(
        ranked,
        _ranked(outside),
        _groups(ranked),
        unusual,
        sum(map(len, solutions.values())),
        len(set(chain.from_iterable(solutions.values()))),
    )


def _numbers(sources: Iterable[str]) -> np.ndarray:
    each = [passages(words(plain(source))) for source in sources] or [passages([])]
    return np.unique(np.concatenate(each))


def _add(pairs, outside, cell: Cell, comparison: Comparison, ours: Mapping[str, str]) -> None:
    for i, j, weight, share in comparison.matches():
        one, other = comparison.authors[i], comparison.authors[j]
        if one in ours:  # the class comes first
            pair = (pairs if other in ours else outside).setdefault((one, other), Pair(one, other))
            pair.matches.append(Match(cell, weight, share))


def _ranked(pairs: Mapping[tuple[str, str], Pair]) -> list[Pair]:
    """Those with enough in common, the most alike first."""
    enough = [pair for pair in pairs.values() if pair.passages >= LEAST_PASSAGES]
    return sorted(enough, key=lambda pair: (-pair.passages, pair.one, pair.other))


def _groups(pairs: list[Pair]) -> list[list[str]]:
    """Authors who hang together by pairs, three and more, the largest group first."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    names = sorted({name for pair in pairs for name in (pair.one, pair.other)})
    place = {name: number for number, name in enumerate(names)}
    ends = [[place[pair.one] for pair in pairs], [place[pair.other] for pair in pairs]]
    edges = coo_array((np.ones(len(pairs)), np.array(ends, int)), shape=(len(names),) * 2)
    count, group = connected_components(edges, directed=False) if pairs else (0, [])
    found = [[names[i] for i in np.flatnonzero(group == number)] for number in range(count)]
    return sorted((some for some in found if len(some) > 2), key=lambda some: (-len(some), some))
