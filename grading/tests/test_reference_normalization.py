"""The reference's normalising layers against definitions, measured slopes and other libraries."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs231n import plain_norms
from cs231n.gradient_check import numeric_gradient
from grading.reference import normalization as ref


def normalised_by_python(numbers, eps):
    mean = math.fsum(numbers) / len(numbers)
    var = math.fsum((v - mean) ** 2 for v in numbers) / len(numbers)
    return [(v - mean) / math.sqrt(var + eps) for v in numbers], mean, var


def draw(shape, seed=0, D=None):
    rng = np.random.default_rng(seed)
    D = D or shape[1]
    return 3 * rng.standard_normal(shape) + 1, rng.standard_normal(D), rng.standard_normal(D)


@given(N=st.integers(2, 6), D=st.integers(1, 5), eps=st.sampled_from([1e-5, 0.5]))
@settings(max_examples=20, deadline=None)
def test_batch_norm_is_what_plain_python_makes_of_every_column(N, D, eps):
    x, gamma, beta = draw((N, D), N)
    param = {"mode": "train", "eps": eps, "momentum": 0.8}
    out, _ = ref.batchnorm_forward(x, gamma, beta, param)
    for d in range(D):
        column, mean, var = normalised_by_python(x[:, d].tolist(), eps)
        np.testing.assert_allclose(out[:, d], gamma[d] * np.array(column) + beta[d], rtol=1e-10)
        assert param["running_mean"][d] == pytest.approx(0.2 * mean)
        assert param["running_var"][d] == pytest.approx(0.2 * var)


def test_example_worked_out_in_the_notebook():
    x = np.array([[1.0, 14], [1, 6], [1, 10], [5, 10]])
    param = {"mode": "train", "eps": 1.0}
    out, cache = ref.batchnorm_forward(x, np.array([2.0, 3]), np.array([1.0, 0]), param)
    np.testing.assert_allclose(out, [[0, 4], [0, -4], [0, 0], [4, 0]], atol=1e-12)
    np.testing.assert_allclose(param["running_mean"], [0.2, 1.0])
    np.testing.assert_allclose(param["running_var"], [0.3, 0.8])
    dout = np.array([[1.0, 0], [0, 0], [0, 0], [0, 0]])
    for backward in (ref.batchnorm_backward, ref.batchnorm_backward_alt):
        dx, dgamma, dbeta = backward(dout, cache)
        np.testing.assert_allclose(16 * dx[:, 0], [11, -5, -5, -1])
        np.testing.assert_allclose([*dgamma, *dbeta], [-0.5, 0, 1, 0], atol=1e-12)


LAYERS = {
    "batch": (ref.batchnorm_forward, ref.batchnorm_backward, (5, 4)),
    "batch, simplified": (ref.batchnorm_forward, ref.batchnorm_backward_alt, (5, 4)),
    "layer": (ref.layernorm_forward, ref.layernorm_backward, (4, 5)),
    "spatial": (ref.spatial_batchnorm_forward, ref.spatial_batchnorm_backward, (2, 3, 2, 3)),
}


@pytest.mark.parametrize("eps", [1e-5, 0.7])
@pytest.mark.parametrize("kind", LAYERS)
def test_gradients_are_the_measured_slopes(kind, eps):
    forward, backward, shape = LAYERS[kind]
    args = draw(shape)
    check_slopes(lambda *a: forward(*a, {"mode": "train", "eps": eps}), backward, args)


@pytest.mark.parametrize("G", [1, 2, 4])
@pytest.mark.parametrize("eps", [1e-5, 0.7])
def test_group_norm_gradients_are_the_measured_slopes(G, eps):
    x, gamma, beta = draw((2, 4, 2, 2))
    args = x, gamma.reshape(1, 4, 1, 1), beta.reshape(1, 4, 1, 1)
    forward = lambda *a: ref.spatial_groupnorm_forward(*a, G, {"eps": eps})  # noqa: E731
    check_slopes(forward, ref.spatial_groupnorm_backward, args)


def check_slopes(forward, backward, args):
    out, cache = forward(*args)
    dout = np.random.default_rng(1).standard_normal(out.shape)
    before = dout.copy()
    for position, gradient in enumerate(backward(dout, cache)):

        def moved(v, position=position):
            return forward(*args[:position], v, *args[position + 1 :])[0]

        assert gradient.shape == args[position].shape
        measured = numeric_gradient(moved, args[position], dout)
        np.testing.assert_allclose(gradient, measured, rtol=1e-6, atol=1e-7)
    np.testing.assert_array_equal(dout, before)


def test_gradient_of_a_set_sums_to_nothing():
    x, gamma, beta = draw((6, 3))
    _, cache = ref.batchnorm_forward(x, gamma, beta, {"mode": "train"})
    dx, *_ = ref.batchnorm_backward(np.random.default_rng(2).standard_normal((6, 3)), cache)
    np.testing.assert_allclose(dx.sum(axis=0), 0, atol=1e-12)


@pytest.mark.parametrize("kind", ["batch", "spatial"])
def test_test_mode_after_many_equal_batches_is_train_mode(kind):
    forward, _, shape = LAYERS[kind]
    x, gamma, beta = draw(shape)
    param = {"mode": "train"}
    for _ in range(400):
        out, _ = forward(x, gamma, beta, param)
    kept = {k: v.copy() for k, v in param.items() if k.startswith("running")}
    again, _ = forward(x, gamma, beta, param | {"mode": "test"})
    np.testing.assert_allclose(again, out, rtol=1e-10)
    for key, value in kept.items():
        np.testing.assert_array_equal(param[key], value)


@pytest.mark.parametrize("kind", ["batch", "spatial"])
def test_unknown_mode_is_refused(kind):
    forward, _, shape = LAYERS[kind]
    with pytest.raises(ValueError, match="mode"):
        forward(*draw(shape), {"mode": "validate"})
    with pytest.raises(ValueError, match="mode"):
        ref.dropout_forward(np.ones(3), {"mode": "validate", "p": 0.5})


def test_inputs_are_left_alone_and_may_be_read_only_integers():
    x, gamma, beta = np.arange(24).reshape(2, 3, 2, 2), np.ones(3), np.zeros(3)
    wide = (gamma.reshape(1, 3, 1, 1), beta.reshape(1, 3, 1, 1))
    for array in (x, gamma, beta):
        array.flags.writeable = False
    rows = x.reshape(4, 6).astype(np.uint8)
    six = np.ones(6), np.zeros(6)
    outs = [
        ref.batchnorm_forward(rows, *six, {"mode": "train"})[0],
        ref.layernorm_forward(rows, *six, {})[0],
        ref.spatial_batchnorm_forward(x, gamma, beta, {"mode": "train"})[0],
        ref.spatial_groupnorm_forward(x, *wide, 3, {})[0],
        ref.lrn_forward(x.astype(np.uint8), dict(k=2, n=3, alpha=0.1, beta=0.75))[0],
        ref.dropout_forward(x, {"mode": "train", "p": 0.5})[0],
    ]
    assert all(out.dtype == np.float64 for out in outs)
    np.testing.assert_allclose(outs[0].std(axis=0), 1, rtol=1e-5)


def test_group_norm_reaches_from_layer_to_instance_norm():
    x, _, _ = draw((3, 4, 5, 2))
    ones, zeros = np.ones((1, 4, 1, 1)), np.zeros((1, 4, 1, 1))
    one, _ = ref.spatial_groupnorm_forward(x, ones, zeros, 1, {})
    flat, _ = ref.layernorm_forward(x.reshape(3, -1), np.ones(40), np.zeros(40), {})
    np.testing.assert_allclose(one.reshape(3, -1), flat, rtol=1e-12)
    each, _ = ref.spatial_groupnorm_forward(x, ones, zeros, 4, {})
    single, _ = ref.spatial_batchnorm_forward(x[:1], np.ones(4), np.zeros(4), {"mode": "train"})
    np.testing.assert_allclose(each[:1], single, rtol=1e-12)


def test_layers_agree_with_those_of_the_architectures():
    x, gamma, beta = draw((2, 6, 3, 4))
    wide = gamma.reshape(1, 6, 1, 1), beta.reshape(1, 6, 1, 1)
    for G in (1, 2, 3, 6):
        ours = ref.spatial_groupnorm_forward(x, *wide, G, {"eps": 0.1})[0]
        theirs = plain_norms.spatial_groupnorm_forward(x, *wide, G, {"eps": 0.1})[0]
        np.testing.assert_allclose(ours, theirs, rtol=1e-10)
    for n in (1, 3, 5, 9):
        settings_ = dict(k=2.0, alpha=0.3, beta=0.75)
        ours = ref.lrn_forward(x, settings_ | {"n": n})[0]
        theirs = plain_norms.lrn_forward(x, settings_ | {"size": n})[0]
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_response_norm_of_the_worked_example():
    x = np.array([1.0, 2, 3]).reshape(1, 3, 1, 1)
    out, _ = ref.lrn_forward(x, dict(k=1, n=3, alpha=1, beta=1))
    np.testing.assert_allclose(out.ravel(), [1 / 6, 2 / 15, 3 / 14])


def test_alexnets_response_norm_nearly_divides_by_a_constant():
    """The facts the notebook states: 2 ** 0.75 is 1.68; 20,000 doubles k."""
    x = np.random.default_rng(0).standard_normal((2, 96, 4, 4))
    out, _ = ref.lrn_forward(x, dict(k=2, n=5, alpha=1e-4, beta=0.75))
    np.testing.assert_allclose(x / out, 2**0.75, rtol=1e-3)
    assert round(2**0.75, 2) == 1.68
    assert 2 + 1e-4 * 20_000 == 2 * 2


@pytest.mark.parametrize("p", [0.2, 0.5, 0.9])
def test_dropout_keeps_a_share_of_p_and_the_mean(p):
    x = np.ones((400, 500))
    out, cache = ref.dropout_forward(x, {"mode": "train", "p": p, "seed": 1})
    assert np.mean(out != 0) == pytest.approx(p, abs=0.02)
    assert out.mean() == pytest.approx(1, abs=0.05)
    np.testing.assert_allclose(np.unique(out), [0, 1 / p])
    dout = np.random.default_rng(0).standard_normal(x.shape)
    np.testing.assert_allclose(ref.dropout_backward(dout, cache), dout * out)
    again, _ = ref.dropout_forward(x, {"mode": "train", "p": p, "seed": 1})
    np.testing.assert_array_equal(again, out)
    later, _ = ref.dropout_forward(x, {"mode": "train", "p": p})
    assert not np.array_equal(later, out)


def test_dropout_does_nothing_in_test_mode():
    x = np.random.default_rng(0).standard_normal((4, 5))
    out, cache = ref.dropout_forward(x, {"mode": "test", "p": 0.3})
    np.testing.assert_array_equal(out, x)
    np.testing.assert_array_equal(ref.dropout_backward(x, cache), x)


# ---- against PyTorch, where it is installed ------------------------------------------------


def tensors(torch, *arrays):
    return [torch.tensor(a, requires_grad=True) for a in arrays]


@pytest.mark.parametrize("kind", ["batch", "layer", "spatial", "group"])
def test_agrees_with_pytorch(kind):
    torch = pytest.importorskip("torch")
    F = torch.nn.functional
    x, gamma, beta = draw((5, 4) if kind in ("batch", "layer") else (3, 4, 2, 5))
    tx, tg, tb = tensors(torch, x, gamma, beta)
    rm, rv = torch.zeros(4, dtype=torch.float64), torch.ones(4, dtype=torch.float64)
    param = {"mode": "train", "running_mean": np.zeros(4), "running_var": np.ones(4)}
    wide = gamma.reshape(1, 4, 1, 1), beta.reshape(1, 4, 1, 1)
    if kind == "group":
        out, cache = ref.spatial_groupnorm_forward(x, *wide, 2, {})
        backward, theirs = ref.spatial_groupnorm_backward, F.group_norm(tx, 2, tg, tb)
    elif kind == "layer":
        out, cache = ref.layernorm_forward(x, gamma, beta, {})
        backward, theirs = ref.layernorm_backward, F.layer_norm(tx, (4,), tg, tb)
    else:
        forward, backward, _ = LAYERS[kind]
        out, cache = forward(x, gamma, beta, param)
        # Frameworks' momentum is the share of the new value, and their running variance unbiased.
        theirs = F.batch_norm(tx, rm, rv, tg, tb, training=True, momentum=0.1)
        count = x.size // 4
        np.testing.assert_allclose(param["running_mean"], rm.numpy(), rtol=1e-10)
        unbiased = 0.9 + (param["running_var"] - 0.9) * count / (count - 1)
        np.testing.assert_allclose(unbiased, rv.numpy(), rtol=1e-10)
    np.testing.assert_allclose(out, theirs.detach().numpy(), rtol=1e-9)
    dout = np.random.default_rng(3).standard_normal(out.shape)
    theirs.backward(torch.tensor(dout))
    for ours, leaf in zip(backward(dout, cache), (tx, tg, tb)):
        np.testing.assert_allclose(ours.reshape(leaf.shape), leaf.grad.numpy(), atol=1e-10)


def test_pytorchs_response_norm_divides_alpha_by_n():
    torch = pytest.importorskip("torch")
    x, _, _ = draw((2, 7, 2, 3))
    theirs = torch.nn.functional.local_response_norm(torch.tensor(x), 5, 0.5, 0.75, 2.0)
    ours, _ = ref.lrn_forward(x, dict(k=2.0, n=5, alpha=0.5 / 5, beta=0.75))
    np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-10)
