"""Reference solutions of the notebook 4_normalization.

Each function follows a formula of the notebook, line by line; batch normalisation's backward pass
walks the computational graph that the notebook draws. The build shows these functions in the
instructor's notebook; students get the signature and the docstring, which is the exercise's text.
"""

import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    """Batch normalisation, forward (Ioffe and Szegedy, 2015, algorithms 1 and 2).

    In mode "train" every feature (column of x) is normalised with its own mean and variance over
    the batch; the running statistics are brought up to date. In mode "test" the running statistics
    take the place of the batch's, and stay as they are. In both modes the normalised values are
    then scaled by gamma and shifted by beta.

    Inputs:
    - x: shape (N, D). It may hold integers: out is floating point all the same.
    - gamma, beta: scale and shift, shape (D,)
    - bn_param: dict with the keys
      - "mode": "train" or "test"
      - "eps": added to the variance, under the root; 1e-5 where absent
      - "momentum": how much of the old running statistics is kept; 0.9 where absent
      - "running_mean", "running_var": shape (D,); zeros where absent

    Leave x, gamma and beta as they are. bn_param is changed: in mode "train", the new
    "running_mean" and "running_var" are stored in it,

        new value = momentum × old value + (1 − momentum) × this batch's mean (or variance).

    A variance is the mean of the squared deviations here (divided by N, not by N - 1).

    Returns a tuple of:
    - out: shape (N, D)
    - cache: whatever your backward passes need (both get this one; they follow mode "train" only)

    Raises ValueError for any other mode.
    """
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    D = x.shape[1]
    running_mean = bn_param.get("running_mean", np.zeros(D))
    running_var = bn_param.get("running_var", np.zeros(D))

    if mode == "train":
        mean = x.mean(axis=0)  # (D,)
        centred = x - mean  # (N, D)
        var = np.mean(centred**2, axis=0)  # (D,)
        bn_param["running_mean"] = momentum * running_mean + (1 - momentum) * mean
        bn_param["running_var"] = momentum * running_var + (1 - momentum) * var
    elif mode == "test":
        centred, var = x - running_mean, running_var
    else:
        raise ValueError(f'mode should be "train" or "test", but it is {mode!r}')
    std = np.sqrt(var + eps)
    x_hat = centred / std
    out = gamma * x_hat + beta
    cache = (x_hat, centred, std, gamma)
    return out, cache


def batchnorm_backward(dout, cache):
    """Batch normalisation, backward, one node of the computational graph after the other.

    Inputs:
    - dout: gradient of the loss by out, shape (N, D)
    - cache: what your batchnorm_forward returned in mode "train". Leave it, and dout, as they are:
      the same cache may be asked for its gradients again.

    Returns a tuple of:
    - dx: gradient by x, shape (N, D)
    - dgamma: gradient by gamma, shape (D,)
    - dbeta: gradient by beta, shape (D,)
    """
    x_hat, centred, std, gamma = cache
    N = dout.shape[0]

    dbeta = dout.sum(axis=0)
    dgamma = np.sum(dout * x_hat, axis=0)
    dx_hat = dout * gamma

    dcentred = dx_hat / std  # x_hat = centred / std: the upper branch ...
    dstd = -np.sum(dx_hat * centred, axis=0) / std**2  # ... and the lower one
    dvar = dstd / (2 * std)  # std = sqrt(var + eps)
    dcentred = dcentred + dvar * 2 * centred / N  # var = mean(centred ** 2): the branches meet
    dmean = -dcentred.sum(axis=0)  # centred = x - mean
    dx = dcentred + dmean / N  # mean = sum(x) / N
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    """Batch normalisation, backward, by the simplified formula.

    Worked out on paper, the steps of batchnorm_backward collapse into one short expression. The
    same gradients, fewer passes over the data. (It should not call batchnorm_backward.)

    Inputs:
    - dout: gradient of the loss by out, shape (N, D)
    - cache: what your batchnorm_forward returned in mode "train", left as it is

    Returns a tuple of:
    - dx: gradient by x, shape (N, D)
    - dgamma: gradient by gamma, shape (D,)
    - dbeta: gradient by beta, shape (D,)
    """
    x_hat, _, std, gamma = cache
    N = dout.shape[0]
    dbeta = dout.sum(axis=0)
    dgamma = np.einsum("nd,nd->d", dout, x_hat)
    dx = gamma / std * (dout - (dbeta + x_hat * dgamma) / N)
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    """Layer normalisation, forward (Ba, Kiros and Hinton, 2016).

    Every sample (row of x) is normalised with its own mean and variance over its D features, then
    scaled and shifted feature by feature. There is no mode: nothing depends on other samples.

    Inputs:
    - x: shape (N, D). It may hold integers: out is floating point all the same.
    - gamma, beta: scale and shift, shape (D,)
    - ln_param: dict with the key
      - "eps": added to the variance, under the root; 1e-5 where absent

    Leave the inputs as they are.

    Returns a tuple of:
    - out: shape (N, D)
    - cache: whatever your backward pass needs
    """
    eps = ln_param.get("eps", 1e-5)
    centred = x - x.mean(axis=1, keepdims=True)
    std = np.sqrt(np.mean(centred**2, axis=1, keepdims=True) + eps)  # (N, 1)
    x_hat = centred / std
    out = gamma * x_hat + beta
    cache = (x_hat, std, gamma)
    return out, cache


