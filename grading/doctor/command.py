"""Look whether this machine and a course have what grading needs, and say how to mend the rest.

✓ is well; ✗ is missing, and stands in the way of grading; – is good to know. Nothing is changed.
Exit code 0: nothing is missing; 1: something is.
"""

from __future__ import annotations

import argparse
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from grading import files
from grading.doctor import course as course_checks
from grading.doctor import machine, packages
from grading.doctor.finding import SIGNS, Finding, State
from grading.options import add_course

SUMMARY = "Look whether all that grading needs is here, and say how to mend the rest."
SOMETHING_MISSING = 1

# title -> check(course's folder)
CHECKS: dict[str, Callable[[Path], Finding]] = {
    "Python": machine.python,
    "packages": packages.requirements,
    "cs231n": machine.kit,
    "compiler": machine.compiler,
    "sandbox": machine.sandbox,
    "kernel": packages.kernel,
    "server extensions": packages.server_extensions,
    "lab extension": packages.lab_extension,
    "alembic": packages.alembic,
    "cluster": packages.cluster,
    "cores": machine.cores,
    "memory": machine.memory,
    "temporary disk": machine.temporary_disk,
    "clock": machine.clock,
    "course": course_checks.folder,
    "course's disk": machine.course_disk,
    "secret": course_checks.secret,
    "gradebook": course_checks.gradebook,
    "due dates": course_checks.due_dates,
    "build": course_checks.assignments,
}
_WIDTH = max(map(len, CHECKS))


def examine(
    course: Path, checks: Mapping[str, Callable[[Path], Finding]] = CHECKS
) -> Iterator[tuple[str, Finding, float]]:
    """Make the checks one after another: title, finding, seconds."""
    for title, check in checks.items():
        start = time.monotonic()
        finding = course_checks.readable(check, course)
        yield title, finding, time.monotonic() - start


def line(title: str, finding: Finding) -> str:
    """A check's line, and below it what mends it."""
    first, *more = finding.says.splitlines() or [""]
    lines = [f"{SIGNS[finding.state]} {title:<{_WIDTH}}  {first}"]
    lines += [textwrap.indent(text, " " * (_WIDTH + 4)) for text in more]
    if finding.mend:
        lines.append(f"{' ' * (_WIDTH + 4)}→ {finding.mend}")
    return "\n".join(lines)


def configure(parser: argparse.ArgumentParser) -> None:
    add_course(parser)
    parser.add_argument(
        "--json", metavar="FILE", type=Path, help="also write the findings to this file"
    )


def run(args: argparse.Namespace) -> int:
    from grading.reports import to_json

    found = []
    for title, finding, seconds in examine(args.course, CHECKS):
        print(line(title, finding), flush=True)
        found.append({"check": title} | asdict(finding) | {"seconds": round(seconds, 2)})
    lacking = [one["check"] for one in found if one["state"] == State.missing]
    if args.json:
        files.write_all({args.json: to_json({"ready": not lacking, "checks": found})})
    print(f"Missing: {', '.join(lacking)}." if lacking else "All that grading needs is here.")
    return SOMETHING_MISSING if lacking else 0
