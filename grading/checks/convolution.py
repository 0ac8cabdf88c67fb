"""Hidden checks of the notebook 2_convolution: many shapes, the reference as oracle.

Forward and backward are graded apart. A backward pass is right when it gives the reference's
gradient. Where the student's own forward pass is unusable or wrong, backward is also tried with the
customary cache; and where it is wrong only in some cases (it passes the basic one), a backward pass
that is the exact gradient of *that* forward counts as right too, except in one check that asks for
the layer as it is defined.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cs231n.check.compare import as_array, expect_tuple
from cs231n.check.core import Exercise
from cs231n.check.results import CheckFailed, NotReady
from cs231n.gradient_check import directional_derivative
from grading.checks.core import close
from grading.reference import convolution as reference

_FORWARD, _BACKWARD = "conv_forward_naive", "conv_backward_naive"
_LOCAL = "locally_connected_forward"

conv_output_size = Exercise("conv_output_size", functions=("conv_output_size",))
conv_forward_naive = Exercise(_FORWARD, functions=(_FORWARD,))
conv_backward_naive = Exercise(_BACKWARD, functions=(_FORWARD, _BACKWARD))
conv_dilation = Exercise("conv_dilation", functions=(_FORWARD, _BACKWARD))
locally_connected_forward = Exercise(_LOCAL, functions=(_LOCAL,))

# Wide enough for float32 arithmetic, far narrower than any slip; one check asks for more.
_LOOSE, _EXACT = 2e-5, 1e-10


@dataclass(frozen=True)
class _Case:
    """A layer: name and weight of its check, shapes, and what to look at when it fails."""

    name: str
    weight: float
    x_shape: tuple[int, int, int, int]
    w_shape: tuple[int, int, int, int]
    stride: int
    pad: int
    hint: str = ""
    dilation: int | None = None
    order: str = "C"
    dtype: type = np.float64
    tolerance: float = _LOOSE

    @property
    def param(self) -> dict:
        """A fresh conv_param; "dilation" only where the case is about it."""
        param = {"stride": self.stride, "pad": self.pad}
        return param if self.dilation is None else param | {"dilation": self.dilation}

    def arrays(self, rng) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        shapes = (self.x_shape, self.w_shape, self.w_shape[:1])
        return tuple(
            np.array(rng.standard_normal(shape), dtype=self.dtype, order=self.order)
            for shape in shapes
        )


_PAD = "The padding comes from conv_param, and may be 0."
_STRIDE = "Window (i, j) starts at row i * stride and column j * stride, whatever its size."
_PICTURE = "H and H_out go with rows, W and W_out with columns."
_FILTER = "HH goes with rows, WW with columns."

_BASIC = _Case("3×3 filters, stride 1, padding 1", 3, (2, 3, 5, 5), (4, 3, 3, 3), 1, 1)
_CASES = [
    _Case("no padding", 2, (2, 3, 5, 5), (4, 3, 3, 3), 1, 0, _PAD),
    _Case("padding 2", 2, (2, 3, 4, 4), (4, 3, 5, 5), 1, 2, _PAD),
    _Case("stride 2, overlapping windows", 2, (2, 3, 7, 7), (4, 3, 3, 3), 2, 1, _STRIDE),
    _Case("stride 3, gaps between windows", 1, (2, 3, 8, 8), (4, 3, 2, 2), 3, 0, _STRIDE),
    _Case("picture taller than wide", 1, (2, 3, 8, 4), (4, 3, 3, 3), 1, 1, _PICTURE),
    _Case("picture wider than tall", 1, (3, 2, 4, 8), (1, 2, 2, 2), 2, 0, _PICTURE),
    _Case("filter taller than wide", 1, (1, 2, 6, 5), (3, 2, 4, 2), 1, 0, _FILTER),
    _Case("filter wider than tall", 1, (2, 1, 5, 8), (3, 1, 1, 4), 2, 0, _FILTER),
    _Case("one picture, one channel, one filter", 1, (1, 1, 4, 6), (1, 1, 2, 4), 2, 1),
    _Case("a single number", 0.5, (1, 1, 1, 1), (1, 1, 1, 1), 1, 0),
    _Case(
        "filter larger than the picture before padding", 1, (2, 3, 2, 1), (4, 3, 3, 5), 1, 2,
        "Only the padded picture has to be as large as the filter.",
    ),
    _Case("filters of 1×1, stride 2", 0.5, (2, 4, 3, 5), (3, 4, 1, 1), 2, 0, _STRIDE),
    _Case(
        "arrays in Fortran order", 0.5, (2, 3, 5, 6), (4, 3, 3, 2), 1, 1, order="F",
        hint="Strides and reshapes must not assume how an array lies in memory.",
    ),
    _Case("float32 input", 0.5, (2, 3, 5, 4), (2, 3, 3, 3), 1, 1, dtype=np.float32),
    _Case(
        "float64 input, float64 precision", 0.5, (2, 3, 4, 4), (2, 3, 3, 3), 1, 0, tolerance=_EXACT,
        hint="Is something stored as float32 on the way?",
    ),
]  # fmt: skip
_ALL_AT_ONCE = _Case("everything at once, no two sizes alike", 2, (2, 3, 9, 12), (4, 3, 5, 2), 3, 1)


# ---- conv_output_size ----------------------------------------------------------------------

_COUNTS = {
    "stride 1, no padding": (2, [(9, 4), (3, 3), (1, 1), (64, 5)]),
    "padding": (2, [(9, 4, 1, 1), (2, 5, 1, 2), (28, 5, 1, 2), (6, 1, 1, 3)]),
    "stride": (2, [(9, 3, 2), (10, 1, 3), (231, 11, 4), (8, 3, 3, 2), (13, 5, 2, 1)]),
    "dilation": (1, [(9, 3, 1, 0, 3), (12, 4, 2, 1, 3), (5, 1, 2, 0, 5), (7, 3, 1, 2, 2)]),
}
_ILLEGAL = [(9, 4, 2), (12, 3, 2, 1), (11, 3, 3), (224, 7, 4), (10, 3, 2, 0, 2)]
_TOO_LARGE = [(4, 5), (2, 7, 5), (1, 4, 3), (3, 9, 2, 2), (4, 3, 1, 0, 2)]


def _count(f, arguments):
    return as_array(f.conv_output_size(*arguments), "the answer", ())


for _name, (_weight, _calls) in _COUNTS.items():

    @conv_output_size.check(_name, weight=_weight)
    def _(f, rng, calls=_calls):
        for arguments in calls:
            close(_count(f, arguments), reference.conv_output_size(*arguments), what="the answer")


@conv_output_size.check("the answer is an int")
def _(f, rng):
    for arguments in [(9, 4), (9, 3, 2), (5, 3, 1, 1)]:
        kind = _count(f, arguments).dtype.kind
        if kind not in "iu":
            raise CheckFailed("The answer is not an int: 4.0 cannot be a shape. Use //, not /.")


def _must_refuse(f, arguments, why):
    try:
        answer = f.conv_output_size(*arguments)
    except CheckFailed as problem:
        if "stopped with ValueError" in str(problem):
            return
        raise
    raise CheckFailed(f"Returned {answer!r} where a ValueError should be raised: {why}.")


@conv_output_size.check("an illegal stride raises ValueError", weight=2)
def _(f, rng):
    for arguments in _ILLEGAL:
        _must_refuse(f, arguments, "pixels are left over after the last position")


@conv_output_size.check("a filter that does not fit raises ValueError")
def _(f, rng):
    for arguments in _TOO_LARGE:
        _must_refuse(f, arguments, "the filter is larger than the padded picture")
    close(_count(f, (2, 4, 1, 1)), 1, what="the answer")


# ---- conv_forward_naive --------------------------------------------------------------------


def _own_out(f, arrays, param):
    pair = expect_tuple(f.conv_forward_naive(*arrays, param), ("out", "cache"), _FORWARD)
    return as_array(pair[0], "out"), pair[1]


def _check_forward(f, rng, case):
    arrays = case.arrays(rng)
    right, _ = reference.conv_forward_naive(*arrays, case.param)
    out, _ = _own_out(f, arrays, case.param)
    return close(out, right, tolerance=case.tolerance, hint=case.hint)


for _case in [_BASIC, *_CASES, _ALL_AT_ONCE]:

    @conv_forward_naive.check(_case.name, weight=_case.weight)
    def _(f, rng, case=_case):
        return _check_forward(f, rng, case)


@conv_forward_naive.check("pictures of integers", weight=0.5)
def _(f, rng):
    x, w, b = rng.integers(0, 256, (2, 1, 4, 4), dtype=np.uint8), *_BASIC.arrays(rng)[1:]
    arrays = (x, w[:, :1] / 100, b)
    right, _ = reference.conv_forward_naive(*arrays, _BASIC.param)
    out, _ = _own_out(f, arrays, _BASIC.param)
    return close(out, right, tolerance=_LOOSE, hint="Integers cannot hold fractions.")


@conv_forward_naive.check("inputs are left as they are, and nothing is remembered", weight=1)
def _(f, rng):
    arrays = _BASIC.arrays(rng)
    f.unchanged(_FORWARD, *arrays, _BASIC.param)
    for case in (_ALL_AT_ONCE, _BASIC):
        measured = _check_forward(f, rng, case)
    return measured


# ---- conv_backward_naive -------------------------------------------------------------------


def _own_gradients(f, dout, cache):
    names = ("dx", "dw", "db")
    return dict(zip(names, expect_tuple(f.conv_backward_naive(dout, cache), names, _BACKWARD)))


def _forward_or_none(f, arrays, param):
    try:
        return _own_out(f, arrays, param)
    except (CheckFailed, NotReady):
        return None


def _agrees(out, right) -> bool:
    try:
        close(out, right, tolerance=_LOOSE)
    except CheckFailed:
        return False
    return True


def _is_right_at_heart(f) -> bool:
    """Whether the student's forward pass gets the basic case right."""
    arrays = _BASIC.arrays(np.random.default_rng(0))
    answer = _forward_or_none(f, arrays, _BASIC.param)
    right, _ = reference.conv_forward_naive(*arrays, _BASIC.param)
    return answer is not None and _agrees(answer[0], right)


