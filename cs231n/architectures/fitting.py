"""Pictures padded or cropped to fit their windows, for functions that know no rounding."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

import numpy as np

from cs231n.architectures.kinds import Pool, Window, Windowed


def fitted(x: np.ndarray, window: Window, layer: Windowed, edge: float):
    """Pictures in which the windows fit exactly.

    Returns a tuple of the pictures; the margins (top, bottom, left, right) that were added, below
    0 where pixels were cut off; and the pad that is left for the layer's function.
    """
    margins = []
    for axis, places in enumerate(layer.places(x.shape[1:])):
        span = (window.size[axis] - 1) * window.dilation[axis] + 1
        reach = (places - 1) * window.stride[axis] + span
        margins += [window.pad[axis], reach - x.shape[2 + axis] - window.pad[axis]]
    if len({*margins}) == 1:
        return x, (0, 0, 0, 0), margins[0]
    return framed(x, margins, edge), tuple(margins), 0


def framed(x: np.ndarray, margins: Iterable[int], edge: float) -> np.ndarray:
    """Pictures with rows and columns of `edge` added, or cut off where a margin is below 0."""
    top, bottom, left, right = margins
    H, W = x.shape[2:]
    x = x[:, :, max(0, -top) : H - max(0, -bottom), max(0, -left) : W - max(0, -right)]
    added = [(max(0, top), max(0, bottom)), (max(0, left), max(0, right))]
    return np.pad(x, ((0, 0), (0, 0), *added), constant_values=edge) if np.any(added) else x


def over_pixels_inside(shape: tuple, margins: tuple, window: Window, layer: Pool):
    """What a mean over whole windows is multiplied by to be one over the pixels in the picture."""
    if not any(margin > 0 for margin in margins):
        return None
    counts = []
    for axis, places in enumerate(layer.places(shape[1:])):
        starts = np.arange(places) * window.stride[axis] - window.pad[axis]
        ends = np.minimum(starts + window.size[axis], shape[2 + axis])
        counts.append(ends - np.maximum(starts, 0))
    return prod(window.size) / np.outer(*counts)
