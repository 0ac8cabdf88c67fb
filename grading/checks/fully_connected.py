"""Hidden checks of the notebook 1_fully_connected: the layers here, the losses in losses.py.

Fairness. Any right solution passes: loops or matrices, any content of the cache, float32 or float64
inside (one small check asks for float64's precision). A backward pass is right when it gives the
reference's gradients; where the student's own forward pass differs from the reference in that case,
yet is at heart right, the exact gradients of that forward are right as well. Where the forward pass
is missing or stops, the backward pass gets the cache that its text names.

Must lose marks: reshapes to literal sizes, samples mixed by a reshape, dx not back in the shape of
x, sums over the wrong axis, means for sums, the gate of the ReLU set by dout, inputs written into,
and anything remembered from one call to the next.

HIDE names the modules that a notebook does not get to see while it is graded: those that do what
the exercises ask for.
"""

from __future__ import annotations

import numpy as np

from cs231n.check.core import Exercise
from grading.checks import fast
from grading.checks.layers import (
    AFFINE,
    RELU,
    affine_inputs,
    check_harmless,
    check_unspoilt,
    compare_backward,
    compare_forward,
    signed,
)
from grading.checks.losses import softmax_loss, svm_loss
from grading.checks.two_layer_net import two_layer_net

HIDE: tuple[str, ...] = fast.EVERYTHING

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


# ---- affine_forward ---------------------------------------------------------------------------


@affine_forward.check("rows of numbers", weight=3)
def _(f, rng):
    compare_forward(f, AFFINE, affine_inputs(rng, (2, 5), 3))
    return compare_forward(f, AFFINE, affine_inputs(rng, (6, 4), 7), hint="Is b added?")


@affine_forward.check("rows of numbers, all biases zero", weight=2)
def _(f, rng):
    x, w, b = affine_inputs(rng, (4, 6), 3)
    return compare_forward(f, AFFINE, (x, w, 0 * b))


@affine_forward.check("pictures, taller and wider", weight=3)
def _(f, rng):
    hint = "Does each picture become one row, whatever its size?"
    for shape, M in (((3, 2, 5, 4), 6), ((2, 3, 2, 7), 4), ((5, 1, 3, 3), 2), ((4, 2, 3), 3)):
        measured = compare_forward(f, AFFINE, affine_inputs(rng, shape, M), hint=hint)
    return measured


@affine_forward.check("as many samples as inputs or neurons; one of each")
def _(f, rng):
    for shape, M in (((4, 4), 4), ((6, 2, 3, 1), 6), ((1, 1, 1, 1), 1), ((1, 5), 1), ((5, 1), 3)):
        measured = compare_forward(f, AFFINE, affine_inputs(rng, shape, M))
    return measured


@affine_forward.check("float32, and Fortran order")
def _(f, rng):
    args = [part.astype(np.float32) for part in affine_inputs(rng, (3, 2, 4, 3), 5)]
    compare_forward(f, AFFINE, args, tolerance=1e-4)
    args = [np.asfortranarray(part) for part in affine_inputs(rng, (3, 2, 4, 3), 5)]
    return compare_forward(f, AFFINE, args)


@affine_forward.check("pictures of uint8")
def _(f, rng):
    _, w, b = affine_inputs(rng, (3, 2, 4, 3), 5)
    x = rng.integers(0, 256, (3, 2, 4, 3), dtype=np.uint8)
    return compare_forward(f, AFFINE, (x, w, b), hint="Which dtype does out get?")


@affine_forward.check("float64 keeps its precision")
def _(f, rng):
    args = affine_inputs(rng, (3, 2, 4, 3), 5)
    return compare_forward(f, AFFINE, args, tolerance=1e-12, hint="Something is float32.")


@affine_forward.check("inputs left alone")
def _(f, rng):
    args = affine_inputs(rng, (3, 2, 4, 3), 5)
    check_harmless(f, AFFINE, args, affine_inputs(rng, (3, 2, 4, 3), 5))


# ---- affine_backward --------------------------------------------------------------------------


def _affine_case(rng, shape, M):
    return affine_inputs(rng, shape, M), rng.standard_normal((shape[0], M))


for _name, _weight in (("dx", 3), ("dw", 3), ("db", 2)):

    @affine_backward.check(f"{_name}, rows of numbers", weight=_weight)
    def _(f, rng, name=_name):
        for shape, M in (((4, 6), 3), ((3, 2), 5)):
            args, dout = _affine_case(rng, shape, M)
            measured = compare_backward(f, rng, AFFINE, args, dout, only=(name,))
        return measured


