"""Layouts of windows for the tests of im2col, and both modules that work on them."""

import numpy as np
import pytest
from hypothesis import strategies as st

from cs231n import im2col as plain

try:
    from cs231n import im2col_cython as compiled
except ImportError:
    compiled = None

BOTH = pytest.mark.parametrize(
    "module",
    [
        pytest.param(plain, id="numpy"),
        pytest.param(
            compiled,
            id="cython",
            marks=pytest.mark.skipif(compiled is None, reason="the compiled module is not built"),
        ),
    ],
)


@st.composite
def layouts(draw):
    """Sizes that fit: (N, C, H, W), HH, WW, stride, pad, dilation, the last three as pairs."""
    size = st.integers(1, 4)
    HH, WW = draw(size), draw(size)
    stride, dilation = (draw(st.tuples(st.integers(1, 3), st.integers(1, 3))) for _ in range(2))
    pad = draw(st.tuples(st.integers(0, 3), st.integers(0, 3)))
    shape = [draw(st.integers(1, 2)), draw(st.integers(1, 3))]
    for axis, window in enumerate((HH, WW)):
        steps = draw(st.integers(0, 3))
        padded = (window - 1) * dilation[axis] + 1 + steps * stride[axis]
        if padded <= 2 * pad[axis]:  # the picture itself needs a pixel: take more steps
            steps += (2 * pad[axis] - padded) // stride[axis] + 1
            padded = (window - 1) * dilation[axis] + 1 + steps * stride[axis]
        shape.append(padded - 2 * pad[axis])
    return tuple(shape), HH, WW, stride, pad, dilation


@st.composite
def rounded_layouts(draw):
    """A layout whose picture may have pixels left over, and the rounding that says what is done."""
    ((N, C, H, W), *sizes) = draw(layouts())
    rounding = draw(st.sampled_from(["exact", "floor", "ceil"]))
    if rounding != "exact":
        H, W = H + draw(st.integers(0, 2)), W + draw(st.integers(0, 2))
    return ((N, C, H, W), *sizes), rounding


def grid_of(layout, rounding="exact"):
    (_, _, H, W), HH, WW, stride, pad, dilation = layout
    return plain.window_grid((H, W), (HH, WW), stride, pad, dilation, rounding)


def pixel_of(layout, row, column, rounding="exact"):
    """Where the value at (row, column) of cols comes from: (c, y, x), or None for padding."""
    (_, C, H, W), HH, WW, stride, pad, dilation = layout
    W_out = grid_of(layout, rounding).out[1]
    c, i, j = np.unravel_index(row, (C, HH, WW))
    i_out, j_out = divmod(column, W_out)
    y = i_out * stride[0] + i * dilation[0] - pad[0]
    x = j_out * stride[1] + j * dilation[1] - pad[1]
    return (c, y, x) if 0 <= y < H and 0 <= x < W else None
