"""Visible checks of 7_architectures: parameters, receptive fields, memory, the batch that fits.

Every number is stored: worked out by hand, or published. Beside it stand the numbers that the
usual slips give, so that a message can name the slip.
"""

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
    same_count,
    same_counts,
    shown,
    vgg16,
    whole,
)
from cs231n.check.results import CheckFailed

count_parameters = Exercise("count_parameters", functions=("count_parameters",))
receptive_field = Exercise("receptive_field", functions=("receptive_field",))
count_memory = Exercise("count_memory", functions=("count_memory",))
fit_batch_size = Exercise("fit_batch_size", functions=("fit_batch_size",))

# ---- count_parameters ----------------------------------------------------------------------

_BIAS = "The biases are missing: one for each filter, one for each neuron."
_THROUGH = "A filter goes through all channels of what it reads."
_NONE = "A pool and a ReLU have nothing to learn: 0 parameters."

# Name of the check, layers, shapes, parameters, wrong numbers with what they are.
_LEARNED = [
    ("64 filters of 3x3 on a picture: the example by hand", [conv(64, 3, 1, 1)],
     [(3, 224, 224), (64, 224, 224)], [1792],
     {1728: _BIAS, 640: _THROUGH, 576: _THROUGH, 36928: "It reads shapes[0], not shapes[1].",
      1729: "Every filter has a bias of its own.", 3211264: "That is how many values come out."}),
    ("5x5 filters through 16 channels", [conv(8, 5)], [(16, 12, 10), (8, 8, 6)], [3208],
     {3200: _BIAS, 208: _THROUGH, 648: "A 5x5 filter has 25 places.",
      3216: "One bias for each filter, not for each channel.", 1608: "It reads 16 channels."}),
    ("a fully connected layer that reads a map", [fc(7)], [(4, 3, 5), (7,)], [427],
     {420: _BIAS, 35: "Every neuron reads the whole map, not the depth alone.",
      480: "One bias for each neuron."}),
    ("a fully connected layer that reads a vector", [fc(10), RELU, fc(3)],
     [(20,), (10,), (10,), (3,)], [210, 0, 33], {200: _BIAS, 30: _BIAS}),
    ("pools and ReLUs learn nothing", [RELU, pool(2, 2), pool(3, 1), fc(2)],
     [(6, 8, 8), (6, 8, 8), (6, 4, 4), (6, 2, 2), (2,)], [0, 0, 0, 50], {48: _BIAS}),
    ("stride, pad, dilation and place change nothing",
     [conv(4, 3, 2, 3), conv(4, 3, 1, 0, dilation=2)],
     [(4, 9, 31), (4, 7, 18), (4, 3, 14)], [148, 148], {144: _BIAS, 40: _THROUGH}),
]  # fmt: skip


def _learned(f, layers, shapes) -> list:
    came = ask(f, "count_parameters", layers, shapes)
    return listed(came, "parameters", len(layers))


for _name, _layers, _shapes, _right, _wrong in _LEARNED:

    @count_parameters.check(_name)
    def _(f, rng, case=(_layers, _shapes, _right, _wrong)):
        layers, shapes, right, wrong = case
        came = _learned(f, layers, shapes)
        names = [shown(layer) for layer in layers]
        for place, number in enumerate(right):  # what has no weights gets a sentence of its own
            slips = dict.fromkeys([whole(came[place], "a count")], _NONE) if not number else wrong
            one = f"parameters[{place}] ({names[place]})"
            same_count(came[place], number, one, slips, hint=_THROUGH)


def vgg16_shapes() -> tuple[list[dict], list[tuple]]:
    """VGG-16 with its volumes, as stored."""
    layers, start = vgg16()
    shapes = [start]
    for depth, size, volumes in ((64, 224, 4), (128, 112, 4), (256, 56, 6), (512, 28, 6)):
        half = size // 2
        shapes += [(depth, size, size)] * volumes + [(depth, half, half)]
    shapes += [(512, 14, 14)] * 6 + [(512, 7, 7)]
    return layers, shapes + [(4096,)] * 4 + [(1000,)]


@count_parameters.check("VGG-16 has 138,357,544")
def _(f, rng):
    layers, shapes = vgg16_shapes()
    total = sum(whole(n, "a number of parameters") for n in _learned(f, layers, shapes))
    wrong = {138344128: _BIAS}
    same_count(total, 138357544, "The sum of all parameters", wrong, hint="Look at each layer.")


# ---- receptive_field -----------------------------------------------------------------------

