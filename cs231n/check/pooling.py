"""Visible checks of the notebook 3_pooling.

No solution is needed to compare with. Pictures that rise evenly down and across have pools one can
write down at once: the largest value of a window lies in a corner of it, and the mean is the value
at its centre. Gradients are measured on the student's own forward pass.
"""

import numpy as np

from cs231n.check.compare import as_array, close, expect_tuple
from cs231n.check.core import Exercise
from cs231n.check.pooling_cases import AXES, conv_answers, distinct, known_pool, pool_param
from cs231n.check.results import CheckFailed
from cs231n.gradient_check import numeric_gradient

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

# The examples worked out in the notebook: input, output of 2x2 windows with stride 2.
_PICTURE = [[1, 7, -2, 4], [3, 5, 6, 0], [-8, -3, 2, 9], [-4, -6, 8, 1]]
_L2_PICTURE = [[1, -1, 0, 3], [1, 1, -4, 0], [2, 4, 0, 0], [-5, 6, 0, 0]]
_EXAMPLES = {
    _MAX: (_PICTURE, [[7, 6], [-3, 9]]),
    _AVG: (_PICTURE, [[4, 2], [-5.25, 5]]),
    _L2: (_L2_PICTURE, [[2, 5], [9, 0]]),
}
_SIZES = "The stride says where a window begins, pool_height and pool_width how large it is."
# Name, shape of x, (rows, columns) of a window, stride, (rows, columns) of out, the likely slip.
_FORWARD = [
    (
        "windows taller than wide (3×2, stride 2)",
        ((2, 3, 9, 4), (3, 2), 2, (4, 2)),
        AXES,
    ),
    (
        "windows wider than tall (2×3, stride 2)",
        ((2, 3, 4, 9), (2, 3), 2, (2, 4)),
        AXES,
    ),
    (
        "windows that overlap (3×3, stride 2)",
        ((1, 2, 5, 7), (3, 3), 2, (2, 3)),
        "Window (i, j) begins at row i * stride, column j * stride, whatever its size.",
    ),
    (
        "gaps between windows (2×2, stride 3)",
        ((1, 2, 8, 5), (2, 2), 3, (3, 2)),
        _SIZES,
    ),
    (
        "one picture, one channel, one window",
        ((1, 1, 2, 3), (2, 3), 1, (1, 1)),
        "The window is the whole picture here.",
    ),
]
_ADD_UP = (
    "If windows side by side pass and these do not: a pixel in several windows receives the "
    "gradients of all of them, added up."
)
_SHARES = {
    _MAX: "Only the largest pixel of a window receives its gradient, and receives all of it.",
    _AVG: "Each of the K pixels of a window receives 1/K of its gradient.",
    _L2: "A pixel receives its own value over the window's length, times the gradient.",
}
_ORDER = "If only this check fails: does a reshape rely on the order of x in memory?"
# The same for gradients, on small volumes: measuring a slope takes two forward passes a pixel.
_BACKWARD = [
    ("windows side by side (2×2, stride 2)", (2, 2, 4, 6), (2, 2), 2, None),
    ("windows that overlap (3×3, stride 2)", (1, 3, 7, 9), (3, 3), 2, _ADD_UP),
    ("windows that overlap (2×3, stride 1)", (2, 1, 4, 5), (2, 3), 1, _ADD_UP),
    ("windows taller than wide (3×1, stride 3)", (1, 2, 6, 7), (3, 1), 3, AXES),
    ("gaps between windows (2×1, stride 3)", (1, 2, 8, 7), (2, 1), 3, _SIZES),
]


def _forward(f, kind, *args):
    return _forward_and_cache(f, kind, *args)[0]


def _forward_and_cache(f, kind, *args):
    return expect_tuple(getattr(f, kind[0])(*args), ("out", "cache"), kind[0])


def _check_example(f, kind):
    x, expected = (np.array([[table]], dtype=float) for table in _EXAMPLES[kind])
    hint = "Compare with the table worked out above the exercise."
    return close(_forward(f, kind, x, pool_param((2, 2), 2)), expected, hint=hint)


def _add_forward_checks(exercise, kind):
    @exercise.check("the worked example (2×2, stride 2)")
    def _(f, rng):
        return _check_example(f, kind)

    for name, case, slip in _FORWARD:

        @exercise.check(name)
        def _(f, rng, case=case, slip=slip):
            x, expected = known_pool(rng, *case, kind[0].partition("_")[0])
            return close(_forward(f, kind, x, pool_param(*case[1:3])), expected, hint=slip)

    @exercise.check("float32 input, columns first in memory")
    def _(f, rng):
        case = ((2, 3, 7, 5), (3, 3), 2, (3, 2))
        x, expected = known_pool(rng, *case, kind[0].partition("_")[0])
        x = np.asfortranarray(x, dtype=np.float32)
        out = _forward(f, kind, x, pool_param(*case[1:3]))
        return close(out, expected, tolerance=1e-5, hint=_ORDER)

    @exercise.check("leaves x as it is")
    def _(f, rng):
        x, _ = known_pool(rng, (2, 3, 5, 5), (3, 3), 2, (2, 2), kind[0].partition("_")[0])
        f.unchanged(kind[0], x, pool_param((3, 3), 2))


