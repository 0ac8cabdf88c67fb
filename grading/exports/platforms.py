"""Filling grades into the list of a class that Canvas or Moodle gave, for its import.

Only what the import needs is written: the columns that say who is who, and the one with the
grades. Other assignments' grades, and comments, are left out so that they cannot be changed.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grading.errors import GradingError
from grading.exports.rows import Row
from grading.exports.sheet import Sheet, as_number, column, need_columns, number

CANVAS = ("Student", "LastName", "FirstName", "ID", "SIS User ID", "SIS Login ID",
          "Integration ID", "Root Account", "Section")  # fmt: skip
MOODLE = ("Identifier", "Full name", "Email address", "ID number", "Username", "Status", "Grade",
          "Maximum Grade", "Grade can be changed", "Last modified (submission)",
          "Last modified (grade)")  # fmt: skip
# Columns that may say who somebody is, the likeliest first.
CANVAS_IDS = ("SIS Login ID", "SIS User ID", "Integration ID", "ID")
MOODLE_IDS = ("Email address", "Username", "ID number")
_CANVAS_NAME = re.compile(r"(?P<title>.*?)\s*\((?P<number>\d+)\)\s*", re.DOTALL)


@dataclass(frozen=True)
class Wishes:
    """What the instructor asked for.

    column: title of Canvas' column; match: the column that says who is who; domain: what an e-mail
    address has after a student's id; zeros: write 0 where nothing was handed in; provisional: also
    scores that are not final; scale: turn points into the platform's, where it has other ones
    """

    column: str | None = None
    match: str | None = None
    domain: str | None = None
    zeros: bool = False
    provisional: bool = False
    scale: bool = False


@dataclass
class Filled:
    """The table for the import, and whom it does not have in full.

    count: grades written; matched_by: the column by which students were found
    """

    sheet: Sheet
    matched_by: str
    count: int = 0
    only_in_roster: list[str] = field(default_factory=list)
    only_in_gradebook: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    locked: list[str] = field(default_factory=list)
    nothing: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        return not (self.only_in_roster or self.only_in_gradebook or self.twice or self.waiting
                    or self.locked)  # fmt: skip


def fill_canvas(roster: Sheet, path: Path, grades: Sequence[Row], wishes: Wishes) -> Filled:
    """Canvas' gradebook export with an assignment's column filled in."""
    header = roster.rows[0]
    name = "LastName" if column(header, "LastName") == 0 else "Student"
    need_columns(header, (name, "ID", "Section"), path, "the gradebook exported from Canvas")
    place = _canvas_column(header, grades[0].assignment if grades else "", wishes.column, path)
    about = [row for row in roster.rows[1:] if _is_about_columns(row, header)]
    people = [row for row in roster.rows[1:] if row not in about and row[0] != "Student, Test"]
    factor = 1.0
    for row in about:
        if "points possible" in row[0].casefold():
            factor = _factor(row[place], grades, wishes, "Canvas")
    kept = [i for i in (column(header, name) for name in CANVAS) if i is not None] + [place]
    filled = _fill(people, header, grades, wishes, CANVAS_IDS, place, 0, factor)
    rows = [header, *about, *people]
    filled.sheet = Sheet([[row[i] for i in kept] for row in rows], roster.delimiter, False)
    return filled


def fill_moodle(roster: Sheet, path: Path, grades: Sequence[Row], wishes: Wishes) -> Filled:
    """Moodle's offline grading worksheet with the grades filled in."""
    header = roster.rows[0]
    what = "an assignment's grading worksheet, downloaded from Moodle in English"
    needed = ("Identifier", "Grade", "Last modified (grade)")
    _, place, _ = need_columns(header, needed, path, what)
    name, most = column(header, "Full name"), column(header, "Maximum Grade")
    people = roster.rows[1:]
    factor = 1.0
    if most is not None and people:
        factor = _factor(people[0][most], grades, wishes, "Moodle")
    locked = column(header, "Grade can be changed")
    filled = _fill(
        people, header, grades, wishes, MOODLE_IDS, place, 0 if name is None else name, factor,
        lambda row: locked is not None and row[locked].strip().casefold() == "no",
    )  # fmt: skip
    kept = [i for i in (column(header, title) for title in MOODLE) if i is not None]
    rows = [header, *people]
    filled.sheet = Sheet([[row[i] for i in kept] for row in rows], roster.delimiter, roster.bom)
    return filled


