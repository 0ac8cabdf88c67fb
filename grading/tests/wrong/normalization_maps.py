"""Wrong normalisation of feature maps, forward: spatial batch, group, local response."""

import numpy as np

from grading.reference import normalization as reference
from grading.tests.wrong.normalization import batchnorm, wrong

SPATIAL, GROUP, LRN = "spatial_batchnorm_forward", "spatial_groupnorm_forward", "lrn_forward"


# ---- spatial batch normalisation -----------------------------------------------------------


def spatial(x, gamma, beta, bn_param, layer=reference.batchnorm_forward):
    N, C, H, W = x.shape
    out, cache = layer(x.transpose(0, 2, 3, 1).reshape(-1, C), gamma, beta, bn_param)
    return out.reshape(N, H, W, C).transpose(0, 3, 1, 2), cache


@wrong(SPATIAL)
def per_pixel_instead_of_per_channel(x, gamma, beta, bn_param):
    if bn_param["mode"] != "train":
        return spatial(x, gamma, beta, bn_param)
    out, _ = spatial(x, gamma, beta, bn_param)
    wide = (1, -1, 1, 1)
    hat = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + bn_param.get("eps", 1e-5))
    return gamma.reshape(wide) * hat + beta.reshape(wide), None


@wrong(SPATIAL)
def per_picture(x, gamma, beta, bn_param):
    out, _ = spatial(x, gamma, beta, bn_param)
    if bn_param["mode"] != "train":
        return out, None
    mean, var = x.mean(axis=(2, 3), keepdims=True), x.var(axis=(2, 3), keepdims=True)
    hat = (x - mean) / np.sqrt(var + bn_param.get("eps", 1e-5))
    return gamma.reshape(1, -1, 1, 1) * hat + beta.reshape(1, -1, 1, 1), None


@wrong(SPATIAL)
def reshape_without_transpose(x, gamma, beta, bn_param):
    out, cache = reference.batchnorm_forward(x.reshape(-1, x.shape[1]), gamma, beta, bn_param)
    return out.reshape(x.shape), cache


@wrong(SPATIAL)
def not_transposed_back(x, gamma, beta, bn_param):
    N, C, H, W = x.shape
    rows = x.transpose(0, 2, 3, 1).reshape(-1, C)
    out, cache = reference.batchnorm_forward(rows, gamma, beta, bn_param)
    return out.reshape(N, C, H, W), cache


@wrong(SPATIAL)
def height_and_width_exchanged(x, gamma, beta, bn_param):
    N, C, H, W = x.shape
    rows = x.transpose(0, 3, 2, 1).reshape(-1, C)
    out, cache = reference.batchnorm_forward(rows, gamma, beta, bn_param)
    return out.reshape(N, H, W, C).transpose(0, 3, 1, 2), cache


@wrong(SPATIAL, "store it in the dict")
def spatial_statistics_not_stored(x, gamma, beta, bn_param):
    return spatial(x, gamma, beta, dict(bn_param))


@wrong(SPATIAL, "adding epsilon after the root")
def spatial_epsilon_outside_the_root(*args):
    def layer(*rest):
        return batchnorm(*rest, normal=lambda c, var, eps: c / (np.sqrt(var) + eps))

    return spatial(*args, layer=layer)


@wrong(SPATIAL, "gamma and beta")
def spatial_test_mode_without_gamma_and_beta(x, gamma, beta, bn_param):
    if bn_param["mode"] == "test":
        gamma, beta = np.ones_like(gamma), np.zeros_like(beta)
    return spatial(x, gamma, beta, bn_param)


@wrong(SPATIAL)
def spatial_statistics_of_shape_1_c_1_1(x, gamma, beta, bn_param):
    out = spatial(x, gamma, beta, bn_param)
    for key in ("running_mean", "running_var"):
        bn_param[key] = bn_param[key].reshape(1, -1, 1, 1)
    return out


# ---- group normalisation -------------------------------------------------------------------


