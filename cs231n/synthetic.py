"""Pictures made by code: a ten-class set of 32x32 pictures, and a few larger ones for filters.

They stand in for photographs where there is no network. Each small picture shows one of ten shapes
in one colour, of any size, place and slight turn, on a ground that blends two colours. The colours
lean towards the class a little, so that a linear classifier does better than guessing; the rest is
in the shape, which takes layers that find the same edges wherever they are.

The same bytes come out every time: the random numbers are those of the frozen RandomState, and the
pictures use only operations that every machine rounds alike (no sine, no exponential).
"""

from __future__ import annotations

import numpy as np

CLASS_NAMES = (
    "disc",
    "ring",
    "square",
    "triangle",
    "star",
    "cross",
    "heart",
    "moon",
    "flower",
    "hourglass",
)
VERSION = 1  # to be raised whenever the pictures change, so that old caches are left alone
SIZE = 32
FINE = 2  # every pixel is the mean of FINE x FINE points, which smooths the outlines
# The corners of a regular pentagon: cosine and sine of 90, 162, 234, 306 and 18 degrees.
PENTAGON = (
    (0.0, 1.0),
    (-0.9510565162951535, 0.3090169943749474),
    (-0.5877852522924731, -0.8090169943749475),
    (0.5877852522924731, -0.8090169943749475),
    (0.9510565162951535, 0.3090169943749474),
)


def make_labels(num: int, seed: int = 0) -> np.ndarray:
    """Labels (num,), int64 in 0..9: all classes equally often (within one), in mixed order."""
    y = np.arange(num, dtype=np.int64) % len(CLASS_NAMES)
    np.random.RandomState(seed).shuffle(y)
    return y


def make_pictures(num: int, seed: int = 0) -> np.ndarray:
    """The pictures of make_labels(num, seed): array (num, 32, 32, 3), uint8."""
    y = make_labels(num, seed)
    pictures = np.empty((num, SIZE, SIZE, 3), dtype=np.uint8)
    for k in range(len(CLASS_NAMES)):
        chosen = np.flatnonzero(y == k)
        rng = np.random.RandomState([seed, k])  # a stream for each class
        for start in range(0, len(chosen), 128):  # few enough at a time to stay in the cache
            some = chosen[start : start + 128]
            pictures[some] = _draw_class(k, len(some), rng)
    return pictures


def inside_shape(k: int, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Which points belong to the shape of class k.

    Inputs:
    - k: class, 0..9
    - u, v: coordinates of the points, any shape; u grows to the right and v upwards, and the shape
      fills about -1..1

    Returns an array of the shape of u, bool.
    """
    r2 = u * u + v * v
    au, av = np.abs(u), np.abs(v)
    if k == 0:  # disc
        return r2 < 0.75
    if k == 1:  # ring
        return (r2 > 0.30) & (r2 < 0.88)
    if k == 2:  # square
        return np.maximum(au, av) < 0.74
    if k == 3:  # triangle
        return (v > -0.65) & (v < 0.95 - 1.75 * au)
    if k == 4:  # star: all but one of the five lines through its tips leave a point inside
        sides = [u * a + v * b > -0.31 for a, b in PENTAGON]
        return sum(side.astype(np.int8) for side in sides) >= 4
    if k == 5:  # cross
        return (np.minimum(au, av) < 0.27) & (np.maximum(au, av) < 0.9)
    if k == 6:  # heart: the curve (x^2 + y^2 - 1)^3 = x^2 y^3
        x, y = 1.2 * u, 1.2 * v + 0.15
        q = x * x + y * y - 1
        return q * q * q < x * x * y * y * y
    if k == 7:  # moon: a disc without another one
        return (r2 < 0.85) & ((u - 0.42) * (u - 0.42) + v * v > 0.5)
    if k == 8:  # flower: five petals around a hole
        petals = [(u - 0.58 * a) ** 2 + (v - 0.58 * b) ** 2 < 0.125 for a, b in PENTAGON]
        return np.logical_or.reduce(petals) & (r2 > 0.09)
    if k == 9:  # hourglass
        return (av < 0.85) & (au < 0.1 + 0.8 * av)
    raise ValueError(f"There are {len(CLASS_NAMES)} classes, numbered from 0; {k} is not one.")


def _draw_class(k: int, num: int, rng) -> np.ndarray:
    """`num` pictures of class k, (num, 32, 32, 3), uint8."""

    def uniform(low, high, *shape):
        return (low + (high - low) * rng.random_sample((num, *shape))).astype(np.float32)

    n = SIZE * FINE
    axis = ((np.arange(n, dtype=np.float32) + 0.5) / n) * 2 - 1
    x, y = axis[None, None, :], -axis[None, :, None]

    def each(values):
        return values[:, None, None]

    # Where the shape is: its half width, its centre (never cut off by much), a slight turn.
    radius = uniform(0.38, 0.80)
    dx, dy = (uniform(-1, 1) * (1.02 - radius) for _ in range(2))
    turn = uniform(-0.45, 0.45)
    length = np.sqrt(1 + turn * turn)
    cos, sin = each(1 / length), each(turn / length)
    right, up = (x - each(dx)) / each(radius), (y - each(dy)) / each(radius)
    mask = inside_shape(k, cos * right + sin * up, cos * up - sin * right)
    mask = mask.reshape(num, SIZE, FINE, SIZE, FINE).astype(np.float32)
    mask = sum(mask[:, :, i, :, j] for i in range(FINE) for j in range(FINE)) / FINE**2

    # The colours: the shape's leans towards its class; light on dark as often as dark on light.
    hue = (k / 10 + uniform(-0.28, 0.28)) % 1
    swap = uniform(0, 1) < 0.5
    light, dark = uniform(0.78, 1.0), uniform(0.12, 0.38)
    shape_colour = _hsv(hue, uniform(0.35, 0.85), np.where(swap, dark, light))
    ground_hue = uniform(0, 1)
    value = np.where(swap, light, dark)
    ground = _hsv(ground_hue, uniform(0.1, 0.55), value)
    ground_2 = _hsv((ground_hue + uniform(-0.12, 0.12)) % 1, uniform(0.1, 0.55), value * 0.75)

    # The ground blends from one colour to the other in some direction.
    small = axis[FINE // 2 :: FINE]
    slant = (
        each(uniform(-1, 1)) * small[None, None, :] + each(uniform(-1, 1)) * small[None, :, None]
    )
    blend = (slant / 4 + 0.5)[..., None]
    picture = ground[:, None, None] * (1 - blend) + ground_2[:, None, None] * blend
    shade = 1 - 0.2 * blend  # the light falls on the shape from the same side
    mask = mask[..., None]
    picture = picture * (1 - mask) + shape_colour[:, None, None] * shade * mask
    grain = uniform(-1, 1, SIZE, SIZE, 1) + uniform(-1, 1, SIZE, SIZE, 1)
    picture = picture + np.float32(0.03) * grain
    return (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)


def _hsv(hue, saturation, value) -> np.ndarray:
    """Colours (N, 3) in 0..1 of hues, saturations and values (N,) in 0..1."""
    # Red, green and blue are each high over a third of the circle of hues, and fall off beside it.
    turns = hue[:, None] * 6 + np.array([0, 4, 2], dtype=np.float32)
    pure = np.clip(np.abs(turns % 6 - 3) - 1, 0, 1)
    return value[:, None] * (1 - saturation[:, None] * (1 - pure))
