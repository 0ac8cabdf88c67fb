"""Wrong tables of a network, as people really write them. Each must lose marks in its exercise.

Most are the reference with a line as it is often written; some readers of patterns go about it in
a way of their own.
"""

import inspect
import re

from grading.reference import patterns as reference

WRONG: list[dict] = []


def slip(exercise, name, *changes):
    """Add the reference with changes: right, wrong, right, wrong, ..."""
    source = inspect.getsource(getattr(reference, exercise))
    for right, wrong in zip(changes[::2], changes[1::2], strict=True):
        assert source.count(right) >= 1, f"{exercise}, {name}: {right!r} is not there any more"
        source = source.replace(right, wrong)
    space = {"re": re}
    exec(compile(source, f"<{exercise}: {name}>", "exec"), space)
    WRONG.append(dict(exercise=exercise, name=name, functions={exercise: space[exercise]}))


def wrong(exercise):
    def add(function):
        functions = {exercise: function}
        WRONG.append(dict(exercise=exercise, name=function.__name__, functions=functions))
        return function

    return add


# ---- parse_pattern -------------------------------------------------------------------------

_P = "parse_pattern"
slip(_P, "mark_always_taken", "1 if optional else 0", "1")
slip(_P, "mark_never_taken", "1 if optional else 0", "0")
slip(_P, "mark_the_wrong_way_round", "1 if optional else 0", "0 if optional else 1")
slip(_P, "each_layer_repeated_by_itself", "return names * times()",
     "often = times()\n        return [name for name in names for _ in range(often)]")  # fmt: skip
slip(_P, "repeats_one_time_too_many", "return names * times()",
     "often = times()\n        return names * (often + 1 if often > 1 else often)")  # fmt: skip
slip(_P, "nothing_repeated", "return names * times()", "times()\n        return names")
slip(_P, "zero_times_is_once", "return names * times()", "return names * max(1, times())")
slip(_P, "missing_letter_is_once", "counts.get(letter, -1)", "counts.get(letter, 1)")
slip(_P, "missing_letter_is_key_error", "counts.get(letter, -1)", "counts[letter]")
slip(_P, "only_one_digit", r"->|\w+|\S", r"->|[A-Za-z]\w*|\S")
slip(_P, "closing_bracket_not_looked_at", 'if tokens[at][0] != "]":', "if False:")
slip(_P, "what_follows_the_end_ignored", "if tokens[at][0]:", "if False:")
slip(_P, "arrows_not_asked_for", 'while tokens[at][0] == "->":\n            at += 1',
     'while tokens[at][0] not in ("", "]"):\n            at += tokens[at][0] == "->"')  # fmt: skip
slip(_P, "no_place_in_the_message", "character {start}: expected", "expected")
slip(_P, "counts_tokens_and_not_characters", "character {start}:", "character {at}:")
slip(_P, "assertion_error", "raise ValueError(", "raise AssertionError(")
slip(_P, "none_is_no_dict", "counts = counts or {}", "pass")
slip(_P, "returns_text", "    return names\n", "    return ' '.join(names)\n",
     "return ' '.join(names)\n\n    def part", "return names\n\n    def part")  # fmt: skip


@wrong(_P)
def brackets_of_one_level_by_regular_expression(pattern, counts=None, optional=True):
    """Inner brackets are found, outer ones are dropped with their count."""
    text = pattern.replace(" ", "").replace("\n", "")
    text = re.sub(r"(\w+)\?", r"\1" if optional else "", text)

    def written_out(found):
        often = found[2]
        often = int(often) if often.isdigit() else (counts or {})[often]
        return "->".join([found[1]] * often)

    text = re.sub(r"\[([^\[\]]*)\]\*(\w+)", written_out, text)
    return [name for name in re.split(r"[^A-Za-z0-9]+", text) if name]


@wrong(_P)
def split_at_arrows(pattern, counts=None, optional=True):
    return [name.strip(" []?*") for name in pattern.split("->")]


