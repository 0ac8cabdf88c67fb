"""Visible checks of the backward passes of batch, layer, spatial batch and group normalisation.

Gradients are measured on the student's own forward pass, once it gets the worked example right.
"""

from __future__ import annotations

import numpy as np

from cs231n.check.compare import as_array, close, expect_tuple
from cs231n.check.core import Exercise
from cs231n.check.normalization_cases import (
    BATCH,
    GROUP,
    LAYER,
    SPATIAL,
    Norm,
    example,
    forward,
    known,
    matches,
)
from cs231n.check.results import CheckFailed
from cs231n.gradient_check import numeric_gradient

_ALT = "batchnorm_backward_alt"

batchnorm_backward = Exercise(BATCH.backward, functions=(BATCH.forward, BATCH.backward))
batchnorm_backward_alt = Exercise(_ALT, functions=(BATCH.forward, _ALT))
layernorm_backward = Exercise(LAYER.backward, functions=(LAYER.forward, LAYER.backward))
spatial_batchnorm_backward = Exercise(
    SPATIAL.backward, functions=(SPATIAL.forward, SPATIAL.backward)
)
spatial_groupnorm_backward = Exercise(GROUP.backward, functions=(GROUP.forward, GROUP.backward))

__all__ = [norm.backward for norm in (BATCH, LAYER, SPATIAL, GROUP)] + [_ALT]

_GRADIENTS = ("dx", "dgamma", "dbeta")
_HINTS = {
    "dx": "A value of x also moves the mean and the variance of its set, and with them every other "
    "output of the set: does each of the three ways send its share?",
    "dgamma": "gamma multiplies the normalised values: one number a feature (channel), summed over "
    "everything it is multiplied with.",
    "dbeta": "beta is added: one number a feature (channel), the sum of the gradients that arrive.",
}
_SHAPES = {
    BATCH: [((5, 3), 1), ((3, 4), 1)],
    LAYER: [((3, 5), 1), ((4, 3), 1)],
    SPATIAL: [((2, 3, 2, 2), 1), ((3, 2, 1, 2), 1)],
    GROUP: [((2, 4, 1, 3), 2), ((3, 3, 3, 1), 3)],
}
_SPECIAL = {  # one group; one sample or channel
    BATCH: [((4, 1), 1), ((2, 3), 1)],
    LAYER: [((1, 4), 1), ((3, 2), 1)],
    SPATIAL: [((1, 2, 2, 3), 1), ((3, 1, 1, 2), 1)],
    GROUP: [((2, 3, 1, 2), 1), ((1, 4, 2, 1), 2)],
}


def _precise(f, norm: Norm) -> bool:
    """Whether forward gets the worked example right to float64's precision, or to float32's alone.

    Slopes of a wrong forward pass prove nothing: CheckFailed says so before anything is measured.
    """
    args, out = example(norm)
    try:
        close(forward(f, norm, args)[0], out, tolerance=1e-5)
    except CheckFailed as failure:
        why = f"First put {norm.forward} right: its slopes are what gradients are compared with."
        raise CheckFailed(why) from failure
    (shape, G), *_ = _SHAPES[norm]
    k = known(np.random.default_rng(0), norm, shape, G=G)
    param = {"mode": "train", "eps": 0.3} if norm.running else {"eps": 0.3}
    out = as_array(forward(f, norm, norm.arguments(k.x, k.gamma, k.beta, param, G))[0], "out")
    return not matches(out, k.expected(0.3), 1e-4) or matches(out, k.expected(0.3), 1e-11)


def _in_place(gradient, value, name: str):
    """The gradient in the shape of what it belongs to; (C,) will do for (1, C, 1, 1)."""
    gradient = as_array(gradient, name, value.shape)
    flat = gradient.shape == (value.size,) and value.ndim == 4
    return gradient.reshape(value.shape) if flat and name != "dx" else gradient


def _case(rng, norm: Norm, shape, G, eps):
    k = known(rng, norm, shape, G=G)
    param = {"mode": "train", "eps": eps} if norm.running else {"eps": eps}
    x = k.x + 0.3 * rng.standard_normal(shape)
    return norm.arguments(x, k.gamma, k.beta, param, G), rng.standard_normal(shape)


def _gradients(f, backward: str, dout, cache) -> tuple:
    return expect_tuple(getattr(f, backward)(dout, cache), _GRADIENTS, backward)


def _measured(f, norm: Norm, args, position: int, dout, precise: bool):
    """The slopes of the student's forward pass by one of its inputs."""

    def out(value):
        nudged = [value if i == position else old for i, old in enumerate(args)]
        return as_array(forward(f, norm, nudged)[0], "out").astype(np.float64)

    h = 1e-5 if precise else 1e-2  # differences of float32 drown in rounding below that
    return numeric_gradient(out, args[position], dout, h=h)


