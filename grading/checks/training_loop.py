"""Hidden checks of what stands around the net in the notebook 9_train_convnet."""

from __future__ import annotations

import numpy as np

from cs231n.check.compare import expect_tuple
from cs231n.check.core import Exercise
from cs231n.check.results import CheckFailed
from grading.checks.answers import as_array, close
from grading.reference import training

expected_initial_loss = Exercise("expected_initial_loss", functions=("expected_initial_loss",))
minibatches = Exercise("minibatches", functions=("minibatches",))
train_epoch = Exercise("train_epoch", functions=("epoch_on_a_line",))
confusion_matrix = Exercise("confusion_matrix", functions=("confusion_matrix",))

_TOLERANCE = 1e-5

# ---- expected_initial_loss ----------------------------------------------------------------------


def _weights(rng, count=3) -> dict[str, np.ndarray]:
    params = {}
    for k in range(1, count + 1):
        params[f"W{k}"] = (
            rng.standard_normal((k, 3, 2, 2)) if k % 2 else rng.standard_normal((4, k))
        )
        params[f"b{k}"] = rng.uniform(1, 2, k)
    return params


def _compare_initial(f, classes, params, reg):
    came = f.expected_initial_loss(classes, params, reg)
    right = training.expected_initial_loss(classes, params, reg)
    return close(came, right, what="the loss", tolerance=_TOLERANCE)


@expected_initial_loss.check("without regularisation")
def _(f, rng):
    for classes in (2, 7, 10, 1000):
        measured = _compare_initial(f, classes, _weights(rng), 0.0)
    return measured


@expected_initial_loss.check("with regularisation")
def _(f, rng):
    for count in (1, 3, 5):
        measured = _compare_initial(f, 10, _weights(rng, count), 0.35)
    return measured


# ---- minibatches --------------------------------------------------------------------------------


def _batches(f, N, size, seed) -> list[np.ndarray]:
    answer = f.minibatches(N, size, seed)
    if not isinstance(answer, list | tuple) or len(answer) > N:
        raise CheckFailed("minibatches should return a list of at most N arrays.")
    batches = [as_array(batch, "a batch") for batch in answer]
    if any(batch.ndim != 1 or batch.dtype.kind not in "iu" for batch in batches):
        raise CheckFailed("Each batch should be a row of whole numbers.")
    return batches


@minibatches.check("every picture once, in batches of the right sizes", weight=2)
def _(f, rng):
    for N, size in ((20, 5), (23, 5), (6, 1), (5, 9), (8, 8)):
        batches = _batches(f, N, size, int(rng.integers(1000)))
        seen = np.concatenate(batches) if batches else np.zeros(0)
        if not np.array_equal(np.sort(seen), np.arange(N)):
            raise CheckFailed(f"With N = {N} and batch_size = {size} not every picture comes once.")
        if [len(b) for b in batches] != [len(b) for b in training.minibatches(N, size, 0)]:
            raise CheckFailed(f"With N = {N} and batch_size = {size} the batches' sizes are wrong.")


@minibatches.check("no pictures, no batches", weight=0.5)
def _(f, rng):
    if not _batches(f, 5, 2, 0) or _batches(f, 0, 4, 0):
        raise CheckFailed("With N = 0 there should be no batch.")


@minibatches.check("random order, decided by the seed", weight=1.5)
def _(f, rng):
    N, seeds = 90, rng.choice(10**6, 4, replace=False).tolist()
    orders = [np.concatenate(_batches(f, N, 8, seed)) for seed in [*seeds, seeds[0]]]
    if any(len(order) != N for order in orders):
        raise CheckFailed("Pictures are missing, or come twice.")
    if any(np.array_equal(order, np.arange(N)) for order in orders):
        raise CheckFailed("The order is not random.")
    if not np.array_equal(orders[0], orders[-1]):
        raise CheckFailed("The same seed gave two different orders.")
    if any(np.array_equal(orders[0], order) for order in orders[1:-1]):
        raise CheckFailed("Different seeds gave the same order.")
    steps = [np.mean(np.abs(np.diff(order)) == 1) for order in orders]
    if max(steps) > 0.5:  # of a shuffled order about 2 in 90 neighbours stay together
        raise CheckFailed("Neighbours stay together: the pictures themselves are to be shuffled.")


