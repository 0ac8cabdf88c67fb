"""The small classifier of shapes, and its scenes."""

import numpy as np
import pytest

from cs231n import spotting
from cs231n.architectures import parse
from cs231n.architectures.running import Network


@pytest.fixture(scope="module")
def params():
    return spotting.train_classifier(epochs=2, progress=False)


def test_scene_is_the_same_every_time_and_shapes_do_not_touch():
    picture, shapes = spotting.scene(100, 140, 8, seed=3)
    again, _ = spotting.scene(100, 140, 8, seed=3)
    np.testing.assert_array_equal(picture, again)
    assert picture.shape == (100, 140, 3)
    assert 0 <= picture.min() < picture.max() <= 1
    assert len(shapes) >= 5
    for k, one in enumerate(shapes):
        for two in shapes[:k]:
            apart = np.hypot(one.row - two.row, one.column - two.column)
            assert apart > one.radius + two.radius


def test_classify_is_the_network_that_was_trained(params):
    net = Network(parse(spotting.TEXT), dtype=np.float64)
    for layer, number in (("conv1", 1), ("fc1", 2), ("fc2", 3)):
        net.params[f"{layer}.w"], net.params[f"{layer}.b"] = (
            params[f"{kind}{number}"] for kind in "Wb"
        )
    x = np.random.default_rng(0).uniform(-0.5, 0.5, (3, 3, 32, 32))
    own = spotting.classify(x, params, spotting.CONV_PARAM, spotting.POOL_PARAM)
    np.testing.assert_allclose(own, net.forward(x), atol=1e-10)


def test_classify_says_why_it_takes_no_larger_pictures(params):
    with pytest.raises(ValueError, match="one size only"):
        spotting.classify(
            np.zeros((1, 3, 36, 32)), params, spotting.CONV_PARAM, spotting.POOL_PARAM
        )


def test_training_finds_most_shapes_of_a_scene_it_has_not_seen(params):
    picture, shapes = spotting.scene(120, 160, 10, seed=77)
    chances = spotting.find_shapes(picture, params)
    assert chances.shape == (5, 23, 33)
    np.testing.assert_allclose(chances.sum(axis=0), 1, atol=1e-6)
    found = 0
    for drawn in shapes:
        i, j = round((drawn.row - 15.5) / 4), round((drawn.column - 15.5) / 4)
        i, j = min(max(i, 0), 22), min(max(j, 0), 32)
        found += chances[1:, i, j].argmax() + 1 == drawn.kind
    assert found >= 0.7 * len(shapes)


def test_trim_keeps_what_fits_and_is_a_view():
    x = np.zeros((1, 2, 42, 39))
    trimmed = spotting.trim(x, (32, 30), 4)
    assert trimmed.shape == (1, 2, 40, 38)
    assert np.shares_memory(trimmed, x)
