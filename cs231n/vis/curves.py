"""Curves."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from cs231n.vis.alt_text import described
from cs231n.vis.style import BLUE, GREEN, GREY, ORANGE, PURPLE, add_caption


def plot_step_size(hs, errors, *, labels=None, title=None, caption=None):
    """The error of a numeric gradient against the step h it was taken with, on log axes.

    Inputs:
    - hs: steps, shape (K,), positive
    - errors: relative errors, shape (K,), or a dict {name: errors} for several curves (for example
      one-sided and centred differences). Errors of exactly 0 cannot stand on a log axis; they are
      drawn at 1e-17.
    - labels, title, caption: the curves' names if errors is a list of arrays; lines above and below

    Returns the Axes. A star marks the best step of each curve.
    """
    hs = np.asarray(hs, dtype=np.float64)
    if not isinstance(errors, dict):
        rows = np.atleast_2d(np.asarray(errors, dtype=np.float64))
        names = labels if labels is not None else [None] * len(rows)
        pairs = list(zip(names, rows))
    else:
        pairs = [(name, np.asarray(e, dtype=np.float64)) for name, e in errors.items()]
    fig, ax = plt.subplots(figsize=(6.5, 4.0), layout="constrained")
    read_out = []
    styles = [(BLUE, "o", "-"), (ORANGE, "s", "--"), (GREEN, "^", ":"), (PURPLE, "D", "-.")]
    for (name, curve), (colour, marker, line) in zip(pairs, styles):
        if curve.shape != hs.shape:
            raise ValueError(f"There are {hs.size} steps, but errors of shape {curve.shape}.")
        drawn = np.maximum(curve, 1e-17)
        best = int(np.nanargmin(drawn))
        name = f"{name}: best at h = {hs[best]:.0e}" if name else f"best at h = {hs[best]:.0e}"
        ax.loglog(hs, drawn, line, marker=marker, markersize=4, color=colour, label=name)
        ax.plot(hs[best], drawn[best], marker="*", markersize=14, color=colour)
        read_out.append(f"{name}, where the error is {drawn[best]:.0e}")
    ax.set_xlabel("step size h")
    ax.set_ylabel("relative error of the numeric gradient")
    title = title or "Too small a step is as bad as too large a one"
    ax.set_title(title, fontsize=12)
    ax.grid(True, which="major", color="#dddddd", linewidth=0.7)
    ax.spines[["top", "right"]].set_visible(False)
    ax.margins(y=0.15)
    for x, words in ((0.02, "← rounding error"), (0.98, "formula error →")):
        ax.text(
            x,
            0.97,
            words,
            transform=ax.transAxes,
            ha="left" if x < 0.5 else "right",
            va="top",
            fontsize=9,
            color=GREY,
        )
    ax.legend(frameon=False, loc="lower left")
    add_caption(fig, caption)
    text = f"Relative error against the step size h, both axes logarithmic. {'; '.join(read_out)}"
    described(fig, text, title, caption)
    return ax
