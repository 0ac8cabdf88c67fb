"""What each layer of a network costs: shape, parameters, activations, multiply-adds.

Counts are for one picture. A multiply-add is a product with a weight and its addition; all other
work (pooling, normalisation, ReLU) counts as none. Scales (gamma) count as weights, shifts (beta)
as biases.
"""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from cs231n.architectures.description import Architecture, Node
from cs231n.architectures.kinds import Conv, Dropout, Flatten, Layer, ReLU, Shape


class LayerCost(NamedTuple):
    """The costs of one layer, for one picture."""

    name: str
    label: str  # as the text form writes it, such as CONV3-64
    kind: str
    shape: Shape  # of what comes out: (C, H, W) or (D,)
    weights: int
    biases: int
    activations: int  # values that come out
    multiply_adds: int
    columns: int  # values of its im2col matrix, 0 where there is none

    @property
    def parameters(self) -> int:
        return self.weights + self.biases


def cost(architecture: Architecture) -> list[LayerCost]:
    """The costs of every layer, in the order of the description.

    Layers that hand on memory they are given (flatten), and dropout, which does nothing when
    scores are computed, have no activations of their own.
    """
    return [_cost(architecture, node) for node in architecture]


def total(costs: list[LayerCost], column: str) -> int:
    """The sum of one column of costs, such as total(costs, "weights")."""
    return sum(getattr(row, column) for row in costs)


def activations_in_place(costs: list[LayerCost]) -> int:
    """All activations when each ReLU overwrites its input, as the course notes count them."""
    return sum(row.activations for row in costs if row.kind != ReLU.kind)


def _cost(architecture: Architecture, node: Node) -> LayerCost:
    layer, read = node.layer, architecture.input_shapes(node.name)
    shape = architecture.shapes[node.name]
    sizes = {name: prod(part) for name, part in layer.parameters(*read).items()}
    weights = sizes.get("w", 0) + sizes.get("gamma", 0)
    return LayerCost(
        name=node.name,
        label=layer.label,
        kind=layer.kind,
        shape=shape,
        weights=weights,
        biases=sum(sizes.values()) - weights,
        activations=0 if passes_on(layer) else prod(shape),
        multiply_adds=layer.multiply_adds(*read),
        columns=_columns(layer, read, shape),
    )


def passes_on(layer: Layer, training: bool = False) -> bool:
    """Whether what comes out is what went in, in the same memory."""
    return isinstance(layer, Flatten) or (isinstance(layer, Dropout) and not training)


def _columns(layer: Layer, read: tuple[Shape, ...], shape: Shape) -> int:
    """C * HH * WW rows by H_out * W_out columns."""
    if not isinstance(layer, Conv):
        return 0
    (C, *_) = read[0]
    return C * prod(layer.size) * prod(shape[1:])
