"""What all pictures of networks share: a sheet to draw on, and colours for kinds of layer."""

from __future__ import annotations

import matplotlib.pyplot as plt

from cs231n.language import translate, wrapped
from cs231n.vis.style import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, add_caption

MARGIN = 10  # points around everything
NARROWEST = 330  # points, so that a caption has room


COLOURS = {
    **dict.fromkeys(("conv", "local"), BLUE),
    "pool": GREEN,
    **dict.fromkeys(("fc", "rbf"), ORANGE),
    **dict.fromkeys(("add", "concat"), PURPLE),
    "input": SKY,
}


def colour_of(kind: str) -> str:
    """A layer's colour; the label says the same."""
    return COLOURS.get(kind, GREY)


def sheet(width: float, height: float, title: str | None, caption: str | None, *, down=True):
    """An empty figure with room for `width` by `height` points, a title above, a caption below.

    Text of a given font size keeps its size against what is drawn, however the figure is saved.
    down=True lets y grow downwards from 0 at the top; x = 0 is at the left.

    Returns (figure, axes).
    """
    wide = max(width, NARROWEST) + 2 * MARGIN
    above = 26 if title else 0
    lines = len(wrapped(translate(caption), max(40, int(wide / 72 * 13)))) if caption else 0
    below = 12.5 * lines + 8 * bool(lines)
    high = height + above + below + 2 * MARGIN
    fig = plt.figure(figsize=(wide / 72, high / 72), layout="none")
    left, bottom = (wide - width) / 2, below + MARGIN
    ax = fig.add_axes((left / wide, bottom / high, width / wide, height / high))
    ax.set_xlim(0, width)
    ax.set_ylim(*((height, 0) if down else (0, height)))
    ax.set_axis_off()
    if title:
        fig.suptitle(title, fontsize=12, y=1 - 8 / high)
    add_caption(fig, caption)
    return fig, ax
