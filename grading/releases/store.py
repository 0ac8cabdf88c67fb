"""The releases of a course, in its folder.

    COURSE/releases/ASSIGNMENT.json          one entry a release, the oldest first
    COURSE/releases/notebooks/ID.ipynb.gz    each version of a notebook, once

A notebook's id is made from its content. A published notebook bears it in its metadata.
"""

from __future__ import annotations

import gzip
import json
import tomllib
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from grading import files
from grading.engine.tasks import hash_of
from grading.errors import GradingError
from grading.marks import KEY
from grading.notebooks import to_bytes
from grading.reports import to_json
from grading.settings import ROOT
from grading.translation.edition import editions

FOLDER = "releases"
DIGITS = 12  # of ids


@dataclass(frozen=True)
class Release:
    """One release of an assignment.

    number: 1 for the first; id: made from its notebooks; when: in UTC, to the second
    version: of the kit; notebooks: name, or LANGUAGE/NAME -> id
    """

    number: int
    id: str
    when: str
    version: str
    notebooks: Mapping[str, str]

    @property
    def label(self) -> str:
        """What to call it."""
        return f"release {self.number} ({self.when[:10]})"


def notebook_id(notebook: NotebookNode | bytes) -> str:
    """The id of a notebook as released, whether it bears one or not."""
    return hash_of([_plain(notebook)])[:DIGITS]


def release_id(notebooks: Mapping[str, NotebookNode | bytes]) -> str:
    """The id of a release with these notebooks."""
    ids = {name: notebook_id(notebook) for name, notebook in sorted(notebooks.items())}
    return hash_of(part for item in ids.items() for part in item)[:DIGITS]


def stamped(notebook: bytes) -> bytes:
    """The notebook with its id in its metadata."""
    found = read(notebook)
    found.metadata[KEY] = {**found.metadata.get(KEY, {}), "release": notebook_id(notebook)}
    return to_bytes(found)


def claimed_id(notebook: NotebookNode) -> str | None:
    """The id that a submission says it was released by. Anybody may write there."""
    about = notebook.metadata.get(KEY)
    claim = about.get("release") if isinstance(about, dict) else None
    return claim if isinstance(claim, str) else None


def _plain(notebook: NotebookNode | bytes) -> bytes:
    found = read(notebook if isinstance(notebook, bytes) else to_bytes(notebook))
    found.metadata.pop(KEY, None)
    return to_bytes(found)


def read(notebook: bytes) -> NotebookNode:
    return nbformat.reads(notebook.decode("utf-8"), as_version=nbformat.NO_CONVERT)


def releases(course: Path, assignment: str) -> list[Release]:
    """The releases of an assignment, the oldest first."""
    path = _catalog(course, assignment)
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return [Release(**entry) for entry in entries]
    except FileNotFoundError:
        return []
    except (ValueError, TypeError, UnicodeDecodeError) as problem:
        raise GradingError(
            f"{path} is damaged ({problem}): expected the list that `publish` keeps. Put it back "
            "from a backup, or move it away; submissions are then matched to today's notebooks."
        ) from None


def released_assignments(course: Path) -> list[str]:
    """The assignments of which a release is kept."""
    return sorted(path.stem for path in (course / FOLDER).glob("*.json"))


def record(
    course: Path,
    assignment: str,
    notebooks: Mapping[str, bytes],
    when: datetime | None = None,
) -> Release:
    """Keep a release. One that is the same as the last one is that one."""
    before = releases(course, assignment)
    release = release_id(notebooks)
    if before and before[-1].id == release:
        return before[-1]
    plain = {name: _plain(notebook) for name, notebook in sorted(notebooks.items())}
    ids = {name: notebook_id(notebook) for name, notebook in plain.items()}
    time = (when or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
    new = Release(len(before) + 1, release, time, kit_version(), ids)
    catalog = [asdict(entry) for entry in [*before, new]]
    files.write_all(
        {_kept(course, ids[name]): gzip.compress(plain[name], mtime=0) for name in plain}
    )
    files.write_all({_catalog(course, assignment): to_json(catalog)})
    return new


def notebook(course: Path, identity: str) -> bytes:
    """A version of a notebook, by its id."""
    path = _kept(course, identity)
    try:
        data = gzip.decompress(path.read_bytes())
        if notebook_id(data) == identity:
            return data
        problem = "its content is another one"
    except (OSError, EOFError, zlib.error, ValueError, AttributeError) as error:
        problem = getattr(error, "strerror", None) or str(error)
    raise GradingError(
        f"{path} cannot be used ({problem}): expected a notebook as it was released. Put it back "
        f"from a backup, or move {course / FOLDER} away; submissions are then matched to today's "
        "notebooks."
    )


def notebooks(course: Path, release: Release) -> dict[str, NotebookNode]:
    """The notebooks of a release."""
    return {name: read(notebook(course, i)) for name, i in release.notebooks.items()}


def earlier(
    course: Path, assignment: str, today: Mapping[str, bytes]
) -> dict[str, dict[str, bytes]]:
    """What grading needs: notebook -> label of a release -> the notebook, the newest first.

    Only what differs from today's notebooks, in all languages, and each version once.
    """
    found: dict[str, dict[str, bytes]] = {}
    kept = releases(course, assignment)
    seen = {(name, notebook_id(data)) for name, data in today.items()}
    if any("/" in key for release in kept for key in release.notebooks):
        for name, data in today.items():
            seen |= {(name, notebook_id(other)) for other in editions(name, read(data))}
    for release in reversed(kept):
        for key, identity in release.notebooks.items():
            language, _, name = key.rpartition("/")
            if name in today and (name, identity) not in seen:
                seen.add((name, identity))
                label = f"{release.label}, {language}" if language else release.label
                found.setdefault(name, {})[label] = notebook(course, identity)
    return found


def kit_version() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["version"]


def _catalog(course: Path, assignment: str) -> Path:
    return course / FOLDER / f"{assignment}.json"


def _kept(course: Path, identity: str) -> Path:
    return course / FOLDER / "notebooks" / f"{identity}.ipynb.gz"
