"""Visible checks of what stands around the net in the notebook 9_train_convnet: the loss that a new
net should have, batches, an epoch, and the confusion matrix."""

from __future__ import annotations

import numpy as np

from cs231n.check.compare import as_array, close, expect_tuple
from cs231n.check.core import CheckFailed, Exercise
from cs231n.check.losses import by_hand

expected_initial_loss = Exercise("expected_initial_loss", functions=("expected_initial_loss",))
minibatches = Exercise("minibatches", functions=("minibatches",))
train_epoch = Exercise("train_epoch", functions=("epoch_on_a_line",))
confusion_matrix = Exercise("confusion_matrix", functions=("confusion_matrix",))

# ---- expected_initial_loss ----------------------------------------------------------------------

_TWO = {
    **{"W1": np.array([[1.0, -1.0]]), "b1": np.array([5.0, 5.0])},
    **{"W2": np.array([[3.0], [0.0]]), "b2": np.array([3.0])},
}


@expected_initial_loss.check("without regularisation: guessing among the classes")
def _(f, rng):
    for classes, expected in ((10, 2.302585092994046), (2, 0.6931471805599453), (1000, 6.9077553)):
        log = np.log(classes)
        slips = [
            (1 / classes, "That is the probability; the loss is minus its log."),
            (-log, "The sign: the log of a probability is negative, the loss is not."),
            (log / np.log(2), "That is the logarithm to base 2: np.log is the natural one."),
            (log / np.log(10), "That is the logarithm to base 10: np.log is the natural one."),
            (2.302585092994046, "That is for ten classes; take the number from num_classes."),
        ]
        slips = [slip for slip in slips if not np.isclose(slip[0], expected)]
        by_hand(f.expected_initial_loss(classes, _TWO, 0.0), expected, slips, "the loss")


@expected_initial_loss.check("what the regularisation adds")
def _(f, rng):
    base = 0.6931471805599453
    slips = [
        (base, "There is no such term yet."),
        (base + 1.1, "The factor 0.5 is missing."),
        (base + 0.1, "Only W1 is counted: params may hold any number of weights."),
        (base + 0.45, "Only W2 is counted: params may hold any number of weights."),
        (base + 5.5, "The strength reg is missing."),
        (base + 3.5, "Biases should be left out."),
        (base + 0.15, "That is the sum of the weights; it should be of their squares."),
    ]
    return by_hand(f.expected_initial_loss(2, _TWO, 0.1), base + 0.55, slips, "the loss")


@expected_initial_loss.check("any number of layers, filters too")
def _(f, rng):
    params = {f"W{k}": np.ones((k, 2, 2)) for k in range(1, 6)} | {"b1": np.ones(4)}
    hint = "Every array whose name begins with W counts, whatever its shape."
    loss = f.expected_initial_loss(10, params, 1.0)
    return close(loss, 2.302585092994046 + 30, what="the loss", hint=hint)


# ---- minibatches --------------------------------------------------------------------------------


def _batches(f, N, size, seed=0) -> list[np.ndarray]:
    answer = f.minibatches(N, size, seed)
    if not isinstance(answer, list | tuple):
        raise CheckFailed(
            f"minibatches should return a list of arrays, but it is a {type(answer).__name__}."
            + (" (list(...) turns it into one.)" if hasattr(answer, "__next__") else "")
        )
    batches = [as_array(batch, f"batch {number}") for number, batch in enumerate(answer)]
    for number, batch in enumerate(batches):
        if batch.ndim != 1 or batch.dtype.kind not in "iu":
            raise CheckFailed(
                f"Batch {number} should be a row of whole numbers, such as X[batch] takes; it has "
                f"shape {batch.shape} and dtype {batch.dtype}."
            )
    return batches


@minibatches.check("every picture is in exactly one batch")
def _(f, rng):
    for N, size in ((12, 4), (10, 4), (7, 1), (3, 8)):
        seen = np.concatenate([[], *_batches(f, N, size)])
        counts = np.array([np.sum(seen == n) for n in range(N)])
        if (seen < 0).any() or (seen >= N).any():
            raise CheckFailed(f"With N = {N}, pictures are numbered from 0 to {N - 1}.")
        if (counts != 1).any():
            missing, twice = int(np.sum(counts == 0)), int(np.sum(counts > 1))
            raise CheckFailed(
                f"With N = {N} and batch_size = {size}, {missing} pictures are in no batch and "
                f"{twice} in more than one. Drawing each batch at random leaves some out: shuffle "
                "all of them once, then cut. And the last ones count as well."
            )


@minibatches.check("sizes, and a smaller last batch")
def _(f, rng):
    for N, size, expected in ((12, 4, [4, 4, 4]), (10, 4, [4, 4, 2]), (3, 8, [3]), (0, 5, [])):
        sizes = [len(batch) for batch in _batches(f, N, size)]
        if sizes != expected:
            raise CheckFailed(
                f"With N = {N} and batch_size = {size} the batches have the sizes {sizes}, but "
                f"should have {expected}."
            )


@minibatches.check("in random order, by the seed")
def _(f, rng):
    orders = [np.concatenate(_batches(f, 60, 7, seed)) for seed in (0, 1, 2, 0)]
    if any(np.array_equal(order, np.arange(60)) for order in orders):
        raise CheckFailed("The pictures come in the order in which they are stored: shuffle them.")
    if not np.array_equal(orders[0], orders[3]):
        raise CheckFailed("The same seed gave two different orders. Is the seed used?")
    if np.array_equal(orders[0], orders[1]) or np.array_equal(orders[1], orders[2]):
        raise CheckFailed("Different seeds gave the same order: every epoch would be the same.")
    batches = _batches(f, 60, 6)
    if all(np.ptp(batch) == 5 for batch in batches):
        raise CheckFailed("The batches are in random order, but neighbours stay together.")


