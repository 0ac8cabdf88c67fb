"""More pictures out of those there are: each time a picture is seen, it is a little different.

    batch = crop_and_flip(X[some], np.random.default_rng([seed, step]))

A cat moved by three pixels or seen in a mirror is still a cat, so a network that has to get these
right as well learns less by heart. Only pictures to train on are treated so.
Every function returns new arrays, and takes its random numbers from the generator it is given.
"""

from __future__ import annotations

import numpy as np


def random_flip(X: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each picture of (N, C, H, W) as it is, or as a mirror shows it, at even odds."""
    mirrored = rng.random(len(X)) < 0.5
    out = X.copy()
    out[mirrored] = X[mirrored, :, :, ::-1]
    return out


def random_crop(X: np.ndarray, rng: np.random.Generator, pad: int = 4) -> np.ndarray:
    """Each picture of (N, C, H, W) moved by up to `pad` pixels, both ways, the size kept.

    What moves in from outside is 0: the mean picture, where that was subtracted.
    """
    N, _, H, W = X.shape
    wide = np.pad(X, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    out = np.empty_like(X, order="C")
    for n, (top, left) in enumerate(rng.integers(0, 2 * pad + 1, (N, 2))):
        out[n] = wide[n, :, top : top + H, left : left + W]
    return out


def crop_and_flip(X: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What is usually done to the pictures of CIFAR-10: moved by up to 4 pixels, then mirrored."""
    return random_flip(random_crop(X, rng), rng)