@affine_backward.check("dx in the shape of pictures", weight=3)
def _(f, rng):
    for shape, M in (((3, 2, 5, 4), 6), ((2, 3, 2, 7), 4), ((4, 2, 3), 3)):
        args, dout = _affine_case(rng, shape, M)
        measured = compare_backward(f, rng, AFFINE, args, dout, only=("dx",))
    return measured


@affine_backward.check("dw and db of pictures", weight=2)
def _(f, rng):
    for shape, M in (((3, 2, 5, 4), 6), ((2, 3, 2, 7), 4)):
        args, dout = _affine_case(rng, shape, M)
        measured = compare_backward(f, rng, AFFINE, args, dout, only=("dw", "db"))
    return measured


@affine_backward.check("as many samples as inputs or neurons; one of each", weight=2)
def _(f, rng):
    for shape, M in (((4, 4), 4), ((6, 2, 3, 1), 6), ((1, 1, 1, 1), 1), ((1, 5), 1), ((5, 1), 3)):
        args, dout = _affine_case(rng, shape, M)
        measured = compare_backward(f, rng, AFFINE, args, dout)
    return measured


@affine_backward.check("float32, and Fortran order")
def _(f, rng):
    args, dout = _affine_case(rng, (3, 2, 4, 3), 5)
    compare_backward(f, rng, AFFINE, [np.asfortranarray(a) for a in args], dout)
    args, dout = [a.astype(np.float32) for a in args], dout.astype(np.float32)
    return compare_backward(f, rng, AFFINE, args, dout, tolerance=1e-4)


@affine_backward.check("nothing remembered, nothing written over", weight=2)
def _(f, rng):
    args, dout = _affine_case(rng, (3, 2, 2), 5)
    check_unspoilt(f, AFFINE, args, affine_inputs(rng, (3, 2, 2), 5), dout)


# ---- relu -------------------------------------------------------------------------------------


@relu_forward.check("rows of numbers", weight=2)
def _(f, rng):
    return compare_forward(f, RELU, (signed(rng, (4, 16)),))


@relu_forward.check("vectors, pictures, a single number, zeros")
def _(f, rng):
    for shape in ((5,), (3, 2, 5, 4), (1, 1, 1, 1), (2, 3, 4)):
        compare_forward(f, RELU, (signed(rng, shape, high=500.0),))
    return compare_forward(f, RELU, (np.array([[-1e-3, 0.0, 1e-3]]),))


@relu_forward.check("float32, and Fortran order")
def _(f, rng):
    x = signed(rng, (3, 2, 4, 3))
    compare_forward(f, RELU, (np.asfortranarray(x),))
    return compare_forward(f, RELU, (x.astype(np.float32),))


@relu_forward.check("x left alone", weight=2)
def _(f, rng):
    check_harmless(f, RELU, (signed(rng, (3, 5)),), (signed(rng, (3, 5)),))


@relu_backward.check("rows of numbers", weight=4)
def _(f, rng):
    x, dout = signed(rng, (4, 6)), rng.standard_normal((4, 6))
    return compare_backward(f, rng, RELU, (x,), dout)


@relu_backward.check("vectors, pictures, a single number", weight=2)
def _(f, rng):
    for shape in ((7,), (3, 2, 5, 4), (1, 1, 1, 1), (2, 3, 4)):
        x, dout = signed(rng, shape, high=50.0), signed(rng, shape)
        measured = compare_backward(f, rng, RELU, (x,), dout)
    return measured


@relu_backward.check("every x positive, every x negative, every dout negative")
def _(f, rng):
    x, dout = np.abs(signed(rng, (3, 4))), signed(rng, (3, 4))
    compare_backward(f, rng, RELU, (x,), dout)
    compare_backward(f, rng, RELU, (-x,), dout)
    return compare_backward(f, rng, RELU, (signed(rng, (3, 4)),), -np.abs(dout))


@relu_backward.check("float32, and Fortran order")
def _(f, rng):
    x, dout = signed(rng, (3, 2, 4, 3)), rng.standard_normal((3, 2, 4, 3))
    compare_backward(f, rng, RELU, (np.asfortranarray(x),), dout)
    return compare_backward(f, rng, RELU, (x.astype(np.float32),), dout.astype(np.float32))


@relu_backward.check("nothing remembered, nothing written over", weight=2)
def _(f, rng):
    x, dout = signed(rng, (4, 15)), signed(rng, (4, 15))
    check_unspoilt(f, RELU, (x,), (-x,), dout)