_LATER = (
    "A layer's window takes steps as long as the values it reads are apart. Its own stride counts "
    "only for the layers behind it."
)
_PRODUCT = "Strides multiply: a stride of 2 behind a stride of 3 makes steps of 6 pixels."

# Name of the check, layers, shapes, fields, wrong fields with what they come from.
_SEEN = [
    ("conv, pool, conv: the example by hand", [conv(2), pool(2, 2), conv(2)],
     [(1, 12, 12), (2, 10, 10), (2, 5, 5), (2, 3, 3)], [1, 3, 4, 8],
     {5: _LATER, 9: _LATER, 6: "Behind the pool, values are 2 pixels apart.", 10: "A window of "
      "3 reaches 2 values further, not 3."}),
    ("three 3x3 see as much as one 7x7", [conv(4), conv(4), conv(4)],
     [(4, 9, 9), (4, 7, 7), (4, 5, 5), (4, 3, 3)], [1, 3, 5, 7],
     {4: "A window of 3 reaches 2 values further.", 6: "The first layer sees 3, not 2.",
      9: "Fields grow by size - 1: neighbours overlap.", 27: "Fields add up."}),
    ("strides one behind the other", [conv(2, 5, 3), conv(2, 3, 2), conv(2, 3), pool(2, 1)],
     [(1, 38, 38), (2, 12, 12), (2, 5, 5), (2, 3, 3), (2, 2, 2)], [1, 5, 11, 23, 29],
     {13: _LATER, 17: _LATER, 19: _PRODUCT, 21: _PRODUCT, 26: _PRODUCT, 9: _LATER, 15: _PRODUCT}),
    ("dilation", [conv(2, 3, 1, 0, dilation=2), conv(2, 3, 1, 0, dilation=4),
                  conv(2, 3, 1, 0, dilation=1)],
     [(1, 20, 20), (2, 16, 16), (2, 8, 8), (2, 6, 6)], [1, 5, 13, 15],
     {7: "Dilation counts from 1, which means none.", 3: "Dilation spreads the taps of a filter.",
      6: "Three taps have two gaps between them.", 4: "Dilation is no stride."}),
    ("padding and ReLUs change nothing", [conv(2, 3, 1, 1), RELU, conv(2, 5, 1, 2), RELU],
     [(1, 9, 9), (2, 9, 9), (2, 9, 9), (2, 9, 9), (2, 9, 9)], [1, 3, 3, 7, 7], {}),
    ("a fully connected layer sees all rows of its map", [conv(2), pool(2, 2), fc(4), RELU, fc(2)],
     [(1, 10, 16), (2, 8, 14), (2, 4, 7), (4,), (4,), (2,)], [1, 3, 4, 10, 10, 10],
     {16: "The map has shape (C, H, W): rows are H.", 4: "Its window is as large as the map.",
      6: "Its window is as large as the map.", 7: "The rows of its map are 2 pixels apart.",
      12: "A window of 4 rows reaches 3 values further."}),
]  # fmt: skip


def _behind(layers) -> list[str]:
    return ["the input", *(f"behind {shown(layer)}" for layer in layers)]


for _name, _layers, _shapes, _right, _wrong in _SEEN:

    @receptive_field.check(_name)
    def _(f, rng, case=(_layers, _shapes, _right, _wrong)):
        layers, shapes, right, wrong = case
        came = ask(f, "receptive_field", layers, shapes)
        if isinstance(came, list) and len(came) == len(layers):
            raise CheckFailed("fields has one number too few: fields[0] is the input's, and 1.")
        same_counts(came, right, "fields", _behind(layers), wrong, hint=_LATER)


@receptive_field.check("AlexNet: 11, 19, 51, 67, 99, 131, 163, 195")
def _(f, rng):
    layers, start = alexnet()
    shapes = [start, *[(96, 55, 55)] * 2, (96, 27, 27), *[(256, 27, 27)] * 2, (256, 13, 13)]
    shapes += [(384, 13, 13)] * 4 + [(256, 13, 13)] * 2 + [(256, 6, 6), *[(4096,)] * 4, (1000,)]
    came = listed(ask(f, "receptive_field", layers, shapes), "fields", len(shapes))
    seen = [came[place] for place in (1, 3, 4, 6, 7, 9, 11, 13)]
    names = ["conv1", "pool1", "conv2", "pool2", "conv3", "conv4", "conv5", "pool5"]
    same_counts(seen, [11, 19, 51, 67, 99, 131, 163, 195], "field", names, hint=_LATER)


