"""Pictures of the notebook on the famous networks."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

from cs231n import vis


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def test_every_connection_is_crossed_in_its_own_column():
    table = np.array([[1, 0], [1, 1], [0, 1]], dtype=bool)
    ax = vis.show_connections(table, title="who sees what").axes[0]
    assert {text.get_position() for text in ax.texts} == {(0, 0), (1, 0), (1, 1), (2, 1)}


def test_lines_are_told_apart_by_more_than_colour():
    lines = {"a": [1, 2, 3], "b": [3, 2, 1]}
    fig = vis.plot_curves([1, 2, 3], lines, xlabel="x", ylabel="y", level=("guessing", 1))
    drawn = fig.axes[0].get_lines()
    assert len({line.get_marker() for line in drawn[:2]}) == 2
    assert [t.get_text() for t in fig.axes[0].get_legend().get_texts()] == ["a", "b", "guessing"]


def test_small_numbers_can_be_seen_on_a_logarithmic_axis():
    fig = vis.plot_curves([1, 2], {"a": [1, 1e-9]}, xlabel="x", ylabel="y", log="y")
    assert fig.axes[0].get_yscale() == "log"


def test_rings_are_as_fine_as_was_asked_at_the_edge():
    row = vis.zone_plate(401, finest=4)[200, 200:]
    (tops,) = np.nonzero((row[1:-1] > row[:-2]) & (row[1:-1] >= row[2:]))
    assert np.diff(tops)[-4:].mean() == pytest.approx(4, abs=0.5)
    assert row.min() >= 0
    assert row.max() <= 1
