"""Whether a gradient belongs to the student's own forward pass.

A slip in forward costs forward's points and not backward's as well. Where the student's forward
pass is at heart right (it passes a basic case) and yet differs from the reference in some other
case, a backward pass is right when it is the exact gradient of *that* forward pass. Directional
derivatives tell: one costs two forward passes and tests the whole gradient.

There is no such excuse where forward has been found right in its own exercise (`f.proven`): what
differs then was put in its place later. Nor where backward fails the basic case.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from weakref import WeakKeyDictionary

import numpy as np

from cs231n.check.results import CheckFailed


def slope(forward: Callable, x: np.ndarray, direction: np.ndarray, dout, h: float = 1e-5) -> float:
    """How fast sum(forward(x) * dout) grows as x moves along a direction.

    Inputs:
    - forward: function of one array, which returns an array
    - direction: array of x's shape; dout: array of the shape that forward gives at x
    - h: x moves to x + h * direction and to x - h * direction, in float64

    Raises CheckFailed where forward gives another shape or something that is not finite.
    """
    ends = []
    for step in (h, -h):
        out = forward(x.astype(np.float64) + step * direction)
        if dout.shape != out.shape:  # looked at first: unlike shapes might multiply to a giant
            raise CheckFailed(f"out has shape {out.shape} here and {dout.shape} there.")
        ends.append(float(np.sum(out.astype(np.float64) * dout)))
    found = (ends[0] - ends[1]) / (2 * h)
    if not np.isfinite(found):
        raise CheckFailed("out is not finite.")
    return found


def is_proven(f, exercise: str) -> bool:
    """Whether an exercise of the same notebook is known to be right."""
    return f.proven is not None and exercise in f.proven


def once(judge: Callable) -> Callable:
    """Decorator: judge(f, *args) is asked once for each f, the functions of a student."""
    said: WeakKeyDictionary = WeakKeyDictionary()

    @wraps(judge)
    def ask(f, *args):
        verdicts = said.setdefault(f, {})
        if args not in verdicts:
            with f.unnoted():
                verdicts[args] = judge(f, *args)
        return verdicts[args]

    return ask
