"""Visible checks of max pooling by a reshape and through columns (notebook 5_im2col).

Pictures that rise evenly have pools that one can write down at once (see pooling_cases); gradients
are measured on the student's own forward pass, and ties are judged by what they hand on.
"""

import numpy as np

from cs231n.check.columns_conv import add_check
from cs231n.check.columns_steps import check_own_steps, helper_steps
from cs231n.check.compare import as_array, close, expect_tuple
from cs231n.check.core import Exercise
from cs231n.check.pooling_cases import AXES, distinct, known_pool, pool_param
from cs231n.check.results import CheckFailed
from cs231n.gradient_check import numeric_gradient

RESHAPE = ("max_pool_forward_reshape", "max_pool_backward_reshape")
COLUMNS = ("max_pool_forward_im2col", "max_pool_backward_im2col")

max_pool_forward_reshape = Exercise(RESHAPE[0], functions=RESHAPE[:1])
max_pool_backward_reshape = Exercise(RESHAPE[1], functions=RESHAPE)
max_pool_forward_im2col = Exercise(COLUMNS[0], functions=("im2col", COLUMNS[0]))
max_pool_backward_im2col = Exercise(COLUMNS[1], functions=("im2col", "col2im", *COLUMNS))

# The example worked out in notebook 3_pooling.
_PICTURE = np.array([[[[1, 7, -2, 4], [3, 5, 6, 0], [-8, -3, 2, 9], [-4, -6, 8, 1]]]], dtype=float)
_SPLIT = (
    "Which rows belong to window row i? Write the new shape so that they lie next to each other."
)
_SIZES = "The stride says where a window begins, pool_height and pool_width how large it is."
_APART = "Every picture and every channel is pooled by itself: what are the columns' columns?"
_ADD_UP = "A pixel in several windows receives the gradients of all of them, added up."
_TILES = [
    ("windows of 2×2", ((1, 1, 4, 6), (2, 2), 2, (2, 3)), _SPLIT),
    ("windows of 3×3, picture taller than wide", ((1, 2, 9, 3), (3, 3), 3, (3, 1)), _SPLIT),
    ("several pictures and channels", ((3, 2, 4, 2), (2, 2), 2, (2, 1)), _APART),
    ("windows of a single pixel", ((1, 2, 3, 2), (1, 1), 1, (3, 2)), "Every pixel stays."),
]
_ANY = [
    *_TILES,
    ("windows that overlap (3×3, stride 2)", ((1, 2, 5, 7), (3, 3), 2, (2, 3)), _SIZES),
    ("windows taller than wide (3×2, stride 2)", ((2, 3, 9, 4), (3, 2), 2, (4, 2)), AXES),
    ("windows wider than tall (2×3, stride 1)", ((2, 3, 4, 7), (2, 3), 1, (3, 5)), AXES),
    ("gaps between windows (2×2, stride 3)", ((1, 2, 8, 5), (2, 2), 3, (3, 2)), _SIZES),
]


def _forward(f, kind, *args):
    return expect_tuple(getattr(f, kind[0])(*args), ("out", "cache"), kind[0])


# ---- forward -------------------------------------------------------------------------------


