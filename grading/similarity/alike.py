"""Which of many solutions of one exercise share passages that hardly anybody else has.

A passage is LENGTH words in a row. It weighs 1 where only two have it, less the more have it, and
nothing where a tenth of the class has it or where it stands in the course's own code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import groupby

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from grading.similarity.words import Word, words

LENGTH = 8  # words of a passage
COMMON = 0.1  # of the class: what so many have weighs nothing ...
FEW = 6  # ... but in a small class only what so many have
# An exercise of a pair counts where both are reached. Measured on the course's 333 right and wrong
# solutions: copies with new names and every second statement moved share 0.63 and more; of 1,115
# pairs that were written as different ones 5 reach both: two are the same but for names, one but
# for an operator, two are functions of a few lines.
LEAST_IN_EXERCISE, LEAST_SHARE = 5.0, 0.5
LEAST_PASSAGES = 15.0  # of a pair that is listed, over all exercises


class Comparison:
    """Solutions of one exercise.

    solutions: author -> plain code, of the class and of those it is compared with
    common: numbers of passages (see passages) that weigh nothing
    """

    def __init__(self, solutions: Mapping[str, str], common: np.ndarray):
        self.authors = list(solutions)
        each = [np.unique(passages(words(code))) for code in solutions.values()]
        self.known, where = np.unique(np.concatenate([_NONE, *each]), return_inverse=True)
        ends = np.cumsum([len(some) for some in each])
        self._where = np.split(where, ends[:-1])
        self.weights = _weights(np.bincount(where, minlength=len(self.known)), len(each))
        self.weights[np.isin(self.known, common)] = 0.0

    def matches(self) -> Iterator[tuple[int, int, float, float]]:
        """Pairs of authors' indices, i < j, that reach both limits: with passages and share."""
        from scipy.sparse import csr_array, triu

        begins = np.cumsum([0, *map(len, self._where)])
        columns = np.concatenate(self._where)
        table = csr_array(
            (np.sqrt(self.weights[columns]), columns, begins),
            shape=(len(self.authors), len(self.known)),
        )
        own = np.array([self.weights[some].sum() for some in self._where])
        table.eliminate_zeros()
        shared = triu(table @ table.T, 1).tocoo()
        share = shared.data / np.minimum(own[shared.row], own[shared.col])
        chosen = (shared.data >= LEAST_IN_EXERCISE) & (share >= LEAST_SHARE)
        for at in np.flatnonzero(chosen):
            yield int(shared.row[at]), int(shared.col[at]), float(shared.data[at]), float(share[at])

    @property
    def unusual(self) -> np.ndarray:
        """Numbers of the passages that weigh something."""
        return self.known[self.weights > 0]


def _weights(counts: np.ndarray, size: int) -> np.ndarray:
    """Weights of passages that so many of `size` solutions have: 1 for two, 0 for a tenth."""
    enough = max(FEW, COMMON * size)
    return np.clip(1 - np.log(counts / 2) / np.log(enough / 2), 0, 1)


def passages(found: Sequence[Word]) -> np.ndarray:
    """A number for each passage, in order: equal where the words' shapes are."""
    if len(found) < LENGTH:
        return _NONE
    numbers = np.array([_number(word.shape) for word in found], np.uint64)
    return (sliding_window_view(numbers, LENGTH) * _FACTORS).sum(axis=1, dtype=np.uint64)


@lru_cache(maxsize=65_536)
def _number(shape: str) -> int:
    return int.from_bytes(blake2b(shape.encode("utf-8", "replace"), digest_size=8).digest())


_NONE = np.zeros(0, np.uint64)
_FACTORS = np.random.default_rng(0).integers(2**63, size=LENGTH, dtype=np.uint64) * 2 + 1


def marked(code: str, shared: np.ndarray) -> list[tuple[str, bool]]:
    """Code cut into pieces, each with whether it lies in one of the shared passages."""
    found = words(code)
    inside = np.zeros(len(found), bool)
    for begin in np.flatnonzero(np.isin(passages(found), shared)):
        inside[begin : begin + LENGTH] = True
    ends = [match.start() for match in re.finditer("\n", code)]
    rows = np.searchsorted(ends, [word.begin for word in found])
    pieces, at = [], 0
    for (alike, _), some in groupby(zip(found, inside, rows), lambda three: three[1:]):
        some = [word for word, *_ in some]
        pieces += [(code[at : some[0].begin], False)]
        at = some[-1].end
        pieces += [(code[some[0].begin : at], bool(alike))]
    return [piece for piece in [*pieces, (code[at:], False)] if piece[0]]
