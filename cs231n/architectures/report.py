"""A network as a table: for a terminal, a notebook, a spreadsheet, a program, or as notes print it.

table = summary(build("vgg16"))
print(table)                   # text; in a notebook the table itself shows as HTML
table.csv(), table.json(), table.html()
print(notes(build("vgg16")))   # a line a layer, with each product written out
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from html import escape
from math import prod

import numpy as np

from cs231n.architectures.accounting import activations_in_place, cost, total
from cs231n.architectures.description import Architecture, ArchitectureError, Node
from cs231n.architectures.kinds import FC, Conv, Dropout, Flatten, Input, ReLU, Shape
from cs231n.architectures.memory import format_bytes
from cs231n.architectures.receptive import receptive_fields
from cs231n.language import padded, translate, width

# Columns: the key in CSV and JSON, and the heading.
COLUMNS = {
    "name": "name",
    "layer": "layer",
    "output": "output",
    "weights": "weights",
    "biases": "biases",
    "multiply_adds": "multiply-adds",
    "activations": "activations",
    "bytes": "memory",
    "sees": "sees",
}
NUMBERS = ("weights", "biases", "multiply_adds", "activations")


@dataclass(frozen=True)
class Table:
    """A network's layers, one row each, and their sums. All counts are for one picture."""

    title: str
    rows: list[dict]  # keys as in COLUMNS; "output" is a list, "sees" a pair or None
    totals: dict[str, int]
    notes: list[str]  # sentences under the table

    def __str__(self) -> str:
        return self.text()

    def text(self) -> str:
        """Aligned columns for a terminal."""
        heads = list(map(translate, COLUMNS.values()))
        lines = [heads, *map(_shown, self.rows), _shown(self._sums())]
        widths = [max(map(width, column)) for column in zip(*lines)]
        left = {"name", "layer"}
        aligned = [
            "  ".join(
                padded(cell, wide, right=key not in left)
                for key, cell, wide in zip(COLUMNS, line, widths)
            ).rstrip()
            for line in lines
        ]
        rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
        body = [aligned[0], rule, *aligned[1:-1], rule, aligned[-1]]
        return "\n".join([translate(self.title), "", *body, "", *map(translate, self.notes)])

    def html(self) -> str:
        """A table for a notebook or a page; every text in it is escaped."""
        side = 'style="text-align:left"'
        heads = "".join(f"<th {side}>{escape(translate(name))}</th>" for name in COLUMNS.values())

        def line(cells: list[str], tag: str) -> str:
            aligned = (
                f'<{tag} style="text-align:{"left" if key in ("name", "layer") else "right"}">'
                f"{escape(cell)}</{tag}>"
                for key, cell in zip(COLUMNS, cells)
            )
            return f"<tr>{''.join(aligned)}</tr>"

        body = "".join(line(_shown(row), "td") for row in self.rows)
        notes = "".join(f"<p>{escape(translate(note))}</p>" for note in self.notes)
        title = escape(translate(self.title))
        return (
            f"<table><caption {side}>{title}</caption><thead><tr>{heads}</tr></thead>"
            f"<tbody>{body}</tbody><tfoot>{line(_shown(self._sums()), 'th')}</tfoot></table>{notes}"
        )

    _repr_html_ = html

    def csv(self) -> str:
        """A line a layer, plain numbers, no sums."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in self.rows:
            sees = "" if row["sees"] is None else "x".join(map(str, row["sees"]))
            writer.writerow([*(row | {"output": _size(row["output"]), "sees": sees}).values()])
        return out.getvalue()

    def json(self) -> str:
        """Everything, for a program."""
        found = {"title": self.title, "layers": self.rows, "totals": self.totals}
        return json.dumps(found, indent=1, ensure_ascii=False) + "\n"

    def _sums(self) -> dict:
        empty = {"name": "total", "layer": "", "output": [], "sees": None}
        return {key: empty[key] if key in empty else self.totals[key] for key in COLUMNS}


def summary(architecture: Architecture, *, dtype="float32") -> Table:
    """The table of a network: what comes out of each layer, what it costs, and what it sees.

    Inputs:
    - architecture: the network
    - dtype: of activations, for their memory

    Returns a Table. "sees" is the receptive field in pixels of the input; it is absent where the
    input is a vector, or maps meet that do not belong together (see receptive_fields).
    """
    costs, size = cost(architecture), np.dtype(dtype).itemsize
    try:
        fields, unseen = receptive_fields(architecture), []
    except ArchitectureError as problem:
        fields, unseen = {}, [f"No receptive fields: {problem}"]
    rows = [
        {
            "name": row.name,
            "layer": row.label,
            "output": _notes_order(row.shape),
            **{key: getattr(row, key) for key in NUMBERS},
            "bytes": row.activations * size,
            "sees": list(fields[row.name].size) if fields else None,
        }
        for row in costs
    ]
    totals = {key: total(costs, key) for key in NUMBERS}
    totals["bytes"] = totals["activations"] * size
    parameters, in_place = totals["weights"] + totals["biases"], activations_in_place(costs)
    notes = [
        f"{parameters:,} parameters ({_both(parameters * size)}).",
        f"{totals['multiply_adds']:,} multiply-adds a picture.",
        f"{totals['activations']:,} activations a picture ({_both(totals['activations'] * size)}); "
        f"{in_place:,} ({_both(in_place * size)}) when each ReLU overwrites its input.",
        *unseen,
    ]
    return Table(f"{architecture.name}, {np.dtype(dtype).name}", rows, totals, notes)


def _shown(row: dict) -> list[str]:
    """A row's cells as a person reads them."""
    sees = row["sees"]
    return [
        row["name"],
        row["layer"],
        _size(row["output"]),
        *(f"{row[key]:,}" if row[key] else "" for key in NUMBERS),
        format_bytes(row["bytes"]) if row["bytes"] else "",
        "" if sees is None else _size(sees if sees[0] != sees[1] else sees[:1]),
    ]


