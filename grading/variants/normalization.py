"""Right normalising layers, written in ways that have little in common. All must score full.

Each entry of RIGHT names functions; an exercise is tried where all that its checks call are there.
"""

import numpy as np

RIGHT: list[dict] = []


def right(cls):
    """Class decorator: the functions of one way to write layers."""
    functions = {n: f for n, f in vars(cls).items() if callable(f) and not n.startswith("_")}
    RIGHT.append(dict(name=cls.__name__, functions=functions))
    return cls


def blend(bn_param, mean, var):
    """Running statistics, stored in the dict."""
    momentum = bn_param.get("momentum", 0.9)
    for key, new in (("running_mean", mean), ("running_var", var)):
        old = bn_param.get(key, np.zeros_like(new))
        bn_param[key] = momentum * old + (1.0 - momentum) * new


def check_mode(param):
    if param["mode"] not in ("train", "test"):
        raise ValueError("Invalid forward mode")


# ---- batch normalisation -------------------------------------------------------------------


@right
class TheCustomaryGraphInNineSteps:
    def batchnorm_forward(x, gamma, beta, bn_param):
        check_mode(bn_param)
        eps = bn_param.get("eps", 1e-5)
        if bn_param["mode"] == "test":
            rm = bn_param.get("running_mean", np.zeros(x.shape[1]))
            rv = bn_param.get("running_var", np.zeros(x.shape[1]))
            return gamma * (x - rm) / np.sqrt(rv + eps) + beta, None
        N, D = x.shape
        mu = 1.0 / N * np.sum(x, axis=0)
        xmu = x - mu
        sq = xmu**2
        var = 1.0 / N * np.sum(sq, axis=0)
        sqrtvar = np.sqrt(var + eps)
        ivar = 1.0 / sqrtvar
        xhat = xmu * ivar
        out = gamma * xhat + beta
        blend(bn_param, mu, var)
        return out, (xhat, gamma, xmu, ivar, sqrtvar, var, eps)

    def batchnorm_backward(dout, cache):
        xhat, gamma, xmu, ivar, sqrtvar, var, eps = cache
        N, D = dout.shape
        dbeta = np.sum(dout, axis=0)
        dgamma = np.sum(dout * xhat, axis=0)
        dxhat = dout * gamma
        divar = np.sum(dxhat * xmu, axis=0)
        dxmu1 = dxhat * ivar
        dsqrtvar = -1.0 / sqrtvar**2 * divar
        dvar = 0.5 / np.sqrt(var + eps) * dsqrtvar
        dsq = 1.0 / N * np.ones((N, D)) * dvar
        dxmu2 = 2 * xmu * dsq
        dx1 = dxmu1 + dxmu2
        dmu = -np.sum(dx1, axis=0)
        return dx1 + 1.0 / N * np.ones((N, D)) * dmu, dgamma, dbeta

    def batchnorm_backward_alt(dout, cache):
        xhat, gamma, xmu, ivar, *_ = cache
        N = dout.shape[0]
        dxhat = dout * gamma
        dx = ivar / N * (N * dxhat - dxhat.sum(0) - xhat * (dxhat * xhat).sum(0))
        return dx, (dout * xhat).sum(0), dout.sum(0)


@right
class LoopsOverFeaturesAndPlainNumbers:
    def batchnorm_forward(x, gamma, beta, bn_param):
        check_mode(bn_param)
        N, D = x.shape
        eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
        means = np.array(bn_param.get("running_mean", [0.0] * D), dtype=float)
        variances = np.array(bn_param.get("running_var", [0.0] * D), dtype=float)
        out, hats, widths = np.zeros((N, D)), np.zeros((N, D)), np.zeros(D)
        for d in range(D):
            column = [float(v) for v in x[:, d]]
            if bn_param["mode"] == "train":
                mean = sum(column) / N
                var = sum((v - mean) ** 2 for v in column) / N
                means[d] = momentum * means[d] + (1 - momentum) * mean
                variances[d] = momentum * variances[d] + (1 - momentum) * var
            else:
                mean, var = means[d], variances[d]
            widths[d] = (var + eps) ** 0.5
            for n in range(N):
                hats[n, d] = (column[n] - mean) / widths[d]
                out[n, d] = gamma[d] * hats[n, d] + beta[d]
        if bn_param["mode"] == "train":
            bn_param["running_mean"], bn_param["running_var"] = means, variances
        return out, dict(hats=hats, widths=widths, gamma=gamma.copy())

    def batchnorm_backward(dout, cache):
        hats, widths, gamma = cache["hats"], cache["widths"], cache["gamma"]
        N, D = dout.shape
        dx, dgamma, dbeta = np.zeros((N, D)), np.zeros(D), np.zeros(D)
        for d in range(D):
            # The full Jacobian of one column: d hat_n / d x_m.
            h = hats[:, d]
            jacobian = (np.eye(N) - 1 / N - np.outer(h, h) / N) / widths[d]
            dx[:, d] = jacobian.T @ (dout[:, d] * gamma[d])
            dgamma[d], dbeta[d] = h @ dout[:, d], dout[:, d].sum()
        return dx, dgamma, dbeta

    def batchnorm_backward_alt(dout, cache):
        return LoopsOverFeaturesAndPlainNumbers.batchnorm_backward(dout, cache)


