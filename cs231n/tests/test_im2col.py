"""im2col and col2im, NumPy and compiled: what every window sees, and nothing beyond the picture."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs231n import get_num_threads, set_num_threads
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
@settings(max_examples=60, deadline=None)
@given(case=rounded_layouts())
def test_pixels_left_over_are_left_out_or_seen_beside_zeros_as_rounding_says(module, case):
    layout, rounding = case
    x = np.arange(1.0, 1 + np.prod(layout[0])).reshape(layout[0])
    cols = module.im2col(x, *layout[1:], rounding=rounding)
    assert cols.shape[2] == np.prod(grid_of(layout, rounding).out)
    for n, row, column in np.ndindex(cols.shape):
        pixel = pixel_of(layout, row, column, rounding)
        assert cols[n, row, column] == (0 if pixel is None else x[n][pixel])


@BOTH
@settings(max_examples=80, deadline=None)
@given(case=rounded_layouts(), data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_some_rows_are_columns_of_the_whole_and_col2im_is_their_adjoint(module, case, data, seed):
    (shape, *sizes), rounding = case
    H_out, W_out = grid_of((shape, *sizes), rounding).out
    first = data.draw(st.integers(0, H_out - 1), label="first")
    last = data.draw(st.integers(first + 1, H_out), label="last")
    options = {"rounding": rounding, "rows": (first, last)}
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape)
    part = module.im2col(x, *sizes, **options)
    whole = module.im2col(x, *sizes, rounding=rounding)
    np.testing.assert_array_equal(part, whole[:, :, first * W_out : last * W_out])

    other = rng.standard_normal(part.shape)
    back = np.sum(x * module.col2im(other, shape, *sizes, **options))
    assert np.sum(part * other) == pytest.approx(back, rel=1e-9, abs=1e-9)


@BOTH
@settings(max_examples=80, deadline=None)
@given(case=rounded_layouts(), budget=st.integers(1, 3000), seed=st.integers(0, 2**32 - 1))
def test_a_batch_in_tiles_gives_to_the_last_bit_what_it_gives_at_once(module, case, budget, seed):
    (shape, *sizes), rounding = case
    W_out = grid_of((shape, *sizes), rounding).out[1]
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape, np.float32)
    whole = module.im2col(x, *sizes, rounding=rounding)
    gradient = rng.standard_normal(whole.shape, np.float32)
    cols = np.full_like(whole, np.nan)
    dx = np.zeros_like(x)
    for some, rows in plain.column_tiles(
        shape, *sizes, rounding=rounding, itemsize=4, budget=budget
    ):
        options = {"rounding": rounding, "rows": rows}
        columns = slice(rows[0] * W_out, rows[1] * W_out)
        cols[some, :, columns] = module.im2col(x[some], *sizes, **options)
        out = dx[some]
        returned = module.col2im(gradient[some, :, columns], out.shape, *sizes, **options, out=out)
        assert returned is out
    np.testing.assert_array_equal(cols, whole)
    np.testing.assert_array_equal(dx, module.col2im(gradient, shape, *sizes, rounding=rounding))


@settings(max_examples=200, deadline=None)
@given(case=rounded_layouts(), N=st.integers(1, 9), budget=st.integers(1, 20_000))
def test_tiles_stay_within_the_budget_and_cut_no_picture_that_fits(case, N, budget):
    ((_, *picture), *sizes), rounding = case
    shape = (N, *picture)
    H_out, W_out = grid_of((shape, *sizes), rounding).out
    row_bytes = picture[0] * sizes[0] * sizes[1] * W_out * 8
    times_seen = np.zeros((N, H_out), int)
    tiles = list(plain.column_tiles(shape, *sizes, rounding=rounding, itemsize=8, budget=budget))
    for some, (first, last) in tiles:
        times_seen[some, first:last] += 1
        part = plain.im2col(np.zeros(shape)[some], *sizes, rounding=rounding, rows=(first, last))
        assert part.nbytes <= max(budget, row_bytes)
        if part.nbytes > budget:  # the least there is
            assert (len(part), last - first) == (1, 1)
        if row_bytes * H_out <= budget:
            assert (first, last) == (0, H_out)
    assert (times_seen == 1).all()
    fitting = max(1, budget // row_bytes)
    fewest = -(-N // (fitting // H_out)) if fitting >= H_out else N * -(-H_out // fitting)
    assert len(tiles) == fewest


def test_a_vgg_layer_of_gigabytes_is_worked_off_in_megabytes():
    # 64 pictures of 224x224 with 64 channels, 3x3 filters: 64 * 576 * 224**2 * 4 bytes = 7.4 GB.
    shape = (64, 64, 224, 224)
    tiles = list(plain.column_tiles(shape, 3, 3, 1, 1, itemsize=4, budget=4 * 2**20))
    sizes = {(last - first) * 576 * 224 * 4 for _, (first, last) in tiles}
    assert max(sizes) <= 4 * 2**20 < 2 * min(sizes)
    assert tiles[0] == (slice(0, 1), (216, 224))
    assert len(tiles) == 64 * 28


@pytest.mark.parametrize("name", ["itemsize", "budget"])
@pytest.mark.parametrize("value", [0, -1, 4.0, None, "4"])
def test_a_budget_that_is_no_number_of_bytes_is_refused_before_the_first_tile(name, value):
    options = {"itemsize": 4, "budget": 1000, name: value}
    with pytest.raises(ValueError, match=f"{name} should be a whole number of bytes"):
        plain.column_tiles((1, 1, 4, 4), 2, 2, **options)


@pytest.fixture
def threads_as_before():
    before = get_num_threads()
    yield
    set_num_threads(before)


@BOTH
@pytest.mark.usefixtures("threads_as_before")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("shape", "sizes"),
    [
        ((1, 64, 2, 80), (3, 3, 1, 1)),  # more channels than rows, one picture
        ((14, 1, 30, 31), (5, 3, (1, 2), 1)),  # one channel
        ((8, 5, 29, 29), (3, 3, 2, 1, 2)),
        ((2, 1, 90, 90), (3, 3)),  # fewer channels than threads
    ],
)
def test_the_number_of_threads_changes_no_bit(module, shape, sizes, dtype):
    rng = np.random.default_rng(4)
    x = rng.standard_normal(shape, dtype)
    expected = plain.im2col(x, *sizes)
    assert expected.nbytes > 256 * 1024  # enough for the work to be shared
    gradient = rng.standard_normal(expected.shape, dtype)
    expected_dx = plain.col2im(gradient, shape, *sizes)
    for count in (1, 2, 3):
        set_num_threads(count)
        np.testing.assert_array_equal(module.im2col(x, *sizes), expected)
        np.testing.assert_array_equal(module.col2im(gradient, shape, *sizes), expected_dx)


@pytest.mark.skipif(compiled is None, reason="the compiled module is not built")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_data_loader_that_forks_after_the_first_layer_does_not_wait_forever():
    pytest.importorskip("cs231n.kernels.threads")
    program = """
