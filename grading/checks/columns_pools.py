"""Hidden checks of max pooling by a reshape and through columns (notebook 5_im2col).

Gradients of windows without ties are those of the reference, whatever the forward pass kept. Where
windows tie, any way to share a gradient among the largest pixels is right. What a slip in im2col
or col2im costs: see columns_own.
"""

from __future__ import annotations

import numpy as np

from cs231n.check.columns_pools import COLUMNS, RESHAPE, check_refused, check_ties
from cs231n.check.columns_pools import count_helper as count_steps_of_helper
from cs231n.check.columns_steps import check_own_steps
from cs231n.check.compare import expect_tuple
from cs231n.check.core import Exercise
from cs231n.check.pooling_cases import distinct, pool_param
from cs231n.check.results import CheckFailed, NotReady
from grading.checks.answers import as_array, check_not_constant, close, serious
from grading.checks.columns_own import TOLERANCE, accept, reference
from grading.checks.pooling import first_that_works
from grading.checks.pooling_cases import ADD_UP, SIZE, Case
from grading.checks.pooling_cases import CASES as ANY_WINDOWS
from grading.checks.slopes import once

max_pool_forward_reshape = Exercise(RESHAPE[0], functions=RESHAPE[:1])
max_pool_backward_reshape = Exercise(RESHAPE[1], functions=RESHAPE)
max_pool_forward_im2col = Exercise(COLUMNS[0], functions=("im2col", COLUMNS[0]))
max_pool_backward_im2col = Exercise(COLUMNS[1], functions=("im2col", "col2im", *COLUMNS))

_HELPERS = ("im2col", "col2im")
_SPLIT = "Rows of one window must lie next to each other in the new shape."
TILES = [
    Case("2×2 windows", 3, (2, 3, 6, 4), (2, 2), 2, _SPLIT),
    Case("3×3 windows, picture wider than tall", 2, (2, 1, 3, 12), (3, 3), 3, _SPLIT),
    Case("4×4 windows, picture taller than wide", 2, (1, 2, 12, 4), (4, 4), 4, _SPLIT),
    Case("single pixels", 1, (2, 2, 3, 5), (1, 1), 1, _SPLIT),
    Case("many pictures and channels", 1, (5, 4, 2, 4), (2, 2), 2, _SPLIT),
]
_NOT_TILES = [
    ((2, 1, 8, 8), (2, 2), 1, "windows overlap"),
    ((2, 1, 7, 7), (3, 3), 2, "windows overlap"),
    ((2, 1, 8, 8), (2, 2), 3, "pixels lie between windows"),
    ((1, 2, 6, 6), (2, 3), 3, "windows leave rows out"),
    ((1, 2, 6, 6), (3, 2), 3, "windows leave columns out"),
    ((1, 2, 6, 6), (1, 3), 3, "windows leave rows out"),
    ((1, 2, 7, 6), (2, 2), 2, "the last row is left over"),
    ((1, 2, 6, 7), (2, 2), 2, "the last column is left over"),
]


# ---- forward -------------------------------------------------------------------------------


def _forward(f, kind, x, param):
    return expect_tuple(getattr(f, kind[0])(x, param), ("out", "cache"), kind[0])


def _check_forward(f, kind, x, param, hint="", tolerance=TOLERANCE):
    right, _ = getattr(reference, kind[0])(x, param)
    out, _ = _forward(f, kind, x, param)

    def compare(wanted):
        wanted = wanted[0] if isinstance(wanted, tuple) else wanted
        return close(out, wanted, tolerance=tolerance, hint=hint)

    return accept(compare, right, f, kind[0], x, param)


