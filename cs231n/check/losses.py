"""Visible checks of the losses and the two-layer net in the notebook 1_fully_connected."""

from __future__ import annotations

import numpy as np

from cs231n.check.compare import as_array, close, error_between, expect_tuple
from cs231n.check.core import CheckFailed, Exercise
from cs231n.check.nets import SLOPE_TOLERANCE, compare_slopes, loss_and_gradients
from cs231n.gradient_check import numeric_gradient

svm_loss = Exercise("svm_loss", functions=("svm_loss",))
softmax_loss = Exercise("softmax_loss", functions=("softmax_loss",))
two_layer_net = Exercise("two_layer_net", functions=("two_layer_net_loss",))

# The wrong numbers that common slips give in the examples by hand, each with a sentence.
_SUMMED = "That is the sum over the samples; the loss is their mean."
_HINGE_LOSS_SLIPS = [
    (4.0, "The right class is compared with itself: that adds 1 for every sample."),
    (1.0, "A class far enough behind costs 0, not less; or is the sum divided by the classes too?"),
    (2.0, "That is 1 short: the margin, or a negative cost that was kept while another was added."),
    (9.0, "That is the squared hinge."),
]
_HINGE_SLOPE_SLIPS = [
    (
        [[1.0, 1.0, 0.0, 0.0]],
        "The right class gets a slope as well: its score stands in each term.",
    ),
    ([[1.0, 1.0, -1.0, 0.0]], "The right score stands in a term for each class inside the margin."),
    ([[1.0, 1.0, -3.0, 1.0]], "A class that is far enough behind has no slope."),
    ([[-1.0, -1.0, 2.0, 0.0]], "The sign is the wrong way round: dx points where the loss grows."),
    ([[1.5, 2.0, -3.5, 0.0]], "Each term has slope 1, however large it is."),
]
_SOFTMAX_LOSS_SLIPS = [
    (-1.3862943611198906, "The sign is the wrong way round: log p is negative."),
    (0.25, "That is p of the right class: its log is missing."),
    (0.6020599913279624, "That is the logarithm to base 10: np.log is the natural one."),
    (2.0, "That is the logarithm to base 2: np.log is the natural one."),
    (0.46209812037329684, "The mean is over the N samples only, not over the classes."),
    (4.1588830833596715, "That is the sum over all classes; only the right one counts."),
]
_SOFTMAX_SLOPE_SLIPS = [
    ([[0.125, 0.25, 0.625]], "These are the probabilities: 1 is still to be taken off somewhere."),
    ([[-0.125, 0.75, -0.625]], "The sign is the wrong way round: dx points where the loss grows."),
    ([[-0.875, -0.75, -0.375]], "1 was taken off everywhere, not at the right class alone."),
    ([[-0.875, 0.25, 0.625]], "1 was taken off at class 0, but class 1 is the right one."),
]
_NET_SLIPS = [
    (1.6265233750364456, _SUMMED),
    (1.0, "That is the hinge loss; this net uses the softmax loss."),
]
_REGULARISATION_SLIPS = [
    (0.0, "There is no such term yet."),
    (1.7, "The factor 0.5 is missing."),
    (0.35, "W2 is missing."),
    (0.5, "W1 is missing."),
    (0.925, "Biases should be left out."),
    (8.5, "The strength self.reg is missing."),
    (0.425, "It is halved twice, or divided by the number of samples: it does not depend on N."),
]


def by_hand(actual, expected, slips, what: str, hint: str = ""):
    """close(), but a wrong answer that stands in `slips` (answer, sentence) gets its sentence."""
    actual, expected = as_array(actual, what, np.shape(expected)), np.asarray(expected, float)
    for answer, sentence in slips:
        if actual.shape == np.shape(answer) and error_between(actual, np.asarray(answer)) < 1e-7:
            raise CheckFailed(
                f"{what} is {_text(actual)}, but it should be {_text(expected)}. {sentence}"
            )
    return close(actual, expected, what=what, tolerance=1e-7, hint=hint)


