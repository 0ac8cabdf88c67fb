"""A convolution with sliders for stride, padding and the step."""

from __future__ import annotations

import numpy as np
from matplotlib import patches
from matplotlib.figure import Figure

from cs231n.language import translate
from cs231n.vis.convolution import DPI, MAX_SIDE, Film, Scene, animate_convolution
from cs231n.vis.explorer import Explorer, Picture, controls_style, picture_of, still_html
from cs231n.vis.player import quick_png
from cs231n.vis.style import INK, ORANGE, RED, draw_cells, frame

MAX_STRIDE, MAX_PAD = 4, 3


def convolution_explorer(x=None, w=None, b=None, stride: int = 2, pad: int = 1):
    """A convolution under your hands: choose stride and padding, and move the window step by step.

    Inputs:
    - x: one small picture, (C, H, W), such as (3, 5, 5); None takes small whole numbers
    - w: filters, (F, C, HH, WW), such as (2, 3, 3, 3); None takes two filters of -1, 0 and 1
    - b: biases, (F,); None takes zeros, or 1 and 0 where w is None as well
    - stride, pad: what it begins with. A stride that does not fit is explained.

    With ipywidgets there are sliders. Where there are none (GitHub, nbconvert, no kernel), there is
    the player of animate_convolution.

    Returns an Explorer, which a notebook shows. Inside a `with` block, write display(...).
    """
    rng = np.random.default_rng(2)
    x = rng.integers(0, 3, (3, 5, 5)) if x is None else np.asarray(x)
    if w is None:
        C = x.shape[0] if x.ndim == 3 else 3
        w, b = rng.integers(-1, 2, (2, C, 3, 3)), np.array([1, 0]) if b is None else b
    return ConvolutionExplorer(x, np.asarray(w), b, stride, pad)


