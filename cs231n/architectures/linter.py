"""Rules of thumb for the sizes of layers, and where a network leaves them.

None of this is an error: AlexNet, ZFNet and GoogLeNet each break a rule on purpose. A finding says
which layer, what the numbers are, why it can matter, and what to try.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import NamedTuple

from cs231n.architectures.accounting import LayerCost, activations_in_place, cost, total
from cs231n.architectures.description import Architecture, Node
from cs231n.architectures.kind_windows import same_pad
from cs231n.architectures.kinds import FC, Concat, Conv, Local, Pool, Shape, Softmax, Windowed
from cs231n.language import translate

SPIKE = 0.2  # of all activations in one layer
HEAVY = 0.5  # of all parameters in one fully connected layer
SMALL = 2**20  # values or parameters; below, none is worth a word about memory


class Finding(NamedTuple):
    """One thing to think about."""

    layer: str
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.layer}: {translate(self.message)}"


def lint(architecture: Architecture) -> list[Finding]:
    """What the rules of thumb have to say about a network, in the order of its layers."""
    order = {node.name: number for number, node in enumerate(architecture)}
    found = [Finding(*finding) for check in CHECKS for finding in check(architecture)]
    return sorted(found, key=lambda finding: order[finding.layer])


def _windowed(architecture: Architecture) -> Iterator[tuple[Node, Shape]]:
    """Layers that look through windows smaller than the map, and the shape they read."""
    for node in architecture:
        if isinstance(node.layer, Windowed):
            (shape,) = architecture.input_shapes(node.name)
            if node.layer.window(shape).size != tuple(shape[1:]):
                yield node, shape


def _strides(architecture: Architecture):
    for node, shape in _windowed(architecture):
        if any(s > f for s, f in zip(node.layer.stride, node.layer.size)):
            continue  # which is worse, and said below
        edges = [(*_edge(node.layer, shape, axis), shape[1 + axis]) for axis in (0, 1)]
        lost, beyond, size = max(edges)
        if lost:
            message = (
                f"{node.layer.label} leaves {_pixels(lost)} of {size} out at the end, as "
                "the stride does not divide: nothing ever looks there. Choose a size or a pad that "
                "fits."
            )
            yield node.name, "stride", message
        elif beyond:
            message = (
                f"{node.layer.label} ends in a window that hangs {_pixels(beyond)} over, as the "
                "stride does not divide: its last values see less than the others. Choose a size "
                "or a pad that fits."
            )
            yield node.name, "stride", message


def _pixels(count: int) -> str:
    return "1 pixel" if count == 1 else f"{count} pixels"


def _edge(layer: Windowed, shape: Shape, axis: int) -> tuple[int, int]:
    """Pixels that no window sees at the end, and how far the last window reaches beyond the pad."""
    pad, size = layer.window(shape).pad[axis], shape[1 + axis]
    reach = layer.reach(shape)[axis] - pad
    return max(0, size - reach), max(0, reach - size - pad)


def _halvings(architecture: Architecture):
    """The input should be a multiple of all that it is divided by on its way."""
    factor: dict[str, tuple[int, int]] = {}
    for node in architecture:
        above = [factor[name] for name in node.inputs]
        height, width = (max(sizes) for sizes in zip(*above)) if above else (1, 1)
        if isinstance(node.layer, Conv | Pool) and node.layer.size is not None:
            down, right = (_divides(node.layer, axis) for axis in (0, 1))
            height, width = height * down, width * right
        factor[node.name] = height, width
    if len(architecture.input_shape) != 3:
        return
    most = [max(sizes) for sizes in zip(*factor.values())]
    for axis, name in enumerate(("height", "width")):
        size = architecture.input_shape[1 + axis]
        if size % most[axis]:
            fits = {size - size % most[axis] or most[axis], size - size % most[axis] + most[axis]}
            message = (
                f"The {name} of {size} is divided by {most[axis]} on its way through the network, "
                "and is no multiple of it, so borders get lost or padded unevenly: "
                f"{' or '.join(map(str, sorted(fits)))} would fit."
            )
            yield architecture.nodes[0].name, "halving", message


def _divides(layer: Windowed, axis: int) -> int:
    """The stride of a layer that makes n / stride of n places, and 1 for any other."""
    stride, size, pad = layer.stride[axis], layer.size[axis], layer.pad[axis]
    dilation = getattr(layer, "dilation", (1, 1))[axis]
    span = (size - 1) * dilation + 1
    return stride if 1 <= span - 2 * pad <= stride else 1


def _big_filters(architecture: Architecture):
    first = True
    for node, shape in _windowed(architecture):
        if not isinstance(node.layer, Conv):
            continue
        height, width = node.layer.size
        if not first and min(height, width) >= 5:  # 1x7 costs less than three of 3x3
            many, C = max(height, width) // 2, shape[0]
            dilated = " and the same dilation" if node.layer.dilation != (1, 1) else ""
            message = (
                f"{height}x{width} filters on a volume of {C} channels cost {height * width} "
                f"weights a pair of channels; {many} layers of 3x3{dilated} see as far for "
                f"{9 * many}, with {many - 1} more ReLU{'s' if many > 2 else ''} between them."
            )
            yield node.name, "big filter", message
        first = False


def _borders(architecture: Architecture):
    for node, _ in _windowed(architecture):
        layer = node.layer
        odd = isinstance(layer, Conv) and all(f % 2 for f in layer.size)
        if not odd or layer.stride != (1, 1):
            continue
        lost = max((f - 1) * d - 2 * p for f, d, p in zip(layer.size, layer.dilation, layer.pad))
        if lost > 0:
            down, right = same_pad(layer.size, layer.dilation)
            same = down if down == right else f"{down}x{right}"
            message = (
                f"Without enough padding the map shrinks by {lost}, and what lies at its border is "
                "looked at less often than the middle: pad "
                f"{same} keeps the size and leaves shrinking to pools."
            )
            yield node.name, "border", message


def _windows(architecture: Architecture):
    for node, _ in _windowed(architecture):
        layer = node.layer
        dilated = max(getattr(layer, "dilation", (1, 1))) > 1
        if any(s > f for s, f in zip(layer.stride, layer.size)) and not dilated:
            read = prod(map(min, layer.stride, layer.size))
            message = (
                f"The stride of {max(layer.stride)} is larger than the window: of every "
                f"{prod(layer.stride)} pixels it reads {read}. Windows as large as the stride see "
                "all, and so does an average before it (ResNet-D: He et al., 2018)."
            )
            yield node.name, "gaps", message
        elif isinstance(layer, Pool) and max(layer.size) > 3:
            kept = prod(layer.stride)
            message = (
                f"A pool over {layer.size[0]}x{layer.size[1]} keeps one value of {kept}: windows "
                "larger than 3x3 usually throw away too much. Pool by 2 twice instead, with "
                "filters between."
            )
            yield node.name, "pool", message
        elif isinstance(layer, Conv) and not all(f % 2 for f in layer.size):
            message = (
                "Filters of an even size have no middle: the map shifts by half a pixel, and no "
                "padding keeps its size. Odd sizes do."
            )
            yield node.name, "even filter", message


def _memory(architecture: Architecture):
    costs = cost(architecture)
    everything = activations_in_place(costs)
    if everything < SMALL:
        return
    for row in costs[1:]:
        share = row.activations / everything
        if share > SPIKE and row.kind in (Conv.kind, Local.kind, Pool.kind, Concat.kind):
            strides = getattr(architecture[row.name].layer, "stride", None) or (1, 1)
            message = (
                f"Its {row.activations:,} values are {share:.0%} of all activations of a picture. "
            )
            if max(strides) > 1:
                message += (
                    f"It has a stride of {max(strides)} already; where memory is short, what is "
                    "left are fewer filters, smaller pictures or a smaller batch."
                )
            else:
                message += (
                    "Where memory is short, the compromise is at the first layers: a larger filter "
                    "with a stride, such as 7x7/2, or a pool earlier."
                )
            yield row.name, "memory", message


def _heavy_layers(architecture: Architecture):
    costs = cost(architecture)
    parameters = total(costs, "parameters")
    for row in costs:
        if row.kind != FC.kind or not _is_heavy(row, parameters):
            continue
        (shape,) = architecture.input_shapes(row.name)
        if prod(shape[1:]) > 1:
            advice = (
                "Layers with filters and pools before it, or an average over the whole map "
                "(GoogLeNet, ResNet), take nearly all of them away."
            )
        elif _gives_scores(architecture, row.name):
            continue  # how many scores there are is not a choice
        else:
            advice = "Fewer neurons here, or in the layer before, save most of them."
        message = (
            f"{row.parameters:,} of {parameters:,} parameters ({row.parameters / parameters:.0%}) "
            f"are in this layer, which reads {'x'.join(map(str, (*shape[1:], shape[0])))}. {advice}"
        )
        yield row.name, "parameters", message


def _gives_scores(architecture: Architecture, name: str) -> bool:
    return all(
        isinstance(architecture[reader].layer, Softmax) for reader in architecture.readers[name]
    )


def _is_heavy(row: LayerCost, parameters: int) -> bool:
    return row.parameters > HEAVY * parameters and row.parameters > SMALL


CHECKS = (_strides, _halvings, _big_filters, _borders, _windows, _memory, _heavy_layers)
