"""Columns in parts: rows of windows, tiles within a budget, threads; parts equal the whole."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs231n import im2col as plain
from cs231n import set_num_threads
from cs231n.tests.im2col_cases import BOTH, compiled, grid_of, pixel_of, rounded_layouts


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
