"""Feedback pages: whatever a submission brings, its page shows it and runs nothing of it."""

import copy

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell

pytest.importorskip("nbgrader")

from nbconvert.exporters import HTMLExporter
from nbgrader.server_extensions.formgrader import handlers
from traitlets.config import Config

from grading import harmless, marks
from grading.checks.core import MIME_TYPE, score_table
from grading.tests.hostile import pages
from grading.tests.hostile.pages import Found, is_inert

PROGRAM = "<script>alert('it ran')</script>"
GRADED = {
    "exercise": "svm_loss",
    "score": 2.5,
    "max_score": 5.0,
    "checks": [
        {"name": "one sample", "passed": True, "weight": 1.0, "message": ""},
        {"name": "x < y & z", "passed": False, "weight": 1.0, "message": f"It is {PROGRAM}."},
    ],
}


def graded_cell(*outputs):
    about = dict(grade=True, solution=False, locked=True, task=False, grade_id="svm-loss-check")
    about |= dict(points=5, score=2.5, schema_version=3, cell_type="code")
    cell = new_code_cell("check.svm_loss(svm_loss)", id="svm-loss-check", outputs=list(outputs))
    cell.metadata["nbgrader"] = about
    return cell


def shown(**kinds):
    """A cell whose output has the given kinds (text_html for text/html)."""
    data = {kind.replace("_", "/", 1).replace("__", "+"): text for kind, text in kinds.items()}
    return new_code_cell("display(x)", outputs=[new_output("display_data", data)])


def page_of(*cells, **metadata):
    """The page of a notebook with these cells behind a graded one."""
    cells = [graded_cell(), *copy.deepcopy(cells)]
    return pages.page_of(new_notebook(cells=cells, metadata=metadata))


@pytest.fixture(scope="module")
def plain():
    """The page where a submission brings nothing."""
    return page_of()


IMAGE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABh6FO1A=="
HTML = {
    "script": PROGRAM,
    "script with attributes": '<ScRiPt type="module" src=https://example.org/x.js></sCrIpT >',
    "script never closed": "<p>before</p><script>alert(1)",
    "script in a comment that ends twice": "<!-- --> <script>alert(1)</script> -->",
    "event": '<img src="x" onerror="alert(1)">',
    "event without quotes": "<img src=x onerror=alert(1)//>",
    "event behind a slash": "<img/src=x/onerror=alert(1)>",
    "event behind a quote": '<img alt="" "onload="alert(1)" onerror="alert(1)">',
    "event in upper case": "<IMG SRC=x ONERROR=alert(1)>",
    "event of a details": "<details open ontoggle=alert(1)>x</details>",
    "address": '<a href="javascript:alert(1)">click</a>',
    "address with a tab": '<a href="java\tscript:alert(1)">click</a>',
    "address in entities": '<a href="&#106;avascript&colon;alert(1)">click</a>',
    "address with a blank": '<a href=" &#1; javascript:alert(1)">click</a>',
    "page in an address": '<a href="data:text/html,<script>alert(1)</script>">click</a>',
    "page in a frame": '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    "form": '<form action="https://example.org"><input name="password"><button>OK</button></form>',
    "field of the formgrader": '<button class="full-credit">x</button><input class="score">',
    "meta": '<meta http-equiv="refresh" content="0; url=https://example.org">',
    "base": '<base href="https://example.org/">',
    "style sheet": "<style>body { display: none }</style>",
    "style sheet from elsewhere": '<link rel="stylesheet" href="https://example.org/x.css">',
    "style that covers the page": '<div style="position:fixed;top:0;width:100%">x</div>',
    "style with an address": '<p style="background: url(https://example.org/x)">x</p>',
    "svg": '<svg onload="alert(1)"><script>alert(1)</script></svg>',
    "svg in svg": '<svg><foreignObject><iframe src="javascript:alert(1)"></foreignObject></svg>',
    "math": '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 '
    'onerror=alert(1)&gt;">',
    "noscript": '<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>',
    "textarea": '<textarea><p title="</textarea><img src=x onerror=alert(1)>"></textarea>',
    "template": "<template><script>alert(1)</script></template>",
    "object": '<object data="javascript:alert(1)"></object><embed src="javascript:alert(1)">',
    "tag in an attribute": '<p title="<img src=x onerror=alert(1)>">x</p>',
    "tag in a tag": "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "null in a tag": "<scr\0ipt>alert(1)</scr\0ipt>",
    "end of everything": "</div></div></main></body></html><script>alert(1)</script>",
    "picture that tells who reads": '<img src="https://example.org/x.png" srcset="//example.org">',
}  # fmt: skip


