"""Wrong output sizes, wrong dilation, wrong locally connected layers."""

import numpy as np

from grading.reference import convolution as reference
from grading.tests.wrong.convolution import padded, slide, wrong
from grading.tests.wrong.convolution_backward import crop, right_forward, shares

size = wrong("conv_output_size")


def checked(size, taps, stride, pad, extent):
    room = size + 2 * pad - extent
    if room < 0 or room % stride:
        raise ValueError(f"{size}, {taps}, {stride}, {pad} do not fit")
    return room


@size
def divides_with_a_fraction(size, filter_size, stride=1, pad=0, dilation=1):
    return checked(size, filter_size, stride, pad, dilation * (filter_size - 1) + 1) / stride + 1


@size
def padding_counted_once(size, filter_size, stride=1, pad=0, dilation=1):
    extent = dilation * (filter_size - 1) + 1
    return checked(size, filter_size, stride, pad / 2, extent) // stride + 1


@size
def first_position_forgotten(size, filter_size, stride=1, pad=0, dilation=1):
    return checked(size, filter_size, stride, pad, dilation * (filter_size - 1) + 1) // stride


@size
def dilation_not_used(size, filter_size, stride=1, pad=0, dilation=1):
    return checked(size, filter_size, stride, pad, filter_size) // stride + 1


@size
def dilation_counted_from_0(size, filter_size, stride=1, pad=0, dilation=0):
    extent = (dilation + 1) * (filter_size - 1) + 1
    return checked(size, filter_size, stride, pad, extent) // stride + 1


@size
def filter_multiplied_by_dilation(size, filter_size, stride=1, pad=0, dilation=1):
    return checked(size, filter_size, stride, pad, dilation * filter_size) // stride + 1


@size
def never_refuses(size, filter_size, stride=1, pad=0, dilation=1):
    return (size + 2 * pad - dilation * (filter_size - 1) - 1) // stride + 1


@size
def refuses_with_an_assertion(size, filter_size, stride=1, pad=0, dilation=1):
    room = size + 2 * pad - dilation * (filter_size - 1) - 1
    assert room >= 0
    assert room % stride == 0
    return room // stride + 1


@size
def filters_that_do_not_fit_go_unnoticed(size, filter_size, stride=1, pad=0, dilation=1):
    room = size + 2 * pad - dilation * (filter_size - 1) - 1
    if room % stride:
        raise ValueError("illegal stride")
    return room // stride + 1


@size
def fit_judged_without_the_padding(size, filter_size, stride=1, pad=0, dilation=1):
    if filter_size > size:
        raise ValueError("filter too large")
    return reference.conv_output_size(size, filter_size, stride, pad, dilation)


@size
def illegal_stride_returns_none(size, filter_size, stride=1, pad=0, dilation=1):
    room = size + 2 * pad - dilation * (filter_size - 1) - 1
    return room // stride + 1 if room >= 0 and room % stride == 0 else None


@size
def prints_the_answer(size, filter_size, stride=1, pad=0, dilation=1):
    print(reference.conv_output_size(size, filter_size, stride, pad, dilation))


# ---- dilation ------------------------------------------------------------------------------


def dilated(add=0, down=True, across=True, sized=True, stepped=True, literal=None):
    """A pair (forward, backward) whose dilation is right but for the options."""

    def spread(w, conv_param):
        """The filters with zeros between their taps."""
        d = literal or conv_param.get("dilation", 1) + add
        steps = d if down else 1, d if across else 1
        F, C, HH, WW = w.shape
        wide = np.zeros((F, C, steps[0] * (HH - 1) + 1, steps[1] * (WW - 1) + 1))
        if stepped:
            wide[:, :, :: steps[0], :: steps[1]] = w
        else:
            wide[:, :, :HH, :WW] = w
        return wide, steps

    def forward(x, w, b, conv_param):
        out, _ = right_forward(x, spread(w, conv_param)[0], b, conv_param)
        return (out if sized else right_forward(x, w, b, conv_param)[0]), (x, w, b, conv_param)

    def backward(dout, cache):
        x, w, b, conv_param = cache
        wide, steps = spread(w, conv_param)
        dx, dw, db = shares(dout, (x, wide, b, conv_param))
        return crop(dx, cache), dw[:, :, :: steps[0], :: steps[1]], db

    return forward, backward


