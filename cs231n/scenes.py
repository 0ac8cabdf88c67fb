"""A few larger pictures, drawn by code, for trying filters on."""

from __future__ import annotations

import numpy as np

HEIGHT, WIDTH = 200, 300
FINE = 3  # every pixel is the mean of FINE x FINE points


def sample_images() -> dict[str, np.ndarray]:
    """Four pictures with edges in all directions, large even areas, and fine detail.

    Returns a dict {name: array (200, 300, 3), uint8}: "landscape", "town", "shapes", "texture".
    The same bytes every time.
    """
    scenes = {"landscape": _landscape, "town": _town, "shapes": _shapes, "texture": _texture}
    return {name: _finish(*draw(*_points())) for name, draw in scenes.items()}


def _points():
    """Coordinates of all points: x (1, W') from 0 to 1.5, y (H', 1) from 0 at the top to 1."""
    step = 1 / (HEIGHT * FINE)
    x = (np.arange(WIDTH * FINE) + 0.5) * step
    y = (np.arange(HEIGHT * FINE) + 0.5) * step
    return x[None, :], y[:, None]


def _finish(picture: np.ndarray, grain: float) -> np.ndarray:
    """The means of FINE x FINE points, with a little grain as film has, as uint8."""
    picture = sum(picture[i::FINE, j::FINE] for i in range(FINE) for j in range(FINE)) / FINE**2
    rng = np.random.RandomState(0)
    noise = rng.random_sample((HEIGHT, WIDTH, 1)) + rng.random_sample((HEIGHT, WIDTH, 1)) - 1
    return (np.clip(picture + grain * noise, 0, 1) * 255 + 0.5).astype(np.uint8)


def _rgb(colour: str) -> np.ndarray:
    """The colour "#rrggbb" as three numbers in 0..1."""
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255


def _blend(amount, first: str, second: str) -> np.ndarray:
    """From the first colour, where amount is 0, to the second, where it is 1: (H', W', 3)."""
    amount = np.clip(amount, 0, 1)[..., None]
    return _rgb(first) * (1 - amount) + _rgb(second) * amount


def _paint(picture, mask, colour) -> None:
    """Gives the points of the mask a colour: "#rrggbb", or an array like the picture."""
    colour = _rgb(colour) if isinstance(colour, str) else colour
    mask = np.broadcast_to(mask, picture.shape[:2])[..., None]
    np.copyto(picture, colour, where=mask)


def _ridge(x, seed: int, steps: int) -> np.ndarray:
    """A mountain ridge: a zigzag through random heights, finer and finer, (1, W') about -1..1."""
    rng = np.random.RandomState(seed)
    heights, size = np.zeros_like(x), 1.0
    for _ in range(5):
        knots = np.linspace(0, 1.5, steps + 1)
        heights = heights + size * np.interp(x, knots, 2 * rng.random_sample(steps + 1) - 1)
        steps, size = 2 * steps, size * 0.42
    return heights / 1.5


def _landscape(x, y):
    """Mountains, a low sun, a lake that mirrors them, firs on the shore."""
    shore = 0.66
    mirrored = np.where(y < shore, y, 2 * shore - y)  # below the shore the sky comes again
    lake = y >= shore
    picture = _blend(mirrored / shore + 0 * x, "#5a80c9", "#ffd6b8")
    sun = (x - 1.04) ** 2 + (mirrored - 0.36) ** 2
    _paint(picture, sun < 0.085**2, "#fff3cf")
    for seed, base, tall, colour in ((3, 0.46, 0.24, "#7d8fb3"), (8, 0.55, 0.13, "#4a5f82")):
        top = base - tall * _ridge(x, seed, 5)
        _paint(picture, mirrored > top, colour)
        snow = (mirrored > top) & (mirrored < 0.40 + 0.05 * _ridge(x, seed + 1, 24))
        _paint(picture, snow, "#eef3fa")
    ripples = lake & ((y - shore) * 46 % 1 < 0.28) & (_ridge(x + 0 * y, 5, 9) > -0.2)
    picture = np.where(lake[..., None], picture * 0.8 + 0.05, picture)
    picture = np.where(ripples[..., None], picture * 0.85 + 0.12, picture)
    rng = np.random.RandomState(4)
    for left in np.concatenate([np.linspace(0.02, 0.42, 7), [1.27, 1.35, 1.44]]):
        tall = 0.2 + 0.16 * rng.random_sample()
        _fir(picture, x, y, left, 0.98 - 0.1 * rng.random_sample(), tall)
    _paint(picture, y > 0.93 + 0.02 * _ridge(x, 6, 12), "#1f3a2c")
    return picture, 0.03


