"""What one value of a layer sees of the picture, with a choice of networks, layers and changes."""

from __future__ import annotations

from dataclasses import replace
from html import escape

import matplotlib.pyplot as plt

from cs231n.language import translate
from cs231n.vis.explorer import Explorer, Picture, controls_style, picture_of, table

CLASSIC = ("lenet5", "alexnet", "zfnet", "vgg16", "googlenet", "resnet18", "resnet50")
NOTHING, MINUS = "nothing", "\N{MINUS SIGN}"


def receptive_field_explorer(name="alexnet"):
    """Choose a network and a layer: the picture shows which pixels one value of the layer sees.

    Inputs:
    - name: the network to begin with, one of the zoo's, or an Architecture of your own

    With ipywidgets there are controls: the network, the layer, the value's row and column in the
    layer's map, and a layer whose stride or dilation you change, with the field before and after.
    Where there are none, there is a still of a layer in the middle of the network.

    Returns an Explorer, which a notebook shows. Raises ValueError when there is no such network.
    """
    return ReceptiveFieldExplorer(networks_with(name, CLASSIC), name)


def networks_with(name, others) -> dict:
    """Networks to choose from, {name: Architecture or None until it is needed}, with `name` among
    them: the name of one of the zoo's, or an Architecture."""
    from cs231n.architectures import Architecture, build

    if isinstance(name, Architecture):
        return {name.name: name, **{n: None for n in others if n != name.name}}
    if not isinstance(name, str):
        raise TypeError(
            f"A network is named by a string such as 'vgg16', not a {type(name).__name__}."
        )
    return {name: build(name), **{n: None for n in others if n != name}}


def chosen(networks: dict, name: str):
    """The network of that name, built where it has not been yet."""
    from cs231n.architectures import build

    if networks[name] is None:
        networks[name] = build(name)
    return networks[name]


class ReceptiveFieldExplorer(Explorer):
    """See receptive_field_explorer."""

    def __init__(self, networks: dict, name):
        self.networks = networks
        network = name if isinstance(name, str) else name.name
        layers = self._layers(chosen(networks, network))
        layer = _middle_layer(chosen(networks, network), layers)
        rows, columns = _map(chosen(networks, network), layer)
        super().__init__(
            network=network,
            layer=layer,
            row=rows // 2,
            column=columns // 2,
            change=NOTHING,
            stride=1,
            dilation=1,
        )

    def make_controls(self, widgets) -> dict:
        s = self.settings
        net = chosen(self.networks, s["network"])
        rows, columns = _map(net, s["layer"])
        style = controls_style("80px")
        layers = self._layers(net)
        changes = [NOTHING, *self._changeable(net, s["layer"])]
        return {
            "network": widgets.Dropdown(
                options=list(self.networks), value=s["network"], description="network", **style
            ),
            "layer": widgets.SelectionSlider(
                options=layers, value=s["layer"], description="layer", **style
            ),
            "row": widgets.IntSlider(s["row"], 0, rows - 1, description="row", **style),
            "column": widgets.IntSlider(s["column"], 0, columns - 1, description="column", **style),
            "change": widgets.Dropdown(
                options=changes, value=NOTHING, description="change in", **style
            ),
            "stride": widgets.IntSlider(1, 1, 4, description="its stride", disabled=True, **style),
            "dilation": widgets.IntSlider(
                1, 1, 4, description="its dilation", disabled=True, **style
            ),
        }

    def adapt(self, changed: str) -> None:
        control = self.controls
        net = chosen(self.networks, control["network"].value)
        if changed == "network":
            layers = self._layers(net)
            control["layer"].options = layers
            control["layer"].value = _middle_layer(net, layers)
        if changed in ("network", "layer"):
            before = control["change"].value
            changes = [NOTHING, *self._changeable(net, control["layer"].value)]
            control["change"].options = changes
            kept = changed == "layer" and before in changes
            control["change"].value = before if kept else NOTHING
            if not kept:
                changed = "change"
        if changed == "change":
            self._adapt_change(net, control["change"].value)
        if changed not in ("row", "column"):
            self._adapt_place(net)

    def _adapt_change(self, net, name: str) -> None:
        """Sets stride and dilation to what the layer to change has."""
        stride, dilation = self.controls["stride"], self.controls["dilation"]
        layer = None if name == NOTHING else net[name].layer
        stride.disabled = layer is None
        dilation.disabled = not hasattr(layer, "dilation")
        stride.value = layer.stride[0] if layer else 1
        dilation.value = layer.dilation[0] if hasattr(layer, "dilation") else 1

    def _adapt_place(self, net) -> None:
        """Puts row and column into the middle of the layer's map."""
        settings = {name: control.value for name, control in self.controls.items()}
        try:
            net = _changed(net, settings)
        except ValueError:
            return
        for name, count in zip(("row", "column"), _map(net, settings["layer"])):
            self.controls[name].max = count - 1
            self.controls[name].value = count // 2

    @staticmethod
    def _layers(net) -> list[str]:
        """The layers that look through a window, to choose from."""
        windows = [n.name for n in net if n.inputs and n.layer.window(net.shapes[n.inputs[0]])]
        if not windows:
            raise ValueError(f"{net.name} has no layer that looks through a window.")
        return windows

    @staticmethod
    def _changeable(net, layer: str) -> list[str]:
        """The layers with a stride of their own that lead to one."""
        return [n.name for n in net.leading_to([layer]) if hasattr(n.layer, "rounding")]

    def draw(self) -> Picture:
        from cs231n.architectures.pictures import draw_receptive_field
        from cs231n.architectures.receptive import receptive_fields

        s, net = self.settings, chosen(self.networks, self.settings["network"])
        layer, place = s["layer"], (s["row"], s["column"])
        new = _changed(net, s)
        before = net if new is not net else None
        heading = f"What one value of {layer} in {net.name} sees"
        fig = draw_receptive_field(
            new, layer, place=place, before=before, title=heading, caption=""
        )
        fig.set_layout_engine("none")  # the picture stays in its place, and it is faster
        fig.set_size_inches(8.8, 5.2)
        fig.axes[0].set_position((0.07, 0.1, 0.5, 0.82))
        try:
            return picture_of(fig, *self._words(net, new, receptive_fields, heading))
        finally:
            plt.close(fig)

    def _words(self, net, new, receptive_fields, heading: str) -> tuple[str, str]:
        """The text in place of the picture, and the words below it."""
        s = self.settings
        layer, place = s["layer"], (s["row"], s["column"])
        old, field = receptive_fields(net)[layer], receptive_fields(new)[layer]
        (top, bottom), (left, right) = field.seen_from(place)
        seen = f"rows {top} to {bottom - 1}, columns {left} to {right - 1}".replace("-", MINUS)
        H, W = net.input_shape[1:]
        alt = f"{heading}: a frame around {seen} of a picture of {H}×{W} pixels"
        beyond = top < 0 or left < 0 or bottom > H or right > W
        alt += ", partly in the padding." if beyond else "."
        rows = [
            ("size of the field", *map(_size, (old.size, field.size))),
            ("jump from one value to the next", *map(_size, (old.jump, field.jump))),
            ("centre of the first value (row, column)", *map(_place, (old.centre, field.centre))),
            ("the layer's map", *(_size(_map(n, layer)) for n in (net, new))),
        ]
        heads = ("", "pixels")
        if new is net:
            rows = [(name, value) for name, value, _ in rows]
        else:
            heads = ("", "as published", f"with another {s['change']}")
            alt += f" Before the change the field was {_size(old.size)}, now {_size(field.size)}."
        words = f"The value at row {place[0]}, column {place[1]} sees {seen}. {_sum(new, layer)}"
        return alt, f"<p>{escape(translate(words))}</p>{table(rows, heads)}"


