"""The checks of notebook 2_convolution against banks of right and wrong solutions.

Importing convolution_indirect, convolution_backward and convolution_variants adds their entries to
the banks.
"""

import numpy as np
import pytest

import cs231n.check
import grading.checks
import grading.tests.wrong.convolution_backward
import grading.tests.wrong.convolution_variants
import grading.variants.convolution_indirect
from cs231n.check.slips import windows_over
from grading.checks.core import grade
from grading.mistakes.judging import fails_a_check
from grading.reference import convolution as reference
from grading.tests.wrong.convolution import WRONG
from grading.variants.convolution import RIGHT

POINTS = {
    "conv_output_size": 2,
    "conv_forward_naive": 8,
    "conv_backward_naive": 10,
    "conv_dilation": 4,
    "locally_connected_forward": 4,
}
HIDDEN = {name: grading.checks.EXERCISES[name] for name in POINTS}
VISIBLE = {name: cs231n.check.EXERCISES[name] for name in POINTS}
BOTH = [(kind, name) for kind in ("visible", "hidden") for name in POINTS]
SEEDS = ("", "a", "b")  # ten were tried when the checks were written
PAIR = ("conv_forward_naive", "conv_backward_naive")


def results(kind, name, functions, secret=""):
    return (HIDDEN if kind == "hidden" else VISIBLE)[name].run(functions, secret)[0]


def failures(*args):
    return [f"{r.name}: {r.message}" for r in results(*args) if not r.passed]


def share(name, functions, secret=""):
    """The part of the hidden weight that is earned, 0 to 1."""
    graded = results("hidden", name, functions, secret)
    return sum(r.weight for r in graded if r.passed) / sum(r.weight for r in graded)


def reference_functions(name):
    return {f: getattr(reference, f) for f in HIDDEN[name].functions}


def exercises_of(entry):
    """The exercises that a right solution should solve."""
    return [
        name
        for name in POINTS
        if set(HIDDEN[name].functions) <= set(entry["functions"])
        and (name != "conv_dilation" or entry["dilation"])
    ]


def named(bank):
    return [pytest.param(e, id=f"{e.get('exercise', 'right')}-{e['name']}") for e in bank]


def stub(*args, **options):
    raise NotImplementedError("not implemented yet")


@pytest.mark.parametrize(("kind", "name"), BOTH)
def test_reference_scores_full(kind, name):
    assert not [f for s in SEEDS for f in failures(kind, name, reference_functions(name), s)]


@pytest.mark.parametrize(("kind", "name"), BOTH)
def test_untouched_stub_scores_nothing_and_is_told_so(kind, name):
    graded = results(kind, name, dict.fromkeys(HIDDEN[name].functions, stub))
    assert not any(r.passed or r.ready for r in graded)


@pytest.mark.parametrize("kind", ["visible", "hidden"])
def test_backward_stub_behind_a_right_forward_scores_nothing(kind):
    functions = reference_functions(PAIR[1]) | {PAIR[1]: stub}
    assert not any(r.passed for r in results(kind, PAIR[1], functions))


@pytest.mark.parametrize("entry", named(RIGHT))
@pytest.mark.parametrize("kind", ["visible", "hidden"])
def test_right_solution_scores_full_however_it_is_written(kind, entry):
    names = exercises_of(entry)
    assert names
    seeds = SEEDS if kind == "hidden" else SEEDS[:1]  # visible checks use no secret
    assert not [f for n in names for s in seeds for f in failures(kind, n, entry["functions"], s)]


@pytest.mark.parametrize("entry", named(WRONG))
def test_wrong_solution_loses_marks(entry):
    assert share(entry["exercise"], entry["functions"]) < 1


@pytest.mark.parametrize("entry", named(WRONG))
def test_student_is_told_of_the_slip_before_handing_in(entry):
    # A slip that both passes share shows in the forward pass's own check.
    names = [entry["exercise"], PAIR[0]] if PAIR[0] in entry["functions"] else [entry["exercise"]]
    names.sort(key=(PAIR[0], *POINTS).index)  # forward first: backward measures slopes, for long
    assert any(fails_a_check(VISIBLE[name], entry["functions"]) for name in names)


def test_the_banks_are_as_large_as_they_look():
    keys = [(e["exercise"], e["name"]) for e in WRONG]
    assert len(keys) == len(set(keys)) == 131
    assert len({e["name"] for e in RIGHT}) == len(RIGHT) == 23


# ---- fairness ------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", named([e for e in RIGHT if e.get("dilation") is False]))
def test_without_dilation_only_that_exercise_is_lost(entry):
    def deaf(x, w, b, conv_param):
        plain = {"stride": conv_param["stride"], "pad": conv_param["pad"]}
        return entry["functions"][PAIR[0]](x, w, b, plain)

    functions = {PAIR[0]: deaf, PAIR[1]: entry["functions"][PAIR[1]]}
    assert share("conv_forward_naive", functions) == 1
    assert share("conv_backward_naive", functions) == 1
    assert share("conv_dilation", functions) == 0


def zeros_forward(x, w, b, conv_param):
    out, cache = reference.conv_forward_naive(x, w, b, conv_param)
    return np.zeros_like(out), cache


