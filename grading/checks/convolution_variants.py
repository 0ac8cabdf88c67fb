"""Hidden checks of conv_output_size and of the locally connected layer."""

from __future__ import annotations

import re
import reprlib

from cs231n.check.compare import expect_tuple
from cs231n.check.core import Exercise
from cs231n.check.results import CheckFailed
from grading.checks import oracle
from grading.checks.answers import as_array, close
from grading.checks.convolution_cases import BASIC, FILTER, LOOSE, PAD, PICTURE, STRIDE, Case
from grading.reference import convolution

reference = oracle.remembering(convolution)
_LOCAL = "locally_connected_forward"

conv_output_size = Exercise("conv_output_size", functions=("conv_output_size",))
locally_connected_forward = Exercise(_LOCAL, functions=(_LOCAL,))


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
    answer = as_array(f.conv_output_size(*arguments), "the answer", ())
    if answer.shape != ():
        raise CheckFailed(f"The answer should be one number, but it has shape {answer.shape}.")
    return answer


for _name, (_weight, _calls) in _COUNTS.items():

    @conv_output_size.check(_name, weight=_weight)
    def _(f, rng, calls=_calls):
        for arguments in calls:
            close(_count(f, arguments), reference.conv_output_size(*arguments), what="the answer")


@conv_output_size.check("the answer is an int")
def _(f, rng):
    answers = [_count(f, arguments) for arguments in [(9, 4), (9, 3, 2), (5, 3, 1, 1)]]
    if any(answer.dtype.kind not in "iu" for answer in answers):
        raise CheckFailed("The answer is not an int: 4.0 cannot be a shape. Use //, not /.")
    if len({int(answer) for answer in answers}) == 1:
        raise CheckFailed("The answer is the same whatever the sizes are.")


# How a message begins when a function stopped with the exception that was asked for.
_REFUSED = re.compile(r"conv_output_size stopped with \w*ValueError\b")


def _must_refuse(f, arguments, why):
    try:
        answer = f.conv_output_size(*arguments)
    except CheckFailed as problem:
        if _REFUSED.match(str(problem)):
            return
        raise
    shown = reprlib.repr(answer)
    raise CheckFailed(f"Returned {shown} where a ValueError should be raised: {why}.")


@conv_output_size.check("an illegal stride raises ValueError", weight=2)
def _(f, rng):
    for arguments in _ILLEGAL:
        _must_refuse(f, arguments, "pixels are left over after the last position")
    f.conv_output_size(9, 3, 2)  # whoever refuses this too refuses anything


@conv_output_size.check("a filter that does not fit raises ValueError")
def _(f, rng):
    for arguments in _TOO_LARGE:
        _must_refuse(f, arguments, "the filter is larger than the padded picture")
    close(_count(f, (2, 4, 1, 1)), 1, what="the answer")


# ---- locally_connected_forward -------------------------------------------------------------

_LOCAL_CASES = [
    BASIC,
    Case("no padding", 2, (2, 3, 4, 4), (2, 3, 3, 3), 1, 0, PAD),
    Case("stride 2, padding 2", 2, (2, 3, 5, 5), (4, 3, 3, 3), 2, 2, STRIDE),
    Case("picture and filter taller than wide", 1, (1, 2, 7, 4), (3, 2, 4, 2), 1, 0, PICTURE),
    Case("picture and filter wider than tall", 1, (3, 1, 3, 9), (2, 1, 1, 3), 2, 0, FILTER),
    Case("one picture, one channel, one map, padding 2", 1, (1, 1, 2, 1), (1, 1, 3, 3), 1, 2),
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
        return close(pair[0], right, tolerance=LOOSE, hint=case.hint)


@locally_connected_forward.check("biases left aside: the sums alone", weight=2)
def _(f, rng):
    x, w, b = _local_arrays(rng, BASIC)
    right, _ = reference.locally_connected_forward(x, w, 0 * b, BASIC.param)
    pair = expect_tuple(
        f.locally_connected_forward(x, w, 0 * b, BASIC.param), ("out", "cache"), _LOCAL
    )
    return close(pair[0], right, tolerance=LOOSE, hint="The biases are zero in this check.")


@locally_connected_forward.check("inputs are left as they are", weight=1)
def _(f, rng):
    arrays = _local_arrays(rng, BASIC)
    answer = f.unchanged(_LOCAL, *arrays, BASIC.param)
    right, _ = reference.locally_connected_forward(*arrays, BASIC.param)
    return close(expect_tuple(answer, ("out", "cache"), _LOCAL)[0], right, tolerance=LOOSE)
