"""The kinds of layer that look through windows: convolutional, locally connected, pooling."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from cs231n.architectures.kind_base import Layer, Shape, Window, as_pair, at_least, picture
from cs231n.im2col import Pair, window_grid


@dataclass(frozen=True)
class Windowed(Layer):
    """What layers with a window share: where the windows lie, and their multiply-adds."""

    def __post_init__(self):
        for name, least in (("size", 1), ("stride", 1), ("pad", 0), ("dilation", 1)):
            if hasattr(self, name):
                object.__setattr__(self, name, as_pair(getattr(self, name), name, least))
        if self.rounding not in ("exact", "floor", "ceil"):
            raise ValueError(f'rounding is "exact", "floor" or "ceil", not {self.rounding!r}.')

    def window(self, shape: Shape) -> Window:
        return Window(self.size, self.stride, self.pad, getattr(self, "dilation", (1, 1)))

    def places(self, shape: Shape) -> tuple[int, int]:
        """(H_out, W_out). Raises ValueError when the windows do not fit."""
        size, stride, pad, dilation = self.window(picture(shape))
        return window_grid(shape[1:], size, stride, pad, dilation, self.rounding).out

    def reach(self, shape: Shape) -> tuple[int, int]:
        """Pixels from the start of the first window, in the padding, to the end of the last."""
        window = self.window(shape)
        steps = zip(self.places(shape), window.stride, window.span)
        return tuple((places - 1) * stride + span for places, stride, span in steps)

    def multiply_adds(self, *shapes: Shape) -> int:
        weights = self.parameters(*shapes).get("w")
        return prod(weights) * prod(self.places(*shapes)) if weights else 0


@dataclass(frozen=True)
class Conv(Windowed):
    """A convolutional layer.

    - filters: F
    - size, stride, pad, dilation; pad=None keeps the size at stride 1 (odd sizes only)
    - groups: the channels fall into so many groups that do not see one another
    - bias: whether there is one
    - rounding: what to do when the stride does not divide, see cs231n.im2col.window_grid
    - connections: for each filter the channels it sees, where that is not all of them (LeNet, 1998)

    w has shape (F, C / groups, HH, WW), or (number of connections, HH, WW) where these are given,
    filter by filter. b has shape (F,).
    """

    kind: ClassVar[str] = "conv"
    filters: int
    size: Pair
    stride: Pair = 1
    pad: Pair | None = None
    dilation: Pair = 1
    groups: int = 1
    bias: bool = True
    rounding: str = "exact"
    connections: tuple[tuple[int, ...], ...] | None = None

    def __post_init__(self):
        at_least(1, self.filters, "the number of filters")
        if self.filters % at_least(1, self.groups, "groups"):
            raise ValueError(f"{self.groups} groups do not divide {self.filters} filters.")
        if self.pad is None:
            object.__setattr__(self, "pad", same_pad(self.size, self.dilation))
        super().__post_init__()
        if self.connections is not None:
            chosen = tuple(tuple(map(int, channels)) for channels in self.connections)
            if len(chosen) != self.filters or not all(chosen) or self.groups > 1:
                raise ValueError("connections names, for each filter, the channels that it sees.")
            object.__setattr__(self, "connections", chosen)

    def out_shape(self, *shapes: Shape) -> Shape:
        ((C, *_),) = map(picture, shapes)
        if C % self.groups:
            raise ValueError(f"{self.groups} groups do not divide {C} channels.")
        if self.connections and not all(0 <= c < C for seen in self.connections for c in seen):
            raise ValueError(f"connections names channels beyond the {C} there are.")
        return self.filters, *self.places(*shapes)

    def parameters(self, *shapes: Shape) -> dict[str, Shape]:
        w = (self.filters, shapes[0][0] // self.groups, *self.size)
        if self.connections:
            w = (sum(map(len, self.connections)), *self.size)
        return {"w": w, "b": (self.filters,)} if self.bias else {"w": w}

    @property
    def label(self) -> str:
        text = f"CONV{_sizes(self.size)}-{self.filters}" + _stride(self.stride, 1)
        if self.pad != _same_or_none(self.size, self.dilation):
            text += f"p{_sizes(self.pad)}"
        text += f"d{_sizes(self.dilation)}" if self.dilation != (1, 1) else ""
        text += f"g{self.groups}" if self.groups > 1 else ""
        return text + ("" if self.bias else "nobias") + _rounding(self.rounding)


@dataclass(frozen=True)
class Local(Windowed):
    """A locally connected layer: a convolutional layer of which no two places share weights.

    w has shape (H_out, W_out, F, C, HH, WW), b has shape (F, H_out, W_out).
    """

    kind: ClassVar[str] = "local"
    filters: int
    size: Pair
    stride: Pair = 1
    pad: Pair | None = None
    bias: bool = True
    rounding: str = "exact"

    def __post_init__(self):
        at_least(1, self.filters, "the number of filters")
        if self.pad is None:
            object.__setattr__(self, "pad", same_pad(self.size))
        super().__post_init__()

    def out_shape(self, *shapes: Shape) -> Shape:
        return self.filters, *self.places(*shapes)

    def parameters(self, *shapes: Shape) -> dict[str, Shape]:
        places = self.places(*shapes)
        w = (*places, self.filters, shapes[0][0], *self.size)
        return {"w": w, "b": (self.filters, *places)} if self.bias else {"w": w}

    def multiply_adds(self, *shapes: Shape) -> int:
        return prod(self.parameters(*shapes)["w"])  # each weight is used once

    @property
    def label(self) -> str:
        text = f"LOCAL{_sizes(self.size)}-{self.filters}" + _stride(self.stride, 1)
        text += f"p{_sizes(self.pad)}" if self.pad != _same_or_none(self.size) else ""
        return text + ("" if self.bias else "nobias") + _rounding(self.rounding)


@dataclass(frozen=True)
class Pool(Windowed):
    """A pooling layer: "max", "avg" or "l2" over windows, each channel for itself.

    size=None pools the whole picture, whatever its size. stride=None is a stride as large as the
    window. Pixels beyond the picture do not exist: an average is over those inside.
    """

    kind: ClassVar[str] = "pool"
    op: str = "max"
    size: Pair | None = 2
    stride: Pair | None = None
    pad: Pair = 0
    rounding: str = "exact"

    def __post_init__(self):
        if self.op not in ("max", "avg", "l2"):
            raise ValueError(f'A pool is "max", "avg" or "l2", not {self.op!r}.')
        if self.size is None:
            if self.stride is not None or as_pair(self.pad, "pad", 0) != (0, 0):
                raise ValueError("A pool over the whole picture has neither stride nor pad.")
            object.__setattr__(self, "pad", (0, 0))
            return
        if self.stride is None:
            object.__setattr__(self, "stride", self.size)
        super().__post_init__()
        if self.pad[0] >= self.size[0] or self.pad[1] >= self.size[1]:
            raise ValueError(f"A pool's pad is smaller than its window: {self.pad}, {self.size}.")

    def window(self, shape: Shape) -> Window:
        if self.size is None:
            return Window(tuple(picture(shape)[1:]))
        return super().window(shape)

    def out_shape(self, *shapes: Shape) -> Shape:
        return shapes[0][0], *self.places(*shapes)

    @property
    def label(self) -> str:
        name = "" if self.op == "max" else self.op.upper()
        if self.size is None:
            return f"GLOBAL{name}POOL"
        pad = f"p{_sizes(self.pad)}" if self.pad != (0, 0) else ""
        stride = _stride(self.stride, self.size)
        return f"{name}POOL{_sizes(self.size)}{stride}{pad}{_rounding(self.rounding)}"


def same_pad(size: Pair, dilation: Pair = 1) -> tuple[int, int]:
    """The pad that keeps height and width at stride 1. Raises ValueError for an even window."""
    size, dilation = as_pair(size, "size", 1), as_pair(dilation, "dilation", 1)
    spans = [(f - 1) * d for f, d in zip(size, dilation)]
    if spans[0] % 2 or spans[1] % 2:
        raise ValueError(
            f"No pad keeps the size with a window of {_sizes(size)}: say which, such as p0 or p1."
        )
    return spans[0] // 2, spans[1] // 2


def _same_or_none(size: Pair, dilation: Pair = 1) -> tuple[int, int] | None:
    try:
        return same_pad(size, dilation)
    except ValueError:
        return None


def _sizes(pair: tuple[int, int]) -> str:
    return str(pair[0]) if pair[0] == pair[1] else f"{pair[0]}x{pair[1]}"


def _stride(stride: tuple[int, int], usual: Pair) -> str:
    return "" if stride == as_pair(usual, "stride", 1) else f"/{_sizes(stride)}"


def _rounding(rounding: str) -> str:
    return "" if rounding == "exact" else rounding