def _changed(net, settings: dict):
    """The network up to the layer, with another stride and dilation in one place; the network
    itself when nothing differs. Raises ValueError when that gives no network."""
    name, stride, dilation = (settings[key] for key in ("change", "stride", "dilation"))
    if name == NOTHING:
        return net
    layer = net[name].layer
    changes = {}
    if stride != layer.stride[0]:
        changes["stride"] = (stride, stride)
    if hasattr(layer, "dilation") and dilation != layer.dilation[0]:
        changes["dilation"] = (dilation, dilation)
        changes["pad"] = tuple(p * dilation // d for p, d in zip(layer.pad, layer.dilation))
    if not changes:
        return net
    nodes = []
    for node in net.leading_to([settings["layer"]]):
        new = node.layer
        if getattr(new, "rounding", "") == "exact":
            new = replace(new, rounding="floor")  # what a stride leaves over is cut off
        if node.name == name:
            new = replace(new, **changes)
        nodes.append(replace(node, layer=new))
    try:
        return replace(net, nodes=tuple(nodes))
    except ValueError as problem:
        raise ValueError(
            f"With stride {stride} and dilation {dilation} in {name} the layers no longer go "
            f"together. {problem}"
        ) from None


def _sum(net, layer: str) -> str:
    """How the size of a field comes from that of the layer before, in numbers."""
    from cs231n.architectures.receptive import receptive_fields

    node, fields = net[layer], receptive_fields(net)
    source, window = fields[node.inputs[0]], node.layer.window(net.shapes[node.inputs[0]])
    before, jump, taps, apart = source.size[0], source.jump[0], window.size[0], window.dilation[0]
    dilated = f" · {apart} (dilation)" if apart > 1 else ""
    return (
        f"Its size: {before} (the layer before) + ({taps} − 1){dilated} · {jump} (its jump) = "
        f"{fields[layer].size[0]}."
    )


def _map(net, layer: str) -> tuple[int, int]:
    """Rows and columns of a layer's outputs."""
    return net.shapes[layer][1:] or (1, 1)


def _middle_layer(net, layers: list[str]) -> str:
    """The last layer whose field fits into the picture: there is most to see."""
    from cs231n.architectures.receptive import receptive_fields

    fields, room = receptive_fields(net), min(net.input_shape[1:])
    fitting = [name for name in layers if max(fields[name].size) <= 0.75 * room]
    return (fitting or layers)[-1]


def _size(pair) -> str:
    return f"{pair[0]}×{pair[1]}"


def _place(pair) -> str:
    return f"({pair[0]:g}, {pair[1]:g})".replace("-", MINUS)
