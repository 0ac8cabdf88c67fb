"""Whole networks against PyTorch, where it is installed: pip install "cs231n-kit[torch]"."""

import numpy as np
import pytest

from cs231n.architectures import build
from cs231n.architectures.running import Network

torch = pytest.importorskip("torch")
from cs231n.tests.torch_networks import relative_difference, run  # noqa: E402

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", ["alexnet", "vgg11", "googlenet", "resnet18"])
def test_scores_of_famous_networks(name):
    net = Network(build(name), seed=1)
    x = np.random.default_rng(0).standard_normal((1, *net.architecture.input_shape), np.float32)
    with torch.no_grad():
        wanted, _, _ = run(net.architecture, net.params, x)
    assert relative_difference(net.forward(x), wanted) < 1e-4


# The same layers on smaller pictures; those with fully connected layers have smaller ones.
SMALL = {"alexnet": 67, "vgg11": 32, "googlenet": 64, "resnet18": 64, "zfnet": 64}


@pytest.mark.parametrize("name", SMALL)
def test_gradients_of_famous_networks_on_small_pictures(name):
    net = Network(build(name, classes=10).with_input(SMALL[name]), seed=1)
    _fixed_dropout(net)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, *net.architecture.input_shape), np.float32)
    slope = rng.standard_normal((2, 10), np.float32)
    scores, start, tensors = run(net.architecture, net.params, x)
    scores.backward(torch.tensor(slope))
    assert relative_difference(net.forward(x, "train"), scores) < 1e-4
    dx, grads = net.backward(slope)
    assert relative_difference(dx, start.grad) < 1e-3
    for name, grad in grads.items():
        assert relative_difference(grad, tensors[name].grad) < 1e-3, name


def _fixed_dropout(net):
    """Training passes that leave dropout out and normalise as in testing, as the oracle does."""
    original = net._call

    def call(node, training):
        made = original(node, training)
        made.training = False
        return made

    net._call = call