def _fir(picture, x, y, middle: float, foot: float, tall: float) -> None:
    up = (foot - y) / tall  # 0 at the foot, 1 at the tip
    for low, high, wide in ((0.1, 0.55, 0.2), (0.32, 0.78, 0.16), (0.55, 1.0, 0.11)):
        part = (high - up) / (high - low)
        inside = (up > low) & (up < high) & (np.abs(x - middle) < wide * tall * 1.3 * part)
        _paint(picture, inside, "#24503c")
        _paint(picture, inside & (x > middle), "#1b4031")
    _paint(picture, (up > 0) & (up < 0.1) & (np.abs(x - middle) < 0.02 * tall * 2), "#5a3d2b")


def _town(x, y):
    """A row of houses: upright and level edges, slanting roofs, brick and windows."""
    picture = _blend(y + 0 * x, "#8ec5e8", "#eaf4f4")
    for cx, cy, r in ((0.22, 0.16, 0.05), (0.29, 0.14, 0.07), (0.37, 0.165, 0.05)):
        _paint(picture, (x - cx) ** 2 + (y - cy) ** 2 < r * r, "#ffffff")
    walls = ("#d9694a", "#f0c75e", "#5b8e9b", "#e8e0d0", "#b5534f", "#7fa66b")
    lefts = (0.03, 0.29, 0.52, 0.78, 1.03, 1.27)
    tops = (0.42, 0.34, 0.48, 0.38, 0.45, 0.36)
    for k, (left, top, wall) in enumerate(zip(lefts, tops, walls)):
        right = (*lefts, 1.5)[k + 1] - 0.015
        _house(picture, x, y, left, right, top, wall, brick=k in (0, 4))
    _paint(picture, y > 0.88, "#6d6f73")
    _paint(picture, (y > 0.935) & (y < 0.95) & (x * 7 % 1 < 0.55), "#f4f4f0")
    _paint(picture, (y > 0.865) & (y < 0.882), "#c9c5bb")
    return picture, 0.03


def _house(picture, x, y, left, right, top, wall, brick: bool) -> None:
    middle, half = (left + right) / 2, (right - left) / 2
    inside = (x > left) & (x < right) & (y > top)
    _paint(picture, inside, wall)
    if brick:
        row = np.floor(y * 36)
        joints = (y * 36 % 1 < 0.16) | ((x * 18 + 0.5 * (row % 2)) % 1 < 0.09)
        _paint(picture, inside & joints, "#e9b9a6")
    _paint(picture, (np.abs(x - left - 0.07) < 0.016) & (y > top - 0.17) & (y < top), "#7a4a3f")
    slope = (top - y) * 1.25
    _paint(picture, (y < top + 0.004) & (np.abs(x - middle) + slope < half + 0.012), "#4b3b47")
    for row in range(3):
        for side in (-1, 1):
            cx, cy = middle + side * half * 0.45, top + (0.88 - top) * (0.19 + 0.31 * row)
            if row == 2 and side == 1:  # a door here
                _paint(picture, (np.abs(x - cx) < 0.033) & (y > cy - 0.05), "#3f2d2a")
                continue
            _paint(picture, (np.abs(x - cx) < 0.040) & (np.abs(y - cy) < 0.052), "#fbfbf7")
            glass = (np.abs(x - cx) < 0.031) & (np.abs(y - cy) < 0.043)
            bars = (np.abs(x - cx) < 0.004) | (np.abs(y - cy) < 0.004)
            _paint(picture, glass & ~bars, "#35506b")


