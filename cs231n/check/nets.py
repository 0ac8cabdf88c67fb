"""What the checks of whole nets share: a loss and its gradients, against measured slopes."""

from __future__ import annotations

from collections.abc import Callable

from cs231n.check.compare import close, expect_keys, expect_tuple
from cs231n.check.results import Measurement
from cs231n.gradient_check import numeric_gradient

SLOPE_TOLERANCE = 1e-6  # a numeric gradient is itself only good to about ten digits


def loss_and_gradients(net_loss: Callable, params: dict, X, y, reg: float = 0.0) -> tuple:
    """(loss, grads) of a net: net_loss(params, X, y, reg). CheckFailed where they have no form."""
    loss, grads = expect_tuple(net_loss(params, X, y, reg), ("loss", "grads"), "loss(X, y)")
    return loss, expect_keys(grads, sorted(params), "grads")


def compare_slopes(net_loss: Callable, params: dict, X, y, reg, names, hint: str) -> Measurement:
    """The gradients by the parameters in `names` against measured slopes; the worst of them."""
    _, grads = loss_and_gradients(net_loss, params, X, y, reg)
    measured = []
    for name in names:
        slope = numeric_gradient(
            lambda v, name=name: loss_and_gradients(net_loss, params | {name: v}, X, y, reg)[0],
            params[name],
        )
        what = f'grads["{name}"]'
        measured.append(close(grads[name], slope, what=what, tolerance=SLOPE_TOLERANCE, hint=hint))
    worst = max(measured, key=lambda one: one.error)
    return worst
