"""Arrays kept on disk as .npy: written whole or not at all, mapped into memory when read."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np

from cs231n.locks import locked


def key_of(files) -> str:
    """Another one where a file is another, or was written anew."""
    stats = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return hashlib.sha256(repr(stats).encode()).hexdigest()[:16]


def read(folder: Path, names) -> list[np.ndarray] | None:
    """The arrays of a folder that `write` made, or None where one is missing or damaged.

    They are mapped copy-on-write: pages are read when they are first looked at, and what is written
    into an array stays in memory and never reaches the file.
    """
    try:
        arrays = [
            np.load(folder / f"{name}.npy", mmap_mode="c", allow_pickle=False) for name in names
        ]
    except (OSError, ValueError, EOFError):
        return None
    return [np.asarray(array) for array in arrays]  # plain arrays, whose slices are plain as well


def write(folder: Path, arrays: dict[str, np.ndarray]) -> None:
    """Makes the folder with an array in each file NAME.npy, in the place of older ones beside it
    whose names begin alike (up to the "-"). Where nothing can be written, nothing happens."""
    with contextlib.suppress(OSError):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with locked(folder.parent):
            _write_in_locked_folder(folder, arrays)


def _write_in_locked_folder(folder: Path, arrays: dict[str, np.ndarray]) -> None:
    for stray in folder.parent.glob(".making-*"):  # of a process that was killed
        shutil.rmtree(stray, ignore_errors=True)
    making = Path(tempfile.mkdtemp(prefix=".making-", dir=folder.parent))
    try:
        for name, array in arrays.items():
            np.save(making / f"{name}.npy", array, allow_pickle=False)
        making.chmod(0o755)
        for old in folder.parent.glob(folder.name.partition("-")[0] + "-*"):
            shutil.rmtree(old, ignore_errors=True)
        os.replace(making, folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def read_one(file: Path, shape) -> np.ndarray | None:
    """The bytes of one array, or None where the file is missing, damaged, or something else."""
    try:
        array = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    sound = isinstance(array, np.ndarray) and array.shape == shape
    return array if sound and array.dtype == np.uint8 else None


def write_one(file: Path, array: np.ndarray) -> None:
    """Writes the file whole or not at all. A folder that cannot be written to is no error."""
    temporary = None
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=".making-", suffix=".npy")
        with os.fdopen(handle, "wb") as out:
            np.save(out, array, allow_pickle=False)
        os.chmod(temporary, 0o644)
        os.replace(temporary, file)
    except OSError:
        pass
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                Path(temporary).unlink(missing_ok=True)
