"""Hidden checks of the notebook 4_normalization.

Fairness. Any right solution passes: loops or matrices, any content of the cache, float32 or float64
inside. A backward pass is right when it gives the reference's gradients; where the student's own
forward pass differs from the reference, yet is at heart right, the exact gradients of that forward
are right as well. Spatial batch normalisation that calls the student's batchnorm_forward does not
pay again for a slip in it. Checks of dropout hold of any mask that is drawn as the text asks.

Must lose marks: epsilon left out, outside the root, or in one mode only; running statistics that
are not stored, of another shape, blended the wrong way, updated in test mode, or not of the biased
variance; gamma and beta left out; statistics along other axes; inputs written into; anything
remembered from one call to the next.

HIDE names the modules that a notebook does not get to see while it is graded: those that do what
the exercises ask for.
"""

from cs231n.check.core import Exercise
from grading.checks import (
    dropout,
    fast,
    normalization_backward,
    normalization_forward,
    response_norm,
)

HIDE: tuple[str, ...] = fast.EVERYTHING

_PARTS = (normalization_forward, normalization_backward, response_norm, dropout)
_FOUND = {
    name: part
    for module in _PARTS
    for name, part in vars(module).items()
    if isinstance(part, Exercise)
}
globals().update(_FOUND)
__all__ = ["HIDE", *_FOUND]
