"""What must never ship, as text that can be searched for: lines of solutions and hidden checks, and
of what answers to questions should say.

A line is compared without spaces and comments and with one kind of quotes, so that a copy is found
however it is laid out. Lines that anybody would write (`for n in range(N):`) prove nothing and
are left out: see GENERIC and GENERIC_IN_CHECKS, and
ALLOWED_FILE for the few that are let through by name.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from grading.notebooks import ANSWER
from grading.settings import GRADING, REFERENCE, SOURCE
from grading.solutions import read_solutions

CHECKS = GRADING / "checks"
ALLOWED_FILE = GRADING / "leaks_allowed.txt"
SHORTEST_CODE, SHORTEST_COMMENT = 12, 30

_SETTING = r'\w+_param(\["\w+"\]|\.get\("\w+",\d\))'
_NAMES = r"\(?[\w,*]+\)?"
# Shapes of normalised lines that carry no answer.
GENERIC = re.compile(
    "|".join(
        [
            r"(from|import)\w.*",
            r"(async)?def\w+\(.*|class\w+.*|@.*",
            rf"for{_NAMES}in(range|enumerate|zip)\({_NAMES}\):",
            rf"return{_NAMES}",
            rf"{_NAMES}={_NAMES}",  # x, w, b = cache; cache = (x, w, b)
            rf"{_NAMES}=\w+\.shape(\[[\d:-]+\])?",
            rf"[\w,]+={_SETTING}(,{_SETTING})*",  # stride, pad = conv_param["stride"], …
            r"\w+=np\.(zeros|ones|empty)(_like)?\(\(?[\w.,]+\)?(,dtype=[\w.]+)?\)",
            r"raiseNotImplementedError.*|(raise|return)?[\w.]+\(|raise\w+\(",
            r"(if__name__|globals\(\)|__all__).*",
            r"(if|elif|while)\w+(isNone|isnotNone)?:|except.*:",
            r"[^\w]*",
        ]
    )
)
# Of hidden checks also: what any check is made of, the visible ones too.
GENERIC_IN_CHECKS = re.compile(
    "|".join(
        [
            r"\w+:[\w.\[\]|,]+",  # weight: float
            r"(return)?([\w,]+=)?[\w.]+\([\w.,*]*\)",  # a call with names alone
            r"(\w+=)?Exercise\(.*",
            r'(\w+=)?\(?("\w+",?)+\)?,?',  # names of functions and of what they return
        ]
    )
)


@dataclass(frozen=True)
class Secret:
    """A line that must not ship: as it is searched for, and where it was written."""

    needle: str
    text: str
    path: Path
    line: int

    def __str__(self) -> str:
        place = self.path.relative_to(GRADING.parent) if GRADING in self.path.parents else self.path
        return f"{place}:{self.line}"


def normalise(line: str) -> str:
    """The line without spaces, trailing comment, and differences of quotes."""
    line = line.strip()
    if not line.startswith("#"):
        line = re.sub(r"\s#\s.*$", "", line)
    return re.sub(r"\s+", "", line).replace("'", '"')


def is_distinctive(needle: str) -> bool:
    """Whether a normalised line says something that only a solution or a hidden check says."""
    if needle.startswith("#"):
        return len(re.sub(r"\W", "", needle)) >= SHORTEST_COMMENT
    return len(needle) >= SHORTEST_CODE and not GENERIC.fullmatch(needle)


def read_secrets(
    reference: Path = REFERENCE,
    checks: Path = CHECKS,
    allowed: Path = ALLOWED_FILE,
    sources: Path = SOURCE,
) -> list[Secret]:
    """Every distinctive line of the solutions, hidden checks and model answers, the allowed ones
    left out."""
    let_through = read_allowed(allowed)
    secrets: dict[str, Secret] = {}
    for path, number, text in _all_lines(reference, checks, sources):
        needle = normalise(text)
        if needle in let_through or not is_distinctive(needle):
            continue
        if checks in path.parents and GENERIC_IN_CHECKS.fullmatch(needle):
            continue
        needle = needle.lstrip("#")
        secrets.setdefault(needle, Secret(needle, text.strip(), path, number))
    return list(secrets.values())


def read_allowed(path: Path = ALLOWED_FILE) -> set[str]:
    """The normalised lines that may ship although they also stand in a solution or check."""
    if not path.is_file():
        return set()
    lines = path.read_text(encoding="utf-8").splitlines()
    return {normalise(line) for line in lines if line.strip() and not line.startswith("#")}


def check_files(checks: Path = CHECKS) -> list[Path]:
    """The modules with hidden checks; those that only run them hold no answers."""
    return [p for p in sorted(checks.glob("*.py")) if p.name not in ("__init__.py", "core.py")]


def _all_lines(reference: Path, checks: Path, sources: Path) -> Iterator[tuple[Path, int, str]]:
    for solution in read_solutions(reference).values():
        for number, text in solution.body:
            yield solution.path, number, text
    for path in sorted(reference.glob("*.py")):
        yield from _code_lines(path, private_only=True)
    for path in check_files(checks):
        yield from _code_lines(path)
    for path in sorted(sources.glob("*/*.py")):
        yield from _model_answers(path)


def _model_answers(path: Path) -> Iterator[tuple[Path, int, str]]:
    """The lines of a notebook's source that say what an answer in words should say."""
    inside = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("# %%"):
            inside = False
        if inside:
            yield path, number, line
        inside = inside or line.strip() == f"# {ANSWER}"


def _code_lines(path: Path, private_only: bool = False) -> Iterator[tuple[Path, int, str]]:
    """The lines of a module, docstrings left out; private_only: without public functions."""
    text = path.read_text(encoding="utf-8")
    tree, lines = ast.parse(text, filename=str(path)), text.splitlines()
    skipped: set[int] = set()
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_string(body[0]):
            skipped |= set(range(body[0].lineno, body[0].end_lineno + 1))
    if private_only:
        for node in tree.body:
            if not getattr(node, "name", "_").startswith("_"):
                skipped |= set(range(node.lineno, node.end_lineno + 1))
    for number, line in enumerate(lines, 1):
        if number not in skipped:
            yield path, number, line


def _is_string(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
