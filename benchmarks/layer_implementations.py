"""Each implementation of a layer, made ready to be timed: the kit's, PyTorch's, the original's.

``prepare`` gives two functions without arguments, forward and backward, that do the layer's work
and nothing else. Gradients are with respect to all inputs, together.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.layer_cases import Convolution, Pooling
from benchmarks.original_layers import load_original
from cs231n import fast_layers

ALGORITHMS = ("auto", "direct", "im2col", "winograd")


class Refused(Exception):
    """An implementation does not do this shape; the message says why."""


class Prepared(NamedTuple):
    """A layer ready to be timed. results() calls both passes and returns NumPy arrays."""

    forward: Callable[[], object]
    backward: Callable[[], object]
    results: Callable[[], list[np.ndarray]]  # out, then the gradients
    out: object  # of the forward pass whose cache backward uses


def prepare(
    name: str, case: Convolution | Pooling, arrays: list[np.ndarray], original: Path | None = None
) -> Prepared:
    """An implementation on a layer and its values.

    Inputs:
    - name: one of ALGORITHMS, "kit" (of pooling, which has no algorithms), "torch" or "original"
    - case, arrays: the layer, and what case.arrays gave
    - original: folder of the original's fast_layers.py

    Raises Refused when the implementation does not do this shape.
    """
    kind = "convolution" if isinstance(case, Convolution) else "pooling"
    try:
        if name == "torch":
            return _torch(case, arrays)
        if name == "original":
            module = _original(original)
            return {"convolution": _convolution, "pooling": _pooling}[kind](module, case, arrays)
        if kind == "pooling":
            return _pooling(fast_layers, case, arrays, rounding="floor")
        return _convolution(fast_layers, case, arrays, algorithm=name)
    except (ValueError, AssertionError) as problem:
        raise Refused(str(problem)) from problem


def _convolution(module, case: Convolution, arrays: list[np.ndarray], **options) -> Prepared:
    x, w, b, dout = arrays

    def forward():
        return module.conv_forward_fast(x, w, b, case.conv_param, **options)

    out, cache = forward()
    if out.shape != dout.shape:
        raise ValueError(f"out has shape {out.shape}, not {dout.shape}")

    def backward():
        return module.conv_backward_fast(dout, cache, **options)

    return Prepared(forward, backward, lambda: [forward()[0], *backward()], out)


def _pooling(module, case: Pooling, arrays: list[np.ndarray], **options) -> Prepared:
    x, dout = arrays
    pool_param = case.pool_param | options

    def forward():
        return module.max_pool_forward_fast(x, pool_param)

    out, cache = forward()
    if out.shape != dout.shape:
        raise ValueError(f"out has shape {out.shape}, not {dout.shape}")

    def backward():
        return module.max_pool_backward_fast(dout, cache)

    return Prepared(forward, backward, lambda: [forward()[0], backward()], out)


def _torch(case: Convolution | Pooling, arrays: list[np.ndarray]) -> Prepared:
    import torch
    from torch.nn import functional

    *inputs, gradient = [torch.from_numpy(array) for array in arrays]
    for tensor in inputs:
        tensor.requires_grad_()

    def forward():
        if isinstance(case, Pooling):
            return functional.max_pool2d(*inputs, case.window, case.stride)
        return functional.conv2d(*inputs, stride=case.stride, padding=case.pad)

    out = forward()

    def backward():
        return torch.autograd.grad(out, inputs, gradient, retain_graph=True)

    def results():
        return [tensor.detach().numpy() for tensor in (forward(), *backward())]

    return Prepared(forward, backward, results, out)


_loaded: dict[Path, object] = {}


def _original(folder: Path):
    if folder not in _loaded:
        _loaded[folder] = load_original(folder)
    return _loaded[folder]


def errors(results: list[np.ndarray], exact: list[np.ndarray]) -> dict[str, float]:
    """The largest error of each pass: |result - exact| over the largest |exact| of that array."""
    each = [float(np.abs(r - e).max() / np.abs(e).max()) for r, e in zip(results, exact)]
    return {"forward": each[0], "backward": max(each[1:])}
