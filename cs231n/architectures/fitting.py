"""Windows made to fit for functions that know only one number as stride, pad and dilation.

What such a function cannot be told is done before and after it: pictures are padded or cropped so
that the windows fit exactly, of a finer stride only some outputs are taken, and filters get zeros
between their weights. Each step has its adjoint here, for the backward pass.
"""

from __future__ import annotations

from math import gcd, prod
from typing import NamedTuple

import numpy as np

from cs231n.architectures.kinds import Pool, Window, Windowed


class Fit(NamedTuple):
    """What is done for one layer. Pairs are (vertical, horizontal)."""

    margins: tuple[int, int, int, int]  # added: top, bottom, left, right; below 0: cut off
    pad: int  # that is left to the function
    stride: int  # that the function is told
    step: tuple[int, int]  # of the function's outputs every how manieth is taken


def fit(layer: Windowed, x_shape: tuple, knows_pad: bool = True) -> Fit:
    """How windows on pictures (N, C, H, W) are made to fit; knows_pad: for a function that pads."""
    window = layer.window(x_shape[1:])
    margins = []
    for size, pad, reach in zip(x_shape[2:], window.pad, layer.reach(x_shape[1:])):
        margins += [pad, reach - size - pad]
    pad = 0
    if knows_pad and len(set(margins)) == 1:
        pad, margins = margins[0], [0, 0, 0, 0]
    stride = gcd(*window.stride)
    step = window.stride[0] // stride, window.stride[1] // stride
    return Fit(tuple(margins), pad, stride, step)


def framed(x: np.ndarray, margins: tuple[int, int, int, int], edge: float = 0) -> np.ndarray:
    """Pictures with rows and columns of `edge` added, or cut off where a margin is below 0."""
    top, bottom, left, right = margins
    H, W = x.shape[2:]
    x = x[:, :, max(0, -top) : H - max(0, -bottom), max(0, -left) : W - max(0, -right)]
    added = [(max(0, top), max(0, bottom)), (max(0, left), max(0, right))]
    return np.pad(x, ((0, 0), (0, 0), *added), constant_values=edge) if np.any(added) else x


def unframed(dx: np.ndarray, margins: tuple[int, int, int, int]) -> np.ndarray:
    """The adjoint of framed: added margins cut off, and zeros where pixels had been cut off."""
    return framed(dx, tuple(-margin for margin in margins))


def taken(out: np.ndarray, step: tuple[int, int]) -> np.ndarray:
    """Every so manieth row and column, the first ones included."""
    return out if step == (1, 1) else out[:, :, :: step[0], :: step[1]]


def spread(dout: np.ndarray, step: tuple[int, int]) -> np.ndarray:
    """The adjoint of taken: zeros between rows and columns. Of filters it makes dilated ones."""
    if step == (1, 1):
        return dout
    places = [(size - 1) * by + 1 for size, by in zip(dout.shape[2:], step)]
    wide = np.zeros((*dout.shape[:2], *places), dout.dtype)
    taken(wide, step)[...] = dout
    return wide


def over_pixels_inside(layer: Pool, x_shape: tuple) -> np.ndarray:
    """(H_out, W_out): what the means over whole windows are multiplied by so that they are means
    over the pixels that lie in the picture."""
    window: Window = layer.window(x_shape[1:])
    counts = []
    for axis, places in enumerate(layer.places(x_shape[1:])):
        starts = np.arange(places) * window.stride[axis] - window.pad[axis]
        ends = np.minimum(starts + window.size[axis], x_shape[2 + axis])
        counts.append(ends - np.maximum(starts, 0))
    return prod(window.size) / np.outer(*counts)
