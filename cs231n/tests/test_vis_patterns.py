"""Pictures of a network's tables show the numbers that they are given."""

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pytest
from matplotlib.text import Text

from cs231n import vis

pytestmark = pytest.mark.usefixtures("no_windows")


def texts(fig):
    fig.canvas.draw()
    return [text.get_text() for text in fig.findobj(Text) if text.get_text()]


def test_layer_with_the_most_memory_has_the_longest_bar():
    fig = vis.plot_memory_and_parameters(["conv1", "pool1", "fc"], [2**21, 2**20, 64], [28, 0, 9e6])
    left, right = fig.axes
    assert [bar.get_width() for bar in left.patches] == [2, 1, 64 / 2**20]
    assert [bar.get_width() for bar in right.patches] == [28, 0, 9e6]
    assert "conv1" in texts(fig)
    assert "fc" in fig.alt_text


def test_names_that_do_not_fit_the_bars_are_refused():
    with pytest.raises(ValueError, match="2 names"):
        vis.plot_memory_and_parameters(["conv1", "fc"], [1, 2, 3], [1, 2])


@pytest.mark.parametrize(
    ("stack", "pixels"),
    [
        ([(3, 1, 1)], 3),
        ([(3, 1, 1)] * 3, 7),
        ([(7, 1, 1)], 7),
        ([(3, 1, 1), (2, 2, 1), (3, 1, 1)], 8),
        ([(3, 1, 1), (3, 1, 2), (3, 1, 4)], 15),
        ([(3, 1, 2)], 5),
    ],
)
def test_stacked_windows_show_how_far_the_top_sees(stack, pixels):
    fig = vis.show_stacked_windows([stack], ["a stack"])
    assert f"sees {pixels} pixels" in texts(fig)
    assert f"a stack: {pixels} pixels" in fig.alt_text


def test_memory_of_a_batch_is_stacked_to_its_total():
    batches = np.arange(1, 9)
    parts = {"parameters": 0 * batches + 2**30, "activations": batches * 2**29}
    fig = vis.plot_batch_memory(batches, parts, {"4 GiB": 2**32}, title="A network")
    (ax,) = fig.axes
    highest = max(path.vertices[:, 1].max() for c in ax.collections for path in c.get_paths())
    assert highest == pytest.approx(5)
    assert {"4 GiB", "parameters", "activations", "A network"} <= set(texts(fig))


def test_bars_carry_their_numbers():
    fig = vis.plot_bars({"one": 1792, "two": 0.5}, label="parameters", caption="a line")
    assert {"1,792", "0.5", "a line"} <= set(texts(fig))
    assert "two 0.5" in fig.alt_text
