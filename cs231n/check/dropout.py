"""Visible checks of dropout. A mask is random: what is checked holds of any, or of almost any.

Shares are taken over so many values that a right mask stays within the bounds whatever the seed:
they lie more than ten standard deviations from what is expected. Most calls name a seed all the
same: what a function with a known mistake does can then be told (see diagnosis.py).
"""

from __future__ import annotations

import numpy as np

from cs231n.check.compare import as_array, close, expect_tuple
from cs231n.check.core import Exercise
from cs231n.check.normalization_cases import matches, refuses_mode
from cs231n.check.results import CheckFailed

_BOTH = ("dropout_forward", "dropout_backward")
dropout_forward = Exercise(_BOTH[0], functions=_BOTH[:1])
dropout_backward = Exercise(_BOTH[1], functions=_BOTH)
__all__ = list(_BOTH)


def away_from_zero(rng, shape):
    """Numbers of both signs, at least 0.5 from 0: an output of 0 was dropped."""
    return rng.choice([-1.0, 1.0], shape) * rng.uniform(0.5, 2, shape)


def _forward(f, x, p, **more) -> tuple:
    answer = f.dropout_forward(x, {"mode": "train", "p": p, **more})
    out, cache = expect_tuple(answer, ("out", "cache"), "dropout_forward")
    out = as_array(out, "out", x.shape)
    if out.shape != x.shape:
        raise CheckFailed(f"out has shape {out.shape}, but it should have that of x, {x.shape}.")
    return out, cache


@dropout_forward.check("a share of p is kept (p = 0.3 and 0.9)")
def _(f, rng):
    x = away_from_zero(rng, (200, 200))
    for p in (0.3, 0.9):
        share = float(np.mean(_forward(f, x, p, seed=21)[0] != 0))
        if abs(share - (1 - p)) < 0.05:
            raise CheckFailed(
                f"With p = {p:g}, a share of {share:.3f} was kept. p is the probability to KEEP a "
                "value here, not the one to drop it."
            )
        if abs(share - p) > 0.025:
            raise CheckFailed(
                f"With p = {p:g}, a share of {share:.3f} of 40,000 values was kept. Is the mask "
                "drawn from a uniform distribution between 0 and 1?"
            )


@dropout_forward.check("what is kept is divided by p")
def _(f, rng):
    x = away_from_zero(rng, (40, 50))
    for p in (0.25, 0.8):
        out, _ = _forward(f, x, p, seed=22)
        kept = out != 0
        if not kept.any():
            raise CheckFailed("Every value is 0.")
        if np.allclose(out[kept], x[kept]):
            raise CheckFailed(
                "What is kept passes as it is. Divide it by p, so that the mean stays what it was "
                "and nothing needs to be done in test mode."
            )
        close(out[kept], x[kept] / p, what="the kept part of out", tolerance=1e-5)


@dropout_forward.check("every value has a fate of its own")
def _(f, rng):
    x = away_from_zero(rng, (12, 10, 11, 9))
    kept = _forward(f, x, 0.5, seed=23)[0] != 0
    names = ("sample", "channel", "row", "column")
    for axis, name in enumerate(names):
        slices = np.moveaxis(kept, axis, 0)
        if (slices == slices[:1]).all():
            raise CheckFailed(
                f"Every {name} has the same mask. It should have the shape of x, with a number "
                "drawn for every single value."
            )
    x = away_from_zero(rng, (5000,))
    share = float(np.mean(_forward(f, x, 0.5, seed=24)[0] != 0))
    if not 0.4 < share < 0.6:
        raise CheckFailed(f"Of a vector of 5,000 numbers, with p = 0.5, {share:.3f} were kept.")


@dropout_forward.check("p = 1 keeps everything")
def _(f, rng):
    x = away_from_zero(rng, (30, 30))
    out, _ = _forward(f, x, 1, seed=25)
    return close(out, x, tolerance=1e-6, hint="Nothing is dropped at p = 1.")


@dropout_forward.check("the same seed, the same mask; without a seed, a new one")
def _(f, rng):
    x = away_from_zero(rng, (20, 30))
    one, again, other = (_forward(f, x, 0.5, seed=s)[0] for s in (12, 12, 13))
    if not np.array_equal(one, again):
        raise CheckFailed("The same seed gave two different masks. Is the seed used at all?")
    if np.array_equal(one, other):
        raise CheckFailed("Two different seeds gave the same mask: use the seed of dropout_param.")
    if np.array_equal(_forward(f, x, 0.5)[0], _forward(f, x, 0.5)[0]):
        raise CheckFailed("Two calls without a seed gave the same mask. Seed only when told to.")


