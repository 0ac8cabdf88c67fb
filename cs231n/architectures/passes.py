"""What a pass through a network needs to know beforehand: who still reads what, where gradients
have to go, and whether it will take long."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import nullcontext
from typing import Any

from cs231n.architectures.description import Architecture, Node
from cs231n.architectures.functions import Function

LONG = 2 * 10**10  # multiply-adds: a forward pass of more shows its progress
LONG_FOR_LOOPS = 2 * 10**8  # the same where a function is not the kit's, as loops take longer


def readings(nodes: Collection[Node], wanted: Iterable[str]) -> dict[str, int]:
    """How often each node's values are read; those wanted at the end are read once more then."""
    unread = {node.name: int(node.name in wanted) for node in nodes}
    for node in nodes:
        for name in node.inputs:
            unread[name] += 1
    return unread


def with_gradients(
    architecture: Architecture, trainable: Iterable[str], input_gradient: bool
) -> set[str]:
    """The nodes whose gradient leads to a trainable parameter, or to the input if wanted."""
    useful = {architecture.nodes[0].name} if input_gradient else set()
    owners = {name.rpartition(".")[0] for name in trainable}
    for node in architecture:
        if node.name in owners or useful.intersection(node.inputs):
            useful.add(node.name)
    return useful


def multiply_adds(architecture: Architecture, nodes: Iterable[Node]) -> int:
    """Of some layers together, for one picture."""
    return sum(node.layer.multiply_adds(*architecture.input_shapes(node.name)) for node in nodes)


def is_long(work: int, functions: Iterable[Function]) -> bool:
    """Whether so many multiply-adds, of the whole batch, take long enough to show progress."""
    ours = all(function.is_ours for function in functions)
    return work > (LONG if ours else LONG_FOR_LOOPS)


def progress_bar(title: str, work: int, shown: bool, delay: float = 0) -> Any:
    """A context with a progress bar of `work` multiply-adds, which appears after `delay` seconds,
    or a context with None."""
    if not shown:
        return nullcontext()
    from tqdm.auto import tqdm

    form = {"unit": "MAC", "unit_scale": True, "leave": False}
    return tqdm(total=work, desc=title[:40], delay=delay, **form)
