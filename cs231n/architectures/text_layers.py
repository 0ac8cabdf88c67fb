"""A layer in the text form, such as CONV3-64/2p1: its word, then its numbers.

    INPUT224x224x3   pictures, height x width x channels; INPUT3072: vectors
    CONV3-64         64 filters of 3x3; CONV3x5-64: 3 high, 5 wide
        /2  p1  d2  g4  nobias  floor  ceil      stride, pad, dilation, groups, and so on
    LOCAL3-64        the same, locally connected
    POOL2            max pooling 2x2 with stride 2; POOL3/2p1; AVGPOOL7, L2POOL2
    GLOBALAVGPOOL    over the whole picture; GLOBALPOOL is its maximum
    FC-4096          fully connected, 4096 neurons
    RELU  TANH  SCALE  BN  LN  GN32  LRN5  DROPOUT0.5  FLATTEN  SOFTMAX  RBF-10

A convolutional layer without p keeps height and width at stride 1; a pool without / has a stride
as large as its window. What is left out takes a usual value: see DEFAULTS.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable

from cs231n.architectures import kinds
from cs231n.architectures.kinds import Layer

# What a word stands for when nothing follows it, as in the pattern [CONV -> RELU]*N.
DEFAULTS = {
    "INPUT": "32x32x3",
    "CONV": "3-64",
    "LOCAL": "3-64",
    "POOL": "2",
    "FC": "-10",
    "RBF": "-10",
    "GN": "32",
    "LRN": "5",
    "DROPOUT": "0.5",
}
HIDDEN_FC = 128  # neurons of a bare FC that another layer reads

_SIZES = r"(?P<size>\d+(?:x\d+)?)?"
_COUNT = r"(?:-(?P<count>\d+))?"
_OPTION = re.compile(
    r"/(?P<stride>\d+(?:x\d+)?)|p(?P<pad>\d+(?:x\d+)?)|d(?P<dilation>\d+(?:x\d+)?)"
    r"|g(?P<groups>\d+)|(?P<bias>nobias)|(?P<rounding>exact|floor|ceil)"
)


class LayerTextError(ValueError):
    """A layer that cannot be read; `offset` counts characters from its first."""

    def __init__(self, offset: int, message: str):
        super().__init__(message)
        self.offset = offset


def read_layer(text: str) -> tuple[Layer, bool]:
    """A layer from its text, without spaces.

    Returns a tuple of:
    - layer: from cs231n.architectures.kinds
    - bare: whether nothing followed the word, so that all its numbers are usual values

    Raises LayerTextError when there is no such layer, or its numbers are not as they should be.
    """
    word = _word(text)
    rest = text[len(word) :]
    head = word.replace("MAXPOOL", "POOL")
    bare = not rest
    rest = rest or DEFAULTS.get(head.removeprefix("AVG").removeprefix("L2"), "")
    try:
        return _READERS[head](rest), bare
    except LayerTextError as problem:
        raise LayerTextError(len(word) + problem.offset, f"{word}: {problem}") from None
    except ValueError as problem:
        raise LayerTextError(0, f"{text}: {problem}") from None


def _word(text: str) -> str:
    """The longest word that a layer begins with."""
    upper = text.upper()
    found = [
        word for word in _WORDS if upper.startswith(word) and not upper[len(word) :][:1].isalpha()
    ]
    if not found:
        letters = re.match(r"[A-Z]*(?:2POOL)?", upper)[0]
        close = difflib.get_close_matches(letters, _WORDS, 1, 0.5)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(_WORDS)}."
        raise LayerTextError(0, f"There is no layer {letters or text[:1]!r}: {hint}")
    return max(found, key=len)


def _input(rest: str) -> Layer:
    found = _match(r"(\d+)(?:x(\d+)x(\d+))?", rest, "HEIGHTxWIDTHxCHANNELS, such as 32x32x3")
    first, *others = (int(size) for size in found.groups() if size)
    return kinds.Input((others[1], first, others[0]) if others else (first,))


def _filters(kind: type[Layer], allowed: str) -> Callable[[str], Layer]:
    def read(rest: str) -> Layer:
        found = re.match(_SIZES + _COUNT, rest)
        if not found["size"] or not found["count"]:
            raise LayerTextError(
                found.end(), "expected SIZE-FILTERS, such as 3-64 for 64 filters of 3x3."
            )
        given = _options(rest, found.end(), allowed.split())
        return kind(int(found["count"]), _pair(found["size"]), **given)

    return read


def _pool(op: str) -> Callable[[str], Layer]:
    def read(rest: str) -> Layer:
        found = re.match(_SIZES, rest)
        if not found["size"]:
            raise LayerTextError(0, "expected the size of the window, such as 2 or 3/2.")
        given = _options(rest, found.end(), ["stride", "pad", "rounding"])
        return kinds.Pool(op, _pair(found["size"]), **given)

    return read


def _options(rest: str, start: int, allowed: list[str]) -> dict:
    """The options from `start` on, as keyword arguments of a layer."""
    given: dict = {}
    while start < len(rest):
        found = _OPTION.match(rest, start)
        name = found and found.lastgroup
        if name not in allowed or name in given:
            again = "is given twice" if name in given else "is none of its options"
            raise LayerTextError(
                start, f"{(found or [rest[start:]])[0]!r} {again}: {_help(allowed)}."
            )
        value = found[name]
        given[name] = value if name == "rounding" else False if name == "bias" else _pair(value)
        start = found.end()
    return given


def _help(allowed: list[str]) -> str:
    signs = {
        "stride": "/2 (stride)",
        "pad": "p1 (pad)",
        "dilation": "d2 (dilation)",
        "groups": "g2 (groups)",
        "bias": "nobias",
        "rounding": "floor or ceil",
    }
    return ", ".join(signs[name] for name in allowed)


def _fc(rest: str) -> Layer:
    found = _match(r"-(\d+)(nobias)?", rest, "-NEURONS, such as FC-4096")
    return kinds.FC(int(found[1]), bias=not found[2])


def _with_number(make: Callable, pattern: str, wanted: str) -> Callable[[str], Layer]:
    return lambda rest: make(_match(pattern, rest, wanted)[1])


def _alone(make: Callable[[], Layer]) -> Callable[[str], Layer]:
    def read(rest: str) -> Layer:
        if rest:
            raise LayerTextError(0, f"nothing follows this word, but {rest!r} does.")
        return make()

    return read


def _match(pattern: str, rest: str, wanted: str) -> re.Match:
    found = re.fullmatch(pattern, rest)
    if not found:
        raise LayerTextError(0, f"expected {wanted}, not {rest!r}.")
    return found


def _pair(text: str) -> int | tuple[int, int]:
    first, _, second = text.partition("x")
    return (int(first), int(second)) if second else int(first)


_READERS: dict[str, Callable[[str], Layer]] = {
    "INPUT": _input,
    "CONV": _filters(kinds.Conv, "stride pad dilation groups bias rounding"),
    "LOCAL": _filters(kinds.Local, "stride pad bias rounding"),
    "POOL": _pool("max"),
    "AVGPOOL": _pool("avg"),
    "L2POOL": _pool("l2"),
    "GLOBALPOOL": _alone(lambda: kinds.Pool("max", None)),
    "GLOBALAVGPOOL": _alone(lambda: kinds.Pool("avg", None)),
    "GLOBALL2POOL": _alone(lambda: kinds.Pool("l2", None)),
    "FC": _fc,
    "RELU": _alone(kinds.ReLU),
    "TANH": _alone(kinds.Tanh),
    "SCALE": _alone(kinds.Scale),
    "BN": _alone(kinds.BatchNorm),
    "LN": _alone(kinds.LayerNorm),
    "GN": _with_number(lambda n: kinds.GroupNorm(int(n)), r"(\d+)", "groups, such as GN32"),
    "LRN": _with_number(lambda n: kinds.LRN(int(n)), r"(\d+)", "channels, such as LRN5"),
    "DROPOUT": _with_number(
        lambda share: kinds.Dropout(float(share)), r"(0?\.\d+|0)", "the share dropped, such as 0.5"
    ),
    "FLATTEN": _alone(kinds.Flatten),
    "SOFTMAX": _alone(kinds.Softmax),
    "RBF": _with_number(lambda n: kinds.RBF(int(n)), r"-(\d+)", "-NEURONS, such as RBF-10"),
}
_WORDS = (*_READERS, "MAXPOOL", "GLOBALMAXPOOL")
