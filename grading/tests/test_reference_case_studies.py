"""The reference of notebook 8_case_studies against definitions, published facts, and slopes."""

import numpy as np
import pytest

from cs231n.architectures import build
from cs231n.architectures.receptive import receptive_fields
from cs231n.architectures.running import Network
from cs231n.check.case_studies_inception import inception_params
from cs231n.check.case_studies_residual import residual_params
from cs231n.gradient_check import numeric_gradient, relative_error
from grading.reference import case_studies as pieces
from grading.reference import case_studies_blocks as blocks

RNG = np.random.default_rng


# ---- facts that the notebook tells -----------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("lenet5", 61_706),
        ("lenet5_1998", 60_000),
        ("alexnet", 60_965_224),
        ("alexnet_one_tower", 62_378_344),
        ("zfnet", 62_357_608),
        ("vgg16", 138_357_544),
        ("vgg19", 143_667_240),
        ("googlenet", 6_998_552),
        ("googlenet_auxiliary", 13_378_280),
        ("resnet18", 11_689_512),
        ("resnet34", 21_797_672),
        ("resnet50", 25_557_032),
    ],
)
def test_parameters_of_each_network_are_the_published_number(name, parameters):
    assert build(name).parameter_count == parameters


@pytest.mark.parametrize(
    ("name", "sees", "maps"),
    [
        ("resnet18", 435, (512, 7, 7)),
        ("resnet34", 899, (512, 7, 7)),
        ("resnet50", 427, (2048, 7, 7)),
        ("resnet50_stride_on_1x1", 483, (2048, 7, 7)),
    ],
)
def test_last_maps_of_a_resnet_see_more_than_the_picture(name, sees, maps):
    net = build(name)
    last = [node for node in net.shapes if len(net.shapes[node]) == 3][-2]
    assert net.shapes[last] == maps
    assert receptive_fields(net)[last].size == (sees, sees)


def test_one_fully_connected_layer_remains_in_googlenet_and_resnet():
    for name, inputs in (("googlenet", 1024), ("resnet18", 512)):
        vectors = [k for k, shape in build(name).parameters.items() if len(shape) == 2]
        assert vectors == ["fc.w"]
        assert build(name).parameters["fc.w"] == (inputs, 1000)


def test_alexnet_pools_three_times_and_ends_in_6x6x256():
    net = build("alexnet")
    assert [net.shapes[f"pool{k}"] for k in (1, 2, 5)] == [(96, 27, 27), (256, 13, 13), (256, 6, 6)]
    assert sum(node.name.startswith("pool") for node in net) == 3


def test_inception_modules_give_the_published_depths():
    net = build("googlenet")
    names = ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")
    depths = [net.shapes[f"inception{name}"][0] for name in names]
    assert depths == [256, 480, 512, 512, 512, 528, 832, 832, 1024]


# ---- LeNet-5 and AlexNet ---------------------------------------------------------------------


def test_c3_has_60_connections_and_1516_parameters():
    table = pieces.c3_connections()
    assert table.sum() == 60
    assert table.sum() * 25 + 16 == 1_516
    assert 156 + 12 + 1_516 + 32 + 48_120 + 10_164 == 60_000


def test_table_is_the_one_that_the_zoo_runs_on():
    known = build("lenet5_1998")["c3"].layer.connections
    assert [tuple(np.flatnonzero(row)) for row in pieces.c3_connections()] == list(known)


def test_unseen_channels_are_not_even_looked_at():
    rng = RNG(0)
    x, w = rng.standard_normal((2, 6, 8, 9)), rng.standard_normal((16, 6, 5, 5))
    b, table = rng.standard_normal(16), pieces.c3_connections()
    out, _ = pieces.partially_connected_forward(x, w, b, table, {"stride": 1, "pad": 0})
    for f in (0, 8, 13, 15):
        seen = np.flatnonzero(table[f])
        value = np.sum(x[1, seen, 2:7, 3:8] * w[f, seen]) + b[f]
        assert out[1, f, 2, 3] == pytest.approx(value)


def test_groups_are_convolutions_side_by_side():
    rng = RNG(1)
    x, w, b = rng.standard_normal((2, 6, 5, 5)), rng.standard_normal((4, 3, 3, 3)), np.arange(4.0)
    out, _ = pieces.grouped_conv_forward(x, w, b, {"stride": 1, "pad": 0}, 2)
    for f, first in ((0, 0), (1, 0), (2, 3), (3, 3)):
        value = np.sum(x[1, first : first + 3, 1:4, 2:5] * w[f]) + b[f]
        assert out[1, f, 1, 2] == pytest.approx(value)