@pytest.mark.parametrize("name", HTML)
def test_no_html_runs(name, plain):
    assert is_inert(harmless.html(HTML[name]), "")


def test_html_of_an_output_runs_nothing(plain):
    cells = [shown(text_html=text, text_plain="x") for text in HTML.values()]
    assert is_inert(page_of(*cells), plain)


def test_html_in_a_text_cell_runs_nothing(plain):
    cells = [new_markdown_cell(f"Words.\n\n{text}\n\nWords.") for text in HTML.values()]
    cells += [new_markdown_cell(f"Words {text} words.") for text in HTML.values()]
    assert is_inert(page_of(*cells), plain)


def test_html_as_markdown_or_latex_runs_nothing(plain):
    cells = [shown(text_markdown=text) for text in HTML.values()]
    cells += [shown(text_latex=text) for text in HTML.values()]
    assert is_inert(page_of(*cells), plain)


def test_html_in_what_was_printed_or_raised_is_text(plain):
    cells = []
    for text in HTML.values():
        outputs = [
            new_output("stream", name="stdout", text=text),
            new_output("stream", name="stderr", text=text),
            new_output("error", ename=text, evalue=text, traceback=[f"\x1b[31m{text}\x1b[0m"]),
            new_output("display_data", {"text/plain": text}),
            new_output("execute_result", {"text/plain": text}, execution_count=1),
        ]
        cells += [new_code_cell(f"'''{text}'''", outputs=outputs), new_raw_cell(text)]
    page = page_of(*cells)
    assert is_inert(page, plain)
    assert Found(page).text.count(PROGRAM) >= 6


ACTIVE_KINDS = {
    "application/javascript": "alert(1)",
    "text/javascript": "alert(1)",
    "image/svg+xml": '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"></svg>',
    "text/vnd.mermaid": "graph TD; A[<img src=x onerror=alert(1)>]",
    "application/pdf": "JVBERi0=",
    "application/xhtml+xml": PROGRAM,
    "text/html; charset=utf-8": PROGRAM,
    "application/vnd.jupyter.widget-view+json": {"model_id": "x", "version_major": 2},
    '"><script>alert(1)</script>': "x",
}


def test_an_output_of_an_active_kind_runs_nothing(plain):
    outputs = [new_output("display_data", {k: content}) for k, content in ACTIVE_KINDS.items()]
    state = {"x": {"model_name": "</script><script>alert(1)</script>", "state": {}}}
    widgets = {"application/vnd.jupyter.widget-state+json": {"state": state}}
    assert is_inert(page_of(new_code_cell("x", outputs=outputs), widgets=widgets), plain)


def test_a_drawing_of_lines_is_still_shown_as_a_picture(plain):
    cell = shown(image_svg__xml=ACTIVE_KINDS["image/svg+xml"])
    addresses = Found(page_of(cell)).addresses
    assert any(a.startswith("data:image/svg+xml;base64,") for a in addresses)


def test_metadata_of_an_output_cannot_add_attributes(plain):
    event = "1 onload=alert(1)"
    metadata = {
        "image/png": {"width": event, "height": event, "alt": '" onload="alert(1)'},
        "text/html": {"isolated": True},
        "filenames": {"image/png": "https://example.org/who.png"},
    }
    for data in ({"image/png": IMAGE}, {"text/html": PROGRAM}):
        cell = new_code_cell("x", outputs=[new_output("display_data", data, metadata=metadata)])
        assert is_inert(page_of(cell), plain)


def test_an_attachment_cannot_be_a_page(plain):
    cell = new_markdown_cell('![x](attachment:a.png "y")\n\n[x](attachment:a.png)')
    cell.attachments = {"a.png": {"text/html": "PHNjcmlwdD4=", 'image/png" onload="x': "x"}}
    assert is_inert(page_of(cell), plain)


def test_names_and_marks_cannot_add_attributes(plain):
    cell = new_code_cell("x = 1", execution_count=1)
    cell.metadata.update(tags=['" onload="alert(1)'], magics_language='" onload="x')
    language = {"name": '"><script>alert(1)</script>', "pygments_lexer": '" onload="alert(1)'}
    page = page_of(cell, title=PROGRAM, language_info=language)
    assert is_inert(page, plain)


def test_a_comment_on_a_cell_runs_nothing(plain):
    cell = new_code_cell("def svm_loss(): ...")
    cell.metadata["nbgrader"] = dict(solution=True, grade=False, locked=False, task=False)
    cell.metadata.nbgrader |= dict(grade_id="svm", comment=f"TypeError: {PROGRAM}")
    page = page_of(cell)
    assert "TypeError" in page
    assert is_inert(page, plain)


