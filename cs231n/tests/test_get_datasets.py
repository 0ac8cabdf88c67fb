"""The download: whole or not at all, from this machine's own small server."""

import hashlib
import importlib.util
import io
import os
import re
import subprocess
import sys
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "datasets" / "get_datasets.py"
if not SCRIPT.exists():
    pytest.skip("the datasets folder is not here", allow_module_level=True)

spec = importlib.util.spec_from_file_location("get_datasets", SCRIPT)
get_datasets = importlib.util.module_from_spec(spec)
spec.loader.exec_module(get_datasets)

FOLDER = "cifar-10-batches-py"
FILES = get_datasets.CIFAR10["files"]
RNG = np.random.default_rng(0)
CONTENTS = {name: RNG.bytes(20_000) for name in FILES}


def make_archive(members=None, extra=()) -> bytes:
    """A .tar.gz of {name: bytes} in the folder, and of further (TarInfo, bytes)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in (CONTENTS if members is None else members).items():
            info = tarfile.TarInfo(f"{FOLDER}/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        for info, content in extra:
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves one file at /good, and less well at other addresses."""

    daemon_threads = True
    content = b""
    cut_after = None  # bytes of each answer, after which the connection is closed
    ranges = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests = []  # (path, first byte asked for)

    def url(self, path="/good"):
        return f"http://127.0.0.1:{self.server_port}{path}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server, content = self.server, self.server.content
        start = int(re.sub(r"\D", "", self.headers.get("Range", "0")))
        server.requests.append((self.path, start))
        if self.path == "/missing":
            return self.send_error(404)
        if self.path == "/other":
            content, start = b"<html>log in to the network</html>", 0
        if not server.ranges:
            start = 0
        if start and start >= len(content):
            return self.send_error(416)
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        stop = None if server.cut_after is None else start + server.cut_after
        self.wfile.write(content[start:stop])
        self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = Server()
    server.content = make_archive()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setitem(get_datasets.CIFAR10, "urls", [server.url()])
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def fetch(server, tmp_path, capsys):
    """Runs the command with the server's archive as the real one; gives exit code and output."""

    def run(*more):
        arguments = ["cifar10", "--dest", str(tmp_path), "--md5", md5(server.content), *more]
        code = get_datasets.main(arguments)
        out, err = capsys.readouterr()
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
    assert names(tmp_path) == [FOLDER, "cifar-10-python.tar.gz"]
    (tmp_path / FOLDER / "test_batch").unlink()
    assert fetch()[0] == 0
    assert_whole(tmp_path)
    assert len(server.requests) == 1


def test_an_incomplete_folder_is_replaced(fetch, tmp_path):
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "data_batch_1").write_text("half")
    assert fetch()[0] == 0
    assert_whole(tmp_path)


def test_an_archive_brought_by_hand_needs_no_network(fetch, server, tmp_path):
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(server.content)
    assert fetch()[0] == 0
    assert_whole(tmp_path)
    assert server.requests == []


# --- the network ---------------------------------------------------------------------------------


def test_a_connection_that_breaks_goes_on_where_it_stopped(fetch, server, tmp_path):
    server.cut_after = len(server.content) // 2 + 1
    code, text = fetch()
    assert code == 0, text
    assert_whole(tmp_path)
    assert [start for _, start in server.requests] == [0, server.cut_after]


def test_a_later_run_goes_on_where_an_earlier_one_stopped(fetch, server, tmp_path):
    server.cut_after = 1000
    code, text = fetch()
    assert code == 1
    assert "the connection ended after 3000 of" in text
    assert names(tmp_path) == ["cifar-10-python.tar.gz.part"]
    server.cut_after = None
    assert fetch()[0] == 0
    assert server.requests[-1] == ("/good", 3000)
    assert_whole(tmp_path)


def test_a_server_that_cannot_go_on_starts_again(fetch, server, tmp_path):
    server.ranges = False
    (tmp_path / "cifar-10-python.tar.gz.part").write_bytes(server.content[:500])
    assert fetch()[0] == 0
    assert len(server.requests) == 1
    assert_whole(tmp_path)


