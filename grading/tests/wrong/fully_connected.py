"""Wrong fully connected layers as people really write them. Each must lose marks.

`@wrong("affine_backward")` names the exercise that must notice. The other function of a pair is a
right one, which keeps (x, w, b) or x as its cache, unless the entry says otherwise. relu.py,
svm_loss.py, softmax_loss.py and two_layer_net.py add to the same list.
"""

import numpy as np

WRONG: list[dict] = []


def right_affine_forward(x, w, b):
    return x.reshape(len(x), -1) @ w + b, (x, w, b)


def right_relu_forward(x):
    return np.maximum(x, 0), x


OTHERS = {
    "affine_backward": {"affine_forward": right_affine_forward},
    "relu_backward": {"relu_forward": right_relu_forward},
}


def wrong(exercise, function_name=None, **others):
    """Register a wrong function; it stands for the one called as the exercise unless named here."""

    def add(function):
        functions = {**OTHERS.get(exercise, {}), (function_name or exercise): function, **others}
        WRONG.append(dict(name=function.__name__, exercise=exercise, functions=functions))
        return function

    return add


# ---- affine_forward ---------------------------------------------------------------------------


@wrong("affine_forward")
def bias_forgotten(x, w, b):
    return x.reshape(len(x), -1) @ w, (x, w, b)


@wrong("affine_forward")
def bias_subtracted(x, w, b):
    return x.reshape(len(x), -1) @ w - b, (x, w, b)


@wrong("affine_forward")
def only_rows_of_numbers(x, w, b):
    return x @ w + b, (x, w, b)


@wrong("affine_forward")
def reshape_to_literal_cifar_size(x, w, b):
    return x.reshape(-1, 3072) @ w + b, (x, w, b)


@wrong("affine_forward")
def reshape_to_literal_size_of_the_famous_example(x, w, b):
    return x.reshape(2, 120) @ w + b, (x, w, b)


@wrong("affine_forward")
def samples_mixed_by_the_reshape(x, w, b):
    return x.reshape(-1, len(x)).T @ w + b, (x, w, b)


@wrong("affine_forward")
def pictures_flattened_in_fortran_order(x, w, b):
    return x.reshape(len(x), -1, order="F") @ w + b, (x, w, b)


@wrong("affine_forward")
def channels_last(x, w, b):
    rows = np.moveaxis(x, 1, -1).reshape(len(x), -1) if x.ndim > 2 else x
    return rows @ w + b, (x, w, b)


@wrong("affine_forward")
def shape_of_x_changed_in_place(x, w, b):
    x.shape = (len(x), -1)
    return x @ w + b, (x, w, b)


@wrong("affine_forward")
def only_the_first_sample(x, w, b):
    out = np.zeros((len(x), w.shape[1]))
    out[:] = x[0].ravel() @ w + b
    return out, (x, w, b)


@wrong("affine_forward")
def bias_added_once_for_each_input(x, w, b):
    out = np.zeros((len(x), w.shape[1]))
    for n in range(len(x)):
        for d, value in enumerate(x[n].ravel()):
            out[n] += value * w[d] + b
    return out, (x, w, b)


@wrong("affine_forward")
def last_input_left_out(x, w, b):
    rows = x.reshape(len(x), -1)
    out = np.zeros((len(x), w.shape[1]))
    for n in range(len(x)):
        for d in range(rows.shape[1] - 1):
            out[n] += rows[n, d] * w[d]
    return out + b, (x, w, b)


@wrong("affine_forward")
def out_with_the_dtype_of_x(x, w, b):
    out = np.zeros((len(x), w.shape[1]), dtype=x.dtype)
    out[:] = x.reshape(len(x), -1) @ w + b
    return out, (x, w, b)


@wrong("affine_forward")
def everything_in_float16(x, w, b):
    out = (x.reshape(len(x), -1) @ w + b).astype(np.float16)
    return out, (x, w, b)


@wrong("affine_forward")
def everything_in_float32(x, w, b):
    return (x.reshape(len(x), -1) @ w + b).astype(np.float32), (x, w, b)


@wrong("affine_forward")
def transposed(x, w, b):
    return (x.reshape(len(x), -1) @ w + b).T, (x, w, b)


@wrong("affine_forward")
def cache_forgotten(x, w, b):
    return x.reshape(len(x), -1) @ w + b


@wrong("affine_forward")
def bias_written_over(x, w, b):
    out = x.reshape(len(x), -1) @ w
    b += out.sum(axis=0) * 0 + 1
    return out + b - 1, (x, w, b)


_sum = {}


@wrong("affine_forward")
def sum_kept_between_calls(x, w, b):
    key = (len(x), w.shape[1])
    _sum[key] = _sum.get(key, 0) + x.reshape(len(x), -1) @ w + b
    return _sum[key], (x, w, b)


