"""Visible checks of the Inception module.

Filters that move a picture by a pixel, or hand it on, have outputs one can write down. Random ones
are compared with what a network of the same description gives, forward and backward.
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

_NAMES = ("inception_forward", "inception_backward")
inception_forward = Exercise(_NAMES[0], functions=_NAMES[:1])
inception_backward = Exercise(_NAMES[1], functions=_NAMES)

TEXT = """(1x1:CONV1-{} -> RELU
    | 3x3_reduce:CONV1-{} -> RELU -> 3x3:CONV3-{} -> RELU
    | 5x5_reduce:CONV1-{} -> RELU -> 5x5:CONV5-{} -> RELU
    | POOL3/1p1 -> pool_proj:CONV1-{} -> RELU)"""
_BRANCHES = ("1x1", "3x3", "5x5", "pool")


def inception_params(rng, C, filters):
    """Random parameters; filters are those of 1x1, 3x3_reduce, 3x3, 5x5_reduce, 5x5, pool_proj."""
    one, reduce3, three, reduce5, five, pool = filters
    shapes = {
        "1x1": (one, C, 1, 1),
        "3x3_reduce": (reduce3, C, 1, 1),
        "3x3": (three, reduce3, 3, 3),
        "5x5_reduce": (reduce5, C, 1, 1),
        "5x5": (five, reduce5, 5, 5),
        "pool_proj": (pool, C, 1, 1),
    }
    return random_params(rng, shapes)


def _simple_params():
    """One filter a layer, each of which hands on what it sees: 1x1 doubles, 3x3 takes the pixel
    above, 5x5 the one two to the left, pool_proj multiplies by 7."""
    params = {key: 0 * value for key, value in inception_params(np.random, 1, (1,) * 6).items()}
    params["1x1.w"][...] = 2
    params["3x3_reduce.w"][...] = params["5x5_reduce.w"][...] = 1
    params["3x3.w"][0, 0, 0, 1] = 3
    params["5x5.w"][0, 0, 2, 0] = 5
    params["pool_proj.w"][...] = 7
    return params


def _simple_out(f, x, params):
    out, _ = forward(f, _NAMES[0], x, params)
    out = as_array(out, "out")
    if out.shape == (1, 1, 4 * x.shape[2], x.shape[3]) or out.shape == (4, *x.shape[1:]):
        raise CheckFailed(
            f"out has shape {out.shape}, but it should be {(1, 4, *x.shape[2:])}: the branches are "
            "put one behind the other along the depth. Which axis is that?"
        )
    return out


@inception_forward.check("the worked example: one bright pixel through four branches")
def _(f, rng):
    x = np.zeros((1, 1, 7, 7))
    x[0, 0, 3, 3] = 1
    expected = np.zeros((1, 4, 7, 7))
    expected[0, 0, 3, 3] = 2
    expected[0, 1, 4, 3] = 3
    expected[0, 2, 3, 5] = 5
    expected[0, 3, 2:5, 2:5] = 7
    out = _simple_out(f, x, _simple_params())
    if out.shape == expected.shape:
        scales = [round(float(out[0, k].max())) for k in range(4)]
        if sorted(scales) == [2, 3, 5, 7] and scales != [2, 3, 5, 7]:
            order = ", ".join(_BRANCHES[(2, 3, 5, 7).index(s)] for s in scales)
            raise CheckFailed(
                f"The branches come in the order {order}: it should be 1x1, 3x3, 5x5, pool."
            )
        for k, name in enumerate(_BRANCHES):
            hint = "The pool has windows of 3x3, stride 1, padding 1." if k == 3 else ""
            close(out[0, k], expected[0, k], what=f"the map of the {name} branch", hint=hint)
    hint = "Height and width stay as they are in every branch, the pool's too."
    return close(out, expected, hint=hint)


@inception_forward.check("negative input: padding never wins a maximum")
def _(f, rng):
    params = _simple_params()
    params["pool_proj.w"][...] = -1
    out = _simple_out(f, np.full((1, 1, 4, 5), -2.0), params)
    came = as_array(out[0, 3], "the pool branch") if out.shape == (1, 4, 4, 5) else out
    hint = (
        "All of x is -2, so the largest value of every window is -2, at the edge, too. What number "
        "stands in the padding?"
    )
    return close(came, np.full((4, 5), 2.0), what="the map of the pool branch", hint=hint)


@inception_forward.check("a ReLU behind every convolution")
def _(f, rng):
    x = np.ones((1, 1, 6, 6))
    for name in ("1x1", "3x3", "5x5", "pool_proj"):
        params = _simple_params()
        params[f"{name}.b"][...] = -100
        out = _simple_out(f, x, params)
        if out.min() < 0:
            raise CheckFailed(
                f"With {name}.b = -100 out has negative values: is the ReLU behind {name} missing?"
            )
    for name in ("3x3", "5x5"):
        params = _simple_params()
        params[f"{name}_reduce.b"][...] = -3
        params[f"{name}.w"][...] *= -1
        if _simple_out(f, x, params).max(axis=(0, 2, 3))[_BRANCHES.index(name)] > 0:
            raise CheckFailed(
                f"{name}_reduce gives negative values here, which a ReLU makes 0 before {name} "
                "reads them. Is that ReLU missing?"
            )


@inception_forward.check("several pictures, another number of filters in every layer")
def _(f, rng):
    filters = (3, 2, 4, 1, 2, 5)
    x, params = rng.standard_normal((2, 3, 5, 6)), inception_params(rng, 3, filters)
    expected = Expected(TEXT.format(*filters), params, x).out
    out, _ = forward(f, _NAMES[0], x, params)
    return close(out, expected, tolerance=1e-5, hint="Does each convolution get its own w and b?")


@inception_forward.check("pictures smaller than a 5x5 window")
def _(f, rng):
    x, params = rng.standard_normal((1, 2, 1, 2)), inception_params(rng, 2, (1,) * 6)
    expected = Expected(TEXT.format(*(1,) * 6), params, x).out
    return close(forward(f, _NAMES[0], x, params)[0], expected, tolerance=1e-5)


@inception_forward.check("leaves x and params as they are")
def _(f, rng):
    f.unchanged(_NAMES[0], rng.standard_normal((1, 2, 4, 4)), inception_params(rng, 2, (1,) * 6))


# ---- backward ------------------------------------------------------------------------------

_FILTERS = (2, 1, 3, 2, 1, 2)


def _passes(f, rng):
    """A right forward pass to go back from: x, params, cache, what to expect."""
    x, params = rng.standard_normal((2, 2, 4, 5)), inception_params(rng, 2, _FILTERS)
    expected = Expected(TEXT.format(*_FILTERS), params, x)
    return x, params, right_forward(f, _NAMES, expected, x, params), expected


def _compare(came, right, params, hint):
    """All gradients against the right ones, those of params first: dx is made of what they are."""
    others = right[1].values()
    for key in params:
        options = dict(what=f"grads[{key!r}]", tolerance=1e-5, hint=hint)
        close_beside(came[1][key], right[1][key], others, **options)
    return close(came[0], right[0], what="dx", tolerance=1e-5, hint=hint)


for _number, _name in enumerate(_BRANCHES):

    @inception_backward.check(f"the {_name} branch alone")
    def _(f, rng, number=_number, name=_name):
        _, params, cache, expected = _passes(f, rng)
        dout = np.zeros(expected.out.shape)
        start, stop = ((0, 2), (2, 5), (5, 6), (6, 8))[number]
        dout[:, start:stop] = rng.standard_normal(dout[:, start:stop].shape)
        came = gradients(f, _NAMES[1], dout, cache, params)
        hint = f"dout is zero but for the part of the {name} branch. Does each branch get its part?"
        return _compare(came, expected.gradients(dout), params, hint)


@inception_backward.check("the gradients of all parameters")
def _(f, rng):
    _, params, cache, expected = _passes(f, rng)
    dout = rng.standard_normal(expected.out.shape)
    _, grads = gradients(f, _NAMES[1], dout, cache, params)
    right = expected.gradients(dout)
    hint = "Is every ReLU gone back through, and in the opposite order?"
    return _compare((right[0], grads), right, params, hint)


@inception_backward.check("dx: the gradients of all four branches, added up")
def _(f, rng):
    _, params, cache, expected = _passes(f, rng)
    dout = rng.standard_normal(expected.out.shape)
    dx, _ = gradients(f, _NAMES[1], dout, cache, params)
    hint = "Every branch reads the same x, so x receives a gradient from each: are they added up?"
    return close(dx, expected.gradients(dout)[0], what="dx", tolerance=1e-5, hint=hint)


@inception_backward.check("a second forward pass before the first backward pass")
def _(f, rng):
    x, params, *_ = _passes(f, rng)
    later, others = rng.standard_normal((1, 2, 4, 4)), inception_params(rng, 2, (1,) * 6)
    asked_again(f, _NAMES, (x, params), (later, others), params)


@inception_backward.check("leaves dout as it is")
def _(f, rng):
    _, _, cache, expected = _passes(f, rng)
    f.unchanged(_NAMES[1], rng.standard_normal(expected.out.shape), cache)
