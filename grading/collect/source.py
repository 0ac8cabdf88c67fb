"""A source, and what is common to all that group its files into attempts."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from grading.collect.contents import name_of
from grading.collect.entries import Entry
from grading.collect.roster import Hints, Roster


@dataclass(frozen=True)
class Source:
    """A source's files, and what is known when they are grouped into attempts.

    name, number: its path, and which of the sources it is
    assignment, notebooks: their names
    file_times: whether the date of a file says when it was handed in
    """

    name: str
    number: int
    assignment: str
    notebooks: tuple[str, ...]
    roster: Roster
    entries: list[Entry] = field(default_factory=list)
    file_times: bool = False


def tops_of(entries: list[Entry]) -> dict[str, list[Entry]]:
    tops: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        tops[entry.path.split("/", 1)[0]].append(entry)
    return tops


def whose(source: Source, stem: str) -> tuple[str, str]:
    """Whom the name of a file or folder means: ID, ID_ASSIGNMENT, ID_NOTEBOOK, ID_2, an address, a
    full name.

    What follows an id must be one of these: `ada_smith` is another person than `ada`.

    Returns a tuple of: the id, address or name, why there is none.
    """
    if source.roster.knows(stem):
        return stem, ""
    known = []
    for cut in re.finditer(r"[_ -]", stem):
        id, rest = stem[: cut.start()], stem[cut.end() :]
        if source.roster.find(Hints(stem, id=id))[0] and _is_ours(source, rest):
            known.append(id)
    if len(known) == 1:
        return known[0], ""
    if known:
        return "", f"its name begins with more than one id: {', '.join(known)}"
    return "", (
        f"its name is not ID, ID_{source.assignment}, ID_NOTEBOOK, an address or a full name on "
        "the roster"
    )


def _is_ours(source: Source, rest: str) -> bool:
    """Whether it is the assignment's name, a notebook's, or a number, as copies get them."""
    rest = rest.casefold().removeprefix(source.assignment.casefold())
    if not re.sub(r"copy|[_ ()\-\d]", "", rest):
        return True
    return bool(name_of(f"{rest}.ipynb", dict.fromkeys(source.notebooks)))


def renamed(entry: Entry, path: str) -> Entry:
    return replace(entry, path=path)


def stem_of(name: str) -> str:
    return re.sub(r"(\.ipynb)?(\.tar)?\.\w+$", "", name) or name


def time_of(text: object) -> datetime | None:
    """A time in any spelling, in UTC."""
    from dateutil.parser import parse
    from nbgrader.utils import parse_utc

    if not isinstance(text, str) or not text:
        return None
    try:
        if re.search(r"[+-]\d\d:?\d\d$", text):  # nbgrader knows zones by name only
            return parse(text).astimezone(UTC)
        return parse_utc(text).replace(tzinfo=UTC)
    except (ValueError, OverflowError, TypeError, AttributeError):
        return None
