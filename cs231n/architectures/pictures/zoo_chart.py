"""The zoo as bubbles: how accurate, how much work, how large."""

from __future__ import annotations

from itertools import pairwise
from math import cos, hypot, pi, radians, sin
from typing import NamedTuple

import matplotlib.pyplot as plt
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from cs231n.architectures import zoo
from cs231n.architectures.accounting import cost, total
from cs231n.architectures.pictures.costs import short
from cs231n.vis.style import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, add_caption, tint

# Top-1 accuracy on ImageNet's validation pictures (one crop, in percent) of the weights published
# with torchvision as IMAGENET1K_V1: "Table of all available classification weights",
# https://pytorch.org/vision/stable/models.html. AlexNet and GoogLeNet are torchvision's variants.
TOP_1 = {
    "alexnet_torchvision": 56.522,
    "vgg11": 69.020,
    "vgg13": 69.928,
    "vgg16": 71.592,
    "vgg19": 72.376,
    "googlenet_torchvision": 69.778,
    "resnet18": 69.758,
    "resnet34": 73.314,
    "resnet50": 76.130,
    "resnet101": 77.374,
    "resnet152": 78.312,
}
SOURCE = (
    " Accuracy: one crop, torchvision's IMAGENET1K_V1 weights, from its table of all available "
    "classification weights; AlexNet and GoogLeNet are torchvision's variants."
)
FAMILIES = (  # beginning of the name, as it is written, colour, hatch
    ("alexnet", "AlexNet", PURPLE, ""),
    ("vgg", "VGG-", ORANGE, "///"),
    ("googlenet", "GoogLeNet", GREEN, "..."),
    ("resnet", "ResNet-", BLUE, ""),
)
AREA = 8.0  # square points for a million parameters
FONT = 8.5
ANGLES = (0, 180, 90, 270, 45, 315, 135, 225, 22, 338, 158, 202, 67, 293, 113, 247)  # degrees
CLEAR = 3.0  # points between a label and everything else


class _Point(NamedTuple):
    """A network: billions of multiply-adds, accuracy, radius in points, label, its family."""

    x: float
    y: float
    radius: float
    text: str
    family: tuple[str, str, str, str]


def plot_zoo(
    accuracies: dict[str, float] | None = None,
    *,
    title: str | None = None,
    caption: str | None = None,
):
    """Networks by work and accuracy, as bubbles whose area says how many parameters they have.

    Inputs:
    - accuracies: {name in the zoo: top-1 accuracy in percent}; None takes the published ones of
      torchvision's weights
    - title, caption: a line above, lines below; None writes usual ones, "" none

    Returns the Figure. Raises ValueError for a network that the zoo does not have.
    """
    points = _points(TOP_1 if accuracies is None else accuracies)
    fig, ax = plt.subplots(figsize=(9, 6), layout="constrained")
    _set_axes(ax, points)
    for family in {point.family: None for point in points}:
        members = [point for point in points if point.family == family]
        xs, ys = zip(*((m.x, m.y) for m in members))
        _, _, colour, hatch = family
        ax.plot(xs, ys, color=colour, linewidth=0.9, zorder=1)
        sizes = [(2 * m.radius) ** 2 for m in members]
        style = {"facecolor": tint(colour, 0.4), "edgecolor": colour, "hatch": hatch}
        ax.scatter(xs, ys, s=sizes, linewidth=0.9, zorder=2, **style)
    legend = _size_legend(ax)
    fig.suptitle(
        "Accuracy and work of well-known networks" if title is None else title, fontsize=12
    )
    usual = "Below each name its number of parameters, which is the area of its bubble."
    usual += SOURCE if accuracies is None else ""
    add_caption(fig, usual if caption is None else caption)
    fig.draw_without_rendering()
    fig.set_layout_engine("none")  # from here on nothing moves
    _write_labels(ax, points, legend)
    return fig


def _points(accuracies: dict[str, float]) -> list[_Point]:
    """What is drawn of each network, those with less work first."""
    if not accuracies:
        raise ValueError("plot_zoo needs the accuracy of one network at least.")
    points = []
    for name, accuracy in accuracies.items():
        network = zoo.build(name)
        parameters = network.parameter_count
        family = next((f for f in FAMILIES if name.startswith(f[0])), (name, name, GREY, "xx"))
        prefix, written, _, _ = family
        depth = name.removeprefix(prefix)
        known = depth.isdigit() or depth in ("", "_torchvision")
        written = written + depth.removeprefix("_torchvision") if known else name
        work = total(cost(network), "multiply_adds") / 1e9
        text = f"{written}\n{short(parameters)}"
        points.append(_Point(work, float(accuracy), _radius(parameters), text, family))
    return sorted(points, key=lambda point: (point.x, point.text))


def _radius(parameters: float) -> float:
    return (AREA * parameters / 1e6 / pi) ** 0.5


