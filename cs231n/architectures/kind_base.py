"""What every kind of layer has in common, and how their numbers are read.

Sizes, strides, pads and dilations may be given as one number or as (vertical, horizontal), and are
kept as pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import index
from typing import ClassVar, NamedTuple

from cs231n.im2col import Pair

Shape = tuple[int, ...]


class Window(NamedTuple):
    """What one output sees of its input. Every pair is (vertical, horizontal)."""

    size: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    pad: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)

    @property
    def span(self) -> tuple[int, int]:
        """Pixels from the first tap to the last, both included."""
        return tuple((f - 1) * d + 1 for f, d in zip(self.size, self.dilation))


@dataclass(frozen=True)
class Layer:
    """What all kinds share: a layer that changes no shape and has nothing to learn."""

    kind: ClassVar[str] = ""
    inputs: ClassVar[int | None] = 1  # how many layers it reads; None: two or more

    def out_shape(self, *shapes: Shape) -> Shape:
        return shapes[0]

    def parameters(self, *shapes: Shape) -> dict[str, Shape]:
        return {}

    def buffers(self, *shapes: Shape) -> dict[str, Shape]:
        return {}

    def multiply_adds(self, *shapes: Shape) -> int:
        return 0

    def window(self, shape: Shape) -> Window | None:
        return None

    @property
    def label(self) -> str:
        return self.kind.upper()


def picture(shape: Shape) -> Shape:
    """The shape itself, refused when it is not that of a picture (C, H, W)."""
    if len(shape) != 3:
        raise ValueError(f"This layer takes pictures (C, H, W), but gets a vector {shape}.")
    return shape


def at_least(least: int, value, name: str) -> int:
    """value as an int. Raises ValueError when it is not a whole number, or below `least`."""
    try:
        number = index(value)
    except TypeError:
        number = least - 1
    if number < least or isinstance(value, bool):
        raise ValueError(f"{name} is a whole number, {least} or more, not {value!r}.")
    return number


def as_pair(value: Pair, name: str, least: int) -> tuple[int, int]:
    """A number for both directions as (vertical, horizontal)."""
    both = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if len(both) != 2:
        raise ValueError(f"{name} is one number or (vertical, horizontal), not {value!r}.")
    return at_least(least, both[0], name), at_least(least, both[1], name)
