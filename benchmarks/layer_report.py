"""The figures of benchmarks.layers as Markdown tables."""

from __future__ import annotations

from math import exp, isnan, log

from benchmarks.layer_cases import PASSES
from benchmarks.layer_implementations import ALGORITHMS

RIVALS = ("torch", "original", "matmul")


def report(found, rivals: list[str]) -> str:
    """All tables. found: a layers.Measured; rivals: whom ratios are to."""
    parts = [_machine(found.machine)]
    for dtype in ("float32", "float64"):
        for which in PASSES:
            parts.append(_convolutions(found.figures, dtype, which, rivals))
        parts += [_errors(found.figures, dtype), _memory(found.memory, dtype)]
    parts += [_milliseconds(found.figures, "pooling", "Max pooling"), _step(found.figures)]
    if found.imports:
        times = (f"`{name}` {1000 * seconds:.0f} ms" for name, seconds in found.imports.items())
        parts.append("Import, in a new Python: " + ", ".join(times))
    if found.bandwidth:
        parts.append(f"Memory bandwidth: {found.bandwidth:.1f} GB/s")
    if found.refused:
        parts.append(_left_out(found.refused))
    return "\n\n".join(filter(None, parts))


def _left_out(refused: list[dict]) -> str:
    lines = ["Left out:"]
    for name in dict.fromkeys(entry["implementation"] for entry in refused):
        here = [entry for entry in refused if entry["implementation"] == name]
        cases = ", ".join(dict.fromkeys(entry["case"] for entry in here))
        lines.append(f"- {name}: {cases}. The first because: {here[0]['reason']}")
    return "\n".join(lines)


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table, its first column to the left and the others to the right."""
    lines = [header, ["---"] + ["--:"] * (len(header) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def geometric_mean(values: list[float]) -> float:
    return exp(sum(map(log, values)) / len(values)) if values else float("nan")


def ratio(figures: list, ours: str, theirs: str, case: str) -> float | None:
    """How many times as fast as theirs ours is on a case, from figures of one pass and dtype."""
    by_name = {f.implementation: f for f in figures if f.case == case}
    if ours not in by_name or theirs not in by_name:
        return None
    mine, other = by_name[ours], by_name[theirs]
    if theirs == "matmul":  # not the same work: compare speeds
        return mine.gflops / other.gflops
    return other.seconds / mine.seconds


def _machine(about: dict) -> str:
    told = {key: value for key, value in about.items() if key != "thread pools"}
    return "\n".join(f"{key}: {value}" for key, value in told.items())


def _names(figures: list) -> list[str]:
    """The implementations of some figures: the kit's own first, as they were asked for."""
    found = list(dict.fromkeys(f.implementation for f in figures))
    known = [*ALGORITHMS, "kit", *RIVALS]
    return sorted(found, key=known.index)


def _convolutions(figures: list, dtype: str, which: str, rivals: list[str]) -> str:
    here = [f for f in figures if f.part == "convolution" and f.dtype == dtype]
    here = [f for f in here if f.which in (which, "product")]
    if not here:
        return ""
    names, cases = _names(here), list(dict.fromkeys(f.case for f in here))
    ours = names[0]
    pairs = [(ours, rival) for rival in rivals]
    pairs += [("direct", "matmul")] if "direct" in names else []
    rows, columns = [], {pair: [] for pair in pairs}
    for case in cases:
        speeds = {f.implementation: f.gflops for f in here if f.case == case}
        row = [case, *(f"{speeds[n]:.1f}" if n in speeds else "" for n in names)]
        for pair in pairs:
            value = ratio(here, *pair, case)
            row.append("" if value is None else f"{value:.2f}")
            columns[pair] += [] if value is None else [value]
        rows.append(row)
    means = [f"**{geometric_mean(columns[pair]):.2f}**" for pair in pairs]
    if pairs:
        rows.append(["geometric mean", *("" for _ in names), *means])
    header = ["shape", *names, *(f"{a} : {b}" for a, b in pairs)]
    return f"**Convolution, {which}, {dtype}**, GFLOP/s, and ratios of speeds\n\n" + table(
        header, rows
    )


def _errors(figures: list, dtype: str) -> str:
    here = [f for f in figures if f.error is not None and f.dtype == dtype]
    if not here:
        return ""
    names, rows = _names(here), []
    for case in dict.fromkeys(f.case for f in here):
        got = {(f.implementation, f.which): f.error for f in here if f.case == case}
        cells = [
            " ".join(f"{got[name, which]:.0e}" for which in PASSES if (name, which) in got)
            for name in names
        ]
        rows.append([case, *cells])
    return (
        f"**Errors, {dtype}**, forward and backward: the largest difference from im2col in float64,"
        f" over the largest value\n\n{table(['shape', *names], rows)}"
    )


def _memory(memory: list[dict], dtype: str) -> str:
    here = [entry for entry in memory if entry["dtype"] == dtype]
    if not here or all(isnan(entry["mib"]) for entry in here):
        return ""
    used = {entry["implementation"] for entry in here}
    names = [name for name in (*ALGORITHMS, *RIVALS) if name in used]
    rows = []
    for case in dict.fromkeys(entry["case"] for entry in here):
        got = {e["implementation"]: f"{e['mib']:.1f}" for e in here if e["case"] == case}
        rows.append([case, *(got.get(name, "") for name in names)])
    return (
        f"**Peak memory, {dtype}**, forward and backward, MiB beyond inputs and outputs (read from "
        f"the system, VmHWM)\n\n{table(['shape', *names], rows)}"
    )


def _milliseconds(figures: list, part: str, title: str) -> str:
    here = [f for f in figures if f.part == part]
    if not here:
        return ""
    names, rows = _names(here), []
    others = [name for name in names if name != "kit"]
    for key in dict.fromkeys((f.case, f.dtype, f.which) for f in here):
        same = [f for f in here if (f.case, f.dtype, f.which) == key]
        times = {f.implementation: f"{1000 * f.seconds:.2f}" for f in same}
        ratios = [ratio(same, "kit", other, key[0]) for other in others]
        cells = ["" if value is None else f"{value:.2f}" for value in ratios]
        rows.append([", ".join(key), *(times.get(name, "") for name in names), *cells])
    header = [part, *names, *(f"kit : {other}" for other in others)]
    return f"**{title}**, ms, and ratios of speeds\n\n{table(header, rows)}"


def _step(figures: list) -> str:
    title = "One training step of the three-layer net (loss, all gradients, Adam)"
    return _milliseconds(figures, "step", title)
