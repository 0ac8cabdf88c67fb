"""The optimisers' steps: numbers, work in place, state, errors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs231n import fast_optim
from cs231n.fast_optim import adam_fast, rmsprop_fast, sgd_fast, sgd_momentum_fast
from cs231n.threads import set_num_threads

RULES = {
    sgd_fast: (),
    sgd_momentum_fast: ("velocity",),
    rmsprop_fast: ("cache",),
    adam_fast: ("m", "v"),
}
every_rule = pytest.mark.parametrize("rule", RULES)
needs_compiled = pytest.mark.skipif(
    fast_optim.BACKEND != "cython", reason="the compiled module is not here"
)
pytestmark = pytest.mark.usefixtures("backend")


def steps(rule, w, count=3, **config):
    """w after some steps down a fixed sequence of gradients, and the config."""
    rng = np.random.default_rng(1)
    for _ in range(count):
        w, config = rule(w, rng.standard_normal(w.shape).astype(w.dtype), config)
    return w, config


def test_sgd_worked_by_hand():
    w, config = sgd_fast([1.0, 2.0], [10.0, -10.0])
    np.testing.assert_allclose(w, [0.9, 2.1], rtol=1e-15)
    assert config == {"learning_rate": 1e-2}


def test_momentum_worked_by_hand():
    w, config = sgd_momentum_fast([1.0], [1.0], {"learning_rate": 0.5, "momentum": 0.5})
    w, config = sgd_momentum_fast(w, [1.0], config)
    np.testing.assert_allclose(config["velocity"], [-0.75])  # -0.5, then -0.25 - 0.5
    np.testing.assert_allclose(w, [-0.25])


def test_rmsprop_worked_by_hand():
    config = {"learning_rate": 0.1, "decay_rate": 0.75, "epsilon": 0.5, "cache": [4.0]}
    w, config = rmsprop_fast([1.0], [2.0], config)
    np.testing.assert_allclose(config["cache"], [4.0])  # 3 + 0.25 * 4
    np.testing.assert_allclose(w, [1 - 0.2 / 2.5], rtol=1e-15)


def test_adams_first_step_is_the_learning_rate_whatever_the_gradients_size():
    w, config = adam_fast(np.zeros(3), [1e-3, -1.0, 1e3], {"learning_rate": 0.25, "epsilon": 0})
    np.testing.assert_allclose(w, [-0.25, 0.25, -0.25], rtol=1e-14)
    assert config["t"] == 1
    np.testing.assert_allclose(config["m"], [1e-4, -0.1, 1e2], rtol=1e-14)
    np.testing.assert_allclose(config["v"], [1e-9, 1e-3, 1e3], rtol=1e-13)


def test_adam_follows_the_papers_algorithm():
    rng = np.random.default_rng(1)
    theta, m, v = np.ones((4, 5)), 0.0, 0.0
    for t in range(1, 6):
        g = rng.standard_normal((4, 5))
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        theta = theta - 1e-3 * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)) ** 0.5 + 1e-8)
    w, config = steps(adam_fast, np.ones((4, 5)), 5)
    np.testing.assert_allclose(w, theta, rtol=1e-13)
    assert config["t"] == 5


@every_rule
def test_a_step_changes_w_and_its_state_in_place(rule):
    w = np.ones((3, 4), np.float32)
    config = {name: np.zeros((3, 4), np.float32) for name in RULES[rule]}
    kept = dict(config)
    for _ in range(2):
        next_w, next_config = rule(w, np.full((3, 4), 0.5), config)
        assert next_w is w
        assert next_config is config
    assert (w < 1).all()
    for name, array in kept.items():
        assert config[name] is array
        assert array.any()


@every_rule
def test_arrays_that_cannot_be_changed_in_place_are_left_alone(rule):
    expected, _ = steps(rule, np.ones((2, 3)), 1)
    read_only = np.ones((2, 3))
    read_only.flags.writeable = False
    gaps, fortran = np.ones((2, 6))[:, ::2], np.asfortranarray(np.ones((2, 3)))
    for w in (read_only, gaps, fortran, np.ones((2, 3), ">f8"), np.ones((2, 3), int)):
        gradient = np.random.default_rng(1).standard_normal((2, 3))
        next_w, _ = rule(w, gradient, {})
        assert (w == 1).all()
        assert next_w is not w
        assert next_w.dtype == np.float64
        np.testing.assert_array_equal(next_w, expected)
    kept = [np.zeros((2, 3)) for _ in RULES[rule]]
    for array in kept:
        array.flags.writeable = False
    config = dict(zip(RULES[rule], kept))
    rule(np.ones((2, 3)), np.ones((2, 3)), config)
    for name, array in zip(RULES[rule], kept):
        assert not array.any()
        assert config[name].all()


@every_rule
def test_the_gradient_is_left_as_it_is_in_any_order_and_type(rule):
    gradient = np.asfortranarray(np.random.default_rng(2).standard_normal((4, 3)))
    gradient.flags.writeable = False
    expected, _ = rule(np.ones((4, 3)), gradient.copy(), {})
    got, _ = rule(np.ones((4, 3)), gradient, {})
    np.testing.assert_array_equal(got, expected)
    single, _ = rule(np.ones((4, 3), np.float32), gradient, {})
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, expected, rtol=1e-5)


def test_weights_that_are_their_own_gradient_shrink():
    w = np.arange(1.0, 5.0)
    sgd_fast(w, w, {"learning_rate": 0.5})
    np.testing.assert_array_equal(w, [0.5, 1, 1.5, 2])
    w = np.arange(1.0, 6.0)
    sgd_fast(w[1:], w[:-1], {"learning_rate": 1.0})  # overlaps, one place off
    np.testing.assert_array_equal(w, [1, 1, 1, 1, 1])


@needs_compiled
@given(
    rule=st.sampled_from(list(RULES)),
    shape=st.lists(st.integers(1, 9), max_size=4),
    dtype=st.sampled_from([np.float32, np.float64]),
    rate=st.sampled_from([0, 1e-3, 0.5]),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_numpy_and_compiled_steps_agree(rule, shape, dtype, rate):
    results = []
    for module in (fast_optim.compiled("cs231n.kernels.pointwise"), None):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(fast_optim, "_compiled", module)
            w, config = steps(rule, np.ones(shape, dtype), learning_rate=rate)
            results.append([w, *(config[name] for name in RULES[rule])])
    near = 1e-12 if dtype == np.float64 else 1e-5
    for got, expected in zip(*results):
        np.testing.assert_allclose(got, expected, rtol=near, atol=near)
        assert got.dtype == expected.dtype == dtype


@pytest.mark.usefixtures("threads_as_before")
@every_rule
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_number_of_threads_and_the_processor_change_no_bit(rule, dtype, monkeypatch):
    results = []
    for count, target in ((1, "avx512"), (2, "avx2"), (3, "portable"), (1, "portable")):
        set_num_threads(count)
        monkeypatch.setenv("CS231N_CPU", target)
        results.append(steps(rule, np.ones(50_001, dtype))[0])
    for other in results[1:]:
        np.testing.assert_array_equal(other, results[0])


@every_rule
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(dw=np.ones(4)), r"dw should have the shape of w, \(3,\)"),
        (dict(w=np.ones(0), dw=np.ones(0)), "at least one weight"),
        (dict(w=np.ones(3, complex)), "w should hold real numbers"),
        (dict(config={"learn_rate": 1}), "config may have"),
        (dict(config=[1]), "config should be a dict"),
        (dict(config={"learning_rate": "fast"}), "learning_rate"),
        (dict(config={"learning_rate": np.nan}), "learning_rate"),
        (dict(config={"learning_rate": -1}), "at least 0"),
    ],
)
def test_arguments_that_do_not_fit_are_refused_by_name(rule, change, message):
    arguments = dict(w=np.ones(3), dw=np.ones(3), config={}) | change
    before = arguments["w"].copy()
    with pytest.raises(ValueError, match=message):
        rule(**arguments)
    np.testing.assert_array_equal(arguments["w"], before)


def test_state_that_belongs_to_other_weights_is_refused_and_nothing_is_changed():
    w, config = np.ones(3), {"m": np.zeros(3), "v": np.zeros(4)}
    with pytest.raises(ValueError, match="config of its own"):
        adam_fast(w, np.ones(3), config)
    assert (w == 1).all()
    assert set(config) == {"m", "v"}
    zeros = np.zeros(3)
    with pytest.raises(ValueError, match="m and v share memory"):
        adam_fast(w, np.ones(3), {"m": zeros, "v": zeros})
    with pytest.raises(ValueError, match="w and velocity share memory"):
        sgd_momentum_fast(w, np.ones(3), {"velocity": w})
    for slip in ({"beta1": 1}, {"beta2": 1.5}, {"t": 1.5}, {"t": -1}):
        with pytest.raises(ValueError, match=next(iter(slip))):
            adam_fast(w, np.ones(3), slip)
    assert (w == 1).all()


@every_rule
def test_every_rule_goes_down_a_parabola(rule):
    w, config = np.array([3.0, -2.0]), {"learning_rate": 0.05}
    for _ in range(200):
        w, config = rule(w, 2 * w, config)
    assert np.abs(w).max() < 0.1


@needs_compiled
def test_the_compiled_module_checks_sizes_itself():
    step = fast_optim.compiled("cs231n.kernels.pointwise").step
    w, short = np.ones(4), np.ones(3)
    for slip in (
        ("sgd", w, short, (0.1,)),
        ("sgd", w, w.copy(), (0.1, 0.2)),
        ("sgd", w[:0], w[:0], (0.1,)),
        ("sgd_momentum", w, w.copy(), (0.1, 0.9)),
        ("sgd_momentum", w, w.copy(), (0.1, 0.9), short),
        ("adam", w, w.copy(), (0.1,) * 8, w.copy()),
    ):
        with pytest.raises(ValueError, match="does not fit"):
            step(*slip)
