"""Hints in steps: ``check.hint("conv_backward_naive")`` shows the next one each time.

The texts lie beside this file, one TOML file a notebook and a table an exercise:

    steps    from what to ask oneself to where people slip, 300 characters each at most. Names and
             shapes at most, never code.
    see      the section to read again, as its heading stands in the notebook: the last step ends
             with it
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

from cs231n import language
from cs231n.check import report
from cs231n.check.diagnosis import sentence
from cs231n.check.results import Result

FOLDER = Path(__file__).parent
_BLUE = "#1f6fb2"
_shown: dict[str, int] = {}  # exercise -> the step shown last, as long as this process lives


@dataclass(frozen=True)
class Hints:
    """The hints of one exercise; the last one names the section of the notebook to read again."""

    notebook: str
    steps: tuple[str, ...]
    see: str


@dataclass(frozen=True)
class Note:
    """A few lines to show: `repr` for a terminal, HTML for a notebook."""

    title: str
    lines: Sequence[str]
    footer: str = ""
    language: str = language.ENGLISH  # that it is shown in

    def _texts(self) -> tuple[str, list[str], str]:
        def say(text: str) -> str:
            return language.translate(text, self.language)

        return say(self.title), [say(line) for line in self.lines], say(self.footer)

    def __repr__(self) -> str:
        title, lines, footer = self._texts()
        return "\n".join([title, *(f"  {line}" for line in lines), *([footer] if footer else [])])

    def _repr_html_(self) -> str:
        title, texts, footer = self._texts()
        edge = f"border-left:3px solid {_BLUE};padding-left:0.6em"
        lines = "".join(f'<p style="{edge}">{escape(line)}</p>' for line in texts)
        lines += f"<p>{escape(footer)}</p>" if footer else ""
        return f'<div class="cs231n-check"><p><b>{escape(title)}</b></p>{lines}</div>'


@cache
def all_hints() -> dict[str, Hints]:
    """Exercise -> its hints, in the order of the notebooks."""
    found = {}
    for path in sorted(FOLDER.glob("*.toml")):
        for exercise, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
            *steps, last = (" ".join(step.split()) for step in entry["steps"])
            steps = (*steps, sentence(last, entry["see"]))
            found[exercise] = Hints(path.stem, steps, entry["see"])
    return found


def hint(exercise: object = None, step: int | None = None) -> None:
    """Show a hint for an exercise: the next one each time, or the one asked for.

        check.hint("conv_backward_naive")            the first, then the second, ...
        check.hint("conv_backward_naive", step=2)    this one
        check.hint()                                 which exercises have how many

    exercise: its name, or the function itself
    """
    report.show(_overview() if exercise is None else _one(exercise, step))


def invitation(exercise: str, results: Sequence[Result]) -> str:
    """The line under a check that failed: where the next hint is, if there is one left.

    Nothing for whoever has not begun, or has passed.
    """
    hints = all_hints().get(exercise)
    if hints is None or all(r.passed for r in results) or not all(r.ready for r in results):
        return ""
    following = _shown.get(exercise, 0) + 1
    if following > len(hints.steps):
        return ""
    return f'Stuck? check.hint("{exercise}") shows hint {following} of {len(hints.steps)}.'


def _one(exercise: object, step: int | None) -> Note:
    name = _name_of(exercise)
    if name not in all_hints():
        close = difflib.get_close_matches(name, all_hints(), n=3)
        asked = ", ".join(f'check.hint("{match}")' for match in close)
        meant = f"Did you mean {asked}?" if close else "check.hint() lists all exercises."
        return Note(f"There is no exercise {name!r}.", [meant])
    steps = all_hints()[name].steps
    call = f'check.hint("{name}"'
    if step is None:
        step = _shown.get(name, 0) + 1
        if step > len(steps):
            again = f"That was the last. {call}, step=1) shows the first one again."
            return Note(f"{name}: you have seen all {len(steps)} hints", [again])
    if step not in range(1, len(steps) + 1):
        which = f"step should be a whole number from 1 to {len(steps)}, not {step!r}."
        return Note(f"{name} has {len(steps)} hints", [which])
    _shown[name] = step
    more = f"The next one: {call})" if step < len(steps) else ""
    return Note(f"{name}: hint {step} of {len(steps)}", [steps[step - 1]], more)


def _name_of(exercise: object) -> str:
    """The exercise that a name, a function, a class or a check stands for."""
    name = exercise
    if not isinstance(exercise, str):
        name = getattr(exercise, "name", None) or getattr(exercise, "__name__", repr(exercise))
    if name not in all_hints():
        from cs231n.check import EXERCISES

        for known in EXERCISES.values():  # TwoLayerNet, two_layer_net_loss: two_layer_net
            if name in known.own or name.lower() == known.name.replace("_", ""):
                return known.name
    return name


def _overview() -> Note:
    notebooks: dict[str, list[str]] = {}
    for name, hints in all_hints().items():
        notebooks.setdefault(hints.notebook, []).append(f"{name} ({len(hints.steps)})")
    lines = [f"{notebook}: {', '.join(names)}" for notebook, names in notebooks.items()]
    return Note('Hints, and how many of them: check.hint("NAME") shows one at a time', lines)
