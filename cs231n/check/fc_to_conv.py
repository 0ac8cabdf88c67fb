"""Visible checks of the notebook 6_fc_to_conv. Those of sliding classifiers are in sliding.py.

No solution is needed to compare with: converted layers are run beside those they were made of.
"""

import numpy as np

from cs231n.check.compare import close, expect_tuple
from cs231n.check.core import Exercise
from cs231n.check.fc_to_conv_cases import ONCE, shaped
from cs231n.check.results import CheckFailed
from cs231n.check.sliding import crop_scores, shift_and_stitch, slide_classifier

__all__ = [
    "conv_weights_to_fc",
    "crop_scores",
    "fc_weights_to_conv",
    "shift_and_stitch",
    "slide_classifier",
]

fc_weights_to_conv = Exercise("fc_weights_to_conv", functions=("fc_weights_to_conv",))
conv_weights_to_fc = Exercise("conv_weights_to_fc", functions=("conv_weights_to_fc",))


def _convolve(x, w, b, conv_param=ONCE):
    # Not at the top: these layers are hidden while other notebooks are graded.
    from cs231n.fast_layers import conv_forward_fast

    return conv_forward_fast(x, w, b, conv_param)[0]


# ---- a fully connected layer as a convolution ------------------------------------------------

_ORDER = (
    "A neuron's weights are a column of w; in it the channel changes slowest, the column of the "
    "map fastest."
)


def _filters(f, w, b, x_shape):
    names = ("filters", "b_conv")
    filters, b_conv = expect_tuple(f.fc_weights_to_conv(w, b, x_shape), names, "fc_weights_to_conv")
    M = w.shape[1]
    return shaped(filters, "filters", (M, *x_shape)), shaped(b_conv, "b_conv", (M,))


def _affine(rng, x_shape, M):
    return rng.standard_normal((int(np.prod(x_shape)), M)), rng.standard_normal(M)


@fc_weights_to_conv.check("the worked example (C=2, H=1, W=2)")
def _(f, rng):
    w = np.array([[1.0, 5.0, 9.0], [2.0, 6.0, 10.0], [3.0, 7.0, 11.0], [4.0, 8.0, 12.0]])
    filters, _ = _filters(f, w, np.zeros(3), (2, 1, 2))
    expected = np.arange(1.0, 13).reshape(3, 2, 1, 2)
    return close(filters, expected, what="filters", hint=_ORDER)


@fc_weights_to_conv.check("every weight stands where its value stood (C=2, H=2, W=3)")
def _(f, rng):
    shape, M = (2, 2, 3), 4
    for c, i, j in np.ndindex(shape):
        x = np.zeros((1, *shape))
        x[0, c, i, j] = 1
        (d,) = np.flatnonzero(x.reshape(-1))  # where flattening puts this value
        m = int(rng.integers(M))
        w = np.zeros((x.size, M))
        w[d, m] = 1.0
        filters, _ = _filters(f, w, np.zeros(M), shape)
        found = [tuple(map(int, place)) for place in np.argwhere(filters)]
        if found != [(m, c, i, j)] or filters[m, c, i, j] != 1:
            came = f"at filters{list(found[0])}" if len(found) == 1 else f"at {len(found)} places"
            raise CheckFailed(
                f"w[{d}, {m}] belongs to neuron {m} and to the value in channel {c}, row {i}, "
                f"column {j} of the map, but its weight came out {came}. {_ORDER}"
            )


for _shape, _M in [((3, 2, 4), 5), ((2, 4, 2), 3), ((1, 3, 3), 9), ((6, 1, 1), 4)]:

    @fc_weights_to_conv.check(f"the same answers as the affine layer, {_M} neurons, {_shape}")
    def _(f, rng, shape=_shape, M=_M):
        w, b = _affine(rng, shape, M)
        x = rng.standard_normal((3, *shape))
        filters, b_conv = _filters(f, w, b, shape)
        expected = (x.reshape(3, -1) @ w + b)[:, :, None, None]
        out = _convolve(x, filters, b_conv)
        return close(out, expected, what="the convolution's out", tolerance=1e-6, hint=_ORDER)


@fc_weights_to_conv.check("the biases come along")
def _(f, rng):
    w, b = _affine(rng, (2, 2, 3), 4)
    _, b_conv = _filters(f, w, b, (2, 2, 3))
    hint = "A neuron keeps its bias when it becomes a filter."
    return close(b_conv, b, what="b_conv", tolerance=1e-6, hint=hint)


@fc_weights_to_conv.check("float32, columns first in memory")
def _(f, rng):
    w, b = _affine(rng, (3, 2, 4), 5)
    right, _ = _filters(f, np.ascontiguousarray(w), b, (3, 2, 4))
    filters, _ = _filters(f, np.asfortranarray(w, dtype=np.float32), b, (3, 2, 4))
    hint = "The same numbers in another order in memory: does a reshape rely on it?"
    if not right.any():
        raise CheckFailed("Every value of filters is zero.")
    return close(filters, right, what="filters", tolerance=1e-6, hint=hint)


