"""Visible checks of the update rules in the notebook 9_train_convnet.

The numbers are those of one weight, so that each can be followed by hand.
"""

from __future__ import annotations

import numpy as np

from cs231n.check.compare import as_array, close, expect_tuple
from cs231n.check.core import CheckFailed, Exercise
from cs231n.check.losses import by_hand

sgd_momentum = Exercise("sgd_momentum", functions=("sgd_momentum",))
adam = Exercise("adam", functions=("adam",))

_KEPT = "What a step leaves for the next one must stand in the config that is returned."


def _step(f, rule: str, w, dw, config, kept: tuple[str, ...]):
    """(next_w, config) of one step, with what must be in config."""
    names = ("next_w", "config")
    next_w, config = expect_tuple(getattr(f, rule)(w, dw, config), names, rule)
    if not isinstance(config, dict):
        raise CheckFailed(f"config should be a dict, but it is a {type(config).__name__}.")
    for key in kept:
        if key not in config or config[key] is None:
            raise CheckFailed(f'The config that came back has no "{key}". {_KEPT}')
    return as_array(next_w, "next_w", np.shape(w)), config


def _add_common_checks(exercise: Exercise, kept: tuple[str, ...], settings: dict) -> None:
    """What holds for any rule with a memory; `settings` are others than the usual ones."""
    rule = exercise.name

    @exercise.check("an array: each weight by itself")
    def _(f, rng):
        w, dw = rng.standard_normal((3, 2, 2)), rng.standard_normal((3, 2, 2))
        first, config = _step(f, rule, w, dw, dict(settings), kept)
        together, _ = _step(f, rule, first, 2 * dw, config, kept)
        alone = np.empty(w.shape)
        for place in np.ndindex(w.shape):
            here = np.array([w[place]])
            one, own = _step(f, rule, here, dw[place].reshape(1), dict(settings), kept)
            alone[place] = _step(f, rule, one, 2 * dw[place].reshape(1), own, kept)[0][0]
        hint = "A weight gets another step in an array than alone: nothing may be summed here."
        return close(together, alone, what="next_w", tolerance=1e-10, hint=hint)

    @exercise.check("two arrays in turns do not disturb each other")
    def _(f, rng):
        ws = [rng.standard_normal(3), rng.standard_normal(3)]
        dws = [rng.standard_normal(3), 10 * rng.standard_normal(3)]
        alone, mixed = [], []
        for w, dw in zip(ws, dws):
            first, config = _step(f, rule, w, dw, dict(settings), kept)
            alone.append(_step(f, rule, first, dw, config, kept)[0])
        begun = [_step(f, rule, w, dw, dict(settings), kept) for w, dw in zip(ws, dws)]
        for (w, config), dw in zip(begun, dws):
            mixed.append(_step(f, rule, w, dw, config, kept)[0])
        hint = "Each array of weights has its own config: nothing may be kept anywhere else."
        return close(np.array(mixed), np.array(alone), what="next_w", tolerance=1e-10, hint=hint)

    @exercise.check("without a config: the usual settings")
    def _(f, rng):
        w, dw = rng.standard_normal(4), rng.standard_normal(4)
        bare, _ = _step(f, rule, w, dw, None, kept)
        empty, _ = _step(f, rule, w, dw, {}, kept)
        return close(empty, bare, what="next_w with config = {}", tolerance=1e-12)

    @exercise.check("leaves w and dw as they are")
    def _(f, rng):
        w, dw = rng.standard_normal((2, 3)), rng.standard_normal((2, 3))
        f.unchanged(rule, w, dw, None)


# ---- sgd_momentum -------------------------------------------------------------------------------

_MOMENTUM = {"learning_rate": 0.5, "momentum": 0.75}
_MOMENTUM_SLIPS = [
    ([8.5], "The velocity is taken off the weights: it has its minus sign already."),
    ([17.5], "The gradient pushes the velocity up the hill: the sign of dw is the wrong way."),
    ([7.0], "The velocity that came in config is not used."),
    ([12.4], "momentum is used as a constant: take it from config."),
    ([14.44], "learning_rate is used as a constant: take it from config."),
    ([15.34], "Both settings are used as constants: take them from config."),
    ([10.0], "Nothing moved."),
    ([13.75], "There is no factor (1 - momentum) on the gradient in this rule."),
    ([4.75], "The learning rate belongs to the gradient alone, not to the old velocity."),
    ([16.0], "w was moved by the velocity of before this step."),
    ([8.125], "That is Nesterov's momentum, which applies the factor once more."),
]


