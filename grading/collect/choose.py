"""Which of a student's attempts counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from grading.collect.entries import Entry
from grading.collect.roster import Hints

SETTINGS = ("last", "first", "on-time")


class Undecided(Exception):
    """Nothing says which attempt is the later one."""


@dataclass(frozen=True)
class Attempt:
    """What somebody handed in at once.

    platform, sequence: a number that the platform gives, higher for later ones (0: none)
    source: place of its source on the command line (None: what was collected before)
    when: UTC; late: what the platform says, None where it says nothing
    note: what a person should know of where it came from
    """

    who: Hints
    files: tuple[Entry, ...] = ()
    platform: str = ""
    sequence: int = 0
    source: int | None = 0
    when: datetime | None = None
    late: bool | None = None
    note: str = ""

    def is_late(self, due: datetime | None) -> bool | None:
        """Whether it came late; None where nobody knows."""
        if self.late is None and self.when and due:
            return self.when > due
        return self.late


def ranked(attempts: Sequence[Attempt], setting: str, due: datetime | None) -> list[Attempt]:
    """The attempts, first the one that counts. Raises Undecided.

    setting: "last", "first", or "on-time": the last one in time, else the last
    """
    oldest_first = in_order(attempts)
    if setting == "first":
        return oldest_first
    latest_first = oldest_first[::-1]
    if setting == "on-time":  # sorted() keeps the order within each group
        return sorted(latest_first, key=lambda attempt: bool(attempt.is_late(due)))
    return latest_first


def in_order(attempts: Sequence[Attempt]) -> list[Attempt]:
    """Oldest first: by their times, else by the platform's numbers, else as sources were named."""
    if len(attempts) < 2:
        return list(attempts)
    for known in (
        lambda a: a.when,
        lambda a: (a.sequence or None) if a.platform == attempts[0].platform else None,
        lambda a: a.source,
    ):
        keys = [known(attempt) for attempt in attempts]
        if None not in keys and len(set(keys)) == len(keys):
            return sorted(attempts, key=known)
    raise Undecided
