"""The pictures of training show what they claim to show."""

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pytest

from cs231n import vis
from cs231n.vis.training import smooth

pytestmark = pytest.mark.usefixtures("no_windows")


def texts(fig):
    fig.canvas.draw()
    return [text.get_text() for text in fig.findobj(matplotlib.text.Text) if text.get_text()]


def test_curves_end_where_the_history_does():
    history = {
        "losses": np.linspace(2.3, 0.5, 40),
        "train_accuracy": [0.4, 0.8],
        "val_accuracy": [0.35, 0.6],
        "val_loss": [1.8, 1.2],
    }
    fig = vis.plot_training(history, title="A run")
    left, right = fig.axes
    assert left.lines[0].get_xdata()[-1] == pytest.approx(2)
    np.testing.assert_array_equal(right.lines[1].get_ydata(), [0.35, 0.6])
    assert "best 60.0%" in texts(fig)
    assert "80% on pictures trained on" in fig.alt_text


@pytest.mark.parametrize("losses", [[], [2.3], [2.3, np.nan, 1e30]])
def test_a_training_that_hardly_began_can_be_drawn(losses):
    texts(vis.plot_training({"losses": losses, "train_accuracy": [], "val_accuracy": []}))


def test_a_run_that_leaves_all_bounds_is_marked():
    runs = {"low": np.full(30, 2.0), "high": [2.0, 50.0, np.nan, 3.0], "at once": [np.inf, 1.0]}
    fig = vis.plot_losses(runs, width=2, reference=(2.3, "guessing"))
    assert "high goes out of bounds at step 3" in fig.alt_text
    assert "at once goes out of bounds at step 1" in fig.alt_text
    assert {"low", "high", "at once", "guessing"} <= set(texts(fig))


def test_smoothing_is_a_mean_of_neighbours():
    places, means = smooth([1, 2, 6, 3], 2)
    assert places.tolist() == [1, 2, 3]
    assert means.tolist() == [1.5, 4, 4.5]


def test_confusions_are_percent_of_the_row():
    fig = vis.show_confusion(np.array([[3, 1], [0, 0]]), ["cat", "dog"])
    shown = texts(fig)
    assert "75" in shown
    assert "25" in shown
    assert "Most often cat is taken for dog: 25%" in fig.alt_text
    with pytest.raises(ValueError, match="3 names"):
        vis.show_confusion(np.zeros((2, 2)), ["a", "b", "c"])


def test_the_surest_mistake_comes_first():
    scores = np.array([[0.0, 9.0], [0.0, 1.0], [5.0, 0.0], [0.0, 3.0]])
    fig = vis.show_mistakes(
        np.random.default_rng(0).random((4, 3, 5, 5)), [0, 0, 0, 1], scores, ["cat", "dog"]
    )
    titles = [ax.get_title() for ax in fig.axes if ax.get_title()]
    assert titles == ["cat\n→ dog, 100%", "cat\n→ dog, 73%"]


def test_no_mistakes_are_said():
    fig = vis.show_mistakes(np.zeros((1, 3, 4, 4)), [0], [[1.0, 0.0]], ["cat", "dog"])
    assert "There are no mistakes." in texts(fig)


def test_saliency_has_a_map_below_each_picture():
    rng = np.random.default_rng(0)
    fig = vis.show_saliency(rng.random((3, 3, 8, 8)), rng.random((3, 8, 8)), ["a", "b", "c"])
    assert len(fig.axes) == 6
    with pytest.raises(ValueError, match="3 pictures"):
        vis.show_saliency(rng.random((3, 3, 8, 8)), rng.random((2, 8, 8)))