@receptive_field.check("VGG-16: 196 at conv5_3, 212 at pool5, 404 at fc6")
def _(f, rng):
    layers, shapes = vgg16_shapes()
    came = listed(ask(f, "receptive_field", layers, shapes), "fields", len(shapes))
    seen = [came[place] for place in (-8, -6, -5, -1)]
    names = ["conv5_3", "pool5", "fc6", "fc8"]
    same_counts(seen, [196, 212, 404, 404], "field", names, hint=_LATER)


# ---- count_memory --------------------------------------------------------------------------

PARTS = (
    *("activations", "activation_gradients", "parameters", "parameter_gradients"),
    *("optimizer_state", "workspace"),
)
_SMALL = (
    [conv(8, 3, 1, 1), RELU, pool(2, 2), fc(10)],
    [(3, 32, 32), (8, 32, 32), (8, 32, 32), (8, 16, 16), (10,)],
    [224, 0, 0, 20490],
)
_FLAT = ([fc(4), RELU, fc(2)], [(6,), (4,), (4,), (2,)], [28, 0, 10])
_STRIDED = (
    [conv(4, 3, 2), conv(6, 3), conv(2, 1)],
    [(2, 17, 9), (4, 8, 4), (6, 6, 2), (2, 6, 2)],
    [76, 222, 14],
)
_VOLUMES = {
    86056: "Does the ReLU count? It overwrites what it reads.",
    41000: "The input is a volume as well, and is kept.",
    13322: "That is how many values there are. The answer is in bytes.",
    426304: "Those are bits.",
    106576: "Activations and their gradients are counted apart.",
    73768: "Does the ReLU count? It overwrites what it reads, which a layer before it has given.",
}
_LEARNS = {20714: "That is how many parameters there are. The answer is in bytes."}


def memory_of(f, net, *options) -> dict:
    """What count_memory returned, with its six parts; CheckFailed where one is missing."""
    came = ask(f, "count_memory", *net, *options)
    if not isinstance(came, dict):
        kind = getattr(came, "type_name", type(came).__name__)
        raise CheckFailed(f"count_memory should return a dict, but it returned a {kind}.")
    if missing := [part for part in PARTS if part not in came]:
        raise CheckFailed(
            f"The dict has no {missing[0]!r}. Its keys are {', '.join(map(repr, PARTS))}."
        )
    return came


def same_memory(came, right: dict, slips=None, show: bool = True, hint: str = "") -> None:
    """Compare the parts that `right` names."""
    for part, number in right.items():
        same_count(came[part], number, part, slips, show, hint)


@count_memory.check("the activations of one picture")
def _(f, rng):
    same_memory(memory_of(f, _SMALL), {"activations": 53288}, _VOLUMES)
    same_memory(memory_of(f, _FLAT), {"activations": 48}, hint="6 + 4 + 2 values are kept.")


@count_memory.check("every activation has a gradient")
def _(f, rng):
    wrong = {**_VOLUMES, 0: "In training every volume has a gradient of its own size."}
    same_memory(memory_of(f, _SMALL), {"activation_gradients": 53288}, wrong)


@count_memory.check("parameters, and a gradient for each")
def _(f, rng):
    wrong = {**_LEARNS, 0: "Every parameter has a gradient.", 165712: "Counted apart, each once."}
    right = {"parameters": 82856, "parameter_gradients": 82856}
    same_memory(memory_of(f, _SMALL), right, wrong)


@count_memory.check("what the optimizer keeps")
def _(f, rng):
    for optimizer, number in (("sgd", 0), ("momentum", 82856), ("adam", 165712)):
        same_memory(
            memory_of(f, _SMALL, 1, optimizer),
            {"optimizer_state": number},
            hint={
                "sgd": "For each parameter, sgd keeps nothing.",
                "momentum": "For each parameter, momentum keeps one value.",
                "adam": "For each parameter, adam keeps two values.",
            }[optimizer],
        )
    right = {"optimizer_state": 82856}
    same_memory(memory_of(f, _SMALL), right, hint="Without a name it is momentum.")


@count_memory.check("another optimizer: ValueError")
def _(f, rng):
    same_memory(memory_of(f, _SMALL, 1, "adam"), {"optimizer_state": 165712})
    refused(f, "count_memory", (*_SMALL, 1, "magic"), "there is no such optimizer")


@count_memory.check("a batch of 32: more volumes, the same parameters")
def _(f, rng):
    came = memory_of(f, _SMALL, 32)
    same_memory(came, dict.fromkeys(PARTS[:2], 1705216), hint="32 times as much as one picture.")
    right = {**dict.fromkeys(PARTS[2:5], 82856), "workspace": 110592}
    same_memory(came, right, hint="All pictures of a batch share the parameters.")


