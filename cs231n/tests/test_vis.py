"""The pictures can be drawn, and show what they claim to show."""

import matplotlib

matplotlib.use("Agg")

import base64
import io
import itertools
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from cs231n import vis
from cs231n.vis import convolution, style
from cs231n.vis.volumes import Box

pytestmark = pytest.mark.usefixtures("no_windows")


def texts(fig):
    fig.canvas.draw()
    return [text.get_text() for text in fig.findobj(matplotlib.text.Text) if text.get_text()]


# --- grids of pictures ---------------------------------------------------------------------------


@given(
    N=st.integers(1, 7),
    H=st.integers(1, 6),
    W=st.integers(1, 6),
    ncols=st.none() | st.integers(1, 9),
    padding=st.integers(0, 3),
    first=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_every_picture_stands_in_its_place_in_the_grid(N, H, W, ncols, padding, first):
    pictures = np.random.default_rng(0).normal(size=(N, H, W, 3)) * 50
    given_pictures = pictures.transpose(0, 3, 1, 2) if first else pictures
    channels = "first" if first else "last"
    grid = vis.image_grid(given_pictures, ncols, padding, channels=channels)
    columns = min(ncols, N) if ncols else int(np.ceil(np.sqrt(N)))
    rows = -(-N // columns)
    assert grid.shape == (rows * (H + padding) - padding, columns * (W + padding) - padding, 3)
    assert grid.min() >= 0
    assert grid.max() <= 1
    for n in range(N):
        top, left = (n // columns) * (H + padding), (n % columns) * (W + padding)
        tile = grid[top : top + H, left : left + W]
        low, high = pictures[n].min(), pictures[n].max()
        np.testing.assert_allclose(tile, (pictures[n] - low) / (high - low))


def test_channels_first_or_last_give_the_same_grid():
    pictures = np.random.default_rng(0).random((5, 8, 9, 3))
    a = vis.image_grid(pictures)
    b = vis.image_grid(pictures.transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(a, b)


def test_grey_pictures_and_pictures_of_one_value_have_a_place():
    assert vis.image_grid(np.zeros((4, 5, 6))).shape == (11, 13, 3)
    assert (vis.image_grid(np.full((1, 2, 2, 3), 7)) == 0.5).all()


@pytest.mark.parametrize("shape", [(4, 5), (2, 4, 5, 5), (0, 3, 3, 3), (3,)])
def test_a_shape_that_is_no_picture_is_named(shape):
    with pytest.raises(ValueError, match=re.escape(str(shape))):
        vis.image_grid(np.zeros(shape))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_without_a_colour_are_explained(value):
    w = np.zeros((2, 3, 5, 5))
    w[1, 0, 2, 2] = value
    for draw in (vis.show_filters, vis.show_images, vis.image_grid):
        with pytest.raises(ValueError, match="nan or infinite"):
            draw(w)


def test_pictures_of_all_kinds_stand_beside_each_other():
    rng = np.random.default_rng(0)
    fig = vis.show_images(
        {
            "bytes": rng.integers(0, 256, (20, 30, 3), dtype=np.uint8),
            "channels first": rng.random((3, 20, 10)),
            "grey": rng.normal(size=(20, 20)),
        },
        title="All kinds",
        caption="what to see",
    )
    assert isinstance(fig, Figure)
    assert {"bytes", "channels first", "grey", "All kinds", "what to see"} <= set(texts(fig))
    drawn = [ax.images[0].get_array() for ax in fig.axes]
    assert [array.shape for array in drawn] == [(20, 30, 3), (20, 10, 3), (20, 20, 3)]


def test_bytes_and_fractions_are_shown_as_they_are():
    dim = np.full((4, 4, 3), 10, dtype=np.uint8)
    dim[0] = 90
    fig = vis.show_images([dim, dim / 255])
    np.testing.assert_array_equal(fig.axes[0].images[0].get_array(), dim)
    np.testing.assert_array_equal(fig.axes[1].images[0].get_array(), dim / 255)


def test_titles_must_be_as_many_as_pictures():
    with pytest.raises(ValueError, match="2 pictures but 1 titles"):
        vis.show_images(np.zeros((2, 4, 4, 3)), titles=["one"])
    with pytest.raises(ValueError, match="no pictures"):
        vis.show_images([])


@pytest.mark.parametrize("shape", [(8, 3, 3, 3), (5, 1, 7, 7), (4, 6, 3, 5), (2, 40, 3, 3)])
def test_filters_of_any_depth_can_be_drawn(shape):
    fig = vis.show_filters(np.random.default_rng(0).normal(size=shape))
    assert isinstance(fig, Figure)
    if shape[1] == 40:
        assert "channel 0 … 15 (of 40)" in texts(fig)
    with pytest.raises(ValueError, match=r"\(3, 3\)"):
        vis.show_filters(np.zeros((3, 3)))


# --- volumes -------------------------------------------------------------------------------------


def test_volumes_carry_their_sizes_and_labels():
    fig = vis.show_volume([(3, 32, 32), (6, 28, 27)], ["input volume", "output volume"])
    written = texts(fig)
    for words in ("depth 3", "height\n32", "width 32", "6", "28", "27", "input volume"):
        assert words in written


@given(st.tuples(*[st.integers(1, 300)] * 3), st.tuples(*[st.integers(1, 300)] * 3))
@settings(max_examples=40, deadline=None)
def test_boxes_are_to_scale(a, b):
    thinnest = max(*a, *b) / 60
    box_a, box_b = Box(a, 0, 0, thinnest), Box(b, 9, 9, thinnest)
    for axis, corner in enumerate(np.eye(3)):
        step_a = np.subtract(box_a.at(*corner), box_a.at(0, 0, 0))
        step_b = np.subtract(box_b.at(*corner), box_b.at(0, 0, 0))
        sizes = [max(n[axis], thinnest) for n in (a, b)]
        np.testing.assert_allclose(step_a / sizes[0], step_b / sizes[1])


def test_a_picture_is_drawn_on_its_volume():
    x = np.random.default_rng(0).random((1, 3, 16, 16))
    fig = vis.show_volume([x, (6, 14, 14)], inside=[(3, 3, 3), (6, 1, 1)], caption="a caption")
    fig.canvas.draw()
    assert len(fig.axes[0].images) == 1
    assert len(fig.axes[0].lines) == 4  # from the part that is seen to the depth column


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (((3, 32, 32),), "expects a list"),
        (([],), "expects a list"),
        (([(32, 32)],), r"\(C, H, W\)"),
        (([(3, 0, 4)],), "at least 1"),
        (([np.zeros((8, 3, 4, 4))],), r"x\[0\]"),
        (([(3, 4, 4)], ["a", "b"]), "1 volumes but 2 labels"),
    ],
)
def test_what_is_no_volume_is_explained(arguments, why):
    with pytest.raises(ValueError, match=why):
        vis.show_volume(*arguments)


# --- convolution ---------------------------------------------------------------------------------


def small_convolution(seed=0, size=5, F=2):
    rng = np.random.default_rng(seed)
    x, w = rng.integers(0, 3, (3, size, size)), rng.integers(-1, 2, (F, 3, 3, 3))
    return x, w, np.array([1, 0, -2, 3])[:F]


@given(
    C=st.integers(1, 3),
    H=st.integers(3, 7),
    W=st.integers(3, 7),
    HH=st.integers(1, 3),
    WW=st.integers(1, 3),
    stride=st.integers(1, 3),
    pad=st.integers(0, 2),
)
@settings(max_examples=30, deadline=None)
def test_the_outputs_written_are_the_convolution(C, H, W, HH, WW, stride, pad):
    assume((H + 2 * pad - HH) % stride == 0 and (W + 2 * pad - WW) % stride == 0)
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=(C, H, W)), rng.normal(size=(2, C, HH, WW)), rng.normal(size=2)
    scene = convolution.Scene(x, w, b, stride, pad)
    padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    assert scene.out_shape[1] == (H + 2 * pad - HH) // stride + 1
    for f, i, j in np.ndindex(scene.out_shape):
        top, left = i * stride, j * stride
        window = padded[:, top : top + HH, left : left + WW]
        np.testing.assert_allclose(
            scene.sums[f, :, i, j].sum() + b[f], np.sum(window * w[f]) + b[f], atol=1e-12
        )


def test_a_step_writes_out_the_sum_that_gives_its_output():
    x, w, b = small_convolution()
    fig = vis.show_convolution_step(x, w, b, stride=2, pad=1, step=13)  # filter 1, row 1, column 1
    written = texts(fig)
    value = np.sum(x[:, 1:4, 1:4] * w[1]) + b[1]
    assert any(line.startswith("out[1, 1, 1] = ") for line in written)
    (total,) = [line for line in written if line.startswith("out[1, 1, 1] = ")]
    assert total.endswith(f"(bias) = {style.number(value)}")
    (channel,) = [line for line in written if line.startswith("channel 2:")]
    terms, result = channel.removeprefix("channel 2:").replace("\N{MINUS SIGN}", "-").split("=")
    products = [np.prod([float(n.strip("() ")) for n in t.split("·")]) for t in terms.split(" + ")]
    assert len(products) == 9
    assert sum(products) == float(result) == np.sum(x[2, 1:4, 1:4] * w[1, 2])


def test_only_outputs_reached_so_far_are_filled_in():
    x, w, b = small_convolution()
    scene = convolution.Scene(x, w, b, 2, 1)
    scene.draw(plt.figure())
    for step in (0, 7, 17):
        scene.show(step)
        filled = [bool(text.get_text()) for text in scene.out_texts]
        assert filled == [True] * (step + 1) + [False] * (17 - step)


def frames_of(html):
    found = re.search(r"frames = (\[.*?\]);", html.data)
    return re.findall(r'"([^"]+)"', found[1])


def test_the_animation_has_a_picture_for_each_output_and_stays_small():
    x, w, b = small_convolution()
    html = vis.animate_convolution(x, w, b, stride=2, pad=1)
    frames = frames_of(html)
    assert len(frames) == len(set(frames)) == 18
    assert len(html.data) < 1_000_000
    pictures = [Image.open(io.BytesIO(base64.b64decode(frame))) for frame in frames]
    assert len({picture.size for picture in pictures}) == 1
    assert plt.get_fignums() == []  # nothing is left to be shown a second time


def test_an_animation_that_would_be_too_large_leaves_steps_out(monkeypatch):
    rng = np.random.default_rng(0)
    x, w = rng.integers(0, 3, (4, 10, 10)), rng.integers(-1, 2, (4, 4, 3, 3))
    monkeypatch.setattr(convolution, "MAX_STEPS", 6)  # a tenth of the usual steps and bytes
    monkeypatch.setattr(convolution, "MAX_BYTES", 200_000)
    html = vis.animate_convolution(x, w, None, stride=1, pad=1)
    assert 2 <= len(frames_of(html)) <= 6
    assert len(html.data) < 200_000


def test_the_page_is_filled_in_completely():
    x, w, b = small_convolution(F=1)
    page = vis.animate_convolution(x, w, b, stride=2, seconds=0.5).data
    page = re.sub(r"[A-Za-z0-9+/=]{200,}", "", page)  # without the pictures
    assert "@" not in page
    assert re.search(r'width="\d+" style', page)
    assert 'max="3"' in page
    assert "}, 500);" in page


def test_without_scripts_and_when_too_large_a_still_picture_remains(monkeypatch):
    x, w, b = small_convolution(F=1)
    html = vis.animate_convolution(x, w, b, stride=2).data
    still = re.search(r'<img src="data:image/png;base64,([^"]+)"', html)[1]
    assert still == frames_of(vis.animate_convolution(x, w, b, stride=2))[0]
    monkeypatch.setattr(convolution, "MAX_BYTES", 20_000)
    assert frames_of(vis.animate_convolution(x, w, b, stride=2)) == [still]


def test_two_animations_on_a_page_do_not_disturb_each_other():
    x, w, b = small_convolution(F=1)
    pages = [vis.animate_convolution(x, w, b, stride=2).data for _ in range(2)]
    ids = [re.search(r'id="([^"]+)"', page)[1] for page in pages]
    assert ids[0] != ids[1]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"x": np.zeros((1, 3, 5, 5))}, r"choose one picture: x\[0\]"),
        ({"x": np.zeros((2, 5, 5))}, "same C"),
        ({"b": np.zeros(3)}, r"b \(3,\)"),
        ({"x": np.zeros((3, 32, 32))}, "could not be read"),
        ({"x": np.zeros((3, 2, 5))}, "does not fit"),
        ({"stride": 0}, "at least 1"),
        ({"stride": 3}, "Steps of 3 do not fit: .* 5 cells .* 2 would be left over"),
    ],
)
def test_what_cannot_be_animated_is_explained(change, why):
    x, w, b = small_convolution()
    arguments = {"x": x, "w": w, "b": b, **change}
    with pytest.raises(ValueError, match=why):
        vis.animate_convolution(**arguments)
    with pytest.raises(ValueError, match="only 18 output values"):
        vis.show_convolution_step(x, w, b, stride=2, pad=1, step=18)


