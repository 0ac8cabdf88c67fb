"""Hidden checks of the notebook 1_fully_connected: the layers here, the losses in losses.py.

Fairness. Any right solution passes: loops or matrices, any content of the cache, float32 or float64
inside (one small check asks for float64's precision). A backward pass is right when it gives the
reference's gradients; where the student's own forward pass differs from the reference in that case,
yet is at heart right, the exact gradients of that forward are right as well. Where the forward pass
is missing or stops, the backward pass gets the cache that its text names.

Must lose marks: reshapes to literal sizes, samples mixed by a reshape, dx not back in the shape of
x, sums over the wrong axis, means for sums, the gate of the ReLU set by dout, inputs written into,
and anything remembered from one call to the next.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cs231n.check.compare import as_array, expect_tuple
from cs231n.check.core import CheckFailed, Exercise
from cs231n.check.results import NotReady
from cs231n.gradient_check import directional_derivative
from grading.checks.core import close
from grading.checks.losses import softmax_loss, svm_loss, two_layer_net
from grading.reference import fully_connected as reference

__all__ = [
    "affine_backward",
    "affine_forward",
    "relu_backward",
    "relu_forward",
    "softmax_loss",
    "svm_loss",
    "two_layer_net",
]

affine_forward = Exercise("affine_forward", functions=("affine_forward",))
affine_backward = Exercise("affine_backward", functions=("affine_forward", "affine_backward"))
relu_forward = Exercise("relu_forward", functions=("relu_forward",))
relu_backward = Exercise("relu_backward", functions=("relu_forward", "relu_backward"))

# Wide enough for a solution that computes in float32.
_TOLERANCE = 1e-5


@dataclass(frozen=True)
class _Layer:
    """A layer with a forward and a backward pass, as the checks of both need it."""

    forward: str
    backward: str
    inputs: tuple[str, ...]
    gradients: tuple[str, ...]
    conventional_cache: Callable
    basic: Callable  # rng -> arguments of a case that any serious forward pass gets right


_AFFINE = _Layer(
    "affine_forward",
    "affine_backward",
    ("x", "w", "b"),
    ("dx", "dw", "db"),
    lambda x, w, b: (x, w, b),
    lambda rng: _affine_inputs(rng, (3, 4), 2),
)
_RELU = _Layer(
    "relu_forward",
    "relu_backward",
    ("x",),
    ("dx",),
    lambda x: x,
    lambda rng: (_signed(rng, (3, 4)),),
)


def _affine_inputs(rng, shape, M):
    D = int(np.prod(shape[1:]))
    return rng.standard_normal(shape), rng.standard_normal((D, M)), rng.standard_normal(M)


def _signed(rng, shape, low=0.05, high=3.0):
    """Numbers of both signs, small and large, away from 0, where the ReLU has no slope."""
    return rng.choice([-1.0, 1.0], shape) * np.exp(rng.uniform(np.log(low), np.log(high), shape))


def _own_out(f, layer: _Layer, args) -> np.ndarray:
    names = ("out", "cache")
    return as_array(expect_tuple(getattr(f, layer.forward)(*args), names, layer.forward)[0], "out")


def _compare_forward(f, layer: _Layer, args, tolerance=_TOLERANCE, hint=""):
    expected, _ = getattr(reference, layer.forward)(*args)
    return close(_own_out(f, layer, args), expected, tolerance=tolerance, hint=hint)


def _gradients(f, layer: _Layer, dout, cache) -> tuple:
    answer = getattr(f, layer.backward)(dout, cache)
    if len(layer.gradients) == 1:
        return (answer,)
    return expect_tuple(answer, layer.gradients, layer.backward)


def _cache(f, layer: _Layer, args):
    """The cache of the student's forward pass; the conventional one where that pass stops."""
    try:
        answer = getattr(f, layer.forward)(*args)
        return expect_tuple(answer, ("out", "cache"), layer.forward)[1]
    except (CheckFailed, NotReady):
        return layer.conventional_cache(*args)


def _compare_backward(f, rng, layer: _Layer, args, dout, only=None, tolerance=_TOLERANCE):
    """Compare the gradients (those in `only`) with the reference's, or with the own forward's."""
    right = getattr(reference, layer.backward)(dout, layer.conventional_cache(*args))
    right = right if isinstance(right, tuple) else (right,)
    came = _gradients(f, layer, dout, _cache(f, layer, args))
    worst = None
    for position, name in enumerate(layer.gradients):
        if only and name not in only:
            continue
        try:
            measured = close(came[position], right[position], what=name, tolerance=tolerance)
        except CheckFailed:
            if not _is_slope_of_own_forward(f, rng, layer, args, dout, position, came[position]):
                raise
            continue
        if worst is None or measured.error > worst.error:
            worst = measured
    return worst


