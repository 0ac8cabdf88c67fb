"""How big is this network, what does it see, does it fit?

python -m cs231n.architectures vgg16 --batch 32 --memory 8GiB
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import textwrap
from pathlib import Path

from cs231n.architectures import zoo
from cs231n.architectures.accounting import cost, total
from cs231n.architectures.description import Architecture
from cs231n.architectures.linter import lint
from cs231n.architectures.memory import (
    OPTIMIZERS,
    WORKSPACES,
    format_bytes,
    inference_memory,
    largest_batch,
    parse_bytes,
    training_memory,
)
from cs231n.architectures.report import notes, summary
from cs231n.architectures.text import parse

FITS, DOES_NOT_FIT, BAD_INPUT = 0, 1, 2
FORMATS = ("text", "notes", "csv", "json", "html")


def parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(
        prog="python -m cs231n.architectures",
        description="Prints a network's table, what rules of thumb say of it, and whether it fits "
        "into memory.",
        epilog="Ends with 0, with 1 when the network does not fit into --memory, with 2 for input "
        "that cannot be read.",
    )
    p.add_argument(
        "network",
        nargs="?",
        help='a name from --list, a pattern in quotation marks, such as "INPUT32x32x3 -> '
        '[CONV3-32 -> RELU]*2 -> FC-10", or a JSON file',
    )
    p.add_argument("--list", action="store_true", help="list the networks known by name")
    p.add_argument(
        "--input", metavar="SIZE", help="pictures of another size: 224, 227x227, 32x32x1"
    )
    p.add_argument(
        "--set",
        nargs="+",
        action="extend",
        default=[],
        metavar="N=2",
        help="letters of a pattern, after it",
    )
    p.add_argument("--batch", type=int, default=1, help="pictures at a time (default: 1)")
    p.add_argument("--memory", metavar="SIZE", help="does it fit into this much, such as 8GiB?")
    p.add_argument(
        "--inference", action="store_true", help="memory to compute scores, not to train"
    )
    p.add_argument("--optimizer", choices=OPTIMIZERS, default="sgd", help="(default: sgd)")
    p.add_argument("--dtype", choices=("float16", "float32", "float64"), default="float32")
    p.add_argument("--in-place-relu", action="store_true", help="each ReLU overwrites its input")
    p.add_argument(
        "--workspace", choices=WORKSPACES, default="none", help="im2col's matrix (default: none)"
    )
    p.add_argument("--format", choices=FORMATS, default="text", help="(default: text)")
    p.add_argument(
        "--lint",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="what rules of thumb say, below the table (default: yes)",
    )
    p.add_argument("--draw", metavar="FILE", help="also draw its layers, as .svg, .png or .pdf")
    p.add_argument("--save", metavar="FILE", help="also write its description as JSON")
    return p


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        return run(options)
    except OSError as problem:
        print(f"error: {problem.filename or 'output'}: {problem.strerror}", file=sys.stderr)
    except ValueError as problem:
        print(f"error: {problem}", file=sys.stderr)
    return BAD_INPUT


def run(options: argparse.Namespace) -> int:
    if options.list:
        _print(listing())
        return FITS
    if not options.network:
        raise ValueError(
            "Which network? Give a name, a pattern or a file, before --set; --list shows the names."
        )
    net = network(options.network, options.set)
    if options.input is not None:
        net = net.with_input(*_sizes(options.input))
    verdict, code = judge(net, options)
    _print(_shown(net, options, verdict))
    if options.save:
        Path(options.save).write_text(net.to_json(), encoding="utf-8")
    if options.draw:
        _draw(net, options.draw)
    return code


def _shown(net: Architecture, options: argparse.Namespace, verdict: str) -> str:
    """The table; for people, with the findings and the verdict below it."""
    if options.format == "notes":
        text = notes(net, dtype=options.dtype)
    else:
        text = getattr(summary(net, dtype=options.dtype), options.format)().rstrip("\n")
    if options.format not in ("notes", "text"):
        return text
    findings = [f"- {finding}" for finding in lint(net)] if options.lint else []
    paragraphs = (textwrap.fill(p, 100, subsequent_indent="  ") for p in (*findings, verdict))
    return "\n\n".join([text, *paragraphs])


def _print(text: str) -> None:
    try:
        print(text, flush=True)
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def network(given: str, letters: list[str]) -> Architecture:
    """The network that was asked for: from a file, by a pattern, or by its name."""
    if "->" in given or "→" in given:
        return parse(given, **dict(map(_letter, letters)))
    if letters:
        raise ValueError("--set gives values to the letters of a pattern, and this is none.")
    if given.endswith(".json") or Path(given).is_file():
        try:
            return Architecture.from_json(Path(given).read_text(encoding="utf-8"))
        except (UnicodeDecodeError, RecursionError):
            raise ValueError(f"{given} is not a network's JSON, as --save writes it.") from None
    return zoo.build(given)


def judge(net: Architecture, options: argparse.Namespace) -> tuple[str, int]:
    """A sentence on memory, and the exit code."""
    how = {
        "dtype": options.dtype,
        "in_place_relu": options.in_place_relu,
        "workspace": options.workspace,
    }
    if options.inference:
        memory = inference_memory(net, options.batch, **how)
        aim = "compute scores"
    else:
        how["optimizer"] = options.optimizer
        memory = training_memory(net, options.batch, **how)
        aim = f"train with {options.optimizer}"
    pictures = "1 picture" if options.batch == 1 else f"{options.batch} pictures"
    parts = ", ".join(
        f"{format_bytes(count)} of {name.replace('_', ' ')}"
        for name, count in memory._asdict().items()
        if count
    )
    verdict = f"To {aim}, {pictures} at a time, it needs {format_bytes(memory.total)} ({parts})"
    if options.memory is None:
        return f"{verdict}.", FITS
    limit = parse_bytes(options.memory)
    most = largest_batch(net, limit, training=not options.inference, **how)
    fits = memory.total <= limit
    too_much = "" if fits else f", by {format_bytes(memory.total - limit)}"
    verdict += f": it {'fits' if fits else 'does not fit'} into {format_bytes(limit)}{too_much}. "
    verdict += f"The largest batch that fits is {most}." if most else "Not even one picture fits."
    return verdict, FITS if fits else DOES_NOT_FIT


def listing() -> str:
    """The zoo, a line each."""
    lines = [("name", "input", "parameters", "multiply-adds")]
    for name in zoo.NAMES:
        net = zoo.build(name)
        C, H, W = net.input_shape
        work = total(cost(net), "multiply_adds")
        lines.append((name, f"{H}x{W}x{C}", f"{net.parameter_count:,}", f"{work:,}"))
    widths = [max(map(len, column)) for column in zip(*lines)]
    return "\n".join(
        "  ".join([line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:]))])
        for line in lines
    )


def _sizes(text: str) -> tuple[int, ...]:
    """224, 227x227 or, height x width x channels, 32x32x1 as with_input takes them."""
    if not re.fullmatch(r"\d+(x\d+){0,2}", text):
        raise ValueError(f"--input is a size such as 224, 227x227 or 32x32x1, not {text!r}.")
    sizes = tuple(map(int, text.split("x")))
    return (sizes[2], *sizes[:2]) if len(sizes) == 3 else sizes


def _letter(text: str) -> tuple[str, int]:
    found = re.fullmatch(r"([A-Za-z]\w*)=([0-9]{1,9})", text)
    if not found or found[1] in ("text", "name", "optional"):  # which parse takes for itself
        raise ValueError(f"--set takes letters with numbers, such as N=2 M=3, not {text!r}.")
    return found[1], int(found[2])


def _draw(net: Architecture, path: str) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from cs231n.architectures.pictures import draw_graph

    figure = draw_graph(net)
    if Path(path).suffix.lstrip(".") not in figure.canvas.get_supported_filetypes():
        raise ValueError(f"--draw writes .svg, .png or .pdf, not {path!r}.")
    figure.savefig(path)


if __name__ == "__main__":
    sys.exit(main())
