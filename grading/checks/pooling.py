"""Hidden checks of the notebook 3_pooling: many shapes, the reference as oracle.

Forward and backward are graded apart. A backward pass is right when it gives the reference's
gradient. Where the student's own forward pass differs from the reference's but is at heart right
(it passes the basic case), a backward pass that is the exact gradient of *that* forward is right as
well. Where there is no usable forward pass, backward is tried with the customary caches.

HIDE names the modules that a notebook does not get to see while it is graded: those that do what
the exercises ask for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cs231n.check.compare import expect_tuple
from cs231n.check.core import Exercise
from cs231n.check.pooling_cases import distinct, pool_param
from cs231n.check.results import CheckFailed, NotReady
from grading.checks import fast, oracle
from grading.checks.answers import as_array, check_not_constant, close
from grading.checks.pooling_as_conv import avg_pool_as_conv
from grading.checks.pooling_cases import (
    ADD_UP,
    BASIC,
    CASES,
    FORTRAN,
    SIZE,
    Case,
    with_zero_windows,
)
from grading.checks.slopes import is_proven, once, slope
from grading.reference import pooling

HIDE: tuple[str, ...] = fast.EVERYTHING

reference = oracle.remembering(pooling)
_MAX = ("max_pool_forward_naive", "max_pool_backward_naive")
_AVG = ("avg_pool_forward", "avg_pool_backward")
_L2 = ("l2_pool_forward", "l2_pool_backward")

max_pool_forward_naive = Exercise(_MAX[0], functions=_MAX[:1])
max_pool_backward_naive = Exercise(_MAX[1], functions=_MAX)
avg_pool_forward = Exercise(_AVG[0], functions=_AVG[:1])
avg_pool_backward = Exercise(_AVG[1], functions=_AVG)
l2_pool_forward = Exercise(_L2[0], functions=_L2[:1])
l2_pool_backward = Exercise(_L2[1], functions=_L2)
__all__ = [*_MAX, *_AVG, *_L2, "avg_pool_as_conv"]


# ---- forward -------------------------------------------------------------------------------


def _forward(f, kind, x, param):
    return expect_tuple(getattr(f, kind[0])(x, param), ("out", "cache"), kind[0])


def _compare_forward(f, kind, x, case, tolerance=1e-9):
    out, _ = _forward(f, kind, x, case.param)
    expected, _ = getattr(reference, kind[0])(x, case.param)
    hint = SIZE if case.hint == ADD_UP else case.hint
    return close(out, expected, what="out", tolerance=tolerance, hint=hint)


def _add_forward_checks(exercise, kind):
    for case in CASES:

        @exercise.check(case.name, case.weight)
        def _(f, rng, case=case):
            x = distinct(rng, case.shape)
            # A maximum that ignores negative values pays for that in a check of its own.
            return _compare_forward(f, kind, np.abs(x) if kind == _MAX else x, case)

    @exercise.check("float32 input, columns first in memory", 1)
    def _(f, rng):
        x = np.asfortranarray(distinct(rng, FORTRAN.shape), dtype=np.float32)
        return _compare_forward(f, kind, x, FORTRAN, tolerance=1e-5)

    @exercise.check("x is left as it is", 1)
    def _(f, rng):
        outs = []
        for window, stride in (((3, 3), 2), ((1, 1), 1)):
            answer = f.unchanged(kind[0], distinct(rng, (2, 3, 7, 5)), pool_param(window, stride))
            # Whether there is a cache, and whether out is right, is for other checks to say.
            outs.append(answer[0] if isinstance(answer, tuple | list) and answer else answer)
        check_not_constant(*outs)


# ---- backward ------------------------------------------------------------------------------


@dataclass
class _Trial:
    """One forward pass by the student, and what backward must then give."""

    x: np.ndarray
    param: dict
    dout: np.ndarray
    expected: np.ndarray  # the reference's dx
    out: np.ndarray | None  # the student's out; None where there is none
    caches: list  # to be tried in turn: the student's, or the customary ones
    forward_right: bool


def _trial(f, kind, x, param, rng) -> _Trial:
    right_out, right_cache = getattr(reference, kind[0])(x, param)
    dout = rng.standard_normal(right_out.shape)
    expected = getattr(reference, kind[1])(dout, right_cache)
    out, cache = _try_forward(f, kind, x, param)
    right = out is not None and _same(out, right_out)
    caches = [] if out is None else [cache]
    if not right and not _at_heart_right(f, kind):
        customary = [(x, param), (x, right_out, param), (x.shape, param), right_cache]
        caches += customary
    return _Trial(x, param, dout, expected, out, caches, right)


def _try_forward(f, kind, x, param):
    """The student's (out, cache), or (None, None) where forward gives nothing usable."""
    try:
        out, cache = _forward(f, kind, x, param)
        return as_array(out, "out").astype(float), cache
    except (CheckFailed, NotReady):
        return None, None


