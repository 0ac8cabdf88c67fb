"""A user of a session's own, made by root where the machine allows no namespaces.

    with Tenant() as tenant: ...      tenant.number, tenant.home

A tenant is a number that no account has: no password, no groups, no rights, and no file is its own
but those in its home. Numbers are lent to one session at a time; when it ends, everything that runs
under the number is killed and what it left in the places that anybody may write to is removed.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from time import monotonic, sleep

from grading.errors import GradingError

NUMBERS = range(60800, 60832)  # kept free by the conventions of Linux distributions
NOBODY_AT_ALL = NUMBERS.stop  # never lent: asks what the others could reach
SHARED = ("/tmp", "/var/tmp", "/dev/shm", "/run/lock")  # where anybody may write
KILL_SECONDS = 20
_PREFIX = "grading-home-"
# For each path: whether the user may read it, write to it, or look into it.
_TRY = 'for p; do if [ -r "$p" ] || [ -w "$p" ] || [ -x "$p" ]; then printf "%s\\0" "$p"; fi; done'


class Tenant:
    """A number that is nobody else's, with an empty home of mode 700."""

    def __init__(self):
        self.number, self._lock = _take_number()
        self.home = Path(tempfile.mkdtemp(prefix=_PREFIX))
        os.chown(self.home, self.number, self.number)

    def __enter__(self) -> Tenant:
        return self

    def __exit__(self, *problem) -> None:
        self.leave()

    def leave(self) -> None:
        """Kill all that runs under the number, remove what it left, and give the number back."""
        try:
            _end_processes(self.number)
            _remove_files(self.number)
            shutil.rmtree(self.home, ignore_errors=True)
        finally:
            self._lock.close()

    def may_see(self, folder: Path) -> None:
        """Open a folder of root's to this user, and to nobody else but root."""
        os.chown(folder, 0, self.number)
        folder.chmod(0o750)


def as_user(number: int) -> dict:
    """How subprocess starts a program as that user, without any groups."""
    return {"user": number, "group": number, "extra_groups": [], "umask": 0o077}


def reachable(paths: Iterable[Path | str]) -> list[str]:
    """Those of the paths that a tenant could read, write, or look into. Asked as such a user."""
    command = ["/bin/sh", "-c", _TRY, "sh", *map(str, paths)]
    done = subprocess.run(
        command,
        **as_user(NOBODY_AT_ALL),
        env={},
        cwd="/",
        capture_output=True,
        check=True,
        timeout=60,
    )
    return [os.fsdecode(path) for path in done.stdout.split(b"\0") if path]


def _take_number() -> tuple[int, socket.socket]:
    """A free number, and what keeps other graders of this machine from taking it meanwhile."""
    for number in NUMBERS:
        lock = socket.socket(socket.AF_UNIX)
        try:
            lock.bind(f"\0cs231n-grading-user-{number}")  # let go by the system when we end
        except OSError:
            lock.close()
            continue
        if not _has_account(number) and not _running(number):
            return number, lock
        lock.close()
    raise GradingError(
        f"No user's number is free for a student's code: {NUMBERS[0]} to {NUMBERS[-1]} all have "
        "accounts or running processes. Wait until other graders are done, or end them."
    )


def _has_account(number: int) -> bool:
    try:
        pwd.getpwuid(number)
    except KeyError:
        return False
    return True


def _running(number: int) -> bool:
    """Whether any process that is not dead runs under the number.

    As /proc/PID/status says: a process can have the owner of its folder look like root.
    """
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            lines = (folder / "status").read_text(errors="replace").splitlines()
        except OSError:  # gone meanwhile
            continue
        about = dict(line.partition(":")[::2] for line in lines)
        dead = about.get("State", "").strip().startswith(("Z", "X"))
        if str(number) in about.get("Uid", "").split() and not dead:
            return True
    return False


def _end_processes(number: int) -> None:
    """Kill every process of the user: one call that reaches all, again until none is left."""
    deadline = monotonic() + KILL_SECONDS
    while _running(number):
        if monotonic() > deadline:
            raise GradingError(
                f"The processes of user {number}, a student's code, could not be ended in "
                f"{KILL_SECONDS} s. End them by hand: pkill -KILL -u {number}"
            )
        command = ["/bin/sh", "-c", "kill -KILL -1"]
        # The student's code may kill this one first, or use up what it needs: then again.
        subprocess.run(command, **as_user(number), env={}, cwd="/", capture_output=True)
        sleep(0.01)


def _remove_files(number: int) -> None:
    """Remove what the user left where anybody may write. Links are removed, not followed."""
    for place in filter(os.path.isdir, SHARED):
        with os.scandir(place) as entries:
            left = [entry for entry in entries if _belongs_to(entry, number)]
        for entry in left:
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                Path(entry.path).unlink(missing_ok=True)


def _belongs_to(entry: os.DirEntry, number: int) -> bool:
    try:
        return entry.stat(follow_symlinks=False).st_uid == number
    except OSError:  # gone meanwhile: others write here too
        return False
