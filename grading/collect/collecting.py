"""Going through a class: whose each attempt is, which one counts, and putting it in place."""

from __future__ import annotations

from collections import defaultdict
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from tqdm import tqdm

from grading.autograde import only_one
from grading.collect import place as places
from grading.collect.choose import Attempt, Undecided, ranked
from grading.collect.contents import Contents, read_contents
from grading.collect.entries import only, opened
from grading.collect.place import Place
from grading.collect.platforms import attempts_in
from grading.collect.report import Row
from grading.collect.roster import Roster
from grading.collect.source import Source, stem_of, whose
from grading.errors import GradingError


@dataclass(frozen=True)
class Collection:
    """What is the same for all students.

    course: a CourseFolder; released: notebook -> the path of what was handed out
    due: in UTC; setting: which attempt counts; replace: also where nothing says which is later
    """

    assignment: str
    course: object
    released: dict
    roster: Roster
    due: datetime | None = None
    setting: str = "last"
    replace: bool = False
    dry_run: bool = False

    def place(self, student: str) -> Place:
        return places.place_of(self.course, student, self.assignment)


def collect(work: Collection, sources: list[Path], platform: str, file_times: bool) -> list[Row]:
    """Collect an assignment. Returns a row for each student, and one for whatever is nobody's."""
    root = work.course.root
    with (
        nullcontext() if work.dry_run else only_one(root, work.assignment),
        nullcontext() if work.dry_run else places.staging_folder(root, work.assignment) as staging,
        ExitStack() as stack,
    ):
        attempts, rows = defaultdict(list), []
        for number, path in enumerate(sources):
            source = Source(str(path), number, work.assignment, tuple(work.released), work.roster)
            # ada.zip is what ada handed in, submissions.zip is a class's.
            one = path.is_file() and not whose(source, stem_of(path.name))[1]
            entries = only(path) if one else stack.enter_context(opened(path))
            source = replace(source, entries=entries, file_times=file_times)
            kind, found = attempts_in(source, platform)
            print(f"{path}: {kind}, {len(found)} submissions")
            rows += _sort_out(work, kind, found, attempts)
        done = []
        for student in tqdm(work.roster.students, unit="student", desc="Collected", disable=None):
            done.append(_one(work, student, attempts.get(student, []), staging))
    return done + rows


def _sort_out(work: Collection, kind: str, found: list[Attempt], attempts: dict) -> list[Row]:
    """Add the attempts to their students'; returns a row for each that is nobody's."""
    rows, mine = [], defaultdict(list)
    for attempt in found:
        student, why = work.roster.find(attempt.who)
        if student:
            mine[student].append(attempt)
        else:
            rows.append(_nobodys(attempt, attempt.note or why))
    for student, some in mine.items():
        if len(some) > 1 and kind in ("canvas", "moodle"):  # these give one for each person
            why = f"{len(some)} people of one source would be {student}"
            rows += [_nobodys(attempt, why) for attempt in some]
        else:
            attempts[student] += some
    return rows


def _nobodys(attempt: Attempt, why: str) -> Row:
    source = attempt.who.shown
    return Row("", "unknown", late=attempt.late, when=attempt.when, source=source, notes=[why])


def _one(work: Collection, student: str, attempts: list[Attempt], staging: Path | None) -> Row:
    """Collect one student's submission."""
    place, look = work.place(student), _Look(work)
    row = Row(student, "missing", work.roster.students[student].name, attempts=len(attempts))
    before = place.attempt() if place.is_there else None
    if before:
        row.status, row.when, row.late = "unchanged", before.when, before.is_late(work.due)
    attempts, digests = _each_once(attempts, look)
    if digests and not work.dry_run:
        places.note_attempts(place, digests)
    same = [a for a in attempts if before and _is_same(a, before, look(a), place)]
    try:
        order = _ranked(work, attempts if same or not before else [*attempts, before], before)
    except Undecided:
        row.status = "undecided"
        way = "--replace takes the new one" if before and len(attempts) == 1 else "see --file-times"
        row.notes = [f"{', '.join(a.who.shown for a in attempts)}: {way}"]
        return row
    attempt = _first_readable(work, order, before, look, row)
    if attempt is None:
        row.status = "unreadable" if attempts and not before else row.status
    elif attempt is not before:
        contents = look(attempt)
        row.when, row.late, row.source = attempt.when, attempt.is_late(work.due), attempt.who.shown
        row.notebooks = contents.notebooks
        row.missing = [name for name in work.released if name not in contents.notebooks]
        if attempt not in same:
            row.status = "replaced" if before else "collected"
        if not work.dry_run:
            _write(place, attempt, contents, staging, row)
    return row


def _each_once(attempts: list[Attempt], look: _Look) -> tuple[list[Attempt], set[str]]:
    """Returns a tuple of: the attempts without those that are the same one again, the digests of
    those that have notebooks."""
    each, digests = {}, set()
    for attempt in attempts:
        found = look(attempt)
        each[(found.digest, attempt.when) if found.notebooks else attempt.who] = attempt
        digests |= {found.digest} if found.notebooks else set()
    return list(each.values()), digests


def _first_readable(
    work: Collection, order: list[Attempt], before: Attempt | None, look: _Look, row: Row
) -> Attempt | None:
    """The first attempt that has a notebook; the row tells of those that have none."""
    for attempt in order:
        if attempt is before:
            return before
        contents = look(attempt)
        row.notes += [n for n in (attempt.note, *contents.unreadable, *contents.notes) if n]
        row.wants_person |= bool(contents.unreadable) or not contents.notebooks
        if contents.notebooks:
            return attempt
        row.notes.append(f"{attempt.who.shown} has no notebook of {work.assignment}")
    return None


def _write(
    place: Place, attempt: Attempt, contents: Contents, staging: Path | None, row: Row
) -> None:
    if row.status == "unchanged":
        places.complete(place, contents.digest, attempt)
        return
    try:
        kept = places.put(place, contents.files, attempt, staging)
    except GradingError as problem:
        row.status, row.notes = "unreadable", [*row.notes, str(problem)]
    else:
        row.notes += [f"the earlier one is in {kept}"] * bool(kept)


def _is_same(attempt: Attempt, before: Attempt, contents: Contents, place: Place) -> bool:
    """Whether an attempt is the one that was collected: its files, and its time where known."""
    if attempt.when and before.when and attempt.when != before.when:
        return False
    return contents.digest in place.digests()


def _ranked(work: Collection, candidates: list[Attempt], before: Attempt | None) -> list[Attempt]:
    try:
        return ranked(candidates, work.setting, work.due)
    except Undecided:
        if not work.replace or before not in candidates:
            raise
    rest = [attempt for attempt in candidates if attempt is not before]
    return ranked(rest, work.setting, work.due)


class _Look:
    """Reads attempts, and remembers the one that was read last."""

    def __init__(self, work: Collection):
        self.work, self.last, self.contents = work, None, Contents()

    def __call__(self, attempt: Attempt) -> Contents:
        if attempt is not self.last:
            self.contents = read_contents(attempt.files, self.work.released)
            self.last = attempt
        return self.contents
