"""Write the scores of an autograded notebook into the gradebook, and a report beside it.

:class:`SaveScores` takes the place of nbgrader's SaveAutoGrades step. nbgrader gives full points
to a graded cell without output and zero to a missing one; here a cell that has no result has no
score, and is marked for a person with the reason.
"""

from __future__ import annotations

from pathlib import Path

from nbformat import NotebookNode
from nbgrader.preprocessors import SaveAutoGrades

from grading.execute import RESULTS, SUBMISSION
from grading.marks import WAITS, earlier_release, put_notice, repairs
from grading.reports import graded_from, read_report, score_card, write_report
from grading.scores import exercise_of


class SaveScores(SaveAutoGrades):
    """Save scores, marks for review and comments of one notebook."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Save what the notebook earned. Returns a tuple of: the notebook, the resources."""
        self._results, self._reason = resources[RESULTS]
        put_notice(nb)
        names, submission = resources["nbgrader"], resources[SUBMISSION]
        root = Path(self.parent.parent.coursedir.root)
        before = read_report(root, names["assignment"], names["student"])
        self._unchanged = graded_from(before, names["notebook"]) == submission
        nb, resources = super().preprocess(nb, resources)
        card = score_card(names["assignment"], names["notebook"], self._results, self._reason)
        card |= {"repairs": repairs(nb), "release": earlier_release(nb)}
        card |= {"submission_hash": submission}
        write_report(root, names["student"], card)
        return nb, resources

    def _add_score(self, cell: NotebookNode, resources: dict) -> None:
        grade = self.gradebook.find_grade(
            cell.metadata.nbgrader["grade_id"],
            self.notebook_id,
            self.assignment_id,
            self.student_id,
        )
        before = grade.auto_score, grade.needs_manual_grade
        name = exercise_of(cell)
        if name is None and self._reason is None:
            super()._add_score(cell, resources)
        else:
            # An answer in words, in a notebook that a person must look at, has no score either.
            grade.auto_score = self._results[name]["score"] if name else None
            grade.needs_manual_grade = self._reason is not None
        if grade.manual_score is not None:
            # A person's score holds as long as what it was given for: see record.py.
            holds = self._unchanged and grade.auto_score == before[0]
            grade.needs_manual_grade = before[1] if holds else True
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
        comment.auto_comment = f"{WAITS}: {self._reason}."
        self.gradebook.db.commit()
