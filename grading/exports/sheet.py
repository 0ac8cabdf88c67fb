"""CSV files that people open in a spreadsheet: read as they come, written so that nothing in them
is taken for a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from grading.errors import GradingError

MAX_BYTES = 20_000_000
BOM = "\ufeff"
_NUMBER = re.compile(r"[-+]?[0-9]+(?:[.,][0-9]+)*%?")
_FORMULA = re.compile(r"\s*[=+\-@|＝＋－＠]|[\t\n]")


@dataclass(frozen=True)
class Sheet:
    """rows: the first is the header; delimiter and bom: as the file had them"""

    rows: list[list[str]]
    delimiter: str = ","
    bom: bool = False


def read_sheet(path: Path) -> Sheet:
    """A table from a CSV file in UTF-8, delimited by commas or semicolons."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        text = data.decode("utf-8")
    except FileNotFoundError:
        raise GradingError(f"{path}: there is no such file.") from None
    except UnicodeDecodeError as problem:
        raise GradingError(
            f"{path}: expected a CSV file in UTF-8, but byte {problem.start + 1} is no UTF-8. "
            "Take the file as it was downloaded, not as a spreadsheet saved it."
        ) from None
    if len(data) > MAX_BYTES:
        raise GradingError(
            f"{path}: larger than {MAX_BYTES // 10**6} MB; expected a list of a class."
        )
    bom, text = text.startswith(BOM), text.removeprefix(BOM)
    header = text.partition("\n")[0]
    delimiter = ";" if header.count(";") > header.count(",") else ","
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as problem:
        raise GradingError(f"{path}: not a CSV file ({problem}).") from None
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    if not rows:
        raise GradingError(f"{path}: the file is empty.")
    width = len(rows[0])
    return Sheet([(row + [""] * width)[:width] for row in rows], delimiter, bom)


def to_csv(sheet: Sheet) -> bytes:
    """The table as a CSV file in UTF-8, formulas made harmless."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=sheet.delimiter, lineterminator="\n")
    writer.writerows([harmless(cell) for cell in row] for row in sheet.rows)
    return ((BOM if sheet.bom else "") + text.getvalue()).encode("utf-8", "replace")


def harmless(cell: str) -> str:
    """The text, with a ' before it where a spreadsheet would take it for a formula."""
    cell = cell.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def number(value: float) -> str:
    """At most two decimals, as learning platforms keep them."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def as_number(text: str) -> float | None:
    """A number as platforms write it, with a decimal point or comma; None if it is none."""
    text = text.strip().replace(",", ".")
    try:
        return float(text) if _NUMBER.fullmatch(text) else None
    except ValueError:  # two points
        return None


def column(header: Sequence[str], name: str) -> int | None:
    """The place of a column, or None."""
    wanted = name.casefold()
    return next((i for i, cell in enumerate(header) if cell.strip().casefold() == wanted), None)


def need_columns(header: Sequence[str], names: Iterable[str], path: Path, what: str) -> list[int]:
    """The places of columns that must be there."""
    places = {name: column(header, name) for name in names}
    missing = [name for name, place in places.items() if place is None]
    if missing:
        raise GradingError(
            f"{path}: expected {what}, with the columns {', '.join(places)}; missing are "
            f"{', '.join(missing)}. It has: {', '.join(map(repr, header[:12]))}."
        )
    return list(places.values())
