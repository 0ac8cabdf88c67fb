"""The bank of mistakes: each is noticed and named, none is named wrong or gives an answer away.

`python -m benchmarks.checks` says the same of twenty secrets, and of thousands of mutants.
"""

import re
from dataclasses import replace

import pytest

from cs231n.check import diagnosis
from grading import mistakes
from grading.__main__ import main
from grading.checks import EXERCISES
from grading.checks.core import grade, score_table
from grading.diagnosis import diagnose, explain
from grading.errors import GradingError
from grading.mistakes import bank, functions_of
from grading.mistakes.sections import section
from grading.mistakes.worlds import REFERENCE

SECRET = "one course's own"
ALL = [mistake for found in bank().values() for mistake in found]
EACH = [pytest.param(m, id=f"{m.exercise}-{m.name}") for m in ALL]


def hidden(exercise, functions, secret=SECRET):
    return EXERCISES[exercise].run(functions, secret)[0]


def test_the_bank_is_large_and_leaves_no_exercise_out():
    assert len(ALL) >= 150
    assert bank().keys() == EXERCISES.keys()
    assert min(map(len, bank().values())) >= 2


@pytest.mark.parametrize("exercise", bank())
def test_without_a_mistake_the_same_machinery_gives_right_functions(exercise):
    assert all(result.passed for result in hidden(exercise, functions_of(exercise)))


@pytest.mark.parametrize("mistake", EACH)
def test_a_mistake_is_noticed_and_named_as_no_other(mistake):
    results = hidden(mistake.exercise, mistake.functions())
    assert not all(result.passed for result in results)
    assert diagnose(EXERCISES[mistake.exercise], results, SECRET) == [mistake]


@pytest.mark.parametrize("mistake", EACH)
def test_the_sentence_is_short_and_gives_no_line_of_the_solution(mistake):
    assert 40 <= len(mistake.says) <= 320
    assert re.match(r"[A-Z]", mistake.says)
    assert mistake.says.endswith((".", "?", ".)"))
    assert section(mistake)
    squeezed = "".join(mistake.says.split())
    for name in mistake.changed:
        for line in REFERENCE[name].body.splitlines():
            code = "".join(line.partition("#")[0].split())
            assert len(code) < 10 or code not in squeezed


def test_two_mistakes_at_once_are_both_named():
    by_name = {m.name: m for m in bank()["conv_backward_naive"]}
    one = by_name["cuts_pad_to_minus_pad"]
    for other in by_name.values():
        try:
            both = functions_of("conv_backward_naive", [one, other])
        except GradingError:
            continue
        if other is not one:
            break
    found = diagnose(EXERCISES["conv_backward_naive"], hidden("conv_backward_naive", both), SECRET)
    assert {m.name for m in found} == {one.name, other.name}


def test_the_sentence_stands_first_in_what_a_student_gets():
    mistake = bank()["conv_backward_naive"][0]
    graded = grade(EXERCISES[mistake.exercise], mistake.functions(), 10, SECRET, explain)
    says = diagnosis.sentence(mistake.says, section(mistake))
    assert graded["mistakes"] == [{"name": mistake.name, "says": says}]
    assert repr(score_table(graded)).splitlines()[1] == says


def test_a_right_solution_and_a_stub_are_told_nothing():
    def stub(*args):
        raise NotImplementedError

    for functions in (functions_of("svm_loss"), {"svm_loss": stub}, {"svm_loss": None}):
        assert diagnose(EXERCISES["svm_loss"], hidden("svm_loss", functions), SECRET) == []


# ---- writing entries -----------------------------------------------------------------------

ENTRY = """
[[mistake]]
name = "doubled"
in = "relu_forward"
change = ["np.maximum(x, 0)", "2 * np.maximum(x, 0)"]
says = "Your out is twice what passes."
see = "relu"
"""


def read(text, tmp_path):
    path = tmp_path / "1_fully_connected.toml"
    path.write_text(text, encoding="utf-8")
    return mistakes.read(path)


def test_five_lines_make_a_mistake(tmp_path):
    (mistake,) = read(ENTRY, tmp_path)
    assert mistake.functions()["relu_forward"]([[1, -1]])[0].tolist() == [[2, 0]]
    assert mistake.exercise == "relu_forward"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('name = "doubled"\n', "", "missing: name"),
        ('see = "relu"', 'see = "relu"\nhint = "no"', "unknown: hint"),
        ('in = "relu_forward"', 'in = "relu_fwd"', "grading/reference has no 'relu_fwd'"),
        ("[[mistake]]", "[[mistake]", "1_fully_connected.toml"),
        (', "2 * np.maximum(x, 0)"]', "]", r"\[old, new\]"),
        ('see = "relu"', 'see = "relu"\nexercise = "relu"', "no exercise 'relu'"),
    ],
)
def test_a_slip_in_an_entry_is_named(old, new, told, tmp_path):
    with pytest.raises(GradingError, match=told):
        read(ENTRY.replace(old, new), tmp_path)


def test_the_same_name_twice_is_refused(tmp_path):
    with pytest.raises(GradingError, match="two mistakes 'doubled'"):
        read(ENTRY + ENTRY, tmp_path)


@pytest.mark.parametrize(
    ("change", "told"),
    [((("np.minimum", "np.maximum"),), "does not have"), ((("out =", "out ="[:-1]),), "no Python")],
)
def test_a_change_that_no_longer_fits_the_reference_is_named(change, told, tmp_path):
    (mistake,) = read(ENTRY, tmp_path)
    with pytest.raises(GradingError, match=told):
        replace(mistake, changes=change).functions()


def test_a_section_that_is_not_there_is_named(tmp_path):
    (mistake,) = read(ENTRY.replace('see = "relu"', 'see = "nowhere"'), tmp_path)
    with pytest.raises(GradingError, match="'nowhere', which is not there"):
        section(mistake)


# ---- the command ---------------------------------------------------------------------------


def test_the_command_tries_the_mistakes_of_an_exercise(capsys):
    assert main(["mistakes", "svm_loss"]) == 0
    said = capsys.readouterr().out
    assert f"{len(bank()['svm_loss'])} mistakes, 0 with a problem." in said


def test_the_command_names_a_mistake_that_nothing_notices(monkeypatch, capsys):
    (known, *_) = bank()["relu_forward"]
    harmless = replace(known, name="harmless", changes=(("cache = x", "cache = 1 * x"),))
    monkeypatch.setattr("grading.mistakes.command.bank", lambda: {"relu_forward": (harmless,)})
    assert main(["mistakes", "relu_forward"]) == 1
    assert "NO HIDDEN CHECK NOTICES" in capsys.readouterr().out


def test_the_command_prints_what_students_are_told(capsys):
    assert main(["mistakes", "--list", "relu_forward"]) == 0
    assert bank()["relu_forward"][0].says in capsys.readouterr().out


def test_an_exercise_that_is_not_there_is_named(capsys):
    assert main(["mistakes", "relu"]) == 2
    assert "no exercise 'relu'" in capsys.readouterr().err
