"""A network as a graph: boxes for layers, lines for what they read."""

from __future__ import annotations

from itertools import pairwise

from matplotlib import patches

from cs231n.architectures.description import Architecture
from cs231n.architectures.pictures.layout import Drawing, layout
from cs231n.architectures.pictures.paper import colour_of, sheet
from cs231n.architectures.pictures.pieces import FONT, LINE, PAD_Y, Box, Edge, Frame
from cs231n.vis.style import GREY, INK, tint


def draw_graph(
    architecture: Architecture,
    *,
    fold: bool = True,
    expand: bool = False,
    shapes: bool = True,
    names: bool = False,
    columns: int | None = None,
    title: str | None = None,
    caption: str | None = None,
):
    """The layers of a network as boxes, from top to bottom, with lines to those that read them.

    Inputs:
    - fold: True writes ReLU, normalisation, dropout and the like into the box of the layer before
      them; False gives each layer its own box
    - expand: False draws equal blocks that follow one another once, in a frame with their number;
      True draws all of them
    - shapes: whether boxes say what comes out, height×width×depth
    - names: whether boxes say what the layers are called
    - columns: over how many columns the network goes; None chooses
    - title, caption: a line above, lines below; None writes usual ones, "" none

    Returns the Figure.
    """
    drawing = layout(
        architecture, fold=fold, expand=expand, shapes=shapes, names=names, columns=columns
    )
    title = architecture.name if title is None else title
    caption = _caption(drawing, shapes, names) if caption is None else caption
    fig, ax = sheet(drawing.width, drawing.height, title, caption)
    for frame in drawing.frames:
        _draw_frame(ax, frame)
    _draw_lines(ax, drawing.edges)
    for box in drawing.boxes:
        _draw_box(ax, box)
    return fig


def _draw_frame(ax, frame: Frame) -> None:
    outline = patches.FancyBboxPatch(
        (frame.left, frame.top),
        frame.width,
        frame.height,
        boxstyle="round,pad=0,rounding_size=6",
    )
    outline.set(fill=False, edgecolor=GREY, linewidth=1, linestyle=(0, (4, 2)), zorder=1)
    outline.set_clip_on(False)
    ax.add_patch(outline)
    corner = (frame.left + frame.width - 5, frame.top + 5)
    style = {"fontsize": FONT, "fontweight": "bold", "color": INK}
    ax.text(*corner, f"× {frame.count}", ha="right", va="top", **style)


def _draw_lines(ax, edges: list[Edge]) -> None:
    """Each stretch once, however many lines share it, and an arrow at each end."""
    stretches: dict[tuple, list] = {}
    for edge in edges:
        for (x0, y0), (x1, y1) in pairwise(edge.points):
            upright = abs(x0 - x1) < abs(y0 - y1)
            key = (upright, round(x0 if upright else y0, 2))
            stretches.setdefault(key, []).append(sorted((y0, y1) if upright else (x0, x1)))
    for (upright, fixed), spans in stretches.items():
        for start, end in _merged(spans):
            xs, ys = ((fixed, fixed), (start, end)) if upright else ((start, end), (fixed, fixed))
            line = ax.plot(xs, ys, color=GREY, linewidth=1, zorder=2, clip_on=False)
            line[0].set_solid_capstyle("projecting")
    for x, y, turned in sorted({_arrow(edge) for edge in edges}):
        tip = [(0, 0), (-2.4, -5), (2.4, -5)]
        corners = [(x - dy, y + dx) if turned else (x + dx, y + dy) for dx, dy in tip]
        ax.add_patch(patches.Polygon(corners, color=GREY, linewidth=0, zorder=2))


def _merged(spans: list) -> list:
    """Intervals on one line, those that touch as one."""
    found: list = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1] + 0.01:
            found[-1][1] = max(found[-1][1], end)
        else:
            found.append([start, end])
    return found


def _arrow(edge: Edge) -> tuple[float, float, bool]:
    """The tip of an edge, and whether it points to the left instead of down."""
    (x0, y0), (x1, y1) = edge.points[-2:]
    return round(x1, 2), round(y1, 2), abs(x1 - x0) > abs(y1 - y0)


def _draw_box(ax, box: Box) -> None:
    colour = colour_of(box.step.kind)
    place = (box.left, box.top), box.width, box.height
    outline = patches.FancyBboxPatch(*place, boxstyle="round,pad=0,rounding_size=3")
    outline.set(
        facecolor=tint(colour, 0.16), edgecolor=colour, linewidth=1, zorder=3, clip_on=False
    )
    ax.add_patch(outline)
    y = box.top + PAD_Y
    for text, size in box.lines:
        colour = INK if size == FONT else "#444444"
        middle = (box.left + box.width / 2, y + size * LINE / 2)
        ax.text(*middle, text, fontsize=size, color=colour, ha="center", va="center", zorder=4)
        y += size * LINE


def _caption(drawing: Drawing, shapes: bool, names: bool) -> str:
    folded = any(len(box.step.names) > 1 for box in drawing.boxes)
    parts = ["Each box is a layer."]
    if folded:
        parts = ["Each box is a layer and, below it, what is done to its output."]
    if shapes:
        parts.append("The last line is what comes out: height×width×depth.")
    if drawing.frames:
        parts.append("What is framed stands there as often as written, one behind another.")
    if drawing.frames and names:
        parts.append("Its names are those of the first.")
    if drawing.tangled:
        parts.append("This network is not made of nested branches: lines may cross.")
    return " ".join(parts)
