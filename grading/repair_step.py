"""The repair as a step of a stock ``nbgrader autograde``.

This course's own configuration repairs submissions as it reads them (`grading/submissions.py`).
For a course with another configuration: put this step in front.

    c.Autograde.sanitize_preprocessors.insert(0, "grading.repair_step.RepairNotebook")
"""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

from grading import marks
from grading.repair import repair
from grading.submissions import stand_in


class RepairNotebook(NbGraderPreprocessor):
    """Repair a submission against the course's released notebook, and say so in it."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Repair a notebook. Returns a tuple of: the notebook, the resources.

        What was done is logged, kept in the notebook's metadata (cs231n, repairs) and shown in a
        text cell at the top. What is no version of the released notebook is replaced by it and
        marked for a person.
        """
        released = nbformat.read(self._released(resources["nbgrader"]), as_version=4)
        repaired, notes, reason = repair(nb, released)
        marks.clear_marks(repaired)
        if reason:
            self.log.warning("A person must look at this notebook: %s", reason)
            repaired = stand_in(released, reason)
        for note in notes:
            self.log.warning("Repaired: %s", note)
        if notes:
            repaired.metadata[marks.KEY] = {"repairs": notes}
        marks.put_notice(repaired)
        return repaired, resources

    def _released(self, names: dict) -> Path:
        course = self.parent.parent.coursedir  # the exporter's converter knows the folders
        folder = course.format_path(course.release_directory, ".", names["assignment"])
        return Path(folder) / f"{names['notebook']}.ipynb"
