"""How fast are the fast layers? Against PyTorch, the course's original, and the processor's limit.

Implementations take turns in one process, with the same number of threads; figures are medians.
GFLOP/s count 2 N F H_out W_out C HH WW operations for the forward pass and twice that for the
backward pass (dx, dw and db together), whatever an algorithm really does. Ctrl-C prints what has
been measured so far.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

from tqdm import tqdm

from benchmarks import layer_report, measure, training_step
from benchmarks.layer_cases import FULL, PASSES, Sizes
from benchmarks.layer_implementations import ALGORITHMS, Refused, errors, prepare
from benchmarks.original_layers import OriginalError, load_original

PARTS = ("convolution", "pooling", "step", "import", "memory")
WRONG = {"float32": 1e-3, "float64": 1e-8}  # a larger error is no rounding


@dataclass
class Figure:
    """One implementation's pass on one shape. part: one of PARTS; seconds: the median of times."""

    part: str
    case: str
    dtype: str
    which: str
    implementation: str
    seconds: float
    times: list[float]
    gflops: float | None = None
    error: float | None = None


@dataclass
class Measured:
    """All that a run found."""

    machine: dict = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)
    refused: list[dict] = field(default_factory=list)  # implementation, case, reason
    imports: dict[str, float] = field(default_factory=dict)  # module -> seconds
    memory: list[dict] = field(default_factory=list)  # case, dtype, implementation, mib
    bandwidth: float | None = None  # GB/s
    interrupted: bool = False


class Runner:
    """Measures the parts that were asked for, one after another."""

    def __init__(self, args: argparse.Namespace, sizes: Sizes, measured: Measured):
        self.args, self.sizes, self.found = args, sizes, measured
        self.cases = [case for case in sizes.convolutions if case.name in args.shapes]
        self.jobs = [job for part in args.parts for job in getattr(self, f"_{part}")()]

    def run(self) -> None:
        with tqdm(self.jobs, unit="job", disable=None) as bar:
            for name, job, *arguments in bar:
                bar.set_description(name)
                job(*arguments)

    def _each(self, cases: list, job) -> list:
        return [(f"{c.name}, {t}", job, c, t) for t in self.args.dtypes for c in cases]

    def _convolution(self) -> list:
        bandwidth = ("memory bandwidth", self.measure_bandwidth)
        return [bandwidth, *self._each(self.cases, self.measure_convolution)]

    def _pooling(self) -> list:
        return self._each(list(self.sizes.poolings), self.measure_pooling)

    def _step(self) -> list:
        return [("training step", self.measure_step)]

    def _import(self) -> list:
        return [("import", self.measure_imports)]

    def _memory(self) -> list:
        return self._each(self.cases, self.measure_memory)

    def measure_bandwidth(self) -> None:
        self.found.bandwidth = measure.bandwidth(self.sizes.stream, self.args.threads)

    def measure_convolution(self, case, dtype: str) -> None:
        # The yardstick of accuracy: the same values in float64, by columns and a matrix product.
        exact = prepare("im2col", case, case.arrays("float64")).results()
        calls, wrong = {}, {}
        for name in [*self.args.algorithms, *self.args.rivals]:
            try:
                prepared = prepare(name, case, case.arrays(dtype), self.args.original)
            except Refused as problem:
                self.refuse(name, case.name, problem)
                continue
            wrong[name] = errors(prepared.results(), exact)
            calls[name] = [prepared.forward, prepared.backward]
        calls["matmul"] = [measure.matmul(self.sizes.matmul, dtype)]
        times = self.times(calls)
        for name, passes in times.items():
            for which, seconds in zip(PASSES if name != "matmul" else ["product"], passes):
                flops = 2 * self.sizes.matmul**3 if name == "matmul" else case.flops(which)
                self.add("convolution", case.name, dtype, which, name, seconds, flops)
                self.found.figures[-1].error = wrong.get(name, {}).get(which)

    def measure_pooling(self, case, dtype: str) -> None:
        calls = {}
        for name in ["kit", *self.args.rivals]:
            try:
                prepared = prepare(name, case, case.arrays(dtype), self.args.original)
            except Refused as problem:
                self.refuse(name, f"max pooling {case.name}", problem)
                continue
            calls[name] = [prepared.forward, prepared.backward]
        for name, passes in self.times(calls).items():
            for which, seconds in zip(PASSES, passes):
                self.add("pooling", case.name, dtype, which, name, seconds)

    def measure_step(self) -> None:
        makers = {"kit": training_step.kit_step, "torch": training_step.torch_step}
        calls = {}
        for name, make in makers.items():
            if name == "kit" or name in self.args.rivals:
                try:
                    calls[name] = [make(self.sizes.step)]
                except ImportError as problem:
                    self.refuse(name, "training step", problem)
        measure.as_the_kit_sets_it()
        losses = {name: call() for name, (call,) in calls.items()}
        if len(losses) == 2 and abs(losses["kit"] - losses["torch"]) > 1e-3:
            self.refuse("kit", "training step", f"the losses differ: {losses}")
        for name, (seconds,) in self.times(calls).items() if calls else ():
            self.add("step", "three-layer net", "float32", "step", name, seconds)
        measure.set_threads(self.args.threads)

    def measure_imports(self) -> None:
        modules = ["numpy", "cs231n", "cs231n.fast_layers", "torch"]
        for module in modules if "torch" in self.args.rivals else modules[:-1]:
            self.found.imports[module] = measure.import_seconds(module, self.args.repeats)

    def measure_memory(self, case, dtype: str) -> None:
        for name in [*self.args.algorithms, *self.args.rivals]:
            threads, original = self.args.threads, self.args.original
            try:
                mib = measure.peak_memory(name, case, dtype, threads, original)
            except Refused:
                continue
            self.found.memory.append(
                {"case": case.name, "dtype": dtype, "implementation": name, "mib": mib}
            )

    def refuse(self, name: str, case: str, reason: object) -> None:
        entry = {"implementation": name, "case": case, "reason": str(reason)}
        if entry not in self.found.refused:
            self.found.refused.append(entry)

    def times(self, calls: dict) -> dict[str, list[list[float]]]:
        """Implementation -> for each of its calls, the seconds of every repeat."""
        rows = list(measure.interleaved(calls, self.args.repeats, self.sizes.pause))
        return {name: [list(t) for t in zip(*(row[name] for row in rows))] for name in calls}

    def add(self, part, case, dtype, which, name, times: list[float], flops: int = 0) -> None:
        seconds = median(times)
        gflops = flops / seconds / 1e9 if flops else None
        self.found.figures.append(Figure(part, case, dtype, which, name, seconds, times, gflops))


