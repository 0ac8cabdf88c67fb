"""What is read out in place of a picture."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from cs231n import vis
from cs231n.vis.alt_text import alt_text


@pytest.fixture
def fig():
    fig, _ = plt.subplots(1, 2)
    yield fig
    plt.close(fig)


def test_a_described_figure_says_what_was_given(fig):
    assert vis.describe(fig, "Two  empty\n boxes.") is fig
    assert alt_text(fig) == "Two empty boxes."


def test_titles_and_caption_speak_for_a_figure_without_a_text(fig):
    assert alt_text(fig) == "A picture"
    fig.suptitle("Loss.")
    fig.axes[1].set_title("test")
    fig.supxlabel("It\nfalls.")
    assert alt_text(fig) == "Loss. test. It falls."


def test_what_is_no_figure_cannot_be_described():
    with pytest.raises(TypeError, match="a matplotlib Figure, not a list"):
        vis.describe([], "nothing")


def test_a_notebook_shows_the_text_with_the_picture(fig, monkeypatch):
    shell = InteractiveShell()
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    vis.add_alt_text()
    data, _ = shell.display_formatter.format(vis.describe(fig, 'a "box" & <more>'))
    assert 'alt="a &quot;box&quot; &amp; &lt;more&gt;"' in data["text/html"]
    assert data["text/html"].startswith('<img src="data:image/png;base64,')


def test_outside_a_notebook_nothing_is_changed(monkeypatch):
    monkeypatch.setattr("IPython.get_ipython", lambda: None)
    vis.add_alt_text()


def pooled():
    x = np.arange(16.0).reshape(4, 4)
    param = {"pool_height": 2, "pool_width": 2, "stride": 2}
    return vis.show_pooling(x, x[1::2, 1::2], pool_param=param, title="Max pooling")


def filters_of(C):
    return vis.show_filters(np.arange(C * 18.0).reshape(2, C, 3, 3))


@pytest.mark.parametrize(
    ("draw", "text"),
    [
        (
            pooled,
            "Max pooling. Tables of numbers. x: input, 4 by 4, rows 0 1 2 3; 4 5 6 7; 8 9 10 11; "
            "12 13 14 15. out: what is kept, 2 by 2, rows 5 7; 13 15.",
        ),
        (
            lambda: vis.show_images({"a": np.eye(4), "b": np.eye(4)}, caption="Two diagonals."),
            "2 pictures side by side: a and b. Two diagonals.",
        ),
        (lambda: filters_of(3), "2 filters, 3×3×3, as coloured pictures of their weights."),
        (lambda: filters_of(5), "2 filters, 3×3×5, as rows of 5 grey pictures of their weights."),
        (
            lambda: vis.show_volume([(3, 8, 8), (6, 4, 4)], ["in", None], inside=[(3, 5, 5), None]),
            "Boxes to scale: in of 3×8×8, with 3×5×5 of it marked; a volume of 6×4×4.",
        ),
        (
            lambda: vis.plot_step_size([1e-3, 1e-2], {"centred": [1e-6, 1e-4]}).figure,
            "Too small a step is as bad as too large a one. Relative error against the step size "
            "h, both axes logarithmic. centred: best at h = 1e-03, where the error is 1e-06.",
        ),
    ],
)
def test_what_is_drawn_is_said_without_being_asked_for(draw, text):
    fig = draw()
    assert alt_text(fig) == text
    plt.close(fig)


def test_a_step_of_a_convolution_is_said():
    x, w = np.ones((1, 3, 3)), np.ones((1, 1, 2, 2))
    fig = vis.show_convolution_step(x, w, None, step=-1)
    assert alt_text(fig) == (
        "One step of a convolution. Stride 1, padding 0: filter 0 lies on rows 1 to 2 and columns "
        "1 to 2 of the padded channel. out[0, 1, 1] = 4 + 0 (bias) = 4."
    )
    plt.close(fig)
