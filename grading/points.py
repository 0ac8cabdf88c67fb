"""A course's own points: what course.toml says takes the place of what the sources say.

An exercise is named as in the sources (``exercise="…"``), a question by its cell
(``question-shift``, or ``5_im2col/question`` where several notebooks have one of that id). What is
left out stays in the notebook to practise, with its visible check, and is not graded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from nbformat import NotebookNode

from grading.errors import GradingError
from grading.settings import Settings

PRACTICE = "# To practise: this exercise is not graded in this course."


def graded(cells: Sequence) -> dict[str, float]:
    """Name -> points of the exercises and questions in a notebook's source."""
    named = [(name, cell.options.get(key, 0)) for cell in cells for name, key in [_graded(cell)]]
    return {name: points for name, points in named if name}


def _graded(cell) -> tuple[str | None, str]:
    if "exercise" in cell.options:
        return cell.options["exercise"], "points"
    return (cell.options["id"] if "question" in cell.options else None), "question"


def take_course_points(cells: Sequence, notebook: str, settings: Settings) -> str:
    """Let the cells of a notebook's source have the course's points; they are changed in place.

    Returns a sentence for the notebook's readers, empty where nothing is different.
    """
    changed, left_out = {}, []
    for cell in cells:
        name, key = _graded(cell)
        names = {name, f"{notebook}/{name}"} if name else set()
        if names & set(settings.leave_out):
            left_out.append(name)
            cell.options.pop(key, None)
            cell.options.pop("exercise", None)
            cell.options["practice"] = True
            continue
        for given in names & settings.points.keys():
            if cell.options.get(key) != settings.points[given]:
                changed[name] = cell.options[key] = settings.points[given]
    if not changed and not left_out:
        return ""
    parts = [", ".join(f"`{name}` {value:g}" for name, value in changed.items())]
    parts += ["not graded: " + ", ".join(f"`{name}`" for name in left_out)] if left_out else []
    total = sum(graded(cells).values())
    said = "; ".join(filter(None, parts))
    return f"**Points in this course** (where the text says otherwise): {said}. Together {total:g}."


def check_names(settings: Settings, known: Mapping[str, Iterable[str]]) -> None:
    """An error where the settings name an exercise that no notebook has.

    known: notebook's name -> the names of what is graded in it
    """
    places: dict[str, list[str]] = {}
    for notebook, names in known.items():
        for name in names:
            places.setdefault(name, []).append(f"{notebook}/{name}")
            places[f"{notebook}/{name}"] = [f"{notebook}/{name}"]
    for name in [*settings.leave_out, *settings.points]:
        if name not in places:
            close = get_close_matches(name, places, n=3, cutoff=0.5)
            meant = f" Was {' or '.join(close)} meant?" if close else ""
            raise GradingError(
                f"course.toml gives points to, or leaves out, {name!r}, and no notebook has an "
                f"exercise or question of that name.{meant} All are listed in grading/source."
            )
        if len(places[name]) > 1:
            raise GradingError(
                f"course.toml names {name!r}, which several notebooks have. Write one of "
                f"{', '.join(places[name])} (in quotation marks)."
            )
    both = set(settings.leave_out) & settings.points.keys()
    if both:
        raise GradingError(f"course.toml gives points to what it leaves out: {', '.join(both)}.")


def totals(built: Mapping[str, Mapping[str, NotebookNode]]) -> str:
    """A line an assignment: its points, and those of its notebooks."""
    lines = []
    for assignment, notebooks in built.items():
        points = {
            name: sum(cell.metadata.get("nbgrader", {}).get("points", 0) for cell in notebook.cells)
            for name, notebook in notebooks.items()
        }
        each = " · ".join(f"{name} {value:g}" for name, value in points.items())
        lines.append(f"{assignment}: {sum(points.values()):g} points ({each})")
    return "\n".join(lines)
