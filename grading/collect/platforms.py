"""From a source's files to attempts: who named them, and the sources that are plain folders."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

from grading.collect.archives import is_archive
from grading.collect.choose import Attempt
from grading.collect.contents import name_of
from grading.collect.entries import Entry
from grading.collect.lms import CANVAS, CANVAS_TEXT, METADATA, MOODLE, canvas, gradescope, moodle
from grading.collect.roster import Hints
from grading.collect.source import Source, renamed, stem_of, time_of, tops_of, whose
from grading.coordinator.tally import shown
from grading.errors import GradingError

EXCHANGE = r"(?P<student>.+)\+{}\+(?P<time>\d{{4}}-\d\d-\d\d[^+]*)(\+[^+]*)?"


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
    tops = tops_of(source.entries)
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
                f"{source.name} looks like {platform}'s, but `{shown(other)}` in it does not. Say "
                f"what it is with --from {platform} or --from folder."
            )
    return "folder"


def _without_wrapper(source: Source) -> Source:
    """Archives often hold one folder with everything in it; a student's own folder is none."""
    tops = tops_of(source.entries)
    top = next(iter(tops), "")
    if len(tops) != 1 or any(e.path == top for e in source.entries) or _is_somebodys(source, top):
        return source
    inner = [entry.below(top) for entry in source.entries]
    if any(name_of(e.path, dict.fromkeys(source.notebooks)) for e in inner if "/" not in e.path):
        return source  # the folder of somebody who is not on the roster
    return _without_wrapper(replace(source, entries=inner))


def _is_somebodys(source: Source, top: str) -> bool:
    exchange = re.fullmatch(EXCHANGE.format("[^+]+"), top)
    named = whose(source, top)[1] == ""
    return bool(MOODLE.match(top) or exchange or named or re.match(r"submission_\d+$", top))


def _exchange(source: Source) -> list[Attempt]:
    """nbgrader's inbound folder: STUDENT+ASSIGNMENT+TIME(+random text)/."""
    known = re.compile(EXCHANGE.format(re.escape(source.assignment)))
    others = re.compile(EXCHANGE.format("[^+]+"))
    found = []
    for top, entries in tops_of(source.entries).items():
        way = known.fullmatch(top)
        if way:
            files = tuple(entry.below(top) for entry in entries)
            hints, when = Hints(top, id=way["student"]), time_of(way["time"])
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
    for top, entries in tops_of(source.entries).items():
        alone = len(entries) == 1 and entries[0].path == top
        stem = stem_of(top) if alone else top
        name, why = whose(source, stem)
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
            loose[_any(name, name)].append(renamed(entries[0], rest or top))
    return found + [
        Attempt(h, tuple(files), "folder", 0, source.number) for h, files in loose.items()
    ]


def _any(shown: str, text: str) -> Hints:
    """A name that a person gave a file: an id, an address, a name."""
    return Hints(shown, id=text, email=text, name=text)


GROUPED_BY: dict[str, Callable[[Source], list[Attempt]]] = {
    "folder": _folder,
    "canvas": canvas,
    "moodle": moodle,
    "gradescope": gradescope,
    "exchange": _exchange,
    "submit": _folder,
}


def _dated(attempt: Attempt) -> Attempt:
    """The attempt with the date of its newest file as its time."""
    when = max((e.modified for e in attempt.files if e.modified), default=None)
    return replace(attempt, when=when)
