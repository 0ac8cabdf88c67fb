"""Look for answers in what ships: solution lines, hidden checks, markers, compiled graders.

Looks into folders, notebooks (metadata and outputs too), wheels and other archives, and compiled
Python. Exits 0 when nothing was found, 1 when something was, 2 when it could not look.
Without PATH: this repository, all but grading/ and the environment.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path, PurePosixPath
from types import CodeType

from grading.errors import GradingError
from grading.leak_lines import CHECKS, Secret, check_files, normalise, read_secrets
from grading.leak_scan import LARGEST, Contents, look_into, walk_code
from grading.settings import REFERENCE, ROOT
from grading.solutions import read_solutions

SUMMARY = "Look for solutions and hidden checks in what students get."

# Of a repository: the instructor's side, the stores of git, hypothesis and nox, the environment.
NOT_SHIPPED = (ROOT / "grading", ROOT / ".git", ROOT / ".hypothesis", ROOT / ".nox")
_MARKER = re.compile(r"\W*#+\s*(BEGIN|END) (SOLUTION|HIDDEN TESTS)\W*")
_BANK = re.compile(r"\[\[(mistake|equivalent)\]\]")
# Sentences on mistakes ship with numbers to know them by (cs231n/check/mistakes.json): no code.
_TOLD = "check/mistakes.json"
_TOLD_KEYS = re.compile(r"\w+(, (says|see|fingerprints(, \d+)?))?")
_TOLD_TEXTS = re.compile(r"\w+, (says|see), line 1")
_GRADER = re.compile(r"(import|from)\s+grading\b|\bgrading\.(checks|reference)\b|\bgrade_cell\(")
_CODE = (".py", ".ipynb", ".pyc", ".json", ".html", ".toml")  # prose may speak of markers
_LONG_ENOUGH = 60  # bytes of a function's compiled code that make it recognisable


@dataclass(frozen=True)
class Finding:
    """Something that must not ship: in which file, at which place, and why it is taken for that."""

    file: str
    place: str
    why: str

    def __str__(self) -> str:
        return f"{self.file}: {self.place + ': ' if self.place else ''}{self.why}"


class Detector:
    """Knows what must not ship, and finds it in the contents of a file."""

    def __init__(self, reference: Path = REFERENCE, checks: Path = CHECKS):
        self.secrets = read_secrets(reference, checks)
        self._compiled = _fingerprints(reference, checks)

    def findings(self, contents: Contents) -> Iterator[Finding]:
        name = contents.name
        parts = re.split(r"[/!]", name)
        if "grading" in parts[:-1]:
            yield Finding(name, "", "a file of grading/, which never ships")
        if contents.problem:
            yield Finding(name, "", f"could not be looked into: {contents.problem}")
        for place, secret in self._secrets_in(contents.texts):
            yield Finding(name, place, f"`{secret.text}` is a line of {secret}")
        if name.endswith(_CODE):
            for place, text in contents.texts:
                if _MARKER.fullmatch(text.strip()):
                    yield Finding(name, place, f"the marker `{text.strip()}` was left in")
                elif _BANK.fullmatch(text.strip()):
                    yield Finding(name, place, f"`{text.strip()}` is of the bank of mistakes")
                elif name.endswith(_TOLD) and not _may_be_told(place, text):
                    yield Finding(name, place, "more than a sentence and its fingerprints")
                elif name.endswith(".ipynb") and _GRADER.search(text):
                    yield Finding(name, place, f"`{text.strip()}` calls the grader")
        for code in contents.codes:
            if "grading" in PurePosixPath(code.co_filename.replace("\\", "/")).parts[:-1]:
                yield Finding(name, code.co_name, f"compiled from {code.co_filename}")
            elif _fingerprint(code) in self._compiled:
                known = self._compiled[_fingerprint(code)]
                yield Finding(name, code.co_name, f"is the compiled form of {known}")

    def _secrets_in(self, texts: list[tuple[str, str]]) -> Iterator[tuple[str, Secret]]:
        """(place, secret) for each secret that stands in the texts, each once a place."""
        lines = [normalise(text) for _, text in texts]
        starts = [0, *accumulate(len(line) + 1 for line in lines)]
        whole = "\n".join(lines)
        for secret in self.secrets:
            found, places = whole.find(secret.needle), set()
            while found >= 0:
                place = texts[bisect_right(starts, found) - 1][0]
                if place not in places and _stands_alone(whole, found, secret.needle):
                    places.add(place)
                    yield place, secret
                found = whole.find(secret.needle, found + 1)


def _may_be_told(place: str, text: str) -> bool:
    """Whether a text in the file of sentences is one, or a key."""
    is_key = place.rpartition(", ")[2] == text
    return bool((_TOLD_KEYS if is_key else _TOLD_TEXTS).fullmatch(place))


def _stands_alone(whole: str, start: int, needle: str) -> bool:
    """Whether the needle is a statement of its own there, not the middle of a longer one."""
    before, after = whole[start - 1 : start], whole[start + len(needle) :][:1]
    return not re.match(r"[\w.)\]]", before) and not re.match(r"[\w.(\[+\-*/@%&|^<>=]", after)


def _fingerprint(code: CodeType) -> tuple:
    return code.co_code, code.co_names, code.co_varnames


def _fingerprints(reference: Path, checks: Path) -> dict[tuple, str]:
    """Compiled form -> name, of every solution and hidden check long enough to be told apart."""
    sources = {s.name: s.source for s in read_solutions(reference).values()}
    sources |= {f"grading/checks/{p.name}": p.read_text("utf-8") for p in check_files(checks)}
    found = {}
    for name, source in sources.items():
        for code in walk_code(compile(source, name, "exec", dont_inherit=True)):
            if len(code.co_code) >= _LONG_ENOUGH and code.co_name not in ("<module>", "__init__"):
                found[_fingerprint(code)] = f"{code.co_name} ({name})"
    return found


def scan(paths: Iterable[Path], detector: Detector | None = None) -> list[Finding]:
    """Everything that must not ship, in these files and folders."""
    detector = detector or Detector()
    return [
        finding
        for path in paths
        for name, file in _files(path)
        for contents in _read(name, file)
        for finding in detector.findings(contents)
    ]


def _files(path: Path) -> Iterator[tuple[str, Path]]:
    """(name relative to path, file) for each file of a folder, or the file itself."""
    if path.is_file():
        yield path.name, path
        return
    if not path.is_dir():
        raise GradingError(f"{path}: there is no such file or folder.")
    for folder, folders, files in os.walk(path):
        here = Path(folder)
        folders[:] = sorted(name for name in folders if not _is_left_out(here / name))
        for name in sorted(files):
            yield (here / name).relative_to(path).as_posix(), here / name


def _is_left_out(path: Path) -> bool:
    path = path.resolve()
    environment = path.parent == ROOT and (path / "pyvenv.cfg").is_file()
    return environment or path in NOT_SHIPPED


def _read(name: str, file: Path) -> Iterator[Contents]:
    if file.is_symlink() and not file.exists():
        yield Contents(name, problem="a link that leads nowhere")
    elif not file.is_file():
        yield Contents(name, problem="not an ordinary file")
    elif file.stat().st_size > LARGEST:
        yield Contents(name, problem=f"larger than {LARGEST // 1_000_000} MB")
    else:
        yield from look_into(name, file.read_bytes())


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="folder or file")


def run(args: argparse.Namespace) -> int:
    paths = args.paths or [ROOT]
    detector = Detector()
    if not detector.secrets:
        raise GradingError("grading/reference and grading/checks hold nothing to look for.")
    findings = scan(paths, detector)
    for finding in findings:
        print(finding)
    looked_for = f"{len(detector.secrets)} lines of solutions and hidden checks looked for"
    if findings:
        files = len({finding.file for finding in findings})
        print(f"{len(findings)} findings in {files} files ({looked_for}).", file=sys.stderr)
        print(
            "A line that is no answer and stands in both places for good reason can be named in "
            "grading/leaks_allowed.txt.",
            file=sys.stderr,
        )
        return 1
    print(f"No leaks found in {', '.join(map(str, paths))} ({looked_for}).")
    return 0
