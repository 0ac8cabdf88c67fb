"""Fairness among the exercises of 5_im2col, which build on one another.

A layer goes through the student's own im2col and col2im. A slip in one of these costs its own
points and not the layer's as well: where the helper is at heart right (it passes a basic case),
has not been found right in its own exercise and yet differs from the reference in some other case,
a layer counts as right when it gives what the reference gives *with that helper in its place*.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType

import numpy as np

from cs231n.check.columns_cases import Layout
from cs231n.check.results import CheckFailed, NotReady
from grading.checks import oracle
from grading.checks.answers import as_array, close
from grading.checks.slopes import is_proven, once
from grading.reference import columns

reference = oracle.remembering(columns)

# Wide enough for a solution that computes in float32.
TOLERANCE = 2e-5
BASIC = Layout((1, 2, 4, 4), (3, 3), 1, 1, (4, 4))  # what is at heart right gets this right


def on_own_helpers(f, name: str) -> Callable | None:
    """The reference's function of that name, working on the student's im2col and col2im.

    None where both give no reason to: they are known to be right, not known to f, or not even at
    heart right.
    """
    stand_ins = {}
    for helper, wrap in (("im2col", _own_im2col), ("col2im", _own_col2im)):
        if _has(f, helper) and not is_proven(f, helper) and _is_right_at_heart(f, helper):
            stand_ins[helper] = wrap(f)
    if not stand_ins:
        return None
    original = getattr(columns, name)
    return FunctionType(original.__code__, vars(columns) | stand_ins)


def _has(f, name: str) -> bool:
    try:
        return getattr(f, name) is not None
    except AttributeError:
        return False


@once
def _is_right_at_heart(f, helper: str) -> bool:
    rng = np.random.default_rng(231)
    if helper == "im2col":
        first, args = rng.standard_normal(BASIC.shape), BASIC.args
    else:
        first, args = rng.standard_normal(BASIC.cols_shape), (BASIC.shape, *BASIC.args)
    try:
        close(
            getattr(f, helper)(first, *args),
            getattr(reference, helper)(first, *args),
            tolerance=TOLERANCE,
        )
    except (CheckFailed, NotReady):
        return False
    return True


def _own_im2col(f):
    def im2col(x, *args):
        return _usable(f.im2col(x, *args), reference.im2col(x, *args), "X_col")

    return im2col


def _own_col2im(f):
    def col2im(cols, *args):
        return _usable(f.col2im(cols, *args), reference.col2im(cols, *args), "dx")

    return col2im


def _usable(answer, right, what: str) -> np.ndarray:
    answer = as_array(answer, what, right.shape)
    if answer.shape != right.shape or not np.isfinite(answer).all():
        raise CheckFailed(f"{what} cannot be used.")
    return answer.astype(float)


def accept(compare: Callable, right, f, name: str, *args):
    """compare(right), or, where that fails, compare(what the reference gives on own helpers).

    compare: raises CheckFailed where the student's answer is not the one given
    name, args: the reference's function that gave `right`, and its arguments
    """
    try:
        return compare(right)
    except CheckFailed as mismatch:
        own = on_own_helpers(f, name)
        if own is None:
            raise
        try:
            return compare(own(*args))
        except (CheckFailed, NotReady):
            raise mismatch from None
        except Exception:  # an unexpected answer of a helper broke the reference on its way
            raise mismatch from None