# ---- affine_backward --------------------------------------------------------------------------


def affine_gradients(dout, cache):
    x, w, b = cache
    return (dout @ w.T).reshape(x.shape), x.reshape(len(x), -1).T @ dout, dout.sum(axis=0)


@wrong("affine_backward")
def dx_left_flat(dout, cache):
    _, dw, db = affine_gradients(dout, cache)
    return dout @ cache[1].T, dw, db


@wrong("affine_backward")
def dx_reshaped_to_a_literal_size(dout, cache):
    _, dw, db = affine_gradients(dout, cache)
    return (dout @ cache[1].T).reshape(10, 2, 3), dw, db


@wrong("affine_backward")
def dx_back_in_fortran_order(dout, cache):
    _, dw, db = affine_gradients(dout, cache)
    return (dout @ cache[1].T).reshape(cache[0].shape, order="F"), dw, db


@wrong("affine_backward")
def w_not_transposed(dout, cache):
    _, dw, db = affine_gradients(dout, cache)
    return (dout @ cache[1]).reshape(cache[0].shape), dw, db


@wrong("affine_backward")
def dx_ignores_dout(dout, cache):
    _, dw, db = affine_gradients(dout, cache)
    return (np.ones_like(dout) @ cache[1].T).reshape(cache[0].shape), dw, db


@wrong("affine_backward")
def dw_averaged(dout, cache):
    dx, dw, db = affine_gradients(dout, cache)
    return dx, dw / len(dout), db


@wrong("affine_backward")
def dw_transposed(dout, cache):
    dx, dw, db = affine_gradients(dout, cache)
    return dx, dw.T, db


@wrong("affine_backward")
def dw_only_for_rows_of_numbers(dout, cache):
    dx, _, db = affine_gradients(dout, cache)
    return dx, cache[0].T @ dout, db


@wrong("affine_backward")
def dw_of_the_last_sample(dout, cache):
    dx, dw, db = affine_gradients(dout, cache)
    rows = cache[0].reshape(len(dout), -1)
    for n in range(len(dout)):
        dw = np.outer(rows[n], dout[n])
    return dx, dw, db


@wrong("affine_backward")
def db_summed_over_the_wrong_axis(dout, cache):
    dx, dw, _ = affine_gradients(dout, cache)
    return dx, dw, dout.sum(axis=1)


@wrong("affine_backward")
def db_summed_over_everything(dout, cache):
    dx, dw, _ = affine_gradients(dout, cache)
    return dx, dw, np.full(dout.shape[1], dout.sum())


@wrong("affine_backward")
def db_averaged(dout, cache):
    dx, dw, _ = affine_gradients(dout, cache)
    return dx, dw, dout.mean(axis=0)


@wrong("affine_backward")
def db_is_dout(dout, cache):
    dx, dw, _ = affine_gradients(dout, cache)
    return dx, dw, dout


@wrong("affine_backward")
def db_keeps_an_axis(dout, cache):
    dx, dw, _ = affine_gradients(dout, cache)
    return dx, dw, dout.sum(axis=0, keepdims=True)


@wrong("affine_backward")
def db_counts_samples(dout, cache):
    dx, dw, _ = affine_gradients(dout, cache)
    return dx, dw, np.full(dout.shape[1], float(len(dout)))


@wrong("affine_backward")
def gradients_in_another_order(dout, cache):
    dx, dw, db = affine_gradients(dout, cache)
    return dw, dx, db


@wrong("affine_backward")
def only_two_gradients(dout, cache):
    return affine_gradients(dout, cache)[:2]


@wrong("affine_backward")
def dw_with_integers(dout, cache):
    dx, dw, db = affine_gradients(dout, cache)
    return dx, dw.astype(int), db


@wrong("affine_backward")
def writes_into_dout(dout, cache):
    answer = affine_gradients(dout, cache)
    dout /= len(dout)
    return answer


@wrong("affine_backward")
def flattens_the_cached_x_in_place(dout, cache):
    x, w, b = cache
    shape = x.shape
    x.shape = (len(x), -1)
    x -= 1e-3
    return (dout @ w.T).reshape(shape), x.T @ dout, dout.sum(axis=0)


@wrong("affine_backward")
def zeros(dout, cache):
    x, w, b = cache
    return np.zeros(x.shape), np.zeros(w.shape), np.zeros(b.shape)


_last = {}


def remembering_affine_forward(x, w, b):
    _last["affine"] = (x, w, b)
    return right_affine_forward(x, w, b)


@wrong("affine_backward", affine_forward=remembering_affine_forward)
def reads_the_last_forward_pass(dout, cache):
    return affine_gradients(dout, _last["affine"])
