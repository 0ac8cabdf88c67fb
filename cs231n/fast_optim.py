"""Update rules for training, each one pass over memory.

Every rule is called as in CS231n, ``next_w, config = rule(w, dw, config)``, and does its work **in
place**: it changes w and the arrays in config, and returns w itself. Where w is not a writeable
C-contiguous array of float32 or float64 (a list, whole numbers, a slice with gaps), the rule
leaves it alone and returns a new array; the same holds for each array in config.

A compiled module does the work where there is one, and NumPy otherwise, with the same results but
for the last digits: ``BACKEND`` says which, "cython" or "numpy". CS231N_BACKEND=numpy asks for
NumPy.
"""

from __future__ import annotations

from itertools import combinations
from operator import index

import numpy as np
from numpy.typing import ArrayLike

from cs231n.fast_common import compiled, known_keys, number
from cs231n.im2col import as_floating

_compiled = compiled("cs231n.kernels.pointwise")
BACKEND = "cython" if _compiled else "numpy"


def sgd_fast(w: ArrayLike, dw: ArrayLike, config: dict | None = None) -> tuple[np.ndarray, dict]:
    """Stochastic gradient descent: w falls by learning_rate * dw.

    Inputs:
    - w: weights, any shape; changed in place
    - dw: gradient on w, of its shape; unchanged
    - config: dict, changed in place, with
      - "learning_rate": 1e-2 where absent

    Returns a tuple of:
    - next_w: w itself where it can be changed in place; float32 for float32 and float64 for
      anything else
    - config: the dict, with what was absent

    Raises ValueError, before anything is changed, when shapes differ or config is not as described.
    """
    w, dw, config, _, (rate,) = _arguments(w, dw, config, {"learning_rate": 1e-2})
    if _compiled:
        _step("sgd", w, dw, (rate,))
    else:
        w -= dw * rate
    return w, config


def sgd_momentum_fast(
    w: ArrayLike, dw: ArrayLike, config: dict | None = None
) -> tuple[np.ndarray, dict]:
    """Descent with momentum: a velocity, slowed by the factor momentum, is pushed by -dw.

        velocity = momentum * velocity - learning_rate * dw,  then  w + velocity

    Inputs:
    - w: weights, any shape; changed in place
    - dw: gradient on w, of its shape; unchanged
    - config: dict, changed in place, with
      - "learning_rate": 1e-2 where absent
      - "momentum": 0.9 where absent
      - "velocity": shape of w; zeros where absent

    Returns a tuple of:
    - next_w: w itself where it can be changed in place
    - config: the dict, with the new velocity

    Raises ValueError, before anything is changed, when shapes differ or config is not as described.
    """
    defaults = {"learning_rate": 1e-2, "momentum": 0.9}
    w, dw, config, (velocity,), numbers = _arguments(w, dw, config, defaults, ("velocity",))
    if _compiled:
        _step("sgd_momentum", w, dw, numbers, velocity)
    else:
        rate, momentum = numbers
        velocity *= momentum
        velocity -= dw * rate
        w += velocity
    return w, config


