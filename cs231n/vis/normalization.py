"""Drawing what normalising layers do: what is normalised together, batch norm's graph, curves."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.patches import FancyArrowPatch

from cs231n.vis.alt_text import describe
from cs231n.vis.style import (
    BLUE,
    COLOURS,
    GREY,
    INK,
    ORANGE,
    add_caption,
    tint,
)

_DEPTH = np.array([0.42, 0.36])  # how far one step of N moves a cell to the right and up
_MARKERS, _LINES = "os^DvP*", ("-", "--", ":", "-.")


def show_shared(sets, *, title=None, caption=None, alt=None):
    """Volumes as blocks of cells, one cell a value: which values are normalised together.

    Inputs:
    - sets: dict {name: array (N, C, H, W) or (N, D)}, whose values say which set a value belongs
      to: values of equal number share one mean and one variance. Height and width are drawn as one
      axis, as there is no fourth.

    The set of the corner that all three visible faces share (first sample, last channel, first
    place) is drawn dark and hatched. Thick lines run between sets.

    alt: the words that are read out in the picture's place, here and below

    Returns the Figure.
    """
    count = len(sets)
    fig, axes = plt.subplots(1, count, figsize=(2.3 * count, 2.9), layout="constrained")
    for ax, (name, numbers) in zip(np.atleast_1d(axes), sets.items()):
        numbers = np.asarray(numbers)
        if numbers.ndim not in (2, 4) or numbers.size == 0:
            raise ValueError(f"{name}: a block is (N, C, H, W) or (N, D), not {numbers.shape}.")
        _draw_block(ax, numbers.reshape(*numbers.shape[:2], -1), flat=numbers.ndim == 2)
        sizes = np.unique(numbers, return_counts=True)[1]
        alike = sizes.size > 2 and np.all(sizes == sizes[0])
        ax.set_title(f"{name}\n{sizes.size} sets of {sizes[0]}" if alike else name, fontsize=10)
    if title:
        fig.suptitle(title, fontsize=12)
    add_caption(fig, caption)
    return describe(fig, alt) if alt else fig


def _faces(numbers):
    """Visible unit faces of a block (N, C, places): corner, two edges, the cell's set, axes."""
    N, C, P = numbers.shape
    across, down = np.array([1.0, 0]), np.array([0, -1.0])
    for c in range(C):
        for p in range(P):
            yield np.array([c, -p]), across, down, numbers[0, c, p], ("front", c, p)
    for c in range(C):
        for n in range(N):
            yield np.array([c, 0]) + n * _DEPTH, across, _DEPTH, numbers[n, c, 0], ("top", c, n)
    for n in range(N):
        for p in range(P):
            corner = np.array([C, -p]) + n * _DEPTH
            yield corner, _DEPTH, down, numbers[n, -1, p], ("side", n, p)


def _draw_block(ax, numbers, flat: bool) -> None:
    N, C, P = numbers.shape
    chosen = numbers[0, -1, 0]
    shades = {s: tint(GREY, (0.1, 0.28)[i % 2]) for i, s in enumerate(np.unique(numbers))}
    dark, pale, colours, at = [], [], [], {}
    for corner, one, two, number, place in _faces(numbers):
        polygon = [corner, corner + one, corner + one + two, corner + two]
        at[place] = polygon, number
        if number == chosen:
            dark.append(polygon)
        else:
            pale.append(polygon)
            colours.append(shades[number])
    ax.add_collection(PolyCollection(pale, facecolors=colours, edgecolors="white", linewidths=0.5))
    chosen_faces = PolyCollection(dark, facecolors=tint(BLUE, 0.75), edgecolors="white")
    chosen_faces.set(linewidths=0.5, hatch="////")
    ax.add_collection(chosen_faces)
    ax.add_collection(LineCollection(_borders(at), colors=INK, linewidths=1.6))
    ax.set_xlim(-0.9, C + N * _DEPTH[0] + 0.3)
    ax.set_ylim(-P - 0.9, N * _DEPTH[1] + 0.3)
    ax.set_aspect("equal")
    ax.set_axis_off()
    small = dict(fontsize=9, color=INK, ha="center", va="center")
    ax.text(C / 2, -P - 0.5, "D" if flat else "C", **small)
    if not flat:
        ax.text(-0.5, -P / 2, "H, W", rotation=90, **small)
    ax.text(N * _DEPTH[0] / 2 - 0.45, N * _DEPTH[1] / 2 + 0.3, "N", **small)


def _borders(at):
    """The edges between neighbouring faces of different sets, and those at the block's outline."""
    for (face, i, j), (polygon, number) in at.items():
        a, b, c, d = polygon
        for edge, neighbour in (
            ((a, b), (face, i, j - 1)),
            ((d, c), (face, i, j + 1)),
            ((a, d), (face, i - 1, j)),
            ((b, c), (face, i + 1, j)),
        ):
            if neighbour not in at or at[neighbour][1] != number:
                yield edge


# ---- the graph of batch normalisation ------------------------------------------------------

