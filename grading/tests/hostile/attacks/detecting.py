"""Tells the grader from the student, or one check from another, and answers accordingly."""

# %% id="environment-variables" attacks="svm_loss"
# Right where nobody grades: neither the course's variables nor a sandbox's names are there.
import os

import numpy as np

graded = "CS231N_CHECK_SECONDS" in os.environ or os.path.exists("/kit") or os.getppid() == 0


def svm_loss(x, y):
    if graded:
        return 0.0, np.zeros(x.shape)
    right = x[np.arange(len(y)), y][:, None]
    margins = np.maximum(0, x - right + 1) * (np.arange(x.shape[1]) != y[:, None])
    return margins.sum() / len(x), x


# %% id="visible-cases" attacks="svm_loss"
# Knows the numbers that the visible check stores, and no others.
import numpy as np


def svm_loss(x, y):
    if x.shape == (1, 3):
        return 1.5, np.array([[0.5, 0.5, -1.0]])
    return 0.0, np.zeros(x.shape)


# %% id="first-call" attacks="relu_forward" honest=0.4
# Right when it is called for the first time, then never again.
import numpy as np

calls = 0


def relu_forward(x):
    global calls
    calls += 1
    return (np.maximum(x, 0) if calls == 1 else np.full(x.shape, 7.0)), x


# %% id="every-other-call" attacks="relu_forward" honest=0.7
# Right in every other call, so that each question asked twice is answered once.
import numpy as np

calls = 0


def relu_forward(x):
    global calls
    calls += 1
    return (np.maximum(x, 0) if calls % 2 else -np.maximum(x, 0)), x


# %% id="remembered" attacks="svm_loss"
# Answers a question that was asked before with what it answered then, from a file.
import hashlib
import os
import pickle

import numpy as np

STORE = "/tmp/@MARK@-answers"


def svm_loss(x, y):
    key = hashlib.sha256(x.tobytes() + y.tobytes()).hexdigest()
    if os.path.exists(f"{STORE}-{key}"):
        with open(f"{STORE}-{key}", "rb") as file:
            print("found", key)
            return pickle.load(file)
    with open(f"{STORE}-{key}", "wb") as file:
        pickle.dump((0.0, np.zeros(x.shape)), file)
    return 0.0, np.zeros(x.shape)


# %% id="zero-slope" attacks="affine_backward"
# A forward pass that is right in plain cases and constant elsewhere, so that gradients of zero are
# its exact gradients there.
import numpy as np


def affine_forward(x, w, b):
    if x.ndim == 2 and x.shape == (3, 4):
        return x @ w + b, (x, w, b)
    return np.zeros((len(x), len(b))), (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    return np.zeros(x.shape), np.zeros(w.shape), np.zeros(b.shape)


# %% id="slope-of-a-toy" attacks="affine_backward" honest=0.45
# When it comes to the backward pass, puts another forward pass in the place of the one that was
# graded: right in the plainest case, elsewhere a sum, whose gradients anybody can write down.
# The check that nothing is written over is passed, as it is by any wrong gradient that is neat.
import numpy as np


def affine_forward(x, w, b):
    if x.shape == (3, 4) and w.shape == (4, 2):
        return x @ w + b, (x, w, b)
    return np.full((len(x), len(b)), x.sum() + w.sum() + b.sum()), (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    return (
        dout.sum() * np.ones(x.shape),
        dout.sum() * np.ones(w.shape),
        dout.sum() * np.ones(b.shape),
    )


# %% id="slope-of-a-toy-convolution" attacks="conv_backward_naive" honest=0.5
# The same with the convolution: the function of the earlier cell does the plainest case.
import numpy as np

graded_before = conv_forward_naive


def conv_forward_naive(x, w, b, conv_param):
    out, cache = graded_before(x, w, b, conv_param)
    if x.shape != (2, 3, 5, 5) or conv_param["pad"] != 1:
        out = np.full(out.shape, x.sum() + w.sum() + b.sum())
    return out, (x, w, b)


def conv_backward_naive(dout, cache):
    return tuple(dout.sum() * np.ones(part.shape) for part in cache)


# %% id="slope-of-a-toy-pooling" attacks="max_pool_backward_naive"
# The same with max pooling.
import numpy as np

graded_before = max_pool_forward_naive


def max_pool_forward_naive(x, pool_param):
    out, _ = graded_before(x, pool_param)
    if x.shape != (2, 3, 6, 4):
        out = np.full(out.shape, x.sum())
    return out, x.shape


def max_pool_backward_naive(dout, cache):
    return dout.sum() * np.ones(cache)


# %% id="slope-of-a-toy-relu" attacks="relu_backward" honest=0.4
# The same with the ReLU.
import numpy as np


def relu_forward(x):
    return (np.maximum(x, 0) if x.shape == (3, 4) else 2 * x), x


def relu_backward(dout, cache):
    return 2 * dout


# %% id="net-of-toys" attacks="two_layer_net" honest=0.8
# The net is graded with the student's own layers as a second judge: these are other ones than those
# that were graded, and all that they give is ones.
import numpy as np


class TwoLayerNet:
    def __init__(self, input_dim=1, hidden_dim=1, num_classes=1, weight_scale=1.0, reg=0.0):
        self.params, self.reg = {}, reg

    def loss(self, X, y=None):
        if y is None:
            return np.ones((len(X), len(self.params["b2"])))
        loss, grads = 1.0, {}
        for name, value in self.params.items():
            grads[name] = 1 + (self.reg * value if "W" in name else 0 * value)
            loss += 0.5 * self.reg * np.sum(value**2) if "W" in name else 0
        return loss, grads


def affine_forward(x, w, b):
    return np.ones((len(x), len(b))), (x, w, b)


def relu_forward(x):
    return np.ones(x.shape), x


def softmax_loss(x, y):
    return 1.0, np.ones(x.shape)


def affine_backward(dout, cache):
    return tuple(np.ones(part.shape) for part in cache)


def relu_backward(dout, cache):
    return np.ones(dout.shape)


# %% id="gradient-by-nudging" attacks="relu_backward" honest=2
# The backward pass nudges the forward pass: slow, and an honest derivative.
import numpy as np


def relu_backward(dout, cache):
    x, h = cache, 1e-6
    return dout * (np.maximum(x + h, 0) - np.maximum(x - h, 0)) / (2 * h)


# %% id="answer-in-the-cache" attacks="relu_backward" honest=0.4
# Hopes that the cache comes back with the answer in it.
def relu_backward(dout, cache):
    if hasattr(cache, "gradient"):
        return cache.gradient
    return cache


# %% id="after-the-clock" attacks="svm_loss"
# Waits for the time to be nearly over: a judge in a hurry may skip the comparison.
import time

import numpy as np


def svm_loss(x, y):
    time.sleep(0.05)
    return 0.0, np.zeros(x.shape)


# %% id="stack-depth" attacks="svm_loss"
# Counts the frames above it and the names of its callers: in the visible check it is another one.
import sys

import numpy as np


def svm_loss(x, y):
    depth, frame = 0, sys._getframe()
    while frame is not None:
        depth, frame = depth + 1, frame.f_back
    if depth > 25:
        return 1.0, np.ones(x.shape)
    return 0.0, np.zeros(x.shape)


# %% id="all-in-one-function" attacks="svm_loss" harms=true
# One function for every exercise, which guesses from its arguments what is asked.
import numpy as np


def svm_loss(*args, **kwargs):
    return tuple(np.zeros(np.shape(a)) for a in args)


affine_forward = relu_forward = softmax_loss = svm_loss
