"""Hidden checks of the losses and the two-layer net in the notebook 1_fully_connected.

The losses are compared with the reference. Checks with a single sample do not depend on the mean,
so that forgetting it costs a part of the points and not all. For the net, whoever put the pieces
together rightly has earned its points even if one of the pieces has a slip, which its own exercise
has paid for: where the reference disagrees, the student's own layers, put together as the
notebook says, are the second oracle.
"""

from __future__ import annotations

import numpy as np

from cs231n.check.compare import as_array, expect_tuple
from cs231n.check.core import CheckFailed, Exercise
from cs231n.check.results import NotReady
from grading.checks.core import close
from grading.reference import fully_connected as reference

svm_loss = Exercise("svm_loss", functions=("svm_loss",))
softmax_loss = Exercise("softmax_loss", functions=("softmax_loss",))
_LAYERS = ("affine_forward", "affine_backward", "relu_forward", "relu_backward", "softmax_loss")
two_layer_net = Exercise("two_layer_net", functions=("two_layer_net_loss", *_LAYERS))

_TOLERANCE = 1e-5  # wide enough for a solution that computes in float32


# ---- both losses --------------------------------------------------------------------------------


def _compare_loss(f, name, x, y, part="both", tolerance=_TOLERANCE, hint=""):
    came = getattr(f, name)(x, y)
    loss, dx = expect_tuple(came, ("loss", "dx"), name)
    right_loss, right_dx = getattr(reference, name)(x, y)
    measured = None
    if part != "dx":
        one = as_array(loss, "loss", ())
        loss = one.reshape(()) if one.size == 1 else one  # [3.0] will do for 3.0
        measured = close(loss, right_loss, what="loss", tolerance=tolerance, hint=hint)
    if part != "loss":
        measured = close(dx, right_dx, what="dx", tolerance=tolerance, hint=hint)
    return measured


def _batch(rng, N, C):
    """Scores with classes a little behind, ahead, and far behind the right class, by turns.

    So every case has something to say to every slip, whatever the random numbers are.
    """
    y = rng.permutation(np.arange(N) % C)
    x = np.empty((N, C))
    x[np.arange(N), y] = rng.standard_normal(N)
    for n in range(N):
        others = rng.permutation(np.delete(np.arange(C), y[n]))
        for k, j in enumerate(others):
            low, high = ((-0.9, -0.1), (-4.0, -1.1), (0.1, 2.0))[(k + n) % 3]
            x[n, j] = x[n, y[n]] + rng.uniform(low, high)
    return x, y


def _add_common_checks(exercise: Exercise) -> None:
    name = exercise.functions[0]

    @exercise.check("loss of single samples", weight=2)
    def _(f, rng):
        for C in (3, 7, 2):
            measured = _compare_loss(f, name, *_batch(rng, 1, C), part="loss")
        return measured

    @exercise.check("dx of single samples", weight=2)
    def _(f, rng):
        for C in (3, 7, 2):
            measured = _compare_loss(f, name, *_batch(rng, 1, C), part="dx")
        return measured

    @exercise.check("loss of a batch", weight=2)
    def _(f, rng):
        for N, C in ((6, 4), (3, 9), (5, 5)):
            measured = _compare_loss(f, name, *_batch(rng, N, C), part="loss")
        return measured

    @exercise.check("dx of a batch", weight=3)
    def _(f, rng):
        for N, C in ((6, 4), (3, 9), (5, 5)):
            measured = _compare_loss(f, name, *_batch(rng, N, C), part="dx")
        return measured

    @exercise.check("every class right, and the same class right in every sample")
    def _(f, rng):
        x, _ = _batch(rng, 5, 5)
        _compare_loss(f, name, x, rng.permutation(5))
        for k in (0, 4):
            measured = _compare_loss(f, name, x, np.full(5, k))
        return measured

    @exercise.check("two classes, one class")
    def _(f, rng):
        _compare_loss(f, name, *_batch(rng, 4, 2))
        return _compare_loss(f, name, *_batch(rng, 3, 1))

    @exercise.check("whole numbers as scores")
    def _(f, rng):
        # Multiples of 3, so that no margin is 0 exactly, where the hinge has no slope.
        row = rng.permutation([-6, -3, 0, 3, 6, 9])
        x = np.array([np.roll(row, n) - 3 * n for n in range(4)])
        y = np.argsort(x, axis=1)[:, 3]  # two classes are ahead of the right one
        return _compare_loss(f, name, x, y, hint="Which dtype does dx get?")

    @exercise.check("float32, and Fortran order")
    def _(f, rng):
        x, y = _batch(rng, 6, 4)
        _compare_loss(f, name, np.asfortranarray(x), y)
        return _compare_loss(f, name, x.astype(np.float32), y.astype(np.int32), tolerance=1e-4)

    @exercise.check("inputs left alone, nothing remembered", weight=2)
    def _(f, rng):
        x, y = _batch(rng, 5, 4)
        loss, dx = expect_tuple(f.unchanged(name, x, y), ("loss", "dx"), name)
        loss, dx = np.array(as_array(loss, "loss", ())), np.array(as_array(dx, "dx"))
        if not np.any(dx):
            raise CheckFailed("dx is zero everywhere.")
        getattr(f, name)(x + 3 * rng.standard_normal(x.shape), y)
        again, dx_again = expect_tuple(getattr(f, name)(x, y), ("loss", "dx"), name)
        hint = "The second of two equal calls gives another answer."
        close(again, loss, what="loss", tolerance=1e-10, hint=hint)
        close(dx_again, dx, what="dx", tolerance=1e-10, hint=hint)


