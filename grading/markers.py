"""The comment lines that mark solutions and hidden tests: ``### BEGIN SOLUTION`` and so on.

nbgrader looks for the words anywhere in a line and knows nothing of files. Here a marker has one
spelling and a line of its own, and a slip is reported with file and line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from grading.errors import GradingError

SOLUTION, HIDDEN_TESTS = "SOLUTION", "HIDDEN TESTS"

# What nbgrader takes for a marker wherever it stands, and what a person may have meant as one.
_NBGRADER = re.compile(r"\b(BEGIN|END) (SOLUTION|HIDDEN TESTS|MARK SCHEME)")
_MEANT = re.compile(
    r"(?i)\s*#+\s*(begin|end)[\s_-]+(solutions?|hidden[\s_-]+tests?|mark\s+scheme)\b"
)
_EXACT = re.compile(r"\s*### (BEGIN|END) (SOLUTION|HIDDEN TESTS)\s*")


def begin(kind: str) -> str:
    return f"### BEGIN {kind}"


def end(kind: str) -> str:
    return f"### END {kind}"


def find(lines: Sequence[str], where: Path, first: int = 1) -> Iterator[tuple[int, str, str]]:
    """Each marker of a text as (index, "BEGIN" or "END", kind); a misspelt one is an error.

    lines: the text; where, first: its file and the number of its first line, for messages.
    """
    for index, line in enumerate(lines):
        if not _NBGRADER.search(line) and not _MEANT.match(line):
            continue
        exact = _EXACT.fullmatch(line)
        if not exact:
            raise GradingError(
                f"{where}:{first + index}: {line.strip()!r} looks like a marker and is none. Write "
                "`### BEGIN SOLUTION` or `### END SOLUTION`, alone on a line."
            )
        yield index, exact[1], exact[2]


def regions(
    lines: Sequence[str], where: Path, first: int = 1, kind: str = SOLUTION
) -> list[tuple[int, int]]:
    """(begin, end) line indices of the marked regions; nested or unmatched markers are errors."""
    found, opened = [], None
    for index, word, marked in find(lines, where, first):
        line = f"{where}:{first + index}"
        if marked != kind:
            raise GradingError(f"{line}: a {marked} marker does not belong here, only {kind}.")
        if word == "BEGIN":
            if opened is not None:
                raise GradingError(
                    f"{line}: `{begin(kind)}` inside the region begun in line {first + opened}. "
                    f"Regions cannot be nested: is an `{end(kind)}` missing before it?"
                )
            opened = index
        else:
            if opened is None:
                raise GradingError(f"{line}: `{end(kind)}` without a `{begin(kind)}` before it.")
            found.append((opened, index))
            opened = None
    if opened is not None:
        raise GradingError(
            f"{where}:{first + opened}: `{begin(kind)}` without an `{end(kind)}` after it."
        )
    return found


def forbid(lines: Sequence[str], where: Path, first: int, why: str) -> None:
    """An error for any marker in the text."""
    for index, word, kind in find(lines, where, first):
        raise GradingError(f"{where}:{first + index}: leftover `### {word} {kind}`. {why}")
