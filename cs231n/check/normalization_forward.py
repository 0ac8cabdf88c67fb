"""Visible checks of the forward passes of batch, layer, spatial batch and group normalisation."""

from __future__ import annotations

import numpy as np

from cs231n.check.compare import as_array, close
from cs231n.check.core import Exercise
from cs231n.check.normalization_cases import (
    BATCH,
    GROUP,
    LAYER,
    SPATIAL,
    Known,
    Norm,
    example,
    forward,
    forward_and_param,
    known,
    matches,
    refuses_mode,
)
from cs231n.check.results import CheckFailed

batchnorm_forward = Exercise(BATCH.forward, functions=(BATCH.forward,))
layernorm_forward = Exercise(LAYER.forward, functions=(LAYER.forward,))
spatial_batchnorm_forward = Exercise(SPATIAL.forward, functions=(BATCH.forward, SPATIAL.forward))
spatial_groupnorm_forward = Exercise(GROUP.forward, functions=(GROUP.forward,))

__all__ = [norm.forward for norm in (BATCH, LAYER, SPATIAL, GROUP)]

_EPS = "epsilon is added to the variance first, and the root is taken of the sum."


def _param(norm: Norm, **settings) -> dict:
    return {"mode": "train", **settings} if norm.running else settings


def _slips(k: Known, eps: float) -> dict[str, np.ndarray]:
    """What people make of an input: a sentence on the slip, and the out that it gives."""
    s, right = k.spreads, k.ladder / np.sqrt(1 + eps / k.spreads**2)
    wider = s * np.sqrt(k.count / (k.count - 1))
    return {
        f"epsilon has no effect on out (here it is {eps:g}). {_EPS}": k.scaled(k.ladder),
        f"out is what comes of adding epsilon after the root. {_EPS}": k.scaled(
            k.ladder * s / (s + eps)
        ),
        "out is what comes of dividing by variance + epsilon; divide by its root.": (
            k.scaled(k.ladder * s / (s * s + eps))
        ),
        f"out is what comes of a variance divided by {k.count} - 1. Here it is the mean of the "
        f"squared deviations, divided by {k.count} (np.var does that unless told otherwise).": (
            k.scaled(k.ladder / np.sqrt(wider**2 + eps) * s)
        ),
        "out is right before gamma and beta are applied, which seems to be left out.": right,
        "beta is not added.": k.scaled(right) - k.scaled(0 * right),
        "gamma is not applied.": right + k.scaled(0 * right),
    }


def _compare(out, k: Known, eps: float, hint: str, tolerance=1e-7):
    """Compare out with what is known; name the slip where it is one of those people make."""
    right = k.expected(eps)
    out = as_array(out, "out", right.shape)
    if not matches(out, right):
        for sentence, slip in _slips(k, eps).items():
            if matches(out, slip) and not matches(slip, right, 1e-5):
                raise CheckFailed(f"Not yet: {sentence}")
    return close(out, right, tolerance=tolerance, hint=hint)


# Shapes of x and numbers of groups, by what a check is about.
_PLAIN = {
    BATCH: [((6, 3), 1), ((3, 5), 1)],
    LAYER: [((3, 6), 1), ((5, 3), 1)],
    SPATIAL: [((3, 4, 2, 5), 1), ((4, 2, 3, 1), 1)],
    GROUP: [((2, 6, 3, 5), 3), ((3, 4, 2, 1), 2)],
}
_EQUAL = {  # sizes that agree with one another, where axes are easily mixed up
    BATCH: [((4, 4), 1), ((7, 1), 1)],
    LAYER: [((4, 4), 1), ((1, 7), 1)],
    SPATIAL: [((3, 3, 3, 3), 1), ((1, 3, 2, 4), 1), ((5, 1, 2, 3), 1)],
    GROUP: [((4, 4, 4, 4), 2), ((1, 6, 2, 3), 3)],
}


