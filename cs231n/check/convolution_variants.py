"""Visible checks of the convolution's relatives: with dilation, and locally connected."""

import numpy as np

from cs231n.check.compare import as_array, close, expect_tuple
from cs231n.check.convolution_probes import (
    check_picking,
    check_slopes,
    out_of,
    picked,
    single_ones,
    volumes,
)
from cs231n.check.core import Exercise
from cs231n.check.results import CheckFailed

conv_dilation = Exercise("conv_dilation", functions=("conv_forward_naive", "conv_backward_naive"))
locally_connected_forward = Exercise(
    "locally_connected_forward", functions=("locally_connected_forward",)
)


# ---- conv_dilation -------------------------------------------------------------------------

_COUNTED = "A tap sits at every dilation-th pixel: 2 leaves one pixel out between two taps."


def _explain_dilation(out, x, filter_shape, conv_param):
    """Recognise a dilation that is ignored, or counted from 0, by the size of out."""
    found = np.shape(out)[2:]
    for dilation, what in (
        (1, "It looks as if conv_param's dilation is not used yet."),
        (conv_param["dilation"] + 1, "Dilation is counted so that 1 means no gaps."),
    ):
        spans = [dilation * (taps - 1) + 1 for taps in filter_shape]
        room = [n + 2 * conv_param["pad"] - span for n, span in zip(x[2:], spans)]
        wanted = tuple(space // conv_param["stride"] + 1 for space in room)
        if found == wanted and dilation != conv_param["dilation"]:
            size = f"out is {found[0]} by {found[1]}."
            raise CheckFailed(f"{size} {what} {_COUNTED}")


_DILATED = [
    ("forward, dilation 2", (2, 2, 6, 6), (3, 3), (1, 0, 2), (2, 2)),
    ("forward, dilation 3, stride 2, padding 2", (1, 2, 7, 9), (3, 3), (2, 2, 3), (3, 4)),
    ("forward, dilation 2, filter taller than wide", (1, 1, 9, 5), (4, 2), (1, 1, 2), (5, 5)),
]

for _name, _x_shape, _filter, (_stride, _pad, _dilation), _size in _DILATED:

    @conv_dilation.check(_name)
    def _(
        f,
        rng,
        a=(_x_shape, _filter, {"stride": _stride, "pad": _pad, "dilation": _dilation}, _size),
    ):
        x_shape, filter_shape, conv_param, _ = a
        x, w = np.ones(x_shape), np.ones((1, x_shape[1], *filter_shape))
        _explain_dilation(
            out_of(f, x, w, np.zeros(1), conv_param), x_shape, filter_shape, conv_param
        )
        return check_picking(f, rng, *a, _COUNTED)


for _name, _x_shape, _w_shape, (_stride, _pad, _dilation) in [
    ("backward, dilation 2", (1, 2, 6, 6), (2, 2, 3, 3), (1, 0, 2)),
    ("backward, dilation 3, stride 2, padding 2", (1, 1, 7, 6), (2, 1, 3, 2), (2, 2, 3)),
]:

    @conv_dilation.check(_name)
    def _(
        f,
        rng,
        a=(_x_shape, _w_shape, {"stride": _stride, "pad": _pad, "dilation": _dilation}),
        filter_shape=_w_shape[2:],
    ):
        out = out_of(f, *volumes(rng, *a[:2]), a[2])
        _explain_dilation(out, a[0], filter_shape, a[2])
        return check_slopes(f, rng, *a, hint="Use the same dilated windows as in forward.")


# ---- locally_connected_forward -------------------------------------------------------------


def _local(f, x, w, b, conv_param):
    answer = f.locally_connected_forward(x, w, b, conv_param)
    return as_array(expect_tuple(answer, ("out", "cache"), "locally_connected_forward")[0], "out")


@locally_connected_forward.check("two positions, worked out by hand")
def _(f, rng):
    x = np.array([[[[1.0, 2.0, 3.0]]]])
    w = np.array([[[[[[10.0, 1.0]]]], [[[[0.0, -1.0]]]]]])  # (1, 2, 1, 1, 1, 2)
    out = _local(f, x, w, np.array([[[0.5, 0.0]]]), {"stride": 1, "pad": 0})
    hint = "10 * 1 + 1 * 2 + 0.5 at the first position, 0 * 2 - 1 * 3 at the second."
    return close(out, [[[[12.5, -3.0]]]], tolerance=1e-6, hint=hint)


# Name, shape of x, (HH, WW), (stride, pad), (H_out, W_out).
_LOCAL = [
    ("a filter for each position, no padding", (2, 2, 4, 4), (3, 3), (1, 0), (2, 2)),
    ("padding 1", (1, 2, 3, 3), (3, 3), (1, 1), (3, 3)),
    ("padding 2", (1, 2, 4, 5), (3, 3), (1, 2), (6, 7)),
    ("stride 2, picture wider than tall", (2, 1, 3, 7), (3, 3), (2, 0), (1, 3)),
    ("stride 2, padding 2, filter taller than wide", (1, 3, 6, 4), (4, 2), (2, 2), (4, 4)),
]

for _name, _x_shape, _filter, (_stride, _pad), _size in _LOCAL:

    @locally_connected_forward.check(_name)
    def _(f, rng, a=(_x_shape, _filter, _size, _stride, _pad)):
        x_shape, filter_shape, size, stride, pad = a
        x, maps = rng.standard_normal(x_shape), 3
        ones = single_ones(x_shape[1], *filter_shape)
        chosen = rng.integers(len(ones), size=(*size, maps))  # which pixel each filter copies
        w, b = ones[chosen], np.zeros((maps, *size))
        out = _local(f, x, w, b, {"stride": stride, "pad": pad})
        pixels = picked(x, filter_shape, size, stride, pad)
        i, j, _ = np.indices(chosen.shape)
        wanted = pixels[:, chosen, i, j].transpose(0, 3, 1, 2)
        hint = "Each filter here is a single 1: w[i, j, f] belongs to row i, column j of map f."
        return close(out, wanted, tolerance=1e-6, hint=hint)


@locally_connected_forward.check("a bias for each position")
def _(f, rng):
    b = rng.standard_normal((2, 3, 4))
    w = np.zeros((3, 4, 2, 1, 2, 2))
    out = _local(f, np.ones((2, 1, 4, 5)), w, b, {"stride": 1, "pad": 0})
    hint = "The filters here are all zeros, so every picture's output is b."
    return close(out, np.stack([b, b]), tolerance=1e-6, hint=hint)


@locally_connected_forward.check("channels are summed, sums add up")
def _(f, rng):
    x, b = rng.standard_normal((2, 3, 4, 4)), rng.standard_normal((2, 2, 2))
    v, w = rng.standard_normal((2, 2, 2, 2, 3, 3, 3))
    conv_param = {"stride": 1, "pad": 0}
    separate = _local(f, x, v, b, conv_param) + _local(f, x, w, 0 * b, conv_param)
    hint = "out is a sum of products, so filters that are added give outputs that are added."
    return close(_local(f, x, v + w, b, conv_param), separate, tolerance=1e-6, hint=hint)


@locally_connected_forward.check("x, w and b are left as they are")
def _(f, rng):
    x, w, b = rng.standard_normal((1, 1, 3, 3)), np.ones((2, 2, 1, 1, 2, 2)), np.ones((1, 2, 2))
    f.unchanged("locally_connected_forward", x, w, b, {"stride": 1, "pad": 0})
