"""Drawing what a pooling layer keeps, and where its gradient goes."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from cs231n.vis.alt_text import described
from cs231n.vis.style import (
    BLUE,
    COLOURS,
    GREY,
    INK,
    ORANGE,
    add_caption,
    draw_cells,
    fit,
    number,
    tint,
)


def show_pooling(x, out, dx=None, *, dout=None, pool_param=None, title=None, caption=None):
    """A pooling layer before and after, as tables of numbers, and the gradient it sends back.

    Inputs:
    - x: input of the layer, (H, W) (or with leading axes of length 1, such as (1, 1, H, W))
    - out: its output, (H_out, W_out)
    - dx: gradient on the input, (H, W); None leaves the table out. Cells it reaches are coloured,
      cells it leaves at zero stay pale.
    - dout: gradient on the output, (H_out, W_out); None leaves the table out
    - pool_param: {"pool_height", "pool_width", "stride"}. With it, windows that do not overlap are
      coloured as the outputs they give.

    Returns the Figure.
    """
    x, out = _matrix(x, "x"), _matrix(out, "out")
    tables = [("x", "x: input", x), ("out", "out: what is kept", out)]
    if dout is not None:
        dout = _same_shape(dout, out, "dout", "out")
        tables.append(("dout", "dout: gradient on out", dout))
    if dx is not None:
        dx = _same_shape(dx, x, "dx", "x")
        tables.append(("dx", "dx: gradient on x", dx))
    windows = _window_colours(x.shape, out.shape, pool_param)
    rows = max(x.shape[0], out.shape[0])
    fig, ax = plt.subplots(layout="constrained")
    left, outlines = 0.0, []
    for name, words, table in tables:
        H, W = table.shape
        if name.startswith("d"):
            colours = _gradient_colours(table)
        else:
            colours = windows and windows[name]
        room = max(W, 3.4)  # a narrow table still has room for its title
        middle = left + (room - 1) / 2
        top = (rows - H) / 2
        start = (middle - (W - 1) / 2, top)
        cells = draw_cells(ax, table, colours, origin=start)
        if colours and not name.startswith("d"):
            outlines.append((start, name == "x" and pool_param))
        if name == "dx":
            _fade_zeros(cells, table)
        title_at = (middle, top - 0.6)
        ax.annotate(f"{words}\n{H}×{W}", title_at, ha="center", va="bottom", fontsize=10, color=INK)
        left += room + 0.8
    for start, param in outlines:
        _outline_windows(ax, start, out.shape, param)
    fit(ax, left - 0.8, rows)
    ax.set_ylim(rows - 0.45, -1.8)
    cell = min(0.5, 11.0 / left)
    fig.set_size_inches(
        left * cell + 0.2, (rows + 1.6) * cell + 0.35 * bool(title) + 0.4 * bool(caption)
    )
    for text in ax.texts:
        text.set_fontsize(min(11, 21 * cell))
    if title:
        fig.suptitle(title, fontsize=12)
    add_caption(fig, caption)
    text = "Tables of numbers. " + " ".join(_read_out(words, table) for _, words, table in tables)
    return described(fig, text, title, caption)


def _read_out(words: str, table) -> str:
    """A table row by row, or its size alone where that would be too long to listen to."""
    H, W = table.shape
    if table.size > 36:
        return f"{words}, {H} by {W}."
    rows = "; ".join(" ".join(number(value) for value in row) for row in table)
    return f"{words}, {H} by {W}, rows {rows}."


def _matrix(array, name: str) -> np.ndarray:
    array = np.asarray(array)
    if array.ndim < 2 or array.size != np.prod(array.shape[-2:]) or array.size == 0:
        raise ValueError(
            f"show_pooling draws one picture of one channel: {name} should be (H, W), but is "
            f"{array.shape}. Choose one with {name}[0, 0]."
        )
    array = array.reshape(array.shape[-2:])
    if array.size > 400:
        raise ValueError(f"{name} has {array.size} cells; more than 400 cannot be read. Cut it.")
    return array


def _same_shape(array, other, name: str, other_name: str) -> np.ndarray:
    array = _matrix(array, name)
    if array.shape != other.shape:
        raise ValueError(
            f"{name} should have the shape of {other_name}, {other.shape}, but has {array.shape}."
        )
    return array


def _window_colours(shape, out_shape, pool_param):
    """Colours of the cells of x and of out, or None where windows overlap or are not known."""
    if pool_param is None:
        return None
    HH, WW = pool_param["pool_height"], pool_param["pool_width"]
    stride = pool_param["stride"]
    if stride < max(HH, WW):
        return None
    colours = [["white"] * shape[1] for _ in range(shape[0])]
    out_colours = [["white"] * out_shape[1] for _ in range(out_shape[0])]
    for i in range(out_shape[0]):
        for j in range(out_shape[1]):
            # Neighbours must differ: step through the palette along a row, by three down a column.
            colour = tint(COLOURS[(j + 3 * i) % len(COLOURS)], 0.38)
            out_colours[i][j] = colour
            for row in range(i * stride, i * stride + HH):
                for column in range(j * stride, j * stride + WW):
                    colours[row][column] = colour
    return {"x": colours, "out": out_colours}


def _outline_windows(ax, start, places, pool_param) -> None:
    """A line around each window (or, without pool_param, each output), so that colour is not all
    that tells them apart."""
    height, width, stride = 1, 1, 1
    if pool_param:
        height, width, stride = (pool_param[n] for n in ("pool_height", "pool_width", "stride"))
    for i, j in np.ndindex(places):
        corner = (start[0] + j * stride - 0.5, start[1] + i * stride - 0.5)
        ax.add_artist(Rectangle(corner, width, height, fill=False, edgecolor=INK, linewidth=1.6))


def _gradient_colours(table):
    """Blue for positive and orange for negative, paler when smaller, white for zero."""
    largest = np.abs(table).max() or 1

    def colour(value):
        if value == 0:
            return "white"
        return tint(BLUE if value > 0 else ORANGE, 0.2 + 0.45 * abs(value) / largest)

    return [[colour(value) for value in row] for row in table]


def _fade_zeros(cells, table) -> None:
    for (i, j), (_, text) in cells.items():
        if table[i, j] == 0:
            text.set_color(GREY)