# ---- train_epoch --------------------------------------------------------------------------------

# The line a * x + b learns from x = 1, y = 2, and then from x = 2, y = 3.
_X, _Y = np.array([1.0, 2.0]), np.array([2.0, 3.0])
_ONE_BY_ONE = [np.array([0]), np.array([1])]


def _epoch(f, X, y, batches, rates=(0.5, 0.25), start=(0.0, 0.0)):
    params = {"a": np.array(start[0]), "b": np.array(start[1])}
    configs = {"a": {"learning_rate": rates[0]}, "b": {"learning_rate": rates[1]}}
    answer = f.epoch_on_a_line(X, y, batches, params, configs)
    names = ("losses", "params", "configs", "seen")
    losses, params, configs, seen = expect_tuple(answer, names, "epoch_on_a_line")
    if losses is None:
        raise CheckFailed("train_epoch returned None: it should return the list of the losses.")
    losses = as_array(losses, "losses", (len(batches),))
    if losses.shape != (len(batches),):
        raise CheckFailed(
            f"There are {len(batches)} batches, but losses has shape {losses.shape}: it should be "
            "a list with one number for each."
        )
    return losses, params, configs, seen


@train_epoch.check("two batches of one, by hand")
def _(f, rng):
    losses, params, _, _ = _epoch(f, _X, _Y, _ONE_BY_ONE)
    slips = [
        ([2.0, 4.5], "The second batch meets the parameters of before the first: update them."),
        ([0.125, 2.0], "The batches come in the order in which they stand in the list."),
        ([2.0, 2.0], "Both losses are those of the first batch."),
    ]
    by_hand(losses, [2.0, 0.125], slips, "losses")
    slips = [
        (1.0, "Only the first batch was learned from."),
        (0.0, "net.params still holds the old values: put back what update returns."),
    ]
    by_hand(params["a"], 1.5, slips, "a afterwards")
    shared = "b was moved with the config of a: each parameter has its own."
    return by_hand(params["b"], 0.625, [(1.25, shared), *slips[1:]], "b afterwards")


@train_epoch.check("configs that come back are kept")
def _(f, rng):
    _, _, configs, _ = _epoch(f, _X, _Y, _ONE_BY_ONE)
    for name in ("a", "b"):
        steps = configs.get(name, {}).get("steps", 0)
        if steps != 2:
            raise CheckFailed(
                f"update was called twice for {name!r}, but its config remembers {steps} of it: "
                "update may return a new config, which has to be put back into configs."
            )


@train_epoch.check("every batch: its pictures with its labels")
def _(f, rng):
    X, y = rng.standard_normal(7), rng.standard_normal(7)
    batches = [np.array([6, 1, 3]), np.array([0, 5, 2]), np.array([4])]
    _, _, _, seen = _epoch(f, X, y, batches, rates=(0.1, 0.1))
    if len(seen) != 3:
        raise CheckFailed(f"net.loss was called {len(seen)} times for 3 batches.")
    for number, (batch, (came_X, came_y)) in enumerate(zip(batches, seen)):
        hint = "Both X and y are taken at the numbers in the batch."
        close(came_X, X[batch], what=f"X of batch {number}", hint=hint)
        close(came_y, y[batch], what=f"y of batch {number}", hint=hint)


@train_epoch.check("no batches: nothing happens")
def _(f, rng):
    losses, params, _, _ = _epoch(f, _X, _Y, [], start=(3.0, 4.0))
    close(params["a"], 3.0, what="a afterwards")
    return close(losses, np.zeros(0), what="losses")


# ---- confusion_matrix ---------------------------------------------------------------------------


@confusion_matrix.check("six pictures, by hand")
def _(f, rng):
    y, predicted = np.array([0, 0, 0, 1, 2, 2]), np.array([0, 1, 1, 1, 2, 0])
    slips = [
        ([[1, 0, 1], [2, 1, 0], [0, 0, 1]], "Rows and columns are exchanged."),
        ([[1, 1, 0], [0, 1, 0], [1, 0, 1]], "A pair that occurs twice counts twice."),
    ]
    counts = f.confusion_matrix(y, predicted, 3)
    return by_hand(counts, [[1, 2, 0], [0, 1, 0], [1, 0, 1]], slips, "counts")


@confusion_matrix.check("a class that never occurs has its place")
def _(f, rng):
    counts = f.confusion_matrix(np.array([0, 1]), np.array([1, 1]), 4)
    hint = "The size comes from num_classes, not from the classes that occur."
    expected = np.zeros((4, 4))
    expected[:2, 1] = 1
    return close(counts, expected, what="counts", hint=hint)


@confusion_matrix.check("rows add up to the pictures of each class")
def _(f, rng):
    y, predicted = rng.integers(0, 5, 300), rng.integers(0, 5, 300)
    counts = as_array(f.confusion_matrix(y, predicted, 5), "counts", (5, 5))
    for axis, given, what in ((1, y, "rows"), (0, predicted, "columns")):
        expected = np.array([np.sum(given == c) for c in range(5)])
        hint = "Row i is for pictures of class i, column j for those that were taken for j."
        close(counts.sum(axis=axis), expected, what=f"the sums of the {what}", hint=hint)


@confusion_matrix.check("counts are whole numbers; y and predicted stay as they are")
def _(f, rng):
    y, predicted = rng.integers(0, 4, 50), rng.integers(0, 4, 50)
    counts = as_array(f.unchanged("confusion_matrix", y, predicted, 4), "counts", (4, 4))
    if counts.dtype.kind not in "iu":
        raise CheckFailed(f"counts should hold whole numbers, but its dtype is {counts.dtype}.")
