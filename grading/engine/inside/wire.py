"""The narrow wire between the grader and a student's process. Both ends use this file.

A message is a JSON header and the bytes of the arrays that it speaks of:

    4 bytes   length of the header          \\
    4 bytes   length of the array bytes      } both checked against a limit before anything is read
    header    JSON: {"arrays": [[dtype, shape, order], ...], ...}
    bytes     the arrays, each beginning at a multiple of 64

Nothing is ever unpickled or evaluated. Whatever does not fit to the letter is Malformed; whoever
does not read or write in time is Late. Array dtypes are those in DTYPES, byte order little-endian.
"""

from __future__ import annotations

import json
import os
import select
import struct
from collections.abc import Callable
from math import prod
from time import monotonic

import numpy as np

DTYPES = {
    "|b1", "|i1", "<i2", "<i4", "<i8", "|u1", "<u2", "<u4", "<u8", "<f2", "<f4", "<f8",
}  # fmt: skip
MAX_HEADER = 16 * 2**20
MAX_TEXT = 100_000  # characters of a string that is a value
MAX_NODES = 20_000  # values in one message, nested ones included
MAX_DEPTH = 16
MAX_AXES = 32
_ALIGNED = 64
_LENGTHS = struct.Struct(">II")


class Malformed(Exception):
    """What came over the wire is no message."""


class Late(Exception):
    """The other side did not read or write in time."""


class Closed(Exception):
    """The other side is gone."""


class TooLarge(Exception):
    """A value is larger than may be sent. The message says how large it is."""


class Held:
    """A value that stayed on the other side, known here by its number alone.

    number: its name there; type_name: what it is, in words; session: the number of the process
    """

    def __init__(self, number: int, type_name: str = "object", session: int = 0):
        self.number, self.type_name, self.session = number, type_name, session

    def __repr__(self) -> str:
        return f"<{self.type_name}>"


# ---- bytes ---------------------------------------------------------------------------------


class Wire:
    """One end of a connection: a socket, or a pipe in each direction.

    read_fd, write_fd: file descriptors, which are made non-blocking. Every method takes the moment
    (as of time.monotonic) by which it must be done; None waits for ever.
    """

    def __init__(self, read_fd: int, write_fd: int | None = None):
        self.read_fd = read_fd
        self.write_fd = read_fd if write_fd is None else write_fd
        for fd in (self.read_fd, self.write_fd):
            os.set_blocking(fd, False)

    def send(self, header: dict, arrays: list[np.ndarray], deadline: float | None = None) -> None:
        """Send a message; "arrays" is added to the header."""
        described = [[a.dtype.str, list(a.shape), _order(a)] for a in arrays]
        text = json.dumps(header | {"arrays": described}).encode()
        parts, size = [], 0
        for array in arrays:
            data = array.tobytes(order="F" if _order(array) == "F" else "C")
            padding = -size % _ALIGNED
            parts += [bytes(padding), data]
            size += padding + len(data)
        if len(text) > MAX_HEADER or size >= 2**32:
            raise TooLarge(f"a message of {len(text) + size:,} bytes")
        self._write(b"".join([_LENGTHS.pack(len(text), size), text, *parts]), deadline)

    def receive(
        self, max_bytes: int, deadline: float | None = None, max_header: int = MAX_HEADER
    ) -> tuple[dict, list[np.ndarray]]:
        """Wait for a message.

        max_bytes: the most array bytes that are accepted.

        Returns a tuple of: the header, the arrays. Raises Malformed, Late or Closed.
        """
        text_size, size = _LENGTHS.unpack(self._read(_LENGTHS.size, deadline))
        if text_size > max_header or size > max_bytes:
            raise Malformed(f"an answer of {text_size + size:,} bytes is too large")
        text = self._read(text_size, deadline)
        try:
            header = json.loads(text)
        except (ValueError, RecursionError):
            raise Malformed("the header is not JSON") from None
        if not isinstance(header, dict) or not isinstance(header.get("arrays"), list):
            raise Malformed("the header has no list of arrays")
        layout = _layout(header["arrays"], size)
        data = self._read(size, deadline)
        try:
            return header, [_array(data, *place) for place in layout]
        except ValueError:  # a shape beyond all numbers, with a 0 in it
            raise Malformed("an array that NumPy cannot hold") from None

    def close(self) -> None:
        for fd in {self.read_fd, self.write_fd}:
            os.close(fd)

    def _read(self, size: int, deadline: float | None) -> bytearray:
        data = bytearray(size)
        view, got = memoryview(data), 0
        while got < size:
            try:
                count = os.readv(self.read_fd, [view[got:]])
            except BlockingIOError:
                _wait(self.read_fd, select.POLLIN, deadline)
                continue
            except OSError:
                raise Closed("the connection broke") from None
            if count == 0:
                raise Closed("the connection was closed")
            got += count
        return data

    def _write(self, data: bytes, deadline: float | None) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self.write_fd, view) :]
            except BlockingIOError:
                _wait(self.write_fd, select.POLLOUT, deadline)
            except OSError:
                raise Closed("the connection broke") from None


