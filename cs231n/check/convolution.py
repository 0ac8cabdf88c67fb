"""Visible checks of the notebook 2_convolution.

No solution is needed to compare with. A filter that is a single 1 picks one pixel out of each
window, so one can write down what it must give; that, the bias and linearity together fix the whole
layer. Gradients are measured on the student's own forward pass.
"""

import numpy as np

from cs231n.check.compare import as_array, close
from cs231n.check.convolution_probes import (
    check_picking,
    check_precision,
    check_slopes,
    explain_shape,
    gradients,
    out_of,
    picked,
    single_ones,
    volumes,
)
from cs231n.check.convolution_variants import conv_dilation, locally_connected_forward
from cs231n.check.core import Exercise
from cs231n.check.results import CheckFailed

_BOTH = ("conv_forward_naive", "conv_backward_naive")

conv_output_size = Exercise("conv_output_size", functions=("conv_output_size",))
conv_forward_naive = Exercise("conv_forward_naive", functions=_BOTH[:1])
conv_backward_naive = Exercise("conv_backward_naive", functions=_BOTH)
__all__ = [*_BOTH, "conv_dilation", "conv_output_size", "locally_connected_forward"]

# The examples worked out in the notebook.
_X = np.array([[[[1, 2, 0], [0, 1, 3], [2, 0, 1]]]], dtype=np.float64)
_W = np.array([[[[1, 2], [0, -1]]]], dtype=np.float64)
_B = np.array([0.5])
_OUT = [[[[4.5, -0.5], [2.5, 6.5]]]]
_DOUT = np.array([[[[1, 0], [0, 2]]]], dtype=np.float64)
_DX, _DW, _DB = [[[[1, 2, 0], [0, 1, 4], [0, 0, -2]]]], [[[[3, 8], [0, 3]]]], [3]
_FOUND = {"dx": _DX, "dw": _DW, "db": _DB}


# ---- conv_output_size ----------------------------------------------------------------------

_SIZES = [
    ("filter slid one pixel at a time", [((7, 3), 5), ((5, 5), 1), ((32, 5), 28)],
     "Without padding, a picture of size 3 and a filter of size 3 meet in one position."),
    ("padding on both ends", [((5, 3, 1, 1), 5), ((224, 3, 1, 1), 224), ((1, 3, 1, 1), 1)],
     "Padding is added at both ends: 2 * pad pixels in all."),
    ("stride", [((7, 3, 2), 3), ((227, 11, 4), 55), ((7, 1, 3), 3)],
     "Count the steps, then add the first position."),
    ("dilation", [((7, 3, 1, 0, 2), 3), ((9, 3, 2, 1, 3), 3), ((5, 1, 1, 0, 4), 5)],
     "A dilated filter spans dilation * (filter_size - 1) + 1 pixels; dilation 1 changes nothing."),
]  # fmt: skip


def _check_sizes(f, cases, hint):
    for arguments, wanted in cases:
        count = f.conv_output_size(*arguments)
        call = f"conv_output_size({', '.join(map(str, arguments))})"
        if isinstance(count, (bool, np.bool_)) or not isinstance(count, (int, np.integer)):
            raise CheckFailed(
                f"{call} returned {count!r}, which is a {type(count).__name__}; a count should be "
                "an int. Does the function use / where // is meant, or forget to return?"
            )
        if count != wanted:
            raise CheckFailed(f"{call} returned {count}, but it should be {wanted}. {hint}")


def _refuses(f, arguments, why):
    call = f"conv_output_size({', '.join(map(str, arguments))})"
    try:
        count = f.conv_output_size(*arguments)
    except CheckFailed as problem:
        if "stopped with ValueError" in str(problem):
            return
        raise CheckFailed(f"{problem} For {call} raise a ValueError: {why}") from None
    raise CheckFailed(f"{call} returned {count!r}, but it should raise a ValueError: {why}")


for _name, _cases, _hint in _SIZES:

    @conv_output_size.check(_name)
    def _(f, rng, cases=_cases, hint=_hint):
        _check_sizes(f, cases, hint)


@conv_output_size.check("an illegal stride raises ValueError")
def _(f, rng):
    for arguments in ((10, 3, 2), (224, 11, 4), (7, 3, 3)):
        _refuses(f, arguments, "after the last position some pixels are left over.")


@conv_output_size.check("a filter that does not fit raises ValueError")
def _(f, rng):
    for arguments in ((4, 5), (3, 7, 2, 1), (2, 7, 1, 2)):
        _refuses(f, arguments, "the filter is larger than the padded picture.")
    _refuses(f, (5, 3, 1, 0, 3), "the dilated filter spans 7 pixels.")
    _check_sizes(f, [((2, 3, 1, 1), 2)], "The padding counts: this filter does fit.")


# ---- conv_forward_naive --------------------------------------------------------------------


