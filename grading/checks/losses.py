"""Hidden checks of the losses in the notebook 1_fully_connected.

The losses are compared with the reference. Checks with a single sample do not depend on the mean,
so that forgetting it costs a part of the points and not all.
"""

from __future__ import annotations

import numpy as np

from cs231n.check.compare import expect_tuple
from cs231n.check.core import Exercise
from grading.checks import oracle
from grading.checks.answers import as_array, check_not_constant, close, serious
from grading.reference import fully_connected

reference = oracle.remembering(fully_connected)
svm_loss = Exercise("svm_loss", functions=("svm_loss",))
softmax_loss = Exercise("softmax_loss", functions=("softmax_loss",))

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
        loss, dx = np.array(as_array(loss, "loss", ())), np.array(serious(dx, "dx"))
        other = getattr(f, name)(x + 3 * rng.standard_normal(x.shape), y)
        other_loss, _ = expect_tuple(other, ("loss", "dx"), name)
        again, dx_again = expect_tuple(getattr(f, name)(x, y), ("loss", "dx"), name)
        hint = "The second of two equal calls gives another answer."
        close(again, loss, what="loss", tolerance=1e-10, hint=hint)
        close(dx_again, dx, what="dx", tolerance=1e-10, hint=hint)
        check_not_constant(other_loss, loss, "loss")


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
