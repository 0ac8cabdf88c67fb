"""Feedback pages that show what concerns the student and no more, and run nothing of theirs.

Used by ``nbgrader generate_feedback``: the course's own text, hidden tests and repeated scores are
left out, graded cells are called by their names, and a notebook that waits for a person says only
that. Text, tables and pictures are shown; what else a submission brought is left out (harmless.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import List

from grading import harmless, marks, scores

_STYLE = """<style>
.cs231n-check { margin: 0.8em 0 1.2em; }
.cs231n-check table { border-collapse: collapse; }
.cs231n-check th, .cs231n-check td { padding: 2px 1.2em 2px 0.4em; }
.cs231n-check th { border-bottom: 1px solid #ccc; }
</style>
</head>"""
# MathJax alone may run; it needs `eval` and styles. See mathjax.html.j2 of nbconvert.
_MATHJAX = "https://cdnjs.cloudflare.com/ajax/libs/mathjax/"
_POLICY = (
    '<meta http-equiv="Content-Security-Policy" content="'
    f"default-src 'none'; script-src {_MATHJAX} 'unsafe-eval'; font-src {_MATHJAX}; "
    "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\"/>"
)
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
    """nbgrader's page, with the graded cells' names in its list of contents, and room in tables.

    Nothing that a submission brought can run in it, and a browser that knows content security
    policies would not let it.
    """

    def default_filters(self) -> Iterator[tuple]:
        """The filters of nbconvert's templates: text cells and comments are made harmless too."""
        yield from super().default_filters()
        yield "markdown2html", harmless.markdown2html

    def from_notebook_node(self, nb: NotebookNode, resources: dict | None = None, **kwargs):
        """Convert a notebook. Returns a tuple of: the page, the resources."""
        page, resources = super().from_notebook_node(harmless.notebook(nb), resources, **kwargs)
        page = harmless.readable(_LINK.sub(r'<a href="#\1">\1</a>', page))
        page = page.replace("<head>", f"<head>{_POLICY}", 1)
        return page.replace("</head>", _STYLE, 1), resources


def _failed(cell: NotebookNode) -> bool:
    return any(output.output_type == "error" for output in cell.get("outputs", []))