def _add_forward_checks(exercise, kind, cases):
    for layer in cases:

        @exercise.check(layer.name, layer.weight)
        def _(f, rng, case=layer):
            x = np.abs(distinct(rng, case.shape))
            hint = SIZE if case.hint == ADD_UP else case.hint
            return _check_forward(f, kind, x, case.param, hint)

    @exercise.check("windows of negative values", 1)
    def _(f, rng):
        x = -1e4 - np.abs(distinct(rng, (2, 2, 4, 4)))
        return _check_forward(f, kind, x, pool_param((2, 2), 2), "Does a maximum begin at 0?")

    @exercise.check("float32, columns first in memory; bytes", 1)
    def _(f, rng):
        x = distinct(rng, (2, 3, 4, 6))
        for values in (np.asfortranarray(x, dtype=np.float32), (x + 50).astype(np.uint8)):
            measured = _check_forward(f, kind, values, pool_param((2, 2), 2))
        return measured

    @exercise.check("x is left as it is", 1)
    def _(f, rng):
        outs = []
        for size in (2, 1):
            answer = f.unchanged(
                kind[0], distinct(rng, (2, 3, 4, 6)), pool_param((size, size), size)
            )
            outs.append(expect_tuple(answer, ("out", "cache"), kind[0])[0])
        check_not_constant(*outs)

    @exercise.check("vectorised: Python takes no more steps for more input", 1)
    def _(f, rng):
        def count(shape, which):
            if which in _HELPERS:
                return count_steps_of_helper(f, which, shape)
            answer, steps = f.counted(kind[0], rng.random(shape), pool_param((2, 2), 2))
            out = serious(expect_tuple(answer, ("out", "cache"), kind[0])[0], "out")
            if out.shape != (*shape[:2], shape[2] // 2, shape[3] // 2):
                raise CheckFailed(f"out has shape {out.shape}, which is not that of the layer.")
            return steps

        helpers = [name for name in _HELPERS[:1] if name in exercise.functions]
        check_own_steps(f, helpers, count, kind[0])


_add_forward_checks(max_pool_forward_reshape, RESHAPE, TILES)
_add_forward_checks(max_pool_forward_im2col, COLUMNS, ANY_WINDOWS)


@max_pool_forward_reshape.check("windows that do not tile the picture are refused", 3)
def _(f, rng):
    for shape, window, stride, why in _NOT_TILES:
        check_refused(f, distinct(rng, shape), pool_param(window, stride), why)
    # Whoever refuses everything has not looked at the sizes.
    _check_forward(f, RESHAPE, distinct(rng, (1, 2, 6, 6)), pool_param((3, 3), 3))


# ---- backward ------------------------------------------------------------------------------


def _caches(f, kind, x, param):
    """The student's cache; where forward is unusable or wrong, the customary ones besides.

    Returns a tuple of: the reference's out, its cache, the caches to try in turn.
    """
    right, right_cache = getattr(reference, kind[0])(x, param)
    caches = []
    try:
        out, cache = _forward(f, kind, x, param)
        caches.append(cache)
        close(out, right, tolerance=TOLERANCE)
        usable = _is_right_at_heart(f, kind)
    except (CheckFailed, NotReady):
        usable = False
    if not usable:
        caches += [(x, param), (x, right, param), (x.shape, param), right_cache]
        if kind == RESHAPE:
            side = param["stride"]
            split = x.reshape(*x.shape[:2], -1, side, x.shape[3] // side, side)
            caches.append((x, split, right))
    return right, right_cache, caches


@once
def _is_right_at_heart(f, kind) -> bool:
    x = distinct(np.random.default_rng(231), TILES[0].shape)
    try:
        _check_forward(f, kind, x, TILES[0].param)
    except (CheckFailed, NotReady):
        return False
    return True


def _check_backward(f, kind, x, case, rng):
    right, right_cache, caches = _caches(f, kind, x, case.param)
    dout = rng.standard_normal(right.shape)
    wanted = getattr(reference, kind[1])(dout, right_cache)

    def attempt(cache):
        came = getattr(f, kind[1])(dout, cache)

        def compare(expected):
            return close(came, expected, what="dx", tolerance=TOLERANCE, hint=case.hint)

        return accept(compare, wanted, f, kind[1], dout, right_cache)

    return first_that_works(caches, attempt)


def _check_tied(f, kind, x, param, rng):
    right, _, caches = _caches(f, kind, x, param)
    dout = rng.uniform(0.5, 2, right.shape)

    def attempt(cache):
        check_ties(as_array(getattr(f, kind[1])(dout, cache), "dx", x.shape), x, dout, param)

    return first_that_works(caches, attempt)


def _add_backward_checks(exercise, kind, cases):
    for layer in cases:

        @exercise.check(layer.name, layer.weight)
        def _(f, rng, case=layer):
            return _check_backward(f, kind, distinct(rng, case.shape), case, rng)

    @exercise.check("ties: maps behind a ReLU", 2)
    def _(f, rng):
        x = np.maximum(distinct(rng, (2, 3, 6, 6)), 0)
        x[:, :, :2, :4] = 0
        x[:, 1, 3:] = 2
        _check_tied(f, kind, x, pool_param((2, 2), 2), rng)
        return _check_tied(f, kind, x, pool_param((3, 3), 3), rng)

    @exercise.check("values that nearly tie", 1)
    def _(f, rng):
        x = 1 + 1e-9 * rng.permutation(48).reshape(1, 2, 4, 6)
        hint = "Compare the values themselves: no rounding, no isclose."
        return _check_backward(f, kind, x, Case("", 1, x.shape, (2, 2), 2, hint), rng)

    @exercise.check("float32, columns first in memory; bytes", 1)
    def _(f, rng):
        x = distinct(rng, (2, 3, 4, 6))
        case = Case("", 1, x.shape, (2, 2), 2, "Does dx have the dtype or the order of x?")
        _check_backward(f, kind, np.asfortranarray(x, dtype=np.float32), case, rng)
        values = rng.permutation(144).astype(np.uint8).reshape(x.shape)
        return _check_backward(f, kind, values, case, rng)

    @exercise.check("another forward pass in between, and backward twice", 1)
    def _(f, rng):
        x, case = distinct(rng, (2, 1, 4, 8)), Case("", 1, (2, 1, 4, 8), (2, 2), 2)
        right, right_cache, caches = _caches(f, kind, x, case.param)
        _caches(f, kind, distinct(rng, (1, 2, 6, 4)), case.param)
        dout = rng.standard_normal(right.shape)
        wanted = getattr(reference, kind[1])(dout, right_cache)

        def attempt(cache):
            hint = "Everything must come from cache, and cache and dout must stay as they are."
            f.unchanged(kind[1], dout, cache)
            came = getattr(f, kind[1])(dout, cache)
            return close(came, wanted, what="dx", tolerance=TOLERANCE, hint=hint)

        return first_that_works(caches, attempt)

    @exercise.check("vectorised: Python takes no more steps for more input", 1)
    def _(f, rng):
        def count(shape, which):
            if which in _HELPERS:
                return count_steps_of_helper(f, which, shape)
            right, _, caches = _caches(f, kind, rng.random(shape), pool_param((2, 2), 2))

            def attempt(cache):
                dx, steps = f.counted(kind[1], rng.random(right.shape), cache)
                if serious(dx, "dx").shape != shape:
                    raise CheckFailed("dx does not have the shape of x.")
                return steps

            return first_that_works(caches, attempt)

        helpers = [name for name in _HELPERS if name in exercise.functions]
        check_own_steps(f, helpers, count, kind[1])


_add_backward_checks(max_pool_backward_reshape, RESHAPE, TILES)
_add_backward_checks(max_pool_backward_im2col, COLUMNS, ANY_WINDOWS)


# ---- where chance would decide --------------------------------------------------------------

max_pool_forward_reshape.same_in_all_courses(
    "float32, columns first in memory; bytes",
)
max_pool_forward_im2col.same_in_all_courses(
    "one picture of one channel",
    "float32, columns first in memory; bytes",
)
