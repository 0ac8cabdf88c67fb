"""The pieces of a network's picture, put together: one below another, side by side, in frames."""

from __future__ import annotations

from dataclasses import replace

from cs231n.architectures.pictures.pieces import (
    FONT,
    Frame,
    Piece,
    Point,
    Style,
    box_of,
    text_width,
)
from cs231n.architectures.pictures.structure import Branches, Repeat, Side, Step

GAP = 14  # points between a box and the next, for the arrow
APART = 9  # between branches
FORK = 5  # from a box to where its line forks, or from where lines run together to the next
PORTS = 2  # so many lines may come to a sum from the side


def sequence(items: tuple, style: Style) -> Piece:
    """Items one below another; what leaves the line lies to the right of what it passes."""
    found = Piece(through=[((0.0, 0.0),)])
    rows: list[tuple[float, float, float]] = []  # top, bottom, right
    sides: list[tuple[float, list, list[Piece]]] = []  # where it leaves, the line, what is there
    waiting = list(items)
    while waiting:
        item = waiting.pop(0)
        if isinstance(item, Side):
            pieces = [sequence(part, style) for part in item.sequences]
            sides.append((found.height, list(found.exits), pieces))
            continue
        joined = isinstance(item, Branches) and waiting and isinstance(waiting[0], Step)
        piece = _joined(item, waiting.pop(0), style) if joined else _piece(item, style)
        gap = GAP if found.boxes and not isinstance(item, Branches) else 0.0
        if sides and waiting and isinstance(waiting[0], Side):  # wait for the end of the one before
            gap = max(gap, _bottom(sides[-1]) + GAP - found.height - piece.height)
        top = found.height + gap
        rows.append((top, top + piece.height, piece.right))
        found.add_below(piece, gap)
    for side in sides:
        _draw_side(found, side, rows)
    return found


def _bottom(side: tuple) -> float:
    start, _, pieces = side
    return start + GAP + max(piece.height for piece in pieces)


def _draw_side(found: Piece, side: tuple, rows: list) -> None:
    """Draws what leaves the line, to the right of the rows beside it, and makes room for it."""
    start, exits, pieces = side
    bottom = _bottom(side)
    x = max((r for top, low, r in rows if low > start and top < bottom + GAP), default=0.0) + APART
    fork = start + FORK
    for piece in pieces:
        x += APART + piece.left
        piece = piece.moved(x, start + GAP)
        found.take(piece)
        entries = [(((0.0, fork), (x, fork), *way), target) for way, target in piece.entries]
        found.connect(exits, entries)
        x += piece.right
    found.right = max(found.right, x)
    if bottom > found.height:
        found.exits = [(source, (*way, (0.0, bottom))) for source, way in found.exits]
        found.height = bottom


def _piece(item, style: Style) -> Piece:
    if isinstance(item, Step):
        box = box_of(item, style)
        half = box.width / 2
        entries = [(((0.0, 0.0),), item.names[0])]
        exits = [(item.names[-1], ((0.0, box.height),))]
        return Piece(half, half, box.height, [box], entries=entries, exits=exits)
    if isinstance(item, Repeat):
        return _framed(sequence(item.sequence, style), item.count)
    return _open(item, style)


def _framed(inside: Piece, count: int) -> Piece:
    """A repeated piece in its frame; the lines go through the frame to it."""
    pad, room = 7.0, text_width(f"× {count}", FONT)
    piece = Piece(inside.left + pad, inside.right + pad + room, inside.height + 2 * pad)
    moved = inside.moved(0, pad)
    piece.take(moved)
    piece.entries = [(((0.0, 0.0), *way), target) for way, target in moved.entries]
    piece.exits = [(source, (*way, (0.0, piece.height))) for source, way in moved.exits]
    piece.frames.append(Frame(-piece.left, 0.0, piece.left + piece.right, piece.height, count))
    return piece


