"""Wrong backward passes of batch, layer and group normalisation, as people really write them.

One gradient is taken apart into its branches, along the axes of each layer; each slip is made in
every backward pass that a student writes. Forward is the reference's, whose caches are read here.
"""

import numpy as np

from grading.tests.wrong.normalization import wrong

# exercise -> cache, dout -> (x_hat, std, gamma) that broadcast against dout, as sets along an axis
LAYERS = {
    "batchnorm_backward": (lambda cache: (cache[0], cache[2], cache[3]), (0,)),
    "batchnorm_backward_alt": (lambda cache: (cache[0], cache[2], cache[3]), (0,)),
    "layernorm_backward": (lambda cache: cache, (1,)),
}
GROUP = "spatial_groupnorm_backward"
SPATIAL = "spatial_batchnorm_backward"


def parts(exercise, cache, dout):
    """(hat, std, gamma, mean over a set, axes that belong to one gamma), all in dout's shape."""
    if exercise == GROUP:
        hat, std, gamma = cache
        sets = (*std.shape[:2], dout.size // std.size)

        def mean(a):
            means = a.reshape(sets).mean(axis=2, keepdims=True)
            return np.broadcast_to(means, sets).reshape(dout.shape)

        wide = np.broadcast_to(std, sets).reshape(dout.shape)
        return hat, wide, gamma, mean, (0, 2, 3)
    if exercise == SPATIAL:
        N, C, H, W = dout.shape
        hat = cache[0].reshape(N, H, W, C).transpose(0, 3, 1, 2)
        std, gamma = (a.reshape(1, C, 1, 1) for a in cache[2:])
        axes = (0, 2, 3)
        return hat, std, gamma, lambda a: a.mean(axis=axes, keepdims=True), axes
    read, axis = LAYERS[exercise]
    hat, std, gamma = read(cache)
    return hat, std, gamma, lambda a: a.mean(axis=axis, keepdims=True), (0,)


def gradients(exercise, dout, cache, dx=None):
    hat, std, gamma, mean, axes = parts(exercise, cache, dout)
    if dx is None:
        dx = lambda d, hat, std, mean: (d - mean(d) - hat * mean(d * hat)) / std
    return (
        dx(dout * gamma, hat, std, mean),
        np.sum(dout * hat, axis=axes),
        dout.sum(axis=axes),
    )


def backward_slips(exercise):
    def slip(name, told=""):
        def add(function):
            function.__name__ = name
            return wrong(exercise, told)(function)

        return add

    def with_dx(name, dx):
        slip(name)(lambda dout, cache: gradients(exercise, dout, cache, dx))

    with_dx("mean_and_variance_treated_as_constants", lambda d, hat, std, mean: d / std)
    with_dx("mean_treated_as_a_constant", lambda d, hat, std, mean: (d - hat * mean(d * hat)) / std)
    with_dx("variance_treated_as_a_constant", lambda d, hat, std, mean: (d - mean(d)) / std)
    with_dx(
        "sums_where_means_belong",
        lambda d, hat, std, mean: (d - (mean(d) + hat * mean(d * hat)) * len(d)) / std,
    )
    with_dx(
        "sign_of_the_variance_branch",
        lambda d, hat, std, mean: (d - mean(d) + hat * mean(d * hat)) / std,
    )
    with_dx("std_forgotten", lambda d, hat, std, mean: d - mean(d) - hat * mean(d * hat))
    with_dx(
        "divided_by_the_variance",
        lambda d, hat, std, mean: (d - mean(d) - hat * mean(d * hat)) / std**2,
    )

    def without_eps(d, hat, std, mean):
        # var = var(hat) * std ** 2, so this std has no epsilon; hat is as it would be without one
        bare = np.sqrt(mean(hat**2)) * std
        unit = hat * std / bare
        return (d - mean(d) - unit * mean(d * unit)) / bare

    with_dx("epsilon_left_out", without_eps)

    def two_std(d, hat, std, mean):
        bare = np.sqrt(mean(hat**2)) * std
        return (d - mean(d) - hat * mean(d * hat)) / bare

    with_dx("epsilon_left_out_of_one_root", two_std)

    @slip("gamma_forgotten")
    def gamma_forgotten(dout, cache):
        hat, std, _, mean, axes = parts(exercise, cache, dout)
        dx = (dout - mean(dout) - hat * mean(dout * hat)) / std
        return dx, np.sum(dout * hat, axis=axes), dout.sum(axis=axes)

    @slip("dgamma_without_the_normalised_values")
    def dgamma_of_dout(dout, cache):
        dx, _, dbeta = gradients(exercise, dout, cache)
        return dx, dbeta.copy(), dbeta

    @slip("means_for_dgamma_and_dbeta")
    def means(dout, cache):
        dx, dgamma, dbeta = gradients(exercise, dout, cache)
        count = dout.size / dgamma.size
        return dx, dgamma / count, dbeta / count

    @slip("dgamma_and_dbeta_exchanged")
    def exchanged(dout, cache):
        dx, dgamma, dbeta = gradients(exercise, dout, cache)
        return dx, dbeta, dgamma

    @slip("dx_alone", "should return (dx, dgamma, dbeta)")
    def alone(dout, cache):
        return gradients(exercise, dout, cache)[0]

    @slip("writes_into_dout", "changed its argument number 1")
    def into_dout(dout, cache):
        answer = gradients(exercise, dout, cache)
        dout *= 2
        return answer

    @slip("writes_into_the_cache", "another answer")
    def into_cache(dout, cache):
        answer = gradients(exercise, dout, cache)
        cache[0][...] *= 0.5
        return answer

    kept = {}

    @slip("adds_to_what_it_gave_before")
    def adds(dout, cache):
        dx, dgamma, dbeta = gradients(exercise, dout, cache)
        kept[dx.shape] = kept.get(dx.shape, 0) + dx
        return kept[dx.shape].copy(), dgamma, dbeta

    if exercise == "layernorm_backward":

        @slip("dgamma_summed_over_features")
        def over_features(dout, cache):
            dx, *_ = gradients(exercise, dout, cache)
            return dx, np.sum(dout * cache[0], axis=1), dout.sum(axis=1)

        @slip("statistics_along_the_batch")
        def along_batch(dout, cache):
            hat, std, gamma = cache
            d = dout * gamma
            dx = (d - d.mean(axis=0) - hat * (d * hat).mean(axis=0)) / std
            return dx, (dout * hat).sum(axis=0), dout.sum(axis=0)

    if exercise in (GROUP, SPATIAL):

        @slip("per_pixel")
        def per_pixel(dout, cache):
            hat, std, gamma, _, axes = parts(exercise, cache, dout)
            axis = 1 if exercise == GROUP else 0
            mean = lambda a: a.mean(axis=axis, keepdims=True)
            d = dout * gamma
            dx = (d - mean(d) - hat * mean(d * hat)) / std
            return dx, np.sum(dout * hat, axis=axes), dout.sum(axis=axes)

        @slip("dgamma_a_number_a_pixel")
        def too_many(dout, cache):
            hat, *_ = parts(exercise, cache, dout)
            return gradients(exercise, dout, cache)[0], (dout * hat).sum(0), dout.sum(0)


for _exercise in (*LAYERS, GROUP, SPATIAL):
    backward_slips(_exercise)
