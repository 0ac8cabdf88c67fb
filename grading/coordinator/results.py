"""Putting graded submissions away: autograded notebooks, gradebook, and last of all the report.

A report says by two hashes which submission it is about and by which checks it was made. It is
written when all else is in place: whatever happens in between, a submission without its report is
simply graded again.
"""

from __future__ import annotations

import fnmatch
import os
import shutil
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from grading import files
from grading.coordinator.course_folder import CourseFolder
from grading.coordinator.record import Entry, Recorder
from grading.engine.outputs import writable
from grading.engine.run import Job, run_notebook
from grading.engine.tasks import Assignment, Graded, Submission
from grading.grade import put_hidden_tests
from grading.intake import handed_in_at
from grading.marks import put_notice
from grading.notebooks import to_bytes
from grading.reports import graded_from, read_report, report_path, score_card, to_json
from grading.submissions import stand_in
from grading.unfinished import leftovers


@dataclass(frozen=True)
class Result:
    """A submission and what came of it. problem: why it could not be graded at all, or None.

    made_from: see Assignment; rows: notebooks whose rows in the gradebook are written (None: all)
    """

    submission: Submission
    graded: Graded
    problem: str | None = None
    notes: list[str] = field(default_factory=list)
    made_from: Mapping[str, str] = field(default_factory=dict)
    rows: Collection[str] | None = None

    @property
    def size(self) -> int:
        """Bytes that it holds."""
        files = [*self.submission.files.values(), *self.graded.notebooks.values()]
        return sum(map(len, files))


def put_away(results: Sequence[Result], course: CourseFolder, book: Recorder) -> None:
    """Write a batch of results. Each is complete when its report is there."""
    entries = []
    for result in results:
        entries.append(entry_of(course, result))
        write_autograded(course, result)
    book.record(entries)
    for result in results:
        graded = result.graded
        path = report_path(course.root, graded.assignment, graded.student)
        files.write_all({path: to_json(_report(result))})


def entry_of(course: CourseFolder, result: Result) -> Entry:
    """What the gradebook takes of a result; what is to be said of it is noted in the result."""
    timestamp, problem = handed_in_at(result.submission)
    result.notes[:] = [*result.submission.left_out, *filter(None, [problem])]
    return Entry(result.graded, timestamp, _unchanged(course, result.graded), result.rows)


def _unchanged(course: CourseFolder, graded: Graded) -> frozenset[str]:
    """The notebooks that were graded before, from the same submission."""
    before = read_report(course.root, graded.assignment, graded.student)
    same = {n for n in graded.cards if graded_from(before, n) == graded.submission_hash}
    return frozenset(same)


def _report(result: Result) -> dict:
    graded = result.graded
    return {
        "assignment": graded.assignment,
        "student": graded.student,
        "notebooks": {name: graded.cards[name] for name in sorted(graded.cards)},
        "left_out": result.notes,
        "problem": result.problem,
        "submission_hash": graded.submission_hash,
        "checks_hash": graded.checks_hash,
        "made_from": dict(result.made_from),
    }


def finished_report(
    course: CourseFolder, assignment: Assignment, submission: Submission
) -> dict | None:
    """The report of a submission that was graded as it is now, by the checks as they are now."""
    report, touched = to_grade(course, assignment, submission)
    return None if touched else report


def to_grade(
    course: CourseFolder, assignment: Assignment, submission: Submission
) -> tuple[dict, list[str]]:
    """Returns a tuple of: a submission's report, the notebooks whose results may be others now.

    All of them, unless the report proves that the rest was made from what there is now.
    """
    report = read_report(course.root, assignment.name, submission.student)
    folder = course.path("autograded", submission.student, assignment.name)
    finished = (
        report.get("submission_hash") == submission.hash
        and not report.get("problem")
        and not leftovers(folder)
        and all(_has_something(folder / f"{name}.ipynb") for name in assignment.released)
    )
    made, now = report.get("made_from"), assignment.made_from
    if not finished:
        return report, list(assignment.released)
    if not isinstance(made, dict) or set(made) != set(now) or set(report["notebooks"]) != set(now):
        same = report.get("checks_hash") == assignment.checks_hash
        return report, [] if same else list(assignment.released)
    return report, [name for name in assignment.released if made[name] != now[name]]


def _has_something(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0  # a power cut leaves empty files


def ungraded(assignment: Assignment, submission: Submission, reason: str) -> Graded:
    """The outcome for a submission that could not be graded: no scores, and a person to look."""
    notebooks, cards = {}, {}
    for name, data in assignment.released.items():
        notebook = stand_in(_read(data), reason)
        put_hidden_tests(notebook, _read(assignment.instructor[name]))
        put_notice(notebook)
        notebooks[name] = to_bytes(notebook)
        card = score_card(assignment.name, name, *run_notebook(notebook, Job()))
        cards[name] = card | {"repairs": [], "release": None}
    hashes = submission.hash, assignment.checks_hash
    return Graded(submission.student, assignment.name, notebooks, cards, *hashes)


def storable(value):
    """Plain data with its texts as files and databases can hold them."""
    if isinstance(value, str):
        return writable(value)
    if isinstance(value, Mapping):
        return {storable(key): storable(part) for key, part in value.items()}
    return [storable(part) for part in value] if isinstance(value, list | tuple) else value


def _read(data: bytes):
    return nbformat.reads(data.decode(), as_version=nbformat.NO_CONVERT)


def write_autograded(course: CourseFolder, result: Result) -> None:
    """Put the autograded notebooks and the submission's other files where nbgrader has them.

    The folder is made new beside its place, and changed for the old one when it is complete.
    """
    graded = result.graded
    place = course.path("autograded", graded.student, graded.assignment)
    contents = _others(result.submission.files, course.directory.ignore)
    contents |= {f"{name}.ipynb": data for name, data in graded.notebooks.items()}
    place.parent.mkdir(parents=True, exist_ok=True)
    for leftover in leftovers(place):  # of somebody who was killed
        shutil.rmtree(leftover)
    new, old = (place.with_name(f".{place.name}.{word}.tmp") for word in ("new", "old"))
    for name, data in contents.items():
        (new / name).parent.mkdir(parents=True, exist_ok=True)
        (new / name).write_bytes(data)
    if os.path.lexists(place):
        place.rename(old)
    new.rename(place)
    course.converter.set_permissions(graded.assignment, graded.student)
    if old.is_dir() and not old.is_symlink():
        shutil.rmtree(old)
    elif os.path.lexists(old):
        old.unlink()


def _others(contents: Mapping[str, bytes], ignore: Iterable[str]) -> dict[str, bytes]:
    """The files that nbgrader copies beside the notebooks: all but ignored ones and notebooks."""
    patterns = [*ignore, "*.ipynb"]
    return {
        name: data
        for name, data in contents.items()
        if not any(fnmatch.fnmatchcase(part, p) for part in name.split("/") for p in patterns)
    }
