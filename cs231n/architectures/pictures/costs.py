"""What the layers of a network cost, as bars."""

from __future__ import annotations

from itertools import groupby, takewhile
from typing import NamedTuple

import matplotlib.pyplot as plt
from matplotlib.ticker import EngFormatter, MaxNLocator

from cs231n.architectures.accounting import LayerCost, activations_in_place, cost, total
from cs231n.architectures.description import Architecture
from cs231n.architectures.pictures.structure import folded
from cs231n.vis.style import BLUE, GREEN, INK, ORANGE, add_caption, tint

PANELS = ((BLUE, ""), (GREEN, "//"), (ORANGE, ".."))  # colour and hatch


class Row(NamedTuple):
    """One line of bars: a layer and those folded into it, or several layers that go together."""

    name: str
    label: str
    parameters: int
    activations: int
    multiply_adds: int


def cost_rows(architecture: Architecture, most: int = 32) -> list[Row]:
    """The costs of a network, in rows from input to output; each column adds up to the total.

    Inputs:
    - most: rows at most. Of a network with more layers, the layers with equal beginnings of their
      names (layer1.0, inception3a) share a row, and if need be neighbours do.
    """
    if most < 1:
        raise ValueError(f"Costs are drawn in one row or more, not {most}.")
    by_name = {row.name: row for row in cost(architecture)}
    steps, _ = folded(architecture)
    groups = [(step.names[0], step.labels[0], [by_name[n] for n in step.names]) for step in steps]
    deepest = max(name.count(".") for name, _, _ in groups)
    for depth in range(deepest, 0, -1):
        if len(groups) > most:
            groups = _joined(groups, lambda name, depth=depth: tuple(name.split(".")[:depth]))
    if len(groups) > most:
        together = -(-len(groups) // most)
        places = {name: place // together for place, (name, _, _) in enumerate(groups)}
        groups = _joined(groups, places.__getitem__)
    rows = [_row(*group) for group in groups]
    return [row for row in rows if any(row[2:])]


def _joined(groups: list, key) -> list:
    """Groups that follow one another and have one key, as one."""
    found = []
    for _, run in groupby(groups, lambda group: key(group[0])):
        run = list(run)
        if len(run) == 1:
            found.append(run[0])
            continue
        first, last = run[0][0].split("."), run[-1][0].split(".")
        shared = [a for a, _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, last))]
        name = ".".join(shared) or f"{run[0][0]} … {run[-1][0]}"
        found.append((name, "", [row for _, _, rows in run for row in rows]))
    return found


def _row(name: str, label: str, layers: list[LayerCost]) -> Row:
    sums = (total(layers, "parameters"), activations_in_place(layers))
    return Row(name, label, *sums, total(layers, "multiply_adds"))


def plot_costs(
    architecture: Architecture,
    *,
    most: int = 32,
    title: str | None = None,
    caption: str | None = None,
):
    """Parameters, activations and multiply-adds of each layer as bars, for one picture.

    Inputs:
    - most: rows at most; in larger networks blocks or stages share a row
    - title, caption: a line above, lines below; None writes usual ones, "" none

    Returns the Figure.
    """
    rows = cost_rows(architecture, most)
    sums = [total(rows, column) for column in Row._fields[2:]]
    size = (10.5, 1.9 + 0.21 * len(rows))
    fig, axes = plt.subplots(1, 3, sharey=True, figsize=size, layout="constrained")
    for ax, column, sum_, style in zip(axes, Row._fields[2:], sums, PANELS):
        _draw_bars(ax, [getattr(row, column) for row in rows], *style)
        heading = column.replace("_", "-")
        memory = f" = {4 * sum_ / 1e6:,.1f} MB" if column == "activations" else ""
        ax.set_title(f"{heading.capitalize()}\n{sum_:,}{memory}", fontsize=10)
        ax.set_xlabel(f"{heading} of a layer", fontsize=9)
    axes[0].set_yticks(range(len(rows)), [f"{row.name}  {row.label}".strip() for row in rows])
    axes[0].set_ylim(len(rows) - 0.4, -0.6)
    fig.suptitle(architecture.name if title is None else title, fontsize=12)
    usual = (
        "For one picture; memory in float32. A ReLU overwrites what it reads, so it has no "
        "activations of its own; normalisation and the like are counted with the layer before them."
    )
    add_caption(fig, usual if caption is None else caption)
    return fig


def _draw_bars(ax, values: list[int], colour: str, hatch: str) -> None:
    largest = max(values, default=0) or 1
    bars = ax.barh(range(len(values)), values, height=0.72, color=tint(colour, 0.45), hatch=hatch)
    for bar in bars:
        bar.set(edgecolor=colour, linewidth=0.6)
    for place, value in enumerate(values):
        style = {"fontsize": 8, "color": INK, "va": "center", "textcoords": "offset points"}
        ax.annotate(short(value), (value, place), xytext=(3, 0), **style)
    ax.set_xlim(0, largest * 1.28)
    ax.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    ax.xaxis.set_major_formatter(EngFormatter(sep=""))
    ax.tick_params(labelsize=8, length=2)
    ax.spines[["top", "right"]].set_visible(False)


def short(value: int) -> str:
    """A count in three digits, or exactly where it is below 10,000: 1,792, 36.9k, 103M, 15.5G."""
    if value < 10_000:
        return f"{value:,}"
    digits = f"{value:.2e}"  # 1.03e+08
    thousands, rest = divmod(int(digits[5:]), 3)
    return f"{float(digits[:4]) * 10**rest:.{2 - rest}f}{' kMGTP'[thousands]}"
