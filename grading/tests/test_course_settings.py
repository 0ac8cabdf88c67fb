"""A course's own course.toml: points, what is left out, due dates, late work, the secret."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

pytest.importorskip("nbgrader")

from nbgrader.api import Gradebook

from grading import build as building
from grading import due, points, settings
from grading.coordinator.course_folder import open_course
from grading.coordinator.gradebook_rows import late_penalty
from grading.errors import GradingError
from grading.late import DAY, Late
from grading.tests import small_course
from grading.tests.small_course import build, cells

QUESTION = """
# %% [markdown] id="why" question=2
# Why?
#
# <!-- answer -->
# Because.

# %% id="card" tags=["score"]
"""


@pytest.fixture
def kit(tmp_path, monkeypatch):
    monkeypatch.delenv("CS231N_DATABASE_URL", raising=False)
    monkeypatch.delenv("CS231N_COURSE_SECRET", raising=False)
    kit = small_course.make(tmp_path)
    kit.notebook.write_text(kit.notebook.read_text() + QUESTION)
    kit.course.mkdir()
    kit.toml = kit.course / "course.toml"
    kit.recorded = kit.course / "source" / "week1" / "1_small.ipynb"
    return kit


def test_own_points_are_in_the_notebook_the_gradebook_and_the_score_card(kit):
    before = kit.notebook.read_bytes()
    kit.toml.write_text('course_id = "mine"\n[points]\ndouble = 5\nwhy = 0.5\n')
    build(kit)
    made = cells(kit.recorded)
    assert made["double-check"].metadata.nbgrader.points == 5
    assert 'grade_cell("double", globals(), points=5)' in made["double-check"].source
    assert made["card"].source.splitlines()[1:-1] == [
        '    "1_small",', "    double=5,", "    by_a_person=0.5,"
    ]  # fmt: skip
    assert "`double` 5, `why` 0.5. Together 5.5." in cells(kit.released)["title"].source
    with Gradebook(f"sqlite:///{kit.course}/gradebook.db", "mine") as book:
        assert book.find_assignment("week1").max_score == 5.5
    assert points.totals(building.recorded(kit.course)) == "week1: 5.5 points (1_small 5.5)"
    assert kit.notebook.read_bytes() == before


def test_what_is_left_out_stays_to_practise_and_counts_nothing(kit):
    kit.toml.write_text('leave_out = ["double", "1_small/why"]')
    build(kit)
    made, released = cells(kit.recorded), cells(kit.released)
    assert not [c for c in made.values() if c.metadata.get("nbgrader", {}).get("grade")]
    assert "grade_cell" not in made["double-check"].source
    assert released["double-check"].source == f"{points.PRACTICE}\ncheck.double(double)"
    assert released["double-check"].metadata.tags == ["demo"]
    assert released["double"].metadata.nbgrader.solution
    assert (made["why"].source, "Because" in str(released)) == ("Why?", False)
    assert "double=" not in released["card"].source
    assert "not graded: `double`, `why`. Together 0." in released["title"].source


def test_a_course_without_own_points_is_built_as_the_kit_says(kit):
    build(kit)
    plain = kit.released.read_bytes()
    kit.toml.write_text("[points]\ndouble = 2\n")  # what the source says
    build(kit)
    assert kit.released.read_bytes() == plain


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[points]\ndubble = 3", "Was double"),
        ('leave_out = ["1_small/doubles"]', "Was 1_small/double"),
        ('leave_out = ["double"]\n[points]\ndouble = 3', "gives points to what it leaves out"),
        ("[points]\ndouble = 0", "above zero, not 0. An exercise that should not count"),
        ("[points]\ndouble = true", "above zero, not True"),
        ('leave_out = "double"', "should be a list"),
        ('points = "many"', r"a table that begins with \[points\]"),
        ("[due]\nweek2 = 2026-02-03", "Was week1 meant"),
        ('[due]\nweek1 = "tomorrow"', "without quotation marks"),
        ('time_zone = "Mars/Olympus"', "Europe/Berlin"),
        ('language = "de"', "one of: en, zh"),
        ("[late]\npercent_per_day = 110", "from 0 to 100, not 110"),
        ("[late]\npercent = 10", "Known are percent_per_day"),
        ("[late]\nzero_after_days = -1", "0 or more"),
        ('course_id = ["x"]', "in quotation marks"),
    ],
)
def test_a_slip_in_course_toml_says_what_was_expected_and_nothing_is_built(kit, text, said):
    kit.toml.write_text(text)
    with pytest.raises(GradingError, match=said):
        build(kit)
    assert not kit.output.exists()


def test_a_name_that_two_notebooks_have_must_say_which():
    known = {"1_a": ["question"], "2_b": ["question", "other"]}
    one = settings.Settings(points={"2_b/question": 3, "other": 1})
    points.check_names(one, known)
    with pytest.raises(GradingError, match="1_a/question, 2_b/question"):
        points.check_names(settings.Settings(leave_out=("question",)), known)


def test_due_dates_reach_the_gradebook_in_utc(kit):
    kit.toml.write_text('time_zone = "America/Los_Angeles"\n[due]\nweek1 = 2026-02-03\n')
    build(kit)
    url, course = f"sqlite:///{kit.course}/gradebook.db", settings.load(kit.toml)
    with Gradebook(url, course.course_id) as book:
        assert book.find_assignment("week1").duedate == datetime(2026, 2, 4, 7, 59, 59)
    kit.toml.write_text("[due]\nweek1 = 2026-02-03T12:00:00+02:00\n")
    changed = due.put(url, settings.load(kit.toml))
    assert changed["week1"][1] == datetime(2026, 2, 3, 10)
    assert due.put(url, settings.load(kit.toml)) == {}
    kit.toml.write_text("")  # who takes the date out leaves the gradebook's alone
    build(kit)
    with Gradebook(url, course.course_id) as book:
        assert book.find_assignment("week1").duedate == datetime(2026, 2, 3, 10)


def test_a_local_date_knows_summer_time():
    found = settings.tables.due({"a": datetime(2026, 7, 1, 12)}, "Europe/Berlin")
    assert found["a"].astimezone(UTC).hour == 10


@pytest.mark.parametrize(
    ("rule", "seconds", "points"),
    [
        (Late(), 10 * DAY, None),
        (Late(10, 50), 0, None),
        (Late(10, 50), 1, 2.0),
        (Late(10, 50), DAY, 2.0),
        (Late(10, 50), DAY + 1, 4.0),
        (Late(10, 50), 30 * DAY, 10.0),
        (Late(zero_after_days=3), 3 * DAY, None),
        (Late(zero_after_days=3), 3 * DAY + 1, 20.0),
        (Late(10, 20, zero_after_days=3), 2.5 * DAY, 4.0),
        (Late(percent_per_day=33.3), DAY, 6.66),
    ],
)
def test_lateness_costs_what_the_course_says(rule, seconds, points):
    assert rule.penalty(20.0, seconds) == points


def test_nbgrader_and_our_grader_take_off_by_the_courses_rule(kit, monkeypatch):
    monkeypatch.setenv("CS231N_COURSE", "/nowhere")
    kit.toml.write_text("[late]\npercent_per_day = 10\nat_most = 30\nzero_after_days = 7\n")
    folder = open_course(kit.course, "log")
    penalty = late_penalty(folder.config, folder.log)
    assert [penalty("ann", 20.0, days * DAY) for days in (1, 5, 8)] == [2.0, 6.0, 20.0]
    kit.toml.write_text("")
    folder = open_course(kit.course, "log")
    assert late_penalty(folder.config, folder.log)("ann", 20.0, 8 * DAY) is None


def test_the_secret_is_the_courses_own_unless_the_environment_says_otherwise(kit, monkeypatch):
    assert settings.secret(kit.course) == ""
    (kit.course / "secret").write_text("of the file\n")
    assert settings.secret(kit.course) == "of the file"
    monkeypatch.setenv("CS231N_COURSE", str(kit.course))
    assert settings.secret() == "of the file"
    monkeypatch.setenv("CS231N_COURSE_SECRET", "of the environment")
    assert settings.secret(kit.course) == "of the environment"
    monkeypatch.setenv("CS231N_COURSE_SECRET", "")  # the demonstration's numbers are everybody's
    assert settings.secret(kit.course) == ""


def test_a_course_of_its_own_has_its_own_database_whichever_is_at_work(kit, monkeypatch):
    monkeypatch.setenv("CS231N_COURSE", "/nowhere")
    kit.toml.write_text('database = "postgresql+psycopg://me@host/grades"')
    from grading.gradebook import database_url

    assert database_url(kit.course) == "postgresql+psycopg://me@host/grades"
    assert settings.database_url(kit.course) == "postgresql+psycopg://me@host/grades"
    assert database_url(kit.course.parent).startswith("sqlite:///")


def test_the_build_remembers_what_it_was_made_from(kit):
    assert building.is_fresh(kit.course, kit.sources) is None
    build(kit)
    assert building.is_fresh(kit.course, kit.sources)
    kit.toml.write_text("[due]\nweek1 = 2026-02-03\n")  # in no notebook
    assert building.is_fresh(kit.course, kit.sources)
    kit.toml.write_text("[points]\ndouble = 3\n")
    assert not building.is_fresh(kit.course, kit.sources)
    build(kit)
    kit.notebook.write_text(kit.notebook.read_text() + "# more\n")
    assert not building.is_fresh(kit.course, kit.sources)
