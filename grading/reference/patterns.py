"""Reference solutions of the notebook 7_architectures.

Each function takes what the one before it gave, as plain data, and none calls another: a slip in
one table does not spoil the next. The build shows these functions in the instructor's notebook;
students get the signature and the docstring, which is the exercise's text.
"""

import re


def parse_pattern(pattern, counts=None, optional=True):
    """Write a pattern of layers out as the list of its layers, one name after another.

    A pattern is made of
    - a layer: a word of letters and digits that begins with a letter, such as CONV
    - A -> B: first A, then B
    - [...]: a pattern in brackets, which may hold brackets again
    - A*3 or [...]*3: three times, one after another; 0 times leaves it out
    - A*N or [...]*N: as often as counts["N"] says
    - A? or [...]?: once if `optional` is true, else left out
    Spaces may stand between all of these, and mean nothing. Behind a layer or a bracket stands one
    `*` or one `?` at most.

    Inputs:
    - pattern: str, such as "INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> [FC -> RELU]*K -> FC"
    - counts: dict, how often what carries a letter is repeated, such as {"N": 2, "M": 3, "K": 1};
      whole numbers, 0 or more. It may hold letters that the pattern does not use; None is {}.
    - optional: bool, whether what is marked with ? is taken; all marks are treated alike

    Returns a list of str. In the example: INPUT, then CONV, RELU, CONV, RELU, POOL three times, ...

    Raises ValueError when the pattern cannot be read, or a letter has no count. The message says at
    which character, counted as in pattern[i]: "character 14: expected a layer or [, found ->".
    """
    counts = counts or {}
    tokens = [(found.group(), found.start()) for found in re.finditer(r"->|\w+|\S", pattern)]
    tokens.append(("", len(pattern)))  # the end
    at = 0  # the next token

    def slip(wanted):
        token, start = tokens[at]
        raise ValueError(f"character {start}: expected {wanted}, found {token or 'the end'}")

    def sequence():
        nonlocal at
        names = part()
        while tokens[at][0] == "->":
            at += 1
            names = names + part()
        return names

    def part():
        nonlocal at
        token, _ = tokens[at]
        names = [token]
        if token == "[":
            at += 1
            names = sequence()
            if tokens[at][0] != "]":
                slip("-> or ]")
        elif not token[:1].isalpha():
            slip("a layer or [")
        at += 1
        return names * times()

    def times():
        nonlocal at
        token, _ = tokens[at]
        if token == "?":
            at += 1
            return 1 if optional else 0
        if token != "*":
            return 1
        at += 1
        letter, _ = tokens[at]
        often = int(letter) if letter.isdigit() else counts.get(letter, -1)
        if often < 0:
            slip("a number, or a letter with a count of 0 or more")
        at += 1
        return often

    names = sequence()
    if tokens[at][0]:
        slip("-> or the end")
    return names


