"""Reference solutions of the notebook 1_fully_connected.

Each function is one formula of the notebook, written with whole arrays wherever that reads as
easily as the formula. The build shows these functions in the instructor's notebook; students get
the signature and the docstring, which is the exercise's text.
"""

import numpy as np


def affine_forward(x, w, b):
    """Fully connected (affine) layer, forward: every output is a weighted sum of all inputs.

    Each of the N samples, whatever its shape, is laid out as one row of D numbers (in the order
    that NumPy's reshape gives), multiplied by the weights, and the biases are added.

    Inputs:
    - x: samples, shape (N, d_1, ..., d_k), for example pictures (N, C, H, W); D = d_1 * ... * d_k.
      They may hold integers (uint8, say): out is floating point all the same.
    - w: weights, shape (D, M): one column for each of the M neurons
    - b: biases, shape (M,)

    Leave x, w and b as they are. float64 input gives results to float64's precision.

    Returns a tuple of:
    - out: shape (N, M)
    - cache: whatever your backward pass needs, for example (x, w, b)
    """
    rows = x.reshape(x.shape[0], -1)  # (N, D)
    out = rows @ w + b
    cache = (x, w, b)
    return out, cache


def affine_backward(dout, cache):
    """Fully connected layer, backward: from the gradient of the output to those of x, w and b.

    Inputs:
    - dout: gradient of the loss with respect to out, shape (N, M)
    - cache: what your affine_forward returned. Leave it, and dout, as they are: the same cache
      may be asked for its gradients again.

    Returns a tuple of:
    - dx: gradient with respect to x, in the shape that x came in, (N, d_1, ..., d_k)
    - dw: gradient with respect to w, shape (D, M), summed over the samples (not averaged: the
      loss, which divides by N, has seen to that)
    - db: gradient with respect to b, shape (M,)
    """
    x, w, _ = cache
    rows = x.reshape(x.shape[0], -1)  # (N, D)
    dx = (dout @ w.T).reshape(x.shape)
    dw = rows.T @ dout
    db = dout.sum(axis=0)
    return dx, dw, db


def relu_forward(x):
    """Rectified linear unit, forward: what is positive passes, what is negative becomes 0.

    Inputs:
    - x: any shape. Leave it as it is: out is a new array.

    Returns a tuple of:
    - out: same shape as x
    - cache: whatever your backward pass needs, for example x
    """
    out = np.maximum(x, 0)
    cache = x
    return out, cache


def relu_backward(dout, cache):
    """Rectified linear unit, backward: the gradient passes exactly where the value passed.

    Inputs:
    - dout: gradient of the loss with respect to out, any shape
    - cache: what your relu_forward returned. Leave it, and dout, as they are.

    Returns dx, the gradient with respect to x, same shape as dout. At x = 0 exactly, where there
    is no slope, take 0 (the checks stay away from that point).
    """
    x = cache
    dx = dout * (x > 0)
    return dx


def svm_loss(x, y):
    """Multiclass hinge loss (Weston and Watkins, 1999) of a batch of scores, and its gradient.

    A sample whose right class is y loses max(0, x_j - x_y + 1) for every other class j: nothing
    where the right class leads by the margin of 1 or more. The loss is the mean over the samples
    of these sums.

    Inputs:
    - x: scores, shape (N, C). They may hold integers: loss and dx are floating point all the
      same. Leave x as it is.
    - y: right classes, integers in 0..C-1, shape (N,)

    Returns a tuple of:
    - loss: one number
    - dx: gradient of the loss with respect to x, shape (N, C)
    """
    N = x.shape[0]
    samples = np.arange(N)
    right = x[samples, y].reshape(N, 1)  # the score of the right class, a column
    margins = np.maximum(0.0, x - right + 1)
    margins[samples, y] = 0
    loss = margins.sum() / N

    dx = (margins > 0) / N  # a class inside the margin pushes its own score down ...
    dx[samples, y] = -dx.sum(axis=1)  # ... and the right one up
    return loss, dx


def softmax_loss(x, y):
    """Cross-entropy loss of the softmax of a batch of scores, and its gradient.

    The softmax turns a row of scores into probabilities, p_j = exp(x_j) / sum_k exp(x_k). A sample
    whose right class is y loses -log p_y; the loss is the mean over the samples.

    Finite scores give a finite, exact loss and gradient, however large they are (1e5, say) and
    however far apart: mind exp of a large number, and the log of a p_y that has become 0.

    Inputs:
    - x: scores, shape (N, C). They may hold integers: loss and dx are floating point all the
      same. Leave x as it is.
    - y: right classes, integers in 0..C-1, shape (N,)

    Returns a tuple of:
    - loss: one number
    - dx: gradient of the loss with respect to x, shape (N, C)
    """
    N = x.shape[0]
    samples = np.arange(N)
    shifted = x - x.max(axis=1, keepdims=True)  # the softmax stays the same; exp cannot overflow
    log_sum = np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    log_p = shifted - log_sum  # (N, C); no log of a quotient that may be 0
    loss = -log_p[samples, y].sum() / N

    dx = np.exp(log_p)
    dx[samples, y] -= 1
    dx /= N
    return loss, dx


class TwoLayerNet:
    """A net with one hidden layer: affine - ReLU - affine - softmax loss.

    params: dict of the arrays that training changes:
    - W1: shape (D, H), b1: shape (H,): first layer, from D numbers a sample to H hidden neurons
    - W2: shape (H, C), b2: shape (C,): second layer, from there to the scores of C classes
    """

    def __init__(
        self, input_dim=3 * 32 * 32, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0
    ):
        """Small random weights, zero biases.

        Inputs:
        - input_dim, hidden_dim, num_classes: D, H and C, integers
        - weight_scale: standard deviation of the random weights
        - reg: strength of the L2 regularisation
        """
        self.reg = reg
        self.params = {
            "W1": weight_scale * np.random.randn(input_dim, hidden_dim),
            "b1": np.zeros(hidden_dim),
            "W2": weight_scale * np.random.randn(hidden_dim, num_classes),
            "b2": np.zeros(num_classes),
        }

    def loss(self, X, y=None):
        """Scores of a batch; with labels, its loss and the gradients by all parameters.

        The loss is the softmax loss of the scores plus the regularisation
        0.5 * self.reg * (sum of the squares of all weights W1 and W2; biases are left out).
        Use the layers that you wrote above.

        Inputs:
        - X: samples, shape (N, d_1, ..., d_k) with d_1 * ... * d_k = D
        - y: right classes, integers in 0..C-1, shape (N,), or None

        Returns the scores, shape (N, C), if y is None; otherwise a tuple of:
        - loss: one number
        - grads: dict with the keys of self.params; each gradient has the shape of its parameter.
          self.params itself stays as it is.
        """
        ### BEGIN SOLUTION
        W1, b1, W2, b2 = (self.params[name] for name in ("W1", "b1", "W2", "b2"))
        a1, affine1_cache = affine_forward(X, W1, b1)
        h1, relu_cache = relu_forward(a1)
        scores, affine2_cache = affine_forward(h1, W2, b2)
        if y is None:
            return scores

        loss, dscores = softmax_loss(scores, y)
        loss += 0.5 * self.reg * (np.sum(W1 * W1) + np.sum(W2 * W2))

        dh1, dW2, db2 = affine_backward(dscores, affine2_cache)
        da1 = relu_backward(dh1, relu_cache)
        _, dW1, db1 = affine_backward(da1, affine1_cache)
        dW1 += self.reg * W1
        dW2 += self.reg * W2
        return loss, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}
        ### END SOLUTION
