"""Run notebooks from top to bottom as students do, every demonstration too, and look at what comes.

Each runs twice: as students get it, and solved with the reference solutions. Reported are errors;
in a solved notebook also checks that do not pass and demonstrations that could not run; and
pictures without words for those who do not see them. With --output the pages and pictures are kept,
to be looked at. Exits 0 when there is nothing to report, 1 otherwise, 2 when a notebook is not
there.
"""

from __future__ import annotations

import argparse
import base64
import os
import re
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import nbformat
from nbformat import NotebookNode

from cs231n.language import ENGLISH, known
from grading import build, settings
from grading.errors import GradingError
from grading.notebooks import to_bytes
from grading.sample_class import fill_in, reference_answers
from grading.solutions import read_solutions
from grading.translation import catalogue
from grading.translation.edition import language_of, translated

SUMMARY = "Run notebooks as students do, solved and unsolved (before a term)."
KINDS = ("unsolved", "solved")
CELL_SECONDS = 900
# What a check, a demonstration or a score card says when something is not right.
_TROUBLE = (
    "✗ failed",
    "{function} is not implemented yet.",
    "This cell comes to life once {1} is written.",
    "This demonstration could not run. {1}",
    "Stopped after {1} s: this demonstration should be quicker.",
    "run its check cell",
    "changed since its check: run the check again",
    "to be written",
)
# Words that should not be left in another language: not what Python says, code, or a command.
_ENGLISH = re.compile(r"\b[a-z]{2,} [a-z]{2,} [a-z]{2,}\b")
_PYTHON = re.compile(
    r"\w+(Error|Warning)\b|encountered in|python -m|^ *\d+ |: layer \d+|character \d+:"
)


@dataclass(frozen=True)
class Rehearsal:
    """One run of a notebook. remarks: what is to be mended; executed: the notebook with outputs."""

    assignment: str
    notebook: str
    kind: str
    seconds: float
    executed: NotebookNode
    remarks: list[str]

    @property
    def name(self) -> str:
        return f"{self.notebook}-{self.kind}"


def rehearse(
    folder: Path,
    chosen: list[tuple[str, str]],
    kinds: tuple = KINDS,
    jobs: int = 1,
    language: str = ENGLISH,
) -> Iterator[Rehearsal]:
    """Run notebooks, each beside all the others, as on a student's disk.

    Inputs:
    - folder: an empty folder to lay the course out in
    - chosen: (assignment, notebook) to run
    - kinds: "unsolved", "solved" or both
    - jobs: how many run at a time
    - language: of the notebooks
    """
    released = build.release_all(
        build.instructor_notebooks(build.Sources(), settings.load()), "rehearsal"
    )
    answers = reference_answers(read_solutions(settings.REFERENCE))
    for kind in kinds:
        for assignment, notebooks in released.items():
            place = folder / kind / assignment
            place.mkdir(parents=True)
            for name, notebook in notebooks.items():
                shown = fill_in(notebook, answers) if kind == "solved" else notebook
                shown = shown if language == ENGLISH else translated(name, shown, language)
                (place / f"{name}.ipynb").write_bytes(to_bytes(shown))
    runs = [(folder, kind, *one) for kind in kinds for one in chosen]
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        yield from pool.map(_run, *zip(*runs, strict=True))


def _run(folder: Path, kind: str, assignment: str, name: str) -> Rehearsal:
    from nbclient import NotebookClient

    place = folder / kind / assignment
    notebook = nbformat.read(place / f"{name}.ipynb", as_version=4)
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        allow_errors=True,
        resources={"metadata": {"path": str(place)}},
    )
    paths = filter(None, [str(settings.ROOT), os.environ.get("PYTHONPATH")])
    start = monotonic()
    client.execute(env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)})
    return Rehearsal(
        assignment, name, kind, monotonic() - start, notebook, list(remarks(notebook, kind))
    )


