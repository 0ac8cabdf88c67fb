"""Stand-ins for the grader, where a test is about what is around it.

A submission's file `do.txt` says what happens to the process that grades it. Scores depend on
nothing but the submission's notebooks.
"""

from __future__ import annotations

import json
import os
import signal
import time
import zlib
from pathlib import Path

from grading.engine.tasks import Assignment, Graded, Submission
from grading.errors import GradingError

SECONDS = 60  # after which something that never comes is given up


def grade(assignment: Assignment, submission: Submission) -> Graded:
    """Give each exercise a made-up part of its points."""
    what, *place = submission.files.get("do.txt", b"nothing").decode().split()
    _do(what, *place)
    notebooks, cards = {}, {}
    for name, data in assignment.instructor.items():
        if not submission.asks_for(name):
            continue
        handed_in = submission.files.get(f"{name}.ipynb")
        reason = None if handed_in is not None else "it was not handed in"
        if what == "say":
            reason = "half a \ud800 and nothing\0 \x1b[2J"
        notebooks[name] = data
        cards[name] = card(assignment.name, name, json.loads(data), handed_in, reason)
    hashes = submission.hash, assignment.checks_hash
    return Graded(submission.student, assignment.name, notebooks, cards, *hashes)


def card(assignment: str, name: str, notebook: dict, handed_in: bytes | None, reason) -> dict:
    exercises = {}
    for cell in notebook["cells"]:
        about, source = cell["metadata"].get("nbgrader", {}), "".join(cell["source"])
        if about.get("grade") and 'grade_cell("' in source:
            exercise = source.split('grade_cell("')[1].split('"')[0]
            tenths = zlib.crc32((handed_in or b"") + exercise.encode()) % 11
            exercises[exercise] = {
                "score": 0.0 if reason else round(about["points"] * tenths / 10, 2),
                "max_score": float(about["points"]),
                "graded": reason is None,
                "checks": [],
                "mistakes": [],
            }
    return {
        "assignment": assignment,
        "notebook": name,
        "exercises": exercises,
        "score": round(sum(e["score"] for e in exercises.values()), 2),
        "max_score": sum(e["max_score"] for e in exercises.values()),
        "needs_review": reason,
        "repairs": [],
    }


def _do(what: str, place: str = "") -> None:
    if what == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == "die-once" and not Path(place).exists():
        Path(place).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == "raise":
        raise ValueError("this submission is too strange")
    elif what == "stop":
        raise GradingError("There is no sandbox on this machine.")
    elif what == "wait":  # until the test says go on
        Path(place, str(os.getpid())).touch()
        deadline = time.monotonic() + SECONDS
        while not Path(place, "go").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
    elif what == "eat":
        bytearray(int(place) * 2**20)


def wrong_student(assignment: Assignment, submission: Submission) -> Graded:
    """A result that is about somebody else."""
    return grade(assignment, Submission("somebody", submission.files))