@wrong(_P)
def only_the_general_pattern(pattern, counts=None, optional=True):
    counts = counts or {}
    N, M, K = (counts.get(letter, 1) for letter in "NMK")
    stage = ["CONV", "RELU"] * N + ["POOL"] * bool(optional)
    return ["INPUT", *stage * M, *["FC", "RELU"] * K, "FC"]


@wrong(_P)
def expands_text_until_nothing_is_left(pattern, counts=None, optional=True):
    """Right where a pattern is right; what is not is read all the same."""
    text = re.sub(r"\s+", "", pattern)
    for letter, often in (counts or {}).items():
        text = re.sub(rf"\*{letter}\b", f"*{often}", text)
    text = re.sub(r"(?<![\w\]])(\w+)(?=[*?])", r"[\1]", text)
    while found := re.search(r"\[([^\[\]]*)\](?:\*(\d+)|(\?))?", text):
        often = int(found[2]) if found[2] else (1 if optional or not found[3] else 0)
        text = text[: found.start()] + "->".join([found[1]] * often) + text[found.end() :]
    return [name for name in text.split("->") if name]


# ---- layer_shapes --------------------------------------------------------------------------

_S = "layer_shapes"
slip(_S, "height_and_width_swapped", "(depth, *places)", "(depth, *places[::-1])")
slip(_S, "rounded_down", 'if room < 0 or room % layer["stride"]:', "if room < 0:")
slip(
    _S,
    "rows_alone_looked_at",
    'or room % layer["stride"]',
    'or shape[1:].index(length) == 0 and room % layer["stride"]',
)  # noqa: E501
slip(
    _S,
    "pools_rounded_down",
    'or room % layer["stride"]',
    "or kind == 'conv' and room % layer[\"stride\"]",
)  # noqa: E501
slip(_S, "too_small_not_noticed", "if room < 0 or room", "if room")
slip(_S, "padded_at_one_end", '2 * layer.get("pad", 0)', 'layer.get("pad", 0)')
slip(_S, "first_place_forgotten", 'room // layer["stride"] + 1', 'room // layer["stride"]')
slip(_S, "dilation_forgotten", 'layer.get("dilation", 1) * ', "")
slip(
    _S,
    "dilation_counted_from_0",
    'layer.get("dilation", 1) * ',
    "(layer.get('dilation', 0) + 1) * ",
)  # noqa: E501
slip(_S, "depth_stays", 'layer["filters"] if kind == "conv" else shape[0]', "shape[0]")
slip(
    _S,
    "pool_takes_depth_of_the_input",
    'kind == "conv" else shape[0]',
    'kind == "conv" else input_shape[0]',
)  # noqa: E501
slip(_S, "sizes_are_floats", 'room // layer["stride"] + 1', 'room / layer["stride"] + 1')
slip(_S, "fully_connected_as_map", '(layer["neurons"],)', '(layer["neurons"], 1, 1)')
slip(_S, "input_missing", "return shapes", "return shapes[1:]")
slip(_S, "depth_comes_last", "(depth, *places)", "(*places, depth)")
slip(_S, "square_pictures_alone", "shape[1:]:", "(shape[1], shape[1]):")
slip(_S, "assertion_error", "raise ValueError", "raise AssertionError")
slip(_S, "unknown_kinds_pass", 'kind == "relu"', 'kind not in ("conv", "pool", "fc")')

# ---- count_parameters ----------------------------------------------------------------------

_C = "count_parameters"
slip(_C, "biases_forgotten", "(weights + 1)", "weights")
slip(_C, "biases_of_filters_forgotten", '["filters"] * (weights + 1)', '["filters"] * weights')
slip(_C, "biases_of_neurons_forgotten", '["neurons"] * (weights + 1)', '["neurons"] * weights')
slip(_C, "depth_of_filters_forgotten", 'shape[0] * layer["size"] ** 2', 'layer["size"] ** 2')
slip(_C, "one_bias_for_a_layer", '["filters"] * (weights + 1)', '["filters"] * weights + 1')
slip(
    _C, "bias_for_each_channel", '["filters"] * (weights + 1)', '["filters"] * (weights + shape[0])'
)  # noqa: E501
slip(_C, "size_not_squared", '["size"] ** 2', '["size"]')
slip(_C, "size_doubled", '["size"] ** 2', '["size"] * 2')
slip(_C, "reads_what_it_gives", "zip(layers, shapes)", "zip(layers, shapes[1:])")
slip(_C, "depth_of_the_picture_throughout", "weights = shape[0] *", "weights = shapes[0][0] *")
slip(_C, "pools_counted", 'if layer["kind"] == "conv":', 'if layer["kind"] in ("conv", "pool"):',
     'layer["filters"] *', 'layer.get("filters", shape[0]) *')  # fmt: skip
