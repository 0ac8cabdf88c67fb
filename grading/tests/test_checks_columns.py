"""The checks of notebook 5_im2col against banks of right and wrong solutions.

Importing columns_back, _conv, _pools and _tiles adds their entries to the bank of wrong ones.
"""

import numpy as np
import pytest

import cs231n.check
import grading.checks
import grading.tests.wrong.columns_back
import grading.tests.wrong.columns_conv
import grading.tests.wrong.columns_pools
import grading.tests.wrong.columns_tiles
from grading.checks.core import grade
from grading.mistakes.judging import fails_a_check
from grading.reference import columns as reference
from grading.tests.wrong.columns import WRONG, sizes
from grading.variants.columns import RIGHT

POINTS = {
    "im2col": 10,
    "col2im": 10,
    "conv_forward_im2col": 8,
    "conv_backward_im2col": 10,
    "max_pool_forward_reshape": 4,
    "max_pool_backward_reshape": 4,
    "max_pool_forward_im2col": 4,
    "max_pool_backward_im2col": 6,
}
HIDDEN = {name: grading.checks.EXERCISES[name] for name in POINTS}
VISIBLE = {name: cs231n.check.EXERCISES[name] for name in POINTS}
BOTH = [(kind, name) for kind in ("visible", "hidden") for name in POINTS]
SEEDS = ("", "a", "b")  # ten were tried when the checks were written
# Right values, found by a loop: (exercise, name) in the bank.
LOOPS = [
    ("im2col", "loops_over_pictures"),
    ("im2col", "comprehension_over_channels"),
    ("im2col", "loops_over_positions"),
    ("im2col", "ndindex_over_positions_in_one_line"),
    ("im2col", "map_over_rows_of_positions"),
    ("im2col", "np_vectorize_over_pictures"),
    ("col2im", "loops_over_pictures_back"),
    ("col2im", "loops_over_positions_back"),
    ("conv_forward_im2col", "one_product_for_each_picture"),
    ("conv_forward_im2col", "one_position_at_a_time"),
    ("conv_backward_im2col", "loops_over_filters_and_pictures"),
    ("max_pool_forward_reshape", "windows_in_a_loop"),
    ("max_pool_forward_reshape", "apply_along_axis_over_windows"),
    ("max_pool_backward_reshape", "shares_in_a_loop"),
    ("max_pool_forward_im2col", "one_channel_at_a_time"),
    ("max_pool_backward_im2col", "one_window_at_a_time"),
]
SLIPS = [e for e in WRONG if (e["exercise"], e["name"]) not in LOOPS]
STEPS = "vectorised: Python takes no more steps for more input"


def results(kind, name, functions, secret=""):
    return (HIDDEN if kind == "hidden" else VISIBLE)[name].run(functions, secret)[0]


def failures(*args):
    return [f"{r.name}: {r.message}" for r in results(*args) if not r.passed]


def share(name, functions, secret=""):
    """The part of the hidden weight that is earned, 0 to 1."""
    graded = results("hidden", name, functions, secret)
    return sum(r.weight for r in graded if r.passed) / sum(r.weight for r in graded)


def reference_functions():
    return {name: getattr(reference, name) for name in POINTS}


def stub(*args):
    raise NotImplementedError("not implemented yet")


def named(bank):
    return [
        pytest.param(e, id="-".join(filter(None, (e.get("exercise"), e["name"])))) for e in bank
    ]


@pytest.mark.parametrize(("kind", "name"), BOTH)
def test_reference_scores_full(kind, name):
    assert not [f for s in SEEDS for f in failures(kind, name, reference_functions(), s)]


@pytest.mark.parametrize(("kind", "name"), BOTH)
def test_untouched_stub_scores_nothing_and_is_told_so(kind, name):
    graded = results(kind, name, dict.fromkeys(POINTS, stub))
    assert not any(r.passed or r.ready for r in graded)


@pytest.mark.parametrize(("kind", "name"), BOTH)
def test_stub_among_right_functions_scores_nothing(kind, name):
    graded = results(kind, name, reference_functions() | {name: stub})
    assert not any(r.passed for r in graded)


@pytest.mark.filterwarnings("ignore:f returned float32")  # of a solution that computes in it
@pytest.mark.parametrize("entry", named(RIGHT))
@pytest.mark.parametrize("kind", ["visible", "hidden"])
def test_right_solution_scores_full_however_it_is_written(kind, entry):
    functions = entry["functions"]
    names = [n for n in POINTS if set(HIDDEN[n].functions) <= set(functions)]
    assert names
    seeds = SEEDS if kind == "hidden" else SEEDS[:1]  # measuring slopes takes long
    assert not [f for n in names for s in seeds for f in failures(kind, n, functions, s)]


