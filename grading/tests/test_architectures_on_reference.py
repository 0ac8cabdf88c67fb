"""Networks on the course's own solutions: what a student's finished notebooks will run on.

This lives here, and not in cs231n/tests, because those are what students write.
"""

import numpy as np
import pytest

from cs231n.architectures import parse
from cs231n.architectures.running import Network
from grading.reference import convolution, fully_connected, pooling

SOLUTIONS = [convolution, fully_connected, pooling]
NETS = {
    "exact": "INPUT7x7x2 -> CONV3-3/2 -> RELU -> POOL2 -> FC-4 -> RELU -> FC-3",
    "groups and dilation": "INPUT8x8x2 -> CONV3-4d2g2 -> RELU -> CONV1-2nobias -> FC-3",
    "floor and ceil": "INPUT7x8x2 -> CONV3-2/2p1floor -> RELU -> POOL3/2ceil -> FC-3",
    "pools": "INPUT6x6x2 -> AVGPOOL3/2p1ceil -> L2POOL2/1 -> GLOBALAVGPOOL -> FC-3",
    "residual": "INPUT4x4x2 -> (CONV3-2 -> RELU -> CONV3-2 + ) -> RELU -> FC-3",
}


@pytest.mark.parametrize("text", NETS.values(), ids=NETS)
def test_solutions_run_a_network_as_the_fast_layers_do(text):
    rng = np.random.default_rng(0)
    mine = Network(parse(text), layers=SOLUTIONS, dtype=np.float64)
    fast = Network(mine.architecture, mine.params)
    assert not [name for name in mine.functions.values() if name.endswith("_fast")]
    x = rng.standard_normal((2, *mine.architecture.input_shape))
    out = mine.forward(x, "train")
    np.testing.assert_allclose(out, fast.forward(x, "train"), rtol=1e-10, atol=1e-12)
    dout = rng.standard_normal(out.shape)
    (dx, grads), (wanted_dx, wanted) = mine.backward(dout), fast.backward(dout)
    np.testing.assert_allclose(dx, wanted_dx, rtol=1e-10, atol=1e-12)
    for name, grad in grads.items():
        np.testing.assert_allclose(grad, wanted[name], rtol=1e-10, atol=1e-12)


def test_a_locally_connected_solution_runs_forward_and_says_what_is_missing_backward():
    text = "INPUT7x7x2 -> LOCAL3-2/2p1 -> FC-3"
    mine, kits = (Network(parse(text), layers=layers) for layers in (SOLUTIONS, None))
    x = np.random.default_rng(0).standard_normal((2, 2, 7, 7))
    np.testing.assert_allclose(mine.forward(x, "train"), kits.forward(x), rtol=1e-4, atol=1e-5)
    with pytest.raises(RuntimeError, match=r"local1.*locally_connected_backward is not"):
        mine.backward(np.ones((2, 3)))
