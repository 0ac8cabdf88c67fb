"""Visible checks of fine-tuning the last layer: first steps by hand, and where descent must end."""

import numpy as np

from cs231n.check.compare import as_array, close, expect_tuple
from cs231n.check.core import Exercise
from cs231n.check.results import CheckFailed

fine_tune_last_layer = Exercise("fine_tune_last_layer", functions=("fine_tune_last_layer",))


def _tuned(f, *args):
    """(w, b, losses) as arrays of the right shapes."""
    features, _, classes, _, steps, _ = args
    answer = f.fine_tune_last_layer(*args)
    w, b, losses = expect_tuple(answer, ("w", "b", "losses"), "fine_tune_last_layer")
    w, b = as_array(w, "w"), as_array(b, "b")
    losses = as_array(list(losses) if isinstance(losses, tuple) else losses, "losses")
    shapes = (features.shape[1], classes), (classes,), (steps,)
    for array, shape, name in zip((w, b, losses), shapes, ("w", "b", "losses")):
        if shape != array.shape:
            raise CheckFailed(f"{name} has shape {array.shape}, but it should be {shape}.")
        if not np.all(np.isfinite(array)):
            raise CheckFailed(
                f"{name} holds values that are not finite. Does an exponential overflow, or is a "
                "log taken of a share that has become 0?"
            )
    return w, b, losses


@fine_tune_last_layer.check("no steps: zeros; the first loss is log(classes)")
def _(f, rng):
    features, y = rng.standard_normal((6, 3)), np.array([0, 1, 2, 3, 4, 0])
    w, b, _ = _tuned(f, features, y, 5, 0.1, 0, 0.0)
    close(w, np.zeros((3, 5)), what="w")
    close(b, np.zeros(5), what="b")
    losses = _tuned(f, features, y, 5, 0.1, 1, 10.0)[2]
    hint = (
        "With scores of 0 every class has a share of 1/5; the weights are 0, so reg adds nothing."
    )
    return close(losses, [np.log(5)], what="losses", hint=hint)


@fine_tune_last_layer.check("the worked example: two pictures, one feature, two steps")
def _(f, rng):
    features, y = np.array([[1.0], [-1]]), np.array([0, 1])
    w, b, losses = _tuned(f, features, y, 2, 1.0, 1, 0.0)
    hint = "Mean over the pictures, and downhill."
    close(w, [[0.5, -0.5]], what="w after one step", hint=hint)
    close(b, [0.0, 0.0], what="b after one step", hint=hint)
    losses = _tuned(f, features, y, 2, 1.0, 2, 0.0)[2]
    hint = "losses holds the loss before each step: log 2, then log(1 + 1/e)."
    return close(
        losses, [np.log(2), np.log1p(np.exp(-1))], what="losses", tolerance=1e-6, hint=hint
    )


@fine_tune_last_layer.check("features that say nothing: b learns how often each class comes")
def _(f, rng):
    features, y = np.zeros((4, 2)), np.array([0, 0, 1, 0])
    w, b, losses = _tuned(f, features, y, 2, 1.0, 300, 5.0)
    close(w, np.zeros((2, 2)), what="w", hint="A feature of 0 moves no weight.")
    hint = "3 of 4 pictures are of class 0: b[0] - b[1] should become log 3. reg leaves b alone."
    close(b[0] - b[1], np.log(3), what="b[0] - b[1]", tolerance=1e-4, hint=hint)
    hint = "The loss should end at -(3/4 log 3/4 + 1/4 log 1/4)."
    return close(losses[-1], 0.562335, what="the last loss", tolerance=1e-4, hint=hint)


def _problem(rng):
    y = np.arange(12) % 3
    return rng.standard_normal((12, 2)) + np.array([[2.0, 0], [0, 2], [-2, -2]])[y], y


@fine_tune_last_layer.check("the loss falls with every step, and ends where it is lowest")
def _(f, rng):
    from cs231n.plain_layers import softmax_loss

    features, y = _problem(rng)
    reg = 0.1
    w, b, losses = _tuned(f, features, y, 3, 0.3, 800, reg)
    if np.any(np.diff(losses) > 1e-9):
        step = int(np.argmax(np.diff(losses)))
        raise CheckFailed(
            f"The loss rises, from {losses[step]:.6g} before step {step} to "
            f"{losses[step + 1]:.6g}. Does a step go against the gradient?"
        )

    def loss_at(w, b):
        return softmax_loss(features @ w + b, y)[0] + 0.5 * reg * np.square(w).sum()

    lowest = loss_at(w, b)
    hint = "The loss is the mean softmax loss and 0.5 * reg times the sum of the squares of w."
    close(losses[-1], lowest, what="the last loss", tolerance=1e-5, hint=hint)
    for _ in range(20):
        there = loss_at(w + 0.01 * rng.standard_normal(w.shape), b + 0.01 * rng.standard_normal(3))
        if there < lowest - 1e-7:
            raise CheckFailed(
                f"After 800 steps the loss is {lowest:.6g}, but close by there is {there:.6g}: the "
                "gradient is not zero yet. Does it have the term of the regularisation, and is b "
                "left out of that?"
            )


@fine_tune_last_layer.check("regularisation keeps w small")
def _(f, rng):
    features, y = np.array([[1.0], [-1]]), np.array([0, 1])
    w, _, losses = _tuned(f, features, y, 2, 0.5, 2, 2.0)
    # After one step w is 0.25 and -0.25; reg takes all of that away again in the second.
    slope = 1 / (1 + np.exp(0.5))
    hint = "Each step also takes learning_rate * reg * w away from w."
    close(w, [[0.5 * slope, -0.5 * slope]], what="w after two steps", hint=hint)
    hint = "0.5 * reg * (0.25^2 + 0.25^2) is 0.125, which the second loss holds besides the mean."
    return close(losses[1], 0.125 + np.log1p(np.exp(-0.5)), what="the second loss", hint=hint)


@fine_tune_last_layer.check("scores in the thousands")
def _(f, rng):
    features, y = _problem(rng)
    _, _, losses = _tuned(f, 1000 * features, y, 3, 1.0, 3, 0.0)
    if losses[-1] < 0:
        raise CheckFailed(f"A loss cannot be negative, but the last one is {losses[-1]:.6g}.")
    return close(losses[0], np.log(3), what="the first loss")


@fine_tune_last_layer.check("leaves features and labels as they are")
def _(f, rng):
    f.unchanged("fine_tune_last_layer", *_problem(rng), 3, 0.1, 2, 0.1)
