"""The checks of notebook 3_pooling against banks of right and wrong solutions.

Importing pooling_general, pooling_l2_conv and pooling_max_avg adds their entries to the banks.
"""

import numpy as np
import pytest

import cs231n.check
import grading.checks
import grading.tests.wrong.pooling_l2_conv
import grading.tests.wrong.pooling_max_avg
import grading.variants.pooling_general
from grading.checks.core import grade
from grading.mistakes.judging import fails_a_check
from grading.reference import pooling as reference
from grading.tests.wrong.pooling import RIGHT_FORWARD, WRONG
from grading.variants.pooling import RIGHT

POINTS = {
    "max_pool_forward_naive": 5,
    "max_pool_backward_naive": 6,
    "avg_pool_forward": 2,
    "avg_pool_backward": 3,
    "l2_pool_forward": 2,
    "l2_pool_backward": 3,
    "avg_pool_as_conv": 2,
}
HIDDEN = {name: grading.checks.EXERCISES[name] for name in POINTS}
VISIBLE = {name: cs231n.check.EXERCISES[name] for name in POINTS}
BOTH = [(kind, name) for kind in ("visible", "hidden") for name in POINTS]
SEEDS = ("", "a", "b")  # ten were tried when the checks were written


def results(kind, name, functions, secret=""):
    return (HIDDEN if kind == "hidden" else VISIBLE)[name].run(functions, secret)[0]


def failures(*args):
    return [f"{r.name}: {r.message}" for r in results(*args) if not r.passed]


def share(name, functions, secret=""):
    """The part of the hidden weight that is earned, 0 to 1."""
    graded = HIDDEN[name].run(functions, secret)[0]
    return sum(r.weight for r in graded if r.passed) / sum(r.weight for r in graded)


def reference_functions(name):
    return {f: getattr(reference, f) for f in HIDDEN[name].functions}


def named(bank):
    return [pytest.param(e, id=f"{e.get('exercise', e.get('kind'))}-{e['name']}") for e in bank]


@pytest.mark.parametrize(("kind", "name"), BOTH)
def test_reference_scores_full(kind, name):
    assert not [f for s in SEEDS for f in failures(kind, name, reference_functions(name), s)]


@pytest.mark.parametrize(("kind", "name"), BOTH)
def test_untouched_stub_scores_nothing_and_is_told_so(kind, name):
    def stub(*args):
        raise NotImplementedError("not implemented yet")

    graded = results(kind, name, dict.fromkeys(HIDDEN[name].functions, stub))
    assert not any(r.passed or r.ready for r in graded)


@pytest.mark.parametrize(("kind", "name"), BOTH)
def test_backward_stub_behind_a_right_forward_scores_nothing(kind, name):
    def stub(*args):
        raise NotImplementedError("not implemented yet")

    graded = results(kind, name, reference_functions(name) | {name: stub})
    assert not any(r.passed for r in graded)


@pytest.mark.parametrize("entry", named(RIGHT))
@pytest.mark.parametrize("kind", ["visible", "hidden"])
def test_right_solution_scores_full_however_it_is_written(kind, entry):
    functions = entry["functions"]
    names = [n for n in POINTS if set(HIDDEN[n].functions) <= set(functions)]
    assert names
    assert not [f for n in names for s in SEEDS for f in failures(kind, n, functions, s)]


@pytest.mark.parametrize("entry", named(WRONG))
def test_wrong_solution_loses_marks(entry):
    assert share(entry["exercise"], entry["functions"]) < 1


@pytest.mark.parametrize("entry", named(WRONG))
def test_student_is_told_of_the_slip_before_handing_in(entry):
    assert fails_a_check(VISIBLE[entry["exercise"]], entry["functions"])


def test_each_wrong_solution_is_listed_once():
    keys = [(e["exercise"], e["name"]) for e in WRONG]
    assert len(keys) == len(set(keys))


# ---- fairness ------------------------------------------------------------------------------


def zeros_forward(x, p):
    out, _ = reference.max_pool_forward_naive(x, p)
    return np.zeros_like(out), (x, p)


def always_zero(dout, cache):
    return np.zeros(cache[0].shape)


def right_backward(dout, cache):
    x, p = cache
    return reference.max_pool_backward_naive(dout, reference.max_pool_forward_naive(x, p)[1])


MAX = ("max_pool_forward_naive", "max_pool_backward_naive")


@pytest.mark.parametrize("kind", ["visible", "hidden"])
def test_zero_gradient_gains_nothing_from_a_forward_of_zeros(kind):
    assert not any(
        r.passed and r.name != "leaves dout as it is"
        for r in results(kind, MAX[1], dict(zip(MAX, (zeros_forward, always_zero))))
    )


def raises(x, p):
    raise RuntimeError("half written")


def nothing_useful(x, p):
    return x, None


@pytest.mark.parametrize("forward", [None, raises, nothing_useful, zeros_forward])
def test_right_backward_scores_full_without_a_usable_forward(forward):
    assert share(MAX[1], dict(zip(MAX, (forward, right_backward)))) == 1


def one_window_too_wide(x, p):
    return RIGHT_FORWARD["max"](x, {**p, "pool_width": p["pool_height"]})


def its_exact_gradient(dout, cache):
    x, p = cache
    return right_backward(dout, (x, {**p, "pool_width": p["pool_height"]}))


def test_slip_in_forward_is_not_paid_for_twice():
    functions = dict(zip(MAX, (one_window_too_wide, its_exact_gradient)))
    assert share(MAX[0], functions) < 0.8
    assert share(MAX[1], functions) >= 0.85


@pytest.mark.parametrize(
    ("exercise", "slip", "least", "most"),
    [
        (MAX[1], "assigns_only_what_is_not_zero", 0.4, 0.8),
        (MAX[0], "always_two_by_two", 0.1, 0.4),
        (MAX[0], "search_begins_at_minus_999", 0.8, 0.95),
        ("avg_pool_backward", "assigns_where_it_should_add", 0.4, 0.8),
        ("l2_pool_backward", "nan_at_windows_of_zeros", 0.7, 0.9),
        ("l2_pool_backward", "division_by_length_forgotten", 0, 0.1),
        ("avg_pool_as_conv", "every_filter_sees_every_channel", 0, 0.25),
    ],
)
def test_marks_lost_fit_the_slip(exercise, slip, least, most):
    (entry,) = (e for e in WRONG if (e["exercise"], e["name"]) == (exercise, slip))
    assert least <= share(exercise, entry["functions"]) <= most


def test_points_of_the_notebook_add_up():
    assert sum(POINTS.values()) == 23
    assert grade(HIDDEN[MAX[0]], reference_functions(MAX[0]), 5)["score"] == 5
