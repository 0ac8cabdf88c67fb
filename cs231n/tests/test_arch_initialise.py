"""First values: their spread, and that each layer's are its own."""

import numpy as np
import pytest

from cs231n.architectures import build, kinds, parse
from cs231n.architectures.initialise import initial_buffers, initialise


@pytest.mark.parametrize(
    ("text", "fan_in", "fan_out"),
    [
        ("INPUT1000 -> it:FC-200", 1000, 200),
        ("INPUT8x8x32 -> it:CONV3x5-64", 32 * 15, 64 * 15),
        ("INPUT8x8x64 -> it:CONV3-64g4", 16 * 9, 16 * 9),
        ("INPUT12x12x8 -> it:LOCAL3-16", 8 * 9, 16 * 9),
    ],
    ids=["fc", "conv", "groups", "local"],
)
def test_spread_follows_the_fan(text, fan_in, fan_out):
    net = parse(text)
    for scheme, variance in (
        ("he", 2 / fan_in),
        ("xavier", 2 / (fan_in + fan_out)),
        ("gaussian", 0.01**2),
    ):
        w = initialise(net, scheme)["it.w"]
        assert abs(w.mean()) < 5 * np.sqrt(variance / w.size)
        assert w.var() == pytest.approx(variance, rel=6 / np.sqrt(w.size / 2))


def test_partial_connections_count_only_what_a_filter_sees():
    net = parse("INPUT9x9x40 -> it:CONV5-40p0")
    half = tuple(tuple((f + k) % 40 for k in range(20)) for f in range(40))
    net = net.replace("it", kinds.Conv(40, 5, pad=0, connections=half))
    w = initialise(net, "xavier")["it.w"]
    assert w.shape == (800, 5, 5)
    assert w.var() == pytest.approx(2 / (20 * 25 + 20 * 25), rel=0.05)


def test_he_keeps_the_size_of_what_passes_through_twenty_layers():
    from cs231n.architectures.running import Network

    net = Network(parse("INPUT256 -> [FC-256 -> RELU]*20"))
    x = np.random.default_rng(0).standard_normal((50, 256), np.float32)
    assert 0.3 < np.square(net.forward(x)).mean() / np.square(x).mean() < 3


def test_another_layer_more_leaves_the_others_as_they_were():
    small = initialise(parse("INPUT8x8x3 -> conv1:CONV3-4 -> last:FC-5"), seed=3)
    large = initialise(parse("INPUT8x8x3 -> conv1:CONV3-4 -> conv2:CONV3-4 -> last:FC-5"), seed=3)
    for name, value in small.items():
        np.testing.assert_array_equal(large[name], value)
    other = initialise(parse("INPUT8x8x3 -> conv1:CONV3-4"), seed=4)["conv1.w"]
    assert not np.array_equal(other, small["conv1.w"])


def test_layers_of_one_shape_do_not_begin_alike():
    params = initialise(parse("INPUT8x8x4 -> CONV3-4 -> CONV3-4"))
    assert not np.array_equal(params["conv1.w"], params["conv2.w"])


@pytest.mark.parametrize("dtype", [np.float32, np.float64, "float32"])
def test_everything_has_the_dtype_asked_for_and_the_usual_start(dtype):
    net = parse("INPUT8x8x4 -> CONV3-4 -> BN -> SCALE -> FC-3 -> RBF-2")
    params, buffers = initialise(net, dtype=dtype), initial_buffers(net, dtype)
    assert {array.dtype for array in (*params.values(), *buffers.values())} == {np.dtype(dtype)}
    assert {name: array.shape for name, array in params.items()} == net.parameters
    assert {name: array.shape for name, array in buffers.items()} == net.buffers
    for name, array in params.items():
        if not name.endswith(".w"):
            assert (array == name.endswith("gamma")).all(), name
    assert not buffers["batchnorm1.running_mean"].any()
    assert (buffers["batchnorm1.running_var"] == 1).all()


def test_1998s_points_are_corners_of_a_cube_and_differ():
    points = initial_buffers(build("lenet5_1998"))["output.w"]
    assert points.shape == (84, 10)
    np.testing.assert_array_equal(np.abs(points), 1)
    assert len(np.unique(points, axis=1).T) == 10


@pytest.mark.parametrize(
    ("options", "problem"),
    [({"scheme": "kaiming"}, "he, xavier, gaussian"), ({"dtype": np.float16}, "not float16")],
    ids=["scheme", "dtype"],
)
def test_what_is_not_known_is_refused(options, problem):
    with pytest.raises(ValueError, match=problem):
        initialise(parse("INPUT8x8x3 -> FC-3"), **options)
