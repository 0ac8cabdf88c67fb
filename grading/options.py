"""Options that several commands have, each in one wording."""

from __future__ import annotations

import argparse
from pathlib import Path

from grading.settings import COURSE


def add_assignment(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("assignment", metavar="ASSIGNMENT", help="its name, such as assignment1")


def add_students(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--student",
        metavar="ID",
        nargs="+",
        action="extend",
        help="only these students; `*` stands for anything (default: all)",
    )


def add_course(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--course",
        metavar="DIR",
        type=Path,
        default=COURSE,
        help="the course's folder (default: that of CS231N_COURSE, else grading/course)",
    )


def positive(text: str) -> int:
    """A number of jobs."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least one is needed")
    return number
