"""The set-up cell: what a student sees when the package is there, missing, or not to be had."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType, SimpleNamespace

import pytest
from IPython.core.interactiveshell import InteractiveShell

from grading.notebooks import read_cells
from grading.settings import SOURCE

ADDRESS = "https://github.com/school/course"
CODE = read_cells(SOURCE / "setup_cell.py")[0].source.replace("@REPOSITORY@", ADDRESS)
NEEDED = CODE.split("import matplotlib.pyplot as plt")[0]


@pytest.fixture
def shell():
    return InteractiveShell()


@pytest.fixture
def without_package(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)


def pip_that_ends_with(code: int, calls: list):
    def run(command, **_):
        calls.append(command)
        return SimpleNamespace(returncode=code, stderr="ERROR: Repository not found\n", stdout="")

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


def test_colab_installs_the_package_from_the_courses_address(
    shell, without_package, monkeypatch, capsys
):
    calls = []
    monkeypatch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))
    monkeypatch.setattr(subprocess, "run", pip_that_ends_with(0, calls))
    shell.run_cell(NEEDED).raise_error()
    assert calls[0][-1] == f"git+{ADDRESS}"
    assert "Installing" in capsys.readouterr().out


def test_colab_that_cannot_install_says_why_without_traceback(
    shell, without_package, monkeypatch, capsys
):
    monkeypatch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))
    monkeypatch.setattr(subprocess, "run", pip_that_ends_with(1, []))
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
    for name in ("plt", "np", "check, data, vis", "%matplotlib inline"):
        assert name in CODE
