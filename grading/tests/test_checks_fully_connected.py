"""The checks of notebook 1_fully_connected against banks of right and wrong solutions.

Importing relu, svm_loss, softmax_loss and two_layer_net adds their entries to the bank.
"""

import re

import numpy as np
import pytest

import cs231n.check
import grading.checks
import grading.tests.wrong.relu
import grading.tests.wrong.softmax_loss
import grading.tests.wrong.svm_loss
from grading.checks.core import grade
from grading.mistakes.judging import fails_a_check
from grading.reference import fully_connected as reference
from grading.tests.wrong.fully_connected import WRONG, affine_gradients
from grading.tests.wrong.two_layer_net import LAYERS, net
from grading.variants.fully_connected import RIGHT

POINTS = {
    "affine_forward": 2,
    "affine_backward": 3,
    "relu_forward": 1,
    "relu_backward": 2,
    "svm_loss": 5,
    "softmax_loss": 5,
    "two_layer_net": 5,
}
HIDDEN = {name: grading.checks.EXERCISES[name] for name in POINTS}
VISIBLE = {name: cs231n.check.EXERCISES[name] for name in POINTS}
BOTH = [(kind, name) for kind in ("visible", "hidden") for name in POINTS]
SEEDS = [str(number) for number in range(10)]


def two_layer_net_loss(params, X, y=None, reg=0.0):
    """As in the notebook's locked cell."""
    (D, H), C = params["W1"].shape, params["W2"].shape[1]
    the_net = reference.TwoLayerNet(input_dim=D, hidden_dim=H, num_classes=C, reg=reg)
    the_net.params = params
    return the_net.loss(X, y)


def results(kind, name, functions, secret=""):
    return (HIDDEN if kind == "hidden" else VISIBLE)[name].run(functions, secret)[0]


def failures(*args):
    return [f"{r.name}: {r.message}" for r in results(*args) if not r.passed]


def lost(*args):
    return [r.name for r in results(*args) if not r.passed]


def share(name, functions, secret=""):
    """The part of the hidden weight that is earned, 0 to 1."""
    graded = results("hidden", name, functions, secret)
    return sum(r.weight for r in graded if r.passed) / sum(r.weight for r in graded)


def reference_functions(name):
    return {f: getattr(reference, f, two_layer_net_loss) for f in HIDDEN[name].functions}


def named(bank):
    return [pytest.param(entry, id=f"{entry['exercise']}-{entry['name']}") for entry in bank]


def stub(*args):
    raise NotImplementedError("not implemented yet")


# ---- right ones ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "name"), BOTH)
def test_reference_scores_full(kind, name):
    assert not [f for s in SEEDS for f in failures(kind, name, reference_functions(name), s)]


@pytest.mark.parametrize("entry", named(RIGHT))
@pytest.mark.parametrize("kind", ["visible", "hidden"])
def test_right_solution_scores_full_however_it_is_written(kind, entry):
    for seed in SEEDS if kind == "hidden" else SEEDS[:3]:
        assert not failures(kind, entry["exercise"], entry["functions"], seed)


@pytest.mark.parametrize("name", POINTS)
def test_full_score_is_all_the_points(name):
    graded = grade(HIDDEN[name], reference_functions(name), POINTS[name])
    assert graded["score"] == POINTS[name]


# ---- stubs --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "name"), BOTH)
def test_untouched_stub_scores_nothing_and_is_told_so(kind, name):
    graded = results(kind, name, dict.fromkeys(HIDDEN[name].functions, stub))
    assert not any(r.passed or r.ready for r in graded)


@pytest.mark.parametrize("name", ["affine_backward", "relu_backward"])
@pytest.mark.parametrize("kind", ["visible", "hidden"])
def test_backward_stub_behind_a_right_forward_scores_nothing(kind, name):
    graded = results(kind, name, reference_functions(name) | {name: stub})
    assert not any(r.passed for r in graded)


