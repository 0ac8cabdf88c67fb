"""The students' tree as a commit on a branch, without touching a working tree or its index."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from grading.errors import GradingError
from grading.publishing.archive import from_tar
from grading.publishing.tree import LIST, Tree, about


def read(repository: Path, name: str, force: bool = False) -> tuple[Tree, str | None]:
    """Returns a tuple of: the tree on the branch (empty: there is none), its commit or None."""
    _git(repository, "check-ref-format", "--branch", name, problem=f"{name!r} names no branch")
    worktrees = _git(repository, "worktree", "list", "--porcelain").decode().splitlines()
    if f"branch refs/heads/{name}" in worktrees:
        raise GradingError(
            f"The branch {name} is checked out, and its files would not follow. Name another "
            "branch, or switch to another one first (git switch)."
        )
    commit = _git(repository, "for-each-ref", "--format=%(objectname)", f"refs/heads/{name}")
    if not commit:
        return {}, None
    commit = commit.decode().split()[0]
    tree = from_tar(_git(repository, "archive", "--format=tar", commit), top=False)
    tree.pop("pax_global_header", None)
    if about(tree) is None and not force:
        raise GradingError(
            f"The branch {name} is there already, and publish did not write it: {LIST} is missing "
            "in it. Name another branch, or add --force to put a commit with nothing but the "
            "students' files on it."
        )
    return (tree if about(tree) else {}), commit


def write(repository: Path, name: str, tree: Tree, parent: str | None, message: str) -> str | None:
    """Commit the tree on the branch. Returns the commit, or None where nothing has changed."""
    with tempfile.TemporaryDirectory(prefix="grading-publish-") as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
        entries = []
        for number, file in enumerate(tree.values()):
            Path(folder, str(number)).write_bytes(file.content)
        paths = "".join(f"{Path(folder, str(number))}\n" for number in range(len(tree)))
        made = _git(repository, "hash-object", "-w", "--no-filters", "--stdin-paths", given=paths)
        for (path, file), blob in zip(tree.items(), made.decode().split(), strict=True):
            mode = "100755" if file.executable else "100644"
            entries.append(f"{mode} {blob}\t{path}\0")
        _git(repository, "update-index", "-z", "--index-info", given="".join(entries), **index)
        content = _git(repository, "write-tree", **index).decode().strip()
    if parent and _git(repository, "rev-parse", f"{parent}^{{tree}}").decode().strip() == content:
        return None
    before = ["-p", parent] if parent else []
    commit = _git(repository, "commit-tree", content, *before, given=message).decode().strip()
    # Only as long as the branch is where it was when it was read.
    _git(
        repository, "update-ref", "-m", "publish", f"refs/heads/{name}", commit, parent or "0" * 40
    )
    return commit


def how_to_push(repository: Path, name: str) -> str:
    """What to type next."""
    remotes = _git(repository, "remote").decode().split()
    remote = "origin" if "origin" in remotes else (remotes or ["REMOTE"])[0]
    return f"git -C {repository} push {remote} {name}"


def _git(
    repository: Path, *arguments: str, given: str = "", problem: str = "", **environment: str
) -> bytes:
    """What git prints. problem: what to say, before git's own words, when it fails."""
    command = ["git", "-C", str(repository), *arguments]
    try:
        done = subprocess.run(
            command, input=given.encode(), capture_output=True, env=os.environ | environment
        )
    except FileNotFoundError:
        raise GradingError("git is missing: install it, or publish to a folder.") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        problem = problem or f"git {arguments[0]} failed in {repository}"
        raise GradingError(f"{problem}: {said or 'git does not say why'}")
    return done.stdout
