"""The solutions of 6_fc_to_conv against definitions, and the facts that the notebook states."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs231n.architectures import build, parse
from cs231n.architectures.accounting import cost, total
from cs231n.architectures.conversion import fc_to_conv
from cs231n.architectures.receptive import receptive_fields
from cs231n.check.fc_to_conv_cases import Sizes, network
from cs231n.fast_layers import conv_forward_fast
from cs231n.spotting import classify, trim
from grading.reference import fc_to_conv as reference
from grading.settings import SOURCE

ONCE = {"stride": 1, "pad": 0}
SOME = settings(max_examples=30, deadline=None, derandomize=True)
small = st.integers(1, 4)


@given(C=small, H=small, W=small, M=small)
@SOME
def test_filters_give_what_the_affine_layer_gave(C, H, W, M):
    rng = np.random.default_rng(C + 5 * H + 25 * W + 125 * M)
    w, b = rng.standard_normal((C * H * W, M)), rng.standard_normal(M)
    x = rng.standard_normal((2, C, H, W))
    filters, b_conv = reference.fc_weights_to_conv(w, b, (C, H, W))
    assert filters.shape == (M, C, H, W)
    out, _ = conv_forward_fast(x, filters, b_conv, ONCE)
    np.testing.assert_allclose(out[:, :, 0, 0], x.reshape(2, -1) @ w + b, atol=1e-12)
    d = (C - 1) * H * W + (H - 1) * W + W - 1  # the formula of the notebook
    assert filters[M - 1, C - 1, H - 1, W - 1] == w[d, M - 1]


@given(
    C=st.integers(1, 2),
    F=st.integers(1, 3),
    window=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    places=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.integers(1, 3),
    pad=st.integers(0, 2),
)
@SOME
def test_matrix_gives_what_the_convolution_gives(C, F, window, places, stride, pad):
    H, W = ((n - 1) * stride + f - 2 * pad for n, f in zip(places, window))
    if H < 1 or W < 1:
        return
    rng = np.random.default_rng(0)
    w, b = rng.standard_normal((F, C, *window)), rng.standard_normal(F)
    conv_param = {"stride": stride, "pad": pad}
    w_fc, b_fc = reference.conv_weights_to_fc(w, b, (C, H, W), conv_param)
    x = rng.standard_normal((2, C, H, W))
    out, _ = conv_forward_fast(x, w, b, conv_param)
    np.testing.assert_allclose(x.reshape(2, -1) @ w_fc + b_fc, out.reshape(2, -1), atol=1e-12)


def count(w_shape, x_shape, stride, pad):
    conv_param = {"stride": stride, "pad": pad}
    b = np.zeros(w_shape[0])
    w_fc, _ = reference.conv_weights_to_fc(np.ones(w_shape), b, x_shape, conv_param)
    return np.count_nonzero(w_fc), w_fc.shape


def test_zeros_are_as_many_as_the_notebook_says():
    assert count((1, 1, 2, 2), (1, 3, 3), 1, 0) == (16, (9, 4))
    assert count((6, 1, 5, 5), (1, 32, 32), 1, 0) == (117_600, (1024, 4704))
    assert 1024 * 4704 == 4_816_896
    for H, W in ((1, 1), (4, 3), (5, 5)):
        assert count((1, 1, 3, 3), (1, H, W), 1, 1)[0] == (3 * H - 2) * (3 * W - 2)
    assert 224 * 224 * 3 == 150_528
    assert 64 * 224 * 224 == 3_211_264
    assert round(150_528 * 3_211_264 * 4 / 1e12, 1) == 1.9


def test_worked_matrix_of_the_notebook_is_right():
    w = np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    w_fc, _ = reference.conv_weights_to_fc(w, np.zeros(1), (1, 3, 3), ONCE)
    rows = ["1000", "2100", "0200", "3010", "4321", "0402", "0030", "0043", "0004"]
    assert w_fc.tolist() == [[float(d) for d in row] for row in rows]


SIZES = [
    Sizes(),
    Sizes(C=1, stride=2, window=(2, 4), last_map=(2, 1)),
    Sizes(pool=(3, 3), last_map=(1, 2)),
]


@pytest.mark.parametrize("sizes", SIZES)
def test_one_pass_equals_crops_without_padding(sizes):
    rng = np.random.default_rng(3)
    plain, slid = network(rng, sizes)
    x = rng.standard_normal((2, sizes.C, *sizes.picture(3, 2)))
    one_pass = reference.slide_classifier(x, slid, *sizes.steps)
    crops = reference.crop_scores(x, plain, sizes.size, *sizes.steps)
    assert one_pass.shape == (2, sizes.classes, 3, 2)
    np.testing.assert_allclose(one_pass, crops, atol=1e-11)


def test_one_pass_differs_from_every_crop_with_padding():
    sizes, rng = Sizes(pad=1), np.random.default_rng(3)
    plain, slid = network(rng, sizes)
    x = rng.standard_normal((1, sizes.C, *sizes.picture(3, 3)))
    one_pass = reference.slide_classifier(x, slid, *sizes.steps)
    crops = reference.crop_scores(x, plain, sizes.size, *sizes.steps)
    assert np.all(np.max(np.abs(one_pass - crops), axis=(0, 1)) > 1e-3)


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("places", [(1, 1), (1, 4), (5, 1), (4, 3), (3, 4)])
def test_four_passes_give_every_crop_at_half_the_stride(sizes, places):
    rng, half = np.random.default_rng(5), sizes.total_stride // 2
    plain, slid = network(rng, sizes)
    x = rng.standard_normal((1, sizes.C, *sizes.picture(*places, half)))
    stitched = reference.shift_and_stitch(x, slid, sizes.size, *sizes.steps)
    assert stitched.shape == (1, sizes.classes, *places)
    height, width = sizes.size
    for i, j in np.ndindex(places):
        crop = x[:, :, i * half : i * half + height, j * half : j * half + width]
        expected = classify(crop, plain, *sizes.steps)
        np.testing.assert_allclose(stitched[:, :, i, j], expected, atol=1e-11)


@pytest.mark.parametrize("function", ["slide_classifier", "crop_scores", "shift_and_stitch"])
def test_inputs_stay_as_they_are(function):
    sizes, rng = Sizes(), np.random.default_rng(0)
    params = network(rng, sizes)[0 if function == "crop_scores" else 1]
    args = [rng.standard_normal((1, sizes.C, *sizes.picture(2, 2))), params]
    before = args[0].copy(), {k: v.copy() for k, v in params.items()}
    size = () if function == "slide_classifier" else (sizes.size,)
    getattr(reference, function)(*args, *size, *sizes.steps)
    np.testing.assert_array_equal(args[0], before[0])
    assert all(np.array_equal(params[k], before[1][k]) for k in params)


# ---- what the notebook says ----------------------------------------------------------------


@pytest.fixture(scope="module")
def text():
    lines = (SOURCE / "assignment2" / "6_fc_to_conv.py").read_text().splitlines()
    return " ".join(" ".join(line.removeprefix("# ") for line in lines).split())


def test_vgg_on_384_pixels_gives_the_sizes_and_costs_that_the_notebook_names(text):
    vgg = build("vgg16")
    slid, _ = fc_to_conv(vgg)
    assert slid.parameters["fc6.w"] == (4096, 512, 7, 7)
    assert slid.parameters["fc7.w"] == (4096, 4096, 1, 1)
    larger = slid.with_input(384)
    assert larger.shapes["pool5"] == (512, 12, 12)
    assert larger.shapes["fc8"] == (1000, 6, 6)
    crop, whole = total(cost(vgg), "multiply_adds"), total(cost(larger), "multiply_adds")
    assert (crop, whole) == (15_470_264_320, 49_551_114_240)
    assert round(36 * crop / whole, 1) == 11.2
    assert "11 times fewer" in text
    assert "6×6×1000" in text
    field = receptive_fields(vgg)["pool5"]
    assert (field.size, field.jump) == ((212, 212), (32, 32))
    assert "212 pixels wide" in text
    # Of seven values, 32 apart and the middle one in the middle, one alone sees no padding.
    inside = [abs(k) * 32 + 212 / 2 <= 224 / 2 for k in range(-3, 4)]
    assert sum(inside) == 1


def test_numbers_of_the_small_classifier_are_right(text):
    net = parse("INPUT32x32x3 -> CONV6-16/2p0 -> RELU -> POOL2 -> FC-48 -> RELU -> FC-5")
    assert net.shapes["pool1"] == (16, 7, 7)
    assert 16 * 7 * 7 == 784
    assert ((160 - 32) // 4 + 1, (240 - 32) // 4 + 1) == (33, 53)
    assert 33 * 53 == 1749
    assert "1,749 of them" in text
    assert trim(np.zeros((1, 1, 42, 40)), (32, 32), 4).shape == (1, 1, 40, 40)
    assert trim(np.zeros((1, 1, 38, 33)), (32, 32), 4).shape == (1, 1, 36, 32)


def test_widely_repeated_mistakes_are_put_right(text):
    assert "**two** passes give half the stride. **It takes four**" in text
    assert "That is **not so**: VGG pads every convolution" in text
