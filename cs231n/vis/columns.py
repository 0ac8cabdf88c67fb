"""Drawing windows that become the columns of a matrix, what that costs and what it gains."""

from __future__ import annotations

import string

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import patches

from cs231n.language import translate
from cs231n.vis.alt_text import describe
from cs231n.vis.style import (
    BLUE,
    COLOURS,
    GREEN,
    GREY,
    INK,
    ORANGE,
    add_caption,
    draw_cells,
    fit,
    tint,
)

MOST_CELLS = 400
MARKERS, DASHES = "osD^vP", ("-", "--", "-.", ":")


def show_columns(x, cols, window, stride=1, *, chosen=None, title=None, caption=None):
    """A picture of one or more channels, and the matrix whose columns are its windows.

    Inputs:
    - x: the picture with its padding, (C, H, W) or (1, C, H, W)
    - cols: its columns, (C*HH*WW, H_out*W_out), of which nothing is assumed but the shape
    - window: (HH, WW)
    - stride: pixels from one window to the next
    - chosen: the columns to be coloured, at most seven; by default the first four. Each has a
      colour and a letter, which stands at its window's corner and above its column.
    - title, caption: a line above, lines below

    Returns the Figure.
    """
    x, cols = np.asarray(x), np.asarray(cols)
    x = x[0] if x.ndim == 4 and len(x) == 1 else x
    _refuse_unlike(x, cols, window, stride)
    (C, H, W), (HH, WW) = x.shape, window
    across = (W - WW) // stride + 1  # windows in a row
    chosen = range(min(4, cols.shape[1])) if chosen is None else chosen
    letters = dict(zip(chosen, string.ascii_uppercase))
    colours = dict(zip(chosen, COLOURS))

    fig, ax = plt.subplots(layout="constrained")
    stacked = C * (H + 1.4) - 1.4
    rows = max(stacked, len(cols))
    for c in range(C):
        top = (rows - stacked) / 2 + c * (H + 1.4)
        draw_cells(ax, x[c], origin=(0, top), fontsize=9)
        _say(ax, ((W - 1) / 2, top - 0.65), f"channel {c}", va="bottom")
        for rank, column in enumerate(letters):
            corner = divmod(column, across)
            at = corner[1] * stride, top + corner[0] * stride
            _window(ax, at, window, colours[column], letters[column] if not c else "", rank)
    left = W + 2.6
    top = (rows - len(cols)) / 2
    faces = [["white"] * cols.shape[1] for _ in cols]
    for row in faces:
        for column in letters:
            row[column] = tint(colours[column], 0.35)
    draw_cells(ax, cols, faces, origin=(left, top))
    for column, letter in letters.items():
        _say(ax, (left + column, top - 0.65), letter, va="bottom", color=INK, weight="bold")
    for c in range(C if C > 1 else 0):
        _bracket(ax, left - 0.75, top + c * HH * WW, HH * WW, f"channel {c}")
    said = f"X_col: {len(cols)} rows, {cols.shape[1]} columns"
    _say(ax, (left + (cols.shape[1] - 1) / 2, top + len(cols) - 0.3), said, va="top")
    fit(ax, left + cols.shape[1], rows + 0.9)
    ax.set(xlim=(-0.9, left + cols.shape[1]), ylim=(rows + 0.5, -1.7))
    _size(fig, left + cols.shape[1], rows + 2.2, title, caption)
    places = "; ".join(
        f"{letter} lists the window at row {column // across * stride}, column "
        f"{column % across * stride}: {_listed(cols[:, column])}"
        for column, letter in letters.items()
    )
    return describe(
        fig,
        f"A picture of {C} channels of {H} by {W} numbers with windows of {HH} by {WW} outlined; "
        f"beside it the matrix X_col, {len(cols)} rows by {cols.shape[1]} columns. {places}.",
    )


def _listed(values):
    return " ".join(f"{value:g}" for value in values)


