"""The class report's page: nothing of a student's acts in it; an anonymous one names nobody."""

import os
import re
import shutil
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

pytest.importorskip("nbgrader")

import nbformat
from markupsafe import Markup

from grading.__main__ import main
from grading.class_report import figures
from grading.class_report.examples import anonymous
from grading.tests.made_up_class import (
    ASSIGNMENT,
    DUE,
    NAMES,
    change,
    edit_report,
    make_class,
    read,
)

SECRET_WORDS = "a message that only one student has"


@pytest.fixture
def drawn():
    """For a test that is about the charts as well: they take most of a page's time."""


@pytest.fixture(autouse=True)
def _without_charts(request, monkeypatch):
    if "drawn" not in request.fixturenames:
        monkeypatch.setattr(figures, "_svg", lambda figure, words: Markup("<svg></svg>"))


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    return make_class(tmp_path_factory.mktemp("three") / "course", 3)


@pytest.fixture
def course(three, tmp_path):
    """Three students: all right; one notebook cut off; late."""
    return Path(shutil.copytree(three, tmp_path / "course"))


def report(course, *options):
    """Run the command. Returns a tuple of: the exit code, the page."""
    code = main(["report", ASSIGNMENT, "--course", str(course), *options])
    page = course / "reports" / f"{ASSIGNMENT}.html"
    return code, page.read_text(encoding="utf-8") if page.exists() else ""


class Page(HTMLParser):
    """What a browser would find in a page: tags with attributes, and the text of each element."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.rows, self.scripts, self._in = [], [], [], ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self._in = tag
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th") and self.rows:
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        self._in = "" if tag == "script" else self._in

    def handle_data(self, data):
        if self._in == "script":
            self.scripts.append(data)
        elif self.rows and self.rows[-1]:
            self.rows[-1][-1] += data.strip("\n")

    def row(self, beginning):
        """The last table row whose first cell begins so."""
        return [row for row in self.rows if row and row[0].startswith(beginning)][-1]


def test_the_table_of_students_says_what_the_gradebook_says(course):
    change(course, "DELETE FROM submitted_assignment WHERE student_id = 's00001'")
    code, page = report(course)
    assert code == 0
    row = Page(page).row(f"{NAMES[2][1]}, {NAMES[2][0]} (s00002)")
    assert float(row[1]) == round(read(course).totals[2], 2)
    assert row[-4:] == [f"{DUE + timedelta(hours=5):%Y-%m-%d %H:%M}", "5", "3", ""]
    assert "nothing" in Page(page).row(f"{NAMES[1][1]}, {NAMES[1][0]} (s00001)")


def test_no_name_or_message_of_a_student_becomes_a_part_of_the_page(course, drawn):
    attack = "<img src=x onerror=alert(1)>\"'{{ 7*7 }}\x1b[2J\u202e</svg></script><script>"

    def write(data):
        data["notebooks"]["3_pooling"]["needs_review"] = attack
        result = data["notebooks"]["1_dense"]["exercises"]["svm_loss"]
        result["checks"][0] |= {"passed": False, "message": attack}
        result["mistakes"] = [{"name": attack, "says": attack}]

    edit_report(course, "s00000", write)
    change(course, "UPDATE grade SET needs_manual_grade = 1 WHERE id LIKE 's00000-3_pooling%'")
    change(course, "UPDATE student SET first_name = :name, last_name = :name", name=attack)
    change(course, "UPDATE base_cell SET name = :name WHERE name LIKE 'why-3%'", name=attack)
    _, page = report(course)
    found = Page(page)
    assert len(found.scripts) == 1
    assert not [tag for tag, _ in found.tags if tag in ("img", "iframe", "object", "link", "base")]
    assert not [a for _, about in found.tags for a in about if a.startswith("on")]
    assert page.count("&lt;img src=x") >= 6
    assert "[U+202E]" in page
    assert not re.search("[\x00-\x08\x0b-\x1f\u202e]", page)


def test_the_page_runs_its_own_script_only_and_fetches_nothing(course, drawn):
    import base64
    import hashlib

    _, page = report(course, "--examples")
    found = Page(page)
    (policy,) = [a["content"] for t, a in found.tags if a.get("http-equiv")]
    digest = base64.b64encode(hashlib.sha256(found.scripts[0].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    links = [a[key] for _, a in found.tags for key in ("src", "href", "xlink:href") if key in a]
    assert all(link.startswith("#") for link in links)
    assert not re.search(r"url\((?!#)|@import", page)


def test_charts_follow_the_page_s_colours_and_are_told_in_words(course, drawn):
    _, page = report(course)
    charts = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(charts) == 5
    for chart in charts:
        assert "var(--" in chart
        assert "#00fe0" not in chart
        assert re.match(r'<svg role="img" aria-label="[^"]{40,}"', chart)
        assert "<text" in chart
    ids = [about["id"] for _, about in Page(page).tags if "id" in about]
    assert len(ids) == len(set(ids))


def test_an_anonymous_page_holds_no_name_and_no_message_of_one_student(course):
    def write(data):
        checks = data["notebooks"]["1_dense"]["exercises"]["svm_loss"]["checks"]
        checks[0] |= {"passed": False, "message": SECRET_WORDS}

    edit_report(course, "s00000", write)
    _, page = report(course)
    assert SECRET_WORDS in page
    assert "Lovelace" in page
    _, page = report(course, "--anonymous")
    assert SECRET_WORDS not in page
    assert "Lovelace" not in page
    assert "s00000" in page


CODE = '''
import numpy as np
TEXT = "by Ada"
def helper(): pass
def svm_loss(x, y):
    """Ada Lovelace's."""
    # Ada was here
    lovelace_margin = np.maximum(x["stride"], 0)  # by Ada
    print(f"Ada {lovelace_margin}", "mode")
    def my_ada(s):
        "Ada"
        return s
    return my_ada(lovelace_margin), b"ada"
