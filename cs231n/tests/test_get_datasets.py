"""Fetching a data set: whole or not at all, from this machine's own small server."""

import os
import signal
import subprocess
import sys
import tarfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from cs231n import cifar_archive, download, transfer
from cs231n.tests.loopback import CONTENTS, FILES, FOLDER, make_archive, md5, serving

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "datasets" / "get_datasets.py"
ARCHIVE = "cifar-10-python.tar.gz"


@pytest.fixture(autouse=True)
def only_what_the_test_says(monkeypatch):
    monkeypatch.delenv("CS231N_MIRRORS", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(transfer, "pause", lambda _: None)


@pytest.fixture
def server(monkeypatch):
    with serving(make_archive()) as server:
        monkeypatch.setattr(download, "ADDRESSES", (server.url(),))
        yield server


@pytest.fixture
def fetch(server, tmp_path, capsys):
    """Runs the command with the server's archive as the real one; gives exit code and output."""

    def run(*more):
        arguments = ["cifar10", "--dest", str(tmp_path), "--md5", md5(server.content), *more]
        code = download.main(arguments)
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return code, out + err

    return run


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def assert_whole(folder):
    assert names(folder) == [FOLDER]
    assert names(folder / FOLDER) == sorted(FILES)
    for name, content in CONTENTS.items():
        assert (folder / FOLDER / name).read_bytes() == content


# --- the good way --------------------------------------------------------------------------------


def test_the_set_arrives_whole_and_nothing_else_is_left(fetch, tmp_path):
    code, text = fetch()
    assert code == 0, text
    assert_whole(tmp_path)


def test_a_second_run_downloads_nothing(fetch, server):
    fetch()
    asked = len(server.requests)
    code, text = fetch()
    assert code == 0
    assert "there already" in text
    assert len(server.requests) == asked


def test_the_archive_can_be_kept_and_is_used_again(fetch, server, tmp_path):
    assert fetch("--keep-archive")[0] == 0
    assert names(tmp_path) == [FOLDER, ARCHIVE]
    (tmp_path / FOLDER / "test_batch").unlink()
    assert fetch()[0] == 0
    assert names(tmp_path) == [FOLDER, ARCHIVE]
    assert names(tmp_path / FOLDER) == sorted(FILES)
    assert len(server.requests) == 1


def test_an_incomplete_folder_is_replaced(fetch, tmp_path):
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "data_batch_1").write_text("half")
    assert fetch()[0] == 0
    assert_whole(tmp_path)


def test_an_archive_brought_by_hand_needs_no_network_and_is_left_there(fetch, server, tmp_path):
    (tmp_path / ARCHIVE).write_bytes(server.content)
    assert fetch()[0] == 0
    assert names(tmp_path) == [FOLDER, ARCHIVE]
    assert server.requests == []


def test_an_archive_elsewhere_is_used_by_its_path_and_left_there(fetch, server, tmp_path):
    (tmp_path / "downloads").mkdir()
    file = tmp_path / "downloads" / "cifar (1).tgz"
    file.write_bytes(server.content)
    code, text = fetch("--archive", str(file), "--dest", str(tmp_path / "here"))
    assert code == 0, text
    assert_whole(tmp_path / "here")
    assert file.read_bytes() == server.content
    assert server.requests == []


@pytest.mark.parametrize("what", ["missing", "damaged", "folder"])
def test_an_archive_that_is_not_one_is_named(fetch, tmp_path, what):
    file = tmp_path / "downloads" / "file.tgz"
    (file if what == "folder" else file.parent).mkdir(parents=True)
    if what == "damaged":
        file.write_bytes(b"half")
    code, text = fetch("--archive", str(file))
    assert code == 1
    assert str(file) in text
    assert names(tmp_path) == ["downloads"]


def test_mirrors_are_tried_in_the_order_option_variable_own(fetch, server, tmp_path, monkeypatch):
    monkeypatch.setenv("CS231N_MIRRORS", f"{server.url('/missing')}  {server.url('/web-page')}")
    code, text = fetch("--mirror", server.url("/other"), "--mirror", "file:///no/such/file")
    assert code == 0, text
    assert [path for path, _ in server.requests] == ["/other", "/missing", "/web-page", "/good"]
    assert_whole(tmp_path)


def test_two_at_once_do_not_spoil_each_others_files(fetch, server, tmp_path, monkeypatch):
    pytest.importorskip("fcntl")
    waiting = threading.Event()
    with cifar_archive.locked(tmp_path):
        results = []
        second = threading.Thread(target=lambda: results.append(fetch()))
        monkeypatch.setattr("builtins.print", lambda *_, **__: waiting.set())
        second.start()
        assert waiting.wait(10)
        assert server.requests == []
    second.join()
    assert results[0][0] == 0
    assert_whole(tmp_path)


# --- stopped -------------------------------------------------------------------------------------


