"""An assignment's results, gradebook and history, opened together and held by one process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from grading.coordinator.course_folder import open_course
from grading.coordinator.gradebook_rows import late_penalty
from grading.coordinator.record import Recorder
from grading.coordinator.tally import shown
from grading.regrade.history import History
from grading.regrade.state import Place
from grading.regrade.writing import mend


@dataclass(frozen=True)
class Opened:
    """place: where results are; history: what was done; taken_back: whose results were half
    written by an interrupted run, and are now as they were before it"""

    place: Place
    history: History
    taken_back: list[str]


@contextmanager
def opened(course: Path | None, name: str, log: str) -> Iterator[Opened]:
    """Open an assignment's results. What an interrupted run left half done is put right first."""
    from grading.autograde import only_one

    folder = open_course(course, f"{log}-{name}.log")
    directory, penalty = folder.directory, late_penalty(folder.config, folder.log)
    with (
        only_one(folder.root, name),
        Recorder(directory.db_url, directory.course_id, name, penalty) as book,
        History(folder.root, name) as history,
    ):
        place = Place(folder, book, name)
        yield Opened(place, history, mend(place, history))


def tell_taken_back(students: list[str], name: str) -> str:
    """What an instructor reads of a run that was interrupted while it wrote."""
    return (
        f"An interrupted run had written {len(students)} result"
        f"{'s' * (len(students) != 1)} by half; they are now as they were before it: "
        f"{', '.join(map(shown, students))}. `python -m grading autograde {name} --resume` "
        "goes on."
    )
