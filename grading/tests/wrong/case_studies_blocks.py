"""Wrong Inception modules, residual blocks and fine-tuning. Importing adds them to the bank."""

import numpy as np

from grading.reference import case_studies_blocks
from grading.tests.wrong.case_studies import add, changed, slip

# ---- Inception, forward --------------------------------------------------------------------

_IN = "inception_forward"
slip(_IN, "concatenated_over_rows", "outs, axis=1", "outs, axis=2")
slip(_IN, "concatenated_over_pictures", "outs, axis=1", "outs, axis=0")
slip(_IN, "branches_in_another_order", '("3x3_reduce", "3x3"), ("5x5_reduce", "5x5")',
     '("5x5_reduce", "5x5"), ("3x3_reduce", "3x3")')  # fmt: skip
slip(
    _IN,
    "pool_first",
    "np.concatenate(outs, axis=1)",
    "np.concatenate(outs[-1:] + outs[:-1], axis=1)",
)
slip(_IN, "pool_padded_with_zeros", "-np.inf", "0")
slip(_IN, "pool_not_padded", "(1, 1), (1, 1))", "(0, 0), (0, 0))")
slip(_IN, "pool_with_stride_two", '"stride": 1}\n    pooled', '"stride": 2}\n    pooled')
slip(_IN, "pool_padded_by_the_edge_wrapped", "constant_values=-np.inf", 'mode="wrap"')
slip(_IN, "pool_left_out", "pooled if path", "x if path")
slip(_IN, "one_by_one_pool", '"pool_height": 3, "pool_width": 3', '"pool_height": 1, "pool_width": 1',
     "(1, 1), (1, 1))", "(0, 0), (0, 0))")  # fmt: skip
slip(_IN, "all_padded_by_one", "(w.shape[2] - 1) // 2", "1 if w.shape[2] > 1 else 0")
slip(_IN, "no_relu", "volume, relu_cache = relu_forward(volume)", "relu_cache = volume")
slip(_IN, "no_relu_behind_reduce", "volume, relu_cache = relu_forward(volume)",
     'rectified, relu_cache = relu_forward(volume); volume = volume if "reduce" in name '
     "else rectified")  # fmt: skip
slip(_IN, "relu_only_behind_reduce", "volume, relu_cache = relu_forward(volume)",
     'rectified, relu_cache = relu_forward(volume); volume = rectified if "reduce" in name '
     "else volume")  # fmt: skip
slip(_IN, "biases_forgotten", 'params[f"{name}.b"]', '0 * params[f"{name}.b"]')
slip(_IN, "bias_added_into_params", "w, b = params", 'params[f"{name}.b"] += 1; w, b = params')

# ---- Inception, backward -------------------------------------------------------------------

_BACK = "inception_backward"
slip(_BACK, "gradients_of_branches_not_added", "dx = dx + part", "dx = part")
slip(_BACK, "pool_branch_forgotten", "return dx + dpadded[:, :, 1:-1, 1:-1]", "return dx")
slip(_BACK, "only_the_pool_branch", "return dx + dpadded", "return 0 * dx + dpadded")
slip(_BACK, "mean_and_not_sum", "return dx + dpadded[:, :, 1:-1, 1:-1]",
     "return (dx + dpadded[:, :, 1:-1, 1:-1]) / 4")  # fmt: skip
slip(_BACK, "border_not_taken_off", "dpadded[:, :, 1:-1, 1:-1]", "dpadded[:, :, :-2, :-2]")
slip(_BACK, "dout_split_in_four_equal_parts", "np.split(dout, np.cumsum(depths)[:-1], axis=1)",
     "np.array_split(dout, 4, axis=1)")  # fmt: skip
slip(_BACK, "parts_exchanged", "zip((", "zip((", "    dx, grads = 0, {}",
     "    parts[1], parts[2] = parts[2], parts[1]\n    dx, grads = 0, {}")  # fmt: skip
slip(_BACK, "relu_forgotten", "dconv = relu_backward(part, relu_cache)", "dconv = part")
slip(_BACK, "relu_of_the_pool_branch_forgotten", "relu_backward(parts[3], relu_cache)", "parts[3]")
slip(_BACK, "gradients_of_reduce_left_out", "    dx, grads = 0, {}", "    dx, grads = 0, {}",
     "return dx + dpadded[:, :, 1:-1, 1:-1], grads",
     "return dx + dpadded[:, :, 1:-1, 1:-1], {k: v for k, v in grads.items() if 'red' not in k}",
     )  # fmt: skip
slip(_BACK, "grads_only", "return dx + dpadded[:, :, 1:-1, 1:-1], grads", "return grads")

_last: list = []


def _forward_that_keeps_a_global(x, params):
    out, cache = case_studies_blocks.inception_forward(x, params)
    _last[:] = [cache]
    return out, cache


add(_BACK, "cache_kept_in_a_global", inception_forward=_forward_that_keeps_a_global,
    inception_backward=lambda dout, cache: case_studies_blocks.inception_backward(dout, _last[0]))  # fmt: skip
slip(_BACK, "dout_written_into", "    dx, grads = 0, {}", "    dout *= 2; dx, grads = 0, {}")

# ---- residual block, forward ---------------------------------------------------------------

_RES = "residual_block_forward"
slip(_RES, "shortcut_forgotten", "residual + shortcut", "residual")
slip(_RES, "relu_before_the_sum", "out, relu2 = relu_forward(residual + shortcut)",
     "out, relu2 = relu_forward(residual); out = out + shortcut")  # fmt: skip
