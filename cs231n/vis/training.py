"""What training looks like: curves, confusions, mistakes, and where a network looks."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator

from cs231n.vis.alt_text import describe
from cs231n.vis.pictures import displayable, stretch
from cs231n.vis.style import BLUE, COLOURS, GREY, INK, ORANGE, add_caption

_LINES, _MARKERS = ("-", "--", "-.", ":"), ("o", "s", "^", "D", "v", "P", "X")


def smooth(values, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Means of `width` neighbours, fewer where there are not so many.

    Returns a tuple of the places (of the last value of each window) and the means.
    """
    values = np.asarray(values, dtype=np.float64)
    width = max(1, min(width, len(values)))
    sums = np.cumsum(np.concatenate([[0.0], values]))
    return np.arange(width - 1, len(values)), (sums[width:] - sums[:-width]) / width


def plot_training(history, *, title=None, caption=None):
    """The loss of every step, and accuracies and losses at the end of every epoch.

    Inputs:
    - history: a cs231n.training.History, or another object or dict with losses (one a step),
      train_accuracy and val_accuracy (one an epoch each), and optionally val_loss
    - title, caption: a line above and lines below

    Returns the Figure.
    """
    losses, train, val, val_loss = (
        _part(history, key) for key in ("losses", "train_accuracy", "val_accuracy", "val_loss")
    )
    epochs = max(len(val), 1)
    fig, axes = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
    steps = np.arange(1, len(losses) + 1) * epochs / max(len(losses), 1)
    axes[0].plot(steps, losses, color=BLUE, alpha=0.25, linewidth=0.8, label="each batch")
    if len(losses):
        width = max(1, len(losses) // 40)
        places, means = smooth(losses, width)
        name = f"training, mean of {width} batches"
        axes[0].plot(steps[places], means, color=BLUE, linewidth=1.8, label=name)
        ceiling = np.nanpercentile(losses, 99) if np.isfinite(losses).any() else 1.0
        axes[0].set_ylim(0, 1.15 * float(np.max([ceiling, *val_loss[-1:]])))
    ends = np.arange(1, epochs + 1)
    if len(val_loss):
        axes[0].plot(
            ends, val_loss, "s--", color=ORANGE, markersize=4, label="validation, end of epoch"
        )
    axes[0].set(title="Loss", xlabel="epoch", ylabel="loss")
    if len(val):
        axes[1].plot(ends, train, "o-", color=BLUE, markersize=4, label="pictures trained on")
        axes[1].plot(ends, val, "s--", color=ORANGE, markersize=4, label="validation pictures")
        best = int(np.argmax(val))
        axes[1].annotate(
            f"best {val[best]:.1%}",
            (ends[best], val[best]),
            xytext=(0, -22),
            textcoords="offset points",
            ha="right" if ends[best] > epochs / 2 else "left",
            fontsize=9,
            color=INK,
        )
    axes[1].set(title="Accuracy", xlabel="epoch", ylabel="part that is right", ylim=(0, 1.03))
    for ax in axes:
        ax.set_xlim(0, 1.03 * epochs)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        _tidy(ax)
        if ax.get_legend_handles_labels()[0]:
            ax.legend(frameon=False, fontsize=9)
    if title:
        fig.suptitle(title, fontsize=12)
    add_caption(fig, caption)
    words = f"Left: the loss over {epochs} epochs."
    if len(losses):
        words += f" It goes from {losses[0]:.2f} to about {smooth(losses, 20)[1][-1]:.2f}."
    if len(val):
        words += (
            f" Right: accuracy, at the end {train[-1]:.0%} on pictures trained on and "
            f"{val[-1]:.0%} on validation pictures."
        )
    return describe(fig, f"{title or 'Training'}. {words}")


def plot_losses(runs: dict, *, width: int = 10, reference=None, title=None, caption=None):
    """The losses of several runs over their steps, on one picture.

    Losses above twice the first ones (or twice the reference) are off the picture, at its top.

    Inputs:
    - runs: dict {name: losses}; one that is not finite, or above a million, ends its curve in a
      cross
    - width: every point is the mean of so many steps
    - reference: (value, name) of a line across, such as (log 10, "guessing")

    Returns the Figure.
    """
    fig, ax = plt.subplots(figsize=(7.5, 4.2), layout="constrained")
    words, ends = [], []
    for number, (name, losses) in enumerate(runs.items()):
        losses = np.asarray(losses, dtype=np.float64)
        sound = np.isfinite(losses) & (losses < 1e6)
        end = len(losses) if sound.all() else int(np.argmin(sound))
        colour = COLOURS[number % len(COLOURS)]
        style = dict(color=colour, linestyle=_LINES[number % 4], label=str(name))
        if end:
            places, means = smooth(losses[:end], width)
            ax.plot(
                places + 1,
                means,
                marker=_MARKERS[number % 7],
                markevery=(0.1, 0.2),
                markersize=5,
                **style,
            )
            words.append(f"{name} ends at {means[-1]:.2f}")
        else:
            ax.plot([], [], **style)
        if end < len(losses):
            ends.append((end + 1, colour))
            words.append(f"{name} goes out of bounds at step {end + 1}")
    if reference is not None:
        ax.axhline(reference[0], color=GREY, linewidth=0.9, linestyle=":")
        ax.annotate(
            reference[1],
            (1, reference[0]),
            xycoords=("axes fraction", "data"),
            xytext=(-2, 3),
            textcoords="offset points",
            ha="right",
            fontsize=9,
            color=GREY,
        )
    tops = [reference[0]] if reference is not None else []
    tops += [losses[0] for losses in runs.values() if len(losses) and np.isfinite(losses[0])]
    ax.set_ylim(0, 2 * max(tops, default=1.0))
    for step, colour in ends:
        ax.plot(step, 0.97 * ax.get_ylim()[1], "x", color=colour, markersize=11, mew=3)
    ax.set(xlabel="step", ylabel=f"loss, mean of {width} steps")
    ax.set_title(title or "Losses", fontsize=12)
    _tidy(ax)
    ax.legend(frameon=False, fontsize=9)
    add_caption(fig, caption)
    return describe(fig, f"{title or 'Losses'}. {'; '.join(words)}.")


def show_confusion(counts, class_names, *, title=None, caption=None):
    """A confusion matrix: rows are the right classes, columns what they were taken for.

    Inputs:
    - counts: array (C, C) of whole numbers
    - class_names: C names

    Each cell is coloured by its part of the row, and holds that part in percent (nothing for 0).

    Returns the Figure.
    """
    counts = np.asarray(counts)
    C = len(class_names)
    if counts.shape != (C, C):
        raise ValueError(f"There are {C} names, but counts of shape {counts.shape}.")
    parts = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = 0.55 * C + 2
    fig, ax = plt.subplots(figsize=(side + 0.8, side), layout="constrained")
    drawn = ax.imshow(parts, cmap="Blues", vmin=0, vmax=1)
    for (i, j), part in np.ndenumerate(parts):
        if counts[i, j]:
            text = f"{100 * part:.0f}" if part >= 0.005 else "<1"
            colour = "white" if part > 0.55 else INK
            weight = "bold" if i == j else "normal"
            ax.text(j, i, text, ha="center", va="center", fontsize=8.5, color=colour, weight=weight)
    ax.set_xticks(range(C), class_names, rotation=45, ha="right")
    ax.set_yticks(range(C), class_names)
    ax.set(xlabel="taken for", ylabel="right class")
    ax.set_title(title or "Confusions, in percent of each row", fontsize=12)
    bar = fig.colorbar(drawn, ax=ax, shrink=0.75, label="part of the row")
    bar.outline.set_visible(False)
    ax.spines[:].set_visible(False)
    add_caption(fig, caption)
    right = np.trace(counts) / max(counts.sum(), 1)
    words = f"A table of {C} by {C} classes. {right:.0%} of the pictures lie on the diagonal."
    others = parts - np.diag(np.diag(parts))
    if others.any():
        i, j = np.unravel_index(np.argmax(others), others.shape)
        words += f" Most often {class_names[i]} is taken for {class_names[j]}: {others[i, j]:.0%}."
    return describe(fig, words)


def show_mistakes(pictures, y, scores, class_names, *, count=12, ncols=6, title=None, caption=None):
    """The mistakes that a network was surest of, the surest first.

    Inputs:
    - pictures: (N, C, H, W) or (N, H, W, C), as they are to be shown
    - y: right classes (N,)
    - scores: (N, classes), of which the softmax is taken
    - class_names: names of the classes
    - count, ncols: how many pictures, and how many of them in a row

    Returns the Figure.
    """
    scores, y = np.asarray(scores, dtype=np.float64), np.asarray(y)
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    sure = powers.max(axis=1) / powers.sum(axis=1)
    taken = scores.argmax(axis=1)
    wrong = np.flatnonzero(taken != y)
    worst = wrong[np.argsort(-sure[wrong], kind="stable")][:count]
    rows = max(1, -(-len(worst) // ncols))
    fig, axes = plt.subplots(
        rows, ncols, figsize=(1.55 * ncols, 1.95 * rows + 0.5), squeeze=False, layout="constrained"
    )
    for ax in axes.flat:
        ax.set_axis_off()
    for ax, n in zip(axes.flat, worst):
        ax.imshow(displayable(pictures[n]), interpolation="nearest")
        names = f"{class_names[y[n]]}\n→ {class_names[taken[n]]}, {sure[n]:.0%}"
        ax.set_title(names, fontsize=9, color=INK)
    heading = title or "Surest mistakes: what it is → what it was taken for"
    fig.suptitle(heading if len(worst) else "There are no mistakes.", fontsize=12)
    add_caption(fig, caption)
    words = ", ".join(f"{class_names[y[n]]} taken for {class_names[taken[n]]}" for n in worst[:4])
    return describe(fig, f"{len(worst)} pictures that were classified wrongly: {words} …")


def show_saliency(pictures, maps, titles=None, *, title=None, caption=None):
    """Pictures, and below each how much every pixel counts.

    Inputs:
    - pictures: (N, C, H, W) or (N, H, W, C), as they are to be shown
    - maps: (N, H, W), each stretched by itself; bright is much
    - titles: one for each picture

    Returns the Figure.
    """
    N = len(pictures)
    if np.ndim(maps) != 3 or len(maps) != N:
        raise ValueError(f"There are {N} pictures, but maps of shape {np.shape(maps)}.")
    fig, axes = plt.subplots(
        2, N, figsize=(1.5 * N + 0.4, 3.5), squeeze=False, layout="constrained"
    )
    for n, (above, below) in enumerate(axes.T):
        above.imshow(displayable(pictures[n]), interpolation="nearest")
        below.imshow(stretch(maps[n]), cmap="inferno", interpolation="nearest")
        if titles is not None:
            above.set_title(str(titles[n]), fontsize=9, color=INK)
    for ax in axes.flat:
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
    axes[0, 0].set_ylabel("picture")
    axes[1, 0].set_ylabel("what counts")
    if title:
        fig.suptitle(title, fontsize=12)
    add_caption(fig, caption)
    names = ", ".join(map(str, titles)) if titles is not None else f"{N} pictures"
    names = " ".join(names.split())
    return describe(fig, f"Above {names}; below, as bright spots, the pixels that count most.")


def _part(history, key: str) -> np.ndarray:
    found = history.get(key, []) if isinstance(history, dict) else getattr(history, key, [])
    return np.asarray(found, dtype=np.float64)


def _tidy(ax) -> None:
    ax.grid(True, color="#dddddd", linewidth=0.7)
    ax.spines[["top", "right"]].set_visible(False)
