"""A student's session: runs cells and calls functions as the other end of the wire asks.

Everything in this process may be in the student's hands. It knows no check, no expected answer
and no score; what it says is weighed on the other side.
"""

from __future__ import annotations

import contextlib
import os
import random
import sys
import threading
from pathlib import Path
from time import monotonic

import numpy as np
from inside.shell import GradingShell, run_cell
from inside.wire import Held, TooLarge, Wire, pack, unpack

from cs231n.check.guard import Functions, OutOfTime, copied, same, time_limit
from cs231n.check.results import CheckFailed, NotReady

TIMED_OUT = "CellTimeoutError"


class Session:
    """Answers requests until the other side hangs up."""

    def __init__(self, wire: Wire, shell: GradingShell, limits: dict, hide: list[str]):
        self.wire, self.shell, self.limits = wire, shell, limits
        self.held: dict[int, object] = {}
        sys.path.insert(0, "")  # as in a notebook: a module handed in with it can be imported
        sys.meta_path.insert(0, _Hidden(hide))
        np.random.seed(231)
        random.seed(231)

    def serve(self) -> None:
        actions = {"cell": self.cell, "call": self.call, "files": self.files, "forget": self.forget}
        while True:
            request, arrays = self.wire.receive(2**31)
            answer, answered = actions[request["do"]](request, arrays)
            answer["n"] = request["n"]
            self.wire.send(answer, answered, monotonic() + 60)

    def files(self, request: dict, arrays: list) -> tuple[dict, list]:
        """Lay down what was handed in, in the working directory."""
        for name, array in zip(request["names"], arrays, strict=True):
            # A disk that is full has no room for the others; some names no file can have.
            with contextlib.suppress(OSError, ValueError):
                Path(name).parent.mkdir(parents=True, exist_ok=True)
                Path(name).write_bytes(array.tobytes())
        return {}, []

    def cell(self, request: dict, arrays: list) -> tuple[dict, list]:
        """Run a cell's source."""
        limits = self.limits
        try:
            with time_limit(request["seconds"]):
                outputs = run_cell(
                    self.shell, request["source"], limits["printed"], limits["output"]
                )
        except OutOfTime:  # it rang when the cell had just ended
            outputs = self.shell.outputs.items
        for output in outputs:
            if output.get("ename") == OutOfTime.__name__:
                output["ename"] = TIMED_OUT
                output["evalue"] = "the cell did not finish in the time allowed"
                output["traceback"] = [f"{TIMED_OUT}: {output['evalue']}"]
        return {"outputs": outputs}, []

    def call(self, request: dict, arrays: list) -> tuple[dict, list]:
        """Call a function of the notebook.

        Answers {"value"}, or {"failed"} or {"not_ready"} with a sentence; "changed" holds the
        arguments that the function wrote into, as they are now. With "count" asked for, "steps" is
        the number of steps that Python took.
        """
        name = request["name"]
        args = [unpack(node, arrays, self._find) for node in request["args"]]
        before = [copied(value) for value in args]
        functions = Functions({name: self.shell.user_ns.get(name)})
        answered: list = []
        try:
            steps = None
            if request.get("count"):
                value, steps = functions._call_counted(name, args)
            else:
                value = functions._call(name, args, {})
            answer = {"value": self._pack_result(value, request["keep"], answered), "steps": steps}
        except NotReady as problem:
            return {"not_ready": str(problem)}, []
        except CheckFailed as problem:
            return {"failed": str(problem)}, []
        except TooLarge as problem:
            return {"failed": f"{name} returned too much: {problem}."}, []
        except (Exception, OutOfTime) as problem:
            text = f"{name} returned something that cannot be read ({type(problem).__name__})."
            return {"failed": text}, []
        changed = [i for i, old in enumerate(before) if not same(old, args[i])]
        limit = self.limits["answer"]
        answer["changed"] = [[i, pack(args[i], answered, self._hold, limit)] for i in changed]
        return answer, answered

    def forget(self, request: dict, arrays: list) -> tuple[dict, list]:
        self.held.clear()
        return {}, []

    def _pack_result(self, value, keep: list[int], arrays: list):
        """The result as JSON, with the items at the positions in `keep` staying here."""
        if keep and type(value) in (tuple, list) and len(value) == 2:
            items = [self._hold(v) if i in keep else v for i, v in enumerate(value)]
            value = type(value)(items)
        with time_limit(self.limits["call_seconds"]):  # it may hold objects that never end
            return pack(value, arrays, self._hold, self.limits["answer"])

    def _hold(self, value) -> Held:
        number = len(self.held)
        self.held[number] = value
        kind = type(value).__name__
        if isinstance(value, np.ndarray | np.generic):
            kind += f" of {value.dtype}"
        return Held(number, kind[:100])

    def _find(self, number: int, kind: str):
        return self.held[number]


class _Hidden:
    """Says why a module that the notebook may not use is not there. (Its files are absent.)"""

    def __init__(self, names: list[str]):
        self.names = frozenset(names)

    def find_spec(self, name, path=None, target=None):
        if name in self.names or name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(
                f"{name} is left out while this notebook is graded: its exercises ask for your "
                "own implementation."
            )
        return None


def serve(wire: Wire, shell: GradingShell, limits: dict, hide: list[str]) -> None:
    """Be a student's session until the other side hangs up; the process ends here."""
    try:
        Session(wire, shell, limits, hide).serve()
    finally:
        os._exit(0 if threading.current_thread() is threading.main_thread() else 1)
