"""What a network takes of the memory, with sliders for what decides it."""

from __future__ import annotations

from html import escape

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from cs231n.language import join
from cs231n.vis.explore_receptive import chosen, networks_with
from cs231n.vis.explorer import DPI, Explorer, Picture, controls_style, picture_of, table
from cs231n.vis.style import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, RED, SKY, YELLOW, tint

CLASSIC = (
    *("lenet5", "alexnet", "zfnet", "vgg16", "vgg19", "googlenet"),
    *("resnet18", "resnet50", "resnet152", "cifar_resnet20"),
)
BATCHES = tuple(2**k for k in range(11))
SCALES = (0.5, 0.75, 1, 1.25, 1.5, 2, 3)  # input sizes to choose from, in terms of the network's
BUDGETS = ("2GiB", "4GiB", "8GiB", "12GiB", "16GiB", "24GiB", "40GiB", "80GiB")
TRAINING, INFERENCE = "training", "inference"
PARTS = (  # a colour and a hatch each: they are told apart without colour as well
    ("parameters", BLUE, ""),
    ("their gradients", SKY, "///"),
    ("optimiser's state", PURPLE, "..."),
    ("activations", GREEN, "\\\\\\"),
    ("activations' gradients", YELLOW, "xxx"),
    ("workspace of im2col", ORANGE, "++"),
)


def memory_explorer(name="vgg16", memory="8GiB", batch: int = 32):
    """Whether a network fits into the memory: each part as a bar, all together against a budget.

    Inputs:
    - name: the network to begin with, one of the zoo's, or an Architecture of your own
    - memory: the budget, such as "8GiB", "11 GB" or a number of bytes
    - batch: pictures at a time to begin with

    With ipywidgets there are controls: network, batch, size of the input, type of number, training
    or inference, optimiser, what im2col needs, and the budget. Where there are none, there is a
    still of the arguments.

    Returns an Explorer, which a notebook shows. Raises ValueError when there is no such network, or
    memory is no amount.
    """
    from cs231n.architectures.memory import parse_bytes

    parse_bytes(memory)
    return MemoryExplorer(networks_with(name, CLASSIC), name, str(memory), batch)


class MemoryExplorer(Explorer):
    """See memory_explorer."""

    def __init__(self, networks: dict, name, budget: str, batch: int):
        self.networks, self.given = networks, batch
        network = name if isinstance(name, str) else name.name
        super().__init__(
            network=network,
            batch=batch,
            side=min(chosen(networks, network).input_shape[1:]),
            dtype="float32",
            mode=TRAINING,
            optimizer="sgd",
            workspace="none",
            budget=budget,
        )

    def make_controls(self, widgets) -> dict:
        from cs231n.architectures.memory import OPTIMIZERS, WORKSPACES, parse_bytes

        s = self.settings
        budgets = sorted({*BUDGETS, s["budget"]}, key=parse_bytes)

        def choice(name: str, words: str, options, kind=widgets.Dropdown):
            style = controls_style("140px")
            return kind(options=options, value=s[name], description=words, **style)

        batches = sorted({*BATCHES, self.given})
        slider = widgets.SelectionSlider
        sides = self._sides(chosen(self.networks, s["network"]))
        return {
            "network": choice("network", "network", list(self.networks)),
            "batch": choice("batch", "pictures in a batch", batches, slider),
            "side": choice("side", "input height = width", sides, slider),
            "dtype": choice("dtype", "type of number", ["float64", "float32", "float16"]),
            "mode": choice("mode", "for", [TRAINING, INFERENCE]),
            "optimizer": choice("optimizer", "optimiser", list(OPTIMIZERS)),
            "workspace": choice("workspace", "im2col's matrix", _explained(WORKSPACES)),
            "budget": choice("budget", "memory there is", budgets, slider),
        }

    def adapt(self, changed: str) -> None:
        control = self.controls
        if changed == "network":
            net = chosen(self.networks, control["network"].value)
            control["side"].options = self._sides(net)
            control["side"].value = min(net.input_shape[1:])
        control["optimizer"].disabled = control["mode"].value == INFERENCE

    @staticmethod
    def _sides(net) -> list[int]:
        """The sizes of the input to choose from: near these scales, what the strides divide."""
        own = min(net.input_shape[1:])
        found = {own}
        for scale in SCALES:
            for side in range(round(own * scale), round(own * scale) + 64):
                try:
                    net.with_input(side)
                except ValueError:
                    continue
                found.add(side)
                break
        return sorted(found)

    def draw(self) -> Picture:
        from cs231n.architectures.memory import (
            format_bytes,
            inference_memory,
            largest_batch,
            parse_bytes,
            training_memory,
        )

        s, net = self.settings, chosen(self.networks, self.settings["network"])
        if s["side"] != min(net.input_shape[1:]):
            net = net.with_input(s["side"])
        training = s["mode"] == TRAINING
        options = {"dtype": s["dtype"], "workspace": s["workspace"]}
        if training:
            options["optimizer"] = s["optimizer"]
        need = (training_memory if training else inference_memory)(net, s["batch"], **options)
        budget = parse_bytes(s["budget"])
        most = largest_batch(net, budget, training=training, **options)
        fits = need.total <= budget
        needed, there = format_bytes(need.total), format_bytes(budget)
        verdict = (
            f"{needed} of {there}: it fits" if fits else f"{needed} of {there}: it does not fit"
        )
        title = f"{net.name}, {_pictures(s['batch'])} of {_size(net)}, {s['dtype']}"
        title += f", training with {s['optimizer']}" if training else ", inference"
        fig = _bars(need, budget, title, verdict, format_bytes)
        largest = f"The largest batch that fits: {most:,}." if most else "Not even one fits."
        shown = [(words, size) for (words, *_), size in zip(PARTS, need) if size]
        alt = f"{title}. {verdict}. {largest} " + ", ".join(
            f"{words}: {format_bytes(size)}" for words, size in shown
        )
        rows = [(words, format_bytes(size), f"{size / need.total:.0%}") for words, size in shown]
        heads = ("", "memory", "of the whole")
        below = f"<p><b>{escape(join((verdict, largest)))}</b></p>{table(rows, heads)}"
        return picture_of(fig, f"{alt}.", below)


