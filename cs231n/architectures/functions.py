"""Which function computes a layer.

A network runs on whatever functions it is given: modules, dicts or other objects, searched in
order. Of each kind of layer the first known name is taken, such as conv_forward_fast,
conv_forward_im2col, conv_forward_naive or conv_forward, and conv_backward_... from the same place.
How they are called is told in cs231n.architectures.calling.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cs231n.architectures.description import Architecture
from cs231n.architectures.kinds import (
    Add,
    BatchNorm,
    Concat,
    Flatten,
    Input,
    Layer,
    LayerNorm,
    Pool,
    Shape,
)

# For each kind the forward functions, the ones to be preferred first.
CANDIDATES = {
    "conv": "conv_forward_fast conv_forward_im2col conv_forward_naive conv_forward",
    "local": "locally_connected_forward",
    "pool.max": "max_pool_forward_fast max_pool_forward_im2col max_pool_forward_naive "
    "max_pool_forward",
    "pool.avg": "avg_pool_forward_fast avg_pool_forward",
    "pool.l2": "l2_pool_forward_fast l2_pool_forward",
    "fc": "affine_forward",
    "rbf": "rbf_forward",
    "relu": "relu_forward_fast relu_forward",
    "tanh": "tanh_forward",
    "scale": "scale_forward",
    "batchnorm": "batchnorm_forward_fast batchnorm_forward",
    "batchnorm of pictures": "spatial_batchnorm_forward_fast spatial_batchnorm_forward",
    "layernorm": "layernorm_forward",
    "groupnorm": "spatial_groupnorm_forward",
    "lrn": "lrn_forward",
    "dropout": "dropout_forward",
    "softmax": "softmax_forward",
}
JOINS = Add | Concat | Flatten  # these need no function
FAST = ("cs231n.fast_layers", "cs231n.fast_pooling", "cs231n.fast_pointwise")
PLAIN = ("cs231n.plain_layers", "cs231n.plain_norms")


@dataclass(frozen=True)
class Function:
    """A layer's forward function and its partner, as found in one namespace."""

    name: str
    forward: Callable
    backward: Callable | None

    @property
    def backward_name(self) -> str:
        return _partner(self.name)

    @property
    def is_fast(self) -> bool:
        """Whether it is one of the kit's fast functions, which know every option of a layer. One
        of that name from elsewhere may not."""
        return getattr(self.forward, "__module__", None) in FAST

    @property
    def is_ours(self) -> bool:
        """Whether it is the kit's, and so leaves its input as it is."""
        return self.is_fast or getattr(self.forward, "__module__", None) in PLAIN


def default_namespaces() -> list:
    """The fast layers, and NumPy's for the other kinds."""
    from cs231n import fast_layers, fast_pointwise, plain_layers, plain_norms

    return [fast_layers, fast_pointwise, plain_layers, plain_norms]


def candidates(layer: Layer, shape: Shape) -> list[str]:
    """The names that a function may have for a layer which reads volumes (C, H, W) or (D,)."""
    kind = layer.kind
    if isinstance(layer, Pool):
        kind = f"pool.{layer.op}"
    elif isinstance(layer, BatchNorm) and len(shape) == 3:
        kind = "batchnorm of pictures"
    elif isinstance(layer, LayerNorm) and len(shape) == 3:
        kind = "groupnorm"  # of one group
    return CANDIDATES[kind].split()


def find(layer: Layer, shape: Shape, namespaces: Iterable) -> Function | None:
    """The function for a layer that reads volumes of `shape`, (C, H, W) or (D,), from the first
    namespace that has one; None where none has."""
    for namespace in namespaces:
        for name in candidates(layer, shape):
            forward = _get(namespace, name)
            if callable(forward):
                return Function(name, forward, _get(namespace, _partner(name)))
    return None


def find_all(architecture: Architecture, layers=None) -> dict[str, Function]:
    """The function for each layer that needs one, by the layer's name.

    Inputs:
    - architecture: the network
    - layers: a namespace or a list of them; what they do not have, the kit has

    Raises ValueError when a namespace is given, and has no function for any of the layers.
    """
    given = list(layers) if isinstance(layers, list | tuple) else [layers]
    given = [namespace for namespace in given if namespace is not None]
    found, looked_for, own = {}, [], False
    for node in architecture:
        if isinstance(node.layer, Input | JOINS):
            continue
        (shape,) = architecture.input_shapes(node.name)
        mine = find(node.layer, shape, given)
        found[node.name] = mine or find(node.layer, shape, default_namespaces())
        own = own or mine is not None
        looked_for += candidates(node.layer, shape)
    if given and not own:
        names = ", ".join(dict.fromkeys(looked_for))
        raise ValueError(f"layers has no function for {architecture.name}, such as {names}.")
    return found


def _partner(name: str) -> str:
    return name.replace("_forward", "_backward")


def _get(namespace, name: str):
    return namespace.get(name) if isinstance(namespace, dict) else getattr(namespace, name, None)