def rmsprop_fast(
    w: ArrayLike, dw: ArrayLike, config: dict | None = None
) -> tuple[np.ndarray, dict]:
    """RMSProp: steps divided by the root of a running average of squared gradients.

        cache = decay_rate * cache + (1 - decay_rate) * dw^2
        w falls by learning_rate * dw / (sqrt(cache) + epsilon)

    Inputs:
    - w: weights, any shape; changed in place
    - dw: gradient on w, of its shape; unchanged
    - config: dict, changed in place, with
      - "learning_rate": 1e-2 where absent
      - "decay_rate": 0.99 where absent
      - "epsilon": 1e-8 where absent
      - "cache": shape of w; zeros where absent

    Returns a tuple of:
    - next_w: w itself where it can be changed in place
    - config: the dict, with the new cache

    Raises ValueError, before anything is changed, when shapes differ or config is not as described.
    """
    defaults = {"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8}
    w, dw, config, (cache,), numbers = _arguments(w, dw, config, defaults, ("cache",))
    rate, decay, epsilon = numbers
    if _compiled:
        _step("rmsprop", w, dw, (rate, decay, 1 - decay, epsilon), cache)
    else:
        cache *= decay
        cache += np.square(dw) * (1 - decay)
        w -= dw * rate / (np.sqrt(cache) + epsilon)
    return w, config


def adam_fast(w: ArrayLike, dw: ArrayLike, config: dict | None = None) -> tuple[np.ndarray, dict]:
    """Adam (Kingma and Ba, 2015, algorithm 1), with its correction of the first steps' bias.

    Inputs:
    - w: weights, any shape; changed in place
    - dw: gradient on w, of its shape; unchanged
    - config: dict, changed in place, with
      - "learning_rate": 1e-3 where absent
      - "beta1", "beta2": 0.9 and 0.999 where absent
      - "epsilon": 1e-8 where absent
      - "m", "v": running averages of dw and of its square, shape of w; zeros where absent
      - "t": steps done so far; 0 where absent

    Returns a tuple of:
    - next_w: w itself where it can be changed in place
    - config: the dict, with the new m, v and t

    Raises ValueError, before anything is changed, when shapes differ or config is not as described.
    """
    defaults = {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "t": 0}
    w, dw, config, (m, v), numbers = _arguments(w, dw, config, defaults, ("m", "v"))
    rate, beta1, beta2, epsilon, _ = numbers
    config["t"] += 1
    unbias1, unbias2 = 1 - beta1 ** config["t"], 1 - beta2 ** config["t"]
    if _compiled:
        numbers = (rate, beta1, 1 - beta1, beta2, 1 - beta2, epsilon, unbias1, unbias2)
        _step("adam", w, dw, numbers, m, v)
    else:
        for average, beta, value in ((m, beta1, dw), (v, beta2, np.square(dw))):
            average *= beta
            average += value * (1 - beta)
        w -= m * (rate / unbias1) / (np.sqrt(v * (1 / unbias2)) + epsilon)
    return w, config


LIMITS = {"momentum": 1 + 2**-52, "decay_rate": 1 + 2**-52, "beta1": 1, "beta2": 1}  # less than


def _arguments(
    w: ArrayLike, dw: ArrayLike, config: dict | None, defaults: dict, states: tuple = ()
) -> tuple[np.ndarray, np.ndarray, dict, list[np.ndarray], list[float]]:
    """Check everything, and only then fill in config: w, dw, config, its arrays, its numbers."""
    config = {} if config is None else config
    known_keys(config, "config", (), (*defaults, *states))
    settings = defaults | config
    numbers = [number(settings, "config", key, 0, LIMITS.get(key, np.inf)) for key in defaults]
    if "t" in defaults:
        try:
            index(settings["t"])
        except TypeError:
            raise ValueError(
                f'config["t"] should be a whole number, but it is {settings["t"]!r}.'
            ) from None

    w = _changeable(w, "w")
    if w.size == 0:
        raise ValueError(f"w should hold at least one weight, but its shape is {w.shape}.")
    dw = np.asarray(as_floating(dw, "dw"), w.dtype, order="C")
    if dw.shape != w.shape:
        raise ValueError(f"dw should have the shape of w, {w.shape}: it has {dw.shape}.")
    arrays = []
    for name in states:
        given = config.get(name)
        array = np.zeros_like(w) if given is None else _changeable(given, name, w.dtype)
        if array.shape != w.shape:
            raise ValueError(
                f'config["{name}"] should have the shape of w, {w.shape}: it has {array.shape}. '
                "Each array of weights needs a config of its own."
            )
        arrays.append(array)
    for (a, first), (b, second) in combinations(zip(("w", *states), (w, *arrays)), 2):
        if np.may_share_memory(first, second):
            raise ValueError(f"{a} and {b} share memory: each needs an array of its own.")
    if any(np.may_share_memory(dw, array) for array in (w, *arrays)):
        dw = dw.copy()
    config.update({key: settings[key] for key in defaults}, **dict(zip(states, arrays)))
    return w, dw, config, arrays, numbers


def _changeable(array: ArrayLike, name: str, dtype: np.dtype | None = None) -> np.ndarray:
    """The array itself where a kernel can write to it, and a copy otherwise."""
    result = np.require(as_floating(array, name), dtype, "CA")
    own = result is array and result.flags.writeable
    return result if own else result.copy()


def _step(rule: str, w: np.ndarray, dw: np.ndarray, numbers: tuple, *states: np.ndarray) -> None:
    flat = (array.reshape(-1) for array in states)
    _compiled.step(rule, w.reshape(-1), dw.reshape(-1), tuple(numbers), *flat)