def _text(array) -> str:
    """A few numbers as text; without the minus sign that a zero may carry."""
    array = np.asarray(array) + 0.0
    return f"{float(array):.6g}" if array.ndim == 0 else str(array.tolist())


# ---- both losses --------------------------------------------------------------------------------


def _add_common_checks(exercise: Exercise, spread: float) -> None:
    """What holds for any loss of scores that only looks at the differences within a row."""
    name = exercise.name

    def answer(f, x, y):
        loss, dx = expect_tuple(getattr(f, name)(x, y), ("loss", "dx"), name)
        loss = as_array(loss, "loss", ())
        if loss.size != 1:
            raise CheckFailed(f"loss should be one number, but it has shape {loss.shape}.")
        return float(loss.reshape(())), dx

    @exercise.check("the same batch twice over gives the same loss")
    def _(f, rng):
        x, y = spread * rng.standard_normal((3, 4)), rng.integers(0, 4, 3)
        loss, _ = answer(f, x, y)
        twice, _ = answer(f, np.concatenate([x, x]), np.concatenate([y, y]))
        slips = [(2 * loss, _SUMMED)] if loss else []
        return by_hand(twice, loss, slips, "loss of the doubled batch")

    @exercise.check("the same number added to a row changes nothing")
    def _(f, rng):
        x, y = spread * rng.standard_normal((3, 4)), rng.integers(0, 4, 3)
        loss, dx = answer(f, x, y)
        moved, dx_moved = answer(f, x + np.array([[5.0], [-3.0], [0.5]]), y)
        hint = "Rows must not mix: look at axis= and keepdims= of sums and maxima."
        close(moved, loss, what="loss of the moved scores", tolerance=1e-9, hint=hint)
        return close(dx_moved, dx, what="dx of the moved scores", tolerance=1e-9, hint=hint)

    @exercise.check("dx against measured slopes")
    def _(f, rng):
        # Distinct scores a fair way apart: no nudge crosses a kink.
        x = spread * 0.37 * (rng.permutation(20).reshape(5, 4) - 9.5)
        y = rng.integers(0, 4, 5)
        _, dx = answer(f, x, y)
        slope = numeric_gradient(lambda v: answer(f, v, y)[0], x)
        try:
            return close(dx, slope, what="dx", tolerance=SLOPE_TOLERANCE)
        except CheckFailed as failure:
            summed = np.shape(dx) == x.shape and np.allclose(dx, 5 * slope)
            if not summed:
                raise
            raise CheckFailed(
                f"{failure} Does dx take part in the mean? The batch has 5 samples.",
                failure.error,
                failure.tolerance,
            ) from None

    @exercise.check("whole numbers as scores")
    def _(f, rng):
        x, y = 3 * rng.integers(-3, 4, (3, 4)), rng.integers(0, 4, 3)
        loss, dx = answer(f, x.astype(float), y)
        whole_loss, whole_dx = answer(f, x, y)
        hint = "With integer scores dx must still be floating point: which dtype does it get?"
        close(whole_loss, loss, what="loss", hint=hint)
        return close(whole_dx, dx, what="dx", hint=hint)

    @exercise.check("leaves x and y as they are")
    def _(f, rng):
        f.unchanged(name, rng.standard_normal((3, 4)), rng.integers(0, 4, 3))


# ---- svm_loss -----------------------------------------------------------------------------------


@svm_loss.check("loss by hand")
def _(f, rng):
    x, y = np.array([[2.0, 4.0, -1.0]]), np.array([0])
    loss, _ = expect_tuple(f.svm_loss(x, y), ("loss", "dx"), "svm_loss")
    return by_hand(loss, 3.0, _HINGE_LOSS_SLIPS, "loss")


@svm_loss.check("dx by hand: two classes inside the margin")
def _(f, rng):
    x, y = np.array([[1.0, 1.5, 0.5, -3.0]]), np.array([2])
    _, dx = expect_tuple(f.svm_loss(x, y), ("loss", "dx"), "svm_loss")
    return by_hand(dx, [[1.0, 1.0, -2.0, 0.0]], _HINGE_SLOPE_SLIPS, "dx")


