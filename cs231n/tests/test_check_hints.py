"""Hints: one for every exercise, step by step, and never the code."""

import re

import pytest

from cs231n import check
from cs231n.check import hints
from cs231n.check.core import CheckFailed, Exercise
from cs231n.check.hints import all_hints, hint, invitation
from cs231n.check.results import NotReady, Result

# Operators, brackets of code, calls, NumPy: a hint names things and shapes, (N, C, H, W), at most.
CODE = re.compile(r"[=@{}\[\]`*_]|\bnp\.|\w\(|->")
NAME = re.compile(r"\b[a-z]+(_[a-z]+)+\b")  # of a function or a key


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """Nobody has seen a hint yet."""
    monkeypatch.setattr(hints, "_shown", {})


def told(capsys, *args, **kwargs):
    hint(*args, **kwargs)
    return capsys.readouterr().out


def test_nobody_is_left_without_hints():
    assert all_hints().keys() == check.EXERCISES.keys()


@pytest.mark.parametrize("exercise", sorted(check.EXERCISES))
def test_hints_are_few_short_and_no_code(exercise):
    steps = all_hints()[exercise].steps
    assert 2 <= len(steps) <= 4
    assert steps[-1].endswith(f"Read again: {all_hints()[exercise].see}.")
    for step in steps:
        assert 40 <= len(step) <= 300
        assert not CODE.search(NAME.sub("NAME", step)), step


@pytest.mark.parametrize(
    "code", ["dx = dout", "np.maximum of x and 0", "rows @ w", "x.reshape(N, -1)", "scores[0]"]
)
def test_code_in_a_hint_would_be_noticed(code):
    assert CODE.search(NAME.sub("NAME", f"Write {code}."))


def test_hints_come_one_after_another_and_end(capsys):
    steps = all_hints()["relu_forward"].steps
    for number, step in enumerate(steps, start=1):
        shown = told(capsys, "relu_forward")
        assert shown.startswith(f"relu_forward: hint {number} of {len(steps)}\n")
        assert step in shown
        assert ("The next one" in shown) == (number < len(steps))
    for _ in range(2):
        shown = told(capsys, "relu_forward")
        assert f"you have seen all {len(steps)} hints" in shown
        assert not any(step in shown for step in steps)
    assert told(capsys, "adam").startswith("adam: hint 1 of")  # each exercise counts by itself


def test_a_hint_can_be_asked_for_by_its_number(capsys):
    assert all_hints()["adam"].steps[1] in told(capsys, "adam", step=2)
    assert "adam: hint 3" in told(capsys, "adam")
    for wrong in (0, 9, "two", 1.5):
        assert f"from 1 to {len(all_hints()['adam'].steps)}, not {wrong!r}" in told(
            capsys, "adam", step=wrong
        )


class ThreeLayerConvNet:
    pass


def relu_forward(x):
    pass


def three_layer_net_loss(params, X, y):
    pass


@pytest.mark.parametrize(
    ("thing", "name"),
    [
        (relu_forward, "relu_forward"),
        (check.relu_forward, "relu_forward"),
        (ThreeLayerConvNet, "three_layer_conv_net"),
        ("ThreeLayerConvNet", "three_layer_conv_net"),
        (three_layer_net_loss, "three_layer_conv_net"),
    ],
)
def test_a_function_or_class_stands_for_its_exercise(capsys, thing, name):
    assert told(capsys, thing).startswith(f"{name}: hint 1 of")


def test_a_misspelt_name_is_answered_with_the_close_ones(capsys):
    assert 'Did you mean check.hint("relu_forward")' in told(capsys, "relu_foward")
    assert "check.hint() lists all" in told(capsys, "qqq")
    assert "There is no exercise '7'" in told(capsys, 7)


def test_without_a_name_all_exercises_are_listed(capsys):
    listed = told(capsys)
    for name, of in all_hints().items():
        assert f"{name} ({len(of.steps)})" in listed


def test_in_a_notebook_a_hint_is_text_and_never_markup(monkeypatch):
    shown = []
    monkeypatch.setattr(hints.report, "show", shown.append)
    hint("<b>relu")
    assert "&lt;b&gt;relu" in shown[0]._repr_html_()
    assert "<b>relu" not in shown[0]._repr_html_()


# ---- the line under a check ----------------------------------------------------------------


def failed(ready=True):
    return [Result("first", True), Result("second", False, ready=ready)]


def test_who_failed_is_offered_the_next_hint_until_there_is_none():
    steps = len(all_hints()["adam"].steps)
    assert invitation("adam", failed()) == f'Stuck? check.hint("adam") shows hint 1 of {steps}.'
    hints._shown["adam"] = 1
    assert f"hint 2 of {steps}" in invitation("adam", failed())
    hints._shown["adam"] = steps
    assert invitation("adam", failed()) == ""


def test_nobody_is_offered_a_hint_too_early_or_too_late():
    assert invitation("adam", failed(ready=False)) == ""
    assert invitation("adam", [Result("first", True)]) == ""
    assert invitation("not_of_this_course", failed()) == ""


@pytest.mark.parametrize(
    ("problem", "offered"), [(CheckFailed("no"), True), (NotReady("no"), False), (None, False)]
)
def test_a_report_begins_with_its_verdict_and_ends_with_the_offer(capsys, problem, offered):
    exercise = Exercise("adam", functions=("adam",))

    @exercise.check("steps")
    def _(f, rng):
        if problem:
            raise problem

    exercise(lambda w: w)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("adam: ")
    assert "Stuck?" not in lines[0]
    assert ("Stuck?" in lines[-1]) == offered


def test_who_is_told_the_mistake_is_not_offered_a_hint(capsys, monkeypatch):
    monkeypatch.setattr("cs231n.check.diagnosis.explain", lambda *_: "You forgot the bias.")
    exercise = Exercise("adam", functions=("adam",))
    exercise.check("steps")(lambda f, rng: f.adam(1)["out"])
    exercise(lambda w: w)
    shown = capsys.readouterr().out
    assert "You forgot the bias." in shown
    assert "Stuck?" not in shown
