"""A convolution step by step: the window slides, the sum is written out, the output fills up."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from cs231n.language import translate
from cs231n.vis import fonts
from cs231n.vis.alt_text import describe
from cs231n.vis.player import html_player, small_png
from cs231n.vis.style import GREEN, INK, ORANGE, PALE, draw_table, frame, number

MAX_BYTES = 2_000_000  # of HTML in the notebook
MAX_STEPS = 60
MAX_SIDE = 12  # cells, with padding: more could not be read
DPI = 90  # one dot a pixel on the screen


def animate_convolution(x, w, b, stride: int = 1, pad: int = 0, *, seconds: float = 0.8):
    """Steps through a convolution, one output value after another, with buttons to stop and step.

    Inputs:
    - x: one small picture, (C, H, W), such as (3, 5, 5); at most 12 cells a side with its padding
    - w: filters, (F, C, HH, WW), such as (2, 3, 3, 3)
    - b: biases, (F,), or None for zeros
    - stride, pad: as in conv_param. Small whole numbers in x and w read best.
    - seconds: how long each step stays

    Where there are more than 60 output values, or the animation would be larger than 2 MB, evenly
    chosen ones are shown. Where scripts do not run, the first step stays as a still figure.

    Returns an IPython.display.HTML. Inside a `with` block, write display(...) around the call.
    """
    from IPython.display import HTML

    scene = Scene(x, w, b, stride, pad)
    steps = np.unique(np.linspace(0, scene.count - 1, min(scene.count, MAX_STEPS)).astype(int))
    film = Film(scene)
    frames = [small_png(film.frame(int(step))) for step in steps]
    alts = [
        translate(f"A convolution, step by step. {scene.sentence(int(step))}") for step in steps
    ]
    width = round(scene.inches[0] * DPI)
    html = html_player(frames, width, alts, seconds)
    while len(html) > MAX_BYTES and len(frames) > 1:
        frames, alts = frames[::2], alts[::2]
        html = html_player(frames, width, alts, seconds)
    return HTML(html)


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
    return describe(fig, f"One step of a convolution. {scene.sentence(step % scene.count)}")


class Film:
    """The steps of a scene as arrays (H, W, 3) of uint8. What stays is drawn once; only what moves
    is drawn for each step."""

    def __init__(self, scene: Scene):
        self.scene = scene
        fig = Figure(dpi=DPI)
        self.canvas, self.whole = FigureCanvasAgg(fig), fig.bbox
        scene.draw(fig)
        self.fig = fonts.readable(fig)
        for artist in (*scene.moving, *scene.out_texts):
            artist.set_animated(True)
        self.canvas.draw()
        self.empty = self.background = self.canvas.copy_from_bbox(self.whole)
        self.filled = 0  # outputs that stand in the background

    def frame(self, step: int) -> np.ndarray:
        """Output value number `step`, and all before it."""
        scene, canvas = self.scene, self.canvas
        if step + 1 < self.filled:
            self.background, self.filled = self.empty, 0
        canvas.restore_region(self.background)
        scene.show(step)
        fonts.readable(self.fig, scene.lines)
        for text in scene.out_texts[self.filled : step + 1]:  # from now on these stay, too
            scene.ax.draw_artist(text)
        self.background, self.filled = canvas.copy_from_bbox(self.whole), step + 1
        for artist in scene.moving:
            scene.ax.draw_artist(artist)
        return np.asarray(canvas.buffer_rgba())[..., :3].copy()


class Scene:
    """The drawing: channels of x in the top row, below each its slices of the filters, the outputs
    to the right of the filters, the sum at the bottom. One unit is one cell."""

    def __init__(self, x, w, b, stride: int, pad: int):
        x, w = np.asarray(x, dtype=np.float64), np.asarray(w, dtype=np.float64)
        b = np.zeros(len(w)) if b is None else np.asarray(b, dtype=np.float64)
        _check(x, w, b, stride, pad)
        self.w, self.b, self.stride, self.pad = w, b, stride, pad
        self.padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
        F, _, HH, WW = w.shape
        views = np.lib.stride_tricks.sliding_window_view(self.padded, (HH, WW), axis=(1, 2))
        self.windows = views[:, ::stride, ::stride]  # (C, H_out, W_out, HH, WW)
        self.out_shape = (F, *self.windows.shape[1:3])
        self.count = int(np.prod(self.out_shape))
        self.sums = np.einsum("chwij,fcij->fchw", self.windows, w)  # each channel's share

    def draw(self, fig) -> None:
        """Draws everything, with the window not yet in its place. Called once, before `show`."""
        F, C, HH, WW = self.w.shape
        HP, WP = self.padded.shape[1:]
        H_out, W_out = self.out_shape[1:]
        step, rows = max(WP, WW) + 1.5, max(HH, H_out) + 1.6
        self.lefts = [c * step for c in range(C)]
        self.out_left = C * step + 2.0
        self.tops = [HP + 1.9 + f * rows for f in range(F)]
        sums_top = HP + 1.7 + F * rows
        width, height = self.out_left + max(W_out, 4), sums_top + 1.3 * C + 1.5
        cell = min(0.27, 10.5 / width)
        self.inches = (width + 1.2) * cell, (height + 1.6) * cell
        self.fontsize = 31 * cell
        fig.set_size_inches(self.inches)
        ax = self.ax = fig.add_axes((0, 0, 1, 1))
        ax.set_xlim(-1.0, width + 0.2)
        ax.set_ylim(height - 0.2, -1.8)
        ax.set_axis_off()
        self._draw_tables()
        self.spots = [frame(ax, left, 0, WW, HH, ORANGE) for left in self.lefts]
        self.filter_spots = [frame(ax, left, 0, WW, HH, ORANGE, 0.3) for left in self.lefts]
        self.out_spot = frame(ax, self.out_left, 0, 1, 1, GREEN, 0.3)
        self.lines = [
            ax.text(-0.5, sums_top + 1.3 * k, "", fontsize=1.2 * self.fontsize, color=INK)
            for k in range(C + 1)
        ]
        for line in self.lines:
            line.set_family("monospace")
        self.lines[C].set_weight("bold")
        self.moving = [*self.spots, *self.filter_spots, self.out_spot, *self.lines]

    def _draw_tables(self) -> None:
        """The tables of x and w with their numbers, the biases, and the empty tables of out."""
        ax, size, pad = self.ax, self.fontsize, self.pad
        HP, WP = self.padded.shape[1:]
        name = {"fontsize": 1.15 * size, "color": INK, "va": "bottom"}
        ground = np.full((HP, WP), PALE, dtype=object)
        ground[pad : HP - pad, pad : WP - pad] = "white"
        for c, left in enumerate(self.lefts):
            ax.text(left - 0.5, -0.7, f"x[{c}]", **name)
            draw_table(ax, self.padded[c], ground, origin=(left, 0), fontsize=size)
            for f, top in enumerate(self.tops):
                ax.text(left - 0.5, top - 0.7, f"w[{f}, {c}]", **name)
                draw_table(ax, self.w[f, c], origin=(left, top), fontsize=size)
        self.out_texts = []  # in the order in which they are filled in
        empty = np.full(self.out_shape[1:], np.nan)
        middle = (self.w.shape[2] - 1) / 2
        for f, top in enumerate(self.tops):
            bias = f"+ b[{f}] = {number(self.b[f])}"
            ax.text(self.out_left - 1.3, top + middle, bias, ha="right", **{**name, "va": "center"})
            ax.text(self.out_left - 0.5, top - 0.7, f"out[{f}]", **name)
            self.out_texts += draw_table(ax, empty, origin=(self.out_left, top), fontsize=size)
        setting = f"stride {self.stride}\npad {pad}"
        ax.text(self.out_left - 0.5, -0.5, setting, **{**name, "va": "top", "linespacing": 1.6})

    def show(self, step: int) -> None:
        """Moves the window to output value number `step`, with all values up to it filled in."""
        f, i, j = (int(n) for n in np.unravel_index(step, self.out_shape))
        for left, spot, filter_spot in zip(self.lefts, self.spots, self.filter_spots):
            spot.set_xy((left + j * self.stride - 0.5, i * self.stride - 0.5))
            filter_spot.set_xy((left - 0.5, self.tops[f] - 0.5))
        self.out_spot.set_xy((self.out_left + j - 0.5, self.tops[f] + i - 0.5))
        totals = self.sums.sum(axis=1) + self.b[:, None, None]
        for k, (text, total) in enumerate(zip(self.out_texts, totals.ravel())):
            text.set_text(number(total) if k <= step else "")
        for c, line in enumerate(self.lines[:-1]):
            line.set_text(f"channel {c}:  {self._products(f, c, i, j)}")
        self.lines[-1].set_text(self._total(f, i, j))

    def sentence(self, step: int) -> str:
        """What is seen at a step, in words."""
        f, i, j = (int(n) for n in np.unravel_index(step, self.out_shape))
        C, HH, WW = self.w.shape[1:]
        top, left = i * self.stride, j * self.stride
        channels = "the padded channel" if C == 1 else f"all {C} padded channels"
        return (
            f"Stride {self.stride}, padding {self.pad}: filter {f} lies on rows {top} to "
            f"{top + HH - 1} and columns {left} to {left + WW - 1} of {channels}. "
            f"{self._total(f, i, j)}."
        )

    def _total(self, f: int, i: int, j: int) -> str:
        """The last line: each channel's share, the bias, and what they add up to."""
        shares = " + ".join(_bracketed(v) for v in [*self.sums[f, :, i, j], self.b[f]])
        total = number(self.sums[f, :, i, j].sum() + self.b[f])
        return f"out[{f}, {i}, {j}] = {shares} ({translate('bias')}) = {total}"

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
            "animate_convolution expects one picture x (C, H, W), filters w (F, C, HH, WW) with "
            f"the same C, and b (F,), but got x {x.shape}, w {w.shape}, b {b.shape}. Of a batch, "
            "choose one picture: x[0]."
        )
    if stride < 1 or pad < 0:
        raise ValueError(f"stride must be at least 1 and pad at least 0, but got {stride}, {pad}.")
    H, W = x.shape[1] + 2 * pad, x.shape[2] + 2 * pad
    if max(H, W) > MAX_SIDE or x.shape[0] > 4 or len(w) > 4:
        raise ValueError(
            f"The numbers could not be read: x is {x.shape[0]} channels of {H}×{W} with its "
            f"padding, with {len(w)} filters. Draw at most 4 channels of 12×12 and 4 filters."
        )
    if w.shape[2] > H or w.shape[3] > W:
        raise ValueError(f"The {w.shape[2]}×{w.shape[3]} filter does not fit into {H}×{W}.")
    for size, filter_size in ((H, w.shape[2]), (W, w.shape[3])):
        left_over = (size - filter_size) % stride
        if left_over:
            raise ValueError(
                f"Steps of {stride} do not fit: a filter {filter_size} wide moves over {size} "
                f"cells (padding counted), and {left_over} would be left over."
            )
