"""The student's side, seen from the trusted one: run a cell, call a function.

Whatever comes back is data from a stranger. A call either gives a value made of arrays and numbers,
or raises CheckFailed or NotReady with a sentence; it never raises anything else.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from time import monotonic
from types import MappingProxyType

import numpy as np

from cs231n.check.fingerprint import opaque
from cs231n.check.guard import Functions
from cs231n.check.results import CheckFailed, NotReady
from grading.engine.drivers import Driver
from grading.engine.inside.wire import Closed, Held, Late, Malformed, TooLarge, Wire, pack, unpack
from grading.engine.limits import Limits
from grading.engine.sandbox import close_all, open_session

GRACE = 2.0  # seconds between a limit inside the session, and its end from outside
MAX_SENTENCE = 2000


class SandboxFailed(RuntimeError):
    """The sandbox could not be used for this notebook. No student's code had run yet."""


class Ended(Exception):
    """The session is over. The message says why, to follow "because" or stand by itself."""


class Session:
    """One session of one notebook.

    deadline: when it must be over, as of time.monotonic()
    files: what is laid down in its working directory
    """

    count = 0

    def __init__(
        self,
        driver: Driver,
        hide: tuple[str, ...],
        limits: Limits,
        deadline: float,
        files: Mapping[str, bytes] = MappingProxyType({}),
    ):
        self.limits, self.deadline = limits, deadline
        for attempt in (1, 2):
            Session.count += 1
            self.number, self._requests = Session.count, 0
            self._link = open_session(driver, hide, limits)
            try:
                self._lay_down(files)
                return
            except Ended as end:  # no student's code has run yet: the sandbox itself has failed
                self.close()
                if attempt == 2:
                    raise SandboxFailed(f"the sandbox failed twice: {end}") from None
                close_all()

    def close(self) -> None:
        """End the session, whatever it is doing, and all that it has started."""
        self._link.close()

    def _lay_down(self, files: Mapping[str, bytes]) -> None:
        arrays = [np.frombuffer(content, np.uint8) for content in files.values()]
        self._ask({"do": "files", "names": list(files)}, arrays, 60)

    def run_cell(self, source: str) -> list[dict]:
        """Run a cell; returns what it says its outputs are."""
        left = max(1.0, min(self.limits.cell_seconds, self.deadline - monotonic()))
        answer, _ = self._ask({"do": "cell", "source": source, "seconds": left}, [], left)
        return answer.get("outputs")

    def call(self, name: str, args: list, keep: tuple[int, ...] = (), count: bool = False):
        """Call a function of the notebook.

        args: arrays, numbers, dicts of them, or a Held. Where the function wrote into an array or
            a dict, the one in the list is changed, as if it had been called right here.
        keep: positions of a pair's items that stay on the other side, as Held.
        count: return a pair, the value and the number of steps that Python took. The number is the
            other side's word: see run.py on who looks at a notebook that may have forged it.
        """
        arrays: list[np.ndarray] = []
        nodes = [pack(value, arrays, _not_ours) for value in args]
        request = {"do": "call", "name": name, "args": nodes, "keep": list(keep), "count": count}
        answer, arrays = self._ask(request, arrays, 2 * self.limits.call_seconds)
        if isinstance(answer.get("not_ready"), str):
            raise NotReady(plain(answer["not_ready"]))
        if isinstance(answer.get("failed"), str):
            raise CheckFailed(plain(answer["failed"]))
        try:
            value = unpack(answer.get("value"), arrays, self._held)
            for position, node in answer.get("changed") or ():
                _change(args[position], unpack(node, arrays, self._held))
        except (Malformed, TypeError, ValueError, LookupError):
            raise Ended(_OUT_OF_TURN) from None
        if not count:
            return value
        steps = answer.get("steps")
        if type(steps) is not int or steps < 1:
            raise Ended(_OUT_OF_TURN)
        return value, steps

    def forget(self) -> None:
        """Let go of everything that is held for us."""
        self._ask({"do": "forget"}, [], self.limits.call_seconds)

    def _held(self, number: int, kind: str) -> Held:
        return Held(number, plain(kind)[:100], self.number)

    def _ask(self, request: dict, arrays: list, seconds: float) -> tuple[dict, list]:
        wire: Wire = self._link.wire
        self._requests += 1
        until = min(monotonic() + seconds, self.deadline) + GRACE
        try:
            wire.send(request | {"n": self._requests}, arrays, until)
            answer, answered = wire.receive(self.limits.answer + 2**20, until)
        except Late:
            raise Ended("the code ran too long and could not be interrupted") from None
        except Closed:
            raise Ended(self._link.how_it_ended()) from None
        except (Malformed, TooLarge, MemoryError):
            raise Ended(_OUT_OF_TURN) from None
        if answer.get("n") != self._requests or type(answer.get("n")) is not int:
            raise Ended(_OUT_OF_TURN)
        return answer, answered


_OUT_OF_TURN = "the code interfered with its connection to the grader"


def _not_ours(value) -> Held:
    raise CheckFailed(f"a {type(value).__name__} cannot be handed to a function")


def _change(argument, now) -> None:
    """Let an argument have the content that a function gave it."""
    if isinstance(argument, np.ndarray):
        argument[...] = now
    elif isinstance(argument, dict) and isinstance(now, dict):
        argument.clear()
        argument.update(now)


def plain(text: str) -> str:
    """Text from a stranger as one harmless line: no control or direction marks, not too long."""
    text = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in text[:MAX_SENTENCE])
    return " ".join(text.split())


class RemoteFunctions(Functions):
    """The functions of a notebook as checks see them, on the far side of a wire.

    call(name, args, keep, count) makes one call. By the course's convention a function called
    `…_forward…` returns (out, cache), and the cache stays where it is.
    """

    def __init__(self, names: tuple[str, ...], call: Callable, proven: frozenset[str]):
        super().__init__(dict.fromkeys(names), proven)
        self._far = call

    def _call(self, name: str, args: list, kwargs: dict):
        if kwargs:
            raise TypeError("functions of notebooks are called with positional arguments")
        return self._far(name, args, opaque(name), False)

    def _call_counted(self, name: str, args: list) -> tuple:
        return self._far(name, args, opaque(name), True)
