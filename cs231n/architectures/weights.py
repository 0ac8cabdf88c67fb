"""Weights in files: our own, and pretrained ones as torchvision publishes them.

Files are safetensors: names, shapes and numbers, and nothing that runs. From pretrained weights to
a network for one's own ten classes, of which only the last layer is trained:

    params, buffers, report = load_torchvision("vgg16.safetensors", build("vgg16"))
    net, params = replace_head(build("vgg16"), params, classes=10)
    net = Network(net, params, buffers=buffers)
    ...                                  # for every batch of pictures X with labels y:
    scores = net.forward(X, "train")     # then dscores from the loss, and
    _, grads = net.backward(dscores, trainable={"fc8.w", "fc8.b"}, input_gradient=False)

In a network with batch normalisation a pass in training goes by the batch and moves the running
averages. To leave these alone as well, take what the last layer reads from a test pass,
`net.forward(X, outputs=[...])`, and train that layer on it as a network of its own.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cs231n.architectures.conversion import turned
from cs231n.architectures.description import Architecture, ArchitectureError
from cs231n.architectures.initialise import initial_buffers, initialise
from cs231n.architectures.kinds import FC, Softmax
from cs231n.architectures.run_checks import check_arrays
from cs231n.architectures.torchvision_names import IGNORED, torchvision_names

DESCRIPTION = "architecture"  # the key of the description in a file's metadata
FLOATS = ("BF16", "F16", "F32", "F64")
_ONE_OF = f"one of {', '.join(FLOATS)}"
PICKLES = {".pth", ".pt", ".pkl", ".pickle", ".ckpt", ".bin"}


def save_weights(
    path, architecture: Architecture, params: dict, buffers: dict | None = None
) -> None:
    """Write a network, description and all, into one file.

    Inputs:
    - path: usually ends in .safetensors; a file of this name is replaced, but only by a whole one.
      A save that is killed leaves a hidden file beside it
    - architecture: the description
    - params, buffers: as a Network has them; buffers may be absent where the network has none

    Raises ValueError when params or buffers do not fit the description, FileNotFoundError when
    there is no such folder.
    """
    from safetensors.numpy import save_file

    check_arrays("params", params, architecture.parameters)
    check_arrays("buffers", buffers or {}, architecture.buffers)
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {path.parent} to write {path.name} into.")
    arrays = {**params, **(buffers or {})}
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.touch()
        rights = part.stat().st_mode  # those of any new file; save_file's are the owner's alone
        save_file(arrays, part, metadata={DESCRIPTION: architecture.to_json()})
        part.chmod(rights)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def load_weights(
    path, architecture: Architecture | None = None, dtype=None
) -> tuple[Architecture, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Read a file that save_weights wrote.

    Inputs:
    - path: the file
    - architecture: the description that the weights should fit; the file's own where absent
    - dtype: of what is returned; the file's own where absent

    Returns a tuple of the architecture, params and buffers.

    Raises FileNotFoundError when there is no such file, ValueError when it is none of ours or
    does not fit.
    """
    with _opened(path) as file:
        if architecture is None:
            text = (file.metadata() or {}).get(DESCRIPTION)
            if text is None:
                raise ValueError(
                    f"{path} holds no description of a network: say which it is of, or use "
                    "load_torchvision for torchvision's weights."
                )
            architecture = Architecture.from_json(text)
        arrays = {name: _array(file, path, name, dtype) for name in file.keys()}  # noqa: SIM118
    check_arrays(f"The arrays in {path}", arrays, architecture.parameters | architecture.buffers)
    params = {name: arrays[name] for name in architecture.parameters}
    return architecture, params, {name: arrays[name] for name in architecture.buffers}


@dataclass
class Report:
    """What came of loading a state dict, by the names in the file. Printing it tells all."""

    loaded: int = 0
    missing: list[str] = field(default_factory=list)
    left_over: list[str] = field(default_factory=list)
    misshapen: list[str] = field(default_factory=list)
    mistyped: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        return not (self.missing or self.left_over or self.misshapen or self.mistyped)

    def __str__(self) -> str:
        lines = [f"{self.loaded} arrays fit."]
        for title in ("missing", "left_over", "misshapen", "mistyped"):
            names = getattr(self, title)
            if names:
                shown = "\n".join(f"  {name}" for name in names[:20])
                more = f"\n  and {len(names) - 20} more" if len(names) > 20 else ""
                lines.append(f"{len(names)} {title.replace('_', ' ')}:\n{shown}{more}")
        return "\n".join(lines)


