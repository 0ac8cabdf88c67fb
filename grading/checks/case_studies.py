"""Hidden checks of the notebook 8_case_studies: LeNet-5's and AlexNet's pieces, sizes, VGG's table.

Those of Inception, the residual block and fine-tuning stand in case_studies_blocks.py and
case_studies_tuning.py. The reference is the oracle throughout.
"""

from __future__ import annotations

import numpy as np

from cs231n.check.case_studies import as_connections
from cs231n.check.case_studies_tables import whole_numbers
from cs231n.check.compare import expect_tuple
from cs231n.check.core import Exercise
from cs231n.check.results import CheckFailed
from grading.checks import fast, oracle
from grading.checks.answers import as_array, check_not_constant, close
from grading.checks.case_studies_blocks import (
    inception_backward,
    inception_forward,
    residual_block_backward,
    residual_block_forward,
)
from grading.checks.case_studies_tuning import fine_tune_last_layer
from grading.reference import case_studies

HIDE = fast.NETWORKS

__all__ = [
    "c3_connections",
    "fine_tune_last_layer",
    "grouped_conv_forward",
    "inception_backward",
    "inception_forward",
    "map_sizes",
    "partially_connected_forward",
    "residual_block_backward",
    "residual_block_forward",
    "vgg_table",
]
TOLERANCE = 1e-5  # wide enough for a solution that computes in float32
reference = oracle.remembering(case_studies)


def _fortran(*arrays):
    return [np.asfortranarray(a, dtype=np.float32) for a in arrays]


def _random(rng, *shapes):
    return [rng.standard_normal(shape) for shape in shapes]


# ---- LeNet-5 -------------------------------------------------------------------------------

c3_connections = Exercise("c3_connections", functions=("c3_connections",))
_GROUPS = (
    ("three neighbours", slice(0, 6), 2),
    ("four neighbours", slice(6, 12), 2),
    ("two pairs with a gap", slice(12, 15), 2),
    ("all six", slice(15, 16), 1),
)


def _connections(f):
    return as_connections(as_array(f.c3_connections(), "connections", (16, 6)))


for _name, _rows, _weight in _GROUPS:

    @c3_connections.check(f"the maps that see {_name}", _weight)
    def _(f, rng, rows=_rows):
        return close(_connections(f)[rows], reference.c3_connections()[rows], what="connections")


@c3_connections.check("60 connections, and True or False in the table", 1)
def _(f, rng):
    table = _connections(f)
    if table.sum() != 60:
        raise CheckFailed(f"There are {table.sum()} connections, but there should be 60.")


partially_connected_forward = Exercise(
    "partially_connected_forward", functions=("partially_connected_forward",)
)


def _compare_out(f, name, args, tolerance=TOLERANCE, hint=""):
    out, _ = expect_tuple(getattr(f, name)(*args), ("out", "cache"), name)
    expected, _ = getattr(reference, name)(*args)
    return close(out, expected, tolerance=tolerance, hint=hint)


def _links(rng, F, C):
    """A table in which every filter sees something, and misses something."""
    table = np.arange(C) < rng.integers(1, C, (F, 1))
    return rng.permuted(table, axis=1)


_PARTIAL = "partially_connected_forward"
_PARTIAL_CASES = (
    ("LeNet-5's own table", (2, 6, 9, 9), (16, 6, 5, 5), (1, 0), 3),
    ("a random table, stride 2, padded", (2, 5, 7, 9), (3, 5, 3, 3), (2, 1), 2),
    ("more channels than filters, 2x3 windows", (1, 7, 4, 5), (2, 7, 2, 3), (1, 0), 2),
    ("windows of a single pixel", (3, 4, 3, 2), (6, 4, 1, 1), (1, 0), 1),
)
for _name, _x, _w, (_stride, _pad), _weight in _PARTIAL_CASES:

    @partially_connected_forward.check(_name, _weight)
    def _(f, rng, x=_x, w=_w, param={"stride": _stride, "pad": _pad}):  # noqa: B006
        lenet = w[0] == 16
        links = reference.c3_connections() if lenet else _links(rng, *w[:2])
        x, w, b = _random(rng, x, w, w[0])
        return _compare_out(f, _PARTIAL, (x, w, b, links, dict(param)))


