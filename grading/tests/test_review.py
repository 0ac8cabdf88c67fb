"""The formgrader's page without a browser: what it holds, and what can never be in it."""

import re
import sys
from types import SimpleNamespace

import pytest

pytest.importorskip("nbgrader")

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from grading import marks
from grading.notebooks import to_bytes
from grading.review import formgrader
from grading.review.page import ReviewPage
from grading.tests import graded_course as kit

EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>"
SCRIPT = re.compile(r"<script(?![^>]*\bnonce=\")")


@pytest.fixture
def course(tmp_path):
    folder = tmp_path / "source" / kit.ASSIGNMENT
    folder.mkdir(parents=True)
    for name, notebook in kit.notebooks().items():
        (folder / f"{name}.ipynb").write_bytes(to_bytes(notebook))
    return CourseDirectory(config=kit.configuration(tmp_path, "sqlite://"))


def page_of(course, cells, student="ann", metadata=None, **names):
    resources = {
        "assignment_id": kit.ASSIGNMENT,
        "notebook_id": "2_essay",
        "student": student,
        "submission_id": "1",
        "index": 0,
        "total": 1,
        "base_url": "",
        "notebook_path": f"autograded/{student}/x.ipynb",
        "first_name": None,
        "last_name": None,
    }
    notebook = nbformat.from_dict(new_notebook(cells=cells, metadata=metadata or {}))
    page, _ = ReviewPage(course, Config()).from_notebook_node(notebook, resources | names)
    return page


def released(text):
    return new_markdown_cell(text, metadata={marks.KEY: {"as_released": True}})


def test_the_course_s_text_is_folded_and_the_student_s_is_not(course):
    own = new_markdown_cell("my own remark")
    cells = [released("first"), released("second"), own, released("third")]
    parts = re.split(r"<details class=\"review-fold\">|</details>", page_of(course, cells))
    assert "2 cells" in parts[1]
    assert "first" in parts[1]
    assert "second" in parts[1]
    assert "my own remark" in parts[2]
    assert "1 cell" in parts[3]
    assert "third" in parts[3]


def test_in_a_stand_in_only_the_notice_and_what_is_graded_are_open(course):
    cells = [new_markdown_cell("the course's"), kit.check("square", 4)]
    notebook = new_notebook(cells=cells)
    notebook.metadata[marks.KEY] = {"placeholder": True, "needs_review": "it is cut off"}
    marks.put_notice(notebook)
    page = page_of(course, notebook.cells, metadata=notebook.metadata)
    parts = re.split(r"<details class=\"review-fold\">|</details>", page)
    assert "it is cut off" in parts[0]
    assert "submitted/ann/week1" in parts[0]
    assert "the course's" in parts[1].replace("&#39;", "'")
    assert 'id="square-check"' in parts[2]


def test_what_an_answer_should_say_stands_beside_the_question(course):
    page = page_of(course, [kit.essay("why", 2)])
    assert "Because." in page.partition('class="review-answer"')[2]


def test_a_course_without_its_sources_still_has_a_page(course, tmp_path):
    (tmp_path / "source" / kit.ASSIGNMENT / "2_essay.ipynb").unlink()
    assert 'class="review-answer"' not in page_of(course, [kit.essay("why", 2)])


def test_no_script_but_the_page_s_own_is_in_it_and_none_else_may_run(course):
    output = new_output("display_data", {"text/html": EVIL, "application/javascript": "alert(1)"})
    cells = [
        new_markdown_cell(EVIL),
        new_code_cell(EVIL, outputs=[output, new_output("stream", text=EVIL)]),
        kit.essay("why", 2),
    ]
    cells[-1].source += f"\n\n{EVIL}"
    names = {"first_name": EVIL, "last_name": f'"{EVIL}', "notebook_path": f"'\">{EVIL}"}
    page = page_of(course, cells, student=f"x{EVIL}".replace("/", ""), **names)
    assert "alert(1)" in page
    assert not SCRIPT.search(page)
    assert not re.search(r"<img[^>]*onerror", page)
    policy = re.search(r'content="(default-src[^"]*)"', page)[1]
    scripts = re.search(r"script-src ([^;]*);", policy)[1]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in scripts
    (nonce,) = set(re.findall(r'nonce="([^"]+)"', page))
    assert f"'nonce-{nonce}'" in scripts
    assert nonce not in page_of(course, cells)


@pytest.fixture
def server(monkeypatch):
    """nbgrader's handlers as put_right leaves them; afterwards they are as they were."""
    from nbgrader.server_extensions.formgrader import apihandlers, base
    from nbgrader.server_extensions.formgrader import formgrader as theirs

    for name in ("render", "exporter", "gradebook", "on_finish"):
        monkeypatch.setattr(base.BaseHandler, name, getattr(base.BaseHandler, name))
    for name in ("Autograde", "GenerateFeedback", "GenerateAllFeedback"):
        handler = getattr(apihandlers, f"{name}Handler")
        monkeypatch.setattr(handler, "post", handler.post)
    assert theirs.__name__ in sys.modules
    formgrader.put_right()
    return base.BaseHandler


PAGES = ("manage_students_assignments", "gradebook_notebook_submissions", "manage_submissions")


@pytest.mark.parametrize("name", PAGES)
def test_a_name_in_an_address_is_text_in_the_formgrader_s_pages(server, name):
    values = dict.fromkeys(("student_id", "assignment_id", "notebook_id"), f'"{EVIL}')
    page = server.render(None, f"{name}.tpl", base_url="", course_dir="", **values)
    assert EVIL not in page
    assert 'id = "\\"\\u003cscript\\u003e' in page  # what the page's script asks the server for


def test_a_missing_notebook_has_the_page_that_says_so(server):
    resources = {"index": 0, "total": 1, "filename": "x.ipynb", "student": f"s{EVIL}"}
    page = server.render(None, "formgrade_404.tpl", resources=SimpleNamespace(**resources))
    assert "file not found: x.ipynb" in page
    assert EVIL not in page
