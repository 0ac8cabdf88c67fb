"""Errors of a check that speak for themselves: Jupyter shows what they say, and no traceback."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import wrap

from cs231n.check.advice import close_to
from cs231n.check.results import CheckFailed

WIDTH = 82  # of what `nbgrader validate` shows of a line


class Plain(Exception):
    """Shown as its message alone: the lines of the kit that raised it help nobody."""

    def _render_traceback_(self) -> list[str]:  # asked for by IPython
        return [str(self)]


class WrongCall(Plain, TypeError):
    """A check was called in another way than the notebook does."""


class NoSuchCheck(Plain, AttributeError):
    """There is no check of that name."""

    def __init__(self, name: str, names: Iterable[str]):
        newer = (
            "If the notebook came with that line, it is newer than the package: install the "
            "package again, and restart the kernel."
        )
        text = f"There is no check.{name}. {close_to(name, names)} {newer}"
        super().__init__(" ".join(text.split()))


class NotRightYet(Plain, CheckFailed):
    """A check that did not pass, for nbgrader's Validate: it shows errors, and no tables."""

    def __init__(self, name: str, table: object):
        super().__init__(f"{name} is not right yet.")
        self.table = table

    def _render_traceback_(self) -> list[str]:
        lines = [str(self), *repr(self.table).splitlines()]
        return [part for line in lines for part in wrap(line, WIDTH, subsequent_indent=" " * 8)]
