"""Publishing again: to a folder, an archive, a branch; nobody's change is lost, nothing is torn."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from grading import leaks
from grading import publish as publishing
from grading.__main__ import main
from grading.errors import GradingError
from grading.notebooks import to_bytes
from grading.publish import Target, carry_out, plan
from grading.publishing import archive
from grading.publishing.tree import LIST
from grading.releases import store
from grading.tests import two_releases as two


@pytest.fixture(autouse=True)
def fast(monkeypatch):
    monkeypatch.setattr(leaks, "scan", lambda paths: [])  # test_publish.py shows that it is asked


class Kit:
    """A small repository, and a course."""

    def __init__(self, folder: Path):
        self.root, self.course, self.out = folder / "kit", folder / "course", folder / "out"
        self.write("README.md", "read me\n")
        self.write("docs/how.md", "so\n")
        for number in (1, 2):
            cells = [new_code_cell(f"def f{number}{x}(): pass", id=f"f{x}") for x in "ab"]
            data = to_bytes(new_notebook(cells=cells))
            self.write(f"assignments/assignment{number}/1_small.ipynb", data)

    def write(self, name: str, data: str | bytes) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())

    def change_a_cell(self) -> None:
        path = self.root / "assignments" / "assignment1" / "1_small.ipynb"
        notebook = nbformat.read(path, as_version=4)
        notebook.cells[1].source += "\n# more"
        path.write_bytes(to_bytes(notebook))

    def publish(self, target=None, only=None, force=False, **options) -> publishing.Plan:
        target = target or Target(self.out)
        planned = plan(target, self.root, only, force)
        carry_out(planned, self.course)
        return planned

    def there(self) -> dict[str, str]:
        return {
            path.relative_to(self.out).as_posix(): path.read_text()
            for path in self.out.rglob("*")
            if path.is_file()
        }


@pytest.fixture
def kit(tmp_path):
    return Kit(tmp_path)


def test_published_folder_is_brought_up_to_date(kit):
    kit.publish()
    kit.write("README.md", "read me again\n")
    (kit.root / "docs" / "how.md").unlink()
    kit.write("docs/more/new.md", "new\n")
    kit.write("docs/more/newer.md", "newer\n")
    (kit.out / "mine.txt").write_text("mine")
    planned = kit.publish()
    assert planned.kept == []
    assert planned.changes == [
        "changed README.md: lines +1 -1",
        "removed docs/how.md",
        "added docs/more/new.md",
        "added docs/more/newer.md",
    ]
    there = kit.there()
    assert (there["README.md"], there["mine.txt"]) == ("read me again\n", "mine")
    assert "docs/how.md" not in there
    shutil.rmtree(kit.root / "docs")
    kit.publish()
    assert not (kit.out / "docs").exists()  # it was ours, and is empty


def test_what_somebody_changed_in_the_folder_is_named_and_kept(kit):
    kit.publish()
    for name in ("README.md", "docs/how.md"):
        (kit.out / name).write_text("by hand\n")
    kit.write("README.md", "read me again\n")
    (kit.root / "docs" / "how.md").unlink()
    for _ in range(2):  # the second time it is still somebody's
        assert "README.md" in kit.publish().kept
        assert kit.there()["README.md"] == kit.there()["docs/how.md"] == "by hand\n"
    assert kit.publish(force=True).kept == []
    assert kit.there()["README.md"] == "read me again\n"


def test_file_in_the_way_of_a_new_one_is_not_overwritten(kit):
    kit.publish()
    kit.write("new.md", "theirs\n")
    (kit.out / "new.md").write_text("mine\n")
    assert kit.publish().kept == ["new.md"]
    assert kit.there()["new.md"] == "mine\n"


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_nothing_is_written_through_links_in_the_folder(kit, tmp_path):
    kit.publish()
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "how.md").write_text("precious")
    (kit.out / "docs" / "how.md").unlink()
    (kit.out / "docs").rmdir()
    (kit.out / "docs").symlink_to(outside)
    kit.write("docs/new.md", "new\n")
    with pytest.raises(GradingError, match="leads out of"):
        kit.publish()
    assert [p.name for p in outside.iterdir()] == ["how.md"]
    kit.write("README.md", "read me again\n")
    (kit.out / "docs").unlink()
    (kit.out / "README.md").unlink()
    (kit.out / "README.md").symlink_to(outside / "how.md")
    assert kit.publish().kept == ["README.md"]
    assert (outside / "how.md").read_text() == "precious"


def test_list_that_names_files_outside_removes_none(kit, tmp_path):
    kit.publish()
    victim = tmp_path / "victim"
    victim.write_text("text")
    said = (kit.out / LIST).read_text()
    import hashlib

    entry = f'"../victim": "{hashlib.sha256(b"text").hexdigest()}",\n    "README.md"'
    (kit.out / LIST).write_text(said.replace('"README.md"', entry, 1))
    kit.publish()
    assert victim.read_text() == "text"


def test_assignments_that_are_not_out_stay_here(kit):
    planned = kit.publish(only=["assignment1"])
    assert [n for n in planned.new if "assignments/" in n] == [
        "assignments/assignment1/1_small.ipynb"
    ]
    assert store.released_assignments(kit.course) == ["assignment1"]
    kit.publish(only=["assignment2"])  # what is out stays out
    for number in (1, 2):
        assert f"assignments/assignment{number}/1_small.ipynb" in kit.there()
    with pytest.raises(GradingError, match="There is no assignment9"):
        kit.publish(only=["assignment9"])


def test_copy_of_a_notebook_that_is_not_out_is_a_leak(kit):
    early = (kit.root / "assignments" / "assignment2" / "1_small.ipynb").read_bytes()
    kit.write("docs/example.ipynb", early)
    with pytest.raises(GradingError, match=r"docs/example.ipynb.*assignment2 is not out"):
        kit.publish(only=["assignment1"])
    assert not kit.out.exists()
    kit.publish()


def test_an_assignment_that_is_not_out_is_not_out_in_chinese_either(kit):
    for number in (1, 2):
        data = (kit.root / f"assignments/assignment{number}/1_small.ipynb").read_bytes()
        notebook = nbformat.reads(data.decode(), as_version=4)
        notebook.metadata["cs231n"] = {"language": "zh"}
        kit.write(f"assignments/zh/assignment{number}/1_small.ipynb", to_bytes(notebook))
    kit.publish(only=["assignment1"])
    out = sorted(name for name in kit.there() if name.startswith("assignments/"))
    assert out == [
        "assignments/assignment1/1_small.ipynb",
        "assignments/zh/assignment1/1_small.ipynb",
    ]
    chinese = nbformat.reads(kit.there()[out[1]], as_version=4)
    assert chinese.metadata["cs231n"]["language"] == "zh"  # beside the release's id
    assert chinese.metadata["cs231n"]["release"]
    (release,) = store.releases(kit.course, "assignment1")
    assert sorted(release.notebooks) == ["1_small", "zh/1_small"]


@pytest.mark.parametrize("name", ["kit.zip", "kit.tar.gz"])
def test_archive_of_the_same_tree_has_the_same_bytes(kit, tmp_path, name):
    made = [tmp_path / place / name for place in ("one", "two")]
    for number, path in enumerate(made):
        for file in kit.root.rglob("*"):
            os.utime(file, (number * 10**9, number * 10**9))
        path.parent.mkdir()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(time, "time", lambda now=number * 1e9: now)
            kit.publish(Target(path))
    assert made[0].read_bytes() == made[1].read_bytes()
    kit.publish()
    read = {n: file.content.decode() for n, file in archive.read(made[0]).items()}
    assert read == kit.there()
    kit.change_a_cell()
    assert kit.publish(Target(made[0])).changes == [
        "changed assignments/assignment1/1_small.ipynb:",
        "  cell fb (code): lines +1 -0",
    ]


def test_archive_that_publish_did_not_write_is_left_alone(kit, tmp_path):
    path = tmp_path / "grades.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("grades/all.csv", "precious")
    before = path.read_bytes()
    with pytest.raises(GradingError, match="did not write it"):
        kit.publish(Target(path))
    path.write_bytes(before[:20])
    with pytest.raises(GradingError, match="did not write it"):
        kit.publish(Target(path))
    kit.publish(Target(path), force=True)
    assert zipfile.ZipFile(path).namelist()[0] == f"cs231n/{LIST}"


def test_harm_to_those_who_have_begun_is_told_before_it_is_out(kit):
    kit.write("assignments/assignment1/1_small.ipynb", to_bytes(two.released(1)))
    first = kit.publish()
    assert publishing.warnings(first.new, kit.course) == []
    kit.write("assignments/assignment1/1_small.ipynb", to_bytes(two.released(2)))
    again = plan(Target(kit.out), kit.root)
    assert publishing.warnings(again.new, kit.course) == [
        "assignment1: 1_small: relu-check has 5 points instead of 2."
    ]
    built = kit.course / "release" / "assignment1" / "1_small.ipynb"
    built.parent.mkdir(parents=True)
    built.write_bytes(to_bytes(two.released(1)))
    assert "was built from something else" in publishing.warnings(again.new, kit.course)[1]


# -- a branch


def git(where: Path, *words: str) -> str:
    names = ["-c", "user.name=A Teacher", "-c", "user.email=teacher@example.org"]
    done = subprocess.run(
        ["git", "-C", str(where), *names, *words], capture_output=True, check=True
    )
    return done.stdout.decode()


@pytest.fixture
def repository(tmp_path, monkeypatch):
    place = tmp_path / "repository"
    place.mkdir()
    git(place, "init", "-q", "-b", "main")
    (place / "file").write_text("text\n")
    git(place, "add", "file")
    git(place, "commit", "-q", "-m", "first")
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "A Teacher")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "teacher@example.org")
    return place


def test_branch_gets_commits_and_the_working_tree_stays_as_it_was(kit, repository):
    (repository / "file").write_text("being edited\n")
    (repository / "staged").write_text("staged\n")
    git(repository, "add", "staged")
    before = git(repository, "status", "--porcelain"), git(repository, "rev-parse", "HEAD")
    target = Target(None, "students", repository)
    kit.publish(target)
    kit.change_a_cell()
    kit.publish(target)
    kit.publish(target)  # nothing new: no commit
    assert (
        git(repository, "status", "--porcelain"),
        git(repository, "rev-parse", "HEAD"),
    ) == before
    assert len(git(repository, "log", "--format=%h", "students").split()) == 2
    kit.publish()
    assert git(repository, "ls-tree", "-r", "--name-only", "students").split() == sorted(
        kit.there()
    )
    message = git(repository, "log", "-1", "--format=%B", "students")
    assert message.startswith("Release ")
    assert "cell fb (code): lines +1 -0" in message


def test_commit_of_somebody_else_on_the_branch_is_kept(kit, repository):
    target = Target(None, "students", repository)
    kit.publish(target)
    git(repository, "switch", "-q", "students")
    (repository / "README.md").write_text("by hand\n")
    git(repository, "commit", "-q", "-am", "by hand")
    with pytest.raises(GradingError, match="is checked out"):
        kit.publish(target)
    git(repository, "switch", "-q", "main")
    kit.write("README.md", "read me again\n")
    kit.write("docs/how.md", "so it is\n")
    assert kit.publish(target).kept == ["README.md"]
    assert git(repository, "show", "students:README.md") == "by hand\n"
    assert git(repository, "show", "students:docs/how.md") == "so it is\n"


def test_branch_of_something_else_is_refused(kit, repository):
    git(repository, "branch", "other")
    with pytest.raises(GradingError, match="did not write it"):
        kit.publish(Target(None, "other", repository))
    with pytest.raises(GradingError, match="names no branch"):
        kit.publish(Target(None, "-x..y", repository))
    kit.publish(Target(None, "other", repository), force=True)
    assert "file" not in git(repository, "ls-tree", "-r", "--name-only", "other").split()


def test_command_tells_by_its_exit_code_whether_there_is_something_to_do(kit, monkeypatch, capsys):
    monkeypatch.setattr(publishing, "ROOT", kit.root)
    words = ["publish", str(kit.out), "--course", str(kit.course)]
    assert main([*words, "--dry-run"]) == 1
    assert not kit.out.exists()
    assert not kit.course.exists()
    assert main(words) == 0
    assert main([*words, "--dry-run"]) == 0
    kit.change_a_cell()
    capsys.readouterr()
    assert main([*words, "--dry-run"]) == 1
    assert "cell fb (code): lines +1 -0" in capsys.readouterr().out
    (kit.out / "assignments" / "assignment1" / "1_small.ipynb").write_text("{}")
    assert main(words) == 1
    assert "kept, because somebody changed it" in capsys.readouterr().err
    assert main([*words, "--branch", "students"]) == 2
    assert "either a TARGET or a --branch" in capsys.readouterr().err
