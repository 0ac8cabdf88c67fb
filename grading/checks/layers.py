"""What the hidden checks of the affine layer and the ReLU have in common: forward and backward."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from cs231n.check.compare import expect_tuple
from cs231n.check.results import CheckFailed, NotReady
from grading.checks import oracle
from grading.checks.answers import as_array, check_not_constant, close, serious
from grading.checks.slopes import is_proven, once, slope
from grading.reference import fully_connected

reference = oracle.remembering(fully_connected)

# Wide enough for a solution that computes in float32.
TOLERANCE = 1e-5


@dataclass(frozen=True)
class Layer:
    """A layer with a forward and a backward pass, as the checks of both need it."""

    forward: str
    backward: str
    inputs: tuple[str, ...]
    gradients: tuple[str, ...]
    conventional_cache: Callable
    basic: Callable  # rng -> arguments of a case that any serious forward pass gets right


AFFINE = Layer(
    "affine_forward",
    "affine_backward",
    ("x", "w", "b"),
    ("dx", "dw", "db"),
    lambda x, w, b: (x, w, b),
    lambda rng: affine_inputs(rng, (3, 4), 2),
)
RELU = Layer(
    "relu_forward",
    "relu_backward",
    ("x",),
    ("dx",),
    lambda x: x,
    lambda rng: (signed(rng, (3, 4)),),
)


def affine_inputs(rng, shape, M):
    """x of the given shape, with weights and biases for M neurons."""
    D = int(np.prod(shape[1:]))
    return rng.standard_normal(shape), rng.standard_normal((D, M)), rng.standard_normal(M)


def signed(rng, shape, low=0.05, high=3.0):
    """Numbers of both signs, small and large, away from 0, where the ReLU has no slope."""
    return rng.choice([-1.0, 1.0], shape) * np.exp(rng.uniform(np.log(low), np.log(high), shape))


def _forward(f, layer: Layer, args) -> tuple:
    return expect_tuple(getattr(f, layer.forward)(*args), ("out", "cache"), layer.forward)


def check_harmless(f, layer: Layer, args, others) -> None:
    """Check that forward leaves its inputs alone, and does something (right or wrong)."""
    answer = f.unchanged(layer.forward, *args)
    out, _ = expect_tuple(answer, ("out", "cache"), layer.forward)
    serious(out, "out")
    check_not_constant(out, _forward(f, layer, others)[0])


def compare_forward(f, layer: Layer, args, tolerance=TOLERANCE, hint=""):
    """Compare the student's out with the reference's."""
    out, _ = _forward(f, layer, args)
    expected, _ = getattr(reference, layer.forward)(*args)
    return close(out, expected, tolerance=tolerance, hint=hint)


def _gradients(f, layer: Layer, dout, cache, call: Callable | None = None) -> tuple:
    answer = (call or getattr(f, layer.backward))(dout, cache)
    if len(layer.gradients) == 1:
        return (answer,)
    return expect_tuple(answer, layer.gradients, layer.backward)


def _forward_or_custom(f, layer: Layer, args) -> tuple:
    """(out, cache) of the student's forward pass; (None, the conventional cache) where it stops."""
    try:
        return _forward(f, layer, args)
    except (CheckFailed, NotReady):
        return None, layer.conventional_cache(*args)


def compare_backward(f, rng, layer: Layer, args, dout, only=None, tolerance=TOLERANCE):
    """Compare the gradients (those in `only`) with the reference's, or with the own forward's."""
    right = getattr(reference, layer.backward)(dout, layer.conventional_cache(*args))
    right = right if isinstance(right, tuple) else (right,)
    out, cache = _forward_or_custom(f, layer, args)
    came = _gradients(f, layer, dout, cache)
    worst = None
    for position, name in enumerate(layer.gradients):
        if only and name not in only:
            continue
        try:
            measured = close(came[position], right[position], what=name, tolerance=tolerance)
        except CheckFailed:
            own = _Own(layer, args, out, position, came[position])
            if not _is_slope_of_own_forward(f, rng, own, dout):
                raise
            continue
        if worst is None or measured.error > worst.error:
            worst = measured
    return worst


@dataclass(frozen=True)
class _Own:
    """A forward pass of the student's, and what backward says of one of its inputs."""

    layer: Layer
    args: tuple | list
    out: object
    position: int
    gradient: object


@once
def _is_right_at_heart(f, layer: Layer) -> bool:
    """Whether the student's forward and backward passes get the layer's basic case right."""
    rng = np.random.default_rng(0)
    args = layer.basic(rng)
    try:
        compare_forward(f, layer, args)
        out, cache = _forward(f, layer, args)
        dout = signed(rng, np.shape(out))
        right = getattr(reference, layer.backward)(dout, layer.conventional_cache(*args))
        right = right if isinstance(right, tuple) else (right,)
        for came, wanted in zip(_gradients(f, layer, dout, cache), right, strict=True):
            close(came, wanted, tolerance=TOLERANCE)
    except (CheckFailed, NotReady):
        return False
    return True


def _is_slope_of_own_forward(f, rng, own: _Own, dout) -> bool:
    """Whether the gradient belongs to a forward pass that differs here, yet is at heart right."""
    layer, args, position = own.layer, own.args, own.position
    if is_proven(f, layer.forward):
        return False
    expected, _ = getattr(reference, layer.forward)(*args)
    try:
        out = as_array(own.out, "out")
        if out.shape != dout.shape or np.allclose(out, expected, rtol=1e-5):
            return False
        gradient = as_array(own.gradient, layer.gradients[position], args[position].shape)
        if gradient.shape != args[position].shape or not np.isfinite(gradient).all():
            return False
        if not _is_right_at_heart(f, layer):
            return False

        def moved_out(value):
            moved = (*args[:position], value, *args[position + 1 :])
            return as_array(_forward(f, layer, moved)[0], "out")

        slopes = []
        for _ in range(3):
            direction = rng.standard_normal(gradient.shape)
            slopes.append(slope(moved_out, args[position], direction, dout))
            claimed = float(np.sum(gradient * direction))
            if not abs(slopes[-1] - claimed) <= 1e-5 * max(1.0, abs(slopes[-1])):
                return False  # nan too
        # A single number may lie where a ReLU is flat; of many some do not.
        return any(slopes) or gradient.size == 1
    except (CheckFailed, NotReady):
        return False


def check_unspoilt(f, layer: Layer, args, others, dout):
    """One cache, asked again after another forward pass and a third time: nothing may change.

    Zeros do no harm, and neither does what depends on nothing; both are worth nothing.
    """
    _, cache = _forward_or_custom(f, layer, args)
    expected = _gradients(f, layer, dout, cache, partial(f.unchanged, layer.backward))
    expected = [np.array(serious(g, name)) for name, g in zip(layer.gradients, expected)]
    _, kept = _forward_or_custom(f, layer, args)
    _, other_cache = _forward_or_custom(f, layer, others)
    for when in ("after another forward pass", "asked a second time"):
        came = _gradients(f, layer, dout, kept)
        for name, part, first in zip(layer.gradients, came, expected, strict=True):
            hint = f"{name} comes out different {when} (the cache is the same)."
            close(part, first, what=name, tolerance=1e-10, hint=hint)
    other = _gradients(f, layer, 2 * dout, other_cache)
    check_not_constant(other[0], expected[0], layer.gradients[0])