def _check_backward(f, rng, case, which=("dx", "dw", "db"), strict=False):
    """The gradients of one layer: the reference's, or those of the student's own forward pass."""
    arrays = case.arrays(rng)
    right, customary = reference.conv_forward_naive(*arrays, case.param)
    dout = np.array(rng.standard_normal(right.shape), dtype=case.dtype, order=case.order)
    wanted = dict(zip(("dx", "dw", "db"), reference.conv_backward_naive(dout, customary)))

    answer = _forward_or_none(f, arrays, case.param)
    caches = [] if answer is None else [answer[1]]
    if answer is None or not _agrees(answer[0], right):
        caches.append((*(array.copy(order="K") for array in arrays), case.param))
    failure = None
    for cache in caches:
        try:
            return _compare(_own_gradients(f, dout, cache), wanted, which, case)
        except CheckFailed as problem:
            failure = failure or problem
    if strict or len(caches) < 2 or answer[0].shape != right.shape or not _is_right_at_heart(f):
        raise failure
    try:
        return _compare_slopes(f, rng, arrays, case, dout, which)
    except CheckFailed:
        raise failure from None


def _compare(found, wanted, which, case):
    measured = []
    for name in which:
        options = {"tolerance": case.tolerance, "hint": case.hint}
        measured.append(close(found[name], wanted[name], what=name, **options))
    return max(measured, key=lambda m: m.error)


