"""Hidden checks of the notebook 2_convolution: many shapes, the reference as oracle.

Forward and backward are graded apart. A backward pass is right when it gives the reference's
gradient. Where the student's own forward pass is unusable or wrong, backward is also tried with the
customary cache; and where it is wrong only in some cases (it passes the basic one), a backward pass
that is the exact gradient of *that* forward counts as right too, except in one check that asks for
the layer as it is defined.

HIDE names the modules that a notebook does not get to see while it is graded: those that do what
the exercises ask for.
"""

from __future__ import annotations

import numpy as np

from cs231n.check.compare import expect_tuple
from cs231n.check.core import Exercise
from cs231n.check.results import CheckFailed, NotReady
from grading.checks import fast, oracle
from grading.checks.answers import as_array, close
from grading.checks.convolution_cases import ALL_AT_ONCE, BASIC, CASES, KINDS, LOOSE, Case
from grading.checks.convolution_gradients import (
    GRADIENTS,
    agrees,
    compare,
    compare_slopes,
    named,
)
from grading.checks.convolution_variants import conv_output_size, locally_connected_forward
from grading.checks.slopes import is_proven, once
from grading.reference import convolution

HIDE: tuple[str, ...] = fast.EVERYTHING

reference = oracle.remembering(convolution)
_FORWARD, _BACKWARD = "conv_forward_naive", "conv_backward_naive"

conv_forward_naive = Exercise(_FORWARD, functions=(_FORWARD,))
conv_backward_naive = Exercise(_BACKWARD, functions=(_FORWARD, _BACKWARD))
conv_dilation = Exercise("conv_dilation", functions=(_FORWARD, _BACKWARD))
__all__ = [
    "conv_backward_naive",
    "conv_dilation",
    "conv_forward_naive",
    "conv_output_size",
    "locally_connected_forward",
]

# ---- conv_forward_naive --------------------------------------------------------------------


def _own_out(f, arrays, param):
    pair = expect_tuple(f.conv_forward_naive(*arrays, param), ("out", "cache"), _FORWARD)
    return as_array(pair[0], "out"), pair[1]


def _check_forward(f, rng, case):
    arrays = case.arrays(rng)
    right, _ = reference.conv_forward_naive(*arrays, case.param)
    out, _ = _own_out(f, arrays, case.param)
    return close(out, right, tolerance=case.tolerance, hint=case.hint)


for _case in [BASIC, *CASES, *KINDS, ALL_AT_ONCE]:

    @conv_forward_naive.check(_case.name, weight=_case.weight)
    def _(f, rng, case=_case):
        return _check_forward(f, rng, case)


@conv_forward_naive.check("bias left aside: the sums alone", weight=3)
def _(f, rng):
    x, w, b = BASIC.arrays(rng)
    right, _ = reference.conv_forward_naive(x, w, 0 * b, BASIC.param)
    out, _ = _own_out(f, (x, w, 0 * b), BASIC.param)
    return close(out, right, tolerance=LOOSE, hint="The bias is zero in this check.")


@conv_forward_naive.check("pictures of integers", weight=0.5)
def _(f, rng):
    x, w, b = rng.integers(0, 256, (2, 1, 4, 4), dtype=np.uint8), *BASIC.arrays(rng)[1:]
    arrays = (x, w[:, :1] / 100, b)
    right, _ = reference.conv_forward_naive(*arrays, BASIC.param)
    out, _ = _own_out(f, arrays, BASIC.param)
    return close(out, right, tolerance=LOOSE, hint="Integers cannot hold fractions.")


@conv_forward_naive.check("inputs are left as they are, and nothing is remembered", weight=1)
def _(f, rng):
    arrays = BASIC.arrays(rng)
    f.unchanged(_FORWARD, *arrays, BASIC.param)
    for case in (ALL_AT_ONCE, BASIC):
        measured = _check_forward(f, rng, case)
    return measured


# ---- conv_backward_naive -------------------------------------------------------------------


def _own_gradients(f, dout, cache):
    return named(expect_tuple(f.conv_backward_naive(dout, cache), GRADIENTS, _BACKWARD))


def _forward_or_none(f, arrays, param):
    try:
        return _own_out(f, arrays, param)
    except (CheckFailed, NotReady):
        return None


@once
def _is_right_at_heart(f) -> bool:
    """Whether the student's forward and backward passes get the basic case right."""
    rng = np.random.default_rng(0)
    arrays = BASIC.arrays(rng)
    answer = _forward_or_none(f, arrays, BASIC.param)
    right, customary = reference.conv_forward_naive(*arrays, BASIC.param)
    if answer is None or not agrees(answer[0], right):
        return False
    dout = rng.standard_normal(right.shape)
    wanted = named(reference.conv_backward_naive(dout, customary))
    try:
        compare(_own_gradients(f, dout, answer[1]), wanted, GRADIENTS, BASIC)
    except (CheckFailed, NotReady):
        return False
    return True


def _numbers(rng, case):
    """Inputs of a layer, what its forward pass gives, dout, and the gradients by their names."""
    arrays = case.arrays(rng)
    right, customary = reference.conv_forward_naive(*arrays, case.param)
    dout = np.array(rng.standard_normal(right.shape), dtype=case.dtype, order=case.order)
    return arrays, right, dout, named(reference.conv_backward_naive(dout, customary))


