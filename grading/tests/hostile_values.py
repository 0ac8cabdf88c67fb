"""Values that a function might return to do harm, or because nobody thought of them.

In a sandbox they arrive as arrays, numbers, texts, and tuples, lists and dicts of them.
"""

import numpy as np

MIB = 2**20
LONG = np.ones(100_000, dtype=np.uint8)  # columns and rows of it would make up 80 GB


class Opaque:
    """What a value becomes that cannot leave the student's process."""

    def __repr__(self):
        return "<something>"


def deep(depth, inside=1.0):
    for _ in range(depth):
        inside = [inside]
    return inside


VALUES = {
    "nothing": None,
    "a number": 5.0,
    "a whole number": 3,
    "nan": float("nan"),
    "infinity": float("inf"),
    "a number of 10,000 digits": 10**10_000,
    "yes": True,
    "an empty text": "",
    "a long text": "x" * MIB,
    "an object": Opaque(),
    "an empty tuple": (),
    "an empty list": [],
    "an empty dict": {},
    "a dict with a long key": {"x" * MIB: 1.0},
    "a list of texts, one of them long": ["x" * MIB] + ["y"] * 10_000,
    "a long list": [1.0] * 1_000_000,
    "a deep list": deep(10),
    "a list too deep for an array": deep(900),
    "a ragged list": [[1.0], [1.0, 2.0]],
    "a list of large arrays": [np.ones(MIB, dtype=np.uint8)] * 20_000,
    "a list with an object": [1.0, Opaque()],
    "an empty array": np.zeros((0, 3)),
    "an array of no axes": np.array(2.0),
    "one number in an array": np.ones(1),
    "one number in many axes": np.ones((1,) * 30),
    "a large array of bytes": np.ones(64 * MIB, dtype=np.uint8),
    "a large column": np.ones((64 * MIB, 1), dtype=np.uint8),
    "a large picture": np.ones((2, 3, 2048, 2048), dtype=np.uint8),
    "a large array of nan": np.full(4 * MIB, np.nan),
    "a long column": LONG[:, None],
    "a long row": LONG[None, :],
    "bytes in axes that stretch": np.ones((1, 1, 300, 300), dtype=np.uint8),
    "bools": np.ones((5, 3), dtype=bool),
    "halves": np.full((2, 3), 1.5, dtype=np.float16),
}


# Functions that return three arrays.
TRIPLES = {
    *("affine_backward", "conv_backward_naive", "avg_pool_as_conv", "conv_backward_im2col"),
    *("batchnorm_backward", "batchnorm_backward_alt", "layernorm_backward"),
    *("spatial_batchnorm_backward", "spatial_groupnorm_backward", "fine_tune_last_layer"),
}


def forms(function, value):
    """The value bare, and in the form that the function's answer should have."""
    yield value
    if "_forward" in function:
        yield value, None
    elif function in TRIPLES:
        yield value, value, value
    elif function in ("fc_weights_to_conv", "conv_weights_to_fc"):
        yield value, value
    elif function in ("inception_backward", "residual_block_backward", "sgd_momentum", "adam"):
        yield value, {}
    elif function == "two_layer_net_loss":
        yield value, value
        yield value, dict.fromkeys(("W1", "b1", "W2", "b2"), value)
        yield 1.0, dict.fromkeys(("W1", "b1", "W2", "b2"), value)
    elif function.endswith("_loss"):
        yield value, value
        yield 1.0, value
