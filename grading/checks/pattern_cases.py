"""The patterns and networks that the hidden checks of 7_architectures ask about.

Numbers are drawn, what makes a case hard is not: every secret draws numbers that tell each known
slip from the right answer.
"""

from __future__ import annotations

from dataclasses import dataclass

from cs231n.check.pattern_cases import RELU, conv, fc, pool
from cs231n.check.patterns import GENERAL
from grading.checks import oracle
from grading.reference import patterns

reference = oracle.remembering(patterns)


@dataclass(frozen=True)
class Case:
    """Layers in short: ("conv", size, stride, pad, dilation), ("pool", size, stride), "relu",
    "fc"; name and weight of the check, and what to look at when it fails."""

    name: str
    weight: float
    steps: tuple
    hint: str = ""


CONV, STRIDED = ("conv", 3, 1, 1, None), ("conv", 5, 2, 1, None)
DILATED = "Dilation 1 means none; at d, neighbouring taps are d pixels apart."
AXES = "A shape is (C, H, W): rows before columns."
CASES = [
    Case("convs that keep the size", 2, (CONV, "relu", CONV, "relu"), AXES),
    Case("convs with strides", 2, (STRIDED, ("conv", 3, 3, 0, None), CONV), AXES),
    Case("pools, side by side and overlapping", 2, (CONV, ("pool", 2, 2), CONV, ("pool", 3, 2))),
    Case("dilation", 2,
         (("conv", 3, 1, 2, 2), ("conv", 5, 2, 0, 3), ("conv", 3, 1, 1, 1)), DILATED),
    Case("1x1 filters", 1, (("conv", 1, 1, 0, None), "relu", ("conv", 1, 1, 0, None))),
    Case("fully connected layers at the end", 2,
         (CONV, "relu", ("pool", 2, 2), STRIDED, "fc", "relu", "fc", "fc")),
    Case("everything at once", 2,
         (("conv", 7, 3, 2, None), "relu", ("pool", 3, 1), "relu", ("conv", 3, 2, 1, 3),
          ("pool", 2, 2), ("conv", 3, 2, 1, None), "relu", "fc", "relu", "fc")),
]  # fmt: skip


def network(rng, steps) -> tuple[list[dict], tuple[int, int, int]]:
    """(layers, input shape) of steps; more columns than rows everywhere, and sizes that fit."""
    rows, columns = 3, int(rng.integers(6, 9))
    sizes = [rows, columns]
    layers: list[dict] = []
    for step in reversed(steps):  # from the last map back to the picture
        kind, *numbers = (step,) if isinstance(step, str) else step
        many = int(rng.integers(4, 30))
        if kind == "conv":
            size, stride, pad, dilation = numbers
            extra = {} if dilation is None else {"dilation": dilation}
            layers.append(conv(many, size, stride, pad, **extra))
        elif kind == "pool":
            layers.append(pool(*numbers))
        else:
            layers.append(dict(RELU) if kind == "relu" else fc(many))
        if kind in ("conv", "pool"):
            layer = layers[-1]
            span = (layer["size"] - 1) * layer.get("dilation", 1) + 1
            sizes = [(n - 1) * layer["stride"] + span - 2 * layer.get("pad", 0) for n in sizes]
    depth = int(rng.integers(31, 40))  # unlike any number of filters
    return layers[::-1], (depth, *sizes)


def sized(rng, steps):
    """(layers, shapes) of a drawn network."""
    layers, start = network(rng, steps)
    return layers, reference.layer_shapes(layers, start)


def counted(rng, steps):
    """(layers, shapes, parameters) of a drawn network."""
    layers, shapes = sized(rng, steps)
    return layers, shapes, reference.count_parameters(layers, shapes)


def drawn_counts(rng) -> dict:
    """Counts for N, M and K: all different, and none of them 1."""
    N, M, K = (int(n) for n in rng.permutation([2, 3, 4]))
    return {"N": N, "M": M, "K": K}


