"""The experiments of the notebooks find what their texts say."""

import numpy as np

from cs231n import experiments
from cs231n.fast_pointwise import batchnorm_backward_fast, batchnorm_forward_fast
from cs231n.vis.training import smooth


def normalized(h):
    D = h.shape[1]
    return batchnorm_forward_fast(h, np.ones(D), np.zeros(D), {"mode": "train"})[0]


def test_sizes_halve_hold_or_double_every_two_layers():
    small, level, large = (experiments.sizes_through_layers(s) for s in (0.1, 0.1414, 0.2))
    assert 32 < small[0] / small[-1] < 128  # 2 ** 5.5 is 45
    assert 0.7 < level[-1] / level[0] < 1.4
    assert 32 < large[-1] / large[0] < 128
    assert np.allclose(experiments.sizes_through_layers(0.2, normalized), 0.58, atol=0.03)


def test_output_trembles_less_in_larger_batches():
    few, many = experiments.tremble(normalized, 16), experiments.tremble(normalized, 256)
    assert 3 < few / many < 5  # the root of 16
    assert experiments.tremble(lambda x: 2 * x, 4) == 0


def test_normalization_makes_the_narrow_network_learn_faster():
    _, plain = smooth(experiments.train_on_spirals(steps=150), 25)
    norm = (batchnorm_forward_fast, batchnorm_backward_fast)
    _, helped = smooth(experiments.train_on_spirals(norm, steps=150), 25)
    assert plain.shape == (126,)
    assert plain[-1] > 0.5
    assert helped[-1] < 0.2


def test_time_is_the_median_of_a_call():
    assert 0 <= experiments.milliseconds(sum, [1, 2], repeat=3) < 100
