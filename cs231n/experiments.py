"""Small experiments that notebooks run on layers they are given: sizes through a deep network,
training on two spirals, how much an output depends on the rest of the batch, time."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from time import perf_counter

import numpy as np


def milliseconds(function: Callable, *args, repeat: int = 30) -> float:
    """The median time of a call, in ms."""
    times = []
    for _ in range(repeat):
        start = perf_counter()
        function(*args)
        times.append(1000 * (perf_counter() - start))
    return float(np.median(times))


def sizes_through_layers(weight_std: float, between=None, layers: int = 12) -> list[float]:
    """Standard deviation of the activations after each layer of a random network of width 100.

    between: function of an array (200, 100), run before every ReLU; None leaves it out
    """
    rng = np.random.default_rng(0)
    h, found = rng.standard_normal((200, 100)), []
    for _ in range(layers):
        h = h @ (weight_std * rng.standard_normal((100, 100)))
        h = np.maximum(between(h) if between else h, 0)
        found.append(float(h.std()))
    return found


def tremble(layer: Callable, batch_size: int, shape=(1,), batches: int = 300) -> float:
    """How much one sample's output depends on who else is in the batch.

    Inputs:
    - layer: function of an array (batch_size, *shape) that returns one of that shape
    - batches: how many random batches are drawn around the sample, which is 1 everywhere

    Returns the standard deviation of the first value of the sample's output.
    """
    rng, outs = np.random.default_rng(0), []
    for _ in range(batches):
        x = rng.standard_normal((batch_size, *shape))
        x[0] = 1
        outs.append(layer(x)[0].flat[0])
    return float(np.std(outs))


def spirals(num: int, rng) -> tuple[np.ndarray, np.ndarray]:
    """Points (num, 2) on two spirals, and which of them they lie on: -1 or 1, (num,)."""
    y = rng.choice([-1.0, 1.0], num)
    turn = 7 * np.sqrt(rng.uniform(0.02, 1, num))
    arm = (turn / 7)[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    return y[:, None] * arm + 0.02 * rng.standard_normal((num, 2)), y


def train_on_spirals(
    norm: tuple[Callable, Callable] | None = None,
    steps: int = 300,
    width: int = 30,
    layers: int = 8,
    rate: float = 0.05,
    batch: int = 64,
) -> np.ndarray:
    """Train a narrow network by plain gradient descent to tell two spirals apart.

    norm: forward and backward of a layer that is put before every ReLU, with the signatures of
        batchnorm_forward and batchnorm_backward; None leaves it out

    Returns the loss at every step, (steps,).
    """
    rng = np.random.default_rng(0)
    sizes = [2] + [width] * (layers - 1) + [1]
    weights = [rng.standard_normal(s) / np.sqrt(s[0]) for s in pairwise(sizes)]
    scales, shifts = [np.ones(s) for s in sizes[1:]], [np.zeros(s) for s in sizes[1:]]
    losses = np.zeros(steps)
    for step in range(steps):
        h, y = spirals(batch, rng)
        kept = []
        for layer, w in enumerate(weights):
            entering, cache, last = h, None, layer == layers - 1
            h = h @ w
            if norm and not last:
                h, cache = norm[0](h, scales[layer], shifts[layer], {"mode": "train"})
            else:
                h = h + shifts[layer]
            passes = np.ones(h.shape) if last else h > 0
            kept.append((entering, cache, passes))
            h = h * passes
        margin = np.clip(y * h[:, 0], -30, 30)
        losses[step] = np.log1p(np.exp(-margin)).mean()
        d = (-y / (1 + np.exp(margin)) / batch)[:, None]
        for layer in reversed(range(layers)):
            entering, cache, passes = kept[layer]
            d = d * passes
            if cache is None:
                shifts[layer] -= rate * d.sum(axis=0)
            else:
                d, dscale, dshift = norm[1](d, cache)
                scales[layer] -= rate * dscale
                shifts[layer] -= rate * dshift
            step_of_weights = rate * (entering.T @ d)
            d = d @ weights[layer].T
            weights[layer] -= step_of_weights
    return losses
