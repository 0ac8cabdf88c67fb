"""Guessing, from two arrays alone, what kind of slip made them differ."""

from __future__ import annotations

from itertools import permutations

import numpy as np


def likely_slip(
    actual: np.ndarray,
    expected: np.ndarray,
    tolerance: float,
    hint: str = "",
    windows: tuple[int, int, int, int] | None = None,
) -> str:
    """A sentence on how ``actual`` differs from ``expected`` (same shape, finite), or "".

    hint: what the check takes for the likely slip. It is said where no pattern is recognised, and
    after a pattern that only tells where the wrong values are.
    windows: height, width, stride, padding of the windows that slide over the last two axes
    """
    scale = float(np.max(np.abs(expected))) if expected.size else 0.0
    allowed = max(tolerance, 1e-6) * (scale or 1.0)

    def same(candidate: np.ndarray) -> bool:
        return candidate.shape == actual.shape and bool(
            np.max(np.abs(candidate - actual)) <= allowed
        )

    if expected.size and np.max(np.abs(actual - expected)) <= allowed:
        return hint  # wrong by rounding only, too little to show a pattern
    if expected.size > 1 and not actual.any():
        return "Every value is zero: is the result ever written to?"
    if scale == 0.0 or expected.size < 2:
        return hint
    if same(-expected):
        return "The sign is the wrong way round."
    if np.ptp(expected) > 10 * allowed and same(expected + np.mean(actual - expected)):
        return "Every value is off by the same amount: is something added twice, or left out?"
    return (
        _constant_factor(actual, expected, same)
        or _other_axes(expected, same)
        or f"{_where_wrong(np.abs(actual - expected) > allowed, windows)} {hint}".strip()
    )


def _constant_factor(actual: np.ndarray, expected: np.ndarray, same) -> str:
    factor = float(np.vdot(actual, expected) / np.vdot(expected, expected))
    if abs(factor) > 1e-3 and same(factor * expected):
        return (
            f"Every value is {factor:.4g} times what it should be: a factor is missing or doubled."
        )
    return ""


def _other_axes(expected: np.ndarray, same) -> str:
    """Mirrored or transposed in the last two axes, or axes exchanged among equal sizes."""
    if expected.ndim >= 2:
        if same(np.swapaxes(expected, -1, -2)):
            return "It fits when the last two axes are swapped: height and width are mixed up."
        if same(expected[..., ::-1, ::-1]):
            return "It fits when mirrored in height and width: a flip too many or too few."
    if 3 <= expected.ndim <= 4:
        for order in permutations(range(expected.ndim)):
            if same(expected.transpose(order)):
                return f"It fits with the axes in the order {order}: axes are mixed up."
    return ""


def _where_wrong(wrong: np.ndarray, windows: tuple[int, int, int, int] | None = None) -> str:
    """A pattern in which values are wrong: only where windows overlap, only the border, only some
    samples or channels."""
    if wrong.all() or not wrong.any():
        return ""
    if windows is not None and wrong.ndim == 4:
        pixels, over = wrong.any(axis=(0, 1)), windows_over(wrong.shape[-2:], windows)
        if (over == 1).any() and not pixels[over <= 1].any():
            return "Only pixels that several windows share are wrong: does each add its own share?"
        if (over > 0).any() and not pixels[over > 0].any():
            return "Only pixels that no window covers are wrong."
    if wrong.ndim == 4 and min(wrong.shape[-2:]) > 2 and not wrong[..., 1:-1, 1:-1].any():
        return "Only values at the border are wrong: look at the padding."
    names = {4: ("sample", "channel", "row", "column"), 2: ("row", "column")}.get(wrong.ndim)
    for axis, name in enumerate(names or ()):
        others = tuple(i for i in range(wrong.ndim) if i != axis)
        touched = wrong.any(axis=others)
        if touched.size > 1 and touched.sum() == 1 and wrong.shape[axis] > 1:
            return f"Only {name} {int(np.argmax(touched))} (axis {axis}) is wrong."
        if touched.size > 2 and not touched[0] and touched[1:].all():
            return f"Only {name} 0 (axis {axis}) is right: is a loop variable not used?"
    return ""


def windows_over(size: tuple[int, int], windows: tuple[int, int, int, int]) -> np.ndarray:
    """How many windows cover each pixel of a picture of a size (rows, columns); windows: height,
    width, stride, padding."""
    *lengths, stride, pad = windows
    along = []
    for extent, length in zip(size, lengths, strict=True):
        starts = np.arange(0, extent + 2 * pad - length + 1, stride)[:, None] - pad
        pixels = np.arange(extent)
        along.append(((pixels >= starts) & (pixels < starts + length)).sum(axis=0))
    return np.multiply.outer(*along)
