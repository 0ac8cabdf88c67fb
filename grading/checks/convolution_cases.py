"""The layers that the hidden checks of 2_convolution try out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Wide enough for float32 arithmetic, far narrower than any slip; one check asks for more.
LOOSE, EXACT = 2e-5, 1e-10


@dataclass(frozen=True)
class Case:
    """A layer: name and weight of its check, shapes, and what to look at when it fails."""

    name: str
    weight: float
    x_shape: tuple[int, int, int, int]
    w_shape: tuple[int, int, int, int]
    stride: int
    pad: int
    hint: str = ""
    dilation: int | None = None
    order: str = "C"
    dtype: type = np.float64
    tolerance: float = LOOSE

    @property
    def param(self) -> dict:
        """A fresh conv_param; "dilation" only where the case is about it."""
        param = {"stride": self.stride, "pad": self.pad}
        return param if self.dilation is None else param | {"dilation": self.dilation}

    def arrays(self, rng) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        shapes = (self.x_shape, self.w_shape, self.w_shape[:1])
        return tuple(
            np.array(rng.standard_normal(shape), dtype=self.dtype, order=self.order)
            for shape in shapes
        )


PAD = "The padding comes from conv_param, and may be 0."
STRIDE = "Window (i, j) starts at row i * stride and column j * stride, whatever its size."
PICTURE = "H and H_out go with rows, W and W_out with columns."
FILTER = "HH goes with rows, WW with columns."

BASIC = Case("3×3 filters, stride 1, padding 1", 3, (2, 3, 5, 5), (4, 3, 3, 3), 1, 1)
CASES = [
    Case("no padding", 2, (2, 3, 5, 5), (4, 3, 3, 3), 1, 0, PAD),
    Case("padding 2", 2, (2, 3, 4, 4), (4, 3, 5, 5), 1, 2, PAD),
    Case("stride 2, overlapping windows", 2, (2, 3, 7, 7), (4, 3, 3, 3), 2, 1, STRIDE),
    Case("stride 3, gaps between windows", 1, (2, 3, 8, 8), (4, 3, 2, 2), 3, 0, STRIDE),
    Case("picture taller than wide", 1, (2, 3, 8, 4), (4, 3, 3, 3), 1, 1, PICTURE),
    Case("picture wider than tall", 1, (3, 2, 4, 8), (1, 2, 2, 2), 2, 0, PICTURE),
    Case("filter taller than wide", 1, (1, 2, 6, 5), (3, 2, 4, 2), 1, 0, FILTER),
    Case("filter wider than tall", 1, (2, 1, 5, 8), (3, 1, 1, 4), 2, 0, FILTER),
    Case("one picture, one channel, one filter", 1, (1, 1, 4, 6), (1, 1, 2, 4), 2, 1),
    Case("a single number", 0.5, (1, 1, 1, 1), (1, 1, 1, 1), 1, 0),
    Case(
        "filter larger than the picture before padding", 1, (2, 3, 2, 1), (4, 3, 3, 5), 1, 2,
        "Only the padded picture has to be as large as the filter.",
    ),
    Case("filters of 1×1, stride 2", 0.5, (2, 4, 3, 5), (3, 4, 1, 1), 2, 0, STRIDE),
]  # fmt: skip
KINDS = [
    Case(
        "arrays in Fortran order", 0.5, (2, 3, 5, 6), (4, 3, 3, 2), 1, 1, order="F",
        hint="Strides and reshapes must not assume how an array lies in memory.",
    ),
    Case("float32 input", 0.5, (2, 3, 5, 4), (2, 3, 3, 3), 1, 1, dtype=np.float32),
    Case(
        "float64 input, float64 precision", 0.5, (2, 3, 4, 4), (2, 3, 3, 3), 1, 0, tolerance=EXACT,
        hint="Is something stored as float32 on the way?",
    ),
]  # fmt: skip
ALL_AT_ONCE = Case("everything at once, no two sizes alike", 2, (2, 3, 9, 12), (4, 3, 5, 2), 3, 1)