def layer_shapes(layers, input_shape):
    """The shape of every volume of a network, from the input to the output.

    Inputs:
    - layers: list of dicts, in order. Each has "kind", and by its kind
      - "conv": "filters", "size" (rows and columns of a filter), "stride", "pad", and perhaps
        "dilation" (pixels from one tap to the next; 1 where it is absent, which means none)
      - "pool": "size", "stride"; nothing is padded
      - "relu": nothing more
      - "fc": "neurons". It reads a volume of any shape as one long vector.
    - input_shape: tuple (C, H, W) of one picture, or (D,) of a vector

    Returns a list of len(layers) + 1 tuples of int: shapes[0] is the input's, layer i reads
    shapes[i] and gives shapes[i + 1]. A map has the shape (C, H, W); behind a fully connected layer
    it is (neurons,).

    Raises ValueError, with the number of the layer and the sizes in its message,
    - when a window (a filter with its dilation, or a pool) does not fit into the padded map, or
    - when the stride does not divide: rows or columns would be left over at the far end, or
    - when a conv or a pool reads a vector, or a kind is none of these.
    """
    shapes = [tuple(input_shape)]
    for number, layer in enumerate(layers):
        kind, shape = layer["kind"], shapes[-1]
        if kind == "relu":
            shapes.append(shape)
        elif kind == "fc":
            shapes.append((layer["neurons"],))
        elif kind in ("conv", "pool") and len(shape) == 3:
            reach = layer.get("dilation", 1) * (layer["size"] - 1)
            places = []
            for length in shape[1:]:
                room = length + 2 * layer.get("pad", 0) - 1 - reach
                if room < 0 or room % layer["stride"]:
                    raise ValueError(f"layer {number}: {layer} does not fit a map of {shape[1:]}")
                places.append(room // layer["stride"] + 1)
            depth = layer["filters"] if kind == "conv" else shape[0]
            shapes.append((depth, *places))
        else:
            raise ValueError(f"layer {number}: {kind!r} cannot read a volume of shape {shape}")
    return shapes


def count_parameters(layers, shapes):
    """How many numbers each layer learns: weights and biases.

    Every filter and every neuron has one bias. A filter goes through all channels of what it reads.

    Inputs:
    - layers: list of dicts, as in layer_shapes
    - shapes: list of len(layers) + 1 tuples, as layer_shapes returns it

    Returns a list of len(layers) ints; 0 for a layer that learns nothing.
    """
    learned = []
    for layer, shape in zip(layers, shapes):  # the last shape is read by nobody
        if layer["kind"] == "conv":
            weights = shape[0] * layer["size"] ** 2
            learned.append(layer["filters"] * (weights + 1))
        elif layer["kind"] == "fc":
            weights = 1
            for length in shape:
                weights *= length
            learned.append(layer["neurons"] * (weights + 1))
        else:
            learned.append(0)
    return learned


def receptive_field(layers, shapes):
    """How many rows of the picture one value of each volume sees. (Columns go the same way.)

    What lies in the padding counts as seen, so a field may be larger than the picture. A fully
    connected layer that reads a map has a window of as many rows as the map; one that reads a
    vector sees what the vector sees.

    Inputs:
    - layers: list of dicts, as in layer_shapes
    - shapes: list of len(layers) + 1 tuples, as layer_shapes returns it

    Returns a list of len(layers) + 1 ints: fields[i] belongs to shapes[i], and fields[0] is 1.
    """
    fields, jump = [1], 1
    for layer, shape in zip(layers, shapes):
        further, stride = 0, 1  # taps beyond the first one, as steps in what the layer reads
        if layer["kind"] in ("conv", "pool"):
            further = (layer["size"] - 1) * layer.get("dilation", 1)
            stride = layer["stride"]
        elif layer["kind"] == "fc" and len(shape) == 3:
            further = shape[1] - 1
        fields.append(fields[-1] + further * jump)
        jump *= stride
    return fields


def count_memory(layers, shapes, parameters, batch_size=1, optimizer="momentum", value_bytes=4):
    """The memory it takes to train a network, in bytes, part by part.

    Every volume in `shapes`, the input included, is kept for each picture of the batch, and has a
    gradient of its own size. A ReLU overwrites what it reads: its output takes no memory again.

    Inputs:
    - layers, shapes: as in count_parameters
    - parameters: list of len(layers) ints, as count_parameters returns it
    - batch_size: pictures at a time
    - optimizer: "sgd", "momentum" or "adam". For each parameter it keeps no value, one value (the
      velocity), or two (the running means of the gradient and of its square).
    - value_bytes: bytes of one value, 4 for float32

    Returns a dict of ints, in bytes:
    - "activations", "activation_gradients": for the whole batch
    - "parameters", "parameter_gradients", "optimizer_state": the same for every batch size
    - "workspace": the largest im2col matrix of all conv layers, for one picture at a time: a row
      for each weight of a filter, a column for each place where the filter stands; 0 without convs

    Raises ValueError for any other optimizer.
    """
    kept = {"sgd": 0, "momentum": 1, "adam": 2}
    if optimizer not in kept:
        raise ValueError(f"optimizer should be one of {', '.join(kept)}, not {optimizer!r}")

    values, columns = 0, 0
    for number, shape in enumerate(shapes):
        volume = 1
        for length in shape:
            volume *= length
        layer = layers[number - 1] if number else {"kind": "input"}
        if layer["kind"] != "relu":
            values += volume
        if layer["kind"] == "conv":
            rows = shapes[number - 1][0] * layer["size"] ** 2
            columns = max(columns, rows * shape[1] * shape[2])
    learned = sum(parameters)
    return {
        "activations": values * batch_size * value_bytes,
        "activation_gradients": values * batch_size * value_bytes,
        "parameters": learned * value_bytes,
        "parameter_gradients": learned * value_bytes,
        "optimizer_state": learned * kept[optimizer] * value_bytes,
        "workspace": columns * value_bytes,
    }


def fit_batch_size(memory, gib):
    """The largest batch with which a network can be trained in a given memory.

    Inputs:
    - memory: dict of bytes for a batch of ONE picture, as count_memory returns it (all six keys)
    - gib: what there is, in GiB (1 GiB = 2^30 bytes); may be a fraction, such as 0.5

    Returns the number of pictures, an int; 0 when not even one fits. A batch that fills the memory
    to the last byte fits.
    """
    a_picture = memory["activations"] + memory["activation_gradients"]
    always = sum(memory.values()) - a_picture
    left = int(gib * 2**30) - always
    return max(0, left // a_picture)