def _fill(
    people: list[list[str]],
    header: list[str],
    grades: Sequence[Row],
    wishes: Wishes,
    ids: Sequence[str],
    place: int,
    name: int,
    factor: float,
    is_locked: Callable[[list[str]], bool] = lambda row: False,
) -> Filled:
    """Write grades into the column `place` of the rows, in place. name: the column to call by."""
    by, found = _match(people, header, grades, wishes, ids)
    filled = Filled(Sheet([]), by)
    taken = defaultdict(list)  # row's number -> students
    for grade in grades:
        rows = found[grade.student_id]
        for number_of_row in rows:
            taken[number_of_row].append(grade)
        if not rows:
            filled.only_in_gradebook.append(grade.student_id)
        elif len(rows) > 1:
            filled.twice.append(grade.student_id)
    for i, row in enumerate(people):
        students = taken[i]
        if len(students) > 1:
            filled.twice += [grade.student_id for grade in students]
        elif not students:
            filled.only_in_roster.append(row[name])
        elif len(found[students[0].student_id]) == 1:
            _write(row, place, students[0], filled, wishes, factor, is_locked(row))
    if wishes.zeros and not filled.only_in_gradebook and not filled.twice:
        # Else somebody here may be somebody there, by another name.
        for i, row in enumerate(people):
            if not taken[i] and not is_locked(row) and not _is_excused(row[place]):
                row[place] = "0"
    return filled


def _write(
    row: list[str],
    place: int,
    grade: Row,
    filled: Filled,
    wishes: Wishes,
    factor: float,
    locked: bool,
) -> None:
    """One student's grade, unless there is a reason to leave what is there."""
    if locked or _is_excused(row[place]):
        filled.locked.append(grade.student_id)
    elif not grade.submitted and not wishes.zeros:
        filled.nothing.append(grade.student_id)
    elif grade.needs_review and not wishes.provisional:
        filled.waiting.append(grade.student_id)
    else:
        row[place] = number(grade.score * factor)
        filled.count += 1


def _is_excused(grade: str) -> bool:
    """Whether Canvas has a student excused from the assignment."""
    return _plain(grade) == "ex"


def _match(
    people: list[list[str]],
    header: list[str],
    grades: Sequence[Row],
    wishes: Wishes,
    ids: Sequence[str],
) -> tuple[str, dict[str, list[int]]]:
    """Who is who, by one and the same column for everybody: numbers of one kind may be those of
    others in another.

    Returns a tuple of: the column's name, student -> the numbers of the rows that are theirs.
    """
    names = [wishes.match] if wishes.match else [n for n in ids if column(header, n) is not None]
    if not names or column(header, names[0]) is None:
        raise GradingError(
            f"No column says who is who: expected {wishes.match or ' or '.join(ids)} in the "
            f"roster, which has {', '.join(map(repr, header[:12]))}. Name one with --match."
        )
    tried = {}
    for name in names:
        rows_of = defaultdict(list)
        for i, row in enumerate(people):
            rows_of[_plain(row[column(header, name)])].append(i)
        tried[name] = {
            g.student_id: sorted({i for key in _keys(g, wishes) for i in rows_of.get(key, ())})
            for g in grades
        }
    best = max(tried, key=lambda name: sum(map(bool, tried[name].values())))
    return best, tried[best]


def _keys(grade: Row, wishes: Wishes) -> set[str]:
    keys = {grade.student_id, grade.email, grade.lms_user_id}
    if wishes.domain:
        keys.add(f"{grade.student_id}@{wishes.domain.lstrip('@')}")
    return {_plain(key) for key in keys} - {""}


def _plain(text: str) -> str:
    return text.strip().casefold()


def _is_about_columns(row: list[str], header: list[str]) -> bool:
    """Whether a row of Canvas' is no student's: points, and how grades are posted."""
    known = (column(header, name) for name in ("ID", *CANVAS_IDS))
    return not any(row[i].strip() for i in known if i is not None)


def _canvas_column(header: list[str], assignment: str, asked: str | None, path: Path) -> int:
    """The assignment's column, "TITLE (NUMBER)": by the title asked for, or the assignment's."""
    titles = {i: m["title"] for i, cell in enumerate(header) if (m := _CANVAS_NAME.fullmatch(cell))}
    wanted = asked or assignment
    found = [i for i in titles if wanted in (titles[i], header[i])]
    found = found or [i for i in titles if _letters(titles[i]) == _letters(wanted)]
    if len(found) != 1:
        shown = ", ".join(repr(header[i]) for i in titles) or "none"
        raise GradingError(
            f"{path}: expected one assignment called {wanted!r}, found {len(found)}. The columns "
            f"of assignments are {shown}: name one with --column, or make the assignment in "
            "Canvas and export the gradebook again."
        )
    return found[0]


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _factor(text: str, grades: Sequence[Row], wishes: Wishes, platform: str) -> float:
    """What points are multiplied by; GradingError where it is not 1 and nobody asked for it.

    text: what the platform says are the assignment's points; it may say nothing
    """
    most, ours = as_number(text), grades[0].max_score if grades else 0.0
    if text.strip() and most is None:
        raise GradingError(
            f"{platform} says {text.strip()!r} where the assignment's points were expected. Set "
            f"it to be graded with {ours:g} points there, and export again."
        )
    if most is None or not ours or abs(most - ours) < 0.005:
        return 1.0
    if not wishes.scale:
        raise GradingError(
            f"In {platform} the assignment has {most:g} points, in the gradebook {ours:g}. Give "
            f"it {ours:g} points in {platform}, or turn points into its own with --scale."
        )
    return most / ours