def load_torchvision(
    path, architecture: Architecture, *, strict: bool = True, dtype=np.float32
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], Report]:
    """Read a torchvision-style state dict from a .safetensors file.

    Names are mapped (see torchvision_names), the weights of fully connected layers transposed into
    (D, M), shapes checked. One array is read at a time.

    These networks take RGB from 0 to 1, less (0.485, 0.456, 0.406), divided by (0.229, 0.224,
    0.225), a number a channel; GoogLeNet's RGB less 0.5, divided by 0.5.

    Inputs:
    - path: the file
    - architecture: one of the zoo's networks that torchvision has too
    - strict: whether anything missing, left over, of another shape or type is an error. Without
      it, what fits is loaded, and the rest is as for a new network
    - dtype: of what is returned, float32 or float64; files may hold float16 and bfloat16 as well

    Returns a tuple of:
    - params, buffers: as a Network takes them
    - report: a Report; print it

    Raises FileNotFoundError when there is no such file; ValueError when it is no safetensors file,
    when torchvision has no such network, or, with the report, when strict is not satisfied or
    nothing fits at all.
    """
    names = torchvision_names(architecture)
    with _opened(path) as file:
        report, fitting = _compare(file, names, architecture)
        if not fitting or (strict and not report.complete):
            raise ValueError(f"{path} does not fit {architecture.name}. {report}")
        found = {own: _array(file, path, names[own], dtype, flip) for own, flip in fitting}
    params = {name: found[name] for name in architecture.parameters if name in found}
    if len(params) < len(architecture.parameters):
        params = initialise(architecture, dtype=dtype) | params
    buffers = {name: found[name] for name in architecture.buffers if name in found}
    return params, initial_buffers(architecture, dtype=dtype) | buffers, report


def replace_head(
    architecture: Architecture, params: dict[str, np.ndarray], classes: int, *, seed: int = 0
) -> tuple[Architecture, dict[str, np.ndarray]]:
    """The same network for another number of classes: its last fully connected layer, which only a
    softmax may follow, is drawn anew, with a standard deviation of 0.01 and biases of 0.

    Side outputs stay as they are; `architecture.until(name)` is the network without them.

    Returns a tuple of the new architecture and its params; all but the last layer's are the arrays
    that were given, not copies.

    Raises ArchitectureError when the last layer is not fully connected, ValueError when params do
    not fit.
    """
    check_arrays("params", params, architecture.parameters)
    node = architecture[architecture.outputs[-1]]
    if isinstance(node.layer, Softmax):
        node = architecture[node.inputs[0]]
    name, layer = node.name, node.layer
    if type(layer) is not FC:
        raise ArchitectureError(f"{name} should be fully connected, but is {layer.label}.")
    changed = architecture.replace(name, FC(classes, layer.bias))
    dtype = params[f"{name}.w"].dtype
    drawn = np.random.default_rng(seed).normal(0, 0.01, changed.parameters[f"{name}.w"])
    new = params | {f"{name}.w": drawn.astype(dtype)}
    if layer.bias:
        new[f"{name}.b"] = np.zeros(classes, dtype)
    return changed, new


def _compare(file, names: dict[str, str], architecture: Architecture):
    """A Report, and (own name, whether to transpose) of each array that fits."""
    report, fitting, there = Report(), [], set(file.keys())
    shapes = architecture.parameters | architecture.buffers
    for own, theirs in names.items():
        node, _, part = own.rpartition(".")
        transpose = part == "w" and isinstance(architecture[node].layer, FC)
        wanted = shapes[own][::-1] if transpose else shapes[own]
        if theirs not in there:
            report.missing.append(f"{theirs} (for {own})")
            continue
        entry = file.get_slice(theirs)
        shape, kind = tuple(entry.get_shape()), entry.get_dtype()
        if shape != wanted:
            report.misshapen.append(f"{theirs} is {shape}, should be {wanted} (for {own})")
        elif kind not in FLOATS:
            report.mistyped.append(f"{theirs} is {kind}, should be {_ONE_OF} (for {own})")
        else:
            fitting.append((own, transpose))
    report.loaded = len(fitting)
    others = there - set(names.values())
    report.left_over = sorted(name for name in others if not IGNORED.fullmatch(name))
    return report, fitting


def _opened(path):
    """A safetensors file, from which array by array is read."""
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}.")
    try:
        return safe_open(path, framework="numpy")
    except SafetensorError as problem:
        with open(path, "rb") as raw:
            start = raw.read(2)
        if path.suffix.lower() in PICKLES or start == b"PK" or start[:1] == b"\x80":
            raise ValueError(
                f"{path} looks like a pickle, as torch.save writes it. Opening one can run any "
                "code that is in it, so it is not opened here. Where PyTorch is installed, convert "
                "it: safetensors.torch.save_file(torch.load(path, weights_only=True), "
                f'"{path.stem}.safetensors").'
            ) from None
        raise ValueError(f"{path} is no whole safetensors file: {problem}.") from None


def _array(file, path, name: str, dtype=None, transpose: bool = False) -> np.ndarray:
    """One array of a file. dtype: the file's own where absent, which a transposed one's is not."""
    entry = file.get_slice(name)
    kind = entry.get_dtype()
    if kind not in FLOATS:
        raise ValueError(f"{name} in {path} is {kind}, should be {_ONE_OF}.")
    if transpose:
        rows = _bfloat16(path, name) if kind == "BF16" else entry
        return turned(rows, entry.get_shape(), dtype)
    array = _bfloat16(path, name) if kind == "BF16" else file.get_tensor(name)
    return array.astype(dtype or array.dtype, copy=False)


def _bfloat16(path, name: str) -> np.ndarray:
    """An array of bfloat16, which NumPy does not have, as float32, of which it is the upper half.

    A safetensors file is the length of its header (8 bytes), the header (JSON), and the numbers.
    """
    with open(path, "rb") as raw:
        length = int.from_bytes(raw.read(8), "little")
        entry = json.loads(raw.read(length))[name]
    start, end = entry["data_offsets"]
    upper = np.fromfile(path, "<u2", (end - start) // 2, offset=8 + length + start)
    return (upper.astype(np.uint32) << 16).view(np.float32).reshape(entry["shape"])
