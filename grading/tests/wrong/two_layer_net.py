"""Wrong two-layer nets as people really write them; added to the list in fully_connected.py.

They are called as the notebook's check calls them: two_layer_net_loss(params, X, y, reg). The layers
under them are right ones.
"""

import numpy as np

from grading.tests.wrong.fully_connected import (
    affine_gradients,
    right_affine_forward,
    right_relu_forward,
    wrong,
)
from grading.tests.wrong.softmax_loss import softmax_pieces
from grading.tests.wrong.svm_loss import hinge, hinge_slope


def right_relu_backward(dout, cache):
    return dout * (cache > 0)


def right_softmax_loss(x, y):
    N, _, loss, dx = softmax_pieces(x, y)
    return loss, dx / N


LAYERS = {
    "affine_forward": right_affine_forward,
    "affine_backward": affine_gradients,
    "relu_forward": right_relu_forward,
    "relu_backward": right_relu_backward,
    "softmax_loss": right_softmax_loss,
}


slip = wrong("two_layer_net", "two_layer_net_loss", **LAYERS)


def net(params, X, y, reg, loss=right_softmax_loss, last=right_relu_forward, half=0.5, power=1.0):
    """A right net for the default settings: (scores, loss, grads)."""
    a1, first = right_affine_forward(X, params["W1"], params["b1"])
    h1, gate = last(a1)
    scores, second = right_affine_forward(h1, params["W2"], params["b2"])
    if y is None:
        return scores, None, None
    value, dscores = loss(scores, y)
    value += half * reg * sum(np.sum(params[W] ** 2) for W in ("W1", "W2"))
    dh1, dW2, db2 = affine_gradients(dscores, second)
    _, dW1, db1 = affine_gradients(right_relu_backward(dh1, gate), first)
    dW1, dW2 = dW1 + power * reg * params["W1"], dW2 + power * reg * params["W2"]
    return scores, value, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


def answer(y, scores, loss, grads):
    return scores if y is None else (loss, grads)


@slip
def half_forgotten_in_the_loss(params, X, y=None, reg=0.0):
    return answer(y, *net(params, X, y, reg, half=1.0))


@slip
def regularisation_gradient_doubled(params, X, y=None, reg=0.0):
    return answer(y, *net(params, X, y, reg, power=2.0))


@slip
def regularisation_gradient_halved(params, X, y=None, reg=0.0):
    return answer(y, *net(params, X, y, reg, power=0.5))


@slip
def regularisation_gradient_missing(params, X, y=None, reg=0.0):
    return answer(y, *net(params, X, y, reg, power=0.0))


@slip
def regularisation_missing_altogether(params, X, y=None, reg=0.0):
    return answer(y, *net(params, X, y, 0.0))


@slip
def regularisation_of_the_notebook_hard_coded(params, X, y=None, reg=0.0):
    return answer(y, *net(params, X, y, 0.1))


@slip
def biases_regularised(params, X, y=None, reg=0.0):
    scores, loss, grads = net(params, X, y, reg)
    if y is not None:
        for name in ("b1", "b2"):
            loss += 0.5 * reg * np.sum(params[name] ** 2)
            grads[name] = grads[name] + reg * params[name]
    return answer(y, scores, loss, grads)


@slip
def second_layer_not_regularised(params, X, y=None, reg=0.0):
    scores, loss, grads = net(params, X, y, reg)
    if y is not None:
        loss -= 0.5 * reg * np.sum(params["W2"] ** 2)
        grads["W2"] = grads["W2"] - reg * params["W2"]
    return answer(y, scores, loss, grads)


@slip
def regularisation_divided_by_the_batch(params, X, y=None, reg=0.0):
    return answer(y, *net(params, X, y, reg / len(X)))


@slip
def absolute_weights_for_squares(params, X, y=None, reg=0.0):
    scores, loss, grads = net(params, X, y, reg, half=0.0)
    if y is not None:
        loss += 0.5 * reg * sum(np.abs(params[W]).sum() for W in ("W1", "W2"))
    return answer(y, scores, loss, grads)


@slip
def relu_left_out(params, X, y=None, reg=0.0):
    return answer(y, *net(params, X, y, reg, last=lambda x: (x, np.ones_like(x))))


