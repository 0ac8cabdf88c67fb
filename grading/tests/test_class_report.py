"""The class report: right numbers, nothing of a student's that acts, nobody named where asked."""

import json
import os
import re
import shutil
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("nbgrader")

import nbformat
from markupsafe import Markup
from nbgrader.api import Gradebook
from sqlalchemy import create_engine, text

from grading.__main__ import main
from grading.class_report import book as books
from grading.class_report import figures
from grading.class_report import numbers as numbering
from grading.class_report.cards import read_cards
from grading.class_report.examples import anonymous
from grading.class_report.numbers import NOT_WRITTEN, WAITS, numbers, reviews, time_bins
from grading.errors import GradingError
from grading.tests.made_up_class import ASSIGNMENT, COURSE, DUE, NAMES, make_class

SECRET_WORDS = "a message that only one student has"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_class(tmp_path_factory.mktemp("class") / "course", 60)


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


def url(course):
    return f"sqlite:///{course}/gradebook.db"


def change(course, statement, **values):
    engine = create_engine(url(course))
    with engine.begin() as db:
        assert db.execute(text(statement), values).rowcount
    engine.dispose()


def read(course):
    found = books.read_book(url(course), ASSIGNMENT, course / "release" / ASSIGNMENT)
    students = [person.id for person in found.people if person.handed_in]
    return numbers(found, read_cards(course / "reports" / ASSIGNMENT, students))


def report(course, *options):
    """Run the command. Returns a tuple of: the exit code, the page."""
    code = main(["report", ASSIGNMENT, "--course", str(course), *options])
    page = course / "reports" / f"{ASSIGNMENT}.html"
    return code, page.read_text(encoding="utf-8") if page.exists() else ""


def edit_report(course, student, edit):
    path = course / "reports" / ASSIGNMENT / f"{student}.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    edit(data)
    path.write_text(json.dumps(data), encoding="utf-8")


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


def test_totals_are_what_nbgrader_counts(made):
    """A person's points before the machine's, extra credit, penalties, never below zero."""
    change(made, "UPDATE grade SET manual_score = 1.5 WHERE id LIKE 's00004%affine_forward%'")
    change(made, "UPDATE grade SET extra_credit = 0.25 WHERE id LIKE 's00005%svm_loss%'")
    late = "UPDATE submitted_notebook SET late_submission_penalty = 99 WHERE id LIKE 's00006%'"
    change(made, late)
    n = read(made)
    with Gradebook(url(made), COURSE) as gradebook:
        for person, total in zip(n.book.people, n.totals, strict=True):
            if not person.handed_in:
                assert total == 0
                continue
            theirs = gradebook.find_submission(ASSIGNMENT, person.id)
            expected = max(0.0, theirs.score - theirs.late_submission_penalty)
            assert total == pytest.approx(expected), person.id
            assert person.late == theirs.total_seconds_late
        assert n.most == gradebook.find_assignment(ASSIGNMENT).max_score
    assert [person.id for person in n.book.people if not person.handed_in] == ["s00049"]
    assert n.totals[6] == 0


def test_an_extension_makes_nobody_late(course):
    assert read(course).late[0].id == "s00002"
    statement = "UPDATE submitted_assignment SET extension = :days WHERE student_id = 's00002'"
    change(course, statement, days="1970-01-03 00:00:00.000000")
    n = read(course)
    assert not n.late
    assert [words for words, rows in numbering.hand_in_times(n) if 2 in rows] == ["in an extension"]


def test_parts_come_in_the_order_of_the_notebooks(course):
    assert [part.name for part in read(course).book.parts][:6] == [
        "affine_forward",
        "affine_backward",
        "relu_forward",
        "svm_loss",
        "softmax_loss",
        "why-1_dense",
    ]


def test_what_was_not_written_is_no_failing_check(course):
    def forget(data):
        result = data["notebooks"]["3_pooling"]["exercises"]["avg_pool_forward"]
        for check in result["checks"]:
            check |= {"passed": False, "message": "avg_pool_forward is not implemented yet: put"}

    edit_report(course, "s00000", forget)
    change(course, "UPDATE grade SET auto_score = 0 WHERE id LIKE 's00000%avg_pool%'")
    n = read(course)
    column = [part.name for part in n.book.parts].index("avg_pool_forward")
    assert n.outcome[0, column] == NOT_WRITTEN
    counts = n.cards.checks["3_pooling", "avg_pool_forward"].values()
    assert {count.tried for count in counts} <= {1, 2}  # the others', if they wrote it


