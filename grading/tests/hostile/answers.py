"""Answers of no known form, as they would come over the wire to a grader who asked for a call.

Each is (a name, the header as text or as data, the bytes of its arrays). "arrays" and the right
number "n" of the question are added to data where they are missing.
"""

from __future__ import annotations

NODES = [
    {"array": -1}, {"array": True}, {"array": 10**9}, {"array": "0"}, {"array": [0]},
    {"number": 0.5}, {"tuple": 5}, {"tuple": {"a": 1}}, {"tuple": [{"tuple": [{}]}]},
    {"dict": [["a"]]}, {"dict": [[1, 2]]}, {"dict": {"a": 1}}, {}, [], [[]],
    {"held": -1, "type": "ndarray"}, {"held": "0", "type": 5}, {"held": 0}, {"held": 1.5},
    {"held": 0, "type": "\x1b[31m<script>\u202e" * 10_000}, {"held": 10**30, "type": ""},
    {"eval": "1 + 1"}, {"__class__": "Measurement", "error": 0.0}, {"pickle": "gASVAAAA"},
    10**300, -(10**4000), float("nan"), float("inf"), "nan", True, None, "x" * 10**6,
    {"tuple": [0.0] * 100_000}, {"list": [{"list": []}] * 30_000}, {"tuple": [None, None]},
    {"tuple": [{"held": 0, "type": "float"}, {"held": 0, "type": "float"}]},
]  # fmt: skip

CHANGES = [
    [[-1, {"array": 0}]], [["x", 0.0]], [[10**9, 0.0]], [[0.5, 0.0]], [[0]], 5, "ab", {"a": 1},
    [[0, {"array": 0}]] * 1000, [[0, None]], [[0, {"dict": [["__class__", 1]]}]], [[0, "text"]],
    [[True, {"list": []}]], [[0, {"held": 0, "type": "x"}]], [[0, float("nan")]], [None], [[[], 0]],
    [[0, {"list": [1, {"list": [2]}]}]], [[1, 10**30]], [[1, 0.5]], [[0, True]],
]  # fmt: skip

HEADERS = [
    '{"arrays": [], "n": 1e999, "value": NaN}',
    '{"arrays": [], "n": ' + "1" * 5000 + "}",
    '{"arrays": [], "n": 1, "n": 2, "arrays": 5}',
    '{"arrays": [], "n": true, "value": 0.0}',
    '{"arrays": [], "n": 1.0, "value": 0.0}',
    '{"arrays": [], "n": "1", "value": 0.0}',
    '{"arrays": [], "n": 2, "value": 0.0}',
    '{"arrays": [], "n": null}',
    "[" * 100_000,
    '{"arrays": ' + "[" * 100_000,
    '{"arrays": [' + "[]," * 500_000 + "[]]}",
    '{"a": ' * 50_000,
    "null", "5", '""', "", "{}", "[]", '{"arrays": {}}', "\ud800", "\0", "{'arrays': []}",
]  # fmt: skip

LAYOUTS = [
    [["<f8", [2147483647] * 31 + [0], "C"]],
    [["<f8", [0] + [2147483647] * 31, "F"]],
    [["<f8", [2147483647, 2147483647, 0], "C"]],
    [["<f8", [2**31], "C"]],
    [["<f8", [2**70], "C"]],
    [["|O", [1], "C"]],
    [["|V8", [1], "C"]],
    [["<U2", [1], "C"]],
    [["<c16", [1], "C"]],
    [["<M8[s]", [1], "C"]],
    [[">f8", [1], "C"]],
    [["<f8,<f8", [1], "C"]],
    [["<f8", [-1], "C"]],
    [["<f8", [1] * 33, "C"]],
    [["<f8", [1] * 64, "C"]],
    [["<f8", [True], "C"]],
    [["<f8", [1.0], "C"]],
    [["<f8", [1], "K"]],
    [["<f8", [1], ["C"]]],
    [[["<f8"], [1], "C"]],
    [["<f8", 8, "C"]],
    [["<f8", [2], "C"]],
    [["<f8", [], "C"], ["<f8", [], "C"]],
    ["<f8"],
    [None],
    [["|b1", [0], "C"]] * 50_000,
]

ANSWERS = [
    *((f"node-{n}", {"value": node}, b"") for n, node in enumerate(NODES)),
    *(
        (f"change-{n}", {"value": 0.0, "changed": c, "arrays": [["<f8", [1], "C"]]}, bytes(8))
        for n, c in enumerate(CHANGES)
    ),
    *((f"header-{n}", text, b"") for n, text in enumerate(HEADERS)),
    *(
        (f"layout-{n}", {"value": {"array": 0}, "arrays": layout}, bytes(size))
        for n, layout in enumerate(LAYOUTS)
        for size in (0, 8)
    ),
    ("bytes-without-arrays", {"value": 0.0}, bytes(64)),
    ("no-value", {}, b""),
    ("failed-and-value", {"failed": "\x1b[2J<b>" * 1000, "value": 0.0}, b""),
    ("failed-is-a-number", {"failed": 5, "not_ready": [], "value": 0.0}, b""),
]
