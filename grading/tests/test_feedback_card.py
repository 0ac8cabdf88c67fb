"""The score card on top of a feedback page says what the gradebook and the report say."""

import copy

import pytest

pytest.importorskip("nbgrader")

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from cs231n.check.hints import all_hints
from grading import marks
from grading.feedback.card import Given, card_of
from grading.feedback.page import FeedbackPage
from grading.tests.hostile import pages
from grading.tests.hostile.pages import Found, is_inert

PROGRAM = "<script>alert('it ran')</script>"
NAMES = {"assignment": "week1", "notebook": "1_small", "student": "ada", "late_penalty": 0.0,
         "score": 7.0, "max_score": 12.0}  # fmt: skip


def check(name, passed, weight=1.0, message=""):
    return {"name": name, "passed": passed, "weight": weight, "message": message}


RELU = [
    check("values", False, 2.0, "Some values are wrong."),
    check("shape", True, 1.0),
    check("float32", False, 1.0, "It is float64."),
    check("float16", False, 4.0, "It is float64."),
]
REPORT = {
    "exercises": {
        "relu_forward": {"score": 1.0, "graded": True, "checks": RELU, "mistakes": []},
        "svm_loss": {
            "score": 0.0,
            "graded": True,
            "checks": [check("loss", False, 1.0, "Zero."), check("gradient", False, 1.0, "Zero.")],
            "mistakes": [{"name": "margin", "says": "The margin is missing. See section 3."}],
        },
    }
}


def cell(name, source="", **about):
    made = (new_markdown_cell if about.pop("words", False) else new_code_cell)(source, id=name)
    made.metadata["nbgrader"] = {"grade_id": name, "grade": False, "solution": False} | about
    return made


def notebook():
    hidden = "\n### BEGIN HIDDEN TESTS\ngrade_cell({!r}, 8)\n### END HIDDEN TESTS"
    return new_notebook(
        cells=[
            cell("relu", "def relu_forward(x): ...", solution=True, comment="Nearly!"),
            cell("relu-check", "check.relu()" + hidden.format("relu_forward"), grade=True),
            cell("svm", "def svm_loss(x): ...", solution=True),
            cell("svm-check", "check.svm()" + hidden.format("svm_loss"), grade=True),
            cell("question", "Because.", words=True, grade=True, solution=True),
        ]
    )


GIVEN = {
    "relu-check": Given(1.0, 8.0),
    "svm-check": Given(0.0, 2.0),
    "question": Given(None, 2.0, waits=True),
}


def card(given=None, report=None):
    return card_of(notebook(), NAMES, GIVEN | (given or {}), report or REPORT)


def page(given=None, report=None, nb=None, **names):
    nb = nb or notebook()
    return pages.page_of(nb, GIVEN | (given or {}), report or REPORT, **names)


def test_every_graded_cell_has_its_line_in_the_order_of_the_notebook():
    found = card()
    assert [line.name for line in found.lines] == ["relu_forward", "svm_loss", "answer in words"]
    assert [line.state for line in found.lines] == ["part", "none", "waits"]
    assert [line.answer for line in found.lines] == ["relu", "svm", "question"]
    assert [(line.passed, line.checks) for line in found.lines] == [(1, 4), (0, 2), (0, 0)]
    assert not found.is_final


def test_what_failed_for_one_reason_is_one_entry_and_the_dearest_comes_first():
    first, second = card().lines[0].failed
    assert (first.names, first.cost, first.message) == (
        ("float32", "float16"),
        5.0,
        "It is float64.",
    )
    assert (second.names, second.cost) == (("values",), 2.0)
    assert not first.every
    (whole,) = card().lines[1].failed
    assert whole.every
    assert whole.cost == 2.0


def test_points_are_those_of_the_gradebook_whatever_the_report_says():
    by_hand = {
        "relu-check": Given(8.0, 8.0, by_hand=True),
        "svm-check": Given(1.5, 2.0, True, 0.25),
    }
    lines = card(by_hand).lines
    assert [line.state for line in lines[:2]] == ["all", "part"]
    shown = Found(page(by_hand)).text
    assert "8 of 8" in shown
    assert "1.75 of 2" in shown
    assert "0.25 of them are extra credit" in shown
    assert "A person gave these points, whatever the checks say." in shown


def test_a_student_reads_why_a_hint_and_the_comment():
    shown = Found(page()).text
    for text in (
        "2.5 of 5 points", "float32; float16 (5 points)", "It is float64.", "All checks (2 points)",
        "The margin is missing. See section 3.", all_hints()["relu_forward"].steps[0], "Nearly!",
        'check.hint("svm_loss")', "so far: not final", "A person will give the points",
    ):  # fmt: skip
        assert text in shown, text


def test_lateness_and_what_was_put_right_are_told():
    nb = notebook()
    nb.metadata["cs231n"] = {"repairs": ["A cell <b> was put back."], "made_from": "release 2"}
    text = Found(page(nb=nb, late_penalty=1.5)).text
    assert "1.5 points were taken off because it came late" in text
    assert "A cell <b> was put back." in text
    assert "Made from release 2" in text


def test_links_lead_from_the_card_to_cells_and_back():
    made = page()
    addresses = {a for a in Found(made).addresses if a.startswith("#")}
    assert {"#answer-relu", "#check-relu-check", "#answer-question", "#top"} <= addresses
    for address in addresses:
        assert made.count(f' id="{address[1:]}"') == 1, address


def test_a_notebook_that_waits_says_why_once_and_links_to_nothing():
    nb = notebook()
    nb.cells[0].metadata.nbgrader["comment"] = "A person will look at this notebook: cut off."
    marks.mark_for_review(nb, "the file is cut off")
    nb.metadata["cs231n"]["placeholder"] = True
    marks.put_notice(nb)
    waits = {name: Given(None, given.points, waits=True) for name, given in GIVEN.items()}
    made = page(waits, {"exercises": {}}, nb)
    assert Found(made).text.count("A person will look at this notebook") == 1
    assert [a for a in Found(made).addresses if a.startswith("#")] == []


def test_without_a_report_the_card_has_the_gradebook_s_points():
    lines = card(report={"exercises": {}}).lines
    assert [line.given.points for line in lines] == [8.0, 2.0, 2.0]
    assert not any(line.failed or line.checks for line in lines)


def test_nothing_that_stands_in_the_card_can_run():
    evil = copy.deepcopy(REPORT)
    for result in evil["exercises"].values():
        result["mistakes"] = [{"name": "x", "says": PROGRAM}]
        for one in result["checks"]:
            one["name"], one["message"] = f"{PROGRAM} {one['name']}", f'{PROGRAM}" onload="x'
    nb = notebook()
    nb.cells[0].metadata.nbgrader["comment"] = f"Well. {PROGRAM} <img src=x onerror=alert(1)>"
    nb.metadata["cs231n"] = {"repairs": [PROGRAM], "needs_review": PROGRAM}
    names = dict(student=f'{PROGRAM}" onload="x', notebook=PROGRAM, assignment=PROGRAM)
    made = page(None, evil, nb, **names)
    assert is_inert(made, page())
    assert Found(made).text.count(PROGRAM) > 8


def test_no_hidden_test_is_on_the_page():
    made = page()
    assert "HIDDEN" not in made
    assert "grade_cell" not in made


def test_nbgrader_s_settings_do_not_choose_another_template():
    from traitlets.config import Config

    config = Config()
    config.HTMLExporter.template_name = "feedback"
    assert FeedbackPage(config=config).template_name == "cs231n_feedback"
    assert config.FeedbackPage == {}
