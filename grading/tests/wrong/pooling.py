"""Wrong pooling layers as people really write them. Each must lose marks in its exercise.

`@wrong("avg_pool_forward")` names the exercise that must notice. The other function of a pair is a
right one: for a backward pass, a forward pass that keeps (x, pool_param) as its cache.
"""

from functools import partial

import numpy as np

WRONG: list[dict] = []


def wrong(exercise):
    def add(function):
        functions = {exercise: function}
        kind, _, rest = exercise.partition("_pool_")
        if rest.startswith("backward"):
            functions[f"{kind}_pool_{rest.replace('backward', 'forward')}"] = RIGHT_FORWARD[kind]
        WRONG.append(dict(name=function.__name__, exercise=exercise, functions=functions))
        return function

    return add


def sizes(x, p):
    HH, WW, s = p["pool_height"], p["pool_width"], p["stride"]
    return HH, WW, s, 1 + (x.shape[2] - HH) // s, 1 + (x.shape[3] - WW) // s


def pool(x, p, reduce, height=None, width=None, step=None, dtype=float):
    """Pooling with a slip or two: another window, another step, another reduction."""
    HH, WW, s, H_out, W_out = sizes(x, p)
    HH, WW, s = height or HH, width or WW, step or s
    out = np.zeros((*x.shape[:2], H_out, W_out), dtype)
    for n, c, i, j in np.ndindex(out.shape):
        out[n, c, i, j] = reduce(x[n, c, i * s : i * s + HH, j * s : j * s + WW])
    return out, (x, p)


def spread(dout, cache, share, height=None, width=None, step=None, dtype=float, add=True):
    """A backward pass with a slip or two; share(window, gradient) -> what the window receives."""
    x, p = cache
    HH, WW, s, *_ = sizes(x, p)
    HH, WW, s = height or HH, width or WW, step or s
    dx = np.zeros(x.shape, dtype)
    for n, c, i, j in np.ndindex(dout.shape):
        place = np.s_[n, c, i * s : i * s + HH, j * s : j * s + WW]
        received = share(x[place], dout[n, c, i, j])
        dx[place] = received + dx[place] if add else received
    return dx


def length(window):
    return np.sqrt(np.sum(np.square(window, dtype=float)))


def largest_gets(window, g):
    return (window == window.max()) * g


def mean_gets(window, g):
    return np.full(window.shape, g / window.size)


def length_gets(window, g):
    return window * g / (length(window) or 1)


REDUCE = {"max": np.max, "avg": np.mean, "l2": length}
SHARE = {"max": largest_gets, "avg": mean_gets, "l2": length_gets}
RIGHT_FORWARD = {kind: partial(pool, reduce=reduce) for kind, reduce in REDUCE.items()}


# ---- slips that every kind of pool invites -------------------------------------------------


