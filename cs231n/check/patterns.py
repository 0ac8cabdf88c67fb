"""Visible checks of the notebook 7_architectures: patterns and shapes here, counts in
pattern_costs. All of them compare with stored numbers, worked out by hand or published."""

from cs231n.check.core import Exercise
from cs231n.check.pattern_cases import (
    RELU,
    alexnet,
    ask,
    conv,
    fc,
    listed,
    pool,
    refused,
    same_names,
    same_shapes,
    vgg16,
)
from cs231n.check.pattern_costs import (
    count_memory,
    count_parameters,
    fit_batch_size,
    receptive_field,
)
from cs231n.check.results import CheckFailed

parse_pattern = Exercise("parse_pattern", functions=("parse_pattern",))
layer_shapes = Exercise("layer_shapes", functions=("layer_shapes",))
__all__ = [
    "count_memory",
    "count_parameters",
    "fit_batch_size",
    "layer_shapes",
    "parse_pattern",
    "receptive_field",
]

# ---- parse_pattern -------------------------------------------------------------------------

GENERAL = "INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> [FC -> RELU]*K -> FC"
_CR = "CONV RELU "
_INNER = "First write out what stands in the brackets, then repeat all of it, in its order."
_OUTER = "Brackets in brackets: the outer ones repeat all that the inner ones have become."
_MARK = "What carries a ? is there once when `optional` is true, and not at all when it is false."

# Name of the check, its questions (pattern, counts, optional) with the answers, the likely slip.
_PARSED = [
    ("one layer after another", [
        (("INPUT -> FC", {}, True), "INPUT FC"),
        (("INPUT -> CONV -> RELU -> FC", {}, True), "INPUT CONV RELU FC"),
        (("A1 -> b -> Conv3x3", {}, True), "A1 b Conv3x3"),
    ], "The arrows stand between the layers and are no layers."),
    ("spaces mean nothing", [
        (("  INPUT->CONV  ->\n RELU-> FC ", {}, True), "INPUT CONV RELU FC"),
        (("[ CONV->RELU ] * 2->FC", {}, True), _CR * 2 + "FC"),
    ], "Spaces may stand anywhere between layers and signs, or be left out."),
    ("brackets with a number", [
        (("INPUT -> [CONV -> RELU -> POOL]*2 -> FC", {}, True),
         "INPUT " + "CONV RELU POOL " * 2 + "FC"),
        (("[A -> B]*12", {}, True), "A B " * 12),
        (("[A -> B]*1 -> [C]", {}, True), "A B C"),
    ], _INNER),
    ("a single layer with a number", [
        (("CONV*3 -> POOL -> FC*2", {}, True), "CONV CONV CONV POOL FC FC"),
    ], "A * belongs to what stands right before it: a bracket, or one layer."),
    ("brackets in brackets", [
        (("INPUT -> [[CONV -> RELU]*2 -> POOL]*3 -> FC", {}, True),
         "INPUT " + (_CR * 2 + "POOL ") * 3 + "FC"),
        (("[A -> [B]*2 -> [C -> [D]*2]*2]*2", {}, True), ("A B B " + "C D D " * 2) * 2),
    ], _OUTER),
    ("letters take their numbers from counts", [
        (("[CONV]*N -> [FC]*K", {"N": 1, "K": 3}, True), "CONV FC FC FC"),
        (("[CONV -> RELU]*N -> FC", {"N": 2, "M": 9}, True), _CR * 2 + "FC"),
        (("[A]*Times -> [B]*N", {"Times": 2, "N": 1}, True), "A A B"),
    ], 'counts["N"] says how often *N repeats.'),
    ("repeated 0 times: left out", [
        (("INPUT -> [FC -> RELU]*K -> FC", {"K": 0}, True), "INPUT FC"),
        (("INPUT -> CONV*0 -> FC", {}, True), "INPUT FC"),
    ], "0 times is a number of times."),
    ("POOL? taken", [
        (("CONV -> POOL? -> FC", {}, True), "CONV POOL FC"),
        (("[CONV -> POOL?]*2 -> [FC]?", {}, True), "CONV POOL CONV POOL FC"),
    ], _MARK),
    ("POOL? left out", [
        (("CONV -> POOL? -> FC", {}, False), "CONV FC"),
        (("[CONV -> POOL?]*2 -> POOL -> [FC -> RELU]?", {}, False), "CONV CONV POOL"),
    ], _MARK),
    ("the general pattern", [
        ((GENERAL, {"N": 2, "M": 3, "K": 1}, True),
         "INPUT " + (_CR * 2 + "POOL ") * 3 + "FC RELU FC"),
        ((GENERAL, {"N": 1, "M": 2, "K": 0}, False), "INPUT " + _CR * 2 + "FC"),
        ((GENERAL, {"N": 0, "M": 0, "K": 2}, True), "INPUT FC RELU FC RELU FC"),
    ], _OUTER),
]  # fmt: skip


