"""Write the scores of an autograded notebook into the gradebook, and a report beside it.

:class:`SaveScores` takes the place of nbgrader's SaveAutoGrades step. nbgrader gives full points
to a graded cell without output and zero to a missing one; here a cell that has no result has no
score, and is marked for a person with the reason.
"""

from __future__ import annotations

import json
from pathlib import Path

from nbformat import NotebookNode
from nbgrader.preprocessors import SaveAutoGrades

from grading import files
from grading.marks import put_notice, repairs
from grading.scores import exercise_of, read_notebook


class SaveScores(SaveAutoGrades):
    """Save scores, marks for review and comments of one notebook."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Save what the notebook earned. Returns a tuple of: the notebook, the resources."""
        self._results, self._reason = read_notebook(nb)
        put_notice(nb)
        nb, resources = super().preprocess(nb, resources)
        names = resources["nbgrader"]
        card = score_card(names["assignment"], names["notebook"], self._results, self._reason)
        root = Path(self.parent.parent.coursedir.root)
        write_report(root, names["student"], card | {"repairs": repairs(nb)})
        return nb, resources

    def _add_score(self, cell: NotebookNode, resources: dict) -> None:
        name = exercise_of(cell)
        if name is None:
            super()._add_score(cell, resources)
            return
        grade = self.gradebook.find_grade(
            cell.metadata.nbgrader["grade_id"],
            self.notebook_id,
            self.assignment_id,
            self.student_id,
        )
        grade.auto_score = self._results[name]["score"]
        # A person's score is looked at again when the machine's may have changed.
        grade.needs_manual_grade = self._reason is not None or grade.manual_score is not None
        self.gradebook.db.commit()

    def _add_comment(self, cell: NotebookNode, resources: dict) -> None:
        super()._add_comment(cell, resources)
        if self._reason is None:
            return
        comment = self.gradebook.find_comment(
            cell.metadata.nbgrader["grade_id"],
            self.notebook_id,
            self.assignment_id,
            self.student_id,
        )
        comment.auto_comment = f"A person will look at this notebook: {self._reason}."
        self.gradebook.db.commit()


def score_card(assignment: str, notebook: str, results: dict, reason: str | None) -> dict:
    """The score card of one notebook as plain data (what ``python -m grading check`` writes)."""
    exercises = {
        name: {"score": r["score"] or 0.0, "max_score": r["max_score"], "checks": r["checks"]}
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


def report_path(root: Path, assignment: str, student: str) -> Path:
    """Where the report of a student's submission is kept in a course folder."""
    return root / "reports" / assignment / f"{student}.json"


def read_report(root: Path, assignment: str, student: str) -> dict:
    """A student's report: {"assignment", "student", "notebooks": {name: score card}}."""
    try:
        report = json.loads(report_path(root, assignment, student).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        report = {}
    return {"assignment": assignment, "student": student, "notebooks": {}} | report


def write_report(root: Path, student: str, card: dict) -> None:
    """Put one notebook's score card into the student's report."""
    report = read_report(root, card["assignment"], student)
    report["notebooks"][card["notebook"]] = card
    report["notebooks"] = dict(sorted(report["notebooks"].items()))
    files.write_all({report_path(root, card["assignment"], student): to_json(report)})


def to_json(data: object) -> bytes:
    """JSON as the kit writes it: indented, readable in any language, ends in a newline."""
    return (json.dumps(data, indent=2, ensure_ascii=False) + "\n").encode()