def _refuse_unlike(x, cols, window, stride):
    if x.ndim != 3 or cols.ndim != 2:
        raise ValueError(
            "show_columns draws one picture (C, H, W) and its columns (rows, columns): x is "
            f"{x.shape}, cols is {cols.shape}."
        )
    (C, H, W), (HH, WW) = x.shape, window
    shape = C * HH * WW, ((H - HH) // stride + 1) * ((W - WW) // stride + 1)
    if cols.shape != shape:
        raise ValueError(
            f"Windows {HH}×{WW} with stride {stride} on {x.shape} make columns of shape {shape}, "
            f"but cols is {cols.shape}. x should be given with its padding."
        )
    if max(x.size, cols.size) > MOST_CELLS:
        raise ValueError(f"More than {MOST_CELLS} cells cannot be read: take a smaller picture.")


def _window(ax, corner, window, colour, letter, rank):
    """An outline around a window; those of later rank lie a little further inside."""
    inset = 0.06 + 0.07 * rank
    (x, y), (HH, WW) = corner, window
    box = patches.Rectangle(
        (x - 0.5 + inset, y - 0.5 + inset), WW - 2 * inset, HH - 2 * inset, fill=False, zorder=3
    )
    box.set(edgecolor=colour, linewidth=2, linestyle=DASHES[rank % len(DASHES)])
    ax.add_patch(box)
    if letter:
        corner = (x - 0.46 + inset, y - 0.46 + inset)
        tag = dict(boxstyle="circle,pad=0.12", facecolor="white", edgecolor=colour)
        _say(ax, corner, letter, va="center", size=7, weight="bold", bbox=tag, zorder=4)


def _bracket(ax, x, top, count, words):
    """A bracket on the left of `count` rows, with words along it."""
    y = [top - 0.4, top - 0.4, top + count - 0.6, top + count - 0.6]
    ax.plot([x + 0.15, x, x, x + 0.15], y, color=GREY, linewidth=1)
    at = (x - 0.3, top + (count - 1) / 2)
    ax.annotate(words, at, ha="center", va="center", rotation=90, fontsize=10, color=GREY)


def _say(ax, place, words, **options):
    ax.annotate(words, place, ha="center", **({"color": INK, "size": 10} | options))


def _size(fig, width, height, title, caption):
    cell = min(0.46, 10.5 / width)
    fig.set_size_inches(width * cell + 0.3, height * cell + 0.35 * bool(title) + 0.45)
    if title:
        fig.suptitle(title, fontsize=12)
    add_caption(fig, caption)


def show_product(F, K, positions, out_shape, *, title=None, caption=None):
    """A convolution as W_row (F, K) times X_col (K, positions), as rectangles to scale.

    out_shape: (F, H_out, W_out), what the product becomes by a reshape, drawn as text

    Returns the Figure.
    """
    if out_shape[0] != F or out_shape[1] * out_shape[2] != positions:
        raise ValueError(f"{F} rows of {positions} numbers cannot become {out_shape}.")
    fig, ax = plt.subplots(layout="constrained")
    scale, gap = 10 / (positions + K), 0.8
    right = K * scale + gap  # where X_col begins, and the product under it
    upper = max(K, F) * scale / 2
    lower = 2 * upper + 1.3 + F * scale / 2
    for name, (rows, columns), (x, y), colour, hatch in (
        ("W_row", (F, K), (0, upper), ORANGE, "//"),
        ("X_col", (K, positions), (right, upper), BLUE, ""),
        ("product", (F, positions), (right, lower), GREEN, ".."),
    ):
        height, width = rows * scale, columns * scale
        box = patches.Rectangle((x, y - height / 2), width, height, hatch=hatch)
        box.set(facecolor=tint(colour, 0.3), edgecolor=colour)
        ax.add_patch(box)
        label = f"{translate(name)}: {rows:,} × {columns:,}"
        _say(ax, (x + width / 2, y - height / 2 - 0.08), label, va="bottom")
    for sign, y in (("×", upper), ("=", lower)):
        _say(ax, (right - gap / 2, y), sign, va="center", size=14)
    said = f"reshaped: {out_shape[0]} maps of {out_shape[1]} × {out_shape[2]}"
    _say(ax, (right + positions * scale / 2, lower + F * scale / 2 + 0.08), said, va="top")
    height = lower + F * scale / 2 + 0.5
    ax.set(xlim=(-0.35, right + positions * scale + 0.1), ylim=(height, -0.5), aspect="equal")
    ax.set_axis_off()
    fig.set_size_inches(9.6, 0.85 * height + 0.9 + 0.3 * bool(title) + 0.3 * bool(caption))
    if title:
        fig.suptitle(title, fontsize=12)
    add_caption(fig, caption)
    H_out, W_out = out_shape[1:]
    return describe(
        fig,
        f"Three rectangles to scale: W_row of {F} by {K}, times X_col of {K} by {positions:,}, is "
        f"the product of {F} by {positions:,}, which becomes {F} maps of {H_out} by {W_out}.",
    )


def show_copies(counts, *, title=None, caption=None):
    """How often each pixel is copied: a heat map for each layer, with one scale of colours.

    Inputs:
    - counts: dict of title -> array (H, W) of copies; numbers are written in maps of up to 12x12
    - title, caption: a line above, lines below

    Returns the Figure.
    """
    counts = {name: np.asarray(table) for name, table in counts.items()}
    if not counts or any(table.ndim != 2 or table.size == 0 for table in counts.values()):
        raise ValueError("show_copies takes a dict of titles and tables (H, W) of counts.")
    largest = max(table.max() for table in counts.values())
    ncols = min(3, len(counts))
    nrows = -(-len(counts) // ncols)
    size = (3.4 * ncols + 0.8, 3.3 * nrows + 0.6)
    fig, axes = plt.subplots(nrows, ncols, figsize=size, layout="constrained", squeeze=False)
    for ax in axes.flat[len(counts) :]:
        ax.set_axis_off()
    for ax, (name, table) in zip(axes.flat, counts.items()):
        drawn = ax.imshow(table, cmap="viridis", vmin=0, vmax=largest)
        ax.set_title(f"{name}\nmean {table.mean():.2f}", fontsize=10)
        ax.set(xlabel="column", ylabel="row")
        if max(table.shape) <= 12:
            for (i, j), value in np.ndenumerate(table):
                colour = "white" if value < 0.6 * largest else INK
                ax.text(j, i, f"{value:g}", ha="center", va="center", fontsize=8, color=colour)
    fig.colorbar(drawn, ax=axes, shrink=0.8, label="copies of the pixel")
    if title:
        fig.suptitle(title, fontsize=12)
    add_caption(fig, caption)
    words = "; ".join(
        f"{name}: {table.min():g} to {table.max():g}, mean {table.mean():.2f}, in the middle "
        f"{table[len(table) // 2, table.shape[1] // 2]:g}"
        for name, table in counts.items()
    )
    return describe(fig, f"Heat maps of how often each pixel is copied. {words}.")


def plot_speed(sizes, seconds, *, xlabel, title=None, caption=None):
    """Seconds of several ways to do the same against size; and how many times faster than the
    first way each of them is.

    Inputs:
    - sizes: what was measured, one number a measurement
    - seconds: dict of name -> seconds, as many as sizes; nan where something was not measured
    - xlabel: what sizes are
    - title, caption: a line above, lines below

    Returns the Figure.
    """
    sizes = np.asarray(sizes, dtype=float)
    seconds = {name: np.asarray(times, dtype=float) for name, times in seconds.items()}
    if not seconds or any(times.shape != sizes.shape for times in seconds.values()):
        raise ValueError("plot_speed takes as many seconds as sizes, for at least one name.")
    fig, (left, right) = plt.subplots(1, 2, figsize=(9.6, 4.4), layout="constrained")
    first = next(iter(seconds.values()))
    for rank, (name, times) in enumerate(seconds.items()):
        style = dict(
            color=COLOURS[rank % len(COLOURS)],
            marker=MARKERS[rank % len(MARKERS)],
            linestyle=DASHES[rank % len(DASHES)],
            label=name,
        )
        left.plot(sizes, 1000 * times, **style)
        right.plot(sizes, first / times, **style)
    left.set(xlabel=xlabel, ylabel="milliseconds (lower is faster)", title="time")
    first_name = next(iter(seconds))
    right.set(
        xlabel=xlabel, ylabel="times faster (higher is faster)", title=f"relative to {first_name}"
    )
    for ax in (left, right):
        ax.set_xscale("log", base=2)
        ax.set_yscale("log")
        ax.set_xticks(sizes, [f"{size:g}" for size in sizes])
        ax.minorticks_off()
        ax.grid(alpha=0.3)
    right.yaxis.set_major_formatter(lambda value, _: f"{value:g}×")
    left.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    left.legend(fontsize=9)
    if title:
        fig.suptitle(title, fontsize=12)
    add_caption(fig, caption)
    words = []
    for name, times in seconds.items():
        last = int(np.flatnonzero(np.isfinite(times))[-1]) if np.isfinite(times).any() else 0
        words.append(
            f"{name}: {1000 * times[0]:.3g} ms at {sizes[0]:g}, {1000 * times[last]:.3g} ms at "
            f"{sizes[last]:g}, there {first[last] / times[last]:.3g} times as fast as {first_name}"
        )
    return describe(
        fig, f"Two charts against {xlabel}: time, and speed relative to it. {'; '.join(words)}."
    )
