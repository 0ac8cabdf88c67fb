"""Calling a student's function so that nothing it does can spoil the check.

The function gets copies of the arrays, a limit of time, and a place for what it prints; whatever
it raises becomes a sentence that names the line.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from cs231n.check.advice import asks_for_input, cause_of, describe_error, stub_of
from cs231n.check.counting import Steps, counting_steps
from cs231n.check.fingerprint import Fingerprint, opaque
from cs231n.check.results import CheckFailed, Missing, NotReady

MAX_PRINTED = 2000  # characters of a function's own output that are kept


class OutOfTime(BaseException):
    """Raised inside code that ran too long. Not an Exception, so that a student's own
    ``except Exception`` does not swallow it."""


def seconds_allowed() -> float:
    """How long one call may take: CS231N_CHECK_SECONDS, 30 s by default."""
    try:
        return max(0.1, float(os.environ.get("CS231N_CHECK_SECONDS", "")))
    except ValueError:
        return 30.0


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise OutOfTime inside the block after so many seconds.

    Works in the main thread of POSIX systems (a notebook's kernel); elsewhere there is no limit.
    """
    can_alarm = hasattr(signal, "setitimer") and (
        threading.current_thread() is threading.main_thread()
    )
    if not can_alarm:
        yield
        return

    def stop(signum, frame):
        raise OutOfTime

    previous = signal.signal(signal.SIGALRM, stop)
    # It rings again every second: an alarm that goes off inside a destructor or a callback is
    # printed and forgotten by Python, and the next one must get through.
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


class _Beginning(io.TextIOBase):
    """A text stream that keeps the first MAX_PRINTED characters and forgets the rest."""

    def __init__(self):
        self.text = ""
        self.cut = False

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        room = MAX_PRINTED - len(self.text)
        self.text += text[:room]
        self.cut |= len(text) > room
        return len(text)


# Functions that ran out of time once: they are not called again (a notebook's cell that
# defines the function anew makes a new one).
_too_slow: weakref.WeakSet = weakref.WeakSet()


