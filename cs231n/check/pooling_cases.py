"""What the checks of pooling layers are made of: inputs, inputs with known answers, forms."""

import numpy as np

from cs231n.check.compare import as_array, expect_tuple
from cs231n.check.results import CheckFailed

AXES = "pool_height counts rows, pool_width counts columns."


def pool_param(window, stride):
    """What a pooling layer takes for windows of (rows, columns) and a stride."""
    return {"pool_height": window[0], "pool_width": window[1], "stride": stride}


def distinct(rng, shape):
    """Values of both signs, each at least 0.1 from every other and from zero, in random order."""
    size = int(np.prod(shape))
    steps = rng.permutation(size) + 1
    return (np.where(steps % 2, 0.1, -0.1) * steps).reshape(shape)


def slope(rng, shape):
    """A volume in which every channel of every picture rises evenly, in directions of its own.

    Returns a tuple of:
    - x: array of the given shape
    - value_at: function (n, c, row, column) -> the value there, also between pixels
    - steep: array (N, C, 2), how much x grows by a step down and by a step across
    """
    N, C = shape[:2]
    start = rng.uniform(-5, 5, (N, C))
    signs = np.array([[1, 1], [-1, 1], [1, -1], [-1, -1]])[np.arange(N * C) % 4]
    steep = signs.reshape(N, C, 2) * rng.uniform(0.5, 2, (N, C, 2))

    def value_at(n, c, row, column):
        return start[n, c] + steep[n, c, 0] * row + steep[n, c, 1] * column

    x = np.fromfunction(lambda *index: value_at(*index), shape, dtype=int)
    return x, value_at, steep


def known_pool(rng, shape, window, stride, out_shape, kind):
    """An input with what its pool must be; nothing is pooled to find out.

    Inputs:
    - shape, out_shape: (N, C, H, W) of the input, (rows, columns) of the output
    - window, stride: (rows, columns) of a window, and the step to the next one
    - kind: "max", "avg" or "l2"

    Returns a tuple of:
    - x: array (N, C, H, W), float64
    - expected: array (N, C, *out_shape)
    """
    x, value_at, steep = slope(rng, shape)
    lowest = x.min()
    if kind == "l2":  # squares that rise evenly, and are positive
        x = np.sqrt(x - lowest + 1) * rng.choice([-1.0, 1.0], shape)
    n, c, i, j = np.indices((*shape[:2], *out_shape))
    ahead = (steep[n, c] > 0) if kind == "max" else 0.5  # which end is highest; else the centre
    far = ahead * (np.array(window) - 1) + np.stack([i, j], axis=-1) * stride
    expected = value_at(n, c, far[..., 0], far[..., 1])
    if kind == "l2":
        expected = np.sqrt((expected - lowest + 1) * window[0] * window[1])
    if kind == "max":  # all positive: a slip with negative values has a check of its own
        x, expected = x - lowest + 1, expected - lowest + 1
    return x, expected


def conv_answers(f, C, param):
    """What avg_pool_as_conv returned, in a form that a convolution can take; CheckFailed where it
    has none."""
    answer = f.avg_pool_as_conv(C, param)
    w, b, conv_param = expect_tuple(answer, ("w", "b", "conv_param"), "avg_pool_as_conv")
    w, b = as_array(w, "w").astype(float), as_array(b, "b").astype(float)
    wanted = (C, C, param["pool_height"], param["pool_width"])
    if w.shape != wanted:
        raise CheckFailed(f"w has shape {w.shape}, but it should be {wanted}.")
    if b.shape != (C,):
        raise CheckFailed(f"b has shape {b.shape}, but it should be {(C,)}.")
    if not isinstance(conv_param, dict) or not {"stride", "pad"} <= conv_param.keys():
        raise CheckFailed('conv_param should be a dict with the keys "stride" and "pad".')
    steps = {key: int(conv_param[key]) for key in ("stride", "pad")}
    if any(steps[key] != conv_param[key] for key in steps) or steps["stride"] < 1:
        raise CheckFailed("stride and pad should be whole numbers, and stride at least 1.")
    if not 0 <= steps["pad"] <= 9:
        raise CheckFailed("Nothing is padded in pooling: what should pad be?")
    return w, b, steps
