"""Pictures of the notebook on the famous networks."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from cs231n.vis.style import INK, SKY, add_caption, tint


def show_connections(table, *, title=None, caption=None):
    """Which maps of one layer each map of the next one sees, as a table with crosses.

    Inputs:
    - table: array of booleans, shape (F, C): a column of the picture for each of the F maps
    - title, caption: a line above, lines below

    Returns the Figure.
    """
    table = np.asarray(table).astype(bool)
    F, C = table.shape
    fig, ax = plt.subplots(figsize=(0.42 * F + 1.2, 0.42 * C + 1.2), layout="constrained")
    shades = np.where(table[..., None], tint(SKY, 0.5), 1.0)
    ax.imshow(shades.transpose(1, 0, 2))
    for f, c in np.argwhere(table):
        ax.text(f, c, "×", ha="center", va="center", color=INK)
    ax.set(xticks=range(F), yticks=range(C), xlabel="map", ylabel="map that it sees")
    ax.set_title(title or "")
    add_caption(fig, caption)
    return fig


def zone_plate(size: int, finest: float = 4.0) -> np.ndarray:
    """Rings that get finer outwards: array (size, size), 0 to 1.

    finest: pixels from one ring to the next where the rings reach the middle of an edge
    """
    across = np.arange(size) - (size - 1) / 2
    squared = across[:, None] ** 2 + across**2
    return 0.5 + 0.5 * np.cos(2 * np.pi * squared / (finest * size))