class Functions:
    """The student's functions as a check sees them: ``f.conv_forward_naive(x, w, b, param)``.

    proven: names of exercises of the same notebook that have been found right; None where that is
        not known
    """

    def __init__(
        self, functions: Mapping[str, Callable | None], proven: frozenset[str] | None = None
    ):
        self._functions, self.proven = dict(functions), proven
        self._stream = _Beginning()
        self._noted: tuple[str, ...] = ()
        self._fingerprint = Fingerprint()
        self._known: dict[tuple, tuple] = {}
        self._heard: list | None = None  # what is noted while `once` listens
        self.last = ""  # the name of the function that was called last

    def __getattr__(self, name: str) -> Callable:
        if name.startswith("_") or name not in self._functions:
            raise AttributeError(f"this exercise has no function {name!r}")
        return lambda *args, **kwargs: self._ask(self._call, name, args, kwargs)[0]

    def watched(self, name: str, *args) -> tuple:
        """Call the function, and look at its arguments afterwards.

        Returns a tuple of: what the function returned, and a list of its arguments as it left them.
        """
        return self._ask(self._call, name, args, {})

    def unchanged(self, name: str, *args, apart_from: tuple[int, ...] = ()):
        """Call the function and fail when it wrote into one of its array arguments.

        apart_from: positions of arguments that it may change

        Returns what the function returned.
        """
        answer, handed = self.watched(name, *args)
        for position, (before, after) in enumerate(zip(args, handed, strict=True)):
            if position not in apart_from and not same(before, after):
                raise CheckFailed(
                    f"{name} changed its argument number {position + 1}. The caller still needs "
                    "those numbers: work on a copy (x.copy()) or build a new array."
                )
        return answer

    def counted(self, name: str, *args) -> tuple:
        """Call the function and count the steps that Python takes meanwhile (counting.py).

        Returns a tuple of: what the function returned, the number of steps.
        """
        steps = []

        def call(name, args, kwargs):
            answer, taken = self._call_counted(name, args)
            steps.append(taken)
            return answer

        return self._ask(call, name, args, {})[0], steps[0]

    def note(self, names: tuple[str, ...]) -> Fingerprint:
        """From now on, take the fingerprint of what these functions do; returns it, still empty."""
        self._noted, self._fingerprint = names, Fingerprint()
        return self._fingerprint

    @contextlib.contextmanager
    def unnoted(self) -> Iterator[None]:
        """Calls inside leave the fingerprint as it is: for questions asked once for many checks."""
        noted, self._noted = self._noted, ()
        try:
            yield
        finally:
            self._noted = noted

    def once(self, key: tuple, work: Callable):
        """What work() returns or fails with; work, which calls these functions, is done once.

        Each time after that counts, for the fingerprint, as if they were called again. Answers that
        are large or odd are not kept: then work is done again.
        """
        key = self._noted, key
        if key in self._known:
            answer, problem, heard = self._known[key]
            for part in heard:
                self._fingerprint.add(part)
        else:
            answer = problem = None
            self._heard = []
            try:
                answer = work()
            except (CheckFailed, NotReady) as failure:
                problem = failure
            finally:
                heard, self._heard = self._heard, None
            if all(map(_is_small, heard)):
                self._known[key] = answer, problem, heard
        if problem is not None:
            raise problem.with_traceback(None)
        return answer

    def _hear(self, part) -> None:
        self._fingerprint.add(part)
        if self._heard is not None:
            self._heard.append(part)

    def _ask(self, call: Callable, name: str, args: tuple, kwargs: dict) -> tuple:
        """One call with copies of its arguments, noted where it should be.

        Returns a tuple of: the answer, the list of its arguments as the function left them.
        """
        self.last = name
        handed = [copied(a) for a in args]
        named = {key: copied(value) for key, value in kwargs.items()}
        noted = name in self._noted
        try:
            answer = call(name, handed, named)
        except CheckFailed as problem:
            if noted:
                self._hear(cause_of(str(problem)))
            raise
        if noted:
            seen = answer
            if isinstance(answer, tuple):
                seen = [part for k, part in enumerate(answer) if k not in opaque(name)]
            self._hear(seen)
            for position, (before, after) in enumerate(zip(args, handed, strict=True)):
                if not same(before, after):
                    self._hear((position, after))
        return answer, handed

    def _call_counted(self, name: str, args: list) -> tuple:
        steps = Steps()
        answer = self._call(name, args, {}, counting_steps(steps))
        return answer, steps.count

    def printed(self) -> str:
        return self._stream.text + (" […]" if self._stream.cut else "")

    def _call(self, name: str, args: list, kwargs: dict, around=None):
        function = self._functions[name]
        if function is None:
            raise NotReady(
                f"{name} is not defined: run the cell that defines it, and read what it says."
            )
        if not callable(function):
            kind = type(function).__name__
            raise CheckFailed(
                f"{name} should be a function, but it is a {kind}. Was that name given to "
                "something else? Run the cell with its `def` again, and hand it to the check "
                "without brackets."
            )
        if _remembers(_too_slow, function):
            raise CheckFailed(f"Not run: {name} did not come back in an earlier check.")
        limit = seconds_allowed()
        try:
            with (
                contextlib.redirect_stdout(self._stream),
                contextlib.redirect_stderr(self._stream),
                time_limit(limit),
                around or contextlib.nullcontext(),
            ):
                return function(*args, **kwargs)
        except OutOfTime:
            with contextlib.suppress(TypeError):
                _too_slow.add(function)
            raise CheckFailed(
                f"{name} had not finished after {limit:g} s, so it was stopped. "
                "Is there a loop that never ends, or does it wait for input()?"
            ) from None
        except NotImplementedError as problem:
            if asks_for_input(problem):
                raise CheckFailed(describe_error(problem, name)) from None
            if isinstance(problem, Missing):
                raise NotReady(str(problem)) from None
            raise NotReady(
                f"{stub_of(problem, name)} is not implemented yet: put your code in place of its "
                "line `raise NotImplementedError(...)`."
            ) from None
        except (Exception, SystemExit, GeneratorExit) as problem:
            raise CheckFailed(describe_error(problem, name)) from None


def _remembers(seen: weakref.WeakSet, function: Callable) -> bool:
    try:
        return function in seen
    except TypeError:  # cannot be weakly referenced
        return False


def copied(value):
    """A copy of an array, or of the arrays in a dict; memory order kept, anything else as it is."""
    if isinstance(value, np.ndarray):
        return np.array(value, order="K")
    if type(value) is dict:
        return {key: copied(item) for key, item in value.items()}
    return value


def _is_small(value) -> bool:
    """Whether what a function returned is at most a few arrays, numbers and texts, none large."""
    if isinstance(value, tuple | list):
        return len(value) <= 8 and all(map(_is_small, value))
    if isinstance(value, np.ndarray):
        return value.size <= 10_000 and value.dtype.kind in "biuf"
    if isinstance(value, str):
        return len(value) <= MAX_PRINTED
    return value is None or isinstance(value, bool | float | np.number | np.bool_)


def same(before, after) -> bool:
    if isinstance(before, np.ndarray):
        return before.shape == after.shape and np.array_equal(before, after, equal_nan=True)
    if type(before) is dict:
        return before.keys() == after.keys() and all(same(before[k], after[k]) for k in before)
    return True
