"""A network as volumes: boxes from left to right, each what layers make of the one before."""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import NamedTuple

from matplotlib import patches

from cs231n.architectures.description import Architecture
from cs231n.architectures.kinds import Shape
from cs231n.architectures.pictures.paper import colour_of, sheet
from cs231n.architectures.pictures.pieces import text_width
from cs231n.architectures.pictures.structure import Step, trunk
from cs231n.vis.style import GREY, INK, tint
from cs231n.vis.volumes import Box

MOST = 18  # volumes that are drawn one by one
WIDEST = 800  # points
HEIGHTS = (120, 105, 90, 75, 60)  # of the largest plane, in points; the first that is not too wide
DEEP = 1.2  # points for the square root of the depth
BAR, THINNEST = 5, 2  # width of a vector's bar, and the least of any side
GAP = 24  # between volumes, for the arrow
LEADER = 5  # between the line from an arrow to its text, and the text of the next
FONT = 8
LINE = 1.3 * FONT
SCALES = {"sqrt": 0.5, "linear": 1.0}


class Volume(NamedTuple):
    """A shape, what the layers that made it look like, and their last one's kind."""

    shape: Shape
    labels: tuple[str, ...]
    kind: str


class _Placed(NamedTuple):
    volume: Volume
    box: Box
    middle: float  # x of the middle of its cell
    gap: float  # x of the middle of the gap before it


class _Area(NamedTuple):
    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: _Area) -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.bottom < other.top and other.bottom < self.top


def volumes(architecture: Architecture, stages: bool | None = None) -> tuple[list[Volume], bool]:
    """The volumes from the input to the output, and whether they are stages.

    Layers that leave the volume as it is are counted with the one before them. As stages, all
    layers that give pictures of one height and width make one volume, as deep as the last.
    stages=None takes stages where the network has branches, or too many volumes.
    """
    steps = trunk(architecture)
    found = _grouped(steps, lambda step: step.shape, 0)
    if stages is None:
        branched = any(step.kind in ("add", "concat") for step in steps)
        stages = branched or len(found) > MOST
    if stages:
        found = _grouped(steps, lambda step: step.shape[1:] or step.shape, -1)
    return found, stages


def _grouped(steps: list[Step], key, of_kind: int) -> list[Volume]:
    """The input, then a volume for each run of steps with one key, of the kind of its first (0) or
    last (-1) step."""
    groups = [steps[:1], *(list(found) for _, found in groupby(steps[1:], key))]
    return [Volume(group[-1].shape, _counted(group), group[of_kind].kind) for group in groups]


def _counted(steps: list[Step]) -> tuple[str, ...]:
    """Labels with ×2 and so on for those that follow one another; joins stand for their blocks."""
    labels = [
        f"{step.labels[0]} block" if step.kind in ("add", "concat") else step.labels[0]
        for step in steps
    ]
    runs = [(label, len(list(run))) for label, run in groupby(labels)]
    return tuple(f"{label} ×{count}" if count > 1 else label for label, count in runs)


def draw_volumes(
    architecture: Architecture,
    *,
    stages: bool | None = None,
    scale: str = "sqrt",
    title: str | None = None,
    caption: str | None = None,
):
    """A network as the volumes that run through it, from left to right, to scale.

    Inputs:
    - stages: False draws every change of the volume; True one box for each height and width, as
      deep as the last volume of this size; None takes stages for networks with branches, of which
      only the line that all branches come back to is drawn, and for long ones
    - scale: "sqrt" draws height and width by their square roots, "linear" as they are; depth is
      always drawn by its square root, and vectors as bars as high as a volume would be deep
    - title, caption: a line above, lines below; None writes usual ones, "" none

    Returns the Figure. Raises ValueError for another scale.
    """
    if scale not in SCALES:
        raise ValueError(f'scale is "sqrt" or "linear", not {scale!r}.')
    found, stages = volumes(architecture, stages)
    for high in HEIGHTS:
        placed, width = _place(found, high, SCALES[scale])
        if width <= WIDEST:
            break
    labels = _place_labels(placed)
    low = min(_area_of(one.box).bottom for one in placed) - 3 * LINE
    top = max([_area_of(one.box).top for one in placed] + [area.top for area in labels])
    caption = _caption(found, stages, scale) if caption is None else caption
    title = architecture.name if title is None else title
    fig, ax = sheet(width, top - low, title, caption, down=False)
    ax.set_ylim(low, top)
    for one in placed:
        _draw_box(ax, one.box, colour_of(one.volume.kind))
        _write(ax, one.middle, low + 2 * LINE, _shape_text(one.volume.shape), "top")
    _draw_arrows(ax, placed, labels)
    return fig