def _add_shared_checks(exercise: Exercise, norm: Norm) -> None:
    """What holds of all four layers (of those with modes: in mode "train")."""

    @exercise.check("the worked example (eps = 1)")
    def _(f, rng):
        args, out = example(norm)
        hint = f"Compare with the numbers above the exercise. {norm.axes}"
        return close(forward(f, norm, args)[0], out, tolerance=1e-5, hint=hint)

    for name, cases in (("mean and variance along the right axes", _PLAIN),
                        ("sizes that are equal, or 1", _EQUAL)):  # fmt: skip

        @exercise.check(name)
        def _(f, rng, cases=cases):
            for shape, G in cases[norm]:
                k = known(rng, norm, shape, G=G)
                args = norm.arguments(k.x, k.gamma, k.beta, _param(norm, eps=1e-8), G)
                measured = _compare(forward(f, norm, args)[0], k, 1e-8, norm.axes, 1e-5)
            return measured

    @exercise.check("epsilon: 0.3, and 1e-5 where the dict has none")
    def _(f, rng):
        (shape, G), *_ = _PLAIN[norm]
        k = known(rng, norm, shape, G=G, spread=(0.1, 0.4))
        args = norm.arguments(k.x, k.gamma, k.beta, _param(norm, eps=0.3), G)
        _compare(forward(f, norm, args)[0], k, 0.3, _EPS, 1e-5)
        k = known(rng, norm, shape, G=G, spread=(0.002, 0.004))
        args = norm.arguments(k.x, k.gamma, k.beta, _param(norm), G)
        return _compare(forward(f, norm, args)[0], k, 1e-5, _EPS, 1e-3)

    @exercise.check("equal numbers become beta, not nan")
    def _(f, rng):
        (shape, G), *_ = _PLAIN[norm]
        k = known(rng, norm, shape, G=G, spread=(0.0, 0.0))
        args = norm.arguments(np.full(shape, 4.0), k.gamma, k.beta, _param(norm), G)
        hint = "Where all numbers of a set are equal, the deviations are 0, and only beta is left."
        out = forward(f, norm, args)[0]
        return close(out, k.scaled(np.zeros(shape)), tolerance=1e-5, hint=hint)

    @exercise.check("integers in x; float32, columns first in memory")
    def _(f, rng):
        args, out = example(norm)
        x = args[0].astype(np.int64)
        hint = "Does an array take its dtype from x? Integers cut fractions off."
        shifted = (x, args[1], args[2] + 0.25, *args[3:])
        close(forward(f, norm, shifted)[0], out + 0.25, tolerance=1e-5, hint=hint)
        k = known(rng, norm, _PLAIN[norm][0][0], G=_PLAIN[norm][0][1])
        x = np.asfortranarray(k.x, dtype=np.float32)
        args = norm.arguments(x, k.gamma, k.beta, _param(norm), _PLAIN[norm][0][1])
        hint = "If only this check fails: does a reshape rely on the order of x in memory?"
        return close(forward(f, norm, args)[0], k.expected(1e-5), tolerance=1e-4, hint=hint)

    @exercise.check("leaves x, gamma and beta as they are")
    def _(f, rng):
        args, _ = example(norm)
        f.unchanged(norm.forward, *args, apart_from=(3,) if norm.running else ())


for _exercise, _norm in (
    (batchnorm_forward, BATCH),
    (layernorm_forward, LAYER),
    (spatial_batchnorm_forward, SPATIAL),
    (spatial_groupnorm_forward, GROUP),
):
    _add_shared_checks(_exercise, _norm)


# ---- what layers with modes have besides ---------------------------------------------------

_STATISTICS = ("running_mean", "running_var")


def _statistics(param: dict, D: int) -> list[np.ndarray]:
    """The running statistics that forward has left in its dict."""
    if not isinstance(param, dict):
        raise CheckFailed("bn_param should stay a dict.")
    found = []
    for name in _STATISTICS:
        if name not in param:
            raise CheckFailed(f'There is no bn_param["{name}"] afterwards: store it in the dict.')
        array = as_array(param[name], name, (D,))
        if array.shape != (D,):
            raise CheckFailed(
                f"{name} has shape {array.shape}, but it should be {(D,)}. (keepdims=True leaves "
                "an axis of length 1.)"
            )
        found.append(array)
    return found


