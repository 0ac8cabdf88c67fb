"""Hidden checks of the Inception module and of the residual block, forward and backward.

A backward pass is right when it gives the reference's gradients. Where the student's forward pass
is at heart right (most of its values are the reference's) and yet differs, a backward pass is right
as well when it is the exact gradient of *that* forward pass: a slip is not paid for twice. Caches
are the student's own, of any form, so a backward pass needs a forward pass that runs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cs231n.check.case_studies_blocks import close_beside, dx_and_grads
from cs231n.check.case_studies_inception import inception_params
from cs231n.check.case_studies_residual import residual_params
from cs231n.check.compare import expect_tuple
from cs231n.check.core import Exercise
from cs231n.check.results import CheckFailed, NotReady
from grading.checks import oracle
from grading.checks.answers import as_array, check_not_constant, close, serious
from grading.checks.slopes import is_proven, slope
from grading.reference import case_studies_blocks

reference = oracle.remembering(case_studies_blocks)
TOLERANCE = 1e-5  # wide enough for a solution that computes in float32
MOSTLY = 0.4  # of the values above zero: what a forward pass that is at heart right gets right

INCEPTION = ("inception_forward", "inception_backward")
RESIDUAL = ("residual_block_forward", "residual_block_backward")
inception_forward = Exercise(INCEPTION[0], functions=INCEPTION[:1])
inception_backward = Exercise(INCEPTION[1], functions=INCEPTION)
residual_block_forward = Exercise(RESIDUAL[0], functions=RESIDUAL[:1])
residual_block_backward = Exercise(RESIDUAL[1], functions=RESIDUAL)


@dataclass(frozen=True)
class Case:
    """A block: the name and weight of its checks, and the arguments of forward for an rng."""

    name: str
    weight: float
    args: Callable


def _inception(shape, filters):
    return lambda rng: (rng.standard_normal(shape), inception_params(rng, shape[1], filters))


def _residual(shape, F, stride, projection):
    def args(rng):
        params = residual_params(rng, shape[1], F, projection)
        return rng.standard_normal(shape), params, stride

    return args


INCEPTION_CASES = [
    Case(
        "another number of filters in each layer", 4, _inception((2, 3, 6, 5), (3, 2, 4, 1, 2, 5))
    ),
    Case("as many filters everywhere", 2, _inception((2, 2, 5, 5), (2,) * 6)),
    Case("small maps", 1, _inception((3, 2, 2, 1), (1, 3, 1, 2, 3, 1))),
    Case("one channel, one filter a layer", 1, _inception((1, 1, 4, 6), (1,) * 6)),
]
RESIDUAL_CASES = [
    Case("identity", 3, _residual((2, 3, 5, 4), 3, 1, False)),
    Case("projection with stride 2", 3, _residual((2, 2, 7, 5), 4, 2, True)),
    Case("projection with stride 1", 2, _residual((2, 4, 3, 4), 2, 1, True)),
    Case("a single pixel", 1, _residual((5, 3, 1, 1), 3, 1, False)),
]


def _forward(f, names, args):
    return expect_tuple(getattr(f, names[0])(*args), ("out", "cache"), names[0])


def _compare_out(f, names, args, tolerance=TOLERANCE, hint=""):
    expected, _ = getattr(reference, names[0])(*args)
    return close(_forward(f, names, args)[0], expected, tolerance=tolerance, hint=hint)


def _in_float32(args):
    x, params, *rest = args
    params = {key: np.asfortranarray(p, dtype=np.float32) for key, p in params.items()}
    return np.asfortranarray(x, dtype=np.float32), params, *rest


def _add_forward_checks(exercise, names, tried):
    for case in tried:

        @exercise.check(case.name, case.weight)
        def _(f, rng, case=case):
            return _compare_out(f, names, case.args(rng))

    @exercise.check("float32 input, columns first in memory", 1)
    def _(f, rng):
        return _compare_out(f, names, _in_float32(tried[0].args(rng)), tolerance=1e-4)

    @exercise.check("x and params are left as they are", 1)
    def _(f, rng):
        outs = []
        for _ in range(2):
            answer = f.unchanged(names[0], *tried[0].args(rng))
            outs.append(expect_tuple(answer, ("out", "cache"), names[0])[0])
        serious(outs[0], "out")
        check_not_constant(*outs)


@inception_forward.check("negative input: padding never wins", 2)
def _(f, rng):
    x, params = INCEPTION_CASES[0].args(rng)
    params["pool_proj.w"] = -np.abs(params["pool_proj.w"])
    hint = "A maximum at the edge is one of the pixels there, even if all are negative."
    return _compare_out(f, INCEPTION, (-np.abs(x) - 1, params), hint=hint)


_add_forward_checks(inception_forward, INCEPTION, INCEPTION_CASES)
_add_forward_checks(residual_block_forward, RESIDUAL, RESIDUAL_CASES)


# ---- backward ------------------------------------------------------------------------------


@dataclass
class _Trial:
    """One forward pass by the student, and what backward made of it."""

    args: tuple
    dout: np.ndarray
    out: np.ndarray
    right_out: np.ndarray
    came: dict  # "dx" or a parameter's name -> the student's gradient
    expected: dict  # the same of the reference


def _gathered(answer, name) -> dict:
    dx, grads = dx_and_grads(answer, name)
    return {"dx": dx, **{key: value for key, value in grads.items() if key != "dx"}}


def _trial(f, names, args, rng) -> _Trial:
    right_out, right_cache = getattr(reference, names[0])(*args)
    dout = rng.standard_normal(right_out.shape)
    expected = _gathered(getattr(reference, names[1])(dout, right_cache), names[1])
    out, cache = _forward(f, names, args)
    came = _gathered(getattr(f, names[1])(dout, cache), names[1])
    return _Trial(args, dout, out, right_out, came, expected)


def _compare(f, names, trial, keys, rng, tolerance=TOLERANCE, hint=""):
    """The gradients of `keys` against the reference's, or against the student's own forward."""
    worst = None
    for key in keys:
        what = key if key == "dx" else f"grads[{key!r}]"
        if key not in trial.came:
            raise CheckFailed(f"grads has no {key!r}: its keys are those of params.")
        wanted = trial.expected[key]
        came = as_array(trial.came[key], what, wanted.shape)  # before anything is done with it
        try:
            args = dict(what=what, tolerance=tolerance, hint=hint, close=close)
            found = close_beside(came, wanted, trial.expected.values(), **args)
        except CheckFailed:
            if not _is_slope_of_own_forward(f, names, trial, key, rng):
                raise
            continue
        worst = found if worst is None or found.error > worst.error else worst
    return worst


def _at_heart_right(trial) -> bool:
    """Whether out differs from the reference's, yet most of the values above zero are there (its
    channels may stand in another order)."""
    out, right = as_array(trial.out, "out"), trial.right_out
    if out.shape != right.shape or np.allclose(out, right, rtol=1e-4, atol=1e-6):
        return False
    equal = np.isclose(out[:, None], right[:, :, None], rtol=1e-4, atol=1e-6)  # (N, F, F, H, W)
    counted = np.moveaxis(equal & (right > 0)[:, :, None], 2, 0).sum(axis=(1, 3, 4))
    return counted.max(axis=0).sum() >= MOSTLY * max(1, (right > 0).sum())


def _is_slope_of_own_forward(f, names, trial, key, rng) -> bool:
    if is_proven(f, names[0]):
        return False
    x, params, *rest = trial.args
    point = x if key == "dx" else params[key]

    def moved_out(value):
        args = (value, params) if key == "dx" else (x, params | {key: value})
        return as_array(_forward(f, names, (*args, *rest))[0], "out")

    try:
        gradient = as_array(trial.came[key], key, point.shape)
        if gradient.shape != point.shape or not _at_heart_right(trial):
            return False
        slopes = []
        for _ in range(2):
            direction = rng.standard_normal(point.shape)
            slopes.append(slope(moved_out, point, direction, trial.dout, h=1e-7))
            claimed = float(np.sum(gradient * direction))
            if not abs(slopes[-1] - claimed) <= 1e-4 * max(1.0, abs(slopes[-1])):
                return False  # nan too
        return any(slopes)
    except (CheckFailed, NotReady):
        return False


def _add_backward_checks(exercise, names, tried, more):
    hint = "x is read in more than one place: what comes back from them is added up."
    for case in tried:

        @exercise.check(f"{case.name}: dx", case.weight)
        def _(f, rng, case=case):
            trial = _trial(f, names, case.args(rng), rng)
            return _compare(f, names, trial, ["dx"], rng, hint=hint)

        @exercise.check(f"{case.name}: parameters", case.weight)
        def _(f, rng, case=case):
            args = case.args(rng)
            return _compare(f, names, _trial(f, names, args, rng), list(args[1]), rng)

    @exercise.check("float32 input, columns first in memory", 1)
    def _(f, rng):
        args = _in_float32(tried[0].args(rng))
        trial = _trial(f, names, args, rng)
        return _compare(f, names, trial, ["dx", *args[1]], rng, tolerance=1e-4)

    @exercise.check("another forward pass in between, and backward twice", 2)
    def _(f, rng):
        args, later = tried[0].args(rng), more.args(rng)
        right_out, _ = getattr(reference, names[0])(*args)
        dout = rng.standard_normal(right_out.shape)
        _, cache = _forward(f, names, args)
        before = f.unchanged(names[1], dout, cache)
        before = {k: np.array(as_array(v, k)) for k, v in _gathered(before, names[1]).items()}
        serious(before["dx"], "dx")
        _, kept = _forward(f, names, args)
        _, other_cache = _forward(f, names, later)
        hint = "Everything must come from cache, and the cache must stay as it is."
        for _ in range(2):
            came = _gathered(getattr(f, names[1])(dout, kept), names[1])
            for key in ("dx", *args[1]):
                close(came[key], before[key], what=key, tolerance=1e-9, hint=hint)
        shape = getattr(reference, names[0])(*later)[0].shape
        other = getattr(f, names[1])(rng.standard_normal(shape), other_cache)
        check_not_constant(_gathered(other, names[1])["dx"], before["dx"], "dx")


_add_backward_checks(inception_backward, INCEPTION, INCEPTION_CASES, INCEPTION_CASES[2])
_add_backward_checks(residual_block_backward, RESIDUAL, RESIDUAL_CASES, RESIDUAL_CASES[1])


# ---- where chance would decide --------------------------------------------------------------

inception_backward.same_in_all_courses(
    "small maps: dx",
    "one channel, one filter a layer: dx",
    "as many filters everywhere: dx",
    "as many filters everywhere: parameters",
    "small maps: parameters",
    "one channel, one filter a layer: parameters",
)
inception_forward.same_in_all_courses(
    "another number of filters in each layer",
    "as many filters everywhere",
    "small maps",
    "one channel, one filter a layer",
    "float32 input, columns first in memory",
    "negative input: padding never wins",
)
residual_block_backward.same_in_all_courses(
    "a single pixel: dx",
    "a single pixel: parameters",
)
residual_block_forward.same_in_all_courses(
    "a single pixel",
    "projection with stride 1",
)
