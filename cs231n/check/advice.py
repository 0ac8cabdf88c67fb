"""What to do about an exception: a sentence that follows what Python or NumPy says of it.

Names that are misspelt are compared with those that there are; the rest is known by its wording.
Nothing but names is ever taken from the student's variables: no value gets into a message.
"""

from __future__ import annotations

import difflib
import inspect
import linecache
import os
import re
import sys
from collections.abc import Iterable
from types import FrameType, FunctionType, TracebackType

import numpy as np

from cs231n.check.results import Missing

_THEN = " — "  # between an error and all that is said about it
_IN_LINE = f"{_THEN}in `"  # what follows is the student's line that it comes from

_ON_THE_WAY = "Print the shapes on the way, and compare them with the docstring's."
_CALL = "Compare the call in that line with the first line (`def …`) of the function it calls."
_NONE = (
    "A function without `return` gives None; so do methods that work in place, such as "
    "`x.sort()` and `list.append`."
)
_WHOLE = "Sizes and indices are whole numbers: `/` makes a fraction, `//` a whole number."
_AXES = "It has fewer axes than that line expects: print its shape just before."
_UNPACK = (
    "On the left of the `=` there must be as many names as values on the right. For a cache: take "
    "out what the forward pass put in, in the same order."
)
_SHAPE = "That array has another number of axes than there are names: print its shape."
_NO_ARRAY = (
    "Tuples and lists are no arrays. Did a function return (out, cache), and only out is wanted? "
    "Make a list into an array with np.array(...)."
)

# Kind of exception, how its text is recognised, what to do. The first that fits is taken.
_KNOWN: tuple[tuple[type[BaseException], str, str], ...] = (
    (UnboundLocalError, "", "It is given a value only in an `if` or a loop that was skipped, or "
     "further down: give it a value before that line."),
    (TypeError, r"cannot unpack non-iterable NoneType", _NONE),
    (TypeError, r"cannot unpack non-iterable", _UNPACK),
    (TypeError, r"NoneType|required argument.* None", _NONE),
    (TypeError, r"positional argument|(unexpected|invalid) keyword|multiple values for", _CALL),
    (TypeError, r"float.* cannot be interpreted as an integer", _WHOLE),
    (TypeError, r"slice indices|indices must be integers or slices, not (float|numpy)", _WHOLE),
    (TypeError, r"tuple indices must be integers", "A tuple is taken apart by position: "
     "`x, w = cache`, or cache[0]. Only a dict has keys."),
    (TypeError, r"indices must be integers", "A list takes one index. Make it an array with "
     "np.array(...) to use more, and let the index be a whole number."),
    (TypeError, r"object is not callable", "Round brackets call a function. Is an operator such as "
     "`*` missing before them, or did that name get another value further up?"),
    (TypeError, r"(function|method|type|ufunc)\w*'? object is not subscriptable", "That is a "
     "function: call it with round brackets; square ones pick an element."),
    (TypeError, r"object is not (subscriptable|iterable)|has no len", "That is a single number or "
     "object, not an array. Print it, with its type, just before."),
    (TypeError, r"does not support item assignment", "Only arrays, lists and dicts can be written "
     "into: begin with an array, such as np.zeros(shape)."),
    (TypeError, r"'(tuple|list)'|sequence by non-int|can only concatenate", _NO_ARRAY),
    (TypeError, r"can't be used as an index|unhashable", "Keys of a dict are texts or numbers. Is "
     "that a dict where an array should be?"),
    (TypeError, r"only (0-dimensional|length-1|size-1) arrays can be converted|scalar arrays",
     "One number is wanted there, but an array came: should it be summed, or indexed?"),
    (TypeError, r"Cannot cast|ufunc .* not supported for the input types|casting rule", "An array "
     "of that dtype cannot hold the result: begin with x.astype(float), or with np.zeros(shape)."),
    (ValueError, r"could not broadcast input array", "What stands on the right of the `=` has "
     f"another shape than the place on the left. {_ON_THE_WAY}"),
    (ValueError, r"broadcast", "Shapes go together when, counted from the right, sizes are equal "
     f"or one of them is 1. {_ON_THE_WAY}"),
    (ValueError, r"matmul|not aligned", "In `a @ b` the last axis of a must be as long as the "
     f"first of b. Is a reshape or a .T missing? {_ON_THE_WAY}"),
    (ValueError, r"cannot reshape array", "The new shape must hold as many numbers as the old one. "
     f"{_ON_THE_WAY}"),
    (ValueError, r"values to unpack", _UNPACK),
    (ValueError, r"truth value of an array", "An `if` wants one answer, an array gives many: use "
     "np.where or a mask, or .any() and .all()."),
    (ValueError, r"setting an array element with a sequence|inhomogeneous", "An array's place "
     f"holds one number, and its rows are equally long. {_ON_THE_WAY}"),
    (ValueError, r"read-only", "That array is a view which may not be written into: copy it first, "
     "x.copy()."),
    (ValueError, r"axes don't match|axis .* out of bounds", _AXES),
    (ValueError, r"must match exactly|same number of dimensions", "Arrays that are joined have "
     f"equal shapes but for one axis. {_ON_THE_WAY}"),
    (IndexError, r"only integers, slices|arrays used as indices", _WHOLE),
    (IndexError, r"too many indices|axis .* out of bounds|tuple index out of range", _AXES),
    (IndexError, r"boolean index", "A mask has the shape of the array it picks from. "
     f"{_ON_THE_WAY}"),
    (IndexError, "", "Indices go from 0 to size - 1: does a loop go one too far, or are height and "
     "width swapped?"),
    (KeyError, "", "Print the keys of that dict, list(d), and compare."),
    (ZeroDivisionError, "", "Print what stands under the division, and see where it becomes zero."),
    (RecursionError, "", "The function calls itself without end. Was another function meant?"),
    (MemoryError, "", "An array became far too large: print the shape it is to have."),
    (SystemExit, "", "Leave a function with `return`: exit() and quit() would end the notebook."),
    (EOFError, "", "Nobody can type an answer while a check runs: leave input() out, and take all "
     "that is needed from the arguments."),
    (ModuleNotFoundError, "", "The exercises need NumPy only. Is the name right? Is the package "
     "installed where this notebook runs?"),
    (SyntaxError, "", "The code that this line runs is no Python."),
    (AssertionError, "", "The `assert` in that line does not hold: print what it compares."),
)  # fmt: skip


