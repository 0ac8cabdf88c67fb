"""What a check of the machine found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """missing: grading needs it; note: good to know, and nothing stands in the way."""

    fine = "fine"
    missing = "missing"
    note = "note"


SIGNS = {State.fine: "✓", State.missing: "✗", State.note: "–"}


@dataclass(frozen=True)
class Finding:
    """says: what is there; mend: what to type or do, empty where nothing is to be done."""

    state: State
    says: str
    mend: str = ""


def fine(says: str) -> Finding:
    """All is well."""
    return Finding(State.fine, says)


def missing(says: str, mend: str) -> Finding:
    """Something that grading needs is not as it should be."""
    return Finding(State.missing, says, mend)


def note(says: str, mend: str = "") -> Finding:
    """Something to know."""
    return Finding(State.note, says, mend)
