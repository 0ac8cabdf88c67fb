"""From a source's files to attempts: how Canvas, Moodle, Gradescope and nbgrader name them.

A student chooses the names of files, and so may imitate a platform. Only the part of a path that
the platform writes is read, and where that leaves a choice, the roster must settle it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from grading.collect.archives import is_archive
from grading.collect.choose import Attempt
from grading.collect.entries import Entry, Refused
from grading.collect.roster import Hints, Roster
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
EXCHANGE = r"(?P<student>.+)\+{}\+(?P<time>\d{{4}}-\d\d-\d\d[^+]*)(\+[^+]*)?"


@dataclass(frozen=True)
class Source:
    """A source's files, and what is known when they are grouped into attempts."""

    name: str
    number: int
    entries: list[Entry]
    assignment: str
    roster: Roster
    file_times: bool = False


def attempts_in(source: Source, platform: str) -> tuple[str, list[Attempt]]:
    """Returns a tuple of: the platform (recognised where it is "auto"), the attempts."""
    source = _without_wrapper(source)
    platform = recognise(source) if platform == "auto" else platform
    found = GROUPED_BY[platform](source)
    if source.file_times:
        found = [a if a.when else _dated(a) for a in found]
    return platform, found


def recognise(source: Source) -> str:
    """The platform that wrote the source. Raises GradingError where only a part looks like it."""
    tops = _tops(source.entries)
    if METADATA in tops:
        return "gradescope"
    for platform, is_its in (
        ("moodle", lambda top: bool(MOODLE.match(top))),
        ("canvas", lambda top: bool(CANVAS.search(top) or CANVAS_TEXT.match(top))),
        ("exchange", re.compile(EXCHANGE.format("[^+]+")).fullmatch),
    ):
        its = [top for top in tops if is_its(top) and not source.roster.knows(top)]
        if its and len(its) == len(tops):
            return platform
        if 2 * len(its) > len(tops):
            other = next(top for top in tops if top not in its)
            raise GradingError(
                f"{source.name} looks like {platform}'s, but {other!r} in it does not. Say what it "
                f"is with --from {platform} or --from folder."
            )
    return "folder"


def _tops(entries: list[Entry]) -> dict[str, list[Entry]]:
    tops: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        tops[entry.path.split("/", 1)[0]].append(entry)
    return tops


def _without_wrapper(source: Source) -> Source:
    """Archives often hold one folder with everything in it; a student's own folder is none."""
    tops = _tops(source.entries)
    top = next(iter(tops), "")
    if len(tops) != 1 or any(e.path == top for e in source.entries) or _is_somebodys(source, top):
        return source
    inner = [entry.below(top) for entry in source.entries]
    return _without_wrapper(replace(source, entries=inner))


def _is_somebodys(source: Source, top: str) -> bool:
    exchange = re.fullmatch(EXCHANGE.format("[^+]+"), top)
    named = whose(source.roster, top)[1] == ""
    return bool(MOODLE.match(top) or exchange or named or re.match(r"submission_\d+$", top))


# ---- the platforms ---------------------------------------------------------------------------


def _canvas(source: Source) -> list[Attempt]:
    """One attempt a student, the last. Late ones are marked; there are no times."""
    groups: dict[Hints, list[tuple[int, Entry]]] = defaultdict(list)
    late: dict[Hints, bool] = {}
    notes: dict[Hints, str] = {}
    for top, entries in _tops(source.entries).items():
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
            groups[hints].append((number, _renamed(entry, rest + below)))
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


def _moodle(source: Source) -> list[Attempt]:
    """One attempt a participant; the numbers are of this assignment, and there are no times."""
    groups: dict[Hints, list[Entry]] = defaultdict(list)
    unnamed = []
    for top, entries in _tops(source.entries).items():
        way = MOODLE.match(top)
        if not way:
            unnamed.append(Attempt(Hints(top), tuple(entries), "moodle", source=source.number,
                                   note="it is not named as Moodle names files"))  # fmt: skip
            continue
        hints = Hints(f"{way['name']}_{way['number']}", name=way["name"])
        for entry in entries:
            flat = entry.path == top
            path = (way["rest"] or top) if flat else entry.path.removeprefix(f"{top}/")
            groups[hints].append(_renamed(entry, path))
    found = [Attempt(h, tuple(f), "moodle", source=source.number) for h, f in groups.items()]
    return found + unnamed


