"""The page: everything in one file, which runs nothing but its own few lines of script."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache, partial
from pathlib import Path

import jinja2
import numpy as np
from markupsafe import Markup

from grading.class_report import figures
from grading.class_report.examples import Examples
from grading.class_report.numbers import (
    FULL,
    NOT_WRITTEN,
    NOTHING,
    OUTCOMES,
    PARTLY,
    WAITS,
    Numbers,
    by_attempts,
    hand_in_times,
    hardest_checks,
    reviews,
    spread,
    time_bins,
)

HERE = Path(__file__).parent
GENERATOR = "cs231n class report"  # by which a page is known as ours
SHARED_BY = 3  # submissions with the same message, before an anonymous page quotes it
CHECKS, MISTAKES = 15, 15  # that are shown at once
# Written into words of most languages; all other characters without a shape are shown as numbers.
JOINERS = "\u200c\u200d"


def make_page(
    n: Numbers,
    course_id: str,
    made: datetime,
    ungraded: Sequence[str] = (),
    anonymous: bool = False,
    examples: Examples | None = None,
    similarity=None,
) -> str:
    """The class's page as HTML.

    ungraded: who handed something in that is not graded yet
    similarity: a grading.similarity.section.Section, or None
    """
    script = (HERE / "page.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    names = {person.id: person.name for person in n.book.people}
    checks, notebooks = hardest_checks(n), _notebooks(n)
    totals = spread(n.totals[n.there], n.most)
    return _template().render(
        n=n,
        book=n.book,
        course_id=course_id,
        made=made,
        ungraded=ungraded,
        anonymous=anonymous,
        generator=GENERATOR,
        script=Markup(script),
        script_hash=digest,
        style=Markup((HERE / "page.css").read_text(encoding="utf-8")),
        shown=partial(_shown, names if not anonymous else {}),
        totals=totals,
        summary=[("total", totals), *((one["name"], one["about"]) for one in notebooks)],
        notebooks=notebooks,
        scores=figures.score_chart(n.totals[n.there & ~n.open], n.totals[n.there & n.open], n.most),
        reviews=list(reviews(n)),
        words=_words(n),
        outcomes=OUTCOMES,
        keys=list(zip(figures.OUTCOMES, OUTCOMES, strict=True)),
        checks=checks[:CHECKS],
        more_checks=checks[CHECKS:],
        quoted=lambda count: not anonymous or count >= SHARED_BY,
        shared_by=SHARED_BY,
        mistakes=_mistakes(n, examples),
        most_mistakes=MISTAKES,
        times=_times(n),
        people=_people(n),
        similarity=similarity,
    )


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([HERE, HERE.parent / "similarity"]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_readable,
    )
    environment.filters["n"] = _number
    return environment.get_template("page.html.j2")


def _readable(value: object) -> object:
    """A text with nothing in it that is not seen: it may be a student's."""
    if isinstance(value, str) and not isinstance(value, Markup) and not value.isprintable():
        return "".join(
            c if c.isprintable() or c == "\n" or c in JOINERS else f"[U+{ord(c):04X}]"
            for c in value
        )
    return value


def _number(value: float, digits: int = 2) -> str:
    """At most so many digits after the point, and no more than it takes."""
    text = f"{value:.{digits}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-0", "0")


def _shown(names: dict[str, str], id: str) -> str:
    return f"{names[id]} ({id})" if names.get(id) else id


def _notebooks(n: Numbers) -> list[dict]:
    """Each notebook's figures, its parts' outcomes, and their chart."""
    found = []
    for name, columns in n.notebooks().items():
        parts = [_part(n, column) for column in columns if n.book.parts[column].points > 0]
        if not parts:
            continue
        points = sum(n.book.parts[column].points for column in columns)
        counts = np.array([part["counts"] for part in parts])
        about = spread(n.points(columns)[n.there], points)
        chart = figures.outcome_chart([_readable(part["name"]) for part in parts], counts, OUTCOMES)
        found.append({"name": name, "about": about, "parts": parts, "chart": chart})
    return found


def _part(n: Numbers, column: int) -> dict:
    part, outcome = n.book.parts[column], n.outcome[n.there, column]
    counts = [int((outcome == kind).sum()) for kind in (FULL, PARTLY, NOTHING, NOT_WRITTEN, WAITS)]
    settled = n.book.scores[n.there, column][outcome != WAITS]
    mean = settled.mean() / part.points if len(settled) else None
    return {
        "name": part.name,
        "points": part.points,
        "by_person": part.exercise is None,
        "counts": counts,
        "mean": mean,
    }


def _words(n: Numbers) -> list[tuple[str, str, int]]:
    """(notebook, question, how many wait) of what only a person can grade."""
    found = []
    for column, part in enumerate(n.book.parts):
        waiting = int((n.outcome[n.there, column] == WAITS).sum())
        if part.exercise is None and waiting:
            found.append((part.notebook, part.cell, waiting))
    return found


def _mistakes(n: Numbers, examples: Examples | None) -> list[dict]:
    counts = sorted(n.cards.mistakes.items(), key=lambda item: (-len(item[1].made), item[0]))
    return [
        {
            "name": name,
            "says": count.says,
            "made": len(count.made),
            "exercises": sorted(count.exercises),
            "code": examples.of(count) if examples and place < MISTAKES else "",
        }
        for place, ((name, _), count) in enumerate(counts)
    ]


def _times(n: Numbers) -> dict:
    times = [person.when for person in n.handed_in if person.when is not None]
    begins, counts, outside = time_bins(times, n.book.due)
    return {
        "known": len(times),
        "chart": figures.time_chart(begins, counts, n.book.due) if counts else None,
        "outside": outside,
        "groups": _medians(n, hand_in_times(n)),
        "attempts": _medians(n, by_attempts(n)),
    }


def _medians(n: Numbers, groups: Iterable[tuple[str, np.ndarray]]) -> list[tuple]:
    return [(words, len(rows), float(np.median(n.totals[rows]))) for words, rows in groups]


def _people(n: Numbers) -> list[dict]:
    points = [n.points(columns) for columns in n.notebooks().values()]
    waits = (n.outcome == WAITS).sum(axis=1)
    return [
        {
            "person": person,
            "total": n.totals[row],
            "points": [column[row] for column in points],
            "waits": int(waits[row]) if person.handed_in else 0,
            "known": n.cards.known[person.id],
        }
        for row, person in enumerate(n.book.people)
    ]
