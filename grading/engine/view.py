"""What a sandbox shows of the world: the student's package without what is hidden, and libraries.

A view is built from what a student installs, nothing else: the files of `cs231n` that the notebook
may see, the packages that `cs231n` requires, and the few files that run cells (engine/inside).
Whatever is not named here is absent from the sandbox, not merely forbidden.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from importlib import metadata, resources
from pathlib import Path

from packaging.requirements import Requirement

from grading.errors import GradingError

# Beside what `cs231n` requires: filters system calls, where it is installed.
ALSO = ("pyseccomp",)
_PREFIX = "grading-view-"  # then the process's number
_NEVER = {"__pycache__", "tests"}


@dataclass(frozen=True)
class View:
    """root: a folder to be shown as /kit, with inside/ and site/cs231n; packages: name -> path of
    what is to be shown beside cs231n in /kit/site."""

    root: Path
    packages: dict[str, Path]


def build_view(hide: tuple[str, ...]) -> View:
    """A view for notebooks that may not see the modules in `hide` (dotted names)."""
    _remove_leftovers()
    root = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    inside = root / "site" / "inside"
    inside.mkdir(parents=True)
    for name in ("__init__", "confine", "session", "shell", "template", "wire"):
        source = resources.files("grading.engine.inside") / f"{name}.py"
        (inside / f"{name}.py").write_bytes(source.read_bytes())
    package = root / "site" / "cs231n"
    _copy_visible(Path(str(resources.files("cs231n"))), package, "cs231n", frozenset(hide))
    for path in [root, *root.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)  # an unprivileged user reads them
    return View(root, student_packages())


def remove_view(view: View) -> None:
    shutil.rmtree(view.root, ignore_errors=True)


def _remove_leftovers() -> None:
    """Remove the views of processes that were killed before they could."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
        with contextlib.suppress(OSError, ValueError):
            if not _is_running(int(pid)):
                shutil.rmtree(folder, ignore_errors=True)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True


def _copy_visible(source: Path, target: Path, name: str, hide: frozenset[str]) -> None:
    target.mkdir()
    for entry in sorted(source.iterdir()):
        dotted = f"{name}.{entry.name.partition('.')[0]}"
        if entry.name in _NEVER or dotted in hide:
            continue
        if entry.is_dir():
            _copy_visible(entry, target / entry.name, dotted, hide)
        elif entry.suffix in (".py", ".so", ".pyd"):
            shutil.copyfile(entry, target / entry.name)


@cache
def student_packages() -> dict[str, Path]:
    """Top-level files and folders of every package that a student's installation needs.

    Returns name in site-packages -> path. Follows the requirements of `cs231n-kit` itself.
    """
    found: dict[str, Path] = {}
    for name in sorted(_closure([*_requirements("cs231n-kit"), *ALSO])):
        package = metadata.distribution(name)
        installed = (package.read_text("RECORD") or "").splitlines()  # path,hash,size a line
        for top in {line.strip('"').partition(",")[0].partition("/")[0] for line in installed}:
            path = Path(str(package.locate_file(top)))
            if top not in ("", "..", "__pycache__") and path.suffix != ".pth" and path.exists():
                found[top] = path
    if "numpy" not in found or "IPython" not in found:
        raise GradingError(
            "The packages that notebooks need (numpy, IPython, …) were not found as installed "
            f"packages of {sys.executable}. Install the kit with pip in an environment of its own: "
            'python -m pip install -e ".[grading]"'
        )
    return found


def _requirements(name: str) -> list[str]:
    """Names of what an installed package requires here, extras left aside."""
    try:
        required = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return []
    wanted = map(Requirement, required)
    return [r.name for r in wanted if r.marker is None or r.marker.evaluate({"extra": ""})]


def _closure(names: list[str]) -> set[str]:
    """The named packages that are installed, and all that they require."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name in found:
            continue
        try:
            metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        found.add(name)
        waiting += _requirements(name)
    return found
