"""Visible checks of the notebook 8_case_studies: the pieces of LeNet-5 and AlexNet.

What is expected is counted by hand, published, or known from how the input was made. Those of
sizes and of VGG's table, of GoogLeNet's and ResNet's blocks, and of fine-tuning stand in modules of
their own.
"""

import numpy as np

from cs231n.check.case_studies_inception import inception_backward, inception_forward
from cs231n.check.case_studies_residual import residual_block_backward, residual_block_forward
from cs231n.check.case_studies_tables import map_sizes, vgg_table, whole_numbers
from cs231n.check.case_studies_tuning import fine_tune_last_layer
from cs231n.check.compare import as_array, close, expect_tuple
from cs231n.check.core import Exercise
from cs231n.check.results import CheckFailed

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
PLAIN = {"stride": 1, "pad": 0}


def alone(name):
    """An exercise of one function, of the same name."""
    return Exercise(name, functions=(name,))


# ---- LeNet-5 -------------------------------------------------------------------------------

c3_connections = alone("c3_connections")


def as_connections(table):
    """What c3_connections returned as booleans (16, 6), or a CheckFailed."""
    table = whole_numbers(table, "connections", (16, 6))
    if table.shape != (16, 6):
        raise CheckFailed(
            f"connections has shape {table.shape}, but it should be (16, 6): a row for each map of "
            "C3, a column for each map of S2."
        )
    if not np.isin(table, (0, 1)).all():
        raise CheckFailed("connections should hold True and False only.")
    return table.astype(bool)


def _connections(f):
    return as_connections(f.c3_connections())


def _expect_rows(table, rows, hint):
    for row, expected in rows.items():
        came = tuple(int(c) for c in np.flatnonzero(table[row]))
        if came != expected:
            raise CheckFailed(
                f"Map {row} of C3 should see maps {expected}, but sees {came}. {hint}"
            )


@c3_connections.check("the number of maps that each map of C3 sees")
def _(f, rng):
    expected = [3] * 6 + [4] * 9 + [6]
    return close(_connections(f).sum(axis=1), expected, what="maps seen by each map of C3")


@c3_connections.check("three neighbours, four neighbours (not yet round the circle)")
def _(f, rng):
    rows = {0: (0, 1, 2), 3: (3, 4, 5), 6: (0, 1, 2, 3), 8: (2, 3, 4, 5)}
    _expect_rows(_connections(f), rows, "Each begins one map later than the one before.")


@c3_connections.check("after map 5 comes map 0")
def _(f, rng):
    rows = {4: (0, 4, 5), 5: (0, 1, 5), 9: (0, 3, 4, 5), 11: (0, 1, 2, 5)}
    _expect_rows(_connections(f), rows, "Think of the six maps as standing in a circle.")


@c3_connections.check("two pairs with a gap")
def _(f, rng):
    rows = {12: (0, 1, 3, 4), 13: (1, 2, 4, 5), 14: (0, 2, 3, 5)}
    _expect_rows(_connections(f), rows, "Of six maps in a circle two are left out, opposite.")


@c3_connections.check("each map of S2 is seen by ten maps of C3, 60 connections in all")
def _(f, rng):
    return close(_connections(f).sum(axis=0), [10] * 6, what="maps of C3 that see each map of S2")


partially_connected_forward = alone("partially_connected_forward")


def _out(f, name, *args):
    return expect_tuple(getattr(f, name)(*args), ("out", "cache"), name)[0]


def _partial(f, *args):
    return _out(f, "partially_connected_forward", *args)


def _links(*rows):
    return np.array(rows, dtype=bool)


@partially_connected_forward.check("the worked example")
def _(f, rng):
    x = np.array([1.0, 10, 100]).reshape(1, 3, 1, 1)
    links = _links([1, 0, 1], [0, 1, 0])
    out = _partial(f, x, np.ones((2, 3, 1, 1)), np.array([0.0, 1000]), links, PLAIN)
    hint = "Filter 0 sees 1 and 100, filter 1 sees 10 and has a bias of 1000."
    return close(out, [[[[101.0]], [[1010.0]]]], hint=hint)


@partially_connected_forward.check("every filter sees everything: a convolution")
def _(f, rng):
    from cs231n.fast_layers import conv_forward_fast

    x, w, b = (rng.standard_normal(s) for s in ((2, 3, 7, 5), (4, 3, 3, 3), 4))
    param = {"stride": 2, "pad": 1}
    out = _partial(f, x, w, b, np.ones((4, 3), dtype=bool), param)
    hint = "Are stride and pad handed on?"
    return close(out, conv_forward_fast(x, w, b, param)[0], tolerance=1e-6, hint=hint)


@partially_connected_forward.check("no filter sees anything: the biases alone")
def _(f, rng):
    x, w = rng.standard_normal((1, 3, 4, 4)), rng.standard_normal((2, 3, 3, 3))
    out = _partial(f, x, w, np.array([5.0, -7]), np.zeros((2, 3), dtype=bool), PLAIN)
    expected = np.array([5.0, -7])[:, None, None] * np.ones((1, 2, 2, 2))
    return close(out, expected, hint="What is not seen adds 0, and a bias is always added.")