def zeros_backward(dout, cache):
    return tuple(np.zeros(array.shape) for array in cache[:3])


@pytest.mark.parametrize("kind", ["visible", "hidden"])
def test_zero_gradient_gains_nothing_from_a_forward_of_zeros(kind):
    functions = dict(zip(PAIR, (zeros_forward, zeros_backward)))
    passed = [r.name for r in results(kind, PAIR[1], functions) if r.passed]
    assert passed in ([], ["two forward passes, then the first one's backward, twice"])


def raises(x, w, b, conv_param):
    raise RuntimeError("half written")


def forgets(x, w, b, conv_param):
    return reference.conv_forward_naive(x, w, b, conv_param)[0] + 1, None


@pytest.mark.parametrize("forward", [None, stub, raises, forgets, zeros_forward])
def test_right_backward_scores_full_without_a_usable_forward(forward):
    functions = dict(zip(PAIR, (forward, reference.conv_backward_naive)))
    assert share(PAIR[1], functions) == 1


def square_filters_only(x, w, b, conv_param):
    """Right for square filters; ignores the columns beyond the filter's height."""
    w = w.copy()
    w[:, :, :, w.shape[2] :] = 0
    return reference.conv_forward_naive(x, w, b, conv_param)


def gradient_of_square_filters_only(dout, cache):
    dx, dw, db = reference.conv_backward_naive(dout, cache)
    dw[:, :, :, dw.shape[2] :] = 0
    return dx, dw, db


def test_slip_in_forward_is_not_paid_for_twice():
    functions = dict(zip(PAIR, (square_filters_only, gradient_of_square_filters_only)))
    assert share(PAIR[0], functions) < 0.95
    assert 0.85 <= share(PAIR[1], functions) < 1  # one check asks for the layer as defined


@pytest.mark.parametrize(
    ("exercise", "slip", "least", "most"),
    [
        ("conv_output_size", "divides_with_a_fraction", 0.85, 0.95),
        ("conv_output_size", "never_refuses", 0.6, 0.8),
        (PAIR[0], "bias_forgotten", 0.1, 0.3),
        (PAIR[0], "padding_hard_coded_to_1", 0.4, 0.7),
        (PAIR[0], "windows_ignore_the_stride", 0.4, 0.7),
        (PAIR[0], "filter_flipped", 0, 0.1),
        (PAIR[0], "result_kept_in_float32", 0.9, 0.99),
        (PAIR[1], "cuts_pad_to_minus_pad", 0.6, 0.8),
        (PAIR[1], "db_over_the_wrong_axes", 0.6, 0.8),
        (PAIR[1], "dx_forgotten", 0.2, 0.4),
        (PAIR[1], "zeros_everywhere", 0, 0),
        ("conv_dilation", "dilation_forgotten_in_backward", 0.5, 0.5),
        ("conv_dilation", "dilation_counted_from_0_in_both", 0, 0),
        ("locally_connected_forward", "local_padding_forgotten", 0.2, 0.5),
    ],
)
def test_marks_lost_fit_the_slip(exercise, slip, least, most):
    (entry,) = (e for e in WRONG if (e["exercise"], e["name"]) == (exercise, slip))
    assert least <= share(exercise, entry["functions"]) <= most


@pytest.mark.parametrize(
    ("exercise", "slip", "told"),
    [
        (PAIR[0], "filter_flipped", "no flip"),
        (PAIR[0], "result_kept_in_the_dtype_of_x", "Integers cannot hold"),
        (PAIR[0], "result_kept_in_float32", "float32"),
        (PAIR[0], "cache_forgotten", "should return (out, cache)"),
        (PAIR[1], "cuts_pad_to_minus_pad", "[pad:-pad] is [0:0]"),
        (PAIR[1], "padding_not_cut_off", "still has its padding"),
        (PAIR[1], "writes_into_dout", "changed its argument"),
        ("conv_dilation", "dilation_ignored", "not used yet"),
        ("conv_dilation", "dilation_counted_from_0_in_both", "1 means no gaps"),
        ("conv_output_size", "divides_with_a_fraction", "//"),
        ("conv_output_size", "refuses_with_an_assertion", "raise a ValueError"),
    ],
)
def test_message_names_the_slip(exercise, slip, told):
    (entry,) = (e for e in WRONG if (e["exercise"], e["name"]) == (exercise, slip))
    assert any(told in failure for failure in failures("visible", exercise, entry["functions"]))


def test_grading_tells_where_only_shared_pixels_are_wrong():
    def last_window_wins(dout, cache):
        x, w, _, param = cache
        dx, dw, db = reference.conv_backward_naive(dout, cache)
        over = windows_over(x.shape[2:], (*w.shape[2:], param["stride"], param["pad"]))
        return np.where(over > 1, dx + 1, dx), dw, db

    functions = reference_functions(PAIR[1]) | {PAIR[1]: last_window_wins}
    told = failures("hidden", PAIR[1], functions)
    assert any("several windows share" in message for message in told)


def test_points_of_the_notebook_add_up():
    assert sum(POINTS.values()) == 28
    assert grade(HIDDEN[PAIR[0]], reference_functions(PAIR[0]), 8)["score"] == 8