@right
class Float32Inside:
    def batchnorm_forward(x, gamma, beta, bn_param):
        check_mode(bn_param)
        x, eps = x.astype(np.float32), np.float32(bn_param.get("eps", 1e-5))
        if bn_param["mode"] == "train":
            mean, var = x.mean(0), x.var(0)
            blend(bn_param, mean, var)
        else:
            mean = bn_param["running_mean"].astype(np.float32)
            var = bn_param["running_var"].astype(np.float32)
        xhat = (x - mean) / np.sqrt(var + eps)
        return gamma.astype(np.float32) * xhat + beta.astype(np.float32), (x, mean, var, eps, gamma)

    def batchnorm_backward(dout, cache):
        x, mean, var, eps, gamma = cache
        dout, gamma, N = dout.astype(np.float32), gamma.astype(np.float32), np.float32(len(x))
        centred = x - mean
        dxhat = dout * gamma
        dvar = np.sum(dxhat * centred, 0) * np.float32(-0.5) * (var + eps) ** np.float32(-1.5)
        dmean = -np.sum(dxhat, 0) / np.sqrt(var + eps) - 2 * dvar * np.mean(centred, 0)
        dx = dxhat / np.sqrt(var + eps) + dvar * 2 * centred / N + dmean / N
        return dx, np.sum(dout * centred / np.sqrt(var + eps), 0), dout.sum(0)


@right
class UpdatesTheRunningArraysInPlace:
    def batchnorm_forward(x, gamma, beta, bn_param):
        mode, x = bn_param["mode"], x.astype(np.result_type(x, np.float32))
        rm = bn_param.setdefault("running_mean", np.zeros(x.shape[1]))
        rv = bn_param.setdefault("running_var", np.zeros(x.shape[1]))
        eps, m = bn_param.setdefault("eps", 1e-5), bn_param.setdefault("momentum", 0.9)
        if mode == "train":
            mean = np.einsum("nd->d", x) / len(x)
            var = np.einsum("nd,nd->d", x - mean, x - mean) / len(x)
            rm *= m
            rm += (1 - m) * mean
            rv *= m
            rv += (1 - m) * var
            mean_used, var_used = mean, var
        elif mode == "test":
            mean_used, var_used = rm, rv
        else:
            raise ValueError(mode)
        inverse = (var_used + eps) ** -0.5
        return (x - mean_used) * (inverse * gamma) + beta, [x.copy(), mean_used, inverse, gamma]

    def batchnorm_backward_alt(dout, cache):
        x, mean, inverse, gamma = cache
        hat = (x - mean) * inverse
        d = dout * gamma * inverse
        return (
            d - d.mean(axis=0) - hat * np.mean(d * hat, axis=0),
            np.diag(dout.T @ hat).copy(),
            np.ones(len(x)) @ dout,
        )


# ---- layer normalisation -------------------------------------------------------------------


@right
class LayerByTransposing:
    def layernorm_forward(x, gamma, beta, ln_param):
        xt = x.T
        mu, var = xt.mean(axis=0), xt.var(axis=0)
        std = np.sqrt(var + ln_param.get("eps", 1e-5))
        hat = ((xt - mu) / std).T
        return gamma * hat + beta, (hat, std, gamma)

    def layernorm_backward(dout, cache):
        hat, std, gamma = cache
        D = dout.shape[1]
        d, h = (dout * gamma).T, hat.T
        dx = (1.0 / D) / std * (D * d - d.sum(axis=0) - h * (d * h).sum(axis=0))
        return dx.T, (dout * hat).sum(axis=0), dout.sum(axis=0)


