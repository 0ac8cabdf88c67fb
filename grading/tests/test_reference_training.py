"""The reference of notebook 9_train_convnet against definitions and published formulas."""

import numpy as np
import pytest

from cs231n import fast_optim
from cs231n.architectures import parse
from cs231n.architectures.running import Network
from cs231n.gradient_check import numeric_gradient
from grading.reference import training as reference

NAMES = ("W1", "b1", "W2", "b2", "W3", "b3")


def small_net(reg=0.0, size=3, scale=0.3):
    np.random.seed(0)
    sizes = dict(input_dim=(2, 4, 6), num_filters=3, filter_size=size, hidden_dim=5, num_classes=4)
    return reference.ThreeLayerConvNet(**sizes, weight_scale=scale, reg=reg, dtype=np.float64)


def batch():
    rng = np.random.default_rng(1)
    return rng.standard_normal((5, 2, 4, 6)), rng.integers(0, 4, 5)


@pytest.mark.parametrize("reg", [0.0, 0.6])
def test_gradients_are_the_slopes_of_the_loss(reg):
    net, (X, y) = small_net(reg), batch()
    _, grads = net.loss(X, y)
    kept = dict(net.params)
    for name in NAMES:

        def loss(value, name=name):
            net.params = {**kept, name: value}
            return net.loss(X, y)[0]

        np.testing.assert_allclose(grads[name], numeric_gradient(loss, kept[name]), atol=1e-8)


def test_the_same_net_described_as_data_agrees():
    net, (X, y) = small_net(0.2, size=5), batch()
    described = parse("INPUT4x6x2 -> CONV5-3 -> RELU -> POOL2 -> FC-5 -> RELU -> FC-4")
    same = Network(described, dict(zip(described.parameters, (net.params[n] for n in NAMES))))
    np.testing.assert_allclose(same.forward(X), net.loss(X), rtol=1e-12)
    loss, grads = net.loss(X, y)
    other_loss, other = same.loss(X, y, reg=0.2)
    assert loss == pytest.approx(other_loss, rel=1e-12)
    for name, theirs in zip(NAMES, described.parameters):
        np.testing.assert_allclose(grads[name], other[theirs], rtol=1e-9, atol=1e-12)


def test_default_net_has_the_published_shapes():
    params = reference.ThreeLayerConvNet().params
    shapes = {name: value.shape for name, value in params.items()}
    assert shapes["W1"] == (32, 3, 7, 7)
    assert shapes["W2"] == (8192, 100)
    assert shapes["W3"] == (100, 10)
    assert {value.dtype for value in params.values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize("wrong", [{"filter_size": 4}, {"input_dim": (3, 5, 4)}])
def test_sizes_that_cannot_be_kept_are_refused(wrong):
    with pytest.raises(ValueError, match="should be"):
        reference.ThreeLayerConvNet(**wrong)


def test_a_new_net_has_the_loss_of_guessing():
    np.random.seed(0)
    X = np.random.randn(20, 3, 8, 8)
    for reg in (0.0, 2.0):
        net = reference.ThreeLayerConvNet((3, 8, 8), 4, 3, 10, weight_scale=1e-2, reg=reg)
        expected = reference.expected_initial_loss(10, net.params, reg)
        assert net.loss(X, np.arange(20) % 10)[0] == pytest.approx(expected, abs=1e-3)
    assert reference.expected_initial_loss(10, {}, 0.0) == pytest.approx(2.302585092994046)


def published_adam(w, gradients, rate=0.1, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """The efficient form at the end of section 2 of the paper, in which epsilon is rescaled."""
    m = v = np.zeros_like(w)
    for t, dw in enumerate(gradients, start=1):
        m, v = beta1 * m + (1 - beta1) * dw, beta2 * v + (1 - beta2) * dw**2
        step = rate * np.sqrt(1 - beta2**t) / (1 - beta1**t)
        w = w - step * m / (np.sqrt(v) + epsilon * np.sqrt(1 - beta2**t))
    return w


def test_adam_is_the_published_one():
    rng = np.random.default_rng(0)
    w, gradients = rng.standard_normal(6), rng.standard_normal((7, 6))
    own, config = w, {"learning_rate": 0.1}
    for dw in gradients:
        own, config = reference.adam(own, dw, config)
    np.testing.assert_allclose(own, published_adam(w, gradients), rtol=1e-12)
    assert config["t"] == 7


@pytest.mark.parametrize("rule", ["adam", "sgd_momentum"])
def test_fast_rules_take_the_same_steps(rule):
    rng = np.random.default_rng(0)
    w = rng.standard_normal((3, 4))
    fast_w, config, fast_config = w.copy(), {"learning_rate": 0.05}, {"learning_rate": 0.05}
    for _ in range(5):
        dw = rng.standard_normal((3, 4))
        before = w.copy()
        next_w, config = getattr(reference, rule)(w, dw, config)
        np.testing.assert_array_equal(w, before)
        w = next_w
        fast_w, fast_config = getattr(fast_optim, f"{rule}_fast")(fast_w, dw, fast_config)
        np.testing.assert_allclose(w, fast_w, rtol=1e-12)


def test_worked_numbers_of_the_notebook():
    w, config, velocities = np.zeros(1), {"learning_rate": 1.0, "momentum": 0.5}, []
    for _ in range(3):
        w, config = reference.sgd_momentum(w, np.ones(1), config)
        velocities.append(config["velocity"].item())
    assert velocities == [-1, -1.5, -1.75]
    assert w == -4.25

    first, config = reference.adam(np.zeros(1), np.array([4.0]), {"learning_rate": 1.0})
    assert first == pytest.approx(-1)
    second, _ = reference.adam(first, np.array([-4.0]), config)
    assert (second - first).item() == pytest.approx(0.0526, abs=1e-4)
    beside, _ = reference.adam(np.zeros(1), np.array([3.0]), {"learning_rate": 1.0, "epsilon": 1.0})
    assert beside == pytest.approx(-0.75)


def test_a_t_that_stays_one_makes_steps_a_third_as_long():
    kept = {"learning_rate": 1.0}
    for _ in range(20_000):
        _, kept = reference.adam(np.zeros(1), np.ones(1), kept)
    forgotten = {**kept, "t": 0}
    small, _ = reference.adam(np.zeros(1), np.ones(1), forgotten)
    assert abs(small.item()) == pytest.approx(10 / 1000**0.5, rel=1e-3)


def test_drawing_with_replacement_leaves_a_third_unseen():
    N = 5000
    unseen = 1 - len(np.unique(np.random.default_rng(0).integers(0, N, N))) / N
    assert unseen == pytest.approx(1 / np.e, abs=0.02)


def test_batches_hold_every_picture_once():
    batches = reference.minibatches(10, 4, 0)
    assert [len(b) for b in batches] == [4, 4, 2]
    assert sorted(np.concatenate(batches)) == list(range(10))
    assert reference.minibatches(0, 4, 0) == []


def test_confusion_matrix_of_the_notebook():
    y, predicted = np.array([0, 0, 0, 1, 2, 2]), np.array([0, 1, 1, 1, 2, 0])
    counts = reference.confusion_matrix(y, predicted, 3)
    assert counts.tolist() == [[1, 2, 0], [0, 1, 0], [1, 0, 1]]
