"""Writing files so that a crash, a full disk or an interrupt leaves the old ones as they were."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

_NEW = re.compile(r"\..+\.[a-z0-9_]{8}\.new", re.DOTALL)  # as _lay_down names a file
_NAME_BYTES = 255 - len("..12345678.new")
_tidied: set[Path] = set()


def write_all(files: Mapping[Path, bytes], remove: Iterable[Path] = ()) -> list[Path]:
    """Write several files: all are laid down beside their places first, and put there at the end.

    Files that already have these bytes are left alone. Then `remove` is deleted. What a process
    that was killed had laid down is cleared away.

    Returns the paths that were written or removed.
    """
    changed = {path: data for path, data in files.items() if not has(path, data)}
    staged: dict[Path, Path] = {}
    with ExitStack() as stack:
        for folder in dict.fromkeys(path.parent for path in files):
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(_writing_in(folder))
        try:
            for path, data in changed.items():
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


def is_unfinished(name: str) -> bool:
    """Whether a file of this name is what a killed process had laid down."""
    return bool(_NEW.fullmatch(name))


@contextmanager
def held(folder: Path, alone: bool = False) -> Iterator[bool]:
    """Hold a folder, with others or alone; the system lets it go when this process ends.

    Yields whether it is held. Alone: False where others have it. Folders of some file systems
    cannot be held.
    """
    if fcntl is None:
        yield False
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB if alone else fcntl.LOCK_SH)
            ours = True
        except OSError:
            ours = False
        yield ours
    finally:
        os.close(handle)


@contextmanager
def _writing_in(folder: Path) -> Iterator[None]:
    """Say that new files lie in a folder; first, once a process, clear away those of the dead."""
    if folder.resolve() not in _tidied:
        with held(folder, alone=True) as alone:
            for name in os.listdir(folder) if alone else ():
                if is_unfinished(name):
                    with contextlib.suppress(OSError):
                        os.unlink(folder / name)
        _tidied.add(folder.resolve())
    with held(folder):
        yield


def has(path: Path, data: bytes) -> bool:
    """Whether a file is there and has these bytes."""
    return path.is_file() and path.read_bytes() == data


def _lay_down(path: Path, data: bytes) -> Path:
    """The data in a new file in the folder of `path`, with ordinary permissions."""
    stem = os.fsencode(path.name)[:_NAME_BYTES].decode("utf-8", "ignore")
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{stem}.", suffix=".new")
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