def parse(argv: list[str] | None, sizes: Sizes) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.layers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    letters = "".join(case.name for case in sizes.convolutions)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures here")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the roofline here (.png)")
    parser.add_argument(
        "--against",
        action="append",
        default=[],
        metavar="torch | original=PATH",
        help="also measure PyTorch, or the fast_layers.py of CS231n's assignment in folder PATH",
    )
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    parser.add_argument("--threads", type=int, default=cores, help="default: one a processor")
    parser.add_argument("--repeats", type=int, default=9, help="times each is timed (default: 9)")
    parser.add_argument("--dtype", choices=["float32", "float64", "both"], default="float32")
    parser.add_argument("--shapes", default=letters, help=f"some of {letters} (default: all)")
    parser.add_argument("--algorithms", default=",".join(ALGORITHMS), help="default: all")
    parser.add_argument("--parts", default=",".join(PARTS), help=f"some of {','.join(PARTS)}")
    args = parser.parse_args(argv)
    args.dtypes = ["float32", "float64"] if args.dtype == "both" else [args.dtype]
    for option, known in ("shapes", letters), ("algorithms", ALGORITHMS), ("parts", PARTS):
        given = getattr(args, option)
        chosen = list(given) if option == "shapes" else given.split(",")
        unknown = [one for one in chosen if one not in known]
        if unknown or not chosen:
            of = known if option == "shapes" else ", ".join(known)
            parser.error(f"--{option} {given!r}: {unknown or 'nothing'} is not among {of}")
        setattr(args, option, chosen)
    for option in ("threads", "repeats"):
        if getattr(args, option) < 1:
            parser.error(f"--{option} should be 1 or more, not {getattr(args, option)}")
    for file in filter(None, (args.json, args.plot)):
        if not file.absolute().parent.is_dir():
            parser.error(f"{file}: there is no folder {file.absolute().parent}")
    rivals(args, parser)
    return args


def rivals(args: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    """Look at --against, and set args.rivals and args.original."""
    args.rivals, args.original = [], None
    for rival in args.against:
        name, _, path = rival.partition("=")
        if rival == "torch":
            if importlib.util.find_spec("torch") is None:
                parser.error("--against torch: PyTorch is not installed. Try `pip install torch`.")
            import torch  # noqa: F401
        elif name == "original" and path:
            args.original = Path(path).absolute()
            try:
                load_original(args.original)
            except OriginalError as problem:
                parser.error(f"--against {rival}: {problem}")
        else:
            parser.error(f"--against {rival}: say torch, or original=PATH")
        if name not in args.rivals:
            args.rivals.append(name)


def main(argv: list[str] | None = None, sizes: Sizes = FULL) -> int:
    """Returns 0, 1 when a result is wrong, 130 after Ctrl-C; bad arguments exit with 2."""
    args = parse(argv, sizes)
    found = Measured(machine=measure.machine(args.threads, measure.set_threads(args.threads)))
    if found.machine.get("load before", 0) > 0.5:
        print(
            "Other programs are running: figures of small shapes will mean little.", file=sys.stderr
        )
    try:
        Runner(args, sizes, found).run()
    except KeyboardInterrupt:
        found.interrupted = True
        print("\nInterrupted. Measured so far:", file=sys.stderr)
    print(layer_report.report(found, args.rivals))
    if args.json:
        args.json.write_text(json.dumps(asdict(found), indent=1) + "\n")
    if args.plot and any(figure.part == "convolution" for figure in found.figures):
        from benchmarks import roofline

        roofline.draw(found, sizes.convolutions, args.plot)
    wrong = [f for f in found.figures if f.error is not None and not f.error <= WRONG[f.dtype]]
    for figure in wrong:
        print(
            f"WRONG: {figure.implementation} on {figure.case}, {figure.which}, {figure.dtype}: "
            f"differs from float64 im2col by {figure.error:.1e} of the largest value.",
            file=sys.stderr,
        )
    return 130 if found.interrupted else 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
