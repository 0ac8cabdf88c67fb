"""The roofline: how near each layer comes to what memory and processor allow."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from benchmarks.layer_cases import PASSES, Convolution

# Okabe and Ito's colours, told apart by colour-blind people too; and a shape each.
MARKERS = {
    "auto": ("#000000", "*", 110),
    "direct": ("#0072B2", "o", 42),
    "im2col": ("#E69F00", "s", 36),
    "winograd": ("#009E73", "^", 46),
    "torch": ("#D55E00", "D", 32),
    "original": ("#CC79A7", "X", 46),
}
CAPTION = (
    "Each letter is a shape, at its arithmetic intensity: operations for each byte that must be "
    "read or written at least once.\nThe solid line is this processor's own large matrix product, "
    "measured in the same run. Winograd's algorithm may lie above it:\nthe operations counted are "
    "those of plain convolution, and it does fewer. Left of the corner, memory is the limit."
)


def draw(found, cases: tuple[Convolution, ...], file: Path) -> None:
    """Draw the roofline of a layers.Measured: a row of panels a dtype, a panel a pass."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    figures = [f for f in found.figures if f.part == "convolution"]
    dtypes = list(dict.fromkeys(f.dtype for f in figures))
    plot, axes = plt.subplots(
        len(dtypes), 2, figsize=(11, 4.6 * len(dtypes) + 0.9), squeeze=False, sharey="row"
    )
    for row, dtype in zip(axes, dtypes):
        for axis, which in zip(row, PASSES):
            _panel(axis, [f for f in figures if f.dtype == dtype], which, cases, found.bandwidth)
            axis.set_title(f"{which}, {dtype}")
        row[0].set_ylabel("GFLOP/s")
    for axis in axes[-1]:
        axis.set_xlabel("arithmetic intensity, FLOP/byte")
    handles = {}
    for axis in axes.flat:
        handles |= dict(zip(*reversed(axis.get_legend_handles_labels())))
    plot.legend(handles.values(), handles, loc="upper center", ncols=len(handles), frameon=False)
    threads = found.machine.get("threads")
    plot.text(0.01, 0.01, f"{CAPTION} Threads: {threads}.", fontsize=9, va="bottom")
    inch = 1 / (4.6 * len(dtypes) + 0.9)
    plot.tight_layout(rect=(0, 0.65 * inch, 1, 1 - 0.35 * inch))
    plot.savefig(file, dpi=130)
    plt.close(plot)


def _panel(axis, figures: list, which: str, cases: tuple[Convolution, ...], bandwidth) -> None:
    by_name = {case.name: case for case in cases}
    itemsize = int(figures[0].dtype.removeprefix("float")) // 8
    shown = [f for f in figures if f.which == which]
    intensity = {
        f.case: by_name[f.case].flops(which) / by_name[f.case].bytes(which, itemsize) for f in shown
    }
    peak = median(f.gflops for f in figures if f.implementation == "matmul")
    for name, (colour, marker, size) in MARKERS.items():
        mine = [f for f in shown if f.implementation == name]
        if mine:
            x, y = [intensity[f.case] for f in mine], [f.gflops for f in mine]
            hollow = {"facecolors": "none"} if name == "auto" else {}
            axis.scatter(
                x, y, size, c=None if hollow else colour, marker=marker, edgecolors=colour,
                linewidths=1, label=name, zorder=4 if hollow else 3, **hollow,
            )  # fmt: skip
    corner = peak / bandwidth if bandwidth else min(intensity.values())
    left, right = min(corner, *intensity.values()) / 2, max(intensity.values()) * 1.6
    _roof(axis, left, right, peak, bandwidth)
    low = min(f.gflops for f in shown)
    axis.set(xscale="log", yscale="log", xlim=(left, right))
    axis.set_ylim(bottom=low / 2.2)  # room for the letters
    for letter, x in intensity.items():
        axis.annotate(
            letter, (x, 0), (0, 4), xycoords=("data", "axes fraction"),
            textcoords="offset points", ha="center", weight="bold",
        )  # fmt: skip
    for one in (axis.xaxis, axis.yaxis):
        one.set_major_formatter("{x:g}")
    axis.grid(which="both", alpha=0.25)


def _roof(axis, left: float, right: float, peak: float, bandwidth: float | None) -> None:
    axis.plot([left, right], [peak, peak], "-", c="0.35", label="matrix product", zorder=2)
    words = {"color": "0.25", "fontsize": 8, "textcoords": "offset points"}
    axis.annotate(f"{peak:.0f} GFLOP/s", (left, peak), (4, 3), **words)
    if bandwidth:
        corner = max(left, min(right, peak / bandwidth))
        low = left * bandwidth
        axis.plot([left, corner], [low, corner * bandwidth], "--", c="0.35", label="memory")
        axis.annotate(f"{bandwidth:.0f} GB/s", (left, low), (4, -10), **words)
