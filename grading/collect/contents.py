"""What an attempt holds: archives in it are looked into, notebooks get the course's names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from itertools import count
from pathlib import Path, PurePosixPath

from grading import identify, reading
from grading.collect.archives import entries_in, is_archive
from grading.collect.entries import Entry, Refused, is_junk
from grading.coordinator.tally import shown
from grading.intake import FILES, PATH, SUBMISSION_BYTES, TIMESTAMP

NESTED = 4  # archives within archives
UNPACKED = 3 * SUBMISSION_BYTES  # bytes that are read of one attempt, archives included
NAME = 250  # bytes of a file's name, with room for the "-2" of a second one
NOTES = 20
LOOKED_AT = 20  # notebooks that are recognised by what they say
NOTEBOOK = re.compile(r"\.ipynb(\.txt|\.json)?$", re.IGNORECASE)
# What browsers, Colab, JupyterLab and platforms add to a file's name.
BEFORE = re.compile(r"(copy[ _]of[ _]+)+", re.IGNORECASE)
AFTER = re.compile(r"([ _]*\(\d+\)|[-_ ]\d{1,3}|-copy\d*|[ _-]+copy([ _]\d+)?)$", re.IGNORECASE)


class Files(dict[str, bytes]):
    """Path -> content, where no file is also a folder."""

    def __init__(self):
        super().__init__()
        self._folders: set[str] = set()

    def put(self, path: str, data: bytes) -> None:
        """Add a file; under another name, where its own is taken by another file or a folder."""
        if self.get(path) == data:
            return
        stem, dot, end = path.rpartition(".") if "." in PurePosixPath(path).name else (path, "", "")
        names = (path if n == 1 else f"{stem}-{n}{dot}{end}" for n in count(1))
        name = next(n for n in names if n not in self and n not in self._folders)
        folders = [str(parent) for parent in PurePosixPath(name).parents][:-1]
        if any(folder in self for folder in folders):
            raise Refused("lies in a folder that is a file too")
        self._folders.update(folders)
        self[name] = data


@dataclass
class Contents:
    """files: path in the submission -> content; notes: what a person should know

    unreadable: archives and notebooks that could not be read, with the reason
    """

    files: Files = field(default_factory=Files)
    notebooks: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)

    @property
    def digest(self) -> str:
        return digest(self.files)


def digest(files: Mapping[str, bytes]) -> str:
    """One number for files and their names; the time of a submission is no part of it."""
    total = sha256()
    for name in sorted(files):
        if name != TIMESTAMP:
            total.update(f"{len(name.encode())} {name} {len(files[name])}\n".encode())
            total.update(files[name])
    return total.hexdigest()


def read_contents(entries: tuple[Entry, ...], released: Mapping[str, Path]) -> Contents:
    """Read an attempt's files.

    released: name -> where the notebook is that was handed out
    """
    contents, found = Contents(), _Reader()
    found.read(entries)
    contents.unreadable = found.unreadable
    contents.notes = found.notes
    names = _named(found.files, released, contents.notes)
    contents.notebooks = sorted(names)
    homes = {path.rpartition("/")[0] for path in names.values()}
    for name, path in names.items():
        contents.files.put(f"{name}.ipynb", found.files[path])
    for path in (p for p in found.files if p not in set(names.values())):
        where = _from_home(path, homes)
        if where.casefold() == TIMESTAMP:  # a student's own is no evidence of when it came
            continue
        try:
            contents.files.put(where, found.files[path])
        except Refused as reason:
            contents.notes.append(f"{shown(where)} {reason}")
    if len(contents.notes) > NOTES:
        contents.notes[NOTES:] = [f"and {len(contents.notes) - NOTES} more"]
    return contents


class _Reader:
    """Reads entries and the archives among them, within bounds that hold for all together."""

    def __init__(self):
        self.files = Files()
        self.notes: list[str] = []
        self.unreadable: list[str] = []
        self._room, self._kept = UNPACKED, SUBMISSION_BYTES

    def read(self, entries: tuple[Entry, ...] | list[Entry], folder: str = "", depth: int = 0):
        wanted = [entry for entry in entries if not is_junk(entry.path)]
        # Notebooks first: what there is no room for is then something else.
        for entry in sorted(wanted, key=_importance):
            path = f"{folder}/{entry.path}" if folder else entry.path
            try:
                if is_archive(entry):
                    self._look_into(entry, path, depth)
                else:
                    self._keep(path, entry)
            except Refused as reason:
                self._tell(entry, path, str(reason))

    def _keep(self, path: str, entry: Entry) -> None:
        if len(self.files) >= FILES:
            raise Refused(f"is left out: there are more than {FILES} files")
        if len(path.encode()) > PATH or max(len(p.encode()) for p in path.split("/")) > NAME:
            raise Refused("has too long a name")
        data = entry.read(min(self._room, self._kept))
        self._room -= len(data)
        self._kept -= len(data)
        self.files.put(path, data)

    def _look_into(self, entry: Entry, path: str, depth: int) -> None:
        if depth == NESTED:
            raise Refused(f"is an archive in {NESTED} others: these are not opened")
        data = entry.read(self._room)
        self._room -= len(data)
        inner = entries_in(entry.name, data, self._room)
        self.read(inner, path.rpartition("/")[0], depth + 1)

    def _tell(self, entry: Entry, path: str, reason: str) -> None:
        grave = is_archive(entry) or NOTEBOOK.search(entry.name)
        (self.unreadable if grave else self.notes).append(f"{shown(path)} {reason}")


def _importance(entry: Entry) -> int:
    return 0 if NOTEBOOK.search(entry.name) else 1 if is_archive(entry) else 2


def _from_home(path: str, homes: set[str]) -> str:
    """A path as seen from the folder that its notebooks are in."""
    for home in sorted(homes, key=len, reverse=True):
        if home and path.startswith(f"{home}/"):
            return path.removeprefix(f"{home}/")
    return path


def _named(
    files: Mapping[str, bytes], released: Mapping[str, Path], notes: list[str]
) -> dict[str, str]:
    """Released notebook -> the path of the file that counts as it."""
    candidates: dict[str, list[str]] = {name: [] for name in released}
    nameless = []
    for path in files:
        if NOTEBOOK.search(path):
            name = name_of(path, released)
            candidates[name].append(path) if name else nameless.append(path)
    found = {}
    for name, paths in candidates.items():
        ranked = sorted(paths, key=lambda path: _how_far(path, name))
        if ranked:
            found[name] = ranked[0]
        for other in ranked[1:]:
            if files[other] != files[ranked[0]]:
                notes.append(
                    f"{shown(other)} could be {name} too; {shown(ranked[0])} counts, it lies beside"
                )
    found |= _recognised({n: nb for n, nb in released.items() if n not in found}, nameless, files)
    for name, path in found.items():
        if path in nameless:
            notes.append(f"{shown(path)} was recognised as {name} by what it says")
    return found


def _recognised(
    wanted: Mapping[str, Path], paths: list[str], files: Mapping[str, bytes]
) -> dict[str, str]:
    """By what their cells say; a notebook that more than one file could be is left alone."""
    read = {}
    for path in paths[:LOOKED_AT] if wanted else []:
        try:
            read[path] = reading.from_bytes(files[path])
        except reading.Unreadable:
            continue
    if not read:
        return {}
    found = {name: identify.best_match(_read(path), read) for name, path in wanted.items()}
    return {n: path for n, path in found.items() if path and list(found.values()).count(path) == 1}


_read = cache(reading.read)


def name_of(path: str, released: Mapping[str, object]) -> str | None:
    """The released notebook that a file's name means, under what was added to it; or None."""
    known = {_key(name): name for name in released}
    stem = BEFORE.sub("", NOTEBOOK.sub("", PurePosixPath(path).name))
    for _ in range(4):
        if _key(stem) in known:
            return known[_key(stem)]
        stem = AFTER.sub("", stem)
    return None


def _key(name: str) -> str:
    return re.sub(r"[ _-]+", "_", unicodedata.normalize("NFKC", name).strip()).casefold()


def _how_far(path: str, name: str) -> tuple:
    """Of several files with one name counts the plain one, in the highest folder."""
    return PurePosixPath(path).name != f"{name}.ipynb", path.count("/")
