"""Drawing tables of a network: memory and parameters of its layers, what its windows reach, how
many pictures fit."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import EngFormatter, MaxNLocator

from cs231n.vis.alt_text import describe
from cs231n.vis.style import BLUE, COLOURS, GREEN, GREY, INK, ORANGE, PALE, add_caption, tint

HATCHES = ("", "//", "..", "xx", "\\\\", "--")
MIB = 2**20


def plot_memory_and_parameters(names, activation_bytes, parameters, *, title=None, caption=None):
    """Two columns of bars, a row for each layer: memory of what comes out, and parameters.

    Inputs:
    - names: a name for each layer
    - activation_bytes: bytes of each layer's output; shown in MiB
    - parameters: numbers that each layer learns
    - title, caption: a line above, lines below

    Returns the Figure.
    """
    names = list(names)
    columns = (
        ("memory of its output, MiB", np.asarray(activation_bytes) / MIB, BLUE, ""),
        ("parameters", np.asarray(parameters, dtype=float), ORANGE, "//"),
    )
    size = (9.5, 1.6 + 0.2 * len(names))
    fig, axes = plt.subplots(1, 2, sharey=True, figsize=size, layout="constrained")
    for ax, (label, values, colour, hatch) in zip(axes, columns):
        if len(values) != len(names):
            raise ValueError(f"There are {len(names)} names, but {len(values)} values of {label}.")
        bars = ax.barh(range(len(names)), values, color=tint(colour, 0.45), hatch=hatch)
        for bar in bars:
            bar.set(edgecolor=colour, linewidth=0.6)
        for place, value in enumerate(values):
            text = f"{value:.3g}" if "MiB" in label or not value else _short(value)
            style = {"fontsize": 8, "color": INK, "va": "center", "textcoords": "offset points"}
            ax.annotate(text, (value, place), xytext=(3, 0), **style)
        ax.set_xlim(0, 1.2 * (max(values, default=0) or 1))
        ax.set_xlabel(label)
        ax.xaxis.set_major_locator(MaxNLocator(5))
        if "MiB" not in label:
            ax.xaxis.set_major_formatter(EngFormatter(sep=""))
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_yticks(range(len(names)), names, fontsize=9)
    axes[0].set_ylim(len(names) - 0.4, -0.6)
    axes[0].set_ylabel("layer, from input to output")
    _finish(fig, title, caption)
    most = [names[int(np.argmax(values))] for _, values, _, _ in columns]
    return describe(
        fig,
        f"Bars for {len(names)} layers from {names[0]} to {names[-1]}. The largest output is that "
        f"of {most[0]}, the most parameters are in {most[1]}.",
    )


def show_stacked_windows(stacks, titles, *, caption=None):
    """Layers of windows from the side, one row of pixels: what one output at the top sees.

    Inputs:
    - stacks: a list; each entry is a list of layers (size, stride, dilation), the first one nearest
      to the pixels. Without padding.
    - titles: a line above each
    - caption: lines below

    Returns the Figure.
    """
    drawn = [_levels(stack) for stack in stacks]
    widths = [max(levels[0]) - min(levels[0]) + 1 for levels, _ in drawn]
    fig, axes = plt.subplots(
        1,
        len(stacks),
        figsize=(min(12, 0.36 * sum(n + 4.6 for n in widths)), 1.6 + 0.75 * max(map(len, stacks))),
        width_ratios=[n + 4.6 for n in widths],
        layout="constrained",
        squeeze=False,
    )
    tallest = max(map(len, stacks))
    for ax, stack, (levels, places), title in zip(axes[0], stacks, drawn, titles):
        _draw_levels(ax, stack, levels, places)
        ax.set_title(title, fontsize=10)
        ax.set_ylim(-0.75, tallest + 0.4)
        ax.set_xlim(min(levels[0]) - 3.2, max(levels[0]) + 1.4)
        ax.set_axis_off()
    add_caption(fig, caption)
    seen = "; ".join(f"{title}: {width} pixels" for title, width in zip(titles, widths))
    return describe(fig, f"Windows stacked, and how far one output at the top sees. {seen}.")


def _levels(stack):
    """For each level, from the pixels up: the places that lead to the one at the top, and where
    each is drawn: over the middle of those it looks at."""
    levels = [[0]]
    for size, stride, dilation in reversed(stack):
        seen = {i * stride + k * dilation for i in levels[0] for k in range(size)}
        levels.insert(0, sorted(seen))
    places = [{i: float(i) for i in levels[0]}]
    for (size, stride, dilation), level in zip(stack, levels[1:]):
        below = places[-1]
        ends = {i: (i * stride, i * stride + (size - 1) * dilation) for i in level}
        places.append({i: (below[a] + below[b]) / 2 for i, (a, b) in ends.items()})
    return levels, places


def _draw_levels(ax, stack, levels, places):
    everything = range(min(levels[0]), max(levels[0]) + 1)
    ax.scatter(everything, [0] * len(everything), marker="s", s=85, color=PALE, edgecolor=GREY)
    for height, (level, at) in enumerate(zip(levels, places)):
        colour = COLOURS[height % len(COLOURS)]
        marker = "s" if height == 0 else "o"
        xs = [at[i] for i in level]
        ax.scatter(xs, [height] * len(xs), marker=marker, s=85, color=colour, zorder=3)
        if height == 0:
            continue
        size, stride, dilation = stack[height - 1]
        for i in level:
            for k in range(size):
                below = places[height - 1][i * stride + k * dilation]
                ax.plot([at[i], below], [height, height - 1], color=colour, lw=0.8, alpha=0.7)
        text = f"{size} wide" + (f", stride {stride}" if stride > 1 else "")
        text += f",\ndilation {dilation}" if dilation > 1 else ""
        ax.text(everything[0] - 0.7, height, text, ha="right", va="center", fontsize=8, color=INK)
    left, right = everything[0] - 0.4, everything[-1] + 0.4
    ax.annotate("", (left, -0.38), (right, -0.38), arrowprops={"arrowstyle": "<->", "color": INK})
    ax.text(
        (left + right) / 2,
        -0.45,
        f"sees {len(everything)} pixels",
        ha="center",
        va="top",
        fontsize=9,
        color=INK,
    )


def plot_batch_memory(batches, parts, limits=None, *, title=None, caption=None):
    """Memory against the size of the batch, as layers one on top of the other.

    Inputs:
    - batches: sizes of a batch, growing
    - parts: dict, name -> bytes for each of these sizes
    - limits: dict, name -> bytes: lines across, such as {"8 GiB": 8 * 2**30}
    - title, caption: a line above, lines below

    Returns the Figure.
    """
    fig, ax = plt.subplots(figsize=(8, 4.6), layout="constrained")
    gib = {name: np.asarray(sizes, dtype=float) / 2**30 for name, sizes in parts.items()}
    colours = [tint(colour, 0.55) for colour in COLOURS]
    bands = ax.stackplot(batches, *gib.values(), labels=list(gib), colors=colours)
    for band, hatch, colour in zip(bands, HATCHES, COLOURS):
        band.set(hatch=hatch, edgecolor=colour, linewidth=0.5)
    for name, size in (limits or {}).items():
        ax.axhline(size / 2**30, color=INK, linestyle="--", linewidth=1.2)
        ax.annotate(
            name,
            (batches[0], size / 2**30),
            xytext=(4, 3),
            textcoords="offset points",
            fontsize=9,
            color=INK,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
        )
    ax.set(xlabel="pictures in a batch", ylabel="memory, GiB", xlim=(batches[0], batches[-1]))
    ax.set_ylim(bottom=0)
    handles, labels = ax.get_legend_handles_labels()
    fig.legend(handles[::-1], labels[::-1], loc="outside right upper", fontsize=9, frameon=False)
    _finish(fig, title, caption)
    total = sum(sizes[-1] for sizes in gib.values())
    return describe(
        fig,
        f"Memory grows in a straight line with the batch, up to {total:.1f} GiB for "
        f"{batches[-1]} pictures. Stacked: {', '.join(gib)}. "
        + (f"Lines mark {', '.join(limits)}." if limits else ""),
    )


def plot_bars(values, *, label, title=None, caption=None):
    """A few bars side by side, each with its number: values is a dict, name -> number.

    Returns the Figure.
    """
    fig, ax = plt.subplots(figsize=(1.6 + 1.7 * len(values), 3.4), layout="constrained")
    colours = [(BLUE, ORANGE, GREEN)[n % 3] for n in range(len(values))]
    bars = ax.bar(list(values), list(values.values()), width=0.55)
    for bar, colour, hatch, value in zip(bars, colours, HATCHES, values.values()):
        bar.set(facecolor=tint(colour, 0.45), edgecolor=colour, hatch=hatch)
        middle = (bar.get_x() + bar.get_width() / 2, value)
        ax.annotate(
            f"{value:,.4g}" if value < 100 else f"{value:,.0f}",
            middle,
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            fontsize=9,
        )
    ax.set_ylabel(label)
    ax.set_ylim(0, 1.15 * (max(values.values(), default=0) or 1))
    ax.yaxis.set_major_formatter(EngFormatter(sep=""))
    ax.tick_params(axis="x", labelsize=8)
    ax.spines[["top", "right"]].set_visible(False)
    _finish(fig, title, caption)
    told = ", ".join(f"{' '.join(name.split())} {value:,.4g}" for name, value in values.items())
    return describe(fig, f"Bars of {label}: {told}.")


def _short(value: float) -> str:
    """1.8k, 103M."""
    return EngFormatter(places=0 if value >= 1e8 else 1, sep="")(value)


def _finish(fig, title, caption) -> None:
    if title:
        fig.suptitle(title, fontsize=12)
    add_caption(fig, caption)
