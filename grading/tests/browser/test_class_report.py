"""The class report in a browser, as an instructor opens it: from a file, without a server."""

import pytest

from grading.__main__ import main
from grading.tests.made_up_class import ASSIGNMENT, make_class


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    course = make_class(tmp_path_factory.mktemp("class") / "course", 60)
    assert main(["report", ASSIGNMENT, "--course", str(course)]) == 0
    return (course / "reports" / f"{ASSIGNMENT}.html").as_uri()


@pytest.fixture
def report(page, address):
    """The page, open; afterwards nothing may have been refused or have failed in it."""
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda problem: said.append(str(problem)))
    page.on("dialog", lambda dialog: said.append(f"dialog {dialog.message}"))
    page.goto(address)
    yield page
    assert said == []


def column(report, number):
    cells = f"#people tbody tr:not([hidden]) > :nth-child({number})"
    return [text.strip() for text in report.locator(cells).all_inner_texts()]


def test_the_students_table_sorts_by_a_heading_with_empty_cells_last(report):
    total = report.locator("#people thead th", has_text="Total")
    total.get_by_role("button").click()
    assert total.get_attribute("aria-sort") == "descending"
    *points, last = column(report, 2)
    assert last == ""
    assert points == sorted(points, key=float, reverse=True)
    total.get_by_role("button").press("Enter")
    assert total.get_attribute("aria-sort") == "ascending"
    *points, last = column(report, 2)
    assert last == ""
    assert points == sorted(points, key=float)
    student = report.locator("#people thead th", has_text="Student")
    student.get_by_role("button").click()
    assert (total.get_attribute("aria-sort"), student.get_attribute("aria-sort")) == (
        "none",
        "ascending",
    )


def test_the_filter_finds_a_student_and_says_how_many(report):
    report.get_by_label("Show only").fill("s00012")
    assert len(column(report, 1)) == 1
    assert report.get_by_role("status").inner_text() == "1 of 60"
    report.get_by_label("Show only").fill("")
    assert len(column(report, 1)) == 60


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_telephone_scrolls_tables_and_not_the_page_and_text_can_be_read(report, theme):
    report.emulate_media(color_scheme=theme)
    report.set_viewport_size({"width": 390, "height": 800})
    assert report.evaluate("document.documentElement.scrollWidth") == 390
    ink, paper, *labels = report.evaluate(
        """() => {
            const body = getComputedStyle(document.body);
            const labels = [...document.querySelectorAll("svg text")].map(
                (label) => getComputedStyle(label).fill
            );
            return [body.color, body.backgroundColor, ...labels];
        }"""
    )
    assert set(labels) == {ink}
    assert _contrast(ink, paper) > 7


def _contrast(one, other):
    """WCAG 2's contrast of two colours written rgb(r, g, b)."""

    def luminance(colour):
        parts = [int(part) / 255 for part in colour[4:-1].split(",")]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)
