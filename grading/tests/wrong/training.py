"""Wrong solutions of notebook 9_train_convnet as people really write them: the net.

training_rules.py adds the rest to the list. Nets are called as the notebook's check calls them.
"""

import numpy as np

from cs231n import fast_layers as fast
from grading.tests.wrong.fully_connected import affine_gradients
from grading.variants.training import _softmax, params_one_by_one

WRONG = []


def wrong(exercise, function, **others):
    """Decorator: add a function under its name, with the right ones it needs beside it."""

    def add(f):
        functions = {**others, function: f}
        WRONG.append({"exercise": exercise, "name": f.__name__, "functions": functions})
        return f

    return add


def net(
    params,
    X,
    y,
    reg,
    *,
    pad=None,
    relu1=True,
    relu2=True,
    half=0.5,
    power=1.0,
    in_loss=("W1", "W2", "W3"),
    in_grads=("W1", "W2", "W3"),
    no_bias=(),
    mean=True,
    cut=False,
):
    """A right net for the default settings: (scores, loss, grads)."""
    p = {k: 0 * v if k in no_bias else v for k, v in params.items()}
    pad = (p["W1"].shape[2] - 1) // 2 if pad is None else pad
    a1, conv_cache = fast.conv_forward_fast(X, p["W1"], p["b1"], {"stride": 1, "pad": pad})
    h1 = np.maximum(a1, 0) if relu1 else a1
    pool = {"pool_height": 2, "pool_width": 2, "stride": 2}
    pooled, pool_cache = fast.max_pool_forward_fast(h1, pool)
    rows = pooled.reshape(len(X), -1)
    a2 = rows @ p["W2"] + p["b2"]
    h2 = np.maximum(a2, 0) if relu2 else a2
    scores = h2 @ p["W3"] + p["b3"]
    if y is None:
        return scores, None, None
    loss, d = _softmax(scores, y)
    if not mean:
        loss, d = len(y) * loss, len(y) * d
    loss += half * reg * sum(np.sum(params[k] ** 2) for k in in_loss)
    dh2, dW3, db3 = affine_gradients(d, (h2, p["W3"], p["b3"]))
    da2 = dh2 * (a2 > 0) if relu2 else dh2
    drows, dW2, db2 = affine_gradients(da2, (rows, p["W2"], p["b2"]))
    dh1 = fast.max_pool_backward_fast(drows.reshape(pooled.shape), pool_cache)
    da1 = dh1 * (a1 > 0) if relu1 else dh1
    _, dW1, db1 = fast.conv_backward_fast(da1, conv_cache)
    grads = {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2, "W3": dW3, "b3": db3}
    for k in in_grads:
        grads[k] = grads[k] + power * reg * params[k]
    return scores, loss, grads


def answer(y, scores, loss, grads):
    return scores if y is None else (loss, grads)


slip = wrong(
    "three_layer_conv_net", "three_layer_net_loss", three_layer_net_params=params_one_by_one
)


def _variant(name, **options):
    def three_layer_net_loss(params, X, y=None, reg=0.0):
        return answer(y, *net(params, X, y, reg, **options))

    three_layer_net_loss.__name__ = name
    slip(three_layer_net_loss)


ALL = ("W1", "b1", "W2", "b2", "W3", "b3")
_variant("padded_for_sevens_only", pad=3)
_variant("not_padded", pad=0)
_variant("padded_by_one", pad=1)
_variant("first_relu_forgotten", relu1=False)
_variant("second_relu_forgotten", relu2=False)
_variant("half_forgotten_in_the_loss", half=1.0)
_variant("half_also_in_the_gradient", power=0.5)
_variant("factor_two_in_the_gradient", power=2.0)
_variant("regularisation_gradient_forgotten", power=0.0)
_variant("regularisation_loss_forgotten", half=0.0)
_variant("regularisation_with_a_minus", half=-0.5, power=-1.0)
_variant("W1_not_regularised", in_loss=("W2", "W3"), in_grads=("W2", "W3"))
_variant("W2_not_regularised", in_loss=("W1", "W3"), in_grads=("W1", "W3"))
_variant("W3_not_regularised", in_loss=("W1", "W2"), in_grads=("W1", "W2"))
_variant("W1_not_regularised_in_the_gradient", in_grads=("W2", "W3"))
_variant("W3_not_regularised_in_the_gradient", in_grads=("W1", "W2"))
_variant("biases_regularised", in_loss=ALL, in_grads=ALL)
_variant("biases_regularised_in_the_gradient", in_grads=ALL)
_variant("b1_forgotten", no_bias=("b1",))
_variant("b2_forgotten", no_bias=("b2",))
_variant("b3_forgotten", no_bias=("b3",))
_variant("mean_forgotten", mean=False)


@slip
def regularisation_grows_with_the_batch(params, X, y=None, reg=0.0):
    return answer(y, *net(params, X, y, reg * (1 if y is None else len(y))))


@slip
def regularisation_divided_by_the_batch(params, X, y=None, reg=0.0):
    return answer(y, *net(params, X, y, reg / len(X)))