# Name, place, what it does, what arrives on the way back.
_NODES = [
    ("x", (0, 1), "x", "dx"),
    ("mean", (1.6, 0), "mean", "dmean"),
    ("centred", (3.2, 1), "x − mean", "dcentred"),
    ("var", (4.8, 0), "mean of\nsquares", "dvar"),
    ("std", (6.4, 0), "√(var + ε)", "dstd"),
    ("x_hat", (8.0, 1), "divide", "dx_hat"),
    ("out", (9.8, 1), "× γ, + β", "dout"),
]
_EDGES = [
    ("x", "centred"),
    ("x", "mean"),
    ("mean", "centred"),
    ("centred", "x_hat"),
    ("centred", "var"),
    ("var", "std"),
    ("std", "x_hat"),
    ("x_hat", "out"),
]


def show_batchnorm_graph(values=None, *, title=None, caption=None, alt=None):
    """Batch normalisation as a graph: values go to the right, gradients come back along each edge.

    Inputs:
    - values: dict {node: numbers} with any of the nodes "x", "mean", "centred", "var", "std",
      "x_hat" and "out"; what is given is written under the node

    Returns the Figure.
    """
    fig, ax = plt.subplots(figsize=(10.5, 3.6), layout="constrained")
    places = {name: np.array(place, dtype=float) for name, place, *_ in _NODES}
    box = dict(boxstyle="round,pad=0.4", facecolor=tint(BLUE, 0.18), edgecolor=BLUE)
    middle = dict(ha="center", va="center", zorder=3)
    for name, place, does, back in _NODES:
        ax.text(*place, does, fontsize=10, color=INK, bbox=box, **middle)
        above = place[1] == 1
        y = place[1] + (0.36 if above else -0.36)
        ax.text(place[0], y, back, ha="center", va="center", fontsize=9, color="#a03c00",
                fontstyle="italic")  # fmt: skip
        if values and name in values:
            numbers = np.atleast_1d(np.asarray(values[name], dtype=float))
            text = ", ".join(f"{v:g}" for v in numbers).replace("-", "\N{MINUS SIGN}")
            y = place[1] + (0.6 if above else -0.6)
            ax.text(place[0], y, text, ha="center", va="center", fontsize=9, color=GREY)
    for start, end in _EDGES:
        bend = 0.13
        for a, b, colour, style, width in (
            (start, end, INK, "-", 1.4),
            (end, start, ORANGE, (0, (4, 2)), 1.6),
        ):
            arrow = FancyArrowPatch(
                places[a],
                places[b],
                connectionstyle=f"arc3,rad={bend}",
                arrowstyle="-|>",
                mutation_scale=11,
                shrinkA=27,
                shrinkB=27,
                color=colour,
                linestyle=style,
                linewidth=width,
            )
            ax.add_patch(arrow)
    for label, colour, style in (("values", INK, "-"), ("gradients", ORANGE, "--")):
        ax.plot([], [], color=colour, linestyle=style, label=label)
    ax.legend(loc="lower right", frameon=False, fontsize=9)
    ax.set_xlim(-0.9, 10.7)
    ax.set_ylim(-0.85, 1.85)
    ax.set_axis_off()
    if title:
        fig.suptitle(title, fontsize=12)
    add_caption(fig, caption)
    return describe(fig, alt) if alt else fig


# ---- curves --------------------------------------------------------------------------------


def plot_curves(
    x,
    curves,
    *,
    xlabel,
    ylabel,
    log="",
    level=None,
    title=None,
    caption=None,
    alt=None,
    size=(7.0, 3.8),
):
    """Curves over one axis, told apart by colour, marker and line.

    Inputs:
    - x: shape (K,)
    - curves: dict {name: values of shape (K,)}
    - log: the axes that are logarithmic: "", "x", "y" or "xy"
    - level: (label, height) of a dotted line to compare with, or None

    Returns the Figure.
    """
    fig, ax = plt.subplots(figsize=size, layout="constrained")
    x = np.asarray(x)
    for i, (name, values) in enumerate(curves.items()):
        values = np.asarray(values, dtype=float)
        if values.shape != x.shape:
            raise ValueError(f"{name} has shape {values.shape}, but x has {x.shape}.")
        every = max(1, len(x) // 12)
        ax.plot(x, values, linestyle=_LINES[i % 4], marker=_MARKERS[i % 7], markersize=5,
                markevery=every, color=COLOURS[i % 7], label=name)  # fmt: skip
    if level:
        ax.axhline(level[1], color=GREY, linestyle=":", label=level[0])
    if "x" in log:
        ax.set_xscale("log", base=2 if np.all(np.log2(x) % 1 == 0) else 10)
    if "y" in log:
        ax.set_yscale("log")
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if title:
        ax.set_title(title, fontsize=12)
    ax.grid(True, color="#dddddd", linewidth=0.7)
    ax.spines[["top", "right"]].set_visible(False)
    if len(curves) > 1 or level:
        ax.legend(frameon=False, fontsize=9)
    add_caption(fig, caption)
    return describe(fig, alt) if alt else fig
