"""Checking a gradient against centred differences.

The derivative of a function can always be measured: nudge the input both ways, look how far the
output moves, divide. It is slow and slightly inexact, and it needs no calculus, which makes it the
judge of every backward pass in this course.

Everything is computed in float64, whatever dtype comes in. In float32 a step of 1e-5 moves the
output by little more than its rounding error, and an integer array cannot hold a nudge at all.

    f(x + h) - f(x - h)
    -------------------      is off by O(h^2) for its formula and by O(eps / h) for rounding,
            2h               which balance near h = eps^(1/3), about 1e-5 in float64.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


def relative_error(a, b, tiny: float = 1e-8) -> float:
    """The largest relative difference between two arrays: max |a - b| / max(|a| + |b|, tiny).

    Inputs:
    - a, b: arrays (or numbers) of the same shape, any real dtype, compared in float64
    - tiny: sums |a| + |b| below this count as this, so that rounding noise around zero is not
      mistaken for an error, and two zeros give 0

    Returns a float between 0 (equal) and 1 (as different as can be), or inf where either array
    holds a value that is not finite. Empty arrays give 0.

    Raises ValueError when the shapes differ in any way: (3, 1) against (3,) would otherwise be
    broadcast to (3, 3), and nine numbers compared in place of three.
    """
    a, b = _as_float64(a, "a"), _as_float64(b, "b")
    if a.shape != b.shape:
        hint = " Both hold as many values: is a reshape missing?" if a.size == b.size else ""
        raise ValueError(
            f"relative_error compares arrays of one shape, but a is {a.shape} and b is {b.shape}."
            + hint
        )
    if a.size == 0:
        return 0.0
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return float("inf")
    # Halves, so that |a| + |b| cannot overflow.
    difference = np.abs(a / 2 - b / 2)
    size = np.maximum(np.abs(a / 2) + np.abs(b / 2), tiny / 2)
    return float(np.max(difference / size))


def numeric_gradient(f: Callable, x, df=None, h: float = 1e-5) -> np.ndarray:
    """The gradient of sum(f(x) * df) with respect to x, one coordinate at a time.

    Inputs:
    - f: function of one array. It is given a fresh float64 copy of x each time. A function that
      ignores its argument and reads the array x itself (`lambda _: net.loss(X, y)[0]`) works too,
      provided x is a writable float64 array.
    - x: array or number, any real dtype, any memory order; unchanged afterwards
    - df: the gradient arriving from above, in the shape of f(x); None when f(x) is one number
    - h: how far each value is moved, both ways

    Returns an array of x's shape, float64. It costs 2 evaluations of f for each value of x.

    Raises ValueError when df does not have the shape of f(x), or h vanishes beside a value of x.
    """
    point, value = _objective(f, x, df, h)
    gradient = np.zeros_like(point)
    for index in np.ndindex(point.shape):
        gradient[index] = _slope(value, point, index, h)
    return gradient


def directional_derivative(f: Callable, x, direction, df=None, h: float = 1e-5) -> float:
    """How fast sum(f(x) * df) grows as x moves along a direction.

    It equals np.sum(gradient * direction), so one random direction tests a whole backward pass for
    the price of two forward passes: a wrong gradient has hardly a chance to agree.

    Inputs:
    - f, x, df: as in numeric_gradient
    - direction: array of x's shape; its length counts (twice as long, twice the derivative)
    - h: x moves to x + h * direction and to x - h * direction

    Returns a float. Raises ValueError when direction does not have the shape of x.
    """
    point, value = _objective(f, x, df, h)
    direction = _as_float64(direction, "direction")
    if direction.shape != point.shape:
        raise ValueError(
            f"direction should have the shape of x, {point.shape}, but it has {direction.shape}."
        )
    return (value(point + h * direction) - value(point - h * direction)) / (2 * h)


@dataclass(frozen=True)
class SparseReport:
    """What sparse_gradient_check found. `print(report)` shows it as a table.

    - indices: list of the coordinates tried, each a tuple
    - numeric, analytic: float64 arrays of shape (len(indices),)
    - errors: float64 array of shape (len(indices),), relative error at each
    """

    indices: list[tuple[int, ...]]
    numeric: np.ndarray
    analytic: np.ndarray
    errors: np.ndarray

    @property
    def worst(self) -> float:
        """The largest relative error (0 when nothing was tried)."""
        return float(self.errors.max()) if self.errors.size else 0.0

    def __str__(self) -> str:
        lines = [f"{'index':>20} {'numeric':>15} {'analytic':>15} {'relative error':>15}"]
        for index, *figures in zip(self.indices, self.numeric, self.analytic, self.errors):
            numeric, analytic, error = figures
            lines.append(f"{index!s:>20} {numeric:15.6e} {analytic:15.6e} {error:15.2e}")
        return "\n".join(lines)


def sparse_gradient_check(
    f: Callable, x, gradient, df=None, num_checks: int = 10, h: float = 1e-5, seed: int = 0
) -> SparseReport:
    """Compare a gradient with centred differences at a few random coordinates.

    For weights too many to try one by one.

    Inputs:
    - f, x, df, h: as in numeric_gradient
    - gradient: the gradient to be checked, array of x's shape
    - num_checks: how many different coordinates to try (all of them, if there are fewer)
    - seed: which coordinates; the same seed tries the same ones

    Returns a SparseReport; `report.worst` is the largest relative error.
    Raises ValueError when gradient does not have the shape of x.
    """
    point, value = _objective(f, x, df, h)
    gradient = _as_float64(gradient, "gradient")
    if gradient.shape != point.shape:
        raise ValueError(
            f"A gradient has the shape of what it is taken by: x is {point.shape}, "
            f"but gradient is {gradient.shape}."
        )
    rng = np.random.default_rng(seed)
    chosen = rng.choice(point.size, size=min(num_checks, point.size), replace=False)
    indices = [tuple(int(i) for i in np.unravel_index(k, point.shape)) for k in chosen]
    numeric = np.array([_slope(value, point, index, h) for index in indices])
    analytic = np.array([gradient[index] for index in indices])
    errors = np.array([relative_error(n, a) for n, a in zip(numeric, analytic)])
    return SparseReport(indices, numeric, analytic, errors)


def _slope(value: Callable, point: np.ndarray, index: tuple[int, ...], h: float) -> float:
    """The centred difference of value at one coordinate of point."""
    right, left = point.copy(), point.copy()
    right[index] += h
    left[index] -= h
    # The step really taken: point[index] + h is rounded, and h itself is not what was added.
    step = float(right[index] - left[index])
    if step == 0:
        raise ValueError(
            f"The step h = {h:g} vanishes beside x[{', '.join(map(str, index))}] = "
            f"{point[index]:g}. Scale x down, or take a larger h."
        )
    return (value(right) - value(left)) / step


def _objective(f: Callable, x, df, h: float) -> tuple[np.ndarray, Callable]:
    """x as a float64 copy, and the function of one array that is differentiated: sum(f * df)."""
    if not (np.isfinite(h) and h > 0):
        raise ValueError(f"The step h should be a positive number such as 1e-5, but it is {h}.")
    point = np.array(_as_float64(x, "x"))
    weights = None if df is None else _as_float64(df, "df")
    first = np.asarray(f(point.copy()))
    _check_output(first, weights)
    f = _follow_nudges(f, x, point, first, h)

    def value(moved: np.ndarray) -> float:
        out = _as_float64(f(moved), "f(x)")
        return float(np.sum(out if weights is None else out * weights))

    return point, value


def _check_output(out: np.ndarray, weights: np.ndarray | None) -> None:
    if weights is None and out.size != 1:
        raise ValueError(
            f"f(x) has shape {out.shape}, so it is not clear which gradient is meant. Give df, an "
            "array of that shape (the gradient from above), or let f return one number."
        )
    if weights is not None and out.shape != weights.shape:
        raise ValueError(f"df should have the shape of f(x), {out.shape}, but has {weights.shape}.")
    if out.dtype in (np.float16, np.float32):
        warnings.warn(
            f"f returned {out.dtype} although its input was float64, so differences of it are "
            "mostly rounding error. Keep all of f's arrays in float64 while checking gradients.",
            stacklevel=4,
        )


def _follow_nudges(f: Callable, x, point: np.ndarray, first: np.ndarray, h: float) -> Callable:
    """f, or, where f ignores its argument, f with the caller's array x itself nudged as it runs."""
    nudge = h * np.random.default_rng(0).uniform(0.5, 1.5, point.shape)
    if point.size == 0 or not np.array_equal(first, f(point + nudge), equal_nan=True):
        return f
    if not (isinstance(x, np.ndarray) and x.dtype == np.float64 and x.flags.writeable):
        warnings.warn(
            "f(x) did not change when x was nudged. If f reads a variable of its own and not its "
            "argument, the numeric gradient comes out as zero: use the argument inside f, or make "
            "x a writable float64 array.",
            stacklevel=4,
        )
        return f

    def f_reading_x(moved: np.ndarray):
        x[...] = moved
        try:
            return np.array(f(moved))
        finally:
            x[...] = point

    return f_reading_x


def _as_float64(value, name: str) -> np.ndarray:
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} should hold real numbers, but its dtype is {array.dtype}.")
    return array.astype(np.float64, copy=False)


# The names and the order of arguments that CS231n's notebooks use.


def eval_numerical_gradient(f: Callable, x, verbose: bool = True, h: float = 1e-5) -> np.ndarray:
    """numeric_gradient of a function that returns one number; verbose prints each coordinate."""
    gradient = numeric_gradient(f, x, h=h)
    if verbose:
        for index in np.ndindex(gradient.shape):
            print(index, gradient[index])
    return gradient


def eval_numerical_gradient_array(f: Callable, x, df, h: float = 1e-5) -> np.ndarray:
    """numeric_gradient of a function that returns an array."""
    return numeric_gradient(f, x, df, h)


def grad_check_sparse(
    f: Callable, x, analytic_grad, num_checks: int = 10, h: float = 1e-5
) -> SparseReport:
    """sparse_gradient_check of a function that returns one number; prints the report."""
    report = sparse_gradient_check(f, x, analytic_grad, num_checks=num_checks, h=h)
    print(report)
    return report


rel_error = relative_error
