"""Reference solutions of the notebook 9_train_convnet.

The layers stand here under the names that the notebook gives them, where they are the student's.
"""

import numpy as np

from cs231n.fast_layers import conv_backward_fast as conv_backward
from cs231n.fast_layers import conv_forward_fast as conv_forward
from cs231n.fast_layers import max_pool_backward_fast as max_pool_backward
from cs231n.fast_layers import max_pool_forward_fast as max_pool_forward
from grading.reference import fully_connected

affine_forward, affine_backward = fully_connected.affine_forward, fully_connected.affine_backward
relu_forward, relu_backward = fully_connected.relu_forward, fully_connected.relu_backward
softmax_loss = fully_connected.softmax_loss


class ThreeLayerConvNet:
    """A small convolutional net: conv - relu - max pool - affine - relu - affine - softmax loss.

    params: dict of the arrays that training changes, for pictures (C, H, W):
    - W1: shape (F, C, filter_size, filter_size), b1: shape (F,): the filters. Their stride is
      1, and zeros are put around the picture so that its height and width stay as they are
    - W2: shape (D, hidden_dim), b2: shape (hidden_dim,), where D is how many numbers the pool
      leaves of a picture: its windows are 2x2, side by side
    - W3: shape (hidden_dim, num_classes), b3: shape (num_classes,)
    """

    def __init__(
        self,
        input_dim=(3, 32, 32),
        num_filters=32,
        filter_size=7,
        hidden_dim=100,
        num_classes=10,
        weight_scale=1e-3,
        reg=0.0,
        dtype=np.float32,
    ):
        """Small random weights, zero biases.

        Inputs:
        - input_dim: (C, H, W) of a picture; H and W are even, and may differ
        - num_filters, filter_size: F, and the side of a filter, an odd number
        - hidden_dim, num_classes: integers
        - weight_scale: standard deviation of the random weights (a normal distribution around 0)
        - reg: strength of the L2 regularisation
        - dtype: of all arrays in params
        """
        C, H, W = input_dim
        if H % 2 or W % 2 or filter_size % 2 == 0:
            raise ValueError("Height and width should be even, and filter_size odd.")
        self.reg = reg
        ### BEGIN SOLUTION
        shapes = {
            "W1": (num_filters, C, filter_size, filter_size),
            "W2": (num_filters * (H // 2) * (W // 2), hidden_dim),
            "W3": (hidden_dim, num_classes),
        }
        self.params = {}
        for number, (name, shape) in enumerate(shapes.items(), start=1):
            outputs = shape[0] if name == "W1" else shape[1]
            self.params[name] = (weight_scale * np.random.randn(*shape)).astype(dtype)
            self.params[f"b{number}"] = np.zeros(outputs, dtype=dtype)
        ### END SOLUTION

    def loss(self, X, y=None):
        """Scores of a batch; with labels, its loss and the gradients by all parameters.

        The loss is the softmax loss of the scores plus the regularisation
        0.5 * self.reg * (sum of the squares of all weights W1, W2 and W3; biases are left out).

        Inputs:
        - X: pictures, shape (N, C, H, W), of the size that the net was made for
        - y: right classes, integers in 0..num_classes-1, shape (N,), or None

        Take sizes from X and self.params, which may have been exchanged since __init__ ran. X, y
        and self.params stay as they are.

        Returns the scores, shape (N, num_classes), if y is None; otherwise a tuple of:
        - loss: one number
        - grads: dict with the keys of self.params; each gradient has the shape of its parameter
        """
        ### BEGIN SOLUTION
        W1, b1, W2, b2, W3, b3 = (self.params[k] for k in ("W1", "b1", "W2", "b2", "W3", "b3"))
        conv_param = {"stride": 1, "pad": (W1.shape[2] - 1) // 2}
        pool_param = {"stride": 2, "pool_height": 2, "pool_width": 2}

        a1, conv_cache = conv_forward(X, W1, b1, conv_param)
        h1, relu1_cache = relu_forward(a1)
        pooled, pool_cache = max_pool_forward(h1, pool_param)
        a2, affine2_cache = affine_forward(pooled, W2, b2)
        h2, relu2_cache = relu_forward(a2)
        scores, affine3_cache = affine_forward(h2, W3, b3)
        if y is None:
            return scores

        loss, dscores = softmax_loss(scores, y)
        grads = {}
        dh2, grads["W3"], grads["b3"] = affine_backward(dscores, affine3_cache)
        da2 = relu_backward(dh2, relu2_cache)
        dpooled, grads["W2"], grads["b2"] = affine_backward(da2, affine2_cache)
        dh1 = max_pool_backward(dpooled, pool_cache)
        da1 = relu_backward(dh1, relu1_cache)
        _, grads["W1"], grads["b1"] = conv_backward(da1, conv_cache)
        for name in ("W1", "W2", "W3"):
            loss += 0.5 * self.reg * np.sum(self.params[name] ** 2)
            grads[name] = grads[name] + self.reg * self.params[name]
        return loss, grads
        ### END SOLUTION


def expected_initial_loss(num_classes, params, reg):
    """The loss that a new net with small weights should have: that of guessing, and what reg adds.

    Inputs:
    - num_classes: C, an integer
    - params: dict of arrays; those whose names begin with "W" are weights, the others biases
    - reg: strength of the L2 regularisation, which adds 0.5 * reg * (sum of squares of all weights)

    Returns one number. It holds for the softmax loss, with scores that are all about the same.
    """
    squares = sum(np.sum(np.square(p)) for name, p in params.items() if name.startswith("W"))
    return np.log(num_classes) + 0.5 * reg * squares


def sgd_momentum(w, dw, config=None):
    """One step of gradient descent with momentum (Polyak, 1964).

    The velocity v keeps the part `momentum` of itself and is pushed by the gradient; then the
    weights move by it:

        v <- momentum * v - learning_rate * dw
        w <- w + v

    Inputs:
    - w: weights, floating point, any shape
    - dw: gradient of the loss with respect to w, same shape
    - config: dict of settings and memory, which may lack any of these, or be None:
      - learning_rate: 1e-2 where it is missing
      - momentum: 0.9 where it is missing
      - velocity: same shape as w; zeros where it is missing

    w and dw stay as they are. config may be changed, or a new one returned.

    Returns a tuple of:
    - next_w: the weights after the step, a new array
    - config: dict with the settings used and the new velocity, to be handed in with the next step
    """
    config = dict(config or {})
    config.setdefault("learning_rate", 1e-2)
    config.setdefault("momentum", 0.9)
    velocity = config.get("velocity", np.zeros_like(w))
    velocity = config["momentum"] * velocity - config["learning_rate"] * dw
    config["velocity"] = velocity
    return w + velocity, config


def adam(w, dw, config=None):
    """One step of Adam (Kingma and Ba, 2015, algorithm 1).

    m and v are running means of the gradient and of its square. Both begin at 0, and so are too
    small at first; dividing by 1 - beta^t makes up for that in step t, where t counts from 1.

        t <- t + 1
        m <- beta1 * m + (1 - beta1) * dw                m_hat = m / (1 - beta1^t)
        v <- beta2 * v + (1 - beta2) * dw^2              v_hat = v / (1 - beta2^t)
        w <- w - learning_rate * m_hat / (sqrt(v_hat) + epsilon)

    Inputs:
    - w: weights, floating point, any shape
    - dw: gradient of the loss with respect to w, same shape
    - config: dict of settings and memory, which may lack any of these, or be None:
      - learning_rate: 1e-3 where it is missing
      - beta1, beta2: 0.9 and 0.999 where they are missing
      - epsilon: 1e-8 where it is missing; it keeps the quotient finite
      - m, v: same shape as w, before the corrections (m, not m_hat); zeros where they are missing
      - t: steps done so far, an integer; 0 where it is missing

    w and dw stay as they are. config may be changed, or a new one returned.

    Returns a tuple of:
    - next_w: the weights after the step, a new array
    - config: dict with the settings used and the new m, v and t, to be handed in with the next step
    """
    usual = {"learning_rate": 1e-3, "epsilon": 1e-8, "beta1": 0.9, "beta2": 0.999, "t": 0}
    config = {**usual, **(config or {})}
    beta1, beta2 = config["beta1"], config["beta2"]
    t = config["t"] + 1
    m = beta1 * config.get("m", np.zeros_like(w)) + (1 - beta1) * dw
    v = beta2 * config.get("v", np.zeros_like(w)) + (1 - beta2) * dw**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    next_w = w - config["learning_rate"] * m_hat / (np.sqrt(v_hat) + config["epsilon"])
    return next_w, {**config, "m": m, "v": v, "t": t}


def minibatches(N, batch_size, seed):
    """Which pictures are seen together: an epoch's batches, in random order.

    Inputs:
    - N: number of pictures, an integer, 0 or more
    - batch_size: pictures in a batch; the last batch holds what is left, and so may be smaller
    - seed: integer, 0 or more. The same seed gives the same batches every time, another seed others

    Returns a list of arrays of integers: together they hold each number from 0 to N - 1 once. There
    is no empty batch (so none at all for N = 0).
    """
    order = np.random.default_rng(seed).permutation(N)
    return [order[start : start + batch_size] for start in range(0, N, batch_size)]


def train_epoch(net, X, y, batches, update, configs):
    """Train a net on one batch after another.

    For each batch: ask net.loss for the loss and the gradients of these pictures with their labels,
    and then update every parameter with its own gradient and its own config.

    Inputs:
    - net: has net.params, a dict of arrays, and net.loss(X, y), which returns (loss, grads)
    - X, y: pictures and labels, N of each; they stay as they are
    - batches: list of arrays of integers, the pictures of each batch, as minibatches returns them
    - update: function (w, dw, config) -> (next_w, config), such as sgd_momentum or adam
    - configs: dict, name of a parameter -> its config

    net.params and configs hold the new values afterwards.

    Returns the list of the losses, a number for each batch.
    """
    losses = []
    for batch in batches:
        loss, grads = net.loss(X[batch], y[batch])
        for name in grads:
            net.params[name], configs[name] = update(net.params[name], grads[name], configs[name])
        losses.append(float(loss))
    return losses


def confusion_matrix(y, predicted, num_classes):
    """Which classes are taken for which.

    Inputs:
    - y: right classes, integers in 0..num_classes-1, shape (N,)
    - predicted: what the net took them for, same shape
    - num_classes: C, an integer

    Returns an array of integers, shape (C, C): in row i, column j stands how many of the pictures
    of class i were taken for class j.
    """
    counts = np.zeros((num_classes, num_classes), dtype=int)
    np.add.at(counts, (y, predicted), 1)
    return counts
