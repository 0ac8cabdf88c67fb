"""The fast layers by themselves: gradients, orders, types, errors, and life without a compiler."""

import os
import subprocess
import sys

import numpy as np
import pytest

from cs231n import fast_layers, fast_pooling
from cs231n.fast_layers import conv_backward_fast, conv_forward_fast
from cs231n.gradient_check import numeric_gradient, relative_error


def conv_case(seed=0, N=2, C=3, H=7, W=6, F=4, HH=3, WW=2):
    rng = np.random.default_rng(seed)
    return (
        rng.standard_normal((N, C, H, W)),
        rng.standard_normal((F, C, HH, WW)),
        rng.standard_normal(F),
    )


CONV_PARAMS = [
    {"stride": 1, "pad": 0},
    {"stride": 2, "pad": 1},
    {"stride": (2, 1), "pad": (1, 2)},
    {"stride": 1, "pad": 2, "dilation": 2},
]


@pytest.mark.parametrize("conv_param", CONV_PARAMS, ids=str)
def test_convolution_gradients_agree_with_centred_differences(conv_param):
    x, w, b = conv_case(H=7, W=6, HH=3, WW=2)
    out, cache = conv_forward_fast(x, w, b, conv_param)
    dout = np.random.default_rng(1).standard_normal(out.shape)
    dx, dw, db = conv_backward_fast(dout, cache)
    for gradient, values, forward in (
        (dx, x, lambda x: conv_forward_fast(x, w, b, conv_param)[0]),
        (dw, w, lambda w: conv_forward_fast(x, w, b, conv_param)[0]),
        (db, b, lambda b: conv_forward_fast(x, w, b, conv_param)[0]),
    ):
        assert relative_error(gradient, numeric_gradient(forward, values, dout)) < 1e-7


def test_a_filter_with_a_single_one_copies_its_pixel():
    x, _, _ = conv_case()
    w = np.zeros((1, 3, 3, 3))
    w[0, 1, 0, 2] = 1.0  # channel 1, one row up, one column to the right
    out, _ = conv_forward_fast(x, w, np.array([5.0]), {"stride": 1, "pad": 1})
    np.testing.assert_array_equal(out[:, 0, 1:, :-1], x[:, 1, :-1, 1:] + 5.0)


def test_many_small_batches_of_columns_give_what_one_large_batch_gives(monkeypatch):
    x, w, b = conv_case(N=5)
    param = {"stride": 1, "pad": 1}
    whole, cache = conv_forward_fast(x, w, b, param)
    whole_gradients = conv_backward_fast(whole, cache)
    monkeypatch.setattr(fast_layers, "COLUMN_BYTES", 1)
    parts, cache = conv_forward_fast(x, w, b, param)
    np.testing.assert_allclose(parts, whole, rtol=1e-13)
    for part, gradient in zip(conv_backward_fast(parts, cache), whole_gradients):
        np.testing.assert_allclose(part, gradient, rtol=1e-12)


def test_memory_order_does_not_change_the_result():
    x, w, b = conv_case()
    param = {"stride": 1, "pad": 1}
    out, cache = conv_forward_fast(x, w, b, param)
    other, other_cache = conv_forward_fast(np.asfortranarray(x), np.asfortranarray(w), b, param)
    np.testing.assert_allclose(other, out, rtol=1e-13)
    pairs = zip(
        conv_backward_fast(np.asfortranarray(out), other_cache), conv_backward_fast(out, cache)
    )
    for got, expected in pairs:
        np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_inputs_are_left_as_they_are():
    arrays = conv_case()
    for array in arrays:
        array.flags.writeable = False
    out, cache = conv_forward_fast(*arrays, {"stride": 1, "pad": 1})
    out.flags.writeable = False
    conv_backward_fast(out, cache)


def test_float32_stays_float32_and_whole_numbers_become_float64():
    x, w, b = conv_case()
    param = {"stride": 1, "pad": 1}
    small = [array.astype(np.float32) for array in (x, w, b)]
    out, cache = conv_forward_fast(*small, param)
    assert {out.dtype, *(g.dtype for g in conv_backward_fast(out, cache))} == {np.dtype(np.float32)}
    pixels = np.full(x.shape, 200, np.uint8)
    assert conv_forward_fast(pixels, w, b, param)[0].dtype == np.float64


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(w=np.zeros((4, 2, 3, 2))), r"C = 3"),
        (dict(w=np.zeros((4, 3, 3))), r"\(F, C, HH, WW\)"),
        (dict(b=np.zeros(3)), r"b should have shape \(4,\)"),
        (dict(x=np.zeros((3, 7, 6))), r"\(N, C, H, W\)"),
        (dict(conv_param={"stride": 4, "pad": 1}), "pixels are left over"),
        (dict(conv_param={"strides": 1, "pad": 1}), "conv_param should have"),
        (dict(conv_param={"stride": 1}), "conv_param should have"),
    ],
)
def test_shapes_that_do_not_fit_are_refused_by_name(change, message):
    x, w, b = conv_case()
    arguments = dict(x=x, w=w, b=b, conv_param={"stride": 1, "pad": 0}) | change
    with pytest.raises(ValueError, match=message):
        conv_forward_fast(**arguments)


def test_a_gradient_of_the_wrong_shape_is_refused():
    out, cache = conv_forward_fast(*conv_case(), {"stride": 1, "pad": 0})
    with pytest.raises(ValueError, match="dout should have the shape of out"):
        conv_backward_fast(out[:, :, :, :-1], cache)


def test_max_pooling_can_still_be_imported_from_here():
    assert fast_layers.max_pool_forward_fast is fast_pooling.max_pool_forward_fast
    assert fast_layers.max_pool_backward_fast is fast_pooling.max_pool_backward_fast


WITHOUT_COMPILED = """
import sys, warnings
sys.modules["cs231n.im2col_cython"] = None      # as if it had never been built
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    from cs231n import fast_layers
    import cs231n.fast_layers
assert fast_layers.BACKEND == "numpy"
messages = [str(w.message) for w in caught if "im2col" in str(w.message)]
assert len(messages) == 1, messages
assert "slower" in messages[0] and "pip install" in messages[0], messages
import numpy as np
out, cache = fast_layers.conv_forward_fast(np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2)), np.ones(1),
                                           {"stride": 1, "pad": 0})
assert (out == 5).all()
"""


def test_without_a_compiler_everything_works_and_one_warning_says_what_is_slower():
    done = subprocess.run([sys.executable, "-c", WITHOUT_COMPILED], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_numpy_and_compiled_backends_agree():
    pytest.importorskip("cs231n.im2col_cython")
    script = (
        "import numpy as np; from cs231n import fast_layers as l\n"
        "r = np.random.default_rng(3)\n"
        "x, w, b = (r.standard_normal(s) for s in ((2, 3, 9, 7), (4, 3, 3, 2), (4,)))\n"
        "out, cache = l.conv_forward_fast(x, w, b, {'stride': (2, 1), 'pad': 1})\n"
        "print(l.BACKEND, *(v.astype(np.float64).tobytes().hex() for v in "
        "(out, *l.conv_backward_fast(out, cache))))"
    )

    def run(backend):
        done = subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"CS231N_BACKEND": backend},
        )
        name, *values = done.stdout.split()
        return name, [np.frombuffer(bytes.fromhex(v)) for v in values]

    (first, compiled), (second, plain) = run("cython"), run("numpy")
    assert (first, second) == ("cython", "numpy")
    for a, b in zip(compiled, plain, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)
