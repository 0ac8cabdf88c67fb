"""Where the boxes and lines of a network go, computed from the graph alone.

All lengths are in points (1/72 inch), with y downwards, so that text fits its box without a look at
the paper. A network made of sequences and branches (see structure.py) gets no crossing lines:
branches lie side by side between a fork and its join, side outputs to the right of all else, and
long networks go on in a next column. Any other network becomes one column with arcs beside it,
which may cross.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cs231n.architectures.description import Architecture
from cs231n.architectures.pictures.arrange import GAP, sequence
from cs231n.architectures.pictures.pieces import Box, Edge, Frame, Piece, box_of
from cs231n.architectures.pictures.structure import Repeat, Side, Step, Tangled, folded, structure

BETWEEN = 34  # columns
ABOVE = 12  # and below a column, where the line to the next one runs
WIDEST, HIGHEST = 860, 640  # what a notebook shows well


@dataclass
class Drawing:
    """Boxes, edges and frames around repeats, from (0, 0) to (width, height)."""

    width: float
    height: float
    boxes: list[Box] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    tangled: bool = False  # whether lines may cross


def layout(
    architecture: Architecture,
    *,
    fold: bool = True,
    expand: bool = False,
    shapes: bool = True,
    names: bool = False,
    columns: int | None = None,
) -> Drawing:
    """The coordinates of a network's picture.

    Inputs:
    - fold: whether ReLU, normalisation and the like go into the box of the layer before
    - expand: whether equal blocks that follow one another are all drawn
    - shapes, names: whether boxes have room for the shape that comes out, and for layer names
    - columns: how many; None takes the fewest that are not too high, while they are not too wide
    """
    if columns is not None and columns < 1:
        raise ValueError(f"A picture has one column or more, not {columns}.")
    style = (shapes, names)
    try:
        atoms = _atoms(structure(architecture, fold=fold, expand=expand))
    except Tangled:
        return _in_one_column(*folded(architecture, fold), style)
    heights = [sequence(atom, style).height + GAP for atom in atoms]
    best = None
    for count in range(1, len(atoms) + 1) if columns is None else [min(columns, len(atoms))]:
        pieces = [sequence(sum(part, ()), style) for part in _parts(atoms, heights, count)]
        width = sum(p.left + p.right for p in pieces) + BETWEEN * (len(pieces) - 1)
        if best and width > WIDEST:
            break
        best = pieces
        if max(piece.height for piece in pieces) <= HIGHEST:
            break
    return _side_by_side(best)


def _atoms(items: tuple) -> list[tuple]:
    """The pieces between which a column may end: after a box or a repeat, and what it gives off."""
    atoms: list[tuple] = []
    current: tuple = ()
    for item, following in zip(items, (*items[1:], None)):
        current += (item,)
        if isinstance(item, Step | Repeat | Side) and not isinstance(following, Side):
            atoms.append(current)
            current = ()
    return atoms


def _parts(atoms: list, heights: list[float], count: int) -> list[list]:
    """The atoms in `count` columns or fewer, the highest as low as can be."""
    low, high = max(heights), sum(heights)
    for _ in range(40):
        middle = (low + high) / 2
        if len(_filled(atoms, heights, middle)) <= count:
            high = middle
        else:
            low = middle
    return _filled(atoms, heights, high)


def _filled(atoms: list, heights: list[float], limit: float) -> list[list]:
    parts: list[list] = [[]]
    room = limit
    for atom, height in zip(atoms, heights):
        if parts[-1] and height > room + 1e-6:
            parts.append([])
            room = limit
        parts[-1].append(atom)
        room -= height
    return parts


def _side_by_side(pieces: list[Piece]) -> Drawing:
    """Columns from left to right, each joined to the next through the space between them."""
    drawing = Drawing(0, max(piece.height for piece in pieces) + 2 * ABOVE)
    x = 0.0
    exits: list = []
    for piece in pieces:
        axis = x + piece.left
        lane = x - BETWEEN / 2
        piece = piece.moved(axis, ABOVE)
        for source, start in exits:
            low = start[-1][1] + ABOVE
            way = [(start[-1][0], low), (lane, low), (lane, ABOVE / 3), (axis, ABOVE / 3)]
            drawing.edges += [
                Edge((*start, *way, *points), source, target) for points, target in piece.entries
            ]
        drawing.boxes += piece.boxes
        drawing.edges += piece.edges
        drawing.frames += piece.frames
        exits = piece.exits
        x = axis + piece.right + BETWEEN
    drawing.width = x - BETWEEN
    return drawing


def _in_one_column(steps: list[Step], reads: list[list[int]], style) -> Drawing:
    """Boxes one below another; lines between others than neighbours run beside them, in lanes."""
    boxes, y = [], float(ABOVE)
    for step in steps:
        box = box_of(step, style).moved(0, y)
        boxes.append(box)
        y += box.height + 1.5 * GAP
    right = max(box.width for box in boxes) / 2
    edges, lanes = [], []
    links = [(s, t, place) for t, read in enumerate(reads) for place, s in enumerate(read)]
    for source, target, place in sorted(links, key=lambda link: (link[1] - link[0], link)):
        above, below = boxes[source], boxes[target]
        names = above.step.names[-1], below.step.names[0]
        if target == source + 1 and reads[target].index(source) == place:
            edges.append(Edge(((0, above.bottom), (0, below.top)), *names))
            continue
        lane = next((n for n, ends in enumerate(lanes) if _free(ends, source, target)), len(lanes))
        lanes += [[]] * (lane == len(lanes))
        lanes[lane] = [*lanes[lane], (source, target)]
        x = right + 10 * (lane + 1)
        out = above.bottom - above.height / 4
        into = below.top + below.height * (place + 1) / (2 * len(reads[target]) + 2)
        points = ((above.right, out), (x, out), (x, into), (below.right, into))
        edges.append(Edge(points, *names))
    edges = [Edge(tuple((x + right, y) for x, y in e.points), e.source, e.target) for e in edges]
    boxes = [box.moved(right, 0) for box in boxes]
    return Drawing(2 * right + 10 * (len(lanes) + 1), y - GAP, boxes, edges, [], True)


def _free(ends: list, source: int, target: int) -> bool:
    return all(target <= first or source >= last for first, last in ends)
