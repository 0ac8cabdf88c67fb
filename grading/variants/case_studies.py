"""Right solutions of 8_case_studies, written in other ways. All must score full."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from cs231n.fast_layers import conv_backward_fast, conv_forward_fast
from grading.reference import convolution, fully_connected, pooling

RIGHT: list[dict] = []


def right(*functions):
    """Adds functions as one entry, each under its own name without what follows "__"."""
    named = {f.__name__.partition("__")[0]: f for f in functions}
    RIGHT.append(dict(name=functions[0].__name__, functions=named))


# ---- LeNet-5 -------------------------------------------------------------------------------


def c3_connections__written_out():
    rows = "012 123 234 345 045 015 0123 1234 2345 0345 0145 0125 0134 1245 0235 012345".split()
    return np.array([[str(c) in row for c in range(6)] for row in rows])


def c3_connections__rolled():
    first = np.array([[1, 1, 1, 0, 0, 0], [1, 1, 1, 1, 0, 0], [1, 1, 0, 1, 1, 0]])
    rows = [np.roll(row, k) for row, n in zip(first, (6, 6, 3)) for k in range(n)]
    return np.stack([*rows, np.ones(6, dtype=int)])  # whole numbers 0 and 1


def partially_connected_forward__filter_by_filter(x, w, b, connections, conv_param):
    maps = []
    for f in range(len(w)):
        seen = np.flatnonzero(connections[f])
        if len(seen) == 0:
            seen = [0]
        one = w[f : f + 1, seen] * connections[f, seen][None, :, None, None]
        maps.append(convolution.conv_forward_naive(x[:, seen], one, b[f : f + 1], conv_param)[0])
    return np.concatenate(maps, axis=1), None


def partially_connected_forward__where(x, w, b, connections, conv_param):
    kept = np.where(connections[..., None, None], w, 0)
    out, cache = conv_forward_fast(x.astype(np.float32), kept.astype(np.float32),
                                   b.astype(np.float32), conv_param)  # fmt: skip
    return out, cache


# ---- AlexNet -------------------------------------------------------------------------------


def grouped_conv_forward__zeros_between(x, w, b, conv_param, groups):
    F, depth = w.shape[:2]
    full = np.zeros((F, x.shape[1], *w.shape[2:]))
    for f in range(F):
        g = f // (F // groups)
        full[f, g * depth : (g + 1) * depth] = w[f]
    return conv_forward_fast(x, full, b, conv_param)


def grouped_conv_forward__split(x, w, b, conv_param, groups):
    pieces = zip(np.split(x, groups, 1), np.split(w, groups), np.split(b, groups))
    results = [convolution.conv_forward_naive(*piece, conv_param) for piece in pieces]
    return np.hstack([out for out, _ in results]), results


def grouped_conv_forward__windows(x, w, b, conv_param, groups):
    pad, s = conv_param["pad"], conv_param["stride"]
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad))).astype(np.float64)
    windows = sliding_window_view(x, w.shape[2:], axis=(2, 3))[:, :, ::s, ::s]
    N, C, H, W = windows.shape[:4]
    windows = windows.reshape(N, groups, C // groups, H, W, *w.shape[2:])
    filters = w.reshape(groups, -1, *w.shape[1:])
    out = np.einsum("ngchwij,gfcij->ngfhw", windows, filters).reshape(N, len(w), H, W)
    return out + b[:, None, None], ()


# ---- sizes and VGG -------------------------------------------------------------------------


def map_sizes__math(size, layers):
    from math import ceil, floor

    out = [size]
    for F, S, P, rounding in layers:
        out.append({"floor": floor, "ceil": ceil}[rounding]((out[-1] + 2 * P - F) / S) + 1)
    return tuple(out[1:])


def map_sizes__counting_windows(size, layers):
    sizes = np.zeros(len(layers), dtype=np.int64)
    for k, (F, S, P, rounding) in enumerate(layers):
        left, windows = size + 2 * P, 1
        while left - F >= S:
            left, windows = left - S, windows + 1
        sizes[k] = size = windows + int(rounding == "ceil" and left > F)
    return sizes


def vgg_table__columns_apart(stages, size=224, classes=1000):
    widths = [min(64 * 2**k, 512) for k in range(len(stages))]
    side, depth, weights, biases = [size], [3], [0], [0]
    for n, width in zip(stages, widths):
        for _ in range(n):
            weights.append(9 * depth[-1] * width)
            biases.append(width)
            side.append(side[-1])
            depth.append(width)
        side.append(side[-1] // 2)
        depth.append(depth[-1])
        weights.append(0)
        biases.append(0)
    for n in [4096, 4096, classes]:
        weights.append(side[-1] ** 2 * depth[-1] * n)
        biases.append(n)
        side.append(1)
        depth.append(n)
    side, depth = np.array(side), np.array(depth)
    return np.stack([side, side, depth, side**2 * depth, np.array(weights) + biases], axis=1)


def vgg_table__lists(stages, size=224, classes=1000):
    rows = [[size, size, 3]]
    for k in range(len(stages)):
        rows += [[size, size, min(512, 64 << k), "conv"]] * stages[k]
        size = size // 2
        rows += [[size, size, min(512, 64 << k)]]
    rows += [[1, 1, n, "fc"] for n in (4096, 4096, classes)]
    table = []
    for k, (h, w, d, *kind) in enumerate(rows):
        before = rows[k - 1]
        seen = 9 * before[2] if kind == ["conv"] else before[0] * before[1] * before[2]
        table.append([h, w, d, h * w * d, (seen * d + d) if kind else 0])
    return table


# ---- blocks --------------------------------------------------------------------------------

_NAIVE = (convolution.conv_forward_naive, convolution.conv_backward_naive)
_FAST = (conv_forward_fast, conv_backward_fast)


class InceptionByHand:
    """Line by line, with convolutions and pools written with loops."""

    def __init__(self, conv=_NAIVE, dtype=np.float64, lowest=-1e30):
        self.conv, self.conv_back = conv
        self.dtype, self.lowest = dtype, lowest

    def layer(self, x, p, name, pad):
        w, b = p[name + ".w"].astype(self.dtype), p[name + ".b"].astype(self.dtype)
        z, kept = self.conv(x, w, b, {"stride": 1, "pad": pad})
        return np.maximum(z, 0), (kept, z > 0)

    def back(self, d, kept, name, grads):
        cache, positive = kept
        dx, grads[name + ".w"], grads[name + ".b"] = self.conv_back(d * positive, cache)
        return dx

    def forward(self, x, params):
        x = np.array(x, dtype=self.dtype)
        a, ka = self.layer(x, params, "1x1", 0)
        r, kr = self.layer(x, params, "3x3_reduce", 0)
        c, kc = self.layer(r, params, "3x3", 1)
        q, kq = self.layer(x, params, "5x5_reduce", 0)
        e, ke = self.layer(q, params, "5x5", 2)
        N, C, H, W = x.shape
        around = np.full((N, C, H + 2, W + 2), self.lowest, dtype=self.dtype)
        around[:, :, 1:-1, 1:-1] = x
        param = {"pool_height": 3, "pool_width": 3, "stride": 1}
        m, km = pooling.max_pool_forward_naive(around, param)
        p, kp = self.layer(m, params, "pool_proj", 0)
        sizes = [v.shape[1] for v in (a, c, e, p)]
        return np.concatenate((a, c, e, p), 1), (sizes, ka, kr, kc, kq, ke, km, kp)

    def backward(self, dout, cache):
        (A, B, C, _), ka, kr, kc, kq, ke, km, kp = cache
        g = {}
        dx = self.back(dout[:, :A], ka, "1x1", g)
        dr = self.back(dout[:, A : A + B], kc, "3x3", g)
        dx = dx + self.back(dr, kr, "3x3_reduce", g)
        dq = self.back(dout[:, A + B : A + B + C], ke, "5x5", g)
        dx = dx + self.back(dq, kq, "5x5_reduce", g)
        dm = self.back(dout[:, A + B + C :], kp, "pool_proj", g)
        return dx + pooling.max_pool_backward_naive(dm, km)[:, :, 1:-1, 1:-1], g


class ResidualByHand:
    def __init__(self, conv=_NAIVE, dtype=np.float64):
        self.conv, self.conv_back = conv
        self.dtype = dtype

    def forward(self, x, params, stride=1):
        p = {key: value.astype(self.dtype) for key, value in params.items()}
        x = x.astype(self.dtype)
        z, k1 = self.conv(x, p["conv1.w"], p["conv1.b"], {"stride": stride, "pad": 1})
        h, m = fully_connected.relu_forward(z)
        s, k2 = self.conv(h, p["conv2.w"], p["conv2.b"], {"stride": 1, "pad": 1})
        ks = None
        if p.get("shortcut.w") is None:
            s = s + x
        else:
            y, ks = self.conv(x, p["shortcut.w"], p["shortcut.b"], {"stride": stride, "pad": 0})
            s = s + y
        return s * (s > 0), {"k": (k1, k2, ks), "m": m, "on": s > 0}

    def backward(self, dout, cache):
        k1, k2, ks = cache["k"]
        d = np.where(cache["on"], dout, 0)
        dh, dw2, db2 = self.conv_back(d, k2)
        dx, dw1, db1 = self.conv_back(fully_connected.relu_backward(dh, cache["m"]), k1)
        grads = {"conv1.w": dw1, "conv1.b": db1, "conv2.w": dw2, "conv2.b": db2}
        if ks is None:
            dx = dx + d
        else:
            more, grads["shortcut.w"], grads["shortcut.b"] = self.conv_back(d, ks)
            dx += more
        return dx, grads


def by_hand(name, block, writer):
    functions = {f"{block}_forward": writer.forward, f"{block}_backward": writer.backward}
    RIGHT.append(dict(name=name, functions=functions))


# ---- fine-tuning ---------------------------------------------------------------------------


def fine_tune_last_layer__one_matrix(features, y, classes, learning_rate, steps, reg):
    X = np.hstack([features, np.ones((len(features), 1))])
    theta, mask = np.zeros((X.shape[1], classes)), np.ones((X.shape[1], 1))
    mask[-1] = 0
    target, losses = np.eye(classes)[y], []
    while len(losses) < steps:
        z = X @ theta
        z -= z.max(1)[:, None]
        p = np.exp(z)
        total = p.sum(1)
        loss = np.mean(np.log(total) - (z * target).sum(1))
        losses.append(float(loss + reg / 2 * np.sum((theta * mask) ** 2)))
        theta -= learning_rate * (X.T @ (p / total[:, None] - target) / len(X) + reg * mask * theta)
    return theta[:-1], theta[-1], np.array(losses)


def fine_tune_last_layer__picture_by_picture(features, y, classes, learning_rate, steps, reg):
    N, D = features.shape
    w, b, losses = np.zeros((D, classes)), np.zeros(classes), []
    for _ in range(steps):
        dw, db, loss = reg * w, np.zeros(classes), 0.5 * reg * np.sum(w * w)
        for n in range(N):
            s = features[n].astype(float) @ w + b
            top = s.max()
            log_sum = top + np.log(np.sum(np.exp(s - top)))
            loss += (log_sum - s[y[n]]) / N
            share = np.exp(s - log_sum)
            share[y[n]] -= 1
            dw = dw + np.outer(features[n], share) / N
            db = db + share / N
        losses.append(loss)
        w, b = w - learning_rate * dw, b - learning_rate * db
    return w, b, tuple(losses)


right(c3_connections__written_out)
right(c3_connections__rolled)
right(partially_connected_forward__filter_by_filter)
right(partially_connected_forward__where)
right(grouped_conv_forward__zeros_between)
right(grouped_conv_forward__split)
right(grouped_conv_forward__windows)
right(map_sizes__math)
right(map_sizes__counting_windows)
right(vgg_table__columns_apart)
right(vgg_table__lists)
by_hand("inception_with_loops", "inception", InceptionByHand())
by_hand("inception_in_float32", "inception", InceptionByHand(_FAST, np.float32, -np.inf))
by_hand("residual_with_loops", "residual_block", ResidualByHand())
by_hand("residual_in_float32", "residual_block", ResidualByHand(_FAST, np.float32))
right(fine_tune_last_layer__one_matrix)
right(fine_tune_last_layer__picture_by_picture)