slip(_C, "depth_alone_reaches_neurons", "for length in shape:", "for length in shape[:1]:")
slip(
    _C,
    "filters_not_shared",
    '["filters"] * (weights + 1)',
    '["filters"] * (weights + 1) * shape[1] * shape[2]',
)  # noqa: E501
slip(_C, "layers_without_weights_left_out", "learned.append(0)", "pass")
slip(_C, "returns_the_sum", "return learned", "return sum(learned)")

# ---- receptive_field -----------------------------------------------------------------------

_R = "receptive_field"
_STEP = "fields.append(fields[-1] + further * jump)\n        jump *= stride"
slip(
    _R,
    "jump_multiplied_before",
    _STEP,
    "jump *= stride\n        fields.append(fields[-1] + further * jump)",
)  # noqa: E501
slip(_R, "strides_forgotten", "jump *= stride", "pass")
slip(_R, "strides_added", "jump *= stride", "jump += stride - 1")
slip(_R, "jump_is_the_last_stride", "jump *= stride", "jump = stride")
slip(_R, "dilation_forgotten", ' * layer.get("dilation", 1)', "")
slip(_R, "dilation_counted_from_0", 'layer.get("dilation", 1)', '(layer.get("dilation", 0) + 1)')
slip(
    _R,
    "dilation_once_more",
    '(layer["size"] - 1) * layer.get("dilation", 1)',
    'layer["size"] * layer.get("dilation", 1) - 1',
)  # noqa: E501
slip(_R, "whole_size_added", '(layer["size"] - 1)', 'layer["size"]')
slip(_R, "begins_with_0", "fields, jump = [1], 1", "fields, jump = [0], 1")
slip(_R, "pools_forgotten", 'in ("conv", "pool")', '== "conv"')
slip(
    _R,
    "pool_strides_alone",
    '(layer["size"] - 1)',
    '(layer["size"] - 1) * (layer["kind"] == "conv")',
)  # noqa: E501
slip(_R, "fully_connected_sees_nothing_more", "further = shape[1] - 1", "pass")
slip(_R, "columns_for_rows", "further = shape[1] - 1", "further = shape[2] - 1")
slip(_R, "map_in_rows_of_its_own", "further = shape[1] - 1", "further = (shape[1] - 1) / jump")
slip(_R, "input_missing", "return fields", "return fields[1:]")
slip(_R, "cut_at_the_picture", "return fields", "return [min(n, shapes[0][1]) for n in fields]")

# ---- count_memory --------------------------------------------------------------------------

