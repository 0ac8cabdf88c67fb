"""Visible checks of the notebook 1_fully_connected: the layers here, the losses in losses.py.

The numbers stored here are small enough to follow by hand. A few wrong answers to them are stored
as well, each with the slip that leads there.
"""

from __future__ import annotations

import numpy as np

from cs231n.check.compare import as_array, close, expect_tuple
from cs231n.check.core import CheckFailed, Exercise
from cs231n.check.losses import by_hand, softmax_loss, svm_loss, two_layer_net
from cs231n.gradient_check import numeric_gradient

__all__ = [
    "affine_backward",
    "affine_forward",
    "relu_backward",
    "relu_forward",
    "softmax_loss",
    "svm_loss",
    "two_layer_net",
]

affine_forward = Exercise("affine_forward", functions=("affine_forward",))
affine_backward = Exercise("affine_backward", functions=("affine_forward", "affine_backward"))
relu_forward = Exercise("relu_forward", functions=("relu_forward",))
relu_backward = Exercise("relu_backward", functions=("relu_forward", "relu_backward"))

# A numeric gradient is itself only good to about ten digits.
_SLOPE_TOLERANCE = 1e-6


def _forward(function, name: str, *args):
    """(out, cache) of a student's forward, its form looked at."""
    return expect_tuple(function(*args), ("out", "cache"), name)


def _slope_of(function, name: str, x, dout):
    """The numeric gradient of sum(out * dout) of a student's own forward pass."""

    def value(moved):
        out = as_array(_forward(function, name, moved)[0], "out")
        if out.shape != dout.shape:
            raise CheckFailed(
                f"{name} returns out of shape {out.shape}, but it should be {dout.shape}: the "
                "backward pass can be checked once the forward pass is right."
            )
        if out.dtype.kind == "f" and out.dtype.itemsize < 8:
            raise CheckFailed(
                f"{name} returns {out.dtype} although its input is float64: too few digits to "
                "measure a slope. Leave the dtype as it comes."
            )
        return out

    return numeric_gradient(value, x, dout)


def _away_from_zero(rng, shape):
    """Random numbers of both signs, none near the kink of the ReLU."""
    return rng.choice([-1.0, 1.0], shape) * rng.uniform(0.1, 3.0, shape)


# ---- affine_forward ---------------------------------------------------------------------------


@affine_forward.check("one sample, one neuron, by hand")
def _(f, rng):
    x, w, b = np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]), np.array([5.0])
    slips = [([[11.0]], "That is the sum without the bias: is b added?")]
    return by_hand(_forward(f.affine_forward, "affine_forward", x, w, b)[0], [[16.0]], slips, "out")


@affine_forward.check("two samples, three neurons, by hand")
def _(f, rng):
    x, b = np.array([[1.0, 2.0], [0.0, -1.0]]), np.array([10.0, 20.0, 30.0])
    w = np.array([[1.0, 0.0, 2.0], [3.0, 1.0, -1.0]])
    out, _ = _forward(f.affine_forward, "affine_forward", x, w, b)
    return by_hand(out, [[17, 22, 30], [7, 19, 31]], [], "out", "Sample n is row n of out.")


@affine_forward.check("pictures: each becomes one row")
def _(f, rng):
    x = np.arange(48.0).reshape(2, 3, 2, 4)
    # Neuron d has one weight of 1, for input d: it repeats that input.
    out, _ = _forward(f.affine_forward, "affine_forward", x, np.eye(24), np.zeros(24))
    hint = (
        "Here neuron d only repeats input d, so row n should hold the numbers of picture n in the "
        "order in which they stand in x. Keep the first axis, and let reshape join all others."
    )
    return close(out, np.arange(48.0).reshape(2, 24), hint=hint)


@affine_forward.check("each sample by itself")
def _(f, rng):
    x, w, b = rng.standard_normal((3, 2, 5)), rng.standard_normal((10, 4)), rng.standard_normal(4)
    out, _ = _forward(f.affine_forward, "affine_forward", x, w, b)
    alone = [_forward(f.affine_forward, "affine_forward", x[n : n + 1], w, b)[0] for n in range(3)]
    shapes = [np.shape(row) for row in alone]
    if shapes != [(1, 4)] * 3:
        raise CheckFailed(f"A batch of one sample and four neurons gives shape {shapes[0]}.")
    hint = "A sample gives another answer in a batch than alone: samples must not mix."
    return close(out, np.concatenate(alone), tolerance=1e-10, hint=hint)


@affine_forward.check("pictures of whole numbers (uint8)")
def _(f, rng):
    x = np.array([[[1, 2], [0, 200]]], dtype=np.uint8)
    w, b = np.array([[0.5], [0.25], [3.0], [0.25]]), np.array([0.25])
    slips = [([[51.0]], "The fraction is lost: out was made with the dtype of x.")]
    return by_hand(
        _forward(f.affine_forward, "affine_forward", x, w, b)[0], [[51.25]], slips, "out"
    )


