"""The wire between grader and student: values arrive as they were sent; nothing else arrives."""

import contextlib
import json
import os
import pickle
import socket
import struct
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grading.engine.inside import wire as wires
from grading.engine.inside.wire import Closed, Held, Late, Malformed, TooLarge, Wire, pack, unpack


@pytest.fixture
def ends():
    """A wire, and the raw socket at its other end."""
    ours, theirs = socket.socketpair()
    wire = Wire(ours.detach())
    yield wire, theirs
    wire.close()
    theirs.close()


def soon(seconds=5):
    return time.monotonic() + seconds


def hold(value):
    return Held(7, type(value).__name__)


def travelled(value):
    """The value as it comes out at the other end."""
    left, right = socket.socketpair()
    sender, receiver = Wire(left.detach()), Wire(right.detach())
    arrays = []
    node = pack(value, arrays, hold)
    thread = threading.Thread(target=sender.send, args=({"value": node}, arrays, soon()))
    thread.start()
    header, came = receiver.receive(2**24, soon())
    thread.join()
    sender.close()
    receiver.close()
    return unpack(header["value"], came, lambda number, name: Held(number, name))


@pytest.mark.parametrize("dtype", sorted(wires.DTYPES))
@pytest.mark.parametrize("shape", [(), (0,), (1,), (3, 0, 2), (2, 3, 4, 5)])
def test_array_of_any_dtype_and_shape_arrives_as_it_was(dtype, shape):
    array = np.arange(np.prod(shape), dtype=float).reshape(shape).astype(dtype)
    came = travelled(array)
    assert came.dtype == array.dtype
    assert came.shape == shape
    assert np.array_equal(came, array)
    assert came.flags.writeable


def test_memory_order_is_kept():
    array = np.asfortranarray(np.random.default_rng(0).standard_normal((3, 4, 5)))
    came = travelled({"x": array, "y": array[1:, ::2], "z": array.astype(">f8")})
    assert came["x"].flags.f_contiguous
    assert not came["x"].flags.c_contiguous
    for name, wanted in (("x", array), ("y", array[1:, ::2]), ("z", array)):
        assert np.array_equal(came[name], wanted)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(VALUES)
@settings(max_examples=60, deadline=None)
def test_plain_values_arrive_as_they_were(value):
    came = travelled(value)
    assert came == value
    assert repr(came) == repr(value)  # True is not 1, a tuple is no list


class Liar(np.ndarray):
    def __array__(self, *args, **kwargs):
        raise RuntimeError("never")


@pytest.mark.parametrize(
    "value",
    [
        object(),
        np.array([object()]),
        np.array(["text"]),
        np.array([1j]),
        {1: 2},
        10**40,
        "x" * 200_000,
        set(),
        float,
    ],
)
def test_what_cannot_be_sent_stays_and_is_named(value):
    came = travelled(value)
    assert isinstance(came, Held)
    assert came.type_name == type(value).__name__


def test_a_list_that_holds_itself_comes_to_an_end():
    value = []
    value.append(value)
    depth = 0
    came = travelled(value)
    while isinstance(came, list):
        came, depth = came[0], depth + 1
    assert isinstance(came, Held)
    assert depth <= wires.MAX_DEPTH + 1


def test_an_array_that_is_huge_without_taking_memory_is_not_sent():
    vast = np.broadcast_to(np.zeros(1), (1 << 20, 1 << 20))
    with pytest.raises(TooLarge, match="1048576"):
        pack(vast, [], hold, max_bytes=2**26)


# ---- what a stranger may send instead ------------------------------------------------------


def frame(header: bytes, data: bytes = b"", sizes=None) -> bytes:
    return struct.pack(">II", *(sizes or (len(header), len(data)))) + header + data