def _forked(item: Branches, style: Style, one_axis: bool, clear: float = 0.0):
    """The branches side by side below a fork: one Piece without exits, and its loose ends.

    With one_axis the longest goes straight on and the others lie to its right, at least `clear`
    from the axis; else all together lie around the axis.

    Returns (piece, [(x, source or None, way)]): where each line arrives at the piece's bottom.
    A source of None is the fork itself.
    """
    pieces = [sequence(branch, style) for branch in item.sequences]
    height = max(piece.height for piece in pieces)
    found = Piece(height=height + FORK + GAP)
    ends: list[tuple[float, str | None, tuple[Point, ...]]] = []
    for piece, x in zip(pieces, _axes(pieces, one_axis, clear)):
        found.left = max(found.left, piece.left - x)
        found.right = max(found.right, piece.right + x)
        top = FORK + GAP + (height - piece.height) / 2
        piece = piece.moved(x, top)
        start = ((0.0, 0.0), (0.0, FORK), (x, FORK), (x, top))
        found.take(piece)
        found.entries += [((*start, *way), target) for way, target in piece.entries]
        ends += [(x, source, way) for source, way in piece.exits]
        ends += [(x, None, (*start, *way)) for way in piece.through]
    return found, ends


def _axes(pieces: list[Piece], one_axis: bool, clear: float) -> list[float]:
    """The x of each branch."""
    order = list(range(len(pieces)))
    if one_axis:
        order.sort(key=lambda n: -pieces[n].height)
        order[1:] = sorted(order[1:])
    xs = dict.fromkeys(order, 0.0)
    right = pieces[order[0]].right
    for before, number in enumerate(order[1:]):
        x = right + APART + pieces[number].left
        xs[number] = max(x, clear) if not before else x
        right = xs[number] + pieces[number].right
    middle = 0.0 if one_axis else (right - pieces[order[0]].left) / 2
    return [xs[number] - middle for number in range(len(pieces))]


def _one_axis(item: Branches, join: Step | None) -> bool:
    """Whether one branch goes straight on: in sums, and where all others only pass on."""
    return (join is not None and join.kind == "add") or sum(map(bool, item.sequences)) == 1


def _open(item: Branches, style: Style) -> Piece:
    """Branches whose join comes later, with others': their lines run together at the bottom."""
    piece, ends = _forked(item, style, _one_axis(item, None))
    bus = piece.height + FORK
    piece.height = bus + FORK
    for x, source, way in ends:
        way = (*way, (x, bus), (0.0, bus), (0.0, piece.height))
        if source is None:
            piece.through.append(way)
        else:
            piece.exits.append((source, way))
    return piece


def _joined(item: Branches, join: Step, style: Style) -> Piece:
    """Branches and the box that joins them: a bar below them all, or a sum beside the first."""
    box = box_of(join, style)
    ports = join.kind == "add" and len(item.sequences) <= PORTS + 1
    one_axis = _one_axis(item, join)
    piece, ends = _forked(item, style, one_axis, box.width / 2 + APART if ports else 0.0)
    box = box.moved(0, piece.height + GAP)
    if not ports:
        left = min(box.left, *(x - APART for x, _, _ in ends))
        right = max(box.right, *(x + APART for x, _, _ in ends))
        box = replace(box, left=left, width=right - left)
    beside = sorted({x for x, _, _ in ends} - {0.0})
    for x, source, way in ends:
        if ports and x in beside:
            y = box.top + box.height * (beside.index(x) + 1) / (len(beside) + 1)
            way = (*way, (x, y), (box.right, y))
        else:
            way = (*way, (x, box.top))
        if source is None:
            piece.entries.append((way, join.names[0]))
        else:
            piece.connect([(source, way)], [((), join.names[0])])
    piece.boxes.append(box)
    piece.left, piece.right = max(piece.left, -box.left), max(piece.right, box.right)
    piece.height = box.bottom
    piece.exits = [(join.names[-1], ((0.0, box.bottom),))]
    return piece
