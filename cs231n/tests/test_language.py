"""Messages in another language: which one, and how a sentence is put into it."""

import json
import os
import subprocess
import sys

import pytest

from cs231n import check, language
from cs231n.check import report
from cs231n.check.hints import all_hints
from cs231n.language import translate
from cs231n.sentences import Translator

pytestmark = pytest.mark.usefixtures("no_language")


# ---- which language ------------------------------------------------------------------------------


def test_english_is_spoken_where_nothing_else_is_asked_for(monkeypatch):
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert language.current() == "en"


@pytest.mark.parametrize("said", ["zh_CN.UTF-8", "zh_TW", "zh", "zh-Hans.utf8"])
def test_locale_is_followed(monkeypatch, said):
    monkeypatch.setenv("LANG", said)
    assert language.current() == "zh"


@pytest.mark.parametrize("said", ["de_DE.UTF-8", "zhuang", "C", "POSIX", ""])
def test_locale_of_a_language_that_there_is_not_gives_english(monkeypatch, said):
    monkeypatch.setenv("LC_ALL", said)
    monkeypatch.setenv("LANG", "de_DE")
    assert language.current() == "en"


def test_what_stands_first_among_several_languages_counts(monkeypatch):
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    monkeypatch.setenv("LANGUAGE", "de:zh_CN:en")
    assert language.current() == "zh"


def test_notebook_goes_before_the_locale(monkeypatch):
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    language.use("en")
    assert language.current() == "en"


def test_metadata_of_the_notebook_go_before_its_set_up_cell(monkeypatch, tmp_path):
    notebook = tmp_path / "2_convolution.ipynb"
    notebook.write_text(json.dumps({"metadata": {"cs231n": {"language": "zh"}}}))
    monkeypatch.setenv("JPY_SESSION_NAME", str(notebook))
    language.use("en")
    assert language.current() == "zh"


@pytest.mark.parametrize(
    "content", ["", "[]", '{"metadata": {"cs231n": {"language": 3}}}', '{"metadata": null}', "\0"]
)
def test_metadata_that_say_nothing_are_passed_over(monkeypatch, tmp_path, content):
    notebook = tmp_path / "2_convolution.ipynb"
    notebook.write_text(content)
    monkeypatch.setenv("JPY_SESSION_NAME", str(notebook))
    language.use("zh")
    assert language.current() == "zh"


def test_variable_goes_before_everything(monkeypatch):
    monkeypatch.setenv("CS231N_LANGUAGE", "en")
    language.use("zh")
    assert language.current() == "en"


def test_unknown_language_is_named_with_those_that_there_are():
    with pytest.raises(ValueError, match="The languages are en, zh, not 'fr'"):
        language.use("fr")


def test_language_of_a_context_ends_with_it():
    with language.using("zh"):
        assert language.current() == "zh"
    assert language.current() == "en"


# ---- how a sentence is translated ----------------------------------------------------------------

SENTENCES = {
    "{what} has shape {1}, but it should be {2}.": "{what} 的形状是 {1}，应为 {2}。",
    "It looks transposed.": "看起来是转置了。",
    "it is {came}": "现在是 {came}",
    ", it should be {wanted}": "，应为 {wanted}",
    "Most of all {1}: {came}.": "差得最多的是 {1}：{came}。",
    "{1} of {2}": "{2} 之 {1}",
    "{number} points": "{number} 分",
    "Only {name} {k} is right: is a loop variable not used?": "只有第 {k} {name}对。",
    "the check cell of {1}": "{1} 的检查单元格",
    "{1} was removed.": "{1}已删除。",
    "braces {{x}} of {name}": "{name} 的 {{x}}",
    "{wanted}, but it lacks {missing}.{found}": "{wanted}，但它缺少 {missing}。{found}",
}
say = Translator(SENTENCES, {"row": "行"}, {". ": "。", ": ": "：", ", ": "，"})


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("It looks transposed.", "看起来是转置了。"),
        ("out has shape (2,), but it should be (3,).", "out 的形状是 (2,)，应为 (3,)。"),
        # Sentences one after another, and a sentence in a sentence.
        (
            "out has shape (2,), but it should be (3,). It looks transposed.",
            "out 的形状是 (2,)，应为 (3,)。看起来是转置了。",
        ),
        ("Most of all dx[0]: it is 3, it should be 7.", "差得最多的是 dx[0]：现在是 3，应为 7。"),
        ("  It looks transposed.\nIt looks transposed.", "  看起来是转置了。\n看起来是转置了。"),
        # A word within a sentence, a phrase at the beginning of one.
        ("Only row 0 is right: is a loop variable not used?", "只有第 0 行对。"),
        ("The check cell of `conv` was removed.", "`conv` 的检查单元格已删除。"),
        # A number is a number.
        ("2.5 points", "2.5 分"),
        ("no points", "no points"),
        ("braces {x} of y", "y 的 {x}"),
        # A list of names is code; what is added at the end comes with a space.
        ("d, but it lacks ['w.a', 'b'].", "d，但它缺少 ['w.a', 'b']。"),
        ("d, but it lacks ['w.a']. It looks transposed.", "d，但它缺少 ['w.a']。看起来是转置了。"),
        # What nobody translated stays, and so does code.
        ("Nothing is known of this.", "Nothing is known of this."),
        ("", ""),
        ("dx", "dx"),
    ],
)
def test_a_sentence_is_read_in_the_way_that_leaves_the_least(english, chinese):
    assert say(english) == chinese


