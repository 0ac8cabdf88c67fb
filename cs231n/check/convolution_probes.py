"""How the visible checks look into a convolution: filters of a single 1, and slopes."""

import numpy as np

from cs231n.check.compare import as_array, close, error_between, expect_tuple
from cs231n.check.results import CheckFailed, Measurement
from cs231n.gradient_check import numeric_gradient

_BOTH = ("conv_forward_naive", "conv_backward_naive")


def volumes(rng, x_shape, w_shape):
    return (
        rng.standard_normal(x_shape),
        rng.standard_normal(w_shape),
        rng.standard_normal(w_shape[0]),
    )


def out_of(f, x, w, b, conv_param):
    answer = f.conv_forward_naive(x, w, b, conv_param)
    return expect_tuple(answer, ("out", "cache"), "conv_forward_naive")[0]


def single_ones(C, HH, WW):
    """A filter bank (C * HH * WW, C, HH, WW): each filter has a single 1, at another place."""
    return np.eye(C * HH * WW).reshape(-1, C, HH, WW)


def picked(x, filter_shape, out_size, stride, pad, dilation=1):
    """What the filters of single_ones must give: map k shows pixel k of every window."""
    N, C, H, W = x.shape
    framed = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    framed[:, :, pad : H + pad, pad : W + pad] = x
    down, across = np.arange(out_size[0]) * stride, np.arange(out_size[1]) * stride
    maps = [
        framed[:, c][:, down + r * dilation][:, :, across + s * dilation]
        for c, r, s in np.ndindex(C, *filter_shape)
    ]
    return np.stack(maps, axis=1)


def check_picking(f, rng, x_shape, filter_shape, conv_param, out_size, hint):
    C = x_shape[1]
    x, w = rng.standard_normal(x_shape), single_ones(C, *filter_shape)
    out = as_array(out_of(f, x, w, np.zeros(len(w)), conv_param), "out")
    dilation = conv_param.get("dilation", 1)
    expected = picked(x, filter_shape, out_size, conv_param["stride"], conv_param["pad"], dilation)
    hint = f"Each filter here is a single 1, so it copies one pixel of each window. {hint}"
    return close(out, expected, tolerance=1e-6, hint=hint)


def gradients(f, dout, cache):
    answer = expect_tuple(f.conv_backward_naive(dout, cache), ("dx", "dw", "db"), _BOTH[1])
    return dict(zip(("dx", "dw", "db"), answer))


def explain_shape(name, gradient, x, pad):
    """Say what is behind the two commonest wrong shapes of dx."""
    shape = as_array(gradient, name).shape
    if name != "dx" or shape == x.shape or len(shape) != 4:
        return
    if 0 in shape:
        raise CheckFailed(
            f"dx has shape {shape}: it is empty. With pad 0, a slice [pad:-pad] is [0:0]. "
            "Where in the padded array does the picture begin, and how long is it?"
        )
    if pad and shape[2:] == (x.shape[2] + 2 * pad, x.shape[3] + 2 * pad):
        raise CheckFailed(f"dx has shape {shape}: it still has its padding. x is {x.shape}.")


def check_slopes(f, rng, x_shape, w_shape, conv_param, names=("dx", "dw", "db"), hint=""):
    """The gradients against centred differences of the student's own forward pass."""
    at = dict(zip(("x", "w", "b"), volumes(rng, x_shape, w_shape)))

    def forward(**moved):
        return f.conv_forward_naive(*(at | moved).values(), conv_param)

    out, cache = expect_tuple(forward(), ("out", "cache"), _BOTH[0])
    dout = rng.standard_normal(as_array(out, "out").shape)
    answers, worst = gradients(f, dout, cache), None
    for name in names:
        variable = name[1:]
        # The layer is linear in each argument: a large step gives no formula error.
        numeric = numeric_gradient(
            lambda moved, key=variable: forward(**{key: moved})[0], at[variable], dout, h=0.5
        )
        if not numeric.any():
            raise CheckFailed(
                f"Your conv_forward_naive gives the same output whatever {variable} is, so there "
                "is no gradient to compare with. Make its own check pass first."
            )
        explain_shape(name, answers[name], at["x"], conv_param["pad"])
        windows = (*w_shape[2:], conv_param["stride"], conv_param["pad"]) if name == "dx" else None
        options = {"tolerance": 1e-5, "hint": hint, "windows": windows}
        measured = close(answers[name], numeric, what=name, **options)
        worst = max(worst or measured, measured, key=lambda m: m.error)
    return worst


def check_precision(found, wanted, what):
    """That numbers known to be right are right to float64's last digits."""
    found, wanted = as_array(found, what), np.asarray(wanted)
    error = error_between(found.astype(np.float64), wanted)
    if not error <= 1e-12:
        raise CheckFailed(
            f"{what} is off by {error:.0e} of its size; float64 goes to 1e-16. Is something kept "
            "in float32 on the way? np.zeros(shape) makes float64.",
            error,
            1e-12,
        )
    return Measurement(error, 1e-12)