@count_memory.check("the workspace of im2col")
def _(f, rng):
    wrong = {27648: "The answer is in bytes.", 36864: "A filter goes through all channels.",
             3538944: "One picture at a time."}  # fmt: skip
    same_memory(memory_of(f, _SMALL), {"workspace": 110592}, wrong)
    wrong = {
        11016: "A column for each place where the filter stands, and with a stride those are few.",
        4320: "The largest alone: each layer uses the same memory again, one after the other.",
        1728: "The largest of all layers, not the last one.",
        288: "The largest of all layers, not the last one.",
        3456: "A layer reads the volume before it.",
    }
    came = memory_of(f, _STRIDED)
    same_memory(came, {"workspace": 2304}, wrong, hint="It reads shapes[i], and gives shapes[i+1].")
    same_memory(memory_of(f, _FLAT), {"workspace": 0}, hint="No conv layer, no matrix.")


@count_memory.check("values of 2 bytes (float16) and 8 (float64)")
def _(f, rng):
    for size, right in ((2, (26644, 41428, 55296)), (8, (106576, 165712, 221184))):
        came = memory_of(f, _SMALL, 1, "momentum", size)
        parts = dict(zip(("activations", "parameters", "workspace"), right))
        parts |= {"activation_gradients": right[0], "optimizer_state": right[1]}
        same_memory(came, parts, hint="value_bytes says how large one value is.")


@count_memory.check("VGG-16: 60.95 MB of activations")
def _(f, rng):
    layers, shapes = vgg16_shapes()
    came = memory_of(f, (layers, shapes, [138357544] + [0] * (len(layers) - 1)))
    wrong = {115173280: "Does the ReLU count? It overwrites what it reads."}
    same_memory(came, {"activations": 60950432, "parameters": 553430176}, wrong)


# ---- fit_batch_size ------------------------------------------------------------------------

_MIB = 2**20


def one_picture(volumes: int, learned: int, state: int, workspace: int) -> dict:
    """As count_memory returns it for a batch of one; all in bytes."""
    return dict(zip(PARTS, (volumes, volumes, learned, learned, state, workspace)))


# Name of the check, questions (MiB of volumes, parameters, state, workspace; GiB) with the answer,
# wrong answers with what they come from.
_FITS = [
    ("the example by hand", [((100, 50, 50, 24), 1, 4)],
     {5: "What does not fit whole does not fit: round down.", 8: "Gradients are there as well.",
      3: "A GiB has 1,024 MiB of 1,048,576 bytes: 2^30 in all."}),
    ("rounded down, never up", [((120, 5, 1, 3), 1, 4), ((300, 100, 50, 20), 2, 2)],
     {5: "Round down: the last picture does not fit whole.", 3: "Round down: the last picture does "
      "not fit whole. Is a GiB 2^30 bytes?"}),
    ("filled to the last byte", [((100, 6, 6, 6), 1, 5), ((64, 0, 0, 0), 0.5, 4)],
     {4: "What fills the memory exactly fits. Is a GiB 2^30 bytes?", 3: "What fills the memory "
      "exactly fits."}),
    ("parameters, gradients, state and workspace are there once",
     [((50, 10, 500, 3), 1, 5), ((50, 100, 100, 100), 1, 6), ((50, 10, 10, 400), 1, 5)],
     {7: "Is one of the parts that are there once forgotten?", 9: "Is the workspace forgotten?",
      10: "Is the optimizer's state forgotten?", 2: "Parameters do not grow with the batch.",
      1: "The workspace and the parameters do not grow with the batch."}),
    ("not even one picture: 0", [((100, 400, 400, 24), 1, 0), ((600, 1, 1, 1), 1, 0)], {}),
]  # fmt: skip

for _name, _questions, _wrong in _FITS:

    @fit_batch_size.check(_name)
    def _(f, rng, questions=_questions, wrong=_wrong):
        for sizes, gib, right in questions:
            came = ask(f, "fit_batch_size", one_picture(*(_MIB * n for n in sizes)), gib)
            same_count(came, right, f"The batch for {gib} GiB", wrong, hint="At least 0.")


@fit_batch_size.check("VGG-16 with momentum in 8 GiB: 55 pictures")
def _(f, rng):
    memory = one_picture(60950432, 553430176, 553430176, 115605504)
    wrong = {56: "Round down.", 50: "A GiB is 2^30 bytes.", 111: "Gradients are there as well.",
             51: "A GiB is 2^30 bytes."}  # fmt: skip
    same_count(ask(f, "fit_batch_size", memory, 8), 55, "The batch for 8 GiB", wrong)
