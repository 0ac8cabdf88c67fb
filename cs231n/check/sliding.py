"""Visible checks of the notebook 6_fc_to_conv: classifiers over larger pictures.

A classifier that slides, or crops, must find a small picture again wherever it is pasted into a
larger one, with the scores that the classifier gives to that picture alone.
"""

import numpy as np

from cs231n.check.compare import close
from cs231n.check.core import Exercise
from cs231n.check.fc_to_conv_cases import ONCE, Sizes, grid, network, pasted, shaped
from cs231n.check.results import CheckFailed

slide_classifier = Exercise("slide_classifier", functions=("slide_classifier",))
crop_scores = Exercise("crop_scores", functions=("crop_scores",))
shift_and_stitch = Exercise("shift_and_stitch", functions=("shift_and_stitch", "slide_classifier"))

_ALLOWED_ERROR = 1e-5  # of scores: float32 throughout is good enough


def _classify(pictures, params, sizes):
    # Not at the top: its layers are hidden while other notebooks are graded.
    from cs231n.spotting import classify

    return classify(pictures, params, *sizes.steps)


# ---- a classifier that slides ------------------------------------------------------------------

_BASIC = Sizes()
_TALL = Sizes(C=1, window=(2, 3), last_map=(3, 1), classes=2)
_OVERLAP = Sizes(pool=(3, 3), last_map=(2, 2))
_COARSE = Sizes(window=(4, 4), stride=2, last_map=(1, 2))
_PADDED = Sizes(pad=1)
_KEEP_MAPS = "Nothing is flattened: every layer takes a map and gives a map."


def _found_again(answer, sizes, places, expected, hint, what="scores"):
    """Compare the scores at one place of each map with those of the picture pasted there."""
    at = np.array(places)
    values = answer[np.arange(len(at)), :, at[:, 0], at[:, 1]]
    expected = np.repeat(expected, len(at), axis=0)
    return close(values, expected, what=what, tolerance=_ALLOWED_ERROR, hint=hint)


def _find(call, rng, sizes, rows, columns, step=None, only=None, hint="", layout=1):
    """Paste a picture at each place of a map, and look whether its scores are found there.

    call(x, params) -> the student's scores; layout: 0 for the original params, 1 for the filters;
    only: the places to look at
    """
    step = step or sizes.total_stride
    params = network(rng, sizes)
    small = rng.standard_normal((1, sizes.C, *sizes.size))
    places = only or grid(rows, columns)
    corners = [(i * step, j * step) for i, j in places]
    x = pasted(rng, small, sizes.picture(rows, columns, step), corners)
    shape = (len(places), sizes.classes, rows, columns)
    scores = shaped(call(x, params[layout]), "scores", shape)
    return _found_again(scores, sizes, places, _classify(small, params[0], sizes), hint)


def _slid(f, sizes):
    return lambda x, params: f.slide_classifier(x, params, *sizes.steps)


@slide_classifier.check("the worked example")
def _(f, rng):
    params = {"W1": [[[[1.0]]]], "b1": [0.0], "W2": [[[[1.0, -1.0]]]], "b2": [1.0]}
    params |= {"W3": [[[[2.0]]], [[[-1.0]]]], "b3": [0.0, 3.0]}
    params = {name: np.array(value) for name, value in params.items()}
    x = np.array([[[[1.0, 4, 0, 2, 3, 1], [2, 0, 1, 1, 9, 5]]]])
    steps = ONCE, {"pool_height": 2, "pool_width": 2, "stride": 2}
    scores = f.slide_classifier(x, params, *steps)
    hint = "The pooled map is 4, 2, 9. Is the ReLU before the last layer, and none behind it?"
    return close(scores, [[[[6.0, 0.0]], [[0.0, 3.0]]]], what="scores", hint=hint)


for _name, _sizes in [("", _BASIC), (", taller than wide", _TALL), (", padded", _PADDED)]:

    @slide_classifier.check(f"on its own size the classifier's scores{_name}")
    def _(f, rng, sizes=_sizes):
        params, slid = network(rng, sizes)
        x = rng.standard_normal((4, sizes.C, *sizes.size))
        expected = _classify(x, params, sizes)[:, :, None, None]
        scores = f.slide_classifier(x, slid, *sizes.steps)
        hint = "Are all three biases added, a ReLU behind layers 1 and 2 alone, conv_param used?"
        return close(scores, expected, what="scores", tolerance=_ALLOWED_ERROR, hint=hint)


for _name, _sizes, _rows, _columns in [
    ("a larger picture: 2×3 places", _BASIC, 2, 3),
    ("a tall picture: 4×1 places", _TALL, 4, 1),
    ("windows of the pool that overlap", _OVERLAP, 2, 2),
    ("a convolution with stride 2", _COARSE, 3, 2),
]:

    @slide_classifier.check(_name)
    def _(f, rng, sizes=_sizes, rows=_rows, columns=_columns):
        return _find(_slid(f, sizes), rng, sizes, rows, columns, hint=_KEEP_MAPS)