def test_a_notebook_waits_until_a_person_has_given_its_points(course):
    waiting = {(p.id, notebook): reason for p, notebook, reason in reviews(read(course))}
    assert waiting == {("s00001", "2_convolution"): "the file is cut off before its end"}
    done = "UPDATE grade SET needs_manual_grade = 0, manual_score = 1 WHERE id LIKE :key"
    change(course, done, key="s00001-2_convolution%")
    n = read(course)
    assert not list(reviews(n))
    assert not (n.outcome[1, [p.notebook == "2_convolution" for p in n.book.parts]] == WAITS).any()


def test_a_mistake_counts_once_a_student_whatever_the_exercises_it_costs(course):
    def make(data):
        for exercise in data["notebooks"]["2_convolution"]["exercises"].values():
            exercise["mistakes"] = [{"name": "one_slip", "says": "Look again."}]

    edit_report(course, "s00000", make)
    edit_report(course, "s00002", make)
    mistake = read(course).cards.mistakes["one_slip", "Look again."]
    assert list(mistake.made) == ["s00000", "s00002"]
    assert len(mistake.exercises) == 3
    _, page = report(course)
    assert "<strong>2×</strong> one slip" in page


def test_the_table_of_students_says_what_the_gradebook_says(made):
    code, page = report(made)
    assert code == 0
    n = read(made)
    row = Page(page).row(f"{NAMES[2][1]}, {NAMES[2][0]} (s00002)")
    assert float(row[1]) == round(n.totals[2], 2)
    assert row[-3:] == [f"{DUE + timedelta(hours=5):%Y-%m-%d %H:%M}", "5", "3"]
    assert "nothing" in Page(page).row("Lovelace, Ada (s00049)")


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
    _, page = report(course)
    assert "np.maximum" not in page
    _, page = report(course, "--examples")
    assert "np.maximum" in page
    assert "was here" not in page


def test_a_link_among_the_reports_is_not_followed(course, tmp_path):
    path = course / "reports" / ASSIGNMENT / "s00000.json"
    path.rename(tmp_path / "elsewhere.json")
    path.symlink_to(tmp_path / "elsewhere.json")
    assert [line.split(":")[0] for line in read(course).cards.unreadable] == ["s00000"]


@pytest.mark.parametrize("content", ["{", "[]", '{"notebooks": {"x": {}}}', "\udcff"])
def test_a_report_that_says_nothing_is_named(course, content):
    path = course / "reports" / ASSIGNMENT / "s00000.json"
    path.write_text(content, encoding="utf-8", errors="surrogateescape")
    (line,) = read(course).cards.unreadable
    assert line.startswith("s00000: s00000.json is not a report")


def test_a_score_stays_where_the_report_is_missing(course, capsys):
    (course / "reports" / ASSIGNMENT / "s00000.json").unlink()
    code, page = report(course)
    assert code == 1
    assert "s00000: there is no report" in capsys.readouterr().err
    assert "1 submission is missing below" in page
    assert Page(page).row("Lovelace, Ada (s00000)")[1] == "50"


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


def test_what_is_missing_is_told_with_what_to_do(course):
    with pytest.raises(GradingError, match="knows no 'week7'; it knows: week1"):
        books.read_book(url(course), "week7", course)
    change(course, "DELETE FROM submitted_assignment")
    with pytest.raises(GradingError, match="Nothing of week1 is graded yet"):
        books.read_book(url(course), ASSIGNMENT, course)


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


@pytest.mark.parametrize("hours", [0.5, 30, 500, 2000])
def test_every_hand_in_is_in_its_span_and_on_the_dot_is_in_time(hours):
    rng = np.random.default_rng(0)
    times = [DUE - timedelta(hours=float(h)) for h in rng.uniform(-hours / 3, hours, 200)]
    begins, counts, outside = time_bins([*times, DUE], DUE)
    assert sum(counts) + outside == 201
    assert DUE in begins
    assert len(counts) <= 42
    for place, count in enumerate(counts):
        inside = [t for t in [*times, DUE] if begins[place] < t <= begins[place + 1]]
        assert len(inside) == count


def test_hand_ins_without_a_due_date_have_a_chart_too():
    begins, counts, outside = time_bins([datetime(2026, 1, 1)], None)
    assert (sum(counts), outside) == (1, 0)
    assert begins[0] < datetime(2026, 1, 1) <= begins[-1]
    assert time_bins([datetime(9999, 12, 31)], None) == ([], [], 1)
