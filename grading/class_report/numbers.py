"""What the page says, worked out from the gradebook and the cards. Numbers only, no layout."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from grading.class_report.book import Book, Person
from grading.class_report.cards import Cards

FULL, PARTLY, NOTHING, NOT_WRITTEN, WAITS = range(5)
OUTCOMES = ("full points", "part of the points", "no points", "not written", "waits for a person")
# The least time before a hand-in was due (seconds), for the table of times.
TIMES = (
    ("more than a week before", 7 * 86400),
    ("a day to a week before", 86400),
    ("on the last day", 3600),
    ("in the last hour", 0),
)
MANY = 5  # attempts; those with more are counted with them
YEARS = range(1970, 2200)  # in which a date is believed


@dataclass(frozen=True)
class Numbers:
    """A class in numbers. M of N people handed something in.

    there: (N,) bool, who handed something in
    totals: (N,) points as nbgrader counts them: what has no score yet is 0, penalties taken off
    outcome: (N, P) one of OUTCOMES' numbers; meaningless where nothing was handed in
    open: (N,) bool, whose points are not all given yet
    """

    book: Book
    cards: Cards
    there: np.ndarray
    totals: np.ndarray
    outcome: np.ndarray
    open: np.ndarray

    @property
    def most(self) -> float:
        """The assignment's points."""
        return sum(part.points for part in self.book.parts)

    @property
    def handed_in(self) -> list[Person]:
        return [person for person in self.book.people if person.handed_in]

    @property
    def late(self) -> list[Person]:
        return [person for person in self.handed_in if person.late > 0]

    def notebooks(self) -> dict[str, list[int]]:
        """Notebook -> the numbers of its parts."""
        found: dict[str, list[int]] = {}
        for number, part in enumerate(self.book.parts):
            found.setdefault(part.notebook, []).append(number)
        return found

    def points(self, parts: list[int]) -> np.ndarray:
        """(N,) points in some parts; what has no score yet is 0."""
        return np.nansum(self.book.scores[:, parts], axis=1)


def numbers(book: Book, cards: Cards) -> Numbers:
    """Work out a class's numbers."""
    there = np.array([person.handed_in for person in book.people])
    penalty = np.array([person.penalty for person in book.people])
    points = np.array([part.points for part in book.parts])
    totals = np.maximum(np.nansum(book.scores, axis=1) - penalty, 0.0)
    scores = np.nan_to_num(book.scores)
    outcome = np.where(scores >= points - 1e-9, FULL, np.where(scores > 0, PARTLY, NOTHING))
    people = {person.id: row for row, person in enumerate(book.people)}
    columns = {part.exercise: column for column, part in enumerate(book.parts)}
    unwritten = np.zeros(outcome.shape, bool)
    for student, exercise in cards.not_written:
        if exercise in columns:
            unwritten[people[student], columns[exercise]] = True
    # An answer in words that was left empty has 0 from the machine.
    unwritten |= np.array([part.exercise is None for part in book.parts]) & ~book.by_hand
    outcome[unwritten & (outcome == NOTHING)] = NOT_WRITTEN
    waits = book.waits | np.isnan(book.scores)
    outcome[waits] = WAITS
    return Numbers(book, cards, there, totals, outcome, waits.any(axis=1) & there)


def spread(values: np.ndarray, most: float) -> dict[str, float]:
    """The usual figures about some scores; `share` is the mean's part of all points."""
    low, middle, high = np.percentile(values, [25, 50, 75])
    return {
        "points": most,
        "mean": values.mean(),
        "share": values.mean() / most if most else 0.0,
        "deviation": values.std(),
        "least": values.min(),
        "low": low,
        "middle": middle,
        "high": high,
        "most": values.max(),
    }


