"""The shapes that are measured, what each costs in arithmetic and in bytes, and the values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from cs231n.im2col import window_grid

PASSES = ("forward", "backward")


@dataclass(frozen=True)
class Convolution:
    """One convolutional layer: x (N, C, H, W), w (F, C, HH, WW)."""

    name: str
    N: int
    C: int
    H: int
    W: int
    F: int
    HH: int
    WW: int
    stride: int
    pad: int

    @property
    def out_shape(self) -> tuple[int, int, int, int]:
        grid = window_grid((self.H, self.W), (self.HH, self.WW), self.stride, self.pad)
        return (self.N, self.F, *grid.out)

    @property
    def conv_param(self) -> dict:
        return {"stride": self.stride, "pad": self.pad}

    def flops(self, which: str) -> int:
        """Multiplications and additions: forward once; backward twice that, for dx and for dw."""
        _, _, H_out, W_out = self.out_shape
        once = 2 * self.N * self.F * H_out * W_out * self.C * self.HH * self.WW
        return once if which == "forward" else 2 * once

    def bytes(self, which: str, itemsize: int) -> int:
        """What must be read and written at least once, were the caches boundless."""
        x = self.N * self.C * self.H * self.W
        w = self.F * self.C * self.HH * self.WW
        out = int(np.prod(self.out_shape))
        # forward: x, w, b -> out; backward: x, w, dout -> dx, dw, db
        values = x + w + self.F + out if which == "forward" else 2 * (x + w) + out + self.F
        return values * itemsize

    def arrays(self, dtype: str, seed: int = 231) -> list[np.ndarray]:
        """x, w, b and dout: the same float32 values for every dtype."""
        rng = np.random.default_rng(seed)
        shapes = (
            (self.N, self.C, self.H, self.W),
            (self.F, self.C, self.HH, self.WW),
            (self.F,),
            self.out_shape,
        )
        return [rng.standard_normal(s, dtype=np.float32).astype(dtype) for s in shapes]


@dataclass(frozen=True)
class Pooling:
    """One max pooling layer with square windows; what the stride leaves over is left out."""

    name: str
    N: int
    C: int
    H: int
    W: int
    window: int
    stride: int

    @property
    def out_shape(self) -> tuple[int, int, int, int]:
        size, window = (self.H, self.W), (self.window, self.window)
        return (self.N, self.C, *window_grid(size, window, self.stride, rounding="floor").out)

    @property
    def pool_param(self) -> dict:
        return {"pool_height": self.window, "pool_width": self.window, "stride": self.stride}

    def arrays(self, dtype: str, seed: int = 231) -> list[np.ndarray]:
        """x and dout."""
        rng = np.random.default_rng(seed)
        shapes = (self.N, self.C, self.H, self.W), self.out_shape
        return [rng.standard_normal(s, dtype=np.float32).astype(dtype) for s in shapes]


class Step(NamedTuple):
    """Sizes of the three-layer net: filters x filters, then 2x2 pooling, then two affine layers."""

    N: int = 50
    size: int = 32
    filters: int = 32
    filter_size: int = 7
    hidden: int = 100
    classes: int = 10


class Sizes(NamedTuple):
    """All that is measured. Tests pass a smaller one."""

    convolutions: tuple[Convolution, ...]
    poolings: tuple[Pooling, ...]
    step: Step
    matmul: int  # rows and columns of the matrix product's matrices
    stream: int  # values in each array of the memory bandwidth's measurement
    pause: float  # seconds before an implementation's turn: see measure.interleaved


FULL = Sizes(
    convolutions=(
        Convolution("a", 100, 3, 31, 31, 25, 3, 3, 2, 1),  # the CS231n notebook's speed test
        Convolution("b", 50, 3, 32, 32, 32, 7, 7, 1, 3),  # first layer of the three-layer net
        Convolution("c", 64, 32, 32, 32, 64, 3, 3, 1, 1),  # c to e: inner layers of CIFAR-10 nets
        Convolution("d", 64, 64, 16, 16, 128, 3, 3, 1, 1),
        Convolution("e", 32, 128, 16, 16, 128, 3, 3, 1, 1),
        Convolution("f", 8, 64, 112, 112, 128, 3, 3, 1, 1),  # VGG
        Convolution("g", 16, 3, 227, 227, 96, 11, 11, 4, 0),  # first layer of AlexNet
        Convolution("h", 32, 256, 28, 28, 64, 1, 1, 1, 0),  # bottleneck of a ResNet
    ),
    poolings=(
        Pooling("2x2, stride 2", 64, 64, 32, 32, 2, 2),
        Pooling("3x3, stride 2", 64, 64, 32, 32, 3, 2),
    ),
    step=Step(),
    matmul=1500,
    stream=2**23,
    pause=0.12,
)
