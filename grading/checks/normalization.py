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

from grading.checks import fast
from grading.checks.dropout import dropout_backward, dropout_forward
from grading.checks.normalization_backward import (
    batchnorm_backward,
    batchnorm_backward_alt,
    layernorm_backward,
    spatial_batchnorm_backward,
    spatial_groupnorm_backward,
)
from grading.checks.normalization_forward import (
    batchnorm_forward,
    layernorm_forward,
    spatial_batchnorm_forward,
    spatial_groupnorm_forward,
)
from grading.checks.response_norm import lrn_forward

HIDE: tuple[str, ...] = fast.EVERYTHING

__all__ = [
    "batchnorm_backward",
    "batchnorm_backward_alt",
    "batchnorm_forward",
    "dropout_backward",
    "dropout_forward",
    "layernorm_backward",
    "layernorm_forward",
    "lrn_forward",
    "spatial_batchnorm_backward",
    "spatial_batchnorm_forward",
    "spatial_groupnorm_backward",
    "spatial_groupnorm_forward",
]
