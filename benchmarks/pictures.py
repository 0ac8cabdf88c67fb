"""Draw the pictures of docs/: im2col's columns, a register tile, Winograd's tiles, networks.

    python -m benchmarks.pictures            # into docs/images/

Every number in them comes from arrays that are computed here.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import matplotlib

matplotlib.use("agg")

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.patches import Rectangle

from cs231n.architectures import build
from cs231n.architectures import pictures as networks
from cs231n.fast_layers import conv_forward_fast
from cs231n.im2col import im2col

COLUMNS = """Each window becomes a column.
Each pixel stands in as many
columns as windows see it: the
columns take {} numbers,
the picture {}.

Every place of the output is the
filter's row times a column:
one matrix product."""
IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
BLUE, ORANGE, GREEN, PINK = "#0072B2", "#E69F00", "#009E73", "#CC79A7"

# F(4, 3) in one dimension: Lavin and Gray (2015), section 4.2.
B_T = np.array(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ]
)
G = np.array([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]]) / 24
A_T = np.array([[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]])


def matrix(axis, values: np.ndarray, title: str, numbers: str = "{:.0f}", size: float = 9) -> None:
    """A small matrix: pale cells, darker where values are larger, with the numbers in them."""
    axis.imshow(values, cmap="Greys", vmin=values.min(), vmax=2.2 * np.abs(values).max() + 1e-9)
    axis.set(xticks=[], yticks=[])
    axis.set_title(title, fontsize=10)
    if numbers:
        for (i, j), value in np.ndenumerate(values):
            text = numbers.format(value)
            text = text.removeprefix("-") if float(text) == 0 else text
            axis.text(j, i, text, ha="center", va="center", fontsize=size)


def outline(axis, row: int, column: int, height: int, width: int, colour: str, style="-") -> None:
    corner = column - 0.5, row - 0.5
    axis.add_patch(
        Rectangle(corner, width, height, fill=False, ec=colour, lw=2.5, ls=style, clip_on=False)
    )


def draw_columns(file: Path) -> None:
    """A picture, two of its windows, and where each of them stands among the columns."""
    picture = np.arange(1, 26).reshape(1, 1, 5, 5)
    w = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]]).reshape(1, 1, 3, 3)
    cols = im2col(picture, 3, 3)[0]
    out = w.reshape(1, 9) @ cols
    plot = plt.figure(figsize=(10, 4.9))
    grid = plot.add_gridspec(
        3, 3, width_ratios=(5, 9, 9), height_ratios=(9, 1, 1), hspace=0.55, wspace=0.15
    )
    first = plot.add_subplot(grid[0, 0])
    matrix(first, picture[0, 0], "a picture 5×5, two windows 3×3")
    second = plot.add_subplot(grid[0, 1])
    matrix(second, cols, "columns: 9 taps × 9 places")
    for (row, column), colour, style in ((0, 0), BLUE, "-"), ((1, 2), ORANGE, "--"):
        outline(first, row, column, 3, 3, colour, style)
        outline(second, 0, 3 * row + column, 9, 1, colour, style)
    second.set_ylabel("tap")
    second.set_xlabel("place")
    third = plot.add_subplot(grid[0, 2])
    third.axis("off")
    third.text(0.05, 0.5, COLUMNS.format(cols.size, picture.size), va="center", fontsize=11)
    row = plot.add_subplot(grid[1, 0])
    matrix(row, w.reshape(1, 9), "the filter, a row of 9 taps")
    result = plot.add_subplot(grid[1, 1])
    matrix(result, out, "row × columns = output, 9 places")
    outline(result, 0, 0, 1, 1, BLUE)
    outline(result, 0, 5, 1, 1, ORANGE, "--")
    save(plot, file)


def draw_register_tile(file: Path) -> None:
    """A tile of 6 filters by 2 vectors of 8 places, in the middle of its sum over K = 9 taps."""
    rng = np.random.default_rng(231)
    x, w = rng.integers(0, 4, (1, 1, 6, 6)), rng.integers(-2, 3, (6, 1, 3, 3))
    filters, cols = w.reshape(6, 9), im2col(x, 3, 3)[0]
    step = 4
    sums = filters[:, : step + 1] @ cols[: step + 1]
    plot = plt.figure(figsize=(10, 5.6))
    grid = plot.add_gridspec(
        2, 2, width_ratios=(9, 16), height_ratios=(9, 6), hspace=0.28, wspace=0.08
    )
    above = plot.add_subplot(grid[0, 1])
    matrix(above, cols, "what the 9 taps see at 16 places, read from the buffer", size=8)
    left = plot.add_subplot(grid[1, 0])
    matrix(left, filters, "6 filters × 9 taps, packed", size=8)
    tile = plot.add_subplot(grid[1, 1])
    matrix(tile, sums, "", size=8)
    tile.set_xlabel("the tile: 6 × 2 vectors of 8 sums, in 12 registers")
    for j in (0, 8):
        outline(above, step, j, 1, 8, ORANGE)
        for i in range(6):
            outline(tile, i, j, 1, 8, BLUE)
    for i in range(6):
        outline(left, i, step, 1, 1, GREEN)
    words = plot.add_subplot(grid[0, 0])
    words.axis("off")
    words.text(
        0, 0.5,
        f"Tap {step + 1} of 9:\n\n"
        "2 loads of vectors (orange)\n"
        "6 loads of a number (green)\n"
        "12 multiply-adds of 8 lanes (blue)\n\n"
        "Registers: 12 sums + 2 vectors\n+ 1 number = 15 of 16.",
        va="center", fontsize=11,
    )  # fmt: skip
    save(plot, file)


def winograd_tile(pixels: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, ...]:
    """A 6x6 tile and a 3x3 filter. Returns a tuple of: both transformed, product, output (4, 4)."""
    tile, taps = B_T @ pixels @ B_T.T, G @ w @ G.T
    return tile, taps, tile * taps, A_T @ (tile * taps) @ A_T.T


def draw_winograd(file: Path) -> None:
    """Overlapping tiles of a picture, and what becomes of one of them."""
    rng = np.random.default_rng(231)
    x = np.pad(rng.integers(0, 10, (8, 8)), 1).astype(float)
    w = np.array([[1.0, 2, 0], [0, 1, 1], [2, 0, 1]])
    pixels = x[:6, :6]
    tile, taps, product, out = winograd_tile(pixels, w)
    plain, _ = conv_forward_fast(x[None, None], w[None, None], np.zeros(1), {"stride": 1, "pad": 0})
    if not np.allclose(out, plain[0, 0, :4, :4]):
        raise ArithmeticError("The transforms are wrong: the tile is not the convolution.")
    plot, axes = plt.subplots(2, 4, figsize=(11, 5.9), width_ratios=(10, 6, 6, 6))
    matrix(axes[0, 0], x, "8×8 pixels, padded: 4 tiles 6×6", size=7)
    styles = zip(
        ((0, 0), (0, 4), (4, 0), (4, 4)), (BLUE, ORANGE, GREEN, PINK), ("-", "--", "-.", ":")
    )
    whole = plain[0, 0]
    matrix(axes[1, 0], whole, "output 8×8: 4 tiles 4×4", size=7)
    for (row, column), colour, style in styles:
        outline(axes[0, 0], row, column, 6, 6, colour, style)
        outline(axes[1, 0], row, column, 4, 4, colour, style)
    matrix(axes[0, 1], pixels, "one tile, d (6×6)")
    matrix(axes[0, 2], tile, "Bᵀ d B (6×6)", size=8)
    matrix(axes[0, 3], product, "the 36 products", "{:.0f}", size=8)
    matrix(axes[1, 1], w, "filter g (3×3)")
    matrix(axes[1, 2], taps, "G g Gᵀ (6×6)", "{:.2f}", size=8)
    matrix(axes[1, 3], out, "Aᵀ […] A: output (4×4)")
    for axis, colour in (axes[0, 1], BLUE), (axes[1, 3], BLUE):
        side = 6 if axis is axes[0, 1] else 4
        outline(axis, 0, 0, side, side, colour)
    plot.tight_layout()
    save(plot, file)


def save(plot, file: Path) -> None:
    plot.savefig(file, dpi=110, bbox_inches="tight", facecolor="white")
    plt.close(plot)
    print(file)


PICTURES = {
    "im2col-columns.png": draw_columns,
    "register-tile.png": draw_register_tile,
    "winograd-tiles.png": draw_winograd,
    "network-volumes.png": lambda file: save(networks.draw_volumes(build("vgg16")), file),
    "network-graph.png": lambda file: save(networks.draw_graph(build("resnet18")), file),
    "network-costs.png": lambda file: save(networks.plot_costs(build("vgg16")), file),
    "network-zoo.png": lambda file: save(networks.plot_zoo(), file),
}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.pictures",
        description="Draw the pictures of docs/fast-layers.md and docs/architectures.md.",
    )
    parser.add_argument("--into", type=Path, default=IMAGES, help="folder (default: docs/images)")
    args = parser.parse_args(argv)
    if not args.into.is_dir():
        parser.error(f"{args.into}: there is no such folder")
    for name, draw in PICTURES.items():
        draw(args.into / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
