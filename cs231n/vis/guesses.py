"""What a classifier makes of pictures."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from cs231n.vis.alt_text import describe
from cs231n.vis.pictures import displayable
from cs231n.vis.style import BLUE, GREY, INK, ORANGE, add_caption, tint


def show_guesses(
    pictures, scores, class_names, y=None, *, top=3, ncols=5, title=None, caption=None
):
    """Pictures, each with the classes that a classifier thinks most likely.

    Inputs:
    - pictures: a list or array of pictures, as in show_images
    - scores: array (N, C), a row for each picture; bars show the softmax of a row
    - class_names: C names
    - y: the right classes (N,), or None. With it a right class has a plain blue bar and a tick
      behind its name, and a wrong one a hatched orange bar.
    - top: how many classes a picture, the likeliest first
    - ncols: pictures a row
    - title, caption: a line above and lines below all of them

    Returns the Figure, described in words.
    """
    from cs231n.plain_layers import softmax_forward  # not there while notebook 1 is graded

    pictures = [displayable(picture) for picture in pictures]
    scores = np.asarray(scores, dtype=np.float64)
    if scores.shape != (len(pictures), len(class_names)):
        raise ValueError(
            f"scores should have a row for each picture and a column for each class, "
            f"{(len(pictures), len(class_names))}, but it has shape {scores.shape}."
        )
    shares, _ = softmax_forward(scores)
    top = min(top, len(class_names))
    ncols = min(ncols, len(pictures))
    nrows = -(-len(pictures) // ncols)
    size = (2.0 * ncols, (1.6 + 0.25 * top) * nrows + 0.35 * bool(title) + 0.4 * bool(caption))
    fig, axes = plt.subplots(
        2 * nrows,
        ncols,
        figsize=size,
        squeeze=False,
        layout="constrained",
        gridspec_kw={"height_ratios": [1.4, 0.25 * top] * nrows},
    )
    for ax in axes.flat:
        ax.set_axis_off()
    words = []
    for n, picture in enumerate(pictures):
        above, below = axes[2 * (n // ncols) : 2 * (n // ncols) + 2, n % ncols]
        above.imshow(picture, interpolation="nearest")
        right = None if y is None else int(y[n])
        _draw_bars(below, shares[n], class_names, right, top)
        words.append(_in_words(shares[n], class_names, right))
    if title:
        fig.suptitle(title, fontsize=12)
    add_caption(fig, caption)
    start = "Pictures with the classes that a classifier thinks likeliest: "
    return describe(fig, start + "; ".join(words) + ".")


def _draw_bars(ax, shares, class_names, right: int | None, top: int) -> None:
    best = np.argsort(-shares)[:top]
    for place, k in enumerate(best):
        good = right is None or k == right
        bar = ax.barh(place, shares[k], height=0.8, color=tint(BLUE if good else ORANGE, 0.45))
        if not good:
            bar[0].set(hatch="///", edgecolor="white", linewidth=0)
        mark = " ✓" if k == right else ""
        name = f"{class_names[k]}{mark}"
        ax.text(0.02, place, name, va="center", fontsize=8, color=INK)
        ax.text(1.0, place, f"{shares[k]:.0%}", va="center", ha="right", fontsize=8, color=GREY)
    ax.set(xlim=(0, 1), ylim=(top - 0.5, -0.5))


def _in_words(shares, class_names, right: int | None) -> str:
    guess = int(np.argmax(shares))
    said = f"{class_names[guess]} with {shares[guess]:.0%}"
    if right is None:
        return said
    return f"{said}, right" if guess == right else f"{said}, in truth {class_names[right]}"
