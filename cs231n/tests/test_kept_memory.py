"""Memory that is kept from call to call: never shared by two arrays, never without bound."""

import gc

import numpy as np
import pytest

memory = pytest.importorskip("cs231n.kernels.memory", reason="the compiled kernels are not built")
MIB = 2**20


def address(array):
    return array.__array_interface__["data"][0]


@pytest.fixture(autouse=True)
def _nothing_in_use():
    gc.collect()


def test_arrays_in_use_at_the_same_time_do_not_overlap():
    arrays = [memory.empty((n, 256, 1024), np.float32) for n in (1, 2, 1, 3, 2)]
    for value, array in enumerate(arrays):
        array[...] = value
    for value, array in enumerate(arrays):
        assert (array == value).all()


def test_memory_of_an_array_that_is_gone_serves_the_next():
    first = memory.empty((3, 256, 1024), np.float32)
    place = address(first)
    del first
    again = memory.empty((3, 256, 1024), np.float32)
    assert address(again) == place
    assert address(memory.empty((3, 256, 1024), np.float32)) != place


def test_a_view_keeps_its_memory():
    array = memory.empty((4, 512, 512), np.float64)
    array[...] = 7
    view = array[1, ::2, 3]
    del array
    other = memory.empty((4, 512, 512), np.float64)
    other[...] = 8
    assert (view == 7).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64, bool, np.uint16])
def test_arrays_are_like_numpys_own(dtype):
    array = memory.empty((2, 512, 1024), dtype)
    assert (array.shape, array.dtype) == ((2, 512, 1024), np.dtype(dtype))
    assert array.flags.c_contiguous
    assert array.flags.writeable
    assert address(array) % 64 == 0
    assert memory.empty((2, 3), dtype).base is None  # small ones are NumPy's
    assert memory.empty((0, 5), dtype).shape == (0, 5)


def test_no_more_is_kept_than_a_limit():
    arrays = [memory.empty((64, MIB), np.uint8) for _ in range(6)]  # 384 MiB
    del arrays
    assert memory.bytes_kept() <= 256 * MIB
    huge = memory.empty((300, MIB), np.uint8)
    before = memory.bytes_kept()
    del huge
    assert memory.bytes_kept() == before
    many = [memory.empty((1, MIB + n), np.uint8) for n in range(50)]
    del many
    assert memory.bytes_kept() <= 256 * MIB


def test_memory_that_cannot_be_had_is_an_error():
    with pytest.raises(MemoryError):
        memory.empty((2**40, 2**20), np.uint8)
    assert memory.empty((1, MIB), np.uint8).nbytes == MIB