def _is_slope_of_own_forward(f, rng, layer, args, dout, position, gradient) -> bool:
    """Whether the gradient belongs to a forward pass that differs here, yet is at heart right."""
    try:
        basic = layer.basic(rng)
        close(
            _own_out(f, layer, basic), getattr(reference, layer.forward)(*basic)[0], tolerance=1e-5
        )
        own, expected = _own_out(f, layer, args), getattr(reference, layer.forward)(*args)[0]
        if own.shape != dout.shape or np.allclose(own, expected, rtol=1e-5):
            return False
        gradient = as_array(gradient, layer.gradients[position], args[position].shape)
        if gradient.shape != args[position].shape or not np.isfinite(gradient).all():
            return False

        def moved_out(value):
            return _own_out(f, layer, (*args[:position], value, *args[position + 1 :]))

        for _ in range(3):
            direction = rng.standard_normal(gradient.shape)
            slope = directional_derivative(moved_out, args[position], direction, dout)
            if abs(slope - np.sum(gradient * direction)) > 1e-5 * max(1.0, abs(slope)):
                return False
        return True
    except (CheckFailed, NotReady, ValueError):
        return False


def _check_unspoilt(f, layer: _Layer, args, others, dout):
    """Two forward passes, then the first one's backward pass, twice: nothing may change."""
    expected = _gradients(f, layer, dout, _cache(f, layer, args))
    expected = [np.array(as_array(part, "a gradient")) for part in expected]
    kept = _cache(f, layer, args)
    _cache(f, layer, others)
    for when in ("after another forward pass", "asked a second time"):
        came = _gradients(f, layer, dout, kept)
        for name, part, first in zip(layer.gradients, came, expected, strict=True):
            hint = f"{name} comes out different {when} (the cache is the same)."
            close(part, first, what=name, tolerance=1e-10, hint=hint)


def _check_not_zero(answers):
    """Zeros that harm nobody are worth nothing."""
    for answer in answers:
        if not np.any(as_array(answer, "the result")):
            raise CheckFailed("Every value of the result is zero.")


# ---- affine_forward ---------------------------------------------------------------------------


@affine_forward.check("rows of numbers", weight=3)
def _(f, rng):
    _compare_forward(f, _AFFINE, _affine_inputs(rng, (2, 5), 3))
    return _compare_forward(f, _AFFINE, _affine_inputs(rng, (6, 4), 7), hint="Is b added?")


@affine_forward.check("rows of numbers, all biases zero", weight=2)
def _(f, rng):
    x, w, b = _affine_inputs(rng, (4, 6), 3)
    return _compare_forward(f, _AFFINE, (x, w, 0 * b))


@affine_forward.check("pictures, taller and wider", weight=3)
def _(f, rng):
    hint = "Does each picture become one row, whatever its size?"
    for shape, M in (((3, 2, 5, 4), 6), ((2, 3, 2, 7), 4), ((5, 1, 3, 3), 2), ((4, 2, 3), 3)):
        measured = _compare_forward(f, _AFFINE, _affine_inputs(rng, shape, M), hint=hint)
    return measured


@affine_forward.check("as many samples as inputs or neurons; one of each")
def _(f, rng):
    for shape, M in (((4, 4), 4), ((6, 2, 3, 1), 6), ((1, 1, 1, 1), 1), ((1, 5), 1), ((5, 1), 3)):
        measured = _compare_forward(f, _AFFINE, _affine_inputs(rng, shape, M))
    return measured


@affine_forward.check("float32, and Fortran order")
def _(f, rng):
    args = [part.astype(np.float32) for part in _affine_inputs(rng, (3, 2, 4, 3), 5)]
    _compare_forward(f, _AFFINE, args, tolerance=1e-4)
    args = [np.asfortranarray(part) for part in _affine_inputs(rng, (3, 2, 4, 3), 5)]
    return _compare_forward(f, _AFFINE, args)


@affine_forward.check("pictures of uint8")
def _(f, rng):
    _, w, b = _affine_inputs(rng, (3, 2, 4, 3), 5)
    x = rng.integers(0, 256, (3, 2, 4, 3), dtype=np.uint8)
    return _compare_forward(f, _AFFINE, (x, w, b), hint="Which dtype does out get?")


@affine_forward.check("float64 keeps its precision")
def _(f, rng):
    args = _affine_inputs(rng, (3, 2, 4, 3), 5)
    return _compare_forward(f, _AFFINE, args, tolerance=1e-12, hint="Something is float32.")


@affine_forward.check("inputs left alone")
def _(f, rng):
    args = _affine_inputs(rng, (3, 2, 4, 3), 5)
    answer = f.unchanged("affine_forward", *args)
    _check_not_zero(expect_tuple(answer, ("out", "cache"), "affine_forward")[:1])


# ---- affine_backward --------------------------------------------------------------------------


def _affine_case(rng, shape, M):
    return _affine_inputs(rng, shape, M), rng.standard_normal((shape[0], M))


for _name, _weight in (("dx", 3), ("dw", 3), ("db", 2)):

    @affine_backward.check(f"{_name}, rows of numbers", weight=_weight)
    def _(f, rng, name=_name):
        for shape, M in (((4, 6), 3), ((3, 2), 5)):
            args, dout = _affine_case(rng, shape, M)
            measured = _compare_backward(f, rng, _AFFINE, args, dout, only=(name,))
        return measured