@pytest.mark.parametrize("size", [500, 10**6])
def test_the_rest_of_another_download_does_no_harm(fetch, server, tmp_path, size):
    (tmp_path / "cifar-10-python.tar.gz.part").write_bytes(b"x" * size)
    code, text = fetch()
    assert code == 0, text
    assert_whole(tmp_path)


def test_the_next_mirror_is_tried_when_one_fails(fetch, server, tmp_path):
    code, text = fetch("--mirror", server.url("/missing"), "--mirror", server.url("/other"))
    assert code == 0, text
    assert [path for path, _ in server.requests] == ["/missing", "/other", "/good"]
    assert_whole(tmp_path)


def test_another_file_in_the_archives_place_is_refused(fetch, server, tmp_path, monkeypatch):
    monkeypatch.setitem(get_datasets.CIFAR10, "urls", [server.url("/other")])
    code, text = fetch()
    assert code == 1
    assert "its MD5 differs" in text
    assert names(tmp_path) == []


def test_without_a_network_it_says_what_to_do(fetch, server, tmp_path, monkeypatch):
    monkeypatch.setitem(get_datasets.CIFAR10, "urls", ["http://127.0.0.1:9/nobody"])
    code, text = fetch()
    assert code == 1
    assert "Without a network" in text
    assert "synthetic" in text
    assert "Traceback" not in text
    assert names(tmp_path) == []


def test_an_address_that_is_none_is_named(fetch):
    code, text = fetch("--mirror", "cifar.example")
    assert code == 1
    assert "cifar.example is not an address" in text


def test_an_interrupted_download_is_no_finished_one(fetch, server, tmp_path, monkeypatch):
    class Bar:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def update(self, _):
            raise KeyboardInterrupt

    monkeypatch.setattr(get_datasets, "progress", lambda *_: Bar())
    code, text = fetch()
    assert code == 130
    assert "again" in text
    assert names(tmp_path) == ["cifar-10-python.tar.gz.part"]


# --- the archive ---------------------------------------------------------------------------------


def test_an_archive_cannot_write_outside_its_folder(fetch, server, tmp_path):
    target = tmp_path.parent / "evil"
    outside = [f"{FOLDER}/../../evil", "../evil", str(target), f"{FOLDER}/extra"]
    server.content = make_archive(extra=[(tarfile.TarInfo(name), b"evil") for name in outside])
    assert fetch()[0] == 0
    assert not target.exists()
    assert_whole(tmp_path)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
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
    code, text = fetch()
    assert code == 1
    assert "Traceback" not in text
    assert names(tmp_path) == ["cifar-10-python.tar.gz"]


def test_a_damaged_archive_brought_by_hand_is_reported_and_kept(fetch, server, tmp_path):
    archive = tmp_path / "cifar-10-python.tar.gz"
    archive.write_bytes(server.content[:-1])
    code, text = fetch()
    assert code == 1
    assert "Delete it" in text
    assert archive.exists()


def test_a_disk_that_fills_up_while_unpacking_leaves_nothing(fetch, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(get_datasets.shutil, "copyfileobj", full)
    code, text = fetch()
    assert code == 1
    assert "No space left" in text
    assert names(tmp_path) == ["cifar-10-python.tar.gz"]


# --- the command ---------------------------------------------------------------------------------


def test_a_disk_too_small_is_noticed_before_the_download(fetch, server, tmp_path, monkeypatch):
    usage = get_datasets.shutil.disk_usage(tmp_path)._replace(free=100_000_000)
    monkeypatch.setattr(get_datasets.shutil, "disk_usage", lambda _: usage)
    code, text = fetch()
    assert code == 1
    assert "358 MB are needed" in text
    assert server.requests == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert get_datasets.main(["synthetic", "--dest", str(tmp_path / "file" / "x")]) == 1
    assert "cannot be made" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["mnist"], ["cifar10", "--mirror"]])
def test_wrong_usage_has_exit_code_2(arguments):
    with pytest.raises(SystemExit) as stop:
        get_datasets.main(arguments)
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
