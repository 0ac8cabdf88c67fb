"""Errors of a check that speak for themselves: Jupyter shows what they say, and no traceback."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from cs231n.check.advice import close_to
from cs231n.check.results import CheckFailed
from cs231n.language import current, translate, wrapped

WIDTH = 82  # of what `nbgrader validate` shows of a line


class Plain(Exception):
    """Shown as its message alone: the lines of the kit that raised it help nobody."""

    def _render_traceback_(self) -> list[str]:  # asked for by IPython
        return [translate(str(self))]


class WrongCall(Plain, TypeError):
    """A check was called in another way than the notebook does."""


class NoSuchCheck(Plain, AttributeError):
    """There is no check of that name."""

    def __init__(self, name: str, names: Iterable[str]):
        newer = (
            "If the notebook came with that line, it is newer than the package: install the "
            "package again, and restart the kernel."
        )
        parts = (f"There is no check.{name}.", close_to(name, names), newer)
        super().__init__(" ".join(filter(None, parts)))


class NotRightYet(Plain, CheckFailed):
    """A check that did not pass, for nbgrader's Validate: it shows errors, and no tables."""

    def __init__(self, name: str, table: object):
        super().__init__(f"{name} is not right yet.")
        self.table = table

    def _render_traceback_(self) -> list[str]:
        table = replace(self.table, language=current())
        lines = [translate(str(self)), *repr(table).splitlines()]
        return [part for line in lines for part in _wrapped(line)]


def _wrapped(line: str) -> list[str]:
    """A line of a table, in several where it is too long."""
    indent = line[: len(line) - len(line.lstrip())]
    first, *rest = wrapped(line, WIDTH - len(indent)) or [""]
    return [indent + first, *(" " * 8 + part for part in rest)]
