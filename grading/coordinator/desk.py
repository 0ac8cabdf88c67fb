"""The coordinator's desk: submissions go out to be graded, and what comes back is written.

The only place that writes a course's gradebook, autograded notebooks and reports.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from tqdm import tqdm

from grading.coordinator.course_folder import CourseFolder
from grading.coordinator.pool import Pool, answers
from grading.coordinator.record import Recorder
from grading.coordinator.results import Result, finished_report, put_away, storable, ungraded
from grading.coordinator.tally import Tally, shown
from grading.coordinator.worker import GRADED
from grading.engine.outputs import writable
from grading.engine.tasks import Assignment, Submission
from grading.errors import GradingError

BATCH = 32  # results that are written together
BATCH_BYTES = 64 * 10**6
REASON = 1000  # characters of a reason
BATCH_SECONDS = 1.0  # the longest that a result waits to be written


@contextmanager
def _ctrl_c_waits() -> Iterator[None]:
    """An interrupt comes after this context: one in the midst of a transaction would leave the
    gradebook locked for what is written next. A second one comes at once."""
    before = signal.getsignal(signal.SIGINT)
    if not callable(before) or threading.current_thread() is not threading.main_thread():
        yield
        return
    seen: list[tuple] = []

    def note(*about) -> None:
        seen.append(about)
        if len(seen) > 1:
            before(*about)

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if seen:
        before(*seen[0])


class Desk:
    """The coordinator's desk: submissions go out from here, and all that comes back is written."""

    def __init__(
        self,
        course: CourseFolder,
        assignment: Assignment,
        book: Recorder,
        progress: tqdm,
        say: Callable[[str], None],
        put: Callable = put_away,
    ):
        """put: what is done with a batch of results"""
        self.course, self.assignment, self.book = course, assignment, book
        self.progress, self.say, self.put = progress, say, put
        self.tally = Tally()
        self._results: list[Result] = []
        self._oldest = 0.0

    def grade(self, students: list[str], pool: Pool, resume: bool) -> None:
        """Grade and write students' submissions."""
        self.work(self._submissions(students, resume), pool)

    def work(self, submissions: Iterable[Submission], pool: Pool) -> None:
        """Grade and write. What has come back is written whatever happens."""
        waiting = False
        try:
            for answer in answers(submissions, pool):
                if answer is not None:
                    self._take(*answer)
                elif pool.size() == 0 and not waiting:
                    waiting = True
                    self.say("No workers are left: waiting for one to join. (Ctrl-C ends this.)")
                if self._is_full():
                    self._write()
        finally:
            self._write()

    def _submissions(self, students: list[str], resume: bool) -> Iterator[Submission]:
        recorded = self.book.students() if resume else set()
        for student in students:
            submission = self.course.submission(student, self.assignment.name)
            report = None
            if student in recorded:
                report = finished_report(self.course, self.assignment, submission)
            if report is None:
                yield submission
            else:
                self.tally.before += 1
                self.tally.note(student, report["notebooks"], report.get("left_out", []))
                self.progress.update()

    def _take(self, submission: Submission, kind: str, value) -> None:
        """A result onto the desk. One that is not about this submission is no result."""
        if kind == GRADED:
            came = value.student, value.submission_hash, value.checks_hash
            if came == (submission.student, submission.hash, self.assignment.checks_hash):
                graded = replace(value, cards=storable(value.cards))
                result = Result(submission, graded, made_from=self.assignment.made_from)
            else:
                kind, value = "mismatch", "the result is about another submission or other checks"
        if kind != GRADED:
            result = self._failed(submission, str(value))
        if not self._results:
            self._oldest = time.monotonic()
        self._results.append(result)

    def _is_full(self) -> bool:
        age = time.monotonic() - self._oldest
        size = sum(result.size for result in self._results)
        return len(self._results) >= BATCH or age > BATCH_SECONDS or size > BATCH_BYTES

    def _write(self) -> None:
        """Put away what lies on the desk. Interrupted, it may be called again."""
        if self._results:
            with _ctrl_c_waits():
                self._put_away(self._results)

    def _put_away(self, results: list[Result]) -> None:
        try:
            self.put(results, self.course, self.book)
        except (GradingError, OSError):  # of no use to try again
            self._results = []
            raise
        except Exception:  # one of them: find it
            results = list(map(self._written_alone, results))
        self._results = []
        for result in results:
            self._count(result)

    def _failed(self, submission: Submission, reason: str) -> Result:
        reason = writable(reason)[:REASON]
        graded = ungraded(self.assignment, submission, f"it could not be graded: {reason}")
        return Result(submission, graded, reason)

    def _written_alone(self, result: Result) -> Result:
        """Write one result; if that fails, that it could not be written."""
        try:
            self.put([result], self.course, self.book)
            return result
        except (GradingError, OSError):
            raise
        except Exception as problem:
            self.course.log.exception("%s: nothing could be written", result.submission.student)
            reason = f"its result could not be written ({type(problem).__name__}: {problem})"
        result = self._failed(result.submission, reason)
        try:
            self.put([result], self.course, self.book)
        except (GradingError, OSError):
            raise
        except Exception:  # its name, perhaps: then only this run's report tells of it
            self.course.log.exception("%s: not even that", result.submission.student)
        return result

    def _count(self, result: Result) -> None:
        student = result.submission.student
        self.tally.graded.append(student)
        self.tally.note(student, result.graded.cards, result.notes)
        if result.problem:
            self.tally.ungraded[student] = result.problem
        self.progress.set_postfix_str(shown(student), refresh=False)
        self.progress.update()
        if self.progress.disable:
            self.say(f"  {shown(student)} {'could not be ' * bool(result.problem)}graded")
