"""A small server on this machine that has one file, and hands it out well or badly."""

import hashlib
import io
import re
import tarfile
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

from cs231n.cifar_archive import CIFAR10

FOLDER, FILES = CIFAR10["folder"], CIFAR10["files"]
CONTENTS = {name: np.random.default_rng(k).bytes(20_000) for k, name in enumerate(FILES)}


def make_archive(members=None, extra=()) -> bytes:
    """A .tar.gz of {name: bytes} in the folder, and of further (TarInfo, bytes)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
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
    """The path says how the file is handed out; any path not named in Handler does it well."""

    daemon_threads = True

    def __init__(self, content: bytes):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = content
        self.cut_after = None  # bytes of each answer, after which the connection is closed
        self.requests = []  # (path, first byte asked for)
        self.ending = threading.Event()  # lets go of whoever is kept waiting

    def url(self, path="/good"):
        return f"http://127.0.0.1:{self.server_port}{path}"

    def handle_error(self, request, client_address):
        pass  # a client that hangs up is what many tests are about


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server, content, path = self.server, self.server.content, self.path
        start = int(re.sub(r"\D", "", self.headers.get("Range", "0")))
        server.requests.append((path, start))
        if path == "/missing":
            return self.send_error(404)
        if path in ("/moved", "/circle"):
            self.send_response(302)
            self.send_header("Location", "/good" if path == "/moved" else "/circle")
            return self.end_headers()
        if path == "/silent":
            return server.ending.wait()
        if path == "/web-page":
            content, start = b"<html>log in to the network</html>", 0
        if path == "/other":
            content = bytes(reversed(content))
        if path == "/changing" and len(server.requests) == 1:
            content = bytes(reversed(content))
        if path in ("/no-ranges", "/no-ranges-cut"):
            start = 0
        if start and start >= len(content):
            return self.send_error(416)
        length = len(content) - start
        self.send_response(206 if start else 200)
        if start:
            first = start + 1 if path == "/wrong-range" else start
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        if path == "/web-page":
            self.send_header("Content-Type", "text/html; charset=utf-8")
        length += {"/says-more": 1000, "/says-less": -1000}.get(path, 0)
        if path != "/no-length":
            self.send_header("Content-Length", str(length))
        self.end_headers()
        stop = None if server.cut_after is None else start + server.cut_after
        if path in ("/stalls", "/no-ranges-cut"):
            stop = start + len(content) // 4
        self.wfile.write(content[start:stop])
        self.wfile.flush()
        if path == "/stalls":
            server.ending.wait()
        self.close_connection = True

    def log_message(self, *_):
        pass


@contextmanager
def serving(content: bytes):
    server = Server(content)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.ending.set()
        server.shutdown()
        server.server_close()
        thread.join()