def test_text_that_reads_backwards_is_shown_as_it_is():
    cell = new_code_cell("access = 'user\u202e \u2066# admin only\u2069 \u2066'")
    page = page_of(cell, new_markdown_cell("a\u202eb"))
    assert "\u202e" not in page
    assert "\u2066" not in page
    assert "[U+202E]" in page


@pytest.mark.parametrize(
    "text",
    [
        "> " * 5000 + "x",
        "- " * 3000 + "x",
        "[" * 20000,
        "![" * 10000 + "](x)" * 10000,
        "*a **b " * 5000,
        "<div>" * 20000,
        "<b><table><td>" * 5000,
        "&#1" + "1" * 100_000 + ";",
        "`" * 50_000,
        "\\begin{a}" * 5000,
    ],
    ids=lambda text: text[:8],
)
def test_text_made_to_break_the_page_costs_nobody_the_page(text, plain):
    page = page_of(new_markdown_cell(text), shown(text_html=text), shown(text_markdown=text))
    assert is_inert(page, plain)


def test_the_score_table_is_still_shown():
    table = score_table(GRADED)
    bundle = {"text/plain": repr(table), "text/html": table._repr_html_(), MIME_TYPE: GRADED}
    page = page_of(new_code_cell("x", outputs=[new_output("display_data", bundle)]))
    found = Found(page)
    assert "cs231n-check" in found.classes
    for text in ("svm_loss: 2.5 of 5 points", "✓ passed", "x < y & z", f"It is {PROGRAM}."):
        assert text in found.text
    for part in ('colspan="3"', "border-left:3px solid #c1540b", "<th", "color:#1f6fb2"):
        assert part in page


def test_ordinary_outputs_are_still_shown():
    frame = '<table border="1" class="dataframe"><thead><tr><th>a</th></tr></thead></table>'
    cells = [
        shown(text_html=frame, text_plain="a"),
        shown(image_png=IMAGE, text_plain="<Figure>"),
        new_markdown_cell("# My notes\n\n*so* `x < y` $a_1$ [link](https://example.org)\n\n- one"),
        new_code_cell("f(x)", outputs=[new_output("stream", name="stdout", text="x < 3")]),
    ]
    page = page_of(*cells)
    assert 'class="dataframe"' in page
    assert f"data:image/png;base64,{IMAGE}" in page
    assert "<em>so</em>" in page
    assert 'href="https://example.org"' in page
    assert "<li>one</li>" in page
    assert "x &lt; 3" in page


def test_cleaning_twice_is_cleaning_once():
    for text in [*HTML.values(), score_table(GRADED)._repr_html_()]:
        assert harmless.html(harmless.html(text)) == harmless.html(text)


def test_the_browser_is_told_to_run_nothing_else():
    page = page_of()
    assert page.index("Content-Security-Policy") < page.index("<script")
    assert "script-src 'unsafe-inline'" not in page


def test_the_notebook_itself_is_left_as_it_was():
    nb = new_notebook(cells=[shown(text_html=PROGRAM)])
    before = nbformat.writes(nb)
    harmless.notebook(nb)
    assert nbformat.writes(nb) == before


def test_a_page_of_the_formgrader_runs_nothing_of_an_output():
    """The formgrader's page has scripts of its own, and an exporter that only takes settings."""
    config = Config()
    config.HTMLExporter.template_name = "formgrade"
    config.HTMLExporter.extra_template_basedirs = [handlers.template_path]
    config.HTMLExporter.filters = {"markdown2html": "grading.harmless.markdown2html"}
    config.HTMLExporter.preprocessors = ["grading.harmless.HarmlessOutputs"]

    def formgrader(*cells):
        names = {"base_url": "", "submission_id": "x", "notebook_id": "1", "assignment_id": "a"}
        names |= {"index": 0, "total": 1, "notebook_path": "x", "metadata": {"name": "x"}}
        return HTMLExporter(config=config).from_notebook_node(
            new_notebook(cells=list(cells)), names
        )[0]

    plain = formgrader()
    cells = [new_markdown_cell(text) for text in HTML.values()]
    cells += [shown(text_html=text) for text in HTML.values()]
    outputs = [new_output("display_data", {k: content}) for k, content in ACTIVE_KINDS.items()]
    assert is_inert(formgrader(*cells, new_code_cell("x", outputs=outputs)), plain)


def test_a_notebook_that_waits_for_a_person_shows_the_reason_alone(plain):
    nb = new_notebook(cells=[shown(text_html=PROGRAM)])
    marks.mark_for_review(nb, f"the file is {PROGRAM}")
    marks.put_notice(nb)
    page = page_of(*nb.cells, cs231n=nb.metadata["cs231n"] | {"placeholder": True})
    assert "A person will look" in page
    assert "<table border" not in page
    assert is_inert(page, plain)
