"""How a layer's function is called: what it is given, and what is made of what it returns.

The kit's fast functions know groups, rounding, and every stride and pad. Functions as the notebooks
ask for them take one number as stride and as pad, and need not know more: groups are run one by
one, windows are made to fit beforehand (see cs231n.architectures.fitting), a missing bias is zeros,
and "dilation" is only passed where it is not 1. They get an array of their own, as some write into
their input.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from cs231n.architectures.fitting import fit, framed, over_pixels_inside, spread, taken, unframed
from cs231n.architectures.functions import JOINS, Function
from cs231n.architectures.kinds import Add, Concat, Layer, Shape


@dataclass
class Call:
    """What a layer is run with beside its input: its parameters and buffers by their short names,
    whether it trains, and a seed for dropout."""

    layer: Layer
    function: Function
    values: dict[str, np.ndarray]
    training: bool
    seed: int

    @property
    def learned(self) -> list[str]:
        """The short names of the parameters, in the order in which functions take them."""
        return [name for name in ("w", "b", "gamma", "beta") if name in self.values]


def join(layer: JOINS, read: list[np.ndarray]) -> np.ndarray:
    """What an Add, Concat or Flatten makes of the volumes that it reads."""
    if isinstance(layer, Add):
        return reduce(np.add, read)
    if isinstance(layer, Concat):
        return np.concatenate(read, axis=1)
    return read[0].reshape(len(read[0]), -1)


def unjoin(layer: JOINS, dout: np.ndarray, shapes: tuple[Shape, ...]) -> list[np.ndarray]:
    """The gradient on each volume that an Add, Concat or Flatten read, whose shapes are given."""
    if isinstance(layer, Add):
        return [dout] * len(shapes)
    if isinstance(layer, Concat):
        return np.split(dout, np.cumsum([shape[0] for shape in shapes])[:-1], axis=1)
    return [dout.reshape(len(dout), *shapes[0])]


def forward(x: np.ndarray, call: Call):
    """What a layer's function returns: (out, cache), unless it is wrong. In training, batch
    normalisation puts its new running averages into call.values."""
    x = x if call.function.is_ours else x.copy()
    if special := _FORWARD.get(call.layer.kind):
        return special(x, call)
    return call.function.forward(x, *(call.values[name] for name in call.learned))


def backward(dout: np.ndarray, cache, call: Call) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """(dx, gradients by short names) of a layer."""
    dout = dout if call.function.is_ours else dout.copy()
    if special := _BACKWARD.get(call.layer.kind):
        return special(dout, cache, call)
    result = call.function.backward(dout, cache)
    if not call.learned:
        return result, {}
    dx, *gradients = several(result, 1 + len(call.learned))
    return dx, dict(zip(call.learned, gradients))


def _conv_forward(x: np.ndarray, call: Call) -> tuple[np.ndarray, Any]:
    layer, function, w = call.layer, call.function, call.values["w"]
    if layer.connections:
        w = _dense(w, layer.connections, x.shape[1])
    b = _bias(call, (layer.filters,))
    if function.is_fast:
        names = ("stride", "pad", "dilation", "groups", "rounding")
        return function.forward(x, w, b, {name: getattr(layer, name) for name in names})
    place = fit(layer, x.shape)
    conv_param = {"stride": place.stride, "pad": place.pad}
    dilation = layer.dilation
    if dilation[0] != dilation[1]:
        w = spread(w, dilation)
    elif dilation != (1, 1):
        conv_param["dilation"] = dilation[0]
    x = framed(x, place.margins)
    parts = zip(*(np.split(array, layer.groups, axis) for array, axis in ((x, 1), (w, 0), (b, 0))))
    results = [several(function.forward(*part, dict(conv_param)), 2) for part in parts]
    outs, caches = zip(*results)
    out = outs[0] if layer.groups == 1 else np.concatenate(outs, axis=1)
    return taken(out, place.step), (caches, place)


def _conv_backward(dout: np.ndarray, cache, call: Call):
    layer, function = call.layer, call.function
    if function.is_fast:
        dx, dw, db = function.backward(dout, cache)
    else:
        caches, place = cache
        douts = np.split(spread(dout, place.step), layer.groups, axis=1)
        results = [several(function.backward(*part), 3) for part in zip(douts, caches)]
        dx, dw, db = (np.concatenate(parts, axis) for parts, axis in zip(zip(*results), (1, 0, 0)))
        dx = unframed(dx, place.margins)
        if layer.dilation[0] != layer.dilation[1]:
            dw = taken(dw, layer.dilation)
    if layer.connections:
        dw = np.concatenate([dw[f, list(seen)] for f, seen in enumerate(layer.connections)])
    return dx, _weights(dw, db, call)


def _dense(w: np.ndarray, connections: tuple, C: int) -> np.ndarray:
    """Filters (F, C, HH, WW), with zeros where there is no connection."""
    dense = np.zeros((len(connections), C, *w.shape[1:]), w.dtype)
    start = 0
    for f, seen in enumerate(connections):
        dense[f, list(seen)] = w[start : start + len(seen)]
        start += len(seen)
    return dense


def _fc_forward(x: np.ndarray, call: Call) -> tuple[np.ndarray, Any]:
    w = call.values["w"]
    return call.function.forward(x, w, _bias(call, w.shape[1:]))


def _fc_backward(dout: np.ndarray, cache, call: Call):
    dx, dw, db = several(call.function.backward(dout, cache), 3)
    return dx, _weights(dw, db, call)


def _bias(call: Call, shape: tuple[int, ...]) -> np.ndarray:
    """The layer's bias, or zeros for one that has none: the functions always take one."""
    return call.values["b"] if "b" in call.values else np.zeros(shape, call.values["w"].dtype)


