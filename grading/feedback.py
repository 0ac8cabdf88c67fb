"""Feedback pages that show what concerns the student and no more.

Used by ``nbgrader generate_feedback``: the course's own text, hidden tests and repeated scores are
left out, graded cells are called by their names, and a notebook that waits for a person says only
that.
"""

from __future__ import annotations

import re

from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import List

from grading import marks, scores

_STYLE = """<style>
.cs231n-check { margin: 0.8em 0 1.2em; }
.cs231n-check table { border-collapse: collapse; }
.cs231n-check th, .cs231n-check td { padding: 2px 1.2em 2px 0.4em; }
.cs231n-check th { border-bottom: 1px solid #ccc; }
</style>
</head>"""
_LINK = re.compile(r'<a href="#([^"]+)">Test cell</a>')


class TidyFeedback(NbGraderPreprocessor):
    """Leave out of an autograded notebook what its feedback page need not show."""

    display_data_priority = List(help="accepted, not used: pages set it for all").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Shorten the notebook. Returns a tuple of: the notebook, the resources."""
        if marks.is_stand_in(nb):  # nothing in it is the student's
            nb.cells = [cell for cell in nb.cells if cell.get("id") == marks.NOTICE_ID]
            return nb, resources
        nb.cells = [cell for cell in nb.cells if not marks.is_as_released(cell) or _failed(cell)]
        for cell in nb.cells:
            if scores.exercise_of(cell):  # its score stands in the heading
                cell.outputs = [o for o in cell.outputs if o.output_type != "execute_result"]
            if cell.cell_type == "code" and utils.is_grade(cell):
                cell.source = scores.without_hidden_part(cell.source)
        return nb, resources


class FeedbackPage(HTMLExporter):
    """nbgrader's page, with the graded cells' names in its list of contents, and room in tables."""

    def from_notebook_node(self, nb: NotebookNode, resources: dict | None = None, **kwargs):
        """Convert a notebook. Returns a tuple of: the page, the resources."""
        page, resources = super().from_notebook_node(nb, resources, **kwargs)
        page = _LINK.sub(r'<a href="#\1">\1</a>', page)
        return page.replace("</head>", _STYLE, 1), resources


def _failed(cell: NotebookNode) -> bool:
    return any(output.output_type == "error" for output in cell.get("outputs", []))
