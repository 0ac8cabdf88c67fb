"""What the visible checks of Inception modules and residual blocks have in common."""

from __future__ import annotations

import numpy as np

from cs231n.check.compare import as_array, close, expect_tuple
from cs231n.check.results import CheckFailed, Measurement


def forward(f, name, *args):
    """The (out, cache) of a block's forward pass."""
    return expect_tuple(getattr(f, name)(*args), ("out", "cache"), name)


def dx_and_grads(answer, name):
    """What a block's backward pass returned, or a CheckFailed where it has another form."""
    dx, grads = expect_tuple(answer, ("dx", "grads"), name)
    if isinstance(grads, dict):
        return dx, grads
    raise CheckFailed(f"grads should be a dict of arrays, but it is a {type(grads).__name__}.")


def gradients(f, name, dout, cache, params):
    """(dx, grads) of a block's backward pass; CheckFailed where grads has other keys than params.

    grads may hold more than params, which is nobody's business.
    """
    dx, grads = dx_and_grads(getattr(f, name)(dout, cache), name)
    missing = [key for key in params if key not in grads]
    if missing:
        raise CheckFailed(
            f"grads has no {', '.join(map(repr, missing))}: its keys are those of params."
        )
    return dx, grads


class Expected:
    """What a network of the text form computes: an independent answer to compare with.

    out is its output for x; gradients(dout) gives dx and {"conv1.w": gradient, ...}.
    """

    def __init__(self, text, params, x):
        from cs231n.architectures import parse
        from cs231n.architectures.running import Network

        _, C, H, W = x.shape
        net = parse(f"INPUT{H}x{W}x{C} -> {text}")
        self._network = Network(net, {name: params[name] for name in net.parameters})
        self._x = x
        self.out = self._network.forward(x)

    def gradients(self, dout):
        self._network.forward(self._x, "train")
        return self._network.backward(dout)


def close_beside(actual, expected, others, *, tolerance, close=close, **options):
    """close() for one of several gradients. A sum in which large terms cancel is known no better
    than its terms, so an error may also be small beside the largest of all the gradients, `others`.
    """
    try:
        return close(actual, expected, tolerance=tolerance, **options)
    except CheckFailed:
        array = as_array(actual, options["what"], np.shape(expected)).astype(float)
        largest = max(float(np.max(np.abs(other))) for other in others)
        if array.shape != np.shape(expected) or not np.isfinite(array).all():
            raise
        error = float(np.max(np.abs(array - expected)))
        if not error <= tolerance * largest:
            raise  # nan too
        return Measurement(error / largest, tolerance)


def right_forward(f, names, expected, *args):
    """The cache of a forward pass that is right; CheckFailed where it is not."""
    try:
        out, cache = forward(f, names[0], *args)
        close(out, expected.out, tolerance=1e-5)
    except CheckFailed as failure:
        why = f"First put {names[0]} right: dx and grads are compared with what belongs to it."
        raise CheckFailed(why) from failure
    return cache


def random_params(rng, shapes):
    """Weights and biases by their shapes, {"conv1": (F, C, HH, WW), ...} -> {"conv1.w": ...}."""
    params = {}
    for name, shape in shapes.items():
        params[f"{name}.w"] = rng.standard_normal(shape)
        params[f"{name}.b"] = rng.uniform(0.5, 1.5, shape[0])  # so that no ReLU stops everything
    return params


def asked_again(f, names, first, later, params):
    """One cache, asked after another forward pass and twice, gives the same dx and grads."""
    out, cache = forward(f, names[0], *first)
    dout = np.linspace(-1, 1, np.size(out)).reshape(np.shape(out))
    dx, grads = gradients(f, names[1], dout, cache, params)
    kept = np.array(dx), {key: np.array(grads[key]) for key in params}
    _, cache = forward(f, names[0], *first)
    forward(f, names[0], *later)
    hint = "Everything must come from cache: nothing may be kept elsewhere, or changed in it."
    for _ in range(2):
        dx, grads = gradients(f, names[1], dout, cache, params)
        close(dx, kept[0], what="dx", hint=hint)
        for key in params:
            close(grads[key], kept[1][key], what=f"grads[{key!r}]", hint=hint)
