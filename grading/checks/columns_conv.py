"""Hidden checks of convolution as a matrix product, forward and backward (notebook 5_im2col).

A backward pass is right when it gives the reference's gradient from the student's own cache. Where
the student's forward pass is unusable or wrong, it is tried with the customary caches too; a slip
in forward costs forward's points alone. What a slip in im2col or col2im costs: see columns_own.
"""

from __future__ import annotations

import numpy as np

from cs231n.check.columns_steps import check_own_steps, helper_steps
from cs231n.check.compare import expect_tuple
from cs231n.check.core import Exercise
from cs231n.check.results import CheckFailed, NotReady
from grading.checks.answers import as_array, check_not_constant, close, serious
from grading.checks.columns_own import accept, reference
from grading.checks.convolution_cases import ALL_AT_ONCE, BASIC, CASES, KINDS, LOOSE
from grading.checks.convolution_gradients import (
    GRADIENTS,
    agrees,
    compare,
    compare_slopes,
    named,
)
from grading.checks.slopes import is_proven, once

_FORWARD, _BACKWARD = "conv_forward_im2col", "conv_backward_im2col"
_KINDS = [case for case in KINDS if case.tolerance == LOOSE]  # float32 on the way is right here

conv_forward_im2col = Exercise(_FORWARD, functions=("im2col", _FORWARD))
conv_backward_im2col = Exercise(_BACKWARD, functions=("im2col", "col2im", _FORWARD, _BACKWARD))


# ---- forward -------------------------------------------------------------------------------


def _forward(f, arrays, param):
    pair = expect_tuple(f.conv_forward_im2col(*arrays, param), ("out", "cache"), _FORWARD)
    return as_array(pair[0], "out"), pair[1]


def _check_forward(f, arrays, param, hint="", tolerance=LOOSE):
    right, _ = reference.conv_forward_im2col(*arrays, param)
    out, _ = _forward(f, arrays, param)

    def compare(wanted):
        wanted = wanted[0] if isinstance(wanted, tuple) else wanted
        return close(out, wanted, tolerance=tolerance, hint=hint)

    return accept(compare, right, f, _FORWARD, *arrays, param)


for _case in [BASIC, *CASES, *_KINDS, ALL_AT_ONCE]:

    @conv_forward_im2col.check(_case.name, weight=_case.weight)
    def _(f, rng, case=_case):
        return _check_forward(f, case.arrays(rng), case.param, case.hint, case.tolerance)


@conv_forward_im2col.check("many pictures, few positions", weight=2)
def _(f, rng):
    hint = "The product's columns run picture by picture: its axes must be turned, not renamed."
    for pictures in ((7, 2, 3, 4), (6, 2, 4, 3)):  # two positions down, then two across
        shapes = (pictures, (3, 2, 2, 2), (3,))
        arrays = [rng.standard_normal(shape) for shape in shapes]
        measured = _check_forward(f, arrays, {"stride": 1, "pad": 0}, hint)
    return measured


@conv_forward_im2col.check("the sums alone, without a bias", weight=2)
def _(f, rng):
    x, w, b = BASIC.arrays(rng)
    return _check_forward(f, (x, w, 0 * b), BASIC.param, "The bias is zero in this check.")


@conv_forward_im2col.check("pictures of integers", weight=1)
def _(f, rng):
    x, w, b = rng.integers(0, 256, (2, 1, 4, 4), dtype=np.uint8), *BASIC.arrays(rng)[1:]
    return _check_forward(f, (x, w[:, :1] / 100, b), BASIC.param, "Integers hold no fractions.")


@conv_forward_im2col.check("x, w and b are left as they are", weight=1)
def _(f, rng):
    outs = []
    for case in (BASIC, CASES[0]):
        answer = f.unchanged(_FORWARD, *case.arrays(rng), case.param)
        outs.append(serious(expect_tuple(answer, ("out", "cache"), _FORWARD)[0], "out"))
    check_not_constant(*outs)


@conv_forward_im2col.check("vectorised: Python takes no more steps for more input", weight=2)
def _(f, rng):
    def count(shape, which):
        x, w = rng.random(shape), rng.random((2, shape[1], 2, 2))
        if which in ("im2col", "col2im"):
            return helper_steps(f, which, shape, stride=1)
        answer, steps = f.counted(_FORWARD, x, w, rng.random(2), {"stride": 1, "pad": 0})
        out = serious(expect_tuple(answer, ("out", "cache"), _FORWARD)[0], "out")
        if out.shape != (shape[0], 2, shape[2] - 1, shape[3] - 1):
            raise CheckFailed(f"out has shape {out.shape}, which is not that of the layer.")
        return steps

    check_own_steps(f, ("im2col",), count, _FORWARD)


# ---- backward ------------------------------------------------------------------------------


def _gradients(f, dout, cache):
    return named(expect_tuple(f.conv_backward_im2col(dout, cache), GRADIENTS, _BACKWARD))


def _forward_or_none(f, arrays, param):
    try:
        return _forward(f, arrays, param)
    except (CheckFailed, NotReady):
        return None


def _customary(arrays, param, right_cache):
    x, w, b = arrays
    return [(x, w, b, param, right_cache[-1]), (x, w, b, param)]


