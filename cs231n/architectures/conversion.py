"""Fully connected layers as convolutions, and back.

A neuron that sees a whole map of C x H x W is a filter of H x W that fits into one place. Written
so, a network for pictures of one size runs on larger ones and gives a map of scores, as if it were
slid over them (Sermanet et al., "OverFeat", 2013; Long, Shelhamer and Darrell, 2015).
"""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from cs231n.architectures.description import Architecture, ArchitectureError, Node
from cs231n.architectures.kinds import (
    FC,
    RBF,
    Add,
    BatchNorm,
    Concat,
    Conv,
    Dropout,
    Flatten,
    Layer,
    LayerNorm,
    Local,
    Pool,
    ReLU,
    Shape,
    Softmax,
    Tanh,
)
from cs231n.architectures.run_checks import check_arrays

SUFFIX = "_convolutional"  # of the converted network's name


def fc_to_conv(
    architecture: Architecture, params: dict[str, np.ndarray] | None = None
) -> tuple[Architecture, dict[str, np.ndarray]]:
    """The same network with convolutions in place of its fully connected layers.

    The first, which reads a map of C x H x W, becomes filters of H x W without padding; those that
    read vectors become 1x1 filters. Flatten layers go. A pool, or an average, over the whole map
    becomes one of that size with stride 1, so that it slides as well. Names stay as they are, and
    buffers serve the converted network too.

    Inputs:
    - architecture: the network, for pictures (C, H, W)
    - params: its parameters; without them only the description is converted

    Returns a tuple of:
    - converted: the description, for pictures of the same size; `with_input` makes them larger
    - params: the same numbers in the new layout. Filters made of fully connected weights are
      copies, everything else is the arrays that were given

    Raises ArchitectureError for layers that mean something else on a larger map: layer
    normalisation and distances (RBF) after a fully connected layer, normalisation of flattened
    maps, locally connected layers; ValueError when params do not fit.
    """
    if len(architecture.input_shape) != 3:
        raise ArchitectureError(f"{architecture.name} reads vectors, so nothing can slide.")
    moved: dict[str, str] = {}  # flatten layers, and what they read
    maps: dict[str, Shape] = {}  # what each layer gives in the converted network
    nodes: list[Node] = []
    for node in architecture:
        inputs = tuple(moved.get(name, name) for name in node.inputs)
        read = [maps[name] for name in inputs]
        if isinstance(node.layer, Flatten):
            moved[node.name] = inputs[0]
            continue
        if reason := _why_not(node.layer, architecture.input_shapes(node.name), read):
            raise ArchitectureError(f"{node.name} ({node.layer.label}) cannot slide: {reason}.")
        layer = _slid(node.layer, read)
        maps[node.name] = layer.out_shape(*read)
        nodes.append(Node(node.name, layer, inputs))
    converted = Architecture(architecture.name.removesuffix(SUFFIX) + SUFFIX, tuple(nodes))
    if params is None:
        return converted, {}
    check_arrays("params", params, architecture.parameters)
    new = dict(params)
    for node in architecture:
        if isinstance(node.layer, FC):
            name = f"{node.name}.w"
            new[name] = filters_from_weights(params[name], converted.parameters[name][1:])
    return converted, new


def conv_to_fc(
    architecture: Architecture, params: dict[str, np.ndarray] | None = None
) -> tuple[Architecture, dict[str, np.ndarray]]:
    """The same network with the convolutions at its end as fully connected layers.

    Those are the ones without padding or groups that read a map of just their size, and
    after which no layer needs a map.

    Inputs:
    - architecture: the network, for pictures of the size at which its last map is 1x1
    - params: its parameters; without them only the description is converted

    Returns a tuple of the description and the params, as fc_to_conv does.

    Raises ArchitectureError when the network has no such layer, ValueError when params do not fit.
    """
    found = _whole_views(architecture)
    if not found:
        size = "x".join(map(str, architecture.input_shape[1:]))
        raise ArchitectureError(
            f"{architecture.name} has no convolution at its end that sees a whole map, for "
            f"pictures of {size}. `with_input` changes their size."
        )
    nodes = [
        replace(node, layer=FC(node.layer.filters, node.layer.bias)) if node.name in found else node
        for node in architecture
    ]
    converted = Architecture(architecture.name.removesuffix(SUFFIX), tuple(nodes))
    if params is None:
        return converted, {}
    check_arrays("params", params, architecture.parameters)
    return converted, params | {
        f"{name}.w": weights_from_filters(params[f"{name}.w"]) for name in found
    }


