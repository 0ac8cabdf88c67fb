"""Fully connected layers as convolutions, and back.

A neuron that sees a whole map of C x H x W is a filter of H x W that fits into one place. Written
so, a network for pictures of one size runs on larger ones and gives a map of scores, as if it were
slid over them (Sermanet et al., "OverFeat", 2013; Long, Shelhamer and Darrell, 2015).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cs231n.architectures.description import Architecture, ArchitectureError, Node
from cs231n.architectures.kinds import (
    FC,
    RBF,
    Add,
    Conv,
    Dropout,
    Flatten,
    LayerNorm,
    Local,
    Pool,
    ReLU,
    Shape,
    Tanh,
)


def fc_to_conv(
    architecture: Architecture, params: dict[str, np.ndarray] | None = None
) -> tuple[Architecture, dict[str, np.ndarray]]:
    """The same network with convolutions in place of its fully connected layers.

    The first, which reads a map of C x H x W, becomes filters of H x W without padding; those that
    read vectors become 1x1 filters. Flatten layers go; a pool over the whole map becomes one of
    that size with stride 1, so that it slides as well. Buffers stay as they are.

    Inputs:
    - architecture: the network, for pictures (C, H, W)
    - params: its parameters; without them only the description is converted

    Returns a tuple of:
    - converted: the description, for pictures of the same size; `with_input` makes them larger
    - params: the same numbers in the new layout; views of those given, where possible

    Raises ArchitectureError for layers that mean something else on a map: layer normalisation and
    distances (RBF) after a fully connected layer, normalisation of flattened maps, locally
    connected layers.
    """
    moved: dict[str, str] = {}  # flatten layers, and what they read
    maps: dict[str, Shape] = {}  # what each layer gives in the converted network
    nodes: list[Node] = []
    for node in architecture:
        inputs = tuple(moved.get(name, name) for name in node.inputs)
        read = [maps[name] for name in inputs]
        if isinstance(node.layer, Flatten):
            moved[node.name] = inputs[0]
            continue
        vectors = [len(shape) == 1 for shape in architecture.input_shapes(node.name)]
        _refuse_what_cannot_slide(node, vectors, read)
        layer = node.layer
        if isinstance(layer, FC):
            layer = Conv(layer.neurons, read[0][1:], pad=0, bias=layer.bias)
        elif isinstance(layer, Pool) and layer.size is None:
            layer = Pool(layer.op, read[0][1:], 1)
        maps[node.name] = layer.out_shape(*read)
        nodes.append(Node(node.name, layer, inputs))
    converted = Architecture(f"{architecture.name}_convolutional", tuple(nodes))
    new = dict(params or {})
    for node in architecture:
        if isinstance(node.layer, FC) and params is not None:
            name = f"{node.name}.w"
            new[name] = filters_from_weights(params[name], converted.parameters[name][1:])
    return converted, new


def conv_to_fc(
    architecture: Architecture, params: dict[str, np.ndarray] | None = None
) -> tuple[Architecture, dict[str, np.ndarray]]:
    """The same network with every convolution that fits into one place as a fully connected layer.

    Those are the ones without padding, dilation or groups that read a map of just their size.

    Inputs:
    - architecture: the network, for pictures of the size at which its last map is 1x1
    - params: its parameters; without them only the description is converted

    Returns a tuple of the description and the params, as fc_to_conv does.

    Raises ArchitectureError when the network has no such layer.
    """
    shapes = architecture.shapes
    found = {
        node.name
        for node in architecture
        if isinstance(node.layer, Conv) and _fills(node.layer, shapes[node.inputs[0]])
    }
    if not found:
        raise ArchitectureError(f"{architecture.name} has no convolution that sees a whole map.")
    nodes, new = [], dict(params or {})
    for node in architecture:
        layer = node.layer
        if node.name in found:
            layer = FC(layer.filters, layer.bias)
            if params is not None:
                new[f"{node.name}.w"] = weights_from_filters(params[f"{node.name}.w"])
        nodes.append(replace(node, layer=layer))
    name = architecture.name.removesuffix("_convolutional")
    return Architecture(name, tuple(nodes)), new


def filters_from_weights(w: np.ndarray, shape: Shape) -> np.ndarray:
    """Weights (D, M) of a fully connected layer that reads `shape` (C, H, W), with D = C*H*W, as
    filters (M, C, H, W): a view.

    Raises ValueError when the sizes do not agree.
    """
    if w.ndim != 2 or w.shape[0] != np.prod(shape):
        size = "x".join(map(str, shape))
        raise ValueError(f"A map of {size} needs weights ({np.prod(shape)}, M), not {w.shape}.")
    return w.T.reshape(-1, *shape)


def weights_from_filters(w: np.ndarray) -> np.ndarray:
    """Filters (M, C, H, W) as the weights (C*H*W, M) of a fully connected layer: a view."""
    if w.ndim != 4:
        raise ValueError(f"Filters have a shape (M, C, H, W), not {w.shape}.")
    return w.reshape(len(w), -1).T


def _refuse_what_cannot_slide(node: Node, vectors: list[bool], read: list[Shape]) -> None:
    """Raise ArchitectureError for a layer that means something else on a map than on a vector."""
    layer = node.layer
    of_vector = any(vectors)
    # Values that were flattened and are a map again: only what treats each alike may come between.
    flattened = any(was and max(shape[1:]) > 1 for was, shape in zip(vectors, read))
    alike = isinstance(layer, FC | ReLU | Tanh | Dropout | Add)
    averages = isinstance(layer, LayerNorm) and of_vector
    if isinstance(layer, RBF | Local) or averages or (flattened and not alike):
        raise ArchitectureError(
            f"{node.name} ({layer.label}) is not the same on a larger map, so it cannot slide."
        )


def _fills(layer: Conv, shape: Shape) -> bool:
    """Whether the layer's filters see the whole map and nothing beyond."""
    simple = layer.pad == (0, 0) and layer.groups == 1 and not layer.connections
    return simple and layer.dilation == (1, 1) and layer.size == shape[1:]
