"""Wrong batch and layer normalisation, forward, as people really write them.

`@wrong("batchnorm_forward")` names the exercise that must notice; other functions that its checks
call are the reference's. told: words that the visible checks must say of the slip.
"""

import numpy as np

from grading.checks import EXERCISES
from grading.reference import normalization as reference

WRONG: list[dict] = []


def wrong(exercise, told=""):
    def add(function):
        others = {name: getattr(reference, name) for name in EXERCISES[exercise].functions}
        WRONG.append(
            dict(
                exercise=exercise,
                name=function.__name__,
                functions=others | {exercise: function},
                told=told,
            )
        )
        return function

    return add


def batchnorm(
    x, gamma, beta, bn_param, *, normal=None, stored=None, in_test=None, axis=0, keepdims=False
):
    """Batch normalisation with a part of it replaced.

    normal: (centred, var, eps) -> normalised values
    stored: (old, batch statistic, momentum, eps) -> new running statistic, in mode "train"
    in_test: the whole of mode "test": (x, gamma, beta, mean, var, eps) -> out
    """
    normal = normal or (lambda centred, var, eps: centred / np.sqrt(var + eps))
    stored = stored or (lambda old, new, momentum, eps: momentum * old + (1 - momentum) * new)
    if bn_param["mode"] not in ("train", "test"):
        raise ValueError("no such mode")
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    rm = bn_param.get("running_mean", np.zeros(x.shape[1]))
    rv = bn_param.get("running_var", np.zeros(x.shape[1]))
    if bn_param["mode"] == "train":
        mean = x.mean(axis=axis, keepdims=keepdims)
        var = x.var(axis=axis, keepdims=keepdims)
        hat = normal(x - mean, var, eps)
        if axis == 0:
            bn_param["running_mean"] = stored(rm, mean, momentum, 0)
            bn_param["running_var"] = stored(rv, var, momentum, eps)
    elif in_test:
        return in_test(x, gamma, beta, rm, rv, eps), None
    else:
        hat = normal(x - rm, rv, eps)
    return gamma * hat + beta, None


@wrong("batchnorm_forward", "adding epsilon after the root")
def epsilon_outside_the_root(*args):
    return batchnorm(*args, normal=lambda centred, var, eps: centred / (np.sqrt(var) + eps))


@wrong("batchnorm_forward", "epsilon has no effect")
def epsilon_left_out(*args):
    return batchnorm(
        *args, normal=lambda centred, var, eps: centred / np.where(var > 0, np.sqrt(var), 1)
    )


@wrong("batchnorm_forward", "nan")
def epsilon_left_out_and_nan_for_equal_numbers(*args):
    return batchnorm(*args, normal=lambda centred, var, eps: centred / np.sqrt(var))


@wrong("batchnorm_forward", "epsilon has no effect")
def epsilon_left_out_in_test_mode(*args):
    return batchnorm(
        *args, in_test=lambda x, g, b, mean, var, eps: g * (x - mean) / np.sqrt(var) + b
    )


@wrong("batchnorm_forward")
def epsilon_always_1e_minus_5(*args):
    return batchnorm(*args, normal=lambda centred, var, eps: centred / np.sqrt(var + 1e-5))


@wrong("batchnorm_forward", "dividing by variance")
def divided_by_the_variance(*args):
    return batchnorm(*args, normal=lambda centred, var, eps: centred / (var + eps))


@wrong("batchnorm_forward", "- 1")
def variance_divided_by_n_minus_1(x, gamma, beta, bn_param):
    N = x.shape[0]

    def normal(centred, var, eps):
        train = bn_param["mode"] == "train"
        return centred / np.sqrt((var * N / (N - 1) if train and N > 1 else var) + eps)

    return batchnorm(x, gamma, beta, bn_param, normal=normal)


@wrong("batchnorm_forward", "- 1")
def running_variance_divided_by_n_minus_1(x, *args):
    N = x.shape[0]

    def stored(old, new, momentum, eps):  # as PyTorch does it
        return momentum * old + (1 - momentum) * (new * N / (N - 1) if eps else new)

    return batchnorm(x, *args, stored=stored)


@wrong("batchnorm_forward", "keepdims=True leaves an axis")
def running_statistics_of_shape_1_d(*args):
    return batchnorm(*args, keepdims=True)


@wrong("batchnorm_forward", "variance + epsilon")
def running_variance_with_epsilon(*args):
    return batchnorm(*args, stored=lambda old, new, m, eps: m * old + (1 - m) * (new + eps))


@wrong("batchnorm_forward", "standard deviation")
def running_standard_deviation(*args):
    return batchnorm(
        *args,
        stored=lambda old, new, m, eps: m * old + (1 - m) * (np.sqrt(new) if eps else new),
        in_test=lambda x, g, b, mean, std, eps: g * (x - mean) / np.sqrt(std**2 + eps) + b,
    )


@wrong("batchnorm_forward", "wrong way round")
def momentum_the_wrong_way_round(*args):
    return batchnorm(*args, stored=lambda old, new, m, eps: (1 - m) * old + m * new)