def _forward_first(f, kind):
    """Slopes of a wrong forward pass prove nothing: say so before anything is measured."""
    try:
        _check_example(f, kind)
    except CheckFailed as failure:
        why = f"First put {kind[0]} right: its slopes are what dx is compared with."
        raise CheckFailed(why) from failure


def _backward(f, kind, x, param, rng):
    """A random dout, and what the student's two functions make of it."""
    out, cache = _forward_and_cache(f, kind, x, param)
    dout = rng.standard_normal(as_array(out, "out").shape)
    return dout, getattr(f, kind[1])(dout, cache)


def _close_to_measured(f, kind, x, param, dout, dx, hint):
    measured = numeric_gradient(lambda v: _forward(f, kind, v, param), x, dout)
    windows = (param["pool_height"], param["pool_width"], param["stride"], 0)
    return close(dx, measured, what="dx", tolerance=1e-6, hint=hint, windows=windows)


def _add_backward_checks(exercise, kind):
    for name, shape, window, stride, hint in _BACKWARD:

        @exercise.check(name)
        def _(f, rng, shape=shape, window=window, stride=stride, hint=hint):
            _forward_first(f, kind)
            param = pool_param(window, stride)
            x = distinct(rng, shape)
            dout, dx = _backward(f, kind, x, param, rng)
            return _close_to_measured(f, kind, x, param, dout, dx, hint or _SHARES[kind])

    @exercise.check("a second forward pass before the first backward pass")
    def _(f, rng):
        _forward_first(f, kind)
        # An average's gradient depends on the shape of x alone: another shape tells it apart.
        later = (2, 1, 6, 6) if kind == _AVG else (2, 1, 4, 4)
        first, second = distinct(rng, (2, 1, 4, 4)), distinct(rng, later)
        out, cache = _forward_and_cache(f, kind, first, pool_param((2, 2), 2))
        _forward(f, kind, second, pool_param((2, 2), 2))
        dout = rng.standard_normal(as_array(out, "out").shape)
        getattr(f, kind[1])(dout, cache)
        dx = getattr(f, kind[1])(dout, cache)  # and twice the same question has one answer
        hint = "Everything must come from cache: nothing may be kept elsewhere between calls."
        return _close_to_measured(f, kind, first, pool_param((2, 2), 2), dout, dx, hint)

    @exercise.check("leaves dout as it is")
    def _(f, rng):
        x, param = distinct(rng, (2, 1, 5, 5)), pool_param((3, 3), 2)
        out, cache = _forward_and_cache(f, kind, x, param)
        f.unchanged(kind[1], rng.standard_normal(as_array(out, "out").shape), cache)


def _nothing_lost(f, kind, rng):
    x = distinct(rng, (2, 3, 5, 7))
    dout, dx = _backward(f, kind, x, pool_param((3, 3), 2), rng)
    dx = as_array(dx, "dx")
    if dx.shape != x.shape:
        raise CheckFailed(f"dx has shape {dx.shape}, but it should have that of x, {x.shape}.")
    return close(dx.sum(), dout.sum(), what="the sum of dx", tolerance=1e-8)


_add_forward_checks(max_pool_forward_naive, _MAX)
_add_forward_checks(avg_pool_forward, _AVG)
_add_forward_checks(l2_pool_forward, _L2)
_add_backward_checks(max_pool_backward_naive, _MAX)
_add_backward_checks(avg_pool_backward, _AVG)
_add_backward_checks(l2_pool_backward, _L2)


@max_pool_forward_naive.check("windows of negative values")
def _(f, rng):
    for scale in (1.0, 1e6):
        x = scale * np.array([[[[-4.0, -2.0], [-3.0, -5.0]]]])
        out = as_array(_forward(f, _MAX, x, pool_param((2, 2), 2)), "out", (1, 1, 1, 1))
        if out.shape == (1, 1, 1, 1) and out.item() > -2 * scale:
            raise CheckFailed(
                f"The largest of {', '.join(f'{v:g}' for v in x.flat)} is {-2 * scale:g}, but out "
                f"is {out.item():g}. The search must not begin at 0, nor at any other fixed number."
            )
        close(out, [[[[-2.0 * scale]]]])