def _weights(dw: np.ndarray, db: np.ndarray, call: Call) -> dict[str, np.ndarray]:
    return {"w": dw, "b": db} if "b" in call.values else {"w": dw}


def _local_forward(x: np.ndarray, call: Call) -> tuple[np.ndarray, Any]:
    layer, w = call.layer, call.values["w"]
    b = _bias(call, (layer.filters, *w.shape[:2]))
    place = fit(layer, x.shape)
    # No finer stride where the two differ: there are no weights for the places between.
    stride = place.stride if place.step == (1, 1) else layer.stride
    conv_param = {"stride": stride, "pad": place.pad}
    result = call.function.forward(framed(x, place.margins), w, b, conv_param)
    out, cache = several(result, 2)
    return out, (cache, place.margins)


def _local_backward(dout: np.ndarray, cache, call: Call):
    inner, margins = cache
    dx, dw, db = several(call.function.backward(dout, inner), 3)
    return unframed(dx, margins), _weights(dw, db, call)


def _pool_forward(x: np.ndarray, call: Call) -> tuple[np.ndarray, Any]:
    layer, window = call.layer, call.layer.window(x.shape[1:])
    pool_param = {"pool_height": window.size[0], "pool_width": window.size[1]}
    if call.function.is_fast:
        pool_param |= {"stride": window.stride, "pad": window.pad, "rounding": layer.rounding}
        return call.function.forward(x, pool_param)
    place = fit(layer, x.shape, knows_pad=False)
    pool_param["stride"] = place.stride
    frame = framed(x, place.margins, -np.inf if layer.op == "max" else 0)
    out, cache = several(call.function.forward(frame, pool_param), 2)
    out, factor = taken(out, place.step), None
    if layer.op == "avg" and max(place.margins) > 0:
        factor = over_pixels_inside(layer, x.shape).astype(x.dtype)
        out = out * factor
    return out, (cache, place, factor)


def _pool_backward(dout: np.ndarray, cache, call: Call):
    if call.function.is_fast:
        return call.function.backward(dout, cache), {}
    inner, place, factor = cache
    dout = dout if factor is None else dout * factor
    dx = call.function.backward(spread(dout, place.step), inner)
    return unframed(dx, place.margins), {}


def _tanh_forward(x: np.ndarray, call: Call) -> tuple[np.ndarray, Any]:
    out, cache = several(call.function.forward(x * call.layer.slope), 2)
    return out * call.layer.amplitude, cache


def _tanh_backward(dout: np.ndarray, cache, call: Call):
    dx = call.function.backward(dout * call.layer.amplitude, cache)
    return dx * call.layer.slope, {}


def _batchnorm_forward(x: np.ndarray, call: Call):
    layer, averages = call.layer, ("running_mean", "running_var")
    bn_param = {"mode": _mode(call), "eps": layer.eps, "momentum": layer.momentum}
    bn_param |= {name: call.values[name] for name in averages}
    result = call.function.forward(x, call.values["gamma"], call.values["beta"], bn_param)
    call.values |= {name: bn_param[name] for name in averages}
    return result


def _norm_forward(x: np.ndarray, call: Call):
    gamma, beta, eps = call.values["gamma"], call.values["beta"], {"eps": call.layer.eps}
    if x.ndim == 2:
        return call.function.forward(x, gamma, beta, eps)
    groups = getattr(call.layer, "groups", 1)  # layer normalisation of pictures: one group
    gamma, beta = gamma.reshape(1, -1, 1, 1), beta.reshape(1, -1, 1, 1)
    return call.function.forward(x, gamma, beta, groups, eps)


def _norm_backward(dout: np.ndarray, cache, call: Call):
    dx, dgamma, dbeta = several(call.function.backward(dout, cache), 3)
    return dx, {"gamma": np.ravel(dgamma), "beta": np.ravel(dbeta)}


def _lrn_forward(x: np.ndarray, call: Call):
    names = ("size", "alpha", "beta", "k")
    return call.function.forward(x, {name: getattr(call.layer, name) for name in names})


def _dropout_forward(x: np.ndarray, call: Call):
    dropout_param = {"mode": _mode(call), "p": 1 - call.layer.drop, "seed": call.seed}
    return call.function.forward(x, dropout_param)


def _rbf_backward(dout: np.ndarray, cache, call: Call):
    return call.function.backward(dout, cache), {}  # its points are not learned


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


def _mode(call: Call) -> str:
    return "train" if call.training else "test"


def several(result, count: int) -> tuple:
    """What a function returned, refused when it is not a tuple of so many."""
    if not isinstance(result, tuple) or len(result) != count:
        wanted = "(out, cache)" if count == 2 else f"dx and {count - 1} other gradients"
        raise TypeError(f"it should return {wanted}, but returned {kind_of(result)}.")
    return result


def kind_of(value) -> str:
    """What a value is, as an error names it."""
    if isinstance(value, tuple):
        return f"a tuple of {len(value)}"
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype}"
    return "None" if value is None else type(value).__name__
