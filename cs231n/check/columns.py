"""Visible checks of the notebook 5_im2col: columns and back. Layers built on them have modules of
their own, columns_conv and columns_pools.

No solution is needed to compare with. Pixels of an addressed picture say where they are, so every
entry of X_col can be judged by arithmetic; col2im is fixed by where single ones arrive, and by
being the transpose of im2col.
"""

import numpy as np

from cs231n.check.columns_cases import (
    COLUMNS_ORDER,
    ROWS_ORDER,
    Layout,
    addressed,
    check_columns,
    check_columns_shape,
    pixel,
    sources,
    windows_on,
)
from cs231n.check.columns_conv import conv_backward_im2col, conv_forward_im2col
from cs231n.check.columns_pools import (
    max_pool_backward_im2col,
    max_pool_backward_reshape,
    max_pool_forward_im2col,
    max_pool_forward_reshape,
)
from cs231n.check.columns_steps import check_steps
from cs231n.check.compare import as_array, close
from cs231n.check.core import Exercise
from cs231n.check.results import CheckFailed, Measurement

im2col = Exercise("im2col", functions=("im2col",))
col2im = Exercise("col2im", functions=("im2col", "col2im"))
__all__ = [
    "col2im",
    "conv_backward_im2col",
    "conv_forward_im2col",
    "im2col",
    "max_pool_backward_im2col",
    "max_pool_backward_reshape",
    "max_pool_forward_im2col",
    "max_pool_forward_reshape",
]

# The example worked out in the notebook: 2x2 windows of a 3x4 picture.
_EXAMPLE = Layout((1, 1, 3, 4), (2, 2), 1, 0, (2, 3))
_COLUMNS = [[1, 2, 3, 5, 6, 7], [2, 3, 4, 6, 7, 8], [5, 6, 7, 9, 10, 11], [6, 7, 8, 10, 11, 12]]
_SUMS = [[1, 4, 6, 4], [10, 24, 28, 16], [9, 20, 22, 12]]

_PAD = (
    "With pad 0 the first window begins at the picture's own corner, and the padding holds zeros."
)
_STRIDE = "Window (i, j) begins at row i * stride, column j * stride of the padded picture."
_PICTURE_AXES = "H and H_out go with rows, W and W_out with columns."
_WINDOW_AXES = "field_height counts rows, field_width counts columns."
# Name, layout, the likely slip.
_LAYOUTS = [
    ("one picture, one channel", Layout((1, 1, 4, 4), (2, 2), 1, 0, (3, 3)), ROWS_ORDER),
    ("three channels", Layout((1, 3, 4, 4), (2, 2), 1, 0, (3, 3)), ROWS_ORDER),
    ("three pictures", Layout((3, 2, 3, 3), (2, 2), 1, 0, (2, 2)), COLUMNS_ORDER),
    ("padding 1", Layout((2, 2, 3, 3), (3, 3), 1, 1, (3, 3)), _PAD),
    ("padding 2", Layout((1, 2, 2, 3), (3, 3), 1, 2, (4, 5)), _PAD),
    ("stride 2, windows overlap", Layout((2, 1, 7, 7), (3, 3), 2, 0, (3, 3)), _STRIDE),
    ("stride 3, gaps between windows", Layout((1, 2, 8, 5), (2, 2), 3, 0, (3, 2)), _STRIDE),
    ("picture wider than tall", Layout((2, 2, 3, 6), (2, 2), 1, 0, (2, 5)), _PICTURE_AXES),
    ("picture taller than wide", Layout((2, 2, 6, 3), (3, 3), 1, 1, (6, 3)), _PICTURE_AXES),
    ("windows taller than wide", Layout((2, 2, 5, 5), (4, 2), 1, 0, (2, 4)), _WINDOW_AXES),
    ("windows wider than tall", Layout((1, 2, 4, 8), (2, 4), 2, 0, (2, 3)), _WINDOW_AXES),
]


# ---- im2col --------------------------------------------------------------------------------


@im2col.check("the example worked out above")
def _(f, rng):
    check_columns(f.im2col(addressed(_EXAMPLE.shape), *_EXAMPLE.args), _EXAMPLE)


for _name, _layout, _hint in _LAYOUTS:

    @im2col.check(_name)
    def _(f, rng, layout=_layout, hint=_hint):
        check_columns(f.im2col(addressed(layout.shape), *layout.args), layout, hint)


