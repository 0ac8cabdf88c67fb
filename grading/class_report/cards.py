"""What a class's score cards say: which checks failed, which mistakes were recognised.

The cards lie in COURSE/reports/ASSIGNMENT/. A large class's are some hundred megabytes: they are
read one after another, and only counts are kept.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from grading.reports import file_name

MESSAGE = 300  # characters of a message that are told apart
KINDS = 1000  # different messages of a check that are counted
NOT_WRITTEN = ("is not implemented yet:", "is not defined: run the cell")  # of NotReady


@dataclass
class CheckCount:
    """How a check came out. tried: in submissions in which the exercise had been written."""

    weight: float = 1.0
    tried: int = 0
    failed: int = 0
    messages: Counter = field(default_factory=Counter)


@dataclass
class MistakeCount:
    """A known mistake. made: (student, notebook, exercise), of each student the first."""

    says: str
    exercises: Counter = field(default_factory=Counter)
    made: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass
class Cards:
    """What the cards of a class say.

    checks: (notebook, exercise) -> check's name -> its count
    mistakes: (name, sentence) -> its count
    not_written: (student, exercise) where nothing was written
    reasons: (student, notebook) -> why a person must look
    unexplained: exercise -> how many failed it, with no mistake of the bank recognised
    known: how many mistakes each student made
    made_from: notebook -> hashes of all that decided on its results (grading/regrade/made_from.py)
    unreadable: reports that say nothing, a sentence each
    """

    checks: dict = field(default_factory=lambda: defaultdict(lambda: defaultdict(CheckCount)))
    mistakes: dict[tuple[str, str], MistakeCount] = field(default_factory=dict)
    not_written: set[tuple[str, str]] = field(default_factory=set)
    reasons: dict[tuple[str, str], str] = field(default_factory=dict)
    unexplained: Counter = field(default_factory=Counter)
    explained: Counter = field(default_factory=Counter)
    known: Counter = field(default_factory=Counter)
    made_from: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    unreadable: list[str] = field(default_factory=list)
    read: int = 0

    @property
    def versions(self) -> int:
        """With how many versions of its checks a notebook of the class was graded, at most."""
        return max(map(len, self.made_from.values()), default=0)

    def add(self, student: str, report: dict) -> None:
        """Count a student's report. Raises KeyError, TypeError, ... where it is not one."""
        made_from, seen = report.get("made_from") or {}, set()
        for notebook, card in report["notebooks"].items():
            self.made_from[notebook] |= {made_from.get(notebook, report.get("checks_hash"))} - {
                None
            }
            if card["needs_review"]:
                self.reasons[student, notebook] = str(card["needs_review"])
            for exercise, result in card["exercises"].items():
                if result["graded"] and result["checks"]:
                    self._add_exercise(student, notebook, exercise, result)
                for mistake in result.get("mistakes", ()):
                    key = mistake["name"], mistake["says"]
                    count = self.mistakes.setdefault(key, MistakeCount(mistake["says"]))
                    count.exercises[exercise] += 1
                    count.made.setdefault(student, (notebook, exercise))
                    seen.add(key)
        self.known[student] = len(seen)
        self.read += 1

    def _add_exercise(self, student: str, notebook: str, exercise: str, result: dict) -> None:
        checks = result["checks"]
        if not any(check["passed"] for check in checks) and all(
            any(words in check["message"] for words in NOT_WRITTEN) for check in checks
        ):
            self.not_written.add((student, exercise))
            return
        failed = False
        for check in checks:
            count = self.checks[notebook, exercise][check["name"]]
            count.weight = check["weight"]
            count.tried += 1
            if not check["passed"]:
                failed = True
                count.failed += 1
                message = check["message"][:MESSAGE]
                if message in count.messages or len(count.messages) < KINDS:
                    count.messages[message] += 1
        if failed:
            told = self.explained if result.get("mistakes") else self.unexplained
            told[exercise] += 1


def read_cards(folder: Path, students: Iterable[str]) -> Cards:
    """Read the reports of some students; those of others are not looked at.

    The folder is listed, and no path is made of a student's id.
    """
    there = {path.name: path for path in folder.glob("*.json") if not path.is_symlink()}
    cards = Cards()
    for student in students:
        path = there.get(file_name(student, ".json"))
        if path is None:
            cards.unreadable.append(f"{student}: there is no report in {folder.name}/")
            continue
        try:
            cards.add(student, json.loads(path.read_bytes()))
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            cards.unreadable.append(f"{student}: {path.name} is not a report ({_short(problem)})")
    return cards


def _short(problem: Exception) -> str:
    return f"{type(problem).__name__}: {problem}"[:100]
