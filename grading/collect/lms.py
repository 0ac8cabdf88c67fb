"""How Canvas, Moodle and Gradescope name what students handed in.

A student chooses the names of files, and so may imitate a platform. Only the part of a path that
the platform writes is read, and where that leaves a choice, the roster must settle it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from grading.collect.choose import Attempt
from grading.collect.entries import Entry, Refused
from grading.collect.roster import Hints, Roster
from grading.collect.source import Source, renamed, time_of, tops_of
from grading.errors import GradingError

METADATA = "submission_metadata.yml"
METADATA_BYTES = 300_000_000  # it holds all results of Gradescope's own checks
# content_zipper.rb of Canvas: the sortable name in small letters, LATE, user, file, its own name.
CANVAS = re.compile(r"_(?P<user>\d+)_(?P<file>\d+)_(?P<rest>.+)$", re.DOTALL)
CANVAS_TEXT = re.compile(r"(?P<name>.+?)(?P<late>_LATE)?_(?P<user>\d+)_(text|link)\.html$")
# mod/assign/classes/downloader.php of Moodle: a name without `_`, and the participant's number.
MOODLE = re.compile(
    r"(?P<name>[^_]+)_(?P<number>\d+)_assignsubmission_[a-z]+(?:_(?P<rest>.*))?$",
    re.DOTALL,
)


def canvas(source: Source) -> list[Attempt]:
    """One attempt a student, the last. Late ones are marked; there are no times."""
    groups: dict[Hints, list[tuple[int, Entry]]] = defaultdict(list)
    late: dict[Hints, bool] = {}
    notes: dict[Hints, str] = {}
    for top, entries in tops_of(source.entries).items():
        text = CANVAS_TEXT.match(top)
        ways = [text] if text else _canvas_ways(top, source.roster)
        if len(ways) != 1:
            why = "more than one number in its name is a student's" if ways else ""
            hints = Hints(top)
            notes[hints] = why or "it is not named as Canvas names files"
            groups[hints] += [(0, entry) for entry in entries]
            continue
        way = ways[0]
        name = top[: way.start()] if not text else text["name"]
        is_late = name.endswith("_LATE") or bool(text and text["late"])
        name = name.removesuffix("_LATE")
        hints = Hints(f"{name}_{way['user']}", lms=way["user"], name=name)
        late[hints] = late.get(hints, False) or is_late
        number, rest = (0, top) if text else (int(way["file"]), way["rest"])
        for entry in entries:
            below = entry.path.removeprefix(top)
            groups[hints].append((number, renamed(entry, rest + below)))
    return [
        Attempt(
            hints,
            tuple(entry for _, entry in files),
            "canvas",
            max(number for number, _ in files),
            source.number,
            late=late.get(hints),
            note=notes.get(hints, ""),
        )
        for hints, files in groups.items()
    ]


def _canvas_ways(top: str, roster: Roster) -> list[re.Match]:
    """The ways to read a file's name; one, where the roster settles it or there is but one.

    A student called `x_99` has files called `x_99_123_456_….ipynb`, which is not student 99's.
    """
    ways, start = [], 0
    while way := CANVAS.search(top, start):
        if way.start():
            ways.append(way)
        start = way.start() + 1
    known = [way for way in ways if roster.find(Hints(top, lms=way["user"]))[0]]
    return known or ways[:1]


def moodle(source: Source) -> list[Attempt]:
    """One attempt a participant; the numbers are of this assignment, and there are no times."""
    groups: dict[Hints, list[Entry]] = defaultdict(list)
    unnamed = []
    for top, entries in tops_of(source.entries).items():
        way = MOODLE.match(top)
        if not way:
            unnamed.append(Attempt(Hints(top), tuple(entries), "moodle", source=source.number,
                                   note="it is not named as Moodle names files"))  # fmt: skip
            continue
        hints = Hints(f"{way['name']}_{way['number']}", name=way["name"])
        for entry in entries:
            flat = entry.path == top
            path = (way["rest"] or top) if flat else entry.path.removeprefix(f"{top}/")
            groups[hints].append(renamed(entry, path))
    found = [Attempt(h, tuple(f), "moodle", source=source.number) for h, f in groups.items()]
    return found + unnamed


def gradescope(source: Source) -> list[Attempt]:
    """A folder a submission; who handed it in (a group, perhaps) and when is in a table."""
    tops = tops_of(source.entries)
    table = _metadata(source, tops.pop(METADATA, []))
    found = []
    for top, entries in tops.items():
        about = table.get(top) if isinstance(table.get(top), dict) else {}
        people = [p for p in _list(about.get(":submitters")) if isinstance(p, dict)]
        files = tuple(e.below(top) if e.path != top else e for e in entries)
        number = int("".join(re.findall(r"\d+", top)[-1:]) or 0)
        when = time_of(about.get(":created_at"))
        if not people:
            note = f"{METADATA} does not say whose it is"
            found.append(Attempt(Hints(top), files, "gradescope", number, source.number, note=note))
        for person in people:
            id, email, name = (_text(person.get(key)) for key in (":sid", ":email", ":name"))
            hints = Hints(f"{top} ({name or email or id})", id=id, email=email, name=name)
            note = f"handed in by a group of {len(people)}" if len(people) > 1 else ""
            found.append(
                Attempt(hints, files, "gradescope", number, source.number, when, note=note)
            )
    return found


def _metadata(source: Source, entries: list[Entry]) -> dict:
    import yaml

    if not entries:
        raise GradingError(
            f"{source.name} has no {METADATA}. Take Gradescope's “Export Submissions” as it is."
        )
    try:
        # Nothing is constructed but text: not a date, and not an object that a tag asks for.
        loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
        table = yaml.load(entries[0].read(METADATA_BYTES), loader)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, Refused) as problem:
        raise GradingError(f"{METADATA} of {source.name} cannot be read: {problem}.") from None
    if not isinstance(table, dict):
        raise GradingError(f"{METADATA} of {source.name} is not the table that Gradescope writes.")
    return table


def _list(value: object) -> Iterator[object]:
    return iter(value if isinstance(value, list) else [])


def _text(value: object) -> str:
    return value if isinstance(value, str) and value not in ("~", "null") else ""
