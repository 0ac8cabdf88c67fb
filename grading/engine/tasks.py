"""What goes to a worker and what comes back: plain data, the same on one machine or on many.

Nothing in here is an object of a student's: files are bytes, results are text and numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from grading.engine.limits import Limits


@dataclass(frozen=True)
class Assignment:
    """Everything that grading needs to know about an assignment; the same for every student.

    released: notebook's name -> the notebook as students got it (JSON, bytes)
    instructor: notebook's name -> the notebook with its hidden tests' calls (JSON, bytes)
    earlier: notebook's name -> name of an earlier release -> the notebook as it was then
    secret: the course's own; mixed into the random numbers of every check
    sandbox: "auto" (the best that this machine has), or a driver's name
    checks_hash: of the checks, the reference and the notebooks; grades made with others are older
    made_from: notebook's name -> hash of all that decides its results (grading/regrade)
    """

    name: str
    released: Mapping[str, bytes]
    instructor: Mapping[str, bytes]
    secret: str = ""
    limits: Limits = field(default_factory=Limits)
    sandbox: str = "auto"
    checks_hash: str = ""
    earlier: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    made_from: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Submission:
    """What one student handed in.

    files: path relative to the submission's folder, with `/` -> content
    left_out: what was not taken along, a sentence each (links, devices, files that are too large)
    only: names of the notebooks to grade (None: all)
    """

    student: str
    files: Mapping[str, bytes]
    left_out: tuple[str, ...] = ()
    only: tuple[str, ...] | None = None

    def asks_for(self, notebook: str) -> bool:
        """Whether this notebook is to be graded."""
        return self.only is None or notebook in self.only

    @property
    def hash(self) -> str:
        """Of every file's path and content: the same submission has the same hash."""
        return hash_of(part for name in sorted(self.files) for part in (name, self.files[name]))


@dataclass(frozen=True)
class Graded:
    """The result of grading one submission.

    notebooks: notebook's name -> the autograded notebook (JSON, bytes)
    cards: notebook's name -> its score card (see grading/reports.py) with "repairs"
    submission_hash, checks_hash: of what it came from
    """

    student: str
    assignment: str
    notebooks: Mapping[str, bytes]
    cards: Mapping[str, dict]
    submission_hash: str
    checks_hash: str


def hash_of(parts: Iterable[str | bytes]) -> str:
    """A hash of several texts and byte strings, which cannot be confused with each other."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()