def test_without_a_network_it_says_what_to_do(fetch, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "ADDRESSES", ("http://127.0.0.1:9/nobody",))
    code, text = fetch()
    assert code == 1
    for hint in (
        "Connection refused",
        "Without a network",
        "--archive FILE",
        "--mirror",
        'get_data("synthetic")',
    ):
        assert hint in text
    assert names(tmp_path) == []


def test_an_address_that_is_none_is_named(fetch):
    code, text = fetch("--mirror", "cifar.example")
    assert code == 1
    assert "cifar.example is neither an address nor a file" in text


def test_ctrl_c_keeps_what_came_and_says_how_to_go_on(fetch, tmp_path, monkeypatch):
    class Bar:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def update(self, _):
            raise KeyboardInterrupt

    monkeypatch.setattr(transfer, "progress", lambda *_: Bar())
    code, text = fetch()
    assert code == 130
    assert "again" in text
    assert names(tmp_path) == [f"{ARCHIVE}.part"]


KILLED = """
import os, signal, sys
from cs231n import cifar_archive, download, transfer

module, function, calls = sys.argv[1].split(":")
owner = {"os": os, "transfer": transfer, "cifar_archive": cifar_archive}[module]
before, left = getattr(owner, function), int(calls)

def killed(*args, **more):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return before(*args, **more)

setattr(owner, function, killed)
download.main(sys.argv[2:])
"""


def run_and_kill(server, tmp_path, where, *more):
    command = [sys.executable, "-c", KILLED, where, "cifar10", "--dest", str(tmp_path)]
    command += ["--md5", md5(server.content), "--mirror", server.url(), *more]
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": paths}, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
@pytest.mark.parametrize(
    "where",
    ["transfer:has_md5:1", "cifar_archive:copy_member:3", "os:replace:1"],
    ids=["all is here, not checked", "half unpacked", "unpacked, not renamed"],
)
def test_a_kill_leaves_nothing_half_made_and_the_next_run_goes_on(fetch, server, tmp_path, where):
    run_and_kill(server, tmp_path, where)
    assert f"{ARCHIVE}.part" in names(tmp_path)
    assert FOLDER not in names(tmp_path)
    assert ARCHIVE not in names(tmp_path)
    asked = len(server.requests)
    assert fetch()[0] == 0
    assert len(server.requests) == asked  # all of it was there
    assert_whole(tmp_path)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
def test_a_kill_in_the_middle_of_a_download_keeps_every_byte(fetch, server, tmp_path):
    """The server waits after a quarter; the process is killed once it has written that."""
    command = [sys.executable, "-m", "cs231n.download", "cifar10", "--dest", str(tmp_path)]
    command += ["--md5", md5(server.content), "--mirror", server.url("/stalls")]
    part, quarter = tmp_path / f"{ARCHIVE}.part", len(server.content) // 4
    child = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        while transfer.bytes_of(part) < quarter:
            assert child.poll() is None
            time.sleep(0.01)
    finally:
        child.kill()
        child.wait()
    assert names(tmp_path) == [part.name]
    assert part.read_bytes() == server.content[:quarter]
    assert fetch()[0] == 0
    assert server.requests == [("/stalls", 0), ("/good", quarter)]
    assert_whole(tmp_path)


# --- the archive ---------------------------------------------------------------------------------


def test_an_archive_cannot_write_outside_its_folder(fetch, server, tmp_path):
    target = tmp_path.parent / "evil"
    outside = [f"{FOLDER}/../../evil", "../evil", str(target), f"{FOLDER}/extra", f"./{FOLDER}/a"]
    server.content = make_archive(extra=[(tarfile.TarInfo(name), b"evil") for name in outside])
    assert fetch()[0] == 0
    assert not target.exists()
    assert_whole(tmp_path)


@pytest.mark.parametrize(
    "kind",
    [
        *(tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE),
        *(tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.DIRTYPE),
    ],
)
def test_a_link_in_place_of_a_file_is_refused(fetch, server, tmp_path, kind):
    link = tarfile.TarInfo(f"{FOLDER}/data_batch_1")
    link.type, link.linkname = kind, "/etc/passwd"
    rest = {name: b"" for name in FILES if name != "data_batch_1"}
    server.content = make_archive(rest, extra=[(link, b"")])
    code, text = fetch()
    assert code == 1
    assert "not the real set" in text
    assert FOLDER not in names(tmp_path)


@pytest.mark.parametrize("trouble", ["lacks a file", "cut short", "not an archive"])
def test_a_bad_archive_leaves_nothing_half_unpacked(fetch, server, tmp_path, trouble):
    whole = server.content
    server.content = {
        "lacks a file": make_archive({name: b"x" for name in FILES[:-1]}),
        "cut short": whole[: len(whole) // 2],
        "not an archive": b"hello" * 100,
    }[trouble]
    code, _ = fetch()
    assert code == 1
    assert names(tmp_path) == []


def test_a_damaged_archive_brought_by_hand_is_reported_and_kept(fetch, server, tmp_path):
    archive = tmp_path / ARCHIVE
    archive.write_bytes(server.content[:-1])
    code, text = fetch()
    assert code == 1
    assert "Delete it" in text
    assert archive.exists()


def test_a_linked_folder_in_the_archive_leads_nowhere(fetch, server, tmp_path):
    """A link in the folder's name, and files "through" it."""
    link = tarfile.TarInfo(FOLDER)
    link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path.parent)
    files = []
    for name, content in CONTENTS.items():
        files.append((tarfile.TarInfo(f"{FOLDER}/{name}"), content))
    server.content = make_archive({}, extra=[(link, b""), *files])
    assert fetch()[0] == 0
    assert_whole(tmp_path)
    assert not (tmp_path / FOLDER).is_symlink()


