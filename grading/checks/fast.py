"""The modules of the student's package that do what exercises ask for: layers, networks,
training.

The layers import one another, so a notebook that may not see one of them sees none. Networks are
built on them, and may be hidden alone.
"""

_FAST = "fast_layers fast_optim fast_pointwise fast_pooling im2col im2col_cython kernels"
_PLAIN = "plain_layers plain_norms"
NETWORKS = ("cs231n.architectures",)
# Training them takes update rules and a loss, which exercises ask for as well.
TRAINING = ("cs231n.training",)
EVERYTHING = (*NETWORKS, *(f"cs231n.{name}" for name in f"{_FAST} {_PLAIN}".split()), *TRAINING)
