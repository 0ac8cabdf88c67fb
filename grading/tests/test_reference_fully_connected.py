"""The fully connected solutions of the reference against oracles that share nothing with them."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cs231n.gradient_check import numeric_gradient
from grading.reference.fully_connected import (
    TwoLayerNet,
    affine_backward,
    affine_forward,
    relu_backward,
    relu_forward,
    softmax_loss,
    svm_loss,
)

LOSSES = {"svm": svm_loss, "softmax": softmax_loss}
shapes = hnp.array_shapes(min_dims=2, max_dims=5, min_side=1, max_side=4)


def normal(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def away_from_zero(shape, seed=0):
    rng = np.random.default_rng(seed)
    return rng.choice([-1, 1], shape) * rng.uniform(0.1, 1.0, shape)


def scores_and_labels(N, C, seed=0):
    """Scores whose margins stay away from the corner of the hinge, so that a slope exists."""
    rng = np.random.default_rng(seed)
    x = rng.permutation(N * C).reshape(N, C) * 0.37 + 0.05
    return x, rng.integers(0, C, N)


# ---- affine ---------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(shapes, st.integers(1, 4))
def test_affine_is_the_weighted_sum_written_out(shape, M):
    x, b = normal(shape), normal(M, 2)
    w = normal((math.prod(shape[1:]), M), 1)
    out, _ = affine_forward(x, w, b)
    for n in range(shape[0]):
        inputs = x[n].ravel().tolist()
        for m in range(M):
            by_hand = math.fsum(v * w[d, m] for d, v in enumerate(inputs)) + b[m]
            assert out[n, m] == pytest.approx(by_hand, rel=1e-12, abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(shapes, st.integers(1, 4))
def test_affine_gradients_agree_with_centred_differences(shape, M):
    x, b, dout = normal(shape), normal(M, 2), normal((shape[0], M), 3)
    w = normal((math.prod(shape[1:]), M), 1)
    dx, dw, db = affine_backward(dout, affine_forward(x, w, b)[1])
    assert dx.shape == x.shape
    np.testing.assert_allclose(
        dx, numeric_gradient(lambda v: affine_forward(v, w, b)[0], x, dout), atol=1e-8
    )
    np.testing.assert_allclose(
        dw, numeric_gradient(lambda v: affine_forward(x, v, b)[0], w, dout), atol=1e-8
    )
    np.testing.assert_allclose(
        db, numeric_gradient(lambda v: affine_forward(x, w, v)[0], b, dout), atol=1e-8
    )


def test_affine_numbers_of_the_notebook():
    x, w, b = np.array([[2.0], [-1.0]]), np.array([[3.0]]), np.array([1.0])
    out, cache = affine_forward(x, w, b)
    assert out.tolist() == [[7.0], [-2.0]]
    dx, dw, db = affine_backward(np.array([[1.0], [10.0]]), cache)
    assert (dx.tolist(), dw.tolist(), db.tolist()) == ([[3.0], [30.0]], [[-8.0]], [11.0])


def test_affine_of_integer_pictures_is_floating_point():
    x = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 5), dtype=np.uint8)
    w, b = normal((60, 3)), normal(3, 1)
    np.testing.assert_allclose(
        affine_forward(x, w, b)[0], affine_forward(x.astype(float), w, b)[0], rtol=1e-13
    )


def test_affine_takes_pictures_in_any_memory_order():
    x, w, b = normal((3, 2, 4, 5)), normal((40, 6)), normal(6)
    out, cache = affine_forward(np.asfortranarray(x), np.asfortranarray(w), b)
    np.testing.assert_allclose(out, affine_forward(x, w, b)[0], rtol=1e-13)
    assert affine_backward(out, cache)[0].shape == x.shape


# ---- ReLU -----------------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(hnp.array_shapes(max_dims=5, max_side=4))
def test_relu_and_its_gradient(shape):
    x, dout = away_from_zero(shape), normal(shape, 1)
    out, cache = relu_forward(x)
    assert out.tolist() == np.reshape([max(0.0, v) for v in x.ravel()], shape).tolist()
    numeric = numeric_gradient(lambda v: relu_forward(v)[0], x, dout)
    np.testing.assert_allclose(relu_backward(dout, cache), numeric, atol=1e-8)


def test_relu_takes_slope_zero_at_the_corner():
    assert relu_backward(np.array([5.0]), relu_forward(np.array([0.0]))[1]).tolist() == [0.0]


# ---- losses ---------------------------------------------------------------------------------


def svm_by_python(x, y):
    total = 0.0
    for row, right in zip(x.tolist(), y.tolist()):
        total += sum(max(0.0, s - row[right] + 1) for j, s in enumerate(row) if j != right)
    return total / len(x)


def softmax_by_python(x, y):
    return math.fsum(
        math.log(math.fsum(math.exp(s) for s in row)) - row[right]
        for row, right in zip(x.tolist(), y.tolist())
    ) / len(x)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 100))
@pytest.mark.parametrize("name", LOSSES)
def test_losses_are_the_formula_and_their_gradient_its_slope(name, N, C, seed):
    loss_function = LOSSES[name]
    by_python = {"svm": svm_by_python, "softmax": softmax_by_python}[name]
    x, y = scores_and_labels(N, C, seed)
    loss, dx = loss_function(x, y)
    assert loss == pytest.approx(by_python(x, y), rel=1e-12, abs=1e-12)
    numeric = numeric_gradient(lambda v: loss_function(v, y)[0], x)
    np.testing.assert_allclose(dx, numeric, atol=1e-7)


@pytest.mark.parametrize("name", LOSSES)
def test_integer_scores_give_a_floating_point_gradient(name):
    x = np.array([[3, 6, 0], [-3, 0, 9]])
    y = np.array([0, 2])
    loss, dx = LOSSES[name](x, y)
    loss_float, dx_float = LOSSES[name](x.astype(float), y)
    assert loss == loss_float
    np.testing.assert_array_equal(dx, dx_float)


def test_worked_numbers_of_the_notebook():
    x, y = np.array([[2.0, 4.0, -1.0]]), np.array([0])
    loss, dx = svm_loss(x, y)
    assert loss == 3.0
    assert dx.tolist() == [[-1.0, 1.0, 0.0]]
    x = np.log(np.array([[1.0, 2.0, 5.0]]))
    loss, dx = softmax_loss(x, np.array([1]))
    assert loss == pytest.approx(math.log(4), rel=1e-13)
    np.testing.assert_allclose(dx, [[0.125, -0.75, 0.625]], rtol=1e-13)


def test_softmax_survives_huge_scores_far_apart():
    x = np.array([[1e5, 0.0, -1e5], [-1e5, -1e5, -1e5]])
    loss, dx = softmax_loss(x, np.array([2, 1]))
    assert loss == pytest.approx((2e5 + math.log(3)) / 2, rel=1e-13)
    np.testing.assert_allclose(dx, [[0.5, 0, -0.5], [1 / 6, -1 / 3, 1 / 6]], atol=1e-13)


# ---- the two-layer net ----------------------------------------------------------------------


def small_net(reg):
    net = TwoLayerNet(input_dim=12, hidden_dim=5, num_classes=4, reg=reg)
    for seed, (name, value) in enumerate(net.params.items()):
        net.params[name] = normal(value.shape, seed) / 2
    return net, normal((3, 2, 2, 3), 9), np.array([0, 3, 1])


@pytest.mark.parametrize("reg", [0.0, 0.7])
def test_net_gradients_agree_with_centred_differences(reg):
    net, X, y = small_net(reg)
    _, grads = net.loss(X, y)
    assert set(grads) == set(net.params)
    for name, value in net.params.items():
        numeric = numeric_gradient(lambda _: net.loss(X, y)[0], value)
        np.testing.assert_allclose(grads[name], numeric, atol=1e-8)


def test_net_by_hand():
    net = TwoLayerNet(input_dim=2, hidden_dim=2, num_classes=2, reg=0.1)
    net.params = {
        "W1": np.array([[1.0, -1.0], [2.0, 1.0]]),
        "b1": np.array([0.0, 1.0]),
        "W2": np.array([[1.0, 0.0], [0.0, 3.0]]),
        "b2": np.array([0.5, -0.5]),
    }
    X = np.array([[1.0, 1.0], [3.0, -2.0]])  # hidden: [3, 1] and [0, 0] (-1 and -4 cut off)
    np.testing.assert_allclose(net.loss(X), [[3.5, 2.5], [0.5, -0.5]])
    loss, _ = net.loss(X, np.array([0, 1]))
    data = (math.log(1 + math.exp(-1)) + math.log(1 + math.exp(1))) / 2
    assert loss == pytest.approx(data + 0.05 * (7 + 10), rel=1e-12)


def test_new_net_knows_nothing_yet():
    np.random.seed(0)
    net = TwoLayerNet()
    loss, _ = net.loss(normal((20, 3, 32, 32)), np.arange(20) % 10)
    assert loss == pytest.approx(math.log(10), abs=0.01)
    assert net.params["W1"].std() == pytest.approx(1e-3, rel=0.02)


# ---- all together ---------------------------------------------------------------------------


def test_inputs_are_left_alone():
    x, w, b, dout = normal((3, 2, 2)), normal((4, 5)), normal(5), normal((3, 5))
    scores, y = scores_and_labels(3, 5)
    kept = [a.copy() for a in (x, w, b, dout, scores)]
    affine_backward(dout, affine_forward(x, w, b)[1])
    relu_backward(dout, relu_forward(dout)[1])
    svm_loss(scores, y)
    softmax_loss(scores, y)
    for before, after in zip(kept, (x, w, b, dout, scores)):
        np.testing.assert_array_equal(before, after)


def test_net_leaves_its_parameters_alone():
    net, X, y = small_net(0.7)
    before = {name: value.copy() for name, value in net.params.items()}
    net.loss(X, y)
    for name, value in net.params.items():
        np.testing.assert_array_equal(before[name], value)


def test_pytorch_gives_the_same_net():
    torch = pytest.importorskip("torch")
    net, X, y = small_net(0.7)
    loss, grads = net.loss(X, y)
    tensors = {k: torch.tensor(v, requires_grad=True) for k, v in net.params.items()}
    hidden = torch.relu(torch.tensor(X).flatten(1) @ tensors["W1"] + tensors["b1"])
    scores = hidden @ tensors["W2"] + tensors["b2"]
    theirs = torch.nn.functional.cross_entropy(scores, torch.tensor(y))
    theirs = theirs + 0.35 * ((tensors["W1"] ** 2).sum() + (tensors["W2"] ** 2).sum())
    theirs.backward()
    assert loss == pytest.approx(theirs.item(), rel=1e-12)
    for name, tensor in tensors.items():
        np.testing.assert_allclose(grads[name], tensor.grad.numpy(), atol=1e-12)
    svm, dx = svm_loss(scores.detach().numpy(), y)
    raw = scores.detach().clone().requires_grad_()
    hinge = torch.nn.functional.multi_margin_loss(raw, torch.tensor(y)) * raw.shape[1]
    hinge.backward()
    assert svm == pytest.approx(hinge.item(), rel=1e-12)
    np.testing.assert_allclose(dx, raw.grad.numpy(), atol=1e-12)
