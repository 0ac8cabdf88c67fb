"""What the checks of 7_architectures are made of: layers as data, two famous networks, and a close
look at the lists that come back."""

from __future__ import annotations

import copy
import re

import numpy as np

from cs231n.check.results import CheckFailed, NotReady

MOST = 10_000  # items in one answer; the longest right one has not even 200
RELU = {"kind": "relu"}


def conv(filters: int, size: int = 3, stride: int = 1, pad: int = 0, **dilation) -> dict:
    """A convolutional layer; dilation=2 gives it that key."""
    rest = {"filters": filters, "size": size, "stride": stride, "pad": pad}
    return {"kind": "conv", **rest, **dilation}


def pool(size: int = 2, stride: int = 2) -> dict:
    """A pooling layer."""
    return {"kind": "pool", "size": size, "stride": stride}


def fc(neurons: int) -> dict:
    """A fully connected layer."""
    return {"kind": "fc", "neurons": neurons}


def vgg16() -> tuple[list[dict], tuple]:
    """(layers, input shape) of VGG-16 (Simonyan and Zisserman, 2014)."""
    layers = []
    for filters, times in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        layers += [conv(filters, pad=1), RELU] * times + [pool()]
    layers += [fc(4096), RELU, fc(4096), RELU, fc(1000)]
    return copy.deepcopy(layers), (3, 224, 224)


def alexnet() -> tuple[list[dict], tuple]:
    """(layers, input shape) of AlexNet in one tower (Krizhevsky and others, 2012)."""
    layers = [conv(96, 11, 4), RELU, pool(3), conv(256, 5, 1, 2), RELU, pool(3)]
    layers += [conv(384, pad=1), RELU, conv(384, pad=1), RELU, conv(256, pad=1), RELU, pool(3)]
    layers += [fc(4096), RELU, fc(4096), RELU, fc(1000)]
    return copy.deepcopy(layers), (3, 227, 227)


def ask(f, name: str, *args):
    """What the function says to copies: nothing it does to a list reaches the next check."""
    return getattr(f, name)(*copy.deepcopy(args))


def shown(layer: dict) -> str:
    """A layer in a few words, as code: `conv 3x3, stride 1, pad 1`."""
    texts = [f"{layer['kind']} {layer['size']}x{layer['size']}" if "size" in layer else ""]
    texts += [f"{key} {layer[key]}" for key in ("stride", "pad", "dilation") if key in layer]
    return f"`{', '.join(texts) if texts[0] else layer['kind']}`"


# ---- what came back ------------------------------------------------------------------------


def _type(value) -> str:
    return getattr(value, "type_name", type(value).__name__)


def listed(value, what: str, length: int | None = None) -> list:
    """`value` as a list, or a CheckFailed that says what came instead."""
    if value is None:
        raise CheckFailed(f"{what} is None. Does the function end with `return`?")
    if isinstance(value, np.ndarray) and value.ndim == 1 and value.size <= MOST:
        value = list(value)
    if not isinstance(value, list | tuple):
        raise CheckFailed(f"{what} should be a list, but it is a {_type(value)}.")
    if len(value) > MOST:
        raise CheckFailed(f"{what} has {len(value):,} items, which is far too many.")
    if length is not None and len(value) != length:
        raise CheckFailed(f"{what} has {len(value)} items, but there should be {length}.")
    return list(value)


def whole(value, what: str) -> int:
    """`value` as an int, or a CheckFailed that says what came instead."""
    if value is None:
        raise CheckFailed(f"{what} is None. Does the function end with `return`?")
    if isinstance(value, np.ndarray) and value.shape == ():
        value = value[()]
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
        came = f"{value:.6g}, a float" if isinstance(value, float) else f"a {_type(value)}"
        raise CheckFailed(
            f"{what} should be a whole number (int), but it is {came}. "
            + ("`/` gives a float even where it leaves no rest." if "float" in came else "")
        )
    return int(value)