@slip
def loss_and_gradients_without_labels_too(params, X, y=None, reg=0.0):
    labels = np.zeros(len(X), dtype=int) if y is None else y
    return net(params, X, labels, reg)[1:]


@slip
def labels_of_class_zero_taken_for_none(params, X, y=None, reg=0.0):
    y = None if y is None or not np.any(y) else y
    return answer(y, *net(params, X, y, reg))


@slip
def probabilities_as_scores(params, X, y=None, reg=0.0):
    scores, loss, grads = net(params, X, y, reg)
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return answer(y, powers / powers.sum(axis=1, keepdims=True), loss, grads)


@slip
def relu_after_the_scores(params, X, y=None, reg=0.0):
    scores, loss, grads = net(params, X, y, reg)
    return answer(y, np.maximum(scores, 0), loss, grads)


@slip
def pool_gradient_past_the_relu(params, X, y=None, reg=0.0):
    """The first ReLU is left out on the way back."""
    scores, loss, grads = net(params, X, y, reg)
    if grads:
        other = net(params, X, y, reg, relu1=False)[2]
        grads["W1"], grads["b1"] = other["W1"], other["b1"]
    return answer(y, scores, loss, grads)


@slip
def gradients_called_dW1(params, X, y=None, reg=0.0):
    scores, loss, grads = net(params, X, y, reg)
    return answer(y, scores, loss, {f"d{k}": v for k, v in (grads or {}).items()})


@slip
def b1_gradient_forgotten(params, X, y=None, reg=0.0):
    scores, loss, grads = net(params, X, y, reg)
    (grads or {}).pop("b1", None)
    return answer(y, scores, loss, grads)


@slip
def weights_updated_in_the_loss(params, X, y=None, reg=0.0):
    scores, loss, grads = net(params, X, y, reg)
    for k, v in (grads or {}).items():
        params[k] -= 1e-3 * v
    return answer(y, scores, loss, grads)


@slip
def weights_shrunk_by_the_regularisation(params, X, y=None, reg=0.0):
    scores, loss, grads = net(params, X, y, reg)
    if grads:
        params["W2"] *= 1 - reg / 10
    return answer(y, scores, loss, grads)


@slip
def pictures_must_be_square(params, X, y=None, reg=0.0):
    X = X.reshape(X.shape[0], X.shape[1], X.shape[2], X.shape[2])
    return answer(y, *net(params, X, y, reg))


@slip
def zeros(params, X, y=None, reg=0.0):
    scores = np.zeros((len(X), len(params["b3"])))
    return answer(y, scores, 0.0, {k: np.zeros_like(v) for k, v in params.items()})


def right_loss(params, X, y=None, reg=0.0):
    return answer(y, *net(params, X, y, reg))


bad_params = wrong(
    "three_layer_conv_net", "three_layer_net_params", three_layer_net_loss=right_loss
)


def _made(change):
    def add(f):
        def three_layer_net_params(input_dim, F, size, hidden, classes, scale, dtype):
            sizes = (input_dim, F, size, hidden, classes, scale, dtype)
            return change(params_one_by_one(*sizes), *sizes)

        three_layer_net_params.__name__ = f
        bad_params(three_layer_net_params)

    return add


_made(
    lambda p, dim, *_: {
        **p,
        "W2": np.resize(p["W2"], (dim[1] ** 2 // 4 * len(p["b1"]), len(p["b2"]))),
    }
)("square_pictures_only")
_made(lambda p, dim, *_: {**p, "W2": np.resize(p["W2"], (4 * len(p["W2"]), len(p["b2"])))})(
    "pool_forgotten"
)
_made(lambda p, *_: {k: v / 1e3 if k[0] == "W" else v for k, v in p.items()})("scaled_twice")
_made(
    lambda p, dim, F, size, h, c, scale, dtype: {
        k: (v / scale * 1e-3 if k[0] == "W" else v).astype(dtype) for k, v in p.items()
    }
)("scale_is_a_constant")
_made(lambda p, dim, F, size, h, c, scale, dtype: {k: np.abs(v) for k, v in p.items()})(
    "weights_all_positive"
)
_made(
    lambda p, dim, F, size, h, c, scale, dtype: {
        k: np.full_like(v, scale) if k[0] == "W" else v for k, v in p.items()
    }
)("weights_all_equal")
_made(
    lambda p, dim, F, size, h, c, scale, dtype: {
        k: v + scale if k[0] == "b" else v for k, v in p.items()
    }
)("biases_not_zero")
_made(lambda p, *_: {k: v.astype("float64") for k, v in p.items()})("always_float64")
_made(lambda p, *_: {k: v.astype("float32") for k, v in p.items()})("always_float32")
_made(lambda p, *_: {**p, "W2": p["W2"].T})("W2_transposed")
_made(lambda p, *_: {**p, "W1": p["W1"].transpose(1, 0, 2, 3)})("filters_and_channels_exchanged")
_made(lambda p, *_: {k: v for k, v in p.items() if k[0] == "W"})("biases_forgotten")
