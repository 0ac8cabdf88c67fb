"""Drawing what a pooling layer keeps, and where its gradient goes."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from cs231n.vis.style import GREY, INK, add_caption, draw_cells, fit, tint
from cs231n.vis.style import COLOURS as WINDOW_COLOURS


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
    tables = [("x, the input", x), ("out, what is kept", out)]
    if dout is not None:
        tables.append(("dout, gradient from above", _same_shape(dout, out, "dout", "out")))
    if dx is not None:
        tables.append(("dx, where the gradient goes", _same_shape(dx, x, "dx", "x")))
    widths = [table.shape[1] for _, table in tables]
    cell = min(0.55, 11.0 / (sum(widths) + len(widths)))
    height = cell * max(x.shape[0], out.shape[0]) + 0.7 + 0.3 * bool(title) + 0.4 * bool(caption)
    fig, axes = plt.subplots(
        1,
        len(tables),
        figsize=(cell * (sum(widths) + 1.2 * len(widths)) + 0.4, height),
        width_ratios=widths,
        layout="constrained",
    )
    windows = _window_colours(x.shape, out.shape, pool_param)
    for ax, (name, table) in zip(axes, tables):
        colours = None
        if name.startswith("d"):
            colours = _gradient_colours(table)
        elif windows is not None:
            colours = windows[0] if table is x else windows[1]
        cells = draw_cells(ax, table, colours, fontsize=min(11, 21 * cell))
        fit(ax, table.shape[1], table.shape[0])
        if name.startswith("dx"):
            _fade_zeros(cells, table)
        ax.set_title(f"{name}\n{table.shape[0]}×{table.shape[1]}", fontsize=10, color=INK)
    if title:
        fig.suptitle(title, fontsize=12)
    add_caption(fig, caption)
    return fig


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
            colour = tint(WINDOW_COLOURS[(j + 3 * i) % len(WINDOW_COLOURS)], 0.38)
            out_colours[i][j] = colour
            for row in range(i * stride, i * stride + HH):
                for column in range(j * stride, j * stride + WW):
                    colours[row][column] = colour
    return colours, out_colours


def _gradient_colours(table):
    """Blue for positive and orange for negative, paler when smaller."""
    largest = np.abs(table).max() or 1
    return [
        [
            "white"
            if v == 0
            else tint("#0072B2" if v > 0 else "#E69F00", 0.2 + 0.45 * abs(v) / largest)
            for v in row
        ]
        for row in table
    ]


def _fade_zeros(cells, table) -> None:
    for (i, j), (_, text) in cells.items():
        if table[i, j] == 0:
            text.set_color(GREY)
            text.set_alpha(0.6)
