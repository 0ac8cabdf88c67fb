"""What a student's function returned, looked at before anything is computed with it.

It may be anything: an array of a wrong shape, nan, a text, a list of lists. Nothing here takes long
or much memory, whatever it is; what cannot be used ends as CheckFailed.
"""

from __future__ import annotations

import numpy as np

from cs231n.check import compare
from cs231n.check.results import CheckFailed, Measurement

MOST = 100_000  # numbers in one answer; the largest right one has not even 2,000


def as_array(value, what: str, shape: tuple[int, ...] | None = None) -> np.ndarray:
    """``value`` as a numeric array of at most MOST numbers, or a CheckFailed that says what came.

    shape: the shape it should have; the array may have another one.
    """
    if isinstance(value, str | bytes | dict):
        raise CheckFailed(f"{what} should hold real numbers, but it is a {type(value).__name__}.")
    nested = isinstance(value, list) or (isinstance(value, tuple) and shape == (len(value),))
    if nested and not _holds_few_numbers(value):
        kind = type(value).__name__
        raise CheckFailed(f"{what} should be an array, but it is a {kind} with something else.")
    array = compare.as_array(value, what, shape)
    if array.size > MOST:
        raise CheckFailed(f"{what} has shape {array.shape}, which is far too large.")
    return array


def close(actual, expected, *, what: str = "out", **options) -> Measurement:
    """compare.close for hidden checks: a message never quotes the value that was expected."""
    expected = np.asarray(expected)
    actual = as_array(actual, what, expected.shape)
    return compare.close(actual, expected, what=what, show_values=False, **options)


def serious(value, what: str) -> np.ndarray:
    """``value`` as an array that is a real attempt, right or wrong: finite and not all zero."""
    array = as_array(value, what)
    if not np.isfinite(array).all():
        raise CheckFailed(f"{what} holds values that are not finite.")
    if not array.any():
        raise CheckFailed(f"Every value of {what} is zero.")
    return array


def check_not_constant(first, second, what: str = "out") -> None:
    """CheckFailed where two different questions got the same answer.

    For checks that look for harm done on the way, and would find none in a function that does
    nothing. Right or wrong is for other checks to say.
    """
    first, second = as_array(first, what), as_array(second, what)
    if np.array_equal(first, second, equal_nan=True):
        raise CheckFailed(f"{what} is the same, whatever goes in.")


def _holds_few_numbers(value: list | tuple) -> bool:
    """Whether nested lists and tuples hold numbers and arrays alone, at most MOST numbers."""
    left, seen = [value], 0
    while left:
        item = left.pop()
        if isinstance(item, list | tuple):
            seen += 1 + len(item)
            left.extend(item if seen <= MOST else ())
        elif isinstance(item, np.ndarray):
            seen += item.size
        elif not isinstance(item, bool | int | float | np.number | np.bool_):
            return False
        if seen > MOST:
            return False
    return True