def _same(out, right_out) -> bool:
    return out.shape == right_out.shape and bool(np.allclose(out, right_out, 1e-6, 1e-6))


@once
def _at_heart_right(f, kind) -> bool:
    x = np.abs(distinct(np.random.default_rng(231), BASIC.shape))
    out, _ = _try_forward(f, kind, x, BASIC.param)
    return out is not None and _same(out, getattr(reference, kind[0])(x, BASIC.param)[0])


@once
def _backward_at_heart_right(f, kind) -> bool:
    """Whether forward and backward both get the basic case right."""
    rng = np.random.default_rng(231)
    trial = _trial(f, kind, distinct(rng, BASIC.shape), BASIC.param, rng)
    if trial.out is None or not _at_heart_right(f, kind):
        return False
    try:
        dx = getattr(f, kind[1])(trial.dout, trial.caches[0])
        close(dx, trial.expected, what="dx", tolerance=1e-6)
    except (CheckFailed, NotReady):
        return False
    return True


def first_that_works(caches: list, attempt: Callable):
    """attempt(cache) for the first cache with which it passes; the first failure if none does."""
    failures = []
    for cache in caches:
        try:
            return attempt(cache)
        except CheckFailed as failure:
            failures.append(failure)
    if not failures:
        raise CheckFailed("Forward gave nothing here, so there is no cache to go back with.")
    raise failures[0]


def _compare_backward(f, kind, x, case, rng, tolerance=1e-6):
    trial = _trial(f, kind, x, case.param, rng)
    windows = (case.param["pool_height"], case.param["pool_width"], case.param["stride"], 0)
    options = {"tolerance": tolerance, "hint": case.hint, "windows": windows}

    def attempt(cache):
        dx = getattr(f, kind[1])(trial.dout, cache)
        return close(dx, trial.expected, what="dx", **options)

    try:
        return first_that_works(trial.caches, attempt)
    except CheckFailed:
        own = None if trial.forward_right else _compare_with_own_slopes(f, kind, trial, rng)
        if own is None:
            raise
        return own


def _compare_with_own_slopes(f, kind, trial, rng):
    """Backward against the slopes of the student's own, slightly wrong forward pass.

    Returns a Measurement, or None where this is no excuse.
    """
    if trial.out is None or is_proven(f, kind[0]) or not _backward_at_heart_right(f, kind):
        return None

    def own_out(x):
        return as_array(_forward(f, kind, x, trial.param)[0], "out")

    dout = rng.standard_normal(trial.out.shape)
    directions = [rng.standard_normal(trial.x.shape) for _ in range(4)]
    try:
        dx = as_array(getattr(f, kind[1])(dout, trial.caches[0]), "dx", trial.x.shape)
        if dx.shape != trial.x.shape:
            return None
        slopes = [slope(own_out, trial.x, d, dout) for d in directions]
        claimed = [float(np.sum(dx * d)) for d in directions]
        return close(claimed, slopes, tolerance=1e-5) if all(slopes) else None
    except CheckFailed:
        return None