def test_conv2_of_alexnet_halves_its_weights_and_keeps_its_biases():
    assert (5 * 5 * 96 + 1) * 256 == 614_656
    assert np.prod(build("alexnet").parameters["conv2.w"]) + 256 == 307_456


# ---- sizes and VGG ---------------------------------------------------------------------------


@pytest.mark.parametrize("rounding", ["floor", "ceil"])
def test_sizes_count_the_windows(rounding):
    for size, window, stride, pad in np.ndindex(9, 4, 4, 3):
        size, window, stride = size + 6, window + 1, stride + 1
        starts = [p for p in range(0, size + 2 * pad, stride) if p + window <= size + 2 * pad]
        hangs = starts[-1] + window < size + 2 * pad
        expected = len(starts) + (hangs if rounding == "ceil" else 0)
        assert pieces.map_sizes(size, [(window, stride, pad, rounding)]) == [expected]


def test_zfnet_has_the_published_sizes():
    layers = [(7, 2, 1), (3, 2, 1), (5, 2, 0), (3, 2, 1), *[(3, 1, 1)] * 3, (3, 2, 0)]
    sizes = pieces.map_sizes(224, [(*layer, "floor") for layer in layers])
    assert sizes == [110, 55, 26, 13, 13, 13, 13, 6]


@pytest.mark.parametrize(
    ("depth", "stages"),
    [(11, (1, 1, 2, 2, 2)), (13, (2,) * 5), (16, (2, 2, 3, 3, 3)), (19, (2, 2, 4, 4, 4))],
)
def test_every_line_of_vgg_is_that_of_the_network(depth, stages):
    net, table = build(f"vgg{depth}"), pieces.vgg_table(stages)
    lines = [node for node in net if node.name.startswith(("input", "conv", "pool", "fc"))]
    assert len(lines) == len(table)
    for node, (H, W, D, values, parameters) in zip(lines, table):
        shape = net.shapes[node.name]
        assert (shape if len(shape) == 3 else (*shape, 1, 1)) == (D, H, W)
        assert values == np.prod(shape)
        own = [s for name, s in net.parameters.items() if name.split(".")[0] == node.name]
        assert parameters == sum(int(np.prod(s)) for s in own)


def test_vgg16_sums_to_58_mebibytes_and_not_to_93_megabytes():
    values, parameters = pieces.vgg_table((2, 2, 3, 3, 3))[:, 3:].sum(axis=0)
    assert (values, parameters) == (15_237_608, 138_357_544)
    assert round(values * 4 / 1e6, 2) == 60.95
    assert round(values * 4 / 2**20, 2) == 58.13
    net = build("vgg16")
    relus = sum(np.prod(net.shapes[n.name]) for n in net if n.name.startswith("relu"))
    assert values + relus == 28_793_320


# ---- blocks ----------------------------------------------------------------------------------


def test_inception_is_what_googlenet_computes():
    net = Network(build("googlenet").with_input(64), dtype=np.float64)
    x = RNG(0).standard_normal((1, 3, 64, 64))
    truth = net.forward(x, outputs=["pool2", "inception3a"])
    own = {k.split(".", 1)[1]: v for k, v in net.params.items() if k.startswith("inception3a.")}
    out, _ = blocks.inception_forward(truth["pool2"], own)
    np.testing.assert_allclose(out, truth["inception3a"], rtol=1e-9, atol=1e-12)


def worked_module():
    """The module of the notebook's worked example: 1x1 doubles, and so on."""
    params = {k: 0 * v for k, v in inception_params(RNG(0), 1, (1,) * 6).items()}
    params["1x1.w"] += 2
    params["3x3_reduce.w"] += 1
    params["5x5_reduce.w"] += 1
    params["3x3.w"][0, 0, 0, 1] = 3
    params["5x5.w"][0, 0, 2, 0] = 5
    params["pool_proj.w"] += 7
    return params