@pytest.mark.parametrize("where", ["a file of the set", "another file", "the same file, often"])
def test_a_bomb_is_stopped_before_it_fills_the_disk(fetch, server, tmp_path, where, monkeypatch):
    monkeypatch.setitem(cifar_archive.CIFAR10, "largest_bytes", 5_000_000)
    zeros = bytes(6_000_000)
    server.content = {
        "a file of the set": make_archive({**CONTENTS, "test_batch": zeros}),
        "another file": make_archive({"other": zeros, **CONTENTS}),
        "the same file, often": make_archive(
            extra=[(tarfile.TarInfo(f"{FOLDER}/test_batch"), zeros[:1_000_000]) for _ in range(6)]
        ),
    }[where]
    code, text = fetch()
    assert code == 1
    assert "unpacks to more than 5 MB" in text
    assert names(tmp_path) == []


def test_a_bomb_in_a_header_does_not_fill_the_memory(fetch, server, tmp_path, monkeypatch):
    """Python reads an extended header as a whole, however long it says it is."""
    monkeypatch.setitem(cifar_archive.CIFAR10, "largest_bytes", 5_000_000)
    header = tarfile.TarInfo("pax")
    header.type = tarfile.XHDTYPE
    server.content = make_archive(CONTENTS, extra=[(header, bytes(6_000_000))])
    code, text = fetch()
    assert code == 1
    assert "unpacks to more than 5 MB" in text


def test_a_disk_that_fills_up_while_unpacking_leaves_nothing(fetch, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cifar_archive.shutil, "copyfileobj", full)
    code, text = fetch()
    assert code == 1
    assert "No space left" in text
    assert names(tmp_path) == [f"{ARCHIVE}.part"]


# --- the command ---------------------------------------------------------------------------------


def test_a_disk_too_small_is_noticed_before_the_download(fetch, server, tmp_path, monkeypatch):
    usage = cifar_archive.shutil.disk_usage(tmp_path)._replace(free=100_000_000)
    monkeypatch.setattr(cifar_archive.shutil, "disk_usage", lambda _: usage)
    code, text = fetch()
    assert code == 1
    assert "542 MB are needed" in text
    assert server.requests == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert download.main(["synthetic", "--dest", str(tmp_path / "file" / "x")]) == 1
    assert "cannot be made" in capsys.readouterr().err


def test_what_is_there_already_needs_no_more_space(fetch, server, tmp_path, monkeypatch):
    half = len(server.content) // 2
    (tmp_path / f"{ARCHIVE}.part").write_bytes(server.content[:half])
    monkeypatch.setitem(download.CIFAR10, "archive_bytes", len(server.content) + 372_000_000)
    usage = cifar_archive.shutil.disk_usage(tmp_path)._replace(free=744_000_000 + half)
    monkeypatch.setattr(cifar_archive.shutil, "disk_usage", lambda _: usage)
    assert fetch()[0] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        *([], ["mnist"], ["cifar10", "--mirror"], ["synthetic", "--mirror", "x"]),
        *(["cifar10", "--min-rate", value] for value in ("-1", "nan", "inf", "fast")),
        *(["cifar10", "--timeout", value] for value in ("0", "-1", "soon")),
    ],
)
def test_wrong_usage_has_exit_code_2(arguments):
    with pytest.raises(SystemExit) as stop:
        download.main(arguments)
    assert stop.value.code == 2


def test_the_synthetic_set_is_the_one_the_notebooks_load(tmp_path):
    run = subprocess.run(
        [sys.executable, SCRIPT, "synthetic", "--dest", tmp_path],
        cwd=tmp_path,
        env={**os.environ, "CS231N_DATA": str(tmp_path / "other")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    from cs231n import synthetic

    (file,) = (tmp_path / "synthetic").iterdir()
    pictures = np.load(file)
    np.testing.assert_array_equal(pictures, synthetic.make_pictures(5000))


def test_the_script_itself_ends_with_the_right_exit_code(tmp_path):
    def run(*arguments):
        command = [sys.executable, SCRIPT, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    help_text = run("--help")
    assert help_text.returncode == 0
    assert "cifar10" in help_text.stdout
    archive = tmp_path / "archive"
    archive.write_bytes(make_archive())
    done = run(
        *("cifar10", "--dest", str(tmp_path / "here"), "--mirror", archive.as_uri()),
        *("--md5", md5(archive.read_bytes())),
    )
    assert done.returncode == 0, done.stderr
    assert_whole(tmp_path / "here")
