"""A network as plain data: named layers, and which of them each one reads.

    net = Architecture("tiny", [
        Node("input", Input((3, 32, 32))),
        Node("conv1", Conv(16, 3), ["input"]),
        Node("relu1", ReLU(), ["conv1"]),
        Node("scores", FC(10), ["relu1"]),
    ])
    net.shapes["conv1"]           # (16, 32, 32)
    net.parameters["scores.w"]    # (16384, 10)
    Architecture.from_json(net.to_json()) == net

Shorter to write is the text form, see cs231n.architectures.text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod

from cs231n.architectures.kinds import KINDS, Input, Layer, Shape, options

FORMAT = "cs231n-architecture"
NAME = re.compile(r"[A-Za-z0-9_]+([.-][A-Za-z0-9_]+)*")


class ArchitectureError(ValueError):
    """A description that cannot be: the message names the layer and says what does not fit.

    `layer` is that layer's name, where it is the shapes of one layer that do not fit.
    """

    layer: str | None = None


@dataclass(frozen=True)
class Node:
    """A layer with a name, and the names of the layers it reads, in order."""

    name: str
    layer: Layer
    inputs: tuple[str, ...] = ()

    def __post_init__(self):
        object.__setattr__(self, "inputs", tuple(self.inputs))


@dataclass(frozen=True, repr=False)
class Architecture:
    """A network: nodes in an order in which each comes after those it reads.

    The first node is the input, and the only one. Raises ArchitectureError when a name is used
    twice or not at all, or when shapes do not fit each other.
    """

    name: str
    nodes: tuple[Node, ...]
    shapes: dict[str, Shape] = field(init=False, compare=False)  # what each node gives

    def __post_init__(self):
        object.__setattr__(self, "nodes", tuple(self.nodes))
        _check_names(self.nodes)
        shapes: dict[str, Shape] = {}
        for node in self.nodes:
            try:
                shapes[node.name] = node.layer.out_shape(*(shapes[name] for name in node.inputs))
            except ValueError as problem:
                error = ArchitectureError(f"{_described(node, shapes)}: {problem}")
                error.layer = node.name
                raise error from None
        object.__setattr__(self, "shapes", shapes)

    def __repr__(self) -> str:
        shapes = (self.input_shape, *(self.shapes[name] for name in self.outputs))
        first, *last = ("x".join(map(str, shape)) for shape in shapes)
        return (
            f"<{self.name}: {len(self)} layers, {first} to {' and '.join(last)}, "
            f"{self.parameter_count:,} parameters>"
        )

    def __len__(self) -> int:
        return len(self.nodes)

    def __iter__(self):
        return iter(self.nodes)

    def __getitem__(self, name: str) -> Node:
        try:
            return self._by_name[name]
        except KeyError:
            known = ", ".join(self._by_name)
            raise KeyError(f"{self.name} has no layer {name!r}. Its layers: {known}.") from None

    @cached_property
    def _by_name(self) -> dict[str, Node]:
        return {node.name: node for node in self.nodes}

    @property
    def input_shape(self) -> Shape:
        return self.shapes[self.nodes[0].name]

    @cached_property
    def readers(self) -> dict[str, tuple[str, ...]]:
        """For each node the nodes that read it; one that reads it twice is there twice."""
        found: dict[str, list[str]] = {node.name: [] for node in self.nodes}
        for node in self.nodes:
            for name in node.inputs:
                found[name].append(node.name)
        return {name: tuple(names) for name, names in found.items()}

    @property
    def outputs(self) -> tuple[str, ...]:
        """The nodes that nobody reads, in order: the last is the network's own output."""
        return tuple(name for name, readers in self.readers.items() if not readers)

    def input_shapes(self, name: str) -> tuple[Shape, ...]:
        """The shapes of what a node reads."""
        return tuple(self.shapes[read] for read in self[name].inputs)

    @cached_property
    def parameters(self) -> dict[str, Shape]:
        """Everything that is learned, as {"conv1.w": (64, 3, 3, 3), ...}."""
        return self._named("parameters")

    @cached_property
    def buffers(self) -> dict[str, Shape]:
        """Everything that is kept but not learned, such as {"bn1.running_mean": (64,), ...}."""
        return self._named("buffers")

    @property
    def parameter_count(self) -> int:
        return sum(prod(shape) for shape in self.parameters.values())

    def _named(self, question: str) -> dict[str, Shape]:
        return {
            f"{node.name}.{part}": shape
            for node in self.nodes
            for part, shape in getattr(node.layer, question)(*self.input_shapes(node.name)).items()
        }

    def with_input(self, *shape: int) -> Architecture:
        """The same network for pictures of another size: (C, H, W), (H, W) or one number.

        Fully connected layers get as many weights as they then need.
        """
        C = self.input_shape[0]
        if len(self.input_shape) == 3 and len(shape) < 3:
            shape = (C, *(shape * (3 - len(shape))))
        return self.replace(self.nodes[0].name, Input(shape))

    def replace(self, name: str, layer: Layer) -> Architecture:
        """The same network with another layer in one place."""
        changed = replace(self[name], layer=layer)
        return replace(self, nodes=tuple(changed if n.name == name else n for n in self.nodes))

    def until(self, name: str) -> Architecture:
        """The part of the network that leads to one layer, which becomes the output."""
        return replace(self, nodes=self.leading_to([name]))

    def leading_to(self, names: Iterable[str]) -> tuple[Node, ...]:
        """The nodes that some layers depend on, these included, in order."""
        wanted = {self[name].name for name in names}
        for node in reversed(self.nodes):
            if node.name in wanted:
                wanted.update(node.inputs)
        return tuple(node for node in self.nodes if node.name in wanted)

    def to_json(self) -> str:
        """JSON, a line a layer. A layer that reads just the one before it does not name it."""
        lines = []
        for before, node in zip((None, *self.nodes), self.nodes):
            entry = {"name": node.name, "kind": node.layer.kind, **options(node.layer)}
            if node.inputs and (before is None or node.inputs != (before.name,)):
                entry["inputs"] = list(node.inputs)
            lines.append("    " + json.dumps(entry, ensure_ascii=False))
        head = f'  "format": "{FORMAT}",\n  "name": {json.dumps(self.name)},\n'
        return "{\n" + head + '  "layers": [\n' + ",\n".join(lines) + "\n  ]\n}\n"

    @classmethod
    def from_json(cls, text: str) -> Architecture:
        """The network that to_json wrote. Raises ArchitectureError, with the place, for others."""
        try:
            found = json.loads(text)
        except json.JSONDecodeError as problem:
            raise ArchitectureError(f"This is not JSON: {problem}.") from None
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise ArchitectureError(f'This is no network: "format": "{FORMAT}" is missing.')
        entries = found.get("layers")
        if not isinstance(entries, list) or not isinstance(found.get("name"), str):
            raise ArchitectureError('A network has a "name" and a list of "layers".')
        nodes: list[Node] = []
        for number, entry in enumerate(entries, 1):
            nodes.append(_node(entry, number, nodes))
        return cls(found["name"], tuple(nodes))


