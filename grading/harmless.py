"""What of a submission a browser may show: text, tables, pictures; nothing that runs.

Pages about a submission are opened by the instructor, on the server that holds the gradebook
(formgrader), and by whoever gets the feedback. A script that came with an output would act there in
the reader's name. So HTML is written anew with the tags, attributes and styles listed here, outputs
are cut down to kinds that cannot run, and their metadata, which nbconvert's templates write into
tags, to widths and heights.
"""

from __future__ import annotations

import copy
import re
from html import escape

import jinja2
import nh3
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode

MAX_HTML = 1_000_000  # characters of one piece of HTML; a longer one is left out
MAX_MARKDOWN = 50_000  # characters of one text that are formatted; a longer one stays plain
MAX_OPENINGS = 1_000  # of links and formulas in it: the time to format grows with their square
MAX_TAGS = 10_000  # in one piece of HTML: the time grows with the square of their depth

TAGS = set(
    """
    a abbr b blockquote br caption code col colgroup dd del details div dl dt em figcaption figure
    h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small span strong sub summary sup
    table tbody td tfoot th thead tr u ul var
    """.split()  # noqa: SIM905
)
STYLES = set(
    """
    background-color border border-bottom border-collapse border-color border-left border-right
    border-top color font-family font-style font-weight height max-width padding padding-left
    text-align text-decoration vertical-align white-space width
    """.split()  # noqa: SIM905
)
# Attributes that stay where their value has this form.
ATTRIBUTES = {
    "alt": re.compile(r".*", re.DOTALL),
    "class": re.compile(r"cs231n-check|dataframe|highlight|[a-z]{1,2}[0-9]?"),
    "title": re.compile(r".*", re.DOTALL),
} | dict.fromkeys(
    ("colspan", "rowspan", "span", "start", "width", "height"), re.compile(r"[0-9]{1,4}(?:px|%)?")
)
ADDRESSES = {
    "href": re.compile(r"(?:https?://|mailto:).*", re.IGNORECASE),
    # A picture from elsewhere would tell its owner who reads the page.
    "src": re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*"),
}

# Kinds of output that are shown as they are. SVG is shown by <img>, where nothing in it runs;
# Markdown is cleaned once it has become HTML.
PLAIN = {"text/plain", "text/latex", "text/markdown", "image/png", "image/jpeg", "image/svg+xml"}

FORMS = ATTRIBUTES | ADDRESSES

# Characters that turn the direction of the text around them: what is read is not what is there.
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")


def notebook(nb: NotebookNode) -> NotebookNode:
    """A copy of a notebook in which no output can run; for cells of text see `markdown2html`."""
    nb = copy.deepcopy(nb)
    nb.metadata.pop("widgets", None)
    nb.metadata.pop("title", None)
    nb.metadata["language_info"] = NotebookNode(name="python")
    for cell in nb.cells:
        cell.metadata.pop("magics_language", None)
        if cell.cell_type == "code":
            cell.outputs = [harmless for o in cell.outputs if (harmless := output(o)) is not None]
            count = cell.get("execution_count")
            cell.execution_count = count if type(count) is int else None
        elif cell.cell_type == "raw":
            cell.source = escape(cell.source[:MAX_MARKDOWN])
    return nb


def output(shown: NotebookNode) -> NotebookNode | None:
    """One output cut down to what cannot run, or None where nothing remains."""
    if shown.output_type not in ("display_data", "execute_result"):
        return shown  # text, which every page escapes
    data = {}
    for kind, content in shown.data.items():
        if kind in PLAIN:
            data[kind] = content
        elif kind == "text/html":
            data[kind] = html(content)
        elif kind.endswith("+json") and not kind.startswith("application/vnd.jupyter.widget"):
            data[kind] = content  # data for programs, shown by no page
    if not data:
        return None
    kept = NotebookNode(output_type=shown.output_type, data=NotebookNode(data))
    kept.metadata = NotebookNode(
        {kind: sizes for kind in data if (sizes := _sizes(shown.get("metadata", {}).get(kind)))}
    )
    if shown.output_type == "execute_result":
        count = shown.get("execution_count")
        kept.execution_count = count if type(count) is int else None
    return kept


def html(text: str) -> str:
    """HTML cleaned by nh3: harmless tags, attributes and styles alone; the text in them stays."""
    if len(text) > MAX_HTML:
        return f"<p>[{len(text):,} characters of HTML are left out here]</p>"
    if text.count("<") > MAX_TAGS:
        return f"<p>[{text.count('<'):,} tags of HTML are left out here]</p>"
    return nh3.clean(
        text,
        tags=TAGS,
        clean_content_tags={"script", "style"},
        attributes={"*": set(ATTRIBUTES) | {"style"}, "a": {"href"}, "img": {"src"}},
        attribute_filter=_attribute,
        filter_style_properties=STYLES,
        url_schemes={"http", "https", "mailto", "data"},
    )


def _attribute(tag: str, name: str, value: str) -> str | None:
    """The value that an attribute keeps; None where it goes."""
    if name in ("style", "rel"):
        return value if "url" not in value.lower() else None
    form = FORMS.get(name)
    return value if form and form.fullmatch(value.strip()) else None


@jinja2.pass_context
def markdown2html(context, source: str) -> str:
    """nbconvert's filter of that name, its result made harmless."""
    openings = source.count("[") + source.count("\\begin")
    if len(source) > MAX_MARKDOWN or openings > MAX_OPENINGS:
        return _unformatted(source)
    cell = context.get("cell", {})
    renderer = IPythonRenderer(
        escape=False,
        attachments=cell.get("attachments", {}) if hasattr(cell, "get") else {},
        exclude_anchor_links=True,
    )
    try:
        return html(MarkdownWithMath(renderer=renderer).render(source))
    except Exception:  # text made to break the converter (nested a thousand levels deep, say)
        return _unformatted(source)


def _unformatted(text: str) -> str:
    # nbconvert's templates look for links in what comes out, in quadratic time
    return f"<pre>{escape(text[:MAX_HTML]).replace('[', '&#91;')}</pre>"


def readable(page: str) -> str:
    """The page with every character that turns the direction of text written as its number."""
    return _TURNING.sub(lambda found: f"[U+{ord(found[0]):04X}]", page)


class HarmlessOutputs(Preprocessor):
    """`notebook` as a step of nbconvert: for pages made by an exporter that is not ours."""

    enabled = True

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Returns a tuple of: the notebook, the resources."""
        return notebook(nb), resources


def _sizes(metadata) -> NotebookNode:
    metadata = metadata if isinstance(metadata, dict) else {}
    return NotebookNode(
        {k: metadata[k] for k in ("width", "height") if type(metadata.get(k)) in (int, float)}
    )
