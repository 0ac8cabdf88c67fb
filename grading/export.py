"""``nbgrader export`` with one more column: whether a person still has to look at a submission.

The rows are those of ``python -m grading export`` (grading/exports). nbgrader's own plugin puts
names into the file as they are, and one with a comma, a line break or a formula breaks it.
"""

from __future__ import annotations

from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.plugins import CsvExportPlugin

from grading import files
from grading.exports.command import table
from grading.exports.rows import rows_of


class ExportWithReview(CsvExportPlugin):
    """nbgrader's table of grades, plus ``needs_review`` (1 where a score is not final)."""

    def export(self, gradebook: Gradebook) -> None:
        """Write the table to ``--to`` (grades.csv by default)."""
        wanted, students = set(map(str, self.assignment)), set(map(str, self.student))
        rows = [
            row
            for assignment in gradebook.assignments
            if not wanted or assignment.name in wanted
            for row in rows_of(gradebook, assignment, students)
        ]
        self.log.info("Exporting grades to %s", self.to or "grades.csv")
        files.write_all({Path(self.to or "grades.csv"): table(rows, bom=False)})