# ---- svm_loss -----------------------------------------------------------------------------------

_add_common_checks(svm_loss)


@svm_loss.check("every margin kept; every margin missed")
def _(f, rng):
    x, y = rng.uniform(-1, 1, (4, 5)), rng.permutation(5)[:4]
    x[np.arange(4), y] = 4.0
    _compare_loss(f, "svm_loss", x, y, hint="No class is inside the margin.")
    x[np.arange(4), y] = -4.0
    return _compare_loss(f, "svm_loss", x, y, hint="Every class is inside the margin.")


# ---- softmax_loss -------------------------------------------------------------------------------

_add_common_checks(softmax_loss)


@softmax_loss.check("large scores", weight=2)
def _(f, rng):
    x, y = _batch(rng, 4, 5)
    hint = "The same number may be taken off every score of a row."
    _compare_loss(f, "softmax_loss", x + 1e4, y, hint=hint)
    return _compare_loss(f, "softmax_loss", x - 1e4, y, hint=hint)


@softmax_loss.check("rows of very different height")
def _(f, rng):
    x, y = _batch(rng, 5, 4)
    heights = np.array([[0.0], [2e3], [-2e3], [1e4], [-1e4]])
    return _compare_loss(f, "softmax_loss", x + heights, y, hint="Take off each row's own maximum.")


@softmax_loss.check("scores far apart", weight=2)
def _(f, rng):
    x = np.array([[0, 1e5, -1e5], [-8e3, 0, 3e3], [3e3, 8e3, 0], [0, -5e3, 6e3]])
    x, y = x + rng.standard_normal((4, 3)), np.array([2, 0, 1, 0])
    return _compare_loss(f, "softmax_loss", x, y, hint="p of the right class became 0.")


# ---- two_layer_net ------------------------------------------------------------------------------


def _net(rng, D, H, C):
    sizes = dict(W1=(D, H), b1=H, W2=(H, C), b2=C)
    return {name: 0.7 * rng.standard_normal(size) for name, size in sizes.items()}


def _reference_net(params, X, y, reg):
    """(scores, loss, grads) of the reference."""
    net = reference.TwoLayerNet(1, 1, 1, reg=reg)
    net.params.update(params)
    return net.loss(X), *net.loss(X, y)


def _own_net(f, params, X, y, reg):
    """(scores, loss, grads) of the student's own layers, or None where they cannot judge.

    They cannot judge when one of them is missing, stops, or is no real attempt: scores or
    gradients that are all zero are easily matched.
    """
    try:
        a1, first = f.affine_forward(X, params["W1"], params["b1"])
        h1, gate = f.relu_forward(a1)
        scores, second = f.affine_forward(h1, params["W2"], params["b2"])
        loss, dscores = f.softmax_loss(scores, y)
        weights = params["W1"], params["W2"]
        loss = loss + 0.5 * reg * sum(float(np.sum(W**2)) for W in weights)
        dh1, dW2, db2 = f.affine_backward(dscores, second)
        _, dW1, db1 = f.affine_backward(f.relu_backward(dh1, gate), first)
        grads = {"W1": dW1 + reg * weights[0], "b1": db1, "W2": dW2 + reg * weights[1], "b2": db2}
        parts = (scores, dscores, dh1, *grads.values())
        serious = all(np.any(part) and np.all(np.isfinite(part)) for part in parts)
        return (scores, loss, grads) if serious else None
    except (CheckFailed, NotReady, TypeError, ValueError, KeyError, IndexError):
        return None


