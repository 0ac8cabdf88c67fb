"""How much memory a network takes, to compute scores and to train, and which batch fits.

What counts, as the course notes divide it: activations (and, in training, their gradients),
parameters (in training with gradients and the optimiser's state), and the workspace of im2col. Not
counted: the pictures' files, Python, and what the libraries keep.
"""

from __future__ import annotations

import re
from math import prod
from typing import NamedTuple

import numpy as np

from cs231n.architectures.accounting import cost, passes_on
from cs231n.architectures.description import Architecture, Node
from cs231n.architectures.kinds import ReLU

OPTIMIZERS = {"sgd": 0, "momentum": 1, "rmsprop": 1, "adam": 2}  # values kept for each parameter
WORKSPACES = ("none", "picture", "batch")
UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
BINARY = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


class Memory(NamedTuple):
    """Bytes, each part by itself."""

    parameters: int  # and buffers, such as running averages
    parameter_gradients: int
    optimizer: int
    activations: int  # all that must be in memory at one time
    activation_gradients: int
    workspace: int

    @property
    def total(self) -> int:
        return sum(self)


def inference_memory(
    architecture: Architecture,
    batch: int = 1,
    *,
    dtype="float32",
    in_place_relu: bool = False,
    workspace: str = "none",
) -> Memory:
    """Memory to compute scores, each volume freed when its last reader has read it.

    Inputs:
    - architecture: the network
    - batch: pictures at a time
    - dtype: of activations and parameters
    - in_place_relu: whether a ReLU that is the only reader of its input overwrites it
    - workspace: im2col's matrix of the largest layer: "none", for one "picture" at a time as the
      notes' remark on im2col has it, or for the whole "batch"

    Returns Memory, of which the activations are the peak: the most that is there at one time.

    Raises ValueError when batch is below 1 or workspace is none of these.
    """
    size = _arguments(batch, dtype, workspace)
    return Memory(
        parameters=_parameters(architecture) * size,
        parameter_gradients=0,
        optimizer=0,
        activations=_peak(architecture, in_place_relu) * batch * size,
        activation_gradients=0,
        workspace=_workspace(architecture, batch, workspace) * size,
    )


def training_memory(
    architecture: Architecture,
    batch: int = 1,
    *,
    dtype="float32",
    optimizer: str = "sgd",
    in_place_relu: bool = False,
    workspace: str = "none",
) -> Memory:
    """Memory to train: every volume is kept until the backward pass, and has a gradient.

    Inputs as for inference_memory, and
    - optimizer: "sgd" keeps nothing for a parameter, "momentum" and "rmsprop" one value, "adam" two

    A dropout layer has a volume of its own here. That every gradient is kept is the notes' rule of
    thumb; an implementation that frees each gradient when it is used, as this kit's does, stays
    below.

    Raises ValueError as inference_memory does, and for an unknown optimizer.
    """
    size = _arguments(batch, dtype, workspace)
    if optimizer not in OPTIMIZERS:
        raise ValueError(f"optimizer is one of {', '.join(OPTIMIZERS)}, not {optimizer!r}.")
    learned = architecture.parameter_count
    volumes = _all_volumes(architecture, in_place_relu) * batch
    return Memory(
        parameters=_parameters(architecture) * size,
        parameter_gradients=learned * size,
        optimizer=learned * OPTIMIZERS[optimizer] * size,
        activations=volumes * size,
        activation_gradients=volumes * size,
        workspace=_workspace(architecture, batch, workspace) * size,
    )


def largest_batch(
    architecture: Architecture, limit: int, *, training: bool = True, **options
) -> int:
    """The most pictures at a time that fit into `limit` bytes; 0 when not even one does.

    options are those of training_memory, or of inference_memory with training=False.
    """
    need = training_memory if training else inference_memory
    one = need(architecture, 1, **options).total
    more = need(architecture, 2, **options).total - one  # each further picture takes the same
    return 0 if one > limit else 1 + int(limit - one) // more


def parse_bytes(text: str) -> int:
    """A number of bytes from text such as 8GiB, 500 MB, 1.5G or 1000000.

    Raises ValueError when the text is none.
    """
    units = UNITS | {name[:2].lower(): size for name, size in BINARY.items()}
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*?)b?\s*", str(text).lower())
    if not found or found[2] not in units:
        raise ValueError(f"Memory is given as 8GiB, 500MB or a number of bytes, not {text!r}.")
    return int(float(found[1]) * units[found[2]])


def format_bytes(count: int) -> str:
    """Bytes in binary units: 58.1 MiB (1 MiB = 1,048,576 bytes; 1 MB = 1,000,000)."""
    for unit, size in reversed(BINARY.items()):
        if abs(count) >= size:
            return f"{count / size:,.1f} {unit}"
    return f"{count} bytes"


def _arguments(batch: int, dtype, workspace: str) -> int:
    """Bytes of a value."""
    if isinstance(batch, bool) or not isinstance(batch, int | np.integer) or batch < 1:
        raise ValueError(f"batch is a number of pictures, 1 or more, not {batch!r}.")
    if workspace not in WORKSPACES:
        raise ValueError(f"workspace is one of {', '.join(WORKSPACES)}, not {workspace!r}.")
    return np.dtype(dtype).itemsize


def _parameters(architecture: Architecture) -> int:
    kept = (*architecture.parameters.values(), *architecture.buffers.values())
    return sum(map(prod, kept))


def _all_volumes(architecture: Architecture, in_place_relu: bool) -> int:
    return sum(
        prod(architecture.shapes[node.name])
        for node in architecture
        if not passes_on(node.layer, training=True)
        and not (in_place_relu and _overwrites(architecture, node))
    )


def _overwrites(architecture: Architecture, node: Node) -> bool:
    """Whether this is a ReLU, and nobody else needs the memory that it reads, in training."""
    source = architecture[node.inputs[0]] if isinstance(node.layer, ReLU) else None
    while source and len(architecture.readers[source.name]) == 1:
        if not passes_on(source.layer, training=True):
            return True
        source = architecture[source.inputs[0]]
    return False


def _workspace(architecture: Architecture, batch: int, workspace: str) -> int:
    largest = max(row.columns for row in cost(architecture))
    return {"none": 0, "picture": largest, "batch": largest * batch}[workspace]


def _peak(architecture: Architecture, in_place_relu: bool) -> int:
    """The most values that are in memory at one time, when a volume goes with its last reader."""
    home: dict[str, str] = {}  # for each layer, the one in whose memory its values lie
    unread = {name: len(readers) for name, readers in architecture.readers.items()}
    in_memory: dict[str, int] = {}  # values of each memory
    users: dict[str, int] = {}  # layers of each memory that somebody has still to read
    peak = 0
    for node in architecture:
        size = prod(architecture.shapes[node.name])
        source = node.inputs[0] if node.inputs else ""
        alone = in_place_relu and isinstance(node.layer, ReLU)
        alone = alone and unread[source] == users[home[source]] == 1
        if alone or passes_on(node.layer):
            home[node.name] = home[source]
        else:
            home[node.name] = node.name
            in_memory[node.name] = size
        users[home[node.name]] = users.get(home[node.name], 0) + 1
        peak = max(peak, sum(in_memory.values()))
        for name in node.inputs:
            unread[name] -= 1
            if not unread[name]:
                users[home[name]] -= 1
                if not users[home[name]]:
                    del in_memory[home[name]]
    return peak
