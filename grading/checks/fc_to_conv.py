"""Hidden checks of the notebook 6_fc_to_conv.

The networks are those of the visible checks' kind, with other sizes. shift_and_stitch is put
together of passes of the student's own slide_classifier: where that has a slip on larger pictures,
which its own exercise has paid for, the stitching of *its* maps is right as well.
"""

from __future__ import annotations

import numpy as np

from cs231n.check.compare import expect_tuple
from cs231n.check.core import Exercise
from cs231n.check.fc_to_conv_cases import Sizes, network
from cs231n.check.results import CheckFailed, NotReady
from cs231n.spotting import trim
from grading.checks import fast, oracle
from grading.checks.answers import as_array, check_not_constant, close, serious
from grading.checks.slopes import is_proven, once
from grading.reference import fc_to_conv

HIDE = fast.NETWORKS
TOLERANCE = 1e-5  # wide enough for a solution that computes in float32

reference = oracle.remembering(fc_to_conv)
fc_weights_to_conv = Exercise("fc_weights_to_conv", functions=("fc_weights_to_conv",))
conv_weights_to_fc = Exercise("conv_weights_to_fc", functions=("conv_weights_to_fc",))
slide_classifier = Exercise("slide_classifier", functions=("slide_classifier",))
crop_scores = Exercise("crop_scores", functions=("crop_scores",))
shift_and_stitch = Exercise("shift_and_stitch", functions=("shift_and_stitch", "slide_classifier"))


def _pair(answer, names, function):
    """(weights, biases) as arrays."""
    first, second = expect_tuple(answer, names, function)
    return as_array(first, names[0]), as_array(second, names[1])


# ---- weights to filters ------------------------------------------------

_ORDER = "In a column of w the channel changes slowest and the column of the map fastest."


def _affine(rng, shape, M):
    return rng.standard_normal((int(np.prod(shape)), M)), rng.standard_normal(M)


def _compare_filters(f, w, b, shape, tolerance=1e-6):
    names = ("filters", "b_conv")
    filters, b_conv = _pair(f.fc_weights_to_conv(w, b, shape), names, "fc_weights_to_conv")
    expected, b_expected = reference.fc_weights_to_conv(w, b, shape)
    close(b_conv, b_expected, what="b_conv", tolerance=tolerance)
    return close(filters, expected, what="filters", tolerance=tolerance, hint=_ORDER)


for _name, _weight, _shape, _M in [
    ("a map taller than wide", 2, (3, 5, 2), 4),
    ("a map wider than tall", 2, (2, 3, 4), 6),
    ("as many neurons as values", 2, (2, 3, 2), 12),
    ("one channel", 1, (1, 4, 3), 5),
    ("one neuron", 1, (2, 2, 3), 1),
    ("a layer that reads vectors", 2, (9, 1, 1), 4),
    ("C, H and W alike", 1, (3, 3, 3), 2),
]:

    @fc_weights_to_conv.check(_name, _weight)
    def _(f, rng, shape=_shape, M=_M):
        return _compare_filters(f, *_affine(rng, shape, M), shape)


@fc_weights_to_conv.check("float32, columns first in memory", 1)
def _(f, rng):
    shape = 3, 2, 4
    w, b = map(_as_float32, _affine(rng, shape, 5))
    return _compare_filters(f, w, b, shape)


@fc_weights_to_conv.check("w and b are left as they are", 1)
def _(f, rng):
    shape, names = (2, 2, 3), ("filters", "b_conv")
    answer = f.unchanged("fc_weights_to_conv", *_affine(rng, shape, 4), shape)
    filters, _ = _pair(answer, names, "fc_weights_to_conv")
    others, _ = _pair(
        f.fc_weights_to_conv(*_affine(rng, shape, 4), shape), names, "fc_weights_to_conv"
    )
    serious(filters, "filters")
    check_not_constant(filters, others, "filters")


# ---- filters to weights ------------------------------------------------

_ROWS = "A row of w_fc is one value of a picture, a column one value of out."