@im2col.check("numbers of any kind: fractions, bytes, columns first in memory")
def _(f, rng):
    layout = Layout((2, 3, 5, 6), (3, 2), 1, 1, (5, 7))
    check_columns(
        f.im2col(np.asfortranarray(addressed(layout.shape)), *layout.args),
        layout,
        "If only this check fails: does a reshape rely on the order of x in memory?",
    )
    x = rng.standard_normal(layout.shape)
    wanted = np.append(0, x.ravel())[sources(layout)]
    hint = "Is there an array of integers on the way, which cuts fractions off?"
    close(f.im2col(x, *layout.args), wanted, what="X_col", tolerance=1e-6, hint=hint)
    layout = Layout((1, 2, 6, 6), (3, 3), 3, 0, (2, 2))
    check_columns(f.im2col(addressed(layout.shape).astype(np.uint8), *layout.args), layout)


@im2col.check("leaves x as it is")
def _(f, rng):
    for pad, out in ((0, (3, 4)), (1, (5, 6))):
        layout = Layout((2, 2, 4, 5), (2, 2), 1, pad, out)
        check_columns_shape(f.unchanged("im2col", rng.random(layout.shape), *layout.args), layout)


@im2col.check("vectorised: Python takes no more steps for more input")
def _(f, rng):
    def count(shape):
        layout = Layout(shape, (2, 2), 1, 0, (shape[2] - 1, shape[3] - 1))
        cols, steps = f.counted("im2col", addressed(shape), *layout.args)
        check_columns_shape(cols, layout)
        return steps

    check_steps(count, "im2col")


# ---- col2im --------------------------------------------------------------------------------


def _gathered(f, cols, layout):
    """col2im's answer as an array of the pictures' shape, or CheckFailed with the likely slip."""
    dx = as_array(f.col2im(cols, layout.shape, *layout.args), "dx", layout.shape)
    if dx.shape == layout.shape:
        return dx
    said = f"dx has shape {dx.shape}, but it should be x_shape, {layout.shape}."
    if 0 in dx.shape:
        slip = "It is empty. Is there a slice [pad:-pad]? With pad 0 that is [0:0]."
        raise CheckFailed(f"{said} {slip}")
    padded = tuple(size + 2 * layout.pad for size in layout.shape[2:])
    if layout.pad and dx.shape == (*layout.shape[:2], *padded):
        raise CheckFailed(f"{said} It still has its padding.")
    raise CheckFailed(said)


def _check_sums(f, layout, hint):
    """Columns of ones: every pixel receives the number of windows that it lies in."""
    dx = _gathered(f, np.ones(layout.cols_shape), layout)
    counts = np.broadcast_to(windows_on(layout), layout.shape)
    if np.array_equal(dx, np.minimum(counts, 1)) and counts.max() > 1:
        p, q = (int(k) for k in np.argwhere(counts[0, 0] > 1)[0])
        raise CheckFailed(
            f"Columns of ones: x[0, 0, {p}, {q}] lies in {counts[0, 0, p, q]} windows and should "
            f"receive {counts[0, 0, p, q]}, but receives 1. Does the last copy replace the others, "
            "where all should be added up? (With = in place of += it does, and with += on a list "
            "of indices in which one pixel comes up twice.)"
        )
    close(dx, counts, what="dx (of columns of ones)", tolerance=1e-6, hint=hint)


def _check_arrivals(f, layout, rng):
    """A single 1 in cols arrives at the pixel it was copied from, and nowhere else."""
    came_from = sources(layout)
    inside = np.argwhere(came_from > 0)
    for row, column in inside[rng.choice(len(inside), 6, replace=False)]:
        cols = np.zeros(layout.cols_shape)
        cols[row, column] = 1
        dx = _gathered(f, cols, layout)
        number = int(came_from[row, column])
        if np.isclose(dx.ravel()[number - 1], 1) and np.isclose(np.abs(dx).sum(), 1):
            continue
        arrived = [pixel(k + 1, layout.shape) for k in np.flatnonzero(dx)[:3]]
        raise CheckFailed(
            f"A single 1 in cols[{row}, {column}] belongs to {pixel(number, layout.shape)}, but it "
            f"arrives at {', '.join(arrived) or 'no pixel'}. {ROWS_ORDER} {COLUMNS_ORDER}"
        )