@right
class LayerRowByRow:
    def layernorm_forward(x, gamma, beta, ln_param):
        eps, out, cache = ln_param.get("eps", 1e-5), np.zeros(x.shape), []
        for n, row in enumerate(x.astype(np.float64)):
            width = np.sqrt(np.var(row) + eps)
            hat = (row - np.mean(row)) / width
            out[n] = gamma * hat + beta
            cache.append((hat, width))
        return out, (cache, gamma)

    def layernorm_backward(dout, cache):
        rows, gamma = cache
        dx, dgamma, dbeta = np.zeros(dout.shape), np.zeros(gamma.shape), np.zeros(gamma.shape)
        D = dout.shape[1]
        for n, (hat, width) in enumerate(rows):
            g = dout[n] * gamma
            dx[n] = (np.eye(D) - 1 / D - np.outer(hat, hat) / D) @ g / width
            dgamma += dout[n] * hat
            dbeta += dout[n]
        return dx, dgamma, dbeta


# ---- feature maps --------------------------------------------------------------------------


@right
class SpatialWithAxesNoReshape:
    def batchnorm_forward(x, gamma, beta, bn_param):
        return TheCustomaryGraphInNineSteps.batchnorm_forward(x, gamma, beta, bn_param)

    def spatial_batchnorm_forward(x, gamma, beta, bn_param):
        check_mode(bn_param)
        wide = (1, -1, 1, 1)
        if bn_param["mode"] == "train":
            mean, var = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))
            blend(bn_param, mean, var)
        else:
            mean, var = bn_param["running_mean"], bn_param["running_var"]
        std = np.sqrt(var + bn_param.get("eps", 1e-5)).reshape(wide)
        hat = (x - mean.reshape(wide)) / std
        return hat * gamma.reshape(wide) + beta.reshape(wide), (hat, std, gamma.reshape(wide))

    def spatial_batchnorm_backward(dout, cache):
        hat, std, gamma = cache
        axes = (0, 2, 3)
        d = dout * gamma
        one, two = (a.mean(axis=axes, keepdims=True) for a in (d, d * hat))
        return (d - one - hat * two) / std, (dout * hat).sum(axes), dout.sum(axes)


@right
class SpatialOnTopOfBatchNorm:
    batchnorm_forward = TheCustomaryGraphInNineSteps.batchnorm_forward
    batchnorm_backward = TheCustomaryGraphInNineSteps.batchnorm_backward

    def spatial_batchnorm_forward(x, gamma, beta, bn_param):
        N, C, H, W = x.shape
        flat = np.moveaxis(x, 1, 3).reshape(N * H * W, C)
        out, cache = TheCustomaryGraphInNineSteps.batchnorm_forward(flat, gamma, beta, bn_param)
        return np.moveaxis(out.reshape(N, H, W, C), 3, 1), cache

    def spatial_batchnorm_backward(dout, cache):
        N, C, H, W = dout.shape
        flat = dout.transpose(1, 0, 2, 3).reshape(C, -1).T
        dx, dgamma, dbeta = TheCustomaryGraphInNineSteps.batchnorm_backward(
            flat, _reorder(cache, dout)
        )
        return dx.T.reshape(C, N, H, W).transpose(1, 0, 2, 3), dgamma, dbeta


def _reorder(cache, dout):
    """Rows in the order (n, h, w) are what transposing to (C, N, H, W) gives too."""
    return cache