# --- pooling and curves --------------------------------------------------------------------------


def test_pooling_shows_all_four_tables():
    x = np.arange(16.0).reshape(1, 1, 4, 4)
    out = np.array([[5, 7], [13, 15]])
    dx = np.zeros((4, 4))
    dx[1::2, 1::2] = [[1, -2], [3, 0.25]]
    param = {"pool_height": 2, "pool_width": 2, "stride": 2}
    fig = vis.show_pooling(x, out, dx, dout=dx[1::2, 1::2], pool_param=param, title="t")
    written = texts(fig)
    assert len(written) >= 40 + 4
    assert "\N{MINUS SIGN}2" in written
    assert "0.25" in written
    colours = [patch.get_facecolor() for patch in fig.axes[0].patches]
    assert colours[0] == colours[1] == colours[16]  # the first window and what it gives
    assert colours[0] != colours[2]


def test_overlapping_windows_are_left_uncoloured():
    param = {"pool_height": 3, "pool_width": 3, "stride": 1}
    fig = vis.show_pooling(np.zeros((4, 4)), np.zeros((2, 2)), pool_param=param)
    assert {patch.get_facecolor() for patch in fig.axes[0].patches} == {(1, 1, 1, 1)}


def test_pooling_of_a_batch_or_of_unlike_shapes_is_explained():
    with pytest.raises(ValueError, match=r"x\[0, 0\]"):
        vis.show_pooling(np.zeros((2, 3, 4, 4)), np.zeros((2, 2)))
    with pytest.raises(ValueError, match="shape of x"):
        vis.show_pooling(np.zeros((4, 4)), np.zeros((2, 2)), np.zeros((2, 2)))
    with pytest.raises(ValueError, match="cannot be read"):
        vis.show_pooling(np.zeros((32, 32)), np.zeros((16, 16)))


