"""Visible checks of the residual block.

Filters of zeros leave the shortcut alone, and its output is known. Random ones are compared with
what a network of the same description gives, forward and backward.
"""

import numpy as np

from cs231n.check.case_studies_blocks import (
    Expected,
    asked_again,
    close_beside,
    forward,
    gradients,
    random_params,
    right_forward,
)
from cs231n.check.compare import as_array, close
from cs231n.check.core import Exercise
from cs231n.check.results import CheckFailed

_NAMES = ("residual_block_forward", "residual_block_backward")
residual_block_forward = Exercise(_NAMES[0], functions=_NAMES[:1])
residual_block_backward = Exercise(_NAMES[1], functions=_NAMES)

TEXT = "(conv1:CONV3-{F}{step} -> RELU -> conv2:CONV3-{F} + {shortcut}) -> RELU"


def residual_params(rng, C, F, projection):
    """Random parameters of a block from C channels to F, with a 1x1 shortcut or an identity."""
    shapes = {"conv1": (F, C, 3, 3), "conv2": (F, F, 3, 3)}
    if projection:
        shapes["shortcut"] = (F, C, 1, 1)
    return random_params(rng, shapes)


def _zeros(C, projection=False):
    params = residual_params(np.random.default_rng(0), C, C, projection)
    return {key: 0 * value for key, value in params.items()}


@residual_block_forward.check("filters of zeros: x comes through the shortcut")
def _(f, rng):
    x = np.array([[1.0, 0, 2], [3, 4, 0], [0, 5, 6]]).reshape(1, 1, 3, 3)
    out, _ = forward(f, _NAMES[0], x, _zeros(1), 1)
    if not np.any(as_array(out, "out")):
        raise CheckFailed("Both convolutions give 0 here, and so does the block. Where is x added?")
    return close(out, x, hint="What the convolutions give is 0 here: 0 + x is x.")


@residual_block_forward.check("the worked example: a residual of -2 and 0")
def _(f, rng):
    params = _zeros(2)
    params["conv2.b"] += np.array([-2.0, 0])
    x = np.array([[3.0, 1], [-1, 4]]).reshape(1, 2, 1, 2)
    out, _ = forward(f, _NAMES[0], x, params, 1)
    out = as_array(out, "out", x.shape)
    sum_first = np.array([[1.0, 0], [0, 4]]).reshape(x.shape)
    if x.shape == out.shape:
        if np.allclose(out, [[[[3, 1]], [[-1, 4]]]]):
            raise CheckFailed("out is x: a ReLU made the residual of -2 zero before it was added.")
        if np.allclose(out, [[[[3, 1]], [[0, 4]]]]):
            raise CheckFailed(
                "A ReLU made the residual of -2 zero before it was added to x. conv2 has no ReLU "
                "of its own: that one comes behind the sum."
            )
        if np.any(out < 0):
            raise CheckFailed("out has negative values: the last step is a ReLU, behind the sum.")
    return close(out, sum_first, hint="3 - 2 = 1, 1 - 2 = -1 -> 0; and -1 -> 0, 4 stays.")


@residual_block_forward.check("a ReLU between the convolutions")
def _(f, rng):
    params = _zeros(1)
    params["conv1.b"] -= 5
    params["conv2.w"][0, 0, 1, 1] = -1
    out, _ = forward(f, _NAMES[0], np.ones((1, 1, 3, 3)), params, 1)
    hint = "conv1 gives -5 everywhere, which a ReLU makes 0 before conv2 reads it."
    return close(out, np.ones((1, 1, 3, 3)), hint=hint)


@residual_block_forward.check("a 1x1 convolution as the shortcut, without a ReLU of its own")
def _(f, rng):
    params = _zeros(1, projection=True)
    params["shortcut.w"][...] = 2
    params["shortcut.b"][...] = -7
    params["conv2.b"][...] = 3
    x = np.arange(1.0, 10).reshape(1, 1, 3, 3)
    out, _ = forward(f, _NAMES[0], x, params, 1)
    hint = "out should be 2x - 7 + 3 where that is positive, else 0."
    close(out, np.array([0, 0, 2, 4, 6, 8, 10, 12, 14.0]).reshape(x.shape), hint=hint)
    out, _ = forward(f, _NAMES[0], x, params, 2)
    hint = "With stride 2 the shortcut takes every second row and column, the first one included."
    return close(out, np.array([0, 2, 10, 14.0]).reshape(1, 1, 2, 2), hint=hint)