def _call(question) -> str:
    pattern, counts, optional = question
    return f"parse_pattern({pattern!r}, {counts}, {optional})"


for _name, _questions, _hint in _PARSED:

    @parse_pattern.check(_name)
    def _(f, rng, questions=_questions, hint=_hint):
        for question, right in questions:
            came = ask(f, "parse_pattern", *question)
            same_names(came, right.split(), _call(question), hint)


@parse_pattern.check("counts and optional may be left out")
def _(f, rng):
    same_names(f.parse_pattern("A -> [B]*2"), ["A", "B", "B"], "parse_pattern('A -> [B]*2')")
    same_names(f.parse_pattern("A?", None), ["A"], "parse_pattern('A?', None)", _MARK)
    refused(f, "parse_pattern", ("[A]*N", None), "N has no count, as None stands for {}")


# Pattern, what is wrong with it, the characters that a message may name.
_SLIPS = {
    "brackets that do not match": [
        ("INPUT -> [CONV -> RELU", "the bracket at 9 is never closed", (9, 10, 18, 21, 22, 23)),
        ("INPUT -> CONV] -> FC", "the bracket at 13 was never opened", (13, 14)),
        ("INPUT -> [] -> FC", "the brackets at 9 are empty", (9, 10, 11)),
    ],
    "arrows with nothing before or behind them": [
        ("INPUT -> CONV -> ", "nothing follows the last arrow", (14, 15, 16, 17, 18)),
        ("-> CONV -> FC", "nothing stands before the first arrow", (0, 1)),
        ("INPUT -> -> FC", "two arrows follow one another", (6, 7, 9, 10)),
    ],
    "no arrow between layers": [
        ("INPUT -> CONV RELU -> FC", "no arrow stands between CONV and RELU", (9, 13, 14, 15)),
        ("INPUT -> [CONV] RELU", "no arrow stands between ] and RELU", (14, 15, 16, 17)),
    ],
    "a * without a count": [
        ("INPUT -> [CONV]*N -> FC", "counts has no N", (15, 16, 17)),
        ("INPUT -> [CONV]* -> FC", "nothing says how often", (15, 16, 17, 18)),
        ("INPUT -> * -> FC", "there is nothing to repeat", (6, 9, 10)),
    ],
}


def must_read(f) -> None:
    """A function that refuses whatever it is given gains nothing by that."""
    same_names(
        ask(f, "parse_pattern", "INPUT -> [CONV]*N -> FC", {"N": 2}, True),
        ["INPUT", "CONV", "CONV", "FC"],
        "parse_pattern('INPUT -> [CONV]*N -> FC', {'N': 2}, True)",
    )


for _name, _slips in _SLIPS.items():

    @parse_pattern.check(f"ValueError: {_name}")
    def _(f, rng, slips=_slips):
        must_read(f)
        for pattern, why, _places in slips:
            refused(f, "parse_pattern", (pattern, {}, True), why)


@parse_pattern.check("the message of a ValueError says at which character")
def _(f, rng):
    must_read(f)
    for slips in _SLIPS.values():
        for pattern, why, places in slips:
            refused(f, "parse_pattern", (pattern, {}, True), why, places)


# ---- layer_shapes --------------------------------------------------------------------------

_DEPTH = "A conv layer gives one map for each of its filters; a pool leaves the depth as it is."
_KEEP = {
    (5, 6, 10): "Padding is added at both ends.",
    (5, 7, 11): "Padding is added at both ends: 2 * pad in all.",
    (3, 8, 12): _DEPTH,
}

# Name of the check, layers, input, shapes behind the layers, wrong shapes with what is wrong.
_SHAPED = [
    ("a conv layer that keeps the size", [conv(5, 3, 1, 1)], (3, 8, 12), [(5, 8, 12)], _KEEP),
    ("a conv layer without padding", [conv(4, 3)], (3, 5, 9), [(4, 3, 7)],
     {(4, 2, 6): "The first place counts as well: add 1.", (4, 5, 9): "Here pad is 0."}),
    ("a conv layer with a stride", [conv(2, 5, 2, 1)], (1, 7, 13), [(2, 3, 6)],
     {(2, 5, 11): "The stride is 2.", (2, 2, 5): "The first place counts as well: add 1."}),
    ("a filter with dilation", [conv(2, 3, 1, 0, dilation=2)], (1, 7, 9), [(2, 3, 5)],
     {(2, 5, 7): "From one tap to the next it is two pixels: the filter spans 5.",
      (2, 1, 3): "Dilation counts from 1, which means none: at 2 the filter spans 5 pixels.",
      (2, 2, 4): "Three taps have two gaps between them: at 2 the filter spans 5 pixels."}),
    ("a pool", [pool(2, 2)], (6, 8, 4), [(6, 4, 2)], {(8, 4, 2): _DEPTH}),
    ("a window as large as the map", [conv(4, 5)], (3, 5, 8), [(4, 1, 4)],
     {(4, 0, 3): "Such a window stands at one place."}),
    ("a pool with windows that overlap", [pool(3, 2)], (2, 13, 7), [(2, 6, 3)], {}),
    ("a ReLU changes no shape", [RELU, conv(2), RELU], (1, 4, 5),
     [(1, 4, 5), (2, 2, 3), (2, 2, 3)], {}),
    ("fully connected layers", [pool(2, 2), fc(7), RELU, fc(3)], (2, 4, 6),
     [(2, 2, 3), (7,), (7,), (3,)], {(7, 1, 1): "Behind a fully connected layer: (neurons,)."}),
    ("a vector as input", [fc(4), RELU, fc(2)], (6,), [(4,), (4,), (2,)], {}),
    ("no layer at all", [], (3, 5, 7), [], {}),
]  # fmt: skip

