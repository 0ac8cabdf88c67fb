"""The kinds of layer that a network is described with: what each makes of a shape, and its weights.

A layer here is plain data, not something that runs: ``Conv(64, 3)`` says "64 filters of 3x3".
Each kind answers the same few questions, and everything else (tables, memory, drawing, running)
asks them:

- ``out_shape(*shapes)``: the shape that comes out, without the batch: (C, H, W), or (D,) for a
  vector; raises ValueError when the shapes that come in do not fit
- ``parameters(*shapes)``: names and shapes of what is learned, in the layouts of the notebooks
- ``buffers(*shapes)``: names and shapes of what is kept but not learned
- ``multiply_adds(*shapes)``: products with weights for one picture; all other work counts as 0
- ``window(shape)``: the window that one output sees, or None where it sees one place
- ``label``: the layer as the text form writes it, such as CONV3-64 (see cs231n.architectures.text)
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import prod
from typing import ClassVar

from cs231n.architectures.kind_base import Layer, Shape, Window, at_least, picture
from cs231n.architectures.kind_windows import Conv, Local, Pool, Windowed

__all__ = [
    "FC",
    "KINDS",
    "LRN",
    "RBF",
    "Add",
    "BatchNorm",
    "Concat",
    "Conv",
    "Dropout",
    "Flatten",
    "GroupNorm",
    "Input",
    "Layer",
    "LayerNorm",
    "Local",
    "Pool",
    "ReLU",
    "Scale",
    "Shape",
    "Softmax",
    "Tanh",
    "Window",
    "Windowed",
    "options",
    "picture",
]


@dataclass(frozen=True)
class Input(Layer):
    """The pictures that come in: shape (C, H, W), or (D,) for vectors."""

    kind: ClassVar[str] = "input"
    inputs: ClassVar[int | None] = 0
    shape: Shape

    def __post_init__(self):
        if not isinstance(self.shape, tuple | list) or len(self.shape) not in (1, 3):
            raise ValueError(f"An input has a shape (C, H, W) or (D,), not {self.shape!r}.")
        shape = tuple(at_least(1, size, "a size of the input") for size in self.shape)
        object.__setattr__(self, "shape", shape)

    def out_shape(self, *shapes: Shape) -> Shape:
        return self.shape

    @property
    def label(self) -> str:
        C, *plane = self.shape
        return "INPUT" + "x".join(map(str, (*plane, C)))


@dataclass(frozen=True)
class FC(Layer):
    """A fully connected layer. w has shape (D, neurons), b has shape (neurons,).

    Of a picture (C, H, W) it sees the D = C*H*W values in this order.
    """

    kind: ClassVar[str] = "fc"
    neurons: int
    bias: bool = True

    def __post_init__(self):
        at_least(1, self.neurons, "the number of neurons")

    def out_shape(self, *shapes: Shape) -> Shape:
        return (self.neurons,)

    def parameters(self, *shapes: Shape) -> dict[str, Shape]:
        w = (prod(shapes[0]), self.neurons)
        return {"w": w, "b": (self.neurons,)} if self.bias else {"w": w}

    def multiply_adds(self, *shapes: Shape) -> int:
        return prod(shapes[0]) * self.neurons

    def window(self, shape: Shape) -> Window | None:
        return Window(tuple(shape[1:])) if len(shape) == 3 else None

    @property
    def label(self) -> str:
        return f"FC-{self.neurons}" + ("" if self.bias else "nobias")


@dataclass(frozen=True)
class RBF(FC):
    """Squared distances to fixed points, one for each neuron (the output of LeNet, 1998).

    w has shape (D, neurons) and is not learned.
    """

    kind: ClassVar[str] = "rbf"
    bias: bool = False

    def parameters(self, *shapes: Shape) -> dict[str, Shape]:
        return {}

    def buffers(self, *shapes: Shape) -> dict[str, Shape]:
        return {"w": (prod(shapes[0]), self.neurons)}

    @property
    def label(self) -> str:
        return f"RBF-{self.neurons}"


@dataclass(frozen=True)
class ReLU(Layer):
    """max(x, 0)."""

    kind: ClassVar[str] = "relu"


@dataclass(frozen=True)
class Tanh(Layer):
    """amplitude * tanh(slope * x)."""

    kind: ClassVar[str] = "tanh"
    amplitude: float = 1.0
    slope: float = 1.0


@dataclass(frozen=True)
class Scale(Layer):
    """gamma * x + beta, a gamma and a beta for each channel."""

    kind: ClassVar[str] = "scale"

    def parameters(self, *shapes: Shape) -> dict[str, Shape]:
        return {"gamma": shapes[0][:1], "beta": shapes[0][:1]}


@dataclass(frozen=True)
class BatchNorm(Scale):
    """Batch normalisation: of each feature, or of each channel of pictures (Ioffe, Szegedy 2015).

    momentum says how much of a running average stays: running = momentum * running + ...
    """

    kind: ClassVar[str] = "batchnorm"
    eps: float = 1e-5
    momentum: float = 0.9

    def buffers(self, *shapes: Shape) -> dict[str, Shape]:
        return {"running_mean": shapes[0][:1], "running_var": shapes[0][:1]}

    @property
    def label(self) -> str:
        return "BN"


@dataclass(frozen=True)
class LayerNorm(Scale):
    """Layer normalisation over all values of a picture (Ba, Kiros and Hinton, 2016).

    gamma and beta have a value a feature (D,), or a channel (C,).
    """

    kind: ClassVar[str] = "layernorm"
    eps: float = 1e-5

    @property
    def label(self) -> str:
        return "LN"


@dataclass(frozen=True)
class GroupNorm(Scale):
    """Normalisation over groups of channels of a picture (Wu and He, 2018)."""

    kind: ClassVar[str] = "groupnorm"
    groups: int = 32
    eps: float = 1e-5

    def out_shape(self, *shapes: Shape) -> Shape:
        if picture(shapes[0])[0] % at_least(1, self.groups, "groups"):
            raise ValueError(f"{self.groups} groups do not divide {shapes[0][0]} channels.")
        return shapes[0]

    @property
    def label(self) -> str:
        return f"GN{self.groups}"


@dataclass(frozen=True)
class LRN(Layer):
    """Local response normalisation over `size` neighbouring channels (Krizhevsky et al., 2012).

    out = x / (k + alpha * sum of squares) ** beta; the sum is not divided by its size.
    """

    kind: ClassVar[str] = "lrn"
    size: int = 5
    alpha: float = 1e-4
    beta: float = 0.75
    k: float = 2.0

    def __post_init__(self):
        at_least(1, self.size, "the number of neighbouring channels")

    def out_shape(self, *shapes: Shape) -> Shape:
        return picture(shapes[0])

    @property
    def label(self) -> str:
        return f"LRN{self.size}"


@dataclass(frozen=True)
class Dropout(Layer):
    """In training, `drop` (0 to 1) of the values are put to 0 and the others scaled up."""

    kind: ClassVar[str] = "dropout"
    drop: float = 0.5

    def __post_init__(self):
        if not 0 <= self.drop < 1:
            raise ValueError(f"drop is the share put to 0, from 0 to below 1, not {self.drop}.")

    @property
    def label(self) -> str:
        return f"DROPOUT{self.drop:g}"


@dataclass(frozen=True)
class Flatten(Layer):
    """A picture (C, H, W) as a vector (C*H*W,)."""

    kind: ClassVar[str] = "flatten"

    def out_shape(self, *shapes: Shape) -> Shape:
        return (prod(shapes[0]),)

    def window(self, shape: Shape) -> Window | None:
        return Window(tuple(shape[1:])) if len(shape) == 3 else None


@dataclass(frozen=True)
class Softmax(Layer):
    """Scores into probabilities, over the channels or features."""

    kind: ClassVar[str] = "softmax"


@dataclass(frozen=True)
class Add(Layer):
    """The sum of what several layers give, all of one shape."""

    kind: ClassVar[str] = "add"
    inputs: ClassVar[int | None] = None

    def out_shape(self, *shapes: Shape) -> Shape:
        if len(set(shapes)) > 1:
            raise ValueError(f"Only equal shapes can be added, not {_listed(shapes)}.")
        return shapes[0]


@dataclass(frozen=True)
class Concat(Layer):
    """What several layers give, one after another along the channels."""

    kind: ClassVar[str] = "concat"
    inputs: ClassVar[int | None] = None

    def out_shape(self, *shapes: Shape) -> Shape:
        if len({shape[1:] for shape in shapes}) > 1:
            raise ValueError(
                "Only pictures of equal height and width can be put one behind another, not "
                f"{_listed(shapes)}."
            )
        return sum(shape[0] for shape in shapes), *shapes[0][1:]


def _kinds(layer=Layer):
    for kind in layer.__subclasses__():
        if kind.kind:
            yield kind.kind, kind
        yield from _kinds(kind)


KINDS: dict[str, type[Layer]] = dict(_kinds())


def options(layer: Layer) -> dict:
    """A layer's own fields, by name: those that differ from what they are where not given."""
    given = {field.name: getattr(layer, field.name) for field in fields(layer)}
    for field in fields(layer):
        rest = {name: value for name, value in given.items() if name != field.name}
        try:
            if type(layer)(**rest) == layer:
                given = rest
        except (TypeError, ValueError):
            pass
    return given


def _listed(shapes) -> str:
    return ", ".join("x".join(map(str, shape)) for shape in shapes)
