"""Feedback pages in a real browser: read at a desk and on a phone, and nothing in them runs."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from grading.demo import ASSIGNMENT, demo
from grading.sample_class import STUDENTS
from grading.tests import test_feedback, test_feedback_card
from grading.tests.hostile import pages
from grading.tests.test_feedback_card import GIVEN, NAMES, REPORT

RAN = "window.itRan = true"
COVER = "<div style='position:fixed;inset:0;background:#fff;z-index:9'>covered</div>"
CLOBBER = '<a id="answer-relu" name="top">x</a><img name="body"><p id="top">y</p>'
LONG = "x" * 3000


def hostile_cells():
    """Cells that bring everything that has ever run in a page."""
    texts = [text.replace("alert(1)", RAN) for text in test_feedback.HTML.values()]
    texts += [f"<script>{RAN}</script>", COVER, CLOBBER]
    cells = [new_markdown_cell(text) for text in texts]
    for text in texts:
        data = {"text/html": text, "text/plain": text, "text/markdown": text}
        outputs = [
            new_output("display_data", data),
            new_output("stream", name="stdout", text=text),
            new_output("error", ename=text, evalue=text, traceback=[text]),
        ]
        cells.append(new_code_cell(f"# {text}", outputs=outputs))
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" onload="{RAN}"><script>{RAN}</script></svg>'
    kinds = test_feedback.ACTIVE_KINDS | {"image/svg+xml": svg, "application/javascript": RAN}
    cells += [new_code_cell(outputs=[new_output("display_data", {k: v})]) for k, v in kinds.items()]
    return cells


@pytest.fixture
def feedback(page, tmp_path):
    """Opens the feedback on a notebook as a file; tells what its page asked for and said."""

    def open_it(*cells):
        nb = test_feedback_card.notebook()
        nb.cells += cells
        path = tmp_path / "feedback.html"
        path.write_text(pages.page_of(nb, GIVEN, REPORT, **NAMES), encoding="utf-8")
        asked, dialogs = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        page.goto(path.as_uri())
        return asked, dialogs

    return open_it


def test_nothing_runs_nothing_is_loaded_and_the_card_is_seen(page, feedback):
    asked, dialogs = feedback(*hostile_cells())
    page.wait_for_load_state()
    for opened in page.locator("details").all():
        opened.evaluate("d => { d.open = true }")
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.evaluate("window.itRan") is None
    assert dialogs == []
    outside = [url for url in asked if not url.startswith(("file:", "data:"))]
    assert all(url.startswith("https://cdnjs.cloudflare.com/ajax/libs/mathjax/") for url in outside)
    assert page.url.startswith("file:")
    total = page.locator(".total")
    box = total.bounding_box()
    top = page.evaluate(
        "([x, y]) => document.elementFromPoint(x, y).closest('.total') !== null",
        [box["x"] + 5, box["y"] + 5],
    )
    assert top, "something covers the card"
    assert total.inner_text().startswith("7 of 12 points")
    assert page.evaluate("document.querySelectorAll('[id=top], [id=answer-relu]').length") == 2


def test_links_lead_to_cells_and_back(page, feedback):
    feedback(*(new_markdown_cell("word\n\n" * 60) for _ in range(3)))
    page.get_by_role("link", name="svm_loss").click()
    answer = page.locator("#answer-svm")
    assert -5 <= answer.bounding_box()["y"] < 1000
    answer.get_by_role("link", name="score card").click()
    assert page.locator("h1").bounding_box()["y"] >= -5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_scrolls_in_one_direction_only(page, feedback, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 390, "height": 844})
    table = "<table>" + "<tr>" + "<td>wide cell</td>" * 60 + "</tr></table>"
    outputs = [
        new_output("stream", name="stdout", text=LONG),
        new_output("display_data", {"text/html": table}),
    ]
    feedback(new_code_cell(f"# {LONG}", outputs=outputs), new_markdown_cell(LONG + "\n\n" + table))
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    size = float(page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)"))
    assert size >= 15
    for text in ("Nearly!", "It is float64.", "answer in words"):
        box = page.get_by_text(text).first.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390


def test_paper_shows_all_of_a_long_line(page, feedback):
    feedback(new_code_cell("y = 1  # " + "long " * 100))
    page.emulate_media(media="print")
    line = page.locator("pre", has_text="long long").last
    assert line.evaluate("e => e.scrollWidth <= e.clientWidth + 1")


@pytest.fixture(scope="module")
def given_back(tmp_path_factory):
    """The page of a submission that was handed in, graded and given back as in a course."""
    course = tmp_path_factory.mktemp("demo") / "course"
    (student,) = [s for s in STUDENTS if s.id == "student05"]
    demo(course, [student], say=lambda line: None)
    return course / "feedback" / student.id / ASSIGNMENT / "2_convolution.html"


def test_a_real_submission_s_page_says_what_went_wrong(page, given_back, picture):
    page.set_viewport_size({"width": 900, "height": 760})
    page.goto(given_back.as_uri())
    row = page.locator("tr", has_text="conv_backward_naive").first
    assert row.locator(".sign").inner_text() == "✗"
    more = page.locator("tr.more").first
    assert more.locator("li").count() > 0
    more.get_by_text("A hint").click()
    assert 'check.hint("conv_backward_naive")' in more.inner_text()
    picture(page, "feedback")
    page.set_viewport_size({"width": 390, "height": 760})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    picture(page, "feedback-phone")