def _draw_arrows(ax, placed: list[_Placed], labels: list[_Area]) -> None:
    """From each volume to the next, with what lies between them above."""
    arrow = {"arrowstyle": "-|>", "color": GREY, "linewidth": 1, "shrinkA": 0, "shrinkB": 0}
    for (before, after), area in zip(pairwise(placed), labels):
        ends = (_area_of(after.box).left - 3, 0), (_area_of(before.box).right + 3, 0)
        ax.annotate("", *ends, arrowprops=arrow)
        ax.plot([after.gap] * 2, [3, area.bottom - 2], color=GREY, linewidth=0.6, linestyle=":")
        middle = (area.left + area.right) / 2
        _write(ax, middle, area.bottom, "\n".join(after.volume.labels), "bottom")


def _place(found: list[Volume], high: float, power: float) -> tuple[list[_Placed], float]:
    """Boxes from left to right around y = 0, with room for their texts, and the width of it all.

    Gaps are so far apart that no layer's name, in the middle over one, reaches the next.
    """
    largest = max((max(volume.shape[1:]) for volume in found if volume.shape[1:]), default=1)
    halves = [max(text_width(label, FONT) for label in volume.labels) / 2 for volume in found]
    halves = [0.0, *halves[1:], 0.0]
    placed, x = [], 0.0
    for number, volume in enumerate(found):
        box = _box(volume.shape, high / largest**power, power)
        text = max(text_width(line, FONT) for line in _shape_text(volume.shape).split("\n"))
        apart = max(halves[number : number + 2]) + LEADER - GAP * (1 if number else 0.5)
        cell = max(box.extent[0], text, apart)
        box.x, box.y = x + (cell - box.extent[0]) / 2, -box.extent[1] / 2
        placed.append(_Placed(volume, box, x + cell / 2, x - GAP / 2))
        x += cell + GAP
    return placed, max(x - GAP, placed[-1].gap + halves[-2])


def _box(shape: Shape, unit: float, power: float) -> Box:
    depth, *plane = shape
    if not plane:
        return Box((BAR, DEEP * depth**0.5, 0), 0, 0, THINNEST)
    height, width = (unit * side**power for side in plane)
    return Box((DEEP * depth**0.5, height, width), 0, 0, THINNEST)


def _area_of(box: Box) -> _Area:
    return _Area(box.x, box.y, box.x + box.extent[0], box.y + box.extent[1])


def _place_labels(placed: list[_Placed]) -> list[_Area]:
    """Where the layers' names go: above the arrow, as low as nothing else is in the way."""
    taken = [_area_of(one.box) for one in placed]
    found = []
    for one in placed[1:]:
        half = max(text_width(label, FONT) for label in one.volume.labels) / 2
        bottom, high = 8.0, LINE * len(one.volume.labels)
        while any(
            area.meets(_label_area(one.gap, half + 3, bottom - 2, high + 4)) for area in taken
        ):
            bottom += 3.0
        found.append(_label_area(one.gap, half, bottom, high))
        taken.append(found[-1])
    return found


def _label_area(middle: float, half: float, bottom: float, high: float) -> _Area:
    return _Area(middle - half, bottom, middle + half, bottom + high)


def _shape_text(shape: Shape) -> str:
    depth, *plane = shape
    return "×".join(map(str, plane)) + f"\n×{depth}" if plane else f"{depth}"


def _write(ax, x: float, y: float, text: str, side: str) -> None:
    """Text in the middle of x, of which y is the "top" or the "bottom"."""
    style = {"fontsize": FONT, "color": INK, "linespacing": 1.15}
    ax.text(x, y, text, ha="center", va=side, **style)


def _draw_box(ax, box: Box, colour: str) -> None:
    faces = {
        0.30: [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)],  # front: depth by height
        0.50: [(1, 0, 0), (1, 0, 1), (1, 1, 1), (1, 1, 0)],  # side: width by height
        0.16: [(0, 1, 0), (1, 1, 0), (1, 1, 1), (0, 1, 1)],  # top: depth by width
    }
    for strength, corners in faces.items():
        face = patches.Polygon([box.at(*corner) for corner in corners], joinstyle="round")
        face.set(facecolor=tint(colour, strength), edgecolor=colour, linewidth=0.9, clip_on=False)
        ax.add_patch(face)


def _caption(found: list[Volume], stages: bool, scale: str) -> str:
    parts = []
    if stages:
        parts.append("One box for each height and width, as deep as the last volume of this size.")
        if any("block" in label for volume in found for label in volume.labels):
            parts.append("A block is a fork, its branches, and their join.")
    parts.append("Sizes below: height×width×depth.")
    if scale == "sqrt":
        parts.append("All sides are drawn by their square roots, depth on a scale of its own.")
    else:
        parts.append("Depth is drawn by its square root, on a scale of its own.")
    if any(len(volume.shape) == 1 for volume in found):
        parts.append("Vectors are bars.")
    return " ".join(parts)