@conv_forward_naive.check("the example worked out above")
def _(f, rng):
    out = as_array(out_of(f, _X, _W, _B, {"stride": 1, "pad": 0}), "out")
    flipped = [[[[0.5, 3.5], [4.5, 0.5]]]]
    if out.shape == (1, 1, 2, 2) and np.allclose(out, flipped):
        raise CheckFailed(
            "out is what the flipped filter gives. Here, as in every framework, tap (0, 0) of the "
            "filter meets the top left pixel of the window: no flip."
        )
    return close(out, _OUT, tolerance=1e-6)


# Name, shape of x, (HH, WW), conv_param, (H_out, W_out), the likely slip.
_FORWARD = [
    ("no padding", (2, 3, 5, 5), (3, 3), (1, 0), (3, 3),
     "With pad 0 the first window starts at the picture's own corner."),
    ("padding 1", (2, 3, 4, 4), (3, 3), (1, 1), (4, 4),
     "Pad height and width, and not the axes of pictures and channels."),
    ("padding 2", (1, 2, 4, 4), (5, 5), (1, 2), (4, 4), "Take the padding from conv_param."),
    ("stride 2, windows overlap", (2, 2, 7, 7), (3, 3), (2, 0), (3, 3),
     "Window (i, j) starts at row i * stride, column j * stride."),
    ("stride 3, gaps between windows", (2, 2, 6, 6), (2, 2), (3, 1), (3, 3),
     "The stride says where a window starts, and HH, WW how large it is."),
    ("picture taller than wide", (2, 2, 7, 4), (2, 2), (1, 0), (6, 3), "H goes with rows."),
    ("picture wider than tall", (2, 2, 3, 6), (3, 3), (1, 1), (3, 6), "W goes with columns."),
    ("filter taller than wide", (1, 2, 6, 6), (4, 2), (1, 0), (3, 5), "HH goes with rows."),
    ("filter wider than tall", (1, 2, 5, 7), (1, 3), (2, 1), (4, 4), "WW goes with columns."),
    ("filter larger than the bare picture", (1, 1, 2, 1), (3, 3), (1, 1), (2, 1),
     "Only the padded picture has to be as large as the filter."),
]  # fmt: skip

for _name, _x_shape, _filter, (_stride, _pad), _size, _hint in _FORWARD:

    @conv_forward_naive.check(_name)
    def _(f, rng, a=(_x_shape, _filter, {"stride": _stride, "pad": _pad}, _size, _hint)):
        return check_picking(f, rng, *a)


@conv_forward_naive.check("bias: once for each output value")
def _(f, rng):
    x, b = rng.standard_normal((2, 2, 5, 5)), np.array([1.0, -2.0, 0.5])
    out = out_of(f, x, np.zeros((3, 2, 3, 3)), b, {"stride": 2, "pad": 1})
    expected = np.broadcast_to(b.reshape(1, 3, 1, 1), (2, 3, 3, 3))
    hint = "The filters here are all zeros, so map f of out is b[f] everywhere."
    return close(out, expected, tolerance=1e-6, hint=hint)


@conv_forward_naive.check("twice as much filter, twice as much output")
def _(f, rng):
    x, w, b = volumes(rng, (2, 3, 5, 6), (4, 3, 3, 2))
    other, conv_param = rng.standard_normal(w.shape), {"stride": 1, "pad": 1}
    separate = as_array(out_of(f, x, w, b, conv_param), "out")
    separate = separate + as_array(out_of(f, x, 2 * other, 0 * b, conv_param), "out")
    together = out_of(f, x, w + 2 * other, b, conv_param)
    hint = "out is a sum of products, so filters that are added give outputs that are added."
    return close(together, separate, tolerance=1e-6, hint=hint)


@conv_forward_naive.check("a picture of integers (uint8)")
def _(f, rng):
    x = rng.integers(0, 256, (1, 1, 4, 4), dtype=np.uint8)
    out = as_array(out_of(f, x, np.full((1, 1, 1, 1), 0.3), _B, {"stride": 1, "pad": 0}), "out")
    hint = "Is out made with the dtype of x? Integers cannot hold fractions."
    return close(out, 0.3 * x.astype(np.float64) + 0.5, tolerance=1e-6, hint=hint)


@conv_forward_naive.check("a picture that lies otherwise in memory")
def _(f, rng):
    x = np.asfortranarray(rng.standard_normal((2, 2, 3, 4)))  # as after a transpose
    out = out_of(f, x, single_ones(2, 2, 2), np.zeros(8), {"stride": 1, "pad": 0})
    hint = "Does the code assume how x lies in memory (as_strided, reshape order)?"
    return close(out, picked(x, (2, 2), (2, 3), 1, 0), tolerance=1e-6, hint=hint)


@conv_forward_naive.check("float64 in, float64 precision out")
def _(f, rng):
    x, tenth = rng.standard_normal((1, 1, 4, 4)), np.full((1, 1, 1, 1), 0.1)
    out = out_of(f, x, tenth, np.zeros(1), {"stride": 1, "pad": 0})
    return check_precision(out, 0.1 * x, "out")


