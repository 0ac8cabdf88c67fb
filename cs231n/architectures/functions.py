"""Which function computes a layer, and how it is called.

A network runs on whatever functions it is given: modules, dicts or other objects, searched in
order. Of each kind of layer the first known name is taken: conv_forward_fast, conv_forward_im2col,
conv_forward_naive or conv_forward, and with it conv_backward_...

The fast functions know groups, rounding and every pad. Functions as the notebooks ask for them
know stride and pad, and need not know more: groups are run one by one, and pictures are padded or
cropped beforehand where the windows do not fit exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from cs231n.architectures.fitting import fitted, framed, over_pixels_inside
from cs231n.architectures.kinds import (
    BatchNorm,
    Dropout,
    Layer,
    LayerNorm,
    Pool,
    Tanh,
)

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
    "batchnorm.pictures": "spatial_batchnorm_forward_fast spatial_batchnorm_forward",
    "layernorm": "layernorm_forward",
    "groupnorm": "spatial_groupnorm_forward",
    "lrn": "lrn_forward",
    "dropout": "dropout_forward",
    "softmax": "softmax_forward",
}


@dataclass
class Function:
    """A layer's forward function and its partner, as found in one namespace."""

    name: str
    forward: Callable
    backward: Callable | None

    @property
    def fast(self) -> bool:
        return self.name.endswith("_fast")


def default_namespaces() -> list:
    """The fast layers, and NumPy's for the other kinds."""
    from cs231n import fast_layers, fast_pointwise
    from cs231n.architectures import plain_layers

    return [fast_layers, fast_pointwise, plain_layers]


def find(layer: Layer, shape: tuple[int, ...], namespaces: Iterable) -> Function:
    """The function for a layer that reads volumes of `shape`, (C, H, W) or (D,).

    Raises LookupError, with the names that were looked for, when no namespace has one.
    """
    wanted = CANDIDATES[_entry(layer, shape)].split()
    for namespace in namespaces:
        for name in wanted:
            forward = _get(namespace, name)
            if callable(forward):
                return Function(name, forward, _get(namespace, name.replace("forward", "backward")))
    raise LookupError(f"there is no function for {layer.label}: looked for {' or '.join(wanted)}.")


def _entry(layer: Layer, shape: tuple[int, ...]) -> str:
    if isinstance(layer, Pool):
        return f"pool.{layer.op}"
    if isinstance(layer, BatchNorm) and len(shape) == 3:
        return "batchnorm.pictures"
    if isinstance(layer, LayerNorm) and len(shape) == 3:
        return "groupnorm"  # of one group
    return layer.kind


def _get(namespace, name: str):
    return namespace.get(name) if isinstance(namespace, dict) else getattr(namespace, name, None)


@dataclass
class Call:
    """What a layer is run with beside its input: its parameters and buffers by their short names,
    whether it trains, and a seed for dropout."""

    layer: Layer
    function: Function
    values: dict[str, np.ndarray]
    training: bool
    seed: int


def forward(x: np.ndarray, call: Call) -> tuple[np.ndarray, Any]:
    """(out, cache) of a layer. Batch normalisation puts new running averages into call.values."""
    special = _FORWARD.get(call.layer.kind)
    if special:
        return special(x, call)
    values = [call.values[name] for name in ("w", "b", "gamma", "beta") if name in call.values]
    return call.function.forward(x, *values)


def backward(dout: np.ndarray, cache, call: Call) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """(dx, gradients by short names) of a layer."""
    special = _BACKWARD.get(call.layer.kind)
    if special:
        return special(dout, cache, call)
    result = call.function.backward(dout, cache)
    names = [name for name in ("w", "b", "gamma", "beta") if name in call.values]
    if isinstance(result, tuple):
        return result[0], dict(zip(names, result[1:]))
    return result, {}


