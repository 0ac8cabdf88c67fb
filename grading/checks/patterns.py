"""Hidden checks of the notebook 7_architectures: drawn networks, the reference as oracle.

No exercise leans on another: what a function needs of the tables before it is handed to it, so a
slip is paid for once. HIDE names what a notebook does not get to see while it is graded.
"""

from __future__ import annotations

from cs231n.check import pattern_cases as forms
from cs231n.check.core import Exercise
from cs231n.check.pattern_cases import ask, listed, refused, shown, vgg16, whole
from cs231n.check.pattern_costs import PARTS, memory_of, one_picture, same_memory
from cs231n.check.results import CheckFailed
from grading.checks import fast
from grading.checks.pattern_cases import (
    CASES,
    ILLEGAL,
    PATTERNS,
    UNREADABLE,
    counted,
    drawn_counts,
    network,
    reference,
    sized,
)

HIDE = fast.NETWORKS

parse_pattern = Exercise("parse_pattern", functions=("parse_pattern",))
layer_shapes = Exercise("layer_shapes", functions=("layer_shapes",))
count_parameters = Exercise("count_parameters", functions=("count_parameters",))
receptive_field = Exercise("receptive_field", functions=("receptive_field",))
count_memory = Exercise("count_memory", functions=("count_memory",))
fit_batch_size = Exercise("fit_batch_size", functions=("fit_batch_size",))

# ---- parse_pattern -------------------------------------------------------------------------


def _same_reading(f, *question):
    pattern, counts, optional = question
    call = f"parse_pattern({pattern!r}, {counts}, {optional})"
    answer = ask(f, "parse_pattern", *question)
    forms.same_names(answer, reference.parse_pattern(*question), call, show=False)


for _name, _weight, _patterns in PATTERNS:

    @parse_pattern.check(_name, _weight)
    def _(f, rng, patterns=_patterns):
        for pattern in patterns:
            counts = drawn_counts(rng)
            for optional in (False, True):
                _same_reading(f, pattern, counts, optional)


@parse_pattern.check("repeated once, or 0 times", 1.5)
def _(f, rng):
    for N, M in ((0, 2), (1, 0), (1, 1), (0, 0)):
        _same_reading(f, "A -> [B -> [C]*N]*M -> D*N -> E", {"N": N, "M": M}, True)
    _same_reading(f, "A -> [B]*0 -> C*1 -> D", {}, True)


@parse_pattern.check("counts and optional left out, and None", 1)
def _(f, rng):
    names = ["A", *["B", "C"] * 2]
    for rest in ((), (None,), ({},), (None, True)):
        answer = f.parse_pattern("A -> [B -> C?]*2", *rest)
        forms.same_names(answer, names, "parse_pattern('A -> [B -> C?]*2')", show=False)
    refused(f, "parse_pattern", ("A*N", None), "N has no count")


def _must_read(f, rng):
    _same_reading(f, "A -> [B -> C?]*N -> D", drawn_counts(rng), True)


for _name, _weight, _unreadable in UNREADABLE:

    @parse_pattern.check(f"ValueError: {_name}", _weight)
    def _(f, rng, unreadable=_unreadable):
        _must_read(f, rng)
        for pattern, _places in unreadable:
            refused(f, "parse_pattern", (pattern, {"N": 2}, True), "it cannot be read")


@parse_pattern.check("a ValueError says at which character", 2)
def _(f, rng):
    _must_read(f, rng)
    for _, _, unreadable in UNREADABLE:
        for pattern, places in unreadable[:3]:
            args = (f"X0 ->  {pattern}", {"N": 2}, True)
            if pattern and not pattern.startswith("->"):
                places = tuple(n + 7 for n in places)
                refused(f, "parse_pattern", args, "it cannot be read", places)


# ---- layer_shapes --------------------------------------------------------------------------

for _case in CASES:

    @layer_shapes.check(_case.name, _case.weight)
    def _(f, rng, case=_case):
        layers, start = network(rng, case.steps)
        right = reference.layer_shapes(layers, start)
        answer = ask(f, "layer_shapes", layers, start)
        forms.same_shapes(answer, right, layers, show=False, hint=case.hint)


@layer_shapes.check("a vector as input, and no layer", 1)
def _(f, rng):
    width, neurons = int(rng.integers(5, 50)), int(rng.integers(51, 90))
    for layers in ([forms.fc(neurons), {"kind": "relu"}, forms.fc(3)], []):
        right = reference.layer_shapes(layers, (width,))
        forms.same_shapes(ask(f, "layer_shapes", layers, (width,)), right, layers, show=False)


