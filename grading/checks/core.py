"""Hidden checks at work: running an exercise, weighing its results, showing the score."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from cs231n.check import report
from cs231n.check.core import Exercise, Result
from cs231n.check.guard import Functions
from cs231n.check.results import score_of

# Results as data, in the output of a graded cell, for whoever collects them.
MIME_TYPE = "application/vnd.cs231n.check+json"


def course_secret(course: Path | None = None) -> str:
    """The secret of the course in a folder (None: of the course at work); empty if it has none."""
    from grading import settings  # a worker far away has no course

    return settings.secret(course)


def grade(
    exercise: Exercise,
    functions: Mapping[str, Callable | None] | Functions,
    points: float,
    secret: str | None = None,
    diagnose: Callable[[Exercise, list[Result], str], list[dict]] | None = None,
) -> dict:
    """Run an exercise's hidden checks and return its scores as plain data.

    functions: name -> callable, or Functions that run elsewhere.
    secret: mixed into every check's random numbers (default: the course's)
    diagnose: finds the known mistakes that explain the results: [{"name", "says"}]

    Returns {"exercise", "score", "max_score", "checks": [{"name", "passed", "weight", "message"}],
    "mistakes"}.
    """
    secret = course_secret() if secret is None else secret
    results, _ = exercise.run(functions, secret)
    return {
        "exercise": exercise.name,
        "score": score_of(results, points),
        "max_score": float(points),
        "checks": [r.as_dict() for r in results],
        "mistakes": diagnose(exercise, results, secret) if diagnose else [],
    }


def score_table(graded: dict) -> report.Table:
    """The table that a student finds in the feedback."""
    table = report.Table(
        title=f"{graded['exercise']}: {graded['score']:g} of {graded['max_score']:g} points",
        columns=("check", "weight", "result"),
        note=" ".join(mistake["says"] for mistake in graded.get("mistakes", ())),
    )
    for check in graded["checks"]:
        cells = (check["name"], f"{check['weight']:g}")
        table.rows.append((check["passed"], cells, check["message"]))
    return table


def show_score(graded: dict) -> None:
    """Display the score table, with the same results as data beside it."""
    from IPython.display import display

    table = score_table(graded)
    bundle = {"text/plain": repr(table), "text/html": table._repr_html_(), MIME_TYPE: graded}
    display(bundle, raw=True)
