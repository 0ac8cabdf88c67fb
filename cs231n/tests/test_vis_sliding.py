"""Pictures of classifiers that slide."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from cs231n import vis
from cs231n.vis.alt_text import alt_text


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_score_lies_over_the_middle_of_what_it_sees():
    maps = {"one": np.eye(3, 4), "two": np.zeros((5, 7))}
    fig = vis.show_score_maps(
        np.zeros((40, 44, 3)), maps, (32, 32), {"one": 4, "two": 2}, words="w"
    )
    first = tuple(fig.axes[1].images[-1].get_extent())
    assert first == (13.5, 13.5 + 16, 13.5 + 12, 13.5)  # place (0, 0) around pixel 15.5
    second = tuple(fig.axes[2].images[-1].get_extent())
    assert second == (14.5, 14.5 + 14, 14.5 + 10, 14.5)
    assert alt_text(fig) == "w"


def test_connections_are_counted_and_zeros_left_white():
    w = np.array([[1.0, 0, 0], [2.0, 1.0, 0], [0, 2.0, 0]])
    fig = vis.show_weight_matrix(w, (3, 3))
    assert "4 of 9 weights are not zero" in fig.axes[0].get_title()
    assert np.isnan(fig.axes[0].images[0].get_array().filled(np.nan)).sum() == 5
    assert "2 different values" in alt_text(fig)


def test_crops_of_384_pixels_have_36_places():
    fig = vis.show_crops(384, 224, 32, 7)
    titles = [ax.get_title() for ax in fig.axes]
    assert titles[1:] == ["last map: 12×12, filters of 7×7", "scores: 6×6"]


def test_stitched_cell_names_the_pass_it_comes_from():
    fig = vis.show_stitching(3, 4)
    cells = {t.get_position(): t.get_text() for t in fig.axes[4].texts}
    assert len(cells) == 12
    assert cells[3, 2] == "B11"  # column 3, row 2
    assert cells[2, 1] == "C01"
    assert [len(ax.texts) for ax in fig.axes[:4]] == [4, 4, 2, 2]


def test_frames_count_the_places_that_differ():
    values = np.zeros((4, 6))
    values[0] = 1.0
    fig = vis.show_frames({"after 1": values, "none": np.zeros((4, 6))}, 2)
    assert "25% of places differ" in fig.axes[0].get_title()
    assert "0% of places differ" in fig.axes[1].get_title()
    assert "after 1: 25% differ" in alt_text(fig)
