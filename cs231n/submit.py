"""Put an assignment's notebooks into one archive to hand in.

Looks first whether every notebook is there, whole, and saved after it was run, and names what is
not written yet. The archive is written only when nothing is missing (or with --anyway), and never
over another file (but with --force). Exit codes: 0 written, 1 something is missing, 2 could not
do it.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import os
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cs231n.cell_code import without_magics

ASSIGNMENTS = {
    "assignment1": ("1_fully_connected", "2_convolution", "3_pooling", "4_normalization"),
    "assignment2": ("5_im2col", "6_fc_to_conv"),
    "assignment3": ("7_architectures", "8_case_studies", "9_train_convnet"),
}
_ANSWER = "YOUR ANSWER HERE"


class CannotSubmit(Exception):
    """Why nothing can be handed in, with what to do."""


@dataclass
class Notebook:
    """What was found of one notebook: `missing` stands in the way, `open` is not written yet."""

    name: str
    content: bytes = b""
    missing: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)


def look_at(folder: Path, name: str) -> Notebook:
    """Read a notebook and note what is missing in it."""
    found, path = Notebook(name), folder / f"{name}.ipynb"
    try:
        found.content = path.read_bytes()
    except FileNotFoundError:
        found.missing.append(f"it is not in {folder}")
        return found
    except OSError as problem:
        found.missing.append(f"it cannot be read ({problem.strerror})")
        return found
    try:
        cells = json.loads(found.content)["cells"]
        codes = [c for c in cells if c["cell_type"] == "code" and _source(c).strip()]
        texts = [_source(c) for c in cells if c["cell_type"] == "markdown"]
    except (ValueError, KeyError, TypeError):
        found.missing.append("the file is damaged: open it in JupyterLab, and save it again")
        return found
    if not codes:
        found.missing.append("it is empty: no cell holds any code")
        return found
    checks = [c for c in codes if _source(c).lstrip().startswith("check.")]
    idle = sum(not c.get("execution_count") for c in checks or codes)
    if idle:
        found.missing.append(
            f"{idle} of {len(checks or codes)} check cells have no result: run all cells, then save"
        )
    found.open = [*_stubs(map(_source, codes)), *["a question"] * sum(_ANSWER in t for t in texts)]
    return found


def _source(cell: dict) -> str:
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def _stubs(sources: Iterator[str]) -> list[str]:
    """Functions that only say that they are not written; a later one of the same name counts."""
    stubs: dict[str, bool] = {}
    for source in sources:
        try:
            tree = ast.parse(without_magics(source))
        except (SyntaxError, ValueError):
            continue
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                stubs[node.name] = any(map(_says_not_written, ast.walk(node)))
    return [name for name, is_stub in stubs.items() if is_stub]


def _says_not_written(node: ast.AST) -> bool:
    if not isinstance(node, ast.Raise) or node.exc is None:
        return False
    raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"


def which_assignment(folder: Path) -> str:
    """The assignment whose notebooks are in a folder; CannotSubmit where it cannot be told."""
    there = [
        assignment
        for assignment, names in ASSIGNMENTS.items()
        if any((folder / f"{name}.ipynb").is_file() for name in names)
    ]
    if len(there) == 1:
        return there[0]
    if there:
        raise CannotSubmit(f"{folder} has notebooks of {' and '.join(there)}: name one of them.")
    names = ", ".join(f"{name}.ipynb" for names in ASSIGNMENTS.values() for name in names)
    raise CannotSubmit(f"{folder} has no notebook of the course. It looks for {names}.")


def write_archive(path: Path, notebooks: list[Notebook], force: bool = False) -> str:
    """Write the archive, whole or not at all; the same notebooks give the same bytes.

    Returns its SHA-256. Raises CannotSubmit where the file is there already.
    """
    if path.exists() and not force:
        raise CannotSubmit(f"{path} is there already. Name another with --output, or add --force.")
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w") as archive:
            for notebook in notebooks:
                member = zipfile.ZipInfo(f"{notebook.name}.ipynb")  # dated 1980
                member.compress_type = zipfile.ZIP_DEFLATED
                member.external_attr = 0o644 << 16
                archive.writestr(member, notebook.content)
        digest = hashlib.sha256(Path(draft).read_bytes()).hexdigest()
        os.chmod(draft, 0o644)
        os.replace(draft, path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    return digest


def submit(args: argparse.Namespace) -> int:
    """Look, tell, and write the archive. Returns the exit code."""
    if not args.folder.is_dir():
        raise CannotSubmit(f"{args.folder} is not a folder. Name the one with your notebooks.")
    assignment = args.assignment or which_assignment(args.folder)
    notebooks = [look_at(args.folder, name) for name in ASSIGNMENTS[assignment]]
    print(f"{assignment}:")
    for notebook in notebooks:
        size = f"{len(notebook.content) / 1000:.0f} kB" if notebook.content else "missing"
        print(f"  {notebook.name}.ipynb   {size}")
        for problem in notebook.missing:
            print(f"      ✗ {problem}")
        if notebook.open:
            print(f"      not written yet: {', '.join(notebook.open)}")
    missing = any(notebook.missing for notebook in notebooks)
    if missing and not args.anyway:
        print(
            "Nothing was written. Mend what is marked ✗, or add --anyway to hand in what is there."
        )
        return 1
    there = [notebook for notebook in notebooks if notebook.content]
    if not there:
        raise CannotSubmit("There is nothing to hand in.")
    path = args.output or Path(f"{assignment}.zip")
    if not path.parent.is_dir():
        raise CannotSubmit(f"{path}: the folder {path.parent} does not exist.")
    digest = write_archive(path, there, args.force)
    print(f"Wrote {path}: {len(there)} notebooks, SHA-256 {digest}")
    return 1 if missing else 0


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m cs231n.submit",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", nargs="?", type=Path, default=Path("."), metavar="FOLDER",
                        help="the folder with your notebooks (default: this one)")  # fmt: skip
    parser.add_argument("--assignment", choices=ASSIGNMENTS, help="where it cannot be told")
    parser.add_argument("--output", type=Path, metavar="FILE", help="default: ASSIGNMENT.zip")
    parser.add_argument("--force", action="store_true", help="replace a file that is there already")
    parser.add_argument(
        "--anyway", action="store_true", help="write it though something is missing"
    )
    try:
        return submit(parser.parse_args(argv))
    except (CannotSubmit, OSError) as problem:
        print(problem, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Interrupted: nothing was written.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