@partially_connected_forward.check("all connected, and none", 1)
def _(f, rng):
    x, w, b = _random(rng, (1, 3, 4, 4), (2, 3, 3, 3), 2)
    for links in (np.ones((2, 3), dtype=bool), np.zeros((2, 3), dtype=bool)):
        measured = _compare_out(f, _PARTIAL, (x, w, b, links, {"stride": 1, "pad": 1}))
    return measured


@partially_connected_forward.check("float32 input, columns first in memory", 1)
def _(f, rng):
    x, w, b = _fortran(*_random(rng, (2, 4, 5, 6), (3, 4, 3, 3), 3))
    return _compare_out(f, _PARTIAL, (x, w, b, _links(rng, 3, 4), {"stride": 1, "pad": 0}), 1e-4)


def _check_harmless(f, name, first, second):
    """Inputs are left as they are by a function that does something, right or wrong."""
    outs = []
    for args in (first, second):
        outs.append(expect_tuple(f.unchanged(name, *args), ("out", "cache"), name)[0])
    check_not_constant(*outs)


@partially_connected_forward.check("x, w, b and connections are left as they are", 1)
def _(f, rng):
    cases = []
    for _ in range(2):
        x, w, b = _random(rng, (1, 3, 4, 4), (3, 3, 3, 3), 3)
        cases.append((x, w, b, _links(rng, 3, 3), {"stride": 1, "pad": 1}))
    _check_harmless(f, _PARTIAL, *cases)


# ---- AlexNet -------------------------------------------------------------------------------

grouped_conv_forward = Exercise("grouped_conv_forward", functions=("grouped_conv_forward",))
_GROUPED = "grouped_conv_forward"
_GROUPED_CASES = (
    ("two groups", (2, 4, 5, 6), (6, 2, 3, 3), (1, 1), 2, 3),
    ("one group", (2, 3, 5, 4), (4, 3, 3, 3), (1, 0), 1, 1),
    ("three groups, stride 2", (2, 6, 7, 5), (3, 2, 3, 3), (2, 0), 3, 2),
    ("as many groups as channels", (1, 4, 4, 4), (8, 1, 2, 2), (2, 0), 4, 2),
    ("more channels than filters, 2x3 windows", (2, 8, 4, 5), (2, 4, 2, 3), (1, 0), 2, 2),
    ("one picture, windows of a single pixel", (1, 6, 2, 3), (6, 3, 1, 1), (1, 0), 2, 1),
)
for _name, _x, _w, (_stride, _pad), _groups, _weight in _GROUPED_CASES:

    @grouped_conv_forward.check(_name, _weight)
    def _(f, rng, x=_x, w=_w, stride=_stride, pad=_pad, groups=_groups):
        x, w, b = _random(rng, x, w, w[0])
        hint = "Filters of a group see the channels of that group, in order."
        args = (x, w, b, {"stride": stride, "pad": pad}, groups)
        return _compare_out(f, _GROUPED, args, hint=hint)


@grouped_conv_forward.check("float32 input, columns first in memory", 1)
def _(f, rng):
    x, w, b = _fortran(*_random(rng, (2, 4, 5, 6), (6, 2, 3, 3), 6))
    return _compare_out(f, _GROUPED, (x, w, b, {"stride": 1, "pad": 1}, 2), 1e-4)


@grouped_conv_forward.check("x, w and b are left as they are", 1)
def _(f, rng):
    def case():
        x, w, b = _random(rng, (1, 4, 4, 4), (2, 2, 3, 3), 2)
        return x, w, b, {"stride": 1, "pad": 1}, 2

    _check_harmless(f, _GROUPED, case(), case())


# ---- sizes ---------------------------------------------------------------------------------

