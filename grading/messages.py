"""Write the table "What a message means" in docs/students.md.

The table comes from the catalogue in cs231n/tests/first_lines, whose every message is seen to come
by cs231n/tests/test_first_lines.py.
"""

from __future__ import annotations

import argparse
import re

from grading import files
from grading.errors import GradingError
from grading.settings import ROOT

SUMMARY = "Write the table of messages in docs/students.md (--check: only compare)."

PAGE = ROOT / "docs" / "students.md"
_BETWEEN = re.compile(r"(<!-- messages:[^>]*-->\n).*?(<!-- end of messages -->)", re.DOTALL)


def with_table(text: str) -> str:
    """The page with a fresh table between its marks."""
    from cs231n.tests.first_lines import table

    if not _BETWEEN.search(text):
        raise GradingError(
            f"{PAGE} has lost its marks: the table goes between the lines "
            "<!-- messages: … --> and <!-- end of messages -->. Put them back."
        )
    return _BETWEEN.sub(lambda marks: f"{marks[1]}\n{table()}\n\n{marks[2]}", text)


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; exit 1 when the table is not up to date",
    )


def run(args: argparse.Namespace) -> int:
    text = PAGE.read_text(encoding="utf-8")
    fresh = with_table(text)
    if fresh == text:
        print(f"{PAGE} is up to date.")
    elif args.check:
        print(f"{PAGE} is not up to date. Write it: python -m grading messages")
        return 1
    else:
        files.write_all({PAGE: fresh.encode()})
        print(f"wrote {PAGE}")
    return 0
