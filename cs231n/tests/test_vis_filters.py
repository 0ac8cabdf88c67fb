"""Pictures of filters and of what classifiers say: they claim nothing that is not so."""

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pytest

from cs231n import vis
from cs231n.vis.alt_text import alt_text

pytestmark = pytest.mark.usefixtures("no_windows")


def drawn(fig):
    fig.canvas.draw()
    return [text.get_text() for text in fig.findobj(matplotlib.text.Text) if text.get_text()]


# ---- filters ------------------------------------------------------------------------------------


def test_filters_that_look_learned_answer_to_change_and_hardly_to_brightness():
    filters = vis.stripes_and_patches(48)
    assert filters.shape == (48, 3, 11, 11)
    sums = np.abs(filters.sum(axis=(2, 3))) / np.abs(filters).sum(axis=(2, 3))
    assert sums.max() < 0.2
    np.testing.assert_array_equal(filters, vis.stripes_and_patches(48))


def test_blurs_keep_brightness_and_grow_wider_towards_the_rim():
    blurs = vis.blurs_towards_the_rim(20, 30, 9)
    assert blurs.shape == (20, 30, 9, 9)
    np.testing.assert_allclose(blurs.sum(axis=(2, 3)), 1)
    in_the_middle_of_each = blurs[:, :, 4, 4]
    assert in_the_middle_of_each[10, 15] == in_the_middle_of_each.max()
    assert in_the_middle_of_each[0, 0] == in_the_middle_of_each.min()


# ---- positions and taps -------------------------------------------------------------------------


def test_positions_are_counted_and_an_illegal_stride_is_named():
    fig = vis.show_positions(5, 3, strides=(1, 2, 3), pad=1)
    text = drawn(fig)
    for words in ("stride 1: 5 positions", "stride 2: 3 positions", "stride 3: illegal"):
        assert words in text
    assert "1 pixel left over" in text
    bars = [len(ax.lines) for ax in fig.axes]
    assert bars == [5, 3, 2]
    assert "stride 3: illegal, 1 pixel left over" in alt_text(fig)
    ends = [line.get_xdata().max() for ax in fig.axes for line in ax.lines]
    assert max(ends) <= 6  # 5 pixels and one of padding


def test_a_filter_that_does_not_fit_is_not_drawn():
    with pytest.raises(ValueError, match="does not fit"):
        vis.show_positions(2, 5, strides=(1,))


@pytest.mark.parametrize(("dilation", "span"), [(1, 3), (2, 5), (3, 7)])
def test_taps_stand_as_far_apart_as_the_dilation_says(dilation, span):
    fig = vis.show_taps(3, dilations=(dilation,))
    places = sorted({t.get_position()[0] for t in fig.axes[0].texts})
    assert len(fig.axes[0].texts) == 9
    np.testing.assert_allclose(np.diff(places), dilation)
    assert f"9 weights span {span}×{span}" in drawn(fig)
    assert f"{span} by {span}" in alt_text(fig)


# ---- guesses ------------------------------------------------------------------------------------

NAMES = ("cat", "dog", "frog")


def test_guesses_show_the_likeliest_classes_and_tick_the_right_one():
    pictures = np.linspace(0, 1, 2 * 4 * 4 * 3).reshape(2, 4, 4, 3)
    scores = np.log([[1.0, 2.0, 5.0], [8.0, 0.5, 1.5]])
    fig = vis.show_guesses(pictures, scores, NAMES, y=[2, 1], top=2)
    text = drawn(fig)
    assert {"frog ✓", "62%", "dog", "25%", "cat", "80%"} <= set(text)
    assert "frog with 62%, right; cat with 80%, in truth dog" in alt_text(fig)
    bars = [patch for ax in fig.axes for patch in ax.patches]
    assert len(bars) == 4
    assert sum(bool(bar.get_hatch()) for bar in bars) == 3  # all but the right one


def test_guesses_without_labels_call_nothing_wrong():
    fig = vis.show_guesses(np.zeros((1, 3, 4, 4)), [[0.0, 1.0, 2.0]], NAMES)
    assert not any(patch.get_hatch() for ax in fig.axes for patch in ax.patches)
    assert "✓" not in "".join(drawn(fig))


def test_huge_scores_are_drawn_all_the_same():
    vis.show_guesses(np.zeros((1, 4, 4)), [[1e5, 0.0, -1e5]], NAMES).canvas.draw()


def test_scores_of_the_wrong_shape_are_named():
    with pytest.raises(ValueError, match=r"\(1, 3\).*\(3,\)"):
        vis.show_guesses(np.zeros((1, 4, 4)), [0.0, 1.0, 2.0], NAMES)