def _shapes(x, y):
    """A poster of plain shapes in plain colours."""
    picture = np.broadcast_to(_rgb("#f3ead7"), (y.size, x.size, 3)).copy()

    def disc(cx, cy, r, mask=True):
        return ((x - cx) ** 2 + (y - cy) ** 2 < r * r) & mask

    _paint(picture, disc(0.44, 0.46, 0.33), "#d1495b")
    _paint(picture, disc(0.44, 0.46, 0.20), "#f3ead7")
    _paint(picture, disc(0.44, 0.46, 0.11), "#22333b")
    turned, across = (x - 1.08) * 0.8 + (y - 0.34) * 0.6, (y - 0.34) * 0.8 - (x - 1.08) * 0.6
    _paint(picture, np.maximum(np.abs(turned), np.abs(across)) < 0.2, "#2a6f97")
    lines = (np.abs(turned) < 0.2) & (np.abs(across) < 0.2) & (turned * 14 % 1 < 0.5) & (across > 0)
    _paint(picture, lines, "#a9d6e5")
    _paint(picture, (y > 0.5 + np.abs(x - 0.85) * 1.6) & (y < 0.92), "#edae49")
    up = (y < 0.92) & (y > 0.62 + np.abs(x - 0.62) * 1.3)
    _paint(picture, up, "#00798c")
    _paint(picture, disc(1.25, 0.75, 0.17, y < 0.75), "#22333b")
    _paint(picture, disc(1.25, 0.75, 0.17, (y >= 0.75) & (x > 1.25)), "#d1495b")
    _paint(picture, (np.abs(x + y - 0.26) < 0.012) | (np.abs(x + y - 0.32) < 0.006), "#22333b")
    _paint(picture, (np.abs(y - 0.955) < 0.008) & (x > 0.06) & (x < 1.44), "#22333b")
    dots = ((x * 16 % 1 - 0.5) ** 2 + (y * 16 % 1 - 0.5) ** 2 < 0.07) & (x < 0.25) & (y > 0.7)
    _paint(picture, dots & (y < 0.93), "#2a6f97")
    return picture, 0.02


def _texture(x, y):
    """Rings that narrow outwards, a wheel of spokes, stripes and checks of several widths."""
    picture = np.broadcast_to(_rgb("#f5f1e6"), (y.size, x.size, 3)).copy()
    r2 = (x - 0.5) ** 2 + (y - 0.5) ** 2
    rings = np.abs(r2 * 26 % 1 - 0.5) * 2  # equally many rings for equal areas
    ink = _blend(rings, "#16324f", "#f5f1e6")
    np.copyto(picture, ink, where=((x < 1) & (r2 < 0.235))[..., None])
    u, v = x - 1.25, y - 0.25
    # The angle around the wheel without any arctangent: it runs along the sides of a square.
    along = np.where(np.abs(u) > np.abs(v), v / (np.abs(u) + 1e-9), u / (np.abs(v) + 1e-9))
    along = along + 2 * (np.abs(u) > np.abs(v))
    _paint(picture, (along * 5 % 1 < 0.5) & (u * u + v * v < 0.22**2), "#b23a48")
    corner = (x > 1.03) & (x < 1.47) & (y > 0.53) & (y < 0.97)
    upper, lefter = y < 0.75, x < 1.25
    _paint(picture, corner & upper & lefter & ((x + y) * 34 % 1 < 0.5), "#16324f")
    _paint(picture, corner & upper & ~lefter & ((x - y) * 18 % 1 < 0.5), "#b23a48")
    _paint(picture, corner & ~upper & lefter & (y * 22 % 1 < 0.5), "#b23a48")
    checks = (np.floor(x * 22) + np.floor(y * 22)) % 2 == 0
    _paint(picture, corner & ~upper & ~lefter & checks, "#16324f")
    return picture, 0.02
