"""Write the students' tree: what this repository holds outside grading/, and nothing else.

In a git clone these are the files git tracks (as they are on disk now); without git, all files but
caches, build products and data. The tree is searched for leaks before it is put in place.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from grading import leaks
from grading.errors import GradingError
from grading.settings import ROOT

SUMMARY = "Write the students' tree (everything outside grading/) to a new folder."

# The instructor's, and what concerns only those who change the kit. Top level.
INSTRUCTOR_ONLY = ("grading", ".ci", ".github", "CONTRIBUTING.md", "noxfile.py")
# What takes the place of a file that speaks of grading: a README and a Makefile for students.
IN_PLACE = PurePosixPath("grading", "published")
# Never published, wherever they are: caches, build products, private files.
NEVER = (
    ".git", ".venv", "venv", "__pycache__", ".ipynb_checkpoints", ".*_cache", ".hypothesis",
    "*.py[cod]", "*.so", "*.pyd", "*.egg-info", ".env", ".DS_Store", "*~", "*.swp", ".*.new",
)  # fmt: skip
# Where git does not say what belongs to the repository.
UNTRACKED = ("build", "dist", "work", "cs231n/*.c", "cs231n/*.cpp", "cs231n/*.html")
DATASETS = ("*.py", "README.md")


def student_files(root: Path = ROOT) -> list[PurePosixPath]:
    """The files students get, relative to root, sorted."""
    return sorted(
        path
        for path in repository_files(root)
        if path.parts[0] not in INSTRUCTOR_ONLY
        and not any(fnmatch(part, pattern) for part in path.parts for pattern in NEVER)
        and (root / path).exists()
    )


def repository_files(root: Path = ROOT, new: bool = False) -> list[PurePosixPath]:
    """What belongs to the repository, relative to root: what git says, or what looks like it.

    new: also files that git does not know yet, as long as it does not ignore them
    """
    tracked = _tracked(root, new)
    return _walk(root) if tracked is None else tracked


def _tracked(root: Path, new: bool = False) -> list[PurePosixPath] | None:
    """What git tracks (and could track), or None where root is no clone (or git is missing)."""
    if not (root / ".git").exists():
        return None
    command = ["git", "-C", str(root), "ls-files", "-z"]
    command += ["--cached", "--others", "--exclude-standard"] if new else []
    try:
        done = subprocess.run(command, capture_output=True, check=True)
    except FileNotFoundError:
        return None
    except subprocess.CalledProcessError as problem:
        said = problem.stderr.decode(errors="replace").strip()
        raise GradingError(f"git could not list the files of {root}: {said}") from None
    return [PurePosixPath(name) for name in done.stdout.decode().split("\0") if name]


def _walk(root: Path) -> list[PurePosixPath]:
    """Every file that looks like a source; hidden folders are left out, .gitignore is not."""
    found = []
    for file in root.rglob("*"):
        path = PurePosixPath(file.relative_to(root).as_posix())
        hidden = any(part.startswith(".") for part in path.parts) and path.name != ".gitignore"
        built = path.parts[0] in UNTRACKED or any(fnmatch(str(path), p) for p in UNTRACKED)
        data = path.parts[0] == "datasets" and not any(fnmatch(path.name, p) for p in DATASETS)
        if file.is_file() and not hidden and not built and not data:
            found.append(path)
    return found


def publish(target: Path, root: Path = ROOT) -> list[PurePosixPath]:
    """Write the students' tree to an empty or new folder; returns the files, relative to it."""
    target = target.absolute()
    if target.exists() and not target.is_dir():
        raise GradingError(f"{target} is a file: name a new or empty folder.")
    if target.is_dir() and any(target.iterdir()):
        raise GradingError(f"{target} is not empty. Name a new or empty folder.")
    paths = student_files(root)
    if not paths:
        raise GradingError(f"{root} has no files to publish.")
    with tempfile.TemporaryDirectory(prefix="grading-publish-") as folder:
        staged = Path(folder, "tree")
        for path in paths:
            _copy(root, path, staged)
            own = root / IN_PLACE / path
            if own.is_file():
                shutil.copyfile(own, staged / path)
        findings = leaks.scan([staged])
        if findings:
            raise GradingError(
                "\n".join(map(str, findings))
                + f"\nNothing was published: {len(findings)} leaks were found in these files."
            )
        _put_in_place(staged, target)
    return paths


def _copy(root: Path, path: PurePosixPath, staged: Path) -> None:
    """One file; of a link, the file it leads to, as long as students may have that."""
    real = (root / path).resolve()
    inside = root.resolve() in real.parents
    if not inside or real.relative_to(root.resolve()).parts[0] in INSTRUCTOR_ONLY:
        raise GradingError(f"{path} is a link to {real}, which is not the students'.")
    if not real.is_file():
        raise GradingError(f"{path} is not an ordinary file (a link to a folder? a submodule?).")
    to = staged / path
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(real, to)
    shutil.copymode(real, to)


def _put_in_place(staged: Path, target: Path) -> None:
    """Copy the tree; on failure or interrupt the target is left as it was, empty or missing."""
    was_there = target.exists()
    try:
        shutil.copytree(staged, target, dirs_exist_ok=True)
    except BaseException as problem:
        shutil.rmtree(target, ignore_errors=True)
        if was_there:
            target.mkdir(exist_ok=True)
        if isinstance(problem, shutil.Error):
            raise GradingError(f"{target} could not be written: {problem.args[0][0][-1]}") from None
        raise


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="DIR", help="a new or empty folder")


def run(args: argparse.Namespace) -> int:
    paths = publish(args.folder)
    print(f"{len(paths)} files written to {args.folder}; no leaks found.")
    if _tracked(ROOT) is None:
        print("(Not a git clone: files were chosen by name. Look through them.)", file=sys.stderr)
    return 0