def groups(x, G, eps, axes=(2, 3, 4), ddof=0, root=lambda var, eps: np.sqrt(var + eps)):
    N, C, H, W = x.shape
    parts = x.reshape(N, G, C // G, H, W)
    mean = parts.mean(axis=axes, keepdims=True)
    var = parts.var(axis=axes, keepdims=True, ddof=ddof)
    return ((parts - mean) / root(var, eps)).reshape(x.shape)


def eps_of(param):
    return param.get("eps", 1e-5)


@wrong(GROUP)
def per_pixel_instead_of_per_group(x, gamma, beta, G, gn_param):
    return gamma * groups(x, G, eps_of(gn_param), axes=(2,)) + beta, None


@wrong(GROUP)
def instance_norm_whatever_g(x, gamma, beta, G, gn_param):
    return gamma * groups(x, x.shape[1], eps_of(gn_param)) + beta, None


@wrong(GROUP)
def layer_norm_whatever_g(x, gamma, beta, G, gn_param):
    return gamma * groups(x, 1, eps_of(gn_param)) + beta, None


@wrong(GROUP)
def g_taken_for_channels_of_a_group(x, gamma, beta, G, gn_param):
    return gamma * groups(x, x.shape[1] // G, eps_of(gn_param)) + beta, None


@wrong(GROUP)
def groups_of_pictures_too(x, gamma, beta, G, gn_param):
    return gamma * groups(x, G, eps_of(gn_param), axes=(0, 2, 3, 4)) + beta, None


@wrong(GROUP)
def interleaved_groups(x, gamma, beta, G, gn_param):
    N, C, H, W = x.shape
    mixed = x.reshape(N, C // G, G, H, W).swapaxes(1, 2).reshape(x.shape)
    hat = groups(mixed, G, eps_of(gn_param)).reshape(N, G, C // G, H, W)
    return gamma * hat.swapaxes(1, 2).reshape(x.shape) + beta, None


@wrong(GROUP)
def squeezed_at_one_group(x, gamma, beta, G, gn_param):
    out = np.squeeze(x.reshape(x.shape[0], G, -1))
    mean, std = (
        out.mean(axis=-1, keepdims=True),
        np.sqrt(out.var(axis=-1, keepdims=True) + eps_of(gn_param)),
    )
    out = ((out - mean) / std).reshape(np.squeeze(x).shape)
    return np.squeeze(gamma).reshape(-1, 1, 1) * out + np.squeeze(beta).reshape(-1, 1, 1), None


@wrong(GROUP, "adding epsilon after the root")
def group_epsilon_outside_the_root(x, gamma, beta, G, gn_param):
    hat = groups(x, G, eps_of(gn_param), root=lambda var, eps: np.sqrt(var) + eps)
    return gamma * hat + beta, None


@wrong(GROUP, "- 1")
def group_variance_divided_by_n_minus_1(x, gamma, beta, G, gn_param):
    return gamma * groups(x, G, eps_of(gn_param), ddof=1) + beta, None


@wrong(GROUP, "gamma and beta")
def group_without_gamma_and_beta(x, gamma, beta, G, gn_param):
    return groups(x, G, eps_of(gn_param)), None


# ---- local response normalisation ----------------------------------------------------------


def response(x, p, *, low=None, high=None, alpha=None, squares=np.square, power=None):
    half, C = p["n"] // 2, x.shape[1]
    total = np.zeros(x.shape)
    values = squares(x.astype(float))
    for i in range(C):
        first = max(0, i - half if low is None else low(i, half))
        last = min(C, i + half + 1 if high is None else high(i, half))
        total[:, i] = values[:, first:last].sum(axis=1)
    base = p["k"] + (p["alpha"] if alpha is None else alpha(p)) * total
    return x / (base ** p["beta"] if power is None else power(base, p)), None


@wrong(LRN, "alpha is divided by n")
def alpha_divided_by_n(x, p):
    return response(x, p, alpha=lambda p: p["alpha"] / p["n"])


@wrong(LRN)
def last_neighbour_left_out(x, p):
    return response(x, p, high=lambda i, half: i + half)


@wrong(LRN, "one side")
def neighbours_on_one_side(x, p):
    return response(x, p, high=lambda i, half: i + 1)


@wrong(LRN)
def n_on_either_side(x, p):
    return response(x, {**p, "n": 2 * p["n"]})


@wrong(LRN)
def squares_forgotten(x, p):
    return response(x, p, squares=np.abs)


@wrong(LRN)
def root_for_beta(x, p):
    return response(x, p, power=lambda base, p: np.sqrt(base))


@wrong(LRN)
def k_outside_the_power(x, p):
    return response(x, p, power=lambda base, p: p["k"] + (base - p["k"]) ** p["beta"])


@wrong(LRN)
def channels_wrap_round(x, p):
    half, squares = p["n"] // 2, x.astype(float) ** 2
    total = sum(np.roll(squares, shift, axis=1) for shift in range(-half, half + 1))
    return x / (p["k"] + p["alpha"] * total) ** p["beta"], None


@wrong(LRN)
def squares_of_bytes(x, p):
    half, C, squares = p["n"] // 2, x.shape[1], x**2
    total = [squares[:, max(0, i - half) : i + half + 1].sum(1, dtype=float) for i in range(C)]
    return x / (p["k"] + p["alpha"] * np.stack(total, axis=1)) ** p["beta"], None


@wrong(LRN)
def neighbouring_rows(x, p):
    out, _ = response(x.swapaxes(1, 2), p)
    return out.swapaxes(1, 2), None


@wrong(LRN, "changed its argument number 1")
def response_writes_into_x(x, p):
    out = response(x, p)
    x *= 0
    return out