for _name, _layers, _input, _right, _wrong in _SHAPED:

    @layer_shapes.check(_name)
    def _(f, rng, case=(_layers, _input, _right, _wrong)):
        layers, start, right, wrong = case
        came = ask(f, "layer_shapes", layers, start)
        same_shapes(came, [start, *right], layers, wrong, hint=_DEPTH)


@layer_shapes.check("AlexNet: 55, 27, 27, 13, 13, 13, 13, 6")
def _(f, rng):
    layers, start = alexnet()
    sizes = [(96, 55)] * 2 + [(96, 27)] + [(256, 27)] * 2 + [(256, 13)] + [(384, 13)] * 4
    sizes += [(256, 13)] * 2 + [(256, 6)]
    right = [start, *((C, n, n) for C, n in sizes), (4096,), (4096,), (4096,), (4096,), (1000,)]
    same_shapes(ask(f, "layer_shapes", layers, start), right, layers)


@layer_shapes.check("VGG-16 ends in 7x7x512")
def _(f, rng):
    layers, start = vgg16()
    shapes = listed(ask(f, "layer_shapes", layers, start), "shapes", len(layers) + 1)
    same_shapes([start, shapes[-6]], [start, (512, 7, 7)], [pool()])


_DIVIDE = "the stride does not divide, so pixels would be left over (no rounding down here)"
_ROOM = "the window is larger than the padded map"
# Name of the check, then (layers, input, why) that must be refused.
_ILLEGAL = [
    ("ValueError: a stride that does not divide (conv)", [
        ([conv(4, 3, 2)], (3, 8, 8), _DIVIDE), ([conv(4, 11, 4)], (3, 224, 224), _DIVIDE)]),
    ("ValueError: ... in the rows alone, or in the columns alone", [
        ([conv(4, 3, 2)], (3, 8, 9), _DIVIDE), ([conv(4, 3, 2)], (3, 9, 8), _DIVIDE)]),
    ("ValueError: a stride that does not divide (pool)", [
        ([pool(2, 2)], (3, 7, 8), _DIVIDE), ([conv(4), pool(2, 2)], (3, 8, 9), _DIVIDE)]),
    ("ValueError: a window that does not fit", [
        ([conv(4, 5)], (3, 4, 9), _ROOM), ([pool(3, 1)], (3, 5, 2), _ROOM),
        ([conv(4, 3, 1, 0, dilation=3)], (3, 6, 9), _ROOM)]),
    ("ValueError: windows behind a fully connected layer, unknown kinds", [
        ([fc(9), conv(4, 1)], (3, 3, 3), "a conv layer needs (C, H, W), but it reads (9,)"),
        ([fc(9), pool(1, 1)], (3, 3, 3), "a pool needs (C, H, W), but it reads (9,)"),
        ([{"kind": "magic"}], (3, 3, 3), "there is no such kind of layer")]),
]  # fmt: skip


def must_shape(f) -> None:
    """As must_read, for shapes."""
    layers = [conv(4, 3, 2), pool(2, 1)]
    came = ask(f, "layer_shapes", layers, (3, 9, 7))
    same_shapes(came, [(3, 9, 7), (4, 4, 3), (4, 3, 2)], layers, hint="These sizes are legal.")


for _name, _illegal in _ILLEGAL:

    @layer_shapes.check(_name)
    def _(f, rng, illegal=_illegal):
        must_shape(f)
        for layers, start, why in illegal:
            refused(f, "layer_shapes", (layers, start), why)


@layer_shapes.check("leaves the layers as they are")
def _(f, rng):
    must_shape(f)
    layers = [conv(4), RELU, pool(2, 2), fc(2)]
    handed = [dict(layer) for layer in layers]
    listed(f.layer_shapes(handed, (3, 6, 6)), "shapes")
    if handed != layers:
        raise CheckFailed("layer_shapes changed the layers that it was given: work on copies.")