@pytest.mark.parametrize("entry", named(SLIPS))
def test_wrong_solution_loses_marks(entry):
    assert share(entry["exercise"], entry["functions"]) < 1


@pytest.mark.parametrize("entry", named(SLIPS))
def test_student_is_told_of_the_slip_before_handing_in(entry):
    assert fails_a_check(VISIBLE[entry["exercise"]], entry["functions"])


def test_each_wrong_solution_is_listed_once():
    keys = [(e["exercise"], e["name"]) for e in WRONG]
    assert len(keys) == len(set(keys))


def wrong(exercise, name):
    (entry,) = (e for e in WRONG if (e["exercise"], e["name"]) == (exercise, name))
    return entry["functions"]


# ---- what a student reads ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exercise", "slip", "words"),
    [
        ("im2col", "position_by_position_as_published", "Pictures alternate, position by position"),
        ("im2col", "transposed_as_in_the_notes", "It is the transpose"),
        ("im2col", "channels_run_fastest", "Channels alternate"),
        ("im2col", "windows_read_down_first", "column by column"),
        ("im2col", "positions_run_down_first", "run down the picture first"),
        ("im2col", "stride_ignored", "number of windows is wrong"),
        ("im2col", "loops_over_pictures", "With more pictures (N), Python takes more steps"),
        ("col2im", "assigns_where_it_should_add", "= in place of +="),
        ("col2im", "plus_equals_on_repeated_indices", "one pixel comes up twice"),
        ("col2im", "padding_cut_off_with_minus_pad", "slice [pad:-pad]"),
        ("col2im", "padding_left_on", "still has its padding"),
        ("col2im", "dtype_of_the_columns", "array of bytes"),
        ("conv_forward_im2col", "axes_renamed_instead_of_turned", "out[0] should hold 1 and 10"),
        ("conv_forward_im2col", "bias_forgotten", "x is all zeros and b is 1, 10, 100"),
        ("conv_forward_im2col", "out_has_the_dtype_of_x", "array of integers"),
        ("max_pool_forward_reshape", "used_where_windows_overlap", "should raise a ValueError"),
        ("max_pool_backward_reshape", "every_tied_pixel_gets_all", "pixels tie"),
        ("max_pool_backward_im2col", "ties_get_all_each", "pixels tie"),
    ],
)
def test_message_names_the_slip(exercise, slip, words):
    assert words in "\n".join(failures("visible", exercise, wrong(exercise, slip)))


def test_entry_of_x_col_says_which_pixel_it_holds():
    functions = wrong("im2col", "position_by_position_as_published")
    told = "\n".join(failures("visible", "im2col", functions))
    assert "X_col[0, 1], should hold x[0, 0, 0, 1], but holds x[1, 0, 0, 0]" in told


@pytest.mark.parametrize("exercise", ["conv_forward_im2col", "max_pool_forward_im2col"])
def test_layer_that_fails_because_of_im2col_says_so(exercise):
    told = failures("visible", exercise, on(position_by_position, exercise))
    assert any("Your im2col is not right yet" in message for message in told)


# ---- loops ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("exercise", "slip"), LOOPS)
@pytest.mark.parametrize("kind", ["visible", "hidden"])
def test_loop_with_right_values_loses_the_one_check_on_steps(kind, exercise, slip):
    graded = results(kind, exercise, wrong(exercise, slip))
    assert [r.name for r in graded if not r.passed] == [STEPS]


@pytest.mark.parametrize("exercise", POINTS)
def test_loop_costs_little(exercise):
    weights = {r.name: r.weight for r in results("hidden", exercise, reference_functions())}
    assert weights[STEPS] <= 0.13 * sum(weights.values())


@pytest.mark.parametrize("exercise", ["conv_forward_im2col", "max_pool_forward_im2col"])
def test_loop_in_im2col_is_not_paid_for_again_in_a_layer(exercise):
    loop = wrong("im2col", "loops_over_positions")["im2col"]
    assert share(exercise, on(loop, exercise)) == 1


# ---- fairness ------------------------------------------------------------------------------


def on(im2col, *names, col2im=reference.col2im):
    """The reference's layers working on another im2col."""
    from types import FunctionType

    changed = vars(reference) | {"im2col": im2col, "col2im": col2im}
    layers = {n: FunctionType(getattr(reference, n).__code__, changed) for n in POINTS}
    return layers | {"im2col": im2col, "col2im": col2im}


