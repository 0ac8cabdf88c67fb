"""Hidden checks of local response normalisation, with the reference as oracle."""

from __future__ import annotations

import numpy as np

from cs231n.check.compare import expect_tuple
from cs231n.check.core import Exercise
from cs231n.check.response_norm import lrn_param
from grading.checks.answers import check_not_constant, close, serious
from grading.checks.normalization_layers import TOLERANCE, reference

lrn_forward = Exercise("lrn_forward", functions=("lrn_forward",))

_ALEXNET = lrn_param(2, 5, 1e-4, 0.75)


def _compare(f, x, param, hint="", tolerance=TOLERANCE):
    out, _ = expect_tuple(f.lrn_forward(x, param), ("out", "cache"), "lrn_forward")
    return close(out, reference.lrn_forward(x, param)[0], tolerance=tolerance, hint=hint)


@lrn_forward.check("AlexNet's settings", 3)
def _(f, rng):
    x = 150 * rng.standard_normal((2, 11, 3, 4))
    return _compare(f, x, _ALEXNET, "The sum of squares is not divided by n.")


@lrn_forward.check("other settings, n = 1, 3, 7", 3)
def _(f, rng):
    for n, k, alpha, beta in ((3, 1, 0.5, 1), (7, 0.5, 0.2, 0.5), (1, 2.0, 1.5, 2.0)):
        x = rng.standard_normal((2, 9, 2, 3))
        measured = _compare(f, x, lrn_param(k, n, alpha, beta), "n // 2 channels on either side.")
    return measured


@lrn_forward.check("fewer channels than n; sizes that are equal, or 1", 2)
def _(f, rng):
    for shape in ((2, 3, 4, 5), (4, 4, 4, 4), (1, 1, 3, 2), (3, 6, 1, 1)):
        hint = "Where channels end, there are fewer neighbours."
        measured = _compare(f, rng.standard_normal(shape), lrn_param(1, 7, 0.5, 0.75), hint)
    return measured


@lrn_forward.check("uint8, float32, columns first in memory")
def _(f, rng):
    x = rng.integers(0, 256, (2, 6, 3, 4))
    _compare(f, x.astype(np.uint8), _ALEXNET, "The square of a byte does not fit into a byte.")
    _compare(f, x, _ALEXNET, "Has out a place for fractions?")
    x = np.asfortranarray(rng.standard_normal((2, 6, 3, 4)))
    _compare(f, x, lrn_param(2, 3, 1, 0.75), "Memory order should not matter.")
    return _compare(f, x.astype(np.float32), lrn_param(2, 3, 1, 0.75), tolerance=1e-4)


@lrn_forward.check("x is left alone")
def _(f, rng):
    outs = []
    for _ in range(2):
        x = rng.uniform(1, 4, (2, 5, 3, 2))
        answer = f.unchanged("lrn_forward", x, lrn_param(2, 5, 0.3, 0.75))
        outs.append(answer[0] if isinstance(answer, tuple | list) and answer else answer)
        serious(outs[-1], "out")
    check_not_constant(*outs)