def _conv_forward(x: np.ndarray, call: Call) -> tuple[np.ndarray, tuple]:
    layer, w = call.layer, call.values["w"]
    if layer.connections:
        w = _dense(w, layer.connections, x.shape[1])
    b = _bias(call, (layer.filters,))
    if call.function.fast:
        names = ("stride", "pad", "dilation", "groups", "rounding")
        return call.function.forward(x, w, b, {name: getattr(layer, name) for name in names})
    x, margins, pad = fitted(x, layer.window(x.shape[1:]), layer, 0)
    conv_param = {"stride": _one(layer.stride), "pad": pad}
    if layer.dilation != (1, 1):
        conv_param["dilation"] = _one(layer.dilation)
    parts = zip(*(np.split(array, layer.groups, axis) for array, axis in ((x, 1), (w, 0), (b, 0))))
    outs, caches = zip(*(call.function.forward(*part, dict(conv_param)) for part in parts))
    out = outs[0] if layer.groups == 1 else np.concatenate(outs, axis=1)
    return out, (caches, margins)


def _conv_backward(dout: np.ndarray, cache: tuple, call: Call):
    layer = call.layer
    if call.function.fast:
        dx, dw, db = call.function.backward(dout, cache)
    else:
        caches, margins = cache
        douts = np.split(dout, layer.groups, axis=1)
        parts = zip(*(call.function.backward(*part) for part in zip(douts, caches)))
        dx, dw, db = (np.concatenate(arrays, axis) for arrays, axis in zip(parts, (1, 0, 0)))
        dx = framed(dx, [-margin for margin in margins], 0)
    if layer.connections:
        dw = np.concatenate([dw[f, list(seen)] for f, seen in enumerate(layer.connections)])
    return dx, _gradients(dw, db, call)


def _fc_forward(x: np.ndarray, call: Call) -> tuple[np.ndarray, Any]:
    w = call.values["w"]
    return call.function.forward(x, w, _bias(call, w.shape[1:]))


def _fc_backward(dout: np.ndarray, cache, call: Call):
    dx, dw, db = call.function.backward(dout, cache)
    return dx, _gradients(dw, db, call)


def _bias(call: Call, shape: tuple[int, ...]) -> np.ndarray:
    """The layer's bias, or zeros for one that has none: the functions always take one."""
    return call.values["b"] if "b" in call.values else np.zeros(shape, call.values["w"].dtype)


def _gradients(dw: np.ndarray, db: np.ndarray, call: Call) -> dict[str, np.ndarray]:
    return {"w": dw, "b": db} if "b" in call.values else {"w": dw}


def _dense(w: np.ndarray, connections: tuple, C: int) -> np.ndarray:
    """Filters (F, C, HH, WW), with zeros where there is no connection."""
    dense = np.zeros((len(connections), C, *w.shape[1:]), w.dtype)
    start = 0
    for f, seen in enumerate(connections):
        dense[f, list(seen)] = w[start : start + len(seen)]
        start += len(seen)
    return dense


def _local_forward(x: np.ndarray, call: Call) -> tuple[np.ndarray, tuple]:
    layer, w = call.layer, call.values["w"]
    b = _bias(call, (layer.filters, *w.shape[:2]))
    x, margins, pad = fitted(x, layer.window(x.shape[1:]), layer, 0)
    out, cache = call.function.forward(x, w, b, {"stride": _one(layer.stride), "pad": pad})
    return out, (cache, margins)


def _local_backward(dout: np.ndarray, cache: tuple, call: Call):
    inner, margins = cache
    dx, dw, db = call.function.backward(dout, inner)
    dx = framed(dx, [-margin for margin in margins], 0)
    return dx, _gradients(dw, db, call)


def _pool_forward(x: np.ndarray, call: Call) -> tuple[np.ndarray, tuple]:
    layer, function = call.layer, call.function
    size, stride, pad, _ = window = layer.window(x.shape[1:])
    pool_param = {"pool_height": size[0], "pool_width": size[1], "stride": _one(stride)}
    if function.fast:
        pool_param |= {"pad": pad, "rounding": layer.rounding}
        return function.forward(x, pool_param)
    shape = x.shape
    x, margins, own_pad = fitted(x, window, layer, -np.inf if layer.op == "max" else 0)
    if own_pad:  # the notebooks' pools know no pad
        margins = (pad[0], pad[0], pad[1], pad[1])
        x = framed(x, margins, -np.inf if layer.op == "max" else 0)
    out, cache = function.forward(x, pool_param)
    factor = over_pixels_inside(shape, margins, window, layer) if layer.op == "avg" else None
    return out if factor is None else out * factor.astype(x.dtype), (cache, margins, factor)


