"""Publishing: students get everything outside grading/, nothing more, and nobody loses a file."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from grading import __main__ as command
from grading import publish as publishing
from grading.errors import GradingError
from grading.leaks import Detector
from grading.publish import publish, student_files
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
    "README.md",
    "assignments/assignment1/1.ipynb",
    "cs231n/__init__.py",
    "cs231n/fast.pyx",
    "datasets/README.md",
    "docs/work/how.md",
]


@pytest.fixture
def root(tmp_path):
    """A small repository, without git."""
    folder = tmp_path / "kit"
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("{}" if name.endswith(".ipynb") else "text\n")
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


def test_what_students_are_told_to_do_is_there(tmp_path):
    publish(tmp_path / "out")
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
    git(root, "add", "-f", *(name for name in WANTED if not name.startswith("docs")))
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
        publish(tmp_path / "out", root)
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
    def full(source, target, **_):
        Path(target).mkdir(exist_ok=True)
        (Path(target) / "half").write_text("x")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(publishing.shutil, "copytree", full)
    with pytest.raises(OSError, match="No space left"):
        publish(tmp_path / "out", root)
    assert not (tmp_path / "out").exists()
    (tmp_path / "out").mkdir()
    with pytest.raises(OSError, match="No space left"):
        publish(tmp_path / "out", root)
    assert published(tmp_path / "out") == []


def test_this_repository_can_be_published(tmp_path, capsys):
    assert command.main(["publish", str(tmp_path / "out")]) == 0
    names = published(tmp_path / "out")
    assert "cs231n/__init__.py" in names
    assert not [name for name in names if name.startswith(("grading", ".ci", ".git/"))]
    assert command.main(["publish", str(tmp_path / "out")]) == 2
    assert "is not empty" in capsys.readouterr().err
    assert (ROOT / "grading").is_dir()
