"""Hidden checks of fine-tuning the last layer."""

from __future__ import annotations

import numpy as np

from cs231n.check.compare import expect_tuple
from cs231n.check.core import Exercise
from cs231n.check.results import CheckFailed
from grading.checks import oracle
from grading.checks.answers import as_array, check_not_constant, close
from grading.reference import case_studies_blocks

reference = oracle.remembering(case_studies_blocks)
NAME = "fine_tune_last_layer"
fine_tune_last_layer = Exercise(NAME, functions=(NAME,))

_CASES = (
    # name, pictures, features, classes, learning rate, steps, reg, weight
    ("one step", 7, 4, 3, 0.5, 1, 0.0, 2),
    ("several steps", 9, 3, 4, 0.3, 6, 0.0, 2),
    ("several steps with regularisation", 8, 3, 3, 0.3, 6, 0.5, 3),
    ("two classes, one feature", 6, 1, 2, 0.2, 4, 0.1, 1),
    ("one picture", 1, 5, 3, 0.1, 3, 0.0, 1),
    ("a class without pictures", 6, 2, 10, 0.4, 5, 0.01, 1),
    ("to the end: 500 steps", 20, 3, 3, 0.5, 500, 0.1, 2),
)


def _problem(rng, N, D, classes):
    y = rng.integers(0, min(classes, 5), N)
    return rng.standard_normal((N, D)) + 0.5, y


def _compare(f, args, tolerance=1e-5):
    answer = expect_tuple(getattr(f, NAME)(*args), ("w", "b", "losses"), NAME)
    expected = getattr(reference, NAME)(*args)
    worst = None
    for came, right, name in zip(answer, expected, ("w", "b", "losses")):
        if name == "losses" and isinstance(came, tuple):
            came = list(came)
        found = close(came, right, what=name, tolerance=tolerance)
        worst = found if worst is None or found.error > worst.error else worst
    return worst


for _name, _N, _D, _classes, _rate, _steps, _reg, _weight in _CASES:

    @fine_tune_last_layer.check(_name, _weight)
    def _(f, rng, sizes=(_N, _D, _classes), rest=(_rate, _steps, _reg)):
        features, y = _problem(rng, *sizes)
        return _compare(f, (features, y, sizes[2], *rest))


@fine_tune_last_layer.check("scores in the thousands", 2)
def _(f, rng):
    features, y = _problem(rng, 8, 3, 3)
    args = (1000 * features, y, 3, 0.01, 4, 0.0)
    w, _, losses = expect_tuple(getattr(f, NAME)(*args), ("w", "b", "losses"), NAME)
    expected = getattr(reference, NAME)(*args)
    losses = list(losses) if isinstance(losses, tuple) else losses
    close(as_array(w, "w", (3, 3)), expected[0], what="w", tolerance=1e-4)
    return close(losses, expected[2], what="losses", tolerance=1e-4)


@fine_tune_last_layer.check("labels of a small integer type, features in float32", 1)
def _(f, rng):
    features, y = _problem(rng, 8, 3, 3)
    features = np.asfortranarray(features, dtype=np.float32)
    return _compare(f, (features, y.astype(np.uint8), 3, 0.3, 5, 0.1), tolerance=1e-4)


@fine_tune_last_layer.check("features and labels are left as they are; a loss for each step", 1)
def _(f, rng):
    ends = []
    for steps in (2, 3):
        features, y = _problem(rng, 6, 3, 3)
        answer = f.unchanged(NAME, features, y, 3, 0.1, steps, 0.1)
        w, _, losses = expect_tuple(answer, ("w", "b", "losses"), NAME)
        if len(losses) != steps:
            raise CheckFailed(f"There are {len(losses)} losses, one a step would be {steps}.")
        ends.append(w)
    check_not_constant(*ends, "w")


# ---- where chance would decide --------------------------------------------------------------

fine_tune_last_layer.same_in_all_courses(
    "scores in the thousands",
    "two classes, one feature",
)
