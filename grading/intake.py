"""Taking in what a student handed in: regular files of a bearable size, and nothing else.

Links are not followed, pipes and devices are not opened, and files that are too large are not read.
What is left out is said, a sentence each; it never stops anybody's grading.
"""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path, PurePosixPath

from grading.engine.tasks import Submission
from grading.reading import MAX_BYTES as NOTEBOOK_BYTES

MB = 10**6
SUBMISSION_BYTES = 100 * MB
FILES = 2000  # entries of all folders together
NOTES = 50  # sentences about what is left out
DEPTH = 20
PATH = 400  # bytes of a path: it must fit into other folders too
TIMESTAMP = "timestamp.txt"  # written by nbgrader's collect: when the submission came


def read_submission(
    student: str, folder: Path, ignore: Iterable[str] = (), given: Mapping[str, bytes] | None = None
) -> Submission:
    """Read a submission's folder.

    Inputs:
    - ignore: patterns of file and folder names that are passed over in silence (caches, say)
    - given: files that the course hands out with its notebooks, path -> content; they take the
      place of the student's copies, as they do with nbgrader
    """
    files, left_out = read_folder(folder, ignore)
    return Submission(student, _with_given(files, given or {}), tuple(left_out))


def read_folder(folder: Path, ignore: Iterable[str] = ()) -> tuple[dict[str, bytes], list[str]]:
    """Returns a tuple of: path relative to the folder -> content; what was left out and why."""
    files: dict[str, bytes] = {}
    left_out: list[str] = []
    room = SUBMISSION_BYTES
    for path, problem in _walk(folder, tuple(ignore)):
        name = path.relative_to(folder).as_posix()
        if not problem:
            data, problem = read_file(path, room)
        if problem:
            left_out.append(f"{_shown(name)} {problem}")
        else:
            files[name] = data
            room -= len(data)
    if len(left_out) > NOTES:
        left_out[NOTES:] = [f"{len(left_out) - NOTES} more files were left out"]
    return files, left_out


def given_files(
    release: Path, ignore: Iterable[str], students_own: Iterable[str]
) -> dict[str, bytes]:
    """What the course hands out beside its notebooks, but for files that are the students' own.

    students_own: their paths (nbgrader's setting Autograde.exclude_overwriting)
    """
    files, _ = read_folder(release, (*ignore, "*.ipynb"))
    kept = set(students_own)
    return {name: data for name, data in files.items() if name not in kept}


def unfit_entries(folder: Path) -> dict[str, str]:
    """Names of links, pipes and the like anywhere in a folder -> what they are, in words."""
    return {path.name: problem for path, problem in _walk(folder, ()) if problem}


def handed_in_at(submission: Submission) -> tuple[datetime | None, str | None]:
    """Returns a tuple of: when it was handed in (UTC, None if not known), what is wrong with it."""
    from nbgrader.utils import parse_utc

    data = submission.files.get(TIMESTAMP, b"")
    try:
        text = data.decode("utf-8").strip()
        return (parse_utc(text) if text else None), None
    except (ValueError, OverflowError, TypeError):
        return None, f"{TIMESTAMP} is not a date, so the grader cannot tell whether it came late"


def _walk(folder: Path, ignore: tuple[str, ...]) -> Iterator[tuple[Path, str]]:
    """Every entry that counts, in order, with a reason where it is left out (or "")."""
    if folder.is_symlink():
        yield folder, "is a link: links are not followed"
        return
    waiting, seen = [folder], 0
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(here) as entries:
                found = sorted(islice(entries, FILES + 1 - seen), key=lambda entry: entry.name)
        except OSError as problem:
            yield here, f"cannot be read: {problem.strerror}"
            continue
        inner = []
        for entry in found:
            path, seen = here / entry.name, seen + 1
            if seen > FILES:
                yield path, f"and what follows: more than {FILES} files are not read"
                return
            if any(fnmatch.fnmatchcase(entry.name, pattern) for pattern in ignore):
                continue
            problem = unfit(entry, path.relative_to(folder))
            if not problem and entry.is_dir(follow_symlinks=False):
                inner.append(path)
            else:
                yield path, problem
        waiting += reversed(inner)


def unfit(entry: os.DirEntry, path: Path) -> str:
    """Why an entry of a folder is not read, or ""."""
    if entry.is_symlink():
        return "is a link: links are not followed"
    is_folder = entry.is_dir(follow_symlinks=False)
    if not is_folder and not entry.is_file(follow_symlinks=False):
        return "is neither a file nor a folder"
    if is_folder and len(path.parts) >= DEPTH:
        return f"lies more than {DEPTH} folders deep"
    try:
        if len(str(path).encode("utf-8")) > PATH:
            return "has too long a path"
    except UnicodeEncodeError:
        return "has a name that is not UTF-8"
    return ""


def read_file(path: Path, room: int) -> tuple[bytes, str]:
    """Returns a tuple of: the content, why it could not be read (or "")."""
    most = NOTEBOOK_BYTES if path.suffix == ".ipynb" else SUBMISSION_BYTES
    try:
        # Not blocking and not following, should the entry have become something else by now.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                return b"", "is not a regular file"
            if about.st_size > most:
                size = f"{about.st_size / MB:.0f} MB"
                return b"", f"has {size}; at most {most // MB} MB are read"
            if about.st_size > room:
                return b"", f"is left out: all files together may have {SUBMISSION_BYTES // MB} MB"
            return file.read(about.st_size), ""
    except OSError as problem:
        return b"", f"cannot be read: {problem.strerror}"


def _with_given(files: dict[str, bytes], given: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files with the course's own in place; a student's file is no folder of the course's."""
    folders = {str(parent) for name in given for parent in PurePosixPath(name).parents}
    return {
        name: data
        for name, data in files.items()
        if name not in folders and not any(str(p) in given for p in PurePosixPath(name).parents)
    } | dict(given)


def _shown(name: str) -> str:
    """A file's name with nothing in it that could play tricks on a terminal or a page."""
    if name == ".":
        return "The submission's folder"
    name = ascii(name)[1:-1] if not name.isprintable() else name
    return name if len(name) <= 120 else f"{name[:119]}…"
