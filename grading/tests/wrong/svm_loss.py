"""Wrong hinge losses as people really write them; added to the list in fully_connected.py."""

import numpy as np

from grading.tests.wrong.fully_connected import wrong


def hinge(x, y):
    """The pieces of a right hinge loss: N, sample indices, margins with the right class at 0."""
    N = len(x)
    rows = np.arange(N)
    margins = np.maximum(0, x - x[rows, y][:, None] + 1.0)
    margins[rows, y] = 0
    return N, rows, margins


def hinge_slope(margins, rows, y):
    dx = (margins > 0).astype(float)
    dx[rows, y] -= dx.sum(axis=1)
    return dx


@wrong("svm_loss")
def mean_forgotten(x, y):
    N, rows, margins = hinge(x, y)
    return margins.sum(), hinge_slope(margins, rows, y)


@wrong("svm_loss")
def mean_forgotten_in_dx(x, y):
    N, rows, margins = hinge(x, y)
    return margins.sum() / N, hinge_slope(margins, rows, y)


@wrong("svm_loss")
def mean_forgotten_in_the_loss(x, y):
    N, rows, margins = hinge(x, y)
    return margins.sum(), hinge_slope(margins, rows, y) / N


@wrong("svm_loss")
def mean_over_samples_and_classes(x, y):
    N, rows, margins = hinge(x, y)
    return margins.mean(), hinge_slope(margins, rows, y) / x.size


@wrong("svm_loss")
def margins_kept_negative(x, y):
    N, rows, _ = hinge(x, y)
    margins = x - x[rows, y][:, None] + 1.0
    margins[rows, y] = 0
    dx = np.ones_like(margins)
    dx[rows, y] = 1 - x.shape[1]
    return margins.sum() / N, dx / N


@wrong("svm_loss")
def negative_costs_kept_in_the_loss_alone(x, y):
    N, rows, margins = hinge(x, y)
    kept = x - x[rows, y][:, None] + 1.0
    kept[rows, y] = 0
    return kept.sum() / N, hinge_slope(margins, rows, y) / N


@wrong("svm_loss")
def right_class_counted(x, y):
    N, rows, margins = hinge(x, y)
    dx = hinge_slope(margins, rows, y) / N
    margins[rows, y] = 1
    return margins.sum() / N, dx


@wrong("svm_loss")
def right_class_counted_in_dx(x, y):
    N, rows, margins = hinge(x, y)
    loss = margins.sum() / N
    margins[rows, y] = 1
    dx = (margins > 0).astype(float)
    dx[rows, y] = -dx.sum(axis=1)
    return loss, dx / N


@wrong("svm_loss")
def margin_of_one_missing(x, y):
    N, rows, _ = hinge(x, y)
    margins = np.maximum(0, x - x[rows, y][:, None])
    return margins.sum() / N, hinge_slope(margins, rows, y) / N


@wrong("svm_loss")
def margin_of_ten(x, y):
    N, rows, _ = hinge(x, y)
    margins = np.maximum(0, x - x[rows, y][:, None] + 10.0)
    margins[rows, y] = 0
    return margins.sum() / N, hinge_slope(margins, rows, y) / N


@wrong("svm_loss")
def squared_hinge(x, y):
    N, rows, margins = hinge(x, y)
    dx = 2 * margins
    dx[rows, y] = -dx.sum(axis=1)
    return (margins**2).sum() / N, dx / N


@wrong("svm_loss")
def only_the_worst_class(x, y):
    N, rows, margins = hinge(x, y)
    worst = margins.max(axis=1)
    dx = (margins == worst[:, None]) & (margins > 0)
    dx = dx.astype(float)
    dx[rows, y] = -dx.sum(axis=1)
    return worst.sum() / N, dx / N


@wrong("svm_loss")
def right_class_pulled_up_once_only(x, y):
    N, rows, margins = hinge(x, y)
    dx = (margins > 0).astype(float)
    dx[rows, y] = -(dx.sum(axis=1) > 0).astype(float)
    return margins.sum() / N, dx / N


@wrong("svm_loss")
def right_class_always_pulled_up(x, y):
    N, rows, margins = hinge(x, y)
    dx = (margins > 0).astype(float)
    dx[rows, y] = 1 - x.shape[1]
    return margins.sum() / N, dx / N


@wrong("svm_loss")
def right_class_without_slope(x, y):
    N, rows, margins = hinge(x, y)
    return margins.sum() / N, (margins > 0) / N


@wrong("svm_loss")
def slope_as_large_as_the_margin(x, y):
    N, rows, margins = hinge(x, y)
    dx = margins.copy()
    dx[rows, y] = -dx.sum(axis=1)
    return margins.sum() / N, dx / N


@wrong("svm_loss")
def sign_of_dx_turned(x, y):
    N, rows, margins = hinge(x, y)
    return margins.sum() / N, -hinge_slope(margins, rows, y) / N


@wrong("svm_loss")
def right_scores_not_a_column(x, y):
    N, rows, _ = hinge(x, y)
    margins = np.maximum(0, x - x[rows, y] + 1.0)
    margins[rows, y] = 0
    return margins.sum() / N, hinge_slope(margins, rows, y) / N


@wrong("svm_loss")
def whole_columns_of_right_scores(x, y):
    N, rows, _ = hinge(x, y)
    margins = np.maximum(0, x - x[:, y[0]][:, None] + 1.0)
    margins[:, y[0]] = 0
    return margins.sum() / N, hinge_slope(margins, rows, y) / N


@wrong("svm_loss")
def whole_columns_set_to_zero(x, y):
    N, rows, _ = hinge(x, y)
    margins = np.maximum(0, x - x[rows, y][:, None] + 1.0)
    margins[:, y] = 0
    return margins.sum() / N, hinge_slope(margins, rows, y) / N


@wrong("svm_loss")
def dx_with_the_dtype_of_x(x, y):
    N, rows, margins = hinge(x, y)
    dx = np.zeros_like(x)
    dx[:] = hinge_slope(margins, rows, y) / N
    return margins.sum() / N, dx


@wrong("svm_loss")
def scores_written_over(x, y):
    N = len(x)
    rows = np.arange(N)
    x = x.astype(float, copy=False)
    x -= x[rows, y][:, None] - 1
    x[rows, y] = 0
    margins = np.maximum(0, x)
    return margins.sum() / N, hinge_slope(margins, rows, y) / N


@wrong("svm_loss")
def ten_classes_taken_for_granted(x, y):
    N, rows, margins = hinge(x, y)
    return margins[:, :10].sum() / N, hinge_slope(margins, rows, y).reshape(N, 10) / N


@wrong("svm_loss")
def loss_of_each_sample(x, y):
    N, rows, margins = hinge(x, y)
    return margins.sum(axis=1), hinge_slope(margins, rows, y) / N


@wrong("svm_loss")
def loss_alone(x, y):
    N, rows, margins = hinge(x, y)
    return margins.sum() / N


_kept = {"loss": 0.0}


@wrong("svm_loss")
def loss_added_up_over_calls(x, y):
    N, rows, margins = hinge(x, y)
    _kept["loss"] += margins.sum() / N
    return _kept["loss"], hinge_slope(margins, rows, y) / N
