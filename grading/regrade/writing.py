"""Writing results with their history, and putting right what an interruption left half done."""

from __future__ import annotations

from collections.abc import Sequence

from grading.coordinator.course_folder import CourseFolder
from grading.coordinator.record import Recorder
from grading.coordinator.results import Result, put_away
from grading.regrade import state
from grading.regrade.history import History
from grading.regrade.state import Place

BATCH = 64  # students that are put back together


class Writer:
    """Puts batches of results away, as one run of the history."""

    def __init__(self, place: Place, history: History, what: str, checks: str):
        self.place, self.history = place, history
        self._about = what, checks
        self._run: int | None = None

    def __call__(self, results: Sequence[Result], course: CourseFolder, book: Recorder) -> None:
        """Interrupted, it may be called again."""
        if self._run is None:
            self._run = self.history.begin(*self._about)
        students, contents = [result.submission.student for result in results], {}
        found = state.read(self.place, students, contents)
        self.history.found(self._run, found, contents)
        put_away(results, course, book)
        self.history.left(self._run, state.read(self.place, students))


def mend(place: Place, history: History) -> list[str]:
    """Finish or take back what an interrupted run was writing. Returns whose results were taken
    back.

    The report is written last: where it is another, all was written.
    """
    taken_back = []
    for run, changes in history.unfinished().items():
        students = [change.student for change in changes]
        now = state.read(place, students)
        complete, rest = {}, {}
        for change in changes:
            report = (now[change.student] or {}).get("report")
            if report != (change.before or {}).get("report"):
                complete[change.student] = now[change.student]
            else:
                rest[change.student] = change.before
        history.left(run, complete)
        if rest:
            state.put_back(place, rest, {}, history.content)
            history.drop(run, rest)
            taken_back += rest
    return taken_back
