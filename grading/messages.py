"""Write the table "What a message means" in docs/students.md, and in that page of each language.

The table comes from the catalogue in cs231n/tests/first_lines, whose every message is seen to come
by cs231n/tests/test_first_lines.py; its translations are in grading/translation.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from cs231n.language import ENGLISH
from grading import files
from grading.errors import GradingError
from grading.settings import ROOT
from grading.translation import catalogue

SUMMARY = "Write the table of messages in docs/students.md (--check: only compare)."

DOCS = ROOT / "docs"
_BETWEEN = re.compile(r"(<!-- messages:[^>]*-->\n).*?(<!-- end of messages -->)", re.DOTALL)


def pages() -> dict[str, Path]:
    """Language -> the page for students in it."""
    others = {language: DOCS / language / "students.md" for language in catalogue.languages()}
    return {ENGLISH: DOCS / "students.md", **{k: p for k, p in others.items() if p.is_file()}}


def with_table(page: Path, language: str = ENGLISH) -> str:
    """The text of a page with a fresh table between its marks."""
    from cs231n.tests.first_lines import table

    text = page.read_text(encoding="utf-8")
    if not _BETWEEN.search(text):
        raise GradingError(
            f"{page} has lost its marks: the table goes between the lines "
            "<!-- messages: … --> and <!-- end of messages -->. Put them back."
        )
    known = {} if language == ENGLISH else catalogue.texts(language, "page")
    fresh = table(lambda text: known.get(("", text), text))
    return _BETWEEN.sub(lambda marks: f"{marks[1]}\n{fresh}\n\n{marks[2]}", text)


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; exit 1 when the table is not up to date",
    )


def run(args: argparse.Namespace) -> int:
    fresh = {page: with_table(page, language).encode() for language, page in pages().items()}
    stale = [page for page, data in fresh.items() if not files.has(page, data)]
    if args.check:
        for page in stale:
            print(f"{page} is not up to date. Write it: python -m grading messages")
        return 1 if stale else 0
    for page in files.write_all(fresh):
        print(f"wrote {page}")
    print("The tables of messages are up to date.")
    return 0
