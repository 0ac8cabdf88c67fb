"""A tree of files in memory, with the list of them that publish leaves in it.

The list says what publish wrote: with it, a tree that is published again is changed only where
nobody else has changed it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from grading.engine.tasks import hash_of
from grading.reports import to_json

LIST = ".release.json"  # at the top of the tree


@dataclass(frozen=True)
class File:
    """What a file holds, and whether it is a program."""

    content: bytes
    executable: bool = False
    odd: bool = False  # a link, a folder: nothing that publish writes

    @property
    def hash(self) -> str:
        return "" if self.odd else hashlib.sha256(self.content).hexdigest()


Tree = dict[str, File]  # path with `/`, relative to the tree -> file


def with_list(tree: Tree, version: str, assignments: Mapping[str, str]) -> Tree:
    """The tree with the list in it.

    version: of the kit; assignments: name -> id of its release
    """
    hashes = {name: tree[name].hash for name in sorted(tree)}
    about = {
        "release": hash_of(part for item in hashes.items() for part in item)[:12],
        "version": version,
        "assignments": dict(sorted(assignments.items())),
        "files": hashes,
    }
    return tree | {LIST: File(to_json(about))}


def about(tree: Tree) -> dict | None:
    """What the list in a tree says; None where there is none: publish did not write this tree."""
    try:
        found = json.loads(tree[LIST].content)
        known = isinstance(found["release"], str) and isinstance(found["files"], dict)
    except (KeyError, ValueError, TypeError):
        return None
    return found if known else None


def merged(old: Tree, new: Tree, force: bool = False) -> tuple[Tree, list[str]]:
    """What is to stand where `old` stands now.

    old: what is there, as far as publish wrote it or is about to write
    force: also replace and remove files that somebody changed

    Returns a tuple of: the tree; the names of files that were changed by somebody and stay so.
    """
    written = (about(old) or {"files": {}})["files"]
    result, kept = dict(new), []
    for name, file in old.items():
        if name == LIST or (name in new and file.hash == new[name].hash):
            continue
        untouched = written.get(name) == file.hash
        if name not in new and name not in written:
            result[name] = file  # somebody's own
        elif not untouched and not force:
            result[name] = file
            kept.append(name)
    return result, sorted(kept)
