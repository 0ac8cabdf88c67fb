"""Checks of the machine itself: Python, processors, memory, disks, clock, compiler, sandbox."""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import sys
import sysconfig
import tempfile
import time
import tomllib
import warnings
from datetime import UTC, datetime
from pathlib import Path

from grading.doctor.finding import Finding, fine, missing, note
from grading.settings import ROOT

MIB, GIB = 2**20, 2**30
LEAST_DISK, LITTLE_DISK = 512 * MIB, 5 * GIB
LEAST_MEMORY, LITTLE_MEMORY = 1 * GIB, 1 * GIB  # free in all; free for each core
LEAST_FILES = 10_000
SANDBOX_SECONDS = 30
INSTALL = f'cd {shlex.quote(str(ROOT))} && {shlex.quote(sys.executable)} -m pip install -e "."'


def python(course: Path) -> Finding:
    """Python's version is in the range of pyproject.toml."""
    from packaging.specifiers import SpecifierSet

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted, here = project["requires-python"], platform.python_version()
    if SpecifierSet(wanted).contains(here, prereleases=True):
        return fine(f"{here} in {sys.prefix}")
    return missing(f"{here}; {wanted} is needed", "Make an environment with a newer Python.")


def kit(course: Path) -> Finding:
    """The package cs231n is this repository's, and compiled."""
    import cs231n
    from cs231n import fast_layers

    place = Path(cs231n.__file__).resolve().parent
    if place != ROOT / "cs231n":
        return missing(f"cs231n comes from {place}, not from {ROOT}", INSTALL)
    if fast_layers.BACKEND != "cython":
        return missing(f"cs231n is here, and not compiled ({fast_layers.BACKEND})", INSTALL)
    return fine("this repository's, compiled")


def compiler(course: Path) -> Finding:
    """A C compiler, to compile the package again."""
    words = shlex.split(sysconfig.get_config_var("CC") or "")[:1]
    found = next(filter(None, map(shutil.which, [*words, "cc", "gcc", "clang", "cl"])), None)
    if found:
        return fine(found)
    mend = "Debian, Ubuntu: apt install build-essential     macOS: xcode-select --install"
    compiled = kit(course).state == "fine"
    return note("none; not needed: cs231n is compiled") if compiled else missing("none", mend)


def sandbox(course: Path) -> Finding:
    """A session in the sandbox really runs a cell, and shows what it printed."""
    from grading.engine.drivers import choose
    from grading.engine.limits import Limits
    from grading.engine.remote import Ended, SandboxFailed, Session
    from grading.engine.sandbox import close_all
    from grading.errors import GradingError

    start, mend = time.monotonic(), "See docs/sandbox.md, “What you need”."
    try:
        with warnings.catch_warnings(action="ignore"):  # what it warns of is said below
            driver = choose("auto")
        if not driver.isolated:
            return missing("CS231N_SANDBOX=none: strangers' code has all your rights",
                           "unset CS231N_SANDBOX")  # fmt: skip
        session = Session(driver, (), Limits(), start + SANDBOX_SECONDS)
        try:
            outputs = session.run_cell("print(6 * 7)")
        finally:
            session.close()
    except (GradingError, SandboxFailed, Ended) as problem:
        return missing(str(problem), mend)
    finally:
        close_all()
    if not any("42" in str(output.get("text")) for output in outputs or ()):
        return missing(f"{driver.name} started, and a cell did not print what it should", mend)
    return fine(f"{driver.name}: a cell ran in it, {time.monotonic() - start:.1f} s")


def cores(course: Path) -> Finding:
    """How many processors there are for grading."""
    able = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return fine(f"{able}: so many submissions at a time")


def memory(course: Path) -> Finding:
    """Free memory, for a submission a core."""
    import psutil

    free = min(psutil.virtual_memory().available, _group_memory())
    each = free / (os.cpu_count() or 1)
    says = f"{free / GIB:.1f} GiB free"
    if free < LEAST_MEMORY:
        return missing(f"{says}; {LEAST_MEMORY / GIB:g} GiB is needed", "End other programs.")
    if each < LITTLE_MEMORY:
        few = max(1, int(free // LITTLE_MEMORY))
        return note(f"{says}, little for all cores at once", f"Grade with --jobs {few}.")
    return fine(says)


def _group_memory(root: Path = Path("/sys/fs/cgroup")) -> float:
    """What a container's limit leaves, in bytes."""
    try:
        most = int((root / "memory.max").read_text())
        return most - int((root / "memory.current").read_text())
    except (OSError, ValueError):  # there is no limit
        return float("inf")


def temporary_disk(course: Path) -> Finding:
    """Room for temporary files."""
    return disk(Path(tempfile.gettempdir()), "TMPDIR=DIR python -m grading … uses another folder.")


def course_disk(course: Path) -> Finding:
    """Room in the course's folder, and the right to write there."""
    place = next(folder for folder in (course, *course.parents) if folder.is_dir())
    return disk(place, "Free some space, or move the course to another disk.")


def disk(folder: Path, mend: str) -> Finding:
    """Whether a folder has room for files, and can be written."""
    if not os.access(folder, os.W_OK | os.X_OK):
        return missing(f"{folder} cannot be written", f"See who owns it: ls -ld {folder}")
    free = shutil.disk_usage(folder).free
    says = f"{free / GIB:.1f} GiB free in {folder}"
    if free < LEAST_DISK:
        return missing(f"{says}; {LEAST_DISK / GIB:g} GiB is needed", mend)
    if hasattr(os, "statvfs"):
        files = os.statvfs(folder)
        if files.f_files and files.f_favail < LEAST_FILES:
            return missing(f"{folder}: room for {files.f_favail} more files only", mend)
    return note(f"{says}: a large class may need more", mend) if free < LITTLE_DISK else fine(says)


def clock(course: Path) -> Finding:
    """The clock is not behind the files that it has stamped: lateness depends on it."""
    now = time.time()
    newest = max(path.stat().st_mtime for path in (ROOT / "pyproject.toml", Path(__file__)))
    zone = datetime.now().astimezone().tzname()
    says = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; this machine's zone is {zone}"
    if now < newest - 60:
        return missing(f"{says}; files here are from the future", "timedatectl set-ntp true")
    return fine(says)
