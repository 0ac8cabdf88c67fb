"""What students get: what this repository holds outside grading/, and nothing else.

In a git clone these are the files git tracks (as they are on disk now); without git, all files but
caches, build products and data. The tree is searched for leaks before it goes anywhere.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Collection, Mapping
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from cs231n.language import known
from grading import identify, leaks
from grading.errors import GradingError
from grading.publishing.tree import File, Tree
from grading.reading import Unreadable, from_bytes
from grading.releases import store
from grading.settings import ROOT

# The instructor's, and what concerns only those who change the kit. Top level.
INSTRUCTOR_ONLY = ("grading", ".ci", ".github", "CONTRIBUTING.md", "README.zh.md", "noxfile.py")
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


def assignments_in(root: Path = ROOT) -> list[str]:
    """The names of the assignments that there are to publish."""
    return sorted({assignment_of(p) for p in student_files(root) if is_notebook(p)})


def is_notebook(path: PurePosixPath) -> bool:
    """Whether a file is assignments/ASSIGNMENT/NOTEBOOK.ipynb, or one in another language:
    assignments/LANGUAGE/ASSIGNMENT/NOTEBOOK.ipynb."""
    inside = path.parts[2 + bool(language_of(path)) :]
    return path.parts[0] == "assignments" and len(inside) == 1 and path.suffix == ".ipynb"


def language_of(path: PurePosixPath) -> str:
    """The language in the path of a notebook; nothing for English."""
    there = path.parts[:1] == ("assignments",) and len(path.parts) > 2
    return path.parts[1] if there and path.parts[1] in known() else ""


def assignment_of(path: PurePosixPath) -> str | None:
    """The assignment whose folder a file lies in."""
    inside = path.parts[1 + bool(language_of(path)) :]
    return inside[0] if path.parts[0] == "assignments" and len(inside) > 1 else None


def student_files(root: Path = ROOT, withheld: Collection[str] = ()) -> list[PurePosixPath]:
    """The files students get, relative to root, sorted. withheld: assignments not out yet."""
    return sorted(
        path
        for path in repository_files(root)
        if path.parts[0] not in INSTRUCTOR_ONLY
        and assignment_of(path) not in withheld
        and not any(fnmatch(part, pattern) for part in path.parts for pattern in NEVER)
        and (root / path).exists()
    )


def repository_files(root: Path = ROOT, new: bool = False) -> list[PurePosixPath]:
    """What belongs to the repository, relative to root: what git says, or what looks like it.

    new: also files that git does not know yet, as long as it does not ignore them
    """
    listed = known_to_git(root, new)
    return _walk(root) if listed is None else listed


def known_to_git(root: Path, new: bool = False) -> list[PurePosixPath] | None:
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


def tree_of(root: Path = ROOT, withheld: Collection[str] = ()) -> Tree:
    """The students' tree, searched for leaks; every notebook says of which release it is."""
    tree: Tree = {}
    for path in student_files(root, withheld):
        file = _read(root, path)
        own = root / IN_PLACE / path
        if own.is_file():
            file = File(own.read_bytes(), file.executable)
        if is_notebook(path):
            file = File(store.stamped(file.content), file.executable)
        tree[str(path)] = file
    if not tree:
        raise GradingError(f"{root} has no files to publish.")
    refuse_leaks(tree, root, withheld)
    return tree


def notebooks_of(tree: Tree) -> dict[str, dict[str, bytes]]:
    """Assignment -> notebook's name -> the notebook as it is published. One in another language is
    named LANGUAGE/NAME."""
    found: dict[str, dict[str, bytes]] = {}
    for name, file in tree.items():
        path = PurePosixPath(name)
        if is_notebook(path):
            name = str(PurePosixPath(language_of(path), path.stem))
            found.setdefault(assignment_of(path), {})[name] = file.content
    return found


def refuse_leaks(tree: Tree, root: Path = ROOT, withheld: Collection[str] = ()) -> None:
    """A GradingError where an answer stands in these files, or an assignment that is not out."""
    with tempfile.TemporaryDirectory(prefix="grading-publish-") as folder:
        for name, file in tree.items():
            Path(folder, name).parent.mkdir(parents=True, exist_ok=True)
            Path(folder, name).write_bytes(file.content)
        findings = [*map(str, leaks.scan([Path(folder)])), *_too_early(tree, root, withheld)]
    if findings:
        raise GradingError(
            "\n".join(findings)
            + f"\nNothing was published: {len(findings)} leaks were found in these files."
        )


def _too_early(tree: Tree, root: Path, withheld: Collection[str]) -> list[str]:
    """Notebooks of assignments that are not out, wherever they lie and however they are called."""
    held = {
        path: from_bytes((root / path).read_bytes())
        for path in student_files(root)
        if is_notebook(path) and assignment_of(path) in withheld
    }
    return [
        f"{name}: looks like {original}, and {assignment_of(original)} is not out yet"
        for name, notebook in _notebooks(tree if held else {}).items()
        for original, early in held.items()
        if identify.likeness(notebook, early) >= identify.ENOUGH
    ]


def _notebooks(tree: Mapping[str, File]) -> dict[str, object]:
    found = {}
    for name, file in tree.items():
        if name.endswith(".ipynb"):
            try:
                found[name] = from_bytes(file.content)
            except Unreadable:
                continue
    return found


def _read(root: Path, path: PurePosixPath) -> File:
    """One file; of a link, the file it leads to, as long as students may have that."""
    real = (root / path).resolve()
    inside = root.resolve() in real.parents
    if not inside or real.relative_to(root.resolve()).parts[0] in INSTRUCTOR_ONLY:
        raise GradingError(f"{path} is a link to {real}, which is not the students'.")
    if not real.is_file():
        raise GradingError(f"{path} is not an ordinary file (a link to a folder? a submodule?).")
    return File(real.read_bytes(), bool(real.stat().st_mode & 0o100))
