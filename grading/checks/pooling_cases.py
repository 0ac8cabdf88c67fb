"""The layers that the hidden checks of 3_pooling try out."""

from __future__ import annotations

from dataclasses import dataclass

from cs231n.check.pooling_cases import AXES, distinct, pool_param

ADD_UP = "Where windows overlap, a pixel receives the gradients of all of them, added up."
SIZE = "pool_height and pool_width say how large a window is, stride where it begins."


@dataclass(frozen=True)
class Case:
    """A layer: name and weight of its check, sizes, and what to look at when it fails."""

    name: str
    weight: float
    shape: tuple[int, int, int, int]
    window: tuple[int, int]
    stride: int
    hint: str = ""

    @property
    def param(self) -> dict:
        """A fresh pool_param."""
        return pool_param(self.window, self.stride)


BASIC = Case("2×2 windows side by side", 3, (2, 3, 6, 4), (2, 2), 2)
CASES = [
    BASIC,
    Case("windows taller than wide, with gaps", 2, (2, 3, 9, 5), (3, 2), 3, AXES),
    Case("windows wider than tall, with gaps", 2, (3, 2, 5, 9), (2, 3), 3, AXES),
    Case("overlapping 3×3 windows, stride 2", 2, (2, 3, 7, 9), (3, 3), 2, ADD_UP),
    Case("overlapping 3×2 windows, stride 1", 2, (2, 3, 5, 4), (3, 2), 1, ADD_UP),
    Case("overlapping 2×4 windows, stride 2", 1, (1, 2, 6, 10), (2, 4), 2, ADD_UP),
    Case("one picture of one channel", 1, (1, 1, 11, 2), (3, 2), 4, SIZE),
    Case("one window over the whole picture, stride 2", 1, (2, 3, 4, 7), (4, 7), 2, SIZE),
    Case("single pixels, stride 3", 1, (1, 3, 7, 4), (1, 1), 3, SIZE),
]
FORTRAN = Case("", 1, (2, 3, 7, 5), (3, 3), 2, "Does a reshape rely on memory order?")


def with_zero_windows(rng):
    """Pictures (2, 3, 6, 8) with whole windows of zeros, alone and side by side."""
    x = distinct(rng, (2, 3, 6, 8))
    x[:, 1] = 0
    x[0, 0, :3, :4] = 0
    return x
