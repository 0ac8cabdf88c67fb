"""Google Colab: what is kept in Drive, and that nothing is lost without it."""

import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from cs231n import colab


class Drive(ModuleType):
    """google.colab.drive: a folder in place of somebody's Drive."""

    def __init__(self, refuse=None):
        super().__init__("drive")
        self.refuse = refuse

    def mount(self, mountpoint):
        if self.refuse:
            raise self.refuse
        Path(mountpoint, "MyDrive", "Colab Notebooks").mkdir(parents=True, exist_ok=True)


@pytest.fixture
def google(monkeypatch, tmp_path):
    """Puts a Drive in place; the working folder and the environment are as before afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CS231N_DATA", "")
    monkeypatch.setenv("CS231N_NOTEBOOKS", "/elsewhere")

    def place(drive):
        package = ModuleType("google.colab")
        package.drive = drive
        monkeypatch.setitem(sys.modules, "google.colab", package)
        monkeypatch.setitem(sys.modules, "google", ModuleType("google"))

    return place


def test_data_and_what_is_saved_lie_in_drive_and_notebooks_are_found_there(
    google, tmp_path, capsys
):
    google(Drive())
    mine = tmp_path / "drive" / "MyDrive"
    assert colab.keep_in_drive(tmp_path / "drive") == mine / "cs231n"
    assert Path.cwd() == mine / "cs231n"
    assert os.environ["CS231N_DATA"] == str(mine / "cs231n" / "datasets")
    places = os.environ["CS231N_NOTEBOOKS"].split(os.pathsep)
    assert places == [str(mine / "cs231n"), str(mine / "Colab Notebooks"), "/elsewhere"]
    assert str(mine / "cs231n") in capsys.readouterr().out
    colab.keep_in_drive(tmp_path / "drive")  # the cell is run again
    assert os.environ["CS231N_NOTEBOOKS"].split(os.pathsep) == places


@pytest.mark.parametrize("refuse", [ValueError("mount failed"), OSError(28, "No space left")])
def test_without_leave_to_use_drive_the_course_goes_on(google, tmp_path, refuse, capsys):
    google(Drive(refuse))
    assert colab.keep_in_drive(tmp_path / "drive") is None
    assert Path.cwd() == tmp_path
    assert os.environ["CS231N_NOTEBOOKS"] == "/elsewhere"
    said = capsys.readouterr().out
    assert str(refuse) in said
    assert "works without it" in said


def test_elsewhere_nothing_is_moved(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "google.colab", raising=False)
    assert colab.keep_in_drive() is None
    assert Path.cwd() == tmp_path
    assert "stay where they are" in capsys.readouterr().out
