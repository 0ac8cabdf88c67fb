"""Hidden checks of the notebook 5_im2col: many sizes, the reference as oracle.

Here are im2col and col2im; the layers built on them have modules of their own, columns_conv and
columns_pools, and columns_own says what a slip in im2col costs there (nothing).

HIDE names the modules that a notebook does not get to see while it is graded: those that do what
the exercises ask for.
"""

from __future__ import annotations

import numpy as np

from cs231n.check.columns_cases import Layout, addressed, check_columns_shape
from cs231n.check.columns_steps import check_steps
from cs231n.check.core import Exercise
from cs231n.check.results import CheckFailed, NotReady
from grading.checks import columns_conv as conv
from grading.checks import columns_pools as pools
from grading.checks import fast
from grading.checks.answers import as_array, check_not_constant, close, serious
from grading.checks.columns_own import BASIC, TOLERANCE, reference
from grading.checks.slopes import is_proven

HIDE: tuple[str, ...] = fast.EVERYTHING

im2col = Exercise("im2col", functions=("im2col",))
col2im = Exercise("col2im", functions=("im2col", "col2im"))
forward, backward = conv.conv_forward_im2col, conv.conv_backward_im2col
forward_tiles, backward_tiles = pools.max_pool_forward_reshape, pools.max_pool_backward_reshape
forward_any, backward_any = pools.max_pool_forward_im2col, pools.max_pool_backward_im2col

_ROWS = "The rows' order: channels first, then rows, then columns of a window."
_COLUMNS = "The columns' order: pictures first, then rows, then columns of positions."
_PAD = "The padding may be 0, 1, 2, and may exceed the picture."
_STRIDE = "The stride says where a window begins, whatever its size."
_AXES = "Heights go with rows, widths with columns."
# Name, weight, layout, the likely slip.
_LAYOUTS = [
    ("3×3 windows, padding 1", 2, BASIC, _ROWS),
    ("one picture, one channel", 1, Layout((1, 1, 5, 5), (2, 2), 1, 0, (4, 4)), _ROWS),
    ("many channels", 2, Layout((1, 5, 4, 4), (3, 3), 1, 0, (2, 2)), _ROWS),
    ("many pictures", 3, Layout((5, 2, 4, 4), (2, 2), 1, 0, (3, 3)), _COLUMNS),
    ("no padding", 2, Layout((1, 2, 6, 6), (3, 3), 1, 0, (4, 4)), _PAD),
    ("padding 3", 1, Layout((1, 2, 2, 2), (4, 4), 1, 3, (5, 5)), _PAD),
    ("stride 2, windows overlap", 2, Layout((1, 2, 9, 9), (3, 3), 2, 1, (5, 5)), _STRIDE),
    ("stride 4, gaps between windows", 1, Layout((1, 2, 10, 10), (2, 2), 4, 0, (3, 3)), _STRIDE),
    ("picture not square", 2, Layout((1, 2, 4, 9), (3, 3), 1, 1, (4, 9)), _AXES),
    ("windows not square", 2, Layout((1, 2, 6, 6), (2, 5), 1, 0, (5, 2)), _AXES),
    ("single pixels, stride 3", 1, Layout((2, 3, 4, 7), (1, 1), 3, 0, (2, 3)), _STRIDE),
    ("one window over everything", 1, Layout((3, 2, 2, 3), (4, 5), 1, 1, (1, 1)), _PAD),
    ("no two sizes alike", 2, Layout((3, 2, 9, 11), (5, 4), 3, 1, (3, 4)), _AXES),
]
_MIXED = Layout((2, 3, 7, 6), (3, 2), 2, 1, (4, 4))


def _of_steps(shape):
    """Windows of 2x2 with stride 1, for counting steps."""
    return Layout(shape, (2, 2), 1, 0, (shape[2] - 1, shape[3] - 1))


# ---- im2col --------------------------------------------------------------------------------


def _compare_columns(f, x, layout, hint, tolerance=TOLERANCE):
    right = reference.im2col(x, *layout.args)
    return close(f.im2col(x, *layout.args), right, what="X_col", tolerance=tolerance, hint=hint)


for _name, _weight, _layout, _hint in _LAYOUTS:

    @im2col.check(_name, _weight)
    def _(f, rng, layout=_layout, hint=_hint):
        return _compare_columns(f, rng.standard_normal(layout.shape), layout, hint)


@im2col.check("float32, columns first in memory", 1)
def _(f, rng):
    layout = Layout((1, 3, 5, 6), (3, 2), 1, 1, (5, 7))
    x = np.asfortranarray(rng.standard_normal(layout.shape), dtype=np.float32)
    return _compare_columns(f, x, layout, "Does a reshape rely on the order of x in memory?")