def describe_error(problem: BaseException, name: str | None = None) -> str:
    """An exception for the student: who raised what, in which line of theirs, and what to do."""
    frames = _frames(problem.__traceback__)
    own = [frame for frame in frames if not _is_library(frame.f_code.co_filename)]
    line = _line_of(problem, own[-1]) if own else ""
    text = f"{type(problem).__name__}: {_said(problem)}".rstrip(": ")
    sentence = f"{name} stopped with {text}" if name else f"Stopped with {text}"
    raised_there = own[-1] if own and own[-1] is frames[-1] else None
    todo = _advice(problem, line, raised_there, bool(own))
    if line:
        return f"{sentence}{_IN_LINE}{line}`. {todo}".rstrip()
    return f"{sentence}{_THEN}{todo}" if todo else sentence


def cause_of(sentence: str) -> str:
    """The part of a sentence on an exception that does not depend on how the code is written."""
    return sentence.partition(_THEN)[0]


def stub_of(problem: NotImplementedError, otherwise: str = "its exercise") -> str:
    """The name of the function whose stub raised the error."""
    if isinstance(problem, Missing):
        return problem.function
    names = [
        frame.f_code.co_name
        for frame in _frames(problem.__traceback__)
        if not _is_library(frame.f_code.co_filename)
    ]
    return names[-1] if names and names[-1].isidentifier() else otherwise


def asks_for_input(problem: BaseException) -> bool:
    """Whether input() found nobody to ask. (To Jupyter that is a kind of NotImplementedError.)"""
    return type(problem).__name__ == "StdinNotImplementedError"


# ---- where it comes from -----------------------------------------------------------------------


def _frames(traceback: TracebackType | None) -> list[FrameType]:
    frames = []
    while traceback is not None:
        frames.append(traceback.tb_frame)
        traceback = traceback.tb_next
    return frames


_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # the package cs231n
_SITE = os.path.dirname(os.path.dirname(os.path.abspath(np.__file__)))  # the packages beside NumPy


def _is_library(path: str) -> bool:
    """Whether code is neither the student's nor that of our tests, which play the student."""
    if path.startswith(os.path.join(_HERE, "tests", "")):
        return False
    known = os.path.join(_HERE, ""), os.path.join(_SITE, ""), "<frozen", "<__array_function__"
    return path.startswith(known) or (
        f"{os.sep}site-packages{os.sep}" in path or f"{os.sep}lib{os.sep}python" in path
    )


def _line_of(problem: BaseException, frame: FrameType) -> str:
    """The text of the line that was at work in a frame when the exception passed through."""
    traceback, number = problem.__traceback__, frame.f_lineno
    while traceback is not None:  # the last time, where the frame stands there more than once
        number = traceback.tb_lineno if traceback.tb_frame is frame else number
        traceback = traceback.tb_next
    return linecache.getline(frame.f_code.co_filename, number).strip()


def _said(problem: BaseException) -> str:
    try:
        return str(problem)
    except Exception:  # of the student's own make
        return ""


# ---- what to do --------------------------------------------------------------------------------


