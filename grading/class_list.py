"""Read a class list: nbgrader's CSV (id, first_name, ...) or Canvas's export of its gradebook.

What a file cannot decide is never guessed: a line without an id, or an id with two meanings, is a
problem with its line's number.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from grading.errors import GradingError

COLUMNS = ("first_name", "last_name", "email", "lms_user_id")  # beside id
# A student's id is the name of folders, and stands in patterns and command lines.
ID = re.compile(r"\w[\w.@+'-]*( [\w.@+'-]+)*")
MOST_ID, MOST_BYTES = 128, 200  # nbgrader's column; a folder's name, with room for an ending
MOST_FILE = 64 * 2**20
CANVAS_IDS = {"login": "SIS Login ID", "sis": "SIS User ID", "canvas": "ID"}
# What people call the columns of nbgrader's form, in small letters.
ALSO_CALLED = {
    "id": ("student_id", "student id", "username"),
    "first_name": ("first name", "given name"),
    "last_name": ("last name", "surname", "family name"),
    "email": ("e-mail", "email address"),
    "lms_user_id": ("lms user id", "canvas user id"),
}


@dataclass(frozen=True)
class Person:
    """A student as a file has them; None where it says nothing.

    known_by: all numbers and names by which the platform knows the student
    """

    id: str
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    lms_user_id: str | None = None
    known_by: frozenset[str] = field(default=frozenset(), compare=False)


@dataclass
class ClassList:
    """students: id -> Person; problems: lines that were not taken; words: what else was seen."""

    students: dict[str, Person] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)


def read_class_list(path: Path, canvas_id: str | None = None) -> ClassList:
    """The students in a CSV file.

    canvas_id: which of Canvas's columns is the id here: "login", "sis" or "canvas"; None: the first
    of them that has something in a student's line
    """
    roster = ClassList()
    text = _text(path, roster.words)
    header, rows = _table(path, text)
    names = [title.strip().casefold() for title in header]
    from_canvas = {"student", "lastname", "sis login id"} & set(names)
    for name, others in ALSO_CALLED.items() if not from_canvas else ():
        if name not in names:
            names = [name if title in others else title for title in names]
    if "id" not in names:
        raise GradingError(
            f"{path}: no column `id`. Expected nbgrader's form, with the columns id, first_name, "
            "last_name, email, lms_user_id, or Canvas's export of its gradebook, with Student, ID "
            f"and SIS Login ID. The first line has: {shown(', '.join(header)) or 'nothing'}."
        )
    people = (
        _of_canvas(names, rows, canvas_id, roster)
        if from_canvas
        else (_of_nbgrader(names, rows, roster))
    )
    lines: dict[str, tuple[int, str]] = {}
    for line, person in people:
        _take(roster, lines, line, person)
    for column in ("email", "lms_user_id"):
        _warn_of_sharing(roster, column)
    if not roster.students and not roster.problems:
        raise GradingError(f"{path}: there is no student in it, only a first line.")
    return roster


def shown(text: object) -> str:
    """A stranger's text in one line of a terminal: nothing in it moves the cursor or turns text."""
    plain = "".join(
        " " if unicodedata.category(c)[0] in "CZ" and c not in "\u200c\u200d" else c
        for c in str(text)
    )
    plain = " ".join(plain.split())
    return plain if len(plain) <= 60 else plain[:59] + "…"


def _text(path: Path, words: list[str]) -> str:
    if not path.is_file():
        raise GradingError(f"{path}: there is no such file.")
    if path.stat().st_size > MOST_FILE:
        raise GradingError(f"{path}: larger than {MOST_FILE // 2**20} MiB; that is no class list.")
    data = path.read_bytes()
    if data.startswith(b"PK\x03\x04") or data.startswith(b"\xd0\xcf\x11\xe0"):
        raise GradingError(f"{path}: a workbook, not CSV. In Excel: Save As, CSV UTF-8.")
    marks = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16",
             codecs.BOM_UTF16_BE: "utf-16"}  # fmt: skip
    encoding = next((name for mark, name in marks.items() if data.startswith(mark)), "utf-8")
    if b"\0" in data[:2]:  # UTF-16 without its mark
        encoding = "utf-16-be" if data[:1] == b"\0" else "utf-16-le"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        if encoding != "utf-8":
            raise GradingError(
                f"{path}: damaged: it begins as {encoding} and goes on otherwise."
            ) from None
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError as problem:
        raise GradingError(
            f"{path}: neither UTF-8 nor Windows-1252 ({problem}). Save it again as CSV UTF-8."
        ) from None
    name = next((word for word in re.split(r"[^\w'’-]+", text) if not word.isascii()), "")
    words.append(
        f"{path.name} is not UTF-8 and was read as Windows-1252. Look whether names are right"
        f"{f', such as {shown(name)}' if name else ''}; if not, save it again as CSV UTF-8."
    )
    return text


