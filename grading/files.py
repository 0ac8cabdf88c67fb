"""Writing files so that a crash, a full disk or an interrupt leaves the old ones as they were."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path


def write_all(files: Mapping[Path, bytes], remove: Iterable[Path] = ()) -> list[Path]:
    """Write several files: all are laid down beside their places first, and put there at the end.

    Files that already have these bytes are left alone. Then `remove` is deleted.

    Returns the paths that were written or removed.
    """
    changed = {path: data for path, data in files.items() if not _has(path, data)}
    staged: dict[Path, Path] = {}
    try:
        for path, data in changed.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            staged[path] = _lay_down(path, data)
        for path, new in staged.items():
            os.replace(new, path)
    finally:
        for new in staged.values():
            with contextlib.suppress(OSError):
                new.unlink(missing_ok=True)
    gone = [path for path in remove if path.exists()]
    for path in gone:
        path.unlink()
    return [*changed, *gone]


def _has(path: Path, data: bytes) -> bool:
    return path.is_file() and path.read_bytes() == data


def _lay_down(path: Path, data: bytes) -> Path:
    """The data in a new file in the folder of `path`, with ordinary permissions."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".new")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
    except BaseException:
        os.unlink(name)
        raise
    return Path(name)
