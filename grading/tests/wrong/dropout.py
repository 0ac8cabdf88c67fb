"""Wrong dropout as people really write it."""

import numpy as np

from grading.tests.wrong.normalization import wrong

FORWARD, BACKWARD = "dropout_forward", "dropout_backward"


def dropout(x, param, mask=None, scale=lambda p: p, test=None):
    """Dropout with a part of it replaced. mask: (shape, p) -> True where a value is kept"""
    mode, p = param["mode"], param["p"]
    if mode not in ("train", "test"):
        raise ValueError("no such mode")
    if "seed" in param:
        np.random.seed(param["seed"])
    if mode == "test":
        return (x if test is None else test(x, p)), (param, None)
    kept = np.random.rand(*x.shape) < p if mask is None else mask(x.shape, p)
    kept = kept / scale(p)
    return x * kept, (param, kept)


@wrong(FORWARD, "not the one to drop it")
def p_is_the_probability_to_drop(x, param):
    return dropout(x, param, mask=lambda s, p: np.random.rand(*s) > p, scale=lambda p: 1 - p)


@wrong(FORWARD, "not the one to drop it")
def comparison_the_wrong_way_round(x, param):
    return dropout(x, param, mask=lambda s, p: np.random.rand(*s) > p)


@wrong(FORWARD, "passes as it is")
def nothing_is_scaled(x, param):
    return dropout(x, param, scale=lambda p: 1)


@wrong(FORWARD, "passes as it is")
def scaled_in_test_mode_instead(x, param):
    return dropout(x, param, scale=lambda p: 1, test=lambda x, p: x * p)


@wrong(FORWARD)
def scaled_by_one_minus_p(x, param):
    return dropout(x, param, scale=lambda p: 1 - p if p < 1 else 1)


@wrong(FORWARD, "scaling is done in training")
def scaled_in_test_mode_as_well(x, param):
    return dropout(x, param, test=lambda x, p: x * p)


@wrong(FORWARD, "nothing is dropped")
def mask_in_test_mode(x, param):
    return dropout(x, param, test=lambda x, p: x * (np.random.rand(*x.shape) < p) / p)


@wrong(FORWARD, "uniform")
def normal_for_uniform(x, param):
    return dropout(x, param, mask=lambda s, p: (np.random.randn(*s) < p) | (p == 1))


@wrong(FORWARD, "same mask")
def one_mask_for_all_samples(x, param):
    return dropout(x, param, mask=lambda s, p: np.random.rand(1, *s[1:]) < p)


@wrong(FORWARD)
def whole_rows_are_dropped(x, param):
    def mask(s, p):
        return (
            np.broadcast_to(np.random.rand(*s[:-1], 1) < p, s)
            if len(s) > 1
            else (np.random.rand(*s) < p)
        )

    return dropout(x, param, mask=mask)


@wrong(FORWARD)
def two_axes_alone(x, param):
    return dropout(x, param, mask=lambda s, p: np.random.rand(s[0], s[1]) < p)


@wrong(FORWARD, "without a seed")
def always_the_same_seed(x, param):
    return dropout(x, {"seed": 0, **param})


@wrong(FORWARD, "two different masks")
def seed_not_used(x, param):
    return dropout(x, {k: v for k, v in param.items() if k != "seed"})


@wrong(FORWARD, "different seeds")
def any_seed_is_seed_0(x, param):
    return dropout(x, {**param, "seed": 0} if "seed" in param else param)


@wrong(FORWARD)
def integers_cut_off(x, param):
    out = np.zeros_like(x)
    result, cache = dropout(x, param)
    out[...] = result
    return out, cache


@wrong(FORWARD, "changed its argument number 1")
def zeros_written_into_x(x, param):
    out, cache = dropout(x, param)
    if param["mode"] == "train":
        x[cache[1] == 0] = 0
    return out, cache


@wrong(FORWARD, "ValueError")
def unknown_mode_trains(x, param):
    return dropout(x, {**param, "mode": "test" if param["mode"] == "test" else "train"})


# ---- backward: the cache is (dropout_param, mask), the mask 0 or 1 / p ----------------------


@wrong(BACKWARD)
def mask_forgotten(dout, cache):
    return dout.copy()


@wrong(BACKWARD)
def scale_forgotten(dout, cache):
    return dout if cache[1] is None else dout * (cache[1] > 0)


@wrong(BACKWARD)
def scaled_twice(dout, cache):
    return dout if cache[1] is None else dout * cache[1] / cache[0]["p"]


@wrong(BACKWARD)
def divided_by_the_mask(dout, cache):
    return dout if cache[1] is None else np.where(cache[1] > 0, dout * cache[0]["p"], 0)


@wrong(BACKWARD)
def a_new_mask(dout, cache):
    param, mask = cache
    return dout if mask is None else dropout(dout, param)[0]


@wrong(BACKWARD)
def masks_in_test_mode_too(dout, cache):
    param, mask = cache
    return dout * (np.random.rand(*dout.shape) < param["p"] if mask is None else mask)


@wrong(BACKWARD, "changed its argument number 1")
def writes_into_dout(dout, cache):
    if cache[1] is not None:
        dout *= cache[1]
    return dout


@wrong(BACKWARD)
def zeros_everywhere(dout, cache):
    return np.zeros_like(dout)


@wrong(BACKWARD)
def writes_into_the_mask(dout, cache):
    if cache[1] is None:
        return dout
    mask = cache[1]
    mask *= dout
    return mask.copy()
