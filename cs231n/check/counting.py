"""How much a function leaves to Python: the steps that the interpreter takes while it works.

A loop over pictures and pixels takes more steps on a larger picture; one call of NumPy does not.
Steps do not depend on how fast the machine is, nor on what else it does.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

from cs231n.check.results import CheckFailed


class Steps:
    """The number of steps that were taken inside `counting_steps` blocks."""

    def __init__(self):
        self.count = 0

    def _trace(self, frame, event, arg) -> Callable:
        if event == "opcode":
            self.count += 1
        elif event == "call":  # a comprehension is one line: count what is inside lines
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self._trace


@contextlib.contextmanager
def counting_steps(steps: Steps) -> Iterator[None]:
    """Add to `steps` the bytecode instructions that Python takes inside the block, libraries too.

    Raises CheckFailed where the code inside puts a trace function of its own in the place of this
    one.
    """
    trace, before = steps._trace, sys.gettrace()
    sys.settrace(trace)
    try:
        yield
        replaced = sys.gettrace() is not trace
    finally:
        sys.settrace(before)
    if replaced:
        raise CheckFailed(
            "Python's steps in it could not be counted: it calls sys.settrace itself."
        )
