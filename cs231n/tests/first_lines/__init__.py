"""Every way to go wrong that we could think of, and the first line that a student then sees.

From this catalogue comes the table "What a message means" in docs/students.md, and
test_first_lines.py goes through each of its ways in a notebook's shell.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from cs231n.tests.first_lines.answers import CAME_BACK, NOT_THERE, NUMBERS
from cs231n.tests.first_lines.cells import Row
from cs231n.tests.first_lines.errors import CELLS, ERRORS

HEADINGS = ("message", "why", "what to do")
GROUPS: dict[str, list[Row]] = {
    "Not there yet": NOT_THERE,
    "What came back": CAME_BACK,
    "The numbers": NUMBERS,
    "An error on the way": ERRORS,
    "The cell itself": CELLS,
}
ROWS: list[Row] = [row for rows in GROUPS.values() for row in rows]


def fits(message: str, line: str) -> bool:
    """Whether a first line is (one of) a row's message(s)."""
    return any(
        re.fullmatch(".*".join(map(re.escape, one.split("…"))), line) for one in message.split("\n")
    )


def first_line(shown: str) -> str:
    """What says first what is wrong, in the text that a cell shows.

    Under "… of … checks passed" that is the line below, or else the first one with an arrow; of a
    traceback, the last line; otherwise the first line.
    """
    lines = shown.rstrip().splitlines()
    if re.search(r"\d+ of \d+ checks passed", lines[0]):
        below = lines[1:2] if not lines[1].startswith("  ") else []
        arrows = [line.partition("→ ")[2] for line in lines if line.startswith("      → ")]
        return (below + arrows)[0]
    if lines[0].startswith(("-----", "  Cell In")):
        return lines[-1]
    return lines[0]


def table(say: Callable[[str], str] = str) -> str:
    """The table of docs/students.md. say: what puts a text into the language of the page."""
    heads = [f"| {' | '.join(map(say, HEADINGS))} |", "| --- | --- | --- |"]
    parts = []
    for group, rows in GROUPS.items():
        parts += [f"**{say(group)}**\n", *heads]
        for row in rows:
            messages = "<br>".join(map(say, row.message.split("\n")))
            parts.append(f"| {messages} | {say(row.why)} | {say(row.todo)} |")
        parts.append("")
    return "\n".join(parts).rstrip()
