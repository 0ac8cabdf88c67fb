"""A learner's own score card, from the visible checks that ran in this kernel.

Every check notes what it found (:func:`note`); the last cell of a notebook shows the sum
(:func:`score_card`). A point counts as long as the code that was checked is the code that is there.
"""

from __future__ import annotations

import difflib
import dis
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from types import CodeType

from cs231n import language
from cs231n.check import report
from cs231n.check.results import Result, score_of

_SIGNS = {"all": ("✓", "#1f6fb2"), "part": ("✗", "#c1540b"), "open": ("○", "inherit")}
_MOST_NAMED = 2  # failed checks of an exercise, by name


@dataclass(frozen=True)
class _Checked:
    """What the latest check of an exercise found, and the code that it looked at."""

    results: Sequence[Result]
    code: Mapping[str, object]


_latest: dict[str, _Checked] = {}  # exercise -> its latest check in this process


@dataclass(frozen=True)
class Row:
    """One line of the card. state: "all" points, "part" of them, or still "open"."""

    name: str
    points: str
    state: str
    open: str


@dataclass(frozen=True)
class Card:
    """The card: `repr` for a terminal, HTML for a notebook."""

    title: str
    rows: Sequence[Row]
    footer: str
    command: str
    language: str = language.ENGLISH  # that it is shown in

    def _say(self, text: str) -> str:
        return language.translate(text, self.language)

    def __repr__(self) -> str:
        rows = [tuple(map(self._say, (row.name, row.points, row.open))) for row in self.rows]
        columns = [max(map(language.width, texts)) for texts in zip(*rows, strict=True)]
        lines = []
        for row, (name, points, what) in zip(self.rows, rows, strict=True):
            name = language.padded(name, columns[0])
            points = language.padded(points, columns[1], right=True)
            lines.append(f"  {_SIGNS[row.state][0]} {name}  {points}   {what}".rstrip())
        title, footer = self._say(self.title), self._say(self.footer)
        return "\n".join([title, *lines, footer, f"    {self.command}"])

    def _repr_html_(self) -> str:
        left, right = 'style="text-align:left"', 'style="text-align:right;white-space:nowrap"'
        whole = 'style="text-align:left;white-space:nowrap"'
        body = ""
        for row in self.rows:
            sign, colour = _SIGNS[row.state]
            name, points, what = (escape(self._say(t)) for t in (row.name, row.points, row.open))
            name = f'<span style="color:{colour}">{sign}</span> {name}'
            body += f"<tr><td {whole}>{name}</td><td {right}>{points}</td>"
            body += f"<td {left}>{what}</td></tr>"
        exercise, points, what = map(self._say, ("exercise", "points", "what is open"))
        titles = f"<th {left}>{exercise}</th><th {right}>{points}</th><th {left}>{what}</th>"
        more = f"<p>{escape(self._say(self.footer))} <code>{escape(self.command)}</code></p>"
        title = escape(self._say(self.title))
        return (
            f'<div class="cs231n-check"><p><b>{title}</b></p><table><thead><tr>'
            f"{titles}</tr></thead><tbody>{body}</tbody></table>{more}</div>"
        )


def note(exercise: str, functions: Mapping[str, object], results: Sequence[Result]) -> None:
    """Remember what a check found. functions: those it was given, by name."""
    _latest[exercise] = _Checked(tuple(results), _code_of(functions))


def score_card(notebook: str, by_a_person: float = 0, **points: float) -> None:
    """Show what the checks that ran so far add up to.

    Inputs:
    - notebook: its name, without .ipynb
    - by_a_person: points for answers in words, which no check can read
    - points: exercise -> its points, in the order of the notebook
    """
    from cs231n.check import EXERCISES

    for name in points:
        if name not in EXERCISES:
            close = difflib.get_close_matches(name, EXERCISES)
            meant = f" Did you mean {' or '.join(close)}?" if close else ""
            raise TypeError(f"There is no exercise {name!r}.{meant}")
    report.show(card(notebook, by_a_person, points, vars(sys.modules["__main__"])))


def card(notebook: str, by_a_person: float, points: Mapping, here: Mapping[str, object]) -> Card:
    """The card as it stands. here: the names that the notebook has defined."""
    lines = [_line(name, most, here) for name, most in points.items()]
    rows = [row for row, _ in lines]
    total, most = round(sum(earned for _, earned in lines), 2), sum(points.values())
    if by_a_person:
        rows.append(Row("answer in words", f"– of {by_a_person:g}", "open", "read by a person"))
    return Card(
        f"Your score so far: {total:g} of {most:g} by the visible checks",
        tuple(rows),
        "Hidden checks look at more than these do. Save the notebook, and run them in a full clone "
        "of the course:",
        f"python -m grading check path/to/{notebook}.ipynb",
    )


def _line(name: str, most: float, here: Mapping[str, object]) -> tuple[Row, float]:
    """An exercise's line, and the points in it."""
    from cs231n.check import EXERCISES

    checked, unknown = _latest.get(name), f"– of {most:g}"
    if checked is None:
        return Row(name, unknown, "open", "run its check cell"), 0.0
    now = {f: here[f] for f in EXERCISES[name].functions if f in here}
    if len(now) == len(EXERCISES[name].functions) and _code_of(now) != checked.code:
        return Row(name, unknown, "open", "changed since its check: run the check again"), 0.0
    earned = score_of(checked.results, most)
    failed = [r for r in checked.results if not r.passed]
    number, number2 = earned, most
    points = f"{number:g} of {number2:g}"
    if not failed:
        return Row(name, points, "all", ""), earned
    if not any(r.ready for r in checked.results):
        return Row(name, points, "open", "to be written"), earned
    named = [r.name for r in failed[:_MOST_NAMED]]
    if len(failed) > _MOST_NAMED:
        named += [f"and {len(failed) - _MOST_NAMED} more"]
    if len(failed) == len(checked.results):
        named = ["all its checks"]
    return Row(name, points, "part", "; ".join(named)), earned


def _code_of(functions: Mapping[str, object]) -> dict[str, object]:
    """Name -> code of these functions, and of those that they call and that stand beside them.

    Equal as long as nobody changed a line: running a cell again makes new functions of equal code.
    """
    found: dict[str, object] = {}
    waiting = list(functions.items())
    while waiting:
        name, function = waiting.pop()
        if name in found:
            continue
        if isinstance(function, type):
            found[name] = "a class"
            waiting += [(f"{name}.{key}", part) for key, part in vars(function).items()]
            continue
        code = getattr(function, "__code__", None)
        found[name] = code or function
        if isinstance(code, CodeType):
            beside = function.__globals__
            called = ((key, beside.get(key)) for key in _names_in(code))
            waiting += [
                (key, value)
                for key, value in called
                if callable(value)
                and getattr(value, "__module__", None) == getattr(function, "__module__", "")
            ]
    return found


def _names_in(code: CodeType) -> set[str]:
    """The names that a function looks up outside, inner functions included."""
    inner = (part for part in code.co_consts if isinstance(part, CodeType))
    # Not co_names, which has attributes too: net.loss has nothing to do with a function loss.
    own = {i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    return own.union(*map(_names_in, inner))
