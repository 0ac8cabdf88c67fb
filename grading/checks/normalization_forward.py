"""Hidden checks of the forward passes of batch, layer, spatial batch and group normalisation."""

from __future__ import annotations

import numpy as np

from cs231n.check import normalization_cases as cases
from cs231n.check.core import Exercise
from cs231n.check.normalization_cases import BATCH, GROUP, LAYER, SPATIAL, Norm, forward
from cs231n.check.results import CheckFailed, NotReady
from grading.checks.answers import as_array, check_not_constant, close, serious
from grading.checks.normalization_layers import (
    EQUAL,
    NORMS,
    PLAIN,
    STATISTICS,
    TOLERANCE,
    at_heart_right,
    inputs,
    right,
    statistics,
    without_eps,
)
from grading.checks.slopes import is_proven

batchnorm_forward = Exercise(BATCH.forward, functions=(BATCH.forward,))
layernorm_forward = Exercise(LAYER.forward, functions=(LAYER.forward,))
spatial_batchnorm_forward = Exercise(SPATIAL.forward, functions=(BATCH.forward, SPATIAL.forward))
spatial_groupnorm_forward = Exercise(GROUP.forward, functions=(GROUP.forward,))

_EPS = "epsilon is added to the variance, under the root, in every mode."


def _compare(f, norm: Norm, args, hint="", tolerance=TOLERANCE):
    """Compare the student's out with the reference's."""
    out, _ = forward(f, norm, args)
    expected = right(norm, args)[0]
    try:
        return close(out, expected, tolerance=tolerance, hint=hint or norm.axes)
    except CheckFailed:
        own = _own_batchnorm(f, norm, args)
        if own is None:
            raise
        return close(out, own[0], tolerance=tolerance)


def _rows(x):
    """Feature maps as batch normalisation takes them: a row a pixel."""
    return np.moveaxis(x, 1, -1).reshape(-1, x.shape[1])


def _own_batchnorm(f, norm: Norm, args):
    """What spatial batch normalisation gives, and leaves in the dict, when it is built on the
    student's own batchnorm_forward, which is at heart right; None where this is no excuse."""
    if norm is not SPATIAL or is_proven(f, BATCH.forward) or not at_heart_right(f, BATCH):
        return None
    x, gamma, beta, param = args
    N, C, H, W = x.shape
    try:
        out, param = cases.forward_and_param(f, BATCH, (_rows(x), gamma, beta, param))
        out = as_array(out, "out", (N * H * W, C))
        return np.moveaxis(out.reshape(N, H, W, C), -1, 1), param
    except (CheckFailed, NotReady, ValueError):
        return None


def _add_shared_checks(exercise: Exercise, norm: Norm) -> None:
    @exercise.check("mean and variance along the right axes", 4)
    def _(f, rng):
        for shape, G in PLAIN[norm]:
            measured = _compare(f, norm, inputs(rng, norm, shape, G))
        return measured

    @exercise.check("sizes that are equal, or 1", 2)
    def _(f, rng):
        for shape, G in EQUAL[norm]:
            measured = _compare(f, norm, inputs(rng, norm, shape, G))
        return measured

    @exercise.check("epsilon, large or not given", 2)
    def _(f, rng):
        (shape, G), *_ = PLAIN[norm]
        _compare(f, norm, inputs(rng, norm, shape, G, eps=0.5), _EPS)
        args = without_eps(inputs(rng, norm, shape, G, spread=(0.002, 0.004)))
        args = (args[0] - args[0].mean(), *args[1:])
        hint = f"There was no eps in the dict. {_EPS}"
        return _compare(f, norm, args, hint, 1e-3)

    @exercise.check("equal numbers: no division by zero")
    def _(f, rng):
        (shape, G), *_ = PLAIN[norm]
        args = without_eps(inputs(rng, norm, shape, G))
        return _compare(f, norm, (np.full(shape, 2.5), *args[1:]), _EPS)

    @exercise.check("integers, float32, columns first in memory")
    def _(f, rng):
        (shape, G), *_ = PLAIN[norm]
        args = inputs(rng, norm, shape, G, eps=0.01)
        x = rng.integers(0, 200, shape)
        hint = "Out of integers come fractions: which dtype does out have?"
        _compare(f, norm, (x.astype(np.uint8), *args[1:]), hint)
        _compare(f, norm, (x, *args[1:]), hint)
        _compare(
            f, norm, (np.asfortranarray(args[0]), *args[1:]), "Memory order should not matter."
        )
        x, gamma, beta, *rest = args
        single = [a.astype(np.float32) for a in (x, gamma, beta)]
        return _compare(f, norm, (*single, *rest), tolerance=1e-4)

    @exercise.check("x, gamma and beta are left alone")
    def _(f, rng):
        (shape, G), *_ = PLAIN[norm]
        outs = []
        for _ in range(2):
            args = inputs(rng, norm, shape, G)
            may = (3,) if norm.running else ()
            answer = f.unchanged(norm.forward, *args, apart_from=may)
            outs.append(answer[0] if isinstance(answer, tuple | list) and answer else answer)
            serious(outs[-1], "out")
        check_not_constant(*outs)