@svm_loss.check("all scores equal: the loss is C - 1")
def _(f, rng):
    loss, _ = expect_tuple(
        f.svm_loss(np.full((3, 7), 2.5), np.array([0, 6, 3])), ("loss", "dx"), "svm_loss"
    )
    slips = [
        (7.0, "One too much: is the right class compared with itself?"),
        (18.0, _SUMMED),
        (6 / 7, "The mean is over the N samples only, not over the classes."),
    ]
    return by_hand(loss, 6.0, slips, "loss")


@svm_loss.check("every margin kept: nothing to lose, nothing to change")
def _(f, rng):
    y = np.array([1, 0, 2])
    x = 5.0 * np.eye(3)[y] + rng.uniform(-1, 1, (3, 3))
    loss, dx = expect_tuple(f.svm_loss(x, y), ("loss", "dx"), "svm_loss")
    close(loss, 0.0, what="loss", hint="Costs below 0 should count as 0.")
    return close(dx, np.zeros((3, 3)), what="dx", hint="No class is inside the margin here.")


_add_common_checks(svm_loss, spread=1.0)


# ---- softmax_loss -------------------------------------------------------------------------------


@softmax_loss.check("loss by hand")
def _(f, rng):
    x, y = np.log(np.array([[1.0, 2.0, 5.0]])), np.array([1])
    loss, _ = expect_tuple(f.softmax_loss(x, y), ("loss", "dx"), "softmax_loss")
    return by_hand(loss, 1.3862943611198906, _SOFTMAX_LOSS_SLIPS, "loss")


@softmax_loss.check("dx by hand")
def _(f, rng):
    x, y = np.log(np.array([[1.0, 2.0, 5.0]])), np.array([1])
    _, dx = expect_tuple(f.softmax_loss(x, y), ("loss", "dx"), "softmax_loss")
    return by_hand(dx, [[0.125, -0.75, 0.625]], _SOFTMAX_SLOPE_SLIPS, "dx")


@softmax_loss.check("all scores equal: the loss is log C")
def _(f, rng):
    x, y = np.full((3, 10), 2.5), np.array([0, 9, 3])
    loss, _ = expect_tuple(f.softmax_loss(x, y), ("loss", "dx"), "softmax_loss")
    return by_hand(loss, 2.302585092994046, [(6.907755278982138, _SUMMED)], "loss")


@softmax_loss.check("large scores")
def _(f, rng):
    x, y = np.array([[1000.0, 1001.0], [-1000.0, -1000.0], [0.0, 0.0]]), np.array([1, 0, 1])
    loss, dx = expect_tuple(f.softmax_loss(x, y), ("loss", "dx"), "softmax_loss")
    hint = "Take the largest score of each row (not of the whole batch) off that row before exp."
    _explain_not_finite(loss, dx, hint)
    return close(
        loss, (0.31326168751822286 + 2 * 0.6931471805599453) / 3, what="loss", tolerance=1e-6
    )


@softmax_loss.check("scores far apart")
def _(f, rng):
    x, y = np.array([[0.0, 5000.0], [2000.0, 0.0]]), np.array([0, 0])
    loss, dx = expect_tuple(f.softmax_loss(x, y), ("loss", "dx"), "softmax_loss")
    hint = (
        "p of the right class is too small for any number, so it became 0. Do not take the log of "
        "a quotient: the log of a quotient is a difference, and exp undoes log."
    )
    overflow = "An exponential overflowed: see the check of large scores."
    _explain_not_finite(loss, dx, overflow if np.isnan(as_array(loss, "loss")).any() else hint)
    close(dx, [[-0.5, 0.5], [0.0, 0.0]], what="dx", hint=hint)
    return close(loss, 2500.0, what="loss", hint=hint)


def _explain_not_finite(loss, dx, hint: str) -> None:
    for what, value in (("loss", loss), ("dx", dx)):
        if not np.isfinite(as_array(value, what)).all():
            raise CheckFailed(f"{what} is not finite: {np.asarray(value).tolist()}. {hint}")


_add_common_checks(softmax_loss, spread=1.0)


# ---- two_layer_net ------------------------------------------------------------------------------