def _check_backward(f, rng, case, which=GRADIENTS, strict=False, asked=None):
    """The gradients of one layer: the reference's, or those of the student's own forward pass.

    asked: names the numbers that rng gives, where other checks ask the same; the student's
        functions are then called once for all of them
    """

    def once(what, work):
        return f.once((what, asked), work) if asked else work()

    arrays, right, dout, wanted = once("numbers", lambda: _numbers(rng, case))

    def with_customary():
        _, customary = reference.conv_forward_naive(*arrays, case.param)
        return once("customary", lambda: _own_gradients(f, dout, customary))

    answer = once("forward", lambda: _forward_or_none(f, arrays, case.param))
    if answer is None:
        return compare(with_customary(), wanted, which, case)
    out, cache = answer
    found = None
    try:
        found = once("backward", lambda: _own_gradients(f, dout, cache))
        return compare(found, wanted, which, case)
    except CheckFailed as problem:
        failure = problem
    if agrees(out, right):
        raise failure
    try:
        return compare(with_customary(), wanted, which, case)
    except CheckFailed:
        pass
    excused = not strict and not is_proven(f, _FORWARD) and found is not None
    if not excused or out.shape != right.shape or not _is_right_at_heart(f):
        raise failure

    def own_out(arrays):
        return _own_out(f, arrays, case.param)[0]

    try:
        directions = np.random.default_rng([*asked, 1]) if asked else rng
        return compare_slopes(own_out, directions, arrays, dout, found, which)
    except CheckFailed:
        raise failure from None


_LAYERS = [BASIC, ALL_AT_ONCE, *CASES]  # of which several checks look at one part each
_SHARED = "layers"


def _check_layers(f, rng, cases, which=GRADIENTS, strict=False):
    """Gradients of some of _LAYERS, with the same numbers in all checks; the worst measurement."""
    seeds = rng.integers(2**32, size=4).tolist()
    measured = []
    for layer in cases:
        asked = *seeds, _LAYERS.index(layer)
        own = np.random.default_rng(asked)
        measured.append(_check_backward(f, own, layer, which, strict, asked))
    return max(measured, key=lambda m: m.error)


for _which, _weight, _hint in [
    ("db", 1, "db[f] is the sum of dout[:, f] over pictures, rows and columns."),
    ("dw", 2, "Each output adds its window of the padded picture, times its dout."),
    ("dx", 2, "Each output adds its filter, times its dout, to the window it came from."),
]:

    @conv_backward_naive.check(f"{_which}: {BASIC.name}", weight=_weight, numbers=_SHARED)
    def _(f, rng, which=_which, hint=_hint):
        try:
            return _check_layers(f, rng, [BASIC], (which,))
        except CheckFailed as failure:
            raise CheckFailed(f"{failure} {hint}", failure.error, failure.tolerance) from None


for _name, _weight, _which, _cases in [
    ("db: in all other layers", 2, "db", CASES),
    ("dw: other paddings", 2, "dw", [c for c in CASES if c.pad != 1]),
    ("dw: other strides", 2, "dw", [c for c in CASES if c.stride > 1]),
    ("dw: not square", 1, "dw", [c for c in CASES if c.name.split()[0] in ("picture", "filter")]),
]:

    @conv_backward_naive.check(_name, weight=_weight, numbers=_SHARED)
    def _(f, rng, which=_which, cases=_cases):
        return _check_layers(f, rng, cases, (which,))


for _case in CASES:

    @conv_backward_naive.check(f"dx: {_case.name}", weight=_case.weight, numbers=_SHARED)
    def _(f, rng, case=_case):
        return _check_layers(f, rng, [case], ("dx",))


for _case in KINDS:

    @conv_backward_naive.check(_case.name, weight=_case.weight)
    def _(f, rng, case=_case):
        return _check_backward(f, rng, case)


@conv_backward_naive.check("the layer as it is defined, at all sizes", weight=2, numbers=_SHARED)
def _(f, rng):
    return _check_layers(f, rng, [ALL_AT_ONCE, *CASES], strict=True)


@conv_backward_naive.check("two forward passes before one backward; backward twice", weight=1)
def _(f, rng):
    first, second = BASIC.arrays(rng), ALL_AT_ONCE.arrays(rng)
    right, customary = reference.conv_forward_naive(*first, BASIC.param)
    answer = _forward_or_none(f, first, BASIC.param)
    if answer is None or not agrees(answer[0], right):
        answer = right, customary
    _forward_or_none(f, second, ALL_AT_ONCE.param)
    dout = rng.standard_normal(right.shape)
    wanted = named(reference.conv_backward_naive(dout, customary))
    f.unchanged(_BACKWARD, dout, answer[1])
    return compare(_own_gradients(f, dout, answer[1]), wanted, GRADIENTS, BASIC)


# ---- conv_dilation -------------------------------------------------------------------------

_APART = "dilation is the distance from tap to tap; 1 means none."
_DILATED = [
    Case("dilation 2", 2, (2, 3, 7, 7), (4, 3, 3, 3), 1, 1, _APART, dilation=2),
    Case(
        "dilation 3, stride 2, padding 2", 1, (2, 3, 7, 9), (4, 3, 3, 3), 2, 2, _APART, dilation=3
    ),
    Case("dilation 2, filter not square", 1, (1, 2, 5, 9), (2, 2, 2, 4), 1, 0, _APART, dilation=2),
]

for _case in _DILATED:

    @conv_dilation.check(f"forward, {_case.name}", weight=_case.weight)
    def _(f, rng, case=_case):
        return _check_forward(f, rng, case)


for _case in _DILATED:

    @conv_dilation.check(f"backward, {_case.name}", weight=_case.weight)
    def _(f, rng, case=_case):
        return _check_backward(f, rng, case, strict=True)
