"""The checks of notebook 4_normalization against banks of right and wrong solutions.

Importing normalization_maps and dropout adds their entries to the bank of wrong ones.
"""

import numpy as np
import pytest

import cs231n.check
import grading.checks
import grading.tests.wrong.dropout
import grading.tests.wrong.normalization_backward
import grading.tests.wrong.normalization_maps
from cs231n.check.guard import Functions
from grading.checks.core import grade
from grading.mistakes.judging import fails_a_check
from grading.reference import normalization as reference
from grading.tests.wrong.normalization import WRONG
from grading.variants.normalization import RIGHT

POINTS = {
    "batchnorm_forward": 3,
    "batchnorm_backward": 3,
    "batchnorm_backward_alt": 2,
    "layernorm_forward": 1,
    "layernorm_backward": 1,
    "spatial_batchnorm_forward": 1,
    "spatial_batchnorm_backward": 1,
    "spatial_groupnorm_forward": 2,
    "spatial_groupnorm_backward": 1,
    "lrn_forward": 1,
    "dropout_forward": 1,
    "dropout_backward": 1,
}
HIDDEN = {name: grading.checks.EXERCISES[name] for name in POINTS}
VISIBLE = {name: cs231n.check.EXERCISES[name] for name in POINTS}
BOTH = [(kind, name) for kind in ("visible", "hidden") for name in POINTS]
SEEDS = ("", "a", "b")  # thirty were tried when the checks were written


def results(kind, name, functions, secret=""):
    exercise = (HIDDEN if kind == "hidden" else VISIBLE)[name]
    return exercise.run(functions, secret)[0]


def failures(*args):
    return [f"{r.name}: {r.message}" for r in results(*args) if not r.passed]


def share(name, functions, secret=""):
    """The part of the hidden weight that is earned, 0 to 1."""
    graded = results("hidden", name, functions, secret)
    return sum(r.weight for r in graded if r.passed) / sum(r.weight for r in graded)


def reference_functions(name):
    return {f: getattr(reference, f) for f in HIDDEN[name].functions}


def named(bank):
    return [
        pytest.param(e, id="-".join(filter(None, (e.get("exercise"), e["name"])))) for e in bank
    ]


def stub(*args):
    raise NotImplementedError("not implemented yet")


@pytest.mark.parametrize(("kind", "name"), BOTH)
def test_reference_scores_full(kind, name):
    assert not [f for s in SEEDS for f in failures(kind, name, reference_functions(name), s)]


@pytest.mark.parametrize(("kind", "name"), BOTH)
def test_untouched_stub_scores_nothing_and_is_told_so(kind, name):
    graded = results(kind, name, dict.fromkeys(HIDDEN[name].functions, stub))
    assert not any(r.passed or r.ready for r in graded)


@pytest.mark.parametrize(("kind", "name"), BOTH)
def test_stub_behind_what_came_before_scores_nothing(kind, name):
    graded = results(kind, name, reference_functions(name) | {name: stub})
    assert not any(r.passed for r in graded)


def test_visible_and_hidden_checks_take_the_same_functions():
    assert {n: e.functions for n, e in VISIBLE.items()} == {
        n: e.functions for n, e in HIDDEN.items()
    }


@pytest.mark.parametrize("entry", named(RIGHT))
@pytest.mark.parametrize("kind", ["visible", "hidden"])
def test_right_solution_scores_full_however_it_is_written(kind, entry):
    functions = entry["functions"]
    names = [n for n in POINTS if set(HIDDEN[n].functions) <= set(functions)]
    assert names
    assert not [f for n in names for s in SEEDS for f in failures(kind, n, functions, s)]


def test_every_exercise_is_written_in_at_least_two_other_ways():
    ways = [e["functions"] for e in RIGHT]
    assert all(sum(name in functions for functions in ways) >= 2 for name in POINTS)


@pytest.mark.parametrize("entry", named(WRONG))
def test_wrong_solution_loses_marks(entry):
    assert share(entry["exercise"], entry["functions"]) < 1


@pytest.mark.parametrize("entry", named(WRONG))
def test_student_is_told_of_the_slip_before_handing_in(entry):
    assert fails_a_check(VISIBLE[entry["exercise"]], entry["functions"])


@pytest.mark.parametrize("entry", named([e for e in WRONG if e["told"]]))
def test_student_is_told_which_slip_it_is(entry):
    said = " ".join(failures("visible", entry["exercise"], entry["functions"]))
    assert entry["told"] in said


def test_each_wrong_solution_is_listed_once():
    keys = [(e["exercise"], e["name"]) for e in WRONG]
    assert len(keys) == len(set(keys))
    assert all(sum(e == name for e, _ in keys) >= 4 for name in POINTS)


# ---- fairness ------------------------------------------------------------------------------


