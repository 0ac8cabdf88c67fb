"""A convolution step by step: the window slides, the sum is written out, the output fills up."""

from __future__ import annotations

import base64
import io

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import FuncAnimation
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from cs231n.vis.style import BLUE, GREEN, GREY, INK, ORANGE, PALE, draw_cells, frame, number, tint

MAX_BYTES = 2_000_000  # of HTML in the notebook
MAX_STEPS = 60
DPI = 72


def animate_convolution(x, w, b, stride: int = 1, pad: int = 0, *, seconds: float = 0.8):
    """Steps through a convolution, one output value after another, with buttons to stop and step.

    Inputs:
    - x: one small picture, (C, H, W), such as (3, 5, 5); at most 12 cells a side with its padding
    - w: filters, (F, C, HH, WW), such as (2, 3, 3, 3)
    - b: biases, (F,), or None for zeros
    - stride, pad: as in conv_param. Small whole numbers in x and w read best.
    - seconds: how long each step stays

    Where there are more than 60 output values, evenly chosen ones are shown. If the animation would
    be larger than 2 MB, a still figure of the first step takes its place.

    Returns an IPython.display.HTML. Inside a `with` block, write display(...) around the call.
    """
    from IPython.display import HTML

    scene = Scene(x, w, b, stride, pad)
    steps = np.unique(np.linspace(0, scene.count - 1, min(scene.count, MAX_STEPS)).astype(int))
    fig = Figure(dpi=DPI)
    FigureCanvasAgg(fig)
    scene.draw(fig)
    animation = FuncAnimation(
        fig, lambda k: scene.show(int(k)), frames=steps, interval=1000 * seconds, repeat=False
    )
    html = animation.to_jshtml(default_mode="once", embed_frames=True)
    scene.show(scene.count - 1)
    still = _still(fig)
    if len(html) + len(still) > MAX_BYTES:
        return HTML(still)
    return HTML(f"{html}<noscript>{still}</noscript>")


def show_convolution_step(x, w, b, stride: int = 1, pad: int = 0, *, step: int = 0):
    """One step of animate_convolution as a still figure. `step` counts the output values, filter by
    filter and row by row; negative steps count from the end.

    Returns the Figure.
    """
    scene = Scene(x, w, b, stride, pad)
    if not -scene.count <= step < scene.count:
        raise ValueError(f"step is {step}, but there are only {scene.count} output values.")
    fig = plt.figure()
    scene.draw(fig)
    scene.show(step % scene.count)
    return fig


