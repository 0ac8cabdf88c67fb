"""Outputs as a stranger's process gave them -> outputs that a notebook may hold.

Only the forms that notebooks know are kept, with text that can be written to a file. Results as
data (our own type) are dropped: they come from the checks, never from a cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nbformat import NotebookNode
from nbformat.v4 import new_output

from grading.checks.core import MIME_TYPE

MAX_OUTPUTS = 1001
_KIND = re.compile(r"[a-z]+/[a-z0-9.+-]{1,80}")


def cleaned(outputs: object, size: int) -> tuple[list[NotebookNode], int]:
    """The usable ones among a cell's outputs, up to so many characters.

    Returns a tuple of: the outputs, how many characters they have.
    """
    kept, used = [], 0
    for output in outputs[:MAX_OUTPUTS] if isinstance(outputs, list) else []:
        for new, length in _clean(output):
            if used + length <= size:
                kept.append(new)
                used += length
    return kept, used


def _clean(output: object) -> Iterator[tuple[NotebookNode, int]]:
    """The output as (a new one, its length), or nothing."""
    if not isinstance(output, dict):
        return
    kind = output.get("output_type")
    if kind == "stream" and isinstance(output.get("text"), str):
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        text = writable(output["text"])
        yield new_output("stream", name=name, text=text), len(text)
    elif kind == "error" and isinstance(output.get("traceback", []), list):
        name, value = (writable(str(output.get(key, ""))[:5000]) for key in ("ename", "evalue"))
        given = output.get("traceback") or ()
        lines = [writable(line) for line in given if isinstance(line, str)]
        length = len(name) + len(value) + sum(map(len, lines))
        yield new_output("error", ename=name, evalue=value, traceback=lines), length
    elif kind in ("display_data", "execute_result") and isinstance(output.get("data"), dict):
        data = {
            key: writable(value)
            for key, value in output["data"].items()
            if isinstance(value, str) and _KIND.fullmatch(key) and key != MIME_TYPE
        }
        data = {key: value for key, value in data.items() if not key.endswith("json")}
        if data:
            count = {} if kind == "display_data" else {"execution_count": _count(output)}
            yield new_output(kind, data=data, **count), sum(map(len, data.values()))


def writable(text: str) -> str:
    """The text without what cannot be written as UTF-8 (halves of surrogate pairs) or is NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")


def _count(output: dict) -> int | None:
    count = output.get("execution_count")
    return count if type(count) is int and 0 < count < 10**9 else None
