"""Comparing what a function returned with what it should have returned."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from cs231n.check.results import CheckFailed, Measurement
from cs231n.check.slips import likely_slip


def close(
    actual,
    expected,
    *,
    what: str = "out",
    tolerance: float = 1e-8,
    hint: str = "",
    show_values: bool = True,
    windows: tuple[int, int, int, int] | None = None,
) -> Measurement:
    """Check that ``actual`` is the array (or number) ``expected``.

    Compares, in this order: that there is an array at all, its shape, its dtype, that its values
    are finite, and the values. The error is max |actual - expected| / max |expected| (where
    expected is all zeros: max |actual|).

    Inputs:
    - actual: what the student's function returned
    - expected: array or number
    - what: its name in messages, for example "dx"
    - tolerance: the largest error allowed
    - hint: the likely slip, shown when shape or values are wrong and nothing surer is recognised
    - show_values: whether a message may quote the expected value
    - windows: of a picture's gradient, the height, width and stride of the windows that slide over
      the picture, and its padding: to tell whether only shared pixels are wrong

    Returns a Measurement; raises CheckFailed with a message for the student.
    """
    expected = np.asarray(expected)
    actual = as_array(actual, what, expected.shape)
    if actual.shape != expected.shape:
        raise CheckFailed(_shape_message(actual.shape, expected.shape, what, hint))
    finite = np.isfinite(actual)
    if not finite.all():
        raise CheckFailed(_not_finite_message(actual, finite, what))

    lost = _lost_to_dtype(actual, expected)
    actual = actual.astype(np.float64)
    expected = expected.astype(np.float64)
    error = error_between(actual, expected)
    if error <= tolerance:
        return Measurement(error, tolerance)
    slip = likely_slip(actual, expected, tolerance, f"{lost} {hint}".strip(), windows)
    message = _value_message(actual, expected, tolerance, what, show_values)
    raise CheckFailed(f"{message} {slip}".strip(), error, tolerance)


def error_between(actual: np.ndarray, expected: np.ndarray) -> float:
    """max |actual - expected| / max |expected|, or max |actual| where expected is all zeros."""
    if expected.size == 0:
        return 0.0
    largest = float(np.max(np.abs(expected)))
    difference = float(np.max(np.abs(actual - expected)))
    return difference / largest if largest > 0 else difference


def as_array(value, what: str, shape: tuple[int, ...] | None = None) -> np.ndarray:
    """``value`` as a numeric array, or a CheckFailed that says what came instead."""
    if value is None:
        raise CheckFailed(f"{what} is None. Does the function end with `return`?")
    if isinstance(value, tuple) and shape != (len(value),):
        raise CheckFailed(
            f"{what} should be an array, but it is a tuple of {len(value)}. "
            "Does the function return its values in the order the docstring gives?"
        )
    try:
        array = np.asarray(value)
    except Exception:
        array = None
    if array is None or array.dtype.kind not in "biuf":
        kind = _type_name(value)
        if isinstance(value, np.ndarray | list | tuple) and array is not None:
            kind += f" of {array.dtype}"
        raise CheckFailed(f"{what} should hold real numbers, but it is a {kind}. {_how(kind)}")
    return array


def _how(kind: str) -> str:
    """What to do about something of that kind, where an array of numbers should be."""
    if kind in ("function", "method", "builtin_function_or_method", "_ArrayFunctionDispatcher"):
        return "Call it, with (…), to have its result."
    if kind in ("generator", "map", "zip", "filter"):
        return "Make an array of what it gives: np.array(list(…))."
    if "complex" in kind:
        return "Is a square root taken of something negative?"
    if kind.endswith("of object") or kind == "list":
        return "Are its rows of unlike length, or is None among them?"
    return "Print it just before `return`."


def _type_name(value) -> str:
    """What a value is; one that stayed in another process says it itself."""
    return getattr(value, "type_name", type(value).__name__)


def expect_tuple(value, names: tuple[str, ...], function: str) -> tuple:
    """``value`` as a tuple with one item a name, or a CheckFailed that says what came instead."""
    wanted = f"{function} should return ({', '.join(names)})"
    if value is None:
        raise CheckFailed(f"{wanted}, but it returned None. Does it end with `return`?")
    ending = f"End it with `return {', '.join(names)}`."
    if not isinstance(value, (tuple, list)):
        raise CheckFailed(f"{wanted}, but it returned one {_type_name(value)}. {ending}")
    count = "one value alone" if len(value) == 1 else f"{len(value)} values"
    if len(value) != len(names):
        raise CheckFailed(f"{wanted}, but it returned {count}. {ending}")
    return tuple(value)


def expect_keys(value, names: Iterable[str], what: str) -> dict:
    """``value`` as a dict with these keys, or a CheckFailed that says which it lacks."""
    names = list(names)
    wanted = f"{what} should be a dict with the keys {names}"
    if not isinstance(value, dict):
        raise CheckFailed(f"{wanted}, but it is a {_type_name(value)}.")
    missing = [name for name in names if name not in value]
    extra = sorted(str(name)[:40] for name in value if name not in names)[:8]
    if missing:
        found = f" It has {extra} instead: are they misspelt?" if extra else ""
        raise CheckFailed(f"{wanted}, but it lacks {missing}.{found}")
    if extra:
        raise CheckFailed(f"{wanted}, but it has {extra} as well. Leave them out.")
    return value


def _lost_to_dtype(actual: np.ndarray, expected: np.ndarray) -> str:
    """A sentence, where an answer is right but for what its dtype cannot hold."""
    if expected.dtype.kind != "f" or not expected.size:
        return ""
    scale = float(np.max(np.abs(expected)))
    kind, off = actual.dtype.kind, float(np.max(np.abs(actual - expected)))
    if kind == "b":
        return "It holds True and False: is it the result of a comparison?"
    if kind in "iu" and off < 1:
        return f"It is {actual.dtype}, which holds no fractions: make it with np.zeros(shape)."
    if kind == "f" and actual.dtype.itemsize < 8 and off < 100 * np.finfo(actual.dtype).eps * scale:
        return f"It is {actual.dtype}, of few digits: leave the dtype as it comes."
    return ""


def _shape_message(actual: tuple, expected: tuple, what: str, hint: str) -> str:
    guess = _likely_shape_slip(actual, expected)
    if not guess and not hint:
        guess = "Print the shapes on the way, and compare them with the docstring's."
    message = f"{what} has shape {actual}, but it should be {expected}."
    return " ".join(filter(None, (message, guess, hint)))


def _likely_shape_slip(actual: tuple, expected: tuple) -> str:
    if len(actual) == len(expected) and sorted(actual) == sorted(expected):
        if (
            len(expected) >= 2
            and actual[-2:] == expected[-2:][::-1]
            and actual[:-2] == expected[:-2]
        ):
            return (
                "It looks transposed." if len(expected) == 2 else "Height and width look swapped."
            )
        return "The axes are in another order."
    if int(np.prod(actual)) == int(np.prod(expected)):
        return "The number of values is right: is a reshape missing or wrong?"
    if len(actual) == len(expected) and len(expected) >= 3 and actual[:-2] == expected[:-2]:
        return "Look at how stride, padding and size give the height and the width."
    return ""


def _not_finite_message(actual: np.ndarray, finite: np.ndarray, what: str) -> str:
    index = tuple(int(i) for i in np.argwhere(~finite)[0])
    bad = int(finite.size - finite.sum())
    return (
        f"{bad} of {finite.size} values of {what} are not finite (the first, "
        f"{_place(what, index)}, is {actual[index]}). Look for a division by zero, the log of "
        "zero, or an exponential that overflows."
    )


def _value_message(
    actual: np.ndarray, expected: np.ndarray, tolerance: float, what: str, show_values: bool
) -> str:
    difference = np.abs(actual - expected)
    if not expected.shape:
        came, wanted = _apart(float(actual), float(expected))
        wanted = wanted if show_values else "another number"
        return f"{what} is {came}, but it should be {wanted}."
    scale = float(np.max(np.abs(expected))) or 1.0
    wrong = int((difference > tolerance * scale).sum())
    index = tuple(int(i) for i in np.unravel_index(np.argmax(difference), difference.shape))
    came, wanted = _apart(actual[index], expected[index])
    came = f"it is {came}" + (f", it should be {wanted}" if show_values else "")
    share = f"{wrong} of {expected.size} values of {what} are wrong."
    return f"{share} Most of all {_place(what, index)}: {came}."


def _apart(actual: float, expected: float) -> tuple[str, str]:
    """Two numbers as text, with as many digits as it takes to tell them apart."""
    for digits in (6, 9, 17):
        texts = f"{actual:.{digits}g}", f"{expected:.{digits}g}"
        if texts[0] != texts[1]:
            break
    return texts


def _place(what: str, index: tuple[int, ...]) -> str:
    return f"{what}[{', '.join(map(str, index))}]" if index else what