def _agrees(f, case, compare):
    """compare(scores, loss, grads) with the reference's answers, else with the own layers'."""
    try:
        return compare(*_reference_net(*case))
    except CheckFailed:
        own = _own_net(f, *case)
        if own is None:
            raise
        try:
            return compare(*own)
        except CheckFailed:
            pass
        raise


def _compare_scores(f, case):
    params, X, _, reg = case
    came = f.two_layer_net_loss(params, X, None, reg)
    return _agrees(
        f,
        case,
        lambda scores, loss, grads: close(came, scores, what="scores", tolerance=_TOLERANCE),
    )


def _compare_net(f, case, names=(), loss_too=True, tolerance=_TOLERANCE):
    """Compare the loss and the gradients called `names`."""
    came = expect_tuple(f.two_layer_net_loss(*case), ("loss", "grads"), "loss")

    def compare(scores, loss, grads):
        measured = None
        if loss_too:
            measured = close(came[0], loss, what="loss", tolerance=tolerance)
        for key in names:
            if key not in came[1]:
                raise CheckFailed(f'grads has no entry "{key}".')
            place = f'grads["{key}"]'
            measured = close(came[1][key], grads[key], what=place, tolerance=tolerance)
        return measured

    return _agrees(f, case, compare)


def _rows(rng, reg=0.0, N=5, D=7, H=6, C=4):
    return _net(rng, D, H, C), rng.standard_normal((N, D)), rng.integers(0, C, N), reg


def _pictures(rng, reg=0.0, N=4, H=5, C=6):
    X = rng.standard_normal((N, 2, 4, 3))
    return _net(rng, 24, H, C), X, rng.integers(0, C, N), reg


@two_layer_net.check("scores of rows", weight=2)
def _(f, rng):
    _compare_scores(f, _rows(rng))
    return _compare_scores(f, _rows(rng, reg=0.5, N=2, H=9, C=3))


@two_layer_net.check("scores of pictures")
def _(f, rng):
    return _compare_scores(f, _pictures(rng))


@two_layer_net.check("loss without regularisation", weight=2)
def _(f, rng):
    _compare_net(f, _rows(rng))
    return _compare_net(f, _pictures(rng))


@two_layer_net.check("loss with regularisation", weight=2)
def _(f, rng):
    _compare_net(f, _rows(rng, reg=0.3))
    return _compare_net(f, _pictures(rng, reg=2.0))


@two_layer_net.check("gradients of W2 and b2", weight=2)
def _(f, rng):
    _compare_net(f, _rows(rng), ("W2", "b2"), loss_too=False)
    return _compare_net(f, _pictures(rng), ("W2", "b2"), loss_too=False)


@two_layer_net.check("gradients of W1 and b1", weight=2)
def _(f, rng):
    _compare_net(f, _rows(rng), ("W1", "b1"), loss_too=False)
    return _compare_net(f, _pictures(rng), ("W1", "b1"), loss_too=False)


@two_layer_net.check("gradients of the weights with regularisation", weight=2)
def _(f, rng):
    _compare_net(f, _rows(rng, reg=0.3), ("W1", "W2"), loss_too=False)
    return _compare_net(f, _pictures(rng, reg=2.0), ("W1", "W2"), loss_too=False)


@two_layer_net.check("gradients of the biases with regularisation")
def _(f, rng):
    return _compare_net(f, _rows(rng, reg=0.6), ("b1", "b2"), loss_too=False)


@two_layer_net.check("one sample of class 0; one hidden neuron")
def _(f, rng):
    params, X, _, reg = _rows(rng, reg=0.1, N=1, H=12)
    _compare_net(f, (params, X, np.array([0]), reg), ("W1", "W2"))
    params, X, y, reg = _rows(rng, reg=0.1, N=1, D=1, H=1, C=2)
    params = {name: np.abs(part) for name, part in params.items()}  # the ReLU is open
    return _compare_net(f, (params, np.abs(X), y, reg), ("W1", "W2"))


@two_layer_net.check("parameters left alone, nothing remembered", weight=2)
def _(f, rng):
    case = _rows(rng, reg=0.4)
    loss, grads = expect_tuple(f.unchanged("two_layer_net_loss", *case), ("loss", "grads"), "loss")
    kept = {name: np.array(as_array(part, name)) for name, part in grads.items()}
    if not any(part.any() for part in kept.values()):
        raise CheckFailed("Every gradient is zero.")
    f.two_layer_net_loss(*_rows(rng, reg=0.0))
    again, grads_again = expect_tuple(f.two_layer_net_loss(*case), ("loss", "grads"), "loss")
    close(again, loss, what="loss of the same call again", tolerance=1e-10)
    for name, part in kept.items():
        close(grads_again[name], part, what=f'grads["{name}"] of the same call again')