@right
class GroupsAsFiveAxes:
    def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
        N, C, H, W = x.shape
        xg = x.reshape(N, G, C // G, H, W)
        mean = xg.mean(axis=(2, 3, 4), keepdims=True)
        var = xg.var(axis=(2, 3, 4), keepdims=True)
        hat = ((xg - mean) / np.sqrt(var + gn_param.get("eps", 1e-5))).reshape(N, C, H, W)
        return hat * gamma + beta, (G, x, mean, var, gn_param, gamma)

    def spatial_groupnorm_backward(dout, cache):
        G, x, mean, var, gn_param, gamma = cache
        N, C, H, W = x.shape
        eps = gn_param.get("eps", 1e-5)
        five = (N, G, C // G, H, W)
        xmu = x.reshape(five) - mean
        d = (dout * gamma).reshape(five)
        m = C // G * H * W
        dvar = np.sum(d * xmu * -0.5 * (var + eps) ** -1.5, axis=(2, 3, 4), keepdims=True)
        dmean = np.sum(-d / np.sqrt(var + eps), axis=(2, 3, 4), keepdims=True)
        dx = d / np.sqrt(var + eps) + dvar * 2 * xmu / m + dmean / m
        hat = (xmu / np.sqrt(var + eps)).reshape(x.shape)
        axes = (0, 2, 3)
        return dx.reshape(x.shape), (dout * hat).sum(axes), dout.sum(axes)  # vectors (C,)


@right
class GroupsOneAfterAnother:
    def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
        hat, width = np.zeros(x.shape), np.zeros(x.shape)
        size = x.shape[1] // G
        for n in range(x.shape[0]):
            for g in range(G):
                part = x[n, g * size : (g + 1) * size]
                width[n, g * size : (g + 1) * size] = (
                    part.var() + gn_param.get("eps", 1e-5)
                ) ** 0.5
                hat[n, g * size : (g + 1) * size] = part - part.mean()
        hat /= width
        return gamma * hat + beta, (G, hat, width, gamma)

    def spatial_groupnorm_backward(dout, cache):
        G, hat, width, gamma = cache
        size, d, dx = hat.shape[1] // G, dout * gamma, np.zeros(hat.shape)
        for n in range(hat.shape[0]):
            for g in range(G):
                at = (n, slice(g * size, (g + 1) * size))
                dx[at] = (d[at] - d[at].mean() - hat[at] * (d[at] * hat[at]).mean()) / width[at]
        axes = dict(axis=(0, 2, 3), keepdims=True)
        return dx, np.sum(dout * hat, **axes), np.sum(dout, **axes)


# ---- local response normalisation ----------------------------------------------------------


@right
class ResponsePixelByPixel:
    def lrn_forward(x, lrn_param):
        out = np.zeros(x.shape)
        reach = (lrn_param["n"] - 1) // 2
        for n, c, h, w in np.ndindex(x.shape):
            total = 0.0
            for other in range(c - reach, c + reach + 1):
                if 0 <= other < x.shape[1]:
                    total += float(x[n, other, h, w]) ** 2
            base = lrn_param["k"] + lrn_param["alpha"] * total
            out[n, c, h, w] = float(x[n, c, h, w]) * base ** -lrn_param["beta"]
        return out, None


@right
class ResponseByPaddingAndCumulativeSums:
    def lrn_forward(x, lrn_param):
        half, C = lrn_param["n"] // 2, x.shape[1]
        squares = np.pad(np.square(x, dtype=np.float64), ((0, 0), (half + 1, half), (0, 0), (0, 0)))
        sums = np.cumsum(squares, axis=1)
        window = sums[:, 2 * half + 1 :] - sums[:, :C]
        scale = (lrn_param["k"] + lrn_param["alpha"] * window) ** lrn_param["beta"]
        return x / scale, (x, scale)


@right
class ResponseWithABandMatrix:
    def lrn_forward(x, lrn_param):
        C = x.shape[1]
        near = np.abs(np.subtract.outer(range(C), range(C))) <= lrn_param["n"] // 2
        total = np.einsum("ij,njhw->nihw", near.astype(float), x.astype(float) ** 2)
        return x * np.exp(
            -lrn_param["beta"] * np.log(lrn_param["k"] + lrn_param["alpha"] * total)
        ), (x,)


# ---- dropout -------------------------------------------------------------------------------


@right
class DropoutWithAGeneratorOfItsOwn:
    def dropout_forward(x, dropout_param):
        check_mode(dropout_param)
        if dropout_param["mode"] == "test":
            return x.copy(), None
        rng = np.random.default_rng(dropout_param.get("seed"))
        keep = rng.random(x.shape) < dropout_param["p"]
        return np.where(keep, x / dropout_param["p"], 0.0), (keep, dropout_param["p"])

    def dropout_backward(dout, cache):
        if cache is None:
            return dout.copy()
        keep, p = cache
        return np.where(keep, dout / p, 0.0)


@right
class DropoutByDrawingCoins:
    def dropout_forward(x, dropout_param):
        p, mode = dropout_param["p"], dropout_param["mode"]
        seed = dropout_param.get("seed")
        if seed is not None:
            np.random.seed(seed)
        if mode == "train":
            mask = np.random.binomial(1, p, size=x.shape)
            return x * mask / p, (mask, p)
        if mode == "test":
            return x, (np.ones(x.shape), 1)
        raise ValueError("no such mode")

    def dropout_backward(dout, cache):
        mask, p = cache
        return dout * mask / p


@right
class DropoutWithAFloat32MaskPutOnACopy:
    def dropout_forward(x, dropout_param):
        if dropout_param["mode"] not in {"train", "test"}:
            raise ValueError
        out = x.astype(np.float64)
        mask = np.ones(x.shape, dtype=np.float32)
        if dropout_param["mode"] == "train":
            generator = np.random.RandomState(dropout_param.get("seed"))
            dropped = generator.uniform(size=x.shape) >= dropout_param["p"]
            mask /= np.float32(dropout_param["p"])
            mask[dropped] = 0
        out *= mask
        return out, mask

    def dropout_backward(dout, cache):
        return cache * dout
