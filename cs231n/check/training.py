"""Visible checks of the notebook 9_train_convnet: the net here, the rest in update_rules.py and
training_loop.py.

Numbers stored here can be followed by hand; so are wrong ones, each with the slip that leads there.
Gradients are measured on the student's own loss.
"""

from __future__ import annotations

import numpy as np

from cs231n.check.compare import as_array, close, expect_keys, expect_tuple
from cs231n.check.core import CheckFailed, Exercise
from cs231n.check.losses import by_hand
from cs231n.check.nets import compare_slopes, loss_and_gradients
from cs231n.check.training_loop import (
    confusion_matrix,
    expected_initial_loss,
    minibatches,
    train_epoch,
)
from cs231n.check.update_rules import adam, sgd_momentum

__all__ = [
    "adam",
    "confusion_matrix",
    "expected_initial_loss",
    "minibatches",
    "sgd_momentum",
    "three_layer_conv_net",
    "train_epoch",
]

three_layer_conv_net = Exercise(
    "three_layer_conv_net", functions=("three_layer_net_params", "three_layer_net_loss")
)

_NAMES = ("W1", "b1", "W2", "b2", "W3", "b3")

# ---- params -------------------------------------------------------------------------------------

# input_dim, num_filters, filter_size, hidden_dim, num_classes
_SIZES = [
    ("the default sizes", ((3, 32, 32), 32, 7, 100, 10)),
    ("pictures wider than high, 5×5 filters", ((2, 4, 10), 6, 5, 7, 4)),
    ("pictures higher than wide, 1×1 filters", ((1, 8, 2), 3, 1, 9, 2)),
]


# So small that it makes no difference what was drawn: mistakes in shapes, dtypes and biases are
# then recognised whatever the weights are.
_TINY = 1e-30


def _params(f, sizes, scale=_TINY, dtype="float64") -> dict:
    params = expect_keys(f.three_layer_net_params(*sizes, scale, dtype), _NAMES, "self.params")
    return {name: as_array(params[name], f'params["{name}"]') for name in _NAMES}


