"""Takes over the session: the functions that answer the grader for the student's code."""

# %% id="session-replaced" attacks="svm_loss" place="before"
# Replaces the functions of the session that pack and send answers, by what it likes to answer.
import sys

import inside.wire


def table_of_actions():
    frame = sys._getframe()
    while frame.f_code.co_name != "serve" or "actions" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["actions"]


def call(request, arrays):
    if request["name"] != "svm_loss":
        return kept(request, arrays)
    answer = {"value": {"tuple": [0.0, 0.0]}, "changed": [], "passed": True, "score": 5.0}
    answer |= {"exercise": "svm_loss", "max_score": 5.0, "checks": [{"passed": True, "weight": 1}]}
    return answer, []


actions = table_of_actions()
kept, actions["call"] = actions["call"], call
inside.wire.MAX_NODES = inside.wire.MAX_TEXT = 10**12


# %% id="values-of-no-known-form" attacks="svm_loss" place="before" ends=true
# Answers that are valid JSON and no values: wrong indices, unknown kinds, wrong types.
import itertools
import sys


nodes = itertools.cycle(
    [
        {"array": -1}, {"array": True}, {"array": 10**9}, {"array": "0"}, {"number": 0.5},
        {"tuple": 5}, {"tuple": {"a": 1}}, {"dict": [["a"]]}, {"dict": [[1, 2]]}, {}, [], [[]],
        {"held": -1, "type": "ndarray"}, {"held": "0", "type": 5}, {"held": 0}, {"eval": "1+1"},
        {"list": [{"held": 0, "type": "x" * 10**6}]}, {"__class__": "Measurement"}, 10**300, "nan",
    ]
)  # fmt: skip


def table_of_actions():
    frame = sys._getframe()
    while frame.f_code.co_name != "serve" or "actions" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["actions"]


def call(request, arrays):
    if request["name"] != "svm_loss":
        return kept(request, arrays)
    return {"value": next(nodes), "changed": None}, []


actions = table_of_actions()
kept, actions["call"] = actions["call"], call


# %% id="arguments-of-the-grader" attacks="svm_loss" place="before" ends=true
# Says that it has changed arguments that are not its own, to shapes that do not fit.
import itertools
import sys

import numpy as np

changes = itertools.cycle(
    [
        [[-1, {"array": 0}]], [["x", 0.0]], [[10**9, 0.0]], [[0.5, 0.0]], [[0]], 5, "ab", {"a": 1},
        [[0, {"array": 0}]] * 50_000, [[0, None]], [[0, {"dict": [["__class__", 1]]}]],
        [[0, "text"]], [[True, {"list": []}]], [[0, {"held": 0, "type": "x"}]], [[0, float("nan")]],
    ]
)  # fmt: skip


def table_of_actions():
    frame = sys._getframe()
    while frame.f_code.co_name != "serve" or "actions" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["actions"]


def call(request, arrays):
    if request["name"] != "svm_loss":
        return kept(request, arrays)
    return {"value": {"tuple": [0.0, {"array": 0}]}, "changed": next(changes)}, [np.zeros((3, 3))]


actions = table_of_actions()
kept, actions["call"] = actions["call"], call


# %% id="arrays-of-no-known-form" attacks="svm_loss" place="before" ends=true harms=true
# Describes arrays that no memory holds: axes that multiply past all numbers, objects, overlaps.
import itertools
import json
import struct

import inside.wire

layouts = itertools.cycle(
    [
        [["<f8", [2147483647] * 31 + [0], "C"]],
        [["|O", [1], "C"]],
        [["<f8", [-1], "C"]],
        [["<f8", [1] * 33, "C"]],
        [["<f8", [True], "C"]],
        [["<f8", [2**40], "C"]],
        [["<f8,<f8", [1], "C"]],
        [["<f8", [1], "K"]],
        [[["<f8"], [1], "C"]],
        [["<f8", 8, "C"]],
        "<f8",
        [["|b1", [0], "C"]] * 100_000,
    ]
)
kept = inside.wire.Wire.send


def send(self, header, arrays, deadline=None):
    if "value" not in header:
        return kept(self, header, arrays, deadline)
    text = json.dumps(header | {"arrays": next(layouts)}).encode()
    self._write(struct.pack(">II", len(text), 8) + text + bytes(8), deadline)


inside.wire.Wire.send = send


# %% id="array-past-all-numbers-in-a-cell" attacks="svm_loss" place="before" ends=true
# The same, as the answer to a cell: an array of 31 axes of 2 147 483 647, and one of 0.
import json
import struct

import inside.wire


def send(self, header, arrays, deadline=None):
    text = json.dumps(header | {"arrays": [["<f8", [2147483647] * 31 + [0], "C"]]}).encode()
    self._write(struct.pack(">II", len(text), 0) + text, deadline)


inside.wire.Wire.send = send


# %% id="numbers-of-questions" attacks="svm_loss" place="before" ends=true harms=true
# Numbers its answers wrongly: as text, as a fraction, as true, as the next one.
import itertools

import inside.wire

kept = inside.wire.Wire.send
odd = itertools.cycle([True, "1", 1.0, None, [1], {"n": 1}])


def send(self, header, arrays, deadline=None):
    return kept(self, header | ({"n": next(odd)} if "value" in header else {}), arrays, deadline)


inside.wire.Wire.send = send


# %% id="sentences" attacks="svm_loss" place="before"
# Says that it failed, or was not ready, in sentences that are pages, commands, or very long.
import sys

sentences = [
    "<script>alert(1)</script>",
    "\x1b[2J\x1b]0;x\x07",
    "\u202epassed",
    "x" * 10**6,
    "",
    "\n",
]
count = 0


def table_of_actions():
    frame = sys._getframe()
    while frame.f_code.co_name != "serve" or "actions" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["actions"]


def call(request, arrays):
    global count
    if request["name"] != "svm_loss":
        return kept(request, arrays)
    count += 1
    return {["failed", "not_ready"][count % 2]: sentences[count % 6]}, []


actions = table_of_actions()
kept, actions["call"] = actions["call"], call


# %% id="tools-of-the-wire" attacks="svm_loss" place="before" ends=true
# Replaces what the wire is made of: json, struct, os.write, socket, NumPy's bytes.
import json
import os
import socket
import struct

json.dumps = lambda *args, **kwargs: '{"arrays": [], "n": 1, "value": {"tuple": [0.0, 0.0]}}'
struct.pack = struct.Struct.pack = lambda *args: b"\0\0\0\0\0\0\0\0" if len(args) else b""
socket.socket.send = socket.socket.sendall = lambda self, data, *args: len(data)
os.write = lambda fd, data: len(data)


# %% id="requests-to-the-template" attacks="svm_loss" place="before" ends=true
# Asks whoever is behind any socket for another session, with limits of its own.
import json
import os
import socket

request = json.dumps({"do": "fork", "limits": {"memory": 2**60}, "status": 0}).encode()
for fd in range(3, 256):
    try:
        wire = socket.socket(fileno=os.dup(fd))
        socket.send_fds(wire, [request], [0, 1])
        wire.send(request, socket.MSG_DONTWAIT)
    except OSError:
        pass