map_sizes = Exercise("map_sizes", functions=("map_sizes",))
_STRIDES = [(11, 4, 0), (3, 2, 0), (5, 1, 2), (3, 2, 0), (3, 1, 1), (3, 2, 0)]
_SIZES_CASES = (
    ("layers that fit exactly", 227, _STRIDES, ("floor",), 2),
    ("rounding down", 224, [(7, 2, 1), (3, 2, 1), (5, 2, 0), (3, 2, 1)], ("floor",), 2),
    ("rounding up", 224, [(7, 2, 2), (3, 2, 0), (3, 2, 0), (4, 3, 0), (3, 2, 0)], ("ceil",), 2),
    ("both in one network", 150, [(7, 2, 3), (3, 2, 0), (5, 3, 2)], ("floor", "ceil", "floor"), 2),
    ("a window as large as the map", 6, [(6, 2, 0), (1, 1, 0), (1, 2, 0)], ("ceil",), 1),
    ("large strides, small windows", 100, [(2, 5, 0), (1, 3, 0), (2, 4, 1)], ("floor",), 1),
)
for _name, _size, _layers, _roundings, _weight in _SIZES_CASES:

    @map_sizes.check(_name, _weight)
    def _(f, rng, size=_size, layers=_layers, roundings=_roundings):
        roundings = roundings * len(layers) if len(roundings) == 1 else roundings
        layers = [(*layer, rounding) for layer, rounding in zip(layers, roundings)]
        sizes = f.map_sizes(size, layers)
        expected = reference.map_sizes(size, layers)
        return close(list(sizes) if isinstance(sizes, tuple) else sizes, expected, what="sizes")


@map_sizes.check("whole numbers", 1)
def _(f, rng):
    outs = []
    for size in (32, 40):
        sizes = f.map_sizes(size, [(5, 1, 0, "floor"), (2, 2, 0, "floor")])
        sizes = list(sizes) if isinstance(sizes, tuple) else sizes
        outs.append(whole_numbers(as_array(sizes, "sizes", (2,)), "sizes", (2,)))
    check_not_constant(*outs, "sizes")


# ---- VGG -----------------------------------------------------------------------------------

vgg_table = Exercise("vgg_table", functions=("vgg_table",))
_COLUMNS = (("heights and widths", slice(0, 2), 2), ("depths", slice(2, 3), 2))
_COLUMNS += (("values that come out", slice(3, 4), 2), ("parameters", slice(4, 5), 5))
_VGGS = (
    ("VGG-16", ((2, 2, 3, 3, 3), 224, 1000)),
    ("VGG-13 on large pictures", ((2, 2, 2, 2, 2), 320, 1000)),
    ("short and long ones", ((1, 2), 32, 10)),
    ("short and long ones", ((3,), 6, 7)),
    ("short and long ones", ((1, 1, 2, 1, 1, 1), 128, 100)),
)


def _table(f, args):
    table = as_array(f.vgg_table(*args), "table")
    expected = reference.vgg_table(*args)
    if table.shape != expected.shape:
        raise CheckFailed(f"table has shape {table.shape}, but it should be {expected.shape}.")
    return table, expected


for _title in dict(_VGGS):
    for _name, _column, _weight in _COLUMNS:

        @vgg_table.check(f"{_title}: {_name}", _weight)
        def _(f, rng, title=_title, name=_name, column=_column):
            for known, args in _VGGS:
                if known == title:
                    table, expected = _table(f, args)
                    what = f"the column of {name}"
                    measured = close(table[:, column], expected[:, column], what=what)
            return measured


@vgg_table.check("whole numbers", 1)
def _(f, rng):
    tables = [_table(f, ((1, 1), size, 10))[0] for size in (8, 16)]
    for table in tables:
        whole_numbers(table, "table", table.shape)
    check_not_constant(*tables, "table")


# ---- where chance would decide --------------------------------------------------------------

partially_connected_forward.same_in_all_courses(
    "a random table, stride 2, padded",
    "float32 input, columns first in memory",
)