def reviews(n: Numbers) -> Iterator[tuple[Person, str, str]]:
    """(person, notebook, reason) of notebooks that a person must look at, answers in words apart.

    The gradebook decides: where a person has given the scores, nothing waits any more.
    """
    for row, person in enumerate(n.book.people):
        if not person.handed_in:
            continue
        for notebook, parts in n.notebooks().items():
            checked = [p for p in parts if n.book.parts[p].exercise]
            waiting = [p for p in checked if n.outcome[row, p] == WAITS]
            reason = n.cards.reasons.get((person.id, notebook))
            if waiting and reason:
                yield person, notebook, reason
            elif waiting and all(n.book.by_hand[row, p] for p in waiting):
                yield (
                    person,
                    notebook,
                    "graded again after a person gave points: do they still hold?",
                )
            elif waiting:
                names = ", ".join(n.book.parts[p].name for p in waiting)
                yield person, notebook, f"no final score yet for {names}"
            if notebook in person.flagged:
                yield person, notebook, "flagged in the formgrader"


def hand_in_times(n: Numbers) -> Iterator[tuple[str, np.ndarray]]:
    """(when, rows of the people who handed in then), if it is known when it was due."""
    groups: dict[str, list[int]] = {words: [] for words, _ in TIMES}
    groups |= {"in an extension": [], "late": []}
    for row, person in enumerate(n.book.people):
        if person.handed_in and person.when is not None and n.book.due is not None:
            before = (n.book.due - person.when).total_seconds()
            first = next((words for words, least in TIMES if before >= least), "in an extension")
            groups["late" if person.late > 0 else first].append(row)
    for words, rows in groups.items():
        if rows:
            yield words, np.array(rows)


def by_attempts(n: Numbers) -> Iterator[tuple[str, np.ndarray]]:
    """(how many attempts, rows of the people with so many), where that is known."""
    groups: dict[int, list[int]] = {}
    for row, person in enumerate(n.book.people):
        if person.handed_in and person.attempts:
            groups.setdefault(min(person.attempts, MANY), []).append(row)
    for count, rows in sorted(groups.items()):
        yield f"{count} or more" if count == MANY else str(count), np.array(rows)


def time_bins(times: list[datetime], due: datetime | None) -> tuple[list[datetime], list[int], int]:
    """Hand-ins put into equal spans of time, about 40 of them; the due date ends one.

    A date can be anything, since a file of the submission says it: those more than 45 days from the
    due date (or from the middle one) are only counted.

    Returns a tuple of: where spans begin, with the end of the last; how many in each; how many
    outside.
    """
    possible = sorted(time for time in times if time.year in YEARS)
    centre = due or (possible[len(possible) // 2] if possible else None)
    away = [(time - centre).total_seconds() / 3600 for time in possible]
    near = [hours for hours in away if abs(hours) <= 45 * 24]
    if not near:
        return [], [], len(times)
    first, last = min(near), max(near)
    width = next((w for w in (1, 3, 6, 12, 24) if (last - first) / w <= 40), 72)
    # A span holds its end: what comes on the dot is in time.
    start, end = int(np.ceil(first / width)) - 1, max(int(np.ceil(last / width)), 0)
    edges = np.arange(start, end + 1) * width
    numbers = np.ceil(np.array(near) / width).astype(int) - 1 - start
    counts = np.bincount(numbers, minlength=len(edges) - 1)
    begins = [centre + timedelta(hours=float(edge)) for edge in edges]
    return begins, counts.tolist(), len(times) - len(near)


def hardest_checks(n: Numbers) -> list[dict]:
    """All checks that somebody failed, with the points that they cost the class; most first."""
    points = {(part.notebook, part.exercise): part.points for part in n.book.parts}
    found = []
    for (notebook, exercise), checks in n.cards.checks.items():
        weight = sum(count.weight for count in checks.values())
        for name, count in checks.items():
            if not count.failed:
                continue
            each = points.get((notebook, exercise), 0.0) * count.weight / weight if weight else 0.0
            found.append(
                {
                    "notebook": notebook,
                    "exercise": exercise,
                    "name": name,
                    "tried": count.tried,
                    "failed": count.failed,
                    "lost": each * count.failed,
                    "message": count.messages.most_common(1)[0],
                }
            )
    return sorted(found, key=lambda c: (-c["failed"], c["notebook"], c["exercise"], c["name"]))