@im2col.check("bytes, and float64 to its last digits", 1)
def _(f, rng):
    layout = Layout((1, 2, 5, 5), (2, 2), 1, 1, (6, 6))
    x = rng.integers(0, 256, layout.shape).astype(np.uint8)
    _compare_columns(f, x, layout, "x may hold integers.")
    hint = "Is something kept as float32 or as integers on the way?"
    return _compare_columns(f, 1e6 + rng.random(layout.shape), layout, hint, tolerance=1e-14)


@im2col.check("x is left as it is", 1)
def _(f, rng):
    answers = [f.unchanged("im2col", rng.random(BASIC.shape), *BASIC.args) for _ in range(2)]
    check_not_constant(*answers, what="X_col")
    f.unchanged("im2col", rng.random((1, 1, 2, 2)), 1, 1, 1, 0)


@im2col.check("vectorised: Python takes no more steps for more input", 3)
def _(f, rng):
    def count(shape):
        layout = _of_steps(shape)
        cols, steps = f.counted("im2col", rng.random(shape), *layout.args)
        cols = serious(check_columns_shape(as_array(cols, "X_col"), layout), "X_col")
        check_not_constant(cols.min(), cols.max(), "every value of X_col")
        return steps

    check_steps(count, name="im2col")


# ---- col2im --------------------------------------------------------------------------------


def _compare_sums(f, cols, layout, hint, tolerance=TOLERANCE):
    right = reference.col2im(cols, layout.shape, *layout.args)
    answer = f.col2im(cols, layout.shape, *layout.args)

    def compare(wanted):
        return close(answer, wanted, what="dx", tolerance=tolerance, hint=hint)

    try:
        return compare(right)
    except CheckFailed as mismatch:
        own = _transpose_of_own(f, cols, layout)
        if own is None:
            raise
        try:
            return compare(own)
        except CheckFailed:
            raise mismatch from None


def _transpose_of_own(f, cols, layout):
    """What col2im must give to be the transpose of the student's own im2col, where that is at heart
    right but has another order, say; None where it is no excuse."""
    if is_proven(f, "im2col"):
        return None
    try:
        for where in (BASIC, layout):
            came = f.im2col(addressed(where.shape), *where.args)
            numbers = as_array(came, "X_col", where.cols_shape)
            if where is BASIC:
                right = reference.im2col(addressed(where.shape), *where.args)
                close(numbers, right, what="X_col")
    except (CheckFailed, NotReady):
        return None
    size = int(np.prod(layout.shape))
    if numbers.shape != layout.cols_shape or not np.isin(numbers, np.arange(size + 1)).all():
        return None
    sums = np.bincount(numbers.astype(int).ravel(), cols.astype(float).ravel(), size + 1)
    return sums[1:].reshape(layout.shape)


for _name, _weight, _layout, _hint in _LAYOUTS:

    @col2im.check(_name, _weight)
    def _(f, rng, layout=_layout, hint=_hint):
        cols = rng.standard_normal(layout.cols_shape)
        return _compare_sums(f, cols, layout, f"Copies of a pixel add up. {hint}")


@col2im.check("float32, columns first in memory", 1)
def _(f, rng):
    layout = Layout((1, 3, 5, 6), (3, 2), 1, 1, (5, 7))
    cols = np.asfortranarray(rng.standard_normal(layout.cols_shape), dtype=np.float32)
    return _compare_sums(f, cols, layout, "Does a reshape rely on the order of cols in memory?")


@col2im.check("columns of bytes", 1)
def _(f, rng):
    cols = rng.integers(100, 256, BASIC.cols_shape).astype(np.uint8)
    return _compare_sums(f, cols, BASIC, "Nine bytes may add up to more than a byte holds.")


@col2im.check("the transpose of im2col, for pictures and strides of all kinds", 2)
def _(f, rng):
    measured = []
    for layout in (_MIXED, Layout((2, 2, 5, 9), (1, 3), 2, 0, (3, 4))):
        cols = rng.standard_normal(layout.cols_shape)
        measured.append(_compare_sums(f, cols, layout, "Is it the transpose of im2col?"))
    return max(measured, key=lambda m: m.error)


@col2im.check("cols is left as it is", 1)
def _(f, rng):
    cols = [rng.random(BASIC.cols_shape) for _ in range(2)]
    answers = [f.unchanged("col2im", c, BASIC.shape, *BASIC.args) for c in cols]
    check_not_constant(*answers, what="dx")
    f.unchanged("col2im", rng.random((1, 4)), (1, 1, 2, 2), 1, 1, 1, 0)


@col2im.check("vectorised: Python takes no more steps for more input", 3)
def _(f, rng):
    def count(shape):
        layout = _of_steps(shape)
        cols = rng.random(layout.cols_shape)
        dx, steps = f.counted("col2im", cols, shape, *layout.args)
        dx = serious(dx, "dx")
        if dx.shape != shape:
            raise CheckFailed(f"dx has shape {dx.shape}, which is not x_shape.")
        return steps

    check_steps(count, name="col2im")