def _pool_backward(dout: np.ndarray, cache: tuple, call: Call):
    if call.function.fast:
        return call.function.backward(dout, cache), {}
    inner, margins, factor = cache
    dout = dout if factor is None else dout * factor.astype(dout.dtype)
    dx = call.function.backward(dout, inner)
    return framed(dx, [-margin for margin in margins], 0), {}


def _tanh_forward(x: np.ndarray, call: Call) -> tuple[np.ndarray, Any]:
    layer: Tanh = call.layer
    out, cache = call.function.forward(x * layer.slope)
    return out * layer.amplitude, cache


def _tanh_backward(dout: np.ndarray, cache, call: Call):
    layer: Tanh = call.layer
    return call.function.backward(dout * layer.amplitude, cache) * layer.slope, {}


def _batchnorm_forward(x: np.ndarray, call: Call) -> tuple[np.ndarray, Any]:
    layer: BatchNorm = call.layer
    averages = ("running_mean", "running_var")
    mode = "train" if call.training else "test"
    bn_param = {"mode": mode, "eps": layer.eps, "momentum": layer.momentum}
    bn_param |= {name: call.values[name] for name in averages}
    out, cache = call.function.forward(x, call.values["gamma"], call.values["beta"], bn_param)
    call.values |= {name: bn_param[name] for name in averages}
    return out, cache


def _norm_forward(x: np.ndarray, call: Call) -> tuple[np.ndarray, Any]:
    gamma, beta, eps = call.values["gamma"], call.values["beta"], {"eps": call.layer.eps}
    if x.ndim == 2:
        return call.function.forward(x, gamma, beta, eps)
    groups = getattr(call.layer, "groups", 1)
    gamma, beta = gamma.reshape(1, -1, 1, 1), beta.reshape(1, -1, 1, 1)
    return call.function.forward(x, gamma, beta, groups, eps)


def _norm_backward(dout: np.ndarray, cache, call: Call):
    dx, dgamma, dbeta = call.function.backward(dout, cache)
    return dx, {"gamma": np.ravel(dgamma), "beta": np.ravel(dbeta)}


def _lrn_forward(x: np.ndarray, call: Call) -> tuple[np.ndarray, Any]:
    names = ("size", "alpha", "beta", "k")
    return call.function.forward(x, {name: getattr(call.layer, name) for name in names})


def _dropout_forward(x: np.ndarray, call: Call) -> tuple[np.ndarray, Any]:
    layer: Dropout = call.layer
    mode = "train" if call.training else "test"
    return call.function.forward(x, {"mode": mode, "p": 1 - layer.drop, "seed": call.seed})


def _rbf_backward(dout: np.ndarray, cache, call: Call):
    return call.function.backward(dout, cache), {}


_FORWARD = {
    "conv": _conv_forward,
    "fc": _fc_forward,
    "local": _local_forward,
    "pool": _pool_forward,
    "tanh": _tanh_forward,
    "batchnorm": _batchnorm_forward,
    "layernorm": _norm_forward,
    "groupnorm": _norm_forward,
    "lrn": _lrn_forward,
    "dropout": _dropout_forward,
}
_BACKWARD = {
    "conv": _conv_backward,
    "fc": _fc_backward,
    "local": _local_backward,
    "pool": _pool_backward,
    "tanh": _tanh_backward,
    "layernorm": _norm_backward,
    "groupnorm": _norm_backward,
    "rbf": _rbf_backward,
}


def _one(pair: tuple[int, int]) -> int | tuple[int, int]:
    return pair[0] if pair[0] == pair[1] else pair
