"""What a running network refuses, and how it names the layer that an error comes from."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import numpy as np

from cs231n.architectures.calling import Call, kind_of, several
from cs231n.architectures.description import Architecture, Node
from cs231n.architectures.kinds import Shape


class LayerError(RuntimeError):
    """A layer's function failed or gave something else than it should; the message names both."""


@contextmanager
def naming(node: Node, shape: Shape, function: str) -> Iterator[None]:
    """Errors inside become a LayerError that says which layer it was, and on what it ran."""
    try:
        yield
    except Exception as problem:
        size = "x".join(map(str, shape))
        what = f"{type(problem).__name__}: {problem}".rstrip(": ")
        if isinstance(problem, NotImplementedError):
            what += " (this function is still to be written)"
        message = f"{node.name} ({node.layer.label} on {size}, {function}): {what}"
        raise LayerError(message) from problem


def out_and_cache(result, x: np.ndarray, shape: Shape, call: Call) -> tuple[np.ndarray, object]:
    """What a forward function returned, refused when it is no (out, cache), or when out is no
    array, has another shape than the description says, or holds NaN where the input held none."""
    out, cache = several(result, 2)
    if not _is_numbers(out):
        raise TypeError(f"out should be an array of numbers, but is {kind_of(out)}.")
    if out.shape != shape:
        raise ValueError(f"out should have shape {shape}, but has {out.shape}.")
    if not call.function.is_ours and np.isnan(out).any() and not np.isnan(x).any():
        raise ValueError("out holds NaN, although the input holds none.")
    return out, cache


def check_gradients(dx, own: dict, dout: np.ndarray, shape: Shape, call: Call) -> None:
    """Refuse gradients that are no arrays, do not have the shape of what they are gradients on, or
    hold NaN where dout holds none."""
    wanted = {"dx": shape} | {f"d{part}": np.shape(call.values[part]) for part in own}
    for name, grad in {"dx": dx, **{f"d{part}": grad for part, grad in own.items()}}.items():
        if not _is_numbers(grad):
            raise TypeError(f"{name} should be an array of numbers, but is {kind_of(grad)}.")
        if grad.shape != wanted[name]:
            raise ValueError(f"{name} should have shape {wanted[name]}, but has {grad.shape}.")
        if not call.function.is_ours and np.isnan(grad).any() and not np.isnan(dout).any():
            raise ValueError(f"{name} holds NaN, although dout holds none.")


def check_averages(call: Call, wanted: dict[str, Shape]) -> None:
    """Refuse running averages that batch normalisation has left in another shape."""
    for name, shape in wanted.items():
        if np.shape(call.values[name]) != shape:
            got = np.shape(call.values[name])
            raise ValueError(f'bn_param["{name}"] should have shape {shape}, but has {got}.')


def check_arrays(what: str, given: dict, wanted: dict[str, Shape]) -> None:
    """Refuse parameters or buffers that are not those of the description, naming all of them."""
    if not isinstance(given, dict):
        raise ValueError(f"{what} should be a dict {{name: array}}, not {kind_of(given)}.")
    problems = [f"{name} is missing" for name in wanted if name not in given]
    problems += [f"{name} is left over" for name in given if name not in wanted]
    problems += [
        f"{name} should have shape {wanted[name]}, but has {np.shape(given[name])}"
        for name in wanted
        if name in given and np.shape(given[name]) != wanted[name]
    ]
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        shown = "; ".join(problems[:8]) + ("; ..." if len(problems) > 8 else "")
        raise ValueError(f"{what} do not fit the network ({count}): {shown}.")


def common_dtype(what: str, arrays: dict[str, np.ndarray]) -> np.dtype:
    """float32, or float64 where one of the arrays is. Refuses anything else, naming it."""
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray) or array.dtype not in (np.float32, np.float64):
            raise ValueError(
                f"{what} should be arrays of float32 or float64: {name} is {kind_of(array)}."
            )
    return np.result_type(*arrays.values())


def as_batch(x, architecture: Architecture, dtype: np.dtype) -> np.ndarray:
    """A network's input as an array of this dtype. Raises ValueError when it does not fit."""
    x, shape = np.asarray(x), architecture.input_shape
    if x.shape[1:] != shape or not len(x):
        sizes, hint = "".join(f", {size}" for size in shape), ""
        if x.shape == shape:
            hint = " One picture is a batch of one: `x[None]`."
        elif len(shape) == 3 and x.shape[1:] == (*shape[1:], shape[0]):
            hint = " Channels come before height and width: `x.transpose(0, 3, 1, 2)`."
        raise ValueError(
            f"{architecture.name} takes a batch of shape (N{sizes}), but got {x.shape}.{hint}"
        )
    if x.dtype.kind not in "fiub":
        raise ValueError(f"The input should hold real numbers, but its dtype is {x.dtype}.")
    return x.astype(dtype, copy=False)


def as_slopes(dout, architecture: Architecture, batch: int, dtype) -> dict[str, np.ndarray]:
    """The gradient on the last layer's values, or a dict of such, as a dict {name: gradient}.
    Raises ValueError when they do not have the shape of those values."""
    slopes = dout if isinstance(dout, dict) else {architecture.outputs[-1]: dout}
    shapes = {name: architecture.shapes[architecture[name].name] for name in slopes}
    check_arrays("dout", slopes, {name: (batch, *shape) for name, shape in shapes.items()})
    return {name: np.asarray(slope, dtype) for name, slope in slopes.items()}


def as_names(names: Collection[str], what: str) -> tuple[str, ...]:
    """Several names. Raises ValueError for a single one, whose letters would be taken for names."""
    if isinstance(names, str):
        raise ValueError(f"{what} are several names, such as [{names!r}], not {names!r}.")
    return tuple(names)


def as_labels(y, architecture: Architecture, N: int) -> np.ndarray:
    """Labels as an array (N,). Raises ValueError when they are not classes of the network."""
    y = np.asarray(y)
    for name in architecture.outputs:
        if len(architecture.shapes[name]) != 1 or architecture[name].layer.kind == "softmax":
            raise ValueError(
                f"loss takes scores, a vector for each picture, but {name} gives "
                f"{architecture[name].layer.label} of shape {architecture.shapes[name]}."
            )
    if y.shape != (N,) or y.dtype.kind not in "iu":
        raise ValueError(
            f"y should be {N} whole numbers, of shape ({N},): it is {y.dtype} of shape {y.shape}."
        )
    classes = min(architecture.shapes[name][0] for name in architecture.outputs)
    if y.min() < 0 or y.max() >= classes:
        raise ValueError(f"Labels go from 0 to {classes - 1}, not from {y.min()} to {y.max()}.")
    return y


def _is_numbers(array) -> bool:
    return isinstance(array, np.ndarray) and array.dtype.kind in "fiub"
