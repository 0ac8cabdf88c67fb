"""What every picture of the course shares: colours that colour-blind readers tell apart, cells
with numbers in them, captions.

The colours are those of Okabe and Ito, "Color Universal Design" (2008).
"""

from __future__ import annotations

import numpy as np
from matplotlib import patches
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb

from cs231n.language import translate, wrapped

BLUE, ORANGE, GREEN, RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"
SKY, PURPLE, YELLOW = "#56B4E9", "#CC79A7", "#F0E442"
INK, GREY, PALE = "#222222", "#6b6b6b", "#ececec"
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, RED, SKY, YELLOW)


def add_caption(fig, caption: str | None) -> None:
    """Writes `caption` under everything else in a figure made with layout="constrained"."""
    if caption:
        lines = wrapped(translate(caption), max(40, int(fig.get_figwidth() * 13)))
        fig.supxlabel("\n".join(lines), fontsize=9, color=GREY)


def tint(colour: str, strength: float) -> tuple[float, float, float]:
    """`colour` mixed with white: strength 1 is the colour itself, 0 is white."""
    red, green, blue = to_rgb(colour)
    return tuple(1 - strength * (1 - part) for part in (red, green, blue))


def number(value: float) -> str:
    """A short way to write a value in a cell: 3, -1, 0.25, 1.2e+05, with a true minus sign."""
    if np.isfinite(value) and float(value).is_integer() and abs(value) < 1e4:
        text = str(int(value))
    else:
        text = f"{value:.2g}" if abs(value) < 10 else f"{value:.3g}"
    return text.replace("-", "\N{MINUS SIGN}")


def draw_cells(ax, values, colours=None, *, origin=(0, 0), fontsize=10) -> dict:
    """A matrix as a table of cells, row 0 on top, with the number of each written in it.

    Inputs:
    - ax: the Axes to draw in, one unit a cell (call `fit` when everything is drawn)
    - values: array of shape (H, W); nan leaves a cell empty
    - colours: nested lists (H, W) of colours, or None for white
    - origin: (x, y) of the centre of cell (0, 0); y grows downwards

    Returns a dict {(i, j): (patch, text)} to recolour or rewrite cells afterwards.
    """
    values = np.asarray(values, dtype=np.float64)
    cells = {}
    for i, j in np.ndindex(values.shape):
        x, y = origin[0] + j, origin[1] + i
        face = "white" if colours is None else colours[i][j]
        cell = patches.Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=face, edgecolor="#b0b0b0")
        cell.set_linewidth(0.7)
        ax.add_artist(cell)  # add_patch would look at its limits, which takes most of the time
        text = "" if np.isnan(values[i, j]) else number(values[i, j])
        label = ax.text(x, y, text, ha="center", va="center", fontsize=fontsize, color=INK)
        cells[i, j] = (cell, label)
    return cells


def draw_table(ax, values, colours=None, *, origin=(0, 0), fontsize=10) -> list:
    """As draw_cells, but all cells in one artist, which draws faster where there are hundreds.

    Returns the texts of the cells, row by row.
    """
    values = np.asarray(values, dtype=np.float64)
    corners = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)])
    places = [(origin[0] + j, origin[1] + i) for i, j in np.ndindex(values.shape)]
    faces = "white" if colours is None else np.ravel(colours).tolist()
    squares = PolyCollection([corners + place for place in places], facecolors=faces)
    squares.set(edgecolor="#b0b0b0", linewidth=0.7, zorder=1)
    ax.add_artist(squares)
    style = {"ha": "center", "va": "center", "fontsize": fontsize, "color": INK}
    words = ["" if np.isnan(value) else number(value) for value in values.ravel()]
    return [ax.text(*place, text, **style) for place, text in zip(places, words)]


def fit(ax, width: float, height: float) -> None:
    """Shows the cells from (0, 0) on, `width` by `height` of them, row 0 on top, without axes."""
    ax.set_xlim(-0.55, width - 0.45)
    ax.set_ylim(height - 0.45, -0.55)
    ax.set_aspect("equal")
    ax.set_axis_off()


def frame(ax, left, top, width, height, colour, strength: float = 0):
    """A thick outline around `width` by `height` cells, the first centred on (left, top), with the
    cells tinted in the same colour as strongly as `strength` says, 0 to 1."""
    box = patches.Rectangle((left - 0.5, top - 0.5), width, height, zorder=3)
    edge = tuple(0.75 * part for part in to_rgb(colour))  # stands out from white
    box.set(facecolor=(*to_rgb(colour), strength), edgecolor=edge, linewidth=2.5)
    ax.add_artist(box)
    return box
