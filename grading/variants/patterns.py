"""Right tables of a network, written in ways that have little in common. All must score full."""

import ast
import math
import re
from fractions import Fraction

import numpy as np

RIGHT: list[dict] = []


def right(exercise):
    def add(function):
        functions = {exercise: function}
        RIGHT.append(dict(name=function.__name__, exercise=exercise, functions=functions))
        return function

    return add


# ---- parse_pattern -------------------------------------------------------------------------


@right("parse_pattern")
def with_a_stack(pattern, counts=None, optional=True):
    """No recursion: a list for each open bracket. Places are counted from 1."""
    counts = {} if counts is None else counts
    stack, opened, last = [[]], [], []
    wants_part, may_repeat = True, False
    place = 0
    while place < len(pattern):
        char = pattern[place]
        if char.isspace():
            place += 1
        elif char == "[" and wants_part:
            stack.append([])
            opened.append(place)
            place += 1
        elif char == "]" and not wants_part and opened:
            last = stack.pop()
            opened.pop()
            stack[-1].extend(last)
            may_repeat = True
            place += 1
        elif char.isalpha() and wants_part:
            end = place
            while end < len(pattern) and pattern[end].isalnum():
                end += 1
            last = [pattern[place:end]]
            stack[-1].append(last[0])
            wants_part, may_repeat = False, True
            place = end
        elif pattern.startswith("->", place) and not wants_part:
            wants_part, may_repeat = True, False
            place += 2
        elif char == "?" and may_repeat:
            if not optional:
                del stack[-1][len(stack[-1]) - len(last) :]
            may_repeat = False
            place += 1
        elif char == "*" and may_repeat:
            found = re.compile(r"\s*([A-Za-z]\w*|\d+)").match(pattern, place + 1)
            if not found or not (found[1].isdigit() or found[1] in counts):
                raise ValueError(f"no count at place {place + 1}")
            often = int(found[1]) if found[1].isdigit() else counts[found[1]]
            del stack[-1][len(stack[-1]) - len(last) :]
            stack[-1].extend(last * often)
            may_repeat = False
            place = found.end()
        else:
            raise ValueError(f"{char!r} at place {place + 1} is not expected there")
    if wants_part or opened:
        raise ValueError(f"at place {place + 1}: the pattern ends too early")
    return stack[0]


@right("parse_pattern")
def grammar_first_then_python_expression(pattern, counts=None, optional=True):
    """Looks at neighbours, then lets Python's own parser read the brackets."""
    counts = dict(counts or {})
    tokens = [(m[0], m.start()) for m in re.finditer(r"->|[A-Za-z]\w*|\d+|\S", pattern)]
    text, depth, before = [], [], "start"
    follows = {
        "start": "name open",
        "name": "arrow close star mark end",
        "open": "name open",
        "close": "arrow close star mark end",
        "arrow": "name open",
        "star": "count",
        "count": "arrow close end",
        "mark": "arrow close end",
    }
    kinds = {"[": "open", "]": "close", "->": "arrow", "*": "star", "?": "mark"}
    for token, place in [*tokens, ("", len(pattern))]:
        kind = kinds.get(token, "name" if token[:1].isalpha() else "other")
        kind = "end" if token == "" else kind
        if before == "star" and (token.isdigit() or token in counts):
            kind = "count"
        if kind not in follows[before].split():
            raise ValueError(f"Unexpected {kind} in pattern[{place}]")
        if kind == "open":
            depth.append(place)
        if kind == "close" or (kind == "end" and depth):
            if not depth or kind == "end":
                raise ValueError(f"Bracket in pattern[{(depth or [place])[-1]}] has no partner")
            depth.pop()
        text.append(
            {
                "open": "(", "close": ")", "arrow": "+", "star": "*", "name": f"[{token!r}]",
                "mark": f"*{int(bool(optional))}", "count": str(counts.get(token, token)),
                "end": "",
            }[kind]
        )  # fmt: skip
        before = kind

    def value(node):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return (*value(node.left), *value(node.right))
        if isinstance(node, ast.BinOp):
            return value(node.left) * node.right.value
        return tuple(item.value for item in node.elts)

    return value(ast.parse("".join(text), mode="eval").body)  # a tuple will do as well


