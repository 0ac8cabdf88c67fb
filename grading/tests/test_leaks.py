"""The leak check: each way in which an answer could ship is planted, and must be found."""

from __future__ import annotations

import base64
import gzip
import io
import json
import marshal
import os
import py_compile
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from grading import __main__ as command
from grading import leaks
from grading.errors import GradingError
from grading.leak_lines import is_distinctive, normalise, read_allowed, read_secrets
from grading.publishing.contents import student_files
from grading.settings import ROOT

REFERENCE = '''\
"""Solutions."""


def relu_forward(x):
    """Zero for what is negative.

    A line of the docstring, which students get to read.
    """
    kept = x * (x > 0)  # nothing below zero
    for n in range(N):
        pass
    # This remark is long enough to be known again wherever it turns up.
    return kept + 0.0 * x.sum()


class Net:
    """A class."""

    def loss(self, X):
        given_to_students = self.params["W1"] * 2
        ### BEGIN SOLUTION
        return given_to_students * X.std(axis=3)
        ### END SOLUTION


def _private(x):
    secret_helper = x ** 3 + 1
    return secret_helper
'''

CHECKS = '''\
"""Hidden."""
from grading.checks.core import close

@relu.check("negative input")
def _(f, rng):
    hidden_case = rng.standard_normal((3, 1, 7))
    expected = reference.relu_forward(hidden_case)[0]
    for _ in range(2):
        got = f.relu_forward(hidden_case) - expected * 1.5
    return close(got, expected * 2.0, hint="look below zero", tolerance=1e-9)
'''

GIVEN = 'given_to_students = self.params["W1"] * 2'
LINE = "kept = x * (x > 0)"
HIDDEN = "hidden_case = rng.standard_normal((3, 1, 7))"


@pytest.fixture
def detector(tmp_path):
    (tmp_path / "reference").mkdir()
    (tmp_path / "reference" / "relu.py").write_text(REFERENCE)
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "relu.py").write_text(CHECKS)
    return leaks.Detector(tmp_path / "reference", tmp_path / "checks")


@pytest.fixture
def tree(tmp_path):
    folder = tmp_path / "ships"
    folder.mkdir()
    (folder / "README.md").write_text("Fill in relu_forward. Zero for what is negative.\n")
    return folder


def scan(tree, detector):
    return [str(finding) for finding in leaks.scan([tree], detector)]


