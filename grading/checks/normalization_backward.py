"""Hidden checks of the backward passes of batch, layer, spatial batch and group normalisation."""

from __future__ import annotations

import numpy as np

from cs231n.check.compare import expect_tuple
from cs231n.check.core import Exercise
from cs231n.check.normalization_cases import BATCH, GROUP, LAYER, SPATIAL, Norm, forward
from cs231n.check.results import CheckFailed, NotReady
from grading.checks.answers import as_array, check_not_constant, close, serious
from grading.checks.normalization_layers import (
    EQUAL,
    NORMS,
    PLAIN,
    TOLERANCE,
    backward_at_heart_right,
    in_place,
    inputs,
    is_forward_proven,
    right,
    right_gradients,
)
from grading.checks.slopes import slope

_ALT = "batchnorm_backward_alt"
_GRADIENTS = ("dx", "dgamma", "dbeta")


def _exercise(norm: Norm, name: str = "") -> Exercise:
    name = name or norm.backward
    return Exercise(name, functions=(norm.forward, name))


batchnorm_backward = _exercise(BATCH)
batchnorm_backward_alt = _exercise(BATCH, _ALT)
layernorm_backward = _exercise(LAYER)
spatial_batchnorm_backward = _exercise(SPATIAL)
spatial_groupnorm_backward = _exercise(GROUP)


def _gradients(f, backward: str, dout, cache, call=None) -> tuple:
    came = (call or getattr(f, backward))(dout, cache)
    return expect_tuple(came, _GRADIENTS, backward)


def _compare(
    f, rng, norm: Norm, backward: str, args, only=_GRADIENTS, tolerance=TOLERANCE, hint=""
):
    """Compare gradients with the reference's, or with the slopes of the student's own forward."""
    dout = rng.standard_normal(args[0].shape).astype(args[0].dtype)
    wanted = right_gradients(norm, args, dout)
    out, cache = forward(f, norm, args)
    came = _gradients(f, backward, dout, cache)
    measured = None
    for position, name in enumerate(_GRADIENTS):
        if name not in only:
            continue
        gradient = in_place(came[position], wanted[position], name)
        try:
            measured = close(gradient, wanted[position], what=name, tolerance=tolerance, hint=hint)
        except CheckFailed:
            if not _is_own_slope(f, rng, norm, backward, args, position, gradient, out, dout):
                raise
    return measured


def _is_own_slope(f, rng, norm, backward, args, position, gradient, out, dout) -> bool:
    """Whether the gradient belongs to a forward pass that differs here, yet is at heart right."""
    if is_forward_proven(f, norm) or not backward_at_heart_right(f, norm, backward):
        return False
    try:
        out, value = as_array(out, "out"), args[position]
        if out.shape != dout.shape or np.allclose(out, right(norm, args)[0], rtol=1e-5):
            return False
        if gradient.shape != value.shape or not np.isfinite(gradient).all():
            return False

        def moved_out(moved):
            own = list(args)
            own[position] = moved
            return as_array(forward(f, norm, own)[0], "out")

        for _ in range(3):
            direction = rng.standard_normal(value.shape)
            found = slope(moved_out, value, direction, dout)
            claimed = float(np.sum(gradient * direction))
            if not abs(found - claimed) <= 1e-5 * max(1.0, abs(found)):
                return False  # nan too
        return True
    except (CheckFailed, NotReady):
        return False


def _add_checks(exercise: Exercise, norm: Norm) -> None:
    backward = exercise.name
    for name, weight in zip(_GRADIENTS, (4, 2, 1)):

        @exercise.check(name, weight)
        def _(f, rng, name=name):
            for shape, G in PLAIN[norm]:
                args = inputs(rng, norm, shape, G)
                measured = _compare(f, rng, norm, backward, args, (name,))
            return measured

    @exercise.check("sizes that are equal, or 1", 2)
    def _(f, rng):
        for shape, G in EQUAL[norm]:
            measured = _compare(f, rng, norm, backward, inputs(rng, norm, shape, G))
        return measured

    @exercise.check("a large epsilon, or none given", 2)
    def _(f, rng):
        (shape, G), *_ = PLAIN[norm]
        hint = "epsilon belongs into the backward pass as well."
        for eps in (0.7, 5.0):
            args = inputs(rng, norm, shape, G, eps=eps)
            measured = _compare(f, rng, norm, backward, args, hint=hint)
        return measured

    @exercise.check("float32, and columns first in memory")
    def _(f, rng):
        (shape, G), *_ = PLAIN[norm]
        x, *rest = inputs(rng, norm, shape, G)
        _compare(f, rng, norm, backward, (np.asfortranarray(x), *rest))
        gamma, beta = (a.astype(np.float32) for a in rest[:2])
        args = (x.astype(np.float32), gamma, beta, *rest[2:])
        return _compare(f, rng, norm, backward, args, tolerance=1e-4)

    @exercise.check("nothing remembered, nothing written over", 2)
    def _(f, rng):
        (shape, G), *_ = PLAIN[norm]
        args, others = inputs(rng, norm, shape, G), inputs(rng, norm, shape, G, eps=0.5)
        _check_unspoilt(f, norm, backward, args, others, rng.standard_normal(shape))


def _check_unspoilt(f, norm: Norm, backward: str, args, others, dout) -> None:
    """One cache, asked three times, once after another forward pass: always the same answer.

    Zeros do no harm, and neither does what depends on nothing; both are worth nothing.
    """

    def call(dout, cache):
        return f.unchanged(backward, dout, cache)

    _, cache = forward(f, norm, args)
    first = [
        np.array(serious(g, name))
        for name, g in zip(_GRADIENTS, _gradients(f, backward, dout, cache, call))
    ]
    _, kept = forward(f, norm, args)
    _, other = forward(f, norm, others)
    for when in ("after another forward pass", "asked a second time"):
        for name, one, came in zip(_GRADIENTS, first, _gradients(f, backward, dout, kept)):
            hint = f"{name} comes out different {when} (the cache is the same)."
            close(came, one, what=name, tolerance=1e-10, hint=hint)
    check_not_constant(_gradients(f, backward, 2 * dout, other)[0], first[0], "dx")


_add_checks(batchnorm_backward_alt, BATCH)
for _norm in NORMS:
    _add_checks(globals()[_norm.backward], _norm)


# ---- where chance would decide --------------------------------------------------------------

batchnorm_backward.same_in_all_courses(
    "sizes that are equal, or 1",
)