# ---- train_epoch --------------------------------------------------------------------------------


class _Line:
    """As in the notebook's locked cell: a * x + b, with half the mean squared error as loss."""

    def __init__(self, params):
        self.params = params

    def loss(self, X, y):
        a, b = self.params["a"], self.params["b"]
        off = a * X + b - y
        return (off**2).mean() / 2, {"a": (off * X).mean(), "b": off.mean()}


def _rule(w, dw, config):
    moved = w - config["learning_rate"] * dw
    return moved, {**config, "steps": config.get("steps", 0) + 1}


def _compare_epoch(f, X, y, batches, rates=(0.2, 0.05)):
    params = {"a": np.array(0.5), "b": np.array(-1.0)}
    configs = {name: {"learning_rate": rate} for name, rate in zip(params, rates)}
    names = ("losses", "params", "configs", "seen")
    answer = f.epoch_on_a_line(X, y, batches, params, configs)
    losses, came, kept, seen = expect_tuple(answer, names, "epoch_on_a_line")
    line, own = _Line(dict(params)), {name: dict(config) for name, config in configs.items()}
    right = training.train_epoch(line, X, y, batches, _rule, own)
    return losses, right, came, line.params, kept, seen


def _two_epochs(rng):
    X, y = rng.standard_normal(11), rng.standard_normal(11)
    order = rng.permutation(11)
    return X, y, [order[:4], order[4:8], order[8:]]


@train_epoch.check("losses")
def _(f, rng):
    losses, right, *_ = _compare_epoch(f, *_two_epochs(rng))
    return close(losses, np.array(right), what="losses", tolerance=_TOLERANCE)


@train_epoch.check("parameters afterwards")
def _(f, rng):
    _, _, came, right, *_ = _compare_epoch(f, *_two_epochs(rng))
    for name in right:
        if not isinstance(came, dict) or name not in came:
            raise CheckFailed(f'net.params has no entry "{name}" afterwards.')
        measured = close(came[name], right[name], what=name, tolerance=_TOLERANCE)
    return measured


@train_epoch.check("configs afterwards, and one update a batch")
def _(f, rng):
    *_, kept, seen = _compare_epoch(f, *_two_epochs(rng))
    steps = [kept.get(name, {}).get("steps") for name in ("a", "b")]
    if [as_array(s, "steps", ()).tolist() for s in steps] != [3, 3] or len(seen) != 3:
        raise CheckFailed("Not every batch is one call of net.loss and one update per parameter.")


# ---- confusion_matrix ---------------------------------------------------------------------------


def _compare_confusion(f, y, predicted, classes, unchanged=False):
    arguments = (y, predicted, classes)
    if unchanged:
        came = f.unchanged("confusion_matrix", *arguments)
    else:
        came = f.confusion_matrix(*arguments)
    return close(came, training.confusion_matrix(*arguments), what="counts")


@confusion_matrix.check("many pictures", weight=2)
def _(f, rng):
    for classes in (2, 5, 10):
        y, predicted = rng.integers(0, classes, 200), rng.integers(0, classes, 200)
        measured = _compare_confusion(f, y, predicted, classes)
    return measured


@confusion_matrix.check("classes that do not occur, one picture")
def _(f, rng):
    _compare_confusion(f, np.array([1, 1]), np.array([0, 1]), 6)
    return _compare_confusion(f, np.array([2]), np.array([0]), 4)


@confusion_matrix.check("whole numbers, of labels of any integer type")
def _(f, rng):
    y, predicted = rng.integers(0, 3, 40), rng.integers(0, 3, 40)
    _compare_confusion(f, y.astype(np.uint8), predicted.astype(np.int32), 3, unchanged=True)
    counts = as_array(f.confusion_matrix(y, predicted, 3), "counts", (3, 3))
    if counts.dtype.kind in "fb":
        raise CheckFailed("counts should hold whole numbers.")
