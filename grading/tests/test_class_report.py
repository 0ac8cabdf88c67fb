"""The class report's numbers are those of the gradebook and of the reports."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("nbgrader")

from nbgrader.api import Gradebook

from grading.class_report import book as books
from grading.class_report import numbers as numbering
from grading.class_report.numbers import NOT_WRITTEN, WAITS, reviews, time_bins
from grading.errors import GradingError
from grading.tests.made_up_class import (
    ASSIGNMENT,
    COURSE,
    DUE,
    change,
    edit_report,
    make_class,
    read,
    url,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_class(tmp_path_factory.mktemp("class") / "course", 60)


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    return make_class(tmp_path_factory.mktemp("three") / "course", 3)


@pytest.fixture
def course(three, tmp_path):
    """Three students: all right; one notebook cut off; late."""
    return Path(shutil.copytree(three, tmp_path / "course"))


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


def test_grading_again_one_notebook_is_no_second_version_of_the_others(course):
    made = {notebook: "1" for notebook in read(course).notebooks()}
    for student in read(course).handed_in:
        edit_report(course, student.id, lambda report: report.update(made_from=made))
    assert read(course).cards.versions == 1
    newer = made | {next(iter(made)): "2"}
    for student in read(course).handed_in:
        edit_report(course, student.id, lambda report: report.update(made_from=newer))
    assert read(course).cards.versions == 1
    edit_report(course, student.id, lambda report: report.update(made_from=made))
    assert read(course).cards.versions == 2


def test_attempts_are_those_that_were_collected(course):
    n = read(course)
    n.book.people[0].attempts, n.book.people[1].attempts = 2, numbering.MANY + 3
    assert [(words, rows.tolist()) for words, rows in numbering.by_attempts(n)] == [
        ("2", [0]),
        ("5 or more", [1]),
    ]


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


def test_what_is_missing_is_told_with_what_to_do(course):
    with pytest.raises(GradingError, match="knows no 'week7'; it knows: week1"):
        books.read_book(url(course), "week7", course)
    change(course, "DELETE FROM submitted_assignment")
    with pytest.raises(GradingError, match="Nothing of week1 is graded yet"):
        books.read_book(url(course), ASSIGNMENT, course)


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
