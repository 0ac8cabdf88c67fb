"""What is read out in place of a picture."""

import matplotlib.pyplot as plt
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
    assert alt_text(fig) == "Loss. test. It falls"


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