def test_net_stub_on_right_layers_scores_nothing():
    graded = results("hidden", "two_layer_net", LAYERS | {"two_layer_net_loss": stub})
    assert not any(r.passed for r in graded)


@pytest.mark.parametrize("answer", [None, 0.0, (0.0, 0.0), "done", ((), ())])
@pytest.mark.parametrize("name", POINTS)
def test_constant_answers_score_nothing(name, answer):
    functions = dict.fromkeys(HIDDEN[name].functions, lambda *args: answer)
    assert share(name, functions) == 0


@pytest.mark.parametrize("name", ["affine_backward", "relu_backward", "two_layer_net"])
def test_zeros_on_layers_of_zeros_score_hardly_anything(name):
    layers = {
        "affine_forward": lambda x, w, b: (np.zeros((len(x), w.shape[1])), (x, w, b)),
        "affine_backward": lambda dout, cache: tuple(0 * part for part in cache),
        "relu_forward": lambda x: (0 * x, x),
        "relu_backward": lambda dout, cache: 0 * dout,
        "softmax_loss": lambda x, y: (0.0, 0 * x),
    }

    def zero_net(params, X, y=None, reg=0.0):
        grads = {key: 0 * part for key, part in params.items()}
        return np.zeros((len(X), len(params["b2"]))) if y is None else (0.0, grads)

    assert share(name, layers | {"two_layer_net_loss": zero_net}) == 0


# ---- wrong ones ---------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", named(WRONG))
def test_wrong_solution_loses_points(entry):
    points = POINTS[entry["exercise"]]
    graded = grade(HIDDEN[entry["exercise"]], entry["functions"], points)
    assert graded["score"] < points
    assert share(entry["exercise"], entry["functions"], SEEDS[0]) < 1


@pytest.mark.parametrize("entry", named(WRONG))
def test_wrong_solution_is_seen_before_it_is_handed_in(entry):
    assert fails_a_check(VISIBLE[entry["exercise"]], entry["functions"])


def test_verdicts_do_not_depend_on_the_seed():
    for entry in WRONG:
        if not entry["name"].endswith(("_between_calls", "_over_calls")):  # which remember
            name, functions = entry["exercise"], entry["functions"]
            verdicts = {tuple(lost("hidden", name, functions, seed)) for seed in SEEDS[:3]}
            assert len(verdicts) == 1, (name, entry["name"], verdicts)


def test_bank_is_large_and_names_are_told_apart():
    names = [(entry["exercise"], entry["name"]) for entry in WRONG]
    assert len(set(names)) == len(names) >= 20
    assert {exercise for exercise, _ in names} == set(POINTS)


# ---- partial credit and fairness ----------------------------------------------------------------


def bank(exercise, name):
    found = [e for e in WRONG if (e["exercise"], e["name"]) == (exercise, name)]
    return found[0]["functions"]


@pytest.mark.parametrize(
    ("exercise", "name", "least", "most"),
    [
        ("affine_forward", "bias_forgotten", 0.1, 0.5),
        ("affine_forward", "only_rows_of_numbers", 0.3, 0.6),
        ("affine_backward", "dx_left_flat", 0.5, 0.8),
        ("affine_backward", "db_summed_over_the_wrong_axis", 0.5, 0.8),
        ("svm_loss", "mean_forgotten", 0.2, 0.5),
        ("softmax_loss", "mean_forgotten", 0.2, 0.5),
        ("softmax_loss", "maximum_not_taken_off", 0.6, 0.85),
        ("two_layer_net", "regularisation_gradient_missing", 0.6, 0.9),
        ("two_layer_net", "biases_regularised", 0.6, 0.9),
    ],
)
def test_one_slip_costs_a_part_and_not_all(exercise, name, least, most):
    assert least <= share(exercise, bank(exercise, name)) <= most


