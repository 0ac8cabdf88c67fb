"""What a function did, in two numbers: alike for equal answers, and for no others."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cs231n.check.core import Exercise
from cs231n.check.fingerprint import Fingerprint, alike
from cs231n.check.results import CheckFailed


def taken(*answers):
    fingerprint = Fingerprint()
    for answer in answers:
        fingerprint.add(answer)
    return fingerprint.numbers()


X = np.random.default_rng(0).standard_normal((2, 3, 4))

DIFFERENT = {
    "sign": -X,
    "factor": 2 * X,
    "sizes swapped": X.transpose(0, 2, 1),
    "same numbers, other shape": X.reshape(2, 12),
    "one number": np.where(np.arange(24).reshape(X.shape) == 7, 0, X),
    "order": X[::-1],
    "zeros": 0 * X,
    "nan": np.where(X > 1, np.nan, X),
    "inf": np.where(X > 1, np.inf, X),
    "nothing": None,
    "a text": "X",
    "an empty array": X[:, :0],
    "one of a pair": (X, X),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_answers_that_differ_are_told_apart(name):
    assert not alike(taken(X), taken(DIFFERENT[name]))


@given(
    hnp.arrays(np.float64, hnp.array_shapes(max_dims=4, max_side=5), elements=st.floats(-1e6, 1e6))
)
def test_rounding_makes_no_difference(array):
    wobbly = array * (1 + 1e-13)
    assert alike(taken(array, array), taken(wobbly, np.asfortranarray(array)))


def test_order_of_calls_counts():
    assert not alike(taken(X, 2 * X), taken(2 * X, X))


def test_kinds_of_numbers_and_of_sequences_make_no_difference():
    assert alike(taken([1, 2.0, (3,)]), taken((np.int64(1), np.float32(2), [True + 2])))


def test_no_call_is_no_fingerprint():
    assert taken() is None
    assert alike(None, None)
    assert not alike(None, taken(X))


@pytest.mark.parametrize(
    "answer",
    [
        10**400,
        np.full(3, 1e308),
        {"a": X, 3: None},
        "\ud800",
        np.array(["a", "b"]),
        np.array([object()]),
        [[[[[[[[[[1]]]]]]]]]],
        np.zeros(10**6),
        1j,
        lambda: 0,
        np.float64("nan"),
    ],
    ids=range(11),
)
def test_any_answer_can_be_taken_in(answer):
    assert np.isfinite(taken(answer, X)).all()


def test_an_answer_that_contains_itself_ends():
    endless = []
    endless.append(endless)
    assert np.isfinite(taken(endless)).all()


# ---- in an exercise ------------------------------------------------------------------------

double = Exercise("double_forward", functions=("helper", "double_forward"))


@double.check("numbers")
def _(f, rng):
    f.helper(rng.random(3))
    out, _ = f.double_forward(np.arange(3.0))
    if out.tolist() != [0, 2, 4]:
        raise CheckFailed("wrong")


@double.check("an error")
def _(f, rng):
    f.double_forward("text")


def result_of(forward, helper=lambda x: x, check=0):
    functions = {"helper": helper, "double_forward": forward}
    return double.run(functions)[0][check].fingerprint


def test_only_what_the_exercise_is_about_is_noted_and_not_the_cache():
    plain = result_of(lambda x: (2 * x, x))
    assert alike(plain, result_of(lambda x: (x + x, "another cache"), helper=lambda x: 7 * x))
    assert not alike(plain, result_of(lambda x: (3 * x, x)))


def test_a_changed_argument_is_noted():
    def writes(x):
        out = 2 * x
        x[:] = 0
        return out, None

    assert not alike(result_of(lambda x: (2 * x, x)), result_of(writes))


def test_which_argument_was_changed_is_noted():
    pair = Exercise("pair", functions=("pair",))

    @pair.check("two arrays")
    def _(f, rng):
        f.pair(np.ones(3), np.ones(3))

    def changes(position):
        def function(*arrays):
            arrays[position][:] = 7

        return pair.run({"pair": function})[0][0].fingerprint

    assert not alike(changes(0), changes(1))


def test_errors_are_told_apart_by_what_they_say_and_not_by_their_line():
    def first(x):
        return np.ones(3) + np.ones(4)

    def second(x):
        y = np.ones(4)
        return np.ones(3) + y

    def third(x):
        raise ValueError("another")

    assert alike(result_of(first, check=1), result_of(second, check=1))
    assert not alike(result_of(first, check=1), result_of(third, check=1))


def test_a_stub_has_no_fingerprint():
    def stub(x):
        raise NotImplementedError

    assert result_of(stub) is None
