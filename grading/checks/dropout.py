"""Hidden checks of dropout: what holds of any mask that is drawn as the text asks.

Shares of what is kept are taken over so many values that a right mask lies within the bounds,
whatever the seed: more than ten standard deviations on either side. What backward must give is
read off the student's own forward pass, which shows its mask. Most calls name a seed, so that
known mistakes do the same twice and can be told; some of each kind do not.
"""

from __future__ import annotations

import numpy as np

from cs231n.check.compare import expect_tuple
from cs231n.check.core import Exercise
from cs231n.check.dropout import away_from_zero
from cs231n.check.normalization_cases import refuses_mode
from cs231n.check.results import CheckFailed
from grading.checks.answers import as_array, check_not_constant, close, serious

_BOTH = ("dropout_forward", "dropout_backward")
dropout_forward = Exercise(_BOTH[0], functions=_BOTH[:1])
dropout_backward = Exercise(_BOTH[1], functions=_BOTH)


def _forward(f, x, p, mode="train", **more) -> tuple:
    came = f.dropout_forward(x, {"mode": mode, "p": p, **more})
    out, cache = expect_tuple(came, ("out", "cache"), _BOTH[0])
    out = as_array(out, "out", shape=x.shape)
    if np.shape(x) != np.shape(out):
        raise CheckFailed(f"out has another shape, {out.shape}, than x, {x.shape}.")
    return out, cache


def _check_share(kept, p, allowed=0.025):
    share = float(np.mean(kept))
    if abs(share - p) > allowed:
        raise CheckFailed(f"With p = {p:g} a share of {share:.3f} was kept.")


def _seed(rng) -> int:
    return int(rng.integers(2**31))


@dropout_forward.check("a share of p is kept", 3)
def _(f, rng):
    x = away_from_zero(rng, (250, 200))
    for p, more in ((0.2, {"seed": _seed(rng)}), (0.92, {"seed": _seed(rng)}), (0.5, {})):
        _check_share(_forward(f, x, p, **more)[0] != 0, p)


@dropout_forward.check("what is kept is divided by p", 3)
def _(f, rng):
    cases = (((40, 50), 0.3, {"seed": _seed(rng)}), ((6, 5, 8, 7), 0.75, {}))
    for shape, p, more in cases:
        x = away_from_zero(rng, shape)
        out, _ = _forward(f, x, p, **more)
        kept = serious(out, "out") != 0
        hint = "What is kept is scaled, so that the mean stays what it was."
        measured = close(out[kept], x[kept] / p, what="the kept part", tolerance=1e-5, hint=hint)
    return measured


@dropout_forward.check("a number is drawn for every single value", 2)
def _(f, rng):
    x = away_from_zero(rng, (12, 10, 9, 11))
    out, _ = _forward(f, x, 0.5, seed=_seed(rng))
    for axis in range(4):
        along = np.moveaxis(out != 0, axis, 0)
        if np.array_equal(along[1:], along[:-1]):
            raise CheckFailed(f"The mask is the same all along axis {axis} of x.")
    for shape in ((6000,), (30, 200), (20, 30, 10)):
        x = away_from_zero(rng, shape)
        _check_share(_forward(f, x, 0.5, seed=_seed(rng))[0] != 0, 0.5, 0.1)


@dropout_forward.check("seeds", 2)
def _(f, rng):
    x = away_from_zero(rng, (20, 40))
    seeds = (7, 7, int(rng.integers(100, 2**31)))
    first, repeated, other = (_forward(f, x, 0.6, seed=seed)[0] for seed in seeds)
    if not np.array_equal(first, repeated):
        raise CheckFailed("The same seed gave two different masks.")
    if np.array_equal(first, other):
        raise CheckFailed("Two different seeds gave the same mask.")
    if np.array_equal(_forward(f, x, 0.6)[0], _forward(f, x, 0.6)[0]):
        raise CheckFailed("Two calls without a seed gave the same mask.")