def _add_forward_checks(exercise, kind, cases):
    @add_check(exercise, "the worked example of notebook 3 (2×2, stride 2)")
    def _(f, rng):
        out = _forward(f, kind, _PICTURE, pool_param((2, 2), 2))[0]
        return close(out, [[[[7, 6], [-3, 9]]]], tolerance=1e-6)

    for name, case, hint in cases:

        @add_check(exercise, name)
        def _(f, rng, case=case, hint=hint):
            x, expected = known_pool(rng, *case, "max")
            out = _forward(f, kind, x, pool_param(*case[1:3]))[0]
            return close(out, expected, tolerance=1e-6, hint=hint)

    @add_check(exercise, "negative values, float32, columns first in memory")
    def _(f, rng):
        x, expected = known_pool(rng, (2, 3, 4, 6), (2, 2), 2, (2, 3), "max")
        x, expected = x - 1000, expected - 1000
        x = np.asfortranarray(x, dtype=np.float32)
        out = _forward(f, kind, x, pool_param((2, 2), 2))[0]
        hint = "Does a reshape rely on the order of x in memory, or a maximum begin at 0?"
        return close(out, expected, tolerance=1e-5, hint=hint)

    @exercise.check("leaves x as it is")
    def _(f, rng):
        f.unchanged(kind[0], rng.standard_normal((2, 2, 4, 4)), pool_param((2, 2), 2))

    @exercise.check("vectorised: Python takes no more steps for more input")
    def _(f, rng):
        def count(shape, which):
            if which != kind[0]:
                return count_helper(f, which, shape)
            x = rng.standard_normal(shape)
            answer, steps = f.counted(kind[0], x, pool_param((2, 2), 2))
            out, _ = expect_tuple(answer, ("out", "cache"), kind[0])
            wanted = (*shape[:2], shape[2] // 2, shape[3] // 2)
            if np.shape(out) != wanted:
                raise CheckFailed(f"out has shape {np.shape(out)}, but it should be {wanted}.")
            return steps

        check_own_steps(f, exercise.functions[:-1], count, kind[0])


def count_helper(f, name, shape):
    """The steps of im2col or col2im for pools of 2x2 with stride 2, each channel by itself."""
    N, C, H, W = shape
    return helper_steps(f, name, (N * C, 1, H, W), 2)


_add_forward_checks(max_pool_forward_reshape, RESHAPE, _TILES)
_add_forward_checks(max_pool_forward_im2col, COLUMNS, _ANY)


@max_pool_forward_reshape.check("windows that do not tile the picture raise ValueError")
def _(f, rng):
    _forward(f, RESHAPE, rng.standard_normal((1, 1, 6, 6)), pool_param((2, 2), 2))
    for shape, window, stride, why in (
        ((1, 1, 6, 6), (2, 2), 1, "the stride is smaller than the windows, so they overlap"),
        ((1, 1, 6, 6), (3, 3), 1, "the stride is smaller than the windows, so they overlap"),
        ((1, 1, 8, 8), (2, 2), 3, "the stride is larger than the windows, so pixels lie between"),
        ((1, 1, 6, 6), (2, 3), 2, "windows of 2x3 with stride 2 overlap across"),
        ((1, 1, 6, 6), (3, 2), 2, "windows of 3x2 with stride 2 overlap down"),
        ((1, 1, 5, 4), (2, 2), 2, "2 does not divide the 5 rows"),
        ((1, 1, 4, 5), (2, 2), 2, "2 does not divide the 5 columns"),
    ):
        check_refused(f, rng.standard_normal(shape), pool_param(window, stride), why)


def check_refused(f, x, param, why):
    call = f"x of shape {x.shape} and {param}"
    try:
        f.max_pool_forward_reshape(x, param)
    except CheckFailed as problem:
        if "stopped with ValueError" not in str(problem):
            raise CheckFailed(f"{problem} For {call} raise a ValueError: {why}.") from None
        if "reshape array of size" in str(problem):
            raise CheckFailed(
                f"For {call} the reshape itself failed. Look at the sizes first, and raise a "
                f"ValueError that says what is wrong: {why}."
            ) from None
    else:
        raise CheckFailed(f"{call} should raise a ValueError: {why}. It gave an answer.")


# ---- backward ------------------------------------------------------------------------------

_BACKWARD_TILES = [
    ("windows of 2×2", (1, 1, 4, 6), (2, 2), 2, _SPLIT),
    ("windows of 3×3, several pictures and channels", (2, 2, 6, 3), (3, 3), 3, _SPLIT),
]
_BACKWARD_ANY = [
    *_BACKWARD_TILES,
    ("windows that overlap (3×3, stride 2)", (1, 2, 5, 7), (3, 3), 2, _ADD_UP),
    ("windows that overlap (2×3, stride 1)", (2, 1, 4, 5), (2, 3), 1, _ADD_UP),
    ("windows taller than wide (3×1, stride 3)", (1, 2, 6, 4), (3, 1), 3, AXES),
    ("gaps between windows (2×1, stride 3)", (1, 2, 5, 4), (2, 1), 3, _SIZES),
]


def _forward_first(f, kind):
    """Slopes of a wrong forward pass prove nothing: say so before anything is measured."""
    try:
        out = _forward(f, kind, _PICTURE, pool_param((2, 2), 2))[0]
        close(out, [[[[7, 6], [-3, 9]]]], tolerance=1e-6)
    except CheckFailed as failure:
        why = f"First put {kind[0]} right: its slopes are what dx is compared with."
        raise CheckFailed(why) from failure


def _compare_with_slopes(f, kind, x, param, dout, dx, hint):
    measured = numeric_gradient(lambda v: _forward(f, kind, v, param)[0], x, dout)
    return close(dx, measured, what="dx", tolerance=1e-5, hint=hint)


def check_ties(dx, x, dout, param):
    """That each window's gradient is shared among its largest pixels, and adds up. For windows
    side by side."""
    dx = as_array(dx, "dx", x.shape)
    if dx.shape != x.shape:
        raise CheckFailed(f"dx has shape {dx.shape}, but it should have that of x, {x.shape}.")
    size = param["stride"]
    for n, c, i, j in np.ndindex(dout.shape):
        here = np.s_[n, c, i * size : i * size + size, j * size : j * size + size]
        window, received = x[here], dx[here]
        tied = window == window.max()
        said = (
            f"In a window that holds {', '.join(f'{v:g}' for v in window.flat)}, with a gradient "
            f"of {dout[n, c, i, j]:g}, the pixels receive "
            f"{', '.join(f'{v:.4g}' for v in received.flat)}."
        )
        if np.abs(received[~tied]).sum() > 1e-6 or not np.isfinite(received).all():
            raise CheckFailed(f"{said} Only pixels that hold the largest value may receive any.")
        parts = received[tied] / dout[n, c, i, j]
        if tied.sum() > 1 and np.allclose(parts, 1):
            raise CheckFailed(
                f"{said} {tied.sum()} pixels tie, and each gets all of it: dx holds more than "
                "dout. Give it all to one of them, or a share to each."
            )
        if not np.isclose(parts.sum(), 1, atol=1e-5) or parts.min() < -1e-6:
            raise CheckFailed(f"{said} What the largest pixels receive should add up to it.")


def _add_backward_checks(exercise, kind, cases):
    for name, shape, window, stride, hint in cases:

        @add_check(exercise, name)
        def _(f, rng, a=(shape, window, stride, hint)):
            shape, window, stride, hint = a
            _forward_first(f, kind)
            x, param = distinct(rng, shape), pool_param(window, stride)
            out, cache = _forward(f, kind, x, param)
            dout = rng.standard_normal(as_array(out, "out").shape)
            dx = getattr(f, kind[1])(dout, cache)
            return _compare_with_slopes(f, kind, x, param, dout, dx, hint)

    @add_check(exercise, "ties: the largest pixels of a window share its gradient")
    def _(f, rng):
        x = np.zeros((1, 2, 4, 4))  # most windows behind a ReLU look like this
        x[0, 0, :2, :2] = [[3, 1], [2, 3]]
        x[0, 1, 2:, 2:] = [[5, 5], [5, 1]]
        param, dout = pool_param((2, 2), 2), np.arange(1.0, 9).reshape(1, 2, 2, 2)
        _, cache = _forward(f, kind, x, param)
        check_ties(getattr(f, kind[1])(dout, cache), x, dout, param)

    @add_check(exercise, "values that nearly tie")
    def _(f, rng):
        x = np.array([[[[0.5, 0.25], [0.5 + 1e-9, 0.125]]]])
        _, cache = _forward(f, kind, x, pool_param((2, 2), 2))
        dx = getattr(f, kind[1])(np.ones((1, 1, 1, 1)), cache)
        hint = "0.500000001 is larger than 0.5: compare the values themselves (no isclose)."
        return close(dx, [[[[0, 0], [1.0, 0]]]], what="dx", hint=hint)

    @add_check(exercise, "a picture of integers (uint8)")
    def _(f, rng):
        x = np.array([[[[250, 3], [7, 251]]]], dtype=np.uint8)
        _, cache = _forward(f, kind, x, pool_param((2, 2), 2))
        dx = getattr(f, kind[1])(np.full((1, 1, 1, 1), 0.5), cache)
        hint = "Is dx an array of integers, like x? It cuts gradients off."
        return close(dx, [[[[0, 0], [0, 0.5]]]], what="dx", tolerance=1e-6, hint=hint)

    @add_check(exercise, "a second forward pass before the first backward pass")
    def _(f, rng):
        _forward_first(f, kind)
        first, second = distinct(rng, (2, 1, 4, 4)), distinct(rng, (2, 1, 4, 4))
        param = pool_param((2, 2), 2)
        out, cache = _forward(f, kind, first, param)
        _forward(f, kind, second, param)
        dout = rng.standard_normal(as_array(out, "out").shape)
        getattr(f, kind[1])(dout, cache)
        dx = getattr(f, kind[1])(dout, cache)  # and twice the same question has one answer
        hint = "Everything must come from cache, and cache must not change."
        return _compare_with_slopes(f, kind, first, param, dout, dx, hint)

    @exercise.check("leaves dout as it is")
    def _(f, rng):
        out, cache = _forward(f, kind, distinct(rng, (2, 1, 4, 4)), pool_param((2, 2), 2))
        f.unchanged(kind[1], rng.standard_normal(as_array(out, "out").shape), cache)

    @exercise.check("vectorised: Python takes no more steps for more input")
    def _(f, rng):
        def count(shape, which):
            if which != kind[1]:
                return count_helper(f, which, shape)
            x = rng.standard_normal(shape)
            out, cache = _forward(f, kind, x, pool_param((2, 2), 2))
            dx, steps = f.counted(kind[1], np.ones(np.shape(out)), cache)
            if np.shape(dx) != shape:
                raise CheckFailed(f"dx has shape {np.shape(dx)}, but it should be {shape}.")
            return steps

        check_own_steps(f, exercise.functions[:-2], count, kind[1])


_add_backward_checks(max_pool_backward_reshape, RESHAPE, _BACKWARD_TILES)
_add_backward_checks(max_pool_backward_im2col, COLUMNS, _BACKWARD_ANY)
