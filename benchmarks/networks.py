"""How fast do whole networks run forward? Against PyTorch, and in how much memory?

Each network of the zoo scores a batch of pictures, in float32 and with random weights, on the kit's
layers and on PyTorch's, which take turns in one process with the same number of threads. Times are
medians. Peak memory is that of a process of its own that makes the network and runs it once,
Python and libraries included. Without PyTorch its columns are left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import numpy as np
from tqdm import tqdm

from benchmarks import measure
from benchmarks.layer_report import table
from cs231n.architectures import Architecture, build
from cs231n.architectures.initialise import initial_buffers, initialise
from cs231n.architectures.passes import multiply_adds
from cs231n.architectures.running import Network
from cs231n.architectures.zoo import NAMES

USUAL = "alexnet,vgg16,googlenet,resnet18"
PAUSE = 0.12  # seconds before an implementation's turn: see measure.interleaved
WRONG = 1e-4  # a larger difference from PyTorch, relative to the largest score, is no rounding


@dataclass
class Figures:
    """What was measured of one network. seconds and peak_mib: by implementation."""

    network: str
    multiply_adds: int  # of the batch
    weights_mib: float
    seconds: dict[str, float] = field(default_factory=dict)
    times: dict[str, list[float]] = field(default_factory=dict)
    peak_mib: dict[str, float] = field(default_factory=dict)
    difference: float | None = None


def pictures(architecture: Architecture, batch: int) -> np.ndarray:
    rng = np.random.default_rng(231)
    return rng.standard_normal((batch, *architecture.input_shape), dtype=np.float32)


def kit(architecture: Architecture, batch: int) -> Callable[[], np.ndarray]:
    """A function that scores a batch on the kit's layers."""
    net, x = Network(architecture), pictures(architecture, batch)
    return lambda: net.forward(x, progress=False)


def in_torch(architecture: Architecture, batch: int) -> Callable[[], np.ndarray]:
    """A function that scores the same batch with the same weights in PyTorch."""
    import torch

    from cs231n.tests.torch_networks import layer

    owned: dict[str, dict] = {}
    values = initialise(architecture) | initial_buffers(architecture)
    for name in list(values):
        owner, _, part = name.rpartition(".")
        tensor = torch.from_numpy(values.pop(name))
        # PyTorch keeps a fully connected layer's weights (M, D): here they lie so in memory.
        is_matrix = part == "w" and tensor.ndim == 2
        owned.setdefault(owner, {})[part] = tensor.T.contiguous().T if is_matrix else tensor
    x = torch.from_numpy(pictures(architecture, batch))

    def forward() -> np.ndarray:
        nodes = architecture.nodes
        volumes, last_reader = {nodes[0].name: x}, {}
        for node in nodes:
            last_reader |= dict.fromkeys(node.inputs, node.name)
        with torch.inference_mode():
            for node in nodes[1:]:
                read = [volumes[name] for name in node.inputs]
                for name in set(node.inputs):
                    if last_reader[name] == node.name:
                        del volumes[name]
                volumes[node.name] = layer(node.layer, read, owned.get(node.name, {}))
        return volumes[architecture.outputs[-1]].numpy()

    return forward


MAKERS = {"kit": kit, "torch": in_torch}


def measure_network(name: str, args: argparse.Namespace, rivals: list[str]) -> Figures:
    architecture = build(name)
    work = args.batch * multiply_adds(architecture, architecture.nodes)
    found = Figures(name, work, architecture.parameter_count * 4 / 2**20)
    for rival in rivals:
        found.peak_mib[rival] = peak_memory(rival, name, args.batch, args.threads)
    calls = {rival: MAKERS[rival](architecture, args.batch) for rival in rivals}
    scores = {rival: call() for rival, call in calls.items()}
    if "torch" in scores:
        gap = np.abs(scores["kit"] - scores["torch"]).max() / np.abs(scores["torch"]).max()
        found.difference = float(gap)
    rows = measure.interleaved({r: [call] for r, call in calls.items()}, args.repeats, PAUSE)
    for row in rows:
        for rival, (seconds,) in row.items():
            found.times.setdefault(rival, []).append(seconds)
    found.seconds = {rival: median(times) for rival, times in found.times.items()}
    return found