@dropout_forward.check("test mode", 3)
def _(f, rng):
    for shape, more in (((4, 3, 5, 6), {"seed": _seed(rng)}), ((30, 20), {}), ((7,), {})):
        x = away_from_zero(rng, shape)
        hint = "In test mode everything passes as it is."
        measured = close(_forward(f, x, 0.4, "test", **more)[0], x, tolerance=1e-6, hint=hint)
    return measured


@dropout_forward.check("p = 1; integers; float32")
def _(f, rng):
    x = away_from_zero(rng, (30, 20))
    out, _ = _forward(f, x, 1, seed=_seed(rng))
    close(out, x, tolerance=1e-6, hint="Nothing is dropped at p = 1.")
    out, _ = _forward(f, x.astype(np.float32), 0.5, seed=_seed(rng))
    close(out[out != 0], 2 * x[out != 0], tolerance=1e-5)
    out, _ = _forward(f, np.full((30, 20), 7), 0.4, seed=_seed(rng))
    kept = out[np.nonzero(out)]
    hint = "Has out a place for fractions where x holds integers?"
    return close(kept, np.full(kept.shape, 17.5), tolerance=1e-5, hint=hint)


@dropout_forward.check("x is left alone")
def _(f, rng):
    outs = []
    for _ in range(2):
        x = away_from_zero(rng, (30, 20))
        answer = f.unchanged("dropout_forward", x, {"mode": "train", "p": 0.5})
        outs.append(answer[0] if isinstance(answer, tuple | list) and answer else answer)
        serious(outs[-1], "out")
    check_not_constant(*outs)


@dropout_forward.check("an unknown mode raises ValueError")
def _(f, rng):
    refuses_mode(f, _BOTH[0], np.ones((4, 3)), {"p": 0.6, "seed": _seed(rng)})


def _usable(f, x, p, **more):
    """(out, cache) of a forward pass that drops something and keeps something."""
    out, cache = _forward(f, x, p, **more)
    if not 0.02 < np.mean(out != 0) < 0.98:
        raise CheckFailed("dropout_forward drops all or nothing, so there is nothing to compare.")
    return out, cache


def _compare_gradient(dx, dout, mask, hint):
    return close(dx, dout * mask, what="dx", tolerance=1e-5, hint=hint)


@dropout_backward.check("gradients go the way of their values", 4)
def _(f, rng):
    cases = (((6, 5, 4, 7), 0.3, {"seed": _seed(rng)}), ((30, 40), 0.6, {}), ((800,), 0.5, {}))
    for shape, p, more in cases:
        x, dout = away_from_zero(rng, shape), rng.standard_normal(shape)
        out, cache = _usable(f, x, p, **more)
        hint = "A kept value was scaled on its way, and so is its gradient; others receive 0."
        dx = f.dropout_backward(dout, cache)
        measured = _compare_gradient(dx, dout, out / x, hint)
    return measured


@dropout_backward.check("test mode", 2)
def _(f, rng):
    x, dout = away_from_zero(rng, (5, 4, 3)), rng.standard_normal((5, 4, 3))
    out, cache = _forward(f, x, 0.4, "test")
    if not np.any(out):
        raise CheckFailed("dropout_forward drops everything in test mode.")
    hint = "In test mode the gradient passes as the values did."
    return _compare_gradient(f.dropout_backward(dout, cache), dout, out / x, hint)


@dropout_backward.check("nothing remembered, nothing written over", 2)
def _(f, rng):
    x, dout = away_from_zero(rng, (30, 40)), rng.standard_normal((30, 40))
    out, cache = _usable(f, x, 0.5, seed=_seed(rng))
    _usable(f, x, 0.7, seed=_seed(rng))
    for _ in range(2):
        dx = f.unchanged("dropout_backward", dout, cache)
        hint = "The mask comes from cache, and cache stays as it is."
        measured = _compare_gradient(dx, dout, out / x, hint)
    return measured


# ---- where chance would decide --------------------------------------------------------------

dropout_forward.same_in_all_courses(
    "a share of p is kept",
)
