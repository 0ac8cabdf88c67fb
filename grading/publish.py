"""Write the students' tree, everything outside grading/: to a folder, an archive, or a git branch.

TARGET is a new or empty folder, a folder published before, or a file named .zip or .tar.gz. With
--branch the tree becomes a commit, and neither the working tree nor the index is touched. The tree
is always searched for leaks first. What is out already is changed only where it differs, and files
that somebody changed there are named and kept (--force replaces them).

The course keeps each version of its notebooks that was published: grading tells by them which one
a submission was made from. Exit codes: 0 done (--dry-run: nothing would change); 1 files were kept
(--dry-run: something would change); 2 nothing was published.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from grading import settings
from grading.errors import GradingError
from grading.publishing import archive, branch, folder
from grading.publishing.contents import (
    assignments_in,
    known_to_git,
    notebooks_of,
    refuse_leaks,
    tree_of,
)
from grading.publishing.tree import Tree, about, merged, with_list
from grading.releases import differences, store
from grading.settings import COURSE, ROOT

SUMMARY = "Write the students' tree: to a folder, an archive (.zip, .tar.gz), a git branch."
SOME_KEPT = WOULD_CHANGE = 1


@dataclass(frozen=True)
class Target:
    """Where to publish: a folder or an archive, or a branch of a repository."""

    path: Path | None = None
    branch: str | None = None
    repository: Path = ROOT

    @property
    def is_archive(self) -> bool:
        return self.path is not None and archive.is_archive(self.path)

    def __str__(self) -> str:
        return str(self.path or f"branch {self.branch}")


@dataclass(frozen=True)
class Plan:
    """What is to be done.

    old: what is there now; new: the students' tree; result: what will be there
    kept: files that somebody changed and that stay so; parent: the branch's last commit
    """

    target: Target
    old: Tree
    new: Tree
    result: Tree
    kept: list[str]
    parent: str | None = None

    @property
    def changes(self) -> list[str]:
        """What will be different, a line each."""
        return differences.of_trees(self.old, self.result)


def plan(
    target: Target, root: Path = ROOT, only: list[str] | None = None, force: bool = False
) -> Plan:
    """Look at what there is to publish, and at the target. Writes nothing.

    Inputs:
    - only: the assignments that are out, with those that are there already (None: all)
    - force: replace what somebody changed, or what publish did not write
    """
    parent = None
    if target.path is None:
        old, parent = branch.read(target.repository, target.branch, force)
    elif target.is_archive:
        old = archive.read(target.path, force)
    else:
        old = folder.read(target.path.absolute())
    new = _new_tree(root, only, (about(old) or {}).get("assignments", ()))
    if target.is_archive:
        return Plan(target, old, new, new, [])
    if target.path is not None:
        old = folder.read(target.path.absolute(), new)
    result, kept = merged(old, new, force)
    own = {n: file for n, file in result.items() if file != new.get(n) and not file.odd}
    if own:
        refuse_leaks(own, root)
    return Plan(target, old, new, result, kept, parent)


def carry_out(plan: Plan, course: Path = COURSE) -> str | None:
    """Publish, and keep the release in the course's folder. Returns the commit on a branch."""
    for assignment, notebooks in notebooks_of(plan.new).items():
        store.record(course, assignment, notebooks)
    target = plan.target
    if target.path is None:
        message = _message(plan.new, plan.changes if plan.old else [])
        return branch.write(target.repository, target.branch, plan.result, plan.parent, message)
    if target.is_archive:
        top = settings.load(settings.file_of(course)).course_id
        archive.write(target.path, plan.result, top)
    else:
        folder.write(target.path.absolute(), plan.old, plan.result)
    return None


def publish(
    path: Path, root: Path = ROOT, course: Path = COURSE, only: list[str] | None = None
) -> Plan:
    """Publish to a folder or an archive."""
    planned = plan(Target(path), root, only)
    carry_out(planned, course)
    return planned