def _table(path: Path, text: str) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """Returns a tuple of: the titles of the columns, (number of the line, cells) of all others."""
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)

    def rows() -> Iterator[tuple[int, list[str]]]:
        start = reader.line_num + 1
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield start, cells
                start = reader.line_num + 1
        except csv.Error as problem:
            raise GradingError(f"{path}, line {reader.line_num}: not CSV ({problem}).") from None

    try:
        return next(reader, []), rows()
    except csv.Error as problem:
        raise GradingError(f"{path}, line 1: not CSV ({problem}).") from None


def _of_nbgrader(names, rows, roster: ClassList) -> Iterator[tuple[int, Person]]:
    for line, cells in rows:
        if len(cells) > len(names) and any(cell.strip() for cell in cells[len(names) :]):
            roster.problems.append(f"line {line}: {len(cells)} values for {len(names)} columns")
            continue
        values = {name: _clean(cell) for name, cell in zip(names, cells)}
        known = {name: values.get(name) or None for name in COLUMNS}
        numbers = frozenset(filter(None, [known["lms_user_id"]]))
        yield line, Person(values.get("id", ""), **known, known_by=numbers)


def _of_canvas(names, rows, canvas_id, roster: ClassList) -> Iterator[tuple[int, Person]]:
    titles = {key: value.casefold() for key, value in CANVAS_IDS.items()}
    there = [key for key, title in titles.items() if title in names]
    if canvas_id not in (None, *there):
        raise GradingError(
            f"This export of Canvas has no column {CANVAS_IDS[canvas_id]!r}. Say which one is the "
            f"id: --canvas-id {' or '.join(there)}."
        )
    begun = False  # above the students stand points possible, and how grades are posted
    for line, cells in rows:
        values = {name: _clean(cell) for name, cell in reversed([*zip(names, cells)])}
        full = values.get("student", "")
        last, _, first = (part.strip() for part in full.partition(","))
        last, first = values.get("lastname", last), values.get("firstname", first)
        if not values["id"]:
            if begun:
                roster.problems.append(f"line {line}: {shown(full or last)!r} has no ID in Canvas")
            continue
        begun = True
        if (last, first) == ("Student", "Test"):
            roster.words.append(f"line {line}: Canvas's own test student was left out")
            continue
        numbers = [values.get(titles[key], "") for key in ([canvas_id] if canvas_id else there)]
        id = next(filter(None, numbers), "")
        login = values.get("sis login id", "")
        email = login if "@" in login else None
        known_by = frozenset(filter(None, (values.get(title) for title in titles.values())))
        yield line, Person(id, first or None, last or None, email, values["id"], known_by)


def _clean(cell: str) -> str:
    """One line, composed, without blanks at its ends; nothing else is taken from a name."""
    text = "".join(" " if unicodedata.category(c) == "Cc" else c for c in cell)
    return unicodedata.normalize("NFC", " ".join(text.split()))


def _take(roster: ClassList, seen: dict[str, tuple[int, str]], line: int, person: Person) -> None:
    """Take a person in, or say why not. seen: id in small letters -> (line, id)."""
    name = shown(" ".join(filter(None, (person.first_name, person.last_name))) or "somebody")
    long = [c for c in ("email", "lms_user_id") if len(getattr(person, c) or "") > MOST_ID]
    before, other = seen.get(person.id.casefold(), (0, ""))
    problem = None
    if not person.id:
        problem = f"{name} has no id"
    elif why := _problem_of_id(person.id):
        problem = f"the id {shown(person.id)!r} of {name} {why}"
    elif long:
        problem = f"{long[0]} of {shown(person.id)} is longer than {MOST_ID} characters"
    elif other == person.id and roster.students[other] != person:
        problem = f"{person.id} stands in line {before} with other values"
    if problem:
        roster.problems.append(f"line {line}: {problem}")
        return
    if other == person.id:
        roster.words.append(f"line {line}: {person.id} stands in line {before} as well")
    elif other:
        roster.words.append(
            f"line {line}: {person.id} and {other} of line {before} differ in case only"
        )
    seen.setdefault(person.id.casefold(), (line, person.id))
    roster.students[person.id] = person


def _problem_of_id(id: str) -> str | None:
    if not ID.fullmatch(id):
        return "should be letters, digits and . _ - + @ ' only, and begin with a letter or digit"
    if len(id) > MOST_ID or len(id.encode()) > MOST_BYTES:
        return f"is too long: {MOST_ID} characters and {MOST_BYTES} bytes at most"
    return None


def _warn_of_sharing(roster: ClassList, column: str) -> None:
    owners: dict[str, list[str]] = {}
    for person in roster.students.values():
        if value := getattr(person, column):
            owners.setdefault(value.casefold(), []).append(person.id)
    for value, ids in owners.items():
        if len(ids) > 1:
            roster.words.append(f"{', '.join(ids)} have the same {column}: {shown(value)}")
