"""Whether a notebook's code speaks of what it would take to forge a count of its steps.

The count of Python's steps that a check may ask for is made in the student's own process, so a
cheat could make it come out small. That takes one of few means, and an exercise on convolutions
needs none of them: a notebook that names one is shown to a person.
"""

from __future__ import annotations

import io
import tokenize

from nbformat import NotebookNode

from grading.marks import is_as_released

WORDS = {
    "settrace", "gettrace", "setprofile", "monitoring", "f_trace", "_getframe", "_current_frames",
    "tb_frame", "f_back", "get_objects", "get_referrers", "ctypes", "counting_steps",
    "_call_counted", "exec", "eval", "__import__", "__builtins__", "__globals__", "__closure__",
    "__subclasses__",
}  # fmt: skip


def speaks_of_tracing(nb: NotebookNode) -> str | None:
    """The first name, of those that could serve to forge a count, in the notebook's own code."""
    for cell in nb.cells:
        if cell.cell_type == "code" and not is_as_released(cell):
            for word in _names(cell.source):
                if word in WORDS:
                    return word
    return None


def _names(source: str):
    """The names in a cell, and the texts: a name may be spelt in one."""
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.NAME:
                yield token.string
            elif token.type == tokenize.STRING and len(token.string) < 100:
                yield token.string.strip("\"'rbfuRBFU")
    except (tokenize.TokenError, SyntaxError):  # magics; what came before has been looked at
        yield from source.split()
