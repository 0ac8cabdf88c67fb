"""The pictures of normalisation can be drawn, and show what they claim to show."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.collections import PolyCollection

from cs231n import vis

pytestmark = pytest.mark.usefixtures("no_windows")


def words(fig):
    fig.canvas.draw()
    return " ".join(text.get_text() for text in fig.findobj(matplotlib.text.Text))


def faces(ax):
    return [len(c.get_paths()) for c in ax.collections if isinstance(c, PolyCollection)]


def test_block_shows_every_visible_value_and_marks_one_set():
    N, C, H, W = 3, 4, 2, 2
    n, c = np.indices((N, C, H, W))[:2]
    fig = vis.show_shared({"batch": c, "layer": n, "instance": n * C + c})
    batch, layer, instance = fig.axes
    visible = C * H * W + C * N + N * H * W
    assert all(sum(faces(ax)) == visible for ax in fig.axes)
    # Of the marked set: a channel's front, top and side; a sample's; one map's.
    assert faces(batch)[1] == H * W + N + N * H * W
    assert faces(layer)[1] == C * H * W + C + H * W
    assert faces(instance)[1] == H * W + 1 + H * W
    assert "4 sets of 12" in words(fig)
    assert "3 sets of 16" in words(fig)


def test_rows_of_numbers_are_drawn_flat_and_named_by_feature():
    fig = vis.show_shared({"batch": np.indices((3, 5))[1]})
    assert "D" in words(fig).split()
    assert "H, W" not in words(fig)
    with pytest.raises(ValueError, match="block"):
        vis.show_shared({"strange": np.zeros(3)})


def test_graph_names_what_comes_back_and_shows_the_numbers_given():
    fig = vis.show_batchnorm_graph({"x": [1, 1, 1, 5], "std": 2, "centred": [-1, -1, -1, 3]})
    said = words(fig)
    for name in ("dx", "dmean", "dcentred", "dvar", "dstd", "dx_hat", "dout"):
        assert name in said
    assert "1, 1, 1, 5" in said
    assert "\N{MINUS SIGN}1" in said


def test_outputs_that_moved_are_marked_without_a_count_of_sets():
    moved = np.zeros((2, 3, 2, 2), dtype=bool)
    moved[0, -1] = True
    fig = vis.show_shared({"moved": moved}, alt="what moved")
    assert "sets" not in words(fig)
    assert fig.alt_text == "what moved"
    assert faces(fig.axes[0])[1] == 4 + 1 + 4


def test_curves_are_told_apart_by_more_than_colour():
    fig = vis.plot_curves(
        [1, 2, 4], {"one": [1, 2, 3], "two": [3, 2, 1]}, xlabel="x", ylabel="y", log="xy"
    )
    lines = fig.axes[0].get_lines()
    assert len({(line.get_marker(), line.get_linestyle()) for line in lines}) == 2
    assert fig.axes[0].get_xscale() == fig.axes[0].get_yscale() == "log"
    with pytest.raises(ValueError, match="shape"):
        vis.plot_curves([1, 2], {"one": [1]}, xlabel="x", ylabel="y")
    plt.close("all")