@affine_forward.check("keeps the precision of float64")
def _(f, rng):
    x, w = np.array([[1.0, 1e-9]]), np.ones((2, 1))
    out, _ = _forward(f.affine_forward, "affine_forward", x, w, np.zeros(1))
    out = as_array(out, "out", (1, 1))
    close(out, [[1.0]], tolerance=1e-6)
    if abs(float(out[0, 0]) - 1.000000001) > 1e-13:
        raise CheckFailed(
            f"1 + 1e-9 came out as {float(out[0, 0])!r} ({out.dtype}): digits were lost on "
            "the way. Is something turned into float32, or float16?"
        )


@affine_forward.check("leaves x, w and b as they are")
def _(f, rng):
    shapes = ((2, 3, 2), (6, 4), (4,))
    f.unchanged("affine_forward", *(rng.standard_normal(shape) for shape in shapes))


# ---- affine_backward --------------------------------------------------------------------------


def _affine_backward(f, dout, cache):
    return expect_tuple(f.affine_backward(dout, cache), ("dx", "dw", "db"), "affine_backward")


def _affine_case(f, rng, shape=(3, 2, 2, 3), M=4):
    x, w = rng.standard_normal(shape), rng.standard_normal((int(np.prod(shape[1:])), M))
    b, dout = rng.standard_normal(M), rng.standard_normal((shape[0], M))
    return x, w, b, dout


@affine_backward.check("one input, one neuron, two samples, by hand")
def _(f, rng):
    x, w, b = np.array([[2.0], [-1.0]]), np.array([[3.0]]), np.array([1.0])
    _, cache = _forward(f.affine_forward, "affine_forward", x, w, b)
    dx, dw, db = _affine_backward(f, np.array([[1.0], [10.0]]), cache)
    averaged = "That is the mean over the samples: the loss has divided by N already, so only add."
    one = "Only one of the two samples has arrived: w and b are used by both, so add over them."
    by_hand(dx, [[3.0], [30.0]], [([[1.0], [10.0]], "dout was not multiplied by w.")], "dx")
    by_hand(dw, [[-8.0]], [([[-4.0]], averaged), ([[2.0]], one), ([[-10.0]], one)], "dw")
    by_hand(db, [11.0], [([5.5], averaged), ([1.0], one), ([10.0], one)], "db")


@affine_backward.check("dx of pictures, against measured slopes")
def _(f, rng):
    x, w, b, dout = _affine_case(f, rng)
    dx, _, _ = _affine_backward(f, dout, _forward(f.affine_forward, "affine_forward", x, w, b)[1])
    slope = _slope_of(lambda v: f.affine_forward(v, w, b), "affine_forward", x, dout)
    hint = "dx mixes the neurons' gradients by the weights; then it takes the shape of x again."
    return close(dx, slope, what="dx", tolerance=_SLOPE_TOLERANCE, hint=hint)


@affine_backward.check("dw, against measured slopes")
def _(f, rng):
    x, w, b, dout = _affine_case(f, rng)
    _, dw, _ = _affine_backward(f, dout, _forward(f.affine_forward, "affine_forward", x, w, b)[1])
    slope = _slope_of(lambda v: f.affine_forward(x, v, b), "affine_forward", w, dout)
    hint = "dw[d, m] adds input d times the gradient of neuron m, over all samples."
    return close(dw, slope, what="dw", tolerance=_SLOPE_TOLERANCE, hint=hint)


@affine_backward.check("db, against measured slopes")
def _(f, rng):
    x, w, b, dout = _affine_case(f, rng)
    _, _, db = _affine_backward(f, dout, _forward(f.affine_forward, "affine_forward", x, w, b)[1])
    slope = _slope_of(lambda v: f.affine_forward(x, w, v), "affine_forward", b, dout)
    hint = "b[m] is used once by each sample: over which axis of dout do you add?"
    if np.shape(db) == (len(dout),):
        raise CheckFailed(f"db has shape {np.shape(db)}, one number a sample. {hint}")
    return close(db, slope, what="db", tolerance=_SLOPE_TOLERANCE, hint=hint)


@affine_backward.check("two forward passes before the first backward")
def _(f, rng):
    x, w, b, dout = _affine_case(f, rng, (2, 5), 3)
    first = _affine_backward(f, dout, _forward(f.affine_forward, "affine_forward", x, w, b)[1])
    _, cache = _forward(f.affine_forward, "affine_forward", x, w, b)
    f.affine_forward(x + 1, w + 1, b + 1)
    again = _affine_backward(f, dout, cache)
    _same_again(again, first, ("dx", "dw", "db"), "affine_forward")


