"""The reference with a memory.

    reference = oracle.remembering(convolution)
    out, cache = reference.conv_forward_naive(x, w, b, conv_param)

Hidden checks draw the same numbers for every submission of a course, so each of the reference's
answers is worked out once in a process and remembered. What is handed out is always a copy: whoever
writes into an answer, or into its cache, changes nothing that others will get.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from types import FunctionType, ModuleType, SimpleNamespace

import numpy as np

ROOM = 64 * 2**20  # bytes of questions and answers in all; three notebooks need 2 MiB


class Memory:
    """Answers by their questions; those not asked for longest go when there is no more room."""

    def __init__(self, room: int = ROOM):
        self.room, self.used = room, 0
        self._answers: dict[tuple, tuple] = {}  # question -> (answer, bytes of both)

    def ask(self, function: Callable, args: tuple):
        """What function(*args) returns.

        It depends on nothing but the arguments: on values, dtypes, shapes and order in memory.
        What the function raises is raised and not remembered.
        """
        question = function, _frozen(args)
        known = self._answers.pop(question, None)
        if known is None:
            answer = _copied(function(*_copied(args)))
            known = answer, _size(args) + _size(answer)
            self.used += known[1]
        self._answers[question] = known  # now the last in line
        while self.used > self.room:
            oldest = next(iter(self._answers))
            self.used -= self._answers.pop(oldest)[1]
        return _copied(known[0])


def _frozen(part):
    """All that tells a value from others, as something that a dictionary can look up."""
    kind = type(part)
    if kind is np.ndarray:
        return part.dtype.str, part.shape, part.strides, part.tobytes()
    if kind is tuple or kind is list:
        return kind, *map(_frozen, part)
    if kind is dict:
        return dict, *((key, _frozen(item)) for key, item in part.items())
    return kind, part  # 1, 1.0 and True are equal


def _copied(part):
    kind = type(part)
    if kind is np.ndarray:
        return part.copy(order="K")
    if kind is tuple or kind is list:
        return kind(map(_copied, part))
    if kind is dict:
        return {key: _copied(item) for key, item in part.items()}
    return part


def _size(part) -> int:
    """Bytes that a value takes up, roughly."""
    if isinstance(part, np.ndarray):
        return part.nbytes + 200
    if isinstance(part, dict):
        part = list(part.values())
    return 100 + (sum(map(_size, part)) if isinstance(part, tuple | list) else 0)


_memory = Memory()


def remembered(function: Callable, memory: Memory = _memory) -> Callable:
    """The function, with its answers remembered. It takes and returns arrays, numbers and texts,
    and tuples, lists and dicts of them."""

    @wraps(function)
    def ask(*args):
        return memory.ask(function, args)

    return ask


def remembering(module: ModuleType, memory: Memory = _memory) -> SimpleNamespace:
    """The functions that a module defines, with their answers remembered."""
    own = {
        name: remembered(value, memory)
        for name, value in vars(module).items()
        if isinstance(value, FunctionType) and value.__module__ == module.__name__
    }
    return SimpleNamespace(**own)
