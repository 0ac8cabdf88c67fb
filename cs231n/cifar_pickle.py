"""Reading a batch of CIFAR-10 without trusting it.

A pickle is a small program: it may name any function and have it called. This reader knows three
names, those that arrays of bytes are made of, and gives its own harmless versions for them;
whatever else a file names is refused.
"""

from __future__ import annotations

import pickle
import pickletools
from pathlib import Path

import numpy as np

PIXELS = 3 * 32 * 32
LARGEST = 200 * 2**20  # bytes; a batch has 31 MB


def read_batch(file) -> tuple[np.ndarray, np.ndarray]:
    """One of the files data_batch_1 to data_batch_5 and test_batch.

    Returns a tuple of:
    - X: pictures (N, 3, 32, 32), uint8
    - y: labels (N,), int64 in 0..9

    Raises ValueError, naming the file, for whatever is not such a batch; OSError where the file
    cannot be read.
    """
    file = Path(file)
    if file.stat().st_size > LARGEST:
        raise ValueError(_damaged(file, "it is far too large for one batch"))
    with file.open("rb") as stream:
        try:
            _check_memo(stream)
            batch = _Reader(stream, encoding="bytes").load()
        except OSError:
            raise
        except _Refused as why:
            raise ValueError(_damaged(file, str(why))) from None
        except Exception as why:  # a damaged pickle fails in many ways, all with one meaning
            raise ValueError(_damaged(file, f"reading it stops with: {why!r}")) from None
    try:
        return _pictures_and_labels(batch)
    except _Refused as why:
        raise ValueError(_damaged(file, str(why))) from None


def _check_memo(stream) -> None:
    """A pickle numbers its objects. Python makes room up to the highest number, so that one made up
    could take all memory; here it must be in proportion to the file."""
    for count, (code, number, _) in enumerate(pickletools.genops(stream)):
        if code.name in ("PUT", "BINPUT", "LONG_BINPUT") and number > count:
            raise _Refused(f"its object number {number} has no place in so short a file")
    stream.seek(0)


class _Refused(Exception):
    """The file is not a batch, for this reason."""


class _Array:
    """What stands in for a numpy array while a pickle is read: it notes its parts."""

    def __init__(self, *_):
        self.shape, self.data = None, b""

    def __setstate__(self, state):
        _version, shape, dtype, fortran, data = state
        if not isinstance(dtype, _Dtype) or dtype.code != "u1" or fortran:
            raise _Refused("it holds an array of something other than bytes")
        self.shape, self.data = shape, data


class _Dtype:
    """What stands in for a numpy dtype."""

    def __init__(self, code, *_):
        self.code = code.decode("ascii") if isinstance(code, bytes) else code

    def __setstate__(self, _):
        pass


def _latin1(text, encoding):
    """What stands in for _codecs.encode: how Python 3 writes bytes in the old format."""
    if encoding not in ("latin1", b"latin1"):
        raise _Refused(f"it holds text in an unexpected encoding, {encoding!r}")
    return text.encode("latin1")


KNOWN = {
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Dtype,
    ("_codecs", "encode"): _latin1,
}


class _Reader(pickle.Unpickler):
    def find_class(self, module, name):
        try:
            return KNOWN[module, name]
        except KeyError:
            raise _Refused(
                f"it asks for {module}.{name}, which no batch of pictures needs. It may be an "
                "attempt to run a program on your machine. Do not open it in any other way"
            ) from None

    def persistent_load(self, _):
        raise _Refused("it refers to objects outside the file")


def _pictures_and_labels(batch) -> tuple[np.ndarray, np.ndarray]:
    if not isinstance(batch, dict) or b"data" not in batch or b"labels" not in batch:
        raise _Refused("it is not a dict with b'data' and b'labels'")
    array, labels = batch[b"data"], batch[b"labels"]
    if not isinstance(array, _Array) or not isinstance(array.data, bytes):
        raise _Refused("its data is not an array of bytes")
    if not isinstance(labels, list) or not all(type(label) is int for label in labels):
        raise _Refused("its labels are not a list of whole numbers")
    N = len(labels)
    if array.shape != (N, PIXELS) or len(array.data) != N * PIXELS:
        raise _Refused(f"it has {N} labels, but its data has the shape {array.shape}")
    if any(not 0 <= label <= 9 for label in labels):
        raise _Refused("it has labels outside 0..9")
    X = np.frombuffer(array.data, dtype=np.uint8).reshape(N, 3, 32, 32).copy()
    return X, np.array(labels, dtype=np.int64)


def _damaged(file: Path, why: str) -> str:
    return (
        f"{file} is damaged or is not a batch of CIFAR-10: {why}. "
        "Delete it and download the set again: python -m cs231n.download cifar10"
    )