_M = "count_memory"
slip(
    _M,
    "gradients_forgotten",
    '"activation_gradients": values * batch_size * value_bytes',
    '"activation_gradients": 0',
)  # noqa: E501
slip(
    _M,
    "parameter_gradients_forgotten",
    '"parameter_gradients": learned * value_bytes',
    '"parameter_gradients": 0',
)  # noqa: E501
slip(_M, "optimizer_forgotten", "learned * kept[optimizer] * value_bytes", "0")
slip(_M, "momentum_keeps_two", '"momentum": 1', '"momentum": 2')
slip(_M, "adam_keeps_one", '"adam": 2', '"adam": 1')
slip(_M, "sgd_keeps_one", '"sgd": 0', '"sgd": 1')
slip(_M, "relu_counted", 'if layer["kind"] != "relu":', "if True:")
slip(
    _M,
    "input_forgotten",
    'if layer["kind"] != "relu":',
    'if layer["kind"] not in ("relu", "input"):',
)  # noqa: E501
slip(
    _M,
    "relus_reader_left_out",
    'layers[number - 1] if number else {"kind": "input"}',
    'layers[number] if number < len(layers) else {"kind": "fc"}',
)  # noqa: E501
slip(_M, "values_and_not_bytes", "* value_bytes", "* 1")
slip(_M, "bits", "* value_bytes", "* value_bytes * 8")
slip(_M, "always_four_bytes", "* value_bytes", "* 4")
slip(_M, "megabytes", "* value_bytes", "* value_bytes / 1e6")
slip(_M, "batch_forgotten", "values * batch_size", "values")
slip(_M, "batch_of_parameters", "learned * value_bytes", "learned * batch_size * value_bytes")
slip(_M, "workspace_of_the_batch", "columns * value_bytes", "columns * batch_size * value_bytes")
slip(
    _M,
    "workspaces_added",
    "columns = max(columns, rows * shape[1] * shape[2])",
    "columns += rows * shape[1] * shape[2]",
)  # noqa: E501
slip(
    _M,
    "last_workspace",
    "columns = max(columns, rows * shape[1] * shape[2])",
    "columns = rows * shape[1] * shape[2]",
)  # noqa: E501
slip(
    _M,
    "workspace_without_depth",
    'shapes[number - 1][0] * layer["size"] ** 2',
    'layer["size"] ** 2',
)  # noqa: E501
slip(
    _M,
    "workspace_without_stride",
    "rows * shape[1] * shape[2]",
    "rows * shapes[number - 1][1] * shapes[number - 1][2]",
)  # noqa: E501
slip(_M, "unknown_optimizer_is_key_error", "if optimizer not in kept:", "if False:")
slip(_M, "gradients_in_activations", '"activations": values', '"activations": 2 * values')
slip(
    _M,
    "returns_the_total",
    "    return {",
    "    return dict(total=0) and {",
    "columns * value_bytes,\n    }",
    "columns * value_bytes,\n    }['activations']",
)  # noqa: E501

# ---- fit_batch_size ------------------------------------------------------------------------

_F = "fit_batch_size"
slip(_F, "rounded_up", "left // a_picture", "-(-left // a_picture)")
slip(_F, "rounded", "left // a_picture", "round(left / a_picture)")
slip(_F, "gigabytes", "2**30", "10**9")
slip(_F, "mebibytes_times_a_million", "2**30", "1024 * 10**6")
slip(_F, "mebibytes", "2**30", "2**20")
slip(
    _F,
    "activation_gradients_forgotten",
    'memory["activations"] + memory["activation_gradients"]',
    'memory["activations"]',
)  # noqa: E501
slip(_F, "optimizer_forgotten", "- a_picture\n", '- a_picture - memory["optimizer_state"]\n')
slip(
    _F,
    "parameter_gradients_forgotten",
    "- a_picture\n",
    '- a_picture - memory["parameter_gradients"]\n',
)  # noqa: E501
slip(_F, "workspace_forgotten", "- a_picture\n", '- a_picture - memory["workspace"]\n')
slip(
    _F,
    "everything_for_each_picture",
    "max(0, left // a_picture)",
    "int(gib * 2**30) // sum(memory.values())",
)  # noqa: E501
slip(
    _F,
    "workspace_for_each_picture",
    'memory["activations"] +',
    'memory["workspace"] + memory["activations"] +',
)  # noqa: E501
slip(_F, "below_zero", "max(0, left // a_picture)", "left // a_picture")
slip(_F, "at_least_one", "max(0, left", "max(1, left")
slip(_F, "full_does_not_fit", "left // a_picture", "(left - 1) // a_picture")
slip(_F, "a_float", "max(0, left // a_picture)", "max(0.0, float(left // a_picture))")
slip(_F, "gib_without_fractions", "int(gib * 2**30)", "int(gib) * 2**30")
slip(
    _F,
    "powers_of_two_alone",
    "max(0, left // a_picture)",
    "2 ** ((left // a_picture).bit_length() - 1) if left >= a_picture else 0",
)  # noqa: E501