# Name of the check, weight, patterns.
PATTERNS = [
    ("a chain", 2, ("INPUT -> CONV -> RELU -> POOL -> FC", "FC", "conv1->Pool2->x9")),
    ("numbers", 2, ("A -> [B -> C]*3 -> D", "[A -> B -> C]*11", "A*2 -> B*4 -> [C]*2")),
    ("letters", 2, ("A -> [B -> C]*N -> [D]*M -> E", "[A -> B]*K -> C*N")),
    ("brackets in brackets", 3, ("[[A -> B]*N -> C]*M", "A -> [B -> [C -> D]*N -> E]*M -> F")),
    ("three levels", 2, ("[A -> [B -> [C]*2 -> D]*N -> [E]*K]*M", "[[[A]*2]*3 -> B]*2 -> C")),
    ("the course's general pattern", 3, (GENERAL,)),
    ("marks inside brackets", 2, ("[A -> B?]*N -> [C -> [D -> E?]*2]?", "[A?]*3 -> B", "A? -> B?")),
    ("two brackets of one depth", 1, ("[[A]*N -> [B]*M]*2 -> [C -> [D]*K]*2", "[A]*2 -> [B]*3")),
    ("spaces of all kinds", 1, (" \t[ [A->B] *N\n-> C ? ] * 2->D ", "[A]* 2 ->B ?")),
    ("brackets without a number", 1, ("[A -> [B]] -> C", "[[A]*2]")),
]
UNREADABLE = [
    ("brackets that do not match", 1.5, (
        ("[A -> B", (0, 1, 5, 6, 7, 8)), ("A -> B]*2", (5, 6, 7)),
        ("[A -> [B]*2", (0, 1, 9, 10, 11, 12)),
        ("A -> []*2", (5, 6, 7)), ("]A[", (0, 1)))),
    ("arrows that lead nowhere", 1.5, (
        ("A ->", (2, 3, 4, 5)), ("-> A", (0, 1)), ("A -> -> B", (2, 3, 5, 6)),
        ("[A ->] -> B", (3, 4, 5, 6)), ("[-> A]", (1, 2)), ("", (0, 1)))),
    ("layers without an arrow between them", 1.5, (
        ("A B", (0, 1, 2, 3)), ("[A]*2 B", (4, 5, 6, 7)), ("A [B]", (0, 1, 2, 3)),
        ("A - B", (2, 3)), ("A > B", (2, 3)))),
    ("counts that are none", 1.5, (
        ("A -> [B]*Q", (8, 9, 10)), ("A*", (1, 2, 3)), ("[A]*-> B", (3, 4, 5)),
        ("*2 -> A", (0, 1)), ("A -> ? -> B", (5, 6)), ("A*n", (1, 2, 3)))),
]  # fmt: skip

ILLEGAL = [
    ("a conv's stride that does not divide", 2, (
        ([conv(4, 3, 2)], (3, 10, 10)), ([conv(4, 5, 3, 1)], (3, 10, 12)),
        ([conv(4, 5, 3, 1)], (3, 12, 10)), ([conv(2, 3, 2, 0, dilation=2)], (1, 8, 9)))),
    ("a pool's stride that does not divide", 1, (
        ([pool(2, 2)], (3, 8, 9)), ([pool(2, 2)], (3, 9, 8)),
        ([conv(4, 3), pool(3, 2)], (3, 8, 9)))),
    ("windows that do not fit", 1, (
        ([conv(4, 7, 1, 1)], (3, 4, 9)), ([conv(4, 7, 1, 1)], (3, 9, 4)), ([pool(4, 1)], (3, 3, 8)),
        ([pool(9, 2)], (2, 3, 3)), ([conv(4, 3, 1, 0, dilation=4)], (3, 8, 12)))),
    ("layers that cannot read a vector, or are unknown", 1, (
        ([fc(12), conv(3, 1)], (3, 4, 4)), ([pool(2, 2)], (16,)), ([{"kind": "blur"}], (3, 4, 4)))),
]  # fmt: skip
