"""Results that wait until somebody says that they shall be written, in COURSE/.regrade/ASSIGNMENT.

A file for each student, written when it was graded: after an interruption, or an answer that comes
tomorrow, nothing is graded twice. A result counts only while all that it was made from is as it
was: the submission, the checks, and the results that it is to change.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from grading import files
from grading.coordinator.results import Result
from grading.engine.tasks import Assignment, Graded, Submission, hash_of
from grading.regrade.state import Place
from grading.reports import read_report


@dataclass
class Pending:
    """The results of one assignment that wait."""

    place: Place
    assignment: Assignment

    @property
    def folder(self):
        return self.place.course.root / ".regrade" / self.assignment.name

    def _path(self, student: str):
        return self.folder / f"{hash_of([student])}.json.gz"  # a name may be too long for a file

    def put(self, results: Sequence[Result], *_) -> None:
        """Keep results; in place of results.put_away."""
        for result in results:
            graded = result.graded
            data = {
                "student": graded.student,
                "origin": self._origin(result.submission),
                "notebooks": {name: data.decode() for name, data in graded.notebooks.items()},
                "cards": graded.cards,
                "problem": result.problem,
            }
            packed = gzip.compress(json.dumps(data).encode(), 6, mtime=0)
            files.write_all({self._path(graded.student): packed})

    def get(self, submission: Submission) -> Result | None:
        """The result that waits for a submission, complete; None where none that counts does."""
        try:
            data = json.loads(gzip.decompress(self._path(submission.student).read_bytes()))
        except (OSError, EOFError, ValueError):
            return None
        if data["origin"] != self._origin(submission) or data["problem"]:
            return None
        notebooks = {name: text.encode() for name, text in data["notebooks"].items()}
        hashes = submission.hash, self.assignment.checks_hash
        graded = Graded(submission.student, self.assignment.name, notebooks, data["cards"], *hashes)
        return self._whole(Result(submission, graded, made_from=self.assignment.made_from))

    def _whole(self, result: Result) -> Result:
        """Add to a result what it leaves as it is, and tell the rows that are not as they were."""
        submission, graded = result.submission, result.graded
        report = self.old_report(submission.student)
        old = report.get("notebooks", {})
        rows = {n for n, card in graded.cards.items() if is_other(old.get(n), card)}
        if submission.only is None:
            same = report.get("submission_hash") == submission.hash
            return replace(result, rows=rows if same else None)
        folder = self.place.folder(submission.student)
        rest = set(self.assignment.released) - set(submission.only)
        notebooks = {name: (folder / f"{name}.ipynb").read_bytes() for name in rest}
        cards = {name: old[name] for name in rest} | dict(graded.cards)
        graded = replace(graded, notebooks=notebooks | dict(graded.notebooks), cards=cards)
        return replace(result, graded=graded, rows=rows)

    def old_report(self, student: str) -> dict:
        """The report of the last grading; its "notebooks" are empty where there was none."""
        return read_report(self.place.course.root, self.assignment.name, student)

    def _origin(self, submission: Submission) -> str:
        """All that a result depends on, as one hash."""
        report = self.place.report(submission.student)
        old = report.read_bytes() if report.is_file() else b""
        made = sorted(self.assignment.made_from.items())
        only = sorted(submission.only or self.assignment.released)
        return hash_of([submission.student, submission.hash, old, repr(made), *only])

    def forget(self, student: str) -> None:
        """A student's result is written, and waits no more."""
        self._path(student).unlink(missing_ok=True)


def is_other(old: dict | None, new: dict) -> bool:
    """Whether the gradebook's rows of a notebook would say something else."""
    return old is None or _rows(old) != _rows(new)


def _rows(card: dict):
    scores = {n: (e["score"], e["graded"], e["max_score"]) for n, e in card["exercises"].items()}
    return scores, card["needs_review"]
