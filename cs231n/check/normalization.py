"""Visible checks of the notebook 4_normalization.

No solution is needed to compare with. Batch, layer, spatial batch and group normalisation are tried
on numbers of which mean and variance are known beforehand, their gradients are measured.
"""

from cs231n.check.dropout import dropout_backward, dropout_forward
from cs231n.check.normalization_backward import (
    batchnorm_backward,
    batchnorm_backward_alt,
    layernorm_backward,
    spatial_batchnorm_backward,
    spatial_groupnorm_backward,
)
from cs231n.check.normalization_forward import (
    batchnorm_forward,
    layernorm_forward,
    spatial_batchnorm_forward,
    spatial_groupnorm_forward,
)
from cs231n.check.response_norm import lrn_forward

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