import os, signal, sys
import numpy as np
from cs231n.im2col_cython import im2col
x = np.ones((8, 8, 32, 32))
im2col(x, 3, 3)
child = os.fork()
if not child:
    signal.alarm(20)  # ends the child, if it waits
im2col(x, 3, 3)
if not child:
    os._exit(0)
sys.exit(os.waitpid(child, 0)[1])
"""
    several = {**os.environ, "OMP_NUM_THREADS": "2"}
    subprocess.run([sys.executable, "-c", program], env=several, check=True, timeout=60)


@BOTH
@pytest.mark.parametrize(
    "rows", [(0, 4), (-1, 2), (2, 2), (2, 1), (3, 4), (0, 2**70), (0.0, 2), 2, (0, 1, 2), "01"]
)
def test_rows_that_are_not_there_are_refused_with_their_number(module, rows):
    with pytest.raises(ValueError, match=r"rows should be .*\(first, last\)"):
        module.im2col(np.zeros((1, 1, 4, 4)), 2, 2, rows=rows)
    with pytest.raises(ValueError, match=r"rows should be .*\(first, last\)"):
        module.col2im(np.zeros((1, 4, 6)), (1, 1, 4, 4), 2, 2, rows=rows)


@BOTH
def test_columns_of_other_rows_are_refused(module):
    with pytest.raises(ValueError, match=r"shape \(1, 4, 6\).* 2 rows of 3 windows"):
        module.col2im(np.zeros((1, 4, 9)), (1, 1, 4, 4), 2, 2, rows=(0, 2))


@BOTH
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: np.zeros((1, 2, 4, 4), np.float32), "dtype float64: it has .* float32"),
        (lambda: np.zeros((1, 2, 4, 5)), r"shape \(1, 2, 4, 4\) .* it has \(1, 2, 4, 5\)"),
        (lambda: np.zeros((2, 4, 4)), r"it has \(2, 4, 4\)"),
        (lambda: np.zeros((1, 2, 4, 4)).tolist(), "NumPy array, but is a list"),
        (lambda: np.zeros((1, 2, 4, 4), order="F"), "c-contiguous"),
        (lambda: np.zeros((1, 2, 4, 8))[..., ::2], "c-contiguous"),
        (lambda: np.broadcast_to(0.0, (1, 2, 4, 4)), "writeable"),
        (lambda: np.zeros(257, np.uint8)[1:].view(float).reshape(1, 2, 4, 4), "aligned"),
        (lambda: np.zeros((1, 2, 4, 4), np.dtype(float).newbyteorder()), "dtype float64"),
    ],
    ids=[
        "another dtype", "another width", "no batch", "a list", "fortran", "every second column",
        "read-only", "out of step", "another byte order",
    ],
)  # fmt: skip
def test_an_out_that_cannot_be_added_to_is_refused_unchanged(module, make, message):
    out = make()
    with pytest.raises(ValueError, match=message):
        module.col2im(np.ones((1, 8, 9)), (1, 2, 4, 4), 2, 2, out=out)
    assert not np.any(out)


@BOTH
def test_a_gradient_cannot_be_added_onto_its_own_columns(module):
    cols = np.ones((1, 16, 1))
    with pytest.raises(ValueError, match="share memory"):
        module.col2im(cols, (1, 1, 4, 4), 4, 4, out=cols.reshape(1, 1, 4, 4))


@BOTH
def test_out_keeps_what_it_held(module):
    cols = module.im2col(np.ones((2, 3, 4, 4)), 3, 3, 1, 1)
    out = np.full((2, 3, 4, 4), 100.0)
    cols = np.asfortranarray(cols)
    cols.flags.writeable = False
    assert module.col2im(cols, out.shape, 3, 3, 1, 1, out=out) is out
    np.testing.assert_array_equal(out, 100 + module.col2im(cols, out.shape, 3, 3, 1, 1))


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