def _compare_matrix(f, w, b, shape, conv_param, hint=""):
    answer = f.conv_weights_to_fc(w, b, shape, conv_param)
    w_fc, b_fc = _pair(answer, ("w_fc", "b_fc"), "conv_weights_to_fc")
    expected, b_expected = reference.conv_weights_to_fc(w, b, shape, conv_param)
    measured = close(w_fc, expected, what="w_fc", tolerance=1e-6, hint=hint or _ROWS)
    close(b_fc, b_expected, what="b_fc", tolerance=1e-6)
    return measured


for _name, _weight, _shape, _w_shape, _stride, _pad in [
    ("one filter, one channel", 2, (1, 4, 4), (1, 1, 3, 3), 1, 0),
    ("several filters and channels", 2, (3, 4, 3), (2, 3, 2, 2), 1, 0),
    ("a picture wider than tall, a filter taller than wide", 2, (2, 4, 6), (3, 2, 3, 2), 1, 0),
    ("a picture taller than wide, a filter wider than tall", 1, (2, 6, 4), (2, 2, 1, 3), 1, 0),
    ("stride 2", 2, (2, 5, 7), (2, 2, 3, 3), 2, 0),
    ("stride 3, gaps between filters", 1, (1, 8, 5), (2, 1, 2, 2), 3, 0),
    ("padding 1", 2, (2, 4, 5), (2, 2, 3, 3), 1, 1),
    ("padding 2, 5×5 filters", 1, (1, 4, 3), (2, 1, 5, 5), 1, 2),
    ("stride 2 and padding 1", 2, (2, 5, 3), (3, 2, 3, 3), 2, 1),
    ("padding wider than the filter", 1, (1, 2, 3), (2, 1, 2, 2), 1, 3),
    ("1×1 filters", 1, (3, 3, 2), (4, 3, 1, 1), 1, 0),
    ("one place alone", 1, (2, 3, 4), (5, 2, 3, 4), 1, 0),
]:

    @conv_weights_to_fc.check(_name, _weight)
    def _(f, rng, shape=_shape, w_shape=_w_shape, stride=_stride, pad=_pad):
        filters, biases = rng.standard_normal(w_shape), rng.standard_normal(w_shape[0])
        return _compare_matrix(f, filters, biases, shape, {"stride": stride, "pad": pad})


@conv_weights_to_fc.check("float32, columns first in memory", 1)
def _(f, rng):
    w = np.asfortranarray(rng.standard_normal((3, 2, 2, 3)), dtype=np.float32)
    b = rng.standard_normal(3).astype(np.float32)
    return _compare_matrix(f, w, b, (2, 4, 5), {"stride": 1, "pad": 0})


@conv_weights_to_fc.check("w and b are left as they are", 1)
def _(f, rng):
    shape, steps = (2, 4, 4), {"stride": 1, "pad": 1}
    matrices = []
    for call in (lambda *args: f.unchanged("conv_weights_to_fc", *args), f.conv_weights_to_fc):
        answer = call(rng.standard_normal((2, 2, 3, 3)), rng.standard_normal(2), shape, steps)
        matrices.append(_pair(answer, ("w_fc", "b_fc"), "conv_weights_to_fc")[0])
    serious(matrices[0], "w_fc")
    check_not_constant(*matrices, "w_fc")


# ---- classifiers over larger pictures ----------------------------------------------------------

SQUARE = Sizes(C=3, filters=4, last_map=(2, 2), hidden=5, classes=3)
TALL = Sizes(C=1, filters=2, window=(3, 2), last_map=(3, 2), hidden=6, classes=4)
WIDE = Sizes(C=2, window=(1, 3), pool=(2, 3), last_map=(1, 3), hidden=3, classes=2)
OVERLAP = Sizes(C=2, pool=(3, 3), last_map=(2, 1), hidden=5)
COARSE = Sizes(C=2, window=(2, 4), stride=2, last_map=(2, 1))
COARSER = Sizes(C=1, window=(3, 3), stride=3, pool=(2, 2), last_map=(1, 2))
PADDED = Sizes(C=2, window=(3, 3), pad=1, last_map=(2, 3))
FLAT = Sizes(C=1, window=(1, 1), pool=(1, 1), pool_stride=2, last_map=(2, 2), hidden=1, classes=1)