def _new_tree(root: Path, only: list[str] | None, there: Iterable[str]) -> Tree:
    known = assignments_in(root)
    unknown = [name for name in only or () if name not in known]
    if unknown:
        raise GradingError(
            f"There is no {', '.join(unknown)} in assignments/. There are: "
            f"{', '.join(known) or 'none; run `python -m grading build`'}."
        )
    tree = tree_of(root, set(known).difference(only, there) if only else ())
    ids = {name: store.release_id(some) for name, some in notebooks_of(tree).items()}
    return with_list(tree, store.kit_version(), ids)


def _message(tree: Tree, changes: list[str]) -> str:
    """Of a commit: the release's id, what is out, what is new."""
    said = about(tree)
    out = [f"{name}: {identity}" for name, identity in said["assignments"].items()]
    lines = [f"Release {said['release']} (version {said['version']})", "", *out]
    return "\n".join([*lines, *([""] if changes else []), *changes]) + "\n"


def warnings(tree: Tree, course: Path) -> list[str]:
    """What this release changes to the harm of those who work on the one before; before it is out.

    Also where the course in the folder was built from something else.
    """
    found = []
    for assignment, notebooks in notebooks_of(tree).items():
        before = store.releases(course, assignment)
        if before and before[-1].id != store.release_id(notebooks):
            old = store.notebooks(course, before[-1])
            new = {name: store.read(data) for name, data in notebooks.items()}
            found += [f"{assignment}: {line}" for line in differences.harm(old, new)]
        for name, data in notebooks.items():
            built = course / "release" / assignment / f"{name}.ipynb"
            if built.is_file() and store.notebook_id(built.read_bytes()) != store.notebook_id(data):
                found.append(
                    f"{assignment}/{name}: {course} was built from something else, and grades by "
                    "that. Run `python -m grading build`."
                )
    return found


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "target", type=Path, nargs="?", metavar="TARGET", help="a folder, or a .zip or .tar.gz"
    )
    parser.add_argument("--branch", metavar="NAME", help="instead: commit the tree on this branch")
    parser.add_argument(
        "--repository", type=Path, metavar="DIR", help="the branch's repository (default: this one)"
    )
    parser.add_argument(
        "--assignment",
        nargs="+",
        action="extend",
        metavar="NAME",
        help="what comes out now; others stay here unless they are out already (default: all)",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="write nothing; print what would change"
    )
    parser.add_argument(
        "--force", action="store_true", help="also replace what somebody else changed there"
    )
    parser.add_argument(
        "--course",
        type=Path,
        default=COURSE,
        metavar="DIR",
        help="the course's folder, which keeps the releases (default: grading/course)",
    )


def run(args: argparse.Namespace) -> int:
    if (args.target is None) == (args.branch is None):
        raise GradingError("Name either a TARGET or a --branch. See --help.")
    if args.repository and not args.branch:
        raise GradingError("--repository goes with --branch: name the branch, too.")
    target = Target(args.target, args.branch, args.repository or ROOT)
    planned = plan(target, ROOT, args.assignment, args.force)
    changes = planned.changes
    for line in warnings(planned.new, args.course):
        print(f"Warning: {line}", file=sys.stderr)
    if planned.old:
        print("".join(f"{line}\n" for line in changes), end="")
    for name in planned.kept:
        print(f"kept, because somebody changed it: {name} (--force replaces it)", file=sys.stderr)
    if known_to_git(ROOT) is None:
        print("(Not a git clone: files were chosen by name. Look through them.)", file=sys.stderr)
    count = f"{len(planned.new)} files, no leaks found"
    if args.dry_run:
        would = "would be brought up to date" if changes else "is up to date"
        print(f"{target} {would}: {count}. Nothing was written.")
        return WOULD_CHANGE if changes else 0
    commit = carry_out(planned, args.course)
    if not changes:
        print(f"{target} was up to date: {count}.")
    else:
        print(f"{target}: release {about(planned.new)['release']}, {count}.")
    if commit:
        print(f"Commit {commit[:12]} on {args.branch}. Nothing was pushed; to do that:")
        print(f"  {branch.how_to_push(target.repository, args.branch)}")
    return SOME_KEPT if planned.kept else 0