@slip
def relu_left_out_on_the_way_back(params, X, y=None, reg=0.0):
    last = lambda x: (np.maximum(x, 0), np.ones_like(x))
    return answer(y, *net(params, X, y, reg, last=last))


@slip
def sigmoid_for_relu(params, X, y=None, reg=0.0):
    last = lambda x: (1 / (1 + np.exp(-x)), x)
    return answer(y, *net(params, X, y, reg, last=last))


@slip
def relu_after_the_scores(params, X, y=None, reg=0.0):
    scores, loss, grads = net(params, X, y, reg)
    return answer(y, np.maximum(scores, 0), loss, grads)


@slip
def hinge_loss_for_softmax(params, X, y=None, reg=0.0):
    def loss(x, labels):
        N, rows, margins = hinge(x, labels)
        return margins.sum() / N, hinge_slope(margins, rows, labels) / N

    return answer(y, *net(params, X, y, reg, loss=loss))


@slip
def mean_forgotten(params, X, y=None, reg=0.0):
    def loss(x, labels):
        value, dx = right_softmax_loss(x, labels)
        return len(x) * value, len(x) * dx

    return answer(y, *net(params, X, y, reg, loss=loss))


@slip
def loss_also_without_labels(params, X, y=None, reg=0.0):
    labels = np.zeros(len(X), dtype=int) if y is None else y
    return net(params, X, labels, reg)[1:]


@slip
def scores_always(params, X, y=None, reg=0.0):
    return net(params, X, y, reg)[0]


@slip
def scores_beside_loss_and_gradients(params, X, y=None, reg=0.0):
    return (
        answer(y, *net(params, X, y, reg)[:1], None, None) if y is None else net(params, X, y, reg)
    )


@slip
def labels_of_class_zero_taken_for_none(params, X, y=None, reg=0.0):
    if y is None or not np.any(y):
        return net(params, X, None, reg)[0]
    return net(params, X, y, reg)[1:]


@slip
def b2_forgotten(params, X, y=None, reg=0.0):
    scores, loss, grads = net(params | {"b2": 0 * params["b2"]}, X, y, reg)
    return answer(y, scores, loss, grads)


@slip
def b1_gradient_forgotten(params, X, y=None, reg=0.0):
    scores, loss, grads = net(params, X, y, reg)
    if grads:
        del grads["b1"]
    return answer(y, scores, loss, grads)


@slip
def gradients_called_dW1(params, X, y=None, reg=0.0):
    scores, loss, grads = net(params, X, y, reg)
    return answer(y, scores, loss, {f"d{name}": part for name, part in (grads or {}).items()})


@slip
def gradients_as_a_tuple(params, X, y=None, reg=0.0):
    scores, loss, grads = net(params, X, y, reg)
    return answer(y, scores, loss, tuple((grads or {}).values()))


@slip
def only_rows_of_numbers(params, X, y=None, reg=0.0):
    X @ params["W1"]
    return answer(y, *net(params, X, y, reg))


@slip
def wrong_cache_for_the_second_layer(params, X, y=None, reg=0.0):
    scores, loss, grads = net(params, X, y, reg)
    if y is not None:
        a1 = right_affine_forward(X, params["W1"], params["b1"])[0]
        grads["W2"] = a1.T @ right_softmax_loss(scores, y)[1] + reg * params["W2"]
    return answer(y, scores, loss, grads)


@slip
def weights_updated_in_the_loss(params, X, y=None, reg=0.0):
    scores, loss, grads = net(params, X, y, reg)
    for name, part in (grads or {}).items():
        params[name] -= 1e-3 * part
    return answer(y, scores, loss, grads)


@slip
def gradient_written_into_the_weights(params, X, y=None, reg=0.0):
    scores, loss, grads = net(params, X, y, reg)
    if grads:
        params["W1"] *= 1 + reg
    return answer(y, scores, loss, grads)


_kept = {}


@slip
def gradients_added_up_over_calls(params, X, y=None, reg=0.0):
    scores, loss, grads = net(params, X, y, reg)
    for name, part in (grads or {}).items():
        key = name, part.shape
        grads[name] = _kept[key] = _kept.get(key, 0) + part
    return answer(y, scores, loss, grads)


@slip
def zeros(params, X, y=None, reg=0.0):
    scores = np.zeros((len(X), len(params["b2"])))
    return answer(y, scores, 0.0, {name: np.zeros_like(part) for name, part in params.items()})
