"""A limit on all processes of a sandbox together, where this machine lets us set one.

Limits of single processes (rlimits) hold everywhere; a control group adds a limit on their sum.
Version 2 where its controllers are delegated to us, else version 1, else nothing.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from time import sleep

from grading.engine.limits import Limits

ROOT = Path("/sys/fs/cgroup")
TEMPLATE = 512 * 2**20  # bytes that a template itself may take
_numbers = count()


@dataclass(frozen=True)
class Group:
    """Folders of a control group: one in version 2, one a controller in version 1."""

    folders: tuple[Path, ...]

    def entering(self, command: list[str]) -> list[str]:
        """The command, run by a shell that first joins the group."""
        files = [str(folder / "cgroup.procs") for folder in self.folders]
        return ["/bin/sh", "-c", _JOIN, "sh", *files, "--", *command]

    def remove(self) -> None:
        """Remove the group once its processes are gone."""
        for folder in self.folders:
            for _ in range(20):
                with contextlib.suppress(OSError):
                    folder.rmdir()
                if not folder.exists():
                    break
                sleep(0.05)


_JOIN = 'while [ "$1" != -- ]; do echo $$ > "$1" || exit 1; shift; done; shift; exec "$@"'


def make_group(limits: Limits) -> Group | None:
    """A new group with the limits of one sandbox; None where we may not make one."""
    memory = TEMPLATE + limits.memory + 2 * limits.disk
    settings = {
        "memory": {"memory.max": memory, "memory.swap.max": 0},
        "pids": {"pids.max": limits.processes + 16},
    }
    old = {"memory": {"memory.limit_in_bytes": memory}, "pids": settings["pids"]}
    name = f"cs231n-grading-{os.getpid()}-{next(_numbers)}"
    for folders, wanted in ((_version_2(name), settings), (_version_1(name), old)):
        if folders and _fill(folders, wanted):
            return Group(tuple(dict.fromkeys(folders.values())))
    return None


def _version_2(name: str) -> dict[str, Path]:
    parent = _own_folder("0::", ROOT)
    try:
        enabled = (parent / "cgroup.subtree_control").read_text().split()
    except OSError:
        return {}
    return dict.fromkeys(("memory", "pids"), parent / name) if "memory" in enabled else {}


def _version_1(name: str) -> dict[str, Path]:
    found = {}
    for controller in ("memory", "pids"):
        parent = _own_folder(f":{controller}:", ROOT / controller)
        if (parent / "cgroup.procs").exists():
            found[controller] = parent / name
    return found


def _own_folder(marker: str, root: Path) -> Path:
    """The folder of the group that this process is in."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return root
    for line in lines:
        if marker in line or line.startswith(marker):
            return root / line.rpartition(":")[2].lstrip("/")
    return root


def _fill(folders: dict[str, Path], settings: dict[str, dict]) -> bool:
    """Make the group's folders and set its limits."""
    try:
        for controller, folder in folders.items():
            folder.mkdir(exist_ok=True)
            for file, value in settings[controller].items():
                if (folder / file).exists():
                    (folder / file).write_text(str(value))
    except OSError:
        Group(tuple(folders.values())).remove()
        return False
    return True