def _advice(problem: BaseException, line: str, frame: FrameType | None, began: bool) -> str:
    """What to do about an exception; "" where there is nothing to add.

    line: the student's line that it comes from, where its text is known
    frame: the student's frame that raised it; None where a library did
    began: whether the function had begun: its parameters took the check's arguments
    """
    try:
        return (
            _called_otherwise(problem, began)
            or _misspelt(problem, line, frame)
            or _is_none(problem, line, frame)
            or _known(problem, line)
        )
    except (Exception, SystemExit, GeneratorExit):  # objects of the student's own make
        return ""


def close_to(name: str, names: Iterable[str]) -> str:
    """ "Did you mean `pad`?" for a name that is not there, or "" where none is like it."""
    found = difflib.get_close_matches(name[:60], [n for n in names if n != name][:5000], n=1)
    return f"Did you mean `{found[0]}`?" if found else ""


def _known(problem: BaseException, line: str) -> str:
    if asks_for_input(problem):
        problem = EOFError()
    if re.search(r"\braise\b", line):
        if _said(problem).strip():
            return "That is your own `raise`: see whether this case should get there."
        return "That is your own `raise`, without a text: write in it what is wrong."
    for kind, pattern, sentence in _KNOWN:
        if isinstance(problem, kind) and re.search(pattern, _said(problem)):
            return _SHAPE if sentence is _UNPACK and ".shape" in line else sentence
    return "Print what goes into that line, just before it." if line else ""


def _called_otherwise(problem: BaseException, began: bool) -> str:
    if began or not isinstance(problem, TypeError) or "argument" not in str(problem):
        return ""
    return (
        "so the checks call it: give its first line (`def …`) the parameters that it had in the "
        "exercise, in that order."
    )


def _misspelt(problem: BaseException, line: str, frame: FrameType | None) -> str:
    names: Iterable[str] = ()
    if isinstance(problem, NameError) and not isinstance(problem, UnboundLocalError):
        if frame is not None and problem.name:
            return _unknown_name(problem.name, frame)
    elif isinstance(problem, AttributeError) and problem.name:
        if problem.obj is None:
            return ""
        kind = type(problem.obj).__name__
        names = [n for n in dir(problem.obj) if not n.startswith("_")]
        return close_to(problem.name, names) or (
            f"Nothing that belongs to {kind} is called so. Is it spelled right, and is it {kind} "
            "that should stand there? Print type(...) of it."
        )
    elif isinstance(problem, KeyError) and frame is not None and problem.args:
        return _unknown_key(problem.args[0], line, frame)
    elif found := re.match(
        r"([\w.]+)\(\) got an unexpected keyword argument '(\w+)'", str(problem)
    ):
        function = _look_up(found[1], frame)
        if isinstance(function, FunctionType):
            names = inspect.signature(function).parameters
            return f"{close_to(found[2], names)} Its parameters are {_listed(names)}.".strip()
    return ""


def _unknown_name(name: str, frame: FrameType) -> str:
    if name in ("np", "plt", "check", "data", "vis"):
        return "Run the set-up cell at the top of the notebook."
    if name in sys.stdlib_module_names:
        return f"Write `import {name}` in a line above the function."
    public = [n for n in (*frame.f_locals, *frame.f_globals) if not n.startswith("_")]
    return close_to(name, public) or (
        "Is it spelled right? If another cell defines it, run that cell first."
    )


def _unknown_key(key: object, line: str, frame: FrameType) -> str:
    for word in re.findall(r"([A-Za-z_][\w.]*)\[", line):
        value = _look_up(word, frame)
        if type(value) is dict and key not in value:
            keys = [k for k in value if type(k) is str]
            if not keys:
                return f"{word} has no such key: print list({word})."
            meant = close_to(key, keys) if type(key) is str else ""
            there = f"{word} has the keys {_listed(map(repr, keys))}."
            return f"{there} {meant}".strip()
    return ""


def _is_none(problem: BaseException, line: str, frame: FrameType | None) -> str:
    if frame is None or "NoneType" not in str(problem):
        return ""
    words = dict.fromkeys(re.findall(r"(?<![.\w])[A-Za-z_]\w*", line))
    found = [word for word in words if frame.f_locals.get(word, 0) is None]
    return f"`{found[0]}` is None there. {_NONE}" if found else _NONE


def _look_up(dotted: str, frame: FrameType | None):
    """The value of a name such as `conv_param` or `self.params` in a frame; None if unknown."""
    if frame is None:
        return None
    first, *rest = dotted.split(".")
    value = frame.f_locals.get(first, frame.f_globals.get(first))
    for name in rest:
        value = vars(value).get(name) if hasattr(value, "__dict__") else None
    return value


def _listed(names: Iterable[str], most: int = 8) -> str:
    """ "a, b and c", the beginning of it where there are many."""
    names = [name[:40] for name in names]
    if len(names) > most:
        return ", ".join(names[:most]) + ", …"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