def position_by_position(x, HH, WW, stride, pad):
    H_out, W_out = sizes(x.shape, HH, WW, stride, pad)
    cols = reference.im2col(x, HH, WW, stride, pad).reshape(-1, len(x), H_out * W_out)
    return cols.swapaxes(1, 2).reshape(len(cols), -1)


def back_position_by_position(cols, x_shape, HH, WW, stride, pad):
    H_out, W_out = sizes(x_shape, HH, WW, stride, pad)
    turned = cols.reshape(-1, H_out * W_out, x_shape[0]).swapaxes(1, 2).reshape(cols.shape)
    return reference.col2im(turned, x_shape, HH, WW, stride, pad)


def one_padding(x, HH, WW, stride, pad):
    """Right but for a padding of 2 or more, where the corner holds a 7."""
    cols = reference.im2col(x, HH, WW, stride, pad)
    cols[0, 0] += 7 if pad > 1 else 0
    return cols


@pytest.mark.parametrize("exercise", ["conv_forward_im2col", "conv_backward_im2col"])
def test_slip_in_im2col_is_not_paid_for_again_in_a_convolution(exercise):
    functions = on(one_padding)
    assert share("im2col", functions) < 1
    assert share(exercise, functions) == 1


def test_other_order_of_columns_costs_im2col_and_not_its_transpose():
    functions = on(position_by_position, col2im=back_position_by_position)
    assert 0.4 < share("im2col", functions) < 0.8
    assert share("col2im", functions) == 1


@pytest.mark.parametrize("exercise", [n for n in POINTS if n not in ("im2col", "col2im")])
def test_nonsense_of_im2col_excuses_nothing(exercise):
    zeros = lambda x, *args: 0 * reference.im2col(x, *args)  # noqa: E731
    back = lambda cols, shape, *args: np.zeros(shape)  # noqa: E731
    if "im2col" in HIDDEN[exercise].functions:
        assert share(exercise, on(zeros, col2im=back)) < 0.35


PAIRS = [
    ("conv_forward_im2col", "conv_backward_im2col"),
    ("max_pool_forward_reshape", "max_pool_backward_reshape"),
    ("max_pool_forward_im2col", "max_pool_backward_im2col"),
]


def raises(*args):
    raise RuntimeError("half written")


@pytest.mark.parametrize("forward", [None, stub, raises, lambda *args: (args[0], None)])
@pytest.mark.parametrize("pair", PAIRS)
def test_right_backward_scores_full_without_a_usable_forward(pair, forward):
    assert share(pair[1], reference_functions() | {pair[0]: forward}) == 1


def bias_doubled(x, w, b, p):
    out, _ = reference.conv_forward_im2col(x, w, 2 * b, p)
    return out, (x, w, b, p)


def its_gradient(dout, cache):
    x, w, b, p = cache
    _, kept = reference.conv_forward_im2col(x, w, b, p)
    dx, dw, db = reference.conv_backward_im2col(dout, kept)
    return dx, dw, db


def test_forgotten_bias_costs_forward_alone():
    functions = reference_functions() | dict(zip(PAIRS[0], (bias_doubled, its_gradient)))
    assert share(PAIRS[0][0], functions) < 0.4
    assert share(PAIRS[0][1], functions) == 1


@pytest.mark.parametrize(
    ("exercise", "slip", "least", "most"),
    [
        ("im2col", "transposed_as_in_the_notes", 0, 0.1),
        ("im2col", "padding_ignored", 0.3, 0.8),
        ("im2col", "stride_ignored", 0.4, 0.85),
        ("col2im", "assigns_where_it_should_add", 0.05, 0.4),
        ("col2im", "padding_cut_off_with_minus_pad", 0.3, 0.8),
        ("conv_forward_im2col", "bias_forgotten", 0.1, 0.4),
        ("conv_forward_im2col", "axes_renamed_instead_of_turned", 0.1, 0.5),
        ("conv_backward_im2col", "bias_gradient_is_a_mean", 0.4, 0.85),
        ("max_pool_backward_reshape", "every_tied_pixel_gets_all", 0.7, 0.95),
        ("max_pool_forward_reshape", "stride_not_looked_at", 0.6, 0.9),
    ],
)
def test_marks_lost_fit_the_slip(exercise, slip, least, most):
    assert least <= share(exercise, wrong(exercise, slip)) <= most


def test_points_of_the_notebook_add_up():
    assert sum(POINTS.values()) == 56
    assert grade(HIDDEN["im2col"], reference_functions(), 10)["score"] == 10
