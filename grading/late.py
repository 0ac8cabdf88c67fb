"""A course's rule for work that is handed in late: what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from grading.errors import GradingError

DAY = 24 * 60 * 60  # seconds


@dataclass(frozen=True)
class Late:
    """percent_per_day: of the score, taken off for each day that has begun; 0: nothing

    at_most: percent that days can take off together
    zero_after_days: what comes later than so many days counts nothing (None: there is no such day)
    """

    percent_per_day: float = 0.0
    at_most: float = 100.0
    zero_after_days: float | None = None

    def __post_init__(self):
        for name in ("percent_per_day", "at_most"):
            if not 0 <= getattr(self, name) <= 100:
                raise GradingError(
                    f"late.{name} should be a percentage from 0 to 100, not {getattr(self, name):g}"
                )
        if self.zero_after_days is not None and not 0 <= self.zero_after_days < float("inf"):
            raise GradingError(
                "late.zero_after_days should be a number of days, 0 or more, not "
                f"{self.zero_after_days:g}. Leave it out where late work always counts"
            )

    def costs_anything(self) -> bool:
        """Whether lateness can cost points at all."""
        return bool(self.percent_per_day and self.at_most) or self.zero_after_days is not None

    def penalty(self, score: float, seconds: float) -> float | None:
        """The points that a notebook with this score loses for so many seconds; None: nothing."""
        if seconds <= 0:
            return None
        days = seconds / DAY
        if self.zero_after_days is not None and days > self.zero_after_days:
            return score
        percent = min(self.percent_per_day * ceil(days), self.at_most)
        return round(score * percent / 100, 2) if percent else None

    def __str__(self) -> str:
        parts = []
        if self.percent_per_day and self.at_most:
            most = f", {self.at_most:g}% at most" if self.at_most < 100 else ""
            parts.append(f"{self.percent_per_day:g}% of the score for each day begun{most}")
        if self.zero_after_days is not None:
            parts.append(f"nothing counts after {self.zero_after_days:g} days")
        return "; ".join(parts) or "costs nothing"
