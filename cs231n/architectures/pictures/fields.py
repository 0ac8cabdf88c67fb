"""What one output of a layer sees of the picture that came in."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import patches
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from cs231n.architectures.description import Architecture
from cs231n.architectures.receptive import Field, receptive_fields
from cs231n.scenes import sample_images
from cs231n.vis.pictures import stretch
from cs231n.vis.style import COLOURS, GREY, INK, PALE, add_caption

CAPTION = "What one output of each layer sees, with its place (row, column) in the layer's map."
HALO = [withStroke(linewidth=3.5, foreground="white", alpha=0.7)]
DASHES = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)))


class _Frame(NamedTuple):
    """What one output sees: its name in the legend, (top, bottom) and (left, right) in pixels."""

    label: str
    rows: tuple[int, int]
    columns: tuple[int, int]


def draw_receptive_field(
    architecture: Architecture,
    layer,
    picture=None,
    place: tuple[int, int] | None = None,
    *,
    before: Architecture | None = None,
    title: str | None = None,
    caption: str | None = None,
):
    """The part of the picture that one output of a layer sees, as a frame around it.

    Inputs:
    - layer: a layer's name, or a list of names: then of each layer one output, chosen so that the
      frames lie around one point
    - picture: array (H, W), (H, W, C) or (C, H, W) with C 1 or 3, of the height and width that the
      network takes, any dtype and range; None takes a landscape
    - place: (row, column) of the output, in the last layer named; None takes the middle
    - before: the network before something was changed in it: what its last layer named sees around
      the same point is drawn as well
    - title, caption: a line above, lines below; None writes usual ones, "" none

    What a frame holds beyond the picture is padding, and hatched.

    Returns the Figure. Raises KeyError for an unknown layer, and ValueError for a place outside a
    layer, or a picture of another size.
    """
    names = [layer] if isinstance(layer, str) else list(layer)
    if not names:
        raise ValueError("draw_receptive_field needs the name of a layer, or several.")
    frames, centre = _frames(architecture, names, place)
    if before is not None:
        frames.append(_frame_around(centre, before, names[-1], "before the change"))
    shown = _shown(picture, *architecture.input_shape[1:])
    fig, ax = plt.subplots(figsize=(7.6, 5.2), layout="constrained")
    fig.get_layout_engine().set(w_pad=0.12)
    _draw_picture(ax, shown, frames)
    handles = [_draw_frame(ax, number, frame) for number, frame in enumerate(frames)]
    handles += _draw_padding(ax, frames, *shown.shape[:2])
    ax.plot(centre[1], centre[0], "+", color=INK, markersize=7, zorder=5, path_effects=HALO)
    style = {"fontsize": 9, "frameon": False, "handlelength": 3.2}
    fig.legend(handles=handles, loc="outside right center", **style)
    fig.suptitle(
        f"Receptive fields in {architecture.name}" if title is None else title, fontsize=12
    )
    add_caption(fig, CAPTION if caption is None else caption)
    return fig


def _frames(architecture: Architecture, names: list[str], place) -> tuple[list[_Frame], tuple]:
    """What one output of each layer sees, the smallest first, and the point they lie around."""
    fields = receptive_fields(architecture)
    last = names[-1]
    place = _checked_place(last, _map_size(architecture, last), place)
    centre = _centre(fields[last], place)
    order = sorted(set(names), key=lambda name: (fields[name].size, names.index(name)))
    return [_frame_around(centre, architecture, name) for name in order], centre


def _map_size(architecture: Architecture, name: str) -> tuple[int, int]:
    """Rows and columns of a layer's outputs."""
    return architecture.shapes[architecture[name].name][1:] or (1, 1)


def _frame_around(centre, architecture: Architecture, name: str, label: str = "") -> _Frame:
    """What the output of a layer sees that lies around a point best."""
    field, size = receptive_fields(architecture)[name], _map_size(architecture, name)
    at = _nearest(field, size, centre)
    seen = f"{field.size[0]}×{field.size[1]}"
    label = f"{label or name}: {seen} at {at}" if size != (1, 1) else f"{label or name}: {seen}"
    return _Frame(label, *field.seen_from(at))


def _draw_frame(ax, number: int, frame: _Frame) -> Line2D:
    """Draws a frame; returns its line in the legend."""
    style = {"color": COLOURS[number % 6], "linestyle": DASHES[number % 4], "linewidth": 2}
    (top, bottom), (left, right) = frame.rows, frame.columns
    outline = patches.Rectangle((left, top), right - left, bottom - top, fill=False, zorder=4)
    outline.set(**style, path_effects=HALO)
    ax.add_patch(outline)
    return Line2D([], [], label=frame.label, **style)