def _node(entry, number: int, before: list[Node]) -> Node:
    """A node from its JSON object."""
    if not isinstance(entry, dict):
        raise ArchitectureError(f"Layer {number} should be an object {{...}}, but is {entry!r}.")
    given = dict(entry)
    name, kind = given.pop("name", None), given.pop("kind", None)
    inputs = given.pop("inputs", [before[-1].name] if before else [])
    where = f"Layer {number} ({name})"
    if not isinstance(name, str) or not isinstance(kind, str) or kind not in KINDS:
        raise ArchitectureError(f'{where} needs a "name", and a "kind": {", ".join(KINDS)}.')
    if not isinstance(inputs, list) or not all(isinstance(read, str) for read in inputs):
        raise ArchitectureError(f'{where}: "inputs" is a list of names, not {inputs!r}.')
    known = set(KINDS[kind].__dataclass_fields__)
    if not set(given) <= known:
        unknown = ", ".join(sorted(set(given) - known))
        raise ArchitectureError(f"{where}: {kind} has no {unknown}, but {', '.join(known)}.")
    try:
        return Node(name, KINDS[kind](**given), tuple(inputs))
    except (TypeError, ValueError) as problem:
        raise ArchitectureError(f"{where}: {problem}") from None


def _check_names(nodes: Iterable[Node]) -> None:
    known: set[str] = set()
    for number, node in enumerate(nodes):
        name, wanted = node.name, node.layer.inputs
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise ArchitectureError(
                f"{name!r} is no name for a layer: letters, digits, and single _ . - between them."
            )
        if name in known:
            raise ArchitectureError(f"Two layers have the name {name}.")
        if (number == 0) != isinstance(node.layer, Input):
            raise ArchitectureError("A network has one input, and it comes first.")
        for read in node.inputs:
            if read not in known:
                raise ArchitectureError(f"{name} reads {read}, which does not come before it.")
        if len(node.inputs) != wanted if wanted is not None else len(node.inputs) < 2:
            count = "two or more" if wanted is None else wanted
            raise ArchitectureError(
                f"The number of {name}'s inputs is {len(node.inputs)}, but it should be {count}."
            )
        known.add(name)
    if not known:
        raise ArchitectureError("A network has at least an input.")


def _described(node: Node, shapes: dict[str, Shape]) -> str:
    read = " and ".join("x".join(map(str, shapes[name])) for name in node.inputs)
    return f"{node.name} ({node.layer.label} on {read})"