def _compare_slopes(f, norm: Norm, backward: str, args, dout, only=_GRADIENTS, cache=None):
    precise = _precise(f, norm)
    if cache is None:
        out, cache = forward(f, norm, args)
        if as_array(out, "out", dout.shape).shape != dout.shape:
            raise CheckFailed(f"out has shape {np.shape(out)}, but x has {dout.shape}.")
    came = _gradients(f, backward, dout, cache)
    measured = None
    for position, name in enumerate(_GRADIENTS):
        if name in only:
            slopes = _measured(f, norm, args, position, dout, precise)
            gradient = _in_place(came[position], args[position], name)
            measured = close(
                gradient,
                slopes,
                what=name,
                tolerance=1e-6 if precise else 2e-2,
                hint=_HINTS[name],
            )
    return measured


def _add_checks(exercise: Exercise, norm: Norm, backward: str) -> None:
    for name in _GRADIENTS[::-1]:

        @exercise.check(f"{name} against measured slopes")
        def _(f, rng, name=name):
            for shape, G in _SHAPES[norm]:
                args, dout = _case(rng, norm, shape, G, 1e-5)
                measured = _compare_slopes(f, norm, backward, args, dout, (name,))
            return measured

    @exercise.check("one sample, one channel, one group, sets of two numbers")
    def _(f, rng):
        for shape, G in _SPECIAL[norm]:
            args, dout = _case(rng, norm, shape, G, 0.5)
            measured = _compare_slopes(f, norm, backward, args, dout)
        return measured

    @exercise.check("a large epsilon (0.8)")
    def _(f, rng):
        (shape, G), *_ = _SHAPES[norm]
        args, dout = _case(rng, norm, shape, G, 0.8)
        try:
            return _compare_slopes(f, norm, backward, args, dout)
        except CheckFailed as failure:
            hint = "If the checks above pass: epsilon belongs into the backward pass as well."
            message = f"{failure} {hint}"
            raise CheckFailed(message, failure.error, failure.tolerance) from None

    @exercise.check("another forward pass in between, and backward twice")
    def _(f, rng):
        (shape, G), *_ = _SHAPES[norm]
        args, dout = _case(rng, norm, shape, G, 0.1)
        others, _ = _case(rng, norm, shape, G, 0.5)
        _, cache = forward(f, norm, args)
        forward(f, norm, others)
        first = [np.array(as_array(g, n)) for g, n in
                 zip(_gradients(f, backward, dout, cache), _GRADIENTS)]  # fmt: skip
        again = _gradients(f, backward, dout, cache)
        for name, one, two in zip(_GRADIENTS, first, again):
            if not matches(two, one, 1e-10):
                raise CheckFailed(
                    f"Asked twice with the same dout and cache, {backward} gave another answer for "
                    f"{name} the second time. Was something in cache written over?"
                )
        return _compare_slopes(f, norm, backward, args, dout, cache=cache)

    @exercise.check("leaves dout as it is")
    def _(f, rng):
        (shape, G), *_ = _SHAPES[norm]
        args, dout = _case(rng, norm, shape, G, 0.1)
        cache = forward(f, norm, args)[1]
        answer = f.unchanged(backward, dout, cache)
        expect_tuple(answer, _GRADIENTS, backward)


@batchnorm_backward.check("the example by hand")
def _(f, rng):
    return _by_hand(f, BATCH.backward)


@batchnorm_backward_alt.check("the example by hand")
def _(f, rng):
    return _by_hand(f, _ALT)


def _by_hand(f, backward):
    x, gamma, beta = np.array([[1.0], [1], [1], [5]]), np.array([2.0]), np.array([1.0])
    _, cache = forward(f, BATCH, (x, gamma, beta, {"mode": "train", "eps": 1.0}))
    came = _gradients(f, backward, np.array([[1.0], [0], [0], [0]]), cache)
    expected = np.array([[11.0], [-5], [-5], [-1]]) / 16, np.array([-0.5]), np.array([1.0])
    for position in (2, 1, 0):
        name = _GRADIENTS[position]
        measured = close(
            came[position], expected[position], what=name, tolerance=1e-5, hint=_HINTS[name]
        )
    return measured


for _exercise, _norm in (
    (batchnorm_backward, BATCH),
    (batchnorm_backward_alt, BATCH),
    (layernorm_backward, LAYER),
    (spatial_batchnorm_backward, SPATIAL),
    (spatial_groupnorm_backward, GROUP),
):
    _add_checks(_exercise, _norm, _exercise.name)