def _wait(fd: int, event: int, deadline: float | None) -> None:
    poll = select.poll()
    poll.register(fd, event)
    left = None if deadline is None else (deadline - monotonic()) * 1000
    if (left is not None and left <= 0) or not poll.poll(left):
        raise Late("no answer in time")


def _order(array: np.ndarray) -> str:
    return "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"


def _layout(described: list, size: int) -> list[tuple[int, str, tuple[int, ...], str]]:
    """(offset, dtype, shape, order) of each array; Malformed unless they fill `size` bytes."""
    places, offset = [], 0
    if len(described) > MAX_NODES:
        raise Malformed("too many arrays")
    for item in described:
        if not (isinstance(item, list) and len(item) == 3):
            raise Malformed("an array is described by dtype, shape and order")
        dtype, shape, order = item
        if not isinstance(dtype, str) or dtype not in DTYPES or order not in ("C", "F"):
            raise Malformed("an array of a dtype that is not taken")
        if not isinstance(shape, list) or len(shape) > MAX_AXES:
            raise Malformed("an array without a shape")
        if not all(type(n) is int and 0 <= n < 2**31 for n in shape):
            raise Malformed("a shape is a list of whole numbers")
        offset += -offset % _ALIGNED
        places.append((offset, dtype, tuple(shape), order))
        offset += prod(shape) * np.dtype(dtype).itemsize
        if offset > size:
            break
    if offset != size:
        raise Malformed("the arrays do not have the size that was announced")
    return places


def _array(data: bytearray, offset: int, dtype: str, shape: tuple, order: str) -> np.ndarray:
    flat = np.frombuffer(data, dtype, count=prod(shape), offset=offset)
    return flat.reshape(shape, order=order)


# ---- values --------------------------------------------------------------------------------


def pack(value, arrays: list[np.ndarray], hold: Callable[[object], Held], max_bytes: int = 2**30):
    """A value as JSON; its arrays are added to the list.

    hold: makes a Held of what cannot be sent as it is.
    Raises TooLarge where an array is larger than max_bytes.
    """
    return _Packing(arrays, hold, max_bytes).node(value, 0)


class _Packing:
    def __init__(self, arrays: list, hold: Callable, max_bytes: int):
        self.arrays, self.hold, self.left = arrays, hold, max_bytes
        self.nodes = 0

    def node(self, value, depth: int):
        self.nodes += 1
        kind = type(value)
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            return self._held(value)
        if value is None or kind is bool or kind is float:
            return value
        if kind is int and -(2**63) <= value < 2**64:
            return value
        if kind is str and len(value) <= MAX_TEXT:
            return value.encode("utf-8", "replace").decode()
        if isinstance(value, np.ndarray | np.generic):
            return self._array(value)
        if kind in (tuple, list):
            return {kind.__name__: [self.node(item, depth + 1) for item in list(value)]}
        if kind is dict and all(type(key) is str for key in value):
            items = list(value.items())
            return {"dict": [[key[:MAX_TEXT], self.node(item, depth + 1)] for key, item in items]}
        return self._held(value)

    def _array(self, value):
        array = np.asarray(value)
        if array.dtype.kind == "f" and array.dtype.itemsize > 8:
            array = array.astype(np.float64)
        array = array.astype(array.dtype.newbyteorder("<"), copy=False)
        if array.dtype.str not in DTYPES or array.ndim > MAX_AXES:
            return self._held(value)
        if array.nbytes > self.left:
            raise TooLarge(f"an array of shape {array.shape}, {array.nbytes:,} bytes")
        self.left -= array.nbytes
        self.arrays.append(array)
        return {"number" if isinstance(value, np.generic) else "array": len(self.arrays) - 1}

    def _held(self, value):
        held = value if isinstance(value, Held) else self.hold(value)
        return {"held": held.number, "type": held.type_name}


def unpack(node, arrays: list[np.ndarray], find: Callable[[int, str], object]):
    """The value that a node stands for.

    find: gives what a held number and type name stand for. Raises Malformed.
    """
    budget = [MAX_NODES + 2]

    def value(node, depth):
        budget[0] -= 1
        if budget[0] < 0 or depth > MAX_DEPTH + 2:
            raise Malformed("too many values, or nested too deep")
        if node is None or isinstance(node, bool | int | float | str):
            return node
        if not isinstance(node, dict) or not node:
            raise Malformed("a value of an unknown form")
        kind, content = next(iter(node.items()))
        if kind in ("array", "number") and _is_index(content, arrays):
            return arrays[content][()] if kind == "number" else arrays[content]
        if kind in ("tuple", "list") and isinstance(content, list):
            items = [value(item, depth + 1) for item in content]
            return tuple(items) if kind == "tuple" else items
        if kind == "dict" and isinstance(content, list):
            return {key: value(item, depth + 1) for key, item in map(_pair, content)}
        if kind == "held" and type(content) is int and isinstance(node.get("type"), str):
            return find(content, node["type"])
        raise Malformed("a value of an unknown form")

    return value(node, 0)


def _is_index(number, arrays: list) -> bool:
    return type(number) is int and 0 <= number < len(arrays)


def _pair(item) -> tuple:
    if not (isinstance(item, list) and len(item) == 2 and isinstance(item[0], str)):
        raise Malformed("a dictionary has pairs of a name and a value")
    return item[0], item[1]
