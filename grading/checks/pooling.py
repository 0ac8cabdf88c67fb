"""Hidden checks of the notebook 3_pooling: many shapes, the reference as oracle.

Forward and backward are graded apart. A backward pass is right when it gives the reference's
gradient. Where the student's own forward pass differs from the reference's but is at heart right
(it passes the basic case), a backward pass that is the exact gradient of *that* forward is right as
well. Where there is no usable forward pass, backward is tried with the customary caches.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cs231n.check.compare import as_array, expect_tuple
from cs231n.check.core import Exercise
from cs231n.check.pooling_cases import AXES, conv_answers, distinct, pool_param
from cs231n.check.results import CheckFailed, NotReady
from cs231n.gradient_check import directional_derivative
from grading.checks.core import close
from grading.reference import pooling as reference
from grading.reference.convolution import conv_forward_naive as convolve

_MAX = ("max_pool_forward_naive", "max_pool_backward_naive")
_AVG = ("avg_pool_forward", "avg_pool_backward")
_L2 = ("l2_pool_forward", "l2_pool_backward")

max_pool_forward_naive = Exercise(_MAX[0], functions=_MAX[:1])
max_pool_backward_naive = Exercise(_MAX[1], functions=_MAX)
avg_pool_forward = Exercise(_AVG[0], functions=_AVG[:1])
avg_pool_backward = Exercise(_AVG[1], functions=_AVG)
l2_pool_forward = Exercise(_L2[0], functions=_L2[:1])
l2_pool_backward = Exercise(_L2[1], functions=_L2)
avg_pool_as_conv = Exercise("avg_pool_as_conv", functions=("avg_pool_as_conv",))

_ADD_UP = "Where windows overlap, a pixel receives the gradients of all of them, added up."


@dataclass(frozen=True)
class _Case:
    name: str
    weight: float
    shape: tuple[int, int, int, int]
    window: tuple[int, int]
    stride: int
    hint: str = ""

    @property
    def param(self) -> dict:
        return pool_param(self.window, self.stride)


_SIZE = "pool_height and pool_width say how large a window is, stride where it begins."
_BASIC = _Case("2×2 windows side by side", 3, (2, 3, 6, 4), (2, 2), 2)
_CASES = [
    _BASIC,
    _Case("windows taller than wide, with gaps", 2, (2, 3, 9, 5), (3, 2), 3, AXES),
    _Case("windows wider than tall, with gaps", 2, (3, 2, 5, 9), (2, 3), 3, AXES),
    _Case("overlapping 3×3 windows, stride 2", 2, (2, 3, 7, 9), (3, 3), 2, _ADD_UP),
    _Case("overlapping 3×2 windows, stride 1", 2, (2, 3, 5, 4), (3, 2), 1, _ADD_UP),
    _Case("overlapping 2×4 windows, stride 2", 1, (1, 2, 6, 10), (2, 4), 2, _ADD_UP),
    _Case("one picture of one channel", 1, (1, 1, 11, 2), (3, 2), 4, _SIZE),
    _Case("one window over the whole picture, stride 2", 1, (2, 3, 4, 7), (4, 7), 2, _SIZE),
    _Case("single pixels, stride 3", 1, (1, 3, 7, 4), (1, 1), 3, _SIZE),
]
_FORTRAN = _Case("", 1, (2, 3, 7, 5), (3, 3), 2, "Does a reshape rely on memory order?")


# ---- forward -------------------------------------------------------------------------------


def _forward(f, kind, x, param):
    return expect_tuple(getattr(f, kind[0])(x, param), ("out", "cache"), kind[0])


def _compare_forward(f, kind, x, case, tolerance=1e-9):
    out, _ = _forward(f, kind, x, case.param)
    expected, _ = getattr(reference, kind[0])(x, case.param)
    hint = _SIZE if case.hint == _ADD_UP else case.hint
    return close(out, expected, what="out", tolerance=tolerance, hint=hint)


def _add_forward_checks(exercise, kind):
    for case in _CASES:

        @exercise.check(case.name, case.weight)
        def _(f, rng, case=case):
            x = distinct(rng, case.shape)
            # A maximum that ignores negative values pays for that in a check of its own.
            return _compare_forward(f, kind, np.abs(x) if kind == _MAX else x, case)

    @exercise.check("float32 input, columns first in memory", 1)
    def _(f, rng):
        x = np.asfortranarray(distinct(rng, _FORTRAN.shape), dtype=np.float32)
        return _compare_forward(f, kind, x, _FORTRAN, tolerance=1e-5)

    @exercise.check("x is left as it is", 1)
    def _(f, rng):
        x = distinct(rng, (2, 3, 7, 5))
        for window, stride in (((3, 3), 2), ((1, 1), 1)):
            f.unchanged(kind[0], x, _Case("", 1, x.shape, window, stride).param)


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


def _at_heart_right(f, kind) -> bool:
    x = np.abs(distinct(np.random.default_rng(231), _BASIC.shape))
    out, _ = _try_forward(f, kind, x, _BASIC.param)
    return out is not None and _same(out, getattr(reference, kind[0])(x, _BASIC.param)[0])


def _first_that_works(caches, attempt):
    """attempt(cache) for the first cache with which it passes; the first failure if none does."""
    failures = []
    for cache in caches:
        try:
            return attempt(cache)
        except CheckFailed as failure:
            failures.append(failure)
    raise failures[0]


def _compare_backward(f, kind, x, case, rng, tolerance=1e-6):
    trial = _trial(f, kind, x, case.param, rng)

    def attempt(cache):
        dx = getattr(f, kind[1])(trial.dout, cache)
        return close(dx, trial.expected, what="dx", tolerance=tolerance, hint=case.hint)

    if not trial.caches:
        raise CheckFailed(f"{kind[0]} gave nothing here, so there is no cache to go back with.")
    try:
        return _first_that_works(trial.caches, attempt)
    except CheckFailed:
        own = None if trial.forward_right else _compare_with_own_slopes(f, kind, trial, rng)
        if own is None:
            raise
        return own


def _compare_with_own_slopes(f, kind, trial, rng):
    """Backward against the slopes of the student's own, slightly wrong forward pass.

    Returns a Measurement, or None where this is no excuse.
    """
    if trial.out is None or not _at_heart_right(f, kind):
        return None
    dout = rng.standard_normal(trial.out.shape)
    directions = [rng.standard_normal(trial.x.shape) for _ in range(4)]
    try:
        dx = as_array(getattr(f, kind[1])(dout, trial.caches[0]), "dx", trial.x.shape)
        if dx.shape != trial.x.shape:
            return None
        slopes = [
            directional_derivative(lambda v: _forward(f, kind, v, trial.param)[0], trial.x, d, dout)
            for d in directions
        ]
        claimed = [float(np.sum(dx * d)) for d in directions]
        return close(claimed, slopes, tolerance=1e-5) if all(slopes) else None
    except (CheckFailed, ValueError):
        return None


def _add_backward_checks(exercise, kind):
    for case in _CASES:

        @exercise.check(case.name, case.weight)
        def _(f, rng, case=case):
            return _compare_backward(f, kind, distinct(rng, case.shape), case, rng)

    @exercise.check("float32 input, columns first in memory", 1)
    def _(f, rng):
        x = np.asfortranarray(distinct(rng, _FORTRAN.shape), dtype=np.float32)
        return _compare_backward(f, kind, x, _FORTRAN, rng, tolerance=1e-5)

    @exercise.check("another forward pass in between, and backward twice", 2)
    def _(f, rng):
        x, later = distinct(rng, (2, 1, 4, 8)), distinct(rng, (1, 2, 6, 4))
        trial = _trial(f, kind, x, _BASIC.param, rng)
        _try_forward(f, kind, later, _BASIC.param)

        def attempt(cache):
            for _ in range(2):
                dx = getattr(f, kind[1])(trial.dout, cache)
                hint = "Everything must come from cache, and the cache must stay as it is."
                measured = close(dx, trial.expected, what="dx", tolerance=1e-6, hint=hint)
            return measured

        return _first_that_works(trial.caches, attempt)

    @exercise.check("dout is left as it is", 1)
    def _(f, rng):
        trial = _trial(f, kind, distinct(rng, _BASIC.shape), _BASIC.param, rng)

        def attempt(cache):
            dx = f.unchanged(kind[1], trial.dout, cache)
            return close(dx, trial.expected, what="dx", tolerance=1e-6)

        return _first_that_works(trial.caches, attempt)


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
    return _compare_forward(f, _MAX, x, _Case("", 1, x.shape, (3, 3), 3, hint))


@max_pool_backward_naive.check("values that nearly tie", 1)
def _(f, rng):
    x = 1 + 1e-9 * rng.permutation(48).reshape(1, 2, 4, 6)
    hint = "Compare the values themselves: no rounding, no isclose."
    return _compare_backward(f, _MAX, x, _Case("", 1, x.shape, (2, 2), 2, hint), rng)


@avg_pool_forward.check("a picture of bytes (uint8)", 1)
def _(f, rng):
    x = rng.integers(200, 256, (2, 3, 4, 6)).astype(np.uint8)
    hint = "out must hold fractions, and sums beyond 255, although x is made of bytes."
    return _compare_forward(f, _AVG, x, _Case("", 1, x.shape, (2, 3), 1, hint))


@l2_pool_forward.check("a picture of bytes (uint8)", 1)
def _(f, rng):
    x = rng.integers(100, 256, (2, 3, 4, 6)).astype(np.uint8)
    hint = "The square of a byte does not fit into a byte."
    return _compare_forward(f, _L2, x, _Case("", 1, x.shape, (2, 3), 1, hint))


def _with_zero_windows(rng):
    x = distinct(rng, (2, 3, 6, 8))
    x[:, 1] = 0
    x[0, 0, :3, :4] = 0
    return x


@l2_pool_forward.check("windows of zeros", 1)
def _(f, rng):
    x = np.zeros((1, 2, 4, 4))
    x[0, 1, 0, 0] = 1e-3
    hint = "The root of 0 is 0: nothing needs to be added under it."
    return _compare_forward(f, _L2, x, _Case("", 1, x.shape, (2, 2), 2, hint), tolerance=1e-6)


@l2_pool_backward.check("windows of zeros, side by side", 2)
def _(f, rng):
    case = _Case("", 1, (2, 3, 6, 8), (2, 2), 2, "By convention a window of zeros passes on 0.")
    return _compare_backward(f, _L2, _with_zero_windows(rng), case, rng)


@l2_pool_backward.check("windows of zeros that overlap others", 1)
def _(f, rng):
    case = _Case("", 1, (2, 3, 6, 8), (2, 2), 1, "By convention a window of zeros passes on 0.")
    return _compare_backward(f, _L2, _with_zero_windows(rng), case, rng)


# ---- average pooling as a convolution ------------------------------------------------------


for _case in (
    _BASIC,
    _Case("one channel, windows taller than wide", 1, (2, 1, 6, 4), (3, 2), 1, AXES),
    _Case("windows wider than tall, with gaps", 1, (1, 2, 5, 9), (2, 3), 3, AXES),
    _Case("overlapping 3×3 windows, stride 2", 1, (1, 4, 5, 7), (3, 3), 2),
):

    @avg_pool_as_conv.check(_case.name, _case.weight)
    def _(f, rng, case=_case):
        w, b, conv_param = conv_answers(f, case.shape[1], case.param)
        x = distinct(rng, case.shape)
        expected, _ = reference.avg_pool_forward(x, case.param)
        try:
            out, _ = convolve(x, w, b, conv_param)
        except ValueError as problem:
            raise CheckFailed(
                f"A convolution cannot be run with these answers: {problem}."
            ) from None
        return close(out, expected, what="the convolution's out", tolerance=1e-6, hint=case.hint)
