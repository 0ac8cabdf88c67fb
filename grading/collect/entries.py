"""The files of a source, a folder or a zip archive on disk, as a list: nothing is unpacked."""

from __future__ import annotations

import os
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path, PurePosixPath

from grading.errors import GradingError
from grading.intake import DEPTH, read_file, unfit

MOST = 500_000  # files of a source: 3,000 students with a hundred files each are 300,000
JUNK = {  # in small letters: Windows does not tell them from others
    "__macosx", ".ds_store", "thumbs.db", "desktop.ini", "$recycle.bin",
    "system volume information", ".ipynb_checkpoints", "__pycache__", ".git", ".venv",
}  # fmt: skip


class Refused(Exception):
    """Why a file cannot be taken in, to follow its name: "is encrypted"."""


@dataclass(frozen=True)
class Entry:
    """A file that can be read once it is wanted.

    path: where it lies in its source, with `/`, without `.` and `..`
    load: room in bytes -> its content; raises Refused
    problem: why it cannot be read, known beforehand (a link, say)
    modified: what the file system or the archive says (UTC)
    owner: of a file on disk, by name ("" where nobody knows)
    """

    path: str
    size: int
    load: Callable[[int], bytes]
    problem: str = ""
    modified: datetime | None = None
    owner: str = ""

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name

    def read(self, room: int) -> bytes:
        """The content. Raises Refused, also where it has more than `room` bytes."""
        if self.problem:
            raise Refused(self.problem)
        return self.load(room)

    def below(self, folder: str) -> Entry:
        """The same file with its path as seen from a folder that holds it ("" is the source)."""
        return replace(self, path=self.path.removeprefix(f"{folder}/")) if folder else self


def is_junk(path: str) -> bool:
    """What systems and editors leave behind: passed over in silence."""
    return any(part.casefold() in JUNK or part.startswith("._") for part in path.split("/"))


def only(path: Path) -> list[Entry]:
    """A file on disk as all there is of a source."""
    with os.scandir(path.parent) as found:
        entry = next(entry for entry in found if entry.name == path.name)
    return [_file(entry, path, clean(path.name), unfit(entry, Path(path.name)))]


@contextmanager
def opened(source: Path) -> Iterator[list[Entry]]:
    """The files of a source. Raises GradingError where it is neither a folder nor a zip archive."""
    if source.is_dir():
        yield _limited(source, _walk(source))
        return
    if not source.exists():
        raise GradingError(f"{source} is not there. Name a folder or an archive (.zip).")
    try:
        archive = zipfile.ZipFile(source)
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as problem:
        raise GradingError(
            f"{source} is neither a folder nor a whole zip archive ({problem}). Download it again, "
            "or unpack it yourself and name the folder."
        ) from None
    with archive:
        from grading.collect.archives import zip_entries

        yield _limited(source, zip_entries(archive))


def _limited(source: Path, entries: Iterator[Entry]) -> list[Entry]:
    found = []
    for entry in entries:
        if len(found) == MOST:
            raise GradingError(f"{source} has more than {MOST:,} files. Split it, or tidy it up.")
        if not is_junk(entry.path):
            found.append(entry)
    return found


def _walk(folder: Path) -> Iterator[Entry]:
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(here) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as problem:
            name = clean(here.relative_to(folder).as_posix())
            yield Entry(name, 0, _nothing, f"cannot be read: {problem.strerror}")
            continue
        for entry in found:
            path = here / entry.name
            # The first folder may be a student's name; what is in it may have paths so long.
            problem = unfit(entry, Path(*path.relative_to(folder).parts[1:]))
            if not problem and entry.is_dir(follow_symlinks=False):
                waiting.append(path)
            else:
                yield _file(entry, path, clean(path.relative_to(folder).as_posix()), problem)


def _file(entry: os.DirEntry, path: Path, name: str, problem: str) -> Entry:
    def load(room: int) -> bytes:
        data, why = read_file(path, room)
        if why:
            raise Refused(why)
        return data

    about = entry.stat(follow_symlinks=False)
    when = datetime.fromtimestamp(about.st_mtime, UTC)
    return Entry(name, about.st_size, load, problem, when, _owner(about.st_uid))


@cache
def _owner(number: int) -> str:
    try:
        import pwd  # not on Windows

        return pwd.getpwuid(number).pw_name
    except (ImportError, KeyError):
        return ""


def _nothing(room: int) -> bytes:
    return b""


def clean(path: str) -> str:
    """A path in one spelling, with nothing in it that a file system or a terminal minds."""
    text = unicodedata.normalize("NFC", path.encode("utf-8", "replace").decode())
    return "".join(c if c.isprintable() else "_" for c in text)


def safe_path(name: str) -> str:
    """The path that an archive gives a file, made safe. Raises Refused for one that leads out."""
    path = clean(name.replace("\\", "/"))
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if path.startswith("/") or ".." in parts or (parts and parts[0][1:2] == ":"):
        raise Refused("has a path that leads out of its archive")
    if not parts:
        raise Refused("has no name")
    if len(parts) > DEPTH:
        raise Refused(f"lies more than {DEPTH} folders deep")
    return "/".join(parts)
