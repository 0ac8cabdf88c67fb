"""`python -m grading check`: one notebook, its score card, and an exit code to rely on."""

import json
import os

import nbformat
import pytest

from grading import build, sample_class
from grading.__main__ import main
from grading.grade import put_hidden_tests
from grading.sample_class import HERE, fill_in, read_answers, reference_answers
from grading.scorecard import as_text, grade_notebook, which_notebook
from grading.settings import REFERENCE
from grading.solutions import read_solutions

pytest.importorskip("nbgrader")


@pytest.fixture(scope="module")
def pooling():
    """Makes the pooling notebook with given answers, as text."""
    released = build.student_notebook("assignment1", "3_pooling")
    reference = reference_answers(read_solutions(REFERENCE))

    def make(answers=reference, happened=None):
        files = {"3_pooling.ipynb": nbformat.writes(fill_in(released, answers)).encode()}
        return next(iter((happened or sample_class.damage.nothing)(files).values()))

    return make


@pytest.fixture
def written(tmp_path):
    """Writes a notebook's bytes to a file."""

    def write(content, name="3_pooling.ipynb"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@pytest.mark.slow
def test_right_notebook_gets_all_points_and_the_card_has_the_agreed_form(pooling, written, capsys):
    path = written(pooling())
    out = path.parent / "card.json"
    assert main(["check", str(path), "--json", str(out)]) == 0
    card = json.loads(out.read_text(encoding="utf-8"))
    keys = ["assignment", "notebook", "exercises", "score", "max_score", "needs_review", "release"]
    assert list(card) == keys
    assert (card["assignment"], card["notebook"]) == ("assignment1", "3_pooling")
    assert (card["score"], card["max_score"], card["needs_review"]) == (23.0, 23.0, None)
    for exercise in card["exercises"].values():
        assert list(exercise) == ["score", "max_score", "graded", "checks", "mistakes"]
        for check in exercise["checks"]:
            assert set(check) == {"name", "passed", "weight", "message"}
    assert "total" in capsys.readouterr().out


def card_of(*checks):
    keys = ("name", "passed", "weight", "message")
    exercise = {
        "score": 1.0,
        "max_score": 4.0,
        "checks": [dict(zip(keys, check, strict=True)) for check in checks],
        "mistakes": [],
    }
    card = {"assignment": "assignment1", "notebook": "3_pooling", "exercises": {"pool": exercise}}
    return card | {"score": 1.0, "max_score": 4.0, "needs_review": None}


def test_one_reason_is_told_once_however_many_checks_it_failed():
    stub = [(f"size {n}", False, 1.0, "pool is not implemented yet.") for n in range(5)]
    text = as_text(card_of(*stub))
    assert text.count("not implemented yet") == 1
    assert "✗ all checks" in text
    assert "size 0" not in text


def test_each_failed_check_is_named_above_its_reason():
    checks = [("a", True, 1.0, ""), ("b", False, 2.0, "why"), ("c", False, 1.0, "why")]
    text = as_text(card_of(*checks, ("d", False, 1.0, "otherwise")))
    assert "all checks" not in text
    named = [line.strip() for line in text.splitlines() if line.startswith("      ")]
    assert named == [
        *("✗ b (weight 2)", "✗ c (weight 1)", "why"),
        *("✗ d (weight 1)", "otherwise"),
    ]


def test_points_that_no_check_can_give_are_spoken_of():
    assert "answer in words brings up to 2 more" in as_text(card_of(), in_words=2)
    assert "in words" not in as_text(card_of())


@pytest.mark.slow
def test_mistake_is_told_with_what_failed_and_why(pooling, written, capsys):
    answers = reference_answers(read_solutions(REFERENCE))
    answers |= read_answers(HERE / "answers" / "overwrites.py")
    assert main(["check", str(written(pooling(answers)))]) == 0
    said = capsys.readouterr().out
    assert "✗" in said
    assert "max_pool_backward_naive" in said


@pytest.mark.slow
def test_untouched_notebook_is_graded_and_gets_nothing(pooling, written, capsys):
    path = written(pooling({}))
    assert main(["check", str(path)]) == 0
    said = capsys.readouterr().out
    assert said.count("not implemented yet") == 7  # once an exercise
    assert "in words brings up to 2 more" in said


@pytest.mark.slow
def test_notebook_without_metadata_under_another_name_is_recognised(pooling, written):
    path = written(pooling(happened=sample_class.damage.colab), "Untitled7.ipynb")
    card = grade_notebook(path)
    assert (card["notebook"], card["score"]) == ("3_pooling", 23.0)


@pytest.mark.slow
def test_grading_leaves_the_notebook_and_its_folder_alone(pooling, written):
    content = pooling({})
    path = written(content)
    grade_notebook(path)
    assert path.read_bytes() == content
    assert os.listdir(path.parent) == [path.name]


def test_corrupt_notebook_goes_to_a_person_with_the_reason(pooling, written, capsys):
    path = written(pooling()[:5000])
    out = path.parent / "card.json"
    assert main(["check", str(path), "--json", str(out)]) == 3
    assert json.loads(out.read_text(encoding="utf-8"))["needs_review"]
    assert "A person must look" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["missing.ipynb"], "no such file"),
        (["."], "is a folder"),
        (["3_pooling.ipynb", "--assignment", "assignment9"], "assignment9"),
        (["3_pooling.ipynb", "--notebook", "9_nothing"], "9_nothing"),
        (["3_pooling.ipynb", "--json", "no/such/folder/card.json"], "does not exist"),
    ],
)
def test_wrong_input_is_named(arguments, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "3_pooling.ipynb").write_text("{}")
    assert main(["check", *arguments]) == 2
    said = capsys.readouterr().err
    assert says in said
    assert "Traceback" not in said


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs the device /dev/full")
def test_a_full_disk_is_told_after_the_card_was_printed(pooling, written, capsys):
    path = written(pooling()[:5000])
    assert main(["check", str(path), "--json", "/dev/full"]) == 2
    said = capsys.readouterr()
    assert "total" in said.out
    assert "space" in said.err


def test_notebook_of_another_course_is_refused(written, capsys):
    other = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print('hello')")])
    path = written(nbformat.writes(other).encode(), "hello.ipynb")
    assert main(["check", str(path)]) == 2
    assert "--notebook" in capsys.readouterr().err


def test_a_file_nobody_may_read_is_named(written, monkeypatch, capsys):
    path = written(b"{}")
    monkeypatch.setattr(os, "access", lambda *args: False)
    assert main(["check", str(path)]) == 2
    assert "may not read" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["2_convolution", "Copy of 2_convolution (1)"])
def test_file_name_says_which_notebook_it_is(name, tmp_path):
    assert which_notebook(tmp_path / f"{name}.ipynb") == ("assignment1", "2_convolution")


def test_hidden_tests_replace_what_a_student_made_of_the_check_cells():
    instructor = build.instructor_notebook("assignment1", "3_pooling")
    released = build.student_notebook("assignment1", "3_pooling")
    graded = [c for c in released.cells if c.metadata.get("nbgrader", {}).get("grade")]
    graded = [c for c in graded if c.cell_type == "code"]  # the question is a person's
    graded[0].source = "print('23 of 23')"
    put_hidden_tests(released, instructor)
    assert all("grade_cell" in cell.source for cell in graded)