def _pictures(rng, sizes, rows, columns, N=2, step=None):
    return rng.standard_normal((N, sizes.C, *sizes.picture(rows, columns, step)))


def _arguments(f_name, rng, sizes, rows, columns, N=2, step=None):
    """The arguments of one of the three functions."""
    plain, slid = network(rng, sizes)
    x = _pictures(rng, sizes, rows, columns, N, step)
    if f_name == "slide_classifier":
        return x, slid, *sizes.steps
    return x, plain if f_name == "crop_scores" else slid, sizes.size, *sizes.steps


def _compare(f, name, args, hint=""):
    expected = getattr(reference, name)(*args)
    scores = getattr(f, name)(*args)
    return close(scores, expected, what="scores", tolerance=TOLERANCE, hint=hint)


def _as_float32(value):
    """Arrays, and those in a dict, in float32 with the first axis fastest in memory."""
    if isinstance(value, dict):
        return {key: _as_float32(part) for key, part in value.items()}
    is_array = isinstance(value, np.ndarray)
    return np.asfortranarray(value, dtype=np.float32) if is_array else value


def _add_checks(exercise, cases):
    (name,) = exercise.functions
    for check, weight, sizes, rows, columns, hint in cases:

        @exercise.check(check, weight)
        def _(f, rng, sizes=sizes, rows=rows, columns=columns, hint=hint):
            return _compare(f, name, _arguments(name, rng, sizes, rows, columns), hint)

    @exercise.check("one picture, float32, columns first in memory", 1)
    def _(f, rng):
        args = _arguments(name, rng, TALL, 2, 3, N=1)
        return _compare(f, name, tuple(map(_as_float32, args)))

    @exercise.check("inputs are left as they are", 1)
    def _(f, rng):
        args = _arguments(name, rng, SQUARE, 2, 2, N=1)
        scores = f.unchanged(name, *args)
        others = getattr(f, name)(*_arguments(name, rng, SQUARE, 2, 2, N=1))
        serious(scores, "scores")
        check_not_constant(scores, others, "scores")


_MAPS = "Every layer takes a map and gives a map: nothing is flattened on the way."
_LAYERS = "Three layers with their biases, ReLU behind the first two, the pool behind the first."
_add_checks(
    exercise=slide_classifier,
    cases=[
        ("pictures of the training's size", 3, SQUARE, 1, 1, _LAYERS),
        ("pictures of its size, taller than wide", 1, TALL, 1, 1, _LAYERS),
        ("a larger picture, 3×3 places", 3, SQUARE, 3, 3, _MAPS),
        ("2×5 places", 2, TALL, 2, 5, _MAPS),
        ("4×1 places, windows wider than tall", 1, WIDE, 4, 1, _MAPS),
        ("windows of the pool that overlap", 1, OVERLAP, 2, 3, "The pool's own stride counts."),
        ("a convolution with stride 2", 2, COARSE, 2, 3, "conv_param belongs to convolution 1."),
        ("a padded convolution", 2, PADDED, 2, 2, "conv_param belongs to convolution 1 alone."),
        ("one hidden value and one class", 1, FLAT, 2, 3, _MAPS),
    ],
)
_STEP = "Crops lie the stride of the whole network apart."
_add_checks(
    exercise=crop_scores,
    cases=[
        ("2×3 crops", 3, SQUARE, 2, 3, _STEP),
        ("crops taller than wide", 2, TALL, 3, 2, _STEP),
        ("crops wider than tall", 1, WIDE, 3, 2, _STEP),
        ("a convolution with stride 2", 2, COARSE, 3, 2, _STEP),
        ("a convolution with stride 3", 1, COARSER, 2, 3, _STEP),
        ("windows of the pool that overlap", 1, OVERLAP, 2, 3, _STEP),
        ("each crop padded by itself", 3, PADDED, 3, 3, "Crops end in zeros when they are padded."),
        ("one crop alone", 1, SQUARE, 1, 1, _STEP),
    ],
)


# ---- half the stride ---------------------------------------------------------------------------


@once
def _slides_its_own_size(f) -> bool:
    """Whether slide_classifier is at heart right, though it may have a slip on larger pictures."""
    args = _arguments("slide_classifier", np.random.default_rng(231), SQUARE, 1, 1)
    try:
        _compare(f, "slide_classifier", args)
    except (CheckFailed, NotReady):
        return False
    return True