def layernorm_backward(dout, cache):
    """Layer normalisation, backward.

    Inputs:
    - dout: gradient of the loss by out, shape (N, D)
    - cache: what your layernorm_forward returned. Leave it, and dout, as they are.

    Returns a tuple of:
    - dx: gradient by x, shape (N, D)
    - dgamma: gradient by gamma, shape (D,)
    - dbeta: gradient by beta, shape (D,)
    """
    x_hat, std, gamma = cache
    dbeta = dout.sum(axis=0)
    dgamma = np.sum(dout * x_hat, axis=0)
    dx_hat = dout * gamma
    along = np.mean(dx_hat * x_hat, axis=1, keepdims=True)
    dx = (dx_hat - dx_hat.mean(axis=1, keepdims=True) - x_hat * along) / std
    return dx, dgamma, dbeta


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    """Batch normalisation of feature maps, forward.

    Every channel is normalised with one mean and one variance, over all pictures and all places:
    N * H * W values. You may call your batchnorm_forward.

    Inputs:
    - x: shape (N, C, H, W)
    - gamma, beta: scale and shift, shape (C,)
    - bn_param: as in batchnorm_forward, "running_mean" and "running_var" of shape (C,); changed in
      mode "train" in the same way

    Leave x, gamma and beta as they are.

    Returns a tuple of:
    - out: shape (N, C, H, W)
    - cache: whatever your backward pass needs

    Raises ValueError for any mode but "train" and "test".
    """
    N, C, H, W = x.shape
    rows = x.transpose(0, 2, 3, 1).reshape(-1, C)  # (N * H * W, C): a channel is a column
    out, cache = batchnorm_forward(rows, gamma, beta, bn_param)
    return out.reshape(N, H, W, C).transpose(0, 3, 1, 2), cache


def spatial_batchnorm_backward(dout, cache):
    """Batch normalisation of feature maps, backward. You may call what you wrote above.

    Inputs:
    - dout: gradient of the loss by out, shape (N, C, H, W)
    - cache: what your spatial_batchnorm_forward returned in mode "train". Leave it, and dout, as
      they are.

    Returns a tuple of:
    - dx: gradient by x, shape (N, C, H, W)
    - dgamma: gradient by gamma, shape (C,)
    - dbeta: gradient by beta, shape (C,)
    """
    N, C, H, W = dout.shape
    rows = dout.transpose(0, 2, 3, 1).reshape(-1, C)
    dx, dgamma, dbeta = batchnorm_backward_alt(rows, cache)
    return dx.reshape(N, H, W, C).transpose(0, 3, 1, 2), dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    """Group normalisation of feature maps, forward (Wu and He, 2018).

    The C channels are cut into G groups of C / G channels that follow one another. In every
    picture, every group is normalised with one mean and one variance, over its (C / G) * H * W
    values. There is no mode: nothing depends on other pictures.

    Inputs:
    - x: shape (N, C, H, W)
    - gamma, beta: scale and shift of each channel, shape (1, C, 1, 1)
    - G: number of groups; it divides C. G = 1 is layer normalisation over whole pictures, G = C
      is instance normalisation.
    - gn_param: dict with the key
      - "eps": added to the variance, under the root; 1e-5 where absent

    Leave the inputs as they are.

    Returns a tuple of:
    - out: shape (N, C, H, W)
    - cache: whatever your backward pass needs
    """
    eps = gn_param.get("eps", 1e-5)
    groups = x.reshape(x.shape[0], G, -1)  # (N, G, C / G * H * W)
    centred = groups - groups.mean(axis=2, keepdims=True)
    std = np.sqrt(np.mean(centred**2, axis=2, keepdims=True) + eps)  # (N, G, 1)
    x_hat = (centred / std).reshape(x.shape)
    out = gamma * x_hat + beta
    cache = (x_hat, std, gamma)
    return out, cache