slip(_RES, "relu_before_and_after", "relu_forward(residual + shortcut)",
     "relu_forward(relu_forward(residual)[0] + shortcut)")  # fmt: skip
slip(_RES, "no_relu_at_the_end", "out, relu2 = relu_forward(residual + shortcut)",
     "out, relu2 = residual + shortcut, None")  # fmt: skip
slip(_RES, "no_relu_between", "hidden, relu1 = relu_forward(hidden)", "relu1 = hidden")
slip(
    _RES,
    "relu_on_the_shortcut",
    "    out, relu2",
    "    shortcut = np.maximum(shortcut, 0)\n    out, relu2",
)
slip(_RES, "both_with_stride", "hidden, params[\"conv2.w\"], params[\"conv2.b\"], keep",
     'hidden, params["conv2.w"], params["conv2.b"], first')  # fmt: skip
slip(_RES, "shortcut_without_stride", '{"stride": stride, "pad": 0}', '{"stride": 1, "pad": 0}')
slip(_RES, "shortcut_padded", '{"stride": stride, "pad": 0}', '{"stride": stride, "pad": 1}')
slip(_RES, "projection_ignored", 'if "shortcut.w" in params', 'if "short" in params')
slip(_RES, "shortcut_without_bias", 'params["shortcut.b"]', '0 * params["shortcut.b"]')
slip(_RES, "concatenated", "residual + shortcut", "np.concatenate([residual, shortcut], axis=1)")
slip(_RES, "twice_the_same_convolution", 'params["conv2.w"]', 'params["conv1.w"]')
slip(
    _RES,
    "x_written_into",
    "    shortcut, cache_s = x, None",
    "    shortcut, cache_s = x, None\n    x += 1",
)

# ---- residual block, backward --------------------------------------------------------------

_RESB = "residual_block_backward"
slip(_RESB, "shortcut_forgotten", "return dx + dsum, grads", "return dx, grads",
     "return dx + dshortcut", "return dx")  # fmt: skip
slip(_RESB, "only_the_shortcut", "return dx + dsum, grads", "return dsum, grads",
     "return dx + dshortcut", "return dshortcut")  # fmt: skip
slip(_RESB, "dout_and_not_what_the_relu_left", "return dx + dsum", "return dx + dout")
slip(_RESB, "projection_forgotten", "return dx + dshortcut", "return dx")
slip(_RESB, "last_relu_forgotten", "dsum = relu_backward(dout, relu2)", "dsum = dout")
slip(_RESB, "first_relu_forgotten", "    dhidden = relu_backward(dhidden, relu1)\n", "")
slip(
    _RESB, "relu_masks_exchanged", "relu_backward(dhidden, relu1)", "relu_backward(dhidden, relu2)"
)
slip(_RESB, "halved", "dsum = relu_backward(dout, relu2)", "dsum = relu_backward(dout, relu2) / 2")
slip(_RESB, "shortcut_added_twice", "return dx + dsum", "return dx + 2 * dsum")
slip(_RESB, "shortcut_gradients_not_returned", 'grads["shortcut.w"], grads["shortcut.b"]', "_, _")

# ---- fine-tuning ---------------------------------------------------------------------------

_TUNE = "fine_tune_last_layer"
slip(_TUNE, "softmax_without_the_shift", "scores - scores.max(axis=1, keepdims=True)", "scores")
slip(_TUNE, "log_of_a_share_that_is_zero", "losses.append(-log_shares[np.arange(N), y].mean()",
     "losses.append(-np.log(np.exp(log_shares)[np.arange(N), y]).mean()")  # fmt: skip
slip(_TUNE, "sum_and_not_mean", "dscores /= N", "dscores /= 1")
slip(
    _TUNE,
    "uphill",
    "w - learning_rate",
    "w + learning_rate",
    "b - learning_rate",
    "b + learning_rate",
)
slip(_TUNE, "no_regularisation_in_the_gradient", " + reg * w)", ")")
slip(_TUNE, "no_regularisation_in_the_loss", " + 0.5 * reg * (w**2).sum()", "")
slip(_TUNE, "regularisation_twice_as_strong", "+ reg * w)", "+ 2 * reg * w)")
slip(_TUNE, "bias_regularised", "dscores.sum(axis=0)", "(dscores.sum(axis=0) + reg * b)")
slip(_TUNE, "bias_not_trained", "        b = b - learning_rate * dscores.sum(axis=0)\n", "")
slip(_TUNE, "one_not_taken_off", "        dscores[np.arange(N), y] -= 1\n", "")
slip(_TUNE, "loss_after_the_step", "return w, b, losses", "return w, b, losses[1:] + losses[-1:]")
slip(_TUNE, "last_loss_only", "return w, b, losses", "return w, b, losses[-1:]")
slip(_TUNE, "one_step_too_many", "range(steps)", "range(steps + 1)")
slip(_TUNE, "features_normalised_in_place", "    N, D = features.shape",
     "    features -= features.mean(axis=0)\n    N, D = features.shape")  # fmt: skip
slip(_TUNE, "transposed", "return w, b", "return w.T, b")


def random_start(features, y, classes, learning_rate, steps, reg):
    tune = changed(
        _TUNE, "np.zeros((D, classes))", "0.1 * np.ones((D, classes)) * np.arange(classes)"
    )
    return tune(features, y, classes, learning_rate, steps, reg)


add(_TUNE, "weights_begin_elsewhere", fine_tune_last_layer=random_start)
add(_TUNE, "forever_zero", fine_tune_last_layer=lambda features, y, classes, *rest: (
    np.zeros((features.shape[1], classes)), np.zeros(classes), [np.log(classes)] * rest[1]))  # fmt: skip