class Scene:
    """The drawing: channels of x in the top row, below each its slices of the filters, the outputs
    to the right of the filters, the sum at the bottom. One unit is one cell."""

    def __init__(self, x, w, b, stride: int, pad: int):
        x, w = np.asarray(x, dtype=np.float64), np.asarray(w, dtype=np.float64)
        b = np.zeros(len(w)) if b is None else np.asarray(b, dtype=np.float64)
        _check(x, w, b, stride, pad)
        self.w, self.b, self.stride, self.pad = w, b, stride, pad
        self.padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
        F, C, HH, WW = w.shape
        views = np.lib.stride_tricks.sliding_window_view(self.padded, (HH, WW), axis=(1, 2))
        self.windows = views[:, ::stride, ::stride]  # (C, H_out, W_out, HH, WW)
        self.out_shape = (F, *self.windows.shape[1:3])
        self.count = int(np.prod(self.out_shape))
        self.sums = np.einsum("chwij,fcij->fchw", self.windows, w)  # each channel's share

    def draw(self, fig) -> None:
        """Everything that stays, and the artists that `show` moves."""
        F, C, HH, WW = self.w.shape
        _, HP, WP = self.padded.shape
        _, H_out, W_out = self.out_shape
        step_x, step_y = max(WP, WW) + 1.5, max(HH, H_out) + 1.6
        width = C * step_x + 2.5 + W_out
        below = HP + 1.9 + F * step_y
        height = below + C + 2.0
        cell = min(0.27, 10.5 / width)
        fig.set_size_inches((width + 1.5) * cell, (height + 1.8) * cell)
        ax = self.ax = fig.add_axes((0, 0, 1, 1))
        ax.set_xlim(-1.3, width + 0.2)
        ax.set_ylim(height - 0.4, -2.2)
        ax.set_axis_off()
        size = self.fontsize = 31 * cell
        small = {"fontsize": 1.15 * size, "color": INK, "ha": "left", "va": "bottom"}

        grey = np.full((HP, WP), PALE, dtype=object)
        grey[self.pad : HP - self.pad, self.pad : WP - self.pad] = "white"
        self.spots, self.slices = [], {}
        for c in range(C):
            ax.text(c * step_x - 0.5, -0.7, f"x[{c}]", **small)
            draw_cells(ax, self.padded[c], grey, origin=(c * step_x, 0), fontsize=size)
            self.spots.append(frame(ax, c * step_x, 0, WW, HH, ORANGE))
        self.out_cells = []
        left = C * step_x + 2.0
        for f in range(F):
            top = HP + 1.9 + f * step_y
            for c in range(C):
                x0 = c * step_x
                ax.text(x0 - 0.5, top - 0.6, f"w[{f}, {c}]", **small)
                self.slices[f, c] = draw_cells(ax, self.w[f, c], origin=(x0, top), fontsize=size)
            bias = f"+ b[{f}] = {number(self.b[f])}"
            ax.text(
                left - 3.4, top + (HH - 1) / 2, bias, **{**small, "va": "center", "ha": "center"}
            )
            ax.text(left - 0.5, top - 0.6, f"out[{f}]", **small)
            empty = np.full((H_out, W_out), np.nan)
            self.out_cells.append(draw_cells(ax, empty, origin=(left, top), fontsize=size))
        self.step_x = step_x
        self.out_spot = frame(ax, left, 0, 1, 1, GREEN)
        self.out_left, self.out_tops = left, [HP + 1.9 + f * step_y for f in range(F)]
        words = {"fontsize": 1.2 * size, "color": INK, "va": "center", "family": "monospace"}
        self.lines = [ax.text(-0.5, below + 0.2 + k * 1.15, "", **words) for k in range(C + 1)]

    def show(self, step: int) -> None:
        """Moves the window to output value number `step`, with all before it filled in."""
        f, i, j = np.unravel_index(step, self.out_shape)
        C = self.w.shape[1]
        for c, spot in enumerate(self.spots):
            spot.set_xy((c * self.step_x + j * self.stride - 0.5, i * self.stride - 0.5))
        for (filt, _), cells in self.slices.items():
            for patch, _text in cells.values():
                patch.set_facecolor(tint(ORANGE, 0.35) if filt == f else "white")
        totals = self.sums.sum(axis=1) + self.b[:, None, None]
        for number_of, index in enumerate(np.ndindex(self.out_shape)):
            patch, text = self.out_cells[index[0]][index[1:]]
            text.set_text(number(totals[index]) if number_of <= step else "")
            patch.set_facecolor(tint(GREEN, 0.35) if number_of == step else "white")
        self.out_spot.set_xy((self.out_left + j - 0.5, self.out_tops[f] + i - 0.5))
        for c in range(C):
            self.lines[c].set_text(f"channel {c}:  {self._products(f, c, i, j)}")
        shares = " + ".join(_bracketed(v) for v in [*self.sums[f, :, i, j], self.b[f]])
        self.lines[C].set_text(f"out[{f},{i},{j}] = {shares} (bias) = {number(totals[f, i, j])}")
        self.lines[C].set_color(GREEN)

    def _products(self, f, c, i, j) -> str:
        """The products of one channel written out, shortened where they would not fit."""
        pairs = zip(self.windows[c, i, j].ravel(), self.w[f, c].ravel())
        written = " + ".join(f"{number(a)}·{_bracketed(v)}" for a, v in pairs)
        if len(written) > 84:
            written = f"sum of {self.w[f, c].size} products"
        return f"{written} = {number(self.sums[f, c, i, j])}"


def _bracketed(value: float) -> str:
    return f"({number(value)})" if value < 0 else number(value)


def _check(x, w, b, stride: int, pad: int) -> None:
    if x.ndim != 3 or w.ndim != 4 or b.shape != (len(w),) or x.shape[0] != w.shape[1]:
        raise ValueError(
            "animate_convolution expects one picture x (C, H, W), filters w (F, C, HH, WW) with the "
            f"same C, and b (F,), but got x {x.shape}, w {w.shape}, b {b.shape}. Of a batch, choose "
            "one picture: x[0]."
        )
    if stride < 1 or pad < 0:
        raise ValueError(f"stride must be at least 1 and pad at least 0, but got {stride}, {pad}.")
    H, W = x.shape[1] + 2 * pad, x.shape[2] + 2 * pad
    if max(H, W) > 12 or x.shape[0] > 4 or len(w) > 4:
        raise ValueError(
            f"The numbers could not be read: x is {x.shape[0]} channels of {H}×{W} with its padding, "
            f"with {len(w)} filters. Draw at most 4 channels of 12×12 and 4 filters."
        )
    if w.shape[2] > H or w.shape[3] > W:
        raise ValueError(f"The {w.shape[2]}×{w.shape[3]} filter does not fit into {H}×{W}.")


def _still(fig) -> str:
    """The figure as it is now, as an <img> that needs no script."""
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", dpi=DPI)
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'<img alt="One step of a convolution" src="data:image/png;base64,{data}">'
