"""What the checks of normalising layers are made of: the layers, and inputs with known answers.

Evenly spaced numbers with mean 0 and variance 1 can be written down without computing either. Moved
and stretched, they are inputs of which one knows beforehand what normalising must give.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cs231n.check.compare import as_array, expect_tuple
from cs231n.check.results import CheckFailed


@dataclass(frozen=True)
class Norm:
    """A normalising layer as its checks need it.

    forward, backward: names of the functions
    running: whether it has modes and keeps running statistics
    sizes: shape of x, G -> (how many sets of numbers are normalised, how many numbers in each)
    place: array of that shape, shape of x -> the numbers where they stand in x
    axes: what is normalised over what, for messages
    """

    forward: str
    backward: str
    running: bool
    sizes: Callable
    place: Callable
    axes: str

    @property
    def grouped(self) -> bool:
        return "group" in self.forward

    def arguments(self, x, gamma, beta, param, G=1) -> tuple:
        """What forward takes. gamma and beta come as vectors, one number a feature or channel."""
        if not self.grouped:
            return x, gamma, beta, param
        return x, gamma.reshape(1, -1, 1, 1), beta.reshape(1, -1, 1, 1), G, param


def _channels_first(rows, shape):
    N, C, H, W = shape
    return np.ascontiguousarray(rows.reshape(C, N, H, W).swapaxes(0, 1))


BATCH = Norm(
    "batchnorm_forward",
    "batchnorm_backward",
    True,
    lambda shape, G: (shape[1], shape[0]),
    lambda rows, shape: np.ascontiguousarray(rows.T),
    "Every column (feature) has a mean and a variance of its own, over the N samples.",
)
LAYER = Norm(
    "layernorm_forward",
    "layernorm_backward",
    False,
    lambda shape, G: shape,
    lambda rows, shape: rows,
    "Every row (sample) has a mean and a variance of its own, over its D features; gamma and beta "
    "still belong to the features.",
)
SPATIAL = Norm(
    "spatial_batchnorm_forward",
    "spatial_batchnorm_backward",
    True,
    lambda shape, G: (shape[1], shape[0] * shape[2] * shape[3]),
    _channels_first,
    "Every channel has one mean and one variance, over all pictures and all places together.",
)
GROUP = Norm(
    "spatial_groupnorm_forward",
    "spatial_groupnorm_backward",
    False,
    lambda shape, G: (shape[0] * G, shape[1] // G * shape[2] * shape[3]),
    lambda rows, shape: rows.reshape(shape),
    "In every picture, every group of C / G neighbouring channels has one mean and one variance, "
    "over its channels and all places.",
)


@dataclass(frozen=True)
class Known:
    """An input of a normalising layer, and what is known of it.

    x, gamma, beta: the input
    ladder: x as it is with mean 0 and variance 1 exactly (no epsilon), in the shape of x
    middle, spread: mean and standard deviation of each set, (sets,)
    count: how many numbers are in a set
    spreads: spread at every place of x
    """

    x: np.ndarray
    gamma: np.ndarray
    beta: np.ndarray
    ladder: np.ndarray
    middle: np.ndarray
    spread: np.ndarray
    count: int
    spreads: np.ndarray

    def scaled(self, normal) -> np.ndarray:
        """gamma and beta of each feature or channel, applied."""
        wide = (1, -1) if normal.ndim == 2 else (1, -1, 1, 1)
        return self.beta.reshape(wide) + normal * self.gamma.reshape(wide)

    def expected(self, eps: float) -> np.ndarray:
        return self.scaled(self.ladder / np.sqrt(1 + eps / self.spreads**2))


def known(rng, norm: Norm, shape, *, G=1, spread=(0.5, 3.0)) -> Known:
    """Random sets of evenly spaced numbers, each in an order, at a place and of a width of its own.

    spread: smallest and largest standard deviation
    """
    sets, count = norm.sizes(shape, G)
    steps = np.arange(count) - (count - 1) / 2
    ladder = rng.permuted(np.tile(steps * np.sqrt(12 / (count**2 - 1)), (sets, 1)), axis=1)
    middle = rng.permutation(sets) + rng.uniform(-0.4, 0.4, sets) - 1.0
    width = rng.uniform(*spread, sets)
    x = norm.place(middle[:, None] + width[:, None] * ladder, shape)
    gamma = rng.choice([-1.0, 1.0], shape[1]) * rng.uniform(0.5, 2, shape[1])
    beta = rng.uniform(0.5, 2, shape[1])
    spreads = norm.place(np.repeat(width[:, None], count, axis=1), shape)
    return Known(
        x,
        gamma,
        beta,
        norm.place(ladder, shape),
        middle,
        width,
        count,
        np.broadcast_to(spreads, shape),
    )


# The examples worked out in the notebook, with eps = 1: 1, 1, 1, 5 have mean 2 and variance 3, and
# 14, 6, 10, 10 have mean 10 and variance 8.
_SETS = np.array([[1.0, 1, 1, 5], [14, 6, 10, 10]])
_NORMAL = np.array([[-0.5, -0.5, -0.5, 1.5], [4 / 3, -4 / 3, 0, 0]])
_TWO, _FOUR = (np.array([2.0, 3]), np.array([1.0, 0])), (np.ones(4), np.zeros(4))
_EXAMPLES = {
    BATCH.forward: ((4, 2), *_TWO),
    LAYER.forward: ((2, 4), np.array([2.0, 3, 1, 2]), np.array([1.0, 0, 0, -1])),
    SPATIAL.forward: ((2, 2, 1, 2), *_TWO),
    GROUP.forward: ((1, 4, 1, 2), *_FOUR),
}


def example(norm: Norm) -> tuple:
    """The worked example: (arguments of forward in mode "train", out)."""
    shape, gamma, beta = _EXAMPLES[norm.forward]
    wide = (1, -1) if len(shape) == 2 else (1, -1, 1, 1)
    out = norm.place(_NORMAL, shape) * gamma.reshape(wide) + beta.reshape(wide)
    param = {"mode": "train", "eps": 1.0} if norm.running else {"eps": 1.0}
    return norm.arguments(norm.place(_SETS, shape), gamma, beta, param, 2), out


def forward(f, norm: Norm, args) -> tuple:
    """(out, cache) of the student's forward pass."""
    return expect_tuple(getattr(f, norm.forward)(*args), ("out", "cache"), norm.forward)


def forward_and_param(f, norm: Norm, args) -> tuple:
    """(out, the bn_param as forward left it)."""
    answer, left = f.watched(norm.forward, *args)
    return expect_tuple(answer, ("out", "cache"), norm.forward)[0], left[-1]


def refuses_mode(f, name: str, *args) -> None:
    """Check that a function takes the mode "train", and raises ValueError for another.

    args: its arguments; the last is a dict, to which the mode is added
    """
    *arrays, param = args
    getattr(f, name)(*arrays, {**param, "mode": "train"})
    wanted = f'{name} should raise a ValueError for mode "validate", which is not a mode'
    try:
        getattr(f, name)(*arrays, {**param, "mode": "validate"})
    except CheckFailed as problem:
        if re.match(rf"{name} stopped with \w*ValueError\b", str(problem)):
            return
        raise CheckFailed(f"{wanted}. {problem}") from None
    raise CheckFailed(f"{wanted}, but it returned something.")


def matches(array, candidate, tolerance=1e-6) -> bool:
    """Whether an answer is what a slip would give: (same shape, nearly the same values)."""
    array = as_array(array, "out")
    return array.shape == candidate.shape and bool(
        np.allclose(array, candidate, rtol=tolerance, atol=tolerance)
    )
