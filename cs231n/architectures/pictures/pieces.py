"""Pieces of a network's picture, each laid out around an axis: x = 0, from y = 0 downwards.

A piece knows the lines that come in at the top of its axis, go out at its bottom, or pass through
without meeting a box; so pieces can be put one below another, or side by side, and the lines join.
All lengths are in points.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from cs231n.architectures.pictures.structure import Step

Point = tuple[float, float]
Style = tuple[bool, bool]  # whether boxes show the shape that comes out, and the name

FONT, SMALL = 8.5, 7.2  # points: the layer itself, and the lines below it
LINE = 1.3  # height of a line of text, in its font size
PAD_X, PAD_Y = 4, 3  # between text and box


@dataclass(frozen=True)
class Box:
    """A step, its lines of text (text, font size), and where it lies; y downwards."""

    step: Step
    lines: tuple[tuple[str, float], ...]
    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def bottom(self) -> float:
        return self.top + self.height

    def moved(self, x: float, y: float) -> Box:
        return replace(self, left=self.left + x, top=self.top + y)


@dataclass(frozen=True)
class Edge:
    """A line from one layer to another, corner by corner."""

    points: tuple[Point, ...]
    source: str
    target: str


@dataclass(frozen=True)
class Frame:
    """Around what is repeated, with room for the count at the upper right."""

    left: float
    top: float
    width: float
    height: float
    count: int


@dataclass
class Piece:
    left: float = 0.0  # how far it reaches from the axis
    right: float = 0.0
    height: float = 0.0
    boxes: list[Box] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    entries: list[tuple[tuple[Point, ...], str]] = field(default_factory=list)  # from the top
    exits: list[tuple[str, tuple[Point, ...]]] = field(default_factory=list)  # to the bottom
    through: list[tuple[Point, ...]] = field(default_factory=list)

    def moved(self, x: float, y: float) -> Piece:
        """The same elsewhere; left and right stay what they were around its axis."""

        def shift(points):
            return tuple((px + x, py + y) for px, py in points)

        return Piece(
            self.left,
            self.right,
            self.height,
            [box.moved(x, y) for box in self.boxes],
            [replace(edge, points=shift(edge.points)) for edge in self.edges],
            [replace(f, left=f.left + x, top=f.top + y) for f in self.frames],
            [(shift(points), target) for points, target in self.entries],
            [(source, shift(points)) for source, points in self.exits],
            [shift(points) for points in self.through],
        )

    def take(self, other: Piece) -> None:
        """Draws what is drawn in another piece, but no line to it."""
        self.boxes += other.boxes
        self.edges += other.edges
        self.frames += other.frames

    def connect(self, exits, entries) -> None:
        self.edges += [
            Edge((*start, *end), source, target)
            for source, start in exits
            for end, target in entries
        ]

    def add_below(self, other: Piece, gap: float) -> None:
        """Goes on with another piece, so far below; the lines are joined."""
        other = other.moved(0, self.height + gap)
        self.take(other)
        self.connect(self.exits, other.entries)
        self.entries += [
            ((*start, *end), target) for start in self.through for end, target in other.entries
        ]
        self.exits = other.exits + [
            (source, (*start, *end)) for source, start in self.exits for end in other.through
        ]
        self.through = [(*start, *end) for start in self.through for end in other.through]
        self.left, self.right = max(self.left, other.left), max(self.right, other.right)
        self.height += gap + other.height


def text_width(text: str, size: float) -> float:
    """About how wide a text is, rather too much than too little, in DejaVu Sans."""
    widths = {
        **dict.fromkeys(" .,-/|·", 0.36),
        **dict.fromkeys("mwMW", 1.0),
        **dict.fromkeys("ABCDEFGHIJKLNOPQRSTUVXYZ×+", 0.74),
    }
    return size * sum(widths.get(character, 0.64) for character in text)


def box_of(step: Step, style: Style) -> Box:
    """The box of a step, its top middle at (0, 0); style: whether it shows shape and name."""
    shapes, names = style
    texts = [(step.names[0], SMALL)] if names else []
    texts.append((step.labels[0], FONT))
    followers = step.labels[1:]
    texts += [(" · ".join(followers[i : i + 2]), SMALL) for i in range(0, len(followers), 2)]
    if shapes and step.kind != "input":
        C, *plane = step.shape
        texts.append(("×".join(map(str, (*plane, C))), SMALL))
    width = max(text_width(text, size) for text, size in texts) + 2 * PAD_X
    height = sum(size * LINE for _, size in texts) + 2 * PAD_Y
    return Box(step, tuple(texts), -width / 2, 0, width, height)
