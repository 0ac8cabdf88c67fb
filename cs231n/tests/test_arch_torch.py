"""Whole networks against PyTorch, where it is installed: pip install "cs231n-kit[torch]"."""

import numpy as np
import pytest

from cs231n.architectures import build, kinds, parse
from cs231n.architectures.running import Network
from cs231n.tests.small_networks import NETS

torch = pytest.importorskip("torch")
from cs231n.tests.torch_networks import relative_difference, run  # noqa: E402


def numbers(shape, seed, dtype):
    return np.random.default_rng(seed).standard_normal(shape, dtype)


def without_dropout(architecture):
    for node in architecture:
        if isinstance(node.layer, kinds.Dropout):
            architecture = architecture.replace(node.name, kinds.Dropout(0.0))
    return architecture


def assert_gradients_agree(net, batch, tolerance):
    """A training pass and all gradients, for a random gradient on every output."""
    dtype = net.dtype
    x = numbers((batch, *net.architecture.input_shape), 0, dtype)
    ends = net.architecture.outputs
    slopes = {name: numbers((batch, *net.architecture.shapes[name]), 1, dtype) for name in ends}
    wanted, start, tensors = run(net.architecture, net.params, x, net.buffers, training=True)
    torch.autograd.backward(
        [wanted[name] for name in ends], [torch.tensor(slopes[name]) for name in ends]
    )
    found = net.forward(x, "train", outputs=ends)
    dx, grads = net.backward(slopes)
    for name in ends:
        assert relative_difference(found[name], wanted[name]) < tolerance, name
    assert relative_difference(dx, start.grad) < 10 * tolerance
    assert list(grads) == list(tensors)
    for name, grad in grads.items():
        assert relative_difference(grad, tensors[name].grad) < 10 * tolerance, name


@pytest.mark.parametrize("text", NETS.values(), ids=NETS)
def test_every_kind_of_layer(text):
    net = Network(without_dropout(parse(text)), dtype=np.float64, initialise="xavier")
    for seed, (name, value) in enumerate(net.params.items()):
        if not name.endswith(".w"):
            value += numbers(value.shape, seed, np.float64) / 4
    assert_gradients_agree(net, 3, 1e-10)


def test_1998s_lenet_with_its_connections_and_distances():
    assert_gradients_agree(Network(build("lenet5_1998"), dtype=np.float64), 2, 1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["alexnet", "vgg11", "googlenet", "resnet18"])
def test_scores_of_famous_networks(name):
    net = Network(build(name), seed=1)
    x = numbers((1, *net.architecture.input_shape), 0, np.float32)
    with torch.no_grad():
        wanted, _, _ = run(net.architecture, net.params, x, net.buffers)
    found = net.forward(x, outputs=wanted)
    for output, scores in wanted.items():
        assert relative_difference(found[output], scores) < 1e-4, output


# The same layers on smaller pictures; those with fully connected layers have smaller ones.
SMALL = {"alexnet": 67, "vgg11": 32, "googlenet": 64, "zfnet": 64}


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_gradients_of_famous_networks_on_small_pictures(name):
    net = build(name, classes=10).with_input(SMALL[name])
    assert_gradients_agree(Network(without_dropout(net), seed=1), 2, 1e-4)


# In float64: in float32 a ReLU whose input is all but 0 may open on one side only, and one such
# ReLU moves some gradients by a tenth.
@pytest.mark.slow
@pytest.mark.parametrize(("name", "size"), [("resnet18", 64), ("googlenet_auxiliary", 80)])
def test_gradients_of_deep_networks_in_float64(name, size):
    net = without_dropout(build(name, classes=10).with_input(size))
    assert_gradients_agree(Network(net, seed=1, dtype=np.float64), 2, 1e-10)