for _norm in NORMS:
    _add_shared_checks(globals()[_norm.forward], _norm)


# ---- running statistics, test mode ---------------------------------------------------------


def _compare_statistics(f, norm: Norm, args, hint="", only=STATISTICS):
    """One forward pass in mode "train": compare what it leaves in the dict. Returns that dict."""
    out, param = cases.forward_and_param(f, norm, args)
    wanted = right(norm, args)[2]
    D = args[0].shape[1]
    came = dict(zip(STATISTICS, statistics(param, D)))
    try:
        for name in only:
            close(came[name], wanted[name], what=name, tolerance=TOLERANCE, hint=hint)
    except CheckFailed:
        own = _own_batchnorm(f, norm, args)
        if own is None:
            raise
        close(out, own[0], tolerance=TOLERANCE)  # it is really built on that
        own = dict(zip(STATISTICS, statistics(own[1], D)))
        for name in only:
            close(came[name], own[name], what=name, tolerance=TOLERANCE, hint=hint)
    return param


def _old(rng, D):
    return dict(zip(STATISTICS, (rng.uniform(1, 4, D), rng.uniform(1, 4, D))))


def _add_mode_checks(exercise: Exercise, norm: Norm) -> None:
    shape = PLAIN[norm][0][0]

    for name, weight in zip(STATISTICS, (1, 2)):

        @exercise.check(f"{name} after a batch", weight)
        def _(f, rng, name=name):
            for momentum in (0.2, 0.75):
                args = inputs(rng, norm, shape, momentum=momentum, eps=0.3, **_old(rng, shape[1]))
                _compare_statistics(
                    f, norm, args, "momentum is the share of the old value.", (name,)
                )

    @exercise.check("running statistics over three batches, from nothing", 2)
    def _(f, rng):
        args = inputs(rng, norm, shape)
        for _ in range(3):
            param = _compare_statistics(f, norm, args, "Without momentum in the dict, it is 0.9.")
            kept = {name: np.array(a) for name, a in zip(STATISTICS, statistics(param, shape[1]))}
            args = inputs(rng, norm, shape, **kept)

    def in_test(rng, **more):
        old = _old(rng, shape[1])
        return inputs(rng, norm, shape, **old | {"mode": "test"} | more)

    @exercise.check("test mode", 3)
    def _(f, rng):
        hint = "In test mode the running statistics take the place of the batch's, nothing else."
        args = in_test(rng)
        _compare(f, norm, args, hint)
        return _compare(f, norm, (args[0][:1], *args[1:]), hint)

    @exercise.check("epsilon in test mode")
    def _(f, rng):
        _compare(f, norm, in_test(rng, eps=0.7), _EPS)
        args = without_eps(in_test(rng, running_var=np.full(shape[1], 1e-5)))
        return _compare(f, norm, args, _EPS, 1e-3)

    @exercise.check("test mode leaves the running statistics alone")
    def _(f, rng):
        args = in_test(rng, momentum=0.5)
        out, param = cases.forward_and_param(f, norm, args)
        serious(out, "out")
        check_not_constant(out, forward(f, norm, in_test(rng))[0])
        for name, came in zip(STATISTICS, statistics(param, shape[1])):
            before = args[-1][name]
            if not np.array_equal(before, came):
                raise CheckFailed(f"{name} was changed in test mode.")

    @exercise.check("an unknown mode raises ValueError")
    def _(f, rng):
        x, gamma, beta, _ = inputs(rng, norm, shape)
        cases.refuses_mode(f, norm.forward, x, gamma, beta, {})


_add_mode_checks(batchnorm_forward, BATCH)
_add_mode_checks(spatial_batchnorm_forward, SPATIAL)


# ---- where chance would decide --------------------------------------------------------------

batchnorm_forward.same_in_all_courses(
    "mean and variance along the right axes",
    "sizes that are equal, or 1",
)
layernorm_forward.same_in_all_courses(
    "mean and variance along the right axes",
)