def test_form_that_fits_everything_does_not_tear_other_words_apart():
    assert say("x of y") == "y 之 x"
    assert say("a lot of other things") == "a lot of other things"


def test_a_long_answer_of_a_student_takes_no_time_to_speak_of():
    text = "out is " + "very " * 5000 + "wrong."
    assert say(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "a. " * 600,
        "x: " * 600,
        "The " * 450,
        "1 weights span 3×3 " * 100,
        "out has shape x, but it should be " * 50,
        "its variance is divided by x - 1, not by " * 40,
        "(" * 1900,
        "`" * 1900,
        "'a' " * 480,
        "['a' " * 380,
        "out has shape (x, but it should be " * 50,
        "a (b is c, but it should be d) " * 60,
    ],
)
def test_a_message_made_to_be_hard_to_read_ends_and_does_not_grow(text):
    """A student's exception says it, and the course's own process makes a page of it."""
    assert len(language.translator("zh")(text)) <= 2 * len(text)


def test_what_is_named_twice_is_one_thing():
    say = Translator({"{1} weights span {n}×{n}": "{1} 个权重跨越 {n}×{n}"})
    assert say("9 weights span 3×3") == "9 个权重跨越 3×3"
    assert say("9 weights span 3×4") == "9 weights span 3×4"


# ---- what is shown -------------------------------------------------------------------------------


def wrong_relu(x):
    return x, x


wrong_relu.__name__ = "relu_forward"


def test_table_of_a_check_is_in_the_readers_language(capsys):
    with language.using("zh"):
        check.relu_forward(wrong_relu)
    shown = capsys.readouterr().out
    assert "relu_forward：" in shown
    assert "✗ 未通过" in shown
    assert "passed" not in shown


def test_columns_of_a_table_stand_below_one_another_though_characters_are_wide():
    table = report.Table("x: 1 of 1 checks passed", ("check", "result"), language="zh")
    table.rows = [(True, ("output shape",), ""), (True, ("a",), "")]
    lines = repr(table).splitlines()[1:]
    places = [language.width(line.partition("✓")[0]) for line in lines[1:]]
    assert places == [language.width(lines[0].partition("结果")[0])] * 2


def test_results_are_the_same_in_all_languages():
    functions = {"relu_forward": wrong_relu}
    english, _ = check.relu_forward.run(functions)
    with language.using("zh"):
        chinese, _ = check.relu_forward.run(functions)
    assert chinese == english


def test_hints_are_translated_whole():
    say = language.translator("zh")
    left = [step for hints in all_hints().values() for step in hints.steps if say.left(step)]
    assert left == []


def test_checks_have_names_in_chinese():
    say = language.translator("zh")
    names = {c.name for exercise in check.EXERCISES.values() for c in exercise.checks}
    left = sorted(name for name in names if not any("\u4e00" <= c <= "\u9fff" for c in say(name)))
    assert all(" " not in name or "," in name for name in left), left


def test_score_card_is_in_the_readers_language(capsys):
    with language.using("zh"):
        check.score_card("1_fully_connected", by_a_person=2, relu_forward=2, affine_forward=3)
    shown = capsys.readouterr().out
    assert "你目前的得分是" in shown
    assert "答" not in shown or "由人批阅" in shown


def test_refusals_are_in_the_readers_language():
    with language.using("zh"):
        with pytest.raises(TypeError) as problem:
            check.relu_forward()
        assert "请写成 check.relu_forward(relu_forward)" in problem.value._render_traceback_()[0]


def test_kernel_started_in_chinese_speaks_chinese():
    code = (
        "from cs231n import check\n"
        "def relu_forward(x): raise NotImplementedError\n"
        "check.relu_forward(relu_forward)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"CS231N_LANGUAGE": "zh", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert "还没有实现" in done.stdout, done.stderr


def test_message_without_a_catalogue_stays_english():
    assert translate("Something new.", "zh") == "Something new."
    assert translate("", "zh") == ""