@dropout_forward.check("test mode lets everything pass")
def _(f, rng):
    x = away_from_zero(rng, (20, 3, 4, 5))
    for seed in ({"seed": 5}, {}):
        answer = f.dropout_forward(x, {"mode": "test", "p": 0.4, **seed})
        out = as_array(expect_tuple(answer, ("out", "cache"), "dropout_forward")[0], "out", x.shape)
        if out.shape == x.shape and (out == 0).any():
            raise CheckFailed("In test mode nothing is dropped, but some values of out are 0.")
        hint = "With inverted dropout the scaling is done in training; test mode does nothing."
        if any(matches(out, factor * x) for factor in (0.4, 0.6, 1 / 0.4, 1 / 0.6)):
            raise CheckFailed(f"In test mode out is scaled. {hint}")
        measured = close(out, x, tolerance=1e-6, hint=hint)
    return measured


@dropout_forward.check("integers in x")
def _(f, rng):
    x = np.full((20, 30), 3)
    out, _ = _forward(f, x, 0.8, seed=26)
    hint = "3 / 0.8 is 3.75: has out a place for fractions?"
    kept = out[out != 0]
    return close(kept, np.full(kept.shape, 3.75), tolerance=1e-5, hint=hint)


@dropout_forward.check("leaves x as it is")
def _(f, rng):
    x = away_from_zero(rng, (20, 30))
    f.unchanged("dropout_forward", x, {"mode": "train", "p": 0.5})


@dropout_forward.check("an unknown mode raises ValueError")
def _(f, rng):
    refuses_mode(f, "dropout_forward", np.ones((2, 3)), {"p": 0.5, "seed": 6})


def _usable(f, x, p, **more):
    """(out, cache) of a forward pass that drops something and keeps something."""
    out, cache = _forward(f, x, p, **more)
    if not 0.05 < np.mean(out != 0) < 0.95:
        raise CheckFailed("First put dropout_forward right: gradients go the way of its values.")
    return out, cache


_WAY = "A kept value was multiplied by 1 / p on its way; its gradient is, too. Others receive 0."


@dropout_backward.check("gradients go where values went")
def _(f, rng):
    for shape, p, more in (
        ((6, 5, 4, 7), 0.3, {"seed": 3}),
        ((30, 40), 0.6, {}),
        ((900,), 0.5, {}),
    ):
        x, dout = away_from_zero(rng, shape), away_from_zero(rng, shape)
        out, cache = _usable(f, x, p, **more)
        dx = f.dropout_backward(dout, cache)
        measured = close(dx, dout * (out / x), what="dx", tolerance=1e-5, hint=_WAY)
    return measured


@dropout_backward.check("another forward pass in between, and backward twice")
def _(f, rng):
    x, dout = away_from_zero(rng, (30, 40)), away_from_zero(rng, (30, 40))
    out, cache = _usable(f, x, 0.5, seed=27)
    _usable(f, x, 0.7, seed=28)
    hint = (
        "The mask must come from cache. Is a new one drawn, or that of the last forward pass used?"
    )
    for _ in range(2):
        dx = f.dropout_backward(dout, cache)
        measured = close(dx, dout * (out / x), what="dx", tolerance=1e-5, hint=hint)
    return measured


@dropout_backward.check("test mode passes the gradient on")
def _(f, rng):
    x, dout = away_from_zero(rng, (5, 6)), away_from_zero(rng, (5, 6))
    answer = f.dropout_forward(x, {"mode": "test", "p": 0.4})
    cache = expect_tuple(answer, ("out", "cache"), "dropout_forward")[1]
    hint = "In test mode out is x, so dx is dout."
    return close(f.dropout_backward(dout, cache), dout, what="dx", tolerance=1e-6, hint=hint)


@dropout_backward.check("leaves dout as it is")
def _(f, rng):
    x, dout = away_from_zero(rng, (5, 6)), away_from_zero(rng, (5, 6))
    _, cache = _forward(f, x, 0.5)
    f.unchanged("dropout_backward", dout, cache)