def _text(F, stride, projection):
    step = "/2" if stride == 2 else ""
    shortcut = f"shortcut:CONV1-{F}{step}" if projection else ""
    return TEXT.format(F=F, step=step, shortcut=shortcut)


_CASES = (
    ("an identity shortcut, random numbers", (2, 3, 5, 4), 3, 1, False),
    ("stride 2, and twice the depth", (2, 2, 7, 5), 4, 2, True),
    ("stride 1, and another depth", (1, 3, 4, 5), 2, 1, True),
)

for _name, *_case in _CASES:

    @residual_block_forward.check(_name)
    def _(f, rng, case=_case):
        shape, F, stride, projection = case
        x, params = rng.standard_normal(shape), residual_params(rng, shape[1], F, projection)
        expected = Expected(_text(F, stride, projection), params, x).out
        out, _ = forward(f, _NAMES[0], x, params, stride)
        hint = "conv1 and the shortcut have the stride, conv2 has stride 1."
        return close(out, expected, tolerance=1e-5, hint=hint)


@residual_block_forward.check("leaves x and params as they are")
def _(f, rng):
    for projection in (False, True):
        x, params = rng.standard_normal((1, 2, 3, 3)), residual_params(rng, 2, 2, projection)
        f.unchanged(_NAMES[0], x, params, 1)


# ---- backward ------------------------------------------------------------------------------


def _passes(f, rng, shape, F, stride, projection):
    """A right forward pass to go back from: args of forward, params, cache, what to expect."""
    x, params = rng.standard_normal(shape), residual_params(rng, shape[1], F, projection)
    expected = Expected(_text(F, stride, projection), params, x)
    cache = right_forward(f, _NAMES, expected, x, params, stride)
    return (x, params, stride), params, cache, expected


@residual_block_backward.check("filters of zeros: the gradient comes through the shortcut")
def _(f, rng):
    x, params = np.array([1.0, -2, 3]).reshape(1, 1, 1, 3), _zeros(1)
    out, cache = forward(f, _NAMES[0], x, params, 1)
    close(out, [[[[1.0, 0, 3]]]], hint=f"First put {_NAMES[0]} right.")
    dx, _ = gradients(f, _NAMES[1], np.array([10.0, 20, 30]).reshape(x.shape), cache, params)
    if not np.any(as_array(dx, "dx")):
        raise CheckFailed(
            "Nothing comes back through filters of zeros, but through the shortcut the whole "
            "gradient does, and dx is 0. Is the shortcut forgotten?"
        )
    hint = "The last ReLU stops the 20; the sum hands 10 and 30 on to the shortcut as they are."
    return close(dx, [[[[10.0, 0, 30]]]], what="dx", hint=hint)


for _name, *_case in _CASES:

    @residual_block_backward.check(f"grads: {_name}")
    def _(f, rng, case=_case):
        _, params, cache, expected = _passes(f, rng, *case)
        dout = rng.standard_normal(expected.out.shape)
        _, grads = gradients(f, _NAMES[1], dout, cache, params)
        _, right = expected.gradients(dout)
        hint = "Both terms of the sum receive what has come back through the last ReLU."
        for key in params:
            options = dict(what=f"grads[{key!r}]", tolerance=1e-5, hint=hint)
            close_beside(grads[key], right[key], right.values(), **options)

    @residual_block_backward.check(f"dx: {_name}")
    def _(f, rng, case=_case):
        _, params, cache, expected = _passes(f, rng, *case)
        dout = rng.standard_normal(expected.out.shape)
        dx, _ = gradients(f, _NAMES[1], dout, cache, params)
        hint = "x is read twice, by conv1 and by the shortcut: what they send back is added up."
        return close(dx, expected.gradients(dout)[0], what="dx", tolerance=1e-5, hint=hint)


@residual_block_backward.check("a second forward pass before the first backward pass")
def _(f, rng):
    for projection in (False, True):
        first, params, *_ = _passes(f, rng, (2, 2, 3, 3), 2, 1, projection)
        later = rng.standard_normal((1, 3, 5, 5)), residual_params(rng, 3, 2, True), 2
        asked_again(f, _NAMES, first, later, params)


@residual_block_backward.check("leaves dout as it is")
def _(f, rng):
    _, _, cache, expected = _passes(f, rng, (2, 2, 3, 3), 2, 1, False)
    f.unchanged(_NAMES[1], rng.standard_normal(expected.out.shape), cache)