@wrong("batchnorm_forward", "this batch's value alone")
def last_batch_for_running_statistics(*args):
    return batchnorm(*args, stored=lambda old, new, m, eps: new)


@wrong("batchnorm_forward", "store it in the dict")
def running_statistics_not_stored(x, gamma, beta, bn_param):
    return batchnorm(x, gamma, beta, dict(bn_param))


@wrong("batchnorm_forward", "is the new value stored")
def old_running_statistics_stored_again(*args):
    return batchnorm(*args, stored=lambda old, new, m, eps: old)


@wrong("batchnorm_forward")
def momentum_always_0_9(x, gamma, beta, bn_param):
    bn_param["momentum"] = 0.9
    return batchnorm(x, gamma, beta, bn_param)


@wrong("batchnorm_forward", "changed in test mode")
def running_statistics_updated_in_test_mode(x, gamma, beta, bn_param):
    out, cache = batchnorm(x, gamma, beta, bn_param)
    if bn_param["mode"] == "test":
        for key, new in (("running_mean", x.mean(axis=0)), ("running_var", x.var(axis=0))):
            bn_param[key] = 0.9 * bn_param[key] + 0.1 * new
    return out, cache


@wrong("batchnorm_forward")
def batch_statistics_in_test_mode(*args):
    def in_test(x, g, b, mean, var, eps):
        return g * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps) + b

    return batchnorm(*args, in_test=in_test)


@wrong("batchnorm_forward", "gamma and beta")
def gamma_and_beta_left_out_in_test_mode(*args):
    return batchnorm(*args, in_test=lambda x, g, b, mean, var, eps: (x - mean) / np.sqrt(var + eps))


@wrong("batchnorm_forward", "beta is not added")
def beta_forgotten(x, gamma, beta, bn_param):
    return batchnorm(x, gamma, 0 * beta, bn_param)


@wrong("batchnorm_forward")
def gamma_shifts_and_beta_scales(x, gamma, beta, bn_param):
    return batchnorm(x, beta, gamma, bn_param)


@wrong("batchnorm_forward")
def per_row(x, gamma, beta, bn_param):
    return batchnorm(x, gamma, beta, bn_param, axis=1, keepdims=True)


@wrong("batchnorm_forward")
def one_mean_for_everything(*args):
    return batchnorm(*args, axis=None)


@wrong("batchnorm_forward", "ValueError")
def unknown_mode_passes(x, gamma, beta, bn_param):
    if bn_param["mode"] not in ("train", "test"):
        return x, None
    return batchnorm(x, gamma, beta, bn_param)


@wrong("batchnorm_forward", "changed its argument number 1")
def writes_into_x(x, gamma, beta, bn_param):
    out, cache = batchnorm(x, gamma, beta, bn_param)
    x -= x.mean(axis=0).astype(x.dtype)
    return out, cache


@wrong("batchnorm_forward")
def integers_stay_integers(x, gamma, beta, bn_param):
    out, hat = np.zeros_like(x), np.zeros_like(x)
    result, _ = batchnorm(x, np.ones_like(gamma), np.zeros_like(beta), bn_param)
    hat[...] = result
    out[...] = gamma * hat + beta
    return out, None


@wrong("batchnorm_forward", "is None")
def forgets_to_return_out(*args):
    return None, batchnorm(*args)[1]


# ---- layer normalisation -------------------------------------------------------------------


def layernorm(x, gamma, beta, ln_param, axis=1, root=lambda var, eps: np.sqrt(var + eps), ddof=0):
    centred = x - x.mean(axis=axis, keepdims=True)
    var = x.var(axis=axis, keepdims=True, ddof=ddof)
    return gamma * centred / root(var, ln_param.get("eps", 1e-5)) + beta, None


@wrong("layernorm_forward")
def over_the_batch(*args):
    return layernorm(*args, axis=0)


@wrong("layernorm_forward", "adding epsilon after the root")
def layer_epsilon_outside_the_root(*args):
    return layernorm(*args, root=lambda var, eps: np.sqrt(var) + eps)


@wrong("layernorm_forward", "epsilon has no effect")
def layer_without_epsilon(*args):
    return layernorm(*args, root=lambda var, eps: np.where(var > 0, np.sqrt(var), 1))


@wrong("layernorm_forward", "- 1")
def layer_variance_divided_by_d_minus_1(*args):
    return layernorm(*args, ddof=1)


@wrong("layernorm_forward")
def over_the_whole_array(*args):
    return layernorm(*args, axis=None)


@wrong("layernorm_forward")
def gamma_of_the_samples(x, gamma, beta, ln_param):
    N = x.shape[0]
    out, _ = layernorm(x, np.ones(x.shape[1]), 0, ln_param)
    return out * np.resize(gamma, (N, 1)) + np.resize(beta, (N, 1)), None


@wrong("layernorm_forward", "gamma and beta")
def layer_without_gamma_and_beta(x, gamma, beta, ln_param):
    return layernorm(x, 1, 0, ln_param)


@wrong("layernorm_forward", "changed its argument number 1")
def layer_writes_into_x(x, gamma, beta, ln_param):
    out, cache = layernorm(x, gamma, beta, ln_param)
    x *= 0
    return out, cache
