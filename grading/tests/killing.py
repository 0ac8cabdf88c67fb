"""Disturbing a command at any point: in a process of its own, at the n-th thing it does to files.

A step is a file of the watched folder that is opened to be written, made, renamed, removed or
given rights, a statement that changes a database, and a commit. Python tells of files by its audit
events, SQLAlchemy of databases. Steps are counted: the same number is the same point.
"""

from __future__ import annotations

import errno
import os
import signal
import sqlite3
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError

from grading import files

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
MORE_SPACE = {"open", "os.mkdir", "os.link", "os.symlink"}  # events of what needs room on the disk
CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.chmod", *MORE_SPACE}
NEVER = 10**9


def run(
    function: Callable[[], object], watched: Path, at: int = NEVER, disk: int = 0
) -> int | None:
    """Call the function in a process of its own.

    Inputs:
    - watched: the folder whose changes are steps
    - at: the number of the step before which the process is killed; or, with
      disk: an errno, from which on the disk is full (ENOSPC) or read-only (EROFS)

    Returns how many steps it took, or None where it was killed. Errors are raised here.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        try:
            files._tidied.clear()  # a new process has not looked for litter
            steps = _Steps(str(watched), at, disk)
            sys.addaudithook(steps.audit)
            event.listen(Engine, "before_cursor_execute", steps.statement)
            event.listen(Engine, "commit", lambda connection: steps.step(True))
            function()
            os.write(writer, f"{steps.count}".encode())
        except BaseException:
            os.write(writer, traceback.format_exc().encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return None
    assert said.isdigit(), said
    return int(said)


class _Steps:
    def __init__(self, watched: str, at: int, disk: int):
        self.watched, self.at, self.disk, self.count = watched, at, disk, 0
        self.process = os.getpid()

    def step(self, wants_space: bool) -> bool:
        """Count a step. Returns whether the disk refuses it."""
        if os.getpid() != self.process:  # a worker of the command's own
            return False
        self.count += 1
        if self.count == self.at and not self.disk:
            os.kill(self.process, signal.SIGKILL)
        return self.count >= self.at and (wants_space or self.disk == errno.EROFS)

    def audit(self, name: str, arguments: tuple) -> None:
        if name not in CHANGES:
            return
        path = arguments[0]
        if name == "open" and not (isinstance(arguments[2], int) and arguments[2] & WRITES):
            return
        if not isinstance(path, str | bytes | os.PathLike):
            return
        folder = ""
        if name in ("os.remove", "os.rmdir") and arguments[1] >= 0:  # in an open folder: rmtree
            folder = os.readlink(f"/proc/self/fd/{arguments[1]}")
        ours = os.path.abspath(os.path.join(folder, os.fsdecode(path))).startswith(self.watched)
        if ours and self.step(name in MORE_SPACE):
            raise OSError(self.disk, os.strerror(self.disk), os.fsdecode(path))

    def statement(self, connection, cursor, statement: str, *rest) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "PRAGMA")):
            return
        if self.step(True):
            full = self.disk == errno.ENOSPC
            words = "database or disk is full" if full else "attempt to write a readonly database"
            raise OperationalError(statement, {}, sqlite3.OperationalError(words))
