"""Hidden checks of the notebook 9_train_convnet: the net here, the rest in update_rules.py and
training_loop.py.

The layers that the net stands on were graded in the notebooks they are from; while this one is
graded the course's own stand in for them. So the reference is the only oracle.
"""

from __future__ import annotations

import numpy as np

from cs231n.check.compare import expect_tuple
from cs231n.check.core import Exercise
from cs231n.check.results import CheckFailed
from grading.checks import fast, oracle, training_loop, update_rules
from grading.checks.answers import as_array, check_not_constant, close, serious
from grading.reference import training

sgd_momentum, adam = update_rules.sgd_momentum, update_rules.adam
expected_initial_loss = training_loop.expected_initial_loss
minibatches, train_epoch = training_loop.minibatches, training_loop.train_epoch
confusion_matrix = training_loop.confusion_matrix

# The layers stay: the net is built of them.
HIDE = (*fast.NETWORKS, *fast.TRAINING, "cs231n.fast_optim")

_FUNCTIONS = ("three_layer_net_params", "three_layer_net_loss")
three_layer_conv_net = Exercise("three_layer_conv_net", functions=_FUNCTIONS)

_NAMES = ("W1", "b1", "W2", "b2", "W3", "b3")
_TOLERANCE = 1e-5  # wide enough for a solution that computes in float32
_TINY = 1e-30  # a weight_scale with which it makes no difference what was drawn


