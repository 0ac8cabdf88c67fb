"""check.attempt: what a student sees who tries to break a function."""

import warnings

import numpy as np
import pytest

from cs231n import check


def said(capsys):
    return capsys.readouterr().out.rstrip("\n")


def test_small_answer_is_shown_in_full(capsys):
    answer = check.attempt("two", lambda x: (x + 1, "cache"), np.array([[1.0, 2.5]]))
    assert said(capsys) == f"{'two':<32} out (1, 2) float64 [[2. , 3.5]]"
    assert answer[1] == "cache"


def test_large_answer_is_shown_by_its_range(capsys):
    check.attempt("many", lambda: np.arange(100).reshape(10, 10))
    assert said(capsys).endswith("out (10, 10) int64 from 0 to 99")


def test_names_say_how_much_is_shown(capsys):
    check.attempt("loss", lambda: (-0.0, np.zeros(0), "more"), names=("loss", "dx"))
    assert said(capsys).endswith("loss 0; dx (0,) float64")


def test_an_error_is_told_and_the_next_line_runs(capsys):
    assert check.attempt("bad", lambda x: x.reshape(3), np.zeros(2)) is None
    assert "ValueError: cannot reshape" in said(capsys)


def test_a_warning_is_told_once_and_not_shown_elsewhere(capsys):
    def twice(x):
        return np.exp(x) + np.exp(x)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check.attempt("large", twice, np.array([1000.0]))
    text = said(capsys)
    assert text.count("overflow encountered in exp") == 1
    assert "[inf]" in text


def test_a_stub_is_passed_on_to_the_demonstration(capsys):
    def affine_forward(x):
        raise NotImplementedError("not implemented yet")

    with check.demo():
        check.attempt("nothing yet", affine_forward, 1)
    assert "comes to life once affine_forward is written" in said(capsys)


@pytest.mark.parametrize("answer", [None, "text", [1, 2], {"a": 1}, object()])
def test_answers_of_any_other_kind_are_named_by_it(answer, capsys):
    check.attempt("odd", lambda: answer)
    assert f"out is a {type(answer).__name__}" in said(capsys)
