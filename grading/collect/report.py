"""What a collection did, a line a student: as a table to read and as CSV."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from grading.coordinator.tally import shown

COLUMNS = (
    "student", "name", "status", "late", "handed_in_utc", "attempts", "notebooks",
    "missing_notebooks", "from", "notes",
)  # fmt: skip
# A status -> what is said of it; those of the second group want a person.
GOOD = {
    "collected": "collected",
    "replaced": "replaced by a later one (the earlier is kept)",
    "unchanged": "as collected before",
    "missing": "missing",
}
BAD = {
    "unknown": "unknown: whose it is is not certain",
    "undecided": "undecided: nothing says which attempt is the later one",
    "unreadable": "unreadable",
}
SHOWN = 40  # lines of a group; the CSV has all
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass
class Row:
    """A student, or a submission that is nobody's. `wants_person`: something of it was not read."""

    student: str
    status: str
    name: str = ""
    late: bool | None = None
    when: datetime | None = None
    attempts: int = 0
    notebooks: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    source: str = ""
    notes: list[str] = field(default_factory=list)
    wants_person: bool = False

    @property
    def is_bad(self) -> bool:
        return self.wants_person or self.status in BAD


def to_csv(rows: Iterable[Row]) -> bytes:
    """The report as a table that a spreadsheet opens, in which no name is taken for a formula."""
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for row in rows:
        late = "" if row.late is None else "yes" if row.late else "no"
        when = f"{row.when:%Y-%m-%d %H:%M:%S}" if row.when else ""
        lists = (" ".join(row.notebooks), " ".join(row.missing), row.source, "; ".join(row.notes))
        cells = (row.student, row.name, row.status, late, when, str(row.attempts), *lists)
        table.writerow([_harmless(cell) for cell in cells])
    return text.getvalue().encode("utf-8-sig")  # the mark tells Excel that it is UTF-8


def _harmless(cell: str) -> str:
    cell = "".join(c if c.isprintable() else " " for c in cell)
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def to_text(rows: list[Row]) -> str:
    """What an instructor reads at the end."""
    counts = Counter(row.status for row in rows)
    late = [row for row in rows if row.late]
    twice = [row for row in rows if row.attempts > 1 and row.status in GOOD]
    numbers = [(counts[status], what) for status, what in (GOOD | BAD).items()]
    numbers += [(len(late), "late"), (len(twice), "more than once")]
    lines = [f"{number:6}  {what}" for number, what in numbers if number]
    groups = {
        "Missing": [(row.student, row.name) for row in rows if row.status == "missing"],
        "Late": [(row.student, _when(row)) for row in late],
        "More than once": [(row.student, f"{row.attempts} attempts") for row in twice],
        "Without some of the notebooks": [
            (row.student, ", ".join(row.missing))
            for row in rows
            if row.missing and row.status in ("collected", "replaced")
        ],
        "To know": [(r.student, "; ".join(r.notes)) for r in rows if r.notes and not r.is_bad],
        "A person must look at": [
            (row.student or row.source, f"{row.status}: {'; '.join(row.notes)}")
            for row in rows
            if row.is_bad
        ],
    }
    for title, items in groups.items():
        lines += [f"{title}:"] * bool(items)
        lines += [f"  {shown(who)}  {shown(what)}".rstrip() for who, what in items[:SHOWN]]
        if len(items) > SHOWN:
            lines.append(f"  and {len(items) - SHOWN} more (--report FILE has all)")
    return "\n".join(lines)


def _when(row: Row) -> str:
    return f"{row.when:%Y-%m-%d %H:%M} UTC" if row.when else "the platform says so, not when"
