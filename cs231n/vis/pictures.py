"""Showing pictures and filters."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from cs231n.vis.alt_text import described, listed
from cs231n.vis.style import INK, add_caption


def image_grid(images, ncols=None, padding=1, *, channels="auto", rescale=True) -> np.ndarray:
    """Pictures of one size, laid out in rows as one large picture on a white ground.

    Inputs:
    - images: array (N, H, W, C), (N, C, H, W) or (N, H, W) with C 1 or 3, any dtype and range.
      Each picture is stretched by itself so that its smallest value is black and its largest
      white; a picture of one value only is middle grey.
    - ncols: pictures a row; None makes the grid about square
    - padding: pixels between pictures
    - channels: "first" or "last" says where C is; "auto" takes a last axis of 1 or 3 for C
      (so say "first" for colour filters 3 or 1 wide)
    - rescale: False takes the values, which must be in 0..1 already, as they are

    Returns an array (rows * (H + padding) - padding, ncols * (W + padding) - padding, 3), float64
    in 0..1.

    Raises ValueError for another shape, for no pictures, and for values that are not finite.
    """
    pictures = _stack(images, channels)
    N, H, W, _ = pictures.shape
    ncols = int(np.ceil(np.sqrt(N))) if ncols is None else min(ncols, N)
    nrows = -(-N // ncols)
    grid = np.ones((nrows * (H + padding) - padding, ncols * (W + padding) - padding, 3))
    for n, picture in enumerate(pictures):
        top, left = (n // ncols) * (H + padding), (n % ncols) * (W + padding)
        grid[top : top + H, left : left + W] = stretch(picture) if rescale else picture
    return grid


def show_images(images, titles=None, ncols=None, *, title=None, caption=None, size=2.0):
    """Pictures side by side, each with its title.

    Inputs:
    - images: a dict {title: picture}, or a list or array of pictures. A picture is (H, W),
      (H, W, C) or (C, H, W) with C 1 or 3; sizes may differ. uint8, and floats in 0..1, are shown
      as they are; other ranges are stretched from the picture's smallest value to its largest.
    - titles: one for each picture; not needed with a dict
    - ncols: pictures a row; None puts up to 6 in a row
    - title, caption: a line above and lines below all of them
    - size: height of one picture in inches

    Returns the Figure. In a notebook, write `fig = vis.show_images(...)`: a Figure left as the last
    value of a cell is shown twice.
    """
    if isinstance(images, dict):
        titles = list(images) if titles is None else titles
        images = list(images.values())
    pictures = [displayable(picture) for picture in images]
    if not pictures:
        raise ValueError("show_images was given no pictures.")
    titles = [None] * len(pictures) if titles is None else list(titles)
    if len(titles) != len(pictures):
        raise ValueError(f"There are {len(pictures)} pictures but {len(titles)} titles.")
    ncols = min(len(pictures), 6 if ncols is None else ncols)
    nrows = -(-len(pictures) // ncols)
    ratio = max(picture.shape[1] / picture.shape[0] for picture in pictures)
    head = 0.3 + 0.3 * bool(title) + 0.3 * bool(caption)
    shape = (max(3.0, ncols * (size * ratio + 0.1)), nrows * (size + 0.3) + head)
    fig, axes = plt.subplots(nrows, ncols, figsize=shape, squeeze=False, layout="constrained")
    for ax in axes.flat:
        ax.set_axis_off()
    for ax, picture, name in zip(axes.flat, pictures, titles):
        ax.imshow(picture, interpolation="nearest")
        if name is not None:
            ax.set_title(str(name), fontsize=10, color=INK)
    if title:
        fig.suptitle(title, fontsize=12)
    add_caption(fig, caption)
    named = [str(name) for name in titles if name is not None]
    text = "1 picture" if len(pictures) == 1 else f"{len(pictures)} pictures side by side"
    text += f": {listed(named)}" if named else ""
    return described(fig, text, title, caption)


def show_filters(w, title=None, *, ncols=None, caption=None, max_channels=16):
    """The filters of a convolutional layer.

    Inputs:
    - w: array (F, C, HH, WW). With 3 channels each filter is one colour picture, with 1 a grey one.
      With another C each filter is a row of C grey pictures, the first `max_channels` of them.
    - title, caption: a line above, lines below
    - ncols: filters a row, for 1 or 3 channels

    Each picture is stretched by itself: grey means the middle of its own range, not zero.

    Returns the Figure.
    """
    w = np.asarray(w)
    if w.ndim != 4:
        raise ValueError(f"show_filters expects w of shape (F, C, HH, WW), but got {w.shape}.")
    F, C, HH, WW = w.shape
    coloured = C in (1, 3)
    shown = C if coloured else min(C, max_channels)
    if not coloured:
        ncols = shown
        w = np.stack([stretch(filt) for filt in w])  # one range for all channels of a filter
        w = w[:, :shown].reshape(F * shown, 1, HH, WW)
    grid = image_grid(w, ncols=ncols, channels="first", rescale=coloured)
    inches = 0.55 * min(max(grid.shape[:2]) / max(HH, WW), 14) + 1.2
    scale = inches / max(grid.shape[:2])
    size = (max(3.2, grid.shape[1] * scale), max(1.6, grid.shape[0] * scale + 0.6))
    fig, ax = plt.subplots(figsize=size, layout="constrained")
    ax.imshow(grid, interpolation="nearest")
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    if not coloured:
        ax.set_xlabel(f"channel 0 … {shown - 1}" + (f" (of {C})" if shown < C else ""))
        ax.set_ylabel(f"filter {F - 1} … 0" if F > 1 else "filter 0")
    ax.set_title(title if title is not None else f"{F} filters, {HH}×{WW}×{C}", fontsize=12)
    add_caption(fig, caption)
    filters = f"{F} filters, {HH}×{WW}×{C}"
    text = f"{filters}, as rows of {shown} grey pictures of their weights"
    if coloured:
        text = f"{filters}, as coloured pictures of their weights"
    if C == 1:
        text = f"{filters}, as grey pictures of their weights"
    return described(fig, text, title, caption)


def stretch(picture) -> np.ndarray:
    """`picture` moved and scaled so that it fills 0..1, as float64; 0.5 where it is all one value.

    Raises ValueError when a value is nan or infinite.
    """
    picture = np.asarray(picture, dtype=np.float64)
    if not np.isfinite(picture).all():
        raise ValueError(
            "The picture holds values that are nan or infinite, which have no colour. If these are "
            "weights, training has diverged: try a smaller learning rate."
        )
    low, high = picture.min(), picture.max()
    if low == high:
        return np.full_like(picture, 0.5)
    return (picture - low) / (high - low)


def _stack(images, channels: str) -> np.ndarray:
    """The pictures as one array (N, H, W, C)."""
    images = np.asarray(images)
    shape = images.shape
    if images.ndim == 3:
        images = images[..., None]
    elif images.ndim == 4 and (
        channels == "first" or (channels == "auto" and images.shape[-1] not in (1, 3))
    ):
        images = images.transpose(0, 2, 3, 1)
    if images.ndim != 4 or images.shape[-1] not in (1, 3) or images.size == 0:
        raise ValueError(
            "Expected pictures of shape (N, H, W, C) or (N, C, H, W) with 1 or 3 channels, but got "
            f"an array of shape {shape}. One picture alone needs a first axis: x[None]."
        )
    return images


def displayable(picture) -> np.ndarray:
    """One picture as (H, W, 3), uint8 or float in 0..1."""
    picture = np.asarray(picture)
    if picture.ndim == 3 and picture.shape[-1] not in (1, 3) and picture.shape[0] in (1, 3):
        picture = picture.transpose(1, 2, 0)
    if picture.ndim == 2:
        picture = picture[..., None]
    if picture.ndim != 3 or picture.shape[-1] not in (1, 3) or picture.size == 0:
        raise ValueError(
            "Expected a picture of shape (H, W), (H, W, C) or (C, H, W) with 1 or 3 channels, but "
            f"got {picture.shape}."
        )
    inside = picture.dtype.kind == "f" and picture.min() >= 0 and picture.max() <= 1
    if picture.dtype != np.uint8 and not inside:
        picture = stretch(picture)
    return np.repeat(picture, 3, axis=2) if picture.shape[2] == 1 else picture
