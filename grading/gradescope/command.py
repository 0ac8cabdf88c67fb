"""Make the archive that Gradescope runs as an autograder for an assignment.

Upload it there under Configure Autograder. It holds the hidden checks and the solutions: it is for
instructors only. Students' code runs in the container as a user that can read neither the checks
nor the results; where that cannot be had, nothing is graded and the reason is in the output that
instructors see. What students are shown of the hidden checks is what feedback pages show.
"""

from __future__ import annotations

import argparse
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from nbformat import NotebookNode

from grading import build, files
from grading.checks.core import course_secret
from grading.errors import GradingError
from grading.needs import need_nbgrader
from grading.notebooks import to_bytes
from grading.options import add_assignment
from grading.publishing.contents import NEVER, repository_files
from grading.releases import store
from grading.settings import ROOT, course_folder

SUMMARY = "Make the autograder archive of an assignment for Gradescope."
VISIBILITIES = ("visible", "after_due_date", "after_published", "hidden")
SCRIPTS = ("run_autograder", "setup.sh")
# What the grader needs beside the notebooks, and what of it stays here.
KIT = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "cs231n", "grading")
NOT_NEEDED = ("cs231n/tests", "grading/tests", "grading/sample_class", "grading/published",
              "grading/variants", "grading/coordinator",
              "grading/course", "grading/work")  # fmt: skip
_DATE = (2020, 1, 1, 0, 0, 0)  # the same course gives the same archive


@dataclass(frozen=True)
class Options:
    """minutes: after which Gradescope ends the container; visibility: of the tests' results

    secret: of the course; the same secret gives the same scores
    """

    assignment: str
    minutes: float = 10
    visibility: str = "after_published"
    secret: str = ""


def archive(
    options: Options,
    released: Mapping[str, NotebookNode],
    instructor: Mapping[str, NotebookNode],
    root: Path = ROOT,
    earlier: Mapping[str, Mapping[str, bytes]] | None = None,
) -> bytes:
    """The archive as bytes: two scripts, the notebooks, and the kit without what is not needed.

    earlier: notebook's name -> name of an earlier release -> the notebook as it was then
    """
    here = Path(__file__).parent
    content = {name: (here / name).read_bytes() for name in SCRIPTS}
    content["assignment.json"] = json.dumps(asdict(options), indent=2).encode()
    texts = {n: {k: v.decode() for k, v in some.items()} for n, some in (earlier or {}).items()}
    content["earlier.json"] = json.dumps(texts, indent=1).encode()
    for folder, notebooks in (("released", released), ("instructor", instructor)):
        for name, notebook in notebooks.items():
            content[f"{folder}/{name}.ipynb"] = to_bytes(notebook)
    for path in repository_files(root, new=True):
        if _is_needed(path) and (root / path).is_file() and not (root / path).is_symlink():
            content[f"kit/{path}"] = (root / path).read_bytes()
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in sorted(content.items()):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100755 if name in SCRIPTS else 0o100644) << 16
            file.writestr(entry, data)
    return made.getvalue()


def _is_needed(path: PurePosixPath) -> bool:
    kept_here = any(path.is_relative_to(folder) for folder in NOT_NEEDED)
    product = any(fnmatch(part, pattern) for part in path.parts for pattern in NEVER)
    return path.parts[0] in KIT and not kept_here and not product


def points(instructor: Mapping[str, NotebookNode]) -> float:
    """The assignment's points, those for answers in words included."""
    about = [c.metadata.get("nbgrader", {}) for nb in instructor.values() for c in nb.cells]
    return float(sum(cell.get("points", 0) for cell in about if cell.get("grade")))


def configure(parser: argparse.ArgumentParser) -> None:
    add_assignment(parser)
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="default: ASSIGNMENT-autograder.zip"
    )
    parser.add_argument(
        "--visibility",
        choices=VISIBILITIES,
        default="after_published",
        help="when students see scores and messages of the hidden checks (default: "
        "after_published; `visible` lets them try until everything passes)",
    )
    parser.add_argument(
        "--minutes",
        type=_minutes,
        default=10,
        metavar="N",
        help="the time limit that the assignment has on Gradescope (default: 10, as there)",
    )


def _minutes(text: str) -> float:
    number = float(text)
    if not 2 <= number <= 600:
        raise argparse.ArgumentTypeError(f"expected minutes from 2 to 600, not {text}")
    return number


def run(args: argparse.Namespace) -> int:
    need_nbgrader()
    name = args.assignment
    known = build.assignments()
    if name not in known:
        raise GradingError(f"The course has no {name}. It has: {', '.join(known) or 'none'}.")
    output = args.output or Path(f"{name}-autograder.zip")
    if not output.parent.is_dir():
        raise GradingError(f"--output {output}: the folder {output.parent} does not exist.")
    released = {n: build.student_notebook(name, n) for n in known[name]}
    instructor = {n: build.instructor_notebook(name, n) for n in known[name]}
    options = Options(name, args.minutes, args.visibility, course_secret())
    today = {n: to_bytes(notebook) for n, notebook in released.items()}
    earlier = store.earlier(course_folder(), name, today)
    data = archive(options, released, instructor, earlier=earlier)
    files.write_all({output: data})
    print(f"{output}: {len(data) / 1e6:.1f} MB. It holds the solutions: for instructors only.")
    print(
        f"On Gradescope: a programming assignment with {points(instructor):g} points, a container "
        f"of at least 2 GB, a time limit of {args.minutes:g} minutes; upload the file under "
        "Configure Autograder."
    )
    return 0
