"""What the hidden checks of normalising layers have in common: inputs, the reference's answers, and
what a forward pass that is at heart right is excused for."""

from __future__ import annotations

import numpy as np

from cs231n.check.compare import expect_tuple
from cs231n.check.normalization_cases import BATCH, GROUP, LAYER, SPATIAL, Norm, forward
from cs231n.check.results import CheckFailed, NotReady
from grading.checks import oracle
from grading.checks.answers import as_array
from grading.checks.slopes import is_proven, once
from grading.reference import normalization

NORMS = (BATCH, LAYER, SPATIAL, GROUP)
STATISTICS = ("running_mean", "running_var")
# Wide enough for a solution that computes in float32.
TOLERANCE = 1e-5
EPS = 1e-8  # where epsilon is not what is looked at
ROUGH = 0.04  # of a forward pass that is at heart right: a variance divided by N - 1 is

PLAIN = {  # shapes of x and numbers of groups
    BATCH: [((6, 4), 1), ((5, 9), 1)],
    LAYER: [((4, 6), 1), ((9, 5), 1)],
    SPATIAL: [((3, 4, 2, 5), 1), ((2, 3, 4, 1), 1)],
    GROUP: [((2, 6, 3, 5), 3), ((3, 4, 5, 2), 2), ((2, 8, 2, 3), 4)],
}
EQUAL = {  # sizes that are equal or 1, a single group, a group a channel
    BATCH: [((5, 5), 1), ((8, 1), 1)],
    LAYER: [((5, 5), 1), ((1, 8), 1)],
    SPATIAL: [((4, 4, 4, 4), 1), ((1, 3, 4, 2), 1), ((5, 1, 2, 3), 1), ((7, 3, 1, 1), 1)],
    GROUP: [((4, 4, 4, 4), 2), ((2, 3, 2, 4), 1), ((2, 3, 2, 4), 3), ((1, 6, 1, 3), 2)],
}


def inputs(rng, norm: Norm, shape, G=1, *, spread=(0.5, 2.0), **param) -> tuple:
    """Arguments of forward in mode "train": each set of numbers at a place and of a width of its
    own. param: what stands in the last argument"""
    sets, count = norm.sizes(shape, G)
    middle, width = rng.uniform(-3, 3, (sets, 1)), rng.uniform(*spread, (sets, 1))
    # A set whose numbers happen to be almost equal would be another question: half are far apart.
    numbers = rng.standard_normal((sets, count)) + np.where(np.arange(count) % 2, 1.5, -1.5)
    x = norm.place(middle + width * rng.permuted(numbers, axis=1), shape)
    C = shape[1]
    gamma, beta = rng.choice([-1.0, 1.0], C) * rng.uniform(0.5, 2, C), rng.uniform(-2, 2, C)
    mode = {"mode": "train"} if norm.running else {}
    return norm.arguments(x, gamma, beta, mode | {"eps": EPS} | param, G)


def without_eps(args: tuple) -> tuple:
    """The same arguments, with no "eps" in the dict."""
    return *args[:-1], {key: value for key, value in args[-1].items() if key != "eps"}


def _run(name: str, *args) -> tuple:
    out, cache = getattr(normalization, name)(*args)
    return out, cache, args[-1]


_ask = oracle.remembered(_run)
reference = oracle.remembering(normalization)


def right(norm: Norm, args) -> tuple:
    """The reference's (out, cache, the dict as forward leaves it)."""
    return _ask(norm.forward, *args)


def right_gradients(norm: Norm, args, dout) -> tuple:
    return getattr(reference, norm.backward)(dout, right(norm, args)[1])


def is_forward_proven(f, norm: Norm) -> bool:
    """Whether forward, and what it may call, have been found right in their own exercises."""
    return is_proven(f, norm.forward) and (norm is not SPATIAL or is_proven(f, BATCH.forward))


def _big(norm: Norm):
    """A case in which small slips show little."""
    shape = {BATCH: (60, 3), LAYER: (3, 60), SPATIAL: (4, 3, 4, 4), GROUP: (2, 4, 5, 6)}[norm]
    rng = np.random.default_rng(231)
    args = inputs(rng, norm, shape, 2 if norm.grouped else 1)
    return args, rng.standard_normal(shape)


def _near(came, wanted) -> bool:
    came = as_array(came, "out", wanted.shape)
    return came.shape == wanted.shape and bool(
        np.max(np.abs(came - wanted)) <= ROUGH * np.max(np.abs(wanted))
    )


@once
def at_heart_right(f, norm: Norm) -> bool:
    """Whether forward comes near the right answer, where no small slip matters much."""
    args, _ = _big(norm)
    try:
        return _near(forward(f, norm, args)[0], right(norm, args)[0])
    except (CheckFailed, NotReady):
        return False


@once
def backward_at_heart_right(f, norm: Norm, backward: str) -> bool:
    """The same of both passes."""
    args, dout = _big(norm)
    try:
        _, cache = forward(f, norm, args)
        names = ("dx", "dgamma", "dbeta")
        came = expect_tuple(getattr(f, backward)(dout, cache), names, backward)
        wanted = right_gradients(norm, args, dout)
        near = [_near(in_place(c, w, n), w) for c, w, n in zip(came, wanted, names)]
        return all(near) and at_heart_right(f, norm)
    except (CheckFailed, NotReady):
        return False


def in_place(gradient, value, name: str):
    """The gradient in the shape of what it belongs to; (C,) will do for (1, C, 1, 1)."""
    gradient = as_array(gradient, name, value.shape)
    if name != "dx" and value.ndim == 4 and gradient.shape == (value.size,):
        return gradient.reshape(value.shape)
    return gradient


def statistics(param, D: int) -> list:
    """The running statistics in a dict that forward has changed."""
    if type(param) is not dict:
        raise CheckFailed("bn_param is not a dict any more.")
    found = []
    for name in STATISTICS:
        if name not in param:
            raise CheckFailed(f'There is no bn_param["{name}"] after the forward pass.')
        found.append(as_array(param[name], name, (D,)))
        if found[-1].shape != (D,):
            raise CheckFailed(f"{name} has shape {found[-1].shape}, but it should be {(D,)}.")
    return found
