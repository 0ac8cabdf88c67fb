"""Receptive fields: which pixels of the input one output can see.

Every pair is (vertical, horizontal), in pixels of the input. A layer that looks through a window of
F taps, stride S and pad P at a layer whose outputs have a field of `size`, are `jump` apart, and of
which the first starts at `first`, has

    size + (F - 1) * jump,    jump * S,    first - P * jump

(Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016; Araujo, Norris and
Sim, "Computing Receptive Fields of Convolutional Neural Networks", 2019). Where branches meet, the
field is the smallest that holds those of all. A layer with a single place has no next one: its jump
is the largest of what it joins. What a normalisation's averages see is not counted.
"""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from cs231n.architectures.description import Architecture, ArchitectureError, Node
from cs231n.architectures.kinds import Window

ONE_PLACE = Window((1, 1))


class Field(NamedTuple):
    """What the outputs of a layer see. Every pair is (vertical, horizontal), in input pixels."""

    size: tuple[int, int]  # of the field of one output
    jump: tuple[int, int]  # from one output to the next
    first: tuple[int, int]  # first pixel that the first output sees; below 0 in the padding

    @property
    def centre(self) -> tuple[float, float]:
        """The middle of the first output's field; pixel 0 has its middle at 0."""
        return tuple(first + (size - 1) / 2 for first, size in zip(self.first, self.size))

    def seen_from(self, place: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
        """((top, bottom), (left, right)) of what the output at `place` sees; ends not included."""
        starts = [f + p * j for f, p, j in zip(self.first, place, self.jump)]
        return tuple((start, start + size) for start, size in zip(starts, self.size))


def receptive_fields(architecture: Architecture) -> dict[str, Field]:
    """The field of every layer, by name.

    A fully connected layer sees through a window as large as the map that it reads; layers after
    it see what it sees.

    Raises ArchitectureError when the input is a vector, or maps of different jumps meet.
    """
    if len(architecture.input_shape) != 3:
        raise ArchitectureError(f"{architecture.name} reads vectors, which have no pixels to see.")
    fields: dict[str, Field] = {}
    for node in architecture:
        if not node.inputs:
            fields[node.name] = Field((1, 1), (1, 1), (0, 0))
            continue
        shape = architecture.shapes[node.inputs[0]]
        source = _together(node, [fields[name] for name in node.inputs], prod(shape[1:]) == 1)
        fields[node.name] = _through(source, node.layer.window(shape) or ONE_PLACE)
    return fields


def _through(field: Field, window: Window) -> Field:
    """The field of what looks at `field` through a window."""
    return Field(
        size=_each(
            lambda s, j, f, d: s + (f - 1) * d * j,
            field.size,
            field.jump,
            window.size,
            window.dilation,
        ),
        jump=_each(lambda j, s: j * s, field.jump, window.stride),
        first=_each(lambda first, p, j: first - p * j, field.first, window.pad, field.jump),
    )


def _together(node: Node, fields: list[Field], one_place: bool) -> Field:
    """The smallest field that holds all of these; one_place: each is of a vector or a 1x1 map."""
    if len({field.jump for field in fields}) > 1 and not one_place:
        jumps = ", ".join(str(field.jump) for field in fields)
        raise ArchitectureError(
            f"{node.name} joins layers whose outputs are {jumps} pixels apart: places that belong "
            "together do not see the same part of the picture."
        )
    first = tuple(map(min, zip(*(field.first for field in fields))))
    ends = [_each(lambda f, s: f + s, field.first, field.size) for field in fields]
    size = tuple(max(end) - f for end, f in zip(zip(*ends), first))
    return Field(size, tuple(map(max, zip(*(field.jump for field in fields)))), first)


def _each(rule, *pairs) -> tuple[int, int]:
    vertical, horizontal = zip(*pairs)
    return rule(*vertical), rule(*horizontal)