def _compare_slopes(f, rng, arrays, case, dout, which):
    """Directional derivatives of the student's own forward pass against the student's gradients."""
    at = dict(zip("xwb", arrays))
    _, cache = _own_out(f, arrays, case.param)
    found = _own_gradients(f, dout, cache)
    for name in which:
        key = name[1]
        gradient = as_array(found[name], name)
        if gradient.shape != at[key].shape:
            raise CheckFailed(f"{name} has shape {gradient.shape}")
        for _ in range(3):
            direction = rng.standard_normal(at[key].shape)
            slope = directional_derivative(
                lambda moved, key=key: _own_out(f, (at | {key: moved}).values(), case.param)[0],
                at[key],
                direction,
                dout,
                h=1e-3,
            )
            measured = close(np.sum(gradient * direction), slope, what=name, tolerance=1e-4)
    return measured


for _which, _weight, _hint in [
    ("db", 1, "db[f] is the sum of dout[:, f] over pictures, rows and columns."),
    ("dw", 2, "Each output adds its window of the padded picture, times its dout."),
    ("dx", 2, "Each output adds its filter, times its dout, to the window it came from."),
]:

    @conv_backward_naive.check(f"{_which}: {_BASIC.name}", weight=_weight)
    def _(f, rng, which=_which, hint=_hint):
        try:
            return _check_backward(f, rng, _BASIC, (which,))
        except CheckFailed as failure:
            raise CheckFailed(f"{failure} {hint}", failure.error, failure.tolerance) from None


