"""The checks of notebook 8_case_studies against banks of right and wrong solutions.

Importing case_studies_blocks adds its entries to the bank of wrong ones.
"""

import numpy as np
import pytest

import cs231n.check
import grading.checks
import grading.tests.wrong.case_studies_blocks
from grading.checks.core import grade
from grading.mistakes.judging import fails_a_check
from grading.tests.wrong.case_studies import WRONG, changed, reference_of
from grading.variants.case_studies import RIGHT

POINTS = {
    "c3_connections": 1,
    "partially_connected_forward": 2,
    "grouped_conv_forward": 3,
    "map_sizes": 2,
    "vgg_table": 3,
    "inception_forward": 4,
    "inception_backward": 3,
    "residual_block_forward": 2,
    "residual_block_backward": 3,
    "fine_tune_last_layer": 3,
}
HIDDEN = {name: grading.checks.EXERCISES[name] for name in POINTS}
VISIBLE = {name: cs231n.check.EXERCISES[name] for name in POINTS}
BOTH = [(kind, name) for kind in ("visible", "hidden") for name in POINTS]
SEEDS = ("", "a", "b")


def results(kind, name, functions, secret=""):
    return (HIDDEN if kind == "hidden" else VISIBLE)[name].run(functions, secret)[0]


def failures(*args):
    return [f"{r.name}: {r.message}" for r in results(*args) if not r.passed]


def share(name, functions, secret=""):
    """The part of the hidden weight that is earned, 0 to 1."""
    graded = HIDDEN[name].run(functions, secret)[0]
    return sum(r.weight for r in graded if r.passed) / sum(r.weight for r in graded)


def reference_functions(name):
    return {f: reference_of(f) for f in HIDDEN[name].functions}


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
def test_stub_behind_a_right_forward_scores_nothing(kind, name):
    graded = results(kind, name, reference_functions(name) | {name: stub})
    assert not any(r.passed for r in graded)


@pytest.mark.parametrize("answer", [None, 0, "out", (), [], {}], ids=repr)
@pytest.mark.parametrize("name", POINTS)
def test_answer_of_no_use_scores_nothing(name, answer):
    graded = results("hidden", name, reference_functions(name) | {name: lambda *args: answer})
    assert not any(r.passed for r in graded)


@pytest.mark.parametrize("entry", [pytest.param(e, id=e["name"]) for e in RIGHT])
@pytest.mark.parametrize("kind", ["visible", "hidden"])
def test_right_solution_scores_full_however_it_is_written(kind, entry):
    functions = entry["functions"]
    names = [n for n in POINTS if set(HIDDEN[n].functions) <= set(functions)]
    assert names
    assert not [f for n in names for s in SEEDS for f in failures(kind, n, functions, s)]


def test_every_exercise_has_right_solutions_of_several_kinds():
    written = [name for entry in RIGHT for name in entry["functions"]]
    assert all(written.count(name) >= 2 for name in POINTS)


WRONG_ONES = [pytest.param(e, id=f"{e['exercise']}-{e['name']}") for e in WRONG]


@pytest.mark.parametrize("entry", WRONG_ONES)
def test_wrong_solution_loses_marks(entry):
    assert share(entry["exercise"], entry["functions"]) < 1


@pytest.mark.parametrize("entry", WRONG_ONES)
def test_student_is_told_of_the_slip_before_handing_in(entry):
    assert fails_a_check(VISIBLE[entry["exercise"]], entry["functions"])


def test_each_wrong_solution_is_listed_once():
    keys = [(e["exercise"], e["name"]) for e in WRONG]
    assert len(keys) == len(set(keys))


