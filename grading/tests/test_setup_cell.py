"""The set-up cell: what a student sees when the package is there, missing, or not to be had."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from types import ModuleType, SimpleNamespace

import pytest
from IPython.core.interactiveshell import InteractiveShell

from grading.errors import GradingError
from grading.notebooks import read_cells
from grading.settings import ASSIGNMENTS, ROOT, SOURCE, Settings

ADDRESS = "https://github.com/school/course"
WHEELS = f"{ADDRESS}/releases/expanded_assets/v1"
CODE = read_cells(SOURCE / "setup_cell.py")[0].source.replace("@REPOSITORY@", ADDRESS)
CODE = CODE.replace("@WHEELS@", WHEELS)
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
NEEDED = CODE.split("import matplotlib.pyplot as plt")[0]


@pytest.fixture
def shell():
    return InteractiveShell()


@pytest.fixture
def without_package(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)


def pip_that_ends_with(*codes: int, calls: list):
    left = list(codes)

    def run(command, **_):
        calls.append(command)
        error = "ERROR: Repository not found\n"
        return SimpleNamespace(returncode=left.pop(0), stderr=error, stdout="")

    return run


def test_kernel_without_the_package_gets_one_clear_message_and_stops(
    shell, without_package, capsys
):
    result = shell.run_cell(NEEDED)
    shown = capsys.readouterr().out
    assert result.error_in_exec is not None
    assert sys.executable in shown
    assert "Select Kernel" in shown
    assert 'pip install ".[lab]"' in shown
    assert "Traceback" not in shown


@pytest.fixture
def in_colab(monkeypatch, without_package):
    """pip is asked in Colab: returns (set the codes it ends with, the commands it got)."""
    calls = []
    monkeypatch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))

    def ends_with(*codes):
        monkeypatch.setattr(subprocess, "run", pip_that_ends_with(*codes, calls=calls))

    return ends_with, calls


def test_colab_installs_a_wheel_that_the_course_made_and_nothing_else(shell, in_colab, capsys):
    ends_with, calls = in_colab
    ends_with(0)
    shell.run_cell(NEEDED).raise_error()
    (command,) = calls
    # Without an index: nobody else's package of that name, and no other NumPy under the kernel.
    assert command[-4:] == ["--no-index", "--find-links", WHEELS, "cs231n-kit"]
    assert "Installing" in capsys.readouterr().out


def test_colab_without_a_wheel_compiles_the_repository_and_says_that_it_takes_long(
    shell, in_colab, capsys
):
    ends_with, calls = in_colab
    ends_with(1, 0)
    shell.run_cell(NEEDED).raise_error()
    assert calls[-1][-1] == f"git+{ADDRESS}"
    assert "a few minutes" in capsys.readouterr().out


def test_colab_that_cannot_install_says_why_without_traceback(shell, in_colab, capsys):
    ends_with, _ = in_colab
    ends_with(1, 1)
    assert shell.run_cell(NEEDED).error_in_exec is not None
    shown = capsys.readouterr().out
    assert ADDRESS in shown
    assert "Repository not found" in shown
    assert "Traceback" not in shown


def test_package_that_is_there_is_used_as_it_is(shell, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: pytest.fail("pip was called"))
    shell.run_cell(NEEDED).raise_error()


def test_everything_a_notebook_counts_on_is_imported():
    for name in ("plt", "np", "check, data, language, vis", "%matplotlib inline"):
        assert name in CODE


def test_nothing_in_the_course_counts_on_what_colabs_python_no_longer_has():
    """Colab's IPython imports `imp` for %autoreload, which Python 3.12 has not."""
    gone = re.compile(r"autoreload|^\s*(import|from) imp\b|\bdistutils\b", re.MULTILINE)
    files = [*(ROOT / "cs231n").rglob("*.py"), *ASSIGNMENTS.rglob("*.ipynb")]
    assert len(files) > 100
    assert [str(f) for f in files if gone.search(f.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    ("settings", "page"),
    [
        ({"repository": ADDRESS}, f"{ADDRESS}/releases/expanded_assets/v{VERSION}"),
        ({"repository": "https://git.school.example/course"}, ""),
        ({"wheels": "https://school.example/wheels"}, "https://school.example/wheels"),
    ],
)
def test_wheels_are_looked_for_at_the_release_or_where_the_course_says(settings, page):
    assert Settings(**settings).wheels_page == page


def test_address_of_wheels_that_would_break_the_cell_is_refused():
    with pytest.raises(GradingError, match="wheels"):
        Settings(wheels='https://x" or "')
