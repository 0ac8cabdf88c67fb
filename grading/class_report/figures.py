"""The page's charts: matplotlib's SVG, its text as text and its colours the page's own."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import datetime

import matplotlib
import numpy as np
from markupsafe import Markup, escape
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

WIDTH = 4.8  # inches of 72 units: readable on a telephone, too
# Colours that nothing else has stand for the page's variables, which differ by day and by night.
COLOURS = {
    "ink": "#00fe01",
    "line": "#00fe02",
    "full": "#00fe03",
    "partly": "#00fe04",
    "nothing": "#00fe05",
    "unwritten": "#00fe06",
    "waits": "#00fe07",
    "late": "#00fe08",
}
OUTCOMES = ("full", "partly", "nothing", "unwritten", "waits")  # colours, as numbers.OUTCOMES
_VARIABLES = {colour: f"var(--{name})" for name, colour in COLOURS.items()}
_STYLE = {
    "svg.fonttype": "none",
    "font.size": 10,
    "axes.labelcolor": COLOURS["ink"],
    "axes.edgecolor": COLOURS["line"],
    "xtick.color": COLOURS["line"],
    "ytick.color": COLOURS["line"],
    "xtick.labelcolor": COLOURS["ink"],
    "ytick.labelcolor": COLOURS["ink"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.parse_math": False,
    "path.simplify": False,
}


def score_chart(final: np.ndarray, still_open: np.ndarray, most: float) -> Markup:
    """How many submissions have how many points. final, still_open: their points."""
    highest = max([most, *final, *still_open]) or 1.0
    edges = np.linspace(0, highest, 21)
    finished, others = (np.histogram(values, edges)[0] for values in (final, still_open))
    with matplotlib.rc_context(_STYLE | {"svg.hashsalt": "scores"}):
        figure, axes = _figure(2.6)
        style = {"align": "edge", "width": np.diff(edges) * 0.9}
        axes.bar(edges[:-1], finished, color=COLOURS["full"], **style)
        axes.bar(edges[:-1], others, bottom=finished, color=COLOURS["waits"], **style)
        axes.set_xlim(0, highest)
        axes.set_xlabel("points")
        axes.set_ylabel("submissions")
        axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
        told = f"Submissions by points, in 20 columns from 0 to {highest:g}"
        columns = "; ".join(
            f"{low:g} to {high:g}: {count}"
            for low, high, count in zip(edges[:-1], edges[1:], finished + others, strict=True)
            if count
        )
        return _svg(figure, f"{told}. {columns}.")


def outcome_chart(names: Sequence[str], counts: np.ndarray, words: Sequence[str]) -> Markup:
    """Exercises by how they came out. counts: (exercises, outcomes), numbers of submissions."""
    shares = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    with matplotlib.rc_context(_STYLE | {"svg.hashsalt": f"exercises {names}"}):
        figure, axes = _figure(0.6 + 0.25 * len(names))
        left, rows = np.zeros(len(names)), np.arange(len(names))
        for key, share in zip(OUTCOMES, shares.T, strict=True):
            axes.barh(rows, share, left=left, height=0.72, color=COLOURS[key], linewidth=0)
            left = left + share
        axes.set_yticks(rows, [_cut(name) for name in names])
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_xlim(0, 100)
        axes.set_xlabel("% of the submissions")
        told = "; ".join(
            f"{name}: " + ", ".join(f"{s:.0f} % {w}" for s, w in zip(row, words, strict=True) if s)
            for name, row in zip(names, shares, strict=True)
        )
        return _svg(figure, f"How exercises came out. {told}.")


def time_chart(begins: Sequence[datetime], counts: Sequence[int], due: datetime | None) -> Markup:
    """When submissions were handed in. begins: where spans begin, with the end of the last."""
    with matplotlib.rc_context(_STYLE | {"svg.hashsalt": "times"}):
        figure, axes = _figure(2.4)
        edges = date2num(begins)
        late = due is not None and edges[:-1] >= date2num(due) - 1e-9
        colours = [COLOURS["late" if one else "full"] for one in np.broadcast_to(late, len(counts))]
        axes.bar(edges[:-1], counts, align="edge", width=np.diff(edges) * 0.9, color=colours)
        if due is not None:
            axes.axvline(date2num(due), color=COLOURS["ink"], linewidth=1, linestyle="--")
        locator = AutoDateLocator(minticks=3, maxticks=7)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
        axes.set_ylabel("submissions")
        axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
        hours = (begins[1] - begins[0]).total_seconds() / 3600
        busiest = begins[int(np.argmax(counts))]
        return _svg(
            figure,
            f"When submissions were handed in, in spans of {hours:g} h. The busiest span has "
            f"{max(counts)} and begins at {busiest:%Y-%m-%d %H:%M} UTC.",
        )


def _figure(height: float):
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    FigureCanvasSVG(figure)
    return figure, figure.add_subplot()


def _cut(name: str) -> str:
    return name if len(name) <= 30 else f"{name[:29]}…"


def _svg(figure: Figure, words: str) -> Markup:
    """The figure as an element of a page. words: what it shows, for those who do not see it."""
    figure.patch.set_alpha(0)
    for axes in figure.axes:
        axes.patch.set_alpha(0)
    file = io.StringIO()
    about = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(file, format="svg", metadata=about)
    text = file.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'<g id="[^"]*"', "<g", text)  # the same in every chart, and of no use
    text = re.sub(r"#00fe0\d", lambda found: _VARIABLES[found[0]], text)
    text = re.sub(r' width="[\d.]+pt"| height="[\d.]+pt"', "", text, count=2)
    text = text.replace("<svg", f'<svg role="img" aria-label="{escape(words)}"', 1)
    return Markup(text)
