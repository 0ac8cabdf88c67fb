"""Opening a submitted file: a notebook in today's format, or the reason why it is none.

Editors write notebooks in several formats and spellings; they all end here as one. What cannot
be a notebook raises :class:`Unreadable` with a reason meant for a person.
"""

from __future__ import annotations

import copy
import json
import os
import re
import stat
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from grading.errors import GradingError

MAX_BYTES = 50_000_000
MAX_CELLS = 2_000  # the course's notebooks have about a hundred
MAX_DEPTH = 100  # an ordinary notebook nests about ten deep
MAJOR, MINOR = 4, 5
REMARKS = "grader_remarks"  # notebook metadata: what reading put right, taken up by repair

BINARY = {
    b"PK": "a zip archive",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8": "a picture",
    b"\x1f\x8b": "a gzip archive",
    b"\x93NUMPY": "a NumPy array",
}
OPTIONAL = {"code": {"execution_count", "outputs"}, "markdown": {"attachments"}}
OPTIONAL["raw"] = OPTIONAL["markdown"]
# Metadata whose values the notebook format restricts: dropped where a notebook is damaged.
RESTRICTED_IN_CELL = ("collapsed", "scrolled", "name", "tags", "jupyter", "execution", "format")
RESTRICTED = ("kernelspec", "language_info", "title", "authors", "orig_nbformat")


class Unreadable(GradingError):
    """The file is not a notebook that can be graded. The message is the reason, for a person."""


def read(path: str | os.PathLike) -> NotebookNode:
    """The notebook in a file, brought to format 4.5.

    Raises Unreadable, with a reason a person understands, for anything that is not a notebook.
    """
    return from_bytes(_load(Path(path)))


def from_bytes(content: bytes) -> NotebookNode:
    """The notebook that a file holds; see read."""
    data = _parse(_decode(content))
    if not isinstance(data, dict):
        raise Unreadable("the file is JSON, but not a notebook")
    if _depth_exceeds(data, MAX_DEPTH):
        raise Unreadable("the file is damaged: its contents are nested absurdly deep")
    if not isinstance(data.get("cells"), list) and not isinstance(data.get("worksheets"), list):
        raise Unreadable("the file is JSON, but not a notebook: it has no cells")
    count = len(data.get("cells") or data.get("worksheets") or ())
    if count > MAX_CELLS:
        raise Unreadable(f"it has {count:,} cells, and at most {MAX_CELLS:,} are read")
    return normalise(_encodable(data))


def normalise(data: dict) -> NotebookNode:
    """The same notebook in format 4.5, valid, with text as single strings and an id a cell.

    data: a notebook as read from JSON (dict or NotebookNode), of any format, perhaps damaged.
    An intact notebook of format 4.5 comes back equal. Raises Unreadable for unknown formats.
    """
    version = _version(data)
    data = copy.deepcopy(data)
    if not isinstance(data.get("metadata"), dict):
        data["metadata"] = {}
    for key in ("orig_nbformat", "orig_nbformat_minor", "signature"):
        data["metadata"].pop(key, None)
    remarks = []
    if version[0] < MAJOR:
        data = _upgrade(data, version[0])
    if version != (MAJOR, MINOR):
        age = "an older" if version < (MAJOR, MINOR) else "a newer"
        was = f"{version[0]}.{version[1]}"
        remarks.append(
            f"The notebook was in {age} format ({was}); it was read as format {MAJOR}.{MINOR}."
        )
    nb = NotebookNode(nbformat.from_dict(data))
    nb.nbformat, nb.nbformat_minor = MAJOR, MINOR
    cells = nb.get("cells") if isinstance(nb.get("cells"), list) else []
    nb.cells = [_cell(cell) for cell in cells if isinstance(cell, dict)]
    _give_ids(nb.cells)
    if _make_valid(nb) or len(nb.cells) != len(cells):
        remarks.append(
            "Parts of the notebook's file were damaged; what could not be understood of its "
            "outputs and settings was left out."
        )
    nb.metadata.pop(REMARKS, None)
    if remarks:
        nb.metadata[REMARKS] = remarks
    return nb


