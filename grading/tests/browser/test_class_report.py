"""The class report in a browser, as an instructor opens it: from a file, without a server."""

import pytest

from grading.__main__ import main
from grading.tests import alike_class
from grading.tests.made_up_class import ASSIGNMENT, make_class


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    course = make_class(tmp_path_factory.mktemp("class") / "course", 60)
    assert main(["report", ASSIGNMENT, "--course", str(course)]) == 0
    return (course / "reports" / f"{ASSIGNMENT}.html").as_uri()


@pytest.fixture(scope="module")
def similar(tmp_path_factory):
    pytest.importorskip("scipy")
    course = alike_class.make(tmp_path_factory.mktemp("alike") / "course", 40, 8)
    assert main(["report", ASSIGNMENT, "--course", str(course), "--similarity", "--anonymous"]) == 0
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


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_two_sides_of_similar_code_can_be_read_beside_or_below_each_other(
    report, similar, picture, theme
):
    report.emulate_media(color_scheme=theme)
    report.set_viewport_size({"width": 1000, "height": 900})
    report.goto(similar)
    pair = report.locator("#similarity details.pair").first
    pair.locator("> summary").click()
    one, other = (side.bounding_box() for side in pair.locator(".sides > div").all()[:2])
    assert (one["y"], one["width"]) == (other["y"], other["width"])
    ink, mark = report.evaluate(
        """() => {
            const style = getComputedStyle(document.querySelector("mark"));
            return [style.color, style.backgroundColor];
        }"""
    )
    assert _contrast(ink, mark) > 4.5
    report.set_viewport_size({"width": 390, "height": 800})
    assert report.evaluate("document.documentElement.scrollWidth") == 390
    one, other = (side.bounding_box() for side in pair.locator(".sides > div").all()[:2])
    assert other["y"] >= one["y"] + one["height"]


def test_the_picture_of_the_guide_shows_pairs_and_no_code(report, similar, picture):
    report.set_viewport_size({"width": 800, "height": 900})
    report.goto(similar)
    # The guide is read by students too.
    report.locator("#similarity details.pair").evaluate_all("all => all.map((e) => e.remove())")
    assert report.locator("#similarity mark").count() == 0
    picture(report.locator("#similarity"), "similarity")