@right("parse_pattern")
def descent_on_the_text_itself(pattern, counts=None, optional=True):
    """Functions that take a place and return a list and the next place."""

    def skip(i):
        while i < len(pattern) and pattern[i] in " \t\n":
            i += 1
        return i

    def sequence(i):
        names, i = part(i)
        while pattern[i : i + 2] == "->":
            more, i = part(i + 2)
            names = names + more
        return names, i

    def part(i):
        i = skip(i)
        if pattern[i : i + 1] == "[":
            names, i = sequence(i + 1)
            if pattern[i : i + 1] != "]":
                raise ValueError(f"bracket not closed at {i}")
            i += 1
        else:
            found = re.compile("[A-Za-z][A-Za-z0-9]*").match(pattern, i)
            if not found:
                raise ValueError(f"no layer at {i}")
            names, i = [found.group()], found.end()
        i = skip(i)
        if pattern[i : i + 1] == "?":
            return (names if optional else []), skip(i + 1)
        if pattern[i : i + 1] == "*":
            i = skip(i + 1)
            found = re.compile("[A-Za-z0-9]+").match(pattern, i)
            word = found.group() if found else ""
            try:
                often = int(word) if word.isdecimal() else (counts or {})[word]
            except KeyError:
                raise ValueError(f"no count at {i}") from None
            return sum([names] * often, []), skip(i + len(word))
        return names, i

    names, i = sequence(0)
    if i != len(pattern):
        raise ValueError(f"did not expect {pattern[i]} at {i}")
    return names


# ---- layer_shapes --------------------------------------------------------------------------


@right("layer_shapes")
def by_listing_every_window(layers, input_shape):
    """Counts the windows one by one, and looks where the last one ends."""
    shapes = [list(input_shape)]
    for layer in layers:
        before = shapes[-1]
        if layer["kind"] == "fc":
            shapes.append([layer["neurons"]])
        elif layer["kind"] == "relu":
            shapes.append(list(before))
        elif layer["kind"] not in ("conv", "pool"):
            raise ValueError(layer["kind"])
        else:
            depth, *sizes = before
            if len(sizes) != 2:
                raise ValueError("not a map")
            after = [layer.get("filters", depth)]
            for size in sizes:
                taps = range(0, layer["size"] * layer.get("dilation", 1), layer.get("dilation", 1))
                end = size + layer.get("pad", 0)
                starts = range(-layer.get("pad", 0), end - taps[-1], layer["stride"])
                if not starts or starts[-1] + taps[-1] != end - 1:
                    raise ValueError(f"{layer} on {before}")
                after.append(len(starts))
            shapes.append(after)
    return shapes


@right("layer_shapes")
def by_fractions_and_numpy(layers, input_shape):
    shapes = [np.array(input_shape)]
    rules = {
        "relu": lambda layer, shape: shape,
        "fc": lambda layer, shape: np.array([layer["neurons"]]),
        "conv": lambda layer, shape: window(layer, shape, layer["filters"]),
        "pool": lambda layer, shape: window(layer, shape, shape[0]),
    }

    def window(layer, shape, depth):
        if len(shape) != 3:
            raise ValueError(f"a vector: {shape}")
        span = layer["size"] + (layer["size"] - 1) * (layer.get("dilation", 1) - 1)
        sizes = []
        for n in shape[1:]:
            places = Fraction(int(n) + 2 * layer.get("pad", 0) - span, layer["stride"]) + 1
            if places < 1 or places.denominator != 1:
                raise ValueError("does not fit")
            sizes.append(int(places))
        return np.array([depth, *sizes])

    for layer in layers:
        if layer["kind"] not in rules:
            raise ValueError("unknown kind")
        shapes.append(rules[layer["kind"]](layer, shapes[-1]))
    return shapes


# ---- count_parameters ----------------------------------------------------------------------


@right("count_parameters")
def by_building_the_arrays(layers, shapes):
    """The sizes of the weights' shapes."""
    totals = np.zeros(len(layers), dtype=np.int64)
    for i, layer in enumerate(layers):
        w, b = (0,), (0,)
        if layer["kind"] == "conv":
            w, b = (layer["filters"], shapes[i][0], layer["size"], layer["size"]), shapes[i + 1][:1]
        if layer["kind"] == "fc":
            w, b = (math.prod(shapes[i]), layer["neurons"]), (layer["neurons"],)
        totals[i] = np.prod(w) + np.prod(b)
    return totals


@right("count_parameters")
def fully_connected_as_convolution(layers, shapes):
    """An FC layer is a conv layer with filters as large as the map."""
    found = []
    for layer, read, given in zip(layers, shapes[:-1], shapes[1:]):
        if layer["kind"] not in ("conv", "fc"):
            found.append(np.int64(0))
            continue
        C, *sizes = read
        area = layer["size"] * layer["size"] if layer["kind"] == "conv" else math.prod(sizes)
        found.append(np.int64(C * area * given[0] + given[0]))
    return tuple(found)


# ---- receptive_field -----------------------------------------------------------------------