@max_pool_backward_naive.check("the pixel in four windows (the worked example)")
def _(f, rng):
    x = np.array([[[[1, 2, 0, 3, 1], [0, 4, 1, 5, 2], [3, 1, 9, 0, 6]]]], dtype=float)
    x = np.concatenate([x, x[:, :, 1::-1]], axis=2)
    _, cache = _forward_and_cache(f, _MAX, x, pool_param((3, 3), 2))
    dx = f.max_pool_backward_naive(np.array([[[[1.0, 2.0], [3.0, 4.0]]]]), cache)
    expected = np.zeros((1, 1, 5, 5))
    expected[0, 0, 2, 2] = 10
    came = as_array(dx, "dx", expected.shape)
    if came.shape == expected.shape and not np.isclose(came[0, 0, 2, 2], 10):
        raise CheckFailed(
            "The 9 in the middle wins all four windows and should receive 1 + 2 + 3 + 4 = 10, but "
            f"it receives {came[0, 0, 2, 2]:g}. Is the gradient assigned (=) and not added (+=)?"
        )
    return close(dx, expected, what="dx", hint="Only the 9 in the middle receives anything.")


@max_pool_backward_naive.check("two values that nearly tie")
def _(f, rng):
    x = np.array([[[[0.5, 0.25], [0.5 + 1e-9, 0.125]]]])
    _, cache = _forward_and_cache(f, _MAX, x, pool_param((2, 2), 2))
    dx = f.max_pool_backward_naive(np.ones((1, 1, 1, 1)), cache)
    hint = "0.500000001 is larger than 0.5: compare the values themselves, not nearly (no isclose)."
    return close(dx, [[[[0, 0], [1.0, 0]]]], what="dx", hint=hint)


@max_pool_backward_naive.check("dx sums to what dout sums to")
def _(f, rng):
    return _nothing_lost(f, _MAX, rng)


@avg_pool_backward.check("dx sums to what dout sums to")
def _(f, rng):
    return _nothing_lost(f, _AVG, rng)


@avg_pool_forward.check("a picture of integers (uint8)")
def _(f, rng):
    x = np.array([[[[250, 251, 3, 8], [252, 253, 1, 1]]]], dtype=np.uint8)
    hint = "Does out have a place for fractions? An array of integers cuts them off."
    return close(_forward(f, _AVG, x, pool_param((2, 2), 2)), [[[[251.5, 3.25]]]], hint=hint)


@l2_pool_forward.check("a picture of integers (uint8)")
def _(f, rng):
    x = np.array([[[[30, 40, 1, 1], [0, 0, 1, 2]]]], dtype=np.uint8)
    hint = "In uint8, 30 * 30 wraps round to 132: turn x into floating point before squaring."
    return close(_forward(f, _L2, x, pool_param((2, 2), 2)), [[[[50, 7**0.5]]]], hint=hint)


@l2_pool_backward.check("a window of zeros passes no gradient")
def _(f, rng):
    # One window of six is not zero, and it is another one in each map of each picture.
    x, expected = np.zeros((2, 2, 4, 6)), np.zeros((2, 2, 4, 6))
    for place in ((0, 0, 1, 5), (0, 1, 2, 0), (1, 0, 3, 3), (1, 1, 0, 1)):
        x[place], expected[place] = -3.0, -1.0
    out, cache = _forward_and_cache(f, _L2, x, pool_param((2, 2), 2))
    dx = f.l2_pool_backward(np.ones(as_array(out, "out").shape), cache)
    hint = "By convention a window of zeros hands 0 to each of its pixels."
    return close(dx, expected, what="dx", tolerance=1e-6, hint=hint)


def _convolve(x, w, b, conv_param):
    from cs231n.fast_layers import conv_forward_fast

    return conv_forward_fast(x, w, b, conv_param)[0]


@avg_pool_as_conv.check("w, b and conv_param have the right form")
def _(f, rng):
    conv_answers(f, 4, pool_param((2, 3), 2))


@avg_pool_as_conv.check("a grey picture stays as grey as it is")
def _(f, rng):
    w, b, _ = conv_answers(f, 2, pool_param((2, 3), 2))
    out = _convolve(np.full((1, 2, 2, 3), 12.0), w, b, {"stride": 1, "pad": 0})
    hint = "The mean of equal values is that value: what do the weights of one filter add up to?"
    return close(out.reshape(-1), [12.0, 12.0], tolerance=1e-6, hint=hint)


@avg_pool_as_conv.check("what is in one channel stays in it")
def _(f, rng):
    x = np.zeros((1, 3, 2, 2))
    x[0, 1] = 5.0
    out = _convolve(x, *conv_answers(f, 3, pool_param((2, 2), 2)))
    hint = "Filter c should see channel c and no other: which weights of w[c] are not zero?"
    return close(out.reshape(-1), [0, 5.0, 0], tolerance=1e-6, hint=hint)


@avg_pool_as_conv.check("every window's mean (3×2, stride 2)")
def _(f, rng):
    case = ((2, 3, 9, 4), (3, 2), 2, (4, 2))
    x, expected = known_pool(rng, *case, "avg")
    out = _convolve(x, *conv_answers(f, 3, pool_param(*case[1:3])))
    hint = "Every pixel of a window counts the same."
    return close(out, expected, tolerance=1e-6, hint=hint)