@slide_classifier.check("padding goes around the whole picture")
def _(f, rng):
    _, slid = network(rng, _PADDED)
    x = rng.standard_normal((2, _PADDED.C, *_PADDED.picture(2, 2)))
    framed = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    shape = (2, _PADDED.classes, 2, 2)
    scores, around = (
        shaped(f.slide_classifier(x_in, slid, *sizes.steps), "scores", shape)
        for x_in, sizes in ((x, _PADDED), (framed, _BASIC))
    )
    if not scores.any():
        raise CheckFailed("Every score is zero.")
    hint = "With pad 1 it should give what it gives for the framed picture with pad 0."
    return close(scores, around, what="scores", tolerance=_ALLOWED_ERROR, hint=hint)


@slide_classifier.check("leaves x and params as they are")
def _(f, rng):
    x = rng.standard_normal((1, _BASIC.C, *_BASIC.picture(2, 2)))
    f.unchanged("slide_classifier", x, network(rng, _BASIC)[1], *_BASIC.steps)


# ---- crops, one by one -------------------------------------------------------------------------


def _cropped(f, sizes):
    return lambda x, params: f.crop_scores(x, params, sizes.size, *sizes.steps)


_STEP = "A crop begins the network's stride after the one before it: all layers' strides count."
for _name, _sizes, _rows, _columns in [
    ("one crop alone", _BASIC, 1, 1),
    ("2×3 crops", _BASIC, 2, 3),
    ("crops taller than wide, 3×2 of them", _TALL, 3, 2),
    ("a convolution with stride 2: crops 4 pixels apart", _COARSE, 2, 3),
    ("each crop padded by itself", _PADDED, 3, 2),
]:

    @crop_scores.check(_name)
    def _(f, rng, sizes=_sizes, rows=_rows, columns=_columns):
        hint = _STEP
        if sizes.pad:
            hint = "With padding a crop ends in zeros, where in the picture its neighbours are."
        return _find(_cropped(f, sizes), rng, sizes, rows, columns, hint=hint, layout=0)


@crop_scores.check("leaves x and params as they are")
def _(f, rng):
    x = rng.standard_normal((1, _BASIC.C, *_BASIC.picture(2, 2)))
    f.unchanged("crop_scores", x, network(rng, _BASIC)[0], _BASIC.size, *_BASIC.steps)


# ---- half the stride ---------------------------------------------------------------------------


def _stitched(f, sizes):
    return lambda x, params: f.shift_and_stitch(x, params, sizes.size, *sizes.steps)


def _slide_first(f):
    """A wrong pass cannot be stitched to something right: say so first."""
    rng = np.random.default_rng(231)
    try:
        _find(_slid(f, _BASIC), rng, _BASIC, 2, 2)
    except CheckFailed as failure:
        raise CheckFailed("First put slide_classifier right: all passes are its.") from failure


_FINE = [
    ("places of the pass that is not shifted", (0, 0), "They are at even rows and columns."),
    ("places half a stride lower", (1, 0), "Which of the passes sees them, and in which rows?"),
    ("places half a stride to the right", (0, 1), "Which of the passes sees them?"),
    ("places half a stride lower and to the right", (1, 1), "Two passes, or three, miss them."),
]
for _name, _shift, _hint in _FINE:

    @shift_and_stitch.check(_name)
    def _(f, rng, shift=_shift, hint=_hint):
        _slide_first(f)
        only = [place for place in grid(4, 4) if (place[0] % 2, place[1] % 2) == shift]
        return _find(_stitched(f, _BASIC), rng, _BASIC, 4, 4, 1, only, hint)


_LESS = "The maps of shifted pictures may be smaller. `trim` cuts off what is too much."
for _name, _sizes, _rows, _columns in [
    ("an odd number of rows and columns (5×3)", _BASIC, 5, 3),
    ("a picture wider than tall (2×5)", _TALL, 2, 5),
    ("a stride of 4: shifts of 2 pixels", _COARSE, 3, 4),
    ("windows of the pool that overlap", _OVERLAP, 3, 3),
    ("one row of places", _BASIC, 1, 4),
    ("one column of places", _BASIC, 3, 1),
    ("one place alone", _BASIC, 1, 1),
]:

    @shift_and_stitch.check(_name)
    def _(f, rng, sizes=_sizes, rows=_rows, columns=_columns):
        _slide_first(f)
        half = sizes.total_stride // 2
        return _find(_stitched(f, sizes), rng, sizes, rows, columns, half, hint=_LESS)


@shift_and_stitch.check("leaves x and params as they are")
def _(f, rng):
    x = rng.standard_normal((1, _BASIC.C, *_BASIC.picture(3, 4, 1)))
    f.unchanged("shift_and_stitch", x, network(rng, _BASIC)[1], _BASIC.size, *_BASIC.steps)
