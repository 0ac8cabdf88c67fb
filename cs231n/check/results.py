"""What a check can come to: a figure, a failure with its reason, a line in a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass


class CheckFailed(Exception):
    """A check did not pass. The message is what the student reads.

    error, tolerance: the measured error and what was allowed, where there is such a figure.
    """

    def __init__(self, message: str, error: float | None = None, tolerance: float | None = None):
        super().__init__(message)
        self.error = error
        self.tolerance = tolerance


@dataclass(frozen=True)
class Measurement:
    """What a passed check measured: the error, and the error that was allowed."""

    error: float
    tolerance: float


@dataclass(frozen=True)
class Result:
    """One line of a check table."""

    name: str
    passed: bool
    weight: float = 1.0
    message: str = ""
    error: float | None = None
    tolerance: float | None = None
    ready: bool = True  # False: the exercise has not been written yet
    fingerprint: tuple[float, float] | None = None  # of what the functions did (fingerprint.py)

    def as_dict(self) -> dict:
        """The part of a result that a grade report keeps."""
        kept = asdict(self)
        return {key: kept[key] for key in ("name", "passed", "weight", "message")}


class Missing(NotImplementedError):
    """A function of an earlier notebook is needed, and is not there; reason says why."""

    def __init__(self, function: str, reason: str):
        super().__init__(f"{function} is needed here, and {reason}.")
        self.function = function


class NotReady(Exception):
    """The function is not there yet: not defined, or its stub untouched."""


def score_of(results: Sequence[Result], points: float) -> float:
    """Points earned: the passed part of the weight, to a hundredth of a point."""
    total = sum(r.weight for r in results)
    passed = sum(r.weight for r in results if r.passed)
    return round(points * passed / total, 2) if total else 0.0