def _set_axes(ax, points: list[_Point]) -> None:
    xs, ys = [point.x for point in points], [point.y for point in points]
    ax.set_xscale("log")
    ax.set_xlim(min(xs) / 1.5, max(xs) * 1.6)
    ax.set_ylim(min(ys) - 3, max(ys) + 3)
    ticks = [n * 10.0**power for power in range(-4, 4) for n in (1, 2, 5)]
    ax.xaxis.set_major_locator(FixedLocator(ticks))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.set_xlabel("multiply-adds for one picture (billions, logarithmic)")
    ax.set_ylabel("top-1 accuracy on ImageNet (%)")
    ax.spines[["top", "right"]].set_visible(False)


def _size_legend(ax):
    handles = []
    for millions in (10, 50, 100):
        style = {"marker": "o", "linestyle": "", "color": "white", "markeredgecolor": GREY}
        handles.append(
            ax.plot([], [], markersize=2 * _radius(millions * 1e6), label=f"{millions}M", **style)[
                0
            ]
        )
    style = {"labelspacing": 2.3, "borderpad": 1.8, "handletextpad": 1.4, "frameon": False}
    return ax.legend(handles=handles, loc="lower right", title="parameters", fontsize=FONT, **style)


def _write_labels(ax, points: list[_Point], legend) -> None:
    """Puts each name beside its bubble, at the first place where nothing else is.

    Lengths are in points from the lower left corner of the figure.
    """
    to_points = 72 / ax.figure.dpi
    circles = []
    for point in points:
        x, y = ax.transData.transform((point.x, point.y)) * to_points
        circles.append((x, y, point.radius))
    lines = [(one[:2], other[:2]) for one, other in _neighbours(points, circles)]
    room = _rectangle(ax.get_window_extent(), to_points)
    taken = [_rectangle(legend.get_window_extent(), to_points)]
    for point, (x, y, radius) in zip(points, circles):
        style = {"fontsize": FONT, "color": INK, "ha": "center", "va": "center", "zorder": 3}
        style |= {"textcoords": "offset points", "linespacing": 1.1}
        label = ax.annotate(point.text, (point.x, point.y), xytext=(0, 0), **style)
        left, bottom, right, top = _rectangle(label.get_window_extent(), to_points)
        size = right - left, top - bottom
        best = _first_free(
            _places(x, y, radius, *size),
            lambda area: _hindrances(area, room, circles, lines, taken),
        )
        taken.append(best)
        label.set_position(((best[0] + best[2]) / 2 - x, (best[1] + best[3]) / 2 - y))


def _first_free(places, hindrances):
    """The first place without hindrances; where there is none, the one with the fewest."""
    fewest, best = None, None
    for area in places:
        found = hindrances(area)
        if fewest is None or found < fewest:
            fewest, best = found, area
        if not found:
            break
    return best


def _neighbours(points: list[_Point], circles: list):
    """Pairs of circles that follow one another in a family."""
    for family in {point.family: None for point in points}:
        yield from pairwise([c for point, c in zip(points, circles) if point.family == family])


def _rectangle(box, to_points: float) -> tuple[float, float, float, float]:
    return tuple(value * to_points for value in (box.x0, box.y0, box.x1, box.y1))


def _places(x: float, y: float, radius: float, width: float, height: float):
    """Rectangles around a bubble, the nearest first."""
    for further in range(4):
        for angle in ANGLES:
            away = radius + CLEAR + 1 + 4 * further
            middle_x = x + cos(radians(angle)) * (away + width / 2)
            middle_y = y + sin(radians(angle)) * (away + height / 2)
            yield (
                middle_x - width / 2,
                middle_y - height / 2,
                middle_x + width / 2,
                middle_y + height / 2,
            )


def _hindrances(area, room, circles, lines, taken) -> int:
    """How many things a label would touch there."""
    left, bottom, right, top = area
    outside = left < room[0] or bottom < room[1] or right > room[2] or top > room[3]
    rectangles = sum(
        left < r + CLEAR and l < right + CLEAR and bottom < t + CLEAR and b < top + CLEAR
        for l, b, r, t in taken
    )
    bubbles = sum(_distance(area, x, y) < radius + CLEAR for x, y, radius in circles)
    crossed = sum(_crosses(area, *line) for line in lines)
    return 10 * outside + rectangles + bubbles + crossed


def _distance(area, x: float, y: float) -> float:
    left, bottom, right, top = area
    return hypot(max(left - x, 0, x - right), max(bottom - y, 0, y - top))


def _crosses(area, start, end) -> bool:
    """Whether a line comes near a rectangle; it is looked at every other point."""
    steps = int(hypot(end[0] - start[0], end[1] - start[1]) / 2) + 1
    ways = (n / steps for n in range(steps + 1))
    return any(
        _distance(area, *(s + way * (e - s) for s, e in zip(start, end))) < CLEAR for way in ways
    )