# ---- what a message says -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exercise", "name", "said"),
    [
        ("inception_forward", "concatenated_over_rows", "along the depth"),
        ("inception_forward", "branches_in_another_order", "order 1x1, 5x5, 3x3, pool"),
        ("inception_forward", "pool_padded_with_zeros", "What number stands in the padding"),
        ("inception_backward", "gradients_of_branches_not_added", "added up"),
        ("residual_block_forward", "relu_before_the_sum", "before it was added"),
        ("residual_block_forward", "shortcut_forgotten", "Where is x added"),
        ("residual_block_backward", "shortcut_forgotten", "Is the shortcut forgotten"),
        ("grouped_conv_forward", "filters_of_full_depth", "Mind the depth"),
        ("grouped_conv_forward", "sees_everything", "channel 0 was changed"),
        ("vgg_table", "no_biases", "no layer has biases"),
        ("fine_tune_last_layer", "softmax_without_the_shift", "exponential overflow"),
    ],
)
def test_message_names_the_slip(exercise, name, said):
    (entry,) = (e for e in WRONG if (e["exercise"], e["name"]) == (exercise, name))
    assert any(said in message for message in failures("visible", exercise, entry["functions"]))


# ---- fairness ------------------------------------------------------------------------------


def pair(block, forward, backward):
    """A forward pass with edits, and a backward pass that is its exact gradient."""
    names = f"{block}_forward", f"{block}_backward"
    return dict(zip(names, (changed(names[0], *forward), changed(names[1], *backward))))


ORDER = (
    "np.concatenate(outs, axis=1), (depths,",
    "np.concatenate(outs[::-1], axis=1), (depths[::-1],",
)
ORDER_BACK = ("    steps = {", "    parts = parts[::-1]\n    steps = {")
ZERO_PAD = ("-np.inf", "0")
NO_RELU = (
    "out, relu2 = relu_forward(residual + shortcut)",
    "out, relu2 = residual + shortcut, None",
)
NO_RELU_BACK = ("dsum = relu_backward(dout, relu2)", "dsum = dout")


@pytest.mark.parametrize(
    "functions",
    [
        pytest.param(pair("inception", ORDER, ORDER_BACK), id="order_of_branches"),
        pytest.param(pair("inception", ZERO_PAD, ()), id="pool_padded_with_zeros"),
        pytest.param(pair("residual_block", NO_RELU, NO_RELU_BACK), id="no_last_relu"),
    ],
)
def test_slip_in_forward_is_not_paid_for_twice(functions):
    forward, backward = functions
    for secret in SEEDS:
        assert share(forward, functions, secret) < 0.9
        assert share(backward, functions, secret) == 1


def test_a_forward_of_zeros_and_its_gradient_earn_nothing_backward():
    def forward(x, params, stride=1):
        out, _ = reference_of("residual_block_forward")(x, params, stride)
        return 0 * out, (x, params)

    def backward(dout, cache):
        x, params = cache
        return np.zeros_like(x), {key: np.zeros_like(value) for key, value in params.items()}

    functions = dict(residual_block_forward=forward, residual_block_backward=backward)
    assert share("residual_block_backward", functions) == 0
    assert not any(r.passed for r in results("visible", "residual_block_backward", functions))


@pytest.mark.parametrize(
    ("exercise", "name", "least", "most"),
    [
        ("vgg_table", "no_biases", 0.5, 0.8),
        ("inception_forward", "pool_padded_with_zeros", 0.05, 0.5),
        ("inception_backward", "gradients_of_branches_not_added", 0.3, 0.7),
        ("residual_block_backward", "shortcut_forgotten", 0.3, 0.7),
        ("fine_tune_last_layer", "softmax_without_the_shift", 0.7, 0.95),
        ("map_sizes", "fractions", 0.8, 0.95),
    ],
)
def test_marks_lost_fit_the_slip(exercise, name, least, most):
    (entry,) = (e for e in WRONG if (e["exercise"], e["name"]) == (exercise, name))
    assert least <= share(exercise, entry["functions"]) <= most


def test_points_of_the_notebook_add_up():
    assert sum(POINTS.values()) == 26
    for name, points in POINTS.items():
        assert grade(HIDDEN[name], reference_functions(name), points)["score"] == points
