"""Pictures of columns show the numbers that they are given, and refuse those that do not fit."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.text import Text

from cs231n import vis
from cs231n.im2col import im2col
from cs231n.vis.alt_text import alt_text

pytestmark = pytest.mark.usefixtures("no_windows")


def texts(fig):
    fig.canvas.draw()
    return [text.get_text() for text in fig.findobj(Text) if text.get_text()]


def example():
    x = np.arange(100, 118).reshape(1, 2, 3, 3)
    return x, im2col(x, 2, 2)[0]


def test_every_number_of_picture_and_columns_can_be_read():
    x, cols = example()
    shown = texts(vis.show_columns(x, cols, (2, 2)))
    for value in np.unique(x):
        assert shown.count(str(value)) == (x == value).sum() + (cols == value).sum()
    assert "X_col: 8 rows, 4 columns" in shown


def test_windows_and_columns_are_matched_by_letters_not_by_colour_alone():
    x, cols = example()
    shown = texts(vis.show_columns(x, cols, (2, 2), chosen=(0, 3)))
    assert shown.count("A") == shown.count("B") == 2
    assert "C" not in shown


@pytest.mark.parametrize(
    ("x", "cols", "window", "words"),
    [
        (np.zeros((3, 3)), np.zeros((4, 4)), (2, 2), "one picture"),
        (np.zeros((1, 3, 3)), np.zeros((4, 5)), (2, 2), "columns of shape"),
        (np.zeros((1, 30, 30)), np.zeros((1, 900)), (1, 1), "cannot be read"),
    ],
)
def test_picture_that_cannot_be_drawn_is_refused_with_a_reason(x, cols, window, words):
    with pytest.raises(ValueError, match=words):
        vis.show_columns(x, cols, window)


def test_product_names_its_three_sizes():
    shown = texts(vis.show_product(96, 363, 3025, (96, 55, 55)))
    assert {"W_row: 96 × 363", "X_col: 363 × 3,025", "product: 96 × 3,025"} <= set(shown)
    with pytest.raises(ValueError, match="cannot become"):
        vis.show_product(96, 363, 3025, (96, 55, 54))


def test_copies_are_written_into_small_maps_and_averaged():
    fig = vis.show_copies({"small": np.array([[1, 2], [3, 4]]), "large": np.full((40, 40), 9)})
    shown = texts(fig)
    assert {"small\nmean 2.50", "large\nmean 9.00"} <= set(shown)
    assert len(fig.axes[0].texts) == 4
    assert not fig.axes[1].texts
    with pytest.raises(ValueError, match="tables"):
        vis.show_copies({})


def test_speed_is_compared_with_the_first_way():
    fig = vis.plot_speed([8, 16], {"a": [1.0, 2.0], "b": [0.5, np.nan]}, xlabel="side")
    left, right = fig.axes
    assert left.lines[0].get_ydata().tolist() == [1000, 2000]
    assert right.lines[1].get_ydata()[0] == 2
    assert len({line.get_marker() for line in left.lines}) == 2
    with pytest.raises(ValueError, match="as many seconds"):
        vis.plot_speed([1, 2], {"a": [1]}, xlabel="side")


def test_figures_are_left_to_the_notebook_to_show():
    before = plt.get_fignums()
    fig = vis.show_product(2, 3, 4, (2, 2, 2))
    assert len(plt.get_fignums()) == len(before) + 1
    assert fig.axes


def test_words_of_a_picture_say_what_is_in_it():
    x, cols = example()
    said = alt_text(vis.show_columns(x, cols, (2, 2)))
    assert "B lists the window at row 0, column 1: 101 102 104 105 110 111 113 114" in said
    said = alt_text(vis.plot_speed([8, 16], {"a": [1.0, 2.0], "b": [0.5, 0.5]}, xlabel="side"))
    assert "b: 500 ms at 8, 500 ms at 16, there 4 times as fast as a" in said
    said = alt_text(vis.show_copies({"edge": np.array([[1, 1, 1], [1, 9, 1], [1, 1, 1]])}))
    assert "edge: 1 to 9, mean 1.89, in the middle 9" in said