def notebook(source="", **changes) -> dict:
    cell = {"cell_type": "code", "id": "relu", "source": source, "metadata": {}, "outputs": []}
    return {"cells": [cell | changes], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def test_clean_tree_is_clean(tree, detector):
    stub = "def relu_forward(x):\n    raise NotImplementedError('not implemented yet')\n"
    (tree / "a.ipynb").write_text(json.dumps(notebook(stub)))
    (tree / "a.py").write_text(f"for n in range(N):\n    pass\nx, w, b = cache\n{GIVEN}\n")
    (tree / "core.py").write_text("from grading.checks.core import close\n")
    assert scan(tree, detector) == []


@pytest.mark.parametrize(
    "line",
    [
        LINE,
        f"        {LINE}  # copied",
        "kept=x*(x>0)",
        f"# {LINE}",
        f"> `{LINE}`",
        f"answer = '{LINE}'",
        f'print("a\\n    {LINE}\\n")',
        "<pre>kept = x * (x &gt; 0)</pre>",
        "# this: This remark is long enough to be known again wherever it turns up.",
        "secret_helper = x ** 3 + 1",
        "return given_to_students * X.std(axis=3)",
        HIDDEN,
        "return close(got, expected * 2.0, hint='look below zero', tolerance=1e-9)",
    ],
)
def test_answer_in_a_text_file_is_found_however_it_is_laid_out(tree, detector, line):
    (tree / "notes.md").write_text(f"first\n{line}\n")
    (found,) = set(scan(tree, detector))
    assert found.startswith("notes.md: line 2: ")
    assert "/relu.py:" in found


def test_longer_statement_that_contains_the_letters_is_no_leak(tree, detector):
    (tree / "a.py").write_text(f"my{LINE}\n{LINE} + 1\n{LINE}.sum()\n")
    assert scan(tree, detector) == []


@pytest.mark.parametrize(
    ("planted", "place"),
    [
        (notebook(f"a = 1\n{LINE}"), "cell 1 (relu), source, line 2"),
        (notebook(metadata={"old": [LINE]}), "cell 1 (relu), metadata, old, line 1"),
        (notebook(metadata={LINE: 1}), "cell 1 (relu), metadata, " + LINE),
        (
            notebook(outputs=[{"output_type": "stream", "name": "stdout", "text": [LINE + "\n"]}]),
            "cell 1 (relu), outputs, text, line 1",
        ),
        (
            notebook(outputs=[{"output_type": "error", "traceback": ["---> 3 " + LINE]}]),
            "cell 1 (relu), outputs, traceback, line 1",
        ),
        (
            notebook(outputs=[{"data": {"text/html": "<b>\n kept = x * (x &gt; 0)</b>"}}]),
            "cell 1 (relu), outputs, data, text/html, line 2",
        ),
        (
            {**notebook(), "metadata": {"backup": {"x": f"b\n{LINE}"}}},
            "metadata, backup, x, line 2",
        ),
    ],
)
def test_answer_in_any_part_of_a_notebook_is_found_with_its_place(tree, detector, planted, place):
    (tree / "a.ipynb").write_text(json.dumps(planted))
    (found,) = scan(tree, detector)
    assert found.startswith(f"a.ipynb: {place}: ")


@pytest.mark.parametrize(
    "source",
    [
        "### BEGIN HIDDEN TESTS",
        "x = 1\n    ### END SOLUTION",
        "import grading.checks",
        'grading.checks.grade_cell("relu", globals(), points=2)',
        "from grading.reference import relu",
    ],
)
def test_markers_and_calls_of_the_grader_left_in_a_notebook_are_found(tree, detector, source):
    (tree / "a.ipynb").write_text(json.dumps(notebook(source)))
    assert scan(tree, detector)


def test_prose_may_speak_of_markers_and_of_the_grader(tree, detector):
    (tree / "docs.md").write_text("### BEGIN SOLUTION\nimport grading.checks\n")
    assert scan(tree, detector) == []


def zipped(name: str, data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, data)
    return file.getvalue()


def tarred(name: str, data: bytes, mode: str = "w:gz") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:
        member = tarfile.TarInfo(name)
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return file.getvalue()


# Each has a name of its own: archives hold the time they were made, and a name must not change.
PACKED = {
    "zip": zipped("a.py", LINE.encode()),
    "tar.gz": tarred("a.py", LINE.encode()),
    "tar": tarred("a.py", LINE.encode(), "w"),
    "tar.bz2": tarred("a.py", LINE.encode(), "w:bz2"),
    "tar.xz": tarred("a.py", LINE.encode(), "w:xz"),
    "gz": gzip.compress(LINE.encode()),
    "wheel in tar in zip": zipped("in.tar.gz", tarred("in.whl", zipped("a.py", LINE.encode()))),
    "name in zip": zipped("grading/reference/relu.py", b"x = 1"),
    "name in tar": tarred("kit-1.0/grading/__pycache__/build.cpython-311.pyc", b""),
    "utf-16": LINE.encode("utf-16"),
    "binary": b"\0\1\2" * 99 + LINE.encode() + b"\0",
}


@pytest.mark.parametrize("data", PACKED.values(), ids=PACKED.keys())
def test_answer_packed_in_archives_or_binary_files_is_found(tree, detector, data):
    (tree / "package.whl").write_bytes(data)
    (found,) = {finding.split(": ")[0] for finding in scan(tree, detector)}
    assert found.startswith("package.whl")


def compiled(tmp_path, source: str, file: str) -> bytes:
    path = tmp_path / "source.py"
    path.write_text(source)
    out = py_compile.compile(str(path), cfile=str(tmp_path / "x.pyc"), dfile=file, doraise=True)
    return Path(out).read_bytes()


@pytest.mark.parametrize(
    ("source", "file", "why"),
    [
        ("x = 1", "/somewhere/grading/checks/relu.py", "compiled from"),
        (REFERENCE, "other.py", "is the compiled form of relu_forward"),
        (CHECKS, "other.py", "is the compiled form of"),
        (f"ANSWER = {LINE!r}", "other.py", "is a line of"),
    ],
)
def test_compiled_answer_is_found(tmp_path, tree, detector, source, file, why):
    (tree / "x.pyc").write_bytes(compiled(tmp_path, source, file))
    assert any(why in finding for finding in scan(tree, detector))


def test_innocent_compiled_module_is_clean(tmp_path, tree, detector):
    (tree / "x.pyc").write_bytes(compiled(tmp_path, "def f(x):\n    return x + 1\n", "f.py"))
    assert scan(tree, detector) == []


def test_file_that_cannot_be_looked_into_is_not_called_clean(tree, detector):
    (tree / "old.pyc").write_bytes(b"\x03\xf3\r\n" + b"\0" * 12 + marshal.dumps("x"))
    (tree / "broken.zip").write_bytes(zipped("a", b"x" * 99)[:60])
    (tree / "broken.gz").write_bytes(gzip.compress(os.urandom(99))[:50])
    deep = b"x"
    for _ in range(9):
        deep = zipped("d.zip", deep)
    (tree / "deep.zip").write_bytes(deep)
    (tree / "broken.ipynb").write_text("{")
    (tree / "nowhere").symlink_to(tree / "missing")
    found = scan(tree, detector)
    assert len(found) == 6
    assert all("could not be looked into" in finding for finding in found)


def test_pictures_do_not_raise_a_false_alarm(tree, detector):
    picture = base64.b64encode(bytes(range(256)) * 40).decode()
    cell = notebook(outputs=[{"data": {"image/png": picture}}])
    (tree / "a.ipynb").write_text(json.dumps(cell))
    assert scan(tree, detector) == []


def test_lines_anybody_would_write_prove_nothing():
    for line in [
        "for n in range(N):",
        "N, C, H, W = x.shape",
        "x, w, b, conv_param = cache",
        "return out, cache",
        'stride, pad = conv_param["stride"], conv_param["pad"]',
        "out = np.zeros((N, F, H_out, W_out))",
        "dx = np.zeros_like(x)",
        "import numpy as np",
    ]:
        assert not is_distinctive(normalise(line)), line
    for line in ["dx = dout * (x > 0)", "out = x.reshape(N, -1) @ w + b", "dx[i, j] += dout[i]"]:
        assert is_distinctive(normalise(line)), line


TOLD = {"relu_forward": [{"says": "A sentence.", "see": "a section", "fingerprints": {"3": [0.1]}}]}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, False),
        ({"change": ["old", "new"]}, True),
        ({"says": "Two lines.\nout = np.minimum(x, 0)"}, True),
        ({"fingerprints": {"3": [0.1, "out = np.minimum(x, 0)"]}}, True),
        ({"fingerprints": {"code": [0.1]}}, True),
        ({"says": LINE}, True),
    ],
)
def test_of_known_mistakes_sentences_and_numbers_ship_and_no_code(tree, detector, change, found):
    told = {"relu_forward": [TOLD["relu_forward"][0] | change]}
    path = tree / "check" / "mistakes.json"
    path.parent.mkdir()
    path.write_text(json.dumps(told))
    assert bool(scan(tree, detector)) is found