def _explained(workspaces) -> list[tuple[str, str]]:
    words = {"picture": "for one picture at a time", "batch": "for the whole batch"}
    return [(words.get(name, name), name) for name in workspaces]


def _pictures(count: int) -> str:
    return "1 picture" if count == 1 else f"{count:,} pictures"


def _size(net) -> str:
    return "×".join(map(str, net.input_shape[1:]))


def _bars(need, budget: int, title: str, verdict: str, written) -> Figure:
    """The parts as bars, one below another, and at the bottom all in a row against the budget."""
    fig = Figure(figsize=(8.4, 3.9), dpi=DPI)
    ax = fig.add_axes((0.2, 0.15, 0.76, 0.74))
    unit, name = _unit(need.total)
    whole, budget_at = need.total / unit, budget / unit
    edge = max(whole * 1.28, min(budget_at * 1.12, whole * 3))
    last, left = len(PARTS), 0.0
    label = {"va": "center", "fontsize": 9, "zorder": 4}
    label["bbox"] = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
    for row, ((_, colour, hatch), size) in enumerate(zip(PARTS, need)):
        look = {"facecolor": tint(colour, 0.55), "edgecolor": INK, "hatch": hatch, "linewidth": 0.7}
        ax.add_artist(Rectangle((0, row - 0.36), size / unit, 0.72, **look))
        ax.add_artist(Rectangle((left, last - 0.36), size / unit, 0.72, **look))
        ax.annotate(
            written(size) if size else "0",
            (size / unit, row),
            (7, 0),
            textcoords="offset points",
            **label,
        )
        left += size / unit
    style = {"textcoords": "offset points", "weight": "bold", **label}
    ax.annotate(written(need.total), (whole, last), (7, 0), **style)
    ax.set(xlim=(0, edge), ylim=(last + 0.6, -1.0))
    style = {"va": "center", "fontsize": 9, "color": INK}
    if budget_at <= edge:
        ax.axvline(budget_at, color=RED, linewidth=2, linestyle="--", zorder=3)
        side = "right" if budget_at > 0.6 * edge else "left"
        ax.text(budget_at, -0.7, f"  there are {written(budget)}  ", ha=side, **style)
    else:
        words = f"there are {written(budget)}, far to the right \N{RIGHTWARDS ARROW}"
        ax.text(edge, -0.7, words, ha="right", **style)
    ax.set_yticks(range(last + 1), [words for words, *_ in PARTS] + ["all together"])
    ax.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 4, 5, 10]))
    ax.tick_params(labelsize=9, length=2)
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_xlabel(f"memory ({name}; 1 GiB = 1024 MiB)", fontsize=9, color=GREY)
    fig.text(0.01, 0.97, title, fontsize=11, va="top", color=INK)
    fig.text(0.99, 0.97, verdict, fontsize=11, va="top", ha="right", weight="bold", color=INK)
    return fig


def _unit(count: int) -> tuple[int, str]:
    """The largest unit of which there is at least one, and its name."""
    for power, name in ((3, "GiB"), (2, "MiB"), (1, "KiB")):
        if count >= 1024**power:
            return 1024**power, name
    return 1, "bytes"
