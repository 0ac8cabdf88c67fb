"""im2col and col2im, NumPy and compiled: what every window sees, and nothing beyond the picture."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs231n import im2col as plain
from cs231n.tests.im2col_cases import BOTH, layouts, pixel_of


@BOTH
@settings(max_examples=60, deadline=None)
@given(layout=layouts(), dtype=st.sampled_from([np.float32, np.float64]))
def test_each_value_of_each_column_is_the_right_pixel(module, layout, dtype):
    x = np.arange(1, 1 + np.prod(layout[0]), dtype=dtype).reshape(layout[0])
    cols = module.im2col(x, *layout[1:])
    assert cols.dtype == dtype
    for n, row, column in np.ndindex(cols.shape):
        pixel = pixel_of(layout, row, column)
        assert cols[n, row, column] == (0 if pixel is None else x[n][pixel])


@BOTH
@settings(max_examples=60, deadline=None)
@given(layout=layouts(), dtype=st.sampled_from([np.float32, np.float64]))
def test_each_column_value_goes_back_to_its_pixel(module, layout, dtype):
    shape = plain.im2col(np.zeros(layout[0]), *layout[1:]).shape
    cols = np.arange(1, 1 + np.prod(shape), dtype=dtype).reshape(shape)
    expected = np.zeros(layout[0])
    for n, row, column in np.ndindex(shape):
        pixel = pixel_of(layout, row, column)
        if pixel is not None:
            expected[n][pixel] += cols[n, row, column]
    x = module.col2im(cols, layout[0], *layout[1:])
    assert x.dtype == dtype
    np.testing.assert_array_equal(x, expected)


@BOTH
@settings(max_examples=60, deadline=None)
@given(layout=layouts(), seed=st.integers(0, 2**32 - 1))
def test_col2im_is_the_adjoint_of_im2col(module, layout, seed):
    shape, *sizes = layout
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape)
    cols = module.im2col(x, *sizes)
    other = rng.standard_normal(cols.shape)
    there = np.sum(cols * other)
    back = np.sum(x * module.col2im(other, shape, *sizes))
    assert there == pytest.approx(back, rel=1e-9, abs=1e-9)


@BOTH
@pytest.mark.parametrize("window", [(5, 2), (2, 5)], ids=["taller than wide", "wider than tall"])
def test_filters_that_are_not_square_keep_height_and_width_apart(module, window):
    x = np.arange(2 * 3 * 6 * 7.0).reshape(2, 3, 6, 7)
    cols = module.im2col(x, *window)
    H_out, W_out = 6 - window[0] + 1, 7 - window[1] + 1
    assert cols.shape == (2, 3 * window[0] * window[1], H_out * W_out)
    np.testing.assert_array_equal(
        cols[1, :, -1], x[1, :, -window[0] :, -window[1] :].ravel()
    )  # the window in the last corner


@BOTH
@pytest.mark.parametrize(
    "arrange",
    [
        np.asfortranarray,
        lambda x: np.repeat(x, 2, axis=3)[..., ::2],
        lambda x: x[:, :, ::-1, ::-1].copy()[:, :, ::-1, ::-1],
        lambda x: np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2),
    ],
    ids=["fortran", "every second column", "negative strides", "channels last"],
)
def test_memory_order_does_not_change_the_result(module, arrange):
    x = np.random.default_rng(1).standard_normal((2, 3, 5, 6))
    odd = arrange(x)
    odd.flags.writeable = False
    np.testing.assert_array_equal(module.im2col(odd, 3, 2, 1, 1), module.im2col(x, 3, 2, 1, 1))
    cols = module.im2col(x, 3, 2, 1, 1)
    np.testing.assert_array_equal(
        module.col2im(np.asfortranarray(cols), x.shape, 3, 2, 1, 1),
        module.col2im(cols, x.shape, 3, 2, 1, 1),
    )


@BOTH
def test_whole_numbers_become_float64(module):
    x = np.arange(16, dtype=np.uint8).reshape(1, 1, 4, 4)
    assert module.im2col(x, 2, 2).dtype == np.float64
    assert module.im2col(x.astype(np.float16), 2, 2).dtype == np.float64


@BOTH
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_arrays_from_files_of_another_byte_order_or_out_of_step_in_memory_are_read_right(
    module, dtype
):
    x = np.arange(16, dtype=dtype).reshape(1, 1, 4, 4)
    expected = module.im2col(x, 2, 2)
    swapped = x.astype(np.dtype(dtype).newbyteorder())
    buffer = np.zeros(x.nbytes + 1, np.uint8)
    unaligned = buffer[1:].view(dtype).reshape(x.shape)
    unaligned[...] = x
    for odd in (swapped, unaligned):
        cols = module.im2col(odd, 2, 2)
        assert cols.dtype == np.dtype(dtype)
        np.testing.assert_array_equal(cols, expected)
        columns = odd.reshape(1, 4, 4)
        assert module.col2im(columns, (1, 1, 3, 3), 2, 2).dtype == np.dtype(dtype)


@BOTH
@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((5, 2), "window spans 5 pixels, but the padded picture has 4"),
        ((2, 2, 3), "2 pixels are left over"),
        ((3, 3, 1, 0, 2), "window spans 5 pixels"),
        ((2, 2, 0), "stride should be at least 1"),
        ((2, 2, 1, -1), "pad should be at least 0"),
        ((2, 2, 1.5), "stride should be a whole number"),
        ((2.0, 2), "window should be a whole number"),
        (("2", 2), "window should be a whole number"),
        ((2, 2, 2**62), "stride should be less than"),
        ((2, 2, 1, 2**62), "pad should be less than"),
        ((1, 1, 1, 0, 2**62), "dilation should be less than"),
        ((2**62, 2), "window should be less than"),
        ((0, 2), "window should be at least 1"),
        ((2, 2, (1, 1, 1)), "stride should be a whole number or a pair"),
    ],
)
def test_sizes_that_do_not_fit_are_refused_with_the_numbers(module, sizes, message):
    with pytest.raises(ValueError, match=message):
        module.im2col(np.zeros((1, 1, 4, 4)), *sizes)
    with pytest.raises(ValueError, match=message):
        module.col2im(np.zeros((1, 4, 9)), (1, 1, 4, 4), *sizes)


@BOTH
def test_arrays_of_the_wrong_shape_are_refused_before_any_number_is_read(module):
    with pytest.raises(ValueError, match=r"\(N, C, H, W\)"):
        module.im2col(np.zeros((4, 4)), 2, 2)
    with pytest.raises(ValueError, match=r"cols should have shape \(1, 4, 9\)"):
        module.col2im(np.zeros((1, 4, 8)), (1, 1, 4, 4), 2, 2)
    with pytest.raises(ValueError, match="real numbers"):
        module.im2col(np.zeros((1, 1, 4, 4), complex), 2, 2)
    with pytest.raises(ValueError, match=r"x\[None\]"):
        module.im2col(np.zeros((3, 4, 4)), 2, 2)


@BOTH
@pytest.mark.parametrize("x_shape", [(1, 4, 4), (1, 1, 4, 4, 1), (1, 1, 4, 4.0), 16, (-1, 1, 4, 4)])
def test_a_picture_shape_that_is_none_is_refused(module, x_shape):
    with pytest.raises(ValueError, match="x_shape"):
        module.col2im(np.zeros((1, 4, 9)), x_shape, 2, 2)


@BOTH
def test_the_largest_sizes_allowed_touch_no_memory_beyond_the_picture(module):
    # One window only, so that the stride is never taken; in C its arithmetic must not overflow.
    largest = 2**31 - 1
    x = np.arange(1.0, 10.0).reshape(1, 1, 3, 3)
    cols = module.im2col(x, 7, 7, stride=largest, pad=2)
    np.testing.assert_array_equal(cols.reshape(7, 7)[2:5, 2:5], x[0, 0])
    assert cols.sum() == x.sum()
    np.testing.assert_array_equal(module.col2im(cols, x.shape, 7, 7, stride=largest, pad=2), x)
    np.testing.assert_array_equal(module.im2col(x, 1, 1, dilation=largest)[0, 0], x.ravel())


@BOTH
def test_windows_that_see_nothing_but_padding_are_zero(module):
    x = np.ones((1, 2, 1, 1))
    cols = module.im2col(x, 2, 3, stride=(1, 2), pad=(4, 5))
    assert cols.shape == (1, 12, 8 * 5)
    assert cols.sum() == module.col2im(cols, x.shape, 2, 3, (1, 2), (4, 5)).sum()
    assert set(np.unique(cols)) == {0.0, 1.0}


def test_the_worked_example_of_the_notes():
    # 227x227x3, filters of 11x11 at stride 4: 363 values a window, 55 * 55 = 3,025 windows.
    assert plain.im2col(np.zeros((1, 3, 227, 227), np.float32), 11, 11, 4).shape == (1, 363, 3025)


@BOTH
def test_sizes_beyond_any_memory_are_refused_instead_of_overflowing(module):
    largest = 2**31 - 1
    pixel = np.zeros((1, 1, 1, 1), np.float32)
    with pytest.raises(ValueError, match=r"cols of shape .* more than an array can have"):
        module.im2col(pixel, largest, largest, pad=2**30)
    with pytest.raises(ValueError, match=r"cols of shape .* more than an array can have"):
        module.im2col(np.broadcast_to(pixel, (2**20, 2**20, 2**10, 2**10)), 3, 3, 1, 1)
    with pytest.raises(ValueError, match=r"x of shape .* more than an array can have"):
        module.col2im(pixel[0], (1, 1, largest, largest), 1, 1, largest, rounding="floor")
    for many in (2**62, 2**64, 10**400):
        with pytest.raises(ValueError, match="more than an array can have"):
            module.col2im(pixel[0], (many, 1, 1, 1), 1, 1)
        with pytest.raises(ValueError, match="more than an array can have"):
            module.col2im(pixel[0], (1, many, 1, 1), 1, 1)


@BOTH
def test_sizes_in_small_numpy_integers_do_not_wrap_around(module):
    x = np.random.default_rng(2).standard_normal((1, 100, 4, 4))
    three, one = np.int8(3), np.int8(1)
    cols = module.im2col(x, three, three, one, (one, one), one, rows=(one, three))
    np.testing.assert_array_equal(cols, module.im2col(x, 3, 3, 1, 1, rows=(1, 3)))
    np.testing.assert_array_equal(
        module.col2im(cols, np.array(x.shape), three, three, one, one, rows=(one, three)),
        module.col2im(cols, x.shape, 3, 3, 1, 1, rows=(1, 3)),
    )
