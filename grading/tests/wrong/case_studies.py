"""Wrong solutions of 8_case_studies as people really write them. Each must lose marks.

Most are the reference with a line or two changed: `slip(exercise, name, old, new, ...)`. The other
functions of the exercise (a forward pass to go back from) are the reference's.
"""

import inspect

from grading.checks import EXERCISES
from grading.reference import case_studies, case_studies_blocks

WRONG: list[dict] = []


def reference_of(name):
    return getattr(case_studies, name, None) or getattr(case_studies_blocks, name)


def changed(name, *edits):
    """A function of the reference with pieces of its text replaced: old, new, old, new, ..."""
    function = reference_of(name)
    source = inspect.getsource(function)
    for old, new in zip(edits[::2], edits[1::2], strict=True):
        if old not in source:
            raise ValueError(f"{name} has no {old!r} to change.")
        source = source.replace(old, new)
    namespace = dict(vars(inspect.getmodule(function)))
    exec(compile(source, f"<{name}, changed>", "exec"), namespace)
    return namespace[name]


def add(exercise, name, **functions):
    others = {f: reference_of(f) for f in EXERCISES[exercise].functions}
    WRONG.append(dict(exercise=exercise, name=name, functions=others | functions))


def slip(exercise, name, *edits):
    add(exercise, name, **{exercise: changed(exercise, *edits)})


# ---- LeNet-5 -------------------------------------------------------------------------------

_C3 = "c3_connections"
slip(_C3, "not_round_the_circle", "(first + step) % 6", "min(first + step, 5)")
slip(_C3, "transposed", "return connections", "return connections.T")
slip(_C3, "four_where_three", "(0, 1, 2)]", "(0, 1, 2, 3)]")
slip(_C3, "pairs_without_a_gap", "(0, 1, 3, 4)", "(0, 1, 2, 3)")
slip(_C3, "last_map_forgotten", "    connections[15] = True\n", "")
slip(_C3, "backwards", "(first + step)", "(first - step)")
slip(_C3, "one_gap_too_small", "(0, 1, 3, 4)", "(0, 1, 3, 5)")

_PARTIAL = "partially_connected_forward"
_MASKED = "w * connections[:, :, None, None]"
slip(_PARTIAL, "connections_ignored", _MASKED, "w")
slip(_PARTIAL, "the_others", _MASKED, "w * ~connections[:, :, None, None]")
slip(
    _PARTIAL,
    "mask_written_into_w",
    f"seen = {_MASKED}",
    "w *= connections[:, :, None, None]; seen = w",
)
slip(_PARTIAL, "only_the_first_row", _MASKED, "w * connections[0][None, :, None, None]")
slip(_PARTIAL, "bias_forgotten", "seen, b, conv_param", "seen, 0 * b, conv_param")
slip(_PARTIAL, "bias_only_where_all_is_seen", "seen, b,", "seen, b * connections.all(axis=1),")
slip(_PARTIAL, "pad_forgotten", "conv_param)\n", 'conv_param | {"pad": 0})\n')
slip(_PARTIAL, "stride_forgotten", "conv_param)\n", 'conv_param | {"stride": 1})\n')
slip(_PARTIAL, "one_result", "return conv_forward(x, seen, b, conv_param)",
     "return conv_forward(x, seen, b, conv_param)[0]")  # fmt: skip

# ---- AlexNet -------------------------------------------------------------------------------

_GROUPED = "grouped_conv_forward"
slip(_GROUPED, "every_group_sees_the_first_channels", "x[:, channels]", "x[:, :C]")
slip(_GROUPED, "groups_exchanged", "x[:, channels]", "x[:, ::-1][:, channels][:, ::-1]")
slip(_GROUPED, "bias_of_the_first_group", "b[filters]", "b[:F]")
slip(_GROUPED, "filters_of_the_first_group", "w[filters]", "w[:F]")
slip(
    _GROUPED, "filters_of_full_depth", "w[filters]", "np.concatenate([w[filters]] * groups, axis=1)"
)
slip(_GROUPED, "sees_everything", "x[:, channels], w[filters]",
     "x, np.concatenate([w[filters]] * groups, axis=1)")  # fmt: skip