def _compare_statistics(param, old, k: Known, momentum: float, eps: float):
    """Compare the running statistics with what they should be after one batch."""
    came = _statistics(param, len(k.middle))
    measured = None
    for name, array, before, batch in zip(_STATISTICS, came, old, (k.middle, k.spread**2)):

        def mixed(statistic, keep=momentum, before=before):
            return keep * before + (1 - keep) * statistic

        slips = {
            "it is what it was before: is the new value stored in bn_param?": before,
            "momentum is the wrong way round: it says how much of the OLD value stays.": mixed(
                batch, 1 - momentum
            ),
            "it holds this batch's value alone, without the old one.": batch,
        }
        if name == "running_var":
            slips["it holds variance + epsilon; keep the variance alone."] = mixed(batch + eps)
            slips["it holds the standard deviation, not the variance."] = mixed(np.sqrt(batch))
            slips["it holds the root of variance + epsilon, not the variance."] = mixed(
                np.sqrt(batch + eps)
            )
            slips[f"its variance is divided by {k.count} - 1, not by {k.count}."] = mixed(
                batch * k.count / (k.count - 1)
            )
        right = mixed(batch)
        for sentence, slip in slips.items():
            if matches(array, slip, 1e-5) and not matches(right, slip, 1e-4):
                raise CheckFailed(f"{name} is not right yet: {sentence}")
        measured = close(array, right, what=name, tolerance=1e-5)
    return measured


def _add_mode_checks(exercise: Exercise, norm: Norm) -> None:
    shape = _PLAIN[norm][0][0]
    channels = shape[1]

    @exercise.check("running statistics after a batch (momentum 0.7)")
    def _(f, rng):
        k = known(rng, norm, shape)
        old = rng.uniform(2, 4, channels), rng.uniform(2, 4, channels)
        param = dict(zip(_STATISTICS, old)) | {"mode": "train", "momentum": 0.7, "eps": 0.2}
        _, param = forward_and_param(f, norm, (k.x, k.gamma, k.beta, param))
        return _compare_statistics(param, old, k, 0.7, 0.2)

    @exercise.check("running statistics from nothing, over two batches (momentum 0.9)")
    def _(f, rng):
        old, param = (np.zeros(channels), np.zeros(channels)), {"mode": "train"}
        for _ in range(2):
            k = known(rng, norm, shape)
            _, param = forward_and_param(f, norm, (k.x, k.gamma, k.beta, param))
            measured = _compare_statistics(param, old, k, 0.9, 1e-5)
            old = tuple(0.9 * o + 0.1 * new for o, new in zip(old, (k.middle, k.spread**2)))
        return measured

    def trained(k, eps):
        return {"mode": "test", "eps": eps, "running_mean": k.middle, "running_var": k.spread**2}

    @exercise.check("test mode takes the running statistics")
    def _(f, rng):
        k = known(rng, norm, shape, spread=(0.4, 1.2))
        hint = "In test mode mean and variance come from bn_param; the rest is as in training."
        for rows in (slice(None), slice(0, 2), slice(0, 1)):  # two samples, and one alone
            out, _ = forward(f, norm, (k.x[rows], k.gamma, k.beta, trained(k, 0.3)))
            part = Known(k.x[rows], k.gamma, k.beta, k.ladder[rows], k.middle, k.spread, k.count,
                         k.spreads[rows])  # fmt: skip
            measured = _compare(out, part, 0.3, hint, 1e-5)
        return measured

    @exercise.check("test mode changes nothing in bn_param")
    def _(f, rng):
        k = known(rng, norm, shape)
        args = (k.x + 5, k.gamma, k.beta, trained(k, 1e-5) | {"momentum": 0.5})
        out, param = forward_and_param(f, norm, args)
        as_array(out, "out")
        for name, came in zip(_STATISTICS, _statistics(param, channels)):
            if not np.array_equal(came, args[-1][name]):
                raise CheckFailed(
                    f"{name} was changed in test mode. What a net has learned must not depend on "
                    "the pictures it is tested with."
                )

    @exercise.check("an unknown mode raises ValueError")
    def _(f, rng):
        k = known(rng, norm, shape)
        refuses_mode(f, norm.forward, k.x, k.gamma, k.beta, {})


_add_mode_checks(batchnorm_forward, BATCH)
_add_mode_checks(spatial_batchnorm_forward, SPATIAL)
