"""First values of a network's parameters.

- "he": Gaussians of variance 2 / fan-in, made for ReLUs (He, Zhang, Ren and Sun, "Delving Deep into
  Rectifiers", 2015)
- "xavier": Gaussians of variance 2 / (fan-in + fan-out) (Glorot and Bengio, "Understanding the
  difficulty of training deep feedforward neural networks", 2010)
- "gaussian": Gaussians of one standard deviation for all layers, 0.01 as the course notes begin

Fan-in is how many inputs one output sums over, fan-out how many outputs one input goes to. Biases
and shifts begin at 0, scales at 1.
"""

from __future__ import annotations

import zlib
from math import sqrt

import numpy as np

from cs231n.architectures.description import Architecture, Node
from cs231n.architectures.kinds import Conv, Local, Shape

SCHEMES = ("he", "xavier", "gaussian")


def initialise(
    architecture: Architecture,
    scheme: str = "he",
    *,
    std: float = 0.01,
    seed: int = 0,
    dtype=np.float32,
) -> dict[str, np.ndarray]:
    """First values of all parameters.

    Inputs:
    - architecture: the network
    - scheme: "he", "xavier" or "gaussian" (see this module's docstring)
    - std: standard deviation for "gaussian"
    - seed: the same seed gives the same values; those of a layer depend on its name and the seed
      only, not on the other layers
    - dtype: float32 or float64

    Returns a dict {"conv1.w": array, "conv1.b": array, ...}.

    Raises ValueError for an unknown scheme or another dtype.
    """
    if scheme not in SCHEMES:
        raise ValueError(f"scheme is one of {', '.join(SCHEMES)}, not {scheme!r}.")
    dtype, params = _floating(dtype), {}
    for node in architecture:
        read = architecture.input_shapes(node.name)
        for part, shape in node.layer.parameters(*read).items():
            name = f"{node.name}.{part}"
            if part == "w":
                spread = std if scheme == "gaussian" else _spread(scheme, node, shape)
                params[name] = _draw(shape, seed, name, dtype)
                params[name] *= spread
            else:
                params[name] = np.full(shape, part == "gamma", dtype)
    return params


def initial_buffers(
    architecture: Architecture, dtype=np.float32, *, seed: int = 0
) -> dict[str, np.ndarray]:
    """First values of what is kept but not learned: running means 0, running variances 1, and the
    fixed points of RBF layers, each value -1 or 1 at random. (LeCun et al., 1998, drew the points
    by hand, as bitmaps of the characters.)

    Inputs:
    - architecture, dtype, seed: as for initialise

    Returns a dict {"bn1.running_mean": array, ...}.

    Raises ValueError for another dtype.
    """
    dtype, buffers = _floating(dtype), {}
    for name, shape in architecture.buffers.items():
        if name.endswith(".w"):
            buffers[name] = np.copysign(dtype.type(1), _draw(shape, seed, name, dtype))
        else:
            buffers[name] = np.full(shape, name.endswith("running_var"), dtype)
    return buffers


def _floating(dtype) -> np.dtype:
    if np.dtype(dtype) not in (np.float32, np.float64):
        raise ValueError(f"dtype is float32 or float64, not {np.dtype(dtype)}.")
    return np.dtype(dtype)


def _draw(shape: Shape, seed: int, name: str, dtype) -> np.ndarray:
    """Standard normal values, in `dtype` from the start: large layers have no memory to spare."""
    stream = np.random.default_rng([seed, zlib.crc32(name.encode())])
    return stream.standard_normal(shape, dtype=dtype)


def _spread(scheme: str, node: Node, shape: Shape) -> float:
    fan_in, fan_out = _fans(node, shape)
    return sqrt(2 / fan_in) if scheme == "he" else sqrt(2 / (fan_in + fan_out))


def _fans(node: Node, shape: Shape) -> tuple[float, float]:
    """How many inputs an output sums over, and how many outputs an input goes to."""
    layer = node.layer
    if isinstance(layer, Local):
        F, C, HH, WW = shape[2:]
        return C * HH * WW, F * HH * WW
    if isinstance(layer, Conv) and layer.connections:
        connections, HH, WW = shape
        channels = {c for seen in layer.connections for c in seen}
        taps = HH * WW
        return connections * taps / layer.filters, connections * taps / len(channels)
    if isinstance(layer, Conv):
        F, C, HH, WW = shape  # C is that of a group
        return C * HH * WW, F // layer.groups * HH * WW
    return shape