slip(_GROUPED, "weights_cut_in_depth", "w[filters]", "w[filters, :C // groups]")
slip(_GROUPED, "interleaved", "slice(g * C, (g + 1) * C)", "slice(g, None, groups)")
slip(_GROUPED, "concatenated_over_pictures", "np.concatenate(outs, axis=1)", "np.concatenate(outs)")
slip(_GROUPED, "concatenated_over_rows", "outs, axis=1", "outs, axis=2")
slip(_GROUPED, "added_up", "np.concatenate(outs, axis=1)", "sum(outs)")
slip(_GROUPED, "always_two", "    towers = []",
     "    groups = min(groups, 2)\n    towers = []")  # fmt: skip
slip(_GROUPED, "pad_forgotten", "conv_param))", 'conv_param | {"pad": 0}))')

# ---- sizes ---------------------------------------------------------------------------------

_SIZES = "map_sizes"
slip(_SIZES, "padding_on_one_side", "2 * pad", "pad")
slip(_SIZES, "padding_forgotten", "size + 2 * pad - window", "size - window")
slip(_SIZES, "one_forgotten", "steps + 1", "steps")
slip(
    _SIZES,
    "always_down",
    '-(-left // stride) if rounding == "ceil" else left // stride',
    "left // stride",
)
slip(
    _SIZES,
    "always_up",
    '-(-left // stride) if rounding == "ceil" else left // stride',
    "-(-left // stride)",
)
slip(_SIZES, "up_even_where_it_divides", "-(-left // stride)", "left // stride + 1")
slip(_SIZES, "to_the_nearest", '-(-left // stride) if rounding == "ceil" else left // stride',
     "round(left / stride)")  # fmt: skip
slip(_SIZES, "fractions", "steps + 1", "steps + 1.0")
slip(_SIZES, "every_layer_reads_the_picture", "        size = steps + 1\n        sizes.append(size)",
     "        sizes.append(steps + 1)")  # fmt: skip
slip(_SIZES, "the_last_one_only", "return sizes", "return sizes[-1]")
slip(_SIZES, "the_first_size_too", "    sizes = []", "    sizes = [size]")

# ---- VGG -----------------------------------------------------------------------------------

_VGG = "vgg_table"
slip(_VGG, "no_biases", "depth + 1)", "depth)", "inputs + 1", "inputs")
slip(_VGG, "no_biases_in_convolutions", "depth + 1)", "depth)")
slip(_VGG, "no_biases_in_fc", "inputs + 1", "inputs")
slip(_VGG, "one_bias_a_layer", "(3 * 3 * depth + 1) * filters", "3 * 3 * depth * filters + 1")
slip(_VGG, "filters_without_depth", "3 * 3 * depth", "3 * 3")
slip(_VGG, "depth_after_and_not_before", "3 * 3 * depth", "3 * 3 * filters")
slip(_VGG, "depth_doubles_for_ever", "min(2 * filters, 512)", "2 * filters")
slip(_VGG, "the_input_left_out", "lines = [(size, size, depth, 0)]", "lines = []")
slip(_VGG, "pools_with_parameters", "lines.append((size, size, depth, 0))",
     "lines.append((size, size, depth, 4 * depth))")  # fmt: skip
slip(_VGG, "fc_behind_a_global_pool", "inputs = size * size * depth", "inputs = depth")
slip(_VGG, "always_224", "    depth, filters = 3, 64", "    depth, filters, size = 3, 64, 224")
slip(_VGG, "always_1000_classes", "4096, classes)", "4096, 1000)")
slip(_VGG, "convolutions_without_padding", "            depth = filters\n",
     "            depth = filters\n            size -= 2\n")  # fmt: skip
slip(_VGG, "fractions", "size //= 2", "size /= 2")
slip(_VGG, "values_forward_and_backward", "h * w * d, parameters)", "2 * h * w * d, parameters)")
