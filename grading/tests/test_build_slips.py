"""Every slip in a source or reference is an error that names file and line."""

from __future__ import annotations

import pytest

from grading import settings
from grading.errors import GradingError
from grading.tests import small_course
from grading.tests.small_course import REFERENCE, build


@pytest.fixture
def kit(tmp_path):
    return small_course.make(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ('id="play"', "", 19, "every cell needs an id"),
        ('id="play"', 'id="given"', 19, "already used in line 16"),
        ('id="play"', 'id="open-in-colab"', 19, "already used by the Colab badge"),
        ('id="play"', 'id="Play!"', 19, "small letters, digits"),
        ('id="play"', 'id="play', 19, "first line cannot be read"),
        ('id="play"', 'id="play" colour="red"', 19, "unknown option 'colour'"),
        ('id="play"', 'id="play" tags=["hidden"]', 19, "tags should be a list"),
        ('id="play"', 'id="play" points=3', 19, "points belong to"),
        ('id="play"', 'id="play" exercise="triple" points=1', 19, "no exercise 'triple'"),
        ('id="play"', 'id="play" exercise="double" points=1', 19, "'double' is already used"),
        ('id="play"', 'id="play" solution="double"', 19, "'double' is already used"),
        ('solution="double"', 'solution="dubble"', 7, "no function 'dubble'"),
        (" points=2", "", 9, "needs points="),
        ("points=2", "points=0", 9, "needs points="),
        ('id="play"', 'id="play" question=2', 19, "should be a [markdown] cell"),
        ('id="play"', 'id="play" tags=["score"]', 19, "card's cell is left empty"),
        ('id="title"', 'id="title" question=0', 1, "question= takes the points"),
        ('id="title"', 'id="title" question=1', 1, "a line `<!-- answer -->`"),
        ("double(3)", "### BEGIN SOLUTION", 20, "leftover"),
        ("double(3)", "#begin solution", 20, "looks like a marker"),
        ("# # A small notebook", "# A small notebook", 1, "begin with a title"),
        ('# %% id="setup" tags=["setup"]\n', "", 1, "needs one set-up cell"),
        (' tags=["demo"]', ' tags=["demo", "provided"]', 12, "tags should be a list"),
        ('[markdown] id="title"', '[raw] id="title"', 1, "begin with a title"),
    ],
)
def test_slip_in_a_source_names_file_and_line(kit, old, new, line, message):
    text = kit.notebook.read_text()
    assert old in text
    kit.notebook.write_text(text.replace(old, new, 1))
    with pytest.raises(GradingError) as problem:
        build(kit)
    assert str(problem.value).startswith(f"{kit.notebook}:{line}: ")
    assert message in str(problem.value)
    assert not kit.output.exists()


@pytest.mark.parametrize(
    ("body", "line", "message"),
    [
        ("    ### BEGIN SOLUTION\n    return 1\n", 3, "without an `### END SOLUTION`"),
        ("    return 1\n    ### END SOLUTION\n", 4, "without a `### BEGIN SOLUTION`"),
        ("    ### BEGIN SOLUTION\n    ### BEGIN SOLUTION\n    return 1\n", 4, "nested"),
        ("    ### BEGIN HIDDEN TESTS\n    return 1\n", 3, "does not belong here"),
        ("    ### begin Solution\n    return 1\n", 3, "looks like a marker"),
        ("", 1, "a docstring only"),
    ],
)
def test_slip_in_a_reference_names_file_and_line(kit, body, line, message):
    kit.reference.write_text('def double(x):\n    """Twice x."""\n' + body)
    with pytest.raises(GradingError) as problem:
        build(kit)
    assert str(problem.value).startswith(f"{kit.reference}:{line}: ")
    assert message in str(problem.value)


def test_reference_without_docstring_defined_twice_or_marked_outside_is_refused(kit):
    kit.reference.write_text("def double(x):\n    return 2 * x\n")
    with pytest.raises(GradingError, match="has no docstring"):
        build(kit)
    kit.reference.write_text(REFERENCE)
    (kit.reference.parent / "zz.py").write_text(REFERENCE)
    with pytest.raises(GradingError, match="is also defined in"):
        build(kit)
    (kit.reference.parent / "zz.py").write_text("### BEGIN SOLUTION\nX = 1\n### END SOLUTION\n")
    with pytest.raises(GradingError, match="not inside one function"):
        build(kit)


def test_exercise_without_hidden_checks_is_refused(kit):
    kit.sources.exercises["double"].checks.clear()
    with pytest.raises(GradingError, match="has no hidden checks yet"):
        build(kit)


def test_gradebook_is_where_the_settings_say(tmp_path, monkeypatch):
    monkeypatch.delenv("CS231N_DATABASE_URL", raising=False)
    assert settings.database_url(tmp_path).startswith(f"sqlite:///{tmp_path}/gradebook.db")
    url = "postgresql+psycopg://somebody@localhost/grades"
    monkeypatch.setenv("CS231N_DATABASE_URL", url)
    assert settings.database_url(tmp_path) == url


def test_an_address_of_a_database_that_is_none_is_refused(tmp_path):
    (tmp_path / "course.toml").write_text('database = "grades.db"')
    with pytest.raises(GradingError, match="postgresql"):
        settings.load(tmp_path / "course.toml")