def slip_in(exercise, name):
    (entry,) = (e for e in WRONG if (e["exercise"], e["name"]) == (exercise, name))
    return entry["functions"]


def forward_with_its_own_gradient(divide_by):
    """Batch normalisation with some other variance, and its exact gradient."""

    def batchnorm_forward(x, gamma, beta, bn_param):
        centred = x - x.mean(axis=0)
        std = np.sqrt((centred**2).sum(axis=0) / divide_by(len(x)) + bn_param.get("eps", 1e-5))
        hat = centred / std
        return gamma * hat + beta, (hat, std, gamma)

    def batchnorm_backward(dout, cache):
        hat, std, gamma = cache
        N, d = len(dout), dout * gamma
        dx = (d - d.mean(axis=0) - hat * (d * hat).sum(axis=0) / divide_by(N)) / std
        return dx, (dout * hat).sum(axis=0), dout.sum(axis=0)

    return batchnorm_forward, batchnorm_backward


@pytest.mark.parametrize("exercise", ["batchnorm_backward", "batchnorm_backward_alt"])
def test_variance_by_n_minus_one_is_not_paid_for_twice(exercise):
    forward, backward = forward_with_its_own_gradient(lambda N: N - 1)
    functions = {"batchnorm_forward": forward, exercise: backward}
    assert share("batchnorm_forward", functions) < 0.6
    assert share(exercise, functions) >= 0.9


def test_gradient_of_another_forward_is_no_excuse_where_forward_is_right():
    _, backward = forward_with_its_own_gradient(lambda N: N - 1)
    functions = {
        "batchnorm_forward": forward_with_its_own_gradient(lambda N: N)[0],
        "batchnorm_backward": backward,
    }
    assert share("batchnorm_backward", functions) < 0.6


def test_excuse_ends_where_forward_is_proven():
    forward, backward = forward_with_its_own_gradient(lambda N: N - 1)
    functions = {"batchnorm_forward": forward, "batchnorm_backward": backward}
    proven = Functions(functions, frozenset({"batchnorm_forward"}))
    assert share("batchnorm_backward", proven) < 0.6


def test_slip_in_batch_norm_is_not_paid_for_again_by_the_spatial_layer():
    wrong = slip_in("batchnorm_forward", "variance_divided_by_n_minus_1")["batchnorm_forward"]

    def spatial(x, gamma, beta, bn_param):
        N, C, H, W = x.shape
        rows = x.transpose(0, 2, 3, 1).reshape(-1, C)
        out, cache = wrong(rows, gamma, beta, bn_param)
        return out.reshape(N, H, W, C).transpose(0, 3, 1, 2), cache

    functions = {"batchnorm_forward": wrong, "spatial_batchnorm_forward": spatial}
    assert share("batchnorm_forward", functions) < 0.6
    assert share("spatial_batchnorm_forward", functions) == 1


def test_right_backward_of_dropout_scores_full_behind_a_wrong_forward():
    def forgets_to_scale(x, dropout_param):
        keep = np.random.rand(*x.shape) < dropout_param["p"]
        keep = keep if dropout_param["mode"] == "train" else np.ones(x.shape)
        return x * keep, keep

    functions = {
        "dropout_forward": forgets_to_scale,
        "dropout_backward": lambda dout, cache: dout * cache,
    }
    assert share("dropout_forward", functions) < 0.9
    assert share("dropout_backward", functions) == 1


@pytest.mark.parametrize("name", POINTS)
def test_zeros_gain_next_to_nothing(name):
    def zeros(*args):
        first = np.zeros(np.shape(args[0]))
        return (first, None) if "forward" in name else (first, 0, 0)

    assert share(name, reference_functions(name) | {name: zeros}) <= 0.05


@pytest.mark.parametrize(
    ("exercise", "slip", "least", "most"),
    [
        ("batchnorm_forward", "epsilon_outside_the_root", 0.7, 0.9),
        ("batchnorm_forward", "momentum_the_wrong_way_round", 0.7, 0.9),
        ("batchnorm_forward", "gamma_and_beta_left_out_in_test_mode", 0.7, 0.9),
        ("batchnorm_forward", "per_row", 0.1, 0.5),
        ("batchnorm_backward", "mean_treated_as_a_constant", 0.2, 0.6),
        ("dropout_forward", "p_is_the_probability_to_drop", 0.2, 0.7),
        ("spatial_groupnorm_forward", "instance_norm_whatever_g", 0.1, 0.6),
    ],
)
def test_marks_lost_fit_the_slip(exercise, slip, least, most):
    assert least <= share(exercise, slip_in(exercise, slip)) <= most


def test_points_of_the_notebook_add_up():
    assert sum(POINTS.values()) == 18
    name = "batchnorm_forward"
    assert grade(HIDDEN[name], reference_functions(name), 3)["score"] == 3
