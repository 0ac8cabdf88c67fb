"""Wrong rectified linear units as people really write them; added to the list in fully_connected.py."""

import numpy as np

from grading.tests.wrong.fully_connected import right_relu_forward, wrong

_last = {}


@wrong("relu_forward")
def writes_into_x(x):
    x[x < 0] = 0
    return x, x


@wrong("relu_forward")
def absolute_value(x):
    return np.abs(x), x


@wrong("relu_forward")
def keeps_the_negative(x):
    return np.minimum(x, 0), x


@wrong("relu_forward")
def switch(x):
    return (x > 0).astype(float), x


@wrong("relu_forward")
def leaky(x):
    return np.maximum(x, 0.01 * x), x


@wrong("relu_forward")
def capped_at_six(x):
    return np.clip(x, 0, 6), x


@wrong("relu_forward")
def largest_of_all(x):
    return np.max(x, 0), x


@wrong("relu_forward")
def one_loop_too_few(x):
    out = np.zeros(x.shape)
    for i in range(len(x) - 1):
        out[i] = np.maximum(x[i], 0)
    return out, x


@wrong("relu_forward")
def negatives_removed(x):
    return x[x > 0], x


@wrong("relu_forward")
def out_without_cache(x):
    return np.maximum(x, 0)


@wrong("relu_backward")
def gate_set_by_dout(dout, cache):
    return dout * (dout > 0)


@wrong("relu_backward")
def gate_set_by_both(dout, cache):
    return dout * (dout > 0) * (cache > 0)


@wrong("relu_backward")
def gate_always_open(dout, cache):
    return dout.copy()


@wrong("relu_backward")
def gate_upside_down(dout, cache):
    return dout * (cache < 0)


@wrong("relu_backward")
def slope_without_dout(dout, cache):
    return (cache > 0).astype(float)


@wrong("relu_backward")
def multiplied_by_out(dout, cache):
    return dout * np.maximum(cache, 0)


@wrong("relu_backward")
def relu_of_dout_where_open(dout, cache):
    return np.where(cache > 0, np.maximum(dout, 0), 0)


@wrong("relu_backward")
def gate_at_one(dout, cache):
    return dout * (cache > 1)


@wrong("relu_backward")
def sign_for_gate(dout, cache):
    return dout * np.sign(cache)


@wrong("relu_backward")
def dout_written_over(dout, cache):
    dout[cache <= 0] = 0
    return dout


@wrong("relu_backward")
def cache_written_over(dout, cache):
    cache[cache > 0] = 1
    cache[cache <= 0] = 0
    cache *= dout
    return cache


def remembering_relu_forward(x):
    _last["x"] = x
    return right_relu_forward(x)


@wrong("relu_backward", relu_forward=remembering_relu_forward)
def gate_of_the_last_forward_pass(dout, cache):
    return dout * (_last["x"] > 0)
