"""What a function did during a check, in two numbers.

Functions that answer alike, to rounding, have the same fingerprint, and hardly any others do. The
answers cannot be read from it. Mistakes are recognised by theirs (see diagnosis.py).
"""

from __future__ import annotations

import zlib

import numpy as np

CLOSE = 3e-7  # fingerprints that differ by less are the same
MOST = 30_000  # numbers of a check's answers that are looked at
PART = 200  # so many of them anything else counts for: it takes as long
_SMALL = 1e-6  # of values this small, some may be rounding only

# The legacy generator's numbers are the same in every version of NumPy.
_WEIGHTS = np.random.RandomState(231).standard_normal((2, 4099))
_TWICE = np.hstack([_WEIGHTS, _WEIGHTS])  # a short row of them is a slice of these


def opaque(function: str) -> tuple[int, ...]:
    """Positions of what a function returns that is its own affair: a forward pass's cache."""
    return (1,) if "_forward" in function else ()


class Fingerprint:
    """Taken call by call: ``add(answer)`` for each, then ``numbers()``."""

    def __init__(self):
        self._sums, self._pieces, self._left = np.zeros(2), 0, MOST

    def add(self, answer) -> None:
        """Take in one answer: arrays, numbers, texts, None; tuples, lists and dicts of them."""
        self._add(answer, 0)

    def numbers(self) -> tuple[float, float] | None:
        """The fingerprint, or None where no call was taken in."""
        if not self._pieces:
            return None
        return float(self._sums[0]), float(self._sums[1])

    def _add(self, part, depth: int) -> None:
        if self._left <= 0 or depth > 8:
            return
        if isinstance(part, np.ndarray) and part.dtype.kind in "biuf":
            self._mix([part.ndim, *part.shape])
            self._mix(part.ravel()[: self._left])
            self._left -= part.size
        elif isinstance(part, bool | int | float | np.number | np.bool_):
            self._mix([part])
        elif isinstance(part, tuple | list):
            self._mix([0.5, len(part)])
            for item in part[: self._left // PART + 1]:
                self._add(item, depth + 1)
        elif isinstance(part, dict):
            self._mix([0.25, len(part)])
            for key in sorted(part, key=str)[: self._left // PART + 1]:
                self._add(str(key), depth + 1)
                self._add(part[key], depth + 1)
        elif isinstance(part, str):
            self._mix([zlib.crc32(part[:MOST].encode(errors="replace")) / 2**32])
        else:
            self._mix([0.125])
        self._left -= PART

    def _mix(self, numbers) -> None:
        """Direction and length of a vector, weighed by where it stands in the whole."""
        try:
            values = np.asarray(numbers, dtype=np.float64)
        except OverflowError:  # an integer beyond all floats
            values = np.array([np.inf])
        if not np.isfinite(values).all():
            values = np.nan_to_num(values, nan=0.111, posinf=1e300, neginf=-1e300)
        largest = max(float(np.abs(values).max(initial=0.0)), _SMALL)
        scaled = values / largest
        start, count = 61 * self._pieces % _WEIGHTS.shape[1], values.size + 1
        if count <= _WEIGHTS.shape[1]:
            weights = _TWICE[:, start : start + count]
        else:
            weights = _WEIGHTS[:, (np.arange(count) + start) % _WEIGHTS.shape[1]]
        length = max(float(np.sqrt(scaled @ scaled)), 1.0)
        self._sums += weights[:, 1:] @ scaled / length
        self._sums += weights[:, 0] * (np.log(largest) + np.log(length))
        self._pieces += 1


def alike(one: tuple[float, float] | None, other: tuple[float, float] | None) -> bool:
    """Whether two fingerprints come from answers that are equal to rounding."""
    if one is None or other is None:
        return one is other
    return all(abs(a - b) <= CLOSE for a, b in zip(one, other, strict=True))
