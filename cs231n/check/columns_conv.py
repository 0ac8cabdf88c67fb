"""Visible checks of convolution as a matrix product, forward and backward (notebook 5_im2col).

A filter that is a single 1 picks one pixel out of each window; that, the bias and linearity
together fix the whole layer. Gradients are measured on the student's own forward pass. A layer that
is wrong because im2col is wrong is told so.
"""

import numpy as np

from cs231n.check.columns_cases import Layout, addressed, check_columns, windows_on
from cs231n.check.columns_steps import check_own_steps, helper_steps
from cs231n.check.compare import as_array, close, expect_tuple
from cs231n.check.convolution_probes import explain_shape, picked, single_ones, volumes
from cs231n.check.core import Exercise
from cs231n.check.results import CheckFailed, NotReady
from cs231n.gradient_check import numeric_gradient

_BOTH = ("conv_forward_im2col", "conv_backward_im2col")
_GRADIENTS = ("dx", "dw", "db")

conv_forward_im2col = Exercise(_BOTH[0], functions=("im2col", _BOTH[0]))
conv_backward_im2col = Exercise(_BOTH[1], functions=("im2col", "col2im", *_BOTH))

_PAD = "Take the padding from conv_param; it may be 0."
_STRIDE = "Take the stride from conv_param."
_AXES = "HH, H and H_out go with rows, WW, W and W_out with columns."
# Name, shape of x, (HH, WW), conv_param, (H_out, W_out), the likely slip.
_LAYERS = [
    ("no padding", (1, 2, 4, 4), (2, 2), (1, 0), (3, 3), _PAD),
    ("padding 1", (1, 2, 3, 3), (3, 3), (1, 1), (3, 3), _PAD),
    ("stride 2, windows overlap", (1, 2, 7, 7), (3, 3), (2, 0), (3, 3), _STRIDE),
    ("picture wider than tall", (1, 2, 3, 6), (2, 2), (1, 0), (2, 5), _AXES),
    ("filter taller than wide", (1, 2, 5, 5), (4, 2), (1, 0), (2, 4), _AXES),
    ("several pictures, no two sizes alike", (3, 2, 5, 9), (3, 2), (1, 1), (5, 10), _AXES),
]


# ---- what both have in common --------------------------------------------------------------


def helpers_first(f, failure):
    """The failure, with a word on im2col and col2im where these are not right either."""
    layout = Layout((2, 2, 5, 6), (3, 2), 1, 1, (5, 7))
    wrong = []
    try:
        check_columns(f.im2col(addressed(layout.shape), *layout.args), layout)
    except (CheckFailed, NotReady, AttributeError):
        wrong.append("im2col")
    try:
        dx = f.col2im(np.ones(layout.cols_shape), layout.shape, *layout.args)
        close(dx, np.broadcast_to(windows_on(layout), layout.shape))
    except AttributeError:  # this exercise does not know col2im
        pass
    except (CheckFailed, NotReady):
        wrong.append("col2im")
    if not wrong:
        return failure
    why = f"Your {' and '.join(wrong)} is not right yet: if this layer uses it, begin there."
    return CheckFailed(f"{failure} {why}", failure.error, failure.tolerance)


def add_check(exercise, name):
    """Like exercise.check; a failure of what goes through im2col is told where im2col is wrong."""

    def add(body):
        @exercise.check(name)
        def _(f, rng):
            try:
                return body(f, rng)
            except CheckFailed as failure:
                known = "im2col" in exercise.functions
                raise (helpers_first(f, failure) if known else failure) from None

        return body

    return add


def _param(stride, pad):
    return {"stride": stride, "pad": pad}


def _forward(f, *args):
    return expect_tuple(f.conv_forward_im2col(*args), ("out", "cache"), _BOTH[0])


def _out(f, *args):
    return as_array(_forward(f, *args)[0], "out")


# ---- forward -------------------------------------------------------------------------------


@add_check(conv_forward_im2col, "the example worked out above")
def _(f, rng):
    x = np.arange(1.0, 13).reshape(1, 1, 3, 4)
    w = np.array([[[[1, 0], [0, 1]]], [[[0, 1], [2, 0]]]], dtype=float)
    out = _out(f, x, w, np.array([0.0, 0.5]), _param(1, 0))
    wanted = [[[7, 9, 11], [15, 17, 19]], [[12.5, 15.5, 18.5], [24.5, 27.5, 30.5]]]
    return close(out, [wanted], tolerance=1e-6)


for _name, _shape, _window, _steps, _size, _hint in _LAYERS:

    @add_check(conv_forward_im2col, _name)
    def _(f, rng, a=(_shape, _window, _steps, _size), hint=_hint):
        shape, window, steps, size = a
        x, w = rng.standard_normal(shape), single_ones(shape[1], *window)
        out = _out(f, x, w, np.zeros(len(w)), _param(*steps))
        hint = f"Each filter here is a single 1, so it copies one pixel of each window. {hint}"
        return close(out, picked(x, window, size, *steps), tolerance=1e-6, hint=hint)


