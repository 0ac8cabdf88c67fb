"""How alike two texts are, word by word; and which of several places to take."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from difflib import SequenceMatcher
from functools import lru_cache

MAX_COMPARED = 20_000  # characters; longer texts are not compared


def likeness(one: str, other: str, at_least: float = 0.0) -> float:
    """How much of two texts' words are the same, in order, 0 to 1; 0 if below at_least."""
    if max(len(one), len(other)) > MAX_COMPARED:
        return 0.0
    words = [_words(text) for text in (one, other)]
    total = len(words[0]) + len(words[1])
    if not total or 2 * min(map(len, words)) / total < at_least:
        return 0.0
    common = sum((Counter(words[0]) & Counter(words[1])).values())
    if 2 * common / total < at_least:
        return 0.0
    return SequenceMatcher(None, *words, autojunk=False).ratio()


@lru_cache(maxsize=4096)
def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+|[^\w\s]", text))


def first(indices: Iterable[int]) -> int | None:
    return next(iter(indices), None)


def last(indices: Iterable[int]) -> int | None:
    return max(indices, default=None)


def first_known(*candidates: int | None) -> int | None:
    return next((c for c in candidates if c is not None), None)


def share_kept(text: str, of: str) -> float:
    """The part of the words of one text that stand in another, 0 to 1."""
    wanted = Counter(_words(of))
    if max(len(text), len(of)) > MAX_COMPARED or not wanted:
        return 0.0
    return (wanted & Counter(_words(text))).total() / wanted.total()