class ConvolutionExplorer(Explorer):
    """See convolution_explorer. The settings are stride, pad and step, which counts from 1."""

    def __init__(self, x, w, b, stride, pad):
        self.x, self.w, self.b = x, w, b
        self.films: dict[tuple[int, int], Film] = {}
        # What is no convolution is explained here, a stride that does not fit by the picture.
        Scene(x, w, b, min(stride, 1), pad)
        super().__init__(stride=stride, pad=pad, step=1)

    def make_controls(self, widgets) -> dict:
        stride, pad = self.settings["stride"], self.settings["pad"]
        missing = [k - n for n, k in zip(self.x.shape[1:], self.w.shape[2:])]
        least = max(0, (max(missing) + 1) // 2)  # where the window fits in
        most = max(pad, min(MAX_PAD, (MAX_SIDE - max(self.x.shape[1:])) // 2))
        style, fits = controls_style("60px"), not self._left_over()
        slider = widgets.IntSlider
        count = self._film().scene.count if fits else 1
        return {
            "stride": slider(stride, 1, max(MAX_STRIDE, stride), description="stride", **style),
            "pad": slider(pad, least, most, description="padding", **style),
            "step": slider(1, 1, count, description="step", disabled=not fits, **style),
        }

    def extras(self, widgets) -> list:
        step = self.controls["step"]
        self.play = widgets.Play(value=1, min=1, max=step.max, interval=900)
        widgets.jslink((self.play, "value"), (step, "value"))
        return [self.play]

    def adapt(self, changed: str) -> None:
        if changed == "step":
            return
        step = self.controls["step"]
        self.settings |= {n: self.controls[n].value for n in ("stride", "pad")}
        fits = not self._left_over()
        step.disabled = self.play.disabled = not fits
        step.max = self.play.max = self._film().scene.count if fits else 1
        step.value = 1

    def draw(self) -> Picture:
        if self._left_over():
            return self._explained()
        film, step = self._film(), self.settings["step"]
        frame = film.frame(step - 1)
        alt = translate(f"Step {step} of {film.scene.count}. {film.scene.sentence(step - 1)}")
        return Picture(quick_png(frame), frame.shape[1], alt, self._sizes())

    def still(self) -> str:
        if self._left_over():
            return still_html(self.picture)
        settings = [self.settings[name] for name in ("stride", "pad")]
        player = animate_convolution(self.x, self.w, self.b, *settings).data
        return f"{player}<div>{self.picture.words}</div>"

    def _film(self) -> Film:
        key = self.settings["stride"], self.settings["pad"]
        if key not in self.films:
            self.films[key] = Film(Scene(self.x, self.w, self.b, *key))
        return self.films[key]

    def _left_over(self) -> tuple[int, int]:
        """Rows and columns that the window does not reach; () when it reaches all."""
        stride, pad = self.settings["stride"], self.settings["pad"]
        rest = [(n + 2 * pad - k) % stride for n, k in zip(self.x.shape[1:], self.w.shape[2:])]
        return tuple(rest) if any(rest) else ()

    def _sizes(self) -> str:
        """The sizes of the output with their sums."""
        stride, pad = self.settings["stride"], self.settings["pad"]
        sides = []
        for name, n, k in zip(("height", "width"), self.x.shape[1:], self.w.shape[2:]):
            name = translate(name)
            out = (n + 2 * pad - k) // stride + 1
            sides.append(f"{name} ({n} + 2 · {pad} − {k}) / {stride} + 1 = <b>{out}</b>")
        return translate(f"Output: depth <b>{len(self.w)}</b>, {', '.join(sides)}.")

    def _explained(self) -> Picture:
        """What is wrong with a stride that does not fit: a picture, and words."""
        stride, pad = self.settings["stride"], self.settings["pad"]
        rest = self._left_over()
        axis = 1 if rest[1] else 0  # columns, where they do not fit; else rows
        n, k = self.x.shape[1 + axis] + 2 * pad, self.w.shape[2 + axis]
        names = zip(rest, ("row", "column"))
        missed = " and ".join(f"{r} {name}{'s' if r > 1 else ''}" for r, name in names if r)
        fitting = [
            str(s)
            for s in range(1, MAX_STRIDE + 1)
            if not any((m + 2 * pad - r) % s for m, r in zip(self.x.shape[1:], self.w.shape[2:]))
        ]
        words = (
            f"Stride {stride} does not fit with padding {pad}. The input has {n} cells a side with "
            f"its padding and the filter {k}, so the window has {n} − {k} = {n - k} cells to move. "
            f"That is no multiple of {stride}: {missed} would never be seen. With this "
            f"padding, {' and '.join(fitting)} fit{'s' if len(fitting) == 1 else ''}; or choose "
            "another padding."
        )
        return picture_of(self._draw_left_over(rest), words, translate(words))

    def _draw_left_over(self, rest: tuple[int, int]) -> Figure:
        """Channel 0 with every place of the window as a frame, and hatched what none reaches."""
        stride, pad = self.settings["stride"], self.settings["pad"]
        padded = np.pad(self.x[0], pad)
        (H, W), (HH, WW) = padded.shape, self.w.shape[2:]
        cell = 0.34
        fig = Figure(figsize=((W + 7) * cell, (H + 2.2) * cell), dpi=DPI)
        ax = fig.add_axes((0, 0, 1, 1))
        ax.set(xlim=(-1.2, W + 5.8), ylim=(H + 0.2, -2.0))
        ax.set_axis_off()
        draw_cells(ax, padded, fontsize=10)
        hatched = {"facecolor": "none", "edgecolor": RED, "hatch": "///", "linewidth": 0}
        if rest[0]:
            corner, length = (-0.5, H - rest[0] - 0.5), W - rest[1]
            ax.add_artist(patches.Rectangle(corner, length, rest[0], **hatched))
        if rest[1]:
            ax.add_artist(patches.Rectangle((W - rest[1] - 0.5, -0.5), rest[1], H, **hatched))
        for row in range(0, H - HH + 1, stride):
            for column in range(0, W - WW + 1, stride):
                frame(ax, column, row, WW, HH, ORANGE, 0.12)
        style = {"fontsize": 10, "color": INK, "va": "center"}
        ax.text(-0.5, -1.2, f"x[0] with padding {pad}: where the window stops", **style)
        ax.add_artist(patches.Rectangle((W + 0.5, 0.1), 0.9, 0.9, **hatched))
        ax.text(W + 1.8, 0.55, "never seen", **style)
        box = frame(ax, W + 1, 2.1, 0.9, 0.9, ORANGE, 0.12)
        box.set_linewidth(2)
        ax.text(W + 1.8, 2.05, "window", **style)
        return fig
