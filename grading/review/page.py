"""The page on which a person grades a submitted notebook.

It is nbgrader's own, shortened and told more: the course's text is folded away, the total stands at
the top, and beside a question stands what an answer should say. It works without a network
(formulas then stay as they were typed), and nothing that a submission brought can run in it:
outputs and text are made harmless, everything else is escaped, and the page's policy lets no script
run that is not its own.
"""

from __future__ import annotations

import copy
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbconvert.exporters import HTMLExporter
from nbconvert.filters import Highlight2HTML
from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.server_extensions.formgrader import handlers
from traitlets.config import Config

from grading import harmless, marks, scores

TEMPLATES = Path(__file__).parent / "templates"
_ANSWER = re.compile(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", re.DOTALL)


class ReviewPage(HTMLExporter):
    """Writes the page.

    Inputs:
    - course: nbgrader's CourseDirectory, where the course's sources are
    - config: the formgrader's configuration, which names nbgrader's own template
    """

    def __init__(self, course, config: Config):
        self.course = course
        mine = Config()
        mine.ReviewPage.template_name = "cs231n_review"
        mine.ReviewPage.extra_template_basedirs = [str(TEMPLATES), handlers.template_path]
        mine.ReviewPage.extra_template_paths = [handlers.template_path]  # "formgrade/index.html.j2"
        whole = copy.deepcopy(config)
        whole.merge(mine)
        super().__init__(config=whole)

    def default_filters(self) -> Iterator[tuple]:
        """The filters of nbconvert's templates; text cells are made harmless too."""
        yield from super().default_filters()
        yield "markdown2html", harmless.markdown2html
        yield "highlight_code", Highlight2HTML(pygments_lexer="python", parent=self)

    def from_notebook_node(self, nb: NotebookNode, resources: dict | None = None, **kwargs):
        """Convert a notebook. Returns a tuple of: the page, the resources."""
        names = resources["assignment_id"], resources["notebook_id"], resources["student"]
        nb = prepare(harmless.notebook(nb), self._expected(*names[:2]))
        resources |= {"nonce": secrets.token_urlsafe(16), "handed_in": self._handed_in(*names)}
        resources["stand_in"] = marks.is_stand_in(nb)
        resources = self._init_resources(resources)
        # Not HTMLExporter's own, which reads the finished page again to complete descriptions of
        # pictures: that takes longer than all the rest.
        page, resources = super(HTMLExporter, self).from_notebook_node(nb, resources, **kwargs)
        return harmless.readable(page), resources

    def _expected(self, assignment: str, notebook: str) -> dict[str, str]:
        """Question -> what an answer should say, from the instructor's notebook."""
        course = self.course
        folder = Path(course.format_path(course.source_directory, ".", assignment))
        try:
            source = nbformat.read(folder / f"{notebook}.ipynb", as_version=4)
        except (OSError, ValueError):  # graded elsewhere, or built for another course by now
            return {}
        return {
            cell.metadata.nbgrader["grade_id"]: found[1].strip()
            for cell in source.cells
            if cell.cell_type == "markdown" and utils.is_grade(cell)
            if (found := _ANSWER.search(cell.source))
        }

    def _handed_in(self, assignment: str, notebook: str, student: str) -> str:
        """Where the student's own files are, as a path in the course's folder."""
        course = self.course
        folder = Path(course.format_path(course.submitted_directory, student, assignment))
        root = Path(course.root)
        return str(folder.relative_to(root) if folder.is_relative_to(root) else folder)


def prepare(nb: NotebookNode, expected: dict[str, str]) -> NotebookNode:
    """The notebook with notes for the template under the metadata key `review`.

    fold: how many of the course's own cells begin here; unfold: the last of them; answer: what an
    answer should say
    """
    cells, start = nb.cells, None
    stand_in = marks.is_stand_in(nb)
    folded = [_is_courses(cell, stand_in) for cell in cells] + [False]
    for index, cell in enumerate(cells):
        notes = cell.metadata["review"] = NotebookNode()
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if utils.is_solution(cell) and name in expected:
            notes.answer = expected[name]
        if cell.cell_type == "code" and utils.is_grade(cell):
            cell.source = scores.without_hidden_part(cell.source)
        if not folded[index]:
            start = None
            continue
        start = index if start is None else start
        cells[start].metadata.review.fold = index - start + 1
        notes.unfold = not folded[index + 1]
    return nb


def _is_courses(cell: NotebookNode, stand_in: bool) -> bool:
    """True for a cell of the course's text: nothing to grade, nothing of the student's."""
    if cell.get("id") == marks.NOTICE_ID or utils.is_grade(cell):
        return False
    return stand_in or marks.is_as_released(cell)
