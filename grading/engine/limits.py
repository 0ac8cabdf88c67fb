"""How much a submission may use. Every number is a setting with a sane default."""

from __future__ import annotations

import os
from dataclasses import dataclass

from grading.errors import GradingError

MIB = 2**20


@dataclass(frozen=True)
class Limits:
    """Limits of one notebook's session. Times in seconds, sizes in bytes.

    call_seconds: one call of a student's function by a hidden check
    cell_seconds: one cell
    notebook_seconds: the whole notebook, cells and checks
    memory: address space of each process
    processes: processes and threads at one time
    file_size: the largest file; disk: all that is written to the private disk (in memory)
    output: what one cell may show, in bytes, pictures included; outputs: all cells together
    answer: what one call may return
    printed: text that one cell may print, in characters
    """

    call_seconds: float = 5.0
    cell_seconds: float = 120.0
    notebook_seconds: float = 300.0
    memory: int = 3072 * MIB
    processes: int = 48
    file_size: int = 64 * MIB
    disk: int = 128 * MIB
    output: int = 8 * MIB
    outputs: int = 32 * MIB
    answer: int = 64 * MIB
    printed: int = 200_000


def limits_of_environment() -> Limits:
    """The limits, with times from CS231N_CHECK_SECONDS, …_CELL_SECONDS and …_NOTEBOOK_SECONDS."""
    names = {
        "call_seconds": "CS231N_CHECK_SECONDS",
        "cell_seconds": "CS231N_CELL_SECONDS",
        "notebook_seconds": "CS231N_NOTEBOOK_SECONDS",
    }
    given = {field: os.environ.get(name) for field, name in names.items()}
    try:
        return Limits(**{field: float(value) for field, value in given.items() if value})
    except ValueError:
        shown = ", ".join(f"{names[f]}={v}" for f, v in given.items() if v)
        raise GradingError(f"A limit of time should be a number of seconds: {shown}.") from None