def test_worked_module_gives_nine_sevens_and_sends_back_73():
    x = np.zeros((1, 1, 7, 7))
    x[0, 0, 3, 3] = 1
    out, cache = blocks.inception_forward(x, worked_module())
    assert (out[0, 0, 3, 3], out[0, 1, 4, 3], out[0, 2, 3, 5]) == (2, 3, 5)
    assert out[0, :3].sum() == 10
    assert np.count_nonzero(out[0, 3] == 7) == 9
    dx, _ = blocks.inception_backward(np.ones(out.shape), cache)
    assert dx[0, 0, 3, 3] == 73


def check_slopes(forward, backward, x, params, *rest):
    out, cache = forward(x, params, *rest)
    dout = RNG(5).standard_normal(out.shape)
    dx, grads = backward(dout, cache)
    assert grads.keys() == params.keys()
    slopes = numeric_gradient(lambda v: forward(v, params, *rest)[0], x, dout, h=1e-6)
    assert relative_error(dx, slopes, tiny=1e-3) < 1e-4
    for key, value in params.items():

        def moved(v, key=key):
            return forward(x, params | {key: v}, *rest)[0]

        slopes = numeric_gradient(moved, value, dout, h=1e-6)
        assert relative_error(grads[key], slopes, tiny=1e-3) < 1e-4, key


def test_inception_gradient_is_the_slope():
    rng = RNG(2)
    params = inception_params(rng, 2, (1, 2, 1, 1, 2, 1))
    check_slopes(
        blocks.inception_forward,
        blocks.inception_backward,
        rng.standard_normal((2, 2, 3, 4)),
        params,
    )


@pytest.mark.parametrize(
    ("shape", "F", "stride", "projection"),
    [((2, 2, 3, 4), 2, 1, False), ((1, 2, 5, 3), 3, 2, True), ((1, 3, 3, 3), 2, 1, True)],
    ids=["identity", "halving", "projection"],
)
def test_residual_gradient_is_the_slope(shape, F, stride, projection):
    rng = RNG(3)
    params = residual_params(rng, shape[1], F, projection)
    x = rng.standard_normal(shape)
    check_slopes(blocks.residual_block_forward, blocks.residual_block_backward, x, params, stride)


def test_a_block_of_zeros_is_the_identity_both_ways():
    params = {k: 0 * v for k, v in residual_params(RNG(0), 1, 1, False).items()}
    x = np.array([1.0, -2, 3]).reshape(1, 1, 1, 3)
    out, cache = blocks.residual_block_forward(x, params)
    assert out.ravel().tolist() == [1, 0, 3]
    dx, _ = blocks.residual_block_backward(np.array([10.0, 20, 30]).reshape(x.shape), cache)
    assert dx.ravel().tolist() == [10, 0, 30]


# ---- fine-tuning -----------------------------------------------------------------------------


def test_worked_steps_of_fine_tuning():
    features, y = np.array([[1.0], [-1]]), np.array([0, 1])
    w, b, losses = blocks.fine_tune_last_layer(features, y, 2, 1.0, 1, 0.0)
    assert w.ravel().tolist() == [0.5, -0.5]
    assert b.tolist() == [0, 0]
    losses = blocks.fine_tune_last_layer(features, y, 2, 1.0, 2, 0.0)[2]
    assert losses == pytest.approx([0.693147, 0.313262], rel=1e-5)


def test_fine_tuning_ends_where_the_slope_is_zero():
    rng, y = RNG(4), np.arange(12) % 3
    features = rng.standard_normal((12, 3))
    w, b, losses = blocks.fine_tune_last_layer(features, y, 3, 0.5, 3000, 0.1)
    assert np.all(np.diff(losses) <= 1e-12)

    def loss(w, b):
        shares = np.exp(features @ w + b)
        shares /= shares.sum(axis=1, keepdims=True)
        return -np.log(shares[np.arange(12), y]).mean() + 0.05 * np.sum(w * w)

    assert losses[-1] == pytest.approx(loss(w, b), rel=1e-9)
    assert np.abs(numeric_gradient(lambda v: loss(v, b), w)).max() < 1e-7
    assert np.abs(numeric_gradient(lambda v: loss(w, v), b)).max() < 1e-7


def test_scores_in_the_thousands_stay_finite():
    features, y = 1e4 * RNG(6).standard_normal((8, 3)), np.arange(8) % 3
    w, _, losses = blocks.fine_tune_last_layer(features, y, 3, 1.0, 5, 0.0)
    assert np.isfinite(w).all()
    assert np.isfinite(losses).all()