@affine_backward.check("leaves dout and the cache as they are")
def _(f, rng):
    x, w, b, dout = _affine_case(f, rng, (2, 5), 3)
    _, cache = _forward(f.affine_forward, "affine_forward", x, w, b)
    first = f.unchanged("affine_backward", dout, cache)
    first = [np.array(part) for part in first]  # a copy: the second call may overwrite them
    _same_twice(_affine_backward(f, dout, cache), first, ("dx", "dw", "db"), "affine_backward")


def _same_again(again, first, names, forward: str):
    for name, after, before in zip(names, again, first, strict=True):
        if np.shape(after) != np.shape(before) or not np.allclose(after, before):
            raise CheckFailed(
                f"{name} changed because {forward} was called once more in between. All that the "
                "backward pass needs must travel in the cache, not in a global variable."
            )


def _same_twice(again, first, names, backward: str):
    for name, after, before in zip(names, again, first, strict=True):
        if np.shape(after) != np.shape(before) or not np.allclose(after, before):
            raise CheckFailed(
                f"Asked twice with the same cache, {backward} gives two different {name}: it "
                "writes into an array of the cache. Work on a copy."
            )


# ---- relu -------------------------------------------------------------------------------------


@relu_forward.check("by hand")
def _(f, rng):
    slips = [
        ([-2.0, 0.0], "It is the negative numbers that become 0."),
        ([2.0, 3.0], "That is the absolute value."),
        ([0.0, 1.0], "That is a switch: positive numbers should pass with their value."),
    ]
    out, _ = _forward(f.relu_forward, "relu_forward", np.array([-2.0, 3.0]))
    return by_hand(out, [0.0, 3.0], slips, "out")


@relu_forward.check("any shape: what passes, minus what passes of -x, is x")
def _(f, rng):
    x = 10 * rng.standard_normal((2, 3, 4, 2))
    out = as_array(_forward(f.relu_forward, "relu_forward", x)[0], "out", x.shape)
    mirrored = as_array(_forward(f.relu_forward, "relu_forward", -x)[0], "out", x.shape)
    close(out, np.abs(out), hint="There are negative values in out.")
    if out.shape != mirrored.shape:
        raise CheckFailed(f"out has shape {out.shape}, but it should be {x.shape}.")
    return close(out - mirrored, x, tolerance=1e-12, what="out of x minus out of -x")


@relu_forward.check("leaves x as it is")
def _(f, rng):
    f.unchanged("relu_forward", rng.standard_normal((3, 4)))


@relu_backward.check("by hand")
def _(f, rng):
    _, cache = _forward(f.relu_forward, "relu_forward", np.array([-2.0, 3.0]))
    dout = np.array([5.0, -7.0])
    slips = [
        ([5.0, 0.0], "The sign of x opens the gate, not the sign of dout."),
        ([0.0, 0.0], "Where x is positive the gradient passes, also a negative one."),
        ([5.0, -7.0], "The gate is always open: where x is negative nothing passes."),
        ([0.0, 1.0], "That is the slope of the unit alone: multiply by dout (chain rule)."),
        ([0.0, -21.0], "dout was multiplied by out. The slope is 1 where x is positive."),
    ]
    return by_hand(f.relu_backward(dout, cache), [0.0, -7.0], slips, "dx")


@relu_backward.check("pictures, against measured slopes")
def _(f, rng):
    x, dout = _away_from_zero(rng, (2, 3, 2, 3)), rng.standard_normal((2, 3, 2, 3))
    _, cache = _forward(f.relu_forward, "relu_forward", x)
    slope = _slope_of(f.relu_forward, "relu_forward", x, dout)
    return close(f.relu_backward(dout, cache), slope, what="dx", tolerance=_SLOPE_TOLERANCE)


@relu_backward.check("two forward passes before the first backward")
def _(f, rng):
    x, dout = _away_from_zero(rng, (4, 5)), rng.standard_normal((4, 5))
    first = f.relu_backward(dout, _forward(f.relu_forward, "relu_forward", x)[1])
    _, cache = _forward(f.relu_forward, "relu_forward", x)
    f.relu_forward(-x)
    _same_again([f.relu_backward(dout, cache)], [first], ("dx",), "relu_forward")


@relu_backward.check("leaves dout and the cache as they are")
def _(f, rng):
    x, dout = _away_from_zero(rng, (4, 5)), rng.standard_normal((4, 5))
    _, cache = _forward(f.relu_forward, "relu_forward", x)
    first = np.array(f.unchanged("relu_backward", dout, cache))
    _same_twice([f.relu_backward(dout, cache)], [first], ("dx",), "relu_backward")
