"""The parts of course.toml that are more than a text: dates, points, the rule for late work."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from grading.errors import GradingError
from grading.late import Late


def zone(name: str) -> tzinfo:
    """The time zone of that name."""
    if name == "UTC":  # known without the machine's list of zones
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise GradingError(
            f"time_zone {name!r}: expected a name such as UTC, America/Los_Angeles or "
            "Europe/Berlin. If this is one, the machine has no list of zones: "
            "python -m pip install tzdata"
        ) from None


def due(values: object, time_zone: str) -> dict[str, datetime]:
    """Assignment -> when it is due, with its time zone. A date alone is the last second of it."""
    found = {}
    for name, value in _table("due", values).items():
        if isinstance(value, datetime):
            when = value
        elif isinstance(value, date):
            when = datetime.combine(value, time(23, 59, 59))
        else:
            raise GradingError(
                f"due.{name} should be a date without quotation marks, such as 2026-02-03 or "
                f"2026-02-03T23:59:00, not {value!r}"
            )
        found[name] = when if when.tzinfo else when.replace(tzinfo=zone(time_zone))
    return found


def points(values: object) -> dict[str, float]:
    """Exercise -> its points."""
    found = _table("points", values)
    for name, value in found.items():
        if not _is_number(value) or not 0 < value < float("inf"):
            raise GradingError(
                f"points.{name} should be a number above zero, not {value!r}. An exercise that "
                "should not count is named in leave_out"
            )
    return found


def names(values: object) -> tuple[str, ...]:
    """The exercises that are left out."""
    if not isinstance(values, list | tuple) or not all(isinstance(v, str) for v in values):
        raise GradingError(f'leave_out should be a list such as ["relu_forward"], not {values!r}')
    return tuple(dict.fromkeys(values))


def late(values: object) -> Late:
    """The rule for late work."""
    given, known = _table("late", values), Late.__dataclass_fields__
    for name, value in given.items():
        if name not in known:
            raise GradingError(f"unknown setting late.{name}. Known are {', '.join(known)}")
        if not _is_number(value):
            raise GradingError(f"late.{name} should be a number, not {value!r}")
    return Late(**given)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _table(name: str, values: object) -> dict:
    if not isinstance(values, Mapping):
        raise GradingError(f"{name} should be a table that begins with [{name}], not {values!r}")
    return dict(values)