def test_backward_is_not_blamed_for_a_slip_in_its_forward():
    """Pictures flattened in another order: a slip in forward, of which backward is the gradient."""

    def forward(x, w, b):
        return x.reshape(len(x), -1, order="F") @ w + b, (x, w, b)

    def backward(dout, cache):
        x, w, _ = cache
        rows = x.reshape(len(x), -1, order="F")
        return (dout @ w.T).reshape(x.shape, order="F"), rows.T @ dout, dout.sum(axis=0)

    functions = {"affine_forward": forward, "affine_backward": backward}
    for seed in SEEDS:
        assert share("affine_backward", functions, seed) == 1
    assert share("affine_forward", functions) < 0.6


def test_backward_is_graded_where_its_forward_is_missing_or_stops():
    for forward in (None, stub, lambda x, w, b: 1 / 0, lambda x, w, b: None):
        functions = {"affine_forward": forward, "affine_backward": affine_gradients}
        assert share("affine_backward", functions) == 1
    for forward in (None, stub, lambda x: 1 / 0):
        functions = {"relu_forward": forward, "relu_backward": lambda dout, x: dout * (x > 0)}
        assert share("relu_backward", functions) == 1


def net_on(layers):
    """A right net put together from the given layers."""

    def two_layer_net_loss(params, X, y=None, reg=0.0):
        W1, b1, W2, b2 = (params[name] for name in ("W1", "b1", "W2", "b2"))
        a1, first = layers["affine_forward"](X, W1, b1)
        h1, gate = layers["relu_forward"](a1)
        scores, second = layers["affine_forward"](h1, W2, b2)
        if y is None:
            return scores
        loss, dscores = layers["softmax_loss"](scores, y)
        loss += 0.5 * reg * ((W1**2).sum() + (W2**2).sum())
        dh1, dW2, db2 = layers["affine_backward"](dscores, second)
        _, dW1, db1 = layers["affine_backward"](layers["relu_backward"](dh1, gate), first)
        return loss, {"W1": dW1 + reg * W1, "b1": db1, "W2": dW2 + reg * W2, "b2": db2}

    return {**layers, "two_layer_net_loss": two_layer_net_loss}


@pytest.mark.parametrize(
    ("exercise", "name"),
    [
        ("affine_forward", "bias_forgotten"),
        ("affine_backward", "db_averaged"),
        ("affine_backward", "dw_averaged"),
        ("relu_forward", "leaky"),
        ("relu_backward", "gate_always_open"),
        ("softmax_loss", "mean_forgotten"),
        ("softmax_loss", "every_class_counted"),
    ],
)
def test_net_is_not_blamed_for_a_slip_in_a_layer(exercise, name):
    functions = net_on(LAYERS | {exercise: bank(exercise, name)[exercise]})
    assert share("two_layer_net", functions) == 1
    assert share(exercise, functions) < 1


def test_slip_of_the_net_counts_whatever_the_layers_do():
    layers = LAYERS | {"softmax_loss": bank("softmax_loss", "mean_forgotten")["softmax_loss"]}

    def no_regularisation_gradient(params, X, y=None, reg=0.0):
        scores, loss, grads = net(params, X, y, reg, loss=layers["softmax_loss"], power=0.0)
        return scores if y is None else (loss, grads)

    functions = layers | {"two_layer_net_loss": no_regularisation_gradient}
    assert "gradients of the weights with regularisation" in lost(
        "hidden", "two_layer_net", functions
    )


def test_net_scores_are_graded_before_the_loss_is_written():
    def scores_only(params, X, y=None, reg=0.0):
        if y is None:
            return two_layer_net_loss(params, X)
        raise NotImplementedError("not implemented yet")

    graded = results("hidden", "two_layer_net", LAYERS | {"two_layer_net_loss": scores_only})
    assert [r.name for r in graded if r.passed] == ["scores of rows", "scores of pictures"]


def test_hidden_messages_do_not_tell_the_answer():
    for exercise, name in (("svm_loss", "mean_forgotten"), ("affine_forward", "bias_forgotten")):
        for message in failures("hidden", exercise, bank(exercise, name)):
            assert not re.search(r"should be [-\d\[(]", message)
