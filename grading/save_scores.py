"""Write the scores of an autograded notebook into the gradebook, and a report beside it.

:class:`SaveScores` takes the place of nbgrader's SaveAutoGrades step. nbgrader gives full points
to a graded cell without output and zero to a missing one; here a cell that has no result has no
score, and is marked for a person with the reason.
"""

from __future__ import annotations

from pathlib import Path

from nbformat import NotebookNode
from nbgrader.preprocessors import SaveAutoGrades

from grading.execute import RESULTS
from grading.marks import earlier_release, put_notice, repairs
from grading.reports import score_card, write_report
from grading.scores import exercise_of


class SaveScores(SaveAutoGrades):
    """Save scores, marks for review and comments of one notebook."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Save what the notebook earned. Returns a tuple of: the notebook, the resources."""
        self._results, self._reason = resources[RESULTS]
        put_notice(nb)
        nb, resources = super().preprocess(nb, resources)
        names = resources["nbgrader"]
        card = score_card(names["assignment"], names["notebook"], self._results, self._reason)
        root = Path(self.parent.parent.coursedir.root)
        card |= {"repairs": repairs(nb), "release": earlier_release(nb)}
        write_report(root, names["student"], card)
        return nb, resources

    def _add_score(self, cell: NotebookNode, resources: dict) -> None:
        name = exercise_of(cell)
        if name is None and self._reason is None:
            super()._add_score(cell, resources)
            return
        grade = self.gradebook.find_grade(
            cell.metadata.nbgrader["grade_id"],
            self.notebook_id,
            self.assignment_id,
            self.student_id,
        )
        # An answer in words, in a notebook that a person must look at, has no score either.
        grade.auto_score = self._results[name]["score"] if name else None
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
