"""A graded class as a table: students by exercise."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Mapping


def class_table(reports: Mapping[str, dict], about: Mapping[str, str] | None = None) -> str:
    """The table as text, and under it why submissions need a person.

    Inputs:
    - reports: student -> {"notebooks": {name: score card}}
    - about: student -> what is particular (shown as far as the terminal is wide)
    """
    columns = _columns(reports)
    heads = [str(number) for number in range(1, len(columns) + 1)]
    cells = {s: [_cell(report, *key) for key in columns] for s, report in reports.items()}
    widths = [2 + max(map(len, column)) for column in zip(heads, *cells.values(), strict=True)]

    def row(texts: list[str]) -> str:
        return "".join(text.rjust(width) for text, width in zip(texts, widths, strict=True))

    lines = ["", f"{'':<10}{row(heads)}   total"]
    room = shutil.get_terminal_size((150, 24)).columns - len(lines[-1]) - 10
    for student, report in reports.items():
        cards = report["notebooks"].values()
        total = sum(card["score"] for card in cards)
        flag = "review" if any(card["needs_review"] for card in cards) else ""
        note = (about or {}).get(student, "")
        note = note if len(note) <= room else note[: max(room - 1, 0)] + "…" * (room > 9)
        line = f"{student:<10}{row(cells[student])}  {total:6.2f}  {flag:<6}  {note}"
        lines.append(line.rstrip())
    return "\n".join([*_legend(columns), *lines, *_reasons(reports)])


def differences(reports: Mapping[str, dict], expected: Mapping[str, dict]) -> list[str]:
    """How the scores of a class differ from a table of expected ones, a line each."""
    lines = []
    for student, report in reports.items():
        cards = report["notebooks"]
        scores = {e: v["score"] for card in cards.values() for e, v in card["exercises"].items()}
        wanted = expected[student]["scores"]
        for exercise in sorted(wanted.keys() | scores.keys()):
            came, should = scores.get(exercise), wanted.get(exercise)
            if came != should:
                lines.append(f"{student}: {exercise} scored {came}, expected {should}")
        review = sorted(name for name, card in cards.items() if card["needs_review"])
        if review != sorted(expected[student]["review"]):
            lines.append(
                f"{student}: for review are {review}, expected {expected[student]['review']}"
            )
    return lines


def _columns(reports: Mapping[str, dict]) -> dict[tuple[str, str], float]:
    """(notebook, exercise) -> points, in order."""
    return {
        (name, exercise): value["max_score"]
        for report in reports.values()
        for name, card in sorted(report["notebooks"].items())
        for exercise, value in card["exercises"].items()
    }


def _legend(columns: Mapping[tuple[str, str], float]) -> list[str]:
    lines = []
    for name in dict.fromkeys(notebook for notebook, _ in columns):
        parts = [
            f"{number} {exercise} ({points:g})"
            for number, ((notebook, exercise), points) in enumerate(columns.items(), start=1)
            if notebook == name
        ]
        text = f"{name}: {', '.join(parts)}"
        lines += textwrap.wrap(text, 100, subsequent_indent="  ", break_long_words=False)
    return lines


def _cell(report: dict, notebook: str, exercise: str) -> str:
    card = report["notebooks"].get(notebook)
    result = card and card["exercises"].get(exercise)
    if not result or (card["needs_review"] and not result["checks"]):
        return "?"  # not graded: waits for a person
    return f"{result['score']:.2f}".rstrip("0").rstrip(".")


def _reasons(reports: Mapping[str, dict]) -> list[str]:
    reasons = [
        f"  {student} {name}: {card['needs_review']}"
        for student, report in reports.items()
        for name, card in report["notebooks"].items()
        if card["needs_review"]
    ]
    return ["", "A person must look at (shown as ?):", *reasons] if reasons else []