@partially_connected_forward.check("only what a filter sees changes its map")
def _(f, rng):
    x, w, b = (rng.standard_normal(s) for s in ((1, 6, 6, 6), (8, 6, 3, 3), 8))
    links = rng.permutation(np.arange(48) % 2).reshape(8, 6).astype(bool)
    before = as_array(_partial(f, x, w, b, links, PLAIN), "out")
    for c in range(6):
        moved = np.array(x)
        moved[0, c] += 1
        change = np.abs(as_array(_partial(f, moved, w, b, links, PLAIN), "out") - before)
        came = change.reshape(8, -1).max(axis=1) > 1e-6
        if not np.array_equal(came, links[:, c]):
            raise CheckFailed(
                f"Channel {c} of x was changed. The filters with connections[f, {c}] are "
                f"{np.flatnonzero(links[:, c]).tolist()}, but the maps of filters "
                f"{np.flatnonzero(came).tolist()} changed."
            )


@partially_connected_forward.check("leaves x, w, b and connections as they are")
def _(f, rng):
    x, w, b = (rng.standard_normal(s) for s in ((1, 2, 4, 4), (3, 2, 3, 3), 3))
    links = _links([1, 0], [0, 1], [1, 1])
    f.unchanged("partially_connected_forward", x, w, b, links, PLAIN)


# ---- AlexNet -------------------------------------------------------------------------------

grouped_conv_forward = alone("grouped_conv_forward")


def _grouped(f, *args):
    return _out(f, "grouped_conv_forward", *args)


@grouped_conv_forward.check("the worked example: two groups of two channels")
def _(f, rng):
    x = np.array([1.0, 10, 100, 1000]).reshape(1, 4, 1, 1)
    w = np.array([[1.0, 2], [3, 4]]).reshape(2, 2, 1, 1)
    try:
        out = _grouped(f, x, w, np.zeros(2), PLAIN, 2)
    except CheckFailed as failure:
        raise CheckFailed(
            f"{failure} Mind the depth: x has 4 channels here, and a filter only 4 / 2 = 2."
        ) from None
    hint = "Filter 0 sees the channels 1 and 10, filter 1 sees 100 and 1000."
    return close(out, [[[[21.0]], [[4300.0]]]], hint=hint)


@grouped_conv_forward.check("one group: a convolution as usual")
def _(f, rng):
    from cs231n.fast_layers import conv_forward_fast

    x, w, b = (rng.standard_normal(s) for s in ((2, 3, 7, 5), (4, 3, 3, 3), 4))
    param = {"stride": 2, "pad": 1}
    out = _grouped(f, x, w, b, param, 1)
    hint = "Are stride and pad handed on?"
    return close(out, conv_forward_fast(x, w, b, param)[0], tolerance=1e-6, hint=hint)


@grouped_conv_forward.check("three groups, more filters than channels")
def _(f, rng):
    x = np.ones((1, 3, 2, 2)) * np.array([1.0, 10, 100])[:, None, None]
    w = np.ones((6, 1, 2, 2)) * np.arange(1.0, 7)[:, None, None, None]
    out = _grouped(f, x, w, np.zeros(6), PLAIN, 3)
    expected = np.array([4.0, 8, 120, 160, 2000, 2400]).reshape(1, 6, 1, 1)
    hint = "Filters 0 and 1 see channel 0, filters 2 and 3 channel 1, filters 4 and 5 channel 2."
    return close(out, expected, hint=hint)


@grouped_conv_forward.check("every filter has its own bias")
def _(f, rng):
    b = np.array([1.0, 20, 300, 4000])
    out = _grouped(f, np.zeros((2, 4, 3, 3)), np.ones((4, 2, 3, 3)), b, PLAIN, 2)
    return close(
        out, np.tile(b.reshape(1, 4, 1, 1), (2, 1, 1, 1)), hint="b[f] belongs to filter f."
    )


@grouped_conv_forward.check("a filter does not see the channels of other groups")
def _(f, rng):
    x, w, b = (rng.standard_normal(s) for s in ((2, 6, 5, 5), (4, 3, 3, 3), 4))
    param = {"stride": 2, "pad": 1}
    before = as_array(_grouped(f, x, w, b, param, 2), "out")
    if before.shape != (2, 4, 3, 3):
        raise CheckFailed(f"out has shape {before.shape}, but it should be {(2, 4, 3, 3)}.")
    for c in range(6):
        moved = np.array(x)
        moved[:, c] += 1
        change = np.abs(as_array(_grouped(f, moved, w, b, param, 2), "out") - before)
        came = np.flatnonzero(change.max(axis=(0, 2, 3)) > 1e-6).tolist()
        expected = [0, 1] if c < 3 else [2, 3]
        if came != expected:
            raise CheckFailed(
                f"Of 6 channels in 2 groups, channel {c} was changed. That should change the maps "
                f"of filters {expected}, but it changed those of {came}."
            )


@grouped_conv_forward.check("leaves x, w and b as they are")
def _(f, rng):
    x, w, b = (rng.standard_normal(s) for s in ((1, 4, 4, 4), (2, 2, 3, 3), 2))
    f.unchanged("grouped_conv_forward", x, w, b, PLAIN, 2)