def _of_own_passes(f, x, params, size, conv_param, pool_param, expected):
    """What comes of stitching the student's own passes; None where those cannot judge."""
    if is_proven(f, "slide_classifier") or not _slides_its_own_size(f):
        return None
    stride = conv_param["stride"] * pool_param["stride"]
    half, stitched = stride // 2, np.zeros(expected.shape)
    try:
        for a in range(min(2, expected.shape[2])):
            for b in range(min(2, expected.shape[3])):
                shifted = trim(x[:, :, a * half :, b * half :], size, stride)
                target = stitched[:, :, a::2, b::2]
                passed = serious(
                    f.slide_classifier(shifted, params, conv_param, pool_param), "a pass"
                )
                if passed.shape != target.shape:
                    return None
                target[...] = passed
    except (CheckFailed, NotReady):
        return None
    return stitched


def _compare_stitched(f, args, hint=""):
    expected = reference.shift_and_stitch(*args)
    scores = f.shift_and_stitch(*args)
    try:
        return close(scores, expected, what="scores", tolerance=TOLERANCE, hint=hint)
    except CheckFailed:
        own = _of_own_passes(f, *args, expected)
        if own is None:
            raise
        return close(scores, own, what="scores", tolerance=TOLERANCE, hint=hint)


_PASSES = "Four passes, each shifted by half a stride down, to the right, or both, or neither."
_ODD = "Shifted pictures may have fewer places."
for _name, _weight, _sizes, _rows, _columns, _hint in [
    ("4×4 places", 4, SQUARE, 4, 4, _PASSES),
    ("6×2 places", 2, TALL, 6, 2, _PASSES),
    ("2×4 places, windows wider than tall", 2, WIDE, 2, 4, _PASSES),
    ("3×5 places, an odd number", 3, SQUARE, 3, 5, _ODD),
    ("windows of the pool that overlap", 1, OVERLAP, 4, 3, _ODD),
    ("shifts of 2 pixels (stride 4)", 3, COARSE, 4, 3, "Half of the whole network's stride."),
    ("shifts of 3 pixels (stride 6)", 1, COARSER, 3, 4, "Half of the whole network's stride."),
    ("one row of places", 1, SQUARE, 1, 5, _ODD),
    ("one column of places", 1, TALL, 4, 1, _ODD),
    ("one place alone", 1, SQUARE, 1, 1, _ODD),
]:

    @shift_and_stitch.check(_name, _weight)
    def _(f, rng, sizes=_sizes, rows=_rows, columns=_columns, hint=_hint):
        step = sizes.total_stride // 2
        args = _arguments("shift_and_stitch", rng, sizes, rows, columns, step=step)
        return _compare_stitched(f, args, hint)


@shift_and_stitch.check("one picture, float32, columns first in memory", 1)
def _(f, rng):
    args = _arguments("shift_and_stitch", rng, TALL, 2, 4, N=1, step=1)
    return _compare_stitched(f, tuple(map(_as_float32, args)))


@shift_and_stitch.check("inputs are left as they are", 1)
def _(f, rng):
    args = _arguments("shift_and_stitch", rng, SQUARE, 2, 3, N=1, step=1)
    scores = f.unchanged("shift_and_stitch", *args)
    others = f.shift_and_stitch(*_arguments("shift_and_stitch", rng, SQUARE, 2, 3, N=1, step=1))
    serious(scores, "scores")
    check_not_constant(scores, others, "scores")


# ---- where chance would decide --------------------------------------------------------------

slide_classifier.same_in_all_courses(
    "pictures of the training's size",
    "pictures of its size, taller than wide",
    "2×5 places",
    "4×1 places, windows wider than tall",
    "windows of the pool that overlap",
    "a convolution with stride 2",
    "one hidden value and one class",
    "one picture, float32, columns first in memory",
    "inputs are left as they are",
    "a padded convolution",
)
crop_scores.same_in_all_courses(
    "windows of the pool that overlap",
    "inputs are left as they are",
)
shift_and_stitch.same_in_all_courses(
    "2×4 places, windows wider than tall",
)
