"""Hidden checks of avg_pool_as_conv: average pooling as a convolution."""

from __future__ import annotations

from types import SimpleNamespace

from cs231n.check.compare import expect_tuple
from cs231n.check.core import Exercise
from cs231n.check.pooling_cases import AXES, conv_answers, distinct
from cs231n.check.results import CheckFailed
from grading.checks import oracle
from grading.checks.answers import as_array, close
from grading.checks.pooling_cases import BASIC, Case
from grading.reference import pooling
from grading.reference.convolution import conv_forward_naive as convolve

reference = oracle.remembering(pooling)
avg_pool_as_conv = Exercise("avg_pool_as_conv", functions=("avg_pool_as_conv",))


def _own_conv(f, C, param):
    """The (w, b, conv_param) that avg_pool_as_conv returned, in a form that convolve takes."""
    names = ("w", "b", "conv_param")
    w, b, conv_param = expect_tuple(f.avg_pool_as_conv(C, param), names, "avg_pool_as_conv")
    looked_at = as_array(w, "w"), as_array(b, "b"), conv_param
    return conv_answers(SimpleNamespace(avg_pool_as_conv=lambda *_: looked_at), C, param)


for _case in (
    BASIC,
    Case("one channel, windows taller than wide", 1, (2, 1, 6, 4), (3, 2), 1, AXES),
    Case("windows wider than tall, with gaps", 1, (1, 2, 5, 9), (2, 3), 3, AXES),
    Case("overlapping 3×3 windows, stride 2", 1, (1, 4, 5, 7), (3, 3), 2),
):

    @avg_pool_as_conv.check(_case.name, _case.weight)
    def _(f, rng, case=_case):
        w, b, conv_param = _own_conv(f, case.shape[1], case.param)
        x = distinct(rng, case.shape)
        expected, _ = reference.avg_pool_forward(x, case.param)
        try:
            out, _ = convolve(x, w, b, conv_param)
        except ValueError as problem:
            raise CheckFailed(
                f"A convolution cannot be run with these answers: {problem}."
            ) from None
        return close(out, expected, what="the convolution's out", tolerance=1e-6, hint=case.hint)
