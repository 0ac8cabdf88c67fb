"""Counting steps: loops over data are told from calls that take all of it at once."""

import sys

import numpy as np
import pytest

from cs231n.check.counting import Steps, counting_steps
from cs231n.check.guard import Functions
from cs231n.check.results import CheckFailed


def at_once(x):
    return np.square(x).sum(axis=1)


def looping(x):
    out = np.zeros(len(x))
    for i in range(len(x)):
        out[i] = np.square(x[i]).sum()
    return out


def comprehending(x):
    return np.array([np.square(row).sum() for row in x])


def disguised(x):
    return np.apply_along_axis(lambda row: np.square(row).sum(), 1, x)


def vectorised_in_name(x):
    return np.vectorize(lambda row: np.square(row).sum(), signature="(n)->()")(x)


def steps(function, size):
    answer, count = Functions({"f": function}).counted("f", np.ones((size, 3)))
    assert np.array_equal(answer, np.full(size, 3.0))
    return count


@pytest.mark.parametrize("function", [looping, comprehending, disguised, vectorised_in_name])
def test_a_loop_over_the_data_takes_more_steps_on_more_data(function):
    assert steps(function, 400) > 5 * steps(function, 40)


def test_a_call_that_takes_all_at_once_does_not():
    assert steps(at_once, 400) == steps(at_once, 40)


def test_the_same_call_has_the_same_count():
    steps(disguised, 40)  # the first call of anything may do more
    assert steps(disguised, 40) == steps(disguised, 40)


def test_arguments_are_copies_and_what_was_traced_before_is_traced_again():
    def spoil(x):
        x[:] = 0
        return x

    seen = []
    before = sys.gettrace()
    mine = lambda *args: seen.append(args)  # noqa: E731
    sys.settrace(mine)
    try:
        x = np.ones(3)
        Functions({"f": spoil}).counted("f", x)
        assert sys.gettrace() is mine
    finally:
        sys.settrace(before)
    assert x.all()


def test_who_switches_the_counting_off_is_told_so():
    def switch_off(x):
        sys.settrace(None)
        return x

    with pytest.raises(CheckFailed, match=r"calls sys\.settrace itself"):
        Functions({"f": switch_off}).counted("f", np.ones(3))


def test_an_error_inside_is_the_functions_own():
    with pytest.raises(CheckFailed, match="f stopped with ZeroDivisionError"):
        Functions({"f": lambda x: 1 // 0}).counted("f", np.ones(3))
    with pytest.raises(KeyError), counting_steps(Steps()):
        {}["a"]
    assert sys.gettrace() is None or "coverage" in sys.modules