def same_names(came, expected: list[str], call: str, hint: str = "", show: bool = True) -> None:
    """Compare a list of layers' names with the right one."""
    came = listed(came, call)
    if strange := [item for item in came if not isinstance(item, str)]:
        raise CheckFailed(f"{call} should hold names (str), but it holds a {_type(strange[0])}.")
    if came == expected:
        return
    at = next((i for i, pair in enumerate(zip(came, expected)) if pair[0] != pair[1]), None)
    if at is None:
        at = min(len(came), len(expected))
    text = f"{call} gives {len(came)} layers."
    if len(came) != len(expected):
        text = f"{call} gives {len(came)} layers, but there should be {len(expected)}."
    there = f"there is {came[at][:30]!r}" if at < len(came) else "the list ends there"
    slip = f"The first slip is at place {at}: {there}."
    if show and at < len(expected):
        slip = f"The first slip is at place {at}: {there}, and should be {expected[at]!r}."
    elif show:
        slip = f"The first slip is at place {at}: {there}, and should end."
    raise CheckFailed(" ".join(filter(None, (text, slip, hint))))


def same_shapes(came, expected, layers, slips=None, show: bool = True, hint: str = "") -> None:
    """Compare a list of shapes with the right one; slips: wrong shape -> what it comes from."""
    came = listed(came, "shapes")
    if len(came) == len(layers):
        raise CheckFailed(
            f"shapes has {len(came)} items for {len(layers)} layers. Is the input's shape missing?"
        )
    came = listed(came, "shapes", len(expected))
    for place, right in enumerate(expected):
        name = f"shapes[{place}]"
        shape = tuple(whole(n, f"a length in {name}") for n in listed(came[place], name))
        if shape == tuple(right):
            continue
        if place > 0:
            name = f"shapes[{place}] (behind layer {place - 1}: {shown(layers[place - 1])})"
        text = _differs(name, _brief(shape), str(tuple(right)) if show else "")
        raise CheckFailed(f"{text} {_shape_slip(shape, tuple(right), slips or {}) or hint}".strip())


def _differs(name: str, came: str, right: str) -> str:
    """A sentence about a wrong value; right: "" where it is not told."""
    if right:
        return f"{name} is {came}, but it should be {right}."
    return f"{name} is {came}, which is wrong."


def _brief(shape: tuple) -> str:
    return str(shape) if len(shape) <= 4 else f"a shape with {len(shape)} lengths"


def _shape_slip(shape: tuple, right: tuple, slips: dict) -> str:
    if shape in slips:
        return slips[shape]
    if len(shape) == len(right) == 3:
        if shape == (right[0], right[2], right[1]):
            return "Height and width look swapped: a shape is (C, H, W)."
        if shape[1:] == right[1:]:
            return "Height and width are right, the depth is not."
        if shape == (right[1], right[2], right[0]):
            return "The depth comes first: (C, H, W)."
    return ""


def same_counts(came, expected, what, names, slips=None, show=True, hint="") -> None:
    """Compare a list of whole numbers with the right one; slips: wrong number -> what it is.

    names: for each place, whom the number belongs to.
    """
    came = listed(came, what, len(expected))
    for place, right in enumerate(expected):
        name = f"{what}[{place}] ({names[place]})"
        same_count(came[place], right, name, slips, show, hint)


def same_count(came, right: int, name: str, slips=None, show: bool = True, hint: str = "") -> None:
    """Compare one whole number with the right one."""
    number = whole(came, name)
    if number != right:
        text = _differs(name, _digits(number), f"{right:,}" if show else "")
        raise CheckFailed(f"{text} {(slips or {}).get(number) or hint}".strip())


def _digits(number: int) -> str:
    """A number as text; it may be a stranger's, and of any length."""
    return f"{number:,}" if abs(number) < 10**18 else "a number of more than 18 digits"


def refused(f, name: str, args, why: str, places=()) -> None:
    """Check that a call raises a ValueError, and that it names one of `places`, where given."""
    call = f"{name}({', '.join(map(_quoted, args))})"
    try:
        came = ask(f, name, *args)
    except NotReady:
        raise
    except CheckFailed as problem:
        found = re.match(rf"{name} stopped with \w*ValueError\b(.*)", str(problem), re.DOTALL)
        if not found:
            raise CheckFailed(f"{problem} For {call} raise a ValueError: {why}.") from None
        text = found[1].rpartition(" — in `")[0] or found[1]
        if places and not {int(n) for n in re.findall(r"\d{1,9}", text)} & set(places):
            raise CheckFailed(
                f"The ValueError of {call} does not say where the slip is ({why}). Name the "
                "character, counted as in pattern[i]."
            ) from None
        return
    text = repr(came) if isinstance(came, int | float | str) else f"a {_type(came)}"
    raise CheckFailed(f"{call} returned {text[:80]}, but it should raise a ValueError: {why}.")


def _quoted(value) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict) and "kind" in value[0]:
        return f"[{'; '.join(map(shown, value))}]"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