def test_the_best_step_size_is_named():
    hs = np.logspace(-12, -1, 12)
    errors = {"centred": hs**2 + 1e-16 / hs, "one-sided": hs + 1e-16 / hs}
    ax = vis.plot_step_size(hs, errors, caption="c")
    assert isinstance(ax, Axes)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    best = [f"{hs[np.argmin(curve)]:.0e}" for curve in errors.values()]
    assert labels == [f"{name}: best at h = {h}" for name, h in zip(errors, best)]
    assert ax.get_xlabel()
    assert ax.get_ylabel()
    vis.plot_step_size(hs, np.zeros(12)).figure.canvas.draw()  # an exact gradient has a place too
    with pytest.raises(ValueError, match="12 steps"):
        vis.plot_step_size(hs, [1, 2, 3])


# --- colours and numbers -------------------------------------------------------------------------


def test_colours_can_be_told_apart_without_red_or_green():
    """Simulated dichromats: Viénot, Brettel and Mollon (1999), on linear RGB."""
    blind = {
        "protan": [[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]],
        "deutan": [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]],
    }
    colours = np.array([to_rgb(colour) for colour in (style.BLUE, style.ORANGE, style.GREEN)])
    for matrix in blind.values():
        seen = np.clip(colours**2.2 @ np.transpose(matrix), 0, 1) ** (1 / 2.2)
        for a, b in itertools.combinations(seen, 2):
            assert np.linalg.norm(a - b) > 0.25


@pytest.mark.parametrize(
    ("value", "text"), [(3.0, "3"), (-1, "−1"), (0.254, "0.25"), (12.34, "12.3"), (1e5, "1e+05")]
)
def test_numbers_in_cells_are_short(value, text):
    assert style.number(value) == text
