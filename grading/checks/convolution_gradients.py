"""What the hidden checks of convolutions compare on the way back, loops and columns alike."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cs231n.check.results import CheckFailed
from grading.checks.answers import as_array, close
from grading.checks.convolution_cases import LOOSE
from grading.checks.slopes import slope

GRADIENTS = ("dx", "dw", "db")


def named(gradients: tuple) -> dict:
    """dx, dw and db by their names."""
    return dict(zip(GRADIENTS, gradients, strict=True))


def agrees(out, right) -> bool:
    """Whether a forward pass gave what the reference gives."""
    try:
        close(out, right, tolerance=LOOSE)
    except CheckFailed:
        return False
    return True


def compare(found: dict, wanted: dict, which, case):
    """The gradients named in `which` against those that are wanted; the worst measurement."""
    measured, windows = [], None
    if case.dilation is None:
        windows = (*case.w_shape[2:], case.stride, case.pad)
    for name in which:
        options = {"tolerance": case.tolerance, "hint": case.hint}
        options["windows"] = windows if name == "dx" else None
        measured.append(close(found[name], wanted[name], what=name, **options))
    return max(measured, key=lambda m: m.error)


def compare_slopes(forward: Callable, rng, arrays, dout, found: dict, which):
    """The student's gradients against directional derivatives of the student's own forward pass.

    forward: function of (x, w, b) that gives the student's out
    """
    at = dict(zip("xwb", arrays))
    for name in which:
        key = name[1]
        gradient = as_array(found[name], name)
        if gradient.shape != at[key].shape:
            raise CheckFailed(f"{name} has shape {gradient.shape}")

        def own_out(moved, key=key):
            return forward(list((at | {key: moved}).values()))

        slopes = []
        for _ in range(3):
            direction = rng.standard_normal(at[key].shape)
            slopes.append(slope(own_out, at[key], direction, dout, h=1e-3))
            claimed = np.sum(gradient * direction)
            measured = close(claimed, slopes[-1], what=name, tolerance=1e-4)
        if not any(slopes) and gradient.size > 1:  # a single number may lie under the padding
            raise CheckFailed(f"out does not depend on {key}: that is no convolution.")
    return measured
