"""What nbgrader's formgrader leaves open, put right inside the server that runs it.

nbgrader has no setting for any of this, so its handlers are changed where they stand, from
nbgrader_config.py:

- a submission's page is grading/review/page.py's;
- its other pages are made without escaping: an address with a script in it, to which a link
  in a submission may lead, would run it in the server's name. And one asks for a template that is
  not there;
- its gradebook, opened once, goes on showing what it has read, whatever was graded since, and
  whichever course is opened later by "Formgrader (local)"; and for each page of a submission it
  asks two questions a student of the class;
- its buttons grade and write feedback in the server's own thread: JupyterLab stands still
  meanwhile. Here they start the commands that one types.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from jinja2.ext import Extension

from grading import settings

_NAME = "nbgrader.server_extensions.formgrader"
_VARIABLE = re.compile(r'var (\w+) = "\{\{ (\w+) \}\}"')
_PAGE = "cs231n_page"  # key in the server's settings: the exporter of the course at work
_BOOKS = "cs231n_gradebooks"  # key in the server's settings: address -> gradebook


class SafeNames(Extension):
    """Names in a template's scripts become JavaScript's texts, whatever they are."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        source = source.replace("'formgrade_macros.tpl'", "'formgrade/formgrade_macros.html.j2'")
        return _VARIABLE.sub(r"var \1 = {{ \2 | tojson }}", source)


def put_right() -> None:
    """Change the formgrader of this process, if this process is a server that has one. Once: the
    configuration is read again and again."""
    if f"{_NAME}.formgrader" not in sys.modules:
        return
    from nbgrader.server_extensions.formgrader.base import BaseHandler

    if BaseHandler.render.__module__ != __name__:
        _pages()
        _gradebook()
        _buttons()


def _pages() -> None:
    from nbgrader.server_extensions.formgrader import handlers
    from nbgrader.server_extensions.formgrader.base import BaseHandler

    from grading.review.page import ReviewPage

    pages = Environment(
        loader=FileSystemLoader([handlers.template_path]), extensions=[SafeNames], autoescape=True
    )

    def render(self, name: str, **values: object) -> str:
        return pages.get_template(name).render(**values)

    def exporter(self) -> ReviewPage:
        formgrader = self.settings["nbgrader_formgrader"]
        kept = self.settings.get(_PAGE)
        if kept is None or kept.course is not formgrader.coursedir:
            kept = self.settings[_PAGE] = ReviewPage(formgrader.coursedir, formgrader.config)
        return kept

    BaseHandler.render = render
    BaseHandler.exporter = property(exporter)


def _gradebook() -> None:
    from nbgrader.api import (
        Assignment,
        Gradebook,
        Notebook,
        SubmittedAssignment,
        SubmittedNotebook,
    )
    from nbgrader.server_extensions.formgrader.base import BaseHandler
    from sqlalchemy.orm import joinedload

    def notebook_submissions(self, notebook: str, assignment: str) -> list[SubmittedNotebook]:
        """nbgrader's query, which here brings along whose they are and what they are called."""
        found = self.db.query(SubmittedNotebook)
        found = found.join(SubmittedNotebook.assignment).join(SubmittedAssignment.assignment)
        found = found.join(Notebook, Notebook.id == SubmittedNotebook.notebook_id)
        found = found.filter(Notebook.name == notebook, Assignment.name == assignment)
        whose = joinedload(SubmittedNotebook.assignment).joinedload(SubmittedAssignment.student)
        return found.options(whose, joinedload(SubmittedNotebook.notebook)).all()

    def gradebook(self) -> Gradebook:
        books = self.settings.setdefault(_BOOKS, {})
        if self.db_url not in books:
            books[self.db_url] = Gradebook(self.db_url, self.coursedir.course_id)
        return books[self.db_url]

    def on_finish(self) -> None:
        """Forget what was read: the next request reads what is there then."""
        super(BaseHandler, self).on_finish()
        for book in self.settings.get(_BOOKS, {}).values():
            book.db.rollback()

    Gradebook.notebook_submissions = notebook_submissions
    BaseHandler.gradebook = property(gradebook)
    BaseHandler.on_finish = on_finish


def _buttons() -> None:
    from nbgrader.server_extensions.formgrader import apihandlers, base
    from tornado import web

    def answer(words):
        async def post(self, assignment: str, student: str | None = None) -> None:
            self.write(json.dumps(await _run(self.coursedir.root, words(assignment, student))))

        return web.authenticated(base.check_xsrf(base.check_notebook_dir(post)))

    def autograde(assignment: str, student: str | None) -> list[str]:
        return ["grading", "autograde", f"--student={student}", "--", assignment]

    def feedback(assignment: str, student: str | None) -> list[str]:
        chosen = [] if student is None else [f"--student={student}"]
        return ["nbgrader", "generate_feedback", "--force", *chosen, f"--assignment={assignment}"]

    apihandlers.AutogradeHandler.post = answer(autograde)
    apihandlers.GenerateFeedbackHandler.post = answer(feedback)
    apihandlers.GenerateAllFeedbackHandler.post = answer(feedback)


async def _run(course: str, words: list[str]) -> dict:
    """Run a module as a command on a course: what came of it, as nbgrader's pages read it."""
    root = Path(course).resolve()
    place = settings.nbgrader_config(root).parent
    paths = filter(None, [str(settings.ROOT), os.environ.get("PYTHONPATH")])
    own = {"CS231N_COURSE": str(root), "PYTHONPATH": os.pathsep.join(paths)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *words),
        cwd=place,
        env=os.environ | own,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    log = said.decode(errors="replace")
    return {"success": process.returncode == 0, "log": log, "error": None}
