"""Score cards and reports as plain data: what ``grading check`` and a course's reports/ hold."""

from __future__ import annotations

import json
import os
from pathlib import Path

from grading import files
from grading.engine.tasks import hash_of

NAME_BYTES = 255


def score_card(assignment: str, notebook: str, results: dict, reason: str | None) -> dict:
    """The score card of one notebook as plain data (what ``python -m grading check`` writes)."""
    exercises = {
        name: {
            "score": r["score"] or 0.0,
            "max_score": r["max_score"],
            "graded": r["score"] is not None,
            "checks": r["checks"],
            "mistakes": r.get("mistakes", []),
        }
        for name, r in results.items()
    }
    return {
        "assignment": assignment,
        "notebook": notebook,
        "exercises": exercises,
        "score": round(sum(e["score"] for e in exercises.values()), 2),
        "max_score": sum(e["max_score"] for e in exercises.values()),
        "needs_review": reason,
    }


def failed_together(checks: list[dict]) -> dict[str, list[dict]]:
    """Why checks failed -> those that failed for that reason."""
    reasons: dict[str, list[dict]] = {}
    for check in checks:
        if not check["passed"]:
            reasons.setdefault(check["message"], []).append(check)
    return reasons


def report_path(root: Path, assignment: str, student: str) -> Path:
    """Where the report of a student's submission is kept in a course folder."""
    return root / "reports" / assignment / file_name(student, ".json")


def file_name(student: str, ending: str) -> str:
    """A file's name with a student's id, which may be as long as a folder's name can be."""
    if len(os.fsencode(student + ending)) <= NAME_BYTES:
        return student + ending
    start = os.fsencode(student)[:200].decode("utf-8", "ignore")
    return f"{start}-{hash_of([student])[:16]}{ending}"


def read_report(root: Path, assignment: str, student: str) -> dict:
    """A student's report: {"assignment", "student", "notebooks": {name: score card}}."""
    try:
        report = json.loads(report_path(root, assignment, student).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        report = {}
    return {"assignment": assignment, "student": student, "notebooks": {}} | report


def write_report(root: Path, student: str, card: dict) -> None:
    """Put one notebook's score card into the student's report.

    What the report said of where it came from (hashes) is no longer true of all of it, and goes;
    the other cards keep the submission that they were made from.
    """
    report = read_report(root, card["assignment"], student)
    if "submission_hash" in report:
        for other in report["notebooks"].values():
            other.setdefault("submission_hash", report["submission_hash"])
    report = {key: report[key] for key in ("assignment", "student", "notebooks")}
    report["notebooks"][card["notebook"]] = card
    report["notebooks"] = dict(sorted(report["notebooks"].items()))
    files.write_all({report_path(root, card["assignment"], student): to_json(report)})


def graded_from(report: dict, notebook: str) -> str | None:
    """The hash of the submission that a notebook's score card was made from; None: not known."""
    card = report["notebooks"].get(notebook)
    return card and card.get("submission_hash", report.get("submission_hash"))


def to_json(data: object) -> bytes:
    """JSON as the kit writes it: indented, readable in any language, ends in a newline."""
    return (json.dumps(data, indent=2, ensure_ascii=False) + "\n").encode()
