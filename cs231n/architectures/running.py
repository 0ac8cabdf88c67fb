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
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cs231n.architectures import calling, functions, passes, run_checks
from cs231n.architectures.calling import Call
from cs231n.architectures.description import Architecture, Node
from cs231n.architectures.functions import JOINS
from cs231n.architectures.initialise import initial_buffers
from cs231n.architectures.initialise import initialise as first_values
from cs231n.architectures.kinds import Input
from cs231n.architectures.run_checks import LayerError, check_arrays, naming
from cs231n.plain_layers import softmax_loss

__all__ = ["LayerError", "Network"]

PATIENCE = 1  # seconds before a progress bar appears that nobody asked for
AUXILIARY = 0.3  # weight of the loss of a side output (Szegedy et al., 2014, section 5)


@dataclass
class _Trace:
    """What a backward pass needs of one forward pass."""

    batch: int
    progress: bool  # whether backward may show a bar, too
    calls: dict[str, Call]
    caches: dict[str, object]


class Network:
    """A network with parameters that runs.

    Inputs:
    - architecture: the description
    - params: {"conv1.w": array, ...} of float32 or float64, used as they are and not copied; by
      default first values from cs231n.architectures.initialise, by the scheme `initialise`
    - layers: a module, dict or other object with layer functions, or a list of them; for kinds it
      has no function for, the kit's own are taken. `net.functions` tells which is used where
    - buffers: running averages and the like, which training changes; by default means 0 and
      variances 1
    - dtype: of first values; with params given, theirs counts
    - seed: for first values, and for the masks of dropout

    Raises ValueError, with the names, when params or buffers are missing, left over or misshapen,
    or when nothing in `layers` is a function for this network.
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
        if not isinstance(architecture, Architecture):
            raise ValueError(
                f"A network is made of an Architecture, not {architecture!r:.60}: see "
                "cs231n.architectures.build and parse."
            )
        self.architecture, self.layers, self.seed = architecture, layers, seed
        self.step = 0  # forward passes in training so far: dropout masks differ between them
        if params is None:
            params = first_values(architecture, initialise, seed=seed, dtype=dtype)
        check_arrays("params", params, architecture.parameters)
        self.dtype = run_checks.common_dtype("params", params) if params else np.dtype(dtype)
        if buffers is None:
            buffers = initial_buffers(architecture, self.dtype, seed=seed)
        check_arrays("buffers", buffers, architecture.buffers)
        self.params, self.buffers = params, buffers
        self._functions = functions.find_all(architecture, layers)
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
    ) -> np.ndarray | dict[str, np.ndarray]:
        """Run the network.

        Inputs:
        - x: pictures (N, C, H, W), or vectors (N, D); not to be changed before backward
        - mode: "test", or "train", after which backward can be called
        - outputs: names of layers whose values are wanted; the last layer's where absent
        - progress: whether to show a progress bar; by default when the pass is long

        Returns the last layer's values, or with `outputs` a dict {name: values}, in the network's
        dtype. Other outputs, such as auxiliary heads, are run in training or when asked for.

        Raises ValueError when x or mode is not as described, KeyError for unknown outputs,
        LayerError when a layer fails.
        """
        if mode not in ("test", "train"):
            raise ValueError(f'mode is "test" or "train", not {mode!r}.')
        training, ends = mode == "train", self.architecture.outputs
        wanted = ends[-1:] if outputs is None else run_checks.as_names(outputs, "outputs")
        x = run_checks.as_batch(x, self.architecture, self.dtype)
        nodes = self.architecture.leading_to({*wanted, *(ends if training else ())})
        work = len(x) * passes.multiply_adds(self.architecture, nodes)
        shown = passes.is_long(work, self._functions.values()) if progress is None else progress
        self._trace, self.step = None, self.step + training
        trace = _Trace(len(x), shown, {}, {}) if training else None
        delay = PATIENCE if progress is None else 0
        with passes.progress_bar(self.architecture.name, work, shown, delay) as bar:
            values = self._values(x, nodes, wanted, trace, bar)
        self._trace = trace
        if training:  # caches may hold these very arrays, and scores are often changed in place
            values = {name: values[name].copy() for name in wanted}
        return values[wanted[0]] if outputs is None else {name: values[name] for name in wanted}

    def backward(
        self,
        dout: ArrayLike | dict[str, ArrayLike],
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
        trace, first = self._trace, self.architecture.nodes[0].name
        slopes = run_checks.as_slopes(dout, self.architecture, trace.batch, self.dtype)
        trainable = set(
            self.params if trainable is None else run_checks.as_names(trainable, "trainable")
        )
        if unknown := trainable - set(self.params):
            raise ValueError(f"There are no parameters {', '.join(sorted(unknown))}.")
        useful = passes.with_gradients(self.architecture, trainable, input_gradient)
        self._trace = None
        grads = self._gradients(slopes, useful, trace)
        dx = slopes.get(first) if input_gradient else None
        if input_gradient and dx is None:
            dx = np.zeros((trace.batch, *self.architecture.input_shape), self.dtype)
        for name in trainable - set(grads):
            grads[name] = np.zeros_like(self.params[name])
        return dx, {name: grads[name] for name in self.params if name in trainable}

    def loss(
        self, X: ArrayLike, y: ArrayLike | None = None, reg: float = 0.0
    ) -> np.ndarray | tuple[float, dict[str, np.ndarray]]:
        """Softmax loss and gradients, in the form that the course's solvers call.

        Inputs:
        - X: pictures (N, C, H, W), or vectors (N, D)
        - y: labels (N,), from 0 to the number of classes - 1; None for scores only
        - reg: strength of L2 regularisation, 0.5 * reg * (sum of squares of every w)

        Returns the scores (N, classes) of a test pass where y is None; else a tuple of the loss and
        the gradients of all params. Side outputs count with a weight of 0.3.

        Raises ValueError when the labels do not fit, or an output is no vector of scores: a network
        for this loss is described without the softmax at its end.
        """
        if y is None:
            return self.forward(X)
        ends = self.architecture.outputs
        y = run_checks.as_labels(y, self.architecture, len(X))
        loss, slopes = 0.0, {}
        for name, scores in self.forward(X, "train", outputs=ends).items():
            weight = 1.0 if name == ends[-1] else AUXILIARY
            value, slope = softmax_loss(scores, y)
            loss += weight * value
            slopes[name] = weight * slope
        _, grads = self.backward(slopes, input_gradient=False)
        for name, value in self.params.items():
            if reg and name.endswith(".w"):
                loss += 0.5 * reg * float(np.vdot(value, value))
                grads[name] += reg * value
        return loss, grads

    def _values(self, x, nodes: tuple[Node, ...], wanted, trace: _Trace | None, bar) -> dict:
        """Run some nodes in order; the values of those that are wanted."""
        values = {self.architecture.nodes[0].name: x}
        unread = passes.readings(nodes, wanted)
        for node in nodes:
            read = [values[name] for name in node.inputs]
            for name in node.inputs:
                unread[name] -= 1
                if not unread[name]:
                    del values[name]
            if not isinstance(node.layer, Input):
                values[node.name] = self._run(node, read, trace)
            if bar is not None:
                bar.update(len(x) * passes.multiply_adds(self.architecture, [node]))
        return values

    def _run(self, node: Node, read: list[np.ndarray], trace: _Trace | None) -> np.ndarray:
        if isinstance(node.layer, JOINS):
            return calling.join(node.layer, read)
        call, x = self._call(node, trace is not None), read.pop()
        with naming(node, x.shape, call.function.name):
            shape = len(x), *self.architecture.shapes[node.name]
            out, cache = run_checks.out_and_cache(calling.forward(x, call), x, shape, call)
            if call.training:
                self._keep_averages(node, call)
        if trace is not None:
            trace.calls[node.name], trace.caches[node.name] = call, cache
        return out.astype(self.dtype, copy=False)

    def _gradients(self, slopes: dict[str, np.ndarray], useful: set[str], trace: _Trace) -> dict:
        """Run backward from slopes, the gradients on some nodes' values, to the useful nodes. They
        are used up, but for that on the input. Returns the gradients of the parameters met."""
        grads: dict[str, np.ndarray] = {}
        nodes = [node for node in self.architecture.nodes[1:] if node.name in useful]
        work = 2 * trace.batch * passes.multiply_adds(self.architecture, nodes)
        title = f"{self.architecture.name}, backward"
        with passes.progress_bar(title, work, trace.progress, PATIENCE) as bar:
            for node in reversed(self.architecture.nodes[1:]):
                cache, slope = trace.caches.pop(node.name, None), slopes.pop(node.name, None)
                if node.name not in useful:
                    continue
                if slope is not None:
                    shares, own = self._run_back(node, slope, cache, trace)
                    grads |= {f"{node.name}.{part}": grad for part, grad in own.items()}
                    for name, share in zip(node.inputs, shares):
                        if name in useful:
                            slopes[name] = slopes[name] + share if name in slopes else share
                if bar is not None:
                    bar.update(2 * trace.batch * passes.multiply_adds(self.architecture, [node]))
        return grads

    def _run_back(self, node: Node, slope: np.ndarray, cache, trace: _Trace):
        """The gradients on what a node reads, in order, and on its parameters by short names."""
        read = self.architecture.input_shapes(node.name)
        if isinstance(node.layer, JOINS):
            return calling.unjoin(node.layer, slope, read), {}
        call, shape = trace.calls.pop(node.name), (trace.batch, *read[0])
        name = call.function.backward_name
        with naming(node, shape, name):
            if call.function.backward is None:
                raise LookupError(f"{call.function.name} is there, but {name} is not.")
            dx, own = calling.backward(slope, cache, call)
            run_checks.check_gradients(dx, own, slope, shape, call)
        return [dx.astype(self.dtype, copy=False)], {
            part: grad.astype(self.dtype, copy=False) for part, grad in own.items()
        }

    def _call(self, node: Node, training: bool) -> Call:
        read = self.architecture.input_shapes(node.name)
        values = {
            part: self.params[f"{node.name}.{part}"] for part in node.layer.parameters(*read)
        } | {part: self.buffers[f"{node.name}.{part}"] for part in node.layer.buffers(*read)}
        seed = zlib.crc32(f"{self.seed} {self.step} {node.name}".encode())
        return Call(node.layer, self._functions[node.name], values, training, seed)

    def _keep_averages(self, node: Node, call: Call) -> None:
        read = self.architecture.input_shapes(node.name)
        averages = {part: shape for part, shape in node.layer.buffers(*read).items() if part != "w"}
        run_checks.check_averages(call, averages)
        for part in averages:
            self.buffers[f"{node.name}.{part}"] = np.asarray(call.values[part], self.dtype)