def remarks(notebook: NotebookNode, kind: str) -> Iterator[str]:
    """What is to be mended in a notebook that was run, a sentence each."""
    language = language_of(notebook)
    trouble = re.compile("|".join(["Warning: ", *map(re.escape, _signs_of_trouble(language))]))
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                yield f"{cell.id}: {output.ename}: {output.evalue}"
            lines = _text(output).splitlines()
            if kind == "solved":
                yield from (f"{cell.id}: {line}" for line in lines if trouble.search(line))
            if language != ENGLISH:
                lines += re.findall(r'alt="([^"]*)"', output.get("data", {}).get("text/html", ""))
                left = (x for x in lines if _ENGLISH.search(x) and not _PYTHON.search(x))
                yield from (f"{cell.id}: left in English: {line}" for line in left)
            if "image/png" in output.get("data", {}) and 'alt="' not in output.data.get(
                "text/html", ""
            ):
                yield f"{cell.id}: a picture without words (vis.describe)"
            elif 'alt="A picture"' in output.get("data", {}).get("text/html", ""):
                yield f"{cell.id}: a picture that nothing is said of (vis.describe)"


def _text(output: NotebookNode) -> str:
    return output.get("text", "") or output.get("data", {}).get("text/plain", "")


def _signs_of_trouble(language: str) -> list[str]:
    """Of what is said in trouble, the longest part that is always the same."""
    known = {} if language == ENGLISH else catalogue.texts(language, "messages")
    said = (known.get(("", text), text) for text in _TROUBLE)
    return [max(re.split(r"\{\w+\}", text), key=len).strip(" .。") for text in said]


def keep(rehearsal: Rehearsal, output: Path) -> None:
    """Write a run's page, and its pictures as files that begin with the page's name."""
    from nbconvert import HTMLExporter

    output.mkdir(parents=True, exist_ok=True)
    page, _ = HTMLExporter().from_notebook_node(rehearsal.executed)
    (output / f"{rehearsal.name}.html").write_text(page, encoding="utf-8")
    count = 0
    for cell in rehearsal.executed.cells:
        for shown in cell.get("outputs", []):
            if "image/png" in shown.get("data", {}):
                count += 1
                path = output / f"{rehearsal.name}-{count:02}-{cell.id}.png"
                path.write_bytes(base64.b64decode(shown.data["image/png"]))


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "notebooks", nargs="*", metavar="NOTEBOOK", help="such as 2_convolution (default: all)"
    )
    parser.add_argument("--only", choices=KINDS, help="run them in this form alone")
    parser.add_argument(
        "--language", choices=known(), default=ENGLISH, help="of the notebooks (default: en)"
    )
    parser.add_argument("--output", type=Path, metavar="DIR", help="keep pages and pictures here")
    parser.add_argument(
        "--jobs", type=int, default=1, metavar="N", help="how many run at a time (default: 1)"
    )


def run(args: argparse.Namespace) -> int:
    every = [(a, n) for a, names in build.assignments().items() for n in names]
    unknown = set(args.notebooks) - {name for _, name in every}
    if unknown:
        there = ", ".join(name for _, name in every)
        raise GradingError(
            f"There is no notebook {', '.join(sorted(unknown))}. There are: {there}."
        )
    if args.jobs < 1:
        raise GradingError(f"--jobs should be 1 or more, not {args.jobs}.")
    chosen = [one for one in every if not args.notebooks or one[1] in args.notebooks]
    found = 0
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as folder:
        kinds = (args.only,) if args.only else KINDS
        for rehearsal in rehearse(Path(folder), chosen, kinds, args.jobs, args.language):
            print(
                f"{rehearsal.notebook:22} {rehearsal.kind:9} {rehearsal.seconds:6.1f} s", flush=True
            )
            for remark in rehearsal.remarks:
                print(f"    {remark}", flush=True)
            found += len(rehearsal.remarks)
            if args.output:
                keep(rehearsal, args.output)
    print(f"{found} remark{'s' * (found != 1)}." if found else "All of them run clean.")
    return 1 if found else 0
