"""The checks of notebook 6_fc_to_conv against banks of right and wrong solutions.

Importing sliding adds its entries to the bank of the wrong ones.
"""

import numpy as np
import pytest

import cs231n.check
import grading.checks
from grading.checks.core import grade
from grading.mistakes.judging import fails_a_check
from grading.reference import fc_to_conv as reference
from grading.tests.wrong.fc_to_conv import WRONG
from grading.tests.wrong.sliding import slide, stitch
from grading.variants.fc_to_conv import RIGHT

POINTS = {
    "fc_weights_to_conv": 8,
    "conv_weights_to_fc": 10,
    "slide_classifier": 8,
    "crop_scores": 4,
    "shift_and_stitch": 10,
}
HIDDEN = {name: grading.checks.EXERCISES[name] for name in POINTS}
VISIBLE = {name: cs231n.check.EXERCISES[name] for name in POINTS}
BOTH = [(kind, name) for kind in ("visible", "hidden") for name in POINTS]
SEEDS = ("", "a", "b")  # twenty were tried when the checks were written


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
    return [pytest.param(e, id=f"{e['exercise']}-{e['name']}") for e in bank]


def stub(*args):
    raise NotImplementedError("not implemented yet")


@pytest.mark.parametrize(("kind", "name"), BOTH)
def test_reference_scores_full(kind, name):
    assert not [f for s in SEEDS for f in failures(kind, name, reference_functions(name), s)]


@pytest.mark.parametrize(("kind", "name"), BOTH)
def test_untouched_stub_scores_nothing_and_is_told_so(kind, name):
    graded = results(kind, name, dict.fromkeys(HIDDEN[name].functions, stub))
    assert not any(r.passed for r in graded)
    alone = results(kind, name, reference_functions(name) | {name: stub})
    assert not any(r.passed or r.ready for r in alone)


@pytest.mark.parametrize("entry", named(RIGHT))
@pytest.mark.parametrize("kind", ["visible", "hidden"])
def test_right_solution_scores_full_however_it_is_written(kind, entry):
    functions, name = entry["functions"], entry["exercise"]
    assert not [f for s in SEEDS for f in failures(kind, name, functions, s)]


@pytest.mark.parametrize("entry", named(WRONG))
def test_wrong_solution_loses_marks(entry):
    assert share(entry["exercise"], entry["functions"]) < 1


@pytest.mark.parametrize("entry", named(WRONG))
def test_student_is_told_of_the_slip_before_handing_in(entry):
    assert fails_a_check(VISIBLE[entry["exercise"]], entry["functions"])


def test_each_wrong_solution_is_listed_once():
    keys = [(e["exercise"], e["name"]) for e in WRONG]
    assert len(keys) == len(set(keys))


def test_hidden_messages_never_quote_what_was_expected():
    for entry in WRONG:
        for message in failures("hidden", entry["exercise"], entry["functions"]):
            assert "it should be " not in message.replace("but it should be (", "")


# ---- fairness ------------------------------------------------------------------------------


def slides_with_transposed_maps(x, params, conv_param, pool_param):
    return slide(x, params, conv_param, pool_param)[:, :, ::-1, ::-1]


def stitches(passing):
    """A right shift_and_stitch that works with a slide_classifier of one's own."""

    def stitch_own(x, params, size, conv_param, pool_param):
        S = conv_param["stride"] * pool_param["stride"]
        rows, columns = ((n - m) // (S // 2) + 1 for n, m in zip(x.shape[2:], size))
        out = np.zeros((len(x), len(params["b3"]), rows, columns))
        for a in range(min(rows, 2)):
            for b in range(min(columns, 2)):
                moved = reference.trim(x[:, :, a * S // 2 :, b * S // 2 :], size, S)
                out[:, :, a::2, b::2] = passing(moved, params, conv_param, pool_param)
        return out

    return stitch_own


def test_slip_in_sliding_is_not_paid_for_twice():
    slip = slides_with_transposed_maps
    functions = {"shift_and_stitch": stitches(slip), "slide_classifier": slip}
    assert share("slide_classifier", functions) < 0.8
    assert share("shift_and_stitch", functions) == 1


def constant(x, params, conv_param, pool_param):
    return np.ones(slide(x, params, conv_param, pool_param).shape)


def test_passes_that_are_no_attempt_earn_nothing_by_being_stitched():
    functions = {"shift_and_stitch": stitches(constant), "slide_classifier": constant}
    assert share("shift_and_stitch", functions) == 0


@pytest.mark.parametrize("sliding", [None, stub, constant])
def test_right_stitching_scores_full_without_a_usable_slide_classifier(sliding):
    functions = {"shift_and_stitch": stitches(slide), "slide_classifier": sliding}
    assert share("shift_and_stitch", functions) == 1


@pytest.mark.parametrize(
    ("exercise", "slip", "least", "most"),
    [
        ("fc_weights_to_conv", "transpose_forgotten", 0, 0.25),
        ("fc_weights_to_conv", "biases_of_zero", 0, 0.25),
        ("conv_weights_to_fc", "padding_not_taken_off", 0.5, 0.8),
        ("conv_weights_to_fc", "stride_ignored", 0.5, 0.85),
        ("slide_classifier", "bias_forgotten_b3", 0, 0.2),
        ("slide_classifier", "flattened_before_the_1x1_layer", 0, 0.2),
        ("crop_scores", "map_taken_for_the_crops", 0.6, 0.85),
        ("crop_scores", "stride_of_the_pool_alone", 0.6, 0.85),
        ("shift_and_stitch", "two_passes_along_the_diagonal", 0, 0.3),
        ("shift_and_stitch", "down_and_right_exchanged", 0, 0.4),
        ("shift_and_stitch", "shifts_of_one_pixel", 0.6, 0.85),
    ],
)
def test_marks_lost_fit_the_slip(exercise, slip, least, most):
    (entry,) = (e for e in WRONG if (e["exercise"], e["name"]) == (exercise, slip))
    assert least <= share(exercise, entry["functions"]) <= most


def test_student_learns_which_weight_went_astray():
    functions = {"fc_weights_to_conv": lambda w, b, shape: (w.reshape(-1, *shape), b)}
    told = " ".join(failures("visible", "fc_weights_to_conv", functions))
    assert "belongs to neuron" in told
    assert "channel changes slowest" in told


def test_student_who_makes_two_passes_learns_that_places_are_missing():
    def two(*args):
        return stitch(*args, shifts=[(0, 0), (1, 1)])

    functions = {"shift_and_stitch": two, "slide_classifier": slide}
    failed = {r.name for r in results("visible", "shift_and_stitch", functions) if not r.passed}
    assert "places half a stride to the right" in failed
    assert "places of the pass that is not shifted" not in failed


def test_points_of_the_notebook_add_up():
    assert sum(POINTS.values()) == 40
    name = "conv_weights_to_fc"
    assert grade(HIDDEN[name], reference_functions(name), 10)["score"] == 10
