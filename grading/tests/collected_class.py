"""A small course to collect into, and archives as platforms and students make them."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

from nbformat.v4 import new_code_cell, new_notebook

from grading import __main__
from grading.notebooks import to_bytes

WEEK = "week1"
NAMES = ("1_layers", "2_convolution")
ROSTER = """\
id,first_name,last_name,email,lms_user_id
ada,Ada,Lovelace,ada@example.edu,101
jose,José,Núñez,jose@example.edu,102
kim,Min-ji,Kim,kim@example.edu,103
mac,Ian,O'Brien-Smith,mac@example.edu,104
"""


def notebook(name: str, answer: str = "") -> bytes:
    """One of the course's notebooks, with something written into it."""
    cells = [f"def {name[2:]}_{part}(x):\n    {answer or 'pass'}" for part in ("forward", "back")]
    nb = new_notebook(cells=[new_code_cell(text, id=f"c{n}") for n, text in enumerate(cells)])
    return to_bytes(nb)


def both(answer: str) -> dict[str, bytes]:
    return {f"{name}.ipynb": notebook(name, answer) for name in NAMES}


def zipped(files: dict, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive; a key may be a ZipInfo."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return packed.getvalue()


class Class:
    """A course folder with a roster, and the command."""

    def __init__(self, root: Path):
        self.root, self.course = root, root / "course"
        release = self.course / "release" / WEEK
        release.mkdir(parents=True)
        for name in NAMES:
            (release / f"{name}.ipynb").write_bytes(notebook(name))
        self.roster = root / "roster.csv"
        self.roster.write_text(ROSTER, encoding="utf-8")

    def archive(self, files: dict, name: str = "submissions.zip") -> Path:
        path = self.root / name
        path.write_bytes(zipped(files))
        return path

    def folder(self, files: dict, name: str = "folder") -> Path:
        for path, data in files.items():
            (self.root / name / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name / path).write_bytes(data)
        return self.root / name

    def collect(self, *words) -> int:
        """Run the command; its rows are then in self.rows, by student or by what is unknown."""
        import csv

        report = self.root / "report.csv"
        words = [WEEK, *words, "--course", self.course, "--report", report]
        if "--roster" not in words:
            words += ["--roster", self.roster]
        code = __main__.main(["collect", *map(str, words)])
        if report.exists():
            with report.open(encoding="utf-8-sig", newline="") as file:
                self.rows = {r["student"] or r["from"]: r for r in csv.DictReader(file)}
            report.unlink()
        return code

    def submitted(self, student: str) -> Path:
        return self.course / "submitted" / student / WEEK

    def files(self, student: str) -> dict[str, bytes]:
        return files_in(self.submitted(student))

    def answer(self, student: str, name: str = NAMES[0]) -> str:
        """What the student wrote into a notebook that was collected."""
        text = json.loads((self.submitted(student) / f"{name}.ipynb").read_bytes())
        return "".join(text["cells"][0]["source"]).partition("\n")[2].strip()

    def status(self, student: str) -> str:
        return self.rows[student]["status"]


def files_in(folder: Path) -> dict[str, bytes]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
