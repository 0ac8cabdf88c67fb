"""The shape of a network, for drawing: a sequence of boxes, of branches side by side, of repeats.

`structure(architecture)` reads it off the graph: where a layer is read by several others, their
branches go on until the first layer that all of them lead to (the immediate post-dominator).

A sequence is a tuple of items; between two items runs one line:

- Step: a box: a layer, and layers that change no volume folded into it
- Branches: sequences side by side, from what comes before to what comes after; () passes on
- Side: sequences that leave the line here and end in outputs of their own
- Repeat: a sequence that stands there `count` times, one behind another
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from cs231n.architectures.description import Architecture
from cs231n.architectures.kinds import Shape

# Folded into the layer before, where no one else reads that.
FOLLOWERS = frozenset(
    {"relu", "tanh", "softmax", "dropout", "flatten"}
    | {"batchnorm", "layernorm", "groupnorm", "lrn", "scale"}
)
LONGEST_UNIT = 12  # items of a block that is looked for as a repeat
FEWEST_BLOCKS, FEWEST_STEPS = 2, 5  # repeats that are worth drawing once: with and without branches


@dataclass(frozen=True)
class Step:
    """A box: the layers in it, the first one's kind, and the shape that comes out.

    Two steps are equal when they look the same, whatever their names.
    """

    labels: tuple[str, ...]
    kind: str
    shape: Shape
    names: tuple[str, ...] = field(compare=False)


@dataclass(frozen=True)
class Branches:
    sequences: tuple[tuple, ...]


@dataclass(frozen=True)
class Side:
    sequences: tuple[tuple, ...]


@dataclass(frozen=True)
class Repeat:
    sequence: tuple
    count: int


class Tangled(Exception):
    """The graph is not made of sequences and branches alone."""


def folded(architecture: Architecture, fold: bool = True) -> tuple[list[Step], list[list[int]]]:
    """The boxes in order, and for each the numbers of those that it reads."""
    chains: list[list] = []
    place: dict[str, int] = {}
    for node in architecture:
        alone = len(node.inputs) == 1 and len(architecture.readers[node.inputs[0]]) == 1
        if fold and alone and node.layer.kind in FOLLOWERS:
            place[node.name] = place[node.inputs[0]]
            chains[place[node.name]].append(node)
        else:
            place[node.name] = len(chains)
            chains.append([node])
    steps = [
        Step(
            labels=tuple(short_label(node.layer) for node in chain),
            kind=chain[0].layer.kind,
            shape=architecture.shapes[chain[-1].name],
            names=tuple(node.name for node in chain),
        )
        for chain in chains
    ]
    return steps, [[place[name] for name in chain[0].inputs] for chain in chains]


def short_label(layer) -> str:
    """The label without what a picture can leave out: biases that are not there, roundings."""
    return re.sub("nobias|floor|ceil", "", layer.label)


def structure(architecture: Architecture, *, fold: bool = True, expand: bool = False) -> tuple:
    """The network as a sequence of items.

    Inputs:
    - fold: whether ReLU, normalisation and the like go into the box of the layer before
    - expand: False draws equal blocks that follow one another as one Repeat

    Raises Tangled when the graph is not made of sequences and branches.
    """
    steps, reads = folded(architecture, fold)
    found = _Graph(steps, reads).sequence(set(range(len(steps))), None)
    return found if expand else with_repeats(found)


def trunk(architecture: Architecture) -> list[Step]:
    """The boxes that every way from the input to the last output passes."""
    steps, reads = folded(architecture)
    graph = _Graph(steps, reads)
    post = graph.post_dominators(graph.leading_to(len(steps) - 1, set(range(len(steps)))))
    found, node = [], 0
    while node is not None:
        found.append(steps[node])
        node = post[node]
    return found


class _Graph:
    """Steps by number, in an order in which each comes after those it reads."""

    def __init__(self, steps: list[Step], reads: list[list[int]]):
        self.steps, self.reads = steps, reads
        self.readers: list[list[int]] = [[] for _ in steps]
        for number, read in enumerate(reads):
            for source in read:
                self.readers[source].append(number)

    def sequence(self, nodes: set[int], source: int | None) -> tuple:
        """All these nodes, of which the last is the end of the main line; they read `source`."""
        main = self.leading_to(max(nodes), nodes)
        post = self.post_dominators(main)
        sides: dict[int, list[tuple]] = {}
        for part in self.components(nodes - main):
            sides.setdefault(self.only_source(part), []).append(part)
        line = _Line(self, main, post, sides)
        entries = [node for node in sorted(main) if source in self.reads[node] or not node]
        return line.from_entries(source, entries, main, None)

    def leading_to(self, last: int, nodes: set[int]) -> set[int]:
        found, waiting = {last}, [last]
        while waiting:
            new = [n for n in self.reads[waiting.pop()] if n in nodes and n not in found]
            found.update(new)
            waiting.extend(new)
        return found

    def post_dominators(self, nodes: set[int]) -> dict[int, int | None]:
        """For each node the first one that every way to the end passes."""
        post: dict[int, int | None] = {}
        depth: dict[int | None, int] = {None: 0}
        for node in sorted(nodes, reverse=True):
            first, *others = [n for n in self.readers[node] if n in nodes] or [None]
            for other in others:
                while first != other:
                    if depth[first] > depth[other]:
                        first = post[first]
                    else:
                        other = post[other]
            post[node] = first
            depth[node] = depth[first] + 1
        return post

    def components(self, nodes: set[int]) -> list[set[int]]:
        """The nodes, apart where no line among them joins them; in order."""
        left, found = set(nodes), []
        while left:
            part, waiting = set(), [min(left)]
            while waiting:
                node = waiting.pop()
                if node in left:
                    left.discard(node)
                    part.add(node)
                    waiting.extend(self.reads[node] + self.readers[node])
            found.append(part)
        return found

    def only_source(self, part: set[int]) -> int:
        """The one node outside that all of these read."""
        sources = {n for node in part for n in self.reads[node] if n not in part}
        if len(sources) != 1:
            raise Tangled
        return sources.pop()


class _Line:
    """The part of a graph that leads to one end, with side branches that leave it."""

    def __init__(self, graph: _Graph, main: set[int], post: dict, sides: dict):
        self.graph, self.main, self.post, self.sides = graph, main, post, sides

    def from_entries(self, source, entries: list[int], nodes: set[int], stop) -> tuple:
        """The items from `source` (excluded) to `stop` (excluded), by way of the entries."""
        if len(entries) == 1 and self.graph.reads[entries[0]].count(source) < 2:
            return self.from_node(entries[0], stop)
        meet = entries[0]
        while not all(self.passes(entry, meet) for entry in entries):
            meet = self.post[meet]
        if meet == stop:
            raise Tangled
        before = self.graph.leading_to(meet, nodes) - {meet}
        return (self.branches(source, before, meet), *self.from_node(meet, stop))

    def passes(self, node, other) -> bool:
        while node is not None and node != other:
            node = self.post[node]
        return node == other

    def from_node(self, node: int, stop) -> tuple:
        items: list = []
        while node != stop:
            items.append(self.graph.steps[node])
            if node in self.sides:
                parts = self.sides[node]
                items.append(Side(tuple(self.graph.sequence(part, node) for part in parts)))
            join = self.post[node]
            between: set[int] = set()
            if [n for n in self.graph.readers[node] if n in self.main] != [join] and join:
                between = self.between(node, join)
                items.append(self.branches(node, between, join))
            node = join
        return tuple(items)

    def between(self, node: int, join: int) -> set[int]:
        found: set[int] = set()
        waiting = [node]
        while waiting:
            for reader in self.graph.readers[waiting.pop()]:
                if reader in self.main and reader != join and reader not in found:
                    found.add(reader)
                    waiting.append(reader)
        return found

    def branches(self, source, nodes: set[int], join: int) -> Branches:
        """The nodes between as sequences side by side, in the order in which they are joined."""
        order = self.graph.reads[join]
        found = [(place, ()) for place, read in enumerate(order) if read == source]
        for part in self.graph.components(nodes):
            entries = [node for node in sorted(part) if source in self.graph.reads[node]]
            sequence = self.from_entries(source, entries, part, join)
            found.append((min(n for n, read in enumerate(order) if read in part), sequence))
        return Branches(tuple(sequence for _, sequence in sorted(found, key=lambda f: f[0])))


def with_repeats(items: tuple) -> tuple:
    """Equal parts that follow one another as one Repeat, inside branches too."""
    items = tuple(map(_repeats_inside, items))
    found: list = []
    while items:
        length, count = _best_unit(items)
        unit = items[:length]
        found.extend(unit if count == 1 else [Repeat(unit, count)])
        items = items[length * count :]
    return tuple(found)


def _repeats_inside(item):
    if isinstance(item, Branches | Side):
        return type(item)(tuple(map(with_repeats, item.sequences)))
    return item


def _best_unit(items: tuple) -> tuple[int, int]:
    """(length, count) of the repeated start that saves most, or (1, 1)."""
    best, saved = (1, 1), 0
    for length in range(1, min(LONGEST_UNIT, len(items) // 2) + 1):
        unit = items[:length]
        if isinstance(unit[0], Side) or not isinstance(unit[-1], Step):
            continue
        count = 1
        while items[count * length : (count + 1) * length] == unit:
            count += 1
        blocks = any(isinstance(item, Branches) for item in unit)
        if count >= (FEWEST_BLOCKS if blocks else FEWEST_STEPS) and (count - 1) * length > saved:
            best, saved = (length, count), (count - 1) * length
    return best
