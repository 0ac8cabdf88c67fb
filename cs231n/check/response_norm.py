"""Visible checks of local response normalisation: maps of which one can add the squares up."""

from __future__ import annotations

import numpy as np

from cs231n.check.compare import as_array, close, expect_tuple
from cs231n.check.core import Exercise
from cs231n.check.normalization_cases import matches
from cs231n.check.results import CheckFailed

lrn_forward = Exercise("lrn_forward", functions=("lrn_forward",))
__all__ = ["lrn_forward"]


def lrn_param(k, n, alpha, beta) -> dict:
    return {"k": k, "n": n, "alpha": alpha, "beta": beta}


def _out(f, x, param):
    return expect_tuple(f.lrn_forward(x, param), ("out", "cache"), "lrn_forward")[0]


def column(values) -> np.ndarray:
    """One pixel with the given values in its channels, (1, C, 1, 1)."""
    return np.array(values, dtype=np.float64).reshape(1, -1, 1, 1)


def level(rng, C, half):
    """Maps that are the same in all C channels, and how many neighbours each channel has."""
    x = rng.uniform(-3, 3, (2, 1, 3, 4)).repeat(C, axis=1)
    count = [sum(abs(i - j) <= half for j in range(C)) for i in range(C)]
    return x, np.reshape(count, (1, C, 1, 1))


@lrn_forward.check("the worked example (1, 2, 3)")
def _(f, rng):
    out = _out(f, column([1, 2, 3]), lrn_param(1, 3, 1, 1))
    right = column([1 / 6, 2 / 15, 3 / 14])
    if matches(out, column([1 / (1 + 5 / 3), 2 / (1 + 14 / 3), 3 / (1 + 13 / 3)]), 1e-5):
        raise CheckFailed(
            "alpha is divided by n here, as some frameworks do it. In the paper's formula, which "
            "is asked for, it is not."
        )
    if matches(out, column([1 / 2, 2 / 6, 3 / 14]), 1e-5):
        raise CheckFailed("Neighbours on one side alone are counted: look both ways.")
    return close(out, right, tolerance=1e-5, hint="Channel 0 has one neighbour, channel 1 has two.")


@lrn_forward.check("how far neighbours reach (n = 1, 3, 5, 7)")
def _(f, rng):
    for n in (1, 3, 5, 7):
        for distance in (1, 2, 3, 4):
            x = np.zeros((1, 9, 1, 1))
            x[0, 4], x[0, 4 - distance] = 2, 6  # 2 alone: 2 / (1 + 4); else 2 / (1 + 4 + 36)
            out = as_array(_out(f, x, lrn_param(1, n, 1, 1)), "out", x.shape)
            if out.shape != x.shape:
                raise CheckFailed(f"out has shape {out.shape}, but it should be {x.shape}.")
            inside = 2 * distance + 1 <= n
            if not np.isclose(out[0, 4, 0, 0], 2 / 41 if inside else 2 / 5, rtol=1e-4):
                where = "should count" if inside else "should not count"
                raise CheckFailed(
                    f"With n = {n}, a channel {distance} away {where}. n counts all channels of "
                    "the sum, the one in the middle included."
                )


@lrn_forward.check("maps that are equal in all channels")
def _(f, rng):
    for C, n, k, alpha, beta in (
        (7, 5, 2.0, 0.3, 0.75),
        (4, 3, 0.5, 2.0, 0.5),
        (3, 9, 1.5, 0.1, 2),
    ):
        x, count = level(rng, C, (n - 1) / 2)
        right = x * np.exp(-beta * np.log(k + alpha * count * x * x))
        hint = "Is the power beta taken of the whole bracket, k included?"
        measured = close(_out(f, x, lrn_param(k, n, alpha, beta)), right, tolerance=1e-5, hint=hint)
    return measured


@lrn_forward.check("pixels and pictures do not mix")
def _(f, rng):
    x = np.zeros((2, 3, 3, 4))
    x[1, :, 2, 3] = 1, 2, 3
    right = np.zeros(x.shape)
    right[1, :, 2, 3] = 1 / 6, 2 / 15, 3 / 14
    hint = "Neighbours are other channels at the same place, not other places."
    _out(f, x, lrn_param(1, 3, 1, 1))
    x += 1
    out = as_array(_out(f, x, lrn_param(1, 3, 1, 1)), "out", x.shape)
    if out.shape == x.shape and not np.allclose(out[0, 0], 1 / 3, rtol=1e-4):
        raise CheckFailed(hint)
    return close(_out(f, x - 1, lrn_param(1, 3, 1, 1)), right, tolerance=1e-5, hint=hint)


@lrn_forward.check("pictures of uint8")
def _(f, rng):
    x = np.array([[[[20, 3]], [[10, 4]]]], dtype=np.uint8)
    right = np.array([[[[20 / 501, 3 / 26]], [[10 / 501, 4 / 26]]]])
    hint = "In uint8, 20 * 20 wraps round to 144, and fractions are cut off."
    return close(_out(f, x, lrn_param(1, 3, 1, 1)), right, tolerance=1e-5, hint=hint)


@lrn_forward.check("leaves x as it is")
def _(f, rng):
    x = rng.uniform(1, 3, (2, 4, 3, 2))
    f.unchanged("lrn_forward", x, lrn_param(2, 5, 0.1, 0.75))
