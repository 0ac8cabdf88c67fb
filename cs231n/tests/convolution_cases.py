"""What the convolution kernels are held to: values, the exact results, and how close to come."""

import numpy as np
import pytest

from cs231n import fast_layers
from cs231n.fast_layers import conv_backward_fast, conv_forward_fast
from cs231n.im2col import col2im, im2col

compiled = pytest.mark.skipif(
    fast_layers.kernels is None, reason="the compiled kernels are not built"
)
# The largest difference from float64, over the largest value: what docs/fast-layers.md promises.
PROMISED = {
    ("direct", np.float32): 5e-6,
    ("im2col", np.float32): 5e-6,
    ("winograd", np.float32): 5e-5,
    ("direct", np.float64): 1e-14,
    ("im2col", np.float64): 1e-14,
    ("winograd", np.float64): 1e-13,
}
ORDINARY = {"stride": 1, "pad": 1}


def exact(x, w, b, dout, param):
    """out, dx, dw and db by NumPy's columns in float64, one group after another."""
    x, w, b = (array.astype(np.float64) for array in (x, w, b))
    groups, Cg = param.get("groups", 1), w.shape[1]
    where = (*w.shape[2:], param["stride"], param["pad"], param.get("dilation", 1))
    rounding = param.get("rounding", "exact")
    out, dx, dw = [], [], []
    for xs, ws, ds in zip(
        *(np.split(a, groups, axis) for a, axis in ((x, 1), (w, 0), (dout.astype(np.float64), 1)))
    ):
        matrix, cols = ws.reshape(len(ws), -1), im2col(xs, *where, rounding=rounding)
        d = ds.reshape(len(ds), len(ws), -1)
        out.append((matrix @ cols).reshape(ds.shape))
        dw.append(np.einsum("nfl,nkl->fk", d, cols).reshape(len(ws), Cg, *w.shape[2:]))
        dx.append(col2im(matrix.T @ d, xs.shape, *where, rounding=rounding))
    out = np.concatenate(out, axis=1) + b[:, None, None]
    return out, np.concatenate(dx, axis=1), np.concatenate(dw), np.sum(dout, (0, 2, 3), np.float64)


def results(x, w, b, dout, param, algorithm):
    out, cache = conv_forward_fast(x, w, b, param, algorithm)
    return out, *conv_backward_fast(dout, cache, algorithm)


def values(x_shape, w_shape, out_shape, dtype, seed=0):
    rng = np.random.default_rng(seed)
    shapes = (x_shape, w_shape, (w_shape[0],), out_shape)
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def assert_as_promised(algorithm, dtype, got, expected):
    for name, g, e in zip(("out", "dx", "dw", "db"), got, expected):
        assert g.dtype == dtype
        assert g.shape == e.shape, name
        error = np.abs(g - e).max() / max(np.abs(e).max(), 1e-300)
        assert error <= PROMISED[algorithm, dtype], (name, error)