@affine_backward.check("dx in the shape of pictures", weight=3)
def _(f, rng):
    for shape, M in (((3, 2, 5, 4), 6), ((2, 3, 2, 7), 4), ((4, 2, 3), 3)):
        args, dout = _affine_case(rng, shape, M)
        measured = _compare_backward(f, rng, _AFFINE, args, dout, only=("dx",))
    return measured


@affine_backward.check("dw and db of pictures", weight=2)
def _(f, rng):
    for shape, M in (((3, 2, 5, 4), 6), ((2, 3, 2, 7), 4)):
        args, dout = _affine_case(rng, shape, M)
        measured = _compare_backward(f, rng, _AFFINE, args, dout, only=("dw", "db"))
    return measured


@affine_backward.check("as many samples as inputs or neurons; one of each", weight=2)
def _(f, rng):
    for shape, M in (((4, 4), 4), ((6, 2, 3, 1), 6), ((1, 1, 1, 1), 1), ((1, 5), 1), ((5, 1), 3)):
        args, dout = _affine_case(rng, shape, M)
        measured = _compare_backward(f, rng, _AFFINE, args, dout)
    return measured


@affine_backward.check("float32, and Fortran order")
def _(f, rng):
    args, dout = _affine_case(rng, (3, 2, 4, 3), 5)
    _compare_backward(f, rng, _AFFINE, [np.asfortranarray(a) for a in args], dout)
    args, dout = [a.astype(np.float32) for a in args], dout.astype(np.float32)
    return _compare_backward(f, rng, _AFFINE, args, dout, tolerance=1e-4)


@affine_backward.check("nothing remembered, nothing written over", weight=2)
def _(f, rng):
    args, dout = _affine_case(rng, (3, 2, 2), 5)
    cache = _cache(f, _AFFINE, args)
    _check_not_zero(f.unchanged("affine_backward", dout, cache))
    _check_unspoilt(f, _AFFINE, args, _affine_inputs(rng, (3, 2, 2), 5), dout)


# ---- relu -------------------------------------------------------------------------------------


@relu_forward.check("rows of numbers", weight=2)
def _(f, rng):
    return _compare_forward(f, _RELU, (_signed(rng, (4, 16)),))


@relu_forward.check("vectors, pictures, a single number, zeros")
def _(f, rng):
    for shape in ((5,), (3, 2, 5, 4), (1, 1, 1, 1), (2, 3, 4)):
        _compare_forward(f, _RELU, (_signed(rng, shape, high=500.0),))
    return _compare_forward(f, _RELU, (np.array([[-1e-3, 0.0, 1e-3]]),))


@relu_forward.check("float32, and Fortran order")
def _(f, rng):
    x = _signed(rng, (3, 2, 4, 3))
    _compare_forward(f, _RELU, (np.asfortranarray(x),))
    return _compare_forward(f, _RELU, (x.astype(np.float32),))


@relu_forward.check("x left alone", weight=2)
def _(f, rng):
    answer = f.unchanged("relu_forward", _signed(rng, (3, 5)))
    _check_not_zero(expect_tuple(answer, ("out", "cache"), "relu_forward")[:1])


@relu_backward.check("rows of numbers", weight=4)
def _(f, rng):
    x, dout = _signed(rng, (4, 6)), rng.standard_normal((4, 6))
    return _compare_backward(f, rng, _RELU, (x,), dout)


@relu_backward.check("vectors, pictures, a single number", weight=2)
def _(f, rng):
    for shape in ((7,), (3, 2, 5, 4), (1, 1, 1, 1), (2, 3, 4)):
        x, dout = _signed(rng, shape, high=50.0), _signed(rng, shape)
        measured = _compare_backward(f, rng, _RELU, (x,), dout)
    return measured


@relu_backward.check("every x positive, every x negative, every dout negative")
def _(f, rng):
    x, dout = np.abs(_signed(rng, (3, 4))), _signed(rng, (3, 4))
    _compare_backward(f, rng, _RELU, (x,), dout)
    _compare_backward(f, rng, _RELU, (-x,), dout)
    return _compare_backward(f, rng, _RELU, (_signed(rng, (3, 4)),), -np.abs(dout))


@relu_backward.check("float32, and Fortran order")
def _(f, rng):
    x, dout = _signed(rng, (3, 2, 4, 3)), rng.standard_normal((3, 2, 4, 3))
    _compare_backward(f, rng, _RELU, (np.asfortranarray(x),), dout)
    return _compare_backward(f, rng, _RELU, (x.astype(np.float32),), dout.astype(np.float32))


@relu_backward.check("nothing remembered, nothing written over", weight=2)
def _(f, rng):
    x, dout = _signed(rng, (4, 15)), _signed(rng, (4, 15))
    cache = _cache(f, _RELU, (x,))
    _check_not_zero([f.unchanged("relu_backward", dout, cache)])
    _check_unspoilt(f, _RELU, (x,), (-x,), dout)