def _add_backward_checks(exercise, kind):
    for case in CASES:

        @exercise.check(case.name, case.weight)
        def _(f, rng, case=case):
            return _compare_backward(f, kind, distinct(rng, case.shape), case, rng)

    @exercise.check("float32 input, columns first in memory", 1)
    def _(f, rng):
        x = np.asfortranarray(distinct(rng, FORTRAN.shape), dtype=np.float32)
        return _compare_backward(f, kind, x, FORTRAN, rng, tolerance=1e-5)

    @exercise.check("another forward pass in between, and backward twice", 2)
    def _(f, rng):
        x, later = distinct(rng, (2, 1, 4, 8)), distinct(rng, (1, 2, 6, 4))
        trial = _trial(f, kind, x, BASIC.param, rng)
        _try_forward(f, kind, later, BASIC.param)

        def attempt(cache):
            for _ in range(2):
                dx = getattr(f, kind[1])(trial.dout, cache)
                hint = "Everything must come from cache, and the cache must stay as it is."
                measured = close(dx, trial.expected, what="dx", tolerance=1e-6, hint=hint)
            return measured

        return first_that_works(trial.caches, attempt)

    @exercise.check("dout is left as it is", 1)
    def _(f, rng):
        trial = _trial(f, kind, distinct(rng, BASIC.shape), BASIC.param, rng)

        def attempt(cache):
            dx = f.unchanged(kind[1], trial.dout, cache)
            return close(dx, trial.expected, what="dx", tolerance=1e-6)

        return first_that_works(trial.caches, attempt)


_add_forward_checks(max_pool_forward_naive, _MAX)
_add_backward_checks(max_pool_backward_naive, _MAX)
_add_forward_checks(avg_pool_forward, _AVG)
_add_backward_checks(avg_pool_backward, _AVG)
_add_forward_checks(l2_pool_forward, _L2)
_add_backward_checks(l2_pool_backward, _L2)


# ---- what is special to one kind of pool ---------------------------------------------------


@max_pool_forward_naive.check("windows of negative values, down to -1,000,000", 2)
def _(f, rng):
    x = -1000.0 * (1000 - np.arange(108.0)[rng.permutation(108)]).reshape(2, 3, 3, 6)
    hint = "The search for the largest value must not begin at 0, or at any other fixed number."
    return _compare_forward(f, _MAX, x, Case("", 1, x.shape, (3, 3), 3, hint))


@max_pool_backward_naive.check("values that nearly tie", 1)
def _(f, rng):
    x = 1 + 1e-9 * rng.permutation(48).reshape(1, 2, 4, 6)
    hint = "Compare the values themselves: no rounding, no isclose."
    return _compare_backward(f, _MAX, x, Case("", 1, x.shape, (2, 2), 2, hint), rng)


@avg_pool_forward.check("a picture of bytes (uint8)", 1)
def _(f, rng):
    x = rng.integers(200, 256, (2, 3, 4, 6)).astype(np.uint8)
    hint = "out must hold fractions, and sums beyond 255, although x is made of bytes."
    return _compare_forward(f, _AVG, x, Case("", 1, x.shape, (2, 3), 1, hint))


@l2_pool_forward.check("a picture of bytes (uint8)", 1)
def _(f, rng):
    x = rng.integers(100, 256, (2, 3, 4, 6)).astype(np.uint8)
    hint = "The square of a byte does not fit into a byte."
    return _compare_forward(f, _L2, x, Case("", 1, x.shape, (2, 3), 1, hint))


@l2_pool_forward.check("windows of zeros", 1)
def _(f, rng):
    x = np.zeros((1, 2, 4, 4))
    x[0, 1, 0, 0] = 1e-3
    hint = "The root of 0 is 0: nothing needs to be added under it."
    return _compare_forward(f, _L2, x, Case("", 1, x.shape, (2, 2), 2, hint), tolerance=1e-6)


@l2_pool_backward.check("windows of zeros, side by side", 2)
def _(f, rng):
    case = Case("", 1, (2, 3, 6, 8), (2, 2), 2, "By convention a window of zeros passes on 0.")
    return _compare_backward(f, _L2, with_zero_windows(rng), case, rng)


@l2_pool_backward.check("windows of zeros that overlap others", 1)
def _(f, rng):
    case = Case("", 1, (2, 3, 6, 8), (2, 2), 1, "By convention a window of zeros passes on 0.")
    return _compare_backward(f, _L2, with_zero_windows(rng), case, rng)


# ---- where chance would decide --------------------------------------------------------------

max_pool_forward_naive.same_in_all_courses(
    "one picture of one channel",
    "float32 input, columns first in memory",
    "one window over the whole picture, stride 2",
)
max_pool_backward_naive.same_in_all_courses(
    "one picture of one channel",
)
l2_pool_forward.same_in_all_courses(
    "single pixels, stride 3",
)
