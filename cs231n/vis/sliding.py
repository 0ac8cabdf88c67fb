"""Classifiers over larger pictures: score maps, crops, passes stitched together, connections."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import patches

from cs231n.vis.alt_text import describe
from cs231n.vis.style import (
    BLUE,
    COLOURS,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    RED,
    add_caption,
    fit,
    tint,
)

PASSES = (("A", BLUE, ""), ("B", ORANGE, "//"), ("C", GREEN, ".."), ("D", PURPLE, "\\\\"))


def show_score_maps(picture, maps, size, stride, *, ncols=3, caption=None, words=None):
    """A picture, and maps of scores over it in grey: each score at the middle of what it sees.

    Inputs:
    - picture: (H, W, 3), values in 0..1
    - maps: dict {title: (rows, columns)} of values in 0..1, such as probabilities. A line is drawn
      around what is 0.5 or more.
    - size: (height, width) of what a score sees
    - stride: pixels from one score to the next; a dict {title: stride} where maps differ
    - ncols, caption, words: panels a row; a line below; what is read out in the figure's place

    Returns the Figure.
    """
    picture = np.asarray(picture)
    H, W = picture.shape[:2]
    nrows = -(-(len(maps) + 1) // ncols)
    shape = (ncols * 2.9 + 0.9, nrows * (2.9 * H / W + 0.3) + 0.4)
    fig, axes = plt.subplots(nrows, ncols, figsize=shape, layout="constrained", squeeze=False)
    for ax in axes.flat:
        ax.set_axis_off()
    axes.flat[0].imshow(picture)
    axes.flat[0].set_title(f"the picture, {H}×{W}", fontsize=10)
    for ax, (title, values) in zip(axes.flat[1:], maps.items()):
        values = np.asarray(values, dtype=float)
        step = stride[title] if isinstance(stride, dict) else stride
        top, left = ((n - 1) / 2 - step / 2 for n in size)
        rows, columns = values.shape
        extent = (left, left + step * columns, top + step * rows, top)
        ax.imshow(0.55 + 0.45 * picture.mean(axis=2), cmap="gray", vmin=0, vmax=1)
        drawn = ax.imshow(values, cmap="YlOrRd", vmin=0, vmax=1, extent=extent, alpha=values)
        if min(values.shape) > 1 and values.min() < 0.5 <= values.max():
            across = left + step * (np.arange(columns) + 0.5)
            down = top + step * (np.arange(rows) + 0.5)
            ax.contour(across, down, values, [0.5], colors=INK, linewidths=1.0)
        ax.add_patch(_box(left, top, step * columns, step * rows, INK, linestyle=":"))
        ax.set(xlim=(-0.5, W - 0.5), ylim=(H - 0.5, -0.5))
        ax.set_title(title, fontsize=10)
    if maps:
        bar = fig.colorbar(drawn, ax=axes, shrink=0.6, aspect=30)
        bar.set_label("probability (line: 0.5)", fontsize=9)
    add_caption(fig, caption)
    return describe(fig, words) if words else fig


def _box(left, top, width, height, colour, **how):
    return patches.Rectangle(
        (left, top), width, height, **({"facecolor": "none", "edgecolor": colour} | how)
    )


def show_weight_matrix(w_fc, blocks, *, title=None, caption=None):
    """Which weights of a layer are not zero, with a colour, and a number, for each different one.

    Inputs:
    - w_fc: array (D, M), a row for each value that goes in, a column for each that comes out
    - blocks: (rows, columns) after which lines are drawn, such as one channel and one filter
    - title, caption: lines above and below

    Returns the Figure.
    """
    w_fc = np.asarray(w_fc)
    D, M = w_fc.shape
    different = np.unique(w_fc[w_fc != 0])
    shown = np.where(w_fc != 0, np.searchsorted(different, w_fc), np.nan)
    width, height = (5.5, 6.5) if D > M else (7.0, 1.2 + 6.0 * D / M)
    fig, ax = plt.subplots(figsize=(width, height), layout="constrained")
    aspect = "auto" if D > 1.5 * M else "equal"
    ax.imshow(shown, cmap="turbo", interpolation="nearest", aspect=aspect)
    if w_fc.shape <= (40, 40) and len(different) < 100:
        for i, j in np.argwhere(w_fc):
            ink = "white" if not 0.2 < shown[i, j] / max(1, len(different) - 1) < 0.85 else INK
            ax.text(j, i, f"{shown[i, j]:.0f}", ha="center", va="center", fontsize=6, color=ink)
    for n in range(blocks[0], D, blocks[0]):
        ax.axhline(n - 0.5, color=GREY, linewidth=0.7)
    for n in range(blocks[1], M, blocks[1]):
        ax.axvline(n - 0.5, color=GREY, linewidth=0.7)
    ax.set(xlabel=f"value of out (0 to {M - 1})", ylabel=f"value of x (0 to {D - 1})")
    count = np.count_nonzero(w_fc)
    ax.set_title(title or f"{count:,} of {w_fc.size:,} weights are not zero", fontsize=11)
    add_caption(fig, caption)
    return describe(
        fig,
        f"A matrix of {D} by {M} weights. {count:,} of them, {count / w_fc.size:.0%}, are not "
        f"zero and lie in slanting stripes, with {len(different)} different values.",
    )


def show_crops(length, size, stride, last_map, *, shown=((0, 0), (2, 3)), caption=None):
    """A square picture with crops in it, and where the same crops are on the network's last map.

    Inputs:
    - length, size: sides of the picture and of a crop, in pixels
    - stride: pixels from one crop to the next, and a value of the last map to the next
    - last_map: values on a side that the first fully connected layer reads
    - shown: places (row, column) of the score map whose crops are drawn
    - caption: a line below

    Returns the Figure.
    """
    cells = length // stride
    places = cells - last_map + 1
    fig, axes = plt.subplots(1, 3, figsize=(10.5, 4.2), layout="constrained")
    titles = (
        f"picture: {length}×{length}, crops of {size}×{size}",
        f"last map: {cells}×{cells}, filters of {last_map}×{last_map}",
        f"scores: {places}×{places}",
    )
    for ax, title, n in zip(axes, titles, (cells, cells, places)):
        ax.add_patch(_box(0, 0, n, n, INK, facecolor="#f4f4f4"))
        if ax is not axes[0]:
            for k in range(1, n):
                ax.plot([k, k], [0, n], color="#bbbbbb", linewidth=0.7)
                ax.plot([0, n], [k, k], color="#bbbbbb", linewidth=0.7)
        ax.set(xlim=(-0.3, n + 0.3), ylim=(n + 0.3, -0.3), aspect="equal")
        ax.set_axis_off()
        ax.set_title(title, fontsize=10)
    styles = [(BLUE, "-", "///"), (RED, "--", "..."), (GREEN, ":", "\\\\")]
    for (i, j), (colour, line, hatch) in zip(shown, styles):
        for ax, n in zip(axes, (last_map, last_map, 1)):
            box = _box(j, i, n, n, colour, linestyle=line, linewidth=2, zorder=3)
            box.set(facecolor=(*tint(colour, 0.6), 0.25), hatch=hatch if ax is axes[2] else None)
            ax.add_patch(box)
        axes[0].text(
            j + 0.25, i + 0.7, f"crop of place ({i}, {j})", color=INK, fontsize=8, zorder=4
        )
    add_caption(fig, caption)
    places_shown = " and ".join(map(str, shown))
    return describe(
        fig,
        f"Three squares: a picture of {length} pixels with crops of {size}, the last map of "
        f"{cells} by {cells} with windows of {last_map}, and {places} by {places} scores. The "
        f"places {places_shown} are marked: a crop is a window of the last map, and a score.",
    )


def show_stitching(rows, columns, *, caption=None):
    """How four score maps, of pictures shifted by half a stride, become one that is twice as fine.

    Inputs:
    - rows, columns: places of the finer map
    - caption: a line below

    Returns the Figure. A cell is marked with the letter of the pass that it comes from.
    """
    fig, axes = plt.subplots(
        1, 5, figsize=(11, 3.2), layout="constrained", width_ratios=(1, 1, 1, 1, 2)
    )
    titles = ("A: not shifted", "B: right", "C: down", "D: down and right")
    for number, (ax, title) in enumerate(zip(axes, titles)):
        down, right = divmod(number, 2)
        n_rows, n_columns = len(range(down, rows, 2)), len(range(right, columns, 2))
        for i, j in np.ndindex(n_rows, n_columns):
            _cell(ax, i, j, number, f"{PASSES[number][0]}{i}{j}")
        ax.set_title(title, fontsize=10)
        fit(ax, -(-columns // 2), -(-rows // 2))
    for i, j in np.ndindex(rows, columns):
        number = 2 * (i % 2) + j % 2
        _cell(axes[4], i, j, number, f"{PASSES[number][0]}{i // 2}{j // 2}")
    axes[4].set_title(f"stitched: {rows}×{columns}", fontsize=10)
    fit(axes[4], columns, rows)
    add_caption(fig, caption)
    return describe(
        fig,
        f"Four small maps A, B, C, D, and the finer map of {rows} by {columns} made of them: its "
        "even rows alternate A and B, its odd rows alternate C and D.",
    )


def _cell(ax, i, j, number, text) -> None:
    _, colour, hatch = PASSES[number]
    box = _box(j - 0.5, i - 0.5, 1, 1, "#909090", facecolor=tint(colour, 0.3), hatch=hatch)
    ax.add_patch(box)
    how = dict(boxstyle="round,pad=0.1", facecolor="white", edgecolor="none", alpha=0.8)
    ax.text(j, i, text, ha="center", va="center", fontsize=8, color=INK, bbox=how)


def show_frames(differences, tile, *, caption=None):
    """Where maps of a whole picture and maps of its tiles, computed one by one, differ.

    Inputs:
    - differences: dict {title: (H, W)}, sizes of the differences
    - tile: side of a tile; tiles lie beside one another
    - caption: a line below

    Returns the Figure. Places that agree are white.
    """
    fig, axes = plt.subplots(
        1, len(differences), figsize=(3.4 * len(differences) + 0.6, 3.3), layout="constrained"
    )
    axes = np.atleast_1d(axes)
    top = max(float(np.max(values)) for values in differences.values()) or 1.0
    for ax, (title, values) in zip(axes, differences.items()):
        values = np.asarray(values, dtype=float)
        differs = _differs(values)
        drawn = ax.imshow(np.where(differs, values, np.nan), cmap="viridis_r", vmin=0, vmax=top)
        for n in range(tile, values.shape[0], tile):
            ax.axhline(n - 0.5, color=COLOURS[4], linewidth=0.6, linestyle=":")
        for n in range(tile, values.shape[1], tile):
            ax.axvline(n - 0.5, color=COLOURS[4], linewidth=0.6, linestyle=":")
        ax.set_title(f"{title}\n{differs.mean():.0%} of places differ", fontsize=10)
        ax.set(xlabel="column", ylabel="row")
    fig.colorbar(drawn, ax=axes, shrink=0.6, label="largest difference of all channels")
    add_caption(fig, caption)
    names = "; ".join(
        f"{' '.join(title.split())}: {_differs(values).mean():.0%} differ"
        for title, values in differences.items()
    )
    return describe(
        fig, f"Maps with a frame of differences along the borders of every tile. {names}."
    )


def _differs(values) -> np.ndarray:
    """Which differences are more than rounding."""
    values = np.asarray(values, dtype=float)
    return values > 1e-9 * max(1.0, values.max())
