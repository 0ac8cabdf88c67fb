"""Visible checks of 8_case_studies: the sizes of maps, and VGG's table line by line.

What is expected is published, or was counted by hand.
"""

import numpy as np

from cs231n.check.compare import as_array, close
from cs231n.check.core import Exercise
from cs231n.check.results import CheckFailed


def whole_numbers(value, what, shape):
    """`value` as an array of whole numbers of that shape, or a CheckFailed."""
    array = as_array(value, what, shape)
    if array.dtype.kind not in "iub" and array.size:
        raise CheckFailed(
            f"{what} should hold whole numbers, but it holds {array.dtype}. (In Python 6 / 2 is "
            "the fraction 3.0, and 6 // 2 the whole number 3.)"
        )
    return array


# ---- ZFNet, and sizes in general -----------------------------------------------------------

map_sizes = Exercise("map_sizes", functions=("map_sizes",))
_FLOOR, _CEIL = ("floor", "ceil")
_NETS = {  # first size, layers (window, stride, pad), the sizes that are published
    "LeNet-5": (32, [(5, 1, 0), (2, 2, 0), (5, 1, 0), (2, 2, 0)], [28, 14, 10, 5]),
    "AlexNet": (
        227,
        [(11, 4, 0), (3, 2, 0), (5, 1, 2), (3, 2, 0), (3, 1, 1), (3, 1, 1), (3, 1, 1), (3, 2, 0)],
        [55, 27, 27, 13, 13, 13, 13, 6],
    ),
    "ZFNet": (
        224,
        [(7, 2, 1), (3, 2, 1), (5, 2, 0), (3, 2, 1), (3, 1, 1), (3, 1, 1), (3, 1, 1), (3, 2, 0)],
        [110, 55, 26, 13, 13, 13, 13, 6],
    ),
}


def _sizes(f, size, layers, expected, hint=""):
    came = f.map_sizes(size, layers)
    array = as_array(came, "sizes") if not isinstance(came, tuple) else np.array(came)
    return close(array, expected, what="sizes", hint=hint)


for _name, _case in _NETS.items():

    @map_sizes.check(f"the maps of {_name}")
    def _(f, rng, case=_case):
        size, layers, expected = case
        hint = "Padding is added on both sides; every layer reads what the one before it gave."
        return _sizes(f, size, [(*layer, _FLOOR) for layer in layers], expected, hint)


@map_sizes.check("the maps of GoogLeNet, whose pools round up")
def _(f, rng):
    layers = [(7, 2, 3, _FLOOR), (3, 2, 0, _CEIL), (3, 1, 1, _FLOOR), *[(3, 2, 0, _CEIL)] * 3]
    return _sizes(f, 224, layers, [112, 56, 56, 28, 14, 7], 'What does "ceil" ask for?')


@map_sizes.check("the quotient is rounded, before 1 is added")
def _(f, rng):
    _sizes(f, 8, [(3, 2, 0, _FLOOR)], [3], "(8 - 3) / 2 is 2.5, rounded down 2, so 3 windows.")
    _sizes(f, 8, [(3, 2, 0, _CEIL)], [4], "(8 - 3) / 2 is 2.5, rounded up 3, so 4 windows.")
    return _sizes(f, 9, [(3, 2, 0, _CEIL)], [4], "(9 - 3) / 2 is 3 exactly: nothing to round.")


@map_sizes.check("sizes are whole numbers")
def _(f, rng):
    sizes = f.map_sizes(32, [(5, 1, 0, _FLOOR), (2, 2, 0, _FLOOR)])
    sizes = whole_numbers(list(sizes) if isinstance(sizes, tuple) else sizes, "sizes", (2,))
    if sizes.shape != (2,):
        raise CheckFailed(f"For two layers there should be two sizes, but {sizes.size} came.")


# ---- VGG -----------------------------------------------------------------------------------

vgg_table = Exercise("vgg_table", functions=("vgg_table",))
_VGG16 = (2, 2, 3, 3, 3)


def _table(f, stages, size, classes, lines):
    table = whole_numbers(f.vgg_table(stages, size, classes), "table", (lines, 5))
    if table.shape != (lines, 5):
        raise CheckFailed(
            f"table has shape {table.shape}, but for stages {stages} it should be {(lines, 5)}: a "
            "line for the input, every convolution, every pool and three fully connected layers."
        )
    return table


def _expect_sum(came, expected, known, what):
    came = int(came)
    if came != expected:
        slip = known.get(came, "")
        raise CheckFailed(f"{what} sum to {came:,}, but they should sum to {expected:,}. {slip}")


@vgg_table.check("VGG-16: the first lines")
def _(f, rng):
    table = _table(f, _VGG16, 224, 1000, 22)
    close(table[0], [224, 224, 3, 150528, 0], what="the line of the input")
    if table[1, 4] == 1728:
        raise CheckFailed(
            "The first convolution has 1,728 weights. Its 64 filters have a bias each, too."
        )
    hint = "64 filters of 3x3x3 weights and a bias give 1,792 parameters."
    close(
        table[1], [224, 224, 64, 3211264, 1792], what="the line of the first convolution", hint=hint
    )
    hint = "A pool has nothing to learn, halves height and width, and leaves the depth alone."
    return close(table[3], [112, 112, 64, 802816, 0], what="the line of the first pool", hint=hint)


@vgg_table.check("VGG-16: heights, widths and depths")
def _(f, rng):
    table = _table(f, _VGG16, 224, 1000, 22)
    sides = [224] * 3 + [112] * 3 + [56] * 4 + [28] * 4 + [14] * 4 + [7] + [1] * 3
    depths = [3] + [64] * 3 + [128] * 3 + [256] * 4 + [512] * 8 + [4096, 4096, 1000]
    close(table[:, 0], sides, what="the column of heights")
    close(table[:, 1], sides, what="the column of widths")
    return close(table[:, 2], depths, what="the column of depths", hint="Never more than 512.")


@vgg_table.check("VGG-16: 15,237,608 values")
def _(f, rng):
    known = {15237608 - 150528: "The input counts, too.", 15237608 - 9192: "So do the scores."}
    _expect_sum(_table(f, _VGG16, 224, 1000, 22)[:, 3].sum(), 15237608, known, "The values")


@vgg_table.check("VGG-16: 138,357,544 parameters")
def _(f, rng):
    table = _table(f, _VGG16, 224, 1000, 22)
    known = {
        138344128: "That is exactly what is left when no layer has biases.",
        138344128 + 4224: "That is what is left when only convolutions have biases.",
        138344128 + 9192: "That is what is left when only fully connected layers have biases.",
    }
    _expect_sum(table[:, 4].sum(), 138357544, known, "The parameters")
    hint = "It reads all 7x7x512 values of the last pool."
    return close(table[19, 4], 102764544, what="parameters of the first FC layer", hint=hint)


@vgg_table.check("VGG-19 and VGG-11")
def _(f, rng):
    for stages, lines, parameters in (
        ((2, 2, 4, 4, 4), 25, 143667240),
        ((1, 1, 2, 2, 2), 17, 132863336),
    ):
        table = _table(f, stages, 224, 1000, lines)
        _expect_sum(table[:, 4].sum(), parameters, {}, f"The parameters of stages {stages}")


@vgg_table.check("small pictures, ten classes")
def _(f, rng):
    table = _table(f, (1, 2), 32, 10, 9)
    close(table[-1], [1, 1, 10, 10, 40970], what="the last line")
    hint = "After two pools 8x8x128 values are left."
    return close(table[-3, 4], 33558528, what="parameters of the first FC layer", hint=hint)
