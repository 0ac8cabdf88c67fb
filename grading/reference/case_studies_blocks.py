"""Reference solutions of the notebook 8_case_studies: Inception, the residual block, fine-tuning.

The layers inside are the student's own in the notebook; here they are the fast ones.
"""

import numpy as np

from cs231n.fast_layers import conv_backward_fast as conv_backward
from cs231n.fast_layers import conv_forward_fast as conv_forward
from cs231n.fast_layers import max_pool_backward_fast as max_pool_backward
from cs231n.fast_layers import max_pool_forward_fast as max_pool_forward
from cs231n.fast_pointwise import relu_backward_fast as relu_backward
from cs231n.fast_pointwise import relu_forward_fast as relu_forward


def inception_forward(x, params):
    """GoogLeNet's Inception module, forward: four branches that read the same volume.

        branch 0:  1x1
        branch 1:  3x3_reduce (1x1)  ->  3x3
        branch 2:  5x5_reduce (1x1)  ->  5x5
        branch 3:  max pool 3x3      ->  pool_proj (1x1)

    Every convolution has stride 1, as much padding as keeps height and width, and a ReLU behind it.
    The pool has stride 1, and keeps height and width too: padded pixels never win.

    Inputs:
    - x: shape (N, C, H, W), of any sign; left as it is
    - params: dict with "NAME.w" and "NAME.b" for each of the six convolutions named above, such as
      "3x3_reduce.w" of shape (F, C, 1, 1) and "3x3_reduce.b" of shape (F,); left as it is

    Source: Szegedy et al., "Going Deeper with Convolutions", 2014, figure 2(b).

    Returns a tuple of:
    - out: the four branches' outputs, one behind the other along the depth, branch 0 first; shape
      (N, sum of the branches' filters, H, W)
    - cache: whatever your backward pass needs
    """
    paths = (("1x1",), ("3x3_reduce", "3x3"), ("5x5_reduce", "5x5"), ("pool_proj",))
    border = ((0, 0), (0, 0), (1, 1), (1, 1))
    padded = np.pad(x, border, constant_values=-np.inf)  # minus infinity never wins
    window = {"pool_height": 3, "pool_width": 3, "stride": 1}
    pooled, pool_cache = max_pool_forward(padded, window)

    outs, caches = [], []
    for path in paths:
        volume = pooled if path == ("pool_proj",) else x
        for name in path:
            w, b = params[f"{name}.w"], params[f"{name}.b"]
            keep = {"stride": 1, "pad": (w.shape[2] - 1) // 2}
            volume, conv_cache = conv_forward(volume, w, b, keep)
            volume, relu_cache = relu_forward(volume)
            caches.append((name, conv_cache, relu_cache))
        outs.append(volume)
    depths = [out.shape[1] for out in outs]
    return np.concatenate(outs, axis=1), (depths, caches, pool_cache)


def inception_backward(dout, cache):
    """GoogLeNet's Inception module, backward.

    Inputs:
    - dout: gradient of the loss by out, shape (N, sum of the branches' filters, H, W)
    - cache: what your inception_forward returned. Leave it, and dout, as they are: another forward
      pass may have run in between, and the same cache may be asked again.

    Returns a tuple of:
    - dx: gradient by x, shape (N, C, H, W): what comes back through the four branches, added up
    - grads: dict with the keys of params, and for each its gradient, of the same shape
    """
    depths, caches, pool_cache = cache
    parts = np.split(dout, np.cumsum(depths)[:-1], axis=1)
    steps = {name: (conv_cache, relu_cache) for name, conv_cache, relu_cache in caches}

    dx, grads = 0, {}
    for branch, part in zip((["1x1"], ["3x3", "3x3_reduce"], ["5x5", "5x5_reduce"]), parts):
        for name in branch:  # from the end of the branch to its beginning
            conv_cache, relu_cache = steps[name]
            dconv = relu_backward(part, relu_cache)
            part, grads[f"{name}.w"], grads[f"{name}.b"] = conv_backward(dconv, conv_cache)
        dx = dx + part
    conv_cache, relu_cache = steps["pool_proj"]
    dconv = relu_backward(parts[3], relu_cache)
    dpooled, grads["pool_proj.w"], grads["pool_proj.b"] = conv_backward(dconv, conv_cache)
    dpadded = max_pool_backward(dpooled, pool_cache)
    return dx + dpadded[:, :, 1:-1, 1:-1], grads  # the border was not part of x


def residual_block_forward(x, params, stride=1):
    """ResNet's block of two 3x3 convolutions with a shortcut, forward.

        x -> conv1 -> ReLU -> conv2 -> (+) -> ReLU -> out
        x -> shortcut ---------------> (+)

    conv1 has the given stride and pad 1, conv2 has stride 1 and pad 1. The shortcut hands x on as
    it is, unless params holds "shortcut.w": then it is a 1x1 convolution with the given stride and
    no padding, and no ReLU behind it. The second ReLU comes after the sum.

    (A ResNet normalises behind each convolution. Once trained, that is a factor and a shift for
    each channel, which can be written into w and b. So nothing is normalised here.)

    Inputs:
    - x: shape (N, C, H, W), of any sign; H and W are odd where the stride is 2
    - params: dict with "conv1.w" (F, C, 3, 3), "conv1.b" (F,), "conv2.w" (F, F, 3, 3), "conv2.b"
      (F,) and, where stride or depth change, "shortcut.w" (F, C, 1, 1) and "shortcut.b" (F,)
    - stride: of conv1 and of the shortcut

    All are left as they are. Source: He, Zhang, Ren and Sun, "Deep Residual Learning for Image
    Recognition", 2015, figure 2.

    Returns a tuple of:
    - out: shape (N, F, H_out, W_out)
    - cache: whatever your backward pass needs
    """
    first, keep = {"stride": stride, "pad": 1}, {"stride": 1, "pad": 1}
    hidden, cache1 = conv_forward(x, params["conv1.w"], params["conv1.b"], first)
    hidden, relu1 = relu_forward(hidden)
    residual, cache2 = conv_forward(hidden, params["conv2.w"], params["conv2.b"], keep)
    shortcut, cache_s = x, None
    if "shortcut.w" in params:
        step = {"stride": stride, "pad": 0}
        shortcut, cache_s = conv_forward(x, params["shortcut.w"], params["shortcut.b"], step)
    out, relu2 = relu_forward(residual + shortcut)
    return out, (cache1, relu1, cache2, cache_s, relu2)


def residual_block_backward(dout, cache):
    """ResNet's block, backward.

    Inputs:
    - dout: gradient of the loss by out, shape (N, F, H_out, W_out)
    - cache: what your residual_block_forward returned. Leave it, and dout, as they are: another
      forward pass may have run in between, and the same cache may be asked again.

    Returns a tuple of:
    - dx: gradient by x, shape (N, C, H, W): what comes back through the convolutions and what comes
      back through the shortcut, added up
    - grads: dict with the keys of params, and for each its gradient, of the same shape
    """
    cache1, relu1, cache2, cache_s, relu2 = cache
    grads = {}
    dsum = relu_backward(dout, relu2)  # a sum hands its gradient on to both of its terms
    dhidden, grads["conv2.w"], grads["conv2.b"] = conv_backward(dsum, cache2)
    dhidden = relu_backward(dhidden, relu1)
    dx, grads["conv1.w"], grads["conv1.b"] = conv_backward(dhidden, cache1)
    if cache_s is None:
        return dx + dsum, grads
    dshortcut, grads["shortcut.w"], grads["shortcut.b"] = conv_backward(dsum, cache_s)
    return dx + dshortcut, grads


def fine_tune_last_layer(features, y, classes, learning_rate, steps, reg):
    """Train a new last layer on what a network, left as it is, makes of pictures.

    Scores are features @ w + b. The loss is the mean over the pictures of the softmax loss
    (natural logarithm), plus 0.5 * reg * (sum of the squares of w); b is not regularised. From
    w = 0 and b = 0, take so many steps of plain gradient descent, each on all pictures at once:
    a parameter moves by the learning rate times its gradient, downhill.

    Scores may be in the thousands: neither the loss nor w may overflow on the way.

    Inputs:
    - features: shape (N, D), one row a picture; left as they are
    - y: labels, shape (N,), whole numbers from 0 to classes - 1
    - classes: number of classes
    - learning_rate: length of a step
    - steps: number of steps; 0 leaves the zeros
    - reg: strength of the L2 regularisation

    Returns a tuple of:
    - w: shape (D, classes)
    - b: shape (classes,)
    - losses: list of `steps` numbers, the loss before each step
    """
    N, D = features.shape
    w, b, losses = np.zeros((D, classes)), np.zeros(classes), []
    for _ in range(steps):
        scores = features @ w + b
        scores = scores - scores.max(axis=1, keepdims=True)  # the largest becomes 0
        log_sums = np.log(np.exp(scores).sum(axis=1, keepdims=True))
        log_shares = scores - log_sums
        losses.append(-log_shares[np.arange(N), y].mean() + 0.5 * reg * (w**2).sum())
        dscores = np.exp(log_shares)
        dscores[np.arange(N), y] -= 1
        dscores /= N
        w = w - learning_rate * (features.T @ dscores + reg * w)
        b = b - learning_rate * dscores.sum(axis=0)
    return w, b, losses
