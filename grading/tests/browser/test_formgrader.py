"""nbgrader's formgrader on a small class that the sandbox has graded, as an instructor uses it."""

import time

import pytest
from nbgrader.api import Gradebook

from grading import settings
from grading.autograde import autograde
from grading.tests.browser import graded_class as kit
from grading.tests.browser.lab import Server

expect = pytest.importorskip("playwright.sync_api", reason="make browser").expect
LIST = f"gradebook/{kit.ASSIGNMENT}/{kit.NOTEBOOK}"
expect.set_options(timeout=30_000)  # as long as the page waits for anything else
SCRIPT = "%3C%2Fscript%3E%3Cscript%3Ewindow.evil=1%3C%2Fscript%3E"


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    return kit.make_class(tmp_path_factory.mktemp("class") / "course")


@pytest.fixture(scope="module")
def lab(chromium, course):
    """JupyterLab in the course's own folder."""
    server = Server(course)
    server.root = course
    with server:
        yield server


class Formgrader:
    """The formgrader's pages, and all that went wrong in them."""

    def __init__(self, page, lab, course):
        self.page, self.lab, self.course = page, lab, course
        self.said = []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda problem: self.said.append(str(problem)))
        page.on("dialog", lambda dialog: self.said.append(f"dialog {dialog.message}"))
        self.go("gradebook")

    def go(self, path):
        self.page.goto(f"{self.lab.url}/formgrader/{path}?token={self.lab.token}")
        return self.page

    def submission(self, student):
        with self.book() as gradebook:
            id = gradebook.find_submission_notebook(kit.NOTEBOOK, kit.ASSIGNMENT, student).id
        page = self.go(f"submissions/{id}/")
        expect(page.locator("#review-total")).to_contain_text("points")
        page.wait_for_function("formgrader.comments.loaded && formgrader.loaded")
        return page

    def book(self):
        return Gradebook(settings.database_url(self.course), settings.load().course_id)

    def row(self, student):
        """The student's row in the list for manual grading."""
        page = self.go(LIST)
        page.get_by_text("Show All Names").click()
        return page.locator("#main-table tr", has_text=student)


@pytest.fixture
def formgrader(page, lab, course):
    """Afterwards nothing may have been refused or have failed, but MathJax's address."""
    found = Formgrader(page, lab, course)
    yield found
    assert [line for line in found.said if "net::ERR_FAILED" not in line] == []


def change(field, value):
    """Types a value into a field of the page, leaves it, and waits until it is saved."""
    page = field.page
    with page.expect_response(lambda answer: answer.request.method == "PUT"):
        field.fill(str(value))
        field.blur()


def total(page):
    return page.locator("#review-total")


def test_the_menu_opens_the_formgrader_and_leads_to_a_submission(page, lab):
    page.goto(f"{lab.url}/lab?token={lab.token}&reset")
    page.locator('.lm-MenuBar-itemLabel:text-is("Nbgrader")').click()
    page.locator('.lm-Menu-itemLabel:text-is("Formgrader")').click()
    frame = page.frame_locator("iframe")
    expect(frame.locator("#main-table")).to_contain_text(kit.ASSIGNMENT)
    frame.get_by_text("Manual Grading", exact=True).click()
    for step in (kit.ASSIGNMENT, kit.NOTEBOOK, "Submission #2"):
        frame.locator("#main-table").get_by_text(step, exact=True).click()
    expect(frame.locator("#review-total")).to_contain_text("/ 30 points")


def test_a_grader_sees_repairs_messages_the_diagnosis_and_what_to_answer(formgrader):
    page = formgrader.submission("bob")
    expect(page.get_by_text("Before grading, the following was put right")).to_be_visible()
    expect(page.get_by_text(kit.MISTAKE.says[:40]).first).to_be_visible()
    expect(page.get_by_text("stride 3, gaps between windows").first).to_be_visible()
    expect(page.get_by_text("✗ failed").first).to_be_visible()
    assert "BEGIN HIDDEN TESTS" not in page.content()
    expect(page.locator(".review-answer")).to_contain_text("Parameter sharing")
    setup = page.get_by_text("KEEP_IN_DRIVE").first
    expect(setup).to_be_hidden()
    page.get_by_text("Show the course's text").click()
    expect(setup).to_be_visible()
    page.get_by_text("Hide the course's text").click()


def test_a_score_by_hand_counts_and_stays_when_the_class_is_graded_again(formgrader):
    page = formgrader.submission("ann")
    expect(total(page)).to_have_text("28 / 30 points · 1 to be looked at")
    change(page.locator("#conv-forward-check"), 5)
    change(page.locator("#conv-forward-check_extra_credit"), 0.5)
    change(page.locator("#conv-forward-comment"), "Loops are missing.")
    change(page.locator("#question-shift"), 1.5)
    expect(total(page)).to_have_text("27 / 30 points")
    expect(formgrader.row("Lovelace")).to_contain_text("27 / 30")

    tally = autograde(kit.ASSIGNMENT, formgrader.course, ["ann"], jobs=1, say=lambda line: None)
    assert tally.graded == ["ann"]
    page = formgrader.submission("ann")
    expect(page.locator("#conv-forward-check")).to_have_value("5")
    expect(page.locator("#conv-forward-check_extra_credit")).to_have_value("0.5")
    expect(page.locator("#conv-forward-comment")).to_have_value("Loops are missing.")
    expect(total(page)).to_have_text("27 / 30 points")  # and nothing to be looked at