def _checked_place(name: str, size: tuple[int, int], place) -> tuple[int, int]:
    if place is None:
        return size[0] // 2, size[1] // 2
    if np.shape(place) != (2,) or not all(0 <= p < s for p, s in zip(place, size)):
        rows, columns = size
        raise ValueError(
            f"{name} has {rows} row(s) and {columns} column(s) of outputs, counted from 0: "
            f"{place!r} is not the (row, column) of one of them."
        )
    return int(place[0]), int(place[1])


def _centre(field: Field, place: tuple[int, int]) -> tuple[float, float]:
    """The middle of what an output sees; a pixel reaches from its number to the next."""
    return tuple((start + end) / 2 for start, end in field.seen_from(place))


def _nearest(field: Field, size: tuple[int, int], centre) -> tuple[int, int]:
    """The output of a layer whose field lies around a point best."""
    first = _centre(field, (0, 0))
    found = [round((c - f) / jump) for c, f, jump in zip(centre, first, field.jump)]
    return tuple(int(np.clip(n, 0, count - 1)) for n, count in zip(found, size))


@cache
def _landscape() -> np.ndarray:
    return sample_images()["landscape"]


def _shown(picture, H: int, W: int) -> np.ndarray:
    if picture is None:
        scene = _landscape()
        rows = np.linspace(0, scene.shape[0] - 1, H).round().astype(int)
        columns = np.linspace(0, min(scene.shape[:2]) - 1, W).round().astype(int) + 50
        return scene[rows][:, columns]
    array = np.asarray(picture)
    if array.ndim == 3 and array.shape[0] in (1, 3) and array.shape[1:] == (H, W):
        array = array.transpose(1, 2, 0)
    array = array[..., None] if array.ndim == 2 else array
    if array.ndim != 3 or array.shape[:2] != (H, W) or array.shape[2] not in (1, 3):
        raise ValueError(
            f"The network takes pictures {H} high and {W} wide, so picture is an array "
            f"({H}, {W}, 3), (3, {H}, {W}) or ({H}, {W}), not {np.shape(picture)}."
        )
    if array.dtype != np.uint8:
        array = stretch(array)
    return np.repeat(array, 3 // array.shape[2], axis=2)


def _draw_padding(ax, frames: list[_Frame], H: int, W: int) -> list:
    """Hatches what the frames hold beyond the picture; returns its entry in the legend, or none."""
    top, bottom, left, right = _bounds(frames)
    if top >= 0 and left >= 0 and bottom <= H and right <= W:
        return []
    style = {"facecolor": PALE, "edgecolor": GREY, "hatch": "////", "linewidth": 0}
    for (start, end), (first, last) in (frame[1:] for frame in frames):
        area = patches.Rectangle((first, start), last - first, end - start, zorder=1, **style)
        ax.add_patch(area)
    return [patches.Patch(label="padding: beyond the picture", **style)]


def _bounds(frames: list[_Frame]) -> tuple[int, int, int, int]:
    """(top, bottom, left, right) of the smallest rectangle that holds all."""
    return (
        min(frame.rows[0] for frame in frames),
        max(frame.rows[1] for frame in frames),
        min(frame.columns[0] for frame in frames),
        max(frame.columns[1] for frame in frames),
    )


def _draw_picture(ax, shown: np.ndarray, frames: list[_Frame]) -> None:
    """The picture, pixel (i, j) from row i to i + 1, in axes with room for all frames."""
    H, W = shown.shape[:2]
    ax.imshow(shown, extent=(0, W, H, 0), zorder=2)
    ax.add_patch(patches.Rectangle((0, 0), W, H, fill=False, edgecolor=INK, linewidth=1, zorder=3))
    top, bottom, left, right = _bounds([*frames, _Frame("picture", (0, H), (0, W))])
    room = 0.03 * max(bottom - top, right - left)
    ax.set_xlim(left - room, right + room)
    ax.set_ylim(bottom + room, top - room)
    ax.set_aspect("equal")
    ax.set_xlabel("column of the picture (pixels)", fontsize=9)
    ax.set_ylabel("row of the picture (pixels)", fontsize=9)
    ax.tick_params(labelsize=8)