def test_a_file_of_the_bank_is_found_under_any_name(tree, detector):
    (tree / "2_convolution.toml").write_text('[[mistake]]\nname = "a"\n')
    (found,) = scan(tree, detector)
    assert "bank of mistakes" in found


def test_exit_codes_are_true(tree, capsys, monkeypatch, detector):
    monkeypatch.setattr(leaks, "Detector", lambda: detector)
    assert command.main(["leaks", str(tree)]) == 0
    (tree / "a.py").write_text(LINE)
    assert command.main(["leaks", str(tree)]) == 1
    assert command.main(["leaks", str(tree / "a.py")]) == 1
    assert command.main(["leaks", str(tree / "missing")]) == 2
    assert "no such file or folder" in capsys.readouterr().err
    with pytest.raises(GradingError):
        leaks.scan([tree / "missing"], detector)


def test_what_this_repository_gives_to_students_holds_no_answers():
    detector = leaks.Detector()
    found = []
    for path in student_files():
        for contents in leaks.look_into(str(path), (ROOT / path).read_bytes()):
            found += map(str, detector.findings(contents))
    assert found == []


def test_every_line_let_through_by_name_is_still_needed(tmp_path):
    needles = {secret.needle for secret in read_secrets(allowed=tmp_path / "none")}
    assert sorted(read_allowed() - needles) == []


@pytest.mark.parametrize("kind", ["sdist", "wheel"])
def test_package_built_beside_the_answers_holds_none_of_them(tmp_path, kind):
    """Built from a copy of the whole repository, grading/ included, as an instructor would."""
    copy, out = tmp_path / "kit", tmp_path / "out"
    out.mkdir()
    for path in [*student_files(), *grading_files()]:
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        (copy / path).write_bytes((ROOT / path).read_bytes())
    script = f"from setuptools import build_meta; build_meta.build_{kind}({str(out)!r})"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=copy,
        env=os.environ | {"CS231N_NO_EXT": "1"},  # the compiled module comes from one .pyx alone
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    (package,) = out.iterdir()
    names = [contents.name for contents in leaks.look_into("", package.read_bytes())]
    assert any(name.endswith("cs231n/check/core.py") for name in names)
    assert [str(finding) for finding in leaks.scan([package])] == []


def grading_files() -> list[Path]:
    folders = ("reference", "checks", "source", "tests")
    found = [p for folder in folders for p in (ROOT / "grading" / folder).rglob("*.py")]
    found += (ROOT / "grading").glob("*.py")
    return [path.relative_to(ROOT) for path in found]
