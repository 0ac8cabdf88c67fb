"""What the checks of 6_fc_to_conv are made of: small networks, pictures to find again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cs231n.check.compare import as_array, close

ONCE = {"stride": 1, "pad": 0}


@dataclass(frozen=True)
class Sizes:
    """A small classifier: convolution, ReLU, max pool, and two fully connected layers."""

    C: int = 2  # channels of a picture
    filters: int = 3
    window: tuple[int, int] = (3, 3)  # of the convolution
    stride: int = 1
    pad: int = 0
    pool: tuple[int, int] = (2, 2)
    pool_stride: int = 2
    last_map: tuple[int, int] = (2, 3)  # what the first fully connected layer reads
    hidden: int = 4
    classes: int = 3

    @property
    def conv_param(self) -> dict:
        return {"stride": self.stride, "pad": self.pad}

    @property
    def pool_param(self) -> dict:
        height, width = self.pool
        return {"pool_height": height, "pool_width": width, "stride": self.pool_stride}

    @property
    def steps(self) -> tuple[dict, dict]:
        """conv_param and pool_param, as the functions take them."""
        return self.conv_param, self.pool_param

    @property
    def total_stride(self) -> int:
        return self.stride * self.pool_stride

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the pictures that the classifier takes."""
        return tuple(
            (window - 2 * self.pad) + self.stride * ((n - 1) * self.pool_stride + pool - 1)
            for n, pool, window in zip(self.last_map, self.pool, self.window)
        )

    def picture(self, rows: int, columns: int, step: int | None = None) -> tuple[int, int]:
        """Height and width of a picture with so many places, `step` pixels apart (the stride)."""
        step = step or self.total_stride
        height, width = self.size
        return height + step * (rows - 1), width + step * (columns - 1)


def network(rng, sizes: Sizes) -> tuple[dict, dict]:
    """Random weights of a classifier, in two layouts: for `classify`, and for sliding.

    The weights lean so that about half of the hidden values are positive.
    """
    F, M, K = sizes.filters, sizes.hidden, sizes.classes
    shapes = {
        "W1": (F, sizes.C, *sizes.window),
        "W2": (M, F, *sizes.last_map),
        "W3": (K, M, 1, 1),
    }
    slid = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    slid |= {f"b{n}": rng.standard_normal(len(slid[f"W{n}"])) for n in (1, 2, 3)}
    plain = dict(slid)
    for name in ("W2", "W3"):
        neurons = [neuron.ravel() for neuron in slid[name]]
        plain[name] = np.stack(neurons, axis=1)
    return plain, slid


def pasted(rng, picture, shape: tuple[int, int], places: list[tuple[int, int]]) -> np.ndarray:
    """Random pictures of a height and width, each with the same small one somewhere in it.

    Inputs:
    - picture: (1, C, h, w)
    - shape: (H, W) of the larger pictures
    - places: (top, left) of the small one in each of them

    Returns an array (len(places), C, H, W).
    """
    _, C, h, w = picture.shape
    large = rng.standard_normal((len(places), C, *shape))
    for canvas, (top, left) in zip(large, places):
        canvas[:, top : top + h, left : left + w] = picture[0]
    return large


def grid(rows: int, columns: int) -> list[tuple[int, int]]:
    """All places (row, column) of a map."""
    return [(i, j) for i in range(rows) for j in range(columns)]


def shaped(value, what, shape):
    """The answer as an array of just this shape, so that something can be computed with it."""
    array = as_array(value, what, shape)
    if array.shape != tuple(shape):
        close(array, np.zeros(shape), what=what)  # says what is wrong with the shape
    return array.astype(float)
