"""Volumes as boxes, drawn to scale: depth to the right, height upwards, width into the page."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import patches
from matplotlib.transforms import Affine2D

from cs231n.vis.alt_text import described
from cs231n.vis.pictures import stretch
from cs231n.vis.style import BLUE, GREEN, GREY, INK, ORANGE, add_caption, tint

# A step into the page, on paper: half as long as one across, and mostly to the right.
RIGHT, UP = 0.46, 0.30


class Box:
    """A volume (C, H, W) with its front lower left corner at (x, y), in units of one cell."""

    def __init__(self, shape, x: float, y: float, thinnest: float):
        self.shape = shape
        self.depth, self.height, self.width = (max(float(n), thinnest) for n in shape)
        self.x, self.y = x, y

    def at(self, depth: float, height: float, width: float) -> tuple[float, float]:
        """The point on paper of a point in the box; each coordinate runs from 0 to 1."""
        into = width * self.width
        return (
            self.x + depth * self.depth + into * RIGHT,
            self.y + height * self.height + into * UP,
        )

    def middle(self, shape, thinnest: float) -> Box:
        """A smaller volume in the middle of this one, as deep as its own shape says."""
        inner = Box(shape, 0, 0, thinnest)
        into = max(0.0, self.width - inner.width) / 2
        inner.x = self.x + max(0.0, self.depth - inner.depth) / 2 + into * RIGHT
        inner.y = self.y + max(0.0, self.height - inner.height) / 2 + into * UP
        return inner

    @property
    def extent(self) -> tuple[float, float]:
        return self.depth + self.width * RIGHT, self.height + self.width * UP


def show_volume(shapes, labels=None, *, inside=None, title=None, caption=None, colours=None):
    """Volumes side by side as boxes to scale, with their three sizes on their edges.

    Inputs:
    - shapes: a list; each entry is a shape (C, H, W) or an array (C, H, W) or (1, C, H, W).
      An array of 1 or 3 channels is drawn with its picture on the face that shows it.
    - labels: a line under each box, such as "input volume"
    - inside: a list as long as shapes, of shapes (C, H, W) or None: a smaller volume drawn in the
      middle of the box. Two of them in neighbouring boxes are joined by lines:
      `inside=[(3, 5, 5), (6, 1, 1)]` shows the part of the input that one depth column sees.
    - title, caption: a line above, lines below
    - colours: one for each box; by default blue for the first, green for the last, orange between

    A size under 1/60 of the largest is drawn as 1/60, so that it can be seen.

    Returns the Figure.
    """
    if not isinstance(shapes, (list, tuple)) or not len(shapes) or np.isscalar(shapes[0]):
        raise ValueError(
            "show_volume expects a list of shapes (C, H, W) or arrays, even for one volume: "
            "show_volume([(3, 32, 32)])."
        )
    sizes = [_shape_of(entry) for entry in shapes]
    labels = _one_for_each(labels, sizes, "labels")
    inside = [None if s is None else _shape_of(s) for s in _one_for_each(inside, sizes, "inside")]
    colours = _one_for_each(colours or _colours(len(sizes)), sizes, "colours")
    thinnest = max(max(s) for s in sizes) / 60
    boxes = _place(sizes, thinnest)
    inner = [None if s is None else b.middle(s, thinnest / 2) for s, b in zip(inside, boxes)]

    fig, ax = plt.subplots(layout="constrained")
    for box, small, colour, label, entry in zip(boxes, inner, colours, labels, shapes):
        _draw_box(ax, box, colour, alpha=0.55 if small else 1.0, picture=_picture(entry))
        _write_sizes(ax, box, label, named=box is boxes[0])
        if small:
            _draw_box(ax, small, ORANGE, alpha=1.0, order=3)
    for left, right, small, small_right in zip(boxes, boxes[1:], inner, inner[1:]):
        _join(ax, left, right, small, small_right)
    _fit_figure(fig, ax, boxes, title, caption)
    text = "Boxes to scale: " + "; ".join(map(_read_out, sizes, labels, inside))
    return described(fig, text, title, caption)


def _read_out(size, label, inside) -> str:
    """A box in words; depth, height and width."""
    text = f"{label or 'a volume'} of {'×'.join(map(str, size))}"
    return text + (f", with {'×'.join(map(str, inside))} of it marked" if inside else "")


def _shape_of(entry) -> tuple[int, int, int]:
    shape = entry.shape if hasattr(entry, "shape") else tuple(entry)
    if len(shape) == 4 and shape[0] == 1:
        shape = shape[1:]
    if len(shape) != 3 or min(shape) < 1:
        raise ValueError(
            f"A volume has three sizes (C, H, W), each at least 1, but got {tuple(shape)}. "
            "Of a batch (N, C, H, W), choose one picture: x[0]."
        )
    return tuple(int(n) for n in shape)


def _one_for_each(values, sizes, name: str) -> list:
    values = [None] * len(sizes) if values is None else list(values)
    if len(values) != len(sizes):
        raise ValueError(f"There are {len(sizes)} volumes but {len(values)} {name}.")
    return values


def _colours(count: int) -> list[str]:
    return [BLUE] if count == 1 else [BLUE] + [ORANGE] * (count - 2) + [GREEN]


def _picture(entry):
    """The picture (H, W, 3) of an array of 1 or 3 channels, or None."""
    if not hasattr(entry, "shape"):
        return None
    array = np.asarray(entry).reshape(_shape_of(entry))
    if array.shape[0] not in (1, 3):
        return None
    return np.repeat(stretch(array.transpose(1, 2, 0)), 3 // array.shape[0], axis=2)


def _place(sizes, thinnest: float) -> list[Box]:
    """Boxes from left to right, their middles on one line, with room for arrows and labels."""
    boxes = [Box(size, 0.0, 0.0, thinnest) for size in sizes]
    gap = 0.16 * sum(box.extent[0] for box in boxes) + 6 * thinnest
    x = 0.0
    for box in boxes:
        box.x, box.y = x, -box.extent[1] / 2
        x += box.extent[0] + gap
    return boxes


def _draw_box(ax, box: Box, colour: str, alpha: float, picture=None, order: int = 1) -> None:
    faces = {
        0.30: [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)],  # front: depth by height
        0.50: [(1, 0, 0), (1, 0, 1), (1, 1, 1), (1, 1, 0)],  # side: width by height
        0.16: [(0, 1, 0), (1, 1, 0), (1, 1, 1), (0, 1, 1)],  # top: depth by width
    }
    for strength, corners in faces.items():
        points = [box.at(*corner) for corner in corners]
        face = patches.Polygon(points, alpha=alpha, zorder=order)
        face.set(facecolor=tint(colour, strength), edgecolor="none")
        edge = patches.Polygon(points, fill=False, joinstyle="round", zorder=order + 1)
        edge.set(edgecolor=colour, linewidth=1.1)
        ax.add_patch(face)
        ax.add_patch(edge)
    if picture is not None:
        x, y = box.at(1, 0, 0)
        place = Affine2D.from_values(RIGHT, UP, 0, 1, x, y) + ax.transData
        extent = (0, box.width, 0, box.height)
        image = ax.imshow(picture, extent=extent, interpolation="nearest", alpha=alpha)
        image.set(transform=place, zorder=order)


def _write_sizes(ax, box: Box, label: str | None, named: bool) -> None:
    """The sizes beside the edges they belong to, and the label below."""
    C, H, W = box.shape
    if named:
        C, H, W = f"depth {C}", f"height\n{H}", f"width {W}"
    style = {"fontsize": 9, "color": INK, "textcoords": "offset points"}
    ax.annotate(f"{H}", box.at(0, 0.5, 0), xytext=(-4, 0), ha="right", va="center", **style)
    ax.annotate(f"{C}", box.at(0.5, 0, 0), xytext=(0, -3), ha="center", va="top", **style)
    ax.annotate(f"{W}", box.at(1, 0, 0.5), xytext=(4, -2), ha="left", va="top", **style)
    if label:
        x = box.x + box.extent[0] / 2
        ax.annotate(label, (x, box.y), xytext=(0, -18), ha="center", va="top", **style)


def _join(ax, left: Box, right: Box, small: Box | None, small_right: Box | None) -> None:
    """Lines from the face of one inner volume to the next, or an arrow from box to box."""
    if small and small_right:
        tip = small_right.at(0, 0.5, 0.5)
        for corner in [(1, 0, 0), (1, 0, 1), (1, 1, 0), (1, 1, 1)]:
            start = small.at(*corner)
            ax.plot(*zip(start, tip), color=ORANGE, linewidth=0.9, zorder=5)
        return
    start, stop = left.x + left.extent[0], right.x
    room = stop - start
    arrow = {"arrowstyle": "-|>", "color": GREY, "linewidth": 1.3}
    ax.annotate("", (stop - 0.32 * room, 0), (start + 0.12 * room, 0), arrowprops=arrow)


def _fit_figure(fig, ax, boxes, title, caption) -> None:
    right = boxes[-1].x + boxes[-1].extent[0]
    top = max(box.extent[1] for box in boxes) / 2
    margin = 0.06 * right
    ax.set_xlim(-margin, right + margin)
    ax.set_ylim(-top * 1.02, top * 1.04)
    ax.set_aspect("equal")
    ax.set_axis_off()
    width = min(11.0, 2.5 + 2.4 * len(boxes))
    height = width * 2.06 * top / (right + 2 * margin)
    width, height = width * min(1, 4.2 / height), min(height, 4.2)
    fig.set_size_inches(width, max(height, 1.2) + 0.7 + 0.3 * bool(title) + 0.2 * bool(caption))
    if title:
        fig.suptitle(title, fontsize=12)
    add_caption(fig, caption)
