"""The checks of notebook 9_train_convnet against banks of right and wrong solutions.

Importing training_rules adds its entries to the bank.
"""

import pytest

import cs231n.check
import grading.checks
import grading.tests.wrong.training_rules
from grading.checks.core import grade
from grading.mistakes.judging import fails_a_check
from grading.reference import training as reference
from grading.tests.wrong.training import WRONG
from grading.variants.training import RIGHT, WRAPPED

POINTS = {
    "three_layer_conv_net": 12,
    "expected_initial_loss": 2,
    "minibatches": 2,
    "train_epoch": 2,
    "sgd_momentum": 4,
    "adam": 6,
    "confusion_matrix": 2,
}
HIDDEN = {name: grading.checks.EXERCISES[name] for name in POINTS}
VISIBLE = {name: cs231n.check.EXERCISES[name] for name in POINTS}
BOTH = [(kind, name) for kind in ("visible", "hidden") for name in POINTS]
SEEDS = ("", "a", "b")


def reference_functions(name):
    return {f: WRAPPED.get(f) or getattr(reference, f) for f in HIDDEN[name].functions}


def results(kind, name, functions, secret=""):
    return (HIDDEN if kind == "hidden" else VISIBLE)[name].run(functions, secret)[0]


def failures(*args):
    return [f"{r.name}: {r.message}" for r in results(*args) if not r.passed]


def share(name, functions, secret=""):
    """The part of the hidden weight that is earned, 0 to 1."""
    graded = results("hidden", name, functions, secret)
    return sum(r.weight for r in graded if r.passed) / sum(r.weight for r in graded)


def named(bank):
    return [pytest.param(e, id=f"{e['exercise']}-{e['name']}") for e in bank]


def stub(*args):
    raise NotImplementedError("not implemented yet")


@pytest.mark.parametrize(("kind", "name"), BOTH)
def test_reference_scores_full(kind, name):
    assert not [f for s in SEEDS for f in failures(kind, name, reference_functions(name), s)]


@pytest.mark.parametrize(("kind", "name"), BOTH)
def test_untouched_stub_scores_nothing_and_is_told_so(kind, name):
    graded = results(kind, name, dict.fromkeys(HIDDEN[name].functions, stub))
    assert not any(r.passed or r.ready for r in graded)


@pytest.mark.parametrize("entry", named(RIGHT))
def test_right_solution_scores_full_however_it_is_written(entry):
    assert not failures("visible", entry["exercise"], entry["functions"])
    assert not [f for s in SEEDS for f in failures("hidden", *tuple(entry.values())[::2], s)]


@pytest.mark.parametrize("entry", named(WRONG))
def test_wrong_solution_loses_marks(entry):
    assert share(entry["exercise"], entry["functions"]) < 1


@pytest.mark.parametrize("entry", named(WRONG))
def test_student_is_told_of_the_slip_before_handing_in(entry):
    assert fails_a_check(VISIBLE[entry["exercise"]], entry["functions"])


def test_verdicts_do_not_depend_on_the_seed():
    for entry in WRONG:
        if not entry["name"].endswith("_between_calls"):  # which remember
            name, functions = entry["exercise"], entry["functions"]
            verdicts = {
                tuple(r.name for r in results("hidden", name, functions, s) if not r.passed)
                for s in SEEDS
            }
            assert len(verdicts) == 1, (name, entry["name"], verdicts)


@pytest.mark.parametrize("answer", [None, 0.0, (0.0, {}), "done", [], {}])
@pytest.mark.parametrize("name", POINTS)
def test_constant_answers_score_hardly_anything(name, answer):
    functions = dict.fromkeys(HIDDEN[name].functions, lambda *args: answer)
    assert share(name, functions) == 0


def test_each_wrong_solution_is_listed_once():
    keys = [(e["exercise"], e["name"]) for e in WRONG]
    assert len(keys) == len(set(keys)) >= 80
    assert {exercise for exercise, _ in keys} == set(POINTS)


def test_points_of_the_notebook_add_up():
    assert sum(POINTS.values()) == 30
    for name, points in POINTS.items():
        assert grade(HIDDEN[name], reference_functions(name), points)["score"] == points


# ---- marks that fit the slip ----------------------------------------------------------------


def bank(exercise, name):
    (found,) = (e for e in WRONG if (e["exercise"], e["name"]) == (exercise, name))
    return found["functions"]


@pytest.mark.parametrize(
    ("exercise", "slip", "least", "most"),
    [
        ("three_layer_conv_net", "regularisation_gradient_forgotten", 0.75, 0.95),
        ("three_layer_conv_net", "biases_regularised", 0.6, 0.9),
        ("three_layer_conv_net", "b1_gradient_forgotten", 0.6, 0.95),
        ("three_layer_conv_net", "padded_for_sevens_only", 0.05, 0.4),
        ("three_layer_conv_net", "square_pictures_only", 0.85, 0.95),
        ("adam", "epsilon_under_the_root", 0.6, 0.9),
        ("adam", "t_not_stored", 0.3, 0.75),
        ("sgd_momentum", "velocity_not_kept", 0.3, 0.7),
        ("sgd_momentum", "other_sign_kept", 0.1, 0.7),
        ("minibatches", "last_ones_dropped", 0.1, 0.5),
        ("train_epoch", "configs_thrown_away", 0.6, 0.7),
    ],
)
def test_marks_lost_fit_the_slip(exercise, slip, least, most):
    assert least <= share(exercise, bank(exercise, slip)) <= most


def test_scores_are_graded_before_the_loss_is_written():
    def scores_only(params, X, y=None, reg=0.0):
        if y is None:
            return WRAPPED["three_layer_net_loss"](params, X)
        raise NotImplementedError("not implemented yet")

    functions = reference_functions("three_layer_conv_net") | {"three_layer_net_loss": scores_only}
    passed = [r.name for r in results("hidden", "three_layer_conv_net", functions) if r.passed]
    assert "scores" in passed
    assert 0.2 < share("three_layer_conv_net", functions) < 0.4
