"""Running a network forward and backward, on whatever layer functions it is given.

    net = Network(build("resnet18"))                       # fast layers, random weights
    scores = net.forward(pictures)
    net = Network(architecture, layers=my_layers)          # my functions where there are any
    loss, grads = net.loss(pictures, labels)

A volume is freed when its last reader has read it; when training, a layer's cache when the backward
pass has used it.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection
from contextlib import nullcontext
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import ArrayLike

from cs231n.architectures import functions
from cs231n.architectures.description import Architecture, Node
from cs231n.architectures.functions import Call, default_namespaces
from cs231n.architectures.initialise import initial_buffers
from cs231n.architectures.initialise import initialise as first_values
from cs231n.architectures.kinds import Add, Concat, Flatten, Input, Softmax
from cs231n.architectures.run_checks import (
    LayerError,
    check_arrays,
    check_gradients,
    checked,
    naming,
    out_and_cache,
    softmax_loss,
)

__all__ = ["LayerError", "Network"]

LONG = 2 * 10**10  # multiply-adds: a pass of more shows its progress
AUXILIARY = 0.3  # weight of the loss of a side output (Szegedy et al., 2014, section 5)


@dataclass
class _Trace:
    """What a backward pass needs of one forward pass."""

    batch: int
    calls: dict[str, Call]
    caches: dict[str, object]


class Network:
    """A network with parameters that runs.

    Inputs:
    - architecture: the description
    - params: {"conv1.w": array, ...}, used as they are and not copied; by default first values from
      cs231n.architectures.initialise, by the scheme `initialise` and `seed`
    - layers: a module, dict or other object with layer functions, or a list of them; for kinds it
      has no function for, the kit's own are taken. `net.functions` tells which is used where
    - buffers: running averages and the like; by default means 0 and variances 1
    - dtype: of first values; with params given, theirs counts

    Raises ValueError, with the names, when params or buffers are missing, left over or misshapen.
    """

    def __init__(
        self,
        architecture: Architecture,
        params: dict[str, np.ndarray] | None = None,
        *,
        layers=None,
        buffers: dict[str, np.ndarray] | None = None,
        dtype=np.float32,
        initialise: str = "he",
        seed: int = 0,
    ):
        self.architecture = architecture
        self.seed = seed
        self.step = 0  # forward passes in training so far: dropout masks differ between them
        if params is None:
            params = first_values(architecture, initialise, seed=seed, dtype=dtype)
        self.dtype = np.result_type(*params.values()) if params else np.dtype(dtype)
        if buffers is None:
            buffers = initial_buffers(architecture, seed=seed, dtype=self.dtype.type)
        check_arrays("params", params, architecture.parameters)
        check_arrays("buffers", buffers, architecture.buffers)
        self.params, self.buffers = params, buffers
        self.layers = layers
        given = layers if isinstance(layers, list | tuple) else [layers] if layers else []
        self._functions = self._find([*given, *default_namespaces()])
        self._trace: _Trace | None = None

    @property
    def functions(self) -> dict[str, str]:
        """The function that each layer runs on, such as {"conv1": "conv_forward_naive", ...}."""
        return {name: function.name for name, function in self._functions.items()}

    def forward(
        self,
        x: ArrayLike,
        mode: str = "test",
        *,
        outputs: Collection[str] | None = None,
        progress: bool | None = None,
    ):
        """Run the network.

        Inputs:
        - x: pictures (N, C, H, W), or vectors (N, D)
        - mode: "test", or "train", after which backward can be called
        - outputs: names of layers whose values are wanted; the last layer's where absent
        - progress: whether to show a progress bar; by default when the pass is long

        Returns the last layer's values, or with `outputs` a dict {name: values}. Further outputs,
        such as auxiliary heads, are run in training or when asked for.

        Raises ValueError when x or mode is not as described, LayerError when a layer fails.
        """
        if mode not in ("test", "train"):
            raise ValueError(f'mode is "test" or "train", not {mode!r}.')
        training = mode == "train"
        wanted = (self.architecture.outputs[-1],) if outputs is None else tuple(outputs)
        nodes = self._needed(wanted, training)
        self._trace = None
        trace = _Trace(0, {}, {}) if training else None
        self.step += training
        values = {self.architecture.nodes[0].name: self._input(x)}
        unread = self._readings(nodes, wanted)
        with self._progress(nodes, len(next(iter(values.values()))), progress) as bar:
            for node in nodes:
                read = [values[name] for name in node.inputs]
                for name in node.inputs:
                    unread[name] -= 1
                    if not unread[name]:
                        del values[name]
                if not isinstance(node.layer, Input):
                    values[node.name] = self._run(node, read, trace)
                if bar is not None:
                    read = self.architecture.input_shapes(node.name)
                    bar.update(node.layer.multiply_adds(*read))
        if training:
            trace.batch = len(values[wanted[-1]])
            self._trace = trace
        return values[wanted[0]] if outputs is None else {name: values[name] for name in wanted}

    def backward(
        self,
        dout,
        *,
        trainable: Collection[str] | None = None,
        input_gradient: bool = True,
    ) -> tuple[np.ndarray | None, dict[str, np.ndarray]]:
        """Gradients of the last forward pass, which was made with mode="train".

        Inputs:
        - dout: gradient on the last layer's values, or a dict {name: gradient} for any layers
        - trainable: names of the parameters whose gradients are wanted; all where absent
        - input_gradient: whether dx is wanted. Nothing is computed further down than is wanted

        Returns a tuple of:
        - dx: gradient on the input, or None where it is not wanted
        - grads: {name: gradient} of the trainable parameters; 0 where dout does not reach

        Raises ValueError when there was no such forward pass, or dout or trainable do not fit it;
        LayerError when a layer fails.
        """
        if self._trace is None:
            raise ValueError('backward needs forward(x, mode="train") before it, once each time.')
        trace = self._trace
        slopes = self._slopes(dout, trace.batch)
        trainable = set(self.params if trainable is None else trainable)
        if unknown := trainable - set(self.params):
            raise ValueError(f"There are no parameters {', '.join(sorted(unknown))}.")
        useful = self._useful(trainable, input_gradient)
        self._trace = None
        grads: dict[str, np.ndarray] = {}
        for node in reversed(self.architecture.nodes[1:]):
            cache = trace.caches.pop(node.name, None)
            slope = slopes.pop(node.name, None)
            if slope is None or node.name not in useful:
                continue
            shares, own = self._run_back(node, slope, cache, trace)
            grads |= {f"{node.name}.{part}": grad for part, grad in own.items()}
            for name, share in zip(node.inputs, shares):
                if name in useful:
                    slopes[name] = slopes[name] + share if name in slopes else share
        dx = slopes.get(self.architecture.nodes[0].name) if input_gradient else None
        for name in trainable - set(grads):
            grads[name] = np.zeros_like(self.params[name])
        return dx, {name: grads[name] for name in self.params if name in trainable}

    def loss(self, X: ArrayLike, y: ArrayLike | None = None, reg: float = 0.0):
        """Softmax loss and gradients, in the form that the course's solvers call.

        Inputs:
        - X: pictures (N, C, H, W)
        - y: labels (N,), from 0 to the number of classes - 1; None for scores only
        - reg: strength of L2 regularisation, 0.5 * reg * (sum of squares of every w)

        Returns the scores (N, classes) of a test pass where y is None; else a tuple of the loss and
        the gradients of all params. Side outputs count with a weight of 0.3.

        Raises ValueError when the labels do not fit, or the network ends in a softmax of its own.
        """
        if y is None:
            return self.forward(X)
        *side, main = self.architecture.outputs
        for name in (*side, main):
            if isinstance(self.architecture[name].layer, Softmax):
                raise ValueError(
                    f"loss takes scores, but {name} is a softmax: describe it without."
                )
        loss, slopes = 0.0, {}
        for name, scores in self.forward(X, "train", outputs=(*side, main)).items():
            weight = 1.0 if name == main else AUXILIARY
            value, slope = softmax_loss(scores, np.asarray(y))
            loss += weight * value
            slopes[name] = slope * scores.dtype.type(weight)
        _, grads = self.backward(slopes, input_gradient=False)
        for name, value in self.params.items():
            if reg and name.endswith(".w"):
                loss += 0.5 * reg * float(np.vdot(value, value))
                grads[name] += reg * value
        return loss, grads

    def _find(self, namespaces: list) -> dict[str, functions.Function]:
        found = {}
        for node in self.architecture:
            if not isinstance(node.layer, Input | Add | Concat | Flatten):
                (shape,) = self.architecture.input_shapes(node.name)
                found[node.name] = functions.find(node.layer, shape, namespaces)
        return found

    def _input(self, x: ArrayLike) -> np.ndarray:
        x, shape = np.asarray(x), self.architecture.input_shape
        if x.shape[1:] != shape or not len(x):
            sizes = "".join(f", {size}" for size in shape)
            raise ValueError(
                f"{self.architecture.name} takes a batch of shape (N{sizes}), but got {x.shape}."
                + (" One picture is a batch of one: x[None]." if x.shape == shape else "")
            )
        if x.dtype.kind not in "fiub":
            raise ValueError(f"The input should hold real numbers, but its dtype is {x.dtype}.")
        return x.astype(self.dtype, copy=False)

    def _needed(self, wanted: tuple[str, ...], training: bool) -> list[Node]:
        """The nodes that lead to what is wanted; in training to all outputs."""
        names = {self.architecture[name].name for name in wanted}
        if training:
            names.update(self.architecture.outputs)
        for node in reversed(self.architecture.nodes):
            if node.name in names:
                names.update(node.inputs)
        return [node for node in self.architecture if node.name in names]

    @staticmethod
    def _readings(nodes: list[Node], wanted: tuple[str, ...]) -> dict[str, int]:
        """How often each value will still be read; what is wanted is read once more, at the end."""
        unread = {node.name: int(node.name in wanted) for node in nodes}
        for node in nodes:
            for name in node.inputs:
                unread[name] += 1
        return unread

    def _run(self, node: Node, read: list[np.ndarray], trace: _Trace | None) -> np.ndarray:
        layer = node.layer
        if isinstance(layer, Add):
            return reduce(np.add, read)
        if isinstance(layer, Concat):
            return np.concatenate(read, axis=1)
        if isinstance(layer, Flatten):
            return read[0].reshape(len(read[0]), -1)
        call = self._call(node, trace is not None)
        x = read.pop()
        with naming(node, x.shape, call.function.name):
            out, cache = out_and_cache(functions.forward(x, call))
            self._keep_averages(node, call)
            out = checked(out, x, (len(x), *self.architecture.shapes[node.name]), call)
        if trace is not None:
            trace.calls[node.name], trace.caches[node.name] = call, cache
        return out.astype(self.dtype, copy=False)

    def _run_back(self, node: Node, slope: np.ndarray, cache, trace: _Trace):
        """The gradients on what a node reads, in order, and on its parameters by short names."""
        layer, read = node.layer, self.architecture.input_shapes(node.name)
        if isinstance(layer, Add):
            return [slope] * len(read), {}
        if isinstance(layer, Concat):
            ends = np.cumsum([shape[0] for shape in read])[:-1]
            return np.split(slope, ends, axis=1), {}
        if isinstance(layer, Flatten):
            return [slope.reshape(len(slope), *read[0])], {}
        call = trace.calls.pop(node.name)
        shape = (trace.batch, *read[0])
        name = call.function.name.replace("forward", "backward")
        with naming(node, shape, name):
            if call.function.backward is None:
                raise LookupError(f"{call.function.name} is there, but {name} is not.")
            dx, own = functions.backward(slope, cache, call)
            check_gradients(dx, own, shape, call)
        return [np.asarray(dx, self.dtype)], {p: np.asarray(own[p], self.dtype) for p in own}

    def _call(self, node: Node, training: bool) -> Call:
        read = self.architecture.input_shapes(node.name)
        values = {
            part: self.params[f"{node.name}.{part}"] for part in node.layer.parameters(*read)
        } | {part: self.buffers[f"{node.name}.{part}"] for part in node.layer.buffers(*read)}
        seed = zlib.crc32(f"{self.seed} {self.step} {node.name}".encode())
        return Call(node.layer, self._functions[node.name], values, training, seed)

    def _keep_averages(self, node: Node, call: Call) -> None:
        for part in ("running_mean", "running_var"):
            if call.training and part in call.values:
                self.buffers[f"{node.name}.{part}"] = call.values[part]

    def _slopes(self, dout, batch: int) -> dict[str, np.ndarray]:
        slopes = dout if isinstance(dout, dict) else {self.architecture.outputs[-1]: dout}
        shapes = {name: self.architecture.shapes[self.architecture[name].name] for name in slopes}
        check_arrays("dout", slopes, {name: (batch, *shape) for name, shape in shapes.items()})
        return {name: np.asarray(slope, self.dtype) for name, slope in slopes.items()}

    def _useful(self, trainable: set[str], input_gradient: bool) -> set[str]:
        """The nodes whose gradient leads to something that is wanted."""
        useful = {self.architecture.nodes[0].name} if input_gradient else set()
        owners = {name.rpartition(".")[0] for name in trainable}
        for node in self.architecture:
            if node.name in owners or useful.intersection(node.inputs):
                useful.add(node.name)
        return useful

    def _progress(self, nodes: list[Node], batch: int, progress: bool | None):
        sizes = self.architecture.input_shapes
        work = sum(node.layer.multiply_adds(*sizes(node.name)) for node in nodes)
        if not (work * batch > LONG if progress is None else progress):
            return nullcontext()
        from tqdm.auto import tqdm

        name = self.architecture.name
        return tqdm(total=work, desc=name[:40], unit="MAC", unit_scale=True, leave=False)
