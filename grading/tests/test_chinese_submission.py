"""A submission from the Chinese notebook is graded like the English one, and told in Chinese."""

import copy
import re

import nbformat
import pytest

from cs231n.language import translator
from grading import build, marks, settings
from grading.engine.tasks import Assignment, Submission
from grading.feedback.card import put_tables
from grading.feedback.page import FeedbackPage, TidyFeedback
from grading.grade import grade_submission
from grading.gradescope.results import as_results
from grading.notebooks import to_bytes
from grading.sample_class import fill_in, reference_answers
from grading.scorecard import as_text
from grading.solutions import read_solutions
from grading.submissions import prepare
from grading.translation.edition import translated

ASSIGNMENT, NAME = "assignment1", "3_pooling"
ANSWERS = reference_answers(read_solutions(settings.REFERENCE))


@pytest.fixture(scope="module")
def released():
    return build.student_notebook(ASSIGNMENT, NAME)


@pytest.fixture(scope="module")
def worked(released):
    """Language -> the same work, in the notebook of that language: most of it right, two functions
    that stop, one that is not written."""
    chinese = translated(NAME, released, "zh")
    answers = {name: text for name, text in ANSWERS.items() if name != "l2_pool_backward"}
    for name, text in answers.items():
        if name in ("avg_pool_forward", "avg_pool_backward"):
            answers[name] = text.replace("    return", "    undefined_name\n    return", 1)
    return {"en": fill_in(released, answers), "zh": fill_in(chinese, answers)}


@pytest.fixture(scope="module")
def graded(released, worked):
    instructor = build.instructor_notebook(ASSIGNMENT, NAME)
    task = Assignment(
        ASSIGNMENT, {NAME: to_bytes(released)}, {NAME: to_bytes(instructor)}, secret="a secret"
    )
    return {
        tongue: grade_submission(task, Submission("ann", {f"{NAME}.ipynb": to_bytes(notebook)}))
        for tongue, notebook in worked.items()
    }


def test_scores_checks_and_mistakes_are_the_same(graded):
    english, chinese = (dict(graded[tongue].cards[NAME]) for tongue in ("en", "zh"))
    assert chinese.pop("language") == "zh"
    assert "language" not in english
    assert chinese == english
    assert 0 < english["score"] < english["max_score"]
    assert english["repairs"] == []
    assert english["needs_review"] is None


def test_nothing_had_to_be_put_right(released, worked, tmp_path):
    place = tmp_path / f"{NAME}.ipynb"
    place.write_bytes(to_bytes(worked["zh"]))
    notebook = prepare(place, released)
    assert marks.repairs(notebook) == []
    assert marks.language(notebook) == "zh"


def edited(notebook, how):
    new = copy.deepcopy(notebook)
    how(new)
    return new


def lose_marks(nb):
    for cell in nb.cells:
        cell.metadata.pop("nbgrader", None)


def lose_language(nb):
    nb.metadata.pop("cs231n", None)


def lose_ids(nb):
    for number, cell in enumerate(nb.cells):
        cell.id = f"cell-{number}"


def other_words(nb):
    nb.cells[0].source = "# 我的作业"


def colab(nb):
    lose_marks(nb)
    lose_language(nb)
    nb.metadata["colab"] = {"provenance": []}


@pytest.mark.parametrize("how", [lose_marks, lose_language, lose_ids, other_words, colab])
def test_a_mangled_chinese_notebook_is_repaired_like_an_english_one(
    how, released, worked, tmp_path
):
    prepared = {}
    for tongue, notebook in worked.items():
        path = tmp_path / tongue / f"{NAME}.ipynb"
        path.parent.mkdir()
        path.write_bytes(to_bytes(edited(notebook, how)))
        prepared[tongue] = prepare(path, released)
    english, chinese = prepared["en"], prepared["zh"]
    assert marks.repairs(chinese) == marks.repairs(english)
    code = [[c.source for c in nb.cells if c.cell_type == "code"] for nb in (english, chinese)]
    assert code[0] == code[1]
    assert marks.language(chinese) == "zh"


def test_a_language_that_there_is_not_is_taken_for_english(released, worked, tmp_path):
    path = tmp_path / f"{NAME}.ipynb"
    for strange in ("../../etc", "xx", 7, None, {"zh": 1}, "zh" * 1000):
        notebook = edited(worked["en"], lambda nb, s=strange: nb.metadata.update(
            cs231n={"language": s}))  # fmt: skip
        path.write_bytes(to_bytes(notebook))
        assert marks.language(prepare(path, released)) == "en"


def test_a_submission_from_an_earlier_chinese_release_is_brought_forward(
    released, worked, tmp_path
):
    """A text was put better after the notebook was handed out."""
    old = edited(worked["zh"], lambda nb: nb.cells[3].update(source="从前是这样说的。"))
    path = tmp_path / f"{NAME}.ipynb"
    path.write_bytes(to_bytes(old))
    before = edited(
        translated(NAME, released, "zh"), lambda nb: nb.cells[3].update(source="从前是这样说的。")
    )
    notebook = prepare(path, released, {"release 1 (2026-09-01), zh": before})
    assert [c.source for c in notebook.cells if c.id == released.cells[3].id] == [
        released.cells[3].source
    ]
    assert marks.repairs(notebook) == []


# ---- what the student reads ----------------------------------------------------------------------


def test_feedback_page_is_in_the_students_language(graded):
    """The page of a notebook graded in Chinese, without a gradebook behind it."""
    notebook = nbformat.reads(graded["zh"].notebooks[NAME].decode(), as_version=4)
    names = {"notebook": NAME, "assignment": ASSIGNMENT, "student": "ann", "score": 3.0,
             "max_score": 5.0, "late_penalty": 0.0}  # fmt: skip
    put_tables(notebook, graded["zh"].cards[NAME]["exercises"])
    notebook, _ = TidyFeedback().preprocess(notebook, {})
    page, _ = FeedbackPage().from_notebook_node(notebook, {"nbgrader": names})
    assert '<html lang="zh">' in page
    assert "✗ 未通过" in page
    assert "✗ failed" not in page
    assert "检查项" in page


def test_messages_of_hidden_checks_are_all_translated(graded):
    say = translator("zh")
    checks = [c for e in graded["zh"].cards[NAME]["exercises"].values() for c in e["checks"]]
    assert len(checks) > 20
    for check in checks:
        chinese = say(check["name"])
        assert re.search(r"[\u4e00-\u9fff]", chinese), check["name"]
        if check["message"]:
            assert re.search(r"[\u4e00-\u9fff]", say(check["message"])), check["message"]


def test_score_card_of_a_single_notebook_is_in_its_language(graded):
    text = as_text(graded["zh"].cards[NAME], ["The set-up cell had been deleted; it was put back."])
    assert "合计" in text
    assert "准备单元格被删除了" in text
    assert not re.search(r"\b(checks|weight|total|was put back)\b", text)


def test_gradescope_says_it_in_the_students_language(graded):
    results = as_results(dict(graded["zh"].cards), 2.0, "visible", 1.0)
    said = "\n".join([results["output"], *(test["output"] for test in results["tests"])])
    assert "文字题最多还能得 2 分" in said
    assert "checks passed" not in said


def test_report_of_the_course_stays_in_one_language(graded):
    """What is stored is English: messages of both editions are counted together."""
    card = graded["zh"].cards[NAME]
    said = "\n".join(c["message"] for e in card["exercises"].values() for c in e["checks"])
    assert not re.search(r"[\u4e00-\u9fff]", said)