def remarks_in(nb: NotebookNode) -> list[str]:
    """What reading put right in a notebook, as sentences."""
    metadata = nb.get("metadata")
    remarks = metadata.get(REMARKS) if isinstance(metadata, dict) else None
    return [str(remark) for remark in remarks] if isinstance(remarks, list) else []


def _load(path: Path) -> bytes:
    try:
        kind = os.lstat(path).st_mode
        if stat.S_ISLNK(kind):
            raise Unreadable("it is a symbolic link, not a file")
        if stat.S_ISDIR(kind):
            raise Unreadable("it is a folder, not a file")
        if not stat.S_ISREG(kind):
            raise Unreadable("it is not an ordinary file")
        with open(path, "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise Unreadable("the file does not exist") from None
    except (OSError, ValueError) as problem:
        what = getattr(problem, "strerror", None) or problem
        raise Unreadable(f"the file cannot be opened ({what})") from None
    if len(content) > MAX_BYTES:
        raise Unreadable(
            f"the file is larger than {MAX_BYTES // 1_000_000} MB; "
            "clearing the outputs makes a notebook small"
        )
    return content


def _decode(content: bytes) -> str:
    if not content.strip():
        raise Unreadable("the file is empty")
    for start, what in BINARY.items():
        if content.startswith(start):
            raise Unreadable(f"the file is {what}, not a notebook")
    encoding = _encoding(content)
    if encoding == "utf-8-sig" and b"\0" in content:
        raise Unreadable("the file is binary data, not a notebook")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as problem:
        if encoding != "utf-8-sig":
            raise Unreadable("the file begins in the encoding UTF-16 and is damaged") from None
        raise Unreadable(
            f"the file is not in the encoding UTF-8 (byte {problem.start + 1} is wrong)"
        ) from None


def _encoding(content: bytes) -> str:
    """UTF-8, or UTF-16 as Windows' shell writes it, with its mark or without."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    return {b"{\0": "utf-16-le", b"\0{": "utf-16-be"}.get(content[:2], "utf-8-sig")


def _parse(text: str) -> object:
    if text.lstrip().startswith("<") and not text.lstrip().startswith("<<<<<<<"):
        raise Unreadable("the file is a web page (HTML or XML), not a notebook")
    try:
        return json.loads(text)
    except RecursionError:
        raise Unreadable("the file is damaged: its contents are nested absurdly deep") from None
    except json.JSONDecodeError as problem:
        if re.search(r"^(<<<<<<<|>>>>>>>) ", text, re.MULTILINE):
            raise Unreadable("the file holds unresolved git merge conflicts") from None
        if not text.lstrip().startswith(("{", "[")):
            raise Unreadable("the file is text, but not a notebook") from None
        cut_off = problem.pos >= len(text.rstrip()) or problem.msg.startswith("Unterminated")
        what = "cut off before its end" if cut_off else "damaged"
        raise Unreadable(f"the file is {what} (line {problem.lineno}: {problem.msg})") from None
    except ValueError as problem:  # a number of thousands of digits
        raise Unreadable(f"the file is damaged ({problem})") from None


def _depth_exceeds(value: object, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _encodable(value):
    """The same data, with half characters (lone surrogates) replaced: they cannot be saved."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_encodable(key): _encodable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_encodable(inner) for inner in value]
    return value


def _version(data: dict) -> tuple[int, int]:
    def number(value, default):
        if isinstance(value, str) and value.isdecimal() and len(value) < 4:
            value = int(value)
        return value if type(value) is int and value >= 0 else default

    major = number(data.get("nbformat"), 3 if "worksheets" in data else MAJOR)
    if major > MAJOR:
        raise Unreadable(f"it is in notebook format {major}, which is newer than can be read")
    if "cells" in data and "worksheets" not in data:
        major = MAJOR  # whatever it calls itself
    return major, number(data.get("nbformat_minor"), MINOR if major == MAJOR else 0)


def _upgrade(data: dict, major: int) -> dict:
    """A notebook of format 3 or older in format 4, by nbformat."""
    try:
        for sheet in data["worksheets"]:
            sheet["cells"] = [c for c in sheet.get("cells", []) if isinstance(c, dict)]
            for cell in sheet["cells"]:
                cell.setdefault("metadata", {})
                if cell.get("cell_type") == "code":
                    cell.setdefault("input", "")
                    cell.setdefault("language", "python")
                    cell["outputs"] = []  # made anew when the notebook is run
        data["nbformat"] = max(major, 2)
        data.setdefault("nbformat_minor", 0)
        old = nbformat.versions[data["nbformat"]].to_notebook_json(data)
        new = nbformat.convert(old, MAJOR)
        for cell in new.cells:
            cell.pop("id", None)  # chosen at random
        return new
    except Exception as problem:
        raise Unreadable(
            f"it is in the old notebook format {major} and damaged ({type(problem).__name__})"
        ) from None


def _cell(cell: NotebookNode) -> NotebookNode:
    """A cell with the fields it must have; fields of a valid cell keep their values."""
    text = cell.get("source", cell.get("input"))
    if isinstance(text, list):
        text = "".join(line for line in text if isinstance(line, str))
    text = text if isinstance(text, str) else ""
    cell["source"] = text.replace("\r\n", "\n").replace("\r", "\n")
    if not isinstance(cell.get("metadata"), dict):
        cell["metadata"] = NotebookNode()
    if cell.get("cell_type") not in ("code", "markdown", "raw"):
        ran = cell.keys() & {"outputs", "execution_count"}
        cell["cell_type"] = "code" if ran else "markdown"
    if cell.cell_type == "code":
        cell.setdefault("execution_count", None)
        cell["outputs"] = [_output(o) for o in cell["outputs"]] if _dicts(cell, "outputs") else []
    allowed = {"id", "cell_type", "metadata", "source"} | OPTIONAL[cell.cell_type]
    for key in cell.keys() - allowed:
        del cell[key]
    return cell


def _dicts(cell: NotebookNode, key: str) -> bool:
    value = cell.get(key)
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _output(output: NotebookNode) -> NotebookNode:
    if output.get("output_type") == "stream" and isinstance(output.get("text"), list):
        output["text"] = "".join(str(line) for line in output["text"])
    if isinstance(output.get("data"), dict):
        for kind, value in output["data"].items():
            if isinstance(value, list) and all(isinstance(line, str) for line in value):
                json_kind = kind == "application/json" or kind.endswith("+json")
                output["data"][kind] = value if json_kind else "".join(value)
    return output


def _give_ids(cells: list[NotebookNode]) -> None:
    """An id for each cell that has none of its own: the same ones whenever it is read."""
    taken: set[str] = set()
    nameless = []
    for cell in cells:
        name = cell.get("id")
        usable = isinstance(name, str) and re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name)
        if usable and name not in taken:
            taken.add(name)
        else:
            nameless.append(cell)
    for cell in nameless:
        cell["id"] = new_id(taken)


def new_id(taken: set[str]) -> str:
    """An id that is not among those taken; it is added to them."""
    number = len(taken) + 1
    while f"cell-{number}" in taken:
        number += 1
    taken.add(f"cell-{number}")
    return f"cell-{number}"


def _make_valid(nb: NotebookNode) -> bool:
    """Leave out what the notebook format does not allow. Returns whether there was any."""
    for key in nb.keys() - {"nbformat", "nbformat_minor", "metadata", "cells"}:
        del nb[key]
    if _valid(nb):
        return False
    for cell in nb.cells:
        for key in RESTRICTED_IN_CELL:
            cell.metadata.pop(key, None)
        cell.pop("attachments", None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    for key in RESTRICTED:
        nb.metadata.pop(key, None)
    return True


def _valid(nb: NotebookNode) -> bool:
    try:
        nbformat.validate(nb)
    except nbformat.ValidationError:
        return False
    return True
