"""Putting a submission in its place: whole or not at all, and the one before is kept beside.

What was collected is noted in COURSE/collected/ASSIGNMENT/STUDENT.json: of which attempt it is, and
what its files were. So the same one again changes nothing, also where somebody mended a file since.
The digests of all attempts that were ever found stand there too: so many times somebody handed in.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from grading import files
from grading.collect.choose import Attempt
from grading.collect.contents import digest
from grading.collect.roster import Hints
from grading.errors import GradingError
from grading.intake import TIMESTAMP, read_folder
from grading.reports import to_json

MOVING = "moving.json"  # in the staging folder: what is between two places just now
FORMAT = "%Y-%m-%d %H:%M:%S.%f UTC"  # nbgrader's


@dataclass(frozen=True)
class Place:
    """A student's folder of an assignment, and what is noted of it.

    submitted, note: paths; replaced: the folder for what was there before
    """

    submitted: Path
    note: Path
    replaced: Path

    @property
    def is_there(self) -> bool:
        """Whether anything is; an empty folder is nothing."""
        here = self.submitted
        return here.is_symlink() or (here.is_dir() and any(here.iterdir())) or here.is_file()

    def noted(self) -> dict:
        try:
            found = json.loads(self.note.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def attempts(self) -> set[str]:
        """The digests of all attempts that were found so far."""
        noted = self.noted()
        found = noted.get("attempts")
        every = [*(found if isinstance(found, list) else []), noted.get("digest")]
        return {number for number in every if isinstance(number, str)}

    def digests(self) -> set[str]:
        """The files that were collected last, and those that are there now."""
        now, _ = read_folder(self.submitted)
        return {digest(now), self.noted().get("digest", "")}

    def attempt(self) -> Attempt:
        """What is there as an attempt among others."""
        noted = self.noted()
        sequence, late = noted.get("sequence"), noted.get("late")
        return Attempt(
            Hints("collected before"),
            platform=str(noted.get("platform", "")),
            sequence=sequence if isinstance(sequence, int) else 0,
            source=None,
            when=self._when(),
            late=late if isinstance(late, bool) else None,
        )

    def _when(self) -> datetime | None:
        from nbgrader.utils import parse_utc

        try:
            text = (self.submitted / TIMESTAMP).read_text(encoding="utf-8").strip()
            return parse_utc(text).replace(tzinfo=UTC) if text else None
        except (OSError, ValueError, OverflowError):
            return None


def place_of(course, student: str, assignment: str) -> Place:
    """course: a CourseFolder"""
    return Place(
        course.path("submitted", student, assignment),
        course.root / "collected" / assignment / f"{student}.json",
        course.root / "replaced" / assignment / student,
    )


def put(place: Place, content: dict[str, bytes], attempt: Attempt, staging: Path) -> Path | None:
    """Put files where nbgrader looks for them; returns where the ones before went, if any were.

    staging: a folder on the same disk; what a killed process leaves there is worth nothing
    """
    if place.submitted.is_symlink():
        raise GradingError(f"{place.submitted} is a link. Put a folder in its place, or remove it.")
    new = Path(tempfile.mkdtemp(dir=staging))
    os.chmod(new, 0o755)
    for name, data in content.items():
        _write(new / name, data)
    if attempt.when:
        _write(new / TIMESTAMP, _stamp(attempt))
    place.submitted.parent.mkdir(parents=True, exist_ok=True)
    before = _aside(place)
    if before:
        moves = {"from": str(before), "to": str(place.submitted)}
        files.write_all({staging / MOVING: to_json(moves)})
        os.rename(place.submitted, before)
    try:
        os.rename(new, place.submitted)
    except BaseException:
        if before:
            os.rename(before, place.submitted)
        raise
    _write_note(place, digest(content), attempt)
    return before


def complete(place: Place, number: str, attempt: Attempt) -> None:
    """Add what is not known yet of a submission that is there: its time, the note of it."""
    if attempt.when and not place.attempt().when:
        files.write_all({place.submitted / TIMESTAMP: _stamp(attempt)})
    if place.noted().get("digest") != number:
        _write_note(place, number, attempt)


def note_attempts(place: Place, digests: set[str]) -> None:
    """Add attempts to those that are noted."""
    if not digests <= place.attempts():
        every = sorted(digests | place.attempts())
        files.write_all({place.note: to_json(place.noted() | {"attempts": every})})


def _stamp(attempt: Attempt) -> bytes:
    return attempt.when.astimezone(UTC).strftime(FORMAT).encode()


def _write_note(place: Place, number: str, attempt: Attempt) -> None:
    about = {
        "digest": number,
        "platform": attempt.platform,
        "sequence": attempt.sequence,
        "late": attempt.late,
        "from": attempt.who.shown,
        "attempts": sorted(place.attempts() | {number}),
    }
    files.write_all({place.note: to_json(about)})


def _aside(place: Place) -> Path | None:
    """Where what is there goes to; None where nothing is."""
    if not place.is_there:
        return None
    place.replaced.mkdir(parents=True, exist_ok=True)
    when = place.attempt().when
    stem = when.strftime("%Y-%m-%d-%H%M%S") if when else "no-time"
    number, target = 1, place.replaced / stem
    while os.path.lexists(target):
        number += 1
        target = place.replaced / f"{stem}-{number}"
    return target


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _move_back(staging: Path) -> None:
    """Put back what a killed run had set aside, where nothing came into its place."""
    with suppress(FileNotFoundError, ValueError):
        moves = json.loads((staging / MOVING).read_text(encoding="utf-8"))
        there, back = Path(moves["from"]), Path(moves["to"])
        if there.is_dir() and not os.path.lexists(back):
            os.rename(there, back)


@contextmanager
def staging_folder(course: Path, assignment: str) -> Iterator[Path]:
    """An empty folder in the course's, gone afterwards; also what a killed run left there."""
    folder = course / f".collecting-{assignment}"
    _move_back(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