def _both(count: int) -> str:
    return f"{count / 1e6:,.2f} MB = {count / 2**20:,.2f} MiB"


def _notes_order(shape: Shape) -> list[int]:
    """Height, width, depth, as the course notes write volumes; a vector is its length."""
    return [*shape[1:], shape[0]]


def _size(sizes) -> str:
    return "x".join(map(str, sizes))


def notes(architecture: Architecture, *, dtype="float32") -> str:
    """The network line by line as the course notes print VGG-16: the volume, its memory and its
    weights as products, without biases; ReLUs and dropout belong to the layer before.

    dtype is that of activations, for the sum of their bytes.
    """
    folded = (ReLU, Dropout, Flatten)
    shown = [node for node in architecture if not isinstance(node.layer, folded)]
    lines = [_noted(architecture, node) for node in shown]
    widths = [max(map(len, column)) for column in list(zip(*lines))[:2]]
    text = [f"{a.ljust(widths[0])}  {b.ljust(widths[1])}  {c}" for a, b, c in lines]
    costs, size = cost(architecture), np.dtype(dtype).itemsize
    values, weights = activations_in_place(costs), total(costs, "weights")
    return "\n".join(
        [
            *text,
            "",
            f"TOTAL memory: {values:,} * {size} bytes = {_both(values * size)} a picture "
            "(forward only; about twice that with the gradients)",
            f"TOTAL weights: {weights:,}; with {total(costs, 'biases'):,} biases "
            f"{weights + total(costs, 'biases'):,} parameters",
        ]
    )


def _noted(architecture: Architecture, node: Node) -> tuple[str, str, str]:
    shape = architecture.shapes[node.name]
    if len(shape) == 1:
        shape = (*shape, 1, 1)
    sizes = _notes_order(shape)
    label = node.layer.label if not isinstance(node.layer, Input | FC) else node.layer.kind.upper()
    values = str(sizes[2]) if sizes[:2] == [1, 1] else "*".join(map(str, sizes))
    memory = f"memory: {values}" + (f" = {_short(prod(sizes))}" if "*" in values else "")
    return f"{label}: [{_size(sizes)}]", memory, f"weights: {_product(architecture, node)}"


def _product(architecture: Architecture, node: Node) -> str:
    """The number of weights as it comes about."""
    layer, shapes = node.layer, architecture.input_shapes(node.name)
    sizes = layer.parameters(*shapes)
    count = prod(sizes.get("w") or sizes.get("gamma") or (0,))
    if not isinstance(layer, Conv | FC):
        return f"{count:,}"
    (read,) = shapes
    if isinstance(layer, Conv) and layer.connections:
        factors = f"({'*'.join(map(str, layer.size))})*{sizes['w'][0]}"
    elif isinstance(layer, Conv):
        factors = f"({'*'.join(map(str, (*layer.size, read[0] // layer.groups)))})*{layer.filters}"
    else:
        factors = "*".join(map(str, (*_notes_order(read), layer.neurons)))
    return f"{factors} = {count:,}"


def _short(count: int) -> str:
    """150K, 3.2M: as short as the notes write it."""
    for unit, size in (("M", 10**6), ("K", 10**3)):
        if count >= size:
            value = count / size
            return f"{value:.1f}{unit}" if value < 10 and unit == "M" else f"{int(value)}{unit}"
    return str(count)
