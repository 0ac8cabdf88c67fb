"""What one row of the catalogue holds, and the cells of a notebook in which it happens."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent


@dataclass(frozen=True)
class Row:
    """One line of the table.

    message: the first line that says what is wrong; "…" stands for any text. Where it has several
        lines, it is one of them.
    why, todo: what is behind it, and what to do
    tries: what the student did -> the notebook's cells; the last one shows the message
    """

    message: str
    why: str
    todo: str
    tries: dict[str, tuple[str, ...]]


def _function(first_line: str, body: str, *before: str, check: str = "") -> tuple[str, ...]:
    """The cell of a function with this body, and that of its check."""
    name = first_line.partition("(")[0]
    written = f"def {first_line}:\n{indent(body, '    ')}"
    return *before, written, check or f"check.{name}({name})"


def relu(body: str, *before: str) -> tuple[str, ...]:
    return _function("relu_forward(x)", body, *before)


def affine(body: str) -> tuple[str, ...]:
    return _function("affine_forward(x, w, b)", body)


def backward(body: str, forward: str = "return right_relu(x)[0], (x, 0)") -> tuple[str, ...]:
    check = "check.relu_backward(relu_forward, relu_backward)"
    return _function("relu_backward(dout, cache)", body, relu(forward)[0], check=check)


def conv(body: str, parameters: str = "x, w, b, conv_param") -> tuple[str, ...]:
    return _function(f"conv_forward_naive({parameters})", body)


def loss(body: str) -> tuple[str, ...]:
    return _function("softmax_loss(x, y)", body)


# The scores that the first check of the two-layer net gives away.
SCORES = "if y is None:\n    return np.array([[3.5, 2.5], [0.5, -0.5]])\n"
STUB = 'raise NotImplementedError("not implemented yet")'
RECTIFIED = "right_relu(x)[0]"
SUMS = "right_affine(x, w, b)[0]"


def net(body: str, method: str = "loss") -> tuple[str, ...]:
    return (
        "class TwoLayerNet:\n"
        "    def __init__(self, input_dim, hidden_dim, num_classes, reg):\n"
        "        self.params, self.reg = {}, reg\n\n"
        f"    def {method}(self, X, y=None):\n{indent(body, ' ' * 8)}",
        "def two_layer_net_loss(params, X, y=None, reg=0.0):\n"
        "    net = TwoLayerNet(2, 2, 2, reg)\n    net.params = params\n    return net.loss(X, y)",
        "check.two_layer_net(two_layer_net_loss)",
    )


def params(body: str) -> tuple[str, ...]:
    check = "check.three_layer_conv_net(three_layer_net_params, lambda *a: None)"
    line = "three_layer_net_params(input_dim, filters, size, hidden, classes, scale, dtype)"
    return _function(line, body, check=check)


def size(body: str) -> tuple[str, ...]:
    return _function("conv_output_size(size, filter_size, stride=1, pad=0, dilation=1)", body)


def maps(body: str) -> tuple[str, ...]:
    return _function("map_sizes(size, layers)", body)


def set_up_cell() -> str:
    notebook = Path(__file__).parents[3] / "assignments/assignment1/1_fully_connected.ipynb"
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return next("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


HIDE_PACKAGE = (
    "from unittest import mock\nmock.patch('importlib.util.find_spec', return_value=None).start()"
)
CHECK = "check.relu_forward(relu_forward)"
