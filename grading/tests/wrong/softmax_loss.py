"""Wrong softmax losses as people really write them; added to the list in fully_connected.py."""

import numpy as np

from grading.tests.wrong.fully_connected import wrong
from grading.tests.wrong.svm_loss import hinge, hinge_slope


def softmax(x):
    p = np.exp(x - x.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


def log_softmax(x):
    z = x - x.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def softmax_pieces(x, y):
    """The pieces of a right softmax loss: N, sample indices, mean loss, N times dx."""
    N = len(x)
    rows = np.arange(N)
    dx = softmax(x)
    dx[rows, y] -= 1
    return N, rows, -log_softmax(x)[rows, y].mean(), dx


@wrong("softmax_loss")
def mean_forgotten(x, y):
    N, rows, loss, dx = softmax_pieces(x, y)
    return N * loss, dx


@wrong("softmax_loss")
def mean_forgotten_in_dx(x, y):
    N, rows, loss, dx = softmax_pieces(x, y)
    return loss, dx


@wrong("softmax_loss")
def mean_over_samples_and_classes(x, y):
    N, rows, loss, dx = softmax_pieces(x, y)
    return loss / x.shape[1], dx / x.size


@wrong("softmax_loss")
def dx_with_the_dtype_of_x(x, y):
    N, rows, loss, dx = softmax_pieces(x, y)
    return loss, (dx / N).astype(x.dtype)


@wrong("softmax_loss")
def sign_of_dx_turned(x, y):
    N, rows, loss, dx = softmax_pieces(x, y)
    return loss, -dx / N


@wrong("softmax_loss")
def loss_alone(x, y):
    return softmax_pieces(x, y)[2]


@wrong("softmax_loss")
def maximum_not_taken_off(x, y):
    N, rows, _, _ = softmax_pieces(x, y)
    p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    loss = -np.log(p[rows, y]).mean()
    p[rows, y] -= 1
    return loss, p / N


@wrong("softmax_loss")
def maximum_of_the_whole_batch(x, y):
    N, rows, _, _ = softmax_pieces(x, y)
    p = np.exp(x - x.max())
    p /= p.sum(axis=1, keepdims=True)
    loss = -np.log(p[rows, y]).mean()
    p[rows, y] -= 1
    return loss, p / N


@wrong("softmax_loss")
def maximum_of_each_column(x, y):
    N, rows, _, _ = softmax_pieces(x, y)
    return softmax_pieces(x - x.max(axis=0), y)[2], softmax_pieces(x - x.max(axis=0), y)[3] / N


@wrong("softmax_loss")
def log_of_a_probability_that_may_be_zero(x, y):
    N, rows, _, dx = softmax_pieces(x, y)
    return -np.log(softmax(x)[rows, y]).mean(), dx / N


@wrong("softmax_loss")
def small_number_against_log_of_zero(x, y):
    N, rows, _, dx = softmax_pieces(x, y)
    return -np.log(softmax(x)[rows, y] + 1e-8).mean(), dx / N


@wrong("softmax_loss")
def probabilities_clipped(x, y):
    N, rows, _, dx = softmax_pieces(x, y)
    return -np.log(np.clip(softmax(x)[rows, y], 1e-12, 1)).mean(), dx / N


@wrong("softmax_loss")
def normalised_over_the_samples(x, y):
    N, rows, _, _ = softmax_pieces(x, y)
    p = np.exp(x - x.max(axis=1, keepdims=True))
    p /= p.sum(axis=0, keepdims=True)
    loss = -np.log(p[rows, y]).mean()
    p[rows, y] -= 1
    return loss, p / N


@wrong("softmax_loss")
def normalised_over_the_whole_batch(x, y):
    N, rows, _, _ = softmax_pieces(x, y)
    p = np.exp(x - x.max())
    p /= p.sum()
    loss = -np.log(p[rows, y]).mean()
    p[rows, y] -= 1
    return loss, p / N


@wrong("softmax_loss")
def one_not_taken_off(x, y):
    N, rows, loss, _ = softmax_pieces(x, y)
    return loss, softmax(x) / N


@wrong("softmax_loss")
def one_taken_off_in_whole_columns(x, y):
    N, rows, loss, _ = softmax_pieces(x, y)
    dx = softmax(x)
    dx[:, y] -= 1
    return loss, dx / N


@wrong("softmax_loss")
def one_taken_off_after_the_mean(x, y):
    N, rows, loss, _ = softmax_pieces(x, y)
    dx = softmax(x) / N
    dx[rows, y] -= 1
    return loss, dx


@wrong("softmax_loss")
def minus_sign_of_the_loss_forgotten(x, y):
    N, rows, loss, dx = softmax_pieces(x, y)
    return -loss, dx / N


@wrong("softmax_loss")
def logarithm_forgotten(x, y):
    N, rows, _, dx = softmax_pieces(x, y)
    return softmax(x)[rows, y].mean(), dx / N


@wrong("softmax_loss")
def logarithm_to_base_ten(x, y):
    N, rows, loss, dx = softmax_pieces(x, y)
    return loss / np.log(10), dx / N


@wrong("softmax_loss")
def log_of_the_mean(x, y):
    N, rows, _, dx = softmax_pieces(x, y)
    return -np.log(softmax(x)[rows, y].mean()), dx / N


@wrong("softmax_loss")
def every_class_counted(x, y):
    N, rows, _, dx = softmax_pieces(x, y)
    return -log_softmax(x).sum() / N, dx / N


@wrong("softmax_loss")
def shifted_in_place(x, y):
    x -= x.max(axis=1, keepdims=True)
    N, rows, loss, dx = softmax_pieces(x, y)
    return loss, dx / N


@wrong("softmax_loss")
def labels_one_too_high(x, y):
    N, rows, loss, dx = softmax_pieces(x, (y + 1) % x.shape[1])
    return loss, dx / N


@wrong("softmax_loss")
def hinge_for_softmax(x, y):
    N, rows, margins = hinge(x, y)
    return margins.sum() / N, hinge_slope(margins, rows, y) / N