@layer_shapes.check("windows as large as what they read", 1)
def _(f, rng):
    rows, many = int(rng.integers(2, 6)), int(rng.integers(20, 40))
    for layers, start in (
        ([forms.conv(many, rows, 3, 0)], (2, rows, rows + 3)),
        ([forms.conv(many, 2 * rows + 1, 2, rows)], (2, 1, 3)),  # with its padding
        ([forms.pool(3, 3), {"kind": "relu"}], (many, 3, 6)),
        ([forms.conv(many, 3, 1, 0, dilation=rows)], (2, 2 * rows + 1, 2 * rows + 4)),
    ):
        right = reference.layer_shapes(layers, start)
        forms.same_shapes(ask(f, "layer_shapes", layers, start), right, layers, show=False)


@layer_shapes.check("VGG-16: square maps throughout", 2.5)
def _(f, rng):
    layers, start = vgg16()
    right = reference.layer_shapes(layers, start)
    forms.same_shapes(ask(f, "layer_shapes", layers, start), right, layers, show=False)


for _name, _weight, _illegal in ILLEGAL:

    @layer_shapes.check(f"ValueError: {_name}", _weight)
    def _(f, rng, illegal=_illegal):
        layers, start = network(rng, CASES[1].steps)
        right = reference.layer_shapes(layers, start)
        forms.same_shapes(ask(f, "layer_shapes", layers, start), right, layers, show=False)
        for layers, start in illegal:
            refused(f, "layer_shapes", (layers, start), "see the docstring")


# ---- count_parameters ----------------------------------------------------------------------

for _case in CASES:

    @count_parameters.check(_case.name, _case.weight)
    def _(f, rng, case=_case):
        layers, shapes, right = counted(rng, case.steps)
        answer = ask(f, "count_parameters", layers, shapes)
        forms.same_counts(answer, right, "parameters", [*map(shown, layers)], show=False)


@count_parameters.check("the weights, whether or not biases are counted", 3)
def _(f, rng):
    for case in CASES:
        layers, shapes, right = counted(rng, case.steps)
        answer = listed(ask(f, "count_parameters", layers, shapes), "parameters", len(layers))
        for number, wanted, layer in zip(answer, right, layers):
            bare = wanted - layer.get("filters", layer.get("neurons", 0))
            if whole(number, "a number of parameters") not in (bare, wanted):
                raise CheckFailed(f"Not even the weights of {shown(layer)} are right.")


@count_parameters.check("layers without parameters alone, and none at all", 0.5)
def _(f, rng):
    _, _, right = counted(rng, ("relu",))
    layers, shapes = sized(rng, CASES[0].steps)
    answer = listed(ask(f, "count_parameters", layers, shapes), "parameters", len(layers))
    if not all(whole(answer[i], "a count") for i in (0, 2)):
        raise CheckFailed("A conv layer has parameters.")
    layers, shapes = sized(rng, ("relu", ("pool", 2, 2), ("pool", 3, 1)))
    forms.same_counts(ask(f, "count_parameters", layers, shapes), right * 3, "parameters",
                [*map(shown, layers)], show=False)  # fmt: skip
    forms.same_counts(ask(f, "count_parameters", [], shapes[:1]), [], "parameters", [], show=False)


@count_parameters.check("VGG-16", 1)
def _(f, rng):
    layers, start = vgg16()
    shapes = reference.layer_shapes(layers, start)
    right = reference.count_parameters(layers, shapes)
    answer = ask(f, "count_parameters", layers, shapes)
    forms.same_counts(answer, right, "parameters", [*map(shown, layers)], show=False)


# ---- receptive_field -----------------------------------------------------------------------


def _same_fields(f, layers, shapes):
    right = reference.receptive_field(layers, shapes)
    answer = ask(f, "receptive_field", layers, shapes)
    behind = ["the input", *(f"behind {shown(layer)}" for layer in layers)]
    forms.same_counts(answer, right, "fields", behind, show=False)


for _case in CASES:

    @receptive_field.check(_case.name, _case.weight)
    def _(f, rng, case=_case):
        _same_fields(f, *sized(rng, case.steps))


@receptive_field.check("VGG-16", 1)
def _(f, rng):
    layers, start = vgg16()
    _same_fields(f, layers, reference.layer_shapes(layers, start))


# ---- count_memory --------------------------------------------------------------------------


def _compare_memory(f, net, options, parts=PARTS):
    right = reference.count_memory(*net, *options)
    answer = memory_of(f, net, *options)
    same_memory(answer, {part: right[part] for part in parts}, show=False)


_STEPS = CASES[-1].steps
_OF_VOLUMES, _OF_PARAMETERS = PARTS[:2], PARTS[2:4]

for _part, _weight in zip(PARTS, (3, 2, 2, 2, 1, 2)):

    @count_memory.check(f"{_part} of one picture", _weight)
    def _(f, rng, part=_part):
        for case in (CASES[0], CASES[5], CASES[6]):
            _compare_memory(f, counted(rng, case.steps), (), (part,))