def forward_slips(exercise, reduce):
    @wrong(exercise)
    def height_and_width_of_window_mixed(x, p):
        return pool(x, p, reduce, height=p["pool_width"], width=p["pool_height"])

    @wrong(exercise)
    def height_and_width_of_picture_mixed(x, p):
        out, cache = pool(x.transpose(0, 1, 3, 2), p, reduce)
        return out, cache

    @wrong(exercise)
    def pool_height_used_for_both_sides(x, p):
        return pool(x, {**p, "pool_width": p["pool_height"]}, reduce)

    @wrong(exercise)
    def windows_ignore_the_stride(x, p):
        return pool(x, p, reduce, step=1)

    @wrong(exercise)
    def stride_taken_for_window_size(x, p):
        return pool(x, p, reduce, height=p["stride"], width=p["stride"])

    @wrong(exercise)
    def window_size_taken_for_stride(x, p):
        return pool(x, {**p, "stride": p["pool_height"]}, reduce)

    @wrong(exercise)
    def always_two_by_two(x, p):
        return pool(x, {"pool_height": 2, "pool_width": 2, "stride": 2}, reduce)

    @wrong(exercise)
    def always_two_by_two_windows(x, p):
        return pool(x, p, reduce, height=2, width=2)

    @wrong(exercise)
    def reshape_trick_without_fallback(x, p):
        HH, WW = p["pool_height"], p["pool_width"]
        N, C, H, W = x.shape
        blocks = x.reshape(N, C, H // HH, HH, W // WW, WW).swapaxes(3, 4)
        return np.apply_along_axis(reduce, -1, blocks.reshape(*blocks.shape[:4], -1)), (x, p)

    @wrong(exercise)
    def all_channels_in_one_window(x, p):
        HH, WW, s, H_out, W_out = sizes(x, p)
        out = np.zeros((*x.shape[:2], H_out, W_out))
        for n, c, i, j in np.ndindex(out.shape):
            out[n, c, i, j] = reduce(x[n, :, i * s : i * s + HH, j * s : j * s + WW])
        return out, (x, p)

    @wrong(exercise)
    def windows_one_pixel_short(x, p):
        return pool(x, p, lambda v: reduce(v[:-1, :-1]) if min(v.shape) > 1 else reduce(v))

    @wrong(exercise)
    def last_window_forgotten(x, p):
        out, cache = pool(x, p, reduce)
        out[:, :, -1, -1] = 0
        return out, cache

    @wrong(exercise)
    def integer_buffer(x, p):
        return pool(x, p, reduce, dtype=int)

    @wrong(exercise)
    def writes_into_x(x, p):
        out, cache = pool(x, p, reduce)
        x -= x.min()
        return out, cache

    @wrong(exercise)
    def forgets_the_cache(x, p):
        return pool(x, p, reduce)[0]

    @wrong(exercise)
    def pads_with_zeros(x, p):
        padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        out, _ = pool(padded, p, reduce)
        return out[:, :, : sizes(x, p)[3], : sizes(x, p)[4]], (x, p)

    @wrong(exercise)
    def only_the_first_picture(x, p):
        out, cache = pool(x, p, reduce)
        out[1:] = 0
        return out, cache


def backward_slips(exercise, share):
    @wrong(exercise)
    def assigns_where_it_should_add(dout, cache):
        return spread(dout, cache, share, add=False)

    @wrong(exercise)
    def assigns_only_what_is_not_zero(dout, cache):
        x, p = cache
        HH, WW, s, *_ = sizes(x, p)
        dx = np.zeros(x.shape)
        for n, c, i, j in np.ndindex(dout.shape):
            block = dx[n, c, i * s : i * s + HH, j * s : j * s + WW]
            received = share(x[n, c, i * s : i * s + HH, j * s : j * s + WW], dout[n, c, i, j])
            block[received != 0] = received[received != 0]
        return dx

    @wrong(exercise)
    def height_and_width_of_window_mixed(dout, cache):
        p = cache[1]
        return spread(dout, cache, share, height=p["pool_width"], width=p["pool_height"])

    @wrong(exercise)
    def windows_ignore_the_stride(dout, cache):
        return spread(dout, cache, share, step=1)

    @wrong(exercise)
    def stride_taken_for_window_size(dout, cache):
        return spread(dout, cache, share, height=cache[1]["stride"], width=cache[1]["stride"])

    @wrong(exercise)
    def window_size_taken_for_stride(dout, cache):
        x, p = cache
        padded = np.pad(x, ((0, 0), (0, 0), (0, 99), (0, 99)), constant_values=-9)
        dx = spread(dout, (padded, p), share, step=p["pool_height"])
        return dx[:, :, : x.shape[2], : x.shape[3]]

    @wrong(exercise)
    def always_two_by_two_windows(dout, cache):
        return spread(dout, cache, share, height=2, width=2)

    @wrong(exercise)
    def height_and_width_of_picture_mixed(dout, cache):
        x, p = cache
        return spread(dout, (x.reshape(*x.shape[:2], x.shape[3], x.shape[2]), p), share)

    @wrong(exercise)
    def dout_forgotten(dout, cache):
        return spread(np.ones_like(dout), cache, share)

    @wrong(exercise)
    def only_the_first_channel(dout, cache):
        dx = spread(dout, cache, share)
        dx[:, 1:] = 0
        return dx

    @wrong(exercise)
    def writes_into_dout(dout, cache):
        dx = spread(dout, cache, share)
        dout *= 2
        return dx

    @wrong(exercise)
    def integer_buffer(dout, cache):
        return spread(dout, cache, share, dtype=int)

    @wrong(exercise)
    def returns_zeros(dout, cache):
        return np.zeros(cache[0].shape)

    @wrong(exercise)
    def returns_the_shape_of_dout(dout, cache):
        return dout.copy()

    @wrong(exercise)
    def returns_a_tuple(dout, cache):
        return spread(dout, cache, share), None

    if share is not mean_gets:  # which needs the shape of x alone

        @wrong(exercise)
        def destroys_what_the_cache_holds(dout, cache):
            dx = spread(dout, cache, share)
            cache[0][...] = 0
            return dx

    kept = {}

    @wrong(exercise)
    def buffer_kept_between_calls(dout, cache):
        key = cache[0].shape
        kept[key] = kept.get(key, 0) + spread(dout, cache, share)
        return kept[key]

    last = {}

    def forward_that_remembers(x, p):
        last["cache"] = (x, p)
        return pool(x, p, REDUCE[exercise.partition("_")[0]])

    @wrong(exercise)
    def reads_the_last_forward_pass(dout, cache):
        return spread(dout, last["cache"], share)

    functions = WRONG[-1]["functions"]
    functions.update({name: forward_that_remembers for name in functions if "forward" in name})


forward_slips("max_pool_forward_naive", np.max)
forward_slips("avg_pool_forward", np.mean)
forward_slips("l2_pool_forward", length)
for _kind, _exercise in (
    ("max", "max_pool_backward_naive"),
    ("avg", "avg_pool_backward"),
    ("l2", "l2_pool_backward"),
):
    backward_slips(_exercise, SHARE[_kind])