@sgd_momentum.check("the first step: no velocity yet")
def _(f, rng):
    w, dw = np.array([10.0]), np.array([6.0])
    next_w, config = _step(f, "sgd_momentum", w, dw, dict(_MOMENTUM), ("velocity",))
    slips = [
        ([13.0], "It goes up the hill: the step is against the gradient."),
        ([9.94], "learning_rate is used as a constant: take it from config."),
        ([9.25], "A first step is learning_rate * dw, without a factor (1 - momentum)."),
        ([4.75], "That is Nesterov's momentum, which applies the factor once more."),
    ]
    by_hand(next_w, [7.0], slips, "next_w")
    return by_hand(config["velocity"], [-3.0], [([3.0], "Its sign: w + velocity.")], "velocity")


@sgd_momentum.check("a step with a velocity, by hand")
def _(f, rng):
    config = {**_MOMENTUM, "velocity": np.array([6.0])}
    w, dw = np.array([10.0]), np.array([6.0])
    next_w, config = _step(f, "sgd_momentum", w, dw, config, ("velocity",))
    by_hand(next_w, [11.5], _MOMENTUM_SLIPS, "next_w")
    return by_hand(config["velocity"], [1.5], [([6.0], f"It is the old one. {_KEPT}")], "velocity")


@sgd_momentum.check("three steps down the same slope, by hand")
def _(f, rng):
    w, config = np.array([0.0]), {"learning_rate": 1.0, "momentum": 0.5}
    for step, (place, velocity) in enumerate([(-1.0, -1.0), (-2.5, -1.5), (-4.25, -1.75)], 1):
        w, config = _step(f, "sgd_momentum", w, np.array([1.0]), config, ("velocity",))
        slips = [([-float(step)], f"Every step is the same, so nothing is remembered. {_KEPT}")]
        by_hand(w, [place], slips if step > 1 else [], f"w after step {step}")
        by_hand(config["velocity"], [velocity], [], f"velocity after step {step}")


@sgd_momentum.check("settings that are missing: 0.01 and 0.9")
def _(f, rng):
    w, dw = np.array([1.0]), np.array([10.0])
    next_w, _ = _step(f, "sgd_momentum", w, dw, {"velocity": np.array([1.0])}, ("velocity",))
    return close(next_w, [1.8], what="next_w", hint="0.9 * 1 - 0.01 * 10 = 0.8 is the velocity.")


_add_common_checks(sgd_momentum, ("velocity",), _MOMENTUM)

# ---- adam ---------------------------------------------------------------------------------------

_STATE = ("m", "v", "t")
# With m = 2, v = 4 and t = 1 before the step, and dw = 6:
#   m = 0.5 * 2 + 0.5 * 6 = 4,         m_hat = 4 / (1 - 0.25) = 16/3
#   v = 0.75 * 4 + 0.25 * 36 = 12,     v_hat = 12 / (1 - 0.5625) = 192/7
_ADAM = {"learning_rate": 3.0, "beta1": 0.5, "beta2": 0.75, "epsilon": 2.0}
_ROOT = (192 / 7) ** 0.5
_ADAM_RIGHT = 10 - 3 * (16 / 3) / (_ROOT + 2)
_ADAM_SLIPS = [
    ([10 - 16 / (192 / 7 + 2) ** 0.5], "epsilon is under the root; it is added to the root."),
    ([10 - 16 / (192 / 7 + 4) ** 0.5], "epsilon is under the root; it is added to the root."),
    ([10 - 16 / _ROOT], "epsilon is missing, or used as a constant: take it from config."),
    ([10 + 16 / (_ROOT + 2)], "It goes up the hill: the step is against the gradient."),
    ([10 - 12 / (12**0.5 + 2)], "m and v are not corrected: divide by 1 - beta^t."),
    ([10 - 24 / (48**0.5 + 2)], "t is one too small: count this step before t is used."),
    ([10 - 3 * (32 / 7) / ((12 / (1 - 0.75**3)) ** 0.5 + 2)], "t is one too large."),
    ([10 - 16 / (12**0.5 + 2)], "v is not corrected: divide it by 1 - beta2^t."),
    ([10 - 12 / (_ROOT + 2)], "m is not corrected: divide it by 1 - beta1^t."),
    ([10 - 16 / (192 / 7 + 2)], "The root of v is missing."),
    ([10 - 16 / ((4.5 / 0.4375) ** 0.5 + 2)], "v takes dw, but should take its square."),
    ([10 - 3 * 6 / (_ROOT + 2)], "The step uses dw, and should use m."),
    ([10 - (16 / 3) / 1000 / (_ROOT + 2)], "learning_rate is used as a constant."),
    ([10 - 12 / (1 - 0.5**4) / ((12 / (1 - 0.75**4)) ** 0.5 + 2)], "t is counted twice a step."),
]


