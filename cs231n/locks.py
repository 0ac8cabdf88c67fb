"""One process at a time, where two would spoil each other's files."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path

from cs231n.language import say


@contextmanager
def locked(folder: Path):
    """One process at a time works in this folder; another one waits. The lock leaves no file, and
    ends with its process. Where the system has no such locks, there is none."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            line = f"Another process is at work in {folder}: waiting for it (Ctrl-C to stop)."
            say(line, sys.stderr)
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError:  # a network disk without locks
            pass
        yield
    finally:
        os.close(handle)
