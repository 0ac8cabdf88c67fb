"""Words for those who do not see a picture.

Front-ends show a figure as an image without a text. Here it comes as HTML too, which they prefer:
an <img> whose `alt` says what is in the picture.
"""

from __future__ import annotations

from html import escape

from matplotlib.figure import Figure

from cs231n.language import join, translate
from cs231n.vis import fonts


def describe(fig: Figure, text: str) -> Figure:
    """Gives a figure the text that is read out in its place: one or two sentences.

    Returns fig, with all its words in the reader's language. A figure without a text is described
    by its titles and its caption.
    """
    if not isinstance(fig, Figure):
        raise TypeError(f"describe takes a matplotlib Figure, not a {type(fig).__name__}.")
    fig.alt_text = translate(" ".join(text.split()))
    return fonts.readable(fig)


def alt_text(fig: Figure) -> str:
    """What a figure was described as, or its titles and caption."""
    given = getattr(fig, "alt_text", "")
    if given:
        return given
    texts = [fig.get_suptitle(), *(ax.get_title() for ax in fig.axes), fig.get_supxlabel()]
    return join(" ".join(t.split()) for t in texts if t.strip()) or translate("A picture")


def described(fig: Figure, text: str, *around: str | None) -> Figure:
    """As describe, with a title and a caption that the figure has, where there are any, before and
    after the text."""
    title, *rest = around
    return describe(fig, join(part for part in (title, text, *rest) if part))


def listed(names) -> str:
    """a, b and c."""
    *first, last = map(str, names)
    return f"{', '.join(first)} and {last}" if first else last


def add_alt_text() -> None:
    """From now on, this notebook's figures carry their texts. Elsewhere nothing happens."""
    try:
        from IPython import get_ipython
    except ImportError:  # a plain Python without IPython
        return
    shell = get_ipython()
    if shell is not None:
        shell.display_formatter.formatters["text/html"].for_type(Figure, as_html)


def as_html(fig: Figure) -> str:
    """The figure as an <img> with its text."""
    from IPython.core.pylabtools import print_figure

    fonts.readable(fig)
    data = print_figure(fig, fmt="png", bbox_inches="tight", base64=True)
    alt = escape(alt_text(fig), quote=True)
    image = f'<img src="data:image/png;base64,{data}" alt="{alt}" style="max-width: 100%">'
    return image + fonts.legend_html(fig)
