"""Hidden checks of the update rules in the notebook 9_train_convnet, against the reference.

A step is judged by the weights it leads to and by what it leaves in config. What one call returned
is handed to the next: a slip in the memory shows in later steps, one in the formula in the first.
"""

from __future__ import annotations

import numpy as np

from cs231n.check.compare import expect_tuple
from cs231n.check.core import Exercise
from cs231n.check.results import CheckFailed
from grading.checks import oracle
from grading.checks.answers import as_array, check_not_constant, close, serious
from grading.reference import training

reference = oracle.remembering(training)

sgd_momentum = Exercise("sgd_momentum", functions=("sgd_momentum",))
adam = Exercise("adam", functions=("adam",))

_TOLERANCE = 1e-5  # wide enough for a solution that computes in float32
_MOMENTUM = {"learning_rate": 0.3, "momentum": 0.6}
_ADAM = {"learning_rate": 0.2, "beta1": 0.7, "beta2": 0.85, "epsilon": 1e-9}


def _step(f, rule, w, dw, config) -> tuple:
    """(next_w, config) as they came: next_w is looked at by whoever compares it."""
    answer = getattr(f, rule)(w, dw, config)
    next_w, config = expect_tuple(answer, ("next_w", "config"), rule)
    if isinstance(config, dict):
        return next_w, config
    raise CheckFailed(f"The second thing returned is a {type(config).__name__}, not a config.")


def _compare_step(f, rule, w, dw, config, keys=()):
    """One step against the reference: next_w, and the entries of config named in keys."""
    right_w, right = getattr(reference, rule)(w, dw, config)
    next_w, came = _step(f, rule, w, dw, config)
    measured = close(next_w, right_w, what="next_w", tolerance=_TOLERANCE)
    for key in keys:
        if key not in came:
            raise CheckFailed(f'config has no "{key}" after the step.')
        close(came[key], right[key], what=f'config["{key}"]', tolerance=_TOLERANCE)
    return measured


def _compare_steps(f, rule, rng, config, count=4, shape=(3, 4)):
    """Several steps in a row, each with what the one before it returned."""
    w = right_w = rng.standard_normal(shape)
    own, right = (None, None) if config is None else (dict(config), dict(config))
    for _ in range(count):
        dw = rng.choice([-1, 1], shape) * rng.uniform(0.3, 2, shape)  # epsilon is far below it
        w, own = _step(f, rule, w, dw, own)
        right_w, right = getattr(reference, rule)(right_w, dw, right)
        measured = close(w, right_w, what="next_w", tolerance=_TOLERANCE)
        w = as_array(w, "next_w").astype(float)
    return measured


def _harmless(f, rule, rng, config):
    """w and dw are left alone, and nothing is remembered but in config."""
    w, dw, other = (rng.standard_normal((2, 5)) for _ in range(3))
    first, _ = expect_tuple(f.unchanged(rule, w, dw, None), ("next_w", "config"), rule)
    first = np.array(serious(first, "next_w"))
    if first.shape != w.shape or np.allclose(first, w, atol=1e-9):
        raise CheckFailed("The step moved nothing.")
    between, _ = _step(f, rule, other, 3 * dw, dict(config))
    check_not_constant(between, first, "next_w")
    again, _ = _step(f, rule, w, dw, None)
    close(again, first, what="next_w of the same call again", tolerance=1e-10)


@sgd_momentum.check("a first step", weight=1)
def _(f, rng):
    w, dw = rng.standard_normal((4, 3)), rng.standard_normal((4, 3))
    return _compare_step(f, "sgd_momentum", w, dw, dict(_MOMENTUM))


@sgd_momentum.check("a step with a velocity", weight=2)
def _(f, rng):
    w, dw, velocity = (rng.standard_normal((2, 3, 2)) for _ in range(3))
    config = {**_MOMENTUM, "velocity": velocity}
    return _compare_step(f, "sgd_momentum", w, dw, config)


@sgd_momentum.check("the new velocity is in config")
def _(f, rng):
    w, dw, velocity = (rng.standard_normal(6) for _ in range(3))
    config = {**_MOMENTUM, "velocity": velocity}
    _compare_step(f, "sgd_momentum", w, dw, config, ("velocity",))
    return _compare_step(f, "sgd_momentum", w, dw, dict(_MOMENTUM), ("velocity",))


@sgd_momentum.check("several steps in a row", weight=2)
def _(f, rng):
    return _compare_steps(f, "sgd_momentum", rng, _MOMENTUM)


@sgd_momentum.check("settings that are missing")
def _(f, rng):
    _compare_steps(f, "sgd_momentum", rng, None)
    _compare_steps(f, "sgd_momentum", rng, {"momentum": 0.3})
    return _compare_steps(f, "sgd_momentum", rng, {"learning_rate": 0.7})


@sgd_momentum.check("w and dw left alone, nothing remembered elsewhere")
def _(f, rng):
    _harmless(f, "sgd_momentum", rng, _MOMENTUM)


@adam.check("a first step", weight=2)
def _(f, rng):
    w, dw = rng.standard_normal((4, 3)), rng.standard_normal((4, 3))
    return _compare_step(f, "adam", w, dw, dict(_ADAM))


@adam.check("epsilon", weight=2)
def _(f, rng):
    w, dw = np.array([1.0, 0.0, 2.0]), np.array([0.0, 1e-8, -1e-8])
    _compare_step(f, "adam", w, dw, {"learning_rate": 1.0})
    w, dw = rng.standard_normal((4, 3)), 0.2 * rng.standard_normal((4, 3))
    return _compare_step(f, "adam", w, dw, {**_ADAM, "epsilon": 0.05})


@adam.check("a step from given m, v and t", weight=2)
def _(f, rng):
    w, dw, m = (rng.standard_normal((2, 3, 2)) for _ in range(3))
    for t in (1, 7):
        config = {**_ADAM, "m": m, "v": rng.uniform(0.1, 2, w.shape), "t": t}
        measured = _compare_step(f, "adam", w, dw, config)
    return measured


@adam.check("the new m, v and t are in config", weight=2)
def _(f, rng):
    w, dw, m = (rng.standard_normal(5) for _ in range(3))
    config = {**_ADAM, "m": m, "v": rng.uniform(0.1, 2, 5), "t": 4}
    _compare_step(f, "adam", w, dw, config, ("m", "v", "t"))
    return _compare_step(f, "adam", w, dw, dict(_ADAM), ("m", "v", "t"))


@adam.check("several steps in a row", weight=3)
def _(f, rng):
    return _compare_steps(f, "adam", rng, _ADAM, count=5)


@adam.check("settings that are missing")
def _(f, rng):
    _compare_steps(f, "adam", rng, None)
    for key in ("learning_rate", "beta1", "beta2"):
        measured = _compare_steps(f, "adam", rng, {key: _ADAM[key]}, count=3)
    return measured


@adam.check("w and dw left alone, nothing remembered elsewhere")
def _(f, rng):
    _harmless(f, "adam", rng, _ADAM)


# ---- where chance would decide --------------------------------------------------------------

adam.same_in_all_courses(
    "a first step",
)