# Two inputs, two hidden neurons, two classes; the first sample's hidden values are (3, 1), the
# second's are (-1, -4) before the ReLU.
_X = np.array([[1.0, 1.0], [3.0, -2.0]])
_PARAMS = {
    "W1": np.array([[1.0, -1.0], [2.0, 1.0]]),
    "b1": np.array([0.0, 1.0]),
    "W2": np.array([[1.0, 0.0], [0.0, 3.0]]),
    "b2": np.array([0.5, -0.5]),
}


def _loss(f, params, X, y, reg=0.0):
    return loss_and_gradients(f.two_layer_net_loss, params, X, y, reg)


def _random_net(rng, D=12, H=5, C=3):
    shapes = {"W1": (D, H), "b1": (H,), "W2": (H, C), "b2": (C,)}
    return {name: rng.standard_normal(shape) / 2 for name, shape in shapes.items()}


@two_layer_net.check("without labels: the scores, by hand")
def _(f, rng):
    scores = f.two_layer_net_loss(_PARAMS, _X)
    if isinstance(scores, tuple):
        raise CheckFailed("Without labels (y is None), loss should return the scores alone.")
    slips = [
        ([[3.5, 2.5], [-0.5, -12.5]], "The ReLU between the two layers is missing."),
        ([[3.5, 2.5], [0.5, 0.0]], "Scores may be negative: no ReLU after the second layer."),
        ([[3.0, 3.0], [0.0, 0.0]], "b2 is missing."),
    ]
    return by_hand(scores, [[3.5, 2.5], [0.5, -0.5]], slips, "scores")


@two_layer_net.check("loss by hand, without regularisation")
def _(f, rng):
    loss, _ = _loss(f, _PARAMS, _X, np.array([0, 1]))
    return by_hand(loss, 0.8132616875182228, _NET_SLIPS, "loss")


@two_layer_net.check("what the regularisation adds, by hand")
def _(f, rng):
    y = np.array([0, 1])
    plain, regularised = (_loss(f, _PARAMS, _X, y, reg)[0] for reg in (0.0, 0.1))
    added = as_array(regularised, "loss", ()) - as_array(plain, "loss", ())
    return by_hand(added, 0.85, _REGULARISATION_SLIPS, "what reg = 0.1 adds to the loss")


def _compare_slopes(f, rng, names, reg, hint):
    params, X, y = _random_net(rng), rng.standard_normal((4, 3, 2, 2)), np.array([2, 0, 1, 1])
    return compare_slopes(f.two_layer_net_loss, params, X, y, reg, names, hint)


@two_layer_net.check("gradients of W2 and b2, against measured slopes")
def _(f, rng):
    hint = "The second layer's backward pass takes the softmax's gradient and its own cache."
    return _compare_slopes(f, rng, ("W2", "b2"), 0.0, hint)


@two_layer_net.check("gradients of W1 and b1, against measured slopes")
def _(f, rng):
    hint = "On the way back: second layer, ReLU, first layer, each with its own cache."
    return _compare_slopes(f, rng, ("W1", "b1"), 0.0, hint)


@two_layer_net.check("gradients with regularisation")
def _(f, rng):
    hint = "Does the gradient of each weight match what the regularisation adds to the loss?"
    return _compare_slopes(f, rng, ("W1", "W2", "b1", "b2"), 0.7, hint)


@two_layer_net.check("one sample whose class is 0")
def _(f, rng):
    answer = f.two_layer_net_loss(_PARAMS, _X[:1], np.array([0]), 0.0)
    if not isinstance(answer, tuple):
        raise CheckFailed(
            "With y = [0] loss returned scores only. Labels are missing only if `y is None`; an "
            "array that holds nothing but 0 is a batch of class 0."
        )
    loss, _ = expect_tuple(answer, ("loss", "grads"), "loss(X, y)")
    return close(loss, 0.31326168751822286, what="loss", tolerance=1e-7)


@two_layer_net.check("leaves the parameters as they are")
def _(f, rng):
    X, y = rng.standard_normal((4, 12)), np.array([2, 0, 1, 1])
    f.unchanged("two_layer_net_loss", _random_net(rng), X, y, 0.7)