def spatial_groupnorm_backward(dout, cache):
    """Group normalisation of feature maps, backward.

    Inputs:
    - dout: gradient of the loss by out, shape (N, C, H, W)
    - cache: what your spatial_groupnorm_forward returned. Leave it, and dout, as they are.

    Returns a tuple of:
    - dx: gradient by x, shape (N, C, H, W)
    - dgamma: gradient by gamma, shape (1, C, 1, 1); (C,) is accepted too
    - dbeta: gradient by beta, likewise
    """
    x_hat, std, gamma = cache
    dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)
    dgamma = np.sum(dout * x_hat, axis=(0, 2, 3), keepdims=True)

    groups = (*std.shape[:2], -1)  # (N, G, everything else)
    normal = x_hat.reshape(groups)
    dnormal = (dout * gamma).reshape(groups)
    along = np.mean(dnormal * normal, axis=2, keepdims=True)
    dx = (dnormal - dnormal.mean(axis=2, keepdims=True) - normal * along) / std
    return dx.reshape(dout.shape), dgamma, dbeta


def lrn_forward(x, lrn_param):
    """Local response normalisation, forward (Krizhevsky, Sutskever and Hinton, 2012, section 3.3).

    Every value is divided by a measure of how active its neighbours are: the same place of the
    same picture in the n channels around it, the channel itself in the middle. Where channels end,
    there are fewer neighbours; missing ones count as 0. alpha is not divided by n.

    Inputs:
    - x: shape (N, C, H, W). It may hold integers (uint8, say): out is floating point all the same.
      Leave it as it is.
    - lrn_param: dict with the keys
      - "k", "alpha", "beta": numbers of the formula
      - "n": how many channels are summed over, an odd number

    Returns a tuple of:
    - out: shape (N, C, H, W)
    - cache: anything, for example (x, lrn_param). No backward pass is asked for.
    """
    k, n, alpha, beta = (lrn_param[name] for name in ("k", "n", "alpha", "beta"))
    C, half = x.shape[1], n // 2
    squares = x.astype(float) ** 2
    out = np.zeros(x.shape)
    for i in range(C):
        first, last = max(0, i - half), min(C - 1, i + half)
        total = squares[:, first : last + 1].sum(axis=1)  # (N, H, W)
        out[:, i] = x[:, i] / (k + alpha * total) ** beta
    cache = (x, lrn_param)
    return out, cache


def dropout_forward(x, dropout_param):
    """Inverted dropout, forward (Srivastava and others, 2014).

    In mode "train" every single value is kept with probability p, and otherwise set to 0; what is
    kept is divided by p. In mode "test" everything passes as it is.

    Inputs:
    - x: any shape, left as it is. It may hold integers: in mode "train" out is floating point all
      the same.
    - dropout_param: dict with the keys
      - "mode": "train" or "test"
      - "p": the probability to KEEP a value, 0 < p <= 1
      - "seed": optional. The same seed gives the same mask again (np.random.seed(seed) will do).
        Without it, every call draws a new mask.

    Returns a tuple of:
    - out: same shape as x
    - cache: whatever your backward pass needs, for example (dropout_param, mask)

    Raises ValueError for any other mode.
    """
    mode, p = dropout_param["mode"], dropout_param["p"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])

    mask = None
    if mode == "train":
        mask = (np.random.rand(*x.shape) < p) / p  # 0 or 1 / p
        out = x * mask
    elif mode == "test":
        out = x
    else:
        raise ValueError(f'mode should be "train" or "test", but it is {mode!r}')
    cache = (dropout_param, mask)
    return out, cache


def dropout_backward(dout, cache):
    """Inverted dropout, backward: the gradient goes the way its value went.

    Inputs:
    - dout: gradient of the loss by out, any shape
    - cache: what your dropout_forward returned, in either mode. Leave it, and dout, as they are.

    Returns dx: gradient by x, same shape as dout.
    """
    dropout_param, mask = cache
    if dropout_param["mode"] == "train":
        dx = dout * mask
    else:
        dx = dout
    return dx