def _shapes(C, H, W, F, size, hidden, classes) -> dict[str, tuple[int, ...]]:
    maps = F * (H // 2) * (W // 2)
    return {
        **{"W1": (F, C, size, size), "b1": (F,), "W2": (maps, hidden), "b2": (hidden,)},
        **{"W3": (hidden, classes), "b3": (classes,)},
    }


def _case(rng, reg=0.0, N=4, C=2, H=4, W=6, F=3, size=3, hidden=5, classes=4):
    """Parameters, pictures, labels and reg. Weights are such that no layer dies."""
    params = {}
    for name, shape in _shapes(C, H, W, F, size, hidden, classes).items():
        fan_in = int(np.prod(shape[1:] if name == "W1" else shape[:1])) if name[0] == "W" else 4
        params[name] = rng.standard_normal(shape) * (2 / fan_in) ** 0.5
    params["b2"] += 0.5
    y = rng.integers(0, classes, N)
    y[0] = classes - 1  # not all of them are 0
    return params, rng.standard_normal((N, C, H, W)), y, reg


@oracle.remembered
def _reference_net(params, X, y, reg):
    """(scores, loss, grads) of the reference."""
    net = training.ThreeLayerConvNet(X.shape[1:], 1, 1, 1, 1, reg=reg)
    net.params = dict(params)
    return net.loss(X), *net.loss(X, y)


# ---- params -------------------------------------------------------------------------------------


def _params(f, sizes, scale, dtype="float64") -> dict[str, np.ndarray]:
    C, H, W, *others = sizes
    params = f.three_layer_net_params((C, H, W), *others, scale, dtype)
    if not isinstance(params, dict):
        raise CheckFailed("self.params should be a dict.")
    for name, shape in _shapes(*sizes).items():
        if name not in params:
            raise CheckFailed(f'self.params has no entry "{name}".')
        array = as_array(params[name], f'params["{name}"]', shape)
        if array.shape != shape:
            raise CheckFailed(f'params["{name}"] has shape {array.shape}, which is not right.')
    if len(params) > len(_NAMES):
        raise CheckFailed("self.params has more entries than the net has parameters.")
    return params


@three_layer_conv_net.check("shapes of the parameters")
def _(f, rng):
    for sizes in ((3, 8, 8, 4, 3, 6, 10), (1, 2, 12, 5, 7, 3, 2), (4, 10, 4, 2, 1, 8, 3)):
        _params(f, sizes, _TINY)


@three_layer_conv_net.check("first values of the parameters, and their dtype")
def _(f, rng):
    sizes = (3, 8, 12, 16, 5, 40, 30)
    for scale, dtype in ((_TINY, "float32"), (1e-2, "float32"), (2.0, "float64")):
        for name, value in _params(f, sizes, scale, dtype).items():
            array = as_array(value, name)
            if array.dtype != np.dtype(dtype):
                raise CheckFailed(f'params["{name}"] is {array.dtype}, and not as asked for.')
            if name[0] == "b":
                close(array, np.zeros(array.shape), what=name)
            if name[0] == "b" or scale == _TINY:
                continue
            spread, mean = float(array.std()) / scale, float(array.mean()) / scale
            if not abs(spread - 1) < 0.15 or not abs(mean) < 0.25:
                raise CheckFailed(f"{name} has not the spread that weight_scale asks for.")
            if len(np.unique(array)) < array.size // 2:
                raise CheckFailed(f"{name} holds the same number many times.")


# ---- loss ---------------------------------------------------------------------------------------


def _compare_scores(f, case):
    params, X, _, reg = case
    scores = f.three_layer_net_loss(params, X, None, reg)
    return close(scores, _reference_net(*case)[0], what="scores", tolerance=_TOLERANCE)


def _answer(f, case) -> tuple:
    loss, grads = expect_tuple(f.three_layer_net_loss(*case), ("loss", "grads"), "loss")
    if not isinstance(grads, dict):
        raise CheckFailed(f"grads should be a dict, but it is a {type(grads).__name__}.")
    return loss, grads


def _compare_net(f, case, names=(), loss_too=True):
    loss, grads = _answer(f, case)
    _, right_loss, right = _reference_net(*case)
    measured = None
    if loss_too:
        measured = close(loss, right_loss, what="loss", tolerance=_TOLERANCE)
    for key in names:
        if key not in grads:
            raise CheckFailed(f'There is no gradient of "{key}" in grads.')
        place = f'grads["{key}"]'
        measured = close(grads[key], right[key], what=place, tolerance=_TOLERANCE)
    return measured


def _variants(rng, reg=0.0):
    """Square and not, filters of several sizes, one picture, and a net of ones."""
    return [
        _case(rng, reg),
        _case(rng, reg, N=3, C=3, H=8, W=4, F=2, size=5, hidden=3, classes=3),
        _case(rng, reg, N=1, C=1, H=2, W=10, F=4, size=1, hidden=6, classes=2),
        _case(rng, reg, N=2, C=1, H=6, W=6, F=1, size=7, hidden=7, classes=5),
    ]


@three_layer_conv_net.check("scores", weight=2)
def _(f, rng):
    for case in _variants(rng):
        measured = _compare_scores(f, case)
    _compare_scores(f, _case(rng, reg=0.5))
    return measured


@three_layer_conv_net.check("loss without regularisation")
def _(f, rng):
    for case in _variants(rng):
        measured = _compare_net(f, case)
    return measured


@three_layer_conv_net.check("loss with regularisation", weight=2)
def _(f, rng):
    _compare_net(f, _case(rng, reg=0.3))
    return _compare_net(f, _case(rng, reg=2.0, N=2, H=6, W=4, F=5))


def _add_gradient_check(names, weight):
    @three_layer_conv_net.check(f"gradients of {' and '.join(names)}", weight=weight)
    def _(f, rng):
        for case in _variants(rng):
            measured = _compare_net(f, case, names, loss_too=False)
        return measured


_add_gradient_check(("W3", "b3"), 1)
_add_gradient_check(("W2", "b2"), 1.5)
_add_gradient_check(("W1", "b1"), 1.5)


@three_layer_conv_net.check("gradients of the weights with regularisation", weight=2)
def _(f, rng):
    _compare_net(f, _case(rng, reg=0.3), ("W1", "W2", "W3"), loss_too=False)
    case = _case(rng, reg=2.0, N=2, H=6, W=4, F=5)
    return _compare_net(f, case, ("W1", "W2", "W3"), loss_too=False)


@three_layer_conv_net.check("gradients of the biases with regularisation")
def _(f, rng):
    return _compare_net(f, _case(rng, reg=0.6), ("b1", "b2", "b3"), loss_too=False)


@three_layer_conv_net.check("a batch of nothing but class 0")
def _(f, rng):
    params, X, y, reg = _case(rng, reg=0.1, N=3)
    _compare_net(f, (params, X, 0 * y, reg), ("W1", "W3"))
    params, X, y, reg = _case(rng, reg=0.1, N=1)
    return _compare_net(f, (params, X, 0 * y, reg), ("W1", "W3"))


@three_layer_conv_net.check("arrays in any order in memory, read-only labels of another dtype")
def _(f, rng):
    params, X, y, reg = _case(rng, reg=0.2, N=3, H=4, W=8)
    params = {name: np.asfortranarray(value) for name, value in params.items()}
    case = params, np.asfortranarray(X), y.astype(np.int32), reg
    return _compare_net(f, case, ("W1", "W2", "b3"))


@three_layer_conv_net.check("parameters left alone, nothing remembered")
def _(f, rng):
    case, other = _case(rng, reg=0.4), _case(rng, N=4)
    loss, grads = expect_tuple(
        f.unchanged("three_layer_net_loss", *case), ("loss", "grads"), "loss"
    )
    if not isinstance(grads, dict) or not set(_NAMES) <= set(grads):
        raise CheckFailed("grads should be a dict with the names of the parameters.")
    first = {name: np.array(serious(grads[name], f'grads["{name}"]')) for name in _NAMES}
    between, _ = _answer(f, other)
    again, after = _answer(f, case)
    check_not_constant(between, loss, "loss")
    close(again, as_array(loss, "loss", ()), what="loss of the same call again", tolerance=1e-10)
    for name, part in first.items():
        place = f'grads["{name}"] of the same call again'
        close(after.get(name), part, what=place, tolerance=1e-10)


# ---- where chance would decide --------------------------------------------------------------

three_layer_conv_net.same_in_all_courses(
    "gradients of the biases with regularisation",
    "arrays in any order in memory, read-only labels of another dtype",
)