@conv_backward_naive.check("dw and db, in all the layers that follow", weight=3)
def _(f, rng):
    measured = [_check_backward(f, rng, case, ("dw", "db")) for case in _CASES]
    return max(measured, key=lambda m: m.error / m.tolerance)


for _case in _CASES:

    @conv_backward_naive.check(_case.name, weight=_case.weight)
    def _(f, rng, case=_case):
        return _check_backward(f, rng, case)


@conv_backward_naive.check(_ALL_AT_ONCE.name, weight=_ALL_AT_ONCE.weight)
def _(f, rng):
    return _check_backward(f, rng, _ALL_AT_ONCE, strict=True)


@conv_backward_naive.check("two forward passes before one backward; backward twice", weight=1)
def _(f, rng):
    first, second = _BASIC.arrays(rng), _ALL_AT_ONCE.arrays(rng)
    right, customary = reference.conv_forward_naive(*first, _BASIC.param)
    answer = _forward_or_none(f, first, _BASIC.param)
    if answer is None or not _agrees(answer[0], right):
        answer = right, customary
    _forward_or_none(f, second, _ALL_AT_ONCE.param)
    dout = rng.standard_normal(right.shape)
    wanted = dict(zip(("dx", "dw", "db"), reference.conv_backward_naive(dout, customary)))
    f.unchanged(_BACKWARD, dout, answer[1])
    return _compare(_own_gradients(f, dout, answer[1]), wanted, tuple(wanted), _BASIC)


# ---- conv_dilation -------------------------------------------------------------------------

_APART = "dilation is the distance from tap to tap; 1 means none."
_DILATED = [
    _Case("dilation 2", 2, (2, 3, 7, 7), (4, 3, 3, 3), 1, 1, _APART, dilation=2),
    _Case(
        "dilation 3, stride 2, padding 2", 1, (2, 3, 7, 9), (4, 3, 3, 3), 2, 2, _APART, dilation=3
    ),
    _Case("dilation 2, filter not square", 1, (1, 2, 5, 9), (2, 2, 2, 4), 1, 0, _APART, dilation=2),
]

for _case in _DILATED:

    @conv_dilation.check(f"forward, {_case.name}", weight=_case.weight)
    def _(f, rng, case=_case):
        return _check_forward(f, rng, case)


for _case in _DILATED:

    @conv_dilation.check(f"backward, {_case.name}", weight=_case.weight)
    def _(f, rng, case=_case):
        return _check_backward(f, rng, case, strict=True)


# ---- locally_connected_forward -------------------------------------------------------------

_LOCAL_CASES = [
    _BASIC,
    _Case("no padding", 2, (2, 3, 4, 4), (2, 3, 3, 3), 1, 0, _PAD),
    _Case("stride 2, padding 2", 2, (2, 3, 5, 5), (4, 3, 3, 3), 2, 2, _STRIDE),
    _Case("picture and filter taller than wide", 1, (1, 2, 7, 4), (3, 2, 4, 2), 1, 0, _PICTURE),
    _Case("picture and filter wider than tall", 1, (3, 1, 3, 9), (2, 1, 1, 3), 2, 0, _FILTER),
    _Case("one picture, one channel, one map", 1, (1, 1, 2, 1), (1, 1, 3, 3), 1, 1),
]


def _local_arrays(rng, case):
    x, w, b = case.arrays(rng)
    out, _ = reference.conv_forward_naive(x, w, b, case.param)
    size = out.shape[2:]
    return x, rng.standard_normal((*size, *case.w_shape)), rng.standard_normal((len(b), *size))


for _case in _LOCAL_CASES:

    @locally_connected_forward.check(_case.name, weight=_case.weight)
    def _(f, rng, case=_case):
        arrays = _local_arrays(rng, case)
        right, _ = reference.locally_connected_forward(*arrays, case.param)
        pair = expect_tuple(
            f.locally_connected_forward(*arrays, case.param), ("out", "cache"), _LOCAL
        )
        return close(pair[0], right, tolerance=_LOOSE, hint=case.hint)


@locally_connected_forward.check("inputs are left as they are", weight=1)
def _(f, rng):
    arrays = _local_arrays(rng, _BASIC)
    answer = f.unchanged(_LOCAL, *arrays, _BASIC.param)
    right, _ = reference.locally_connected_forward(*arrays, _BASIC.param)
    return close(expect_tuple(answer, ("out", "cache"), _LOCAL)[0], right, tolerance=_LOOSE)
