"""``nbgrader export`` with one more column: whether a person still has to look at a submission."""

from __future__ import annotations

import csv
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.plugins import CsvExportPlugin


class ExportWithReview(CsvExportPlugin):
    """nbgrader's table of grades, plus ``needs_review`` (1 where a score is not final)."""

    def export(self, gradebook: Gradebook) -> None:
        """Write the table to ``--to`` (grades.csv by default)."""
        super().export(gradebook)
        path = Path(self.to or "grades.csv")
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
            columns = [*(rows[0] if rows else []), "needs_review"]
        if not rows:
            return
        for row in rows:
            row["needs_review"] = int(_needs_review(gradebook, row))
        with path.open("w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, columns, lineterminator="\n")
            table.writeheader()
            table.writerows(rows)


def _needs_review(gradebook: Gradebook, row: dict) -> bool:
    try:
        submission = gradebook.find_submission(row["assignment"], row["student_id"])
    except MissingEntry:  # nothing was handed in: the zero is meant
        return False
    return bool(submission.needs_manual_grade)
