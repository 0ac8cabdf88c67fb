"""Taking in submissions: whatever lies in the folder, the grader reads files and nothing else."""

import os
import socket

import pytest

from grading import intake
from grading.intake import handed_in_at, read_folder, read_submission


def test_files_of_all_folders_are_read_with_their_paths(tmp_path):
    (tmp_path / "data" / "deep").mkdir(parents=True)
    (tmp_path / "data" / "deep" / "x.npy").write_bytes(b"\0\1")
    (tmp_path / "1.ipynb").write_bytes(b"{}")
    submission = read_submission("ann", tmp_path)
    assert submission.files == {"1.ipynb": b"{}", "data/deep/x.npy": b"\0\1"}
    assert submission.left_out == ()


def test_links_lead_nowhere(tmp_path):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "solutions.py").write_text("answers")
    folder = tmp_path / "submission"
    folder.mkdir()
    (folder / "file").symlink_to(secret / "solutions.py")
    (folder / "folder").symlink_to(secret)
    (folder / "loop").symlink_to(folder)
    (folder / "dangling").symlink_to(tmp_path / "nothing")
    files, left_out = read_folder(folder)
    assert files == {}
    assert len(left_out) == 4
    assert all("is a link" in sentence for sentence in left_out)


def test_a_submission_that_is_itself_a_link_is_not_followed(tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "1.ipynb").write_text("another student's work")
    (tmp_path / "mine").symlink_to(tmp_path / "other")
    files, left_out = read_folder(tmp_path / "mine")
    assert files == {}
    assert left_out == ["The submission's folder is a link: links are not followed"]


def test_pipes_and_sockets_are_never_opened(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "a-pipe")
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("a-socket")
        opened = []
        real = os.open
        monkeypatch.setattr(os, "open", lambda *a, **k: opened.append(a) or real(*a, **k))
        files, left_out = read_folder(tmp_path)
    assert files == {}
    assert opened == []
    assert [s.split()[0] for s in left_out] == ["a-pipe", "a-socket"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
def test_devices_are_never_opened(tmp_path):
    try:
        os.mknod(tmp_path / "zero", 0o600 | 0o020000, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("this container may not make devices")
    assert read_folder(tmp_path) == ({}, ["zero is neither a file nor a folder"])


def test_files_that_are_too_large_are_told_by_name_and_size(tmp_path, monkeypatch):
    monkeypatch.setattr(intake, "NOTEBOOK_BYTES", 5 * intake.MB)
    monkeypatch.setattr(intake, "SUBMISSION_BYTES", 10 * intake.MB)
    for name, size in {"1.ipynb": 6, "a.bin": 8, "b.bin": 3, "c.bin": 1, "d.bin": 11}.items():
        with open(tmp_path / name, "wb") as file:
            file.truncate(size * intake.MB)
    files, left_out = read_folder(tmp_path)
    assert set(files) == {"a.bin", "c.bin"}
    assert left_out == [
        "1.ipynb has 6 MB; at most 5 MB are read",
        "b.bin is left out: all files together may have 10 MB",
        "d.bin has 11 MB; at most 10 MB are read",
    ]


def test_a_million_files_are_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(intake, "FILES", 10)
    for number in range(30):
        (tmp_path / f"{number:02}").touch()
    files, left_out = read_folder(tmp_path)
    assert len(files) == 10
    assert "more than 10 files" in left_out[0]


def test_a_folder_without_end_is_left(tmp_path):
    (tmp_path / "/".join("d" * (intake.DEPTH + 5))).mkdir(parents=True)
    _, left_out = read_folder(tmp_path)
    assert "folders deep" in left_out[0]


def test_a_name_that_plays_tricks_is_shown_without_them(tmp_path):
    (tmp_path / "\x1b[2Jgone\u202efdp.exe").symlink_to("x")
    (tmp_path / os.fsdecode(b"not-\xff-utf8")).write_text("x")
    files, left_out = read_folder(tmp_path)
    assert files == {}
    assert all(sentence.isprintable() for sentence in left_out)
    assert "not UTF-8" in "".join(left_out)


def test_caches_are_passed_over_in_silence(tmp_path):
    (tmp_path / ".ipynb_checkpoints").mkdir()
    (tmp_path / ".ipynb_checkpoints" / "1-checkpoint.ipynb").write_text("old")
    (tmp_path / "x.pyc").write_text("")
    assert read_folder(tmp_path, [".ipynb_checkpoints", "*.pyc"]) == ({}, [])


def test_a_file_in_place_of_the_courses_folder_gives_way(tmp_path):
    (tmp_path / "data").write_text("not a folder")
    (tmp_path / "helpers.py").mkdir()
    (tmp_path / "helpers.py" / "x").write_text("not a file")
    given = {"data/x.npy": b"1", "helpers.py": b"2"}
    assert read_submission("ann", tmp_path, given=given).files == given


def test_the_same_files_have_the_same_hash_and_others_another(tmp_path):
    (tmp_path / "ab").write_bytes(b"c")
    first = read_submission("ann", tmp_path)
    (tmp_path / "ab").rename(tmp_path / "a")
    (tmp_path / "a").write_bytes(b"bc")
    assert read_submission("ann", tmp_path).hash != first.hash
    (tmp_path / "a").unlink()
    (tmp_path / "ab").write_bytes(b"c")
    assert read_submission("bob", tmp_path).hash == first.hash


@pytest.mark.parametrize("text", ["", "\n", "soon", "99999999999999999999", "\x00", "12:61"])
def test_a_senseless_time_is_no_time(tmp_path, text):
    (tmp_path / "timestamp.txt").write_text(text)
    when, problem = handed_in_at(read_submission("ann", tmp_path))
    assert when is None
    assert bool(problem) == bool(text.strip())
