"""The score card on top of a feedback page: every exercise with its points, and what went wrong.

Points, comments and what waits for a person are the gradebook's; checks and mistakes are those of
the report that the grader wrote. Nothing of it is taken from what a student's code left behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor

from cs231n.check.hints import all_hints
from cs231n.language import ENGLISH
from grading import marks, settings
from grading.checks.core import score_table
from grading.reports import failed_together, read_report
from grading.scores import exercise_of
from grading.translation.edition import translated

CARD = "cs231n_card"  # in the resources of nbconvert
WORDS = "answer in words"


@dataclass(frozen=True)
class Given:
    """What the gradebook says of a graded cell. by_hand: whether a person gave the points."""

    score: float | None
    points: float
    by_hand: bool = False
    extra: float = 0.0
    waits: bool = False


@dataclass(frozen=True)
class Failed:
    """Checks that failed for one reason. cost: points; every: whether no check passed."""

    names: tuple[str, ...]
    cost: float
    message: str
    every: bool


@dataclass(frozen=True)
class Line:
    """A graded cell. state: "all" points, "part", "none", or "waits" for a person.

    cell, answer: names of the cells with the check and with the answer
    """

    name: str
    cell: str
    answer: str
    given: Given
    state: str
    passed: int = 0
    checks: int = 0
    failed: tuple[Failed, ...] = ()
    mistakes: tuple[str, ...] = ()
    hint: str = ""
    comment: str = ""


@dataclass(frozen=True)
class Card:
    """A notebook's card.

    reason: why a person must look at it; repairs: what was put right
    release: the earlier release that it was made from
    """

    assignment: str
    notebook: str
    student: str
    score: float
    points: float
    penalty: float
    lines: tuple[Line, ...]
    reason: str | None = None
    repairs: tuple[str, ...] = ()
    release: str | None = None

    @property
    def is_final(self) -> bool:
        return not any(line.given.waits for line in self.lines)


class AddScoreCard(NbGraderPreprocessor):
    """Puts the card into the resources, where the page's template finds it. After GetGrades."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Returns a tuple of: the notebook as it was, the resources with the card."""
        names = resources["nbgrader"]
        given = _given(names)
        root = Path(self.parent.parent.coursedir.root)
        report = read_report(root, names["assignment"], names["student"])["notebooks"]
        about = report.get(names["notebook"], {})
        if marks.is_stand_in(nb):  # nobody said in which language
            marks.mark_language(nb, settings.load(settings.file_of(root)).language)
        resources[CARD] = card_of(nb, names, given, about)
        put_tables(nb, about.get("exercises", {}))
        if marks.language(nb) != ENGLISH:  # it was graded with the course's words in English
            nb = translated(names["notebook"], nb, marks.language(nb))
        return nb, resources


def put_tables(nb: NotebookNode, exercises: Mapping[str, Mapping]) -> None:
    """Show the results of exercises in the language that the student reads.

    exercises: name -> its results, as in the student's report
    """
    language = marks.language(nb)
    for cell in nb.cells if language != ENGLISH else ():
        name = exercise_of(cell)
        if exercises.get(name, {}).get("graded"):
            table = score_table({"exercise": name, **exercises[name]})
            shown = replace(table, language=language)
            for output in cell.outputs:
                if 'class="cs231n-check"' in output.get("data", {}).get("text/html", ""):
                    output.data = {"text/plain": repr(shown), "text/html": shown._repr_html_()}


def card_of(nb: NotebookNode, names: Mapping, given: Mapping[str, Given], report: Mapping) -> Card:
    """The card of an autograded notebook.

    Inputs:
    - names: nbgrader's: assignment, notebook, student, score, max_score, late_penalty
    - given: graded cell's name -> what the gradebook says of it
    - report: the notebook's part of the student's report
    """
    lines, answers, comments = [], [], []
    for cell in nb.cells:
        about = cell.metadata.get("nbgrader", {})
        name = about.get("grade_id")
        if about.get("solution") or about.get("task"):
            answers.append(name)
            said = about.get("comment")
            if said and not said.startswith(marks.WAITS):  # that is said at the top
                comments.append(said)
        if name not in given:
            continue
        exercise = exercise_of(cell)
        result = report.get("exercises", {}).get(exercise, {})
        comment, answer = "\n\n".join(comments), (answers or [name])[-1]
        lines.append(_line(exercise or WORDS, name, answer, given[name], result, comment))
        answers, comments = [], []
    return Card(
        names["assignment"],
        names["notebook"],
        names["student"],
        names["score"],
        names["max_score"],
        names["late_penalty"],
        tuple(lines),
        marks.review_reason(nb),
        tuple(marks.repairs(nb)),
        marks.earlier_release(nb),
    )


def _line(name: str, cell: str, answer: str, given: Given, result: Mapping, comment: str) -> Line:
    checks = result.get("checks", []) if result.get("graded", True) else []
    state = "waits" if given.waits or given.score is None else "none"
    if state != "waits" and given.score > 0:
        state = "all" if given.score >= given.points - 1e-9 else "part"
    failed = tuple(_failed(checks, given.points))
    hints = all_hints().get(name)
    return Line(
        name,
        cell,
        answer,
        given,
        state,
        passed=sum(check["passed"] for check in checks),
        checks=len(checks),
        failed=failed,
        mistakes=tuple(mistake["says"] for mistake in result.get("mistakes", ())),
        hint=hints.steps[0] if hints and failed else "",
        comment=comment,
    )


def _failed(checks: list[Mapping], points: float) -> list[Failed]:
    """The checks that failed, those with one reason together; first what costs most."""
    whole = sum(check["weight"] for check in checks)
    found = [
        Failed(
            tuple(check["name"] for check in some),
            points * sum(check["weight"] for check in some) / whole if whole else 0.0,
            reason,
            len(some) == len(checks) > 1,
        )
        for reason, some in failed_together(checks).items()
    ]
    return sorted(found, key=lambda failed: -failed.cost)


def _given(names: Mapping) -> dict[str, Given]:
    """Graded cell's name -> what the gradebook says of it."""
    with Gradebook(names["db_url"]) as book:
        there = book.find_submission_notebook(
            names["notebook"], names["assignment"], names["student"]
        )
        return {
            grade.name: Given(
                grade.auto_score if grade.manual_score is None else grade.manual_score,
                grade.max_score,
                grade.manual_score is not None,
                grade.extra_credit or 0.0,
                bool(grade.needs_manual_grade),
            )
            for grade in there.grades
        }