@add_check(conv_forward_im2col, "pictures are not mixed up with positions")
def _(f, rng):
    x = np.repeat(np.arange(1.0, 4), 2 * 2 * 3).reshape(3, 1, 2, 2 * 3)
    w = np.array([1.0, 10.0]).reshape(2, 1, 1, 1)
    out = _out(f, x, w, np.zeros(2), _param(1, 0))
    wanted = np.concatenate([x, 10 * x], axis=1)
    if out.shape == wanted.shape and not np.allclose(out, wanted):
        raise CheckFailed(
            "Picture 0 is all 1, picture 1 all 2, picture 2 all 3, and filter f multiplies by 1 or "
            f"10. So out[0] should hold 1 and 10 alone, but it holds {_some(out[0])}. The product "
            "has a row for each filter, and its columns are those of X_col: which axes does it "
            "have, and in which order, before any of them changes places?"
        )
    return close(out, wanted, tolerance=1e-6)


def _some(values):
    found = [f"{v:g}" for v in np.unique(values)]
    return ", ".join(found[:6]) + (", …" if len(found) > 6 else "")


@add_check(conv_forward_im2col, "the bias")
def _(f, rng):
    b = np.array([1.0, 10.0, 100.0])
    out = _out(f, np.zeros((2, 2, 3, 4)), np.ones((3, 2, 2, 2)), b, _param(1, 0))
    wanted = np.broadcast_to(b[:, None, None], (2, 3, 2, 3))
    if out.shape == wanted.shape and not np.allclose(out, wanted):
        raise CheckFailed(
            "x is all zeros and b is 1, 10, 100 here, so out[n, f] should hold b[f] everywhere; "
            f"but out[0] holds {'; '.join(map(_some, out[0]))}, filter by filter."
        )
    return close(out, wanted, tolerance=1e-6)


@add_check(conv_forward_im2col, "weights of all filters together")
def _(f, rng):
    x, w, b = volumes(rng, (2, 3, 4, 5), (4, 3, 2, 3))
    copies = picked(x, (2, 3), (3, 3), 1, 0)
    wanted = np.einsum("nkij,fk->nfij", copies, w.reshape(4, -1)) + b.reshape(1, 4, 1, 1)
    hint = "Does w[f] keep its order (channel, row, column) on the way to a row of the matrix?"
    return close(_out(f, x, w, b, _param(1, 0)), wanted, tolerance=1e-5, hint=hint)


@add_check(conv_forward_im2col, "a picture of integers (uint8)")
def _(f, rng):
    x = np.array([[[[250, 3], [7, 251]]]], dtype=np.uint8)
    w, b = np.array([[[[0.5]]]]), np.array([0.25])
    hint = "Is out, or something on the way, an array of integers? It cuts fractions off."
    wanted = [[[[125.25, 1.75], [3.75, 125.75]]]]
    return close(_out(f, x, w, b, _param(1, 0)), wanted, tolerance=1e-6, hint=hint)


@conv_forward_im2col.check("leaves x, w and b as they are")
def _(f, rng):
    arrays = volumes(rng, (2, 2, 4, 4), (3, 2, 3, 3))
    f.unchanged(_BOTH[0], *arrays, _param(1, 1))


@conv_forward_im2col.check("vectorised: Python takes no more steps for more input")
def _(f, rng):
    def count(shape, which):
        N, C, H, W = shape
        x, w, b = volumes(rng, shape, (2, C, 2, 2))
        if which != _BOTH[0]:
            return helper_steps(f, which, shape, 1)
        answer, steps = f.counted(_BOTH[0], x, w, b, _param(1, 0))
        out, _ = expect_tuple(answer, ("out", "cache"), _BOTH[0])
        if np.shape(out) != (N, 2, H - 1, W - 1):
            raise CheckFailed(f"out has shape {np.shape(out)}, not {(N, 2, H - 1, W - 1)}.")
        return steps

    check_own_steps(f, ("im2col",), count, _BOTH[0])


# ---- backward ------------------------------------------------------------------------------

_TURN = "Do dout's axes lie as the product's did in the forward pass, before it was turned?"
_SLOPES = [
    ("one filter, one channel", (1, 1, 4, 4), (1, 1, 2, 2), (1, 0), None),
    ("no padding", (1, 2, 4, 4), (2, 2, 3, 3), (1, 0), _PAD),
    ("padding 1, windows overlap", (1, 2, 3, 4), (2, 2, 3, 3), (1, 1), _PAD),
    ("stride 2, padding 1", (1, 2, 5, 5), (2, 2, 3, 3), (2, 1), _STRIDE),
    ("gaps between windows", (1, 1, 7, 4), (2, 1, 1, 1), (3, 0), _STRIDE),
    ("several pictures and filters", (3, 2, 3, 4), (4, 2, 2, 2), (1, 0), _TURN),
    ("no two sizes alike", (2, 3, 5, 7), (4, 3, 3, 2), (1, 1), _AXES),
]