def _check_backward(f, rng, case, which=GRADIENTS, arrays=None):
    arrays, param = arrays or case.arrays(rng), case.param
    right, right_cache = reference.conv_forward_im2col(*arrays, param)
    dout = np.array(rng.standard_normal(right.shape), dtype=case.dtype, order=case.order)
    wanted = reference.conv_backward_im2col(dout, right_cache)
    answer = _forward_or_none(f, arrays, param)
    usable = answer is not None and agrees(answer[0], right)
    caches = [] if answer is None else [answer[1]]
    if not usable:
        caches += _customary(arrays, param, right_cache)
    mismatch = own = None
    for cache in caches:
        try:
            found = _gradients(f, dout, cache)
            own = found if own is None and answer is not None else own
            return accept(
                lambda w, found=found: compare(found, named(w), which, case),
                *(wanted, f, _BACKWARD, dout, _own_cache(f, arrays, param, right_cache)),
            )
        except CheckFailed as problem:
            mismatch = mismatch or problem
    if usable or own is None or is_proven(f, _FORWARD) or not _is_right_at_heart(f):
        raise mismatch

    def own_out(arrays):
        return _forward(f, arrays, param)[0]

    try:
        own = {name: as_array(gradient, name) for name, gradient in own.items()}
        return compare_slopes(own_out, rng, arrays, dout, own, which)
    except CheckFailed:
        raise mismatch from None


def _own_cache(f, arrays, param, right_cache):
    """The reference's cache, with the student's own X_col in it where that is of use."""
    w = arrays[1]
    try:
        cols = f.im2col(arrays[0], *w.shape[2:], param["stride"], param["pad"])
        cols = as_array(cols, "X_col")
    except (CheckFailed, NotReady):
        return right_cache
    fits = cols.shape == right_cache[-1].shape and np.isfinite(cols).all()
    return (*right_cache[:-1], cols.astype(float)) if fits else right_cache


@once
def _is_right_at_heart(f) -> bool:
    """Whether the student's forward and backward passes get the basic case right."""
    rng = np.random.default_rng(231)
    arrays = BASIC.arrays(rng)
    answer = _forward_or_none(f, arrays, BASIC.param)
    right, cache = reference.conv_forward_im2col(*arrays, BASIC.param)
    if answer is None or not agrees(answer[0], right):
        return False
    dout = rng.standard_normal(right.shape)
    wanted = reference.conv_backward_im2col(dout, cache)
    try:
        compare(_gradients(f, dout, answer[1]), named(wanted), GRADIENTS, BASIC)
    except (CheckFailed, NotReady):
        return False
    return True


for _which, _weight in (("db", 1), ("dw", 3), ("dx", 3)):

    @conv_backward_im2col.check(f"{_which}: {BASIC.name}", weight=_weight)
    def _(f, rng, which=_which):
        return _check_backward(f, rng, BASIC, (which,))


for _name, _weight, _which, _cases in [
    ("db: in all other layers", 2, "db", CASES),
    ("dw: other paddings", 2, "dw", [c for c in CASES if c.pad != 1]),
    ("dw: other strides", 2, "dw", [c for c in CASES if c.stride > 1]),
    ("dw: not square", 1, "dw", [c for c in CASES if c.name.split()[0] in ("picture", "filter")]),
]:

    @conv_backward_im2col.check(_name, weight=_weight)
    def _(f, rng, which=_which, cases=_cases):
        measured = [_check_backward(f, rng, case, (which,)) for case in cases]
        return max(measured, key=lambda m: m.error)


for _case in CASES:

    @conv_backward_im2col.check(f"dx: {_case.name}", weight=_case.weight)
    def _(f, rng, case=_case):
        return _check_backward(f, rng, case, ("dx",))


for _case in (*_KINDS, ALL_AT_ONCE):

    @conv_backward_im2col.check(_case.name, weight=_case.weight)
    def _(f, rng, case=_case):
        return _check_backward(f, rng, case)


@conv_backward_im2col.check("pictures of integers", weight=1)
def _(f, rng):
    x = rng.integers(0, 256, BASIC.x_shape, dtype=np.uint8)
    return _check_backward(f, rng, BASIC, arrays=(x, *BASIC.arrays(rng)[1:]))


@conv_backward_im2col.check("two forward passes before one backward; backward twice", weight=1)
def _(f, rng):
    first, second = BASIC.arrays(rng), ALL_AT_ONCE.arrays(rng)
    right, right_cache = reference.conv_forward_im2col(*first, BASIC.param)
    answer = _forward_or_none(f, first, BASIC.param)
    _forward_or_none(f, second, ALL_AT_ONCE.param)
    dout = rng.standard_normal(right.shape)
    wanted = reference.conv_backward_im2col(dout, right_cache)
    usable = answer is not None and agrees(answer[0], right)
    caches = [answer[1]] if usable else _customary(first, BASIC.param, right_cache)
    for last, cache in zip((False, True)[-len(caches) :], caches, strict=True):
        try:
            f.unchanged(_BACKWARD, dout, cache)
            return compare(_gradients(f, dout, cache), named(wanted), GRADIENTS, BASIC)
        except CheckFailed:
            if last:
                raise


@conv_backward_im2col.check("vectorised: Python takes no more steps for more input", weight=2)
def _(f, rng):
    param = {"stride": 1, "pad": 0}

    def count(shape, which):
        N, C, H, W = shape
        arrays = rng.random(shape), rng.random((2, C, 2, 2)), rng.random(2)
        if which in ("im2col", "col2im"):
            return helper_steps(f, which, shape, stride=1)
        answer = _forward_or_none(f, arrays, param)
        right = (N, 2, H - 1, W - 1)
        if answer is None or answer[0].shape != right:
            answer = None, reference.conv_forward_im2col(*arrays, param)[1]
        gradients, steps = f.counted(_BACKWARD, rng.random(right), answer[1])
        dx = serious(expect_tuple(gradients, GRADIENTS, _BACKWARD)[0], "dx")
        if dx.shape != shape:
            raise CheckFailed(f"dx has shape {dx.shape}, which is not that of x.")
        return steps

    check_own_steps(f, ("im2col", "col2im"), count, _BACKWARD)


# ---- where chance would decide --------------------------------------------------------------

conv_forward_im2col.same_in_all_courses(
    "a single number",
)
