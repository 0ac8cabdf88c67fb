"""Weights in files: our own, and pretrained ones as torchvision publishes them.

Files are safetensors: names, shapes and numbers, and nothing that runs. From pretrained weights to
a network for one's own ten classes it is four steps:

    params, buffers, report = load_torchvision("resnet18.safetensors", build("resnet18"))
    net, params = replace_head(build("resnet18"), params, classes=10)
    net = Network(net, params, buffers=buffers)
    ...                                  # for every batch of pictures X with labels y:
    scores = net.forward(X, "train")     # then dscores from the loss, and
    _, grads = net.backward(dscores, trainable={"fc.w", "fc.b"}, input_gradient=False)
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cs231n.architectures.description import Architecture, ArchitectureError
from cs231n.architectures.initialise import initial_buffers, initialise
from cs231n.architectures.kinds import FC
from cs231n.architectures.run_checks import check_arrays
from cs231n.architectures.torchvision_names import IGNORED, torchvision_names

DESCRIPTION = "architecture"  # the key of the description in a file's metadata
FLOATS = ("F16", "F32", "F64")
PICKLES = {".pth", ".pt", ".pkl", ".pickle", ".ckpt", ".bin"}


def save_weights(
    path, architecture: Architecture, params: dict, buffers: dict | None = None
) -> None:
    """Write a network, description and all, into one file.

    Inputs:
    - path: usually ends in .safetensors; a file of this name is replaced, but only by a whole one
    - architecture: the description
    - params, buffers: as a Network has them

    Raises ValueError when params or buffers do not fit the description.
    """
    from safetensors.numpy import save_file

    buffers = buffers or {}
    check_arrays("params", params, architecture.parameters)
    if buffers:
        check_arrays("buffers", buffers, architecture.buffers)
    path = Path(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    arrays = {name: np.ascontiguousarray(array) for name, array in {**params, **buffers}.items()}
    try:
        save_file(arrays, part, metadata={DESCRIPTION: architecture.to_json()})
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def load_weights(
    path, architecture: Architecture | None = None
) -> tuple[Architecture, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Read a file that save_weights wrote.

    Inputs:
    - path: the file
    - architecture: the description that the weights should fit; the file's own where absent

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
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    buffers = {name: arrays.pop(name) for name in architecture.buffers if name in arrays}
    check_arrays("The file's parameters", arrays, architecture.parameters)
    if buffers:
        check_arrays("The file's buffers", buffers, architecture.buffers)
    return architecture, arrays, buffers


@dataclass
class Report:
    """What came of loading: names as the file has them. Printing it tells all."""

    loaded: int = 0
    missing: list[str] = field(default_factory=list)
    left_over: list[str] = field(default_factory=list)
    misshapen: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        return not (self.missing or self.left_over or self.misshapen)

    def __str__(self) -> str:
        lines = [f"{self.loaded} arrays loaded."]
        for title in ("missing", "left_over", "misshapen"):
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
    (D, M), shapes checked.

    Inputs:
    - path: the file
    - architecture: one of the zoo's networks that torchvision has too
    - strict: whether anything missing, left over or of another shape is an error. Without it, what
      fits is loaded, and the rest of params stays as first drawn
    - dtype: of what is returned

    Returns a tuple of:
    - params, buffers: as a Network takes them
    - report: a Report; print it

    Raises FileNotFoundError when there is no such file; ValueError when it is no safetensors file,
    when torchvision has no such network, or, with the report, when strict is not satisfied.
    """
    names = torchvision_names(architecture)
    shapes = architecture.parameters | architecture.buffers
    fully = {node.name for node in architecture if isinstance(node.layer, FC)}
    report, found = Report(), {}
    with _opened(path) as file:
        there = set(file.keys())
        for own, theirs in names.items():
            if theirs not in there:
                report.missing.append(f"{theirs} (for {own})")
                continue
            turned = own.endswith(".w") and own.rpartition(".")[0] in fully
            wanted = shapes[own][::-1] if turned else shapes[own]
            shape = tuple(file.get_slice(theirs).get_shape())
            if shape != wanted:
                report.misshapen.append(f"{theirs} is {shape}, should be {wanted} (for {own})")
                continue
            _check_type(file, theirs)
            array = file.get_tensor(theirs)
            found[own] = np.ascontiguousarray(array.T if turned else array, dtype=dtype)
            report.loaded += 1
        known = set(names.values())
        report.left_over = sorted(n for n in there - known if not IGNORED.fullmatch(n))
    if strict and not report.complete:
        raise ValueError(f"{path} does not fit {architecture.name}. {report}")
    params = {name: found[name] for name in architecture.parameters if name in found}
    if len(params) < len(architecture.parameters):
        params = initialise(architecture, dtype=dtype) | params
    buffers = {name: found[name] for name in architecture.buffers if name in found}
    return params, initial_buffers(architecture, dtype=dtype) | buffers, report


def replace_head(
    architecture: Architecture, params: dict[str, np.ndarray], classes: int, *, seed: int = 0
) -> tuple[Architecture, dict[str, np.ndarray]]:
    """The same network for another number of classes: its last layer is drawn anew.

    Returns a tuple of the new architecture and its params; all but the last layer's are the arrays
    that were given, not copies.

    Raises ArchitectureError when the last layer is not fully connected.
    """
    name = architecture.outputs[-1]
    layer = architecture[name].layer
    if type(layer) is not FC:
        raise ArchitectureError(f"{name} should be fully connected, but is {layer.label}.")
    changed = architecture.replace(name, FC(classes, layer.bias))
    dtype = params[f"{name}.w"].dtype
    shape = changed.parameters[f"{name}.w"]
    drawn = 0.01 * np.random.default_rng(seed).standard_normal(shape)
    head = {f"{name}.w": drawn.astype(dtype), f"{name}.b": np.zeros(classes, dtype)}
    return changed, {own: head.get(own, params.get(own)) for own in changed.parameters}


@contextmanager
def _opened(path):
    """A safetensors file, read array by array."""
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}.")
    if path.suffix.lower() in PICKLES:
        raise ValueError(
            f"{path.name} looks like a pickle, which runs code when it is opened. Convert it where "
            "you trust it: safetensors.torch.save_file(torch.load(path, weights_only=True), "
            f'"{path.stem}.safetensors").'
        )
    try:
        with safe_open(path, framework="numpy") as file:
            yield file
    except SafetensorError as problem:
        raise ValueError(f"{path} is no whole safetensors file: {problem}.") from None


def _check_type(file, name: str) -> None:
    kind = file.get_slice(name).get_dtype()
    if kind not in FLOATS:
        raise ValueError(
            f"{name} holds numbers of type {kind}, which NumPy does not have: convert the file to "
            "float32 or float16."
        )
