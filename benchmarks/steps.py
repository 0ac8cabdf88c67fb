"""The steps from Python's loops to Winograd, each measured: what docs/fast-layers.md explains.

The forward pass of shape c in float32, with one thread and with several. The loops are the
notebook's reference solution, on one picture of the batch; without grading/ they are left out.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from benchmarks import measure
from benchmarks.layer_cases import FULL, Convolution
from benchmarks.layer_implementations import prepare
from benchmarks.layer_report import table
from cs231n.im2col import im2col

SHAPE_C = next(case for case in FULL.convolutions if case.name == "c")
COLOURS = {1: ("#56B4E9", ""), 2: ("#0072B2", "//")}  # one thread, several; told apart in grey too


class Step(NamedTuple):
    """One step's speed."""

    name: str
    threads: int
    gflops: float


def numpy_im2col(case: Convolution) -> Callable:
    """All columns at once, by NumPy, then one matrix product a picture."""
    x, w, b, _ = case.arrays("float32")

    def forward():
        cols = im2col(x, case.HH, case.WW, case.stride, case.pad)
        return np.matmul(w.reshape(case.F, -1), cols) + b[:, None]

    return forward


def calls(case: Convolution) -> dict[str, tuple[Callable, int]]:
    """Step -> (call, its operations), slowest first."""
    found = {}
    try:
        from grading.reference.convolution import conv_forward_naive
    except ImportError:
        print("Python's loops are left out: they are the course's reference.", file=sys.stderr)
    else:
        one = replace(case, N=1)
        x, w, b, _ = one.arrays("float32")
        loops = lambda: conv_forward_naive(x, w, b, one.conv_param)  # noqa: E731
        found["Python loops"] = (loops, one.flops("forward"))
    found["NumPy im2col"] = (numpy_im2col(case), case.flops("forward"))
    for name in ("im2col", "direct", "winograd"):
        prepared = prepare(name, case, case.arrays("float32"))
        label = {"im2col": "im2col in tiles", "winograd": "Winograd"}.get(name, name)
        found[label] = (prepared.forward, case.flops("forward"))
    found["(matrix product)"] = (measure.matmul(FULL.matmul, "float32"), 2 * FULL.matmul**3)
    return found


def measure_steps(
    threads: int, repeats: int, case: Convolution = SHAPE_C, pause: float = FULL.pause
) -> list[Step]:
    """Every step with one thread, and those that can use more with ``threads``."""
    found = []
    work = calls(case)
    for count in sorted({1, threads}):
        measure.set_threads(count)
        some = {n: [call] for n, (call, _) in work.items() if count == 1 or "loops" not in n}
        rows = list(tqdm(measure.interleaved(some, repeats, pause), f"{count}", repeats))
        for name in some:
            seconds = median(row[name][0] for row in rows)
            found.append(Step(name, count, work[name][1] / seconds / 1e9))
    return found


def draw(steps: list[Step], file: Path) -> None:
    """A bar for each step and number of threads; a logarithmic axis, for they are far apart."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    names = list(dict.fromkeys(step.name for step in steps))
    counts = sorted({step.threads for step in steps})
    plot, axis = plt.subplots(figsize=(8, 0.75 * len(names) + 1.2))
    low = min(step.gflops for step in steps) / 3
    for number, count in enumerate(counts):
        mine = [step for step in steps if step.threads == count]
        alone = {n for n in names if sum(step.name == n for step in steps) == 1}
        shift = 0.4 * (number - (len(counts) - 1) / 2)
        places = [names.index(s.name) + (0 if s.name in alone else shift) for s in mine]
        colour, hatch = COLOURS[min(count, 2)]
        label = "1 thread" if count == 1 else f"{count} threads"
        widths = [step.gflops - low for step in mine]
        bars = axis.barh(
            places,
            widths,
            0.38,
            left=low,
            color=colour,
            hatch=hatch,
            edgecolor="white",
            label=label,
        )
        axis.bar_label(bars, [f"{step.gflops:.3g}" for step in mine], padding=4)
    axis.set(xscale="log", xlim=(low, 4 * max(step.gflops for step in steps)))
    axis.set_yticks(range(len(names)), names)
    axis.invert_yaxis()
    axis.xaxis.set_major_formatter("{x:g}")
    axis.set_xlabel(
        "GFLOP/s, logarithmic: forward pass of 64 pictures (32, 32, 32), 64 filters 3x3"
    )
    axis.grid(axis="x", alpha=0.25)
    axis.legend(loc="upper right")
    plot.tight_layout()
    plot.savefig(file, dpi=130)
    plt.close(plot)


def main(argv: list[str] | None = None, case: Convolution = SHAPE_C) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.steps", description=__doc__)
    parser.add_argument("--threads", type=int, default=2, help="the larger number (default: 2)")
    parser.add_argument("--repeats", type=int, default=9, help="times each is timed (default: 9)")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw a bar chart here (.png)")
    args = parser.parse_args(argv)
    if args.threads < 1 or args.repeats < 1:
        parser.error("--threads and --repeats should be 1 or more")
    if args.plot and not args.plot.absolute().parent.is_dir():
        parser.error(f"{args.plot}: there is no folder {args.plot.absolute().parent}")
    pause = FULL.pause if case is SHAPE_C else 0
    steps = measure_steps(args.threads, args.repeats, case, pause)
    counts = sorted({step.threads for step in steps})
    speed = {(step.name, step.threads): step.gflops for step in steps}
    rows = [
        [name, *(f"{speed[name, n]:.3g}" if (name, n) in speed else "" for n in counts)]
        for name in dict.fromkeys(step.name for step in steps)
    ]
    print(table(["GFLOP/s", *(f"{n} thread{'s' * (n > 1)}" for n in counts)], rows))
    if args.plot:
        draw(steps, args.plot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