@right("receptive_field")
def from_the_output_back(layers, shapes):
    """For each volume: how many values of the layer before lead to one, all the way back."""
    fields = []
    for end in range(len(layers) + 1):
        seen = 1
        for i in reversed(range(end)):
            layer = layers[i]
            if layer["kind"] == "fc":
                seen = shapes[i][1] if len(shapes[i]) == 3 else seen
            elif layer["kind"] != "relu":
                span = layer.get("dilation", 1) * (layer["size"] - 1) + 1
                seen = (seen - 1) * layer["stride"] + span
        fields.append(seen)
    return fields


@right("receptive_field")
def by_following_the_rows(layers, shapes):
    """The first and the last row that the first value sees, and the second value's first."""
    first, last, second = [0], [0], [1]
    for layer, shape in zip(layers, shapes):
        size, stride, apart = 1, 1, layer.get("dilation", 1)
        if layer["kind"] == "fc" and len(shape) == 3:
            size, stride = shape[1], shape[1]
        elif "size" in layer:
            size, stride = layer["size"], layer["stride"]
        jump = second[-1] - first[-1]
        last.append(last[-1] + apart * (size - 1) * jump)
        first.append(first[-1])
        second.append(first[-1] + jump * stride)
    return np.array(last) - np.array(first) + 1


# ---- count_memory --------------------------------------------------------------------------


@right("count_memory")
def with_numpy(layers, shapes, parameters, batch_size=1, optimizer="momentum", value_bytes=4):
    sizes = np.array([np.prod(shape, dtype=np.int64) for shape in shapes])
    kept = np.array([True] + [layer["kind"] != "relu" for layer in layers])
    volumes = sizes[kept].sum() * batch_size * value_bytes
    learned = np.sum(parameters, dtype=np.int64) * value_bytes
    matrices = [
        read[0] * layer["size"] * layer["size"] * given[1] * given[2]
        for layer, read, given in zip(layers, shapes, shapes[1:])
        if layer["kind"] == "conv"
    ]
    try:
        values = {"adam": 2, "momentum": 1, "sgd": 0}[optimizer]
    except KeyError as problem:
        raise ValueError(f"unknown optimizer {optimizer}") from problem
    return {
        "workspace": max(matrices, default=0) * value_bytes,
        "optimizer_state": values * learned,
        "parameter_gradients": learned,
        "parameters": learned,
        "activation_gradients": volumes,
        "activations": volumes,
    }


@right("count_memory")
def one_after_the_other(
    layers, shapes, parameters, batch_size=1, optimizer="momentum", value_bytes=4
):  # noqa: E501
    memory = dict.fromkeys(("activations", "parameters", "optimizer_state", "workspace"), 0)
    memory["activations"] += batch_size * math.prod(shapes[0]) * value_bytes
    for i, (layer, count) in enumerate(zip(layers, parameters)):
        if layer["kind"] == "conv":
            taps = layer["size"] * layer["size"] * shapes[i][0]
            matrix = taps * math.prod(shapes[i + 1][1:]) * value_bytes
            memory["workspace"] = max(memory["workspace"], matrix)
        if layer["kind"] != "relu":
            memory["activations"] += batch_size * math.prod(shapes[i + 1]) * value_bytes
        memory["parameters"] += count * value_bytes
        if optimizer == "adam":
            memory["optimizer_state"] += 2 * count * value_bytes
        elif optimizer == "momentum":
            memory["optimizer_state"] += count * value_bytes
        elif optimizer != "sgd":
            raise ValueError(optimizer)
    for of in ("activation", "parameter"):
        memory[f"{of}_gradients"] = memory[f"{of}s"]
    return memory


# ---- fit_batch_size ------------------------------------------------------------------------


@right("fit_batch_size")
def one_picture_more_while_it_fits(memory, gib):
    pictures = 0
    while True:
        needed = 0
        for part, size in memory.items():
            needed += size * (pictures + 1) if part.startswith("activation") else size
        if needed > gib * 1024**3:
            return pictures
        pictures += 1


@right("fit_batch_size")
def in_floating_point(memory, gib):
    once = sum(memory[p] for p in ("parameters", "parameter_gradients", "optimizer_state"))
    left = gib * 1024 * 1024 * 1024 - once - memory["workspace"]
    return int(max(left, 0) / (memory["activations"] + memory["activation_gradients"]))


@right("fit_batch_size")
def by_bisection(memory, gib):
    def fits(pictures):
        grown = memory["activations"] * pictures + memory["activation_gradients"] * pictures
        keys = ("parameters", "parameter_gradients", "optimizer_state", "workspace")
        return grown + sum(memory[key] for key in keys) <= gib * 2**30

    low, high = 0, 1
    while fits(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return np.int64(low)
