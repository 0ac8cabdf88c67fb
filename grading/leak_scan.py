"""Looking into files: text, notebooks, archives within archives, compiled Python.

Each file becomes pieces of text, each with its place ("cell 4 (relu-forward), output, line 2").
"""

from __future__ import annotations

import bz2
import gzip
import html
import importlib.util
import io
import json
import lzma
import marshal
import re
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from types import CodeType

LARGEST = 100_000_000  # bytes of one file
DEEPEST = 6  # archives within archives


@dataclass
class Contents:
    """What was found in one file, archive members apart.

    texts: (place, text); codes: compiled code; problem: why it could not be looked into.
    """

    name: str
    texts: list[tuple[str, str]] = field(default_factory=list)
    codes: list[CodeType] = field(default_factory=list)
    problem: str = ""


def look_into(name: str, data: bytes, depth: int = 0) -> Iterator[Contents]:
    """The contents of a file, and of everything packed in it. name: with its path, `/` between."""
    if depth > DEEPEST:
        yield Contents(name, problem=f"archives within archives, more than {DEEPEST} deep")
        return
    try:
        members = _members(data)
        if members is not None:
            for member, content in members:
                yield from look_into(f"{name}!{member}", content, depth + 1)
            return
        yield _contents(name, data)
    except _BROKEN as problem:
        yield Contents(name, problem=f"cannot be unpacked ({type(problem).__name__}: {problem})")


_BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    lzma.LZMAError,
    EOFError,
    OSError,
    RuntimeError,  # an encrypted archive
    NotImplementedError,  # an unknown kind of compression
)


def _members(data: bytes) -> list[tuple[str, bytes]] | Iterator[tuple[str, bytes]] | None:
    """The members of an archive or compressed file; None for any other file."""
    if data[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return _zip_members(data)
    for magic, unpack in ((b"\x1f\x8b", gzip), (b"BZh", bz2), (b"\xfd7zXZ", lzma)):
        if data.startswith(magic):
            return [("unpacked", unpack.decompress(data))]
    if data[257:262] == b"ustar":
        return _tar_members(data)
    return None


def _zip_members(data: bytes) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if archive.comment:
            yield "comment", archive.comment
        for member in archive.infolist():
            if not member.is_dir():
                yield member.filename, archive.read(member)


def _tar_members(data: bytes) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isfile() else None
            yield member.name, file.read() if file else b""


def _contents(name: str, data: bytes) -> Contents:
    if len(data) > LARGEST:
        return Contents(name, problem=f"larger than {LARGEST // 1_000_000} MB")
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in (".pyc", ".pyo"):
        return _compiled(name, data)
    text = _decode(data)
    if suffix in (".ipynb", ".json"):
        try:
            parsed = json.loads(text)
        except ValueError:
            return Contents(name, _lines(text), problem="is not valid JSON; read as plain text")
        return Contents(name, list(_json_texts(parsed)))
    return Contents(name, _lines(text))


def _decode(data: bytes) -> str:
    """Text as it is; of a binary file, the readable runs of characters, a line each."""
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    if b"\0" not in data[:8192]:
        return data.decode("utf-8", errors="replace")
    return "\n".join(run.decode("ascii") for run in re.findall(rb"[\t\x20-\x7e]{8,}", data))


def _lines(text: str, place: str = "") -> list[tuple[str, str]]:
    """Each line with its place; a line that quotes several (`\\n` written out) as several."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        where = f"{place}line {number}"
        for reading in dict.fromkeys((line, _as_shown(line))):
            pieces = reading.replace('\\"', '"').split("\\n")
            found += [(where, piece) for piece in pieces]
    return found


def _as_shown(line: str) -> str:
    """The line as a reader sees it: no HTML tags, no colours, no line number of a traceback."""
    line = re.sub(r"\x1b\[[\d;]*m", "", line)
    line = html.unescape(re.sub(r"</?\w[^<>]*>", "", line))
    return re.sub(r"^\s*(-+>)?\s*\d+[:|]?\s+", "", line)


def _json_texts(value, place: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a JSON document, keys too; a notebook's cells are called by number and id."""
    if isinstance(value, str):
        yield from _lines(value, place)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "cells" and isinstance(item, list):
                for number, cell in enumerate(item, 1):
                    known = f" ({cell['id']})" if isinstance(cell, dict) and "id" in cell else ""
                    yield from _json_texts(cell, f"cell {number}{known}, ")
            else:
                yield f"{place}{key}", key
                yield from _json_texts(item, f"{place}{key}, ")
    elif isinstance(value, list):
        if all(isinstance(item, str) for item in value):  # a text kept line by line
            value = ["".join(v if v.endswith("\n") else v + "\n" for v in value)]
        for item in value:
            yield from _json_texts(item, place)


def _compiled(name: str, data: bytes) -> Contents:
    """A .pyc file: its strings and names as text, and its code."""
    contents = Contents(name, _lines(_decode(b"\0" + data)))
    if data[:4] != importlib.util.MAGIC_NUMBER:
        contents.problem = "compiled by another Python: only its plain texts could be read"
        return contents
    try:
        code = marshal.loads(data[16:])
    except (ValueError, EOFError, TypeError) as problem:
        contents.problem = f"cannot be read ({problem})"
        return contents
    contents.codes = list(walk_code(code))
    for part in contents.codes:
        for constant in (*part.co_consts, *part.co_names):
            if isinstance(constant, str):
                contents.texts += _lines(constant, f"{part.co_name}, ")
    return contents


def walk_code(code: CodeType) -> Iterator[CodeType]:
    """A code object and all those inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from walk_code(constant)