def _gradescope(source: Source) -> list[Attempt]:
    """A folder a submission; who handed it in (a group, perhaps) and when is in a table."""
    tops = _tops(source.entries)
    table = _metadata(source, tops.pop(METADATA, []))
    found = []
    for top, entries in tops.items():
        about = table.get(top) if isinstance(table.get(top), dict) else {}
        people = [p for p in _list(about.get(":submitters")) if isinstance(p, dict)]
        files = tuple(e.below(top) if e.path != top else e for e in entries)
        number = int("".join(re.findall(r"\d+", top)[-1:]) or 0)
        when = _time(about.get(":created_at"))
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


def _exchange(source: Source) -> list[Attempt]:
    """nbgrader's inbound folder: STUDENT+ASSIGNMENT+TIME(+random text)/."""
    known = re.compile(EXCHANGE.format(re.escape(source.assignment)))
    others = re.compile(EXCHANGE.format("[^+]+"))
    found = []
    for top, entries in _tops(source.entries).items():
        way = known.fullmatch(top)
        if way:
            files = tuple(entry.below(top) for entry in entries)
            hints, when = Hints(top, id=way["student"]), _time(way["time"])
            # Everybody may write there. In another's name, too: nbgrader warns of that.
            owners = {e.owner for e in files if e.owner} - {way["student"]}
            forged = sorted(owner for owner in owners if owner in source.roster.students)
            hints = Hints(f"{top} (written by {forged[0]})") if forged else hints
            note = "it belongs to another student than the one it names" if forged else ""
            found.append(Attempt(hints, files, "exchange", 0, source.number, when, note=note))
        elif not others.fullmatch(top):
            note = "it is not named as nbgrader's exchange names folders"
            found.append(Attempt(Hints(top), tuple(entries), "exchange", note=note))
    return found


def _folder(source: Source) -> list[Attempt]:
    """STUDENT/…, STUDENT/ASSIGNMENT/…, STUDENT.zip, STUDENT_anything.zip, STUDENT_NOTEBOOK.ipynb.

    A folder and each archive is an attempt; a student's loose files together are one.
    """
    loose: dict[Hints, list[Entry]] = defaultdict(list)
    found = []
    for top, entries in _tops(source.entries).items():
        alone = len(entries) == 1 and entries[0].path == top
        stem = stem_of(top) if alone else top
        name, why = whose(source.roster, stem)
        hints = _any(top, name or stem)
        if not alone:
            files = [entry.below(top) for entry in entries]
            own = [e for e in files if e.path.startswith(f"{source.assignment}/")]
            files = [e.below(source.assignment) for e in own] if own else files
            found.append(Attempt(hints, tuple(files), "folder", 0, source.number, note=why))
        elif is_archive(entries[0]) or not name:
            found.append(Attempt(hints, tuple(entries), "folder", 0, source.number, note=why))
        else:
            rest = top[len(name) :].lstrip("_- ") if top.startswith(name) else top
            loose[_any(name, name)].append(_renamed(entries[0], rest or top))
    return found + [
        Attempt(h, tuple(files), "folder", 0, source.number) for h, files in loose.items()
    ]


def _any(shown: str, text: str) -> Hints:
    """A name that a person gave a file: an id, an address, a name."""
    return Hints(shown, id=text, email=text, name=text)


def whose(roster: Roster, stem: str) -> tuple[str, str]:
    """Returns a tuple of: the id (or name) that a file's name begins with, why there is none."""
    if roster.knows(stem):
        return stem, ""
    cuts = [match.start() for match in re.finditer("[_ +-]", stem)]
    known = [stem[:cut] for cut in cuts if roster.find(Hints(stem, id=stem[:cut]))[0]]
    if len(known) == 1:
        return known[0], ""
    if known:
        return "", f"its name begins with more than one id: {', '.join(known)}"
    return "", "its name begins with nobody's id, and is nobody's name"


GROUPED_BY: dict[str, Callable[[Source], list[Attempt]]] = {
    "folder": _folder,
    "canvas": _canvas,
    "moodle": _moodle,
    "gradescope": _gradescope,
    "exchange": _exchange,
    "submit": _folder,
}


# ---- small things ----------------------------------------------------------------------------


def _renamed(entry: Entry, path: str) -> Entry:
    return replace(entry, path=path)


def _dated(attempt: Attempt) -> Attempt:
    """The attempt with the date of its newest file as its time."""
    when = max((e.modified for e in attempt.files if e.modified), default=None)
    return replace(attempt, when=when)


def stem_of(name: str) -> str:
    return re.sub(r"(\.ipynb)?(\.tar)?\.\w+$", "", name) or name


def _list(value: object) -> Iterator[object]:
    return iter(value if isinstance(value, list) else [])


def _text(value: object) -> str:
    return value if isinstance(value, str) and value not in ("~", "null") else ""


def _time(text: object) -> datetime | None:
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