@fc_weights_to_conv.check("leaves w and b as they are")
def _(f, rng):
    f.unchanged("fc_weights_to_conv", *_affine(rng, (2, 2, 3), 4), (2, 2, 3))


# ---- a convolution as a fully connected layer ------------------------------------------------


def _places(x_shape, w_shape, conv_param):
    """(rows, columns) of a convolution's out, asked of the convolution itself."""
    out = _convolve(np.zeros((1, *x_shape)), np.zeros(w_shape), np.zeros(w_shape[0]), conv_param)
    return out.shape[2:]


def _matrix(f, w, b, x_shape, conv_param):
    names = ("w_fc", "b_fc")
    answer = f.conv_weights_to_fc(w, b, x_shape, conv_param)
    w_fc, b_fc = expect_tuple(answer, names, "conv_weights_to_fc")
    columns = len(w) * int(np.prod(_places(x_shape, w.shape, conv_param)))
    shape = (int(np.prod(x_shape)), columns)
    return shaped(w_fc, "w_fc", shape), shaped(b_fc, "b_fc", (columns,))


def _as_rows(f, rng, x_shape, w_shape, stride, pad, hint):
    """Compare x as rows times the matrix with the convolution's out as rows."""
    w, b = rng.standard_normal(w_shape), rng.standard_normal(w_shape[0])
    conv_param = {"stride": stride, "pad": pad}
    w_fc, b_fc = _matrix(f, w, b, x_shape, conv_param)
    x = rng.standard_normal((3, *x_shape))
    out = _convolve(x, w, b, conv_param)
    rows = (x.reshape(3, -1) @ w_fc + b_fc).reshape(out.shape)
    what = "x as rows times w_fc plus b_fc, as a volume,"
    return close(rows, out, what=what, tolerance=1e-6, hint=hint)


@conv_weights_to_fc.check("the worked example (2×2 filter on 3×3 pixels)")
def _(f, rng):
    w = np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    w_fc, _ = _matrix(f, w, np.zeros(1), (1, 3, 3), ONCE)
    table = ["1000", "2100", "0200", "3010", "4321", "0402", "0030", "0043", "0004"]
    expected = np.array([[float(digit) for digit in row] for row in table])
    if np.array_equal(w_fc, expected[::-1, ::-1]) or np.array_equal(
        np.sort(w_fc, axis=0)[-4:], np.sort(expected, axis=0)[-4:]
    ):
        hint = "The weights are the right ones, but some stand in rows of other pixels."
    else:
        hint = "Compare with the table above the exercise: a column is what one place looks at."
    return close(w_fc, expected, what="w_fc", hint=hint)


_AXES = "If square ones pass: height and width change places somewhere."
_ROWS = "A row of w_fc is one value of x.reshape(N, -1), a column one value of out.reshape(N, -1)."
for _name, _case in [
    ("several channels and filters", ((2, 4, 4), (3, 2, 3, 3), 1, 0, _ROWS)),
    ("a picture wider than tall", ((2, 3, 5), (2, 2, 2, 2), 1, 0, _AXES)),
    ("a filter taller than wide", ((1, 5, 5), (2, 1, 3, 2), 1, 0, _AXES)),
    ("stride 2", ((2, 5, 7), (2, 2, 3, 3), 2, 0, "How far apart do two places look?")),
    ("padding 1", ((2, 4, 3), (2, 2, 3, 3), 1, 1, "With padding, place 0 looks from row -1 on.")),
    ("stride 2 and padding 2", ((2, 5, 3), (2, 2, 3, 3), 2, 2, "Count rows from -pad on.")),
    ("1×1 filters", ((3, 2, 4), (5, 3, 1, 1), 1, 0, _ROWS)),
    ("one place alone", ((2, 2, 3), (4, 2, 2, 3), 1, 0, _ROWS)),
]:

    @conv_weights_to_fc.check(_name)
    def _(f, rng, case=_case):
        return _as_rows(f, rng, *case)


@conv_weights_to_fc.check("a bias for every place")
def _(f, rng):
    _, b_fc = _matrix(f, np.ones((2, 1, 2, 2)), np.array([5.0, 7.0]), (1, 2, 4), ONCE)
    hint = "Filter 0 has three places, and they come first."
    return close(b_fc, [5.0, 5, 5, 7, 7, 7], what="b_fc", hint=hint)


@conv_weights_to_fc.check("as many weights that are not zero as connections")
def _(f, rng):
    w = rng.uniform(1, 2, (3, 2, 3, 3))
    w_fc, _ = _matrix(f, w, np.zeros(3), (2, 6, 5), ONCE)
    # 12 places of 3 filters, each with 18 connections
    return close(np.count_nonzero(w_fc), 648, what="the number of weights that are not zero")


@conv_weights_to_fc.check("leaves w and b as they are")
def _(f, rng):
    w, b = rng.standard_normal((2, 2, 3, 3)), rng.standard_normal(2)
    f.unchanged("conv_weights_to_fc", w, b, (2, 4, 4), {"stride": 1, "pad": 1})
