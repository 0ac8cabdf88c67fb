"""Who takes part: from a CSV file or the gradebook; and which of them a submission names.

Nobody is guessed. An id, a number of the platform, an e-mail address or a full name must lead to
one student, and no stronger sign may speak against it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from grading.class_list import read_class_list
from grading.coordinator.tally import shown
from grading.errors import GradingError

ID = 200  # bytes: it is the name of a folder, and of files with an ending


@dataclass(frozen=True)
class Student:
    """lms: the numbers and names by which platforms know the student"""

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True)
class Hints:
    """What a submission says of whose it is. `shown` is how a person finds it in the source."""

    shown: str
    id: str = ""
    lms: str = ""
    email: str = ""
    name: str = ""


@dataclass
class Roster:
    students: dict[str, Student]
    _by: dict[str, dict[str, set[str]]] = field(default_factory=dict)

    def __post_init__(self):
        for kind in ("id", "lms", "email", "name", "letters"):
            self._by[kind] = defaultdict(set)
        for s in self.students.values():
            self._by["id"][_key(s.id)].add(s.id)
            for number in s.lms:
                self._by["lms"][_key(number)].add(s.id)
            if s.email:
                self._by["email"][_key(s.email)].add(s.id)
            for text in {f"{s.first_name} {s.last_name}", f"{s.last_name} {s.first_name}"}:
                if name_key(text):
                    self._by["name"][name_key(text)].add(s.id)
                    self._by["letters"][_letters(text)].add(s.id)

    def find(self, hints: Hints) -> tuple[str | None, str]:
        """Returns a tuple of: the student's id (None where it is not certain), why not."""
        signs = [
            (what, value, self._of(hints_kind, value))
            for what, hints_kind, value in (
                ("id", ("id", "lms"), hints.id),
                ("number", ("lms",), hints.lms),
                ("e-mail address", ("email",), hints.email),
            )
            if value
        ]
        found = [(what, value, who) for what, value, who in signs if who]
        named = self.named(hints.name)
        if not found and named:
            found = [("name", hints.name, named)]
        if not found:
            said = [f"{what} {value}" for what, value, _ in signs]
            said += [f"name {hints.name}"] * bool(hints.name and hints.name != hints.id)
            what = " or the ".join(map(shown, dict.fromkeys(said)))
            why = f"nobody on the roster has the {what}" if what else "nothing says whose it is"
            return None, why
        who = set.intersection(*(ids for _, _, ids in found))
        if len(who) != 1:
            each = [f"{what} {shown(v)} is {_list(ids)}'s" for what, v, ids in found]
            return None, f"more than one student is meant: {', '.join(each)}"
        student = self.students[who.pop()]
        if found[0][0] == "name" and hints.lms and student.lms:
            numbers = _list(student.lms)
            return None, (
                f"the name is {shown(student.id)}'s, but the number is {shown(hints.lms)}, and the "
                f"roster says {numbers}"
            )
        return student.id, ""

    def knows(self, text: str) -> bool:
        """Whether a file or folder of this name may be a student's."""
        return bool(self._of(("id", "lms"), text) or self._of(("email",), text) or self.named(text))

    def named(self, name: str) -> set[str]:
        """The students of a name: by all of its signs, else by its letters without accents."""
        if not name_key(name):
            return set()
        exactly = self._by["name"].get(name_key(name))
        return exactly or self._by["letters"].get(_letters(name), set())

    def _of(self, kinds: Iterable[str], value: str) -> set[str]:
        found = [self._by[kind].get(_key(value), set()) for kind in kinds]
        exact = [s for s in set().union(*found) if s == value]
        return set(exact) or set().union(*found)


def read_roster(path: Path) -> tuple[Roster, str]:
    """A roster in nbgrader's form (id,first_name,last_name,email,lms_user_id) or Canvas's export.

    Returns a tuple of: the roster, what there is to say of the file.
    """
    found = read_class_list(path)
    if found.problems:
        raise GradingError("\n".join([f"{path}:", *(f"  {line}" for line in found.problems)]))
    students = {
        id: Student(id, p.first_name or "", p.last_name or "", p.email or "", p.known_by)
        for id, p in found.students.items()
    }
    return Roster(students), "\n".join(found.words)


def check_student(student: Student, others: dict[str, Student], where: str) -> None:
    """The id becomes the name of a folder."""
    id = student.id
    if not id:
        raise GradingError(f"{where}: there is no id. Each student needs one.")
    if id in others:
        raise GradingError(f"{where}: the id {shown(id)} is there twice. Each must be one's own.")
    if id.startswith(".") or re.search(r"[/\\\0]", id) or not id.isprintable():
        raise GradingError(
            f"{where}: {shown(id)} cannot name a folder. Use ids without slashes and signs that "
            "cannot be seen, that do not begin with a dot."
        )
    if len(id.encode("utf-8", "replace")) > ID:
        raise GradingError(f"{where}: the id {shown(id)} is too long: at most {ID} bytes.")


def _key(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()


def name_key(text: str) -> str:
    """A name without what platforms take out of it: case, spaces, punctuation."""
    return "".join(c for c in _key(text) if c.isalnum() or unicodedata.combining(c))


def _letters(text: str) -> str:
    parts = unicodedata.normalize("NFKD", name_key(text))
    return "".join(c for c in parts if not unicodedata.combining(c))


def _list(ids: Iterable[str]) -> str:
    return ", ".join(sorted(map(shown, ids)))
