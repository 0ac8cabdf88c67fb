"""Where filters stand and where their taps are, and filters that look learned."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from cs231n.vis.alt_text import describe
from cs231n.vis.style import ORANGE, PALE, RED, SKY, add_caption, tint


def stripes_and_patches(count: int = 48, size: int = 11, seed: int = 3) -> np.ndarray:
    """Filters (count, 3, size, size) such as first layers learn: stripes, every third one coloured.

    Each is a wave under a soft window (a Gabor filter; Gabor, "Theory of communication", 1946), and
    the weights of each channel add up to nearly zero.
    """
    rng = np.random.default_rng(seed)
    v, u = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    filters = []
    for k in range(count):
        angle, pitch, shift = rng.uniform(0, np.pi), rng.uniform(2, 7), rng.uniform(0, 2 * np.pi)
        window = np.exp(-(u**2 + v**2) * rng.uniform(1.5, 3))
        colour = rng.standard_normal(3) if k % 3 == 0 else 1 + 0.15 * rng.standard_normal(3)
        pitch = pitch / 4 if k % 3 == 0 else pitch
        wave = np.cos(pitch * (u * np.cos(angle) + v * np.sin(angle)) + shift) * window
        filters.append(np.multiply.outer(colour, wave - wave.mean()))
    return np.array(filters)


def blurs_towards_the_rim(rows: int, columns: int, size: int = 9) -> np.ndarray:
    """A blurring filter for each place of a picture: narrow in the middle, wide at the rim.

    Returns an array (rows, columns, size, size); the weights of each filter add up to 1.
    """
    row, column = np.mgrid[0:rows, 0:columns]
    away = np.hypot(row - rows // 2, column - columns // 2)[..., None, None]
    width = 0.3 + away / 25  # in pixels
    reach = size // 2
    v, u = np.mgrid[-reach : size - reach, -reach : size - reach]
    filters = np.exp(-(u**2 + v**2) / (2 * width**2))
    return filters / filters.sum(axis=(2, 3), keepdims=True)


def show_positions(size: int, taps: int, strides, pad: int = 0, *, caption=None):
    """Where a filter can stand on a row of pixels, for each of several strides.

    Inputs:
    - size, taps, pad: pixels of the row, of the filter, of the padding at each end
    - strides: whole numbers, one panel each
    - caption: lines below

    Returns the Figure, described in words.
    """
    strides, room = list(strides), size + 2 * pad - taps
    if room < 0:
        raise ValueError(f"A filter of {taps} does not fit into {size} + 2 * {pad} pixels.")
    shape = (3.3 * len(strides), 1.9 + 0.4 * bool(caption))
    fig, axes = plt.subplots(1, len(strides), figsize=shape, squeeze=False, layout="constrained")
    words = []
    for ax, stride in zip(axes.flat, strides):
        for pixel in range(-pad, size + pad):
            shade = tint(SKY, 0.6) if 0 <= pixel < size else PALE
            ax.add_patch(plt.Rectangle((pixel, 0), 1, 0.7, facecolor=shade, edgecolor="white"))
            if not 0 <= pixel < size:
                ax.text(pixel + 0.5, 0.35, "0", ha="center", va="center", fontsize=8)
        starts = range(-pad, size + pad - taps + 1, stride)
        for k, left in enumerate(starts):
            ends = [left + 0.08, left + taps - 0.08]
            ax.plot(ends, [-0.4 - 0.4 * k] * 2, color=RED, linewidth=4)
        over = room % stride
        verdict = (
            f"stride {stride}: illegal" if over else f"stride {stride}: {len(starts)} positions"
        )
        rest = f"{over} pixel{'s' * (over > 1)} left over" if over else "nothing left over"
        ax.set_title(verdict, fontsize=11)
        ax.set_xlabel(rest)
        ax.set(xlim=(-pad - 0.2, size + pad + 0.2), ylim=(-0.7 - 0.4 * (room + 1), 0.9))
        ax.set(yticks=[], xticks=[])
        ax.spines[:].set_visible(False)
        words.append(f"{verdict}, {rest}")
    add_caption(fig, caption)
    text = f"A filter of {taps} on a row of {size} pixels, padded by {pad}: {'; '.join(words)}."
    return describe(fig, text)


def show_taps(taps: int, dilations, *, caption=None):
    """The taps of a square filter on the grid of pixels, for each of several dilations.

    Inputs:
    - taps: rows and columns of the filter
    - dilations: whole numbers, 1 for none; one panel each
    - caption: lines below

    Returns the Figure, described in words.
    """
    dilations = list(dilations)
    spans = [dilation * (taps - 1) + 1 for dilation in dilations]
    side = max(spans) + 2
    shape = (2.5 * len(dilations), 2.6 + 0.3 * bool(caption))
    fig, axes = plt.subplots(1, len(dilations), figsize=shape, squeeze=False, layout="constrained")
    for ax, dilation, span in zip(axes.flat, dilations, spans):
        first = (side - span) // 2
        for row in range(side):
            for column in range(side):
                inside = all(
                    first <= at < first + span and (at - first) % dilation == 0
                    for at in (row, column)
                )
                face = ORANGE if inside else "white"
                cell = plt.Rectangle((column, row), 1, 1, facecolor=face, edgecolor="#cccccc")
                ax.add_patch(cell)
                if inside:
                    ax.text(column + 0.5, row + 0.55, "w", ha="center", va="center", fontsize=7)
        ax.set(aspect="equal", xlim=(0, side), ylim=(side, 0), xticks=[], yticks=[])
        ax.set_title(f"dilation {dilation}", fontsize=11)
        ax.set_xlabel(f"{taps * taps} weights span {span}×{span}")
    add_caption(fig, caption)
    words = [f"at dilation {d} they span {s} by {s} pixels" for d, s in zip(dilations, spans)]
    return describe(fig, f"The {taps * taps} taps of a filter on a grid: {', '.join(words)}.")
