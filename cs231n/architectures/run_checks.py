"""What a running network refuses, and how it names the layer that an error comes from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from cs231n.architectures.description import Node
from cs231n.architectures.functions import Call
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
        message = f"{node.name} ({node.layer.label} on {size}, {function}): {what}"
        raise LayerError(message) from problem


def out_and_cache(result) -> tuple:
    """What a forward function returned, refused when it is no pair."""
    if not isinstance(result, tuple) or len(result) != 2:
        raise TypeError(f"it should return (out, cache), but returned {_kind(result)}.")
    return result


def checked(out, x: np.ndarray, shape: Shape, call: Call) -> np.ndarray:
    """A layer's output, refused when it is no array, has another shape than the description says,
    or holds NaN where the input held none."""
    if not isinstance(out, np.ndarray) or out.dtype.kind not in "fiub":
        raise TypeError(f"out should be an array of numbers, but is {_kind(out)}.")
    if out.shape != shape:
        raise ValueError(f"out should have shape {shape}, but has {out.shape}.")
    if not call.function.fast and np.isnan(out).any() and not np.isnan(x).any():
        raise ValueError("out holds NaN, although the input holds none.")
    return out


def check_gradients(dx, own: dict, shape: Shape, call: Call) -> None:
    """Refuse gradients that do not have the shape of what they are gradients on."""
    wanted = {"dx": shape} | {f"d{part}": np.shape(call.values[part]) for part in own}
    for name, grad in {"dx": dx, **{f"d{part}": grad for part, grad in own.items()}}.items():
        if np.shape(grad) != wanted[name]:
            raise ValueError(f"{name} should have shape {wanted[name]}, but has {np.shape(grad)}.")


def check_arrays(what: str, given: dict, wanted: dict[str, Shape]) -> None:
    """Refuse parameters or buffers that are not those of the description, naming all of them."""
    problems = [f"{name} is missing" for name in wanted if name not in given]
    problems += [f"{name} is left over" for name in given if name not in wanted]
    problems += [
        f"{name} should have shape {wanted[name]}, but has {np.shape(given[name])}"
        for name in wanted
        if name in given and np.shape(given[name]) != wanted[name]
    ]
    if problems:
        shown = "; ".join(problems[:8]) + ("; ..." if len(problems) > 8 else "")
        raise ValueError(f"{what} do not fit the network ({len(problems)} problems): {shown}.")


def _kind(value) -> str:
    if isinstance(value, tuple):
        return f"a tuple of {len(value)}"
    return f"an array of {value.dtype}" if isinstance(value, np.ndarray) else type(value).__name__


def softmax_loss(scores: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean cross-entropy of the softmax of scores (N, classes), and its gradient on them.

    Raises ValueError when the labels y (N,) are not classes.
    """
    N, classes = scores.shape[0], scores.shape[-1]
    if scores.ndim != 2 or y.shape != (N,) or y.dtype.kind not in "iu":
        raise ValueError(
            f"Of scores {scores.shape}, labels are whole numbers of shape ({N},), not {y.dtype} "
            f"of shape {y.shape}."
        )
    if y.min() < 0 or y.max() >= classes:
        raise ValueError(f"Labels go from 0 to {classes - 1}, not from {y.min()} to {y.max()}.")
    logs = scores - scores.max(axis=1, keepdims=True)
    logs -= np.log(np.exp(logs).sum(axis=1, keepdims=True))
    slope = np.exp(logs)
    slope[np.arange(N), y] -= 1
    return -float(logs[np.arange(N), y].mean()), slope / N