def _check_transpose(f, layout, rng):
    """<im2col(x), c> = <x, col2im(c)> for several x; im2col is done by arithmetic here."""
    came_from = sources(layout)
    cols = rng.standard_normal(layout.cols_shape)
    dx = _gathered(f, cols, layout).astype(float)
    worst = 0.0
    for _ in range(4):
        x = rng.standard_normal(layout.shape)
        ahead = np.sum(np.append(0, x.ravel())[came_from] * cols)
        back = np.sum(x * dx)
        error = abs(ahead - back) / np.sqrt(cols.size)
        worst = max(worst, error)
        if not error <= 1e-5:
            raise CheckFailed(
                f"For random x and c, the sum of im2col(x) * c is {ahead:.6f}, but that of x * "
                f"col2im(c) is {back:.6f}: col2im is not the transpose of im2col.",
                error,
                1e-5,
            )
    return Measurement(worst, 1e-5)


@col2im.check("the columns of the worked example, added up again")
def _(f, rng):
    hint = "The 6 lies in four windows: 6 + 6 + 6 + 6 = 24."
    _check_sums(f, _EXAMPLE, hint)
    dx = _gathered(f, np.array(_COLUMNS, dtype=float), _EXAMPLE)
    return close(dx, [[_SUMS]], what="dx", tolerance=1e-6, hint=hint)


for _name, _layout, _hint in _LAYOUTS:

    @col2im.check(_name)
    def _(f, rng, layout=_layout, hint=_hint):
        _check_sums(f, layout, hint)
        _check_arrivals(f, layout, rng)
        return _check_transpose(f, layout, rng)


@col2im.check("the transpose of your im2col")
def _(f, rng):
    layout = Layout((2, 3, 5, 6), (3, 2), 1, 1, (5, 7))
    x, cols = rng.standard_normal(layout.shape), rng.standard_normal(layout.cols_shape)
    own = as_array(f.im2col(x, *layout.args), "X_col", layout.cols_shape)
    if own.shape != cols.shape:
        raise CheckFailed("First put im2col right: its X_col has a wrong shape.")
    dx = _gathered(f, cols, layout)
    hint = "If im2col passes all of its checks, col2im reads cols in another order."
    sums = float(np.sum(own * cols)), float(np.sum(x * dx))
    if not abs(sums[0] - sums[1]) <= 1e-4 * np.sqrt(cols.size):
        raise CheckFailed(
            f"The sum of im2col(x) * c is {sums[0]:.6f}, but that of x * col2im(c) is "
            f"{sums[1]:.6f}. {hint}"
        )


@col2im.check("columns of bytes, and columns first in memory")
def _(f, rng):
    layout = Layout((1, 2, 4, 5), (3, 3), 1, 1, (4, 5))
    dx = _gathered(f, np.full(layout.cols_shape, 200, np.uint8), layout)
    wanted = 200.0 * np.broadcast_to(windows_on(layout), layout.shape)
    hint = "Is dx an array of bytes? 9 * 200 does not fit into one. Let it be floating point."
    close(dx, wanted, what="dx", tolerance=1e-6, hint=hint)
    cols = rng.standard_normal(layout.cols_shape)
    hint = "Does a reshape rely on the order of cols in memory?"
    first, second = (_gathered(f, c, layout) for c in (cols, np.asfortranarray(cols)))
    return close(second, first, what="dx", tolerance=1e-6, hint=hint)


@col2im.check("leaves cols as it is")
def _(f, rng):
    for pad, out in ((0, (3, 4)), (1, (5, 6))):
        layout = Layout((2, 2, 4, 5), (2, 2), 1, pad, out)
        f.unchanged("col2im", rng.random(layout.cols_shape), layout.shape, *layout.args)


@col2im.check("vectorised: Python takes no more steps for more input")
def _(f, rng):
    def count(shape):
        layout = Layout(shape, (2, 2), 1, 0, (shape[2] - 1, shape[3] - 1))
        dx, steps = f.counted("col2im", np.ones(layout.cols_shape), shape, *layout.args)
        if np.shape(dx) != shape:
            raise CheckFailed(f"dx has shape {np.shape(dx)}, but it should be {shape}.")
        return steps

    check_steps(count, "col2im")
