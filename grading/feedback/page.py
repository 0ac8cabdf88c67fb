"""Feedback pages that show what concerns the student and no more, and run nothing of theirs.

Used by ``nbgrader generate_feedback``: the score card (card.py) stands on top; the course's own
text, hidden tests and repeated scores are left out, and a notebook that waits for a person says
only that. Text, tables and pictures are shown; what else a submission brought is left out
(harmless.py).
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.converters import GenerateFeedback
from nbgrader.preprocessors import NbGraderPreprocessor
from pygments.formatters import HtmlFormatter
from traitlets import List
from traitlets.config import Config

from cs231n import language as package
from cs231n.language import translate
from grading import harmless, marks, scores
from grading.translation import GRADER
from grading.unfinished import make_anew

package.add(GRADER)

# MathJax alone may run; it needs `eval` and styles. See mathjax.html.j2 of nbconvert.
_MATHJAX = "https://cdnjs.cloudflare.com/ajax/libs/mathjax/"
_POLICY = (
    '<meta http-equiv="Content-Security-Policy" content="'
    f"default-src 'none'; script-src {_MATHJAX} 'unsafe-eval'; font-src {_MATHJAX}; "
    "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\"/>"
)
_TEMPLATES, _NAME = Path(__file__).parent / "template", "cs231n_feedback"


class TidyFeedback(NbGraderPreprocessor):
    """Leave out of an autograded notebook what its feedback page need not show."""

    display_data_priority = List(help="accepted, not used: pages set it for all").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Shorten the notebook. Returns a tuple of: the notebook, the resources."""
        if marks.is_stand_in(nb):  # nothing in it is the student's
            nb.cells = []
            return nb, resources
        nb.cells = [
            cell
            for cell in nb.cells
            if cell.get("id") != marks.NOTICE_ID  # the card says it
            and (not marks.is_as_released(cell) or _failed(cell))
        ]
        for cell in nb.cells:
            if scores.exercise_of(cell):  # its score stands in the heading
                cell.outputs = [o for o in cell.outputs if o.output_type != "execute_result"]
            if cell.cell_type == "code" and utils.is_grade(cell):
                cell.source = scores.without_hidden_part(cell.source)
        return nb, resources


class FeedbackPage(HTMLExporter):
    """The page, by the template beside this file. It needs no network but for formulas.

    Nothing that a submission brought can run in it, and a browser that knows content security
    policies would not let it.
    """

    def __init__(self, config: Config | None = None, **options):
        # nbgrader's settings name its own template, for every exporter of HTML.
        own = Config(copy.deepcopy(config or {}))
        own.FeedbackPage.template_name = _NAME
        own.FeedbackPage.extra_template_basedirs = [str(_TEMPLATES)]
        super().__init__(config=own, **options)
        if isinstance(self.parent, GenerateFeedback):
            make_anew(self.parent)

    def default_filters(self) -> Iterator[tuple]:
        """The filters of nbconvert's templates: text cells and comments are made harmless too."""
        yield from super().default_filters()
        yield "markdown2html", harmless.markdown2html

    def from_notebook_node(self, nb: NotebookNode, resources: dict | None = None, **kwargs):
        """Convert a notebook. Returns a tuple of: the page, the resources."""
        resources = (resources or {}) | {"cs231n_style": _style(), **_in_language(nb)}
        page, resources = super().from_notebook_node(harmless.notebook(nb), resources, **kwargs)
        return harmless.readable(page.replace("<head>", f"<head>{_POLICY}", 1)), resources


def _in_language(nb: NotebookNode) -> dict:
    """For the template: the student's language, and `say`, which puts a sentence into it."""
    language = marks.language(nb)

    def say(sentence: str, **values: object) -> str:
        return translate(sentence.format(**values) if values else sentence, language)

    return {
        "cs231n_language": language,
        "cs231n_say": say,
        "cs231n_all": lambda some: [*map(say, some)],
    }


@cache
def _style() -> str:
    """The page's style sheet, with colours for code on a light and on a dark page."""
    light, dark = (
        HtmlFormatter(style=style, nobackground=True).get_style_defs(".highlight")
        for style in ("default", "github-dark")
    )
    own = (_TEMPLATES / _NAME / "page.css").read_text(encoding="utf-8")
    return f"{light}\n@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}\n{own}"


def _failed(cell: NotebookNode) -> bool:
    return any(output.output_type == "error" for output in cell.get("outputs", []))
