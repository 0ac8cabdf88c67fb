"""The students' tree in a folder: a new one, or one published before."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from grading import files
from grading.errors import GradingError
from grading.publishing.tree import LIST, File, Tree, about


def read(target: Path, new: Iterable[str] = ()) -> Tree:
    """What of a published tree is in the folder; empty for a new or empty folder.

    Only files that publish wrote, or is about to write (new): the others are not its business.
    """
    if os.path.lexists(target) and not target.is_dir():
        raise GradingError(f"{target} is a file: name a folder, or a .zip or .tar.gz to write.")
    names = [entry.name for entry in target.iterdir()] if target.is_dir() else []
    if not any(name != ".git" and not files.is_unfinished(name) for name in names):
        return {}
    written = about({LIST: _file(target / LIST)}) if (target / LIST).is_file() else None
    if written is None:
        raise GradingError(
            f"{target} is not empty, and publish did not write it: {LIST} is missing in it. Name a "
            "new or empty folder, or one published before."
        )
    names = {LIST, *new, *filter(_is_inside, written["files"])}
    return {name: _file(target / name) for name in sorted(names) if os.path.lexists(target / name)}


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def _file(path: Path) -> File:
    if path.is_symlink() or not path.is_file():
        return File(b"", odd=True)
    return File(path.read_bytes(), bool(path.stat().st_mode & 0o100))


def write(target: Path, old: Tree, result: Tree) -> None:
    """Put the result where `old` is, whole or not at all."""
    for folder in {(target / name).parent for name in result}:
        if not folder.resolve().is_relative_to(target.resolve()):
            raise GradingError(f"{folder} leads out of {target}. Remove that link first.")
    fresh, was_there = not old, target.exists()
    changed = {name: file for name, file in result.items() if old.get(name) != file}
    gone = [target / name for name in old.keys() - result.keys()]
    try:
        if fresh:  # first, so that a run that was killed is known by it, and can go on
            files.write_all({target / LIST: result[LIST].content})
        files.write_all({target / name: file.content for name, file in changed.items()}, gone)
        for name, file in changed.items():
            (target / name).chmod(0o755 if file.executable else 0o644)
    except BaseException:
        if fresh:
            _empty(target, was_there)
        raise
    for path in gone:
        for folder in path.relative_to(target).parents:
            place = target / folder
            if folder != Path() and place.is_dir() and not any(place.iterdir()):
                place.rmdir()


def _empty(target: Path, was_there: bool) -> None:
    """Leave a folder as it was: missing, or empty but for its .git."""
    for entry in target.iterdir() if target.is_dir() else ():
        if entry.is_dir() and not entry.is_symlink() and entry.name != ".git":
            shutil.rmtree(entry, ignore_errors=True)
        elif entry.name != ".git":
            entry.unlink(missing_ok=True)
    if not was_there and target.is_dir():
        target.rmdir()
