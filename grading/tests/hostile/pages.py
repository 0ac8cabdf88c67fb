"""Feedback pages in tests: made as nbgrader makes them, and searched for what could run."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from types import MappingProxyType

from nbformat import NotebookNode
from nbgrader.server_extensions.formgrader import handlers
from traitlets.config import Config

from grading.feedback.card import CARD, Given, card_of
from grading.feedback.page import FeedbackPage, TidyFeedback

ACTIVE_TAGS = {
    "applet", "base", "button", "embed", "form", "frame", "iframe", "input", "link", "math",
    "meta", "noscript", "object", "script", "select", "style", "svg", "template", "textarea",
}  # fmt: skip
ADDRESSES = ("href", "src", "data", "xlink:href", "srcset", "poster")
SAFE = ("http://", "https://", "mailto:", "data:image/", "#")


class Found(HTMLParser):
    """What in a page could run, load something, or lead elsewhere."""

    def __init__(self, page: str):
        super().__init__(convert_charrefs=True)
        self.active: list[str] = []
        self.addresses: list[str] = []
        self.classes: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        if tag in ACTIVE_TAGS:
            self.active.append(f"<{tag}>")
        for name, value in attributes:
            value = value or ""
            if name.startswith("on") or name in ("srcdoc", "action", "formaction", "background"):
                self.active.append(name)
            if name in ADDRESSES:
                self.addresses.append(value)
            if name == "style" and ("url" in value or "position" in value):
                self.active.append(value)
            if name == "class":
                self.classes += value.split()

    handle_startendtag = handle_starttag

    def handle_data(self, data):
        self.text += data


@cache
def _exporter() -> FeedbackPage:
    """The exporter, set up as `nbgrader generate_feedback` does it."""
    config = Config()
    config.HTMLExporter.template_name = "feedback"
    config.HTMLExporter.extra_template_basedirs = [handlers.template_path]
    bootstrap = Path(handlers.static_path, "node_modules", "bootstrap", "dist", "css")
    config.HTMLExporter.extra_template_paths = [str(bootstrap)]
    exporter = FeedbackPage(config=config)
    exporter.register_preprocessor(TidyFeedback, enabled=True)
    return exporter


def page_of(
    nb: NotebookNode,
    given: Mapping | None = None,
    report: Mapping = MappingProxyType({}),
    **names,
) -> str:
    """The page that `nbgrader generate_feedback` makes of an autograded notebook.

    given, report: what the gradebook and the student's report say, for the score card
    """
    about = [cell.metadata.get("nbgrader", {}) for cell in nb.cells]
    for one in about:  # as the step GetGrades does it from the gradebook
        one.setdefault("score", 0.0)
    known = {"assignment": "week1", "notebook": "1_small", "student": "ada"}
    names = known | {"score": 2.5, "max_score": 5, "late_penalty": 0} | names
    if given is None:
        given = {one["grade_id"]: Given(one["score"], 5.0) for one in about if one.get("grade")}
    card = card_of(nb, names, given, report)
    resources = {"nbgrader": names, "metadata": {"name": "x"}, CARD: card}
    return _exporter().from_notebook_node(nb, resources)[0]


def is_inert(page: str, plain: str) -> bool:
    """Whether nothing in a page can run that is not in the plain one. Says what, if there is."""
    found, ours = Found(page), Found(plain)
    assert found.active == ours.active
    foreign = [address for address in found.addresses if address not in ours.addresses]
    assert all(address.startswith(SAFE) for address in foreign), foreign
    return True
