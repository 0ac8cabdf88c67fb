"""Talks to the grader out of turn, on the connection by which it calls the student's functions."""

# %% id="answers-in-advance" attacks="svm_loss" ends=true
# Writes answers to questions that were not yet asked, with every number of a question.
import json
import os
import stat
import struct


def sockets():
    for fd in range(3, 256):
        try:
            if stat.S_ISSOCK(os.fstat(fd).st_mode):
                yield fd
        except OSError:
            pass


def frame(header):
    text = json.dumps({"arrays": []} | header).encode()
    return struct.pack(">II", len(text), 0) + text


def svm_loss(x, y):
    for fd in sockets():
        for n in range(200):
            os.write(
                fd, frame({"n": n, "value": {"tuple": [0.0, 0.0]}, "score": 5.0, "passed": True})
            )
    return 0.0, x


# %% id="answer-instead-of-a-cell" attacks="svm_loss" place="before" ends=true
# Answers for the cell while it still runs, then goes on running.
import json
import os
import stat
import struct
import time


outputs = [{"output_type": "stream", "name": "stdout", "text": "svm_loss: 5 of 5 points"}]
for fd in range(3, 256):
    try:
        if stat.S_ISSOCK(os.fstat(fd).st_mode):
            for n in range(30):
                text = json.dumps({"arrays": [], "n": n, "outputs": outputs}).encode()
                os.write(fd, struct.pack(">II", len(text), 0) + text)
    except OSError:
        pass
time.sleep(0.3)


# %% id="garbage" attacks="svm_loss" ends=true
# Writes nonsense: random bytes, a pickle, a web request, a terminal's commands.
import os
import pickle
import stat


class Run:
    def __reduce__(self):
        return os.system, ("touch /tmp/@MARK@-pickle",)


def svm_loss(x, y):
    for fd in range(3, 256):
        try:
            if stat.S_ISSOCK(os.fstat(fd).st_mode):
                os.write(fd, b"GET / HTTP/1.1\r\n\r\n" + pickle.dumps(Run()) + os.urandom(1000))
        except OSError:
            pass
    return 0.0, x


# %% id="announced-too-large" attacks="svm_loss" ends=true
# Announces a message of 4 GB and sends a little of it.
import os
import stat
import struct
import time


def svm_loss(x, y):
    for fd in range(3, 256):
        try:
            if stat.S_ISSOCK(os.fstat(fd).st_mode):
                os.write(fd, struct.pack(">II", 2**32 - 1, 2**32 - 1) + b"{")
        except OSError:
            pass
    time.sleep(0.2)
    return 0.0, x


# %% id="cut-off" attacks="svm_loss" ends=true
# Begins a message of a permitted size and ends in the middle of it.
import os
import stat
import struct


def svm_loss(x, y):
    for fd in range(3, 256):
        try:
            if stat.S_ISSOCK(os.fstat(fd).st_mode):
                os.write(fd, struct.pack(">II", 100, 1000) + b'{"arrays": [["<f8", [')
        except OSError:
            pass
    os._exit(0)


# %% id="never-ending" attacks="svm_loss" ends=true
# An answer that comes byte by byte, for ever.
import os
import stat
import struct
import time


def svm_loss(x, y):
    for fd in range(3, 256):
        try:
            if stat.S_ISSOCK(os.fstat(fd).st_mode):
                os.write(fd, struct.pack(">II", 10**6, 0))
                while True:
                    try:
                        os.write(fd, b" ")
                        time.sleep(0.05)
                    except BaseException:
                        continue
        except OSError:
            pass


# %% id="flood" attacks="svm_loss" ends=true
# Sends answers as fast as it can, from a thread, without being asked.
import json
import os
import stat
import struct
import threading

text = json.dumps({"arrays": [], "n": 10, "outputs": [], "value": 0.0}).encode()
many = (struct.pack(">II", len(text), 0) + text) * 1000


def flood(fd):
    while True:
        try:
            os.write(fd, many)
        except OSError:
            pass


for fd in range(3, 256):
    try:
        if stat.S_ISSOCK(os.fstat(fd).st_mode):
            threading.Thread(target=flood, args=(fd,), daemon=True).start()
    except OSError:
        pass


def svm_loss(x, y):
    return 0.0, x


# %% id="reads-the-questions" attacks="svm_loss" ends=true
# A thread reads the grader's requests before the session does, looking for what they expect.
import os
import select
import stat
import threading

seen = []


def listen(fd):
    while True:
        try:
            select.select([fd], [], [])
            seen.append(os.read(fd, 65536))
        except OSError:
            return


def svm_loss(x, y):
    for fd in range(3, 256):
        try:
            if stat.S_ISSOCK(os.fstat(fd).st_mode):
                threading.Thread(target=listen, args=(fd,), daemon=True).start()
        except OSError:
            pass
    print(seen)
    return 0.0, x


# %% id="hung-up" attacks="svm_loss" ends=true
# Shuts the connection down, in both directions.
import os
import socket


def svm_loss(x, y):
    for fd in range(3, 256):
        try:
            socket.socket(fileno=os.dup(fd)).shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
    return 0.0, x


# %% id="half-hung-up" attacks="svm_loss" ends=true
# Stops listening, yet goes on answering.
import os
import socket


def svm_loss(x, y):
    for fd in range(3, 256):
        try:
            socket.socket(fileno=os.dup(fd)).shutdown(socket.SHUT_RD)
        except OSError:
            pass
    return 0.0, x


# %% id="another-file" attacks="svm_loss" ends=true
# Puts something else in the connection's place: a device of endless zeros, a pipe to itself.
import os


def svm_loss(x, y):
    zero, (reading, writing) = os.open("/dev/zero", os.O_RDWR), os.pipe()
    for fd in range(3, min(zero, reading, writing)):
        try:
            os.dup2(zero if fd % 2 else reading, fd)
        except OSError:
            pass
    return 0.0, x


# %% id="files-sent-along" attacks="svm_loss" ends=true
# Sends open files with its bytes, hundreds of them, to use up the grader's.
import os
import socket
import stat


def svm_loss(x, y):
    spare = os.open("/dev/null", os.O_RDONLY)
    for fd in range(3, 256):
        try:
            if stat.S_ISSOCK(os.fstat(fd).st_mode):
                wire = socket.socket(fileno=os.dup(fd))
                for _ in range(20):
                    socket.send_fds(wire, [b" "], [spare] * 200)
        except OSError:
            pass
    return 0.0, x


# %% id="header-of-no-known-form" attacks="svm_loss" ends=true
# Headers that JSON allows and no message may have: numbers without end, the same key twice, depth.
import itertools
import os
import stat
import struct

headers = itertools.cycle(
    [
        b'{"arrays": [], "n": 1e999, "value": NaN}',
        b'{"arrays": [], "n": ' + b"1" * 5000 + b"}",
        b'{"arrays": [], "n": 1, "n": 2, "arrays": 5}',
        b"[" * 100_000,
        b'{"arrays": ' + b"[" * 100_000,
        b'{"arrays": [' + b"[]," * 1_000_000 + b"[]]}",
        b"\xff\xfe" * 10,
        b"null",
        b'{"arrays": {}}',
    ]
)


def svm_loss(x, y):
    for fd in range(3, 256):
        try:
            if stat.S_ISSOCK(os.fstat(fd).st_mode):
                os.set_blocking(fd, True)
                text = next(headers)
                os.write(fd, struct.pack(">II", len(text), 0) + text)
        except OSError:
            pass
    return 0.0, x
