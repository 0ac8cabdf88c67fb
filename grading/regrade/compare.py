"""Whose score a regrade changes, in which exercise, and why; as text for an instructor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from grading.coordinator.tally import shown

LEAST = 0.005  # points that are no rounding error


@dataclass
class Difference:
    """What becomes of one student.

    old, new: points with those that people gave, lateness taken off; old is None for who is new
    exercises: (notebook, exercise, old points or None, new points or None, reasons); the exercise
    is "" for all of a notebook
    kept: what people gave by hand and keeps; late: (old, new) points that lateness costs
    """

    student: str
    old: float | None
    new: float
    exercises: list[tuple[str, str, float | None, float | None, list[str]]]
    kept: list[str] = field(default_factory=list)
    late: tuple[float, float] = (0.0, 0.0)

    @property
    def direction(self) -> str:
        """new, up, down or same"""
        if self.old is None:
            return "new"
        change = self.new - self.old
        return "same" if abs(change) < LEAST else "up" if change > 0 else "down"

    @property
    def is_any(self) -> bool:
        """Whether writing would change a score, or something that a person is to look at."""
        return self.direction != "same" or bool(self.exercises)


def difference(student: str, old: Mapping, new: Mapping, before: Mapping, after: Mapping):
    """Compare two gradings of a student.

    Inputs:
    - old, new: notebook -> score card
    - before, after: notebook -> (points, penalty, points by hand), see Recorder.rehearse
    """
    exercises = []
    for name, card in new.items():
        exercises += _exercises(name, old.get(name), card)
    late = tuple(sum(penalty for _, penalty, _ in marks.values()) for marks in (before, after))
    kept = [
        f"{name} {cell.removesuffix('-check')} keeps {points:g}, given by hand"
        for name, (_, _, given) in after.items()
        for cell, points in given.items()
    ]
    first = _total(before) if old else None
    return Difference(student, first, _total(after), exercises, kept, late)


def _total(marks: Mapping) -> float:
    return sum(max(0.0, points - penalty) for points, penalty, _ in marks.values())


def _exercises(notebook: str, old: dict | None, new: dict) -> Iterable[tuple]:
    before, review = (old["exercises"], old["needs_review"]) if old else ({}, None)
    points = [_sum(exercises) for exercises in (before, new["exercises"])]
    if old and review != new["needs_review"] and None in points:
        yield notebook, "", *points, [_looking(new["needs_review"])]  # one line says all
        return
    for name in sorted(before.keys() | new["exercises"].keys()):
        first, then = _points(before.get(name)), _points(new["exercises"].get(name))
        if first == then and review == new["needs_review"]:
            continue
        if first == then and not (old and name == min(new["exercises"], default=None)):
            continue  # once a notebook is enough to say that a person must look
        yield notebook, name, first, then, list(_reasons(before, new, name, review))


def _looking(reason: str | None) -> str:
    return f"a person must look: {reason}" if reason else "no person needs to look any more"


def _sum(exercises: Mapping) -> float | None:
    """The points of a notebook; None where nothing in it could be graded."""
    points = [p for p in map(_points, exercises.values()) if p is not None]
    return round(sum(points), 2) if points else None


def _points(exercise: dict | None) -> float | None:
    return exercise["score"] if exercise and exercise["graded"] else None


def _reasons(before: Mapping, new: dict, name: str, review: str | None) -> Iterable[str]:
    """Why an exercise has other points."""
    old, now = (_checks(exercises.get(name)) for exercises in (before, new["exercises"]))
    if review != new["needs_review"]:
        yield _looking(new["needs_review"])
    if name not in before:
        return
    for check, result in now.items():
        was = old.get(check)
        if was is None:
            word = "passes" if result["passed"] else f"fails: {result['message']}"
            yield f"a new check, {check}, {word}"
        elif was["passed"] != result["passed"]:
            yield (
                f"{check} passes now"
                if result["passed"]
                else (f"{check} fails now: {result['message']}")
            )
        elif was["weight"] != result["weight"]:
            yield f"{check} weighs {result['weight']:g} instead of {was['weight']:g}"
    yield from (f"the check {check} is gone" for check in old if check not in now)
    points = [e[name]["max_score"] for e in (before, new["exercises"]) if name in e]
    if len(set(points)) > 1:
        yield f"it brings {points[1]:g} points instead of {points[0]:g}"


def _checks(exercise: dict | None) -> dict:
    return {check["name"]: check for check in exercise["checks"]} if exercise else {}


def as_text(differences: Iterable[Difference]) -> str:
    """The table: a student's points, and beneath them each exercise with its reasons."""
    differences = list(differences)
    some = [d for d in differences if d.is_any]
    lines = []
    for d in some:
        late = ""
        if any(d.late):
            late = (
                f", late penalty {d.late[0]:g} -> {d.late[1]:g}"
                if d.late[0] != d.late[1]
                else (f", late penalty {d.late[0]:g}")
            )
        old = "-" if d.old is None else f"{d.old:g}"
        lines.append(f"{shown(d.student)}  {old} -> {d.new:g}{late}")
        for notebook, name, first, then, reasons in d.exercises:
            what = f"{notebook} {name}".rstrip()
            lines.append(f"    {what}  {_or_none(first)} -> {_or_none(then)}")
            lines += [f"        {shown(reason)}" for reason in reasons]
        lines += [f"    {shown(kept)}" for kept in d.kept]
    numbers = {w: sum(d.direction == w for d in differences) for w in ("up", "down", "same", "new")}
    sums = [f"{numbers['up']} up", f"{numbers['down']} down", f"{numbers['same']} same"]
    sums += [f"{numbers['new']} graded for the first time"] * bool(numbers["new"])
    return "\n".join([*lines, *[""] * bool(lines), f"Scores: {', '.join(sums)}."])


def _or_none(points: float | None) -> str:
    return "-" if points is None else f"{points:g}"