@conv_forward_naive.check("x, w and b are left as they are")
def _(f, rng):
    x, w, b = volumes(rng, (2, 2, 4, 4), (2, 2, 3, 3))
    f.unchanged("conv_forward_naive", x, w, b, {"stride": 1, "pad": 1})


# ---- conv_backward_naive -------------------------------------------------------------------


@conv_backward_naive.check("the example worked out above")
def _(f, rng):
    _, cache = f.conv_forward_naive(_X, _W, _B, {"stride": 1, "pad": 0})
    for name, gradient in gradients(f, _DOUT, cache).items():
        explain_shape(name, gradient, _X, 0)
        measured = close(gradient, _FOUND[name], what=name, tolerance=1e-6)
    return measured


# Name, shape of x, shape of w, (stride, pad), which gradients, the likely slip.
_BACKWARD = [
    ("db, stride 1, padding 1", (2, 2, 4, 4), (3, 2, 3, 3), (1, 1), ("db",),
     "db[f] is the sum of dout[:, f] over pictures, rows and columns."),
    ("dw, stride 1, padding 1", (2, 2, 4, 4), (3, 2, 3, 3), (1, 1), ("dw",),
     "Each output value adds its window of the padded picture, times its dout."),
    ("dx, stride 1, padding 1", (2, 2, 4, 4), (3, 2, 3, 3), (1, 1), ("dx",),
     "Each output value adds its filter, times its dout, to the window it came from (+=)."),
    ("no padding", (2, 2, 4, 4), (2, 2, 3, 3), (1, 0), ("dx", "dw", "db"),
     "Nothing is to be cut off dx here."),
    ("padding 2", (1, 2, 3, 3), (2, 2, 5, 5), (1, 2), ("dx", "dw", "db"),
     "Take the padding from conv_param, not from the last example."),
    ("stride 2, windows overlap", (1, 2, 5, 5), (2, 2, 3, 3), (2, 1), ("dx", "dw", "db"),
     "Window (i, j) starts at row i * stride, column j * stride, and pixels in several windows "
     "collect from each."),
    ("stride 3, gaps between windows", (1, 2, 5, 5), (2, 2, 2, 2), (3, 0), ("dx", "dw", "db"),
     "Pixels that no window covers get 0."),
    ("picture taller than wide", (1, 2, 6, 3), (2, 2, 3, 3), (1, 1), ("dx", "dw", "db"),
     "H goes with rows, W with columns."),
    ("picture wider than tall", (1, 2, 3, 6), (2, 2, 2, 2), (1, 0), ("dx", "dw", "db"),
     "H goes with rows, W with columns."),
    ("filter taller than wide", (1, 2, 5, 4), (3, 2, 3, 2), (1, 0), ("dx", "dw", "db"),
     "HH goes with rows, WW with columns."),
    ("filter wider than tall", (1, 1, 3, 5), (2, 1, 1, 3), (2, 1), ("dx", "dw", "db"),
     "HH goes with rows, WW with columns."),
    ("filter larger than the bare picture", (2, 1, 2, 1), (1, 1, 3, 3), (1, 1),
     ("dx", "dw", "db"), "Work on the padded picture, and cut dx out of it at the end."),
]  # fmt: skip

for _name, _x_shape, _w_shape, (_stride, _pad), _names, _hint in _BACKWARD:

    @conv_backward_naive.check(_name)
    def _(f, rng, a=(_x_shape, _w_shape, {"stride": _stride, "pad": _pad}, _names, _hint)):
        return check_slopes(f, rng, *a)


@conv_backward_naive.check("float64 in, float64 precision out")
def _(f, rng):
    x, w, b = volumes(rng, (1, 1, 3, 3), (1, 1, 1, 1))
    _, cache = f.conv_forward_naive(x, w, b, {"stride": 1, "pad": 0})
    dout = rng.standard_normal(x.shape)
    found, wanted = gradients(f, dout, cache), {"dx": w * dout, "dw": [[[[np.vdot(x, dout)]]]]}
    wanted["db"] = [dout.sum()]
    for name in wanted:  # with a single filter of a single tap, these are all there is to it
        measured = check_precision(found[name], wanted[name], name)
    return measured


@conv_backward_naive.check("two forward passes, then the first one's backward, twice")
def _(f, rng):
    x, w, b = volumes(rng, (1, 2, 4, 5), (2, 2, 3, 3))
    out, cache = f.conv_forward_naive(x, w, b, {"stride": 1, "pad": 1})
    dout = rng.standard_normal(np.shape(out))
    wanted = gradients(f, dout, cache)
    f.conv_forward_naive(x[:, :1, :3, :3] + 1, 2 * w[:1, :1], b[:1], {"stride": 3, "pad": 0})
    hint = "Backward should use its cache alone, and leave what is in it as it is."
    again = gradients(f, dout, cache)
    for name, gradient in again.items():
        close(gradient, as_array(wanted[name], name), what=name, tolerance=1e-6, hint=hint)
    f.unchanged("conv_backward_naive", dout, cache)