def filters_from_weights(w: np.ndarray, shape: Shape) -> np.ndarray:
    """Weights (D, M) of a fully connected layer that reads `shape` (C, H, W), with D = C*H*W, as
    filters (M, C, H, W).

    Raises ValueError when the sizes do not agree.
    """
    if w.ndim != 2 or len(shape) != 3 or w.shape[0] != prod(shape):
        size = "x".join(map(str, shape))
        raise ValueError(f"A map of {size} needs weights ({prod(shape)}, M), not {w.shape}.")
    return turned(w, w.shape, w.dtype).reshape(-1, *shape)


def weights_from_filters(w: np.ndarray) -> np.ndarray:
    """Filters (M, C, H, W) as the weights (C*H*W, M) of a fully connected layer.

    Raises ValueError when w has other than 4 dimensions.
    """
    if w.ndim != 4:
        raise ValueError(f"Filters have a shape (M, C, H, W), not {w.shape}.")
    rows = w.reshape(len(w), -1)
    return turned(rows, rows.shape, w.dtype)


def turned(rows, shape: tuple[int, int], dtype) -> np.ndarray:
    """A matrix of `shape` (M, D), or a part of a file that gives its rows, transposed: (D, M), in C
    order, as a pass through the network wants it. Transposing all rows at once takes four times as
    long, and from a file another copy."""
    M, D = shape
    out = np.empty((D, M), dtype)
    for first in range(0, M, 64):
        last = min(first + 64, M)
        out[:, first:last] = rows[first:last].T
    return out


def _slid(layer: Layer, read: list[Shape]) -> Layer:
    """What stands for a layer in a network that slides."""
    if isinstance(layer, FC):
        return Conv(layer.neurons, read[0][1:], pad=0, bias=layer.bias)
    if isinstance(layer, Pool):
        averages_all = layer.op == "avg" and layer.size == read[0][1:] and layer.pad == (0, 0)
        if layer.size is None or averages_all:
            return Pool(layer.op, read[0][1:], 1)
    return layer


def _why_not(layer: Layer, before: tuple[Shape, ...], read: list[Shape]) -> str | None:
    """Why a layer is not the same when it slides, or None. It has read shapes `before`, and reads
    the shapes `read` now."""
    vector = any(len(shape) == 1 for shape in before)
    flattened = any(len(shape) == 1 and prod(now[1:]) > 1 for shape, now in zip(before, read))
    if isinstance(layer, RBF):
        return "distances to fixed points are no convolution"
    if isinstance(layer, Local):
        return "its weights belong to the places of pictures of one size"
    if isinstance(layer, LayerNorm) and vector:
        return "it would go by the values of all places of a larger map, not of each place"
    # Of a flattened map every value is a feature, of a map only every channel.
    if flattened and not isinstance(layer, FC | ReLU | Tanh | Dropout | Add):
        return "it takes the places of a flattened map for features of their own"
    if isinstance(layer, Add) and len(set(read)) > 1:
        return "it adds places of a flattened map to features that have no places"
    return None


def _whole_views(architecture: Architecture) -> set[str]:
    """The convolutions that see a whole map, and whose values only such convolutions read and
    layers that take vectors as well as maps."""
    either = FC | Add | Concat | Dropout | Flatten | ReLU | BatchNorm | LayerNorm | Softmax | Tanh
    found: set[str] = set()
    fit: set[str] = set()  # layers that may give a vector
    for node in reversed(architecture.nodes):
        if not fit.issuperset(architecture.readers[node.name]):
            continue
        if isinstance(node.layer, Conv) and _fills(node.layer, architecture.shapes[node.inputs[0]]):
            found.add(node.name)
        if node.name in found or isinstance(node.layer, either):
            fit.add(node.name)
    return found


def _fills(layer: Conv, shape: Shape) -> bool:
    """Whether the layer's filters see the whole map and nothing beyond."""
    return (layer.size, layer.pad, layer.groups) == (shape[1:], (0, 0), 1) and not layer.connections