def _gradients(f, dout, cache):
    answer = expect_tuple(f.conv_backward_im2col(dout, cache), _GRADIENTS, _BOTH[1])
    return dict(zip(_GRADIENTS, answer, strict=True))


def _compare_with_slopes(f, arrays, param, dout, found, hint="", tolerance=1e-5):
    at, worst = dict(zip("xwb", arrays, strict=True)), None
    for name in reversed(_GRADIENTS):
        key = name[1]

        def out_of(moved, key=key):
            return _out(f, *(at | {key: moved}).values(), param)

        # The layer is linear in each argument: a large step gives no formula error.
        numeric = numeric_gradient(out_of, at[key], dout, h=0.5)
        if not numeric.any():
            raise CheckFailed(
                f"Your {_BOTH[0]} gives the same output whatever {key} is, so there is no gradient "
                "to compare with. Make its own check pass first."
            )
        explain_shape(name, found[name], at["x"], param["pad"])
        measured = close(found[name], numeric, what=name, tolerance=tolerance, hint=hint)
        worst = max(worst or measured, measured, key=lambda m: m.error)
    return worst


for _name, _shape, _filters, _steps, _hint in _SLOPES:

    @add_check(conv_backward_im2col, _name)
    def _(f, rng, a=(_shape, _filters, _steps, _hint)):
        shape, filters, steps, hint = a
        arrays, param = volumes(rng, shape, filters), _param(*steps)
        out, cache = _forward(f, *arrays, param)
        dout = rng.standard_normal(as_array(out, "out").shape)
        return _compare_with_slopes(f, arrays, param, dout, _gradients(f, dout, cache), hint or "")


@add_check(conv_backward_im2col, "the example worked out above")
def _(f, rng):
    x = np.arange(1.0, 13).reshape(1, 1, 3, 4)
    w = np.array([[[[1, 0], [0, 1]]]], dtype=float)
    _, cache = _forward(f, x, w, np.zeros(1), _param(1, 0))
    found = _gradients(f, np.array([[[[1.0, 0, 0], [0, 2, 0]]]]), cache)
    close(found["db"], [3], what="db", hint="1 + 2.")
    close(found["dw"], [[[[13, 16], [25, 28]]]], what="dw", tolerance=1e-6)
    wanted = [[[[1, 0, 0, 0], [0, 3, 0, 0], [0, 0, 2, 0]]]]
    hint = "The pixel that holds 6 receives 1 from one window and 2 from another."
    return close(found["dx"], wanted, what="dx", tolerance=1e-6, hint=hint)


@add_check(conv_backward_im2col, "a picture of integers (uint8)")
def _(f, rng):
    x = rng.integers(100, 256, (1, 1, 3, 3)).astype(np.uint8)
    w, b = rng.standard_normal((2, 1, 2, 2)), np.zeros(2)
    out, cache = _forward(f, x, w, b, _param(1, 0))
    dout = rng.standard_normal(as_array(out, "out").shape)
    hint = "Is one of the gradients an array of integers, like x?"
    found = _gradients(f, dout, cache)
    # Slopes of a float32 forward pass are known to three digits, where pixels go up to 255.
    at = (x.astype(float), w, b)
    return _compare_with_slopes(f, at, _param(1, 0), dout, found, hint, tolerance=1e-3)


@add_check(conv_backward_im2col, "a second forward pass before the first backward pass")
def _(f, rng):
    arrays, later = (volumes(rng, (2, 1, 3, 3), (2, 1, 2, 2)) for _ in range(2))
    out, cache = _forward(f, *arrays, _param(1, 0))
    _forward(f, *later, _param(1, 0))
    dout = rng.standard_normal(as_array(out, "out").shape)
    _gradients(f, dout, cache)
    found = _gradients(f, dout, cache)  # and twice the same question has one answer
    hint = "Everything must come from cache, and cache must not change."
    return _compare_with_slopes(f, arrays, _param(1, 0), dout, found, hint)


@conv_backward_im2col.check("leaves dout as it is")
def _(f, rng):
    out, cache = _forward(f, *volumes(rng, (2, 2, 4, 4), (3, 2, 3, 3)), _param(1, 1))
    f.unchanged(_BOTH[1], rng.standard_normal(as_array(out, "out").shape), cache)


@conv_backward_im2col.check("vectorised: Python takes no more steps for more input")
def _(f, rng):
    def count(shape, which):
        arrays = volumes(rng, shape, (2, shape[1], 2, 2))
        if which != _BOTH[1]:
            return helper_steps(f, which, shape, 1)
        out, cache = _forward(f, *arrays, _param(1, 0))
        answer, steps = f.counted(_BOTH[1], np.ones(np.shape(out)), cache)
        dx, _, _ = expect_tuple(answer, _GRADIENTS, _BOTH[1])
        if np.shape(dx) != shape:
            raise CheckFailed(f"dx has shape {np.shape(dx)}, but it should be {shape}.")
        return steps

    check_own_steps(f, ("im2col", "col2im"), count, _BOTH[1])
