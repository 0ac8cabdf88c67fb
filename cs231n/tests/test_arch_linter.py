"""Rules of thumb that must not raise false alarms, and advice that must be true of the layer."""

import pytest

from cs231n.architectures import build, parse
from cs231n.architectures.linter import lint


def messages(text, rule):
    return [finding.message for finding in lint(parse(text)) if finding.rule == rule]


def test_filters_of_1x7_are_not_taken_for_7x7():
    assert not messages("INPUT32x32x3 -> CONV3-8 -> CONV1x7-8 -> CONV7x1-8 -> FC-2", "big filter")


@pytest.mark.parametrize(
    ("layer", "wanted"),
    [
        ("CONV5-8", "5x5 filters on a volume of 8 channels cost 25 weights a pair of channels; 2 "),
        ("CONV6-8p2", "cost 36 weights a pair of channels; 3 layers of 3x3 see as far for 27"),
        (
            "CONV5x7-8",
            "5x7 filters on a volume of 8 channels cost 35 weights a pair of channels; 3 ",
        ),
        ("CONV5-8d2", "2 layers of 3x3 and the same dilation see as far for 18"),
    ],
)
def test_layers_of_3x3_see_at_least_as_far_as_the_filter_they_replace(layer, wanted):
    (message,) = messages(f"INPUT32x32x3 -> CONV3-8 -> {layer} -> FC-2", "big filter")
    assert wanted in message


def test_the_pad_that_keeps_the_size_is_told_for_each_direction():
    (message,) = messages("INPUT32x32x3 -> CONV1x7-8p0 -> FC-2", "border")
    assert "pad 0x3 keeps the size" in message


def test_pixels_left_out_are_those_of_the_direction_in_which_they_are():
    (message,) = messages("INPUT9x32x3 -> POOL2floor -> FC-2", "stride")
    assert "leaves 1 pixel of 9 out" in message


@pytest.mark.parametrize(
    ("layer", "wanted"),
    [
        ("CONV1-8/2floor", "of every 4 pixels it reads 1"),
        ("POOL2/3floor", "of every 9 pixels it reads 4"),
    ],
)
def test_a_stride_past_the_window_says_how_much_is_not_read(layer, wanted):
    (message,) = messages(f"INPUT32x32x3 -> {layer} -> FC-2", "gaps")
    assert wanted in message


def test_a_first_layer_that_strides_is_not_told_to_stride():
    by_layer = {finding.layer: finding.message for finding in lint(build("alexnet"))}
    assert "a stride of 4 already" in by_layer["conv1"]
    assert "7x7/2" not in by_layer["conv1"]
    assert (
        "7x7/2" in {finding.layer: finding.message for finding in lint(build("vgg16"))}["conv1_1"]
    )


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("INPUT64x64x64 -> FC-10", ["an average over the whole map"]),
        ("INPUT2048 -> FC-2048 -> RELU -> FC-10", ["Fewer neurons here"]),
        ("INPUT2048 -> FC-2048 -> SOFTMAX", []),
    ],
    ids=["map", "hidden vector", "scores"],
)
def test_a_heavy_layer_gets_advice_that_it_can_follow(text, advice):
    found = messages(text, "parameters")
    assert len(found) == len(advice)
    assert all(part in message for part, message in zip(advice, found))