def dilation_slip(name, forward, backward):
    functions = dict(conv_forward_naive=forward, conv_backward_naive=backward)
    marker = wrong("conv_dilation", **functions)

    def entry():
        """Stands for the pair of functions; never called by a check."""

    entry.__name__ = name
    marker(entry)


RIGHT_PAIR = dilated()
dilation_slip("dilation_ignored", *dilated(literal=1))
dilation_slip("dilation_counted_from_0_in_both", *dilated(add=1))
dilation_slip("dilation_down_only", *dilated(across=False))
dilation_slip("dilation_across_only", *dilated(down=False))
dilation_slip("dilated_size_but_windows_without_gaps", *dilated(stepped=False))
dilation_slip("dilation_written_as_2", *dilated(literal=2))
dilation_slip("dilation_forgotten_in_backward", RIGHT_PAIR[0], dilated(literal=1)[1])
dilation_slip("dilation_only_in_backward", right_forward, RIGHT_PAIR[1])
dilation_slip("size_without_dilation", dilated(sized=False)[0], RIGHT_PAIR[1])
dilation_slip("backward_counts_from_0", RIGHT_PAIR[0], dilated(add=1)[1])


# ---- locally connected ---------------------------------------------------------------------


local = wrong("locally_connected_forward")


def each(x, w, b, conv_param, value, p=None, s=None):
    """out, each value by value(window, i, j, f)."""
    s, p = s or conv_param["stride"], conv_param["pad"] if p is None else p
    H_out, W_out, F, _, HH, WW = w.shape
    x_pad, out = padded(x, p), np.zeros((len(x), F, H_out, W_out))
    for n, f, i, j in np.ndindex(out.shape):
        window = x_pad[n, :, i * s : i * s + HH, j * s : j * s + WW]
        out[n, f, i, j] = value(window, i, j, f)
    return out, (x, w, b, conv_param)


def local_slip(name, value_of, **options):
    def slipped(x, w, b, conv_param):
        return each(x, w, b, conv_param, value_of(w, b), **options)

    slipped.__name__ = name
    local(slipped)


def _right(w, b):
    return lambda window, i, j, f: np.sum(window * w[i, j, f]) + b[f, i, j]


local_slip(
    "same_filter_everywhere", lambda w, b: lambda v, i, j, f: np.sum(v * w[0, 0, f]) + b[f, i, j]
)
local_slip("filters_of_row_0", lambda w, b: lambda v, i, j, f: np.sum(v * w[0, j, f]) + b[f, i, j])
local_slip(
    "rows_and_columns_of_w_exchanged",
    lambda w, b: lambda v, i, j, f: np.sum(v * w[j, i, f]) + b[f, i, j],
)
local_slip("one_bias_a_map", lambda w, b: lambda v, i, j, f: np.sum(v * w[i, j, f]) + b[f, 0, 0])
local_slip(
    "bias_rows_and_columns_exchanged",
    lambda w, b: lambda v, i, j, f: np.sum(v * w[i, j, f]) + b[f, j, i],
)
local_slip("local_bias_forgotten", lambda w, b: lambda v, i, j, f: np.sum(v * w[i, j, f]))
local_slip(
    "local_bias_added_for_each_tap",
    lambda w, b: lambda v, i, j, f: np.sum(v * w[i, j, f] + b[f, i, j]),
)
local_slip(
    "local_filter_flipped",
    lambda w, b: lambda v, i, j, f: np.sum(v * w[i, j, f][:, ::-1, ::-1]) + b[f, i, j],
)
local_slip(
    "local_first_channel_only",
    lambda w, b: lambda v, i, j, f: np.sum(v[0] * w[i, j, f, 0]) + b[f, i, j],
)
local_slip("local_windows_ignore_the_stride", _right, s=1)
local_slip("local_padding_forgotten", _right, p=0)
local_slip("local_padding_hard_coded_to_1", _right, p=1)


@local
def convolves_with_the_mean_filter(x, w, b, conv_param):
    H_out, W_out = w.shape[:2]
    s, p = conv_param["stride"], conv_param["pad"]
    return slide(padded(x, p), w.mean(axis=(0, 1)), b.mean(axis=(1, 2)), s, H_out, W_out), None


@local
def clears_its_filters(x, w, b, conv_param):
    out, _ = reference.locally_connected_forward(x, w, b, conv_param)
    w[...] = 0
    return out, None