def _shapes(sizes) -> dict:
    (C, H, W), F, size, hidden, classes = sizes
    return {
        **{"W1": (F, C, size, size), "b1": (F,), "W2": (F * (H // 2) * (W // 2), hidden)},
        **{"b2": (hidden,), "W3": (hidden, classes), "b3": (classes,)},
    }


def _check_shapes(f, sizes):
    params = _params(f, sizes)
    for name, shape in _shapes(sizes).items():
        if params[name].shape != shape:
            hint = ""
            if name == "W2":
                F, (_, H, W) = sizes[1], sizes[0]
                hint = (
                    f" The pool leaves {F} maps of {H // 2}×{W // 2} of a picture of {H}×{W}: how "
                    "many numbers are they?"
                )
            raise CheckFailed(
                f'params["{name}"] has shape {params[name].shape}, but it should be {shape}.{hint}'
            )


for _name, _case in _SIZES:

    @three_layer_conv_net.check(f"shapes of the parameters: {_name}")
    def _(f, rng, sizes=_case):
        return _check_shapes(f, sizes)


@three_layer_conv_net.check("weights are small and random, biases are zero")
def _(f, rng):
    sizes = ((3, 8, 8), 20, 5, 30, 50)  # so many numbers that their spread is known well
    for scale in (_TINY, 1e-3, 0.5):
        params = _params(f, sizes, scale)
        for name, value in params.items():
            if name.startswith("b") and value.any():
                raise CheckFailed(f"{name} should begin as zeros.")
            if name.startswith("b") or scale == _TINY:
                continue
            spread, mean = float(value.std()), float(value.mean())
            if not abs(spread / scale - 1) < 0.15 or not abs(mean) < 0.25 * scale:
                raise CheckFailed(
                    f"With weight_scale = {scale:g} the numbers in {name} should have a standard "
                    f"deviation of about {scale:g} around 0; theirs is {spread:.3g} around "
                    f"{mean:.3g}. Is weight_scale used, and as a factor of a normal distribution?"
                )
            if len(np.unique(value)) < value.size // 2:
                raise CheckFailed(f"{name} holds the same number many times: draw each by itself.")


@three_layer_conv_net.check("params have the dtype asked for")
def _(f, rng):
    for dtype in ("float32", "float64"):
        for name, value in _params(f, ((1, 4, 4), 2, 3, 3, 2), dtype=dtype).items():
            if value.dtype != np.dtype(dtype):
                raise CheckFailed(
                    f'With dtype {dtype}, params["{name}"] is {value.dtype}. A number of float64 '
                    "times an array of float32 may be float64: convert at the end."
                )


# ---- loss ---------------------------------------------------------------------------------------

# One grey picture of 2×4, one 1×1 filter (weight 2, bias -3): the maps behind the filter are
# [[-1, 1, -3, -5], [3, -3, -1, -5]]; the pool leaves 3 and (with a ReLU before it) 0.
_X = np.array([[[[1.0, 2.0, 0.0, -1.0], [3.0, 0.0, 1.0, -1.0]]]])
_PARAMS = {
    **{"W1": np.array([[[[2.0]]]]), "b1": np.array([-3.0])},
    **{"W2": np.array([[1.0, -1.0], [4.0, 1.0]]), "b2": np.array([-1.0, 1.0])},
    **{"W3": np.array([[1.0, -2.0], [5.0, 3.0]]), "b3": np.array([-0.5, 2.5])},
}
_SCORE_SLIPS = [
    ([[-0.5, 2.5]], "No ReLU between convolution and pool: the second largest value is then -1."),
    ([[12.5, -23.5]], "The filter's bias b1 is missing."),
    ([[2.5, -3.5]], "b2 is missing."),
    ([[2.0, -4.0]], "b3 is missing."),
    ([[-8.5, -7.5]], "The ReLU between the two affine layers is missing."),
    ([[1.5, 0.0]], "Scores may be negative: no ReLU after the last layer."),
]
_REGULARISATION_SLIPS = [
    (0.0, "There is no such term yet."),
    (12.4, "The factor 0.5 is missing."),
    (5.8, "W1 is missing."),
    (4.3, "W2 is missing."),
    (2.3, "W3 is missing."),
    (7.95, "Biases should be left out."),
    (31.0, "The strength self.reg is missing."),
    (3.1, "It is halved twice."),
]


def _loss(f, params, X, y, reg=0.0):
    return loss_and_gradients(f.three_layer_net_loss, params, X, y, reg)


def _random_net(rng, C=2, H=4, W=6, F=3, size=3, hidden=4, classes=3):
    shapes = _shapes(((C, H, W), F, size, hidden, classes))
    return {name: rng.standard_normal(shape) / 2 for name, shape in shapes.items()}


@three_layer_conv_net.check("without labels: the scores, by hand")
def _(f, rng):
    scores = f.three_layer_net_loss(_PARAMS, _X)
    if isinstance(scores, tuple):
        raise CheckFailed("Without labels (y is None), loss should return the scores alone.")
    return by_hand(scores, [[1.5, -1.5]], _SCORE_SLIPS, "scores")


@three_layer_conv_net.check("filters of 1×1, 3×3 and 5×5 keep the picture's size")
def _(f, rng):
    for size in (1, 3, 5):
        params, X = _random_net(rng, size=size), rng.standard_normal((2, 2, 4, 6))
        try:
            scores = as_array(f.three_layer_net_loss(params, X), "scores", (2, 3))
        except CheckFailed as failure:
            if "stopped with" not in str(failure):
                raise
            raise CheckFailed(
                f"With {size}×{size} filters: {failure} How wide must the border of zeros be, so "
                f"that a {size}×{size} filter finds as many places as the picture has pixels?"
            ) from None
        if scores.shape != (2, 3):
            raise CheckFailed(f"scores have shape {scores.shape}, but it should be (2, 3).")


@three_layer_conv_net.check("loss by hand, without regularisation")
def _(f, rng):
    loss, _ = _loss(f, _PARAMS, _X, np.array([1]))
    slips = [(4.0, "That is the hinge loss; this net uses the softmax loss.")]
    return by_hand(loss, 3.0485873515737421, slips, "loss")


@three_layer_conv_net.check("what the regularisation adds, by hand")
def _(f, rng):
    y = np.array([0])
    plain, regularised = (_loss(f, _PARAMS, _X, y, reg)[0] for reg in (0.0, 0.2))
    added = as_array(regularised, "loss", ()) - as_array(plain, "loss", ())
    return by_hand(added, 6.2, _REGULARISATION_SLIPS, "what reg = 0.2 adds to the loss")


def _compare_slopes(f, rng, names, reg, hint):
    params, X, y = _random_net(rng), rng.standard_normal((3, 2, 4, 6)), np.array([2, 0, 1])
    return compare_slopes(f.three_layer_net_loss, params, X, y, reg, names, hint)


@three_layer_conv_net.check("gradients of W3 and b3, against measured slopes")
def _(f, rng):
    hint = "The last layer's backward pass takes the softmax's gradient and its own cache."
    return _compare_slopes(f, rng, ("W3", "b3"), 0.0, hint)


@three_layer_conv_net.check("gradients of W2 and b2, against measured slopes")
def _(f, rng):
    hint = "On the way back: last layer, second ReLU, second layer, each with its own cache."
    return _compare_slopes(f, rng, ("W2", "b2"), 0.0, hint)


@three_layer_conv_net.check("gradients of W1 and b1, against measured slopes")
def _(f, rng):
    hint = "Behind the second layer: pool, first ReLU, convolution, each with its own cache."
    return _compare_slopes(f, rng, ("W1", "b1"), 0.0, hint)


@three_layer_conv_net.check("gradients with regularisation")
def _(f, rng):
    hint = "Does the gradient of each weight match what the regularisation adds to the loss?"
    return _compare_slopes(f, rng, ("b1", "b2", "b3", "W3", "W2", "W1"), 0.7, hint)


@three_layer_conv_net.check("the same batch twice over gives the same loss")
def _(f, rng):
    params, X, y = _random_net(rng), rng.standard_normal((3, 2, 4, 6)), np.array([2, 0, 1])
    twice = np.concatenate([X, X]), np.concatenate([y, y])
    hint = "Both the mean over the pictures and the regularisation do not depend on how many."
    for reg in (0.0, 0.7):
        loss = as_array(_loss(f, params, X, y, reg)[0], "loss", ())
        doubled = _loss(f, params, *twice, reg)[0]
        close(doubled, loss, what=f"loss of the doubled batch, reg = {reg}", hint=hint)


@three_layer_conv_net.check("one picture whose class is 0")
def _(f, rng):
    answer = f.three_layer_net_loss(_PARAMS, _X, np.array([0]), 0.0)
    if not isinstance(answer, tuple):
        raise CheckFailed(
            "With y = [0] loss returned scores only. Labels are missing only if `y is None`; an "
            "array that holds nothing but 0 is a batch of class 0."
        )
    loss, _ = expect_tuple(answer, ("loss", "grads"), "loss(X, y)")
    return close(loss, 0.048587351573742, what="loss", tolerance=1e-7)


@three_layer_conv_net.check("leaves the parameters as they are")
def _(f, rng):
    X, y = rng.standard_normal((3, 2, 4, 6)), np.array([2, 0, 1])
    f.unchanged("three_layer_net_loss", _random_net(rng), X, y, 0.7)
