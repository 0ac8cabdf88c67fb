"""Publishing: students get everything outside grading/, nothing more, and nobody loses a file."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from grading import __main__ as command
from grading import files, leaks
from grading import publish as publishing
from grading.errors import GradingError
from grading.leaks import Detector
from grading.publishing.contents import student_files
from grading.publishing.tree import LIST
from grading.settings import ROOT

FILES = [
    "README.md",
    ".gitignore",
    "CONTRIBUTING.md",
    "assignments/assignment1/1.ipynb",
    "cs231n/__init__.py",
    "cs231n/fast.pyx",
    "cs231n/fast.c",
    "cs231n/fast.cpython-311-x86_64-linux-gnu.so",
    "cs231n/__pycache__/__init__.cpython-311.pyc",
    "datasets/README.md",
    "datasets/cifar.bin",
    "docs/work/how.md",
    "grading/reference/answers.py",
    ".ci/run",
    ".venv/bin/python",
    ".pytest_cache/x",
    "build/lib/x.py",
    "dist/x.whl",
    "kit.egg-info/PKG-INFO",
    "work/assignment1/1.ipynb",
]
WANTED = [
    ".gitignore",
    LIST,
    "README.md",
    "assignments/assignment1/1.ipynb",
    "cs231n/__init__.py",
    "cs231n/fast.pyx",
    "datasets/README.md",
    "docs/work/how.md",
]

NOTEBOOK = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


@pytest.fixture
def root(tmp_path):
    """A small repository, without git."""
    folder = tmp_path / "kit"
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(NOTEBOOK if name.endswith(".ipynb") else "text\n")
    return folder


def publish(target: Path, root: Path) -> None:
    """Publish a small repository; looking for leaks takes a second, so not every time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(leaks, "scan", lambda paths: [])
        publishing.publish(target, root, course=target.with_name("course"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """This repository, published by the command. Returns the folder that holds `out`."""
    folder = tmp_path_factory.mktemp("published")
    words = ["publish", str(folder / "out"), "--course", str(folder / "course")]
    assert command.main(words) == 0
    return folder


def git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True)


def published(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_students_get_the_sources_and_no_caches_or_products(root, tmp_path):
    publish(tmp_path / "out", root)
    assert published(tmp_path / "out") == WANTED


def test_students_read_their_own_readme(root, tmp_path):
    (root / "grading" / "published").mkdir()
    (root / "grading" / "published" / "README.md").write_text("for students\n")
    (root / "grading" / "published" / "unknown.md").write_text("nobody's\n")
    publish(tmp_path / "out", root)
    assert published(tmp_path / "out") == WANTED
    assert (tmp_path / "out" / "README.md").read_text() == "for students\n"


def test_what_students_are_told_to_do_is_there(whole):
    tmp_path = whole
    readme = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    linked = re.findall(r"\]\(([^)#:]+)\)", readme)
    assert len(linked) > 6
    assert [name for name in linked if not (tmp_path / "out" / name).exists()] == []
    for text in (readme, (tmp_path / "out" / "Makefile").read_text(encoding="utf-8")):
        assert "grading" not in text
    targets = re.findall(r"`make (\w+)`", readme)
    assert targets
    for target in targets:
        command = ["make", "-n", target]
        subprocess.run(command, cwd=tmp_path / "out", check=True, capture_output=True)


def test_git_clone_gives_tracked_files_only_and_never_caches(root, tmp_path):
    git(root, "init", "-q")
    git(root, "add", "-f", *(n for n in WANTED if not n.startswith("docs") and n != LIST))
    git(root, "add", "-f", "grading", ".ci", "cs231n/__pycache__", "CONTRIBUTING.md")
    (root / "README.md").write_text("changed since\n")
    publish(tmp_path / "out", root)
    assert published(tmp_path / "out") == [n for n in WANTED if not n.startswith("docs")]
    assert (tmp_path / "out" / "README.md").read_text() == "changed since\n"


def test_tracked_file_deleted_on_disk_is_left_out(root, tmp_path):
    git(root, "init", "-q")
    git(root, "add", "-f", "README.md", "docs/work/how.md")
    (root / "README.md").unlink()
    assert list(map(str, student_files(root))) == ["docs/work/how.md"]


def test_folder_with_anything_in_it_is_refused_and_left_alone(root, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("precious")
    with pytest.raises(GradingError, match="is not empty"):
        publish(tmp_path / "out", root)
    assert published(tmp_path / "out") == ["mine"]
    with pytest.raises(GradingError, match="is a file"):
        publish(tmp_path / "out" / "mine", root)


def test_empty_folder_is_filled(root, tmp_path):
    (tmp_path / "out").mkdir()
    publish(tmp_path / "out", root)
    assert published(tmp_path / "out") == WANTED


def test_nothing_is_published_when_an_answer_leaks(root, tmp_path):
    secret = Detector().secrets
    if not secret:
        pytest.skip("there are no solutions yet")
    (root / "docs" / "work" / "how.md").write_text(f"like this: {secret[0].text}\n")
    with pytest.raises(GradingError, match="Nothing was published"):
        publishing.publish(tmp_path / "out", root, tmp_path / "course")
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_link_into_grading_or_out_of_the_tree_is_refused(root, tmp_path):
    (tmp_path / "private").write_text("x")
    for target in (root / "grading" / "reference" / "answers.py", tmp_path / "private"):
        (root / "link.md").symlink_to(target)
        with pytest.raises(GradingError, match="is not the students'"):
            publish(tmp_path / "out", root)
        (root / "link.md").unlink()
    (root / "link.md").symlink_to(root / "README.md")
    publish(tmp_path / "out", root)
    assert not (tmp_path / "out" / "link.md").is_symlink()


def test_full_disk_half_way_leaves_no_half_published_tree(root, tmp_path, monkeypatch):
    def full(path, data, left=[3]):  # noqa: B006 (counts down)
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        return whole(path, data)

    whole = files._lay_down
    store = publishing.store
    monkeypatch.setattr(store, "record", lambda *_: None)
    monkeypatch.setattr(files, "_lay_down", full)
    with pytest.raises(OSError, match="No space left"):
        publish(tmp_path / "out", root)
    assert not (tmp_path / "out").exists()
    (tmp_path / "out" / ".git").mkdir(parents=True)
    with pytest.raises(OSError, match="No space left"):
        publish(tmp_path / "out", root)
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".git"]


def test_this_repository_can_be_published(whole, capsys, monkeypatch):
    names = published(whole / "out")
    assert "cs231n/__init__.py" in names
    assert not [name for name in names if name.startswith(("grading", ".ci", ".git/"))]
    assert (ROOT / "grading").is_dir()
    monkeypatch.setattr(leaks, "scan", lambda paths: [])
    course = ["--course", str(whole / "course")]
    assert command.main(["publish", str(whole / "out"), "--dry-run", *course]) == 0
    assert "is up to date" in capsys.readouterr().out
    assert command.main(["releases", *course]) == 0
    assert capsys.readouterr().out.count("  1  ") == 3