def peak_memory(rival: str, name: str, batch: int, threads: int) -> float:
    """MiB that a new process takes at its peak, all in all. Linux only: NaN elsewhere."""
    if not Path("/proc/self/status").exists():
        return float("nan")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_peak_here, rival, name, batch, threads).result()


def _peak_here(rival: str, name: str, batch: int, threads: int) -> float:
    set_threads(threads)
    MAKERS[rival](build(name), batch)()
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def set_threads(count: int) -> str:
    """As many threads for everything, but for BLAS as the kit sets it."""
    told = measure.set_threads(count)
    measure.as_the_kit_sets_it()
    return told


def report(all_figures: list[Figures], rivals: list[str]) -> str:
    """A Markdown table."""
    header = ["network", "10⁹ multiply-adds", "weights, MiB", "kit, ms", "kit's peak, MiB"]
    if "torch" in rivals:
        header += ["PyTorch, ms", "PyTorch's peak, MiB", "kit / PyTorch", "difference"]
    rows = []
    for figures in all_figures:
        row = [figures.network, f"{figures.multiply_adds / 1e9:.2f}", f"{figures.weights_mib:.0f}"]
        for rival in rivals:
            row += [f"{1000 * figures.seconds[rival]:.1f}", f"{figures.peak_mib[rival]:.0f}"]
        if "torch" in rivals:
            ratio = figures.seconds["kit"] / figures.seconds["torch"]
            row += [f"{ratio:.2f}", f"{figures.difference:.0e}"]
        rows.append(row)
    return table(header, rows)


def parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.networks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    parser.add_argument("--networks", default=USUAL, help=f"of the zoo (default: {USUAL})")
    parser.add_argument("--batch", type=int, default=1, help="pictures at a time (default: 1)")
    parser.add_argument("--threads", type=int, default=cores, help="default: one a processor")
    parser.add_argument("--repeats", type=int, default=9, help="times each is timed (default: 9)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures here")
    args = parser.parse_args(argv)
    args.networks = args.networks.split(",")
    for name in args.networks:
        if name not in NAMES:
            parser.error(f"--networks: there is no {name!r}, but {', '.join(NAMES)}")
    for option in ("batch", "threads", "repeats"):
        if getattr(args, option) < 1:
            parser.error(f"--{option} should be 1 or more, not {getattr(args, option)}")
    if args.json and not args.json.absolute().parent.is_dir():
        parser.error(f"{args.json}: there is no folder {args.json.absolute().parent}")
    return args


def main(argv: list[str] | None = None) -> int:
    """Returns 0, 1 when scores differ from PyTorch's; bad arguments exit with 2."""
    args = parse(argv)
    rivals = ["kit"]
    if importlib.util.find_spec("torch"):
        import torch  # noqa: F401

        rivals.append("torch")
    else:
        print("PyTorch is not installed, so only the kit is measured: pip install torch.")
    machine = measure.machine(args.threads, set_threads(args.threads))
    if machine.get("load before", 0) > 0.5:
        print("Other programs are running: compare ratios, not milliseconds.", file=sys.stderr)
    figures = [measure_network(name, args, rivals) for name in tqdm(args.networks, disable=None)]
    for key in ("processor", "threads", "numpy", "cs231n layers", "torch", "torch threads"):
        if key in machine:
            print(f"{key}: {machine[key]}")
    print("\n" + report(figures, rivals))
    if args.json:
        found = {"machine": machine, "figures": [asdict(one) for one in figures]}
        args.json.write_text(json.dumps(found, indent=1) + "\n")
    wrong = [one for one in figures if one.difference is not None and not one.difference <= WRONG]
    for one in wrong:
        print(
            f"WRONG: {one.network} differs from PyTorch by {one.difference:.1e} of the largest "
            "score.",
            file=sys.stderr,
        )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