BAD_HEADERS = {
    "no JSON": b"hello",
    "pickle": pickle.dumps({"arrays": []}),
    "a list": b"[]",
    "no arrays": b"{}",
    "arrays that are none": b'{"arrays": 3}',
    "very deep": b'{"arrays": ' + b"[" * 100_000,
    "an endless number": b'{"arrays": [], "n": 1' + b"0" * 100_000 + b"}",
    "object dtype": b'{"arrays": [["|O", [1], "C"]]}',
    "evaluated dtype": b'{"arrays": [["__import__(\'os\')", [1], "C"]]}',
    "structured dtype": b'{"arrays": [[["<f8"], [1], "C"]]}',
    "negative shape": b'{"arrays": [["<f8", [-1], "C"]]}',
    "true as a size": b'{"arrays": [["|u1", [true], "C"]]}',
    "a shape that overflows": b'{"arrays": [["<f8", [2147483647, 2147483647, 2147483647], "C"]]}',
    "too many axes": json.dumps({"arrays": [["|u1", [1] * 64, "C"]]}).encode(),
    "another order": b'{"arrays": [["<f8", [1], "K"]]}',
    "a million arrays": json.dumps({"arrays": [["|u1", [0], "C"]] * 100_000}).encode(),
}


@pytest.mark.parametrize("header", BAD_HEADERS.values(), ids=BAD_HEADERS)
def test_a_message_that_is_not_to_the_letter_is_malformed(ends, header):
    wire, other = ends
    thread = threading.Thread(target=other.sendall, args=(frame(header),))
    thread.start()
    with pytest.raises(Malformed):
        wire.receive(2**20, soon())
    thread.join()


@pytest.mark.parametrize("data", [b"", bytes(7), bytes(9), bytes(64)])
def test_arrays_must_have_the_announced_size(ends, data):
    wire, other = ends
    other.sendall(frame(b'{"arrays": [["<f8", [1], "C"]]}', data))
    with pytest.raises(Malformed):
        wire.receive(2**20, soon())


@pytest.mark.parametrize("sizes", [(2**32 - 1, 0), (10, 2**32 - 1)])
def test_an_announced_giant_is_refused_before_it_is_read(ends, sizes):
    wire, other = ends
    other.sendall(frame(b"", b"", sizes))
    with pytest.raises(Malformed, match="too large"):
        wire.receive(2**20, soon())


def test_an_answer_that_never_comes_is_late(ends):
    wire, _ = ends
    with pytest.raises(Late):
        wire.receive(2**20, time.monotonic() + 0.05)


def test_an_answer_that_comes_drop_by_drop_is_late_all_the_same(ends):
    wire, other = ends
    stop = threading.Event()

    def drip():
        other.sendall(struct.pack(">II", 10_000, 0))
        while not stop.wait(0.005):
            other.sendall(b" ")

    thread = threading.Thread(target=drip)
    thread.start()
    with pytest.raises(Late):
        wire.receive(2**20, time.monotonic() + 0.1)
    stop.set()
    thread.join()


def test_an_answer_that_breaks_off_is_closed(ends):
    wire, other = ends
    other.sendall(struct.pack(">II", 100, 0) + b"{")
    other.close()
    with pytest.raises(Closed):
        wire.receive(2**20, soon())


def test_who_does_not_read_cannot_hold_us_up(ends):
    wire, _ = ends
    with pytest.raises(Late):
        wire.send({}, [np.zeros(2**22)], time.monotonic() + 0.1)


def test_a_closed_descriptor_is_an_end_and_no_crash(ends):
    wire, _ = ends
    copy = Wire(os.dup(wire.read_fd))
    os.close(copy.read_fd)
    with pytest.raises(Closed):
        copy.receive(100, soon())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["array", "number", "tuple", "list", "dict", "held", "type", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=30,
)


@given(JSON)
@settings(max_examples=300, deadline=None)
def test_any_json_is_a_value_or_malformed(node):
    with contextlib.suppress(Malformed):
        unpack(node, [np.zeros(3)], lambda number, name: Held(number, name))


def test_a_bomb_of_nested_values_is_malformed():
    node = None
    for _ in range(wires.MAX_DEPTH + 5):
        node = {"list": [node]}
    with pytest.raises(Malformed):
        unpack(node, [], hold)
    with pytest.raises(Malformed):
        unpack({"list": [None] * (wires.MAX_NODES + 5)}, [], hold)