'''


def test_an_example_holds_nothing_of_its_author():
    code = anonymous(CODE, "svm_loss", ["s00000", "Lovelace, Ada"], frozenset({"stride", "mode"}))
    assert not re.search("ada|lovelace", code, re.IGNORECASE)
    assert "#" not in code
    assert "np.maximum(x['stride'], 0)" in code
    assert "'mode'" in code
    compile(code, "example", "exec")


@pytest.mark.parametrize(
    "code", ["def f(:", "", "def f(): return " + "(" * 5000, "\0", "x" * 10**6]
)
def test_a_cell_that_is_no_python_gives_no_example(code):
    assert anonymous(code, "f", ["ada"], frozenset()) == ""


def test_code_is_shown_only_where_it_is_asked_for(course):
    def make(data):
        result = data["notebooks"]["1_dense"]["exercises"]["svm_loss"]
        result["mistakes"] = [{"name": "one_slip", "says": "Look again."}]

    edit_report(course, "s00000", make)
    folder = course / "autograded" / "s00000" / ASSIGNMENT
    folder.mkdir(parents=True)
    cells = [nbformat.v4.new_code_cell(CODE)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "1_dense.ipynb")
    source = course / "source" / ASSIGNMENT
    source.mkdir(parents=True)
    (source / "1_dense.ipynb").write_text("the course's own word stride")
    _, page = report(course)
    assert "<strong>1×</strong> one slip" in page
    assert "np.maximum" not in page
    _, page = report(course, "--examples")
    assert "np.maximum" in page
    assert "[&#39;stride&#39;]" in page
    assert "was here" not in page


def test_a_score_stays_where_the_report_is_missing(course, capsys):
    (course / "reports" / ASSIGNMENT / "s00000.json").unlink()
    code, page = report(course)
    assert code == 1
    assert "s00000: there is no report" in capsys.readouterr().err
    assert "1 submission is missing below" in page
    assert Page(page).row("Lovelace, Ada (s00000)")[1] == "50"


def test_who_is_not_graded_yet_did_not_hand_in_nothing(course, capsys):
    change(course, "DELETE FROM submitted_assignment WHERE student_id = 's00000'")
    (course / "submitted" / "s00000" / ASSIGNMENT).mkdir(parents=True)
    code, page = report(course)
    assert code == 1
    assert "Not graded yet: s00000" in capsys.readouterr().err
    assert "1 submission lies in submitted/ and is not graded yet" in page
    assert "not graded" in Page(page).row("Lovelace, Ada (s00000)")


def test_only_an_earlier_page_is_written_over(course, capsys):
    page = course / "reports" / f"{ASSIGNMENT}.html"
    page.write_text("my own notes")
    assert report(course) == (2, "my own notes")
    assert "--force" in capsys.readouterr().err
    assert report(course, "--force")[0] == 0
    assert report(course)[0] == 0
    os.mkfifo(course / "pipe")
    for place in (course, course / "pipe"):
        assert report(course, "--force", "--output", str(place))[0] == 2


def test_a_gradebook_that_is_not_there_is_not_made(course, capsys):
    (course / "gradebook.db").unlink()
    assert report(course)[0] == 2
    assert "There is no gradebook" in capsys.readouterr().err
    assert not (course / "gradebook.db").exists()


def test_the_gradebook_is_only_read(course):
    before = (course / "gradebook.db").read_bytes()
    report(course)
    assert (course / "gradebook.db").read_bytes() == before


def test_dates_that_cannot_be_are_counted_and_not_drawn(course):
    change(course, "UPDATE assignment SET duedate = NULL")
    for student, date in {"s00000": "0001-01-01", "s00001": "9999-12-31"}.items():
        statement = "UPDATE submitted_assignment SET timestamp = :at WHERE student_id = :student"
        change(course, statement, at=f"{date} 23:59:59.000000", student=student)
    code, page = report(course)
    assert code == 0
    assert "2 lie far away" in page
    assert "nobody is late" in page


def test_a_class_without_times_has_a_page(course):
    change(course, "UPDATE submitted_assignment SET timestamp = NULL")
    assert "Of 3 submissions it is not known" in report(course)[1]