@adam.check("the first step is as long as the learning rate")
def _(f, rng):
    w, dw = np.array([1.0, 1.0, 1.0]), np.array([0.001, -7.0, 2000.0])
    next_w, _ = _step(f, "adam", w, dw, {"learning_rate": 0.125, "epsilon": 1e-12}, _STATE)
    short = 1 - 0.125 * 0.1 / 0.001**0.5 * np.sign(dw)
    slips = [
        (1 + 0.125 * np.sign(dw), "It goes up the hill: the step is against the gradient."),
        (1 - 0.125 * dw, "That is plain gradient descent: divide by the root of v_hat."),
        (short, "m and v are not corrected: divide by 1 - beta^t."),
        (1 - 0.001 * np.sign(dw), "learning_rate is used as a constant: take it from config."),
    ]
    if not np.isfinite(next_w).all():
        raise CheckFailed(
            f"next_w is not finite: {next_w.tolist()}. t counts from 1: with t = 0 the corrections "
            "1 - beta^t are 0. Add 1 to t before it is used."
        )
    return by_hand(next_w, 1 - 0.125 * np.sign(dw), slips, "next_w")


@adam.check("t counts from 1 and is kept")
def _(f, rng):
    w, dw, config = np.array([1.0]), np.array([2.0]), {"learning_rate": 0.1}
    for step in (1, 2, 3):
        w, config = _step(f, "adam", w, dw, config, _STATE)
        if as_array(config["t"], "t", ()).size != 1 or int(config["t"]) != step:
            raise CheckFailed(
                f'After step {step} config["t"] is {config["t"]}, but it should be {step}: '
                "it counts the steps that were done. Is the new t put back into config?"
            )


@adam.check("a steady gradient: every step is as long as the learning rate")
def _(f, rng):
    w, config = np.array([1.0]), {"learning_rate": 0.125, "epsilon": 1e-12}
    for step in (1, 2, 3, 4):
        w, config = _step(f, "adam", w, np.array([-3.0]), config, _STATE)
        hint = (
            "With the same gradient all the time, m_hat is dw and v_hat its square. If the first "
            "step is right and the next is not: m, v and t must all come from config, and go back."
        )
        close(w, [1 + 0.125 * step], what=f"w after step {step}", tolerance=1e-7, hint=hint)


@adam.check("a step from given m, v and t, by hand")
def _(f, rng):
    config = {**_ADAM, "m": np.array([2.0]), "v": np.array([4.0]), "t": 1}
    next_w, config = _step(f, "adam", np.array([10.0]), np.array([6.0]), config, _STATE)
    corrected = "The corrected mean is kept; keep the one before the correction."
    by_hand(config["m"], [4.0], [([16 / 3], corrected), ([2.0], "It is the old one.")], "m")
    slips = [
        ([192 / 7], corrected),
        ([4.0], "It is the old one."),
        ([4.5], "v takes dw, but should take its square."),
    ]
    by_hand(config["v"], [12.0], slips, "v")
    return by_hand(next_w, [_ADAM_RIGHT], _ADAM_SLIPS, "next_w")


@adam.check("epsilon stands outside the root")
def _(f, rng):
    config = {"learning_rate": 1.0, "epsilon": 1.0}
    next_w, _ = _step(f, "adam", np.array([0.0]), np.array([3.0]), config, _STATE)
    slips = [
        ([-3 / 10**0.5], "epsilon is under the root; it is added to the root."),
        ([-1.0], "epsilon is missing, or used as a constant: take it from config."),
    ]
    return by_hand(next_w, [-0.75], slips, "next_w")


@adam.check("settings that are missing: 0.001, 0.9, 0.999, 1e-8")
def _(f, rng):
    w, config = np.array([1.0]), {"m": np.array([0.5]), "v": np.array([0.25]), "t": 9}
    next_w, config = _step(f, "adam", w, np.array([-1.0]), config, _STATE)
    close(config["m"], [0.35], what="m", hint="beta1 is 0.9 where it is missing.")
    close(config["v"], [0.25075], what="v", hint="beta2 is 0.999 where it is missing.")
    expected = 1 - 0.001 * (0.35 / (1 - 0.9**10)) / ((0.25075 / (1 - 0.999**10)) ** 0.5 + 1e-8)
    close(next_w, [expected], what="next_w")
    tiny, _ = _step(f, "adam", np.zeros(1), np.array([1e-8]), None, _STATE)
    return close(tiny, [-0.0005], what="next_w of a gradient of 1e-8", tolerance=1e-6)


@adam.check("a gradient of 0 is no division by zero")
def _(f, rng):
    next_w, _ = _step(f, "adam", np.array([3.0]), np.array([0.0]), None, _STATE)
    return close(next_w, [3.0], what="next_w", hint="epsilon keeps 0/0 from happening.")


_add_common_checks(adam, _STATE, {**_ADAM})
