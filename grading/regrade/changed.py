"""`autograde --changed`: grade again what a change touches, show what becomes of it, ask, write.

Whole notebooks are graded: an exercise runs in the state that the cells before it left. A notebook
of a submission can be graded without the others, since each has a sandbox of its own. Results wait
in a folder (pending.py) until somebody says yes: the gradebook, the reports and the notebooks stay
as they are until then.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from tqdm import tqdm

from grading.coordinator.course_folder import chosen, load_assignment
from grading.coordinator.desk import BATCH, Desk
from grading.coordinator.pool import Job, open_pool
from grading.coordinator.results import Result, entry_of, to_grade
from grading.coordinator.tally import Tally, shown, summary
from grading.engine.tasks import Assignment, Submission
from grading.errors import GradingError
from grading.needs import need_nbgrader
from grading.regrade.compare import Difference, as_text, difference
from grading.regrade.opened import Opened, opened, tell_taken_back
from grading.regrade.pending import Pending
from grading.regrade.undo_command import batches
from grading.regrade.writing import Writer

NOT_WRITTEN = SOME_FAILED = 1


@dataclass
class Regrade:
    """A regrade of one assignment at work.

    touched: student -> notebooks to grade (None: all of them), where there are any
    problems: student -> why it could not be graded
    """

    work: Opened
    assignment: Assignment
    touched: dict[str, tuple[str, ...] | None] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self):
        self.place = self.work.place
        self.waiting = Pending(self.place, self.assignment)

    def look(self, students: list[str]) -> list[str]:
        """Find out what is touched. Returns who must be graded: no result of theirs waits."""
        recorded, missing = self.place.book.students(), []
        for student in tqdm(students, unit="student", desc="Looked at", disable=None):
            submission = self.place.course.submission(student, self.assignment.name)
            report, names = to_grade(self.place.course, self.assignment, submission)
            proven = student in recorded and isinstance(report.get("made_from"), dict)
            if student in recorded and not names:
                continue
            some = proven and 0 < len(names) < len(self.assignment.released)
            self.touched[student] = tuple(names) if some else None
            if self.waiting.get(self._asked(submission)) is None:
                missing.append(student)
        return missing

    def _asked(self, submission: Submission) -> Submission:
        return replace(submission, only=self.touched[submission.student])

    def _submission(self, student: str) -> Submission:
        return self._asked(self.place.course.submission(student, self.assignment.name))

    def grade(self, students: list[str], options: argparse.Namespace, function: str) -> None:
        """Grade, and keep the results aside."""
        log = self.place.course.log_file
        job = Job(self.assignment, function)
        with (
            open_pool(job, options.jobs, options.scheduler, log) as pool,
            tqdm(total=len(students), unit="student", desc="Graded", disable=None) as progress,
        ):
            book, keep = self.place.book, self.waiting.put
            desk = Desk(self.place.course, self.assignment, book, progress, _nothing, keep)
            desk.work(map(self._submission, students), pool)
        self.problems |= desk.tally.ungraded

    def results(self) -> Iterator[list[Result]]:
        """What waits to be written, in batches; who could not be graded keeps what there is."""
        for some in batches(sorted(self.touched), BATCH):
            found = [self.waiting.get(self._submission(student)) for student in some]
            if batch := [result for result in found if result is not None]:
                yield batch

    def differences(self) -> Iterator[Difference]:
        """What writing would change, student by student."""
        for batch in self.results():
            before, after = self.place.book.rehearse(
                [entry_of(self.place.course, result) for result in batch]
            )
            for result in batch:
                student = result.submission.student
                old = self.waiting.old_report(student)["notebooks"]
                marks = before.get(student, {}), after.get(student, {})
                yield difference(student, old, result.graded.cards, *marks)

    def write(self) -> list[str]:
        """Write what waits, with its history. Returns who was not written."""
        put = Writer(self.place, self.work.history, "--changed", self.assignment.checks_hash)
        with tqdm(total=len(self.touched), unit="student", desc="Written", disable=None) as bar:
            for batch in self.results():
                put(batch, self.place.course, self.place.book)
                for result in batch:
                    student = result.submission.student
                    self.tally.graded.append(student)
                    self.tally.note(student, result.graded.cards, result.notes)
                    self.waiting.forget(student)
                bar.update(len(batch))
        return sorted(self.touched.keys() - set(self.tally.graded) - self.problems.keys())


def _nothing(line: str) -> None:
    """The desk's lines are about results that are written; here none is yet."""


def regrade(
    name: str,
    course: Path | None,
    options: argparse.Namespace,
    function: str,
    ask: Callable[[str], bool],
    say: Callable[[str], None] = print,
) -> int:
    """Grade again what a change touches. ask: whether to write. Returns the exit code."""
    start = time.monotonic()
    need_nbgrader()
    with opened(course, name, "autograde") as work:
        if work.taken_back:
            say(tell_taken_back(work.taken_back, name))
        folder = work.place.course
        who = chosen(folder.students(name), options.student)
        if not who:
            raise GradingError(f"There are no submissions: {folder.path('submitted', '*', name)}.")
        task = Regrade(work, load_assignment(folder, name, options.sandbox))
        missing = task.look(who)
        if not task.touched:
            say(f"Nothing to do: all {len(who)} are graded as they are, by the checks as they are.")
            return 0
        say(_touched(task, len(who), len(missing)))
        if missing:
            task.grade(missing, options, function)
        found = list(task.differences())
        say(as_text(found))
        for student, why in sorted(task.problems.items()):
            say(f"Not graded, keeps what there is: {shown(student)}: {shown(why)}")
        anything = any(d.is_any for d in found)
        if options.dry_run or (anything and not ask(name)):
            if anything:
                say("Nothing was written. The results are kept: nothing is graded twice.")
            return NOT_WRITTEN if anything or task.problems else 0
        left = task.write()
    say(summary(task.tally, time.monotonic() - start))
    for student in left:
        say(f"Changed while this ran, run it again: {shown(student)}")
    return SOME_FAILED if left or task.problems else 0


def _touched(task: Regrade, everybody: int, missing: int) -> str:
    names = sorted({n for some in task.touched.values() for n in some or task.assignment.released})
    kept = len(task.touched) - missing
    text = f"{len(task.touched)} of {everybody} submissions are touched ({', '.join(names)})"
    return text + (f"; results of {kept} were waiting." if kept else ".")


def run_changed(args: argparse.Namespace, function: str) -> int:
    """The command `autograde --changed`."""

    def ask(name: str) -> bool:
        if args.yes:
            return True
        if not sys.stdin.isatty():
            print(f"To write this: python -m grading autograde {name} --changed --yes")
            return False
        try:
            return input("Write these scores? [y/N] ").strip().lower() in ("y", "yes")
        except EOFError:
            return False

    try:
        return regrade(args.assignment, args.course, args, function, ask)
    except KeyboardInterrupt:
        print(
            "\nWhat was graded is kept; the same command goes on from here, and "
            "`python -m grading history` tells what was written.",
            file=sys.stderr,
        )
        raise