def test_the_page_shows_what_was_graded_since_it_was_last_open(formgrader):
    page = formgrader.submission("bob")
    with formgrader.book() as gradebook:
        grade = gradebook.find_grade("conv-output-size-check", kit.NOTEBOOK, kit.ASSIGNMENT, "bob")
        grade.auto_score = 1.25
        gradebook.db.commit()
    page = formgrader.submission("bob")
    expect(page.locator("#conv-output-size-check")).to_have_attribute("placeholder", "1.25")


def test_a_notebook_that_waits_says_why_and_where_it_is(formgrader):
    page = formgrader.submission("cut")
    expect(page.get_by_text("A person will look at this notebook")).to_be_visible()
    expect(page.get_by_text(f"submitted/cut/{kit.ASSIGNMENT}").last).to_be_visible()
    expect(total(page)).to_have_text("0 / 30 points · 6 to be looked at")
    page.locator(".nbgrader_cell", has_text="conv-forward-check").get_by_text("Full credit").click()
    expect(total(page)).to_have_text("8 / 30 points · 5 to be looked at")


def test_keys_work_without_a_network(formgrader):
    page = formgrader.submission("bob")
    page.keyboard.press("Tab")
    expect(page.locator("#conv-output-size-comment")).to_be_focused()
    before = page.url
    with page.expect_navigation():
        page.keyboard.press("Control+.")  # the next submission, or the list after the last one
    assert page.url != before


@pytest.mark.parametrize("path", ["manage_students", LIST, f"manage_submissions/{kit.ASSIGNMENT}"])
def test_names_of_any_kind_are_shown_and_not_run(formgrader, path):
    page = formgrader.go(path)
    row = page.locator("#main-table tr", has_text=kit.NAMES["evil"][1])
    if path == LIST:
        page.get_by_text("Show All Names").click()
    expect(row).to_be_visible()
    assert page.evaluate("window.evil") is None


def test_nothing_of_a_submission_runs_in_the_grader_s_browser(formgrader):
    page = formgrader.submission("evil")
    page.locator(".glyphicon-eye-open").click()
    expect(page.locator("nav bdi").last).to_contain_text("<script>")
    assert page.evaluate("window.evil") is None
    assert page.locator("iframe, form, svg, a[href^=javascript]").count() == 0
    assert page.locator("#question-shift").evaluate("field => field.tagName") == "INPUT"


@pytest.mark.parametrize("path", ["manage_students/{}", "gradebook/{}", "manage_submissions/{}"])
def test_a_script_in_an_address_does_not_run(page, lab, path):
    page.goto(f"{lab.url}/formgrader/{path.format(SCRIPT)}?token={lab.token}")
    expect(page.locator(".breadcrumb")).to_contain_text("<script>window.evil=1")
    assert page.evaluate("window.evil") is None


def test_jupyterlab_goes_on_while_the_button_grades(formgrader):
    page = formgrader.go(f"manage_submissions/{kit.ASSIGNMENT}")
    row = page.locator("#main-table tr", has_text="Jörg O'Neil + 1%")
    row.locator(".autograde a").click()
    expect(page.get_by_text("Please wait")).to_be_visible()
    start = time.monotonic()
    formgrader.lab.ask("status")
    assert time.monotonic() - start < 1
    expect(page.locator(".modal-title")).to_have_text("Success", timeout=60_000)
    expect(page.locator(".modal-body")).to_contain_text("Graded 1 submission")
    page.locator(".modal .close").first.click()
    expect(page.locator(".modal")).to_have_count(0)
    expect(row).to_contain_text("graded0 / 30")
    row.locator(".generate-feedback a").click()
    expect(page.locator(".modal-title")).to_have_text("Success", timeout=60_000)
    feedback = formgrader.course / "feedback" / "Jörg O'Neil + 1%" / kit.ASSIGNMENT
    assert (feedback / f"{kit.NOTEBOOK}.html").is_file()


def test_pictures_for_the_guide(formgrader, picture):
    page = formgrader.page
    page.set_viewport_size({"width": 1000, "height": 560})
    page = formgrader.go("gradebook")
    expect(page.locator("#main-table")).to_contain_text(kit.ASSIGNMENT)
    picture(page, "formgrader-gradebook")
    page = formgrader.go(LIST)
    expect(page.locator("#main-table")).to_contain_text("Submission #5")
    picture(page, "formgrader-list")
    page = formgrader.submission("bob")
    page.set_viewport_size({"width": 1000, "height": 900})
    field = page.locator("#conv-forward-check")
    field.focus()
    page.wait_for_function("!$('body, html').is(':animated')")
    picture(page, "formgrader-submission")
    page.locator("#question-shift").focus()
    page.wait_for_function("!$('body, html').is(':animated')")
    picture(page, "formgrader-question")
