"""What a student is told of the slips that people make most, before anything is handed in.

The banks of wrong solutions are all shown to the visible checks in test_checks_*.py; here it is the
sentence that counts.
"""

import re

import numpy as np
import pytest

import cs231n.check
import grading.tests.wrong.convolution_backward
import grading.tests.wrong.convolution_variants
import grading.tests.wrong.pooling_l2_conv
import grading.tests.wrong.pooling_max_avg
import grading.tests.wrong.relu
import grading.tests.wrong.softmax_loss
import grading.tests.wrong.svm_loss
import grading.tests.wrong.two_layer_net  # noqa: F401
from cs231n.language import translate
from grading.reference import pooling
from grading.tests.wrong import convolution as conv_bank
from grading.tests.wrong import fully_connected as fc_bank
from grading.tests.wrong import pooling as pool_bank

BANKS = [*fc_bank.WRONG, *conv_bank.WRONG, *pool_bank.WRONG]
FORWARD, BACKWARD = "conv_forward_naive", "conv_backward_naive"

# The kind of slip, the exercise, its name in the bank, and what the student must read.
SLIPS = [
    ("padding 0", BACKWARD, "cuts_pad_to_minus_pad", "[pad:-pad] is [0:0]"),
    ("padding", FORWARD, "padding_hard_coded_to_1", "Take the padding from conv_param"),
    ("height and width", FORWARD, "output_height_and_width_exchanged", "Height and width"),
    ("height and width", FORWARD, "filter_height_and_width_exchanged", "WW goes with columns"),
    ("height and width", "max_pool_forward_naive", "height_and_width_of_window_mixed", "rows"),
    ("overlap", BACKWARD, "dx_assigned_where_shares_add_up", "+="),
    ("overlap", "max_pool_backward_naive", "assigns_where_it_should_add", "assigned (=)"),
    ("overlap", "avg_pool_backward", "assigns_where_it_should_add", "added up"),
    ("overlap", "l2_pool_backward", "assigns_where_it_should_add", "added up"),
    ("shift", "softmax_loss", "maximum_not_taken_off", "largest score of each row"),
    ("shift", "softmax_loss", "maximum_of_the_whole_batch", "not of the whole batch|each row"),
    ("mean", "svm_loss", "mean_forgotten", "the loss is their mean"),
    ("mean", "softmax_loss", "mean_forgotten", "the loss is their mean"),
    ("mean", "softmax_loss", "mean_forgotten_in_dx", "Does dx take part in the mean"),
    ("integers", "affine_forward", "out_with_the_dtype_of_x", "dtype of x"),
    ("integers", FORWARD, "result_kept_in_the_dtype_of_x", "Integers cannot hold"),
    ("integers", "avg_pool_forward", "buffer_of_the_type_of_x", "integers"),
    ("integers", "l2_pool_forward", "squares_of_bytes_overflow", "wraps round"),
    ("input modified", "relu_forward", "writes_into_x", "changed its argument"),
    ("input modified", FORWARD, "clears_its_input", "changed its argument"),
    ("input modified", "max_pool_forward_naive", "writes_into_x", "changed its argument"),
    ("input modified", "softmax_loss", "shifted_in_place", "changed its argument"),
    ("stride", FORWARD, "windows_ignore_the_stride", "i * stride"),
    ("stride", "max_pool_forward_naive", "windows_ignore_the_stride", "i * stride"),
    ("stride", "locally_connected_forward", "local_windows_ignore_the_stride", "w[i, j, f]"),
]


@pytest.mark.parametrize(
    ("exercise", "name", "told"),
    [pytest.param(*slip[1:], id=f"{slip[1]}-{slip[2]}") for slip in SLIPS],
)
def test_common_slip_is_named_by_a_visible_check(exercise, name, told):
    (entry,) = (e for e in BANKS if (e["exercise"], e["name"]) == (exercise, name))
    results, _ = cs231n.check.EXERCISES[exercise].run(entry["functions"])
    messages = [r.message for r in results if not r.passed]
    assert any(part in message for message in messages for part in told.split("|")), messages
    for message in messages:  # nothing of it stays English in Chinese but code and Python's errors
        chinese = re.sub(r"\w+Error: .*?( —|）。)|`[^`]*`", "", translate(message, "zh"))
        assert re.search(r"[\u4e00-\u9fff]", chinese), message
        assert not re.search(r"\b[a-z]{2,} [a-z]{2,} [a-z]{2,}\b", chinese), chinese


@pytest.mark.parametrize("place", [(0, 1), (1, 0), (1, 1)])
def test_zero_windows_are_looked_for_in_every_map_of_every_picture(place):
    """nan in one map only, where it is 0."""

    def backward(dout, cache):
        dx = pooling.l2_pool_backward(dout, cache)
        if dx.shape[:2] == (2, 2):
            dx[place] = np.where(dx[place] == 0, np.nan, dx[place])
        return dx

    functions = {"l2_pool_forward": pooling.l2_pool_forward, "l2_pool_backward": backward}
    results, _ = cs231n.check.EXERCISES["l2_pool_backward"].run(functions)
    failed = [r.name for r in results if not r.passed]
    assert "a window of zeros passes no gradient" in failed