@count_memory.check("a batch", 3)
def _(f, rng):
    net = counted(rng, _STEPS)
    for batch_size in (int(rng.integers(2, 9)), int(rng.integers(100, 999))):
        _compare_memory(f, net, (batch_size,))


@count_memory.check("sgd, momentum and adam", 2)
def _(f, rng):
    net = counted(rng, _STEPS)
    for optimizer in ("sgd", "momentum", "adam"):
        _compare_memory(f, net, (3, optimizer), ("optimizer_state", *_OF_PARAMETERS))


@count_memory.check("ValueError: an unknown optimizer", 1)
def _(f, rng):
    net = counted(rng, CASES[0].steps)
    _compare_memory(f, net, (1, "adam"), ("optimizer_state",))
    refused(f, "count_memory", (*net, 1, "lion"), "there is no such optimizer")


@count_memory.check("values of 2 and of 8 bytes", 2)
def _(f, rng):
    net = counted(rng, _STEPS)
    for value_bytes in (2, 8):
        _compare_memory(f, net, (2, "momentum", value_bytes))


@count_memory.check("the largest workspace, first, in the middle and last", 2)
def _(f, rng):
    wide, narrow = ("conv", 7, 1, 3, None), ("conv", 1, 1, 0, None)
    for steps in ((wide, narrow, narrow), (narrow, wide, narrow), (narrow, narrow, wide)):
        _compare_memory(f, counted(rng, steps), (5,), ("workspace", *_OF_VOLUMES))


@count_memory.check("a network without convolutions", 1)
def _(f, rng):
    net = counted(rng, ("fc", "relu", "fc"))
    _compare_memory(f, net, (4,))


# ---- fit_batch_size ------------------------------------------------------------------------


def _drawn_memory(rng, pictures: int, gib: float, rest: float) -> dict:
    """A network of which `pictures` fit into `gib`; the part `rest` of one more is left over."""
    everything = int(gib * 2**30)
    learned, workspace = (int(everything * part) for part in rng.uniform(0.04, 0.06, 2))
    left = everything - 4 * learned - workspace
    volumes = int(left / (pictures + rest) / 2)
    workspace += left - int(2 * volumes * (pictures + rest))  # what the rounding left
    return one_picture(volumes, learned, 2 * learned, workspace)


for _name, _weight, _rest in (
    ("nearly one more", 3, 0.9),
    ("a little left over", 2, 0.1),
    ("filled to the last byte", 2, 0),
):

    @fit_batch_size.check(_name, _weight)
    def _(f, rng, rest=_rest):
        for gib, pictures in ((1, 7), (0.5, 3), (24, int(rng.integers(30, 60)))):
            answer = ask(f, "fit_batch_size", _drawn_memory(rng, pictures, gib, rest), gib)
            forms.same_count(answer, pictures, f"The batch for {gib} GiB", show=False)


@fit_batch_size.check("volumes alone", 2.5)
def _(f, rng):
    for gib, pictures in ((2, 3), (16, int(rng.integers(40, 60)))):
        volumes = int(gib * 2**30 / (pictures + 0.99) / 2)
        answer = ask(f, "fit_batch_size", one_picture(volumes, 0, 0, 0), gib)
        forms.same_count(answer, pictures, f"The batch for {gib} GiB", show=False)


@fit_batch_size.check("a byte short", 1)
def _(f, rng):
    for pictures in (4, 9):
        memory = _drawn_memory(rng, pictures, 2, 0)
        memory["workspace"] += 1
        answer = ask(f, "fit_batch_size", memory, 2)
        forms.same_count(answer, pictures - 1, "The batch for 2 GiB", show=False)


@fit_batch_size.check("not even one picture", 2)
def _(f, rng):
    memory = _drawn_memory(rng, 5, 8, 0.9)
    forms.same_count(ask(f, "fit_batch_size", memory, 8), 5, "The batch for 8 GiB", show=False)
    for gib in (0.25, 1, 2.5):
        forms.same_count(
            ask(f, "fit_batch_size", memory, gib), 0, f"The batch for {gib} GiB", show=False
        )


@fit_batch_size.check("each part that is there once", 3)
def _(f, rng):
    for place, pictures in enumerate((4, 3, 4)):
        once = [2**20, 2**20, 2**20]  # of parameters (and of their gradients), state, workspace
        once[place] *= int(rng.integers(200, 300))
        left = 2**30 - sum(once) - once[0]
        memory = one_picture(int(left / (pictures + 0.9) / 2), *once)
        forms.same_count(
            ask(f, "fit_batch_size", memory, 1), pictures, "The batch for 1 GiB", show=False
        )
