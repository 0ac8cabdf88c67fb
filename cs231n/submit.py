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
import re
import sys
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from cs231n.cell_code import parse, without_magics
from cs231n.language import say
from cs231n.notebooks import in_folder

ASSIGNMENTS = {
    "assignment1": ("1_fully_connected", "2_convolution", "3_pooling", "4_normalization"),
    "assignment2": ("5_im2col", "6_fc_to_conv"),
    "assignment3": ("7_architectures", "8_case_studies", "9_train_convnet"),
}
RUN_ALL = "run all cells, then save"
_ANSWER = "YOUR ANSWER HERE"
_FAILED = re.compile(r"^\w+: (\d+) of (\d+) checks passed", re.MULTILINE)


class CannotSubmit(Exception):
    """Why nothing can be handed in, with what to do."""


@dataclass
class Notebook:
    """What was found of one notebook: `missing` stands in the way, `open` is not written yet."""

    name: str
    file: str = ""
    content: bytes = b""
    missing: list[str] = field(default_factory=list)
    failing: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)


def look_at(folder: Path, name: str) -> Notebook:
    """Read a notebook and note what is missing in it."""
    found, path = Notebook(name), in_folder(folder, name)
    if path is None:
        found.missing.append(f"it is not in {folder}")
        return found
    found.file = path.name
    try:
        found.content = path.read_bytes()
    except OSError as problem:
        found.missing.append(f"it cannot be read ({problem.strerror})")
        return found
    try:
        cells = json.loads(found.content)["cells"]
        codes = [_Code(c) for c in cells if c["cell_type"] == "code" and _source(c).strip()]
        texts = [_source(c) for c in cells if c["cell_type"] == "markdown"]
    except (ValueError, KeyError, TypeError, AttributeError):
        found.missing.append("the file is damaged: open it in JupyterLab, and save it again")
        return found
    if not codes:
        found.missing.append("it is empty: no cell holds any code")
        return found
    checks = [code for code in codes if code.is_check]
    idle = sum(not code.count for code in checks or codes)
    if idle:
        found.missing.append(
            f"{idle} of {len(checks or codes)} check cells have no result: {RUN_ALL}"
        )
    # A later definition of a name takes the place of an earlier one.
    latest = {name: (code, is_stub) for code in codes for name, is_stub in code.defines.items()}
    stale = [name for name, (code, stub) in latest.items() if _is_stale(name, code, stub, checks)]
    if stale:
        found.missing.append(f"changed after the last check of {', '.join(stale)}: {RUN_ALL}")
    found.failing = [code.says for code in checks if code.says]
    found.open = [name for name, (_, is_stub) in latest.items() if is_stub]
    found.open += ["a question"] * sum(_ANSWER in text for text in texts)
    return found


class _Code:
    """A code cell: what it defines and uses, when it ran, what its check said."""

    def __init__(self, cell: dict):
        source = _source(cell)
        self.count = cell.get("execution_count") or 0
        self.is_check = source.lstrip().startswith("check.")
        outputs = [_said(output) for output in cell.get("outputs", [])]
        self.not_written = any("is not implemented yet" in text for text in outputs)
        failed = (_FAILED.search(text) for text in outputs)
        self.says = next((found[0] for found in failed if found and found[1] != found[2]), "")
        tree = parse(without_magics(source)) or ast.Module([], [])
        self.uses = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        self.defines = {
            node.name: any(map(_says_not_written, ast.walk(node)))
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.ClassDef)
        }


def _is_stale(name: str, code: _Code, is_stub: bool, checks: list[_Code]) -> bool:
    """Whether a definition was run after its last check, never, or written since."""
    ran = [check for check in checks if name in check.uses and check.count]
    if not ran or (is_stub and not code.count):
        return False
    last = max(ran, key=lambda check: check.count)
    return not code.count or code.count > last.count or (last.not_written and not is_stub)


def _said(output: dict) -> str:
    """The text of an output."""
    text = output.get("text") or output.get("data", {}).get("text/plain", "")
    text = text if isinstance(text, str) else "".join(text)
    # A check in another language says beside it what it would be in English.
    about = output.get("metadata", {}).get("cs231n", {})
    return f"{about['said']}\n{text}" if isinstance(about.get("said"), str) else text


def _source(cell: dict) -> str:
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


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
        if any(in_folder(folder, name) for name in names)
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
    say(f"{assignment}:")
    for notebook in notebooks:
        size = f"{len(notebook.content) / 1000:.0f} kB" if notebook.content else "missing"
        renamed = notebook.file and notebook.file != f"{notebook.name}.ipynb"
        copy = f"   (from {notebook.file})" if renamed else ""
        say(f"  {notebook.name}.ipynb   {size}{copy}")
        for problem in notebook.missing:
            say(f"      ✗ {problem}")
        for failing in notebook.failing:
            say(f"      {failing}")
        if notebook.open:
            say(f"      not written yet: {', '.join(notebook.open)}")
    missing = any(notebook.missing for notebook in notebooks)
    if missing and not args.anyway:
        say("Nothing was written. Mend what is marked ✗, or add --anyway to hand in what is there.")
        return 1
    there = [notebook for notebook in notebooks if notebook.content]
    if not there:
        raise CannotSubmit("There is nothing to hand in.")
    path = args.output or Path(f"{assignment}.zip")
    if not path.parent.is_dir():
        raise CannotSubmit(f"{path}: the folder {path.parent} does not exist.")
    digest = write_archive(path, there, args.force)
    say(f"Wrote {path}: {len(there)} notebooks, SHA-256 {digest}")
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
        say(str(problem), sys.stderr)
        return 2
    except KeyboardInterrupt:
        say("Interrupted: nothing was written.", sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
