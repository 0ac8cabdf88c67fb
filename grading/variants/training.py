"""Right solutions of notebook 9_train_convnet, written in really different ways.

Nets stand here as the check calls them, three_layer_net_loss(params, X, y, reg), and epochs
as epoch_on_a_line(X, y, batches, params, configs).
"""

import math
import random

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from grading.reference import training as reference

RIGHT = []


def right(exercise, name, **functions):
    RIGHT.append({"exercise": exercise, "name": name, "functions": functions})


# ---- the net ------------------------------------------------------------------------------------


def params_one_by_one(input_dim, num_filters, filter_size, hidden_dim, num_classes, scale, dtype):
    C, H, W = input_dim
    rng = np.random.default_rng()
    p = {}
    p["W1"] = rng.normal(0.0, scale, (num_filters, C, filter_size, filter_size))
    p["b1"] = np.zeros(num_filters)
    p["W2"] = rng.normal(0.0, scale, (num_filters * H * W // 4, hidden_dim))
    p["b2"] = np.zeros(hidden_dim)
    p["W3"] = rng.normal(0.0, scale, (hidden_dim, num_classes))
    p["b3"] = np.zeros(num_classes)
    return {key: value.astype(dtype) for key, value in p.items()}


def params_in_another_order(input_dim, F, size, hidden, classes, scale, dtype):
    C, H, W = input_dim

    def draw(*shape):
        return np.asarray(np.random.standard_normal(shape) * scale, dtype)

    def zeros(n):
        return np.full(n, 0, dtype)

    D = F * (H // 2) * (W // 2)
    return dict(
        b3=zeros(classes), W3=draw(hidden, classes), b2=zeros(hidden), W2=draw(D, hidden),
        b1=zeros((F,)), W1=draw(F, C, size, size),
    )  # fmt: skip


def _softmax(scores, y):
    p = np.exp(scores - scores.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    loss = -np.log(p[np.arange(len(y)), y]).mean()
    p[np.arange(len(y)), y] -= 1
    return loss, p / len(y)


def net_in_one_piece(params, X, y=None, reg=0.0):
    """Windows and einsum; the pool by a reshape, which hands gradients to every largest value."""
    W1, b1, W2, b2, W3, b3 = (params[k] for k in ("W1", "b1", "W2", "b2", "W3", "b3"))
    half = W1.shape[-1] // 2
    wide = np.pad(X, ((0, 0), (0, 0), (half, half), (half, half)))
    windows = sliding_window_view(wide, W1.shape[2:], axis=(2, 3))
    a1 = np.einsum("nchwij,fcij->nfhw", windows, W1) + b1[:, None, None]
    h1 = a1 * (a1 > 0)
    N, F, H, W = h1.shape
    blocks = h1.reshape(N, F, H // 2, 2, W // 2, 2)
    pooled = blocks.max(axis=(3, 5))
    a2 = pooled.reshape(N, -1) @ W2 + b2
    h2 = np.maximum(a2, 0)
    scores = h2 @ W3 + b3
    if y is None:
        return scores
    loss, d = _softmax(scores, y)
    loss += reg / 2 * sum((params[k] ** 2).sum() for k in ("W1", "W2", "W3"))
    dh2 = d @ W3.T * (a2 > 0)
    dpooled = (dh2 @ W2.T).reshape(pooled.shape)
    dh1 = (blocks == pooled[:, :, :, None, :, None]) * dpooled[:, :, :, None, :, None]
    da1 = dh1.reshape(h1.shape) * (a1 > 0)
    return loss, {
        "W3": h2.T @ d + reg * W3,
        "b3": d.sum(0),
        "W2": pooled.reshape(N, -1).T @ dh2 + reg * W2,
        "b2": dh2.sum(0),
        "W1": np.einsum("nchwij,nfhw->fcij", windows, da1) + reg * W1,
        "b1": da1.sum((0, 2, 3)),
    }


def net_picture_by_picture(params, X, y=None, reg=0.0):
    """Loops over pictures and filters, with lists."""
    p, pad = params, (params["W1"].shape[2] - 1) // 2
    N, _, H, W = X.shape
    F, _, size, _ = p["W1"].shape
    scores, grads = [], {k: reg * v if k[0] == "W" else np.zeros(v.shape) for k, v in p.items()}
    loss = sum(0.5 * reg * float(np.vdot(p[k], p[k])) for k in ("W1", "W2", "W3"))
    for n in range(N):
        wide = np.pad(X[n], ((0, 0), (pad, pad), (pad, pad)))
        a1 = np.empty((F, H, W))
        for i in range(H):
            for j in range(W):
                patch = wide[:, i : i + size, j : j + size]
                a1[:, i, j] = (p["W1"] * patch).sum((1, 2, 3)) + p["b1"]
        h1 = np.where(a1 > 0, a1, 0)
        pooled, source = [], []
        for f in range(F):
            for i in range(0, H, 2):
                for j in range(0, W, 2):
                    window = h1[f, i : i + 2, j : j + 2]
                    k = int(window.argmax())
                    pooled.append(window.flat[k])
                    source.append((f, i + k // 2, j + k % 2))
        pooled = np.array(pooled)
        a2 = p["W2"].T @ pooled + p["b2"]
        h2 = a2.clip(0)
        s = p["W3"].T @ h2 + p["b3"]
        scores.append(s)
        if y is None:
            continue
        own, ds = _softmax(s[None], y[n : n + 1])
        loss, ds = loss + own / N, ds[0] / N
        da2 = (p["W3"] @ ds) * (a2 > 0)
        grads["W3"] += np.outer(h2, ds)
        grads["b3"] += ds
        grads["W2"] += np.outer(pooled, da2)
        grads["b2"] += da2
        for value, (f, i, j) in zip(p["W2"] @ da2, source):
            if a1[f, i, j] > 0:
                grads["W1"][f] += value * wide[:, i : i + size, j : j + size]
                grads["b1"][f] += value
    return np.array(scores) if y is None else (loss, grads)


for _net in (net_in_one_piece, net_picture_by_picture):
    for _params in (params_one_by_one, params_in_another_order):
        right(
            "three_layer_conv_net",
            f"{_net.__name__}_{_params.__name__}",
            three_layer_net_params=_params,
            three_layer_net_loss=_net,
        )


# ---- sanity -------------------------------------------------------------------------------------


def initial_loss_in_a_loop(num_classes, params, reg):
    loss = -math.log(1 / num_classes)
    for key in params:
        if key[0] == "W":
            loss += reg * float(np.linalg.norm(params[key])) ** 2 / 2
    return loss


def initial_loss_by_dots(C, params, reg):
    flat = [params[k].ravel() for k in sorted(params) if "W" in k]
    return np.array(np.log(C) + 0.5 * reg * sum(v @ v for v in flat))


right("expected_initial_loss", "loop", expected_initial_loss=initial_loss_in_a_loop)
right("expected_initial_loss", "dots", expected_initial_loss=initial_loss_by_dots)


# ---- update rules -------------------------------------------------------------------------------


def momentum_changing_config(w, dw, config=None):
    if config is None:
        config = {}
    config.setdefault("learning_rate", 1e-2)
    config.setdefault("momentum", 0.9)
    v = config.get("velocity")
    if v is None:
        v = np.zeros_like(w)
    config["velocity"] = v * config["momentum"] - config["learning_rate"] * dw
    return w + config["velocity"], config


def momentum_in_place_on_copies(w, dw, config=None):
    config = {} if not config else config
    lr, mu = config.get("learning_rate", 0.01), config.get("momentum", 0.9)
    v = np.array(config["velocity"], dtype=float) if "velocity" in config else 0 * w
    v *= mu
    v -= lr * dw
    out = w.copy()
    out += v
    return out, dict(learning_rate=lr, momentum=mu, velocity=v)


def momentum_with_the_other_sign_inside(w, dw, config=None):
    c = dict(config) if config else {}
    lr, mu = c.setdefault("learning_rate", 1e-2), c.setdefault("momentum", 0.9)
    push = -mu * np.asarray(c.get("velocity", np.zeros(w.shape))) + lr * dw
    c["velocity"] = -push
    return np.subtract(w, push), c


for _f in (
    momentum_changing_config,
    momentum_in_place_on_copies,
    momentum_with_the_other_sign_inside,
):
    right("sgd_momentum", _f.__name__, sgd_momentum=_f)


def adam_changing_config(w, dw, config=None):
    if config is None:
        config = {}
    config.setdefault("learning_rate", 1e-3)
    config.setdefault("beta1", 0.9)
    config.setdefault("beta2", 0.999)
    config.setdefault("epsilon", 1e-8)
    config.setdefault("m", np.zeros_like(w))
    config.setdefault("v", np.zeros_like(w))
    config.setdefault("t", 0)
    config["t"] += 1
    b1, b2, t = config["beta1"], config["beta2"], config["t"]
    config["m"] = b1 * config["m"] + (1 - b1) * dw
    config["v"] = b2 * config["v"] + (1 - b2) * (dw * dw)
    step = config["m"] / (1 - b1**t)
    step /= np.sqrt(config["v"] / (1 - b2**t)) + config["epsilon"]
    return w - config["learning_rate"] * step, config


def adam_by_differences(w, dw, config=None):
    c = {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "t": 0}
    c["m"], c["v"] = np.zeros(w.shape), np.zeros(w.shape)
    c.update(config or {})
    t = int(c["t"]) + 1
    m = c["m"] + (1 - c["beta1"]) * (dw - c["m"])
    v = c["v"] + (1 - c["beta2"]) * (np.square(dw) - c["v"])
    c.update(m=m, v=v, t=t)
    fix1, fix2 = 1 - math.pow(c["beta1"], t), 1 - math.pow(c["beta2"], t)
    return w - c["learning_rate"] / fix1 * m / (np.sqrt(v) / math.sqrt(fix2) + c["epsilon"]), c


def adam_weight_by_weight(w, dw, config=None):
    config = config or {}
    get = config.get
    rate, eps = get("learning_rate", 1e-3), get("epsilon", 1e-8)
    b1, b2, t = get("beta1", 0.9), get("beta2", 0.999), get("t", 0) + 1
    m = np.zeros(w.shape) if get("m") is None else np.array(config["m"], float)
    v = np.zeros(w.shape) if get("v") is None else np.array(config["v"], float)
    out = np.empty(w.shape)
    for k in np.ndindex(w.shape):
        m[k] = b1 * m[k] + (1 - b1) * dw[k]
        v[k] = b2 * v[k] + (1 - b2) * dw[k] ** 2
        out[k] = w[k] - rate * (m[k] / (1 - b1**t)) / ((v[k] / (1 - b2**t)) ** 0.5 + eps)
    return out, {**config, "m": m, "v": v, "t": np.array(t)}


for _f in (adam_changing_config, adam_by_differences, adam_weight_by_weight):
    right("adam", _f.__name__, adam=_f)


# ---- batches and epochs -------------------------------------------------------------------------


def batches_by_shuffling_a_list(N, batch_size, seed):
    numbers = list(range(N))
    random.Random(seed).shuffle(numbers)
    out = []
    while numbers:
        out.append(np.array(numbers[:batch_size]))
        numbers = numbers[batch_size:]
    return out


def batches_by_splitting(N, batch_size, seed):
    if N == 0:
        return []
    np.random.seed(seed)
    return np.array_split(np.random.permutation(N), range(batch_size, N, batch_size))


def batches_by_sorting_noise(N, batch_size, seed):
    order = np.random.RandomState(seed).rand(N).argsort()
    return tuple(
        order[k * batch_size : (k + 1) * batch_size] for k in range(math.ceil(N / batch_size))
    )


for _f in (batches_by_shuffling_a_list, batches_by_splitting, batches_by_sorting_noise):
    right("minibatches", _f.__name__, minibatches=_f)


def on_a_line(train_epoch):
    """The notebook's locked cell around somebody's train_epoch."""

    class Line:
        def __init__(self, params):
            self.params, self.seen = params, []

        def loss(self, X, y):
            self.seen.append((X, y))
            error = self.params["a"] * X + self.params["b"] - y
            return np.mean(error**2) / 2, {"a": np.mean(error * X), "b": np.mean(error)}

    def plain_step(w, dw, config):
        counted = {**config, "steps": config.get("steps", 0) + 1}
        return w - config["learning_rate"] * dw, counted

    def epoch_on_a_line(X, y, batches, params, configs):
        line = Line(params)
        losses = train_epoch(line, X, y, batches, plain_step, configs)
        return losses, line.params, configs, line.seen

    return epoch_on_a_line


def epoch_over_params(net, X, y, batches, update, configs):
    out = np.zeros(len(batches))
    for k, some in enumerate(batches):
        out[k], grads = net.loss(X[some], y[some])
        for p in list(net.params):
            net.params[p], configs[p] = update(net.params[p], grads[p], configs[p])
    return out


def epoch_with_new_params(net, X, y, batches, update, configs):
    def one(some):
        loss, grads = net.loss(np.take(X, some, axis=0), np.take(y, some, axis=0))
        steps = {p: update(w, grads[p], configs[p]) for p, w in net.params.items()}
        net.params = {p: step[0] for p, step in steps.items()}
        configs.update({p: step[1] for p, step in steps.items()})
        return loss

    return [one(some) for some in batches]


for _f in (epoch_over_params, epoch_with_new_params):
    right("train_epoch", _f.__name__, epoch_on_a_line=on_a_line(_f))


# ---- confusion matrix ---------------------------------------------------------------------------


def confusion_loop(y, predicted, num_classes):
    counts = np.zeros((num_classes, num_classes), np.int64)
    for i, j in zip(y, predicted):
        counts[i, j] += 1
    return counts


def confusion_bincount(y, predicted, C):
    flat = np.asarray(y, dtype=int) * C + predicted
    return np.bincount(flat, minlength=C * C).reshape(C, C)


def confusion_one_hot(y, predicted, C):
    return np.eye(C, dtype=int)[y].T @ np.eye(C, dtype=int)[predicted]


for _f in (confusion_loop, confusion_bincount, confusion_one_hot):
    right("confusion_matrix", _f.__name__, confusion_matrix=_f)


# ---- the reference, as the notebook's locked cells hand it to the checks ----


def three_layer_net_params(input_dim, F, size, hidden, classes, scale, dtype):
    """As in the notebook's locked cell."""
    sizes = (tuple(input_dim), F, size, hidden, classes, scale)
    return reference.ThreeLayerConvNet(*sizes, dtype=np.dtype(dtype)).params


def three_layer_net_loss(params, X, y=None, reg=0.0):
    """As in the notebook's locked cell."""
    F, _, size, _ = params["W1"].shape
    hidden, classes = params["W3"].shape
    net = reference.ThreeLayerConvNet(X.shape[1:], F, size, hidden, classes, reg=reg)
    net.params = params
    return net.loss(X, y)


WRAPPED = {
    "three_layer_net_params": three_layer_net_params,
    "three_layer_net_loss": three_layer_net_loss,
    "epoch_on_a_line": on_a_line(reference.train_epoch),
}
